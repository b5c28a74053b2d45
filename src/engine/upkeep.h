#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "dynakeep/result.h"

// What the tables need done in the background: new indexes filled (backfill.h), and the data of
// dropped tables and indexes erased. Both survive a restart: the catalog on disk says what there is
// left to do.
namespace dynakeep::engine {

struct Engine;

// Does all there is to do now, until `stop` is asked for. An error leaves the rest for the next
// time.
Result<void> keep_up(const Engine& engine, const std::stop_token& stop);

// A thread that keeps up: at once when made, and whenever it is woken. Stops when destroyed, in the
// middle of a long job if need be. `engine` must outlive it.
class Upkeep {
 public:
  explicit Upkeep(const Engine& engine);
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;
  ~Upkeep();

  // There is something to do. Thread-safe, does not wait.
  void wake();

  // Blocks until there is nothing left to do: for tests, and for whoever closes with care.
  void wait_until_idle();

 private:
  void run(const std::stop_token& stop);

  const Engine& engine_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = true;  // under mutex_
  bool idle_ = false;  // under mutex_
  std::jthread thread_;
};

}  // namespace dynakeep::engine
