#include "remote/profile_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_environment.h"

namespace dynakeep::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

ProfileFile config(std::string_view text) {
  return parse_profile_file(text, ProfileFileKind::config, "config").value();
}

Entries values_of(const ProfileFile& file, const std::string& profile) {
  return file.profiles.at(profile).values;
}

Entries values_in(std::string_view entries) {
  return values_of(config("[default]\n" + std::string(entries)), "default");
}

std::string refusal_of(std::string_view text) {
  const auto parsed = parse_profile_file(text, ProfileFileKind::config, "/etc/config");
  if (parsed) return "taken";
  EXPECT_EQ(parsed.error().code(), ErrorCode::invalid_argument);
  return parsed.error().message();
}

TEST(ProfileFile, NamesProfilesByTheirPrefixInAConfigFile) {
  const auto file = config(
      "[default]\nregion = a\n[profile work]\nregion = b\n[profile \"with space\"]\nregion = c\n"
      "[profile\t'tab']\nregion = d\n[ profile padded ] # why\nregion = e\n[plain]\nregion = f\n"
      "[profileless]\nregion = g\n[profile]\nregion = h\n[profile a b]\nregion = i\n"
      "[sso-session x]\nregion = j\n[services s]\ndynamodb =\n  endpoint_url = http://a\n");
  std::vector<std::string> names;
  for (const auto& [name, section] : file.profiles) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("default", "padded", "tab", "with space", "work"));
  EXPECT_EQ(file.services.at("s").nested.at("dynamodb").at("endpoint_url"), "http://a");
}

TEST(ProfileFile, NamesProfilesByTheirWholeHeaderInACredentialsFile) {
  const auto file = parse_profile_file("[default]\na=1\n[work]\na=2\n[profile work]\na=3\n",
                                       ProfileFileKind::credentials, "credentials")
                        .value();
  EXPECT_EQ(values_of(file, "work").at("a"), "2");
  EXPECT_EQ(values_of(file, "profile work").at("a"), "3");
}

TEST(ProfileFile, PrefersProfileDefaultToDefault) {
  EXPECT_THAT(values_of(config("[profile default]\na = 1\n[default]\na = 2\nb = 3\n"), "default"),
              ElementsAre(Pair("a", "1")));
}

TEST(ProfileFile, MergesSectionsOfOneNameAndTakesTheLaterValue) {
  EXPECT_THAT(values_of(config("[profile a]\nx=1\ny=1\nx=2\n[default]\n[profile a]\ny=3\n"), "a"),
              ElementsAre(Pair("x", "2"), Pair("y", "3")));
}

TEST(ProfileFile, IsReadWithoutRegardToBlanksAndTheCaseOfNames) {
  EXPECT_THAT(values_in("  OUTPUT \t=\t json  \r\nRegion=a\nurl: http://x=y\nempty =\n"),
              ElementsAre(Pair("empty", ""), Pair("output", "json"), Pair("region", "a"),
                          Pair("url", "http://x=y")));
}

TEST(ProfileFile, PassesOverComments) {
  EXPECT_THAT(values_in("# a = 1\n; b = 2\n  # c = 3\nd = 4 # e = 5\nf = 6\t; g\nh = 7#i;j\n"
                        "k = # nothing\n"),
              ElementsAre(Pair("d", "4"), Pair("f", "6"), Pair("h", "7#i;j"), Pair("k", "")));
}

TEST(ProfileFile, ContinuesAValueInIndentedLines) {
  EXPECT_THAT(values_in("a = one\n  two # stays\n\n# comment\n\tthree = 3\nb = 4\n"),
              ElementsAre(Pair("a", "one\ntwo # stays\nthree = 3"), Pair("b", "4")));
}

