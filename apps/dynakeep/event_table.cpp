#include "event_table.h"

#include <algorithm>
#include <utility>

#include <CLI/Error.hpp>
#include <fmt/format.h>

#include "complain.h"
#include "dynakeep/json.h"
#include "dynakeep/pages.h"
#include "json_text.h"
#include "progress.h"

namespace dynakeep::app {

namespace {

// Empty if it is a store's id, as CLI11 has it.
std::string check_store(const std::string& id) {
  const auto checked = check_event_store_id(id);
  return checked ? std::string() : checked.error().message();
}

}  // namespace

void add_event_table_flags(CLI::App& command, EventTableFlags& flags) {
  add_connection_flag(command, flags.connection);
  command.add_option("--table", flags.table, "Table of the events")
      ->required()
      ->type_name("TABLE")
      ->group("Data");
  command
      .add_flag("--legacy", flags.legacy,
                "The table is of castore's former format, one for each event store, which has no\n"
                "name in it")
      ->group("Data");
  command.add_flag("--json", flags.json, "For programs: an object of JSON a line")->group("Output");
}

void add_store_flag(CLI::App& command, std::string& store) {
  command.add_option("--store", store, "Event store, by its id")
      ->check(check_store)
      ->type_name("STORE")
      ->group("Data");
}

void add_store_flag(CLI::App& command, std::vector<std::string>& stores) {
  command.add_option("--store", stores, "Event store, by its id; may be repeated")
      ->check(check_store)
      ->allow_extra_args(false)
      ->type_name("STORE")
      ->group("Data");
}

void require_store(const EventTableFlags& flags) {
  if (flags.store.empty() && !flags.legacy) throw CLI::RequiredError("--store (or --legacy)");
}

Result<OpenEventTable> open_event_table(const EventTableFlags& flags) {
  OpenEventTable opened;
  // A legacy table is one store; which name it goes by is told by nothing in it.
  opened.store = flags.store.empty() && flags.legacy ? flags.table : flags.store;
  opened.database = TRY(connect(flags.connection));
  const EventTableOptions options{.table_name = flags.table};
  opened.events = flags.legacy ? legacy_event_storage(*opened.database, options)
                               : single_table_event_storage(*opened.database, options);
  return opened;
}

Result<std::map<std::string, StoreSummary>> stores_of(OpenEventTable& opened,
                                                      const EventTableFlags& flags) {
  std::map<std::string, StoreSummary> stores;
  std::uint64_t seen = 0;
  Progress progress("aggregates seen");
  TRY(for_each_item(*opened.database,
                    ScanRequest{.table_name = flags.table, .index_name = "initialEvents"},
                    [&](Item&& row) {
                      StoreSummary& store = stores[row.at("eventStoreId").as_string()];
                      const std::string& timestamp = row.at("timestamp").as_string();
                      if (store.aggregates++ == 0) store.first = store.latest = timestamp;
                      store.first = std::min(store.first, timestamp);
                      store.latest = std::max(store.latest, timestamp);
                      progress.at(++seen);
                      return true;
                    }));
  return stores;
}

int complain(const EventTableFlags& flags, const Error& error) {
  if (error.code() != ErrorCode::resource_not_found) return complain(error);
  return complain(exit_failed, fmt::format("there is no table '{}' at {}", flags.table,
                                           flags.connection.database));
}

std::string event_json(const Event& event) {
  std::string json = fmt::format(R"({{"aggregateId":{},"version":{},"type":{},"timestamp":{})",
                                 json_string(event.aggregate_id()), event.version(),
                                 json_string(event.type()), json_string(event.timestamp()));
  if (const auto payload = event.payload(); payload.exists()) {
    json += ",\"payload\":" + to_json(payload.value());
  }
  if (const auto metadata = event.metadata(); metadata.exists()) {
    json += ",\"metadata\":" + to_json(metadata.value());
  }
  return json + "}";
}

}  // namespace dynakeep::app
