#pragma once

#include <optional>
#include <string>
#include <vector>

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

// What keeps a table that is there from being as defined, a line each for a person: other keys, an
// index that is missing or is another, items that expire by another attribute (`time_to_live` is
// what they expire by). What it has beyond that is no matter, nor are its billing, stream, class
// and tags.
std::vector<std::string> shape_differences(const TableDefinition& wanted,
                                           const TableDescription& found,
                                           const std::optional<std::string>& time_to_live);

// By what a table's items expire. None: they do not, or the database cannot have them do.
Result<std::optional<std::string>> time_to_live_of(Database& database, const std::string& table);

// Of a folder that export_table wrote (as for ImportRequest::paths). not_found: it says nothing of
// its table, as Amazon's do not.
Result<TableDefinition> exported_table_definition(const std::string& folder);

// Makes the table and waits until it is active; as it is by then. Time to live begins at the end of
// an import, so it is not set here: see set_time_to_live. resource_in_use: there is one of that
// name. unsupported: the database has made another than it was asked for.
Result<TableDescription> create_defined_table(Database& database,
                                              const TableDefinition& definition);

// What of the definition a database of these capabilities cannot keep, a line each for a person: it
// is left out by the two here, which are no errors for that.
std::vector<std::string> not_kept(const TableDefinition& definition, const Capabilities& database);

// What of the definition a table is without, though its database took it: what that does not know
// of, and can not be asked about.
std::vector<std::string> not_kept(const TableDefinition& definition, const TableDescription& table);

// If the definition has one, the database can, and it is not so already.
Result<void> set_time_to_live(Database& database, const TableDefinition& definition);

}  // namespace dynakeep
