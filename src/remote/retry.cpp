#include "remote/retry.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace dynakeep::remote {

namespace {

using namespace std::chrono_literals;

constexpr auto wait_max = 20s;
constexpr auto retry_after_slack = 5s;

constexpr int retry_cost = 5;
constexpr int timeout_cost = 10;
constexpr int first_success_brings = 1;

// What the exceptions of AWS's services mean, whatever status they come with. None of them comes
// after something was done.
struct Meaning {
  std::string_view exception;
  Trouble trouble;
};
constexpr auto meanings = std::to_array<Meaning>({
    {"ProvisionedThroughputExceededException", Trouble::throttled},
    {"ThrottlingException", Trouble::throttled},
    {"RequestLimitExceeded", Trouble::throttled},
    {"LimitExceededException", Trouble::throttled},
    {"TransactionInProgressException", Trouble::throttled},
    {"Throttling", Trouble::throttled},
    {"ThrottledException", Trouble::throttled},
    {"RequestThrottled", Trouble::throttled},
    {"RequestThrottledException", Trouble::throttled},
    {"TooManyRequestsException", Trouble::throttled},
    {"BandwidthLimitExceeded", Trouble::throttled},
    {"PriorRequestNotComplete", Trouble::throttled},
    {"SlowDown", Trouble::throttled},
    {"ServiceUnavailable", Trouble::transient},
    {"ServiceUnavailableException", Trouble::transient},
    {"RequestTimeout", Trouble::transient},
    {"RequestTimeoutException", Trouble::transient},
    {"ReplicatedWriteConflictException", Trouble::transient},
    {"InvalidSignatureException", Trouble::clock},
    {"SignatureDoesNotMatch", Trouble::clock},
    {"AuthFailure", Trouble::clock},
    {"RequestTimeTooSkewed", Trouble::clock},
    {"RequestExpired", Trouble::clock},
    {"RequestInTheFuture", Trouble::clock},
    {"ExpiredTokenException", Trouble::credentials},
    {"ExpiredToken", Trouble::credentials},
    {"UnrecognizedClientException", Trouble::credentials},
});

}  // namespace

Failure failure_of(int status, std::string_view exception) {
  const auto* const found =
      std::find_if(meanings.begin(), meanings.end(),
                   [&](const Meaning& meaning) { return meaning.exception == exception; });
  if (found != meanings.end()) return {.trouble = found->trouble};
  switch (status) {
    case 408:  // the request did not arrive in time
      return {.trouble = Trouble::transient};
    case 429:
      return {.trouble = Trouble::throttled};
    case 500:
    case 502:
    case 503:
    case 504:
      return {.trouble = Trouble::transient, .answer_lost = true};
    default:
      return {.answer_lost = status >= 500};
  }
}

Failure failure_of(const Error& error) {
  return {.trouble = error.code() == ErrorCode::timed_out ? Trouble::timed_out : Trouble::transient,
          .answer_lost = error.outcome_unknown()};
}

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

transport::Deadline Attempts::deadline() const {
  return std::min(began_ + options_.total_timeout, attempt_began_ + options_.attempt_timeout);
}

std::chrono::milliseconds Attempts::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(pacing_.now() - began_);
}

bool Attempts::again(Trouble trouble, std::optional<std::chrono::milliseconds> retry_after) {
  if (trouble == Trouble::lasting || made_ >= options_.attempts_max) return false;

  transport::Deadline next = pacing_.now();
  if (trouble != Trouble::clock && trouble != Trouble::credentials) {
    // In floating point, which so many doublings do not overflow.
    using Milliseconds = std::chrono::duration<double, std::milli>;
    const auto doublings = static_cast<int>(std::min(made_ - 1, 62U));
    const Milliseconds ceiling = std::min<Milliseconds>(
        Milliseconds(options_.base_delay) * std::ldexp(1.0, doublings), wait_max);
    auto wait =
        std::chrono::duration_cast<transport::Deadline::duration>(ceiling * pacing_.random());
    if (retry_after) {
      wait =
          std::clamp<transport::Deadline::duration>(*retry_after, wait, wait + retry_after_slack);
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

}  // namespace dynakeep::remote
