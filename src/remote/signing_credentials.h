#pragma once

#include <memory>
#include <mutex>

#include "dynakeep/clock.h"
#include "dynakeep/credentials.h"
#include "dynakeep/result.h"

namespace dynakeep::remote {

// The credentials that requests are signed with now: what a provider gave, kept until shortly
// before it expires, so that a call costs no more than a look. Thread-safe; of threads that find
// nothing to sign with, one asks the provider and the others wait for it.
class SigningCredentials {
 public:
  // Kept by whoever signs with them, while others may be on their way.
  using Shared = std::shared_ptr<const Credentials>;

  // `clock` must outlive this.
  SigningCredentials(std::shared_ptr<CredentialsProvider> provider, const Clock& clock)
      : provider_(std::move(provider)), clock_(clock) {}

  // The provider's error if there are none; access_denied if what it gave cannot be sent.
  Result<Shared> get();

  // The service refused these. Asks the provider anew, unless another thread has done so; true if
  // there are others now. The provider's error if it has one.
  Result<bool> renew(const Shared& refused);

 private:
  Shared kept() const;  // null if there are none yet
  bool is_fresh(const Shared& credentials) const;
  Result<Shared> fetch();

  const std::shared_ptr<CredentialsProvider> provider_;
  const Clock& clock_;

  std::mutex fetching_;  // held while the provider is asked; taken before `mutex_`
  mutable std::mutex mutex_;
  Shared kept_;  // guarded by mutex_
};

}  // namespace dynakeep::remote
