#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace dynakeep::engine {

struct Engine;

// What becomes due with time: items that have expired are removed, shards of streams rolled, old
// records trimmed. A thread of its own, so that it waits for no long job of Upkeep. Works in small
// steps, so that who serves hardly notices; what fails is logged and tried again.
class Housekeeping {
 public:
  // `engine` must outlive it. An expiry_interval of 0 removes nothing.
  Housekeeping(const Engine& engine, std::chrono::milliseconds expiry_interval);
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;
  ~Housekeeping();

 private:
  void run(const std::stop_token& stop);
  // How long until it is due again.
  std::chrono::milliseconds sweep(const std::stop_token& stop);
  std::chrono::milliseconds look_after_streams();

  const Engine& engine_;
  const std::chrono::milliseconds expiry_interval_;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;
};

}  // namespace dynakeep::engine
