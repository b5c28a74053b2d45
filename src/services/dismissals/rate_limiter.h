#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "dynakeep/clock.h"
#include "services/recently_used.h"

namespace dynakeep::services::dismissals {

struct RateLimits {
  std::uint32_t points = 1000;              // requests in a window
  std::chrono::seconds duration{1};         // of a window, from its first request
  std::chrono::seconds block_duration{60};  // once there were more; 0: to the window's end
  // Those charged last. Whoever fills them with keys of his own is still in them with his address.
  std::size_t buckets_max = 100'000;
};

// How often someone comes, by a key that says who it is. In memory, of this process. Thread-safe.
class RateLimiter {
 public:
  RateLimiter(const RateLimits& limits, const Clock& clock)
      : limits_(limits), clock_(clock), buckets_(limits.buckets_max) {}

  // Charges the key's bucket with one request. Nothing: it may pass; else how long it may not.
  // Requests that are refused do not make it longer.
  std::optional<std::chrono::milliseconds> charge(std::string_view key);

 private:
  struct Bucket {
    Time ends_at = {};  // the window, or the block
    std::uint32_t requests = 0;
  };

  const RateLimits limits_;
  const Clock& clock_;

  std::mutex mutex_;
  RecentlyUsed<Bucket> buckets_;
};

}  // namespace dynakeep::services::dismissals
