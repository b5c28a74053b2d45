#pragma once

#include <optional>
#include <string>

#include "dynakeep/database.h"

namespace dynakeep {

// What a table is, apart from its items: enough to make one like it elsewhere.
struct TableDefinition {
  CreateTableRequest table = {};
  std::optional<std::string> time_to_live_attribute = {};
};

// Of a table that is there: keys, indexes, billing, stream, class, tags and time to live. Not its
// deletion protection.
Result<TableDefinition> table_definition(Database& database, const std::string& table);

// Of a folder that export_table wrote (as for ImportRequest::paths). not_found: it says nothing of
// its table, as Amazon's do not.
Result<TableDefinition> exported_table_definition(const std::string& folder);

// Makes the table and waits until it is active. Time to live begins at the end of an import, so it
// is not set here: see set_time_to_live. resource_in_use: there is one of that name.
Result<void> create_defined_table(Database& database, const TableDefinition& definition);

// If the definition has one and the database can.
Result<void> set_time_to_live(Database& database, const TableDefinition& definition);

}  // namespace dynakeep
