#include "remote/settings.h"

#include <gtest/gtest.h>

#include "base/test_environment.h"
#include "transport/url.h"

namespace dynakeep::remote {
namespace {

// "endpoint, signed for region", or the refusal.
std::string endpoint_of(const base::TestEnvironment& test, const RemoteOptions& options = {}) {
  const auto found = find_settings(options, test.environment());
  if (found) return to_string(found->endpoint) + ", " + found->region;
  EXPECT_EQ(found.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(found.error().message().find('\n'), std::string::npos);
  return found.error().message();
}

std::string endpoint_with(const std::map<std::string, std::string, std::less<>>& variables,
                          const RemoteOptions& options = {}) {
  return endpoint_of(base::TestEnvironment{.variables = variables}, options);
}

TEST(Settings, TakeTheRegionOfTheOptionsTheEnvironmentAndTheProfileInThatOrder) {
  base::TestEnvironment test{
      .variables = {{"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "eu-west-2"}}};
  test.config() = "[default]\nregion = eu-west-3\n[profile p]\nregion = eu-north-1\n";
  EXPECT_EQ(endpoint_of(test, {.region = "us-west-1"}),
            "https://dynamodb.us-west-1.amazonaws.com, us-west-1");
  EXPECT_EQ(endpoint_of(test), "https://dynamodb.eu-west-1.amazonaws.com, eu-west-1");
  test.variables.erase("AWS_REGION");
  EXPECT_EQ(endpoint_of(test), "https://dynamodb.eu-west-2.amazonaws.com, eu-west-2");
  test.variables.erase("AWS_DEFAULT_REGION");
  EXPECT_EQ(endpoint_of(test), "https://dynamodb.eu-west-3.amazonaws.com, eu-west-3");
  EXPECT_EQ(endpoint_of(test, {.profile = "p"}),
            "https://dynamodb.eu-north-1.amazonaws.com, eu-north-1");
}

TEST(Settings, TakeTheEndpointOfTheOptionsTheEnvironmentAndTheProfileInThatOrder) {
  base::TestEnvironment test{.variables = {{"AWS_ENDPOINT_URL_DYNAMODB", "http://a:1"},
                                           {"AWS_ENDPOINT_URL", "http://b:2"},
                                           {"AWS_REGION", "eu-west-1"}}};
  test.config() =
      "[default]\nservices = s\nendpoint_url = http://d:4/\n"
      "[services s]\nsts =\n  endpoint_url = http://x\ndynamodb =\n  endpoint_url = http://c:3\n";
  EXPECT_EQ(endpoint_of(test, {.endpoint = "http://o"}), "http://o, eu-west-1");
  EXPECT_EQ(endpoint_of(test), "http://a:1, eu-west-1");
  test.variables.erase("AWS_ENDPOINT_URL_DYNAMODB");
  EXPECT_EQ(endpoint_of(test), "http://b:2, eu-west-1");
  test.variables.erase("AWS_ENDPOINT_URL");
  EXPECT_EQ(endpoint_of(test), "http://c:3, eu-west-1");
  test.config() = "[default]\nservices = s\nendpoint_url = http://d:4/\n[services s]\n";
  EXPECT_EQ(endpoint_of(test), "http://d:4, eu-west-1");
}

TEST(Settings, PassOverConfiguredEndpointsIfToldSo) {
  base::TestEnvironment test{.variables = {{"AWS_ENDPOINT_URL", "http://b:2"},
                                           {"AWS_REGION", "eu-west-1"},
                                           {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"}}};
  const std::string amazons = "https://dynamodb.eu-west-1.amazonaws.com, eu-west-1";
  EXPECT_EQ(endpoint_of(test), amazons);
  EXPECT_EQ(endpoint_of(test, {.endpoint = "http://o"}), "http://o, eu-west-1");
  test.variables.erase("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  test.config() = "[default]\nignore_configured_endpoint_urls = true\n";
  EXPECT_EQ(endpoint_of(test), amazons);
}

TEST(Settings, SignForUsEast1AtAnEndpointWithoutRegion) {
  EXPECT_EQ(endpoint_with({}, {.endpoint = "http://127.0.0.1:8000"}),
            "http://127.0.0.1:8000, us-east-1");
  EXPECT_EQ(endpoint_with({{"AWS_REGION", "None"}}, {.endpoint = "http://alternator:8000"}),
            "http://alternator:8000, None");
}

TEST(Settings, TakeTheRegionFromTheNameOfAmazonsEndpoint) {
  const RemoteOptions amazons{.endpoint = "https://dynamodb.eu-west-1.amazonaws.com"};
  EXPECT_EQ(endpoint_with({{"AWS_REGION", "us-east-1"}}, amazons),
            "https://dynamodb.eu-west-1.amazonaws.com, eu-west-1");
  EXPECT_EQ(endpoint_with({}, {.endpoint = amazons.endpoint, .region = "us-east-1"}),
            "The endpoint https://dynamodb.eu-west-1.amazonaws.com is not of region us-east-1");
  EXPECT_TRUE(find_settings(amazons, base::TestEnvironment{}.environment()).value().amazon);
  EXPECT_FALSE(
      find_settings({.endpoint = "http://a"}, base::TestEnvironment{}.environment())->amazon);
}

TEST(Settings, KnowTheRegionThatIsLocal) {
  EXPECT_EQ(endpoint_with({}, {.region = "local"}), "http://localhost:8000, us-east-1");
}

TEST(Settings, AskForTheKindOfEndpointThatIsConfigured) {
  base::TestEnvironment test{
      .variables = {{"AWS_REGION", "us-east-1"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}};
  EXPECT_EQ(endpoint_of(test), "https://dynamodb-fips.us-east-1.amazonaws.com, us-east-1");
  test.config() = "[default]\nuse_dualstack_endpoint = true\n";
  EXPECT_EQ(endpoint_of(test), "https://dynamodb-fips.us-east-1.api.aws, us-east-1");
  test.variables["AWS_USE_FIPS_ENDPOINT"] = "false";
  test.variables["AWS_USE_DUALSTACK_ENDPOINT"] = "false";
  EXPECT_EQ(endpoint_of(test), "https://dynamodb.us-east-1.amazonaws.com, us-east-1");
}

TEST(Settings, ChooseTheProfileOfTheOptionsThenOfTheEnvironment) {
  base::TestEnvironment test{.variables = {{"AWS_DEFAULT_PROFILE", "c"}}};
  test.config() =
      "[default]\nregion=us-east-1\n[profile a]\nregion=us-east-2\n"
      "[profile b]\nregion=us-west-1\n[profile c]\nregion=us-west-2\n";
  const auto region = [&test](const std::string& profile) {
    return find_settings({.profile = profile}, test.environment()).value().region;
  };
  EXPECT_EQ(region(""), "us-west-2");
  test.variables["AWS_PROFILE"] = "b";
  EXPECT_EQ(region(""), "us-west-1");
  EXPECT_EQ(region("a"), "us-east-2");
  test.variables = {{"AWS_PROFILE", ""}};
  EXPECT_EQ(region(""), "us-east-1");
}

TEST(Settings, CountAttemptsAndNameTheBundleInTheSameOrder) {
  base::TestEnvironment test;
  test.config() = "[default]\nmax_attempts = 5\nca_bundle = /profile.pem\n";
  RemoteOptions options{.region = "us-east-1"};
  auto found = find_settings(options, test.environment()).value();
  EXPECT_EQ(found.attempts_max, 5U);
  EXPECT_EQ(found.ca_bundle, "/profile.pem");

  test.variables = {{"AWS_MAX_ATTEMPTS", "7"}, {"AWS_CA_BUNDLE", "/variable.pem"}};
  found = find_settings(options, test.environment()).value();
  EXPECT_EQ(found.attempts_max, 7U);
  EXPECT_EQ(found.ca_bundle, "/variable.pem");

  options.attempts_max = 1;
  options.ca_bundle = "/option.pem";
  found = find_settings(options, test.environment()).value();
  EXPECT_EQ(found.attempts_max, 1U);
  EXPECT_EQ(found.ca_bundle, "/option.pem");

  found = find_settings({.region = "us-east-1"}, base::TestEnvironment{}.environment()).value();
  EXPECT_EQ(found.attempts_max, 3U);
  EXPECT_EQ(found.ca_bundle, "");
}

TEST(Settings, AreRefusedInOneLineThatSaysWhereTheValueStands) {
  EXPECT_EQ(endpoint_with({}),
            "No region and no endpoint: set AWS_REGION, region in profile 'default', or "
            "AWS_ENDPOINT_URL_DYNAMODB");
  EXPECT_EQ(endpoint_with({{"AWS_REGION", "eu-west-1.evil.example"}}),
            "AWS_REGION: not a region's name, such as us-east-1 or eu-west-1");
  EXPECT_EQ(endpoint_with({{"AWS_REGION", "EU-WEST-1"}}),
            "AWS_REGION: Region 'EU-WEST-1' is no region's name, such as us-east-1 or eu-west-1");
  EXPECT_EQ(endpoint_with({{"AWS_ENDPOINT_URL", "localhost:8000"}}),
            "AWS_ENDPOINT_URL: 'localhost:8000': not an address of the form http://HOST:PORT or "
            "https://HOST");
  EXPECT_EQ(endpoint_with({}, {.endpoint = "ftp://x"}),
            "The endpoint 'ftp://x': not an address of the form http://HOST:PORT or https://HOST");
  EXPECT_EQ(endpoint_with({{"AWS_REGION", "us-east-1"}, {"AWS_USE_FIPS_ENDPOINT", "yes"}}),
            "AWS_USE_FIPS_ENDPOINT: neither true nor false");
  for (const std::string_view count : {"0", "-1", "three", "3.5", "99999999999"}) {
    EXPECT_EQ(
        endpoint_with({{"AWS_REGION", "us-east-1"}, {"AWS_MAX_ATTEMPTS", std::string(count)}}),
        "AWS_MAX_ATTEMPTS: not a whole number from 1 on");
  }
  EXPECT_EQ(endpoint_with({}, {.region = "us-east-1", .attempts_max = 0}),
            "attempts_max is 0: no call would be sent");
  EXPECT_EQ(endpoint_with({{"AWS_PROFILE", "none"}}),
            "AWS_PROFILE: no profile 'none' in /home/nina/.aws/config or "
            "/home/nina/.aws/credentials");
  EXPECT_EQ(endpoint_with({}, {.profile = "none"}),
            "The profile: no profile 'none' in /home/nina/.aws/config or "
            "/home/nina/.aws/credentials");
}

TEST(Settings, AreRefusedForAnEntryOfTheProfileByItsName) {
  base::TestEnvironment test;
  test.config() = "[default]\nregion = us-east-1\nservices = s\n";
  EXPECT_EQ(endpoint_of(test),
            "services of profile 'default': no section [services s] in /home/nina/.aws/config");
  test.config() += "[services s]\ndynamodb =\n  endpoint_url = http://a/path\n";
  EXPECT_EQ(endpoint_of(test),
            "endpoint_url of dynamodb in [services s]: 'http://a/path': an endpoint has no path "
            "and no query");
}

TEST(ProcessEnvironment, ReadsVariablesAndFilesOfTheProcess) {
  const base::Environment environment = base::process_environment();
  EXPECT_TRUE(environment.variable("HOME"));
  EXPECT_EQ(environment.variable("AWS_NOBODY_SETS_THIS"), std::nullopt);
  const std::string path = "/proc/self/status";
  EXPECT_TRUE(environment.file(path, 1 << 20).value());
  EXPECT_FALSE(environment.file("/nonexistent/file", 10).value());
  EXPECT_EQ(environment.file(path, 10).error().message(),
            "Cannot read " + path + ": larger than 10 bytes");
  EXPECT_EQ(environment.file("/", 10).error().message(), "Cannot read /: not a file");
  EXPECT_EQ(environment.file("/dev/null", 10).value(), "");
}

}  // namespace
}  // namespace dynakeep::remote
