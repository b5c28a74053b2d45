#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/pacing.h"
#include "dynakeep/error.h"

namespace dynakeep::copying {

// False: somebody stopped it before.
bool wait_until(base::Pacing& pacing, base::Pacing::Moment moment, const std::stop_token& stop);

// Whether the same call may do better later.
bool may_pass(const Error& error);

// Repeats calls that fail for now, with growing pauses of random length, until one of them has
// failed for `patience`. Thread-safe.
class Endurance {
 public:
  using Moment = base::Pacing::Moment;

  Endurance(base::Pacing& pacing, std::chrono::milliseconds patience,
            std::function<void(const Error&)> on_trouble = {})
      : pacing_(pacing), patience_(patience), on_trouble_(std::move(on_trouble)) {}

  // One call, and how it has fared.
  class Attempt {
   public:
    explicit Attempt(const Endurance& endurance) : endurance_(endurance) {}

    // Waits after a failure. False: it is not to be tried again.
    bool again(const Error& error, const std::stop_token& stop);
    // It has got somewhere: what comes is the first failure again.
    void succeeded() {
      failures_ = 0;
      since_.reset();
    }

   private:
    const Endurance& endurance_;
    unsigned failures_ = 0;
    std::optional<Moment> since_;
  };

  // `call` gives a Result. The last one.
  template <typename Call>
  auto keep_trying(const std::stop_token& stop, const Call& call) const {
    Attempt attempt(*this);
    while (true) {
      auto result = call();
      if (result || !attempt.again(result.error(), stop)) return result;
    }
  }

 private:
  base::Pacing& pacing_;
  const std::chrono::milliseconds patience_;
  const std::function<void(const Error&)> on_trouble_;
};

}  // namespace dynakeep::copying
