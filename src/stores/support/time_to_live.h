#pragma once

#include <string>
#include <string_view>

#include "dynakeep/database.h"

namespace dynakeep::stores {

// Sees to it that the database deletes what has expired: that the table's time to live is on, for
// the attribute. Asks first, and switches it on only where it is off. For a table that is active;
// may be called by any number at once, and again.
//
// invalid_argument: it is on for another attribute, which is left so. unsupported: the database has
// no time to live.
Result<void> ensure_time_to_live(Database& database, const std::string& table,
                                 std::string_view attribute);

// The same; but a database that has none will do, with a warning in the log. For stores whose reads
// take what has expired for absent, deleted or not.
Result<void> ensure_time_to_live_if_any(Database& database, const std::string& table,
                                        std::string_view attribute);

}  // namespace dynakeep::stores
