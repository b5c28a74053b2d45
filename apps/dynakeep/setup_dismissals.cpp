#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>

#include "dynakeep/credentials.h"
#include "dynakeep/json.h"
#include "dynakeep/remote.h"
#include "dynakeep/stores/dismissals.h"
#include "exit_code.h"
#include "setup_stores.h"
#include "setup_tables.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto patience = 120s;
constexpr int exit_not_as_wanted = 3;  // with --strict

struct SetupFlags {
  std::optional<std::string> table = {};
  std::optional<std::string> region = {};
  std::optional<std::string> endpoint = {};
  bool aws = false;
  bool dry_run = false;
  bool strict = false;
  bool time_to_live = false;
  std::optional<DefinitionFormat> print = {};
};

struct Settings {
  std::string table = {};
  std::string region = {};
  std::string endpoint = {};     // empty: the region's own
  Credentials credentials = {};  // empty: the usual chain
  bool time_to_live = false;
};

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string variable_or(const char* name, const char* otherwise) {
  const auto value = variable(name);
  return value && !value->empty() ? *value : otherwise;
}

// The defaults are upstream's, those of a table on the developer's own machine.
Settings settings_of(const SetupFlags& flags) {
  Settings settings{
      .table = variable_or("DISMISSIBLE_STORAGE_DYNAMODB_TABLE_NAME", "dismissible-items"),
      .region = variable_or("DISMISSIBLE_STORAGE_DYNAMODB_AWS_REGION", "us-east-1"),
      .time_to_live =
          flags.time_to_live || !variable_or("DISMISSIBLE_STORAGE_EXPIRE_AFTER", "").empty()};
  if (flags.table) settings.table = *flags.table;
  if (flags.region) settings.region = *flags.region;
  if (flags.aws) return settings;

  // Set but empty means: none.
  settings.endpoint =
      variable("DISMISSIBLE_STORAGE_DYNAMODB_ENDPOINT").value_or("http://localhost:4566");
  if (flags.endpoint) settings.endpoint = *flags.endpoint;
  settings.credentials = {
      .access_key_id = variable_or("DISMISSIBLE_STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID", "test"),
      .secret_access_key =
          variable_or("DISMISSIBLE_STORAGE_DYNAMODB_AWS_SECRET_ACCESS_KEY", "test"),
      .session_token = variable_or("DISMISSIBLE_STORAGE_DYNAMODB_AWS_SESSION_TOKEN", "")};
  return settings;
}

// As much as shows whether it is the right one.
std::string masked(const std::string& secret) {
  constexpr std::size_t shown = 4;
  if (secret.empty()) return "(not set)";
  if (secret.size() <= 2 * shown) return std::string(secret.size(), '*');
  return secret.substr(0, shown) + std::string(secret.size() - 2 * shown, '*') +
         secret.substr(secret.size() - shown);
}

void tell(const Settings& settings) {
  std::cout << "Running DynamoDB setup for table " << settings.table << "...\n"
            << "Region: " << settings.region << "\n"
            << "Endpoint: " << (settings.endpoint.empty() ? "(not set)" : settings.endpoint) << "\n"
            << "Access Key ID: " << masked(settings.credentials.access_key_id) << "\n"
            << "Secret Access Key: " << masked(settings.credentials.secret_access_key) << "\n"
            << "Session Token: " << masked(settings.credentials.session_token) << std::endl;
}

Result<std::unique_ptr<Database>> connect(const Settings& settings) {
  RemoteOptions options{.endpoint = settings.endpoint, .region = settings.region};
  if (!settings.credentials.access_key_id.empty()) {
    options.credentials = fixed_credentials(settings.credentials);
  }
  options.ask_capabilities = false;
  return connect_remote(options);
}

Result<void> wait_until_active(Database& database, const std::string& table) {
  const auto deadline = SteadyClock::now() + patience;
  for (auto pause = 20ms; SteadyClock::now() < deadline; pause = std::min(2 * pause, 2000ms)) {
    if (TRY(database.describe_table({.table_name = table})).table.table_status ==
        TableStatus::active) {
      return {};
    }
    std::this_thread::sleep_for(pause);
  }
  return Error(ErrorCode::timed_out, "table " + table + " was not active within 120 s");
}

// Makes the table if it is missing. Returns whether it did.
Result<bool> make_table(Database& database, const std::string& table) {
  const auto described = database.describe_table({.table_name = table});
  if (described) {
    if (described->table.table_status != TableStatus::active) {
      TRY(wait_until_active(database, table));
    }
    return false;
  }
  if (described.error().code() != ErrorCode::resource_not_found) return described.error();

  std::cout << "Creating table " << table << "..." << std::endl;
  const auto created = database.create_table(dismissal_table_definition(table));
  // Another setup may have been quicker.
  const bool was_first = created.has_value();
  if (!was_first && created.error().code() != ErrorCode::resource_in_use) return created.error();
  TRY(wait_until_active(database, table));
  return was_first;
}

