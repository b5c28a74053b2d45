#include "stores/event_store/appending.h"

#include <algorithm>
#include <utility>

#include "stores/event_store/attributes.h"

namespace dynakeep::event_store {
namespace {

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// The key goes into the metadata of each event.
Result<void> put_key_into(std::vector<EventToAppend>& events, const std::string& key) {
  if (key.empty()) return refused("An idempotency key may not be empty");
  for (EventToAppend& event : events) {
    if (!event.metadata) event.metadata = AttributeValue(AttributeMap{});
    AttributeMap* members = event.metadata->get_if<AttributeMap>();
    if (members == nullptr) {
      return refused("An idempotency key is kept in the events' metadata, which must be a map");
    }
    if (!members->emplace(idempotency_key_member, key).second) {
      return refused("The events' metadata has a member " + std::string(idempotency_key_member) +
                     " of its own, where the idempotency key would be kept");
    }
  }
  return {};
}

std::vector<NewEvent> events_after(Version previous, std::string_view aggregate_id,
                                   const std::vector<EventToAppend>& events) {
  std::vector<NewEvent> numbered;
  numbered.reserve(events.size());
  for (const EventToAppend& each : events) {
    numbered.push_back({.aggregate_id = std::string(aggregate_id),
                        .version = ++previous,
                        .type = each.type,
                        .payload = each.payload,
                        .metadata = each.metadata,
                        .timestamp = each.timestamp});
  }
  return numbered;
}

}  // namespace

bool has_idempotency_key(const AttributeView& metadata, std::string_view key) {
  return metadata[idempotency_key_member].text() == key;
}

Result<std::vector<Event>> Append::operator()(std::string_view event_store_id,
                                              std::string_view aggregate_id,
                                              ExpectedVersion expected,
                                              std::vector<EventToAppend> events,
                                              const AppendOptions& options) {
  if (events.empty()) return std::vector<Event>();
  for (EventToAppend& event : events) {
    if (!event.timestamp) event.timestamp = now;
  }
  if (options.idempotency_key) TRY(put_key_into(events, *options.idempotency_key));

  // What an earlier append under the same key stored at `min_version` or after; empty if nothing.
  const auto appended_before = [&](Version min_version) -> Result<std::vector<Event>> {
    std::vector<Event> found;
    if (!options.idempotency_key) return found;
    const auto first = TRY(
        target.find_appended(event_store_id, aggregate_id, min_version, *options.idempotency_key));
    if (!first) return found;
    for (Event& event :
         TRY(storage.get_events(event_store_id, aggregate_id, {.min_version = *first}))) {
      if (!has_idempotency_key(event.metadata(), *options.idempotency_key)) break;
      found.push_back(std::move(event));
    }
    return found;
  };

  if (const auto exact = expected.version()) {
    if (*exact < 0) return refused("An expected version may not be negative");
    // The caller may have seen its own events in the meantime and expect them.
    if (*exact > 0) {
      auto before = TRY(appended_before(1));
      if (!before.empty()) return before;
    }
    auto stored = target.store_after(event_store_id, *exact, true,
                                     events_after(*exact, aggregate_id, events));
    if (!stored && stored.error().code() == ErrorCode::event_already_exists) {
      auto before = TRY(appended_before(*exact + 1));
      if (!before.empty()) return before;
    }
    return stored;
  }

  Version searched = 0;
  for (unsigned attempt = 1;; ++attempt) {
    const auto last = TRY(storage.last_version(event_store_id, aggregate_id));
    if (!last && expected.must_exist()) return aggregate_not_found(event_store_id, aggregate_id);
    if (last && *last > searched) {
      auto before = TRY(appended_before(searched + 1));
      if (!before.empty()) return before;
      searched = *last;
    }
    const Version previous = std::max<Version>(last.value_or(0), 0);
    auto stored = target.store_after(event_store_id, previous, false,
                                     events_after(previous, aggregate_id, events));
    if (stored || stored.error().code() != ErrorCode::event_already_exists ||
        !patience.allows_after(attempt)) {
      return stored;
    }
  }
}

}  // namespace dynakeep::event_store
