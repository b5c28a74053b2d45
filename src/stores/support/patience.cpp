#include "stores/support/patience.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <thread>
#include <utility>

#include "stores/support/chance.h"

namespace dynakeep::stores {

Patience::Patience(const Limits& limits, std::function<void(std::chrono::milliseconds)> wait,
                   std::function<std::uint64_t()> random)
    : limits_(limits), wait_(std::move(wait)), random_(std::move(random)) {
  if (!wait_) wait_ = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  if (!random_) random_ = system_random;
}

bool Patience::allows_after(unsigned attempt) const {
  if (attempt >= limits_.attempts_max) return false;
  const auto bound =
      std::min(limits_.last_bound, limits_.first_bound * (1 << std::min(attempt - 1, 10u)));
  wait_(std::chrono::milliseconds(random_() % (static_cast<std::uint64_t>(bound.count()) + 1)));
  return true;
}

std::string Patience::token() const {
  const std::uint64_t high = random_();
  const std::uint64_t low = random_();
  // RFC 9562, version 4.
  std::array<char, 37> text{};
  std::snprintf(text.data(), text.size(),
                "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
                (high >> 16) & 0xFFFF, high & 0xFFF, 0x8000 | ((low >> 48) & 0x3FFF),
                low & 0xFFFFFFFFFFFF);
  return text.data();
}

}  // namespace dynakeep::stores
