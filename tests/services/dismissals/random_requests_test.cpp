#include <array>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "services/dismissals/dismissals_service.h"

namespace dynakeep::contract {
namespace {

// Requests put together from pieces that are good, bad and odd.
class RandomDismissalRequests : public DismissalsOverHttp {
 protected:
  template <std::size_t count>
  std::string_view any(const std::array<std::string_view, count>& of) {
    return of[random_() % count];
  }

  std::string target() {
    static constexpr std::array<std::string_view, 24> segments = {
        "v1",     "users", "u",   "items", "x",    "y",   "dismissals", "restorations",
        "",       "%61",   "%zz", "%C3",   "..",   "a.b", "counts",     "restore",
        "health", "ready", "%2F", "\xff",  "docs", "%00", "showings",   "docs-json"};
    static constexpr std::array<std::string_view, 10> queries = {"",
                                                                 "?idempotent=true",
                                                                 "?create=false",
                                                                 "?state=active",
                                                                 "?limit=2",
                                                                 "?limit=x",
                                                                 "?cursor=%%",
                                                                 "?cursor=eA&x&&=",
                                                                 "?prefix=%F0%9F%98",
                                                                 "?createMissing=true"};
    std::string path;
    if (random_() % 4 != 0) {
      path = "/v1/users/" + std::string(any(segments));
      if (random_() % 4 != 0) path += "/items";
    }
    for (auto left = random_() % 3; left > 0; --left) path += "/" + std::string(any(segments));
    return (path.empty() ? "/" : path) + std::string(any(queries));
  }

  std::string body() {
    static constexpr std::array<std::string_view, 18> bodies = {
        "",
        R"({"items":["a","b"]})",
        R"({"items":["a","a","x"]})",
        R"({"users":["u","v"]})",
        R"({"items":[]})",
        R"({"items":[null,1,"",{}]})",
        R"({"forSeconds":60})",
        R"({"forSeconds":-1})",
        R"({"until":"2024-01-16"})",
        R"({"until":"2034-01-16T00:00:00Z"})",
        R"({"items":["a"],"forSeconds":1e3})",
        R"({"__proto__":1})",
        R"({"constructor":{"prototype":{}}})",
        "items=a&items=b&&=",
        "[[[[",
        "\xef\xbb\xbf{}",
        "\xff\xfe",
        R"("\ud800")"};
    return std::string(any(bodies));
  }

  std::mt19937 random_{20240115};
};

TEST_F(RandomDismissalRequests, AreAnsweredAsIsMeant) {
  static constexpr std::array<std::string_view, 7> methods = {"GET",  "GET", "POST",   "DELETE",
                                                              "HEAD", "PUT", "OPTIONS"};
  static constexpr std::array<std::string_view, 6> types = {"application/json",
                                                            "Application/JSON; charset=x",
                                                            "application/x-www-form-urlencoded",
                                                            "text/plain",
                                                            "application/xml",
                                                            ";;="};
  // No 500: nothing that a client sends is the server's fault.
  const std::set<int> statuses = {200, 201, 400, 404, 415};
  std::set<int> met;
  for (int i = 0; i < 4000; ++i) {
    const std::string method(any(methods));
    const std::string path = target();
    DismissalHeaders headers;
    if (random_() % 3 != 0) headers.emplace_back("Content-Type", any(types));
    const std::string text = body();
    const HttpAnswer answer = send(method, path, headers, text);
    const std::string what = method + " " + path + " " + text;
    EXPECT_TRUE(statuses.contains(answer.status)) << answer.status << " to " << what;
    met.insert(answer.status);
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << what;
    if (method == "HEAD" || !answer.header("content-type").starts_with("application/json")) {
      continue;
    }
    EXPECT_TRUE(JsonDocument::parse(answer.body)) << answer.body << " to " << what;
  }
  EXPECT_EQ(met, statuses) << "the pieces no longer meet every kind of answer";
}

}  // namespace
}  // namespace dynakeep::contract
