#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace dynakeep::streams {

// The longest wait after calls that fail, of the server or the checkpoints.
inline constexpr std::chrono::milliseconds call_backoff_max{20'000};

// How long to wait after so many failures in a row (from 1): a random time below a bound that
// doubles from 100 ms.
inline std::chrono::milliseconds backoff(unsigned failures, std::chrono::milliseconds bound_max,
                                         std::uint64_t random) {
  constexpr unsigned doublings_max = 20;
  const std::chrono::milliseconds bound = std::min(
      bound_max, std::chrono::milliseconds(100) * (1 << std::min(failures - 1, doublings_max)));
  return std::chrono::milliseconds(
      1 + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(bound.count())));
}

}  // namespace dynakeep::streams
