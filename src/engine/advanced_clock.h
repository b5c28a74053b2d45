#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "dynakeep/clock.h"

namespace dynakeep::engine {

// Another clock, ahead by as much as it was advanced. Thread-safe.
class AdvancedClock final : public Clock {
 public:
  explicit AdvancedClock(const Clock& clock) : clock_(clock) {}

  Time now() const override { return clock_.now() + ahead(); }

  std::chrono::microseconds ahead() const {
    return std::chrono::microseconds(ahead_us_.load(std::memory_order_relaxed));
  }
  void advance(std::chrono::microseconds by) {
    ahead_us_.fetch_add(by.count(), std::memory_order_relaxed);
  }

 private:
  const Clock& clock_;
  std::atomic<std::int64_t> ahead_us_ = 0;
};

}  // namespace dynakeep::engine
