#include <algorithm>
#include <thread>

#include "dynakeep/stores/event_command.h"
#include "stores/support/chance.h"

namespace dynakeep {
namespace {

bool is_conflict(const Error& error, const CommandRetries& retries) {
  return error.code() == ErrorCode::event_already_exists ||
         (error.code() == ErrorCode::transaction_conflict && retries.after_transaction_conflicts);
}

void hold_back(const CommandRetries& retries, unsigned attempt) {
  // Doubled at most so often that it cannot overflow; by then it is at its longest.
  const auto bound =
      std::min(retries.backoff->first * (std::int64_t{1} << std::min(attempt - 1, 20U)),
               retries.backoff->longest);
  if (bound.count() <= 0) return;
  const std::uint64_t chance = retries.random ? retries.random() : stores::system_random();
  const std::chrono::milliseconds time(
      static_cast<std::int64_t>(chance % (static_cast<std::uint64_t>(bound.count()) + 1)));
  if (retries.wait) {
    retries.wait(time);
  } else {
    std::this_thread::sleep_for(time);
  }
}

}  // namespace

Result<void> retry_conflicts(const CommandRetries& retries,
                             const std::function<Result<void>()>& attempt) {
  ConflictAttempt now{.attempt_number = 1, .retries_left = retries.retries};
  for (;; ++now.attempt_number, --now.retries_left) {
    auto done = attempt();
    if (done || !is_conflict(done.error(), retries)) return done;
    if (retries.on_conflict) TRY(retries.on_conflict(done.error(), now));
    if (now.retries_left == 0) return done;
    if (retries.backoff) hold_back(retries, now.attempt_number);
  }
}

}  // namespace dynakeep
