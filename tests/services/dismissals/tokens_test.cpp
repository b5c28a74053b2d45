#include <string>

#include "services/dismissals/dismissals_service.h"
#include "services/jwt/test_issuer.h"
#include "services/token_provider.h"

// Who is let in: 4.11 of the specification, with a provider of keys that is really asked.
namespace dynakeep::contract {
namespace {

using jwt::TestIssuer;

class DismissalTokens : public DismissalsOverHttp {
 protected:
  DismissalTokens() {
    provider_.set_keys({first().jwk()});
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

  void serve_with(TokenOptions tokens, DismissalsServiceOptions options = {}) {
    tokens.well_known_url = provider_.well_known_url();
    options.tokens = std::move(tokens);
    serve(std::move(options));
  }

  static DismissalHeaders with(const std::string& token) {
    return {{"Authorization", "Bearer " + token}};
  }
  static DismissalHeaders with_claims(std::string_view claims) {
    return with(first().token(claims));
  }
  // What each of upstream's operations answers to user u's item.
  std::vector<HttpAnswer> each_operation(const DismissalHeaders& headers) {
    DismissalHeaders json = headers;
    json.emplace_back("Content-Type", "application/json");
    return {get(x, headers), remove(x, headers), post(x, headers),
            send("POST", "/v1/users/u/items", json, R"({"items":["x"]})")};
  }
  void expect_each(const DismissalHeaders& headers, int status, std::string_view message) {
    for (const HttpAnswer& answer : each_operation(headers)) {
      EXPECT_EQ(answer.status, status) << answer.body;
      EXPECT_EQ(answer.body, shape_a(message, status));
    }
  }
  void expect_all_pass(const DismissalHeaders& headers) {
    for (const HttpAnswer& answer : each_operation(headers)) {
      EXPECT_LT(answer.status, 300) << answer.body;
    }
  }

  const std::string x = "/v1/users/u/items/x";
  const std::string not_theirs = "User ID in request does not match authenticated user";
  TokenProvider provider_{database()};
};

TEST_F(DismissalTokens, AGoodTokenOpensItsOwnUserAndNoOther) {
  expect_all_pass(with_claims(R"({"sub":"u"})"));
  expect_each(with_claims(R"({"sub":"v"})"), 403, not_theirs);
  expect_each(with_claims(R"({"sub":"U"})"), 403, not_theirs);
}

TEST_F(DismissalTokens, WithoutTheClaimItOpensNobody) {
  for (const char* claims : {"{}", R"({"sub":""})", R"({"sub":7})", R"({"sub":["u"]})"}) {
    expect_each(with_claims(claims), 403, not_theirs);
  }
}

TEST_F(DismissalTokens, WithoutATokenNothingIsOpen) {
  expect_each({}, 401, "Missing or invalid bearer token");
  expect_each({{"Authorization", "Basic dTp1"}}, 401, "Missing or invalid bearer token");
  EXPECT_EQ(get(x, {{"Authorization", "bearer " + first().token(R"({"sub":"u"})")}}).status, 200);
}

// RFC 6750, 3: an error is told to who showed a token, and to nobody else.
TEST_F(DismissalTokens, ARefusalAsksForWhatIsMissing) {
  const auto challenge = [&](const DismissalHeaders& headers) {
    return get(x, headers).header("www-authenticate");
  };
  EXPECT_EQ(challenge({}), "Bearer");
  EXPECT_EQ(challenge({{"Authorization", "Basic dTp1"}}), "Bearer");
  EXPECT_EQ(challenge(with("a.b")), R"(Bearer error="invalid_token")");
  EXPECT_EQ(challenge(with_claims(R"({"sub":"v"})")), "") << "403";
  EXPECT_EQ(challenge(with_claims(R"({"sub":"u"})")), "");
}

TEST_F(DismissalTokens, EachStepRefusesInItsOrder) {
  const std::string claims = R"({"sub":"u"})";
  const std::string good = first().token(claims);
  const std::string unsigned_token = good.substr(0, good.rfind('.') + 1);
  expect_each(with("a.b"), 401, "Invalid token format");
  expect_each(with(first().token_with_header(R"({"alg":"RS256"})", claims)), 401,
              "Token missing key ID (kid)");
  expect_each(with(second().token(claims, "ES256")), 401, "Unable to find signing key");
  expect_each(with(unsigned_token), 401, "jwt signature is required");
  for (const char* algorithm : {"none", "HS256", "RS512"}) {
    expect_each(with(first().token_with_header(
                    std::string(R"({"kid":"first","alg":")") + algorithm + "\"}", claims)),
                401, "invalid algorithm");
  }
  expect_each(with(TestIssuer::rsa("first").token(claims)), 401, "invalid signature");
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
  const auto time = [&](const char* claim, int offset) {
    return std::string(R"({"sub":"u",")") + claim + "\":" + std::to_string(now.count() + offset) +
           "}";
  };
  expect_each(with_claims(time("nbf", 1)), 401, "jwt not active");
  expect_each(with_claims(time("exp", 0)), 401, "jwt expired");
  expect_all_pass(with_claims(time("exp", 1)));
  tick();
  expect_each(with_claims(time("exp", 1)), 401, "jwt expired");
}

TEST_F(DismissalTokens, AudienceAndIssuerAreCheckedWhereTheyAreSet) {
  serve_with({.issuers = {"https://a", "https://b"}, .audience = "api"});
  expect_all_pass(with_claims(R"({"sub":"u","aud":["web","api"],"iss":"https://b"})"));
  expect_each(with_claims(R"({"sub":"u","aud":"web","iss":"https://b"})"), 401,
              "jwt audience invalid. expected: api");
  expect_each(with_claims(R"({"sub":"u","aud":"api","iss":"https://c"})"), 401,
              "jwt issuer invalid. expected: https://a,https://b");
}

TEST_F(DismissalTokens, UsersAreFoundInTheClaimAsTheOptionsSay) {
  serve_with({.match_type = TokenUserMatch::substring});
  expect_all_pass(with_claims(R"({"sub":"auth0|u"})"));
  serve_with({.user_id_claim = "uid",
              .match_type = TokenUserMatch::regex,
              .match_regex = R"(^auth0\|(.+)$)"});
  expect_all_pass(with_claims(R"({"uid":"auth0|u"})"));
  expect_each(with_claims(R"({"uid":"auth0|uu"})"), 403, not_theirs);
  expect_each(with_claims(R"({"sub":"auth0|u"})"), 403, not_theirs);
  serve_with({.match_user_id = false});
  expect_all_pass(with_claims("{}"));
}

TEST_F(DismissalTokens, OurRoutesAreGuardedAsUpstreams) {
  const auto own = with_claims(R"({"sub":"u"})");
  const auto other = with_claims(R"({"sub":"v"})");
  const auto guarded = [&](std::string_view method, const std::string& target,
                           std::string_view body = {}) {
    const auto status = [&](DismissalHeaders headers) {
      if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
      return send(method, target, headers, body).status;
    };
    EXPECT_EQ(status({}), 401) << target;
    EXPECT_EQ(status(other), 403) << target;
    EXPECT_LT(status(own), 300) << target;
  };
  get(x, own);
  guarded("GET", "/v1/users/u/items/x?create=false");
  guarded("POST", "/v1/users/u/items/x/showings");
  guarded("GET", "/v1/users/u/items");
  guarded("GET", "/v1/users/u/counts");
  guarded("POST", "/v1/users/u/restore");
  guarded("POST", "/v1/users/u/dismissals", R"({"items":["x"]})");
  guarded("POST", "/v1/users/u/restorations", R"({"items":["x"]})");
  guarded("POST", "/v1/items/x/dismissals", R"({"users":["u"]})");
  EXPECT_EQ(post_json("/v1/items/x/dismissals", R"({"users":["u","v"]})", own).status, 403)
      << "not for others beside itself";
  guarded("DELETE", "/v1/users/u/items");
}

TEST_F(DismissalTokens, ParametersAreLookedAtFirstAndSomeThingsAreFree) {
  EXPECT_EQ(get("/v1/users/u/items/a.b").status, 400);
  EXPECT_EQ(post_json("/v1/users/u/items", "{}").body, shape_a("Bad Request"));
  EXPECT_EQ(get("/nope").status, 404);
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/docs-json").status, 200);
  EXPECT_THAT(get("/docs-json").body, testing::HasSubstr(R"("security":[{"bearer":[]}])"));
}

TEST_F(DismissalTokens, ARotatedKeyIsFoundAfterOneFetch) {
  serve_with({.algorithms = {"RS256", "ES256"}});
  const int before = provider_.fetches();
  provider_.set_keys({first().jwk(), second().jwk()});
  const auto rotated = with(second().token(R"({"sub":"u"})", "ES256"));
  EXPECT_EQ(get(x, rotated).status, 401) << "asked not long ago";
  tick(std::chrono::seconds(10));
  EXPECT_EQ(get(x, rotated).status, 200);
  EXPECT_EQ(get(x, rotated).status, 200);
  EXPECT_EQ(provider_.fetches(), before + 1);

  provider_.set_keys({second().jwk()});
  tick(std::chrono::seconds(10));
  EXPECT_EQ(get(x, with(TestIssuer::rsa("made-up").token("{}"))).status, 401);
  EXPECT_EQ(get(x, with_claims(R"({"sub":"u"})")).status, 401) << "the old key is gone";
}

TEST_F(DismissalTokens, WithoutAProviderTheServiceDoesNotStart) {
  EXPECT_FALSE(
      serve_dismissals(store(), {.tokens = {{.well_known_url = provider_.endpoint() + "/keys"}}}));
  provider_.stop();
  EXPECT_FALSE(
      serve_dismissals(store(), {.tokens = {{.well_known_url = provider_.well_known_url()}}}));
  EXPECT_FALSE(serve_dismissals(store(), {.tokens = TokenOptions{}}));
}

}  // namespace
}  // namespace dynakeep::contract
