#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stores/event_marks.h"
#include "dynakeep/stores/event_messages.h"
#include "dynakeep/stores/event_storage.h"
#include "dynakeep/stores/stream_consumer.h"

// All events of an event table as they are stored, from its stream, each aggregate in the order of
// its versions.
namespace dynakeep {

namespace event_store {
class EventFeed;
}

// An event that is delivered.
struct SubscribedEvent {
  NotificationMessage message = {};
  // A version below one that was delivered: a writer had left a gap, and it was filled.
  bool is_late = false;
  // Read from the table: of the history, or because its record had not come.
  bool is_from_table = false;
  unsigned attempt = 1;
};

// A stored event that was changed (pushed with `force`), or removed. What had been delivered of it
// is not true any more. A removal may be told twice, and of an event that was not delivered.
struct EventRewrite {
  enum class Kind : std::uint8_t { replaced, removed };
  Kind kind = Kind::replaced;
  EventKey key = {};
  std::optional<Event> before = {};  // none: the stream has no old images
  std::optional<Event> after = {};   // as it is now
};

// An event that the handler failed on too often, or that is none.
struct EventDeadLetter {
  std::string subscription = {};
  EventKey key = {};
  Item item = {};  // as it is stored
  unsigned attempts = 0;
  Time first_failure = {};
  Time last_failure = {};
  Error error = Error(ErrorCode::internal_server_error, {});
};

// When an event counts as poison, and what becomes of it: as StreamRetry has it for records.
struct EventRetry {
  std::optional<unsigned> attempts_max = {};  // deliveries that may fail; none: any number
  StreamRetry::OnPoison on_poison = StreamRetry::OnPoison::block;
};

// Where a subscription begins that never began before.
enum class EventStart : std::uint8_t {
  history,       // with the first event there is: the table is read, and then its stream
  trim_horizon,  // with the oldest record of the stream
  latest,        // with what is stored from now on
  time,          // with what was stored from a moment on, as far back as the stream goes
};

// What becomes of an aggregate's earlier events when a record of a later one is the first that is
// met of it.
enum class EarlierEvents : std::uint8_t {
  deliver,  // they are read from the table, and come first: every aggregate is delivered whole
  skip,     // it begins with that one; an earlier one whose record comes later is late
};

struct EventSubscriptionOptions {
  std::string name = {};  // 1 to 128 of A-Z, a-z, 0-9, "_", ".", "-"
  // Of a single table; none: all that it has. Of a legacy table, its one.
  std::vector<std::string> event_store_ids = {};
  std::vector<std::string> event_types = {};  // none: all
  // Which aggregates; empty: all. The same answer each time.
  std::function<bool(const AggregateKey& aggregate)> aggregates = {};

  EventStart from = EventStart::history;
  std::optional<Time> time = {};  // of EventStart::time
  EarlierEvents earlier = EarlierEvents::deliver;

  // What was delivered of each aggregate, kept through restarts; must outlive the subscription.
  // Null: it is known in memory alone. Then after a restart, or when more aggregates than
  // aggregates_in_memory have changed, an aggregate counts as met for the first time, and what
  // `earlier` says happens again; and checkpoints that several workers may share are refused.
  EventMarks* marks = nullptr;
  std::size_t aggregates_in_memory = 100'000;  // marks kept at hand; 10,000 to 100,000,000
  std::size_t events_at_once = 100;            // that are read from the table; 1 to 10,000

  // Told of a rewrite, like the handler. Empty: they are counted.
  std::function<Result<void>(const EventRewrite& rewrite)> on_rewrite = {};
  EventRetry retry = {};
  // Keeps a dead letter. A failure: the event comes again.
  std::function<Result<void>(const EventDeadLetter& letter)> dead_letter = {};

  // How the stream is read: its intervals, threads, lanes, clock and what is done about gaps. Its
  // stream is the table's unless it is named; group, from, shards, time, filter, retry and
  // dead_letter are the subscription's, and refused here.
  StreamConsumerOptions stream = {};
};

// Called for one aggregate at a time, for several at once where lanes or shards are several. Its
// success is what acknowledges. An exception is a failure.
using EventHandler = std::function<Result<void>(const SubscribedEvent& event)>;

// A handler of typed events: what `store` would have read. Events of other stores are passed over.
//
//   typed_events(orders, [](const Orders::Stored& order, const SubscribedEvent&) { … })
template <typename A, typename Body, typename Handle>
EventHandler typed_events(const EventStore<A, Body>& store, Handle handle) {
  return [store,
          handle = std::move(handle)](const SubscribedEvent& subscribed) mutable -> Result<void> {
    if (subscribed.message.event_store_id != store.event_store_id()) return {};
    const auto stored = TRY(store.stored(subscribed.message.event));
    return handle(stored, subscribed);
  };
}

// Since it was opened, but for the history.
struct EventFigures {
  std::uint64_t delivered = 0;   // handled, late ones too
  std::uint64_t late = 0;        // of them
  std::uint64_t from_table = 0;  // of them
  std::uint64_t duplicates = 0;  // met again and dropped
  std::uint64_t replaced = 0;
  std::uint64_t removed = 0;
  std::uint64_t failures = 0;
  std::uint64_t skipped = 0;  // as poison
  std::uint64_t dead_letters = 0;
  std::uint64_t foreign = 0;    // items of the table that are no events, by their keys
  std::uint64_t histories = 0;  // readings of the whole table that were finished
  std::optional<std::string> last_error = {};

