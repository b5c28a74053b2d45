#pragma once

#include <mutex>
#include <optional>
#include <stop_token>

#include "base/pacing.h"

namespace dynakeep::copying {

// How many writes a second a database is sent: as many as there are, until it refuses some for
// being too many. Then it is less than what it took, and each second without a refusal a little
// more again. Never more than `most`. Thread-safe.
class AdaptiveRate {
 public:
  AdaptiveRate(std::optional<double> most, base::Pacing& pacing);

  // Takes that many, and waits until it is time for the next; or until somebody stops it.
  void take(double count, const std::stop_token& stop);
  // Of what was taken, so many were refused.
  void refuse(double count);

  // What it is now. None: all that comes.
  std::optional<double> per_second() const;

 private:
  using Moment = base::Pacing::Moment;

  void look(Moment now);

  const std::optional<double> most_;
  base::Pacing& pacing_;

  mutable std::mutex mutex_;
  std::optional<double> limit_;
  Moment due_;           // when all that was taken is through
  Moment window_begun_;  // of a quarter of a second, by which it is measured and changed
  double sent_ = 0;      // in it
  double refused_ = 0;   // of what was sent in it, or shortly before
  unsigned calm_ = 0;    // windows since there was a refusal
};

}  // namespace dynakeep::copying
