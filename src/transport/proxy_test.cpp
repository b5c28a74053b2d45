#include "transport/proxy.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::transport {
namespace {

using testing::HasSubstr;
using testing::Not;

using Variables = std::map<std::string, std::string, std::less<>>;

base::Environment with(const Variables& variables) {
  return {.variable = [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  }};
}

const Origin plain{.secure = false, .host = "dynamo.example", .port = 8000};
const Origin secure{.secure = true, .host = "dynamo.example", .port = 443};

// The host of the proxy for an origin; empty for none.
std::string host_for(const Origin& origin, const Variables& variables,
                     const std::string& option = {}) {
  const auto settings = find_proxies(option, with(variables));
  EXPECT_TRUE(settings) << settings.error();
  const Proxy* const proxy = settings ? proxy_for(*settings, origin) : nullptr;
  return proxy == nullptr ? "" : proxy->origin.host;
}

bool spares(const std::string& exceptions, const Origin& origin) {
  return host_for(origin, {{"ALL_PROXY", "proxy"}, {"NO_PROXY", exceptions}}).empty();
}

TEST(Proxy, IsFoundInTheVariablesThatClientsRead) {
  EXPECT_EQ(host_for(plain, {}), "");
  EXPECT_EQ(host_for(plain, {{"HTTP_PROXY", "http://a:1"}, {"HTTPS_PROXY", "http://b"}}), "a");
  EXPECT_EQ(host_for(secure, {{"HTTP_PROXY", "http://a:1"}, {"HTTPS_PROXY", "http://b"}}), "b");
  EXPECT_EQ(host_for(secure, {{"HTTP_PROXY", "http://a:1"}}), "");
  EXPECT_EQ(host_for(plain, {{"http_proxy", "a"}, {"HTTP_PROXY", "b"}, {"ALL_PROXY", "c"}}), "a");
  EXPECT_EQ(host_for(secure, {{"https_proxy", "a"}, {"HTTPS_PROXY", "b"}}), "a");
  EXPECT_EQ(host_for(plain, {{"all_proxy", "a"}, {"ALL_PROXY", "b"}}), "a");
  EXPECT_EQ(host_for(secure, {{"ALL_PROXY", "b"}}), "b");
}

TEST(Proxy, IsNotTakenFromAHeaderOfACgiRequest) {
  EXPECT_EQ(host_for(plain, {{"HTTP_PROXY", "a"}, {"REQUEST_METHOD", "GET"}}), "");
  EXPECT_EQ(host_for(plain, {{"http_proxy", "a"}, {"REQUEST_METHOD", "GET"}}), "a");
}

TEST(Proxy, IsTheOptionsBeforeTheEnvironments) {
  const Variables variables = {{"ALL_PROXY", "a"}, {"NO_PROXY", "*"}};
  EXPECT_EQ(host_for(plain, variables, "http://b:3128"), "b");
  EXPECT_EQ(host_for(secure, variables, "b"), "b");
  EXPECT_EQ(host_for({.host = "localhost"}, variables, "b"), "b");
  EXPECT_EQ(host_for(secure, {{"ALL_PROXY", "a"}}, "none"), "");
}

TEST(Proxy, HasAPortAndMayHaveAUser) {
  struct Case {
    std::string text;
    std::uint16_t port;
    std::string authorization;
  };
  for (const Case& given : std::vector<Case>{
           {"http://proxy.example:3128", 3128, ""},
           {"HTTP://proxy.example:3128/", 3128, ""},
           {"proxy.example", 80, ""},
           {"proxy.example:3128", 3128, ""},
           {"http://user:password@proxy.example:3128", 3128, "Basic dXNlcjpwYXNzd29yZA=="},
           {"user@proxy.example", 80, "Basic dXNlcjo="},
           {"http://user:p%40ss%3a@proxy.example", 80, "Basic dXNlcjpwQHNzOg=="},
           {"http://user:p@ss@proxy.example", 80, "Basic dXNlcjpwQHNz"}}) {
    const auto settings = find_proxies(given.text, with({}));
    ASSERT_TRUE(settings) << settings.error();
    const Proxy* const proxy = proxy_for(*settings, secure);
    ASSERT_NE(proxy, nullptr);
    EXPECT_EQ(proxy->origin,
              (Origin{.secure = false, .host = "proxy.example", .port = given.port}));
    EXPECT_EQ(proxy->authorization, given.authorization) << given.text;
  }
}

TEST(Proxy, ThatMakesNoSenseIsNamedWithoutItsPassword) {
  for (const std::string text :
       {"https://secret@proxy", "socks5://user:secret@proxy:1080", "http://user:secret@",
        "http://user:secret@proxy:x", "http://user:secret/@proxy:70000", "user:secret%4@proxy",
        "user:secret%zz@proxy", "http://user:secret@proxy/path", "user:secret@pro xy"}) {
    for (const auto& [variable, origin] : std::vector<std::pair<std::string, Origin>>{
             {"http_proxy", plain}, {"HTTPS_PROXY", secure}}) {
      const auto settings = find_proxies({}, with({{variable, text}}));
      ASSERT_FALSE(settings) << text;
      EXPECT_EQ(settings.error().code(), ErrorCode::invalid_argument);
      EXPECT_THAT(settings.error().message(), HasSubstr(variable));
      EXPECT_THAT(settings.error().message(), Not(HasSubstr("secret")));
    }
  }
}

TEST(Proxy, SparesThisMachineUnlessTheOptionSaysOtherwise) {
  for (const std::string host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_EQ(host_for({.host = host}, {{"ALL_PROXY", "a"}}), "") << host;
  }
  EXPECT_EQ(host_for({.host = "169.254.169.254"}, {{"ALL_PROXY", "a"}}), "a");
}

TEST(Proxy, SparesNamesAndWhatIsBelowThem) {
  for (const std::string exceptions :
       {"example", ".example", "*.example", "dynamo.example", "DYNAMO.Example", "dynamo.example.",
        "a, b,dynamo.example", "a dynamo.example b", "*", "a,*", ",,example,"}) {
    EXPECT_TRUE(spares(exceptions, plain)) << exceptions;
  }
  EXPECT_TRUE(spares("example", {.host = "dynamo.example."}));
  for (const std::string exceptions :
       {"", ",", "xample", "o.example", "a.dynamo.example", "dynamo", "*dynamo.example", ".", "/8",
        "[", "[]", ":", "10.0.0.0/8"}) {
    EXPECT_FALSE(spares(exceptions, plain)) << exceptions;
  }
}

TEST(Proxy, SparesAPortIfOneIsSaid) {
  EXPECT_TRUE(spares("dynamo.example:8000", plain));
  EXPECT_FALSE(spares("dynamo.example:8001", plain));
  EXPECT_FALSE(spares("dynamo.example:x", plain));
  EXPECT_TRUE(spares("[fd00::1]:8000", {.host = "fd00::1", .port = 8000}));
  EXPECT_FALSE(spares("[fd00::1]:8001", {.host = "fd00::1", .port = 8000}));
}

TEST(Proxy, SparesAddressesAndBlocksOfThem) {
  const Origin v4{.host = "10.1.2.3"};
  const Origin v6{.host = "fd00::a1"};
  for (const std::string exceptions : {"10.1.2.3", "10.0.0.0/8", "10.1.2.2/31", "0.0.0.0/0"}) {
    EXPECT_TRUE(spares(exceptions, v4)) << exceptions;
    EXPECT_FALSE(spares(exceptions, v6)) << exceptions;
  }
  for (const std::string exceptions : {"fd00::a1", "[fd00::a1]", "FD00:0::A1", "fd00::/8"}) {
    EXPECT_TRUE(spares(exceptions, v6)) << exceptions;
    EXPECT_FALSE(spares(exceptions, v4)) << exceptions;
  }
  for (const std::string exceptions : {"10.1.2.4", "1.2.3", "2.3", "10.0.0.0/33", "10.0.0.0/x",
                                       "11.0.0.0/8", "10.0.0.0/", "fd01::/16", "fd00::/129"}) {
    EXPECT_FALSE(spares(exceptions, v4)) << exceptions;
    EXPECT_FALSE(spares(exceptions, v6)) << exceptions;
  }
}

}  // namespace
}  // namespace dynakeep::transport
