#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dynakeep/stores/event_storage.h"

// From an event to the item that stores it, with everything that can be refused before anything is
// sent.
namespace dynakeep::event_store {

enum class TableFormat : std::uint8_t { single_table, legacy };

// What a writer may store; see EventTableOptions.
struct EventRules {
  TableFormat format = TableFormat::single_table;
  bool allow_hash_in_event_store_id = false;
  bool allow_empty_aggregate_id = false;
  bool allow_big_integers = false;
  bool strict_timestamps = false;
};

// DynamoDB's limits (Developer Guide, "Service, account, and table quotas").
inline constexpr std::size_t item_bytes_max = std::size_t{400} << 10;
inline constexpr std::size_t partition_key_bytes_max = 2048;
inline constexpr std::size_t sort_key_bytes_max = 1024;
inline constexpr std::size_t transaction_bytes_max = std::size_t{4} << 20;

// What stands before an aggregate's id in stored keys.
std::string key_prefix(TableFormat format, std::string_view event_store_id);

// An item with its size as DynamoDB counts it.
struct EventItem {
  Item item = {};
  std::size_t bytes = 0;
};

// The whole item of the event, with `now` for its timestamp if it has none. invalid_argument: what
// EventStorage says is refused.
Result<EventItem> event_item(const EventRules& rules, std::string_view event_store_id,
                             NewEvent event, std::string_view now);

// invalid_argument for bounds and limits that make no sense.
Result<void> check_query(const EventsQuery& query);

// For reads: the stored key. invalid_argument: an event store id or an aggregate id that no key can
// be made of. An empty aggregate id may have been stored by others and is read.
Result<std::string> stored_key(const EventRules& rules, std::string_view event_store_id,
                               std::string_view aggregate_id);

// Gives all events that have no timestamp one, and one to all: the explicit one if there is, else
// `now`. invalid_argument, in castore's words: two different ones, unless `rule` is as_given.
struct GroupTimestamp {
  GroupTimestamps rule = GroupTimestamps::same;
  std::string now = {};
};
Result<void> share_timestamp(std::vector<GroupedEvent>& events, const GroupTimestamp& timestamp);

}  // namespace dynakeep::event_store
