#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace dynakeep::collections {

// Lets one writer of a resource pass at a time, so that only writers of other processes can get in
// its way. Thread-safe.
class KeyQueues {
 public:
  // Holds its keys until it ends.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    bool is_mine() const { return queues_ != nullptr; }

   private:
    friend class KeyQueues;
    Turn(KeyQueues* queues, std::vector<std::string> keys);

    KeyQueues* queues_ = nullptr;
    std::vector<std::string> keys_ = {};
  };

  // Waits until nobody holds any of the keys, at most until `deadline`.
  Turn wait_for(std::vector<std::string> keys, std::chrono::system_clock::time_point deadline);

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<std::string> held_;  // under mutex_
};

}  // namespace dynakeep::collections
