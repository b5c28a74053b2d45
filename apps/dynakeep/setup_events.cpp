#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "dynakeep/stores/event_storage.h"
#include "setup_stores.h"
#include "setup_tables.h"

namespace dynakeep::app {

namespace {

struct SetupEventsFlags {
  SetupTablesFlags setup = {};
  std::string table = {};
};

Result<std::vector<StoreTable>> tables_of(const SetupEventsFlags& flags, Database& database) {
  const auto storage = single_table_event_storage(database, {.table_name = flags.table});
  // As castore's documentation has them for its operations, and what ours has beside those.
  return std::vector<StoreTable>{
      {.id = "EventsTable",
       .request = storage->table_definition(),
       .access = {{.purpose = "Read", .actions = {"Query", "GetItem"}},
                  {.purpose = "Append", .actions = {"PutItem", "ConditionCheckItem"}},
                  {.purpose = "Delete", .actions = {"BatchWriteItem"}},
                  {.purpose = "Check", .actions = {"DescribeTable"}},
                  {.purpose = "List", .actions = {"Query"}, .index = "initialEvents"}}}};
}

}  // namespace

void add_setup_events(CLI::App& setup, int& exit_code) {
  const auto flags = std::make_shared<SetupEventsFlags>();
  CLI::App* command = setup.add_subcommand(
      "events", "The table of event stores, as castore's documentation has it");
  command->add_option("--table", flags->table, "Its name")
      ->required()
      ->type_name("NAME")
      ->group("Data");
  add_setup_tables_flags(*command, flags->setup);
  command->callback([flags, &exit_code] {
    exit_code = set_up_tables(flags->setup,
                              [&flags](Database& database) { return tables_of(*flags, database); });
  });
}

}  // namespace dynakeep::app
