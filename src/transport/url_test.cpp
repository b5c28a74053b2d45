#include "transport/url.h"

#include <gtest/gtest.h>

namespace dynakeep::transport {
namespace {

std::string refusal_of(std::string_view text) {
  const auto parsed = parse_origin(text);
  if (parsed) return "taken as " + to_string(*parsed);
  EXPECT_EQ(parsed.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(parsed.error().message().find('\n'), std::string::npos);
  return parsed.error().message();
}

TEST(Url, NamesSchemeHostPortAndTarget) {
  EXPECT_EQ(parse_url("http://127.0.0.1:8000").value(),
            (Url{{.secure = false, .host = "127.0.0.1", .port = 8000}, "/"}));
  EXPECT_EQ(parse_url("HTTPS://Example.com").value(),
            (Url{{.secure = true, .host = "Example.com", .port = 443}, "/"}));
  EXPECT_EQ(parse_url("http://[::1]/latest?x=1").value(),
            (Url{{.secure = false, .host = "::1", .port = 80}, "/latest?x=1"}));
  EXPECT_EQ(parse_url("http://a?x=1").value().target, "/?x=1");
}

TEST(Url, OfAnEndpointMayEndWithASlashAndNoMore) {
  EXPECT_EQ(to_string(parse_origin("http://localhost:4566/").value()), "http://localhost:4566");
  EXPECT_EQ(refusal_of("http://localhost/db"),
            "'http://localhost/db': an endpoint has no path and no query");
  EXPECT_EQ(refusal_of("http://localhost?a"),
            "'http://localhost?a': an endpoint has no path and no query");
}

TEST(Url, IsWrittenWithoutThePortOfItsScheme) {
  for (const std::string_view text :
       {"http://a", "http://a:443", "https://a", "https://a:80", "http://[::1]:8000"}) {
    EXPECT_EQ(to_string(parse_origin(text).value()), text);
  }
  EXPECT_EQ(to_string(parse_origin("http://a:80").value()), "http://a");
  EXPECT_EQ(host_with_port(parse_origin("https://a").value()), "a:443");
  EXPECT_EQ(host_with_port(parse_origin("http://[::1]:8000").value()), "[::1]:8000");
  EXPECT_EQ(to_string(parse_origin("https://a:443").value()), "https://a");
}

TEST(Url, IsRefusedInOneLineThatSaysWhatIsWrong) {
  EXPECT_EQ(refusal_of("ftp://a"),
            "'ftp://a': not an address of the form http://HOST:PORT or https://HOST");
  EXPECT_EQ(refusal_of("localhost:8000"),
            "'localhost:8000': not an address of the form http://HOST:PORT or https://HOST");
  EXPECT_EQ(refusal_of(""), "'': not an address of the form http://HOST:PORT or https://HOST");
  for (const std::string_view host : {"http://", "http://:80", "http://a b", "http://a,b:1"}) {
    EXPECT_NE(refusal_of(host).find("the host is no name and no address"), std::string::npos);
  }
  for (const std::string_view port : {"http://a:", "http://a:0", "http://a:65536", "http://a:1x",
                                      "http://a:-1", "http://[::1]x"}) {
    EXPECT_NE(refusal_of(port).find("not a number from 1 to 65535"), std::string::npos) << port;
  }
  EXPECT_NE(refusal_of("http://[::1").find("no IPv6"), std::string::npos);
  EXPECT_NE(refusal_of("http://[]").find("no IPv6"), std::string::npos);
  EXPECT_NE(refusal_of("http://a/#x").find("fragment"), std::string::npos);
  EXPECT_EQ(refusal_of("http://a\r\nX: y"), "(not shown): the host is no name and no address");
}

TEST(Url, WithAPasswordIsRefusedWithoutQuotingIt) {
  for (const std::string_view text :
       {"http://user:secret@host:1", "https://secret@host", "user:secret@host", "x://u:secret@h"}) {
    const std::string message = refusal_of(text);
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
    EXPECT_NE(message.find("user or password"), std::string::npos) << message;
  }
  EXPECT_TRUE(parse_url("http://host/a@b"));
}

TEST(Url, OfThisMachineIsToldFromOthers) {
  for (const std::string_view here :
       {"http://localhost", "http://LOCALHOST:1", "http://127.0.0.1:8000", "http://127.1.2.3",
        "http://[::1]:8000"}) {
    EXPECT_TRUE(is_loopback(parse_origin(here).value())) << here;
  }
  for (const std::string_view there :
       {"http://127.example.com", "http://10.0.0.1", "http://localhost.example.com"}) {
    EXPECT_FALSE(is_loopback(parse_origin(there).value())) << there;
  }
}

}  // namespace
}  // namespace dynakeep::transport
