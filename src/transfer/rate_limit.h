#pragma once

#include <mutex>
#include <stop_token>

#include "base/pacing.h"

namespace dynakeep::transfer {

// Keeps a number of things a second from being more, over the whole time since the first of them.
// Thread-safe.
class RateLimit {
 public:
  RateLimit(double per_second, base::Pacing& pacing);

  // Takes that many, and waits until it is time for the next; or until somebody stops it.
  void take(double count, const std::stop_token& stop);

 private:
  const double per_second_;
  base::Pacing& pacing_;

  std::mutex mutex_;
  base::Pacing::Moment due_;  // when all that was taken is through
};

}  // namespace dynakeep::transfer
