#include "served_collections.h"

#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "complain.h"
#include "environment.h"

namespace dynakeep::app {

namespace {

// The tries that dynamodb-mini's client of DynamoDB makes for a call, the first included.
constexpr unsigned attempts_of_dynamodb_mini = 11;
// What an item can hold beside its keys and head.
constexpr std::int64_t body_limit_max = 380'000;
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

// What the variable says, if it says anything.
template <typename T, typename U>
Result<void> take(T& setting, Result<std::optional<U>> read) {
  if (!read) return std::move(read).error();
  if (*read) setting = static_cast<T>(**read);
  return {};
}

// As JavaScript's parseInt: digits at the front count, whatever follows them. Nothing, and 0,
// are 1.
Result<std::int64_t> capacity_units(const std::string& name) {
  const auto text = variable(name);
  if (!text) return std::int64_t{1};
  std::string_view digits = *text;
  digits.remove_prefix(std::min(digits.find_first_not_of(" \t\n\r\f\v"), digits.size()));
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t units = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), units);
  if (failure == std::errc::result_out_of_range || units < 0) {
    return Error(ErrorCode::invalid_argument, name + "='" + *text + "' is no number of units");
  }
  return units == 0 ? 1 : units;
}

std::chrono::milliseconds retry_base_delay() {
  const auto delay = number_variable("AWS_DYNAMODB_RETRY_BASE_DELAY", 0, hour_ms);
  if (!delay) {
    warn(delay.error().message() + " of milliseconds; it is 50");
    return std::chrono::milliseconds(50);
  }
  return std::chrono::milliseconds(delay->value_or(50));
}

Result<void> read_store_settings(VersionedCollectionsOptions& store) {
  if (const auto name = variable("TABLE_NAME_COLLECTIONS")) store.collections_table = *name;
  if (const auto name = variable("TABLE_NAME_ENTRIES")) store.entries_table = *name;
  if (const auto consistent = variable("AWS_DYNAMODB_CONSISTENT_READ")) {
    store.consistent_reads = *consistent == "true";
  }
  store.read_capacity_units = TRY(capacity_units("AWS_DYNAMODB_READ_CAPACITY_UNITS"));
  store.write_capacity_units = TRY(capacity_units("AWS_DYNAMODB_WRITE_CAPACITY_UNITS"));
  TRY(take(store.pay_per_request,
           choice_variable<bool>("AWS_DYNAMODB_BILLING_MODE",
                                 {{"PROVISIONED", false}, {"PAY_PER_REQUEST", true}})));
  TRY(take(store.isolated,
           choice_variable<bool>("ISOLATION", {{"strict", true}, {"upstream", false}})));
  TRY(take(store.name_policy,
           choice_variable<NamePolicy>(
               "NAME_POLICY", {{"slug", NamePolicy::slug}, {"strict", NamePolicy::strict}})));
  TRY(take(store.write_mode,
           choice_variable<WriteMode>("WRITE_MODE", {{"linear", WriteMode::linear},
                                                     {"conditional", WriteMode::conditional}})));
  TRY(take(store.allow_empty_slug, switch_variable("ALLOW_EMPTY_SLUG")));
  TRY(take(store.freeze_deleted, switch_variable("FREEZE_DELETED")));
  TRY(take(store.mixed_writers, switch_variable("MIXED_WRITERS")));
  TRY(take(store.list_bytes_max, number_variable("MAX_LIST_BYTES", 1, 64 * gibibyte)));
  return take(store.write_timeout, number_variable("WRITE_TIMEOUT_MS", 1, hour_ms));
}

}  // namespace

void add_served_collections_flags(CLI::App& command, ServedCollectionsFlags& flags) {
  CLI::Option* const wanted =
      command
          .add_flag("--collections", flags.wanted,
                    "Serve versioned collections over HTTP under /api, as dynamodb-mini does and\n"
                    "more, to those who have an API key; its environment variables count")
          ->group("Collections");
  const auto add = [&](const char* name, auto& value, const char* description, const char* type) {
    command.add_option(name, value, description)
        ->type_name(type)
        ->needs(wanted)
        ->group("Collections");
  };
  add("--api-keys", flags.api_keys,
      "The keys ('dynakeep keys' makes them), read again when the file changes and on\n"
      "SIGHUP; else API_KEYS_FILE, else ./env/api-keys.json",
      "FILE");
  add("--collections-port", flags.port,
      "Serve them on a port of their own; 0 lets the system choose", "PORT");
  add("--collections-table", flags.collections_table,
      "Their table, created if need be; else TABLE_NAME_COLLECTIONS, else\n"
      "dynamomini.collections",
      "TABLE");
  add("--entries-table", flags.entries_table,
      "That of their entries; else TABLE_NAME_ENTRIES, else dynamomini.entries", "TABLE");
}

Result<CollectionsSettings> collections_settings(const ServedCollectionsFlags& flags) {
  CollectionsSettings settings;
  TRY(read_store_settings(settings.store));
  if (flags.collections_table) settings.store.collections_table = *flags.collections_table;
  if (flags.entries_table) settings.store.entries_table = *flags.entries_table;
  TRY(take(settings.create_tables, switch_variable("CREATE_TABLES")));
  TRY(take(settings.service.require_if_match, switch_variable("REQUIRE_IF_MATCH")));
  TRY(take(settings.service.body_bytes_max, number_variable("BODY_LIMIT", 1, body_limit_max)));

  settings.api_keys_file =
      flags.api_keys ? *flags.api_keys : variable("API_KEYS_FILE").value_or(settings.api_keys_file);
  settings.host = variable("HOST");
  const auto port = TRY(number_variable("PORT", 0, 65535));
  if (port) settings.port = static_cast<std::uint16_t>(*port);
  settings.debug = variable("DEBUG") == "true";
  settings.retry_base_delay = retry_base_delay();
  if (!variable("AWS_MAX_ATTEMPTS")) settings.attempts_max = attempts_of_dynamodb_mini;
  return settings;
}

Result<ServedCollections> serve_collections(Database& database, std::shared_ptr<ApiKeys> keys,
                                            const CollectionsSettings& settings) {
  if (settings.store.write_mode == WriteMode::linear && !database.capabilities().transactions) {
    return Error(
        ErrorCode::invalid_argument,
        "the database (" + database.capabilities().engine +
            ") has no transactions; WRITE_MODE=conditional does without, and promises less");
  }
  ServedCollections served;
  served.store = TRY(VersionedCollections::create(database, settings.store));
  TRY(served.store->prepare_tables(settings.create_tables));
  served.service = serve_versioned_collections(*served.store, std::move(keys), settings.service);
  return served;
}

}  // namespace dynakeep::app
