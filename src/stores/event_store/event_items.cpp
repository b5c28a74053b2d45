#include "stores/event_store/event_items.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "stores/event_store/attributes.h"

namespace dynakeep::event_store {
namespace {

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

const Number largest(event_number_max);
const Number smallest(-event_number_max);

bool fits(const Number& number, bool allow_big_integers) {
  if (number >= smallest && number <= largest) return true;
  // Past 38 digits an integer would be rounded; a JavaScript reader fails on anything beyond 2^53
  // that is not plain digits, and with it on the whole aggregate.
  return allow_big_integers && number.is_integer() &&
         number.to_string().size() <= Number::digits_max + (number.is_negative() ? 1u : 0u);
}

// The first number in the value that castore's readers could not take.
std::optional<Number> unfit_number(const AttributeValue& value, bool allow_big_integers) {
  if (const auto* number = value.get_if<Number>()) {
    if (!fits(*number, allow_big_integers)) return *number;
  } else if (const auto* numbers = value.get_if<NumberSet>()) {
    for (const Number& each : *numbers) {
      if (!fits(each, allow_big_integers)) return each;
    }
  } else if (const auto* list = value.get_if<AttributeList>()) {
    for (const AttributeValue& each : *list) {
      if (auto found = unfit_number(each, allow_big_integers)) return found;
    }
  } else if (const auto* map = value.get_if<AttributeMap>()) {
    for (const auto& [name, each] : *map) {
      if (auto found = unfit_number(each, allow_big_integers)) return found;
    }
  }
  return std::nullopt;
}

Result<void> check_numbers(const EventRules& rules, std::string_view where,
                           const std::optional<AttributeValue>& value) {
  if (!value) return {};
  const auto unfit = unfit_number(*value, rules.allow_big_integers);
  if (!unfit) return {};
  return refused("The event's " + std::string(where) + " holds " + unfit->to_string() +
                 ", which JavaScript's readers could not take: numbers must lie within " +
                 std::to_string(event_number_max) + " on both sides of 0" +
                 (rules.allow_big_integers ? ", or be integers of at most 38 digits" : ""));
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

// As event_timestamp writes it.
bool is_strict_timestamp(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  }
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  return two(5) >= 1 && two(5) <= 12 && two(8) >= 1 && two(8) <= 31 && two(11) <= 23 &&
         two(14) <= 59 && two(17) <= 59;
}

Result<void> check_event(const EventRules& rules, const NewEvent& event) {
  if (event.aggregate_id.empty() && !rules.allow_empty_aggregate_id) {
    return refused("An event's aggregate id may not be empty");
  }
  if (event.version < 1 || event.version > event_number_max) {
    return refused("An event's version must be from 1 to " + std::to_string(event_number_max) +
                   "; this one is " + std::to_string(event.version));
  }
  if (event.type.empty()) return refused("An event's type may not be empty");
  if (event.timestamp) {
    if (event.timestamp->empty()) {
      return refused("An event's timestamp may not be empty; leave it out for the present time");
    }
    if (event.timestamp->size() > sort_key_bytes_max) {
      return refused("An event's timestamp may have " + std::to_string(sort_key_bytes_max) +
                     " bytes; this one has " + std::to_string(event.timestamp->size()));
    }
    if (rules.strict_timestamps && !is_strict_timestamp(*event.timestamp)) {
      return refused("An event's timestamp must look like 2024-05-01T09:30:00.125Z, not like " +
                     *event.timestamp);
    }
  }
  TRY(check_numbers(rules, "payload", event.payload));
  return check_numbers(rules, "metadata", event.metadata);
}

}  // namespace

std::string key_prefix(TableFormat format, std::string_view event_store_id) {
  if (format == TableFormat::legacy) return {};
  std::string prefix(event_store_id);
  prefix.push_back(key_separator);
  return prefix;
}

Result<std::string> stored_key(const EventRules& rules, std::string_view event_store_id,
                               std::string_view aggregate_id) {
  TRY(check_event_store_id(event_store_id, rules.allow_hash_in_event_store_id));
  if (!base::is_utf8(aggregate_id)) return refused("An aggregate id must be UTF-8");
  std::string key = key_prefix(rules.format, event_store_id);
  key += aggregate_id;
  if (key.empty()) return refused("An aggregate id may not be empty");
  if (key.size() > partition_key_bytes_max) {
    return refused("The stored key of an aggregate may have " +
                   std::to_string(partition_key_bytes_max) +
                   " bytes, the event store's id among "
                   "them; this one has " +
                   std::to_string(key.size()));
  }
  return key;
}

Result<EventItem> event_item(const EventRules& rules, std::string_view event_store_id,
                             NewEvent event, std::string_view now) {
  TRY(check_event(rules, event));
  std::string key = TRY(stored_key(rules, event_store_id, event.aggregate_id));

  AttributeMap attributes;
  attributes.emplace(aggregate_id_attribute, std::move(key));
  attributes.emplace(version_attribute, event.version);
  attributes.emplace(type_attribute, std::move(event.type));
  attributes.emplace(timestamp_attribute,
                     event.timestamp ? std::move(*event.timestamp) : std::string(now));
  if (event.payload) attributes.emplace(payload_attribute, std::move(*event.payload));
  if (event.metadata) attributes.emplace(metadata_attribute, std::move(*event.metadata));
  // On any other version it would list the aggregate twice.
  if (event.version == 1) {
    if (rules.format == TableFormat::single_table) {
      attributes.emplace(event_store_id_attribute, event_store_id);
    } else {
      attributes.emplace(is_initial_event_attribute, 1);
    }
  }

  EventItem made{.item = Item(std::move(attributes))};
  const auto bytes = stored_bytes(made.item);
  if (!bytes) return refused("The event cannot be stored: " + bytes.error().message());
  if (*bytes > item_bytes_max) {
    return refused("The event " + event.aggregate_id + " version " + std::to_string(event.version) +
                   " of event store " + std::string(event_store_id) + " takes " +
                   std::to_string(*bytes) + " bytes; an item may have " +
                   std::to_string(item_bytes_max));
  }
  made.bytes = *bytes;
  return made;
}

Result<void> check_query(const EventsQuery& query) {
  if (query.limit == 0) return refused("The limit of a query for events must be at least 1");
  if (query.min_version && query.max_version && *query.min_version > *query.max_version) {
    return refused("The lowest version asked for, " + std::to_string(*query.min_version) +
                   ", is above the highest, " + std::to_string(*query.max_version));
  }
  return {};
}

Result<void> share_timestamp(std::vector<GroupedEvent>& events, const GroupTimestamp& timestamp) {
  const GroupedEvent* first = nullptr;
  for (const GroupedEvent& each : events) {
    if (!each.event.timestamp) continue;
    if (first == nullptr) first = &each;
    if (timestamp.rule == GroupTimestamps::same &&
        *each.event.timestamp != *first->event.timestamp) {
      return refused("Event group events #" + std::to_string(first - events.data()) + " and #" +
                     std::to_string(&each - events.data()) + " have different timestamps");
    }
  }
  const std::string shared = first != nullptr && timestamp.rule == GroupTimestamps::same
                                 ? *first->event.timestamp
                                 : timestamp.now;
  for (GroupedEvent& each : events) {
    if (!each.event.timestamp) each.event.timestamp = shared;
  }
  return {};
}

}  // namespace dynakeep::event_store
