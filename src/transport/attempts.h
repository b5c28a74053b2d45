#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/pacing.h"
#include "transport/transport.h"

// Trying again by AWS's standard mode ("Retry behavior", AWS SDKs and Tools Reference Guide): how
// long to wait before another attempt, and when to stop because the service has more than enough to
// do. What is worth one, and whether a write may be done twice, its callers know.
namespace dynakeep::transport {

// What stood in the way of an attempt.
enum class Trouble : std::uint8_t {
  lasting,      // the same request would fail again
  transient,    // the service or the network stumbled
  timed_out,    // no answer in time
  throttled,    // refused because there were too many
  clock,        // refused because of the signature, which may be the fault of our clock
  credentials,  // refused because of the credentials, which may have expired
};

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
  // How much longer than without it a wait may be because the service asks for that.
  std::chrono::milliseconds asked_wait_max{5'000};
  std::chrono::milliseconds base_delay{50};  // as in DynamoDB's guide, "Error retries"
};

// The attempts of one call, counted from when this is made. Not thread-safe; what it is given must
// outlive it.
class Attempts {
 public:
  Attempts(const RetryOptions& options, RetryBudget& budget, base::Pacing& pacing);

  // When the attempt under way must have its answer.
  Deadline deadline() const;
  // How long ago the call began.
  std::chrono::milliseconds elapsed() const;

  // After an attempt that failed: waits as long as is due and returns true if there shall be
  // another, which has then begun. False at once if the failure is a lasting one, or attempts,
  // tokens or time have run out.
  //
  // Waits a random part of base_delay, doubled with each attempt, up to 20 s; and as long as the
  // service asks for in `retry_after`, up to asked_wait_max on top. After a
  // failure of clock or credentials, which the caller has put right, not at all.
  bool again(Trouble trouble, std::optional<std::chrono::milliseconds> retry_after = std::nullopt);

  // The attempt under way has its answer.
  void succeeded();

 private:
  const RetryOptions& options_;
  RetryBudget& budget_;
  base::Pacing& pacing_;
  const Deadline began_;
  Deadline attempt_began_;
  unsigned made_ = 1;
  int last_cost_ = 0;
};

}  // namespace dynakeep::transport
