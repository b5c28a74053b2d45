#pragma once

#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "stores/event_store/event_receiver.h"
#include "stores/event_store/mark_cache.h"

namespace dynakeep::event_store {

// What subscriptions and projections are: the events of a table, from its items and then from its
// stream, put into the order of their versions.
class EventFeed {
 public:
  using Moment = EventSubscription::Moment;

  // invalid_argument, naming the option.
  static Result<std::unique_ptr<EventFeed>> open(Database& database, EventTable& table,
                                                 StreamCheckpoints& checkpoints,
                                                 EventSubscriptionOptions options,
                                                 std::unique_ptr<EventReceiver> receiver);

  Result<void> start();
  Result<void> run(const std::stop_token& stop);
  Result<std::optional<Moment>> step();
  Result<void> checkpoint();
  void pause();
  void resume();
  EventFigures figures() const;

  EventReceiver& receiver() { return *receiver_; }
  // Reads the table again, as something else: marks of before do not count. Not while it runs.
  Result<void> begin_generation();

 private:
  // Something that came of an event: a record, or its item as the table has it.
  struct Arrival {
    enum class Kind : std::uint8_t { added, changed, removed };
    Kind kind = Kind::added;
    AggregateKey aggregate = {};
    Version version = 0;
    const Item* item = nullptr;    // null: it is in the table
    const Item* before = nullptr;  // of what was changed or removed, if the stream has it
    std::size_t place = 0;         // among what it came with
  };
  using Arrivals = std::span<const Arrival>;
  struct Progress {
    std::size_t done = 0;
    std::optional<Error> error = {};  // of the first that is not done
  };
  struct StoredEvent {
    Version version = 0;
    Item item = {};
  };
  // What was tried of an event that could not be taken.
  struct Failing {
    unsigned attempts = 0;
    Time first_failure = {};
  };

  EventFeed(Database& database, EventTable& table, StreamCheckpoints& checkpoints,
            EventSubscriptionOptions options, std::unique_ptr<EventReceiver> receiver);

  // ---- where to begin ----
  StreamConsumerOptions stream_options() const;
  Result<void> find_stream();
  Result<void> connect();
  Result<void> read_again();

  // ---- whose the subscription is ----
  Result<void> claim();
  // What is said to the one who claimed it; that another has taken it over since stops all.
  Result<void> ours(Result<void> said);
  Result<void> confirm();
  // Before anything is handled: as confirm(), which was answered less than a second ago.
  Result<void> still_ours();
  Result<void> save_history(EventHistory history);

  // ---- what comes ----
  StreamOutcome take_batch(const StreamBatch& batch);
  Result<std::optional<Moment>> read_history();
  Result<void> read_page();
  std::optional<Arrival> arrival(const Item& keys);
  Progress process(Arrivals arrivals, bool is_from_table);
  Result<void> know(Arrivals arrivals);
  Result<void> keep_marks();

  // ---- one aggregate, whose lock is held ----
  Progress take_first(Arrivals arrivals, bool is_from_table);
  Progress take_above(Arrivals arrivals, std::optional<EventMark> known, bool is_from_table);
  Result<void> take_from_table(const AggregateKey& aggregate, EventMark& mark, Version from,
                               Version to);
  Progress take_late(const Arrival& late, EventMark mark, bool is_from_table);
  Progress take_rewrite(const Arrival& rewritten, EventMark mark);
  Progress take_items(const AggregateKey& aggregate, EventMark& mark,
                      const std::vector<StoredEvent>& events, bool is_from_table);

  Result<std::optional<EventMark>> mark_of(const AggregateKey& aggregate);
  void remember(const AggregateKey& aggregate, const EventMark& mark);
  // Notes what a receiver took; whether that was all, or it is passed over. The error: comes again.
  Result<void> settle(const AggregateKey& aggregate, Version version, const Item& item,
                      EventMark& mark, EventReceiver::Taken taken);
  Result<void> failed(const EventKey& key, const Item& item, const Error& error);
  unsigned attempts(const EventKey& key) const;
  Result<Event> event_of(const AggregateKey& aggregate, const Item& item) const;
  std::mutex& lock_of(const AggregateKey& aggregate);

  Moment now() const;
  std::uint64_t random() const;

  Database& database_;
  EventTable& table_;
  StreamCheckpoints& checkpoints_;
  const EventSubscriptionOptions options_;
  const std::unique_ptr<EventReceiver> receiver_;

  // Used by one of start(), step() and run() at a time.
  std::string table_name_;
  std::string arn_;
  std::int64_t epoch_ = 0;  // of its claim
  std::vector<Item> page_;  // of the history
  std::size_t page_done_ = 0;
  std::optional<Key> page_end_;
  bool has_page_ = false;
  unsigned history_failures_ = 0;
  Moment history_due_ = {};

  // One for the aggregates of each remainder of a hash.
  std::array<std::mutex, 64> aggregate_locks_;
  std::mutex keeping_;

  mutable std::mutex mutex_;  // of what follows; taken last
  std::condition_variable changed_;
  bool started_ = false;
  bool paused_ = false;
  std::string losses_;  // of the stream's, for which the table is to be read again
  std::optional<Error> stopped_;
  Moment confirmed_ = {};  // when the last confirmation was asked for
  std::stop_source following_;
  std::shared_ptr<StreamConsumer> consumer_;
  EventHistory history_;
  MarkCache marks_;
  std::map<EventKey, Failing> failing_;
  EventFigures figures_;
};

}  // namespace dynakeep::event_store
