#include "services/jwt/token_check.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/message.h"
#include "services/jwt/token.h"

namespace dynakeep::jwt {

namespace {

// "Bearer TOKEN": two parts with one blank between them.
std::optional<std::string_view> bearer_token(std::optional<std::string_view> authorization) {
  if (!authorization) return std::nullopt;
  const auto blank = authorization->find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view token = authorization->substr(blank + 1);
  if (!http::equal_ignoring_case(authorization->substr(0, blank), "bearer")) return std::nullopt;
  if (token.empty() || token.find(' ') != std::string_view::npos) return std::nullopt;
  return token;
}

std::optional<double> seconds_of(const JsonDocument& claim) {
  if (claim.kind() != JsonDocument::Kind::number) return std::nullopt;
  const std::string& digits = claim.text();
  double seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (read.ec != std::errc()) return std::nullopt;
  return seconds;
}

// What is wrong with the times; empty: nothing.
std::string wrong_time(const JsonDocument& claims, Time now) {
  const auto seconds =
      static_cast<double>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (const JsonDocument* not_before = claims.find("nbf")) {
    const auto from = seconds_of(*not_before);
    if (!from) return "invalid nbf value";
    if (*from > seconds) return "jwt not active";
  }
  if (const JsonDocument* expires = claims.find("exp")) {
    const auto until = seconds_of(*expires);
    if (!until) return "invalid exp value";
    if (seconds >= *until) return "jwt expired";
  }
  return {};
}

bool is_text(const JsonDocument& claim, std::string_view text) {
  return claim.is_string() && claim.text() == text;
}

bool is_for(const JsonDocument& claims, std::string_view audience) {
  const JsonDocument* claim = claims.find("aud");
  if (claim == nullptr) return false;
  const auto& listed = claim->elements();
  return is_text(*claim, audience) ||
         std::any_of(listed.begin(), listed.end(),
                     [audience](const JsonDocument& one) { return is_text(one, audience); });
}

bool is_from(const JsonDocument& claims, const std::vector<std::string>& issuers) {
  const JsonDocument* claim = claims.find("iss");
  return claim != nullptr &&
         std::any_of(issuers.begin(), issuers.end(),
                     [claim](const std::string& issuer) { return is_text(*claim, issuer); });
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(all.empty() ? "" : ",").append(text);
  return all;
}

}  // namespace

std::variant<JsonDocument, Refused> check_token(const TokenRules& rules, const FindKey& find_key,
                                                std::optional<std::string_view> authorization) {
  const auto bearer = bearer_token(authorization);
  if (!bearer) return Refused{"Missing or invalid bearer token"};
  auto token = parse_token(*bearer);
  if (!token) return Refused{"Invalid token format"};
  if (token->key_id.empty()) return Refused{"Token missing key ID (kid)"};
  const auto key = find_key(token->key_id);
  if (!key) return Refused{"Unable to find signing key"};
  if (token->signature.empty()) return Refused{"jwt signature is required"};
  const auto algorithm = parse_algorithm(token->algorithm);
  if (!algorithm || std::find(rules.algorithms.begin(), rules.algorithms.end(), *algorithm) ==
                        rules.algorithms.end()) {
    return Refused{"invalid algorithm"};
  }
  if (!key->verifies(*algorithm, token->signed_text, token->signature)) {
    return Refused{"invalid signature"};
  }
  if (auto wrong = wrong_time(token->claims, rules.clock->now()); !wrong.empty()) {
    return Refused{std::move(wrong)};
  }
  if (!rules.audience.empty() && !is_for(token->claims, rules.audience)) {
    return Refused{"jwt audience invalid. expected: " + rules.audience};
  }
  if (!rules.issuers.empty() && !is_from(token->claims, rules.issuers)) {
    return Refused{"jwt issuer invalid. expected: " + joined(rules.issuers)};
  }
  return std::move(token->claims);
}

std::string_view bearer_challenge(std::optional<std::string_view> authorization) {
  return bearer_token(authorization) ? "Bearer error=\"invalid_token\"" : "Bearer";
}

}  // namespace dynakeep::jwt
