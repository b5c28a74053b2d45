#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/services/dismissals_settings.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

DismissalsSettings with(const DismissalVariables& short_names) {
  DismissalVariables all;
  for (const auto& [name, value] : short_names) all["DISMISSIBLE_" + name] = value;
  return read_dismissals_settings(all);
}

// What tells one group of settings from another, for comparing.
std::string text_of(const DismissalsSettings& settings) {
  const auto& storage = settings.storage;
  const auto& service = settings.service;
  std::string text;
  const auto add = [&text](const auto& value) {
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) {
      text += std::to_string(value);
    } else {
      text += value;
    }
    text += '|';
  };
  const auto add_list = [&](const std::vector<std::string>& values) {
    for (const std::string& value : values) add(value);
  };
  add(settings.port.value_or(3001));
  add(storage.type ? static_cast<int>(*storage.type) : -1);
  add(storage.run_setup);
  add(storage.expire_after ? storage.expire_after->count() : -1);
  add(storage.count_dismissals);
  add(storage.memory_items_max);
  add(storage.memory_time_to_live.count());
  add(storage.table);
  add(storage.region);
  add(storage.endpoint);
  add(storage.access_key_id);
  add(storage.secret_access_key);
  add(storage.session_token);
  add(storage.consistent_reads);
  add(service.extensions);
  add(service.throttled_is_503);
  add(service.hide_validation_messages);
  add(service.refuse_unknown_members);
  add(service.description_path.value_or("none"));
  add(service.security_headers.enabled);
  add(service.security_headers.content_security_policy);
  add(service.security_headers.cross_origin_embedder_policy);
  add(service.security_headers.hsts_max_age_s);
  add(service.security_headers.hsts_include_subdomains);
  add(service.security_headers.hsts_preload);
  add(service.cors.enabled);
  add_list(service.cors.origins);
  add_list(service.cors.methods);
  add_list(service.cors.allowed_headers);
  add(service.cors.credentials);
  add(service.cors.max_age_s);
  if (const auto& cache = service.cache) {
    add(cache->items_max);
    add(cache->time_to_live.count());
  }
  if (const auto& tokens = service.tokens) {
    add(tokens->well_known_url);
    add_list(tokens->issuers);
    add(tokens->audience);
    add_list(tokens->algorithms);
    add(tokens->keys_kept_for.count());
    add(tokens->request_timeout.count());
    add(service.tokens_priority);
    add(tokens->match_user_id);
    add(tokens->user_id_claim);
    add(static_cast<int>(tokens->match_type));
    add(tokens->match_regex);
  }
  if (const auto& limits = service.rate_limits) {
    add(limits->points);
    add(limits->duration.count());
    add(limits->block_duration.count());
    for (const auto key : limits->keys) add(static_cast<int>(key));
    add(static_cast<int>(limits->mode));
    add_list(limits->ignored);
    add(limits->priority);
    add(limits->trust_proxy);
  }
  return text;
}

// So that every group counts.
const DismissalVariables everything_on = {{"CACHE_TYPE", "memory"},
                                          {"CORS_ENABLED", "true"},
                                          {"CORS_ORIGINS", "https://a"},
                                          {"JWT_AUTH_ENABLED", "true"},
                                          {"JWT_AUTH_WELL_KNOWN_URL", "http://localhost/x"},
                                          {"RATE_LIMITER_ENABLED", "true"}};

DismissalVariables everything_on_but(const DismissalVariables& changed) {
  DismissalVariables all = changed;
  all.insert(everything_on.begin(), everything_on.end());
  return all;
}

TEST(DismissalsSettings, AreUpstreamsWithoutAnyVariable) {
  const auto settings = with({});
  EXPECT_THAT(settings.faults, IsEmpty());
  EXPECT_THAT(settings.warnings, IsEmpty());
  EXPECT_EQ(settings.port, std::nullopt);
  EXPECT_EQ(settings.storage.type, std::nullopt);
  EXPECT_EQ(settings.storage.table, "dismissible-items");
  EXPECT_EQ(settings.storage.region, "us-east-1");
  EXPECT_FALSE(settings.storage.run_setup);
  EXPECT_FALSE(settings.service.cache);
  EXPECT_FALSE(settings.service.tokens);
  EXPECT_FALSE(settings.service.rate_limits);
  EXPECT_FALSE(settings.service.cors.enabled);
  EXPECT_EQ(settings.service.description_path, "docs");
}

TEST(DismissalsSettings, TheDefaultsThatAreTold) {
  const std::string expected = text_of(with(everything_on));
  for (const DismissalVariable& variable : dismissal_variables()) {
    if (everything_on.contains(variable.name.substr(12))) continue;
    const std::string name(variable.name.substr(12));
    const auto said = with(everything_on_but({{name, std::string(variable.default_value)}}));
    EXPECT_THAT(said.faults, IsEmpty()) << name;
    EXPECT_EQ(text_of(said), expected) << name << " is not " << variable.default_value;
  }
}

