#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/transfer/import.h"

namespace dynakeep::transfer {

// A line on its way into the table.
struct PendingChange {
  std::size_t file = 0;
  std::uint64_t line = 0;
  std::string text = {};  // as it stands, for when it is rejected
  std::string key = {};
  WriteRequest write = {};
};

struct WriterCounts {
  std::uint64_t written = 0;
  std::uint64_t removed = 0;
  std::uint64_t existing = 0;
};

struct WritersOptions {
  std::string table = {};
  std::string partition_key = {};
  bool only_if_absent = false;
  unsigned writers = 1;
  // A change that the table refuses, and why. Called by several threads.
  std::function<void(const PendingChange& change, const Error& reason)> on_refused = {};
};

// Threads that write changes in batches. Changes of one key go to one thread, which keeps their
// order. To be used by one thread.
class Writers {
 public:
  Writers(Database& database, WritersOptions options);
  // Without drain() before it, what was not begun is not written.
  ~Writers();
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  // Waits while there is enough to do. False: a writer has failed, and nothing is written any more.
  bool add(PendingChange change);

  // Waits until all that was added is done with. The error that a writer met.
  Result<void> drain();

  // What was done until now.
  WriterCounts counts() const;

 private:
  struct Batch {
    std::vector<PendingChange> changes = {};
    std::size_t bytes = 0;
  };

  // One thread, and what it has to do.
  struct Lane {
    Batch filling = {};  // of the thread that adds

    std::deque<Batch> waiting = {};  // guarded by the mutex
    bool busy = false;               // likewise
    std::jthread thread = {};
  };

  void push(Lane& lane);
  void work(Lane& lane);
  Result<void> write(Batch& batch);
  Result<void> write_together(std::vector<PendingChange>& changes);
  Result<void> write_alone(const PendingChange& change);
  void count(const WriterCounts& done);

  Database& database_;
  const WritersOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WriterCounts counts_ = {};
  std::optional<Error> failure_ = {};
  bool closing_ = false;

  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace dynakeep::transfer
