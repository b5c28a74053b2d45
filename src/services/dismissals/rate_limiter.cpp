#include "services/dismissals/rate_limiter.h"

#include <algorithm>
#include <array>
#include <string>

#include <openssl/sha.h>

namespace dynakeep::services::dismissals {

namespace {

// What a client sends may be long, and there are many of it.
constexpr std::size_t key_bytes_max = 128;

std::string bounded(std::string_view key) {
  if (key.size() <= key_bytes_max) return std::string(key);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::optional<std::chrono::milliseconds> RateLimiter::charge(std::string_view key) {
  const std::string name = bounded(key);
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  Bucket* bucket = buckets_.find(name);
  // A clock that was set back would leave it shut for that much longer.
  const auto longest = std::max(limits_.duration, limits_.block_duration);
  if (bucket == nullptr || now >= bucket->ends_at || bucket->ends_at - now > longest) {
    buckets_.put(name, {.ends_at = now + limits_.duration, .requests = 1});
    return std::nullopt;
  }
  if (bucket->requests <= limits_.points && ++bucket->requests > limits_.points &&
      limits_.block_duration.count() > 0) {
    bucket->ends_at = now + limits_.block_duration;
  }
  if (bucket->requests <= limits_.points) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(bucket->ends_at - now);
}

}  // namespace dynakeep::services::dismissals
