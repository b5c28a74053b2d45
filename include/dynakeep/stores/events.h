#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/attribute_view.h"
#include "dynakeep/clock.h"
#include "dynakeep/item.h"
#include "dynakeep/result.h"

// The vocabulary of the event store, as it is stored: what castore (@castore/core 2.x) calls event
// details, keys and queries. docs/stores/event-store.md tells the whole of it.
namespace dynakeep {

// The place of an event in its aggregate, from 1.
using Version = std::int64_t;

// 2^53 - 1: the largest version and number that every reader holds exactly.
inline constexpr std::int64_t event_number_max = 9'007'199'254'740'991;

// An event to be stored.
struct NewEvent {
  std::string aggregate_id = {};
  Version version = 0;
  std::string type = {};
  // Any value; none is not the same as NULL, which is stored.
  std::optional<AttributeValue> payload = {};
  std::optional<AttributeValue> metadata = {};
  std::optional<std::string> timestamp = {};  // stored as it is given; none: the storage's clock
};

// An event as it is stored: one fact about one aggregate, never changed. Holds its item and reads
// from it what is asked for, so that loading many costs little more than the query for them. A
// regular value; text and views of it last until it is moved, assigned to or destroyed.
class Event {
 public:
  // No event: version 0, everything else empty.
  Event() = default;

  // An event that is not stored, for folds over what might be. Without a timestamp it has an empty
  // one.
  explicit Event(NewEvent event);

  // What an item of an event table says. `key_prefix` is what stands before the aggregate id in the
  // stored key ("ORDERS#"); a key that does not begin with it is the id as it stands. Other
  // attributes are left alone. malformed_item, naming the key: no aggregateId, a version that is
  // not an integer, no type.
  static Result<Event> from_item(Item item, std::string_view key_prefix = {});

  // The same in place of what the event was, and what was seen on the way: for loads, which look at
  // the type and payload of every event. As long-lived as type() and payload(). After an error the
  // event is not one.
  struct Content {
    std::string_view type = {};
    AttributeView payload = {};
  };
  Result<Content> assign_item(Item&& item, std::string_view key_prefix);

  std::string_view aggregate_id() const;
  Version version() const { return version_; }
  std::string_view type() const;
  // Text, compared as text. Empty if the item has none, as other writers may leave it.
  std::string_view timestamp() const;

  // Looked at where they stand; value() makes a tree. What is absent does not exist(), which is not
  // the same as NULL.
  AttributeView payload() const;
  AttributeView metadata() const;

  // The item as it is stored, with attributes that others added.
  const Item& item() const { return item_; }

  // What would store the same event again.
  NewEvent to_new_event() const;

  // The six fields; other attributes do not count.
  friend bool operator==(const Event& a, const Event& b);
  friend std::ostream& operator<<(std::ostream& out, const Event& event);

 private:
  Item item_;
  Version version_ = 0;
  std::size_t key_prefix_bytes_ = 0;
};

// What an event is known by.
struct EventKey {
  std::string event_store_id = {};
  std::string aggregate_id = {};
  Version version = 0;

  friend bool operator==(const EventKey&, const EventKey&) = default;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

std::ostream& operator<<(std::ostream& out, const EventKey& key);

// Which events of one aggregate.
struct EventsQuery {
  std::optional<Version> min_version = {};  // inclusive
  std::optional<Version> max_version = {};  // inclusive
  std::optional<std::size_t> limit = {};    // a true maximum, at least 1
  bool reverse = false;                     // highest version first
};

// Which aggregates of a store: those that have a version 1, by its timestamp. What is left out is
// taken from the page token.
struct ListQuery {
  std::optional<std::size_t> limit = {};  // of a page, at least 1
  std::optional<std::string> page_token = {};
  std::optional<std::string> initial_event_after = {};   // inclusive, in spite of the name
  std::optional<std::string> initial_event_before = {};  // inclusive
  std::optional<bool> reverse = {};                      // newest first
};

struct ListedAggregate {
  std::string aggregate_id = {};
  std::string initial_event_timestamp = {};

  friend bool operator==(const ListedAggregate&, const ListedAggregate&) = default;
};

std::ostream& operator<<(std::ostream& out, const ListedAggregate& listed);

// A page may be empty and not the last: go on until there is no token.
struct ListPage {
  std::vector<ListedAggregate> aggregates = {};
  std::optional<std::string> next_page_token = {};
};

// What is told of an event that was stored.
struct NotificationMessage {
  std::string event_store_id = {};
  Event event = {};

  friend bool operator==(const NotificationMessage&, const NotificationMessage&) = default;
};

// Turns the images of a stream's records (NewImage, OldImage) of a single-table event table into
// messages. Legacy items cannot be told apart by store and are not understood.
class EventImageParser {
 public:
  // The stores whose events are expected. invalid_argument: an id that check_event_store_id
  // refuses.
  static Result<EventImageParser> for_stores(std::vector<std::string> event_store_ids);

  // malformed_item: no aggregateId, one without '#', no integer version, no type. invalid_argument,
  // "Unable to detect eventStore from image. Received eventStoreId: …": a store that is not
  // expected.
  Result<NotificationMessage> parse(const Item& image) const;

 private:
  explicit EventImageParser(std::vector<std::string> event_store_ids)
      : event_store_ids_(std::move(event_store_ids)) {}
  std::vector<std::string> event_store_ids_;  // in order
};

// An event store's id must be UTF-8, not empty, and hold no '#', which stands between it and the
// aggregate's id in the stored key: "ST#X" with aggregate "a" and "ST" with "X#a" would be one key.
// invalid_argument otherwise.
Result<void> check_event_store_id(std::string_view event_store_id, bool allow_hash = false);

// The moment as events carry it: UTC, "2024-05-01T09:30:00.125Z", 24 characters, milliseconds cut.
std::string event_timestamp(Time moment);

// ---- errors ----

// The error of a push whose version another event has: code event_already_exists, in castore's
// words, "Event already exists for ORDERS aggregate o-77 and version 3".
Error event_already_exists(const EventKey& taken);
// The same for a group: `pushed` are its events in order, `taken` says which of them exist; at
// least one. cancellation_reasons() has one entry for each pushed event.
Error event_already_exists(const std::vector<EventKey>& pushed, const std::vector<bool>& taken);

// Which events stood in the way; empty for errors of any other code. In the order of the push.
std::vector<EventKey> conflicting_events(const Error& error);

// "Unable to find aggregate o-77 in event store ORDERS."
Error aggregate_not_found(std::string_view event_store_id, std::string_view aggregate_id);

}  // namespace dynakeep
