#include "transfer/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace dynakeep::transfer {

namespace {

constexpr std::chrono::milliseconds look_every(100);

}  // namespace

RateLimit::RateLimit(double per_second, base::Pacing& pacing)
    : per_second_(per_second), pacing_(pacing), due_(pacing.now()) {}

void RateLimit::take(double count, const std::stop_token& stop) {
  base::Pacing::Moment due;
  {
    const std::scoped_lock lock(mutex_);
    // What was not used is lost: after a pause there is no rush.
    due_ =
        std::max(due_, pacing_.now()) + std::chrono::duration_cast<base::Pacing::Moment::duration>(
                                            std::chrono::duration<double>(count / per_second_));
    due = due_;
  }
  for (auto now = pacing_.now(); now < due && !stop.stop_requested(); now = pacing_.now()) {
    pacing_.wait_until(std::min<base::Pacing::Moment>(due, now + look_every));
  }
}

}  // namespace dynakeep::transfer
