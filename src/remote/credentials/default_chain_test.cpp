#include "remote/credentials/default_chain.h"

#include <map>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_environment.h"
#include "http/percent_encoding.h"
#include "http/signature.h"
#include "remote/credentials/sts.h"
#include "remote/credentials/test_reach.h"

namespace dynakeep::remote {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view secret = "SECRET/of+the=source";
constexpr std::string_view token = "TOKEN-of-the-source";

std::string name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::access_denied:
      return "access_denied";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::timed_out:
      return "timed_out";
    default:
      return "another code";
  }
}

// A chain in the hands of a test: what is set, who answers, and what came out of it in words.
struct Chain : base::TestEnvironment, TestReach {
  Result<Finding> run(const std::string& profile = {}, ServerIs server_is = ServerIs::elsewhere) {
    const auto configuration = TRY(Configuration::read(environment(), profile));
    return find_credentials(
        configuration,
        profile.empty() ? ProfileNamedBy::nobody_or_environment : ProfileNamedBy::program, "",
        reach(), server_is);
  }

  // "AKID from words", "none: words" or "code: message".
  std::string found(const std::string& profile = {}) {
    const auto result = run(profile);
    std::string out;
    if (!result) {
      EXPECT_FALSE(result.error().outcome_unknown());
      out = name_of(result.error().code()) + ": " + result.error().message();
    } else if (!result->credentials) {
      out = "none: " + result->words;
    } else {
      out = result->credentials->access_key_id + " from " + result->words;
    }
    EXPECT_THAT(out, AllOf(Not(HasSubstr("\n")), Not(HasSubstr(std::string(secret))),
                           Not(HasSubstr(std::string(token)))));
    return out;
  }
};

const std::string keys_entries =
    "aws_access_key_id = AKSOURCE\naws_secret_access_key = " + std::string(secret) +
    "\naws_session_token = " + std::string(token) + "\n";

std::string json(std::string_view key, std::string_view expiration = "2025-11-24T17:00:00Z") {
  return R"({"Code":"Success","AccessKeyId":")" + std::string(key) +
         R"(","SecretAccessKey":"s","Token":"t","Expiration":")" + std::string(expiration) +
         R"("})";
}

std::string xml(std::string_view action, std::string_view key,
                std::string_view expiration = "2025-11-24T17:00:00Z") {
  std::string out = "<Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Result>";
  out += "<AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser><Credentials><AccessKeyId>";
  out.append(key).append("</AccessKeyId><SecretAccessKey>s</SecretAccessKey>");
  out.append("<SessionToken>t</SessionToken><Expiration>").append(expiration);
  out += "</Expiration></Credentials></Result></Response>";
  for (const std::string_view tag : {"Response", "Result"}) {
    for (std::size_t at = 0; (at = out.find(tag, at)) != std::string::npos;) {
      out.insert(at, action);
      at += action.size() + tag.size();
    }
  }
  return out;
}

std::string xml_error(std::string_view code, std::string_view message) {
  return "<ErrorResponse><Error><Type>Sender</Type><Code>" + std::string(code) +
         "</Code><Message>" + std::string(message) + "</Message></Error></ErrorResponse>";
}

std::map<std::string, std::string> form(const http::HttpRequest& request) {
  std::map<std::string, std::string> fields;
  std::string_view rest(request.body);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto equals = pair.find('=');
    fields[std::string(pair.substr(0, equals))] = http::percent_decoded(pair.substr(equals + 1));
  }
  return fields;
}

// ---- the order ----

TEST(DefaultChain, FindsNothingAndSaysWhereItLooked) {
  Chain chain;
  EXPECT_EQ(chain.found(),
            "none: AWS_ACCESS_KEY_ID is not set; AWS_WEB_IDENTITY_TOKEN_FILE is not set; no "
            "profile 'default' in /home/nina/.aws/config or /home/nina/.aws/credentials; "
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set; The instance "
            "metadata service http://169.254.169.254 did not answer: nobody there");
  EXPECT_THAT(chain.direct.sent, ElementsAre("PUT http://169.254.169.254/latest/api/token"));
  EXPECT_THAT(chain.pacing.waits, IsEmpty());
}

