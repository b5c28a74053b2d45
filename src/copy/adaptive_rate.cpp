#include "copy/adaptive_rate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "copy/endurance.h"

namespace dynakeep::copying {

namespace {

using namespace std::chrono_literals;

constexpr auto window = 250ms;
constexpr double cut = 0.9;
constexpr double growth = 1.025;     // a window: a tenth each second
constexpr double fast_growth = 1.1;  // once nothing was refused for so many windows
constexpr unsigned calm_windows = 10;
constexpr double least = 25;  // a second: a batch
// Above what is sent by so much it bounds nothing, and growing on would only make it slow to cut.
constexpr double room = 2;

}  // namespace

AdaptiveRate::AdaptiveRate(std::optional<double> most, base::Pacing& pacing)
    : most_(most), pacing_(pacing), limit_(most), due_(pacing.now()), window_begun_(pacing.now()) {}

std::optional<double> AdaptiveRate::per_second() const {
  const std::scoped_lock lock(mutex_);
  return limit_;
}

// At the end of each window it is a little less than what was taken in it, or a little more than it
// was.
void AdaptiveRate::look(Moment now) {
  if (now - window_begun_ < window) return;
  const std::chrono::duration<double> passed = now - window_begun_;
  const double taken = std::max(sent_ - refused_, 0.0) / passed.count();
  if (refused_ > 0) {
    limit_ = std::max(least, cut * (limit_ ? std::min(*limit_, taken) : taken));
    if (most_) limit_ = std::min(*limit_, *most_);
    due_ = now;
    calm_ = 0;
  } else if (++calm_; limit_ && *limit_ < room * taken) {
    limit_ = *limit_ * (calm_ < calm_windows ? growth : fast_growth);
    if (most_) limit_ = std::min(*limit_, *most_);
  }
  sent_ = 0;
  refused_ = 0;
  window_begun_ = now;
}

void AdaptiveRate::take(double count, const std::stop_token& stop) {
  Moment due;
  {
    const std::scoped_lock lock(mutex_);
    const Moment now = pacing_.now();
    look(now);
    sent_ += count;
    if (!limit_) return;
    // What was not used is lost: after a pause there is no rush.
    due_ = std::max(due_, now) + std::chrono::duration_cast<Moment::duration>(
                                     std::chrono::duration<double>(count / *limit_));
    due = due_;
  }
  wait_until(pacing_, due, stop);
}

void AdaptiveRate::refuse(double count) {
  const std::scoped_lock lock(mutex_);
  look(pacing_.now());
  refused_ += count;
}

}  // namespace dynakeep::copying
