#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/services/tokens.h"
#include "services/jwt/signing_keys.h"
#include "services/jwt/token_check.h"
#include "services/jwt/user_match.h"

namespace dynakeep::jwt {

// Lets in who shows a good token, and to the users it is good for. Thread-safe; may wait for the
// provider as SigningKeys says.
class TokenGate {
 public:
  struct Refusal {
    int status = 401;  // or 403: not good for one of these users
    std::string message = {};
  };

  // Asks the provider first, as SigningKeys::open does, with its errors. `options` make sense:
  // faults_of(). The clock must outlive the gate.
  static Result<std::unique_ptr<TokenGate>> open(const TokenOptions& options, const Clock& clock);

  // Why the bearer of an Authorization header may not reach all of the users; nothing: he may.
  std::optional<Refusal> refuse(std::optional<std::string_view> authorization,
                                std::span<const std::string> users) const;

 private:
  TokenGate(TokenRules rules, std::unique_ptr<SigningKeys> keys, std::optional<UserMatch> match);

  const TokenRules rules_;
  const std::unique_ptr<SigningKeys> keys_;
  const FindKey find_key_;
  const std::optional<UserMatch> match_;
};

}  // namespace dynakeep::jwt
