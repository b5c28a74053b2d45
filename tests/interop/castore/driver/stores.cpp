#include "driver/stores.h"

#include <utility>

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
                                              .group_timestamps = GroupTimestamps::as_given})) {}

void Stores::use_tables(std::string events_table, std::string legacy_table) {
  events_table_ = std::move(events_table);
  legacy_table_ = std::move(legacy_table);
}

std::string Stores::table_name(std::string_view format) const {
  return format == "legacy" ? legacy_table_ : events_table_;
}

EventTable* Stores::storage(std::string_view format) {
  if (format == "single") return single_.get();
  return format == "legacy" ? legacy_.get() : nullptr;
}

AttributeMap folded(const std::vector<Event>& events) {
  AttributeList history;
  for (const Event& event : events) {
    history.emplace_back(std::to_string(event.version()) + ":" + std::string(event.type()));
  }
  return {{"aggregateId", events.back().aggregate_id()},
          {"version", events.back().version()},
          {"history", std::move(history)}};
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

}  // namespace dynakeep::castore