TEST(DefaultChain, DoesNotAskTheInstanceIfToldSo) {
  Chain chain;
  EXPECT_FALSE(chain.run("", ServerIs::here).value().credentials);
  chain.variables["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_THAT(chain.found(), HasSubstr("; AWS_EC2_METADATA_DISABLED is true"));
  EXPECT_THAT(chain.direct.sent, IsEmpty());
}

TEST(DefaultChain, TakesTheFirstSourceThatIsThere) {
  Chain chain;
  chain.outside.then(200, xml("AssumeRoleWithWebIdentity", "AKWEB"));
  chain.direct.then(200, json("AKCONTAINER"));
  chain.variables = {{"AWS_ACCESS_KEY_ID", "AKVARIABLE"},
                     {"AWS_SECRET_ACCESS_KEY", "s"},
                     {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                     {"AWS_ROLE_ARN", "arn:role"},
                     {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}};
  chain.files["/token"] = "web";
  chain.credentials() = "[default]\n" + keys_entries;
  EXPECT_EQ(chain.found(), "AKVARIABLE from the environment");
  chain.variables.erase("AWS_ACCESS_KEY_ID");
  EXPECT_EQ(chain.found(), "AKWEB from the web identity of role arn:role");
  chain.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(chain.found(), "AKSOURCE from profile 'default'");
  chain.credentials() = "[default]\nregion = x\n";
  EXPECT_EQ(chain.found(), "AKCONTAINER from the container's endpoint");
}

TEST(DefaultChain, PrefersAProfileThatTheProgramNamesToTheEnvironment) {
  Chain chain;
  chain.variables = {{"AWS_ACCESS_KEY_ID", "AKVARIABLE"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  chain.credentials() = "[work]\n" + keys_entries;
  EXPECT_EQ(chain.found("work"), "AKSOURCE from profile 'work'");
  chain.variables["AWS_PROFILE"] = "work";
  EXPECT_EQ(chain.found(), "AKVARIABLE from the environment");
}

// ---- the environment ----

TEST(EnvironmentCredentials, CarryTokenAndExpiration) {
  Chain chain;
  chain.variables = {{"AWS_ACCESS_KEY_ID", "AK"},
                     {"AWS_SECRET_ACCESS_KEY", std::string(secret)},
                     {"AWS_SECURITY_TOKEN", "old"},
                     {"AWS_CREDENTIAL_EXPIRATION", "2025-11-24T17:00:00+00:00"}};
  auto found = chain.run().value().credentials.value();
  EXPECT_EQ(found.secret_access_key, secret);
  EXPECT_EQ(found.session_token, "old");
  EXPECT_EQ(found.expires_at, chain.clock.now() + std::chrono::hours(1));
  chain.variables["AWS_SESSION_TOKEN"] = "new";
  found = chain.run().value().credentials.value();
  EXPECT_EQ(found.session_token, "new");
}

TEST(EnvironmentCredentials, AreRefusedIfIncompleteOrExpired) {
  Chain chain;
  chain.variables = {{"AWS_ACCESS_KEY_ID", "AK"}};
  EXPECT_EQ(chain.found(), "access_denied: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
  chain.variables["AWS_SECRET_ACCESS_KEY"] = secret;
  chain.variables["AWS_CREDENTIAL_EXPIRATION"] = "tomorrow";
  EXPECT_EQ(chain.found(), "access_denied: AWS_CREDENTIAL_EXPIRATION is no date");
  chain.variables["AWS_CREDENTIAL_EXPIRATION"] = "2025-11-24T16:00:00Z";
  EXPECT_EQ(chain.found(),
            "access_denied: The environment gave credentials that expired at 2025-11-24T16:00:00Z");
  chain.variables["AWS_CREDENTIAL_EXPIRATION"] = "";
  chain.variables["AWS_ACCESS_KEY_ID"] = "AK\nX: y";
  EXPECT_THAT(chain.found(), StartsWith("access_denied: The environment gave credentials with"));
}

// ---- roles ----

TEST(RoleCredentials, AreAskedForWithTheSourceProfilesKeys) {
  Chain chain;
  chain.variables = {{"AWS_REGION", "eu-west-1"}};
  chain.config() =
      "[profile work]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
      "role_session_name = me@home\nexternal_id = a&b c\nduration_seconds = 900\n";
  chain.credentials() = "[base]\n" + keys_entries;
  chain.outside.then(200, xml("AssumeRole", "AKROLE"));
  const auto found = chain.run("work").value();
  EXPECT_EQ(found.credentials->access_key_id, "AKROLE");
  EXPECT_EQ(found.credentials->secret_access_key, "s");
  EXPECT_EQ(found.credentials->session_token, "t");
  EXPECT_EQ(found.credentials->expires_at, chain.clock.now() + std::chrono::hours(1));

  EXPECT_THAT(chain.outside.sent, ElementsAre("POST https://sts.eu-west-1.amazonaws.com/"));
  const auto& request = chain.outside.requests.front();
  EXPECT_EQ(form(request), (std::map<std::string, std::string>{{"Action", "AssumeRole"},
                                                               {"Version", "2011-06-15"},
                                                               {"RoleArn", "arn:aws:iam::1:role/r"},
                                                               {"RoleSessionName", "me@home"},
                                                               {"ExternalId", "a&b c"},
                                                               {"DurationSeconds", "900"}}));
  EXPECT_EQ(request.headers.find("X-Amz-Security-Token"), token);
  const http::SecretKeys secrets{{"AKSOURCE", std::string(secret)}};
  EXPECT_TRUE(http::verify(request, secrets, "sts", chain.clock.now()));
}

TEST(RoleCredentials, AreNamedByTheSecondIfNobodyNamesThem) {
  Chain chain;
  chain.config() = "[default]\nrole_arn = arn\nsource_profile = default\n" + keys_entries;
  chain.outside.then(200, xml("AssumeRole", "AKROLE"));
  EXPECT_EQ(chain.found(), "AKROLE from profile 'default'");
  EXPECT_EQ(form(chain.outside.requests.front())["RoleSessionName"], "dynakeep-1764000000");
}

TEST(RoleCredentials, AreChained) {
  Chain chain;
  chain.config() =
      "[profile c]\nrole_arn = arn:c\nsource_profile = b\n"
      "[profile b]\nrole_arn = arn:b\nsource_profile = a\n"
      "[profile a]\nrole_arn = arn:a\nsource_profile = a\n" +
      keys_entries;
  chain.outside.then(200, xml("AssumeRole", "AKB"));
  chain.outside.then(200, xml("AssumeRole", "AKC"));
  EXPECT_EQ(chain.found("c"), "AKC from profile 'c'");
  // A source's own keys go before its role.
  ASSERT_EQ(chain.outside.requests.size(), 2U);
  EXPECT_EQ(form(chain.outside.requests[0])["RoleArn"], "arn:b");
  EXPECT_EQ(form(chain.outside.requests[1])["RoleArn"], "arn:c");
  EXPECT_THAT(std::string(*chain.outside.requests[1].headers.find("Authorization")),
              HasSubstr("Credential=AKB/"));
}

TEST(RoleCredentials, BuildOnANamedSource) {
  Chain chain;
  chain.config() = "[default]\nrole_arn = arn\ncredential_source = Environment\n";
  chain.outside.then(200, xml("AssumeRole", "AKROLE"));
  chain.variables = {{"AWS_PROFILE", "default"}};
  EXPECT_EQ(chain.found(),
            "access_denied: Profile 'default' has nothing to assume its role with: "
            "AWS_ACCESS_KEY_ID is not set");
  chain.variables = {{"AWS_ACCESS_KEY_ID", "AKVARIABLE"},
                     {"AWS_SECRET_ACCESS_KEY", std::string(secret)}};
  EXPECT_EQ(chain.found("default"), "AKROLE from profile 'default'");

  chain.config() = "[default]\nrole_arn = arn\ncredential_source = ecscontainer\n";
  chain.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}};
  chain.direct.then(200, json("AKCONTAINER"));
  EXPECT_EQ(chain.found(), "AKROLE from profile 'default'");
  EXPECT_THAT(std::string(*chain.outside.requests.back().headers.find("Authorization")),
              HasSubstr("Credential=AKCONTAINER/"));
}

TEST(RoleCredentials, AreRefusedIfTheProfileMakesNoSense) {
  const auto refusal = [](const std::string& config) {
    Chain chain;
    chain.config() = config;
    const std::string out = chain.found("p");
    EXPECT_THAT(chain.outside.sent, IsEmpty());
    EXPECT_THAT(out, AllOf(StartsWith("invalid_argument: "), HasSubstr("rofile 'p")));
    return out;
  };
  const std::string role = "[profile p]\nrole_arn = arn\n";
  EXPECT_THAT(refusal(role), HasSubstr("without source_profile or credential_source"));
  EXPECT_THAT(refusal(role + "source_profile = q\ncredential_source = Environment\n"),
              HasSubstr("both source_profile and credential_source"));
  EXPECT_THAT(refusal(role + "source_profile = q\n"), HasSubstr("'q', that does not exist"));
  EXPECT_THAT(refusal(role + "source_profile = p\n"), HasSubstr("its own source_profile"));
  EXPECT_THAT(refusal(role + "credential_source = Sky\n"), HasSubstr("none of Environment, Ecs"));
  EXPECT_THAT(refusal(role + "source_profile = q\nmfa_serial = arn:mfa\n"),
              HasSubstr("a second factor (mfa_serial), which nobody can type here"));
  EXPECT_THAT(refusal(role + "source_profile = q\nduration_seconds = 1h\n"),
              HasSubstr("duration_seconds that are not a whole number"));
  EXPECT_THAT(refusal(role + "source_profile = p2\n[profile p2]\nrole_arn = arn\n"
                             "source_profile = p\n"),
              HasSubstr("'p2' comes back to profile 'p' by source_profile"));
  std::string chain = role + "source_profile = p1\n";
  for (int i = 1; i < 20; ++i) {
    chain += "[profile p" + std::to_string(i) + "]\nrole_arn = arn\nsource_profile = p" +
             std::to_string(i + 1) + "\n";
  }
  EXPECT_THAT(refusal(chain + "[profile p20]\n"), HasSubstr("too long a chain"));
  EXPECT_THAT(refusal("[profile p]\naws_access_key_id = AK\n"),
              HasSubstr("aws_access_key_id without aws_secret_access_key"));
  EXPECT_THAT(refusal("[profile p]\nweb_identity_token_file = /t\n"),
              HasSubstr("web_identity_token_file without role_arn"));
  EXPECT_THAT(refusal("[profile p]\nsso_session = s\nsso_account_id = 1\n"),
              HasSubstr("credential_process = aws configure export-credentials --profile p"));
  EXPECT_THAT(refusal("[profile p]\nlogin_session = arn\n"), HasSubstr("aws login"));
}

TEST(ProfileCredentials, ThatNeedAPersonAreNoneForAServerOnThisMachine) {
  Chain chain;
  for (const std::string& entries :
       {std::string("sso_session = s\n"),
        "role_arn = arn\nsource_profile = default\nmfa_serial = m\n" + keys_entries}) {
    chain.config() = "[default]\n" + entries;
    EXPECT_THAT(chain.found(), StartsWith("invalid_argument: profile 'default' "));
    EXPECT_FALSE(chain.run("", ServerIs::here).value().credentials);
  }
  // Not so what builds on it: somebody meant to have a role.
  chain.config() = "[default]\nrole_arn = arn\nsource_profile = b\n[profile b]\nsso_session = s\n";
  EXPECT_THAT(chain.found(),
              AllOf(StartsWith("access_denied: Profile 'default' has nothing to assume its role"),
                    HasSubstr("profile 'b' signs in by a browser")));
}

TEST(RoleCredentials, AreRefusedInTheWordsOfSts) {
  Chain chain;
  chain.config() = "[default]\nrole_arn = arn:r\nsource_profile = default\n" + keys_entries;
  chain.outside.then(403, xml_error("AccessDenied", "User u may not"));
  EXPECT_EQ(chain.found(),
            "access_denied: STS (https://sts.us-east-1.amazonaws.com), asked for role arn:r, "
            "answered 403: AccessDenied: User u may not");
  EXPECT_EQ(chain.outside.sent.size(), 1U);
}

TEST(RoleCredentials, AreNotRefusedInWordsThatHoldASecret) {
  Chain chain;
  chain.config() = "[default]\nrole_arn = arn:r\nsource_profile = default\n" + keys_entries;
  chain.outside.then(403, xml_error("Denied", "no: " + std::string(secret)));
  chain.outside.then(403, xml_error("Denied", "no: " + std::string(token).substr(0, 15)));
  chain.outside.then(403, xml_error(std::string(token), "x"));
  EXPECT_THAT(chain.found(), testing::EndsWith("answered 403: Denied"));
  EXPECT_THAT(chain.found(), testing::EndsWith("answered 403: Denied"));
  EXPECT_THAT(chain.found(), testing::EndsWith("answered 403"));
}

TEST(RoleCredentials, AreAskedForAgainIfStsStumbles) {
  Chain chain;
  chain.config() = "[default]\nrole_arn = arn:r\nsource_profile = default\n" + keys_entries;
  chain.outside.then(500, "oops");
  chain.outside.then(Error(ErrorCode::unavailable, "lost").set_outcome_unknown(true));
  chain.outside.then(200, xml("AssumeRole", "AKROLE"));
  EXPECT_EQ(chain.found(), "AKROLE from profile 'default'");
  using std::chrono_literals::operator""ms;
  EXPECT_THAT(chain.pacing.waits, ElementsAre(100ms, 200ms));

  Chain busy;
  busy.config() = chain.config();
  busy.outside.then(400, xml_error("Throttling", "Rate exceeded"));
  EXPECT_THAT(busy.found(), testing::EndsWith("answered 400: Throttling: Rate exceeded"));
  EXPECT_EQ(busy.outside.sent.size(), 3U);

  Chain down;
  down.config() = chain.config();
  down.outside.then(503, "<html>");
  EXPECT_THAT(down.found(), AllOf(StartsWith("unavailable: "), testing::EndsWith("answered 503")));

  Chain slow;
  slow.config() = chain.config();
  slow.outside.then(Error(ErrorCode::timed_out, "no answer in time").set_outcome_unknown(true));
  EXPECT_THAT(slow.found(), AllOf(StartsWith("timed_out: "), HasSubstr("no answer in time")));
  EXPECT_EQ(slow.outside.sent.size(), 1U);
}

TEST(RoleCredentials, AreRefusedIfTheAnswerMakesNoSense) {
  const auto refusal = [](const std::string& body) {
    Chain chain;
    chain.config() = "[default]\nrole_arn = arn:r\nsource_profile = default\n" + keys_entries;
    chain.outside.then(200, body);
    return chain.found();
  };
  EXPECT_THAT(refusal("{}"), AllOf(StartsWith("unavailable"), HasSubstr("that is no XML")));
  EXPECT_THAT(refusal(""), HasSubstr("that is no XML"));
  EXPECT_THAT(refusal(xml("AssumeRoleWithWebIdentity", "AK")), HasSubstr("without AccessKeyId"));
  EXPECT_THAT(refusal(xml("AssumeRole", "")), HasSubstr("without AccessKeyId"));
  EXPECT_THAT(refusal(xml("AssumeRole", "AK", "never")), HasSubstr("Expiration is no date"));
  EXPECT_THAT(refusal(xml("AssumeRole", "A K")), HasSubstr("a blank or another character"));
  EXPECT_THAT(refusal(xml("AssumeRole", "AK", "2025-11-24T15:59:59Z")),
              AllOf(StartsWith("access_denied"), HasSubstr("expired at 2025-11-24T15:59:59Z")));
  EXPECT_THAT(refusal(std::string(200'000, '<')), HasSubstr("far too long an answer"));
}

TEST(Sts, IsWhereTheSettingsSay) {
  const auto sts = [](std::map<std::string, std::string, std::less<>> variables,
                      const std::string& config = {}, const std::string& region = {}) {
    base::TestEnvironment test{.variables = std::move(variables)};
    test.config() = config;
    const auto configuration = Configuration::read(test.environment(), "").value();
    const auto found = find_sts(configuration, region);
    return found ? to_string(found->origin) + ", " + found->region : found.error().message();
  };
  EXPECT_EQ(sts({}), "https://sts.us-east-1.amazonaws.com, us-east-1");
  EXPECT_EQ(sts({{"AWS_REGION", "eu-west-1"}}), "https://sts.eu-west-1.amazonaws.com, eu-west-1");
  EXPECT_EQ(sts({{"AWS_REGION", "eu-west-1"}}, "", "cn-north-1"),
            "https://sts.cn-north-1.amazonaws.com.cn, cn-north-1");
  EXPECT_EQ(sts({}, "", "local"), "https://sts.us-east-1.amazonaws.com, us-east-1");
  EXPECT_EQ(sts({{"AWS_REGION", "eu-west-1"}, {"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}),
            "https://sts.amazonaws.com, us-east-1");
  EXPECT_EQ(sts({{"AWS_REGION", "af-south-1"}}, "[default]\nsts_regional_endpoints = legacy\n"),
            "https://sts.af-south-1.amazonaws.com, af-south-1");
  EXPECT_EQ(sts({{"AWS_STS_REGIONAL_ENDPOINTS", "global"}}),
            "AWS_STS_REGIONAL_ENDPOINTS: neither regional nor legacy");
  EXPECT_EQ(sts({{"AWS_REGION", "us-gov-west-1"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}),
            "https://sts.us-gov-west-1.amazonaws.com, us-gov-west-1");
  EXPECT_EQ(sts({{"AWS_ENDPOINT_URL_STS", "http://a:1"}, {"AWS_ENDPOINT_URL", "http://b"}}),
            "http://a:1, us-east-1");
  EXPECT_EQ(sts({{"AWS_ENDPOINT_URL", "http://b"}, {"AWS_REGION", "x"}}), "http://b, x");
  EXPECT_EQ(sts({}, "[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = http://c\n"),
            "http://c, us-east-1");
  EXPECT_THAT(sts({{"AWS_REGION", "EU"}}), StartsWith("AWS_REGION: Region 'EU' is no region's"));
}

TEST(Sts, OfNoRegionMattersToRolesOnly) {
  Chain chain;
  chain.variables = {{"AWS_REGION", "None"}};  // what some engines are told
  chain.config() = "[default]\n" + keys_entries +
                   "[profile r]\nrole_arn = a\nsource_profile = r\n" + keys_entries;
  EXPECT_EQ(chain.found(), "AKSOURCE from profile 'default'");
  EXPECT_THAT(chain.found("r"), StartsWith("invalid_argument: AWS_REGION: Region 'None'"));
}

// ---- web identity ----

TEST(WebIdentityCredentials, AreAskedForWithTheTokenAndNoSignature) {
  Chain chain;
  chain.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                     {"AWS_ROLE_ARN", "arn:role"},
                     {"AWS_ROLE_SESSION_NAME", "pod"},
                     {"AWS_REGION", "eu-west-1"}};
  chain.files["/token"] = std::string(token) + "\n";
  chain.outside.then(200, xml("AssumeRoleWithWebIdentity", "AKWEB"));
  EXPECT_EQ(chain.found(), "AKWEB from the web identity of role arn:role");
  EXPECT_THAT(chain.outside.sent, ElementsAre("POST https://sts.eu-west-1.amazonaws.com/"));
  auto& request = chain.outside.requests.front();
  EXPECT_EQ(form(request),
            (std::map<std::string, std::string>{{"Action", "AssumeRoleWithWebIdentity"},
                                                {"Version", "2011-06-15"},
                                                {"RoleArn", "arn:role"},
                                                {"RoleSessionName", "pod"},
                                                {"WebIdentityToken", std::string(token)}}));
  EXPECT_FALSE(request.headers.contains("Authorization"));

  // The token is read anew each time: it lives for an hour.
  chain.files["/token"] = "next";
  EXPECT_THAT(chain.found(), StartsWith("AKWEB"));
  EXPECT_EQ(form(chain.outside.requests.back())["WebIdentityToken"], "next");
}

TEST(WebIdentityCredentials, ComeFromAProfileToo) {
  Chain chain;
  chain.config() = "[default]\nrole_arn = arn\nweb_identity_token_file = /token\n" + keys_entries;
  chain.files["/token"] = std::string(token);
  chain.outside.then(200, xml("AssumeRoleWithWebIdentity", "AKWEB"));
  EXPECT_EQ(chain.found(), "AKWEB from profile 'default'");
}

TEST(WebIdentityCredentials, AreRefused) {
  Chain chain;
  chain.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}};
  EXPECT_EQ(chain.found(),
            "invalid_argument: AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
  chain.variables["AWS_ROLE_ARN"] = "arn:role";
  EXPECT_EQ(chain.found(), "invalid_argument: The web identity token file /token does not exist");
  chain.files["/token"] = " \n";
  EXPECT_EQ(chain.found(), "access_denied: The web identity token file /token is empty");
  chain.files["/token"] = std::string(100'000, 'x');
  EXPECT_THAT(chain.found(), HasSubstr("Cannot read /token: too large"));
  chain.files["/token"] = std::string(token);
  chain.outside.then(400, xml_error("InvalidIdentityToken", "bad " + std::string(token)));
  EXPECT_THAT(chain.found(), testing::EndsWith("answered 400: InvalidIdentityToken"));

  // The identity provider, which STS asks, has stumbled.
  chain.outside = {};
  chain.outside.then(400, xml_error("IDPCommunicationError", "later"));
  chain.outside.then(200, xml("AssumeRoleWithWebIdentity", "AKWEB"));
  EXPECT_THAT(chain.found(), StartsWith("AKWEB"));
}

// ---- the container ----

TEST(ContainerCredentials, AreAskedForAtTheAddressOfEcs) {
  Chain chain;
  chain.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials?id=1"},
                     {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example"},
                     {"AWS_CONTAINER_AUTHORIZATION_TOKEN", std::string(token)}};
  chain.direct.then(200, json("AKC"));
  EXPECT_EQ(chain.found(), "AKC from the container's endpoint");
  EXPECT_THAT(chain.direct.sent, ElementsAre("GET http://169.254.170.2/v2/credentials?id=1"));
  EXPECT_EQ(chain.direct.requests.front().headers.find("Authorization"), token);
  EXPECT_EQ(chain.direct.requests.front().headers.find("Host"), "169.254.170.2");
}

TEST(ContainerCredentials, AreAskedForAtAFullUriOfATrustedHostOnly) {
  for (const std::string_view uri :
       {"http://127.0.0.1:8080/c", "http://localhost/c", "http://[::1]/c",
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1", "https://example.com/c",
        "http://127.9.9.9/c"}) {
    Chain chain;
    chain.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", std::string(uri)}};
    chain.direct.then(200, json("AKC"));
    EXPECT_EQ(chain.found(), "AKC from the container's endpoint") << uri;
    EXPECT_THAT(chain.direct.sent, ElementsAre("GET " + std::string(uri)));
  }
  for (const std::string_view uri :
       {"http://example.com/c", "http://169.254.169.254/c", "http://10.0.0.1/c",
        "http://127.0.0.1.example.com/c", "http://[fd00:ec2::24]/c"}) {
    Chain chain;
    chain.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", std::string(uri)},
                       {"AWS_CONTAINER_AUTHORIZATION_TOKEN", std::string(token)}};
    EXPECT_THAT(chain.found(), AllOf(StartsWith("invalid_argument"), HasSubstr("neither https")));
    EXPECT_THAT(chain.direct.sent, IsEmpty());
  }
}

TEST(ContainerCredentials, ReadTheAuthorizationFromItsFileEachTime) {
  Chain chain;
  chain.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/c"},
                     {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this"},
                     {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/auth"}};
  chain.direct.then(200, json("AKC"));
  EXPECT_THAT(chain.found(), HasSubstr("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: /auth does not"));
  for (const std::string_view text : {"Bearer one", "Bearer two\n"}) {
    chain.files["/auth"] = text;
    EXPECT_THAT(chain.found(), StartsWith("AKC"));
    EXPECT_EQ(chain.direct.requests.back().headers.find("Authorization"), text.substr(0, 10));
  }
  const auto before = chain.direct.sent.size();
  chain.files["/auth"] = std::string(token) + "\r\nX-Evil: 1";
  EXPECT_EQ(chain.found(), "invalid_argument: /auth holds what cannot be a header's value");
  EXPECT_EQ(chain.direct.sent.size(), before);
}

TEST(ContainerCredentials, AreRefused) {
  const auto refusal = [](int status, const std::string& body) {
    Chain chain;
    chain.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}};
    chain.direct.then(status, body);
    return chain.found();
  };
  EXPECT_EQ(refusal(403, R"({"message":"SECRET/of+the=source"})"),
            "access_denied: The container's endpoint http://169.254.170.2 answered 403");
  EXPECT_THAT(refusal(500, ""), StartsWith("unavailable: "));
  EXPECT_THAT(refusal(429, ""), StartsWith("unavailable: "));
  EXPECT_THAT(refusal(200, "<html>"), HasSubstr("that is no JSON object"));
  EXPECT_THAT(refusal(200, R"({"AccessKeyId":"A"})"), HasSubstr("without SecretAccessKey"));
  EXPECT_THAT(refusal(200, json("AK", "2025-11-24T16:00:00Z")), HasSubstr("expired at"));
  EXPECT_THAT(refusal(200, std::string(200'000, ' ')), HasSubstr("far too long"));
  Chain chain;
  for (const std::string_view path : {"c", "@evil.example/c", ":80/c", "/a b"}) {
    chain.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", std::string(path)}};
    EXPECT_EQ(chain.found(), "invalid_argument: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path");
  }
  chain.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "localhost:80"}};
  EXPECT_THAT(chain.found(), HasSubstr("AWS_CONTAINER_CREDENTIALS_FULL_URI: 'localhost:80'"));
  EXPECT_THAT(chain.direct.sent, IsEmpty());
}

// ---- the instance ----

TEST(InstanceCredentials, AreAskedForWithAToken) {
  Chain chain;
  chain.direct.then(200, "METATOKEN==");
  chain.direct.then(200, "my-role\n");
  chain.direct.then(200, json("AKI"));
  EXPECT_EQ(chain.found(), "AKI from the instance's role my-role");
  EXPECT_THAT(
      chain.direct.sent,
      ElementsAre("PUT http://169.254.169.254/latest/api/token",
                  "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/",
                  "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role"));
  EXPECT_EQ(chain.direct.requests[0].headers.find("X-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(chain.direct.requests[1].headers.find("X-aws-ec2-metadata-token"), "METATOKEN==");
  EXPECT_EQ(chain.direct.requests[2].headers.find("X-aws-ec2-metadata-token"), "METATOKEN==");
}

TEST(InstanceCredentials, AreAskedForWhereTheSettingsSay) {
  const auto asked = [](std::map<std::string, std::string, std::less<>> variables,
                        const std::string& entries = {}) {
    Chain chain;
    chain.variables = std::move(variables);
    chain.config() = "[default]\n" + entries;
    const std::string out = chain.found();
    return chain.direct.sent.empty() ? out : chain.direct.sent.front();
  };
  EXPECT_EQ(asked({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1338/"}}),
            "PUT http://localhost:1338/latest/api/token");
  EXPECT_EQ(asked({}, "ec2_metadata_service_endpoint = http://[::1]:9\n"),
            "PUT http://[::1]:9/latest/api/token");
  EXPECT_EQ(asked({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6"}}),
            "PUT http://[fd00:ec2::254]/latest/api/token");
  EXPECT_EQ(asked({}, "ec2_metadata_service_endpoint_mode = IPv6\n"),
            "PUT http://[fd00:ec2::254]/latest/api/token");
  EXPECT_THAT(asked({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "5"}}),
              HasSubstr("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: neither IPv4 nor IPv6"));
  EXPECT_THAT(asked({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "here"}}),
              HasSubstr("AWS_EC2_METADATA_SERVICE_ENDPOINT: 'here'"));
}

TEST(InstanceCredentials, AreAskedForAsOftenAsConfigured) {
  Chain chain;
  chain.variables = {{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3"},
                     {"AWS_METADATA_SERVICE_TIMEOUT", "4"}};
  EXPECT_THAT(chain.found(), StartsWith("none: "));
  EXPECT_EQ(chain.direct.sent.size(), 3U);
  chain.variables["AWS_METADATA_SERVICE_TIMEOUT"] = "long";
  EXPECT_THAT(chain.found(), HasSubstr("AWS_METADATA_SERVICE_TIMEOUT: not a whole number"));
}

TEST(InstanceCredentials, AreNoneWithoutATokenOrARole) {
  // 403: switched off; 404, 405: only the first version, which we do not speak.
  for (const int status : {400, 403, 404, 405, 500}) {
    Chain chain;
    chain.direct.then(status, "no");
    EXPECT_THAT(chain.found(), AllOf(StartsWith("none: "), HasSubstr("it gives no token")));
    EXPECT_EQ(chain.direct.sent.size(), 1U);
  }
  for (const int status : {404, 200}) {
    Chain chain;
    chain.direct.then(200, "METATOKEN");
    chain.direct.then(status, "");
    EXPECT_THAT(chain.found(), HasSubstr("knows no role of this instance"));
  }
}

TEST(InstanceCredentials, AreRefused) {
  const auto refusal = [](const std::string& metatoken, int status, const std::string& role,
                          int last_status = 200, const std::string& body = "") {
    Chain chain;
    chain.direct.then(200, metatoken);
    chain.direct.then(status, role);
    chain.direct.then(last_status, body);
    return chain.found();
  };
  EXPECT_THAT(refusal("a b\r\n", 200, "r"), HasSubstr("gave something that is no token"));
  EXPECT_THAT(refusal(std::string(5000, 'x'), 200, "r"), HasSubstr("is no token"));
  EXPECT_THAT(refusal("T", 401, ""), AllOf(StartsWith("access_denied"), HasSubstr("401")));
  EXPECT_THAT(refusal("T", 200, "../../x"), HasSubstr("is no role's name"));
  EXPECT_THAT(refusal("T", 200, "<html>"), HasSubstr("is no role's name"));
  EXPECT_THAT(refusal("T", 200, "r", 404), AllOf(StartsWith("access_denied"), HasSubstr("404")));
  EXPECT_THAT(refusal("T", 200, "r", 503), AllOf(StartsWith("unavailable"), HasSubstr("503")));
  EXPECT_THAT(refusal("T", 200, "r", 200, "junk"), HasSubstr("that is no JSON object"));
  EXPECT_THAT(refusal("T", 200, "r", 200, R"({"Code":"AssumeRoleUnauthorizedAccess"})"),
              HasSubstr("no credentials for role r: AssumeRoleUnauthorizedAccess"));
  EXPECT_THAT(refusal("T", 200, "r", 200, json("AK", "2020-01-01T00:00:00Z")),
              HasSubstr("expired at 2020-01-01T00:00:00Z"));
}

// ---- processes ----

TEST(ProfileCredentials, ComeFromAProcess) {
  Chain chain;
  chain.config() =
      "[default]\nsso_session = s\ncredential_process = /bin/echo '{\"Version\": 1, "
      "\"AccessKeyId\": \"AKP\", \"SecretAccessKey\": \"s\"}'\n";
  EXPECT_EQ(chain.found(), "AKP from profile 'default'");
  chain.config() = "[default]\ncredential_process = false\n";
  EXPECT_EQ(chain.found(),
            "access_denied: The credential_process of profile 'default' failed with exit code 1");
}

}  // namespace
}  // namespace dynakeep::remote
