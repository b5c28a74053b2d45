#include "services/jwt/token_check.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "services/jwt/test_issuer.h"
#include "services/jwt/token.h"
#include "services/jwt/user_match.h"

namespace dynakeep::jwt {
namespace {

const TestIssuer& issuer() {
  static const TestIssuer one = TestIssuer::rsa("one");
  return one;
}
const TestIssuer& p256() {
  static const TestIssuer one = TestIssuer::elliptic("p256");
  return one;
}
const TestIssuer& p384() {
  static const TestIssuer one = TestIssuer::elliptic("p384", "P-384");
  return one;
}

PublicKey key_of(const TestIssuer& from, std::string_view more = {}) {
  return *PublicKey::from_jwk(*JsonDocument::parse(from.jwk(more)));
}

class TokenCheck : public testing::Test {
 protected:
  static constexpr std::int64_t now_s = 1'700'000'000;

  // What is wrong with a token; empty: nothing.
  std::string wrong(std::string_view authorization) {
    const auto checked = check_token(
        rules,
        [this](std::string_view id) -> std::optional<PublicKey> {
          const auto found = keys.find(id);
          return found == keys.end() ? std::nullopt : std::optional(found->second);
        },
        authorization);
    const auto* refused = std::get_if<Refused>(&checked);
    return refused != nullptr ? refused->message : std::string();
  }
  std::string wrong_claims(std::string_view claims) {
    return wrong("Bearer " + issuer().token(claims));
  }

