#include "services/jwt/token_options.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "services/jwt/public_key.h"
#include "services/jwt/user_match.h"
#include "transport/url.h"

namespace dynakeep::jwt {

namespace {

using services::OptionFault;
using services::trimmed;
using services::VariableReading;

constexpr std::string_view well_known_url = "JWT_AUTH_WELL_KNOWN_URL";
constexpr std::string_view algorithms = "JWT_AUTH_ALGORITHMS";

constexpr std::array<std::pair<std::string_view, TokenUserMatch>, 3> match_types = {
    {{"exact", TokenUserMatch::exact},
     {"substring", TokenUserMatch::substring},
     {"regex", TokenUserMatch::regex}}};

using Value = std::string_view;

// clang-format off
// A default is that of the options; here for people to read.
constexpr TokenVariable variables[] = {
    {well_known_url, "", "the OpenID provider's configuration; needed when enabled",
     [](TokenOptions& to, VariableReading&, Value text) { to.well_known_url = trimmed(text); }},
    {"JWT_AUTH_ISSUER", "", "who may have issued it: a list",
     [](TokenOptions& to, VariableReading&, Value text) { to.issuers = services::list_in(text); }},
    {"JWT_AUTH_AUDIENCE", "", "whom it must be for",
     [](TokenOptions& to, VariableReading&, Value text) { to.audience = trimmed(text); }},
    {algorithms, "RS256", "of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384",
     [](TokenOptions& to, VariableReading&, Value text) { to.algorithms = services::list_in(text); }},
    {"JWT_AUTH_JWKS_CACHE_DURATION", "600000", "how long keys count, in ms",
     [](TokenOptions& to, VariableReading& reading, Value text) { reading.duration(to.keys_kept_for, text, 1); }},
    {"JWT_AUTH_REQUEST_TIMEOUT", "30000", "of requests to the provider, in ms",
     [](TokenOptions& to, VariableReading& reading, Value text) { reading.duration(to.request_timeout, text, 1); }},
    {"JWT_AUTH_MATCH_USER_ID", "true", "a token is good for one user only",
     [](TokenOptions& to, VariableReading&, Value text) { to.match_user_id = services::boolean_in(text); }},
    {"JWT_AUTH_USER_ID_CLAIM", "sub", "whom it is good for",
     [](TokenOptions& to, VariableReading&, Value text) { to.user_id_claim = trimmed(text); }},
    {"JWT_AUTH_USER_ID_MATCH_TYPE", "exact", "exact, substring or regex",
     [](TokenOptions& to, VariableReading& reading, Value text) { reading.word(to.match_type, text, match_types); }},
    {"JWT_AUTH_USER_ID_MATCH_REGEX", "", "RE2's; needed for type regex",
     [](TokenOptions& to, VariableReading&, Value text) { to.match_regex = text; }},
};
// clang-format on

}  // namespace

std::span<const TokenVariable> token_variables() { return variables; }

const TokenVariable* token_variable_named(std::string_view name) {
  const auto found = std::find_if(std::begin(variables), std::end(variables),
                                  [name](const TokenVariable& one) { return one.name == name; });
  return found == std::end(variables) ? nullptr : found;
}

std::vector<OptionFault> faults_of(const TokenOptions& options) {
  std::vector<OptionFault> faults;
  const auto expect = [&](bool holds, std::string_view variable, std::string rule) {
    if (!holds) faults.push_back({variable, std::move(rule)});
  };
  if (options.well_known_url.empty()) {
    expect(false, well_known_url, "must be set when tokens are checked");
  } else if (const auto url = transport::parse_url(options.well_known_url); !url) {
    expect(false, well_known_url, "must be a URL: " + url.error().message());
  }
  expect(!options.algorithms.empty(), algorithms, "must name one");
  for (const std::string& name : options.algorithms) {
    expect(parse_algorithm(name).has_value(), algorithms,
           "must be of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384; is " +
               services::quoted(name));
  }
  expect(options.keys_kept_for.count() > 0, "JWT_AUTH_JWKS_CACHE_DURATION", "must be 1 or more");
  expect(options.request_timeout.count() > 0, "JWT_AUTH_REQUEST_TIMEOUT", "must be 1 or more");
  if (!options.match_user_id) return faults;
  expect(!options.user_id_claim.empty(), "JWT_AUTH_USER_ID_CLAIM", "must be named");
  if (const auto match = user_match_of(options); !match) {
    expect(false, "JWT_AUTH_USER_ID_MATCH_REGEX", match.error().message());
  }
  return faults;
}

}  // namespace dynakeep::jwt

namespace dynakeep {

TokenSettings read_token_settings(std::string_view prefix,
                                  const std::map<std::string, std::string, std::less<>>& given) {
  const std::string ours = std::string(prefix) + "JWT_AUTH_";
  TokenSettings settings;
  services::VariableReading reading;
  for (const auto& [full_name, value] : given) {
    if (!full_name.starts_with(ours)) continue;
    const auto* variable =
        jwt::token_variable_named(std::string_view(full_name).substr(prefix.size()));
    if (variable == nullptr) {
      settings.warnings.push_back(full_name + ": no such variable; it has no effect");
    } else if (!services::trimmed(value).empty()) {
      if (!settings.tokens) settings.tokens.emplace();
      reading.variable = variable->name;
      variable->read(*settings.tokens, reading, value);
    }
  }
  if (settings.tokens) reading.add(jwt::faults_of(*settings.tokens));
  for (const auto& fault : reading.faults) {
    settings.faults.push_back(services::line_of(prefix, fault));
  }
  return settings;
}

}  // namespace dynakeep
