#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "dynakeep/stores/stream_checkpoints.h"
#include "setup_stores.h"
#include "setup_tables.h"

namespace dynakeep::app {

namespace {

struct SetupStreamsFlags {
  SetupTablesFlags setup = {};
  std::string checkpoints_table = {};
  std::string dead_letters_table = {};
};

// Checkpoints and the leases on shards; parts of transactions are allowed by what they write.
const std::vector<TableAccess> checkpoint_access = {
    {.purpose = "Load", .actions = {"Query", "GetItem"}},
    {.purpose = "Keep", .actions = {"PutItem", "UpdateItem", "DeleteItem"}},
    {.purpose = "Check", .actions = {"DescribeTable"}}};

const std::vector<TableAccess> dead_letter_access = {
    {.purpose = "Add", .actions = {"PutItem", "DeleteItem"}},
    {.purpose = "Replay", .actions = {"Scan", "BatchGetItem"}},
    {.purpose = "Check", .actions = {"DescribeTable"}}};

std::vector<StoreTable> tables_of(const SetupStreamsFlags& flags) {
  std::vector<StoreTable> tables;
  if (!flags.checkpoints_table.empty()) {
    tables.push_back({.id = "StreamCheckpointsTable",
                      .request = stream_table_definition(flags.checkpoints_table),
                      .access = checkpoint_access});
  }
  if (flags.dead_letters_table == flags.checkpoints_table) {
    // One table for both, which is made once and checked once.
    auto& access = tables.front().access;
    access.insert(access.end(), dead_letter_access.begin(), dead_letter_access.end() - 1);
  } else if (!flags.dead_letters_table.empty()) {
    tables.push_back({.id = "DeadLettersTable",
                      .request = stream_table_definition(flags.dead_letters_table),
                      .access = dead_letter_access});
  }
  return tables;
}

}  // namespace

void add_setup_streams(CLI::App& setup, int& exit_code) {
  const auto flags = std::make_shared<SetupStreamsFlags>();
  CLI::App* command = setup.add_subcommand("streams",
                                           "The tables of readers of streams: checkpoints with the "
                                           "leases of workers, and dead letters;\n"
                                           "one table may be both");
  command
      ->add_option("--checkpoints-table", flags->checkpoints_table,
                   "Name of that of checkpoints and leases")
      ->type_name("NAME")
      ->group("Data");
  command
      ->add_option("--dead-letters-table", flags->dead_letters_table,
                   "Name of that of dead letters")
      ->type_name("NAME")
      ->group("Data");
  add_setup_tables_flags(*command, flags->setup);
  command->callback([flags, &exit_code] {
    if (flags->checkpoints_table.empty() && flags->dead_letters_table.empty()) {
      throw CLI::RequiredError("--checkpoints-table or --dead-letters-table");
    }
    exit_code =
        set_up_tables(flags->setup, [&flags](Database& /*database*/) { return tables_of(*flags); });
  });
}

}  // namespace dynakeep::app
