#include <array>
#include <random>
#include <set>

#include "services/versioned_collections/collections_service.h"

// Whatever is sent, the answer is one that the service means to give, and it goes on.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;

class RandomCollectionsRequests : public contract::CollectionsService {
 protected:
  template <std::size_t count>
  std::string one_of(const std::array<std::string, count>& texts) {
    return texts[random_() % count];
  }
  bool sometimes(unsigned one_in) { return random_() % one_in == 0; }

  std::string path() {
    std::string path = sometimes(20) ? "/" : "/api";
    if (sometimes(20)) return path;
    if (sometimes(10)) return path + one_of<3>({"/collection", "/capabilities", "/nothing"});
    path += "/user/" + one_of<6>({"user-1", "user-1", "%C3%A9", "%20", "%FF", "team-1"});
    path += "/collection";
    if (sometimes(5)) return path;
    path += "/" + one_of<4>({"c", "d", "%2F", std::string(1100, 'c')});
    if (sometimes(3)) path += "/entry";
    if (sometimes(2)) path += "/" + one_of<4>({"e", "entry/e", "entry/f", "entry/%00"});
    if (sometimes(3)) {
      path += one_of<10>({"/version", "/version/r1", "/version/last", "/version/-1", "/version/x",
                          "/diff", "/restore", "/purge", "/batch", "/changes"});
    }
    return sometimes(10) ? path + "/" : path;
  }

  std::string query() {
    std::string query;
    while (sometimes(2)) {
      query += query.empty() ? "?" : "&";
      query += one_of<18>({"filter=all", "filter=current", "filter=x", "at=1700000100000", "at=x",
                           "at=-9223372036854775808", "limit=1", "limit=0", "cursor=YQ",
                           "cursor=%FF", "name=n", "name=%ED%A0%80", "view=full", "ifAbsent=true",
                           "from=r1", "to=99999999999999999999", "since=0", "order=asc"});
    }
    return query;
  }

  std::string body() {
    return one_of<16>({"", "{}", "[]", "null", "{bad", R"({"name":"n"})",
                       R"({"name":"m","value":{"a":1.50}})", R"({"name":"","value":null})",
                       R"({"name":"\ud800"})", R"({"value":["\u0000"]})", R"({"revision":1})",
                       R"({"version":9223372036854775808})", R"({"keepLast":1})",
                       R"({"all":true,"force":true})", R"({"at":1700000100000,"entries":true})",
                       R"({"atomic":true,"operations":[{"op":"create","name":"n"},)"
                       R"({"op":"update","entry":"e","name":"x","ifMatch":1}]})"});
  }

  Headers headers() {
    Headers headers{{"x-api-key", one_of<5>({"purger", "purger", "purger", "of-two", "reader"})}};
    if (sometimes(2)) {
      headers.emplace_back("Content-Type",
                           one_of<3>({"application/json", "application/merge-patch+json", ";"}));
    }
    if (sometimes(8)) headers.emplace_back("Content-Encoding", one_of<2>({"gzip", "br"}));
    if (sometimes(5)) headers.emplace_back("If-Match", one_of<4>({"*", "\"1\"", "W/\"x\"", "\""}));
    if (sometimes(5)) headers.emplace_back("If-None-Match", one_of<2>({"*", "\"1\""}));
    if (sometimes(8)) headers.emplace_back("Idempotency-Key", one_of<3>({"k", "", "\xC3"}));
    if (sometimes(8)) headers.emplace_back("Prefer", "return=representation");
    if (sometimes(8)) headers.emplace_back("X-Actor", one_of<2>({"a", "\xFF"}));
    return headers;
  }

  std::mt19937 random_{GetParam().name == "remote_in_process" ? 2U : 1U};
};

TEST_P(RandomCollectionsRequests, AreAnsweredAsIsMeant) {
  const std::array<std::string, 7> methods{"GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
  constexpr std::array meant{200, 201, 304, 400, 403, 404, 405, 409, 410, 412, 415};
  const std::string c = "/api/user/user-1/collection/c";
  const Headers only_new{{"If-None-Match", "*"}};
  ASSERT_EQ(put(c, R"({"name":"c"})", only_new).status, 201);
  ASSERT_EQ(put(c + "/entry/e", R"({"name":"e"})", only_new).status, 201);
  std::set<int> seen;
  for (int i = 0; i < 5000; ++i) {
    const std::string method = one_of(methods);
    const std::string target = path() + query();
    const std::string sent = body();
    const HttpAnswer answer = send(method, target, headers(), sent);
    seen.insert(answer.status);
    EXPECT_THAT(meant, testing::Contains(answer.status))
        << "request " << i << ": " << method << " " << target << " " << sent << "\n"
        << answer.body;
    EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
    if (answer.header("content-type").starts_with("application/json") && method != "HEAD") {
      contract::json_of(answer.body);
    }
  }
  EXPECT_THAT(seen, testing::IsSupersetOf({200, 201, 400, 403, 404, 405, 412, 415}));
}

ON_EVERY_SERVICE_KIND(RandomCollectionsRequests);

}  // namespace
}  // namespace dynakeep
