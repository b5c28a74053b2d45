#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "dynakeep/services/tokens.h"

namespace dynakeep::jwt {

struct UserMatchOptions {
  std::string claim = "sub";
  TokenUserMatch type = TokenUserMatch::exact;
  std::string regex = {};
};

// Whether the bearer of some claims is a user. Thread-safe.
//
// Expressions are RE2's: matching takes time in proportion to the claim, whatever the expression,
// for the claim is the client's. What needs going back (lookaround, backreferences) is refused.
class UserMatch {
 public:
  // invalid_argument: an expression that RE2 does not take, or none where there must be one.
  static Result<UserMatch> create(const UserMatchOptions& options);

  // A claim that is missing, empty or no string matches nobody.
  bool matches(const JsonDocument& claims, std::string_view user_id) const;

 private:
  UserMatch(const UserMatchOptions& options, std::shared_ptr<const void> regex)
      : options_(options), regex_(std::move(regex)) {}

  UserMatchOptions options_;
  std::shared_ptr<const void> regex_;  // an RE2
};

// As the options of tokens say it.
Result<UserMatch> user_match_of(const TokenOptions& options);

}  // namespace dynakeep::jwt
