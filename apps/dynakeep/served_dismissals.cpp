#include "served_dismissals.h"

#include <chrono>
#include <utility>

#include <CLI/Option.hpp>

#include "complain.h"
#include "dynakeep/credentials.h"
#include "dynakeep/remote.h"
#include "environment.h"

namespace dynakeep::app {

namespace {

// DynamoDB, wherever the variables say.
Result<std::unique_ptr<Database>> connect(const DismissalStorageSettings& storage) {
  RemoteOptions options{.endpoint = storage.endpoint,
                        .region = storage.region,
                        .total_timeout = std::chrono::seconds(5),
                        .attempts_max = 3,
                        .ask_capabilities = false};
  if (!storage.access_key_id.empty() && !storage.secret_access_key.empty()) {
    options.credentials = fixed_credentials({.access_key_id = storage.access_key_id,
                                             .secret_access_key = storage.secret_access_key,
                                             .session_token = storage.session_token});
  }
  return connect_remote(options);
}

Result<void> keep_in_memory(ServedDismissals& served, const DismissalStorageSettings& storage) {
  served.store = TRY(in_memory_dismissals({.items_max = storage.memory_items_max,
                                           .time_to_live = storage.memory_time_to_live,
                                           .expire_after = storage.expire_after,
                                           .count_dismissals = storage.count_dismissals}));
  served.kept = "in memory";
  return {};
}

// Whether there is the table, and is active.
Result<void> check_table(Database& database, const std::string& table) {
  const auto described = TRY(database.describe_table({.table_name = table}));
  if (described.table.table_status == TableStatus::active) return {};
  return Error(ErrorCode::unavailable, "table " + table + " is not active");
}

Result<void> keep_in_table(ServedDismissals& served, Database& database, bool may_create,
                           DismissalsSettings& settings) {
  const DismissalStorageSettings& storage = settings.storage;
  auto table = TRY(dismissal_table(database, {.table = storage.table,
                                              .consistent_reads = storage.consistent_reads,
                                              .expire_after = storage.expire_after,
                                              .count_dismissals = storage.count_dismissals}));
  if (may_create || storage.run_setup) TRY(table->create_table());
  settings.service.ready = [&database, name = storage.table] {
    return check_table(database, name);
  };
  served.store = std::move(table);
  served.kept = "in table " + storage.table;
  return {};
}

}  // namespace

void add_served_dismissals_flags(CLI::App& command, ServedDismissalsFlags& flags) {
  CLI::Option* const wanted =
      command
          .add_flag("--dismissals", flags.wanted,
                    "Serve Dismissible's HTTP interface under /v1/users, as its environment\n"
                    "variables say (DISMISSIBLE_...). Its table is in this database, unless\n"
                    "DISMISSIBLE_STORAGE_TYPE says memory or dynamodb")
          ->group("Dismissals");
  command
      .add_option("--dismissals-port", flags.port,
                  "Serve it on a port of its own, as DISMISSIBLE_PORT does; 0 lets the system\n"
                  "choose")
      ->type_name("PORT")
      ->needs(wanted)
      ->group("Dismissals");
}

std::optional<DismissalsSettings> dismissals_settings(const ServedDismissalsFlags& flags) {
  DismissalsSettings settings =
      read_dismissals_settings(variables_beginning_with(dismissal_variable_prefix));
  for (const std::string& warning : settings.warnings) warn(warning);
  for (const std::string& fault : settings.faults) complain(exit_failed, fault);
  if (!settings.faults.empty()) return std::nullopt;
  if (flags.port) settings.port = flags.port;
  return settings;
}

Result<ServedDismissals> serve_dismissals(Database& database, bool is_remote,
                                          DismissalsSettings settings) {
  ServedDismissals served{.is_remote = is_remote};
  const auto type = settings.storage.type;
  if (type == DismissalStorageType::memory) {
    served.is_remote = false;
    TRY(keep_in_memory(served, settings.storage));
  } else if (type == DismissalStorageType::dynamodb) {
    served.is_remote = true;
    served.database = TRY(connect(settings.storage));
    TRY(keep_in_table(served, *served.database, false, settings));
  } else {
    TRY(keep_in_table(served, database, !is_remote, settings));
  }
  served.service = TRY(dynakeep::serve_dismissals(*served.store, settings.service));
  return served;
}

}  // namespace dynakeep::app
