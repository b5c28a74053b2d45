#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "dynakeep/result.h"
#include "storage/durability.h"

namespace dynakeep::storage {

// One thread that syncs a log for all who wait for it: while one sync runs the next waiters gather,
// and one sync answers them all. It sleeps while nobody waits, unless it has an interval to keep.
//
// After a sync that failed nothing is durable any more and none is tried again: the operating
// system may report the loss of a page once only, so a later success would prove nothing.
//
// Thread-safe. The destructor answers who waits, then ends the thread; nobody may call then.
class SyncLoop {
 public:
  struct Log {
    // The position up to which everything is in the log file. Never decreases.
    std::function<Position()> written;
    // Makes durable at least what was in the log file when it was called. Called by one thread.
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
  void run();
  Result<void> sync();

  const Log log_;
  const std::chrono::milliseconds interval_;
  std::atomic<Position> durable_ = 0;
  std::atomic<bool> failed_ = false;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable wake_;
  std::vector<Then> waiting_;
  std::optional<Error> failure_;
  bool asleep_ = false;
  bool stopping_ = false;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace dynakeep::storage
