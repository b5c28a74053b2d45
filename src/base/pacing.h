#pragma once

#include <chrono>

namespace dynakeep::base {

// Time and chance for those who try again: a clock that nobody sets, waiting on it, and a die.
// Tests bring one with which no time passes. Thread-safe.
class Pacing {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  virtual ~Pacing() = default;
  virtual Moment now() = 0;
  virtual double random() = 0;  // at least 0, less than 1
  virtual void wait_until(Moment moment) = 0;
};

// The machine's clock, sleep, and chance. Lives as long as the process.
Pacing& system_pacing();

}  // namespace dynakeep::base