  bool is_paused = false;
  bool is_reading_history = false;
  std::uint64_t history_events = 0;  // read so far, also before a restart
  // How many items the table had when the reading began, as far as the database knows.
  std::optional<std::uint64_t> history_events_expected = {};

  StreamFigures stream = {};  // its lag is the subscription's, once the history is read
};

// Follows an event table.
//
// - At least once: every event of the stores from the start on is handled, or is a dead letter or
//   skipped. What comes again after a crash is at most what was handled since the last checkpoint.
// - In order: version v of an aggregate is handled after all that were stored below it by then. The
//   stream promises no such thing, as each event is an item of its own: what is missing below v is
//   read from the table first, and dropped when its record comes.
// - Once, as long as the marks know of it: an event met again is dropped by its version.
// - Gaps that writers left are not waited for: no version below v that is not there when v is
//   delivered was stored before it. If it is stored afterwards it is late.
// - Records that the stream has lost (the consumer was away for a day) cost nothing where earlier
//   events are delivered: the table is read again, and what the marks do not have is delivered.
// - History and stream join without a gap, and overlap only where marks were forgotten: the
//   stream's tip is noted durably before the first item is read, by consistent reads, and what both
//   have is dropped by version. A table of which the reading takes longer than the stream is kept,
//   24 hours, is read again.
// - Events of a group are delivered one by one, each aggregate in order.
// - Nothing is held back in memory but what the stream's consumer buffers, a page of
//   events_at_once for each lane, and the marks.
//
// Where every event of the table was deleted and the aggregate made anew, it is delivered anew.
// Thread-safe, but for what is said of step() and run().
//
// One worker at a time follows under a name. Where there are marks, whoever starts takes the
// subscription over, as after a crash. The worker before, if it still runs, begins no call of the
// handler later than a second after that, by its own clock; it finishes the calls that are under
// way then, however long they take, and stops with write_conflict. What it handled in that time may
// come to both: what must not happen twice is for the handler to refuse by the event's version, or
// for an EventProjection, whose writes are exact.
class EventSubscription {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // `database` is the table's, and with `table` and `checkpoints` must outlive it. The table's
  // stream may have any view type; without new images each event is read from the table.
  // invalid_argument, naming the option.
  static Result<std::unique_ptr<EventSubscription>> open(Database& database, EventTable& table,
                                                         StreamCheckpoints& checkpoints,
                                                         EventSubscriptionOptions options,
                                                         EventHandler handler);
  virtual ~EventSubscription();
  EventSubscription(const EventSubscription&) = delete;
  EventSubscription& operator=(const EventSubscription&) = delete;

  // Takes the subscription over from whoever has it, and decides where to begin, or goes on from
  // the checkpoint; once. Beginning at the tip, every event pushed after the return is delivered.
  // invalid_argument: the table has no stream. Errors as the database and the checkpoints: call it
  // again, or give up.
  Result<void> start();

  // start(), if it was not, and then follows until told to stop, the stream ends, an option has it
  // stop, or start() fails. What is being handled is waited for, and the last checkpoint written.
  // Not to be mixed with step().
  Result<void> run(std::stop_token stop);

  // One piece of work on this thread, for programs with a loop of their own. Returns when there is
  // more to do: now or earlier means at once; none: the stream has ended.
  Result<std::optional<Moment>> step();
  // Writes what was handled.
  Result<void> checkpoint();

  // Nothing new is handled until resume(). What is being handled goes on. Not kept through
  // restarts.
  void pause();
  void resume();

  EventFigures figures() const;

 protected:
  explicit EventSubscription(std::unique_ptr<event_store::EventFeed> feed);

  event_store::EventFeed& feed() { return *feed_; }

 private:
  std::unique_ptr<event_store::EventFeed> feed_;
};

}  // namespace dynakeep
