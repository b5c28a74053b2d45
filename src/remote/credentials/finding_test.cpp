#include "remote/credentials/finding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::remote {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string rewritten(std::string_view text) {
  const auto time = parse_timestamp(text);
  return time ? to_timestamp(*time) : "no date";
}

TEST(Timestamp, IsReadAsAwsWritesIt) {
  EXPECT_EQ(rewritten("2026-11-21T08:25:27Z"), "2026-11-21T08:25:27Z");
  EXPECT_EQ(rewritten("2026-11-21T08:25:27.123456Z"), "2026-11-21T08:25:27Z");
  EXPECT_EQ(rewritten("2026-11-21t08:25:27z"), "2026-11-21T08:25:27Z");
  EXPECT_EQ(rewritten("2026-11-21 08:25:27+00:00"), "2026-11-21T08:25:27Z");
  EXPECT_EQ(rewritten("2026-11-21T01:25:27+02:30"), "2026-11-20T22:55:27Z");
  EXPECT_EQ(rewritten("2026-12-31T23:25:27-0100"), "2027-01-01T00:25:27Z");
  EXPECT_EQ(rewritten("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
}

TEST(Timestamp, IsRefusedIfItIsNone) {
  for (const std::string_view text :
       {"", "2026", "2026-11-21", "2026-11-21T08:25:27", "2026-11-21T08:25Z",
        "2026-13-21T08:25:27Z", "2026-02-30T08:25:27Z", "2026-11-21T24:25:27Z",
        "2026-11-21T08:60:27Z", "2026-11-21T08:25:61Z", "2026-11-21T08:25:27.Z",
        "2026-11-21T08:25:27Zx", "2026-11-21T08:25:27+1", "2026-11-21T08:25:27+24:00",
        "2026-11-21X08:25:27Z", "26-11-21T08:25:27Z", "+026-11-21T08:25:27Z", "1764000000"}) {
    EXPECT_EQ(rewritten(text), "no date") << text;
  }
}

Result<Credentials> decoded(std::string_view json, Lifetime lifetime = Lifetime::ends) {
  const auto fields = read_credentials_json(json, "The source");
  if (!fields) return fields.error();
  return to_credentials(*fields, "Token", lifetime, "The source");
}

std::string refusal_of(std::string_view json, Lifetime lifetime = Lifetime::ends) {
  const auto credentials = decoded(json, lifetime);
  if (credentials) return "taken";
  EXPECT_EQ(credentials.error().code(), ErrorCode::unavailable);
  return credentials.error().message();
}

TEST(CredentialsJson, IsReadByItsFields) {
  const auto credentials =
      decoded(R"({"AccessKeyId":"A","SecretAccessKey":"S\/1","Token":"T","More":[{}],
                  "Expiration":"2026-11-21T08:25:27Z"})")
          .value();
  EXPECT_EQ(credentials.access_key_id, "A");
  EXPECT_EQ(credentials.secret_access_key, "S/1");
  EXPECT_EQ(credentials.session_token, "T");
  EXPECT_EQ(credentials.expires_at, parse_timestamp("2026-11-21T08:25:27Z"));
  EXPECT_TRUE(decoded(R"({"AccessKeyId":"A","SecretAccessKey":"S"})", Lifetime::may_last));
}

TEST(CredentialsJson, IsRefusedIfSomethingIsMissingOrMakesNoSense) {
  EXPECT_EQ(refusal_of(""), "The source gave something that is no JSON object");
  EXPECT_EQ(refusal_of("<html>"), "The source gave something that is no JSON object");
  EXPECT_EQ(refusal_of("[]"), "The source gave something that is no JSON object");
  EXPECT_EQ(refusal_of("{}"), "The source gave credentials without AccessKeyId");
  EXPECT_EQ(refusal_of(R"({"AccessKeyId":"A"})"),
            "The source gave credentials without SecretAccessKey");
  EXPECT_EQ(refusal_of(R"({"AccessKeyId":"A","SecretAccessKey":null})"),
            "The source gave credentials without SecretAccessKey");
  EXPECT_EQ(refusal_of(R"({"AccessKeyId":"A","SecretAccessKey":"S"})"),
            "The source gave credentials without Token");
  EXPECT_EQ(refusal_of(R"({"AccessKeyId":"A","SecretAccessKey":"S","Token":"T"})"),
            "The source gave credentials without Expiration");
  EXPECT_EQ(refusal_of(R"({"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"soon"})",
                       Lifetime::may_last),
            "The source gave credentials whose Expiration is no date");
  EXPECT_EQ(refusal_of("{\"a\":\"" + std::string(credentials_bytes_max, 'x') + "\"}"),
            "The source gave far too long an answer");
}

TEST(CheckedCredentials, AreRefusedIfTheyCannotBeSentOrHaveExpired) {
  const Time now{std::chrono::seconds(1'764'000'000)};
  const Credentials good{.access_key_id = "AKID", .secret_access_key = "secret/+="};
  const auto refusal = [now](Credentials credentials) -> std::string {
    const auto result = checked(std::move(credentials), "It", now);
    if (result) return "taken";
    EXPECT_EQ(result.error().code(), ErrorCode::access_denied);
    EXPECT_THAT(result.error().message(), Not(HasSubstr("secret/")));
    return result.error().message();
  };
  EXPECT_EQ(refusal(good), "taken");

  Credentials bad = good;
  bad.expires_at = now;
  EXPECT_EQ(refusal(bad), "It gave credentials that expired at 2025-11-24T16:00:00Z");
  bad = good;
  bad.access_key_id = "AKID\r\nX-Evil: 1";
  EXPECT_THAT(refusal(bad), HasSubstr("another character that they cannot have"));
  bad = good;
  bad.session_token = "a b";
  EXPECT_THAT(refusal(bad), HasSubstr("another character that they cannot have"));
  bad = good;
  bad.secret_access_key = "secret/\n";
  EXPECT_THAT(refusal(bad), HasSubstr("another character that they cannot have"));
  bad = good;
  bad.session_token = std::string(100'000, 't');
  EXPECT_THAT(refusal(bad), HasSubstr("far too long"));
  bad = good;
  bad.secret_access_key = "";
  EXPECT_EQ(refusal(bad), "It gave a key without its secret");
}

TEST(InOneLine, KeepsWhatPrintsOfTheFirstLine) {
  EXPECT_EQ(in_one_line(" \n went\twrong\x1b[31m \r\nmore"), "wentwrong[31m ");
  EXPECT_EQ(in_one_line(""), "");
  EXPECT_EQ(in_one_line(std::string(400, 'x')).size(), 303U);
}

}  // namespace
}  // namespace dynakeep::remote
