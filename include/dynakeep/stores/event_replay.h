#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/stores/event_messages.h"
#include "dynakeep/stores/event_storage.h"

// Telling again what is stored: castore's "pouring", with every event delivered once and with a
// position to go on from.
namespace dynakeep {

// Where a replay stands: at the event it delivered last. Positions order as replays deliver: by
// time, then aggregate, then version.
struct ReplayPosition {
  // The greatest timestamp among the event and the earlier ones of its aggregate, so that one whose
  // clock went backwards stays in order.
  std::string time = {};
  std::string aggregate_id = {};
  std::string event_store_id = {};
  Version version = 0;

  friend bool operator==(const ReplayPosition&, const ReplayPosition&) = default;
  friend auto operator<=>(const ReplayPosition&, const ReplayPosition&) = default;
};

std::ostream& operator<<(std::ostream& out, const ReplayPosition& position);

// A position as text (JSON), to be stored and read back. invalid_argument: not such a text.
std::string to_text(const ReplayPosition& position);
Result<ReplayPosition> replay_position_from_text(std::string_view text);

// How far a scan of a store's aggregates has come.
struct ScannedStore {
  std::string event_store_id = {};
  std::size_t aggregates = 0;
  std::optional<ListedAggregate> first = {};
  std::optional<ListedAggregate> last = {};
};

struct ReplayProgress {
  std::size_t messages = 0;  // delivered, or that a dry run would deliver
  // Resume after it. None when aggregate ids are replayed: those have no order of their own.
  std::optional<ReplayPosition> position = {};
  std::vector<ScannedStore> stores = {};
};

struct ReplayOptions {
  // Of the event's own timestamp, inclusive, compared as text.
  std::optional<std::string> from = {};
  std::optional<std::string> to = {};
  // Delivers only what comes after it: to go on where another run ended.
  std::optional<ReplayPosition> after = {};

  std::optional<double> messages_per_second = {};  // at most; above 0
  bool dry_run = false;                            // delivers nothing, counts
  unsigned threads = 4;                            // that read events at once; delivery is in order
  std::size_t listed_at_once = 100;                // aggregates a page
  std::size_t events_at_once = 100;                // kept of each aggregate that is under way

  // After each message. The position is worth storing then: what it names was delivered. False
  // stops the replay.
  std::function<bool(const ReplayProgress& progress)> on_progress = {};

  const Clock* clock = &system_clock();
  std::function<void(std::chrono::microseconds)> wait = {};  // empty: sleeps
};

struct ReplayReport {
  std::size_t messages = 0;
  bool stopped = false;  // by on_progress
  std::optional<ReplayPosition> position = {};
  std::vector<ScannedStore> stores = {};
  // Of the events delivered.
  std::optional<Event> first_event = {};
  std::optional<Event> last_event = {};
};

// Takes what is replayed, one after another. Its error ends the replay.
using NotificationReceiver = std::function<Result<void>(const NotificationMessage& message)>;
using AggregateExistsReceiver = std::function<Result<void>(const AggregateExistsMessage& message)>;

// To a channel, marked as replayed. State-carrying channels load the aggregate up to each event.
// The channel must outlive the receiver.
template <ChannelKind kind>
NotificationReceiver replayed_to(const MessageChannel<NotificationMessage, kind>& channel) {
  return [&channel](const NotificationMessage& message) {
    return channel.publish_message(message, {.replay = true});
  };
}
template <ChannelKind kind>
NotificationReceiver replayed_to(const MessageChannel<StateCarryingMessage, kind>& channel) {
  return [&channel](const NotificationMessage& message) {
    return channel.get_aggregate_and_publish_message(message, {.replay = true});
  };
}
template <ChannelKind kind>
AggregateExistsReceiver replayed_to(const MessageChannel<AggregateExistsMessage, kind>& channel) {
  return [&channel](const AggregateExistsMessage& message) {
    return channel.publish_message(message, {.replay = true});
  };
}

// A store to be replayed.
struct ReplaySource {
  EventStorage* storage = nullptr;
  std::string event_store_id = {};
};
template <typename A, typename Body>
Result<ReplaySource> replay_source(const EventStore<A, Body>& store) {
  return ReplaySource{.storage = TRY(store.storage()), .event_store_id = store.event_store_id()};
}

// The ids of a store's aggregates, in the order of the listing. The query's page token is left out;
// so are the options about events.
Result<ReplayReport> replay_aggregate_ids(const ReplaySource& source, const ListQuery& query,
                                          const AggregateExistsReceiver& receive,
                                          const ReplayOptions& options = {});

// The events of one aggregate, in the order of the query. No position is kept or heeded: the
// query's versions serve.
Result<ReplayReport> replay_aggregate_events(const ReplaySource& source,
                                             std::string_view aggregate_id,
                                             const EventsQuery& query,
                                             const NotificationReceiver& receive,
                                             const ReplayOptions& options = {});

// The events of one or more stores, merged by time across all their aggregates: every event that
// was there at the start and is in the bounds, once; each aggregate in the order of its versions.
// Two runs over the same events deliver in the same order, so that one resumes where the other
// ended; it reads from the beginning all the same, since an old aggregate may have a new event.
//
// Aggregates without a version 1 are not listed and hence not found. invalid_argument: no source,
// or one twice; a rate that is not above 0; sizes of 0.
Result<ReplayReport> replay_events(const std::vector<ReplaySource>& sources,
                                   const NotificationReceiver& receive,
                                   const ReplayOptions& options = {});

}  // namespace dynakeep
