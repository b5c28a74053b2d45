#include "services/dismissals/readiness.h"

#include "base/log.h"

namespace dynakeep::services::dismissals {

bool Readiness::is_ready() {
  constexpr std::chrono::seconds counts_for{5};
  if (!ask_) return true;
  const Time now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    const bool is_recent = asked_at_ && now >= *asked_at_ && now - *asked_at_ < counts_for;
    // Who comes before anything is known asks for himself.
    if (is_recent || (is_asking_ && asked_at_)) return was_ready_;
    is_asking_ = true;
  }
  const auto ready = ask_();
  if (!ready) {
    base::log(LogLevel::warning, "dismissals are not ready", {{"why", ready.error().message()}});
  }
  const std::lock_guard lock(mutex_);
  is_asking_ = false;
  asked_at_ = now;
  was_ready_ = ready.has_value();
  return was_ready_;
}

}  // namespace dynakeep::services::dismissals
