#include "transport/attempts.h"

#include <algorithm>
#include <cmath>

namespace dynakeep::transport {

namespace {

using namespace std::chrono_literals;

constexpr auto wait_max = 20s;

constexpr int retry_cost = 5;
constexpr int timeout_cost = 10;
constexpr int first_success_brings = 1;

}  // namespace

bool RetryBudget::take(int tokens) {
  int held = tokens_.load(std::memory_order_relaxed);
  do {
    if (held < tokens) return false;
  } while (!tokens_.compare_exchange_weak(held, held - tokens, std::memory_order_relaxed));
  return true;
}

void RetryBudget::give_back(int tokens) {
  int held = tokens_.load(std::memory_order_relaxed);
  // Full is the rule: then this is a read, and threads do not fight for the line.
  while (held < tokens_max &&
         !tokens_.compare_exchange_weak(held, std::min(held + tokens, tokens_max),
                                        std::memory_order_relaxed)) {
  }
}

Attempts::Attempts(const RetryOptions& options, RetryBudget& budget, base::Pacing& pacing)
    : options_(options),
      budget_(budget),
      pacing_(pacing),
      began_(pacing.now()),
      attempt_began_(began_) {}

Deadline Attempts::deadline() const {
  return std::min(began_ + options_.total_timeout, attempt_began_ + options_.attempt_timeout);
}

std::chrono::milliseconds Attempts::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(pacing_.now() - began_);
}

bool Attempts::again(Trouble trouble, std::optional<std::chrono::milliseconds> retry_after) {
  if (trouble == Trouble::lasting || made_ >= options_.attempts_max) return false;

  Deadline next = pacing_.now();
  if (trouble != Trouble::clock && trouble != Trouble::credentials) {
    // In floating point, which so many doublings do not overflow.
    using Milliseconds = std::chrono::duration<double, std::milli>;
    const auto doublings = static_cast<int>(std::min(made_ - 1, 62U));
    const Milliseconds ceiling = std::min<Milliseconds>(
        Milliseconds(options_.base_delay) * std::ldexp(1.0, doublings), wait_max);
    auto wait = std::chrono::duration_cast<Deadline::duration>(ceiling * pacing_.random());
    if (retry_after) {
      wait = std::clamp<Deadline::duration>(*retry_after, wait, wait + options_.asked_wait_max);
    }
    next += wait;
  }
  if (next >= began_ + options_.total_timeout) return false;
  const int cost = trouble == Trouble::timed_out ? timeout_cost : retry_cost;
  if (!budget_.take(cost)) return false;

  last_cost_ = cost;
  ++made_;
  if (next > pacing_.now()) pacing_.wait_until(next);
  attempt_began_ = pacing_.now();
  return true;
}

void Attempts::succeeded() {
  budget_.give_back(last_cost_ == 0 ? first_success_brings : last_cost_);
}

}  // namespace dynakeep::transport
