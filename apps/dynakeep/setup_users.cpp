#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "dynakeep/stores/user_data.h"
#include "setup_stores.h"
#include "setup_tables.h"

namespace dynakeep::app {

namespace {

struct SetupUsersFlags {
  SetupTablesFlags setup = {};
  UserTableOptions table = {};
  std::optional<std::string> time_to_live = {};
};

Result<std::vector<StoreTable>> tables_of(const SetupUsersFlags& flags, Database& database) {
  const auto store = TRY(UserDataStore::create(database, {.table = flags.table}));
  return std::vector<StoreTable>{{.id = "UsersTable",
                                  .request = store->table_definition(),
                                  .time_to_live = flags.time_to_live,
                                  .access = {{.purpose = "Turn", .actions = {"GetItem", "PutItem"}},
                                             {.purpose = "Erase", .actions = {"DeleteItem"}},
                                             {.purpose = "Export", .actions = {"Scan"}},
                                             {.purpose = "Check", .actions = {"DescribeTable"}}}}};
}

}  // namespace

void add_setup_users(CLI::App& setup, int& exit_code) {
  const auto flags = std::make_shared<SetupUsersFlags>();
  CLI::App* command = setup.add_subcommand(
      "users", "The table of user data, as Jovo's DynamoDB integration makes it");
  command->add_option("--table", flags->table.name, "Its name")
      ->required()
      ->type_name("NAME")
      ->group("Data");
  command->add_option("--key", flags->table.key_attribute, "Name of its key attribute")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Data");
  command
      ->add_flag("--pay-per-request", flags->table.pay_per_request,
                 "Billed by request, and not for 2 units of each kind a second")
      ->group("Data");
  command
      ->add_option("--time-to-live", flags->time_to_live,
                   "Items expire by this attribute, such as expiresAt")
      ->type_name("NAME")
      ->group("Data");
  add_setup_tables_flags(*command, flags->setup);
  command->callback([flags, &exit_code] {
    exit_code = set_up_tables(flags->setup,
                              [&flags](Database& database) { return tables_of(*flags, database); });
  });
}

}  // namespace dynakeep::app
