#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

#include "dynakeep/clock.h"
#include "storage/durability.h"

namespace dynakeep::engine {

// Which commit. Numbers rise in the order in which commits that streams record began, over the
// whole database, and are never given twice, not in the next life either. They follow the clock:
// microseconds since 1970, or one more than the last where that is not enough.
using CommitNumber = std::uint64_t;

// Gives commits their numbers, and knows which of them have been made.
//
// A commit's records lie under its number, so it needs one before it is made; and commits that are
// under way at once may end in another order than they began. So that nobody who reads records in
// their order passes one over that comes later, readable() stands still before the first commit
// that has not ended, or is not durable yet. It may not fall back behind an answer, either: end()
// waits for those that began before, which are being made at the same time, and says what position
// covers them all.
//
// Thread-safe.
class CommitNumbers {
 public:
  // `durable` tells up to what position everything is durable; it is called often. `given` is the
  // last number that an earlier life may have given.
  CommitNumbers(const Clock& clock, std::function<storage::Position()> durable, CommitNumber given);
  CommitNumbers(const CommitNumbers&) = delete;
  CommitNumbers& operator=(const CommitNumbers&) = delete;

  // A commit begins. Whoever began one must end it, whatever becomes of it.
  CommitNumber begin();

  // It has been made, at that position, or came to nothing (0). Blocks until all that began before
  // it have ended; hold no lock that they might want. Returns the position that its answer rests
  // on.
  storage::Position end(CommitNumber number, storage::Position position);

  // Everything up to this number may be read: it is made, and durable. Never decreases.
  CommitNumber readable();
  // Whether some are made and not durable yet.
  bool wait_for_disk();
  // The last number given.
  CommitNumber last() const;

  // Calls `act` while no commit is under way and none can begin. What `act` takes a view of holds
  // exactly the commits up to last(). It may give itself a number with next(), and must not want
  // key locks.
  void alone(const std::function<void()>& act);
  // Within alone(): a number for what it writes itself.
  CommitNumber next();

 private:
  struct Begun {
    CommitNumber number = 0;
    bool ended = false;
    storage::Position position = 0;
  };
  struct Made {
    CommitNumber number = 0;
    storage::Position position = 0;
  };

  CommitNumber give();
  void settle_durable();

  const Clock& clock_;
  const std::function<storage::Position()> durable_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All below is guarded by mutex_.
  CommitNumber last_;
  std::deque<Begun> begun_;  // in order; the first has not ended
  std::deque<Made> made_;    // all up to that number are made, durable from that position on
  storage::Position position_ = 0;
  CommitNumber readable_;
  bool alone_ = false;
  std::size_t waiting_ = 0;
};

}  // namespace dynakeep::engine
