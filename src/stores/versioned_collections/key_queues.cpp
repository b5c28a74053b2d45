#include "stores/versioned_collections/key_queues.h"

#include <algorithm>
#include <utility>

namespace dynakeep::collections {

KeyQueues::Turn::Turn(KeyQueues* queues, std::vector<std::string> keys)
    : queues_(queues), keys_(std::move(keys)) {}

KeyQueues::Turn::Turn(Turn&& other) noexcept
    : queues_(std::exchange(other.queues_, nullptr)), keys_(std::move(other.keys_)) {}

KeyQueues::Turn::~Turn() {
  if (queues_ == nullptr) return;
  {
    const std::lock_guard lock(queues_->mutex_);
    for (const std::string& key : keys_) queues_->held_.erase(key);
  }
  queues_->freed_.notify_all();
}

KeyQueues::Turn KeyQueues::wait_for(std::vector<std::string> keys,
                                    std::chrono::system_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  // All at once, never one after the other: two writers of several keys cannot wait for each other.
  const bool free = freed_.wait_until(lock, deadline, [&] {
    return std::none_of(keys.begin(), keys.end(),
                        [&](const std::string& key) { return held_.contains(key); });
  });
  if (!free) return {};
  held_.insert(keys.begin(), keys.end());
  return Turn(this, std::move(keys));
}

}  // namespace dynakeep::collections
