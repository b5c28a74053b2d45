#include "services/jwt/token_gate.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/environment.h"
#include "transport/pooled_transport.h"
#include "transport/proxy.h"

namespace dynakeep::jwt {

namespace {

constexpr std::size_t provider_connections_max = 2;
constexpr std::size_t provider_answer_bytes_max = std::size_t{1} << 20;

Result<std::unique_ptr<SigningKeys>> open_keys(const TokenOptions& options, const Clock& clock) {
  auto transport = TRY(transport::make_pooled_transport(
      {.connections_max = provider_connections_max,
       .answer_bytes_max = provider_answer_bytes_max,
       .proxies = TRY(transport::find_proxies({}, base::process_environment()))}));
  return SigningKeys::open({.discovery_url = options.well_known_url,
                            .kept_for = options.keys_kept_for,
                            .request_timeout = options.request_timeout,
                            .clock = &clock},
                           std::move(transport));
}

}  // namespace

TokenGate::TokenGate(TokenRules rules, std::unique_ptr<SigningKeys> keys,
                     std::optional<UserMatch> match)
    : rules_(std::move(rules)),
      keys_(std::move(keys)),
      find_key_([it = keys_.get()](std::string_view key_id) { return it->find(key_id); }),
      match_(std::move(match)) {}

Result<std::unique_ptr<TokenGate>> TokenGate::open(const TokenOptions& options,
                                                   const Clock& clock) {
  TokenRules rules{
      .algorithms = {}, .issuers = options.issuers, .audience = options.audience, .clock = &clock};
  for (const std::string& name : options.algorithms) {
    if (const auto algorithm = parse_algorithm(name)) rules.algorithms.push_back(*algorithm);
  }
  std::optional<UserMatch> match;
  if (options.match_user_id) match = TRY(user_match_of(options));
  auto keys = TRY(open_keys(options, clock));
  return std::unique_ptr<TokenGate>(
      new TokenGate(std::move(rules), std::move(keys), std::move(match)));
}

std::optional<TokenGate::Refusal> TokenGate::refuse(std::optional<std::string_view> authorization,
                                                    std::span<const std::string> users) const {
  const auto checked = check_token(rules_, find_key_, authorization);
  if (const auto* refused = std::get_if<Refused>(&checked)) {
    return Refusal{.status = 401, .message = refused->message};
  }
  const JsonDocument& claims = std::get<JsonDocument>(checked);
  const bool all_match =
      !match_ || std::all_of(users.begin(), users.end(), [&](const std::string& user) {
        return match_->matches(claims, user);
      });
  if (all_match) return std::nullopt;
  return Refusal{.status = 403, .message = "User ID in request does not match authenticated user"};
}

}  // namespace dynakeep::jwt
