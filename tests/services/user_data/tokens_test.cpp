#include <string>
#include <utility>
#include <vector>

#include "services/jwt/test_issuer.h"
#include "services/token_provider.h"
#include "services/user_data/user_data_service.h"

// Who is let in to a user's data by a token, with a provider of keys that is really asked.
namespace dynakeep::contract {
namespace {

using jwt::TestIssuer;

class UserDataTokens : public UserDataOverHttp {
 protected:
  UserDataTokens() {
    open(service_kinds().front());
    provider_ = std::make_unique<TokenProvider>(*database_);
    provider_->set_keys({first().jwk()});
    serve_with({});
  }

  static const TestIssuer& first() {
    static const TestIssuer issuer = TestIssuer::rsa("first");
    return issuer;
  }
  static const TestIssuer& second() {
    static const TestIssuer issuer = TestIssuer::elliptic("second");
    return issuer;
  }

  void serve_with(TokenOptions tokens, std::shared_ptr<ApiKeys> keys = {}) {
    tokens.well_known_url = provider_->well_known_url();
    serve({}, {.keys = std::move(keys), .tokens = std::move(tokens)});
  }

  static Headers with(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }
  static Headers with_claims(std::string_view claims) { return with(first().token(claims)); }

  // What each operation answers to the data of user-1, which is there.
  std::vector<HttpAnswer> each_operation(const Headers& headers) {
    UserTurn turn = must(store_->load("user-1"));
    turn.user["secret"] = "s";
    must(store_->save(turn));
    return {get(user_path, headers), send("HEAD", user_path, headers),
            put(R"({"user":{"a":1}})", headers), patch(R"({"user":{"b":1}})", headers),
            send("DELETE", user_path, headers)};
  }
  void expect_each(const Headers& headers, int status, const std::string& message) {
    for (const HttpAnswer& answer : each_operation(headers)) {
      if (answer.body.empty()) {
        EXPECT_EQ(answer.status, status) << "HEAD";
      } else {
        expect_refusal(answer, status, message);
      }
      EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("secret")));
      EXPECT_EQ(answer.header("etag"), "");
    }
    EXPECT_EQ(must(store_->load("user-1")).user, (AttributeMap{{"secret", "s"}}));
    must(store_->erase("user-1"));
  }
  void expect_all_pass(const Headers& headers) {
    for (const HttpAnswer& answer : each_operation(headers)) {
      EXPECT_LT(answer.status, 300) << answer.body;
    }
    EXPECT_FALSE(must(store_->stored("user-1")));
  }

  const std::string not_theirs = "User ID in request does not match authenticated user";
  std::unique_ptr<TokenProvider> provider_;
};

TEST_F(UserDataTokens, AGoodTokenOpensItsOwnUserAndNoOther) {
  expect_all_pass(with_claims(R"({"sub":"user-1"})"));
  expect_each(with_claims(R"({"sub":"user-2"})"), 403, not_theirs);
  expect_each(with_claims(R"({"sub":"User-1"})"), 403, not_theirs);
  expect_each(with_claims(R"({"sub":"user-"})"), 403, not_theirs);
  // As it is percent-decoded, and not as it is written.
  EXPECT_EQ(get("/v1/users/%75ser-1/data", with_claims(R"({"sub":"user-1"})")).status, 200);
  EXPECT_EQ(get("/v1/users/%75ser-1/data", with_claims(R"({"sub":"%75ser-1"})")).status, 403);
  EXPECT_EQ(get("/v1/users/auth0%7Ca%2Fb/data", with_claims(R"({"sub":"auth0|a/b"})")).status, 200);
}

TEST_F(UserDataTokens, WithoutTheClaimItOpensNobody) {
  for (const char* claims : {"{}", R"({"sub":""})", R"({"sub":7})", R"({"sub":["user-1"]})"}) {
    expect_each(with_claims(claims), 403, not_theirs);
  }
}

TEST_F(UserDataTokens, EachStepRefusesInItsOrder) {
  const std::string claims = R"({"sub":"user-1"})";
  const std::string good = first().token(claims);
  expect_each({}, 401, "Missing or invalid bearer token");
  expect_each({{"Authorization", "Basic dTp1"}}, 401, "Missing or invalid bearer token");
  expect_each({{"x-api-key", "key"}}, 401, "Missing or invalid bearer token");
  expect_each(with("a.b"), 401, "Invalid token format");
  expect_each(with(first().token_with_header(R"({"alg":"RS256"})", claims)), 401,
              "Token missing key ID (kid)");
  expect_each(with(second().token(claims, "ES256")), 401, "Unable to find signing key");
  expect_each(with(good.substr(0, good.rfind('.') + 1)), 401, "jwt signature is required");
  for (const char* algorithm : {"none", "HS256", "RS512"}) {
    expect_each(with(first().token_with_header(
                    std::string(R"({"kid":"first","alg":")") + algorithm + "\"}", claims)),
                401, "invalid algorithm");
  }
  expect_each(with(TestIssuer::rsa("first").token(claims)), 401, "invalid signature");
}

TEST_F(UserDataTokens, TimesCountToTheSecondWithoutLeeway) {
  const auto at = [&](const char* claim, int offset) {
    // Each request is a second later than the one before.
    const auto then = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
    return with_claims(R"({"sub":"user-1",")" + std::string(claim) +
                       "\":" + std::to_string(then.count() + 1 + offset) + "}");
  };
  expect_refusal(get(user_path, at("nbf", 1)), 401, "jwt not active");
  EXPECT_EQ(get(user_path, at("nbf", 0)).status, 200);
  expect_refusal(get(user_path, at("exp", 0)), 401, "jwt expired");
  const Headers last = at("exp", 1);
  EXPECT_EQ(get(user_path, last).status, 200);
  expect_refusal(get(user_path, last), 401, "jwt expired");
}

