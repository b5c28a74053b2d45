#include "remote/credentials/kept_credentials.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"

namespace dynakeep::remote {

namespace {

using namespace std::chrono_literals;

constexpr auto refresh_before_max = 15min;
constexpr auto wait_before_max = 10min;
constexpr auto retry_pause = std::chrono::seconds(1);
constexpr auto retry_pause_max = std::chrono::seconds(60);
constexpr auto refusal_pause = std::chrono::seconds(5);

}  // namespace

bool KeptCredentials::is_good(Time now) const {
  return kept_ && (!kept_->expires_at || now < *kept_->expires_at);
}

Result<Credentials> KeptCredentials::credentials() {
  std::unique_lock lock(mutex_);
  const auto fetches_before = fetches_;
  while (true) {
    const Time now = clock_.now();
    const bool good = is_good(now);
    if (good && (!refresh_at_ || now < *refresh_at_)) return *kept_;
    if (is_fetching_) {
      if (good && now < *wait_at_) return *kept_;
      fetched_.wait(lock, [this] { return !is_fetching_; });
      continue;
    }
    // Whoever waited for a fetch, or came right after one that failed, shares its outcome. A clock
    // that was set back does not make it late for longer.
    const bool right_after = now < retry_at_ && retry_at_ <= now + retry_pause_max;
    const bool too_early = error_ && (fetches_ != fetches_before || right_after);
    if (too_early && good) return *kept_;
    if (too_early) return *error_;
    break;
  }

  is_fetching_ = true;
  lock.unlock();
  auto outcome = fetch_();
  lock.lock();
  is_fetching_ = false;
  ++fetches_;
  const Time now = clock_.now();
  keep(std::move(outcome), now);
  fetched_.notify_all();
  if (error_ && !is_good(now)) return *error_;
  return *kept_;
}

void KeptCredentials::refused(const Credentials& credentials) {
  const std::lock_guard lock(mutex_);
  const Time now = clock_.now();
  const bool are_ours = kept_ && kept_->access_key_id == credentials.access_key_id &&
                        kept_->session_token == credentials.session_token;
  if (!are_ours || now < kept_since_ + refusal_pause || now < retry_at_) return;
  refresh_at_ = now;
  wait_at_ = now;
}

void KeptCredentials::keep(Result<Finding> outcome, Time now) {
  if (outcome && !outcome->credentials) {
    outcome = Error(ErrorCode::access_denied, "No credentials found: " + outcome->words);
  }
  if (outcome && outcome->credentials->expires_at && *outcome->credentials->expires_at <= now) {
    outcome = Error(ErrorCode::access_denied,
                    "The credentials of " + outcome->words + " expired while they were fetched");
  }
  if (!outcome) {
    error_ = outcome.error();
    const auto pause = retry_pause * (1U << std::min(failures_, 6U));
    retry_at_ = now + std::min<std::chrono::seconds>(pause, retry_pause_max);
    ++failures_;
    if (!is_good(now)) {
      retry_at_ = now + retry_pause;
      return;
    }
    base::log(LogLevel::warning, "credentials not refreshed",
              {{"error", error_->message()},
               {"good_until", kept_->expires_at ? to_timestamp(*kept_->expires_at) : "refused"}});
    return;
  }

  error_.reset();
  failures_ = 0;
  retry_at_ = now;
  kept_ = std::move(*outcome->credentials);
  kept_since_ = now;
  refresh_at_.reset();
  wait_at_.reset();
  if (kept_->expires_at) {
    const auto lifetime = *kept_->expires_at - now;
    refresh_at_ =
        *kept_->expires_at - std::min<std::chrono::microseconds>(lifetime / 4, refresh_before_max);
    wait_at_ =
        *kept_->expires_at - std::min<std::chrono::microseconds>(lifetime / 6, wait_before_max);
  }
  base::log(LogLevel::info, "credentials fetched",
            {{"source", outcome->words},
             {"access_key_id", kept_->access_key_id},
             {"expire_at", kept_->expires_at ? to_timestamp(*kept_->expires_at) : "never"}});
}

}  // namespace dynakeep::remote
