#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/json_document.h"
#include "services/jwt/public_key.h"

namespace dynakeep::jwt {

struct TokenRules {
  std::vector<Algorithm> algorithms = {Algorithm::rs256};
  std::vector<std::string> issuers = {};  // one of them; empty: any
  std::string audience = {};              // empty: any
  const Clock* clock = &system_clock();
};

// Why a token is not believed, in words that are fit for its bearer.
struct Refused {
  std::string message = {};
};

using FindKey = std::function<std::optional<PublicKey>(std::string_view key_id)>;

// The claims of the token in an Authorization header, if every rule holds, looked at in this order:
// the header's form, the token's, its key id, its key, its signature, its algorithm, the signature
// itself, "nbf" and "exp", audience, issuer. Times are to the second and without leeway: a token is
// good from nbf on, and no longer at exp. One without exp has no end.
std::variant<JsonDocument, Refused> check_token(const TokenRules& rules, const FindKey& find_key,
                                                std::optional<std::string_view> authorization);

// What WWW-Authenticate says with a 401 (RFC 6750, 3): "Bearer", and what is wrong only to who
// showed a token.
std::string_view bearer_challenge(std::optional<std::string_view> authorization);

}  // namespace dynakeep::jwt
