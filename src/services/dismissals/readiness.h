#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"

namespace dynakeep::services::dismissals {

// Whether the storage answers, asked at most once in 5 s, by one at a time: others get what the
// last one found. Thread-safe.
class Readiness {
 public:
  // Clock and function must outlive it, and what the function needs.
  Readiness(std::function<Result<void>()> ask, const Clock& clock)
      : ask_(std::move(ask)), clock_(clock) {}

  bool is_ready();

 private:
  const std::function<Result<void>()> ask_;
  const Clock& clock_;

  std::mutex mutex_;
  std::optional<Time> asked_at_ = {};
  bool is_asking_ = false;
  bool was_ready_ = false;
};

}  // namespace dynakeep::services::dismissals
