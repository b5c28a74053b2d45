#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dynakeep/stores/event_subscription.h"

namespace dynakeep::event_store {

// Who takes the events of a feed, and knows what was taken. Called for one aggregate by one thread
// at a time, for several aggregates at once.
class EventReceiver {
 public:
  virtual ~EventReceiver() = default;
  EventReceiver(const EventReceiver&) = delete;
  EventReceiver& operator=(const EventReceiver&) = delete;

  // What was taken of each; nothing for what is not known.
  virtual Result<std::vector<std::optional<EventMark>>> load(
      const std::vector<AggregateKey>& aggregates) = 0;

  struct Taken {
    std::size_t count = 0;  // of the events
    EventMark mark = {};    // with those
    std::optional<Error> error = {};
    // It is no fault of the event: the mark was not what is there, or it could not be written now.
    // It is loaded again.
    bool is_stale = false;
  };
  // Events of one aggregate, in their order, all above the mark: the first so many of them.
  virtual Taken take(const AggregateKey& aggregate, const EventMark& mark,
                     std::span<const SubscribedEvent> events) = 0;
  // One that is missing below the mark.
  virtual Taken take_late(const AggregateKey& aggregate, const EventMark& mark,
                          const SubscribedEvent& event) = 0;
  // Of an event that the mark holds.
  virtual Taken take_rewrite(const AggregateKey& aggregate, const EventMark& mark,
                             const EventRewrite& rewrite) = 0;
  // As if that event had been taken.
  virtual Taken pass_over(const AggregateKey& aggregate, const EventMark& mark,
                          Version version) = 0;

  // Whether marks are durable with what they tell of. Otherwise they are kept a little later, and
  // after a crash something may have been taken of which no mark tells.
  virtual bool is_exact() const = 0;
  virtual Result<void> keep(const std::vector<std::pair<AggregateKey, EventMark>>& marks) = 0;

  virtual Result<std::optional<EventHistory>> load_history() = 0;
  virtual Result<void> save_history(const EventHistory& history) = 0;
  // As EventMarks says.
  virtual Result<std::int64_t> claim() = 0;
  virtual Result<void> confirm(std::int64_t epoch) = 0;
  virtual bool can_clear() const = 0;
  // Removes what was made of events, before the table is read; comes again until it has worked.
  virtual Result<void> clear() = 0;
  // All of the table has been read; comes again until it has worked.
  virtual Result<void> finish_history(const EventHistory& history) = 0;

 protected:
  EventReceiver() = default;
};

}  // namespace dynakeep::event_store
