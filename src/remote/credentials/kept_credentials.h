#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "dynakeep/clock.h"
#include "dynakeep/credentials.h"
#include "dynakeep/result.h"
#include "remote/credentials/finding.h"

namespace dynakeep::remote {

// Credentials that are fetched when first asked for, and again before they expire. Thread-safe: one
// thread fetches, and those that cannot do without what it fetches wait for it and share the
// outcome.
//
// Of the time that credentials are good for when they come, the last quarter, but at most 15
// minutes, is for fetching the next: whoever asks first does so, and the others go on with what
// there is. In the last sixth, but at most 10 minutes, they wait for it. (AWS's clients: 15 and 10
// minutes, whatever the lifetime; credentials for a quarter of an hour would then be fetched at
// each call.) A fetch that fails changes nothing while credentials are good, and is tried again
// after 1, 2, 4, … 60 seconds, with a warning in the log. Without good ones its error is everyone's
// answer for a second. Credentials that do not expire are fetched once, or again when refused.
class KeptCredentials final : public CredentialsProvider {
 public:
  // Called by one thread at a time. Finding nothing is an error here: access_denied.
  using Fetch = std::function<Result<Finding>()>;

  KeptCredentials(Fetch fetch, const Clock& clock) : fetch_(std::move(fetch)), clock_(clock) {}

  Result<Credentials> credentials() override;
  // Fetches at the next call, unless these are not the ones it has, or came within the last
  // seconds: one that refuses everything would have it fetch for every call.
  void refused(const Credentials& credentials) override;

 private:
  bool is_good(Time now) const;
  void keep(Result<Finding> outcome, Time now);

  const Fetch fetch_;
  const Clock& clock_;

  std::mutex mutex_;  // guards all below
  std::condition_variable fetched_;
  bool is_fetching_ = false;
  unsigned long fetches_ = 0;  // that came to an end
  std::optional<Credentials> kept_;
  Time kept_since_{};
  std::optional<Time> refresh_at_;  // none: they do not expire
  std::optional<Time> wait_at_;
  std::optional<Error> error_;  // of the last fetch, if it failed
  unsigned failures_ = 0;       // in a row
  Time retry_at_{};             // no fetch before, after failures
};

}  // namespace dynakeep::remote