TEST(DismissalsSettings, EveryVariableThatHasAnEffectHasIt) {
  const DismissalVariables good = {{"PORT", "3002"},
                                   {"EXTENSIONS_ENABLED", "false"},
                                   {"ERRORS_THROTTLE_503", "TRUE"},
                                   {"STORAGE_TYPE", "dynamodb"},
                                   {"STORAGE_RUN_SETUP", "true"},
                                   {"STORAGE_EXPIRE_AFTER", "60"},
                                   {"STORAGE_COUNT_DISMISSALS", "true"},
                                   {"STORAGE_MEMORY_MAX_ITEMS", "1"},
                                   {"STORAGE_MEMORY_TTL_MS", "1"},
                                   {"STORAGE_DYNAMODB_TABLE_NAME", "items"},
                                   {"STORAGE_DYNAMODB_AWS_REGION", "eu-west-1"},
                                   {"STORAGE_DYNAMODB_ENDPOINT", "http://localhost:4566"},
                                   {"STORAGE_DYNAMODB_AWS_ACCESS_KEY_ID", "id"},
                                   {"STORAGE_DYNAMODB_AWS_SECRET_ACCESS_KEY", "secret"},
                                   {"STORAGE_DYNAMODB_AWS_SESSION_TOKEN", "token"},
                                   {"STORAGE_DYNAMODB_CONSISTENT_READS", "no"},
                                   {"CACHE_MEMORY_MAX_ITEMS", "7"},
                                   {"CACHE_MEMORY_TTL_MS", "8"},
                                   {"SWAGGER_ENABLED", "false"},
                                   {"SWAGGER_PATH", "swagger/docs"},
                                   {"HELMET_ENABLED", "false"},
                                   {"HELMET_CSP", "true"},
                                   {"HELMET_COEP", "true"},
                                   {"HELMET_HSTS_MAX_AGE", "0"},
                                   {"HELMET_HSTS_INCLUDE_SUBDOMAINS", "false"},
                                   {"HELMET_HSTS_PRELOAD", "true"},
                                   {"CORS_METHODS", "GET"},
                                   {"CORS_ALLOWED_HEADERS", "X-Correlation-ID"},
                                   {"CORS_CREDENTIALS", "false"},
                                   {"CORS_MAX_AGE", "5"},
                                   {"VALIDATION_DISABLE_ERROR_MESSAGES", "false"},
                                   {"VALIDATION_FORBID_NON_WHITELISTED", "false"},
                                   {"JWT_AUTH_ISSUER", "https://a, https://b"},
                                   {"JWT_AUTH_AUDIENCE", "api"},
                                   {"JWT_AUTH_ALGORITHMS", "RS512,ES256"},
                                   {"JWT_AUTH_JWKS_CACHE_DURATION", "1000"},
                                   {"JWT_AUTH_REQUEST_TIMEOUT", "1000"},
                                   {"JWT_AUTH_PRIORITY", "5"},
                                   {"JWT_AUTH_MATCH_USER_ID", "false"},
                                   {"JWT_AUTH_USER_ID_CLAIM", "uid"},
                                   {"JWT_AUTH_USER_ID_MATCH_TYPE", "substring"},
                                   {"JWT_AUTH_USER_ID_MATCH_REGEX", "a(.*)"},
                                   {"RATE_LIMITER_POINTS", "1"},
                                   {"RATE_LIMITER_DURATION", "2"},
                                   {"RATE_LIMITER_BLOCK_DURATION", "0"},
                                   {"RATE_LIMITER_KEY_TYPE", "origin"},
                                   {"RATE_LIMITER_KEY_MODE", "and"},
                                   {"RATE_LIMITER_IGNORED_KEYS", "localhost, ::1"},
                                   {"RATE_LIMITER_PRIORITY", "-5"},
                                   {"RATE_LIMITER_TRUST_PROXY", "false"}};
  const std::string without = text_of(with(everything_on));
  for (const auto& [name, value] : good) {
    const auto settings = with(everything_on_but({{name, value}}));
    EXPECT_THAT(settings.faults, IsEmpty()) << name;
    EXPECT_NE(text_of(settings), without) << name;
    EXPECT_EQ(text_of(with(everything_on_but({{name, ""}}))), without)
        << name << ": empty is not set";
  }
  std::size_t without_effect = 0;
  for (const DismissalVariable& variable : dismissal_variables()) {
    if (variable.meaning.starts_with("no effect")) ++without_effect;
  }
  EXPECT_EQ(good.size() + everything_on.size() + without_effect, dismissal_variables().size())
      << "a variable is not tried here";
}

