#pragma once

#include <memory>
#include <string>

#include "dynakeep/stores/stream_dead_letters.h"

namespace dynakeep::app {

// Where checkpoints or dead letters are, as a person writes it: a file, or "table:NAME" of the
// database that --database names.
bool is_table_place(const std::string& place);
std::string table_of_place(const std::string& place);

// `database` must be there for a table, and is not looked at for a file. `create`: a table that is
// not there is made.
Result<std::unique_ptr<StreamDeadLetters>> open_dead_letters(const std::string& place,
                                                             Database* database, bool create);
Result<std::unique_ptr<StreamCheckpoints>> open_checkpoints(const std::string& place,
                                                            Database* database, bool create);

}  // namespace dynakeep::app
