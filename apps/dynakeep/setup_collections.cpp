#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "dynakeep/stores/versioned_collections.h"
#include "served_collections.h"
#include "setup_stores.h"
#include "setup_tables.h"

namespace dynakeep::app {

namespace {

struct SetupCollectionsFlags {
  SetupTablesFlags setup = {};
  ServedCollectionsFlags tables = {};
};

Result<std::vector<StoreTable>> tables_of(const SetupCollectionsFlags& flags, Database& database) {
  VersionedCollectionsOptions options = TRY(collections_settings(flags.tables)).store;
  options.write_mode = WriteMode::conditional;  // which every database can; the tables are the same
  const auto store = TRY(VersionedCollections::create(database, options));
  // What only the table of entries has, such as guards of names, is deleted one by one.
  const auto access = [](std::vector<std::string> purging) {
    return std::vector<TableAccess>{
        {.purpose = "Read", .actions = {"GetItem", "Query", "BatchGetItem"}},
        {.purpose = "Write", .actions = {"PutItem", "UpdateItem", "ConditionCheckItem"}},
        {.purpose = "Purge", .actions = std::move(purging)},
        {.purpose = "Check", .actions = {"DescribeTable"}}};
  };
  return std::vector<StoreTable>{{.id = "CollectionsTable",
                                  .request = store->collections_table_definition(),
                                  .access = access({"BatchWriteItem"})},
                                 {.id = "EntriesTable",
                                  .request = store->entries_table_definition(),
                                  .access = access({"BatchWriteItem", "DeleteItem"})}};
}

}  // namespace

void add_setup_collections(CLI::App& setup, int& exit_code) {
  const auto flags = std::make_shared<SetupCollectionsFlags>();
  CLI::App* command = setup.add_subcommand(
      "collections",
      "The two tables of versioned collections, as dynamodb-mini makes them; its variables of the\n"
      "environment count");
  command
      ->add_option("--collections-table", flags->tables.collections_table,
                   "TABLE_NAME_COLLECTIONS, else dynamomini.collections")
      ->type_name("NAME")
      ->group("Data");
  command
      ->add_option("--entries-table", flags->tables.entries_table,
                   "TABLE_NAME_ENTRIES, else dynamomini.entries")
      ->type_name("NAME")
      ->group("Data");
  add_setup_tables_flags(*command, flags->setup);
  command->callback([flags, &exit_code] {
    exit_code = set_up_tables(flags->setup,
                              [&flags](Database& database) { return tables_of(*flags, database); });
  });
}

}  // namespace dynakeep::app
