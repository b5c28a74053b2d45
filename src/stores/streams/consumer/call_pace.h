#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace dynakeep::streams {

// When DescribeStream may be called next by those who share this. Thread-safe.
class ListingBudget {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  Moment due() const {
    const std::lock_guard lock(mutex_);
    return due_;
  }
  void take(std::chrono::milliseconds span, Moment now) {
    const std::lock_guard lock(mutex_);
    due_ = std::max(due_, now) + span;
  }

 private:
  mutable std::mutex mutex_;
  Moment due_ = {};
};

// How fast a stream is called: within a bound for each shard and one for DescribeStream, and slower
// after the server said that it is too much: half as fast for five seconds, then a little faster
// each second. For one lock.
class CallPace {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // `per_second`: of GetRecords for a shard, and of DescribeStream by all who share the budget; 0:
  // no bound.
  CallPace(unsigned per_second, std::shared_ptr<ListingBudget> listings)
      : listings_(std::move(listings)),
        gap_(per_second == 0 ? Span(0) : Span(std::chrono::seconds(1)) / per_second) {}

  void throttled(Moment now) {
    share_ = std::max(share(now) / 2, share_min);
    held_until_ = now + std::chrono::seconds(5);
  }
  // The part of its full rate that is kept to.
  double share(Moment now) const {
    if (now <= held_until_) return share_;
    const std::chrono::duration<double> since = now - held_until_;
    return std::min(1.0, share_ + recovery_each_second * since.count());
  }

  // When a shard may be read again that was at `last`.
  Moment next_read(Moment last, Moment now) const {
    const double part = share(now);
    if (gap_ == Span(0) && part == 1.0) return last;
    const Span least = std::max(gap_, part < 1.0 ? unbound_gap : Span(0));
    return last + std::chrono::duration_cast<Moment::duration>(
                      std::chrono::duration<double>(least) / part);
  }

  // When DescribeStream may be called: a second's calls may come at once.
  Moment next_listing() const {
    return gap_ == Span(0) ? Moment() : listings_->due() - std::chrono::seconds(1);
  }
  void listed(std::size_t calls, Moment now) {
    if (gap_ != Span(0)) listings_->take(gap_ * static_cast<int>(calls), now);
  }

 private:
  using Span = std::chrono::milliseconds;
  static constexpr double share_min = 1.0 / 16;
  static constexpr double recovery_each_second = 0.1;
  static constexpr Span unbound_gap{10};

  std::shared_ptr<ListingBudget> listings_;
  Span gap_;
  double share_ = 1;
  Moment held_until_ = {};
};

}  // namespace dynakeep::streams