TEST_F(UserDataTokens, AudienceAndIssuerAreCheckedWhereTheyAreSet) {
  serve_with({.issuers = {"https://a", "https://b"}, .audience = "api"});
  expect_all_pass(with_claims(R"({"sub":"user-1","aud":["web","api"],"iss":"https://b"})"));
  expect_each(with_claims(R"({"sub":"user-1","aud":"web","iss":"https://b"})"), 401,
              "jwt audience invalid. expected: api");
  expect_each(with_claims(R"({"sub":"user-1","aud":"api","iss":"https://c"})"), 401,
              "jwt issuer invalid. expected: https://a,https://b");
}

TEST_F(UserDataTokens, UsersAreFoundInTheClaimAsTheOptionsSay) {
  serve_with({.user_id_claim = "uid",
              .match_type = TokenUserMatch::regex,
              .match_regex = R"(^auth0\|(.+)$)"});
  expect_all_pass(with_claims(R"({"uid":"auth0|user-1"})"));
  expect_each(with_claims(R"({"uid":"auth0|user-11"})"), 403, not_theirs);
  expect_each(with_claims(R"({"sub":"auth0|user-1"})"), 403, not_theirs);
  serve_with({.match_user_id = false});
  expect_all_pass(with_claims("{}"));
}

TEST_F(UserDataTokens, ARotatedKeyIsFoundAfterOneFetch) {
  serve_with({.algorithms = {"RS256", "ES256"}});
  const int before = provider_->fetches();
  provider_->set_keys({first().jwk(), second().jwk()});
  const auto rotated = with(second().token(R"({"sub":"user-1"})", "ES256"));
  EXPECT_EQ(get(user_path, rotated).status, 401) << "asked not long ago";
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(get(user_path, rotated).status, 200);
  EXPECT_EQ(get(user_path, rotated).status, 200);
  EXPECT_EQ(provider_->fetches(), before + 1);

  provider_->set_keys({second().jwk()});
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(get(user_path, with(TestIssuer::rsa("made-up").token("{}"))).status, 401);
  expect_refusal(get(user_path, with_claims(R"({"sub":"user-1"})")), 401,
                 "Unable to find signing key");
}

// RFC 6750, 3: an error is told to who showed a token, and to nobody else.
TEST_F(UserDataTokens, ARefusalAsksForWhatIsMissing) {
  const auto challenge = [&](const Headers& headers) {
    return get(user_path, headers).header("www-authenticate");
  };
  EXPECT_EQ(challenge({}), "Bearer");
  EXPECT_EQ(challenge({{"Authorization", "Basic dTp1"}}), "Bearer");
  EXPECT_EQ(challenge(with("a.b")), R"(Bearer error="invalid_token")");
  EXPECT_EQ(challenge(with_claims(R"({"sub":"user-2"})")), "") << "403";
  EXPECT_EQ(challenge(with_claims(R"({"sub":"user-1"})")), "");
  serve_with({}, must(ApiKeys::of({{.key = "k", .scope = {.application = "app"}}})));
  Headers wrong_key = with_claims(R"({"sub":"user-1"})");
  wrong_key.emplace_back("x-api-key", "wrong");
  EXPECT_EQ(challenge(wrong_key), "Bearer");
}

TEST_F(UserDataTokens, AKeyOrATokenWillDoWhereBothAreTaken) {
  serve_with(
      {},
      must(ApiKeys::of({{.key = "service", .scope = {.application = "app"}},
                        {.key = "reader",
                         .scope = {.application = "app", .permissions = {ApiPermission::read}}}})));
  expect_all_pass({{"x-api-key", "service"}});
  expect_all_pass(with_claims(R"({"sub":"user-1"})"));
  expect_each({}, 401, "Missing or invalid bearer token");
  // The key counts where there is one: a good token makes no bad key good.
  Headers both = with_claims(R"({"sub":"user-1"})");
  both.emplace_back("x-api-key", "wrong");
  expect_each(both, 401, "Missing or invalid API key");
  both.back().second = "reader";
  EXPECT_EQ(get(user_path, both).status, 200);
  expect_refusal(put("{}", both), 403, "The key is not good for this");
}

TEST_F(UserDataTokens, ParametersAreLookedAtFirst) {
  expect_refusal(get("/v1/users/%zz/data"), 400, "percent-encoded");
  expect_refusal(get("/v1/users//data"), 400, "userId is required");
  EXPECT_EQ(get("/v1/users/user-1").status, 404);
  // A body is not looked at before it is known whose it is.
  EXPECT_EQ(put("{").status, 401);
}

TEST_F(UserDataTokens, WithoutAProviderOrWithOptionsThatMakeNoSenseNothingIsServed) {
  const auto served = [&](TokenOptions tokens) {
    return serve_user_data(*store_, {.tokens = std::move(tokens)});
  };
  EXPECT_FALSE(served({.well_known_url = provider_->endpoint() + "/keys"}));
  EXPECT_EQ(refused(served({.algorithms = {"none"}}), ErrorCode::invalid_argument).message(),
            "JWT_AUTH_WELL_KNOWN_URL: must be set when tokens are checked\n"
            "JWT_AUTH_ALGORITHMS: must be of RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
            "ES384; is \"none\"");
  provider_->stop();
  EXPECT_FALSE(served({.well_known_url = provider_->well_known_url()}));
}

}  // namespace
}  // namespace dynakeep::contract
