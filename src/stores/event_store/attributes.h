#pragma once

#include <string_view>

// What the attributes of an event's item are called, in every format.
namespace dynakeep::event_store {

inline constexpr std::string_view aggregate_id_attribute = "aggregateId";
inline constexpr std::string_view version_attribute = "version";
inline constexpr std::string_view type_attribute = "type";
inline constexpr std::string_view timestamp_attribute = "timestamp";
inline constexpr std::string_view payload_attribute = "payload";
inline constexpr std::string_view metadata_attribute = "metadata";
// Of initial events alone, as the index's partition key: in a single table, and in the legacy one.
inline constexpr std::string_view event_store_id_attribute = "eventStoreId";
inline constexpr std::string_view is_initial_event_attribute = "isInitialEvent";

inline constexpr std::string_view initial_events_index = "initialEvents";

inline constexpr char key_separator = '#';

}  // namespace dynakeep::event_store
