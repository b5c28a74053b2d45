#include "remote/signing_credentials.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace dynakeep::remote {

namespace {

using namespace std::chrono_literals;

// From here on the provider is asked at each call, which is cheap where it matters: those that give
// credentials with an end keep them, and know when to fetch.
constexpr auto asked_before_end = 15min;

// They become header fields, and come from files and answers that may hold anything.
bool may_be_sent(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool same(const Credentials& a, const Credentials& b) {
  return a.access_key_id == b.access_key_id && a.secret_access_key == b.secret_access_key &&
         a.session_token == b.session_token;
}

}  // namespace

SigningCredentials::Shared SigningCredentials::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

bool SigningCredentials::is_fresh(const Shared& credentials) const {
  return credentials &&
         (!credentials->expires_at || clock_.now() < *credentials->expires_at - asked_before_end);
}

Result<SigningCredentials::Shared> SigningCredentials::fetch() {
  auto given = TRY(provider_->credentials());
  if (given.access_key_id.empty() || given.secret_access_key.empty() ||
      !may_be_sent(given.access_key_id) || !may_be_sent(given.session_token)) {
    return Error(ErrorCode::access_denied,
                 "the credentials are incomplete, or hold a character that cannot be sent");
  }
  auto next = std::make_shared<const Credentials>(std::move(given));
  const std::lock_guard lock(mutex_);
  kept_ = next;
  return next;
}

Result<SigningCredentials::Shared> SigningCredentials::get() {
  Shared held = kept();
  if (is_fresh(held)) return held;

  const bool still_good = held && clock_.now() < *held->expires_at;
  std::unique_lock fetching(fetching_, std::defer_lock);
  if (!still_good) {
    fetching.lock();
  } else if (!fetching.try_lock()) {
    return held;
  }
  // Whoever held the lock may have fetched what this thread waited for.
  Shared newer = kept();
  if (is_fresh(newer)) return newer;
  auto fetched = fetch();
  if (!fetched && still_good) return held;
  return fetched;
}

Result<bool> SigningCredentials::renew(const Shared& refused) {
  const std::lock_guard fetching(fetching_);
  if (kept() != refused) return true;
  provider_->refused(*refused);
  const auto fetched = TRY(fetch());
  return !same(*fetched, *refused);
}

}  // namespace dynakeep::remote