TEST(DismissalsSettings, EveryBadValueIsAFaultOfItsVariable) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"PORT", "abc"},
      {"PORT", "65536"},
      {"PORT", "-1"},
      {"PORT", "30.5"},
      {"STORAGE_TYPE", "postgres"},
      {"STORAGE_EXPIRE_AFTER", "0"},
      {"STORAGE_MEMORY_MAX_ITEMS", "0"},
      {"STORAGE_MEMORY_TTL_MS", "0"},
      {"STORAGE_MEMORY_TTL_MS", "99999999999999999999"},
      {"STORAGE_DYNAMODB_ENDPOINT", "localhost:4566"},
      {"CACHE_TYPE", "redis"},
      {"CACHE_TYPE", "disk"},
      {"CACHE_MEMORY_MAX_ITEMS", "x"},
      {"CACHE_MEMORY_TTL_MS", "-5"},
      {"CACHE_REDIS_TTL_MS", "x"},
      {"CACHE_REDIS_MAX_RETRIES", "x"},
      {"CACHE_REDIS_CONNECTION_TIMEOUT_MS", "x"},
      {"SWAGGER_PATH", "a b"},
      {"SWAGGER_PATH", "/docs"},
      {"HELMET_HSTS_MAX_AGE", "-1"},
      {"CORS_ORIGINS", ","},
      {"CORS_ORIGINS", "https://a\r\nb"},
      {"CORS_MAX_AGE", "-1"},
      {"JWT_AUTH_WELL_KNOWN_URL", "nonsense"},
      {"JWT_AUTH_ALGORITHMS", "none"},
      {"JWT_AUTH_ALGORITHMS", "RS256,HS256"},
      {"JWT_AUTH_ALGORITHMS", ","},
      {"JWT_AUTH_JWKS_CACHE_DURATION", "0"},
      {"JWT_AUTH_REQUEST_TIMEOUT", "x"},
      {"JWT_AUTH_PRIORITY", "high"},
      {"JWT_AUTH_USER_ID_MATCH_TYPE", "prefix"},
      {"RATE_LIMITER_POINTS", "0"},
      {"RATE_LIMITER_DURATION", "0"},
      {"RATE_LIMITER_BLOCK_DURATION", "-1"},
      {"RATE_LIMITER_KEY_TYPE", "ip,agent"},
      {"RATE_LIMITER_KEY_TYPE", ","},
      {"RATE_LIMITER_KEY_MODE", "none"},
      {"RATE_LIMITER_PRIORITY", "x"}};
  for (const auto& [name, value] : bad) {
    EXPECT_THAT(with(everything_on_but({{name, value}})).faults,
                ElementsAre(StartsWith("DISMISSIBLE_" + name + ": ")))
        << name << "=" << value;
  }
}

TEST(DismissalsSettings, AllFaultsAreToldAtOnce) {
  const auto settings = with({{"PORT", "abc"},
                              {"CORS_ENABLED", "true"},
                              {"JWT_AUTH_ENABLED", "true"},
                              {"JWT_AUTH_USER_ID_MATCH_TYPE", "regex"}});
  EXPECT_THAT(
      settings.faults,
      ElementsAre(
          R"(DISMISSIBLE_PORT: must be a whole number, 0 to 65535; is "abc")",
          "DISMISSIBLE_CORS_ORIGINS: origins must not be empty when CORS is enabled",
          "DISMISSIBLE_JWT_AUTH_WELL_KNOWN_URL: must be set when tokens are checked",
          AllOf(StartsWith("DISMISSIBLE_JWT_AUTH_USER_ID_MATCH_REGEX: "), HasSubstr("needs one"))));
}

TEST(DismissalsSettings, WhatIsSwitchedOffIsNotChecked) {
  EXPECT_THAT(with({{"JWT_AUTH_USER_ID_MATCH_TYPE", "regex"},
                    {"SWAGGER_ENABLED", "false"},
                    {"SWAGGER_PATH", "a b"}})
                  .faults,
              IsEmpty());
}

TEST(DismissalsSettings, UnknownNamesAreWarnedAbout) {
  const auto settings = with({{"STORAGE_DYNAMODB_REGION", "eu-west-1"}});
  EXPECT_THAT(settings.faults, IsEmpty());
  EXPECT_THAT(settings.warnings,
              ElementsAre(HasSubstr("DISMISSIBLE_STORAGE_DYNAMODB_REGION: no such variable")));
}

TEST(DismissalsSettings, HalfACredentialAndAnyOriginAreWarnedAbout) {
  EXPECT_THAT(with({{"STORAGE_DYNAMODB_AWS_SECRET_ACCESS_KEY", "hush"}}).warnings,
              ElementsAre(testing::Not(HasSubstr("hush"))));
  EXPECT_THAT(with({{"CORS_ENABLED", "true"}, {"CORS_ORIGINS", "*"}}).warnings,
              ElementsAre(HasSubstr("browsers refuse")));
}

TEST(DismissalsSettings, OnlyTheExactWordRunsTheSetup) {
  EXPECT_TRUE(with({{"STORAGE_RUN_SETUP", "true"}}).storage.run_setup);
  for (const char* value : {"True", "TRUE", "1", "yes", " true"}) {
    EXPECT_FALSE(with({{"STORAGE_RUN_SETUP", value}}).storage.run_setup) << value;
  }
}

TEST(DismissalsSettings, NoFaultTellsAPassword) {
  const auto settings = with({{"STORAGE_DYNAMODB_ENDPOINT", "http://me:hush@localhost"},
                              {"JWT_AUTH_ENABLED", "true"},
                              {"JWT_AUTH_WELL_KNOWN_URL", "https://me:hush@localhost/"}});
  EXPECT_EQ(settings.faults.size(), 2U);
  for (const std::string& fault : settings.faults)
    EXPECT_THAT(fault, testing::Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace dynakeep
