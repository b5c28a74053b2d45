#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Bearer tokens, by which services let users in: JSON Web Tokens, checked against the keys of an
// OpenID provider. docs/stores/dismissals.md tells what is checked, and how keys are kept.
namespace dynakeep {

enum class TokenUserMatch : std::uint8_t {
  exact,      // the claim is the user id
  substring,  // either is part of the other
  regex,      // the expression's first group in the claim, or its whole match, is the user id
};

struct TokenOptions {
  std::string well_known_url = {};                  // of the provider's configuration
  std::vector<std::string> issuers = {};            // one of them; empty: any
  std::string audience = {};                        // empty: any
  std::vector<std::string> algorithms = {"RS256"};  // RS, PS 256, 384, 512; ES256, ES384
  std::chrono::milliseconds keys_kept_for{600'000};
  std::chrono::milliseconds request_timeout{30'000};
  // Whether a token is good for one user only, named by a claim. Without, it is good for all.
  bool match_user_id = true;
  std::string user_id_claim = "sub";
  TokenUserMatch match_type = TokenUserMatch::exact;
  std::string match_regex = {};  // RE2's
};

// The options as variables of the environment say them.
struct TokenSettings {
  std::optional<TokenOptions> tokens = {};  // nothing: no variable says anything of tokens

  // Lines for a person: variable, rule and value. With a fault the rest is not to be used.
  std::vector<std::string> faults = {};
  std::vector<std::string> warnings = {};  // of names that mean nothing
};

// From the variables whose names begin with `prefix` and "JWT_AUTH_": those of Dismissible but for
// ENABLED and PRIORITY, with its rules (dismissals_settings.h).
TokenSettings read_token_settings(std::string_view prefix,
                                  const std::map<std::string, std::string, std::less<>>& variables);

}  // namespace dynakeep
