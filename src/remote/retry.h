#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/pacing.h"
#include "dynakeep/error.h"
#include "transport/transport.h"

// Retries by AWS's standard mode ("Retry behavior", AWS SDKs and Tools Reference Guide): which
// failures are worth another attempt, how long to wait before it, and when to stop because the
// service has more than enough to do. Whether a write may be done twice is another question:
// repeats.h.
namespace dynakeep::remote {

// ---- what a failed attempt means ----

enum class Trouble : std::uint8_t {
  lasting,      // the same request would fail again
  transient,    // the service or the network stumbled
  timed_out,    // no answer in time
  throttled,    // refused because there were too many
  clock,        // refused because of the signature, which may be the fault of our clock
  credentials,  // refused because of the credentials, which may have expired
};

struct Failure {
  Trouble trouble = Trouble::lasting;
  // The request may have been carried out: its answer was lost, or is a fault of the service that
  // does not say. Not after a refusal, such as throttling, which comes before anything is done.
  bool answer_lost = false;

  friend bool operator==(const Failure&, const Failure&) = default;
};

// Of an answer with a status other than 200. `exception` is the name in it; empty if it has none,
// as from a proxy. A status of 500 or above is taken for a lost answer unless the exception's name
// says that nothing was done: a proxy may answer 502, 503 or 504 for a request that went through.
Failure failure_of(int status, std::string_view exception);

// Of a request that got no answer; `error` is the transport's.
Failure failure_of(const Error& error);

// ---- how often, and when ----

// Tokens that all calls of one client share: retries take some, successes bring some back. While a
// service fails most calls, few retries are made on top of them. Thread-safe.
class RetryBudget {
 public:
  static constexpr int tokens_max = 500;

  bool take(int tokens);  // false, and none taken, if there are fewer
  void give_back(int tokens);
  int tokens() const { return tokens_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> tokens_ = tokens_max;
};

struct RetryOptions {
  unsigned attempts_max = 3;  // the first included
  std::chrono::milliseconds total_timeout{30'000};
  std::chrono::milliseconds attempt_timeout{10'000};
  std::chrono::milliseconds base_delay{50};  // as in DynamoDB's guide, "Error retries"
};

// The attempts of one call, counted from when this is made. Not thread-safe; what it is given must
// outlive it.
class Attempts {
 public:
  Attempts(const RetryOptions& options, RetryBudget& budget, base::Pacing& pacing);

  // When the attempt under way must have its answer.
  transport::Deadline deadline() const;
  // How long ago the call began.
  std::chrono::milliseconds elapsed() const;

  // After an attempt that failed: waits as long as is due and returns true if there shall be
  // another, which has then begun. False at once if the failure is a lasting one, or attempts,
  // tokens or time have run out.
  //
  // Waits a random part of base_delay, doubled with each attempt, up to 20 s; and as long as the
  // service asks for in `retry_after` (x-amz-retry-after), within the 5 s that follow. After a
  // failure of clock or credentials, which the caller has put right, not at all.
  bool again(Trouble trouble, std::optional<std::chrono::milliseconds> retry_after = std::nullopt);

  // The attempt under way has its answer.
  void succeeded();

 private:
  const RetryOptions& options_;
  RetryBudget& budget_;
  base::Pacing& pacing_;
  const transport::Deadline began_;
  transport::Deadline attempt_began_;
  unsigned made_ = 1;
  int last_cost_ = 0;
};

}  // namespace dynakeep::remote