TEST(ProfileFile, TakesEvenlyIndentedEntriesForEntries) {
  EXPECT_THAT(values_in("  a = 1\n  b = 2\n c = 3\n"),
              ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3")));
}

TEST(ProfileFile, HoldsEntriesWithinAnEntry) {
  const auto file = config("[default]\ns3 =\n  Max = 10\n  other = a=b # c\nregion = x\n");
  const auto& section = file.profiles.at("default");
  EXPECT_THAT(section.nested.at("s3"), ElementsAre(Pair("max", "10"), Pair("other", "a=b")));
  EXPECT_EQ(section.find("s3"), nullptr);
  EXPECT_EQ(*section.find("region"), "x");
}

TEST(ProfileFile, MayBeginWithAByteOrderMarkAndBeEmpty) {
  EXPECT_EQ(config("\xEF\xBB\xBF[default]\r\na = 1").profiles.size(), 1U);
  EXPECT_TRUE(config("").profiles.empty());
  EXPECT_TRUE(config("\n \n# only this").profiles.empty());
}

TEST(ProfileFile, LooksAtNothingInOtherSections) {
  EXPECT_THAT(config("[plugins]\nwhat is this\n = \n  [more\n[profile a]\n").profiles,
              ElementsAre(Pair("a", testing::_)));
}

TEST(ProfileFile, IsRefusedByLineWithoutQuotingIt) {
  EXPECT_EQ(refusal_of("[default]\na = 1\nsecret\n"),
            "/etc/config, line 3: neither a [section] nor an entry of the form name = value");
  EXPECT_EQ(refusal_of("secret = 1\n"), "/etc/config, line 1: an entry before the first section");
  EXPECT_EQ(refusal_of("\n[default\n"),
            "/etc/config, line 2: a section without its closing bracket");
  EXPECT_EQ(refusal_of("[default]\na =\n  secret\n"),
            "/etc/config, line 3: an indented line that is no entry of the form name = value");
  EXPECT_EQ(refusal_of("[default]\n = secret\n"),
            "/etc/config, line 2: neither a [section] nor an entry of the form name = value");
}

TEST(Profiles, AreReadFromHomeUnlessTheEnvironmentSaysWhere) {
  base::TestEnvironment test;
  test.config() = "[profile a]\nregion = 1\n";
  test.credentials() = "[b]\nregion = 2\n";
  auto profiles = read_profiles(test.environment()).value();
  EXPECT_EQ(profiles.profiles.size(), 2U);
  EXPECT_EQ(profiles.config_path, "/home/nina/.aws/config");

  test.variables = {{"AWS_CONFIG_FILE", "~/c"}, {"AWS_SHARED_CREDENTIALS_FILE", "/k"}};
  test.files["/home/nina/c"] = "[profile c]\n";
  test.files["/k"] = "[d]\n[e]\n";
  profiles = read_profiles(test.environment()).value();
  EXPECT_EQ(profiles.profiles.size(), 3U);
  EXPECT_EQ(profiles.credentials_path, "/k");

  test.variables = {{"AWS_CONFIG_FILE", "/none"}, {"AWS_SHARED_CREDENTIALS_FILE", "/none"}};
  EXPECT_THAT(read_profiles(test.environment()).value().profiles, IsEmpty());
}

TEST(Profiles, TakeTheCredentialsFileFirstButNeverMixKeys) {
  base::TestEnvironment test;
  test.config() =
      "[profile a]\nregion = x\noutput = json\naws_access_key_id = 1\n"
      "aws_secret_access_key = 2\naws_session_token = 3\n"
      "[profile b]\naws_access_key_id = 1\naws_session_token = 3\n";
  test.credentials() =
      "[a]\nregion = y\naws_access_key_id = 4\naws_secret_access_key = 5\n"
      "[b]\naws_secret_access_key = 2\n";
  const auto profiles = read_profiles(test.environment()).value().profiles;
  EXPECT_THAT(profiles.at("a").values,
              ElementsAre(Pair("aws_access_key_id", "4"), Pair("aws_secret_access_key", "5"),
                          Pair("output", "json"), Pair("region", "y")));
  EXPECT_THAT(profiles.at("b").values,
              ElementsAre(Pair("aws_access_key_id", "1"), Pair("aws_secret_access_key", "2"),
                          Pair("aws_session_token", "3")));
}

TEST(Profiles, AreRefusedWithTheFileThatIsWrong) {
  base::TestEnvironment test;
  test.credentials() = "[a\n";
  EXPECT_THAT(read_profiles(test.environment()).error().message(),
              HasSubstr("/home/nina/.aws/credentials, line 1"));
  test.credentials() = std::string(profile_file_bytes_max + 1, '#');
  EXPECT_THAT(read_profiles(test.environment()).error().message(), HasSubstr("too large"));
}

}  // namespace
}  // namespace dynakeep::remote
