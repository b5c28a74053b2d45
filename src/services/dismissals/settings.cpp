#include <algorithm>
#include <array>
#include <utility>

#include "dynakeep/services/dismissals_settings.h"
#include "services/dismissals/option_faults.h"
#include "services/jwt/token_options.h"
#include "transport/url.h"

namespace dynakeep {

namespace {

using services::list_in;
using services::OptionFault;
using services::quoted;
using services::trimmed;

// What is read before it is known whether it counts.
struct Reading : services::VariableReading {
  DismissalsSettings settings = {};

  bool description = true;
  std::string description_path = "docs";
  std::string cache_type = {};
  DismissalCacheOptions cache = {};
  bool tokens_enabled = false;
  TokenOptions tokens = {};
  bool rate_limits_enabled = false;
  DismissalRateLimits rate_limits = {};

  static void boolean(bool& to, std::string_view text) { to = services::boolean_in(text); }
};

constexpr std::array<std::pair<std::string_view, std::optional<DismissalStorageType>>, 2>
    storage_types = {
        {{"memory", DismissalStorageType::memory}, {"dynamodb", DismissalStorageType::dynamodb}}};
constexpr std::array<std::pair<std::string_view, DismissalLimiterKey>, 3> limiter_keys = {
    {{"ip", DismissalLimiterKey::ip},
     {"origin", DismissalLimiterKey::origin},
     {"referrer", DismissalLimiterKey::referrer}}};
constexpr std::array<std::pair<std::string_view, DismissalLimiterMode>, 3> limiter_modes = {
    {{"and", DismissalLimiterMode::all},
     {"or", DismissalLimiterMode::first},
     {"any", DismissalLimiterMode::each}}};

void read_cache_type(Reading& to, std::string_view text) {
  to.cache_type = trimmed(text);
  if (to.cache_type == "redis") {
    to.fault("redis is not supported; must be memory, or empty for none");
  } else if (to.cache_type != "memory") {
    to.fault("must be memory, or empty for none; is " + quoted(text));
  }
}

void read_endpoint(Reading& to, std::string_view text) {
  to.settings.storage.endpoint = trimmed(text);
  // Its message does not quote a password.
  const auto url = transport::parse_url(to.settings.storage.endpoint);
  if (!url) to.fault("must be a URL: " + url.error().message());
}

void read_limiter_keys(Reading& to, std::string_view text) {
  to.rate_limits.keys.clear();
  for (const std::string& name : list_in(text)) {
    DismissalLimiterKey key = {};
    to.word(key, name, limiter_keys);
    to.rate_limits.keys.push_back(key);
  }
}

// Not known to us beyond its name: checked, and without effect.
void check_number(Reading& to, std::string_view text) {
  std::int64_t unused = 0;
  to.number(unused, text, 0);
}
void pass_over(Reading&, std::string_view) {}

using Value = std::string_view;

struct Variable {
  std::string_view name;  // behind DISMISSIBLE_
  std::string_view default_value;
  std::string_view meaning;
  void (*read)(Reading& to, Value text);
};

// clang-format off
// All there are, but for those of tokens. A default is that of the options; here for people to read.
constexpr Variable variables[] = {
    {"PORT", "3001", "port of its own",
     [](Reading& to, Value text) {
       std::uint16_t port = 0;
       to.number(port, text, 0, 65'535);
       to.settings.port = port;
     }},
    {"EXTENSIONS_ENABLED", "true", "routes and parameters that upstream does not have; ours only",
     [](Reading& to, Value text) { to.boolean(to.settings.service.extensions, text); }},
    {"ERRORS_THROTTLE_503", "false", "a throttled database answers 503 with Retry-After; ours only",
     [](Reading& to, Value text) { to.boolean(to.settings.service.throttled_is_503, text); }},

    {"STORAGE_TYPE", "", "memory or dynamodb; not set: the database that is served",
     [](Reading& to, Value text) { to.word(to.settings.storage.type, text, storage_types); }},
    {"STORAGE_RUN_SETUP", "false", "exactly true: creates the table first",
     [](Reading& to, Value text) { to.settings.storage.run_setup = text == "true"; }},
    {"STORAGE_EXPIRE_AFTER", "", "seconds until an item that nobody changes expires; ours only",
     [](Reading& to, Value text) {
       std::chrono::seconds after{1};
       to.duration(after, text, 1);
       to.settings.storage.expire_after = after;
     }},
    {"STORAGE_COUNT_DISMISSALS", "false", "keeps how often an item was dismissed; ours only",
     [](Reading& to, Value text) { to.boolean(to.settings.storage.count_dismissals, text); }},
    {"STORAGE_MEMORY_MAX_ITEMS", "5000", "items in memory",
     [](Reading& to, Value text) { to.number(to.settings.storage.memory_items_max, text, 1); }},
    {"STORAGE_MEMORY_TTL_MS", "21600000", "how long they live after their last write",
     [](Reading& to, Value text) { to.duration(to.settings.storage.memory_time_to_live, text, 1); }},
    {"STORAGE_DYNAMODB_TABLE_NAME", "dismissible-items", "table",
     [](Reading& to, Value text) { to.settings.storage.table = trimmed(text); }},
    {"STORAGE_DYNAMODB_AWS_REGION", "us-east-1", "region",
     [](Reading& to, Value text) { to.settings.storage.region = trimmed(text); }},
    {"STORAGE_DYNAMODB_ENDPOINT", "", "URL in place of the region's own endpoint", read_endpoint},
    {"STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID", "", "credentials; without both, from the usual AWS places",
     [](Reading& to, Value text) { to.settings.storage.access_key_id = text; }},
    {"STORAGE_DYNAMODB_AWS_SECRET_ACCESS_KEY", "", "",
     [](Reading& to, Value text) { to.settings.storage.secret_access_key = text; }},
    {"STORAGE_DYNAMODB_AWS_SESSION_TOKEN", "", "",
     [](Reading& to, Value text) { to.settings.storage.session_token = text; }},
    {"STORAGE_DYNAMODB_CONSISTENT_READS", "true", "false: half the cost, and a dismissed item may show again for a second; ours only",
     [](Reading& to, Value text) { to.boolean(to.settings.storage.consistent_reads, text); }},

    {"CACHE_TYPE", "", "memory, or empty for none", read_cache_type},
    {"CACHE_MEMORY_MAX_ITEMS", "5000", "items in the cache",
     [](Reading& to, Value text) { to.number(to.cache.items_max, text, 1); }},
    {"CACHE_MEMORY_TTL_MS", "21600000", "how long they stay",
     [](Reading& to, Value text) { to.duration(to.cache.time_to_live, text, 1); }},
    {"CACHE_REDIS_URL", "", "no effect: redis is not supported", pass_over},
    {"CACHE_REDIS_KEY_PREFIX", "dismissible:cache:", "no effect", pass_over},
    {"CACHE_REDIS_TTL_MS", "21600000", "no effect", check_number},
    {"CACHE_REDIS_ENABLE_READY_CHECK", "true", "no effect", pass_over},
    {"CACHE_REDIS_MAX_RETRIES", "3", "no effect", check_number},
    {"CACHE_REDIS_CONNECTION_TIMEOUT_MS", "5000", "no effect", check_number},

    {"SWAGGER_ENABLED", "true", "serves a description of the API",
     [](Reading& to, Value text) { to.boolean(to.description, text); }},
    {"SWAGGER_PATH", "docs", "where",
     [](Reading& to, Value text) { to.description_path = trimmed(text); }},

    {"HELMET_ENABLED", "true", "sends security headers",
     [](Reading& to, Value text) { to.boolean(to.settings.service.security_headers.enabled, text); }},
    {"HELMET_CSP", "false", "Content-Security-Policy",
     [](Reading& to, Value text) { to.boolean(to.settings.service.security_headers.content_security_policy, text); }},
    {"HELMET_COEP", "false", "Cross-Origin-Embedder-Policy",
     [](Reading& to, Value text) { to.boolean(to.settings.service.security_headers.cross_origin_embedder_policy, text); }},
    {"HELMET_HSTS_MAX_AGE", "31536000", "Strict-Transport-Security, in seconds",
     [](Reading& to, Value text) { to.number(to.settings.service.security_headers.hsts_max_age_s, text, 0); }},
    {"HELMET_HSTS_INCLUDE_SUBDOMAINS", "true", "",
     [](Reading& to, Value text) { to.boolean(to.settings.service.security_headers.hsts_include_subdomains, text); }},
    {"HELMET_HSTS_PRELOAD", "false", "",
     [](Reading& to, Value text) { to.boolean(to.settings.service.security_headers.hsts_preload, text); }},

    {"CORS_ENABLED", "false", "lets scripts of other origins ask",
     [](Reading& to, Value text) { to.boolean(to.settings.service.cors.enabled, text); }},
    {"CORS_ORIGINS", "", "which; needed when enabled",
     [](Reading& to, Value text) { to.settings.service.cors.origins = list_in(text); }},
    {"CORS_METHODS", "GET,POST,DELETE,OPTIONS", "",
     [](Reading& to, Value text) { to.settings.service.cors.methods = list_in(text); }},
    {"CORS_ALLOWED_HEADERS", "Content-Type,Authorization,x-request-id", "",
     [](Reading& to, Value text) { to.settings.service.cors.allowed_headers = list_in(text); }},
    {"CORS_CREDENTIALS", "true", "",
     [](Reading& to, Value text) { to.boolean(to.settings.service.cors.credentials, text); }},
    {"CORS_MAX_AGE", "86400", "seconds that a browser remembers the above",
     [](Reading& to, Value text) { to.number(to.settings.service.cors.max_age_s, text, 0); }},

    {"VALIDATION_DISABLE_ERROR_MESSAGES", "true", "hides what is wrong with a batch's body",
     [](Reading& to, Value text) { to.boolean(to.settings.service.hide_validation_messages, text); }},
    {"VALIDATION_WHITELIST", "true", "no effect", pass_over},
    {"VALIDATION_FORBID_NON_WHITELISTED", "true", "refuses unknown members of a batch's body",
     [](Reading& to, Value text) { to.boolean(to.settings.service.refuse_unknown_members, text); }},
    {"VALIDATION_TRANSFORM", "true", "no effect", pass_over},

    {"JWT_AUTH_ENABLED", "false", "wants a bearer token for every item",
     [](Reading& to, Value text) { to.boolean(to.tokens_enabled, text); }},
    {"JWT_AUTH_PRIORITY", "-100", "among hooks",
     [](Reading& to, Value text) { to.number(to.settings.service.tokens_priority, text, -1'000'000, 1'000'000); }},

    {"RATE_LIMITER_ENABLED", "false", "",
     [](Reading& to, Value text) { to.boolean(to.rate_limits_enabled, text); }},
    {"RATE_LIMITER_POINTS", "1000", "requests in a window",
     [](Reading& to, Value text) { to.number(to.rate_limits.points, text, 1, 1'000'000'000); }},
    {"RATE_LIMITER_DURATION", "1", "of a window, in seconds",
     [](Reading& to, Value text) { to.duration(to.rate_limits.duration, text, 1); }},
    {"RATE_LIMITER_BLOCK_DURATION", "60", "of the refusal behind it, in seconds; 0: to the window's end",
     [](Reading& to, Value text) { to.duration(to.rate_limits.block_duration, text, 0); }},
    {"RATE_LIMITER_KEY_TYPE", "ip,origin,referrer", "who asks: a list of ip, origin, referrer", read_limiter_keys},
    {"RATE_LIMITER_KEY_MODE", "any", "and: all together; or: the first there is; any: each",
     [](Reading& to, Value text) { to.word(to.rate_limits.mode, text, limiter_modes); }},
    {"RATE_LIMITER_IGNORED_KEYS", "", "who is not limited: a list",
     [](Reading& to, Value text) { to.rate_limits.ignored = list_in(text); }},
    {"RATE_LIMITER_PRIORITY", "-101", "among hooks",
     [](Reading& to, Value text) { to.number(to.rate_limits.priority, text, -1'000'000, 1'000'000); }},
    {"RATE_LIMITER_TRUST_PROXY", "true", "believes x-forwarded-for and x-real-ip; ours only",
     [](Reading& to, Value text) { to.boolean(to.rate_limits.trust_proxy, text); }},
};
// clang-format on

const Variable* variable_named(std::string_view name) {
  const auto found = std::find_if(std::begin(variables), std::end(variables),
                                  [name](const Variable& one) { return one.name == name; });
  return found == std::end(variables) ? nullptr : found;
}

// Options that count are put in their place.
void assemble(Reading& read) {
  DismissalsServiceOptions& service = read.settings.service;
  if (read.cache_type == "memory") service.cache = read.cache;
  service.description_path.reset();
  if (read.description) service.description_path = read.description_path;
  if (read.tokens_enabled) service.tokens = read.tokens;
  if (read.rate_limits_enabled) service.rate_limits = read.rate_limits;
}

void warn(DismissalsSettings& settings) {
  const DismissalCors& cors = settings.service.cors;
  if (cors.enabled && cors.credentials &&
      std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end()) {
    settings.warnings.emplace_back(
        "DISMISSIBLE_CORS_ORIGINS: browsers refuse * for requests with credentials");
  }
  const DismissalStorageSettings& storage = settings.storage;
  if (storage.access_key_id.empty() != storage.secret_access_key.empty()) {
    settings.warnings.emplace_back(
        "DISMISSIBLE_STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID: is used only together with the secret");
  }
}

}  // namespace

DismissalsSettings read_dismissals_settings(const DismissalVariables& given) {
  Reading read;
  for (const auto& [full_name, value] : given) {
    if (!full_name.starts_with(dismissal_variable_prefix)) continue;
    const auto name = std::string_view(full_name).substr(dismissal_variable_prefix.size());
    const Variable* variable = variable_named(name);
    const jwt::TokenVariable* of_tokens = jwt::token_variable_named(name);
    if (variable == nullptr && of_tokens == nullptr) {
      read.settings.warnings.push_back(full_name + ": no such variable; it has no effect");
    } else if (!trimmed(value).empty()) {
      read.variable = variable != nullptr ? variable->name : of_tokens->name;
      if (variable != nullptr) variable->read(read, value);
      if (of_tokens != nullptr) of_tokens->read(read.tokens, read, value);
    }
  }
  assemble(read);
  // Of the text, where that is wrong; else of what it says.
  read.add(services::dismissals::faults_of(read.settings.service));
  for (const OptionFault& fault : read.faults) {
    read.settings.faults.push_back(services::line_of(dismissal_variable_prefix, fault));
  }
  warn(read.settings);
  return std::move(read.settings);
}

std::vector<DismissalVariable> dismissal_variables() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    const auto add = [&](std::string_view name) {
      all.push_back(std::string(dismissal_variable_prefix).append(name));
    };
    for (const Variable& one : variables) add(one.name);
    for (const jwt::TokenVariable& one : jwt::token_variables()) add(one.name);
    return all;
  }();
  std::vector<DismissalVariable> told;
  const auto add = [&](const auto& one) {
    told.push_back(
        {.name = names[told.size()], .default_value = one.default_value, .meaning = one.meaning});
  };
  for (const Variable& one : variables) add(one);
  for (const jwt::TokenVariable& one : jwt::token_variables()) add(one);
  return told;
}

}  // namespace dynakeep
