#include "stores/event_store/storage_contract.h"

#include <algorithm>
#include <random>
#include <sstream>
#include <utility>

namespace dynakeep::contract {
namespace {

// Told apart from those of other runs: an endpoint may keep tables from before.
std::string next_table_name() {
  static const std::uint32_t run = std::random_device()();
  static unsigned tables = 0;
  std::ostringstream name;
  name << "Events-" << std::hex << run << "-" << std::dec << ++tables;
  return name.str();
}

}  // namespace

std::vector<StorageKind> table_kinds() {
  std::vector<StorageKind> all;
  for (const Kind& kind : kinds()) {
    if (kind.name == "embedded_on_disk") continue;  // what a disk adds is no matter of stores
    all.push_back({"single_table_" + kind.name, Format::single_table, kind});
    all.push_back({"legacy_" + kind.name, Format::legacy, kind});
  }
  return all;
}

std::vector<StorageKind> storage_kinds() {
  auto all = table_kinds();
  all.push_back({.name = "in_memory"});
  return all;
}

std::string storage_kind_name(const testing::TestParamInfo<StorageKind>& kind) {
  return kind.param.name;
}

NewEvent event_of(std::string aggregate_id, Version version, std::string type) {
  return {.aggregate_id = std::move(aggregate_id), .version = version, .type = std::move(type)};
}

NewEvent event_at(std::string timestamp, std::string aggregate_id, Version version) {
  NewEvent event = event_of(std::move(aggregate_id), version);
  event.timestamp = std::move(timestamp);
  return event;
}

AttributeValue json(std::string_view text) { return must(value_from_json(text)); }

std::vector<Version> versions_of(const std::vector<Event>& events) {
  std::vector<Version> versions;
  for (const Event& event : events) versions.push_back(event.version());
  return versions;
}

std::vector<std::string> ids_of(const std::vector<ListedAggregate>& listed) {
  std::vector<std::string> ids;
  for (const ListedAggregate& each : listed) ids.push_back(each.aggregate_id);
  return ids;
}

void EventStorageContract::SetUp() {
  if (GetParam().format == Format::in_memory) {
    in_memory_ = in_memory_event_storage({.clock = &clock_});
    return;
  }
  opened_ = must(GetParam().database.open());
  table_name_ = next_table_name();
  table_ = open_table({.table_name = table_name_});
  must(table_->create_table());
}

void EventStorageContract::TearDown() {
  for (const std::string& name : tables_) {
    if (database().describe_table({.table_name = name})) {
      must(database().delete_table({.table_name = name}));
    }
  }
}

std::unique_ptr<EventTable> EventStorageContract::open_table(EventTableOptions options) {
  if (options.table_name.empty()) options.table_name = table_name_;
  if (std::find(tables_.begin(), tables_.end(), options.table_name) == tables_.end()) {
    tables_.push_back(options.table_name);
  }
  options.clock = &clock_;
  return is_legacy() ? legacy_event_storage(database(), std::move(options))
                     : single_table_event_storage(database(), std::move(options));
}

EventStorage& EventStorageContract::another() {
  if (GetParam().format == Format::in_memory) {
    another_ = in_memory_event_storage({.clock = &clock_});
  } else {
    auto opened = open_table({.table_name = next_table_name()});
    must(opened->create_table());
    another_ = std::move(opened);
  }
  return *another_;
}

std::vector<Event> EventStorageContract::push(const std::vector<NewEvent>& events,
                                              const std::string& store) {
  std::vector<Event> stored;
  for (const NewEvent& event : events) stored.push_back(must(storage().push_event(store, event)));
  return stored;
}

std::vector<Event> EventStorageContract::events(const std::string& id, const EventsQuery& query,
                                                const std::string& store) {
  return must(storage().get_events(store, id, query));
}

std::vector<std::string> EventStorageContract::listed(ListQuery query, const std::string& store) {
  std::vector<std::string> ids;
  for (auto& each : aggregates_of(storage(), store, std::move(query))) {
    ids.push_back(must(std::move(each)).aggregate_id);
  }
  return ids;
}

std::string EventStorageContract::stored_key(const std::string& id, const std::string& store) {
  return is_legacy() ? id : store + "#" + id;
}

std::optional<Item> EventStorageContract::raw(const std::string& id, Version version,
                                              const std::string& store) {
  if (!is_table()) {
    auto items =
        must(storage().get_items(store, id, {.min_version = version, .max_version = version}));
    return items.empty() ? std::nullopt : std::optional(std::move(items.front()));
  }
  return must(database().get_item(
                  {.table_name = table_name_,
                   .key = Key{{"aggregateId", stored_key(id, store)}, {"version", version}},
                   .consistent_read = true}))
      .item;
}

}  // namespace dynakeep::contract
