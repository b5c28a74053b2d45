#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "dynakeep/result.h"
#include "storage/durability.h"

namespace dynakeep::storage {

// Syncs a log for all who wait for it: one sync at a time, and each answers everyone whose write
// was in the log when it began. While it runs the next waiters gather.
//
// Who blocks in wait() and finds no sync under way does it himself, without a hop to another
// thread; the others follow. For those who left a callback there is a thread, which sleeps while
// there are none, unless it has an interval to keep.
//
// After a sync that failed nothing is durable any more and none is tried again: the operating
// system may report the loss of a page once only, so a later success would prove nothing.
//
// Thread-safe. The destructor answers who left a callback, then ends the thread; nobody may call
// then.
class SyncLoop {
 public:
  struct Log {
    // The position up to which everything is in the log file. Never decreases.
    std::function<Position()> written;
    // Makes durable at least what was in the log file when it was called. Called one at a time.
    std::function<Result<void>()> sync;
  };
  using Then = std::function<void(const Result<void>&)>;

  // With an interval other than zero it syncs that often by itself, if anything was written.
  SyncLoop(Log log, std::chrono::milliseconds interval);
  ~SyncLoop();
  SyncLoop(const SyncLoop&) = delete;
  SyncLoop& operator=(const SyncLoop&) = delete;

  Position durable() const { return durable_.load(std::memory_order_acquire); }

  // As KeyValueStore::wait_until_durable and when_durable. `position` must not be past written().
  Result<void> wait(Position position);
  void when_durable(Position position, Then then);

  // Success, or the error of the sync that failed.
  Result<void> health() const;

 private:
  struct Callback {
    Position position = 0;
    Then then;
  };

  void run();
  void wait(std::unique_lock<std::mutex>& lock, Position position);
  void lead(std::unique_lock<std::mutex>& lock);

  const Log log_;
  const std::chrono::milliseconds interval_;
  std::atomic<Position> durable_ = 0;  // written under mutex_
  std::atomic<bool> failed_ = false;   // whether there is a failure_

  mutable std::mutex mutex_;
  // All below is guarded by mutex_.
  std::optional<Error> failure_;
  bool syncing_ = false;
  std::uint64_t round_ = 0;  // syncs begun
  Position target_ = 0;      // what the last sync begun makes durable
  // Who waits for round r waits at [r % 2]: there are never more than two, the sync under way and
  // the next.
  std::array<std::condition_variable, 2> finished_;

  std::vector<Callback> callbacks_;
  std::condition_variable wake_;  // of the thread
  bool asleep_ = false;
  bool stopping_ = false;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace dynakeep::storage
