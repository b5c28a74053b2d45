#include "driver/stores.h"

namespace dynakeep::castore {

Stores::Stores(Database& database, std::string events_table, std::string legacy_table)
    : database_(database),
      events_table_(std::move(events_table)),
      legacy_table_(std::move(legacy_table)),
      // What castore does with the timestamps of a group.
      single_(single_table_event_storage(database,
                                         {.table_name_source = [this] { return events_table_; },
                                          .group_timestamps = GroupTimestamps::as_given})),
      legacy_(legacy_event_storage(database, {.table_name_source = [this] { return legacy_table_; },
                                              .group_timestamps = GroupTimestamps::as_given})) {
  for (const std::string& id : ids()) {
    stores_.emplace(std::pair(id, "single"), make_store(id, *single_));
    stores_.emplace(std::pair(id, "legacy"), make_store(id, *legacy_));
  }
}

void Stores::use_tables(std::string events_table, std::string legacy_table) {
  events_table_ = std::move(events_table);
  legacy_table_ = std::move(legacy_table);
}

std::string Stores::table_name(std::string_view format) const {
  return format == "legacy" ? legacy_table_ : events_table_;
}

const Store* Stores::find(const std::string& id, const std::string& format) const {
  const auto found = stores_.find({id, format});
  return found == stores_.end() ? nullptr : &found->second;
}

const Store& Stores::store(const std::string& id, const std::string& format) const {
  return stores_.at({id, format});
}

Store make_store(const std::string& id, EventStorage& storage, SnapshotPolicy snapshots) {
  return Store({.event_store_id = id,
                .reducer =
                    [](History& aggregate, const AnyEvent&, const Event& event) {
                      aggregate.history.push_back(std::to_string(event.version()) + ":" +
                                                  std::string(event.type()));
                    },
                .storage = &storage,
                .snapshots = std::move(snapshots)});
}

Store::New to_push(NewEvent event) {
  return {.aggregate_id = std::move(event.aggregate_id),
          .version = event.version,
          .body = UnknownEvent{.type = std::move(event.type), .payload = std::move(event.payload)},
          .metadata = std::move(event.metadata),
          .timestamp = std::move(event.timestamp)};
}

AttributeMap fields_of(const Event& event) {
  AttributeMap fields{{"aggregateId", event.aggregate_id()},
                      {"version", event.version()},
                      {"type", event.type()},
                      {"timestamp", event.timestamp()}};
  if (event.payload().exists()) fields.emplace("payload", event.payload().value());
  if (event.metadata().exists()) fields.emplace("metadata", event.metadata().value());
  return fields;
}

AttributeMap fields_of(const History& aggregate) {
  AttributeList history(aggregate.history.begin(), aggregate.history.end());
  return {{"aggregateId", aggregate.aggregate_id},
          {"version", aggregate.version},
          {"history", std::move(history)}};
}

}  // namespace dynakeep::castore