int complain_as_upstream(const Error& error) {
  std::cerr << "Failed to create DynamoDB table: " << error.message() << std::endl;
  return exit_failed;
}

// What does not keep the table from being used.
int warn_of(const Error& error, const SetupFlags& flags) {
  std::cerr << "Warning: " << error.message() << std::endl;
  return flags.strict ? exit_not_as_wanted : exit_done;
}

int switch_time_to_live_on(DismissalTable& store, const SetupFlags& flags) {
  const auto done = store.ensure_time_to_live();
  if (done) {
    std::cout << "Time to live is on for expiresAt" << std::endl;
    return exit_done;
  }
  if (done.error().code() == ErrorCode::unsupported) return warn_of(done.error(), flags);
  std::cerr << "Failed to switch on the time to live: " << done.error().message() << std::endl;
  return exit_failed;
}

int set_up(const SetupFlags& flags) {
  const Settings settings = settings_of(flags);
  if (flags.print) {
    StoreTable table{
        .id = "DismissalsTable",
        .request = dismissal_table_definition(settings.table),
        .access = {{.purpose = "Read", .actions = {"GetItem", "BatchGetItem", "Query"}},
                   {.purpose = "Write", .actions = {"PutItem", "UpdateItem"}},
                   {.purpose = "Erase", .actions = {"DeleteItem", "BatchWriteItem", "Scan"}},
                   {.purpose = "Check", .actions = {"DescribeTable"}}}};
    if (settings.time_to_live) table.time_to_live = "expiresAt";
    std::cout << definition_text({table}, *flags.print) << std::flush;
    return exit_done;
  }
  if (flags.dry_run) {
    std::cout << to_dynamodb_json(dismissal_table_definition(settings.table)) << std::endl;
    return exit_done;
  }
  tell(settings);

  const auto database = connect(settings);
  if (!database) return complain_as_upstream(database.error());
  const auto made = make_table(**database, settings.table);
  if (!made) return complain_as_upstream(made.error());
  std::cout << "Table " << settings.table << (*made ? " created successfully" : " already exists")
            << std::endl;

  const auto store = dismissal_table(**database, {.table = settings.table});
  if (!store) return complain_as_upstream(store.error());
  if (!*made) {
    const auto checked = (*store)->check_table();
    if (!checked && checked.error().code() == ErrorCode::invalid_argument) {
      return warn_of(checked.error(), flags);
    }
    if (!checked) return complain_as_upstream(checked.error());
  }
  return settings.time_to_live ? switch_time_to_live_on(**store, flags) : exit_done;
}

}  // namespace

void add_setup_dismissals(CLI::App& setup, int& exit_code) {
  CLI::App* command = setup.add_subcommand(
      "dismissals", "The table of dismissals, as Dismissible's own setup makes it");
  const auto flags = std::make_shared<SetupFlags>();
  command
      ->add_option("--table", flags->table,
                   "DISMISSIBLE_STORAGE_DYNAMODB_TABLE_NAME, else dismissible-items")
      ->type_name("NAME");
  command
      ->add_option("--region", flags->region,
                   "DISMISSIBLE_STORAGE_DYNAMODB_AWS_REGION, else us-east-1")
      ->type_name("REGION");
  CLI::Option* endpoint =
      command
          ->add_option(
              "--endpoint", flags->endpoint,
              "DISMISSIBLE_STORAGE_DYNAMODB_ENDPOINT, else http://localhost:4566; \"\" is\n"
              "the region's own")
          ->type_name("URL");
  command
      ->add_flag("--aws", flags->aws,
                 "The region's own endpoint, with the credentials that AWS's clients\n"
                 "would find")
      ->excludes(endpoint);
  command->add_flag("--dry-run", flags->dry_run, "Print the CreateTable request and send nothing");
  add_print_flag(*command, flags->print);
  command->add_flag("--time-to-live", flags->time_to_live,
                    "Also switch on the table's time to live, for items that expire; so does\n"
                    "DISMISSIBLE_STORAGE_EXPIRE_AFTER, whatever its value");
  command->add_flag(
      "--strict", flags->strict,
      "End with 3 if the table is there with other keys, or the database has no time\n"
      "to live");
  command->set_version_flag("--version", "dynakeep " DYNAKEEP_VERSION);
  command->footer(
      "Credentials are DISMISSIBLE_STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID, …_AWS_SECRET_ACCESS_KEY "
      "and\n"
      "…_AWS_SESSION_TOKEN, else \"test\" and \"test\"; the machine's own with --aws alone.\n"
      "Ends with 0 when the table is there and active, 1 when that failed, 2 when the flags make\n"
      "no sense, 3 as --strict says. For example:\n"
      "  dynakeep setup dismissals --endpoint http://127.0.0.1:8000\n"
      "  dynakeep setup dismissals --aws --region eu-west-1 --strict");
  command->callback([flags, &exit_code] { exit_code = set_up(*flags); });
}

}  // namespace dynakeep::app
