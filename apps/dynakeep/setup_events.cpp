#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "dynakeep/stores/event_marks.h"
#include "dynakeep/stores/event_snapshots.h"
#include "dynakeep/stores/event_storage.h"
#include "setup_stores.h"
#include "setup_tables.h"

namespace dynakeep::app {

namespace {

struct SetupEventsFlags {
  SetupTablesFlags setup = {};
  std::string table = {};
  std::string snapshots_table = {};
  std::string marks_table = {};
};

StoreTable events_table(const SetupEventsFlags& flags, Database& database) {
  const auto storage = single_table_event_storage(database, {.table_name = flags.table});
  // As castore's documentation has them for its operations, and what ours has beside those.
  return {.id = "EventsTable",
          .request = storage->table_definition(),
          .access = {{.purpose = "Read", .actions = {"Query", "GetItem"}},
                     {.purpose = "Append", .actions = {"PutItem", "ConditionCheckItem"}},
                     {.purpose = "Delete", .actions = {"BatchWriteItem"}},
                     {.purpose = "Check", .actions = {"DescribeTable"}},
                     {.purpose = "List", .actions = {"Query"}, .index = "initialEvents"}}};
}

StoreTable snapshots_table(const SetupEventsFlags& flags, Database& database) {
  const EventSnapshots snapshots(database, {.table_name = flags.snapshots_table});
  return {.id = "EventSnapshotsTable",
          .request = snapshots.table_definition(),
          .access = {{.purpose = "Load", .actions = {"BatchGetItem"}},
                     {.purpose = "Keep", .actions = {"PutItem", "UpdateItem"}},
                     {.purpose = "Delete", .actions = {"Query", "Scan", "BatchWriteItem"}}}};
}

StoreTable marks_table(const SetupEventsFlags& flags, Database& database) {
  // The definition has no part of the name, which each projection has its own of.
  const EventMarkTable marks(database, {.table_name = flags.marks_table, .name = "any"});
  return {.id = "EventMarksTable",
          .request = marks.table_definition(),
          .access = {{.purpose = "Load", .actions = {"GetItem", "BatchGetItem"}},
                     {.purpose = "Keep", .actions = {"PutItem", "UpdateItem", "BatchWriteItem"}}}};
}

Result<std::vector<StoreTable>> tables_of(const SetupEventsFlags& flags, Database& database) {
  std::vector<StoreTable> tables{events_table(flags, database)};
  if (!flags.snapshots_table.empty()) tables.push_back(snapshots_table(flags, database));
  if (!flags.marks_table.empty()) {
    // Who keeps marks reads all events there are, and then follows the table's stream.
    auto& access = tables.front().access;
    access.push_back({.purpose = "Replay", .actions = {"Scan"}});
    access.push_back({.purpose = "Follow",
                      .actions = {"DescribeStream", "GetShardIterator", "GetRecords"},
                      .of_its_streams = true});
    tables.push_back(marks_table(flags, database));
  }
  return tables;
}

}  // namespace

void add_setup_events(CLI::App& setup, int& exit_code) {
  const auto flags = std::make_shared<SetupEventsFlags>();
  CLI::App* command = setup.add_subcommand("events",
                                           "The table of event stores, as castore's documentation "
                                           "has it, and those of snapshots and of\n"
                                           "what projections and subscriptions have handled");
  command->add_option("--table", flags->table, "Its name")
      ->required()
      ->type_name("NAME")
      ->group("Data");
  command->add_option("--snapshots-table", flags->snapshots_table, "Name of that of snapshots")
      ->type_name("NAME")
      ->group("Data");
  command
      ->add_option("--marks-table", flags->marks_table,
                   "Name of that of the marks of projections and subscriptions")
      ->type_name("NAME")
      ->group("Data");
  add_setup_tables_flags(*command, flags->setup);
  command->callback([flags, &exit_code] {
    exit_code = set_up_tables(flags->setup,
                              [&flags](Database& database) { return tables_of(*flags, database); });
  });
}

}  // namespace dynakeep::app
