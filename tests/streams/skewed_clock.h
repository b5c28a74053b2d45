#pragma once

#include <chrono>

#include "dynakeep/clock.h"

namespace dynakeep::streams {

// The clock of a machine that is off by so much.
class SkewedClock final : public Clock {
 public:
  SkewedClock(const Clock& clock, std::chrono::seconds skew) : clock_(clock), skew_(skew) {}
  Time now() const override { return clock_.now() + skew_; }

 private:
  const Clock& clock_;
  const std::chrono::seconds skew_;
};

}  // namespace dynakeep::streams
