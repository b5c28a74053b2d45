#include "copy/endurance.h"

#include <algorithm>

namespace dynakeep::copying {

namespace {

using namespace std::chrono_literals;

constexpr auto pause_min = 50ms;
constexpr auto pause_max = 5000ms;
constexpr unsigned doublings_max = 10;
constexpr auto look_every = 100ms;

}  // namespace

bool wait_until(base::Pacing& pacing, base::Pacing::Moment moment, const std::stop_token& stop) {
  for (auto now = pacing.now(); now < moment; now = pacing.now()) {
    if (stop.stop_requested()) return false;
    pacing.wait_until(std::min<base::Pacing::Moment>(moment, now + look_every));
  }
  return !stop.stop_requested();
}

bool may_pass(const Error& error) {
  // An item that is too much for its collection stays so.
  return error.is_retryable() && error.code() != ErrorCode::item_collection_size_limit_exceeded &&
         error.code() != ErrorCode::unrecognized_client;
}

bool Endurance::Attempt::again(const Error& error, const std::stop_token& stop) {
  if (!may_pass(error)) return false;
  const auto now = endurance_.pacing_.now();
  if (!since_) since_ = now;
  if (now - *since_ >= endurance_.patience_) return false;
  if (endurance_.on_trouble_) endurance_.on_trouble_(error);
  const auto bound = std::min<std::chrono::duration<double, std::milli>>(
      pause_max, pause_min * (1 << std::min(failures_++, doublings_max)));
  const auto pause = bound * (0.5 + endurance_.pacing_.random() / 2);
  return wait_until(endurance_.pacing_,
                    now + std::chrono::duration_cast<std::chrono::nanoseconds>(pause), stop);
}

}  // namespace dynakeep::copying
