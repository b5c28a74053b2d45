#pragma once

#include <chrono>
#include <vector>

#include "base/pacing.h"

namespace dynakeep::base {

// For tests: time that passes only when someone waits, and chance that is
// always the same. Not thread-safe.
class ManualPacing final : public Pacing {
 public:
  explicit ManualPacing(double chance = 0.5) : chance_(chance) {}

  Moment now() override { return now_; }
  double random() override { return chance_; }
  void wait_until(Moment moment) override {
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(moment - now_));
    now_ = moment;
  }
  void advance(std::chrono::milliseconds by) { now_ += by; }

  std::vector<std::chrono::milliseconds> waits = {};

 private:
  double chance_;
  Moment now_ = Moment(std::chrono::hours(1));
};

}  // namespace dynakeep::base