  ManualClock clock{Time{std::chrono::seconds{now_s}}};
  TokenRules rules{.clock = &clock};
  std::map<std::string, PublicKey, std::less<>> keys = {
      {"one", key_of(issuer())}, {"p256", key_of(p256())}, {"p384", key_of(p384())}};
};

TEST_F(TokenCheck, TakesATokenOfAKnownKeyAndGivesItsClaims) {
  const auto checked = check_token(
      rules, [this](std::string_view) { return std::optional(keys.at("one")); },
      "Bearer " + issuer().token(R"({"sub":"ann","n":1})"));
  const auto* claims = std::get_if<JsonDocument>(&checked);
  ASSERT_NE(claims, nullptr);
  EXPECT_EQ(claims->find("sub")->text(), "ann");
}

TEST_F(TokenCheck, WantsAHeaderOfTwoPartsWithOneBlank) {
  const std::string token = issuer().token("{}");
  EXPECT_EQ(wrong("Bearer " + token), "");
  EXPECT_EQ(wrong("bearer " + token), "");
  EXPECT_EQ(wrong("BEARER " + token), "");
  for (const std::string& header : std::vector<std::string>{
           "", token, "Bearer", "Bearer ", "Bearer  " + token, "Basic " + token,
           "Bearer " + token + " x", " Bearer " + token, "Bearer " + token + " "}) {
    EXPECT_EQ(wrong(header), "Missing or invalid bearer token") << header;
  }
  EXPECT_TRUE(std::holds_alternative<Refused>(check_token(
      rules, [](std::string_view) { return std::nullopt; }, std::nullopt)));
}

TEST_F(TokenCheck, RefusesWhatIsNoToken) {
  const std::string good = base::to_base64url(R"({"alg":"RS256","kid":"one"})");
  for (const std::string& token : std::vector<std::string>{
           "a", std::string("a.b"), std::string("a.b.c"), std::string(".."), good + ".e30",
           good + ".e30.a.b", good + "..e30", good + "." + base::to_base64url("[]") + ".",
           good + "." + base::to_base64url("{") + ".", base::to_base64url("1") + ".e30.",
           good + ".e30.a+b/", good + "." + base::to_base64url("\"\xff\"") + ".",
           std::string(token_bytes_max + 1, 'a'),
           issuer().token_with_header(R"({"alg":"RS256","kid":"one","crit":["exp"]})", "{}")}) {
    EXPECT_EQ(wrong("Bearer " + token), "Invalid token format") << token.substr(0, 200);
  }
}

TEST_F(TokenCheck, WantsTheIdOfAKeyThatIsKnown) {
  for (const char* header :
       {R"({"alg":"RS256"})", R"({"alg":"RS256","kid":""})", R"({"alg":"RS256","kid":7})"}) {
    EXPECT_EQ(wrong("Bearer " + issuer().token_with_header(header, "{}")),
              "Token missing key ID (kid)");
  }
  EXPECT_EQ(wrong("Bearer " + TestIssuer::rsa("two").token("{}")), "Unable to find signing key");
}

TEST_F(TokenCheck, WantsASignatureOfThatKeyOverWhatTheTokenSays) {
  const std::string token = issuer().token(R"({"sub":"ann"})");
  const auto last_dot = token.rfind('.');
  EXPECT_EQ(wrong("Bearer " + token.substr(0, last_dot + 1)), "jwt signature is required");

  const std::string other_claims = base::to_base64url(R"({"sub":"bob"})");
  const auto first_dot = token.find('.');
  EXPECT_EQ(
      wrong("Bearer " + token.substr(0, first_dot + 1) + other_claims + token.substr(last_dot)),
      "invalid signature");
  EXPECT_EQ(wrong("Bearer " + TestIssuer::rsa("one").token(R"({"sub":"ann"})")),
            "invalid signature");
  for (std::size_t at = last_dot + 1; at < token.size(); at += 17) {
    std::string bent = token;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(wrong("Bearer " + bent), "invalid signature");
  }
}

TEST_F(TokenCheck, TakesTheAlgorithmsThatAreAllowedAndNoOthers) {
  const auto token = [](std::string_view algorithm) {
    const TestIssuer& from = algorithm == "ES256"   ? p256()
                             : algorithm == "ES384" ? p384()
                                                    : issuer();
    return "Bearer " + from.token("{}", algorithm);
  };
  const std::array<std::string_view, 8> all = {"RS256", "RS384", "RS512", "PS256",
                                               "PS384", "PS512", "ES256", "ES384"};
  for (const std::string_view allowed : all) {
    rules.algorithms = {*parse_algorithm(allowed)};
    for (const std::string_view used : all) {
      EXPECT_EQ(wrong(token(used)), used == allowed ? "" : "invalid algorithm")
          << used << " where " << allowed << " is allowed";
    }
  }
}

TEST_F(TokenCheck, NeverTakesNoneOrAnHmacWhateverIsAllowed) {
  rules.algorithms = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256,
                      Algorithm::ps384, Algorithm::ps512, Algorithm::es256, Algorithm::es384};
  for (const char* name :
       {"none", "None", "NONE", "HS256", "HS384", "HS512", "rs256", "", "ES512", "EdDSA", "RS1"}) {
    EXPECT_EQ(parse_algorithm(name), std::nullopt) << name;
    const std::string header = std::string(R"({"alg":")") + name + R"(","kid":"one"})";
    EXPECT_EQ(wrong("Bearer " + issuer().token_with_header(header, "{}")), "invalid algorithm");
  }
  EXPECT_EQ(wrong("Bearer " + issuer().token_with_header(R"({"kid":"one"})", "{}")),
            "invalid algorithm");
  EXPECT_EQ(wrong("Bearer " + base::to_base64url(R"({"alg":"none","kid":"one"})") + ".e30."),
            "jwt signature is required");
}

TEST_F(TokenCheck, AKeyIsGoodForItsOwnKindOfSignatureOnly) {
  rules.algorithms = {Algorithm::rs256, Algorithm::es256, Algorithm::es384};
  const auto with_kid = [](const TestIssuer& from, const char* algorithm, const char* kid) {
    return "Bearer " + from.token_with_header(
                           std::string(R"({"alg":")") + algorithm + R"(","kid":")" + kid + "\"}",
                           "{}", algorithm);
  };
  EXPECT_EQ(wrong(with_kid(p256(), "ES256", "one")), "invalid signature");
  EXPECT_EQ(wrong(with_kid(p256(), "ES256", "p384")), "invalid signature");
  EXPECT_EQ(wrong(with_kid(issuer(), "RS256", "p256")), "invalid signature");

  keys.at("one") = key_of(issuer(), R"(,"alg":"RS512","use":"sig")");
  EXPECT_EQ(wrong("Bearer " + issuer().token("{}")), "invalid signature");
}

TEST_F(TokenCheck, TimesCountToTheSecondWithoutLeeway) {
  const auto at = [](const char* claim, std::int64_t seconds) {
    return std::string("{\"") + claim + "\":" + std::to_string(seconds) + "}";
  };
  EXPECT_EQ(wrong_claims(at("exp", now_s + 1)), "");
  EXPECT_EQ(wrong_claims(at("exp", now_s)), "jwt expired");
  EXPECT_EQ(wrong_claims(at("exp", now_s - 1)), "jwt expired");
  EXPECT_EQ(wrong_claims(at("nbf", now_s)), "");
  EXPECT_EQ(wrong_claims(at("nbf", now_s + 1)), "jwt not active");
  EXPECT_EQ(wrong_claims("{}"), "") << "without an end it has none";
  EXPECT_EQ(wrong_claims(R"({"exp":1700000000.5})"), "");
  EXPECT_EQ(wrong_claims(R"({"exp":1.7000000001e9})"), "");
  EXPECT_EQ(wrong_claims(R"({"exp":"1800000000"})"), "invalid exp value");
  EXPECT_EQ(wrong_claims(R"({"exp":null})"), "invalid exp value");
  EXPECT_EQ(wrong_claims(R"({"nbf":true})"), "invalid nbf value");
  EXPECT_EQ(wrong_claims(R"({"exp":0})"), "jwt expired");

  clock.advance(std::chrono::milliseconds(999));
  EXPECT_EQ(wrong_claims(at("nbf", now_s + 1)), "jwt not active");
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(wrong_claims(at("nbf", now_s + 1)), "");
  EXPECT_EQ(wrong_claims(at("exp", now_s + 1)), "jwt expired");
}

TEST_F(TokenCheck, TheAudienceIsTheClaimOrInIt) {
  rules.audience = "api";
  EXPECT_EQ(wrong_claims(R"({"aud":"api"})"), "");
  EXPECT_EQ(wrong_claims(R"({"aud":["web","api"]})"), "");
  for (const char* claims : {"{}", R"({"aud":"web"})", R"({"aud":[]})", R"({"aud":["web"]})",
                             R"({"aud":["API"]})", R"({"aud":{"api":"api"}})", R"({"aud":null})"}) {
    EXPECT_EQ(wrong_claims(claims), "jwt audience invalid. expected: api") << claims;
  }
}

TEST_F(TokenCheck, TheIssuerIsOneOfThoseListed) {
  rules.issuers = {"https://a", "https://b"};
  EXPECT_EQ(wrong_claims(R"({"iss":"https://b"})"), "");
  for (const char* claims : {"{}", R"({"iss":"https://c"})", R"({"iss":["https://a"]})"}) {
    EXPECT_EQ(wrong_claims(claims), "jwt issuer invalid. expected: https://a,https://b") << claims;
  }
}

TEST(JwtPublicKey, RefusesWhatIsWeakOrMakesNoSense) {
  const auto refused = [](const std::string& text) {
    return !PublicKey::from_jwk(*JsonDocument::parse(text)).has_value();
  };
  EXPECT_FALSE(refused(issuer().jwk()));
  EXPECT_FALSE(refused(issuer().jwk(R"(,"use":"sig","alg":"RS256")")));
  EXPECT_TRUE(refused(issuer().jwk(R"(,"use":"enc")")));
  EXPECT_TRUE(refused(issuer().jwk(R"(,"alg":"HS256")")));
  EXPECT_TRUE(refused(TestIssuer::rsa("weak", 1024).jwk()));
  const std::string huge(20'000, 'A');
  for (const std::string& text : std::vector<std::string>{
           "1", std::string("{}"), std::string(R"({"kty":"oct","k":"c2VjcmV0"})"),
           std::string(R"({"kty":"RSA"})"), R"({"kty":"RSA","n":"B)" + huge + R"(","e":"AQAB"})",
           std::string(R"({"kty":"RSA","n":"!","e":"AQAB"})"),
           std::string(R"({"kty":"EC","crv":"P-521","x":"AA","y":"AA"})"),
           std::string(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"),
           R"({"kty":"EC","crv":"P-256","x":")" + std::string(43, 'A') + R"(","y":")" +
               std::string(43, 'A') + R"("})"}) {
    EXPECT_TRUE(refused(text)) << text.substr(0, 100);
  }
}

class JwtUserMatch : public testing::Test {
 protected:
  static bool matches(const UserMatchOptions& options, std::string_view claims,
                      std::string_view user) {
    return UserMatch::create(options)->matches(*JsonDocument::parse(claims), user);
  }
};

TEST_F(JwtUserMatch, ExactlyTheClaimIsTheUser) {
  EXPECT_TRUE(matches({}, R"({"sub":"ann"})", "ann"));
  EXPECT_FALSE(matches({}, R"({"sub":"ann2"})", "ann"));
  EXPECT_FALSE(matches({}, R"({"sub":"Ann"})", "ann"));
  EXPECT_TRUE(matches({.claim = "uid"}, R"({"sub":"bob","uid":"ann"})", "ann"));
}

TEST_F(JwtUserMatch, NobodyIsMeantByAClaimThatIsMissingEmptyOrNoString) {
  for (const TokenUserMatch type :
       {TokenUserMatch::exact, TokenUserMatch::substring, TokenUserMatch::regex}) {
    for (const char* claims : {"{}", R"({"sub":""})", R"({"sub":7})", R"({"sub":null})",
                               R"({"sub":["7"]})", R"({"other":"7"})"}) {
      EXPECT_FALSE(matches({.type = type, .regex = "."}, claims, "7")) << claims;
    }
  }
}

TEST_F(JwtUserMatch, EitherMayBePartOfTheOther) {
  const UserMatchOptions options{.type = TokenUserMatch::substring};
  EXPECT_TRUE(matches(options, R"({"sub":"auth0|ann"})", "ann"));
  EXPECT_TRUE(matches(options, R"({"sub":"ann"})", "team-ann"));
  EXPECT_FALSE(matches(options, R"({"sub":"auth0|ann"})", "bob"));
}

TEST_F(JwtUserMatch, TheFirstGroupOrTheWholeMatchIsTheUser) {
  const auto by = [](const char* regex) {
    return UserMatchOptions{.type = TokenUserMatch::regex, .regex = regex};
  };
  EXPECT_TRUE(matches(by(R"(^auth0\|(.+)$)"), R"({"sub":"auth0|ann"})", "ann"));
  EXPECT_FALSE(matches(by(R"(^auth0\|(.+)$)"), R"({"sub":"auth0|ann"})", "auth0"));
  EXPECT_TRUE(matches(by("[a-z]+"), R"({"sub":"1ann2bob"})", "ann"));
  EXPECT_FALSE(matches(by("[a-z]+"), R"({"sub":"1ann2bob"})", "bob"));
  EXPECT_TRUE(matches(by("(x)|ann"), R"({"sub":"ann"})", "ann"));
  EXPECT_FALSE(matches(by("^[0-9]+$"), R"({"sub":"ann"})", "ann"));
}

TEST_F(JwtUserMatch, TakesTimeInProportionWhateverTheExpression) {
  // With a matcher that goes back, this one takes longer than the universe has.
  const UserMatchOptions options{.type = TokenUserMatch::regex, .regex = "^((a+)+)+$"};
  const std::string claims = R"({"sub":")" + std::string(4000, 'a') + "!\"}";
  EXPECT_FALSE(matches(options, claims, "a"));
  const std::string longer = R"({"sub":")" + std::string(5000, 'a') + "\"}";
  EXPECT_FALSE(matches(options, longer, std::string(5000, 'a'))) << "a claim has its limit";
}

TEST_F(JwtUserMatch, WantsAnExpressionThatItCanKeepThatPromiseFor) {
  for (const char* regex : {"", "(", "(?=a)b", R"((a)\1)"}) {
    EXPECT_FALSE(UserMatch::create({.type = TokenUserMatch::regex, .regex = regex})) << regex;
  }
}

}  // namespace
}  // namespace dynakeep::jwt
