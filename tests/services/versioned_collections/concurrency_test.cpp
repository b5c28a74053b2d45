#include <algorithm>
#include <functional>
#include <set>
#include <thread>

#include "services/versioned_collections/collections_service.h"

// Many clients at once: K1, K3 to K7, K10 and K11 of the specification, over HTTP.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::text_at;
using testing::AnyOf;
using testing::ElementsAre;

class CollectionsAtOnce : public contract::CollectionsService {
 protected:
  struct Request {
    std::string method = {};
    std::string target = {};
    std::string body = {};
    Headers headers = {};
  };

  // All at the same time, each from a client of its own.
  std::vector<HttpAnswer> at_once(const std::vector<Request>& requests) {
    std::vector<HttpAnswer> answers(requests.size());
    std::vector<std::thread> clients;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      clients.emplace_back([&, i] {
        support::HttpClient client("127.0.0.1", port());
        Headers headers = requests[i].headers;
        headers.emplace_back("x-api-key", "my-api-key");
        headers.emplace_back("Content-Type", "application/json");
        answers[i] = contract::must(
            client.request(requests[i].method, requests[i].target, headers, requests[i].body));
      });
    }
    for (std::thread& client : clients) client.join();
    return answers;
  }
  static std::vector<int> statuses_of(const std::vector<HttpAnswer>& answers) {
    std::vector<int> statuses;
    for (const HttpAnswer& answer : answers) statuses.push_back(answer.status);
    std::sort(statuses.begin(), statuses.end());
    return statuses;
  }
  // Oldest first.
  std::vector<std::string> revisions_of(const std::string& path) {
    std::vector<std::string> revisions;
    const JsonDocument body = json_of(get(path + "/version?order=asc&limit=1000"));
    for (const JsonDocument& each : body.find("versions")->elements()) {
      revisions.push_back(text_at(each, {"revision"}));
    }
    return revisions;
  }
};

TEST_P(CollectionsAtOnce, EveryChangeIsAVersionOfItsOwn) {  // K1, K3
  const std::string posts = collection();
  for (const std::string& path : {posts, entry(posts, R"({"name":"n"})")}) {
    std::vector<std::string> expected = {"1"};
    for (int round = 0; round < 5; ++round) {
      std::vector<Request> changes;
      for (int i = 0; i < 40; ++i) {
        changes.push_back({"PUT", path, R"({"name":")" + std::to_string(i) + R"("})"});
        expected.push_back(std::to_string(expected.size() + 1));
      }
      std::set<std::string> versions;
      for (const HttpAnswer& answer : at_once(changes)) {
        EXPECT_EQ(answer.status, 200) << answer.body;
        versions.insert(answer.header("x-version"));
      }
      EXPECT_EQ(versions.size(), 40U);
    }
    EXPECT_EQ(revisions_of(path), expected);
  }
}

TEST_P(CollectionsAtOnce, ADeletionAndAChangeNeverBothSucceedOnOneState) {  // K4
  const std::string posts = collection();
  for (int round = 0; round < 100; ++round) {
    const std::string path = entry(posts, R"({"name":"n"})");
    const auto answers = at_once({{"DELETE", path, {}, {}}, {"PUT", path, R"({"name":"m"})", {}}});
    EXPECT_EQ(answers[0].status, 200);
    EXPECT_THAT(answers[1].status, AnyOf(200, 404));
    EXPECT_EQ(get(path).status, 404);
    EXPECT_EQ(revisions_of(path).size(), answers[1].status == 200 ? 2U : 1U);
  }
}

TEST_P(CollectionsAtOnce, OfTwoChangesOfOneStateOneSucceeds) {  // K5
  const std::string posts = collection();
  for (const std::string& path : {posts, entry(posts, R"({"name":"n"})")}) {
    for (int round = 0; round < 20; ++round) {
      const Headers same{{"If-Match", get(path).header("etag")}};
      const auto answers =
          at_once({{"PUT", path, R"({"name":"a"})", same}, {"PUT", path, R"({"name":"b"})", same}});
      EXPECT_THAT(statuses_of(answers), ElementsAre(200, 412));
      for (const HttpAnswer& answer : answers) {
        EXPECT_EQ(answer.header("etag"), get(path).header("etag"));
      }
    }
    EXPECT_EQ(revisions_of(path).size(), 21U);
  }
}

TEST_P(CollectionsAtOnce, EveryEntryThatIsCreatedIsThere) {  // K6
  const std::string posts = collection();
  const auto answers =
      at_once(std::vector<Request>(40, {"POST", posts + "/entry", R"({"name":"n"})", {}}));
  EXPECT_EQ(statuses_of(answers), std::vector<int>(40, 201));
  EXPECT_EQ(contract::names_of(get(posts + "/entry")).size(), 40U);
}

TEST_P(CollectionsAtOnce, OfAnyNumberThatWantANameOneCreates) {  // K7
  std::vector<int> expected(20, 200);
  expected.back() = 201;
  const std::string of_user = "/api/user/user-1/collection";
  const auto collections = at_once(
      std::vector<Request>(20, {"POST", of_user + "?ifAbsent=true", R"({"name":"posts"})", {}}));
  EXPECT_EQ(statuses_of(collections), expected);
  EXPECT_EQ(contract::names_of(get(of_user)).size(), 1U);
  const std::string posts = collections.front().header("location");
  const auto entries = at_once(std::vector<Request>(
      20, {"POST", posts + "/entry?ifAbsent=true", R"({"name":"n","value":[1]})", {}}));
  EXPECT_EQ(statuses_of(entries), expected);
  EXPECT_EQ(contract::names_of(get(posts + "/entry")).size(), 1U);
  std::set<std::string> locations;
  for (const HttpAnswer& answer : entries) locations.insert(answer.header("location"));
  EXPECT_EQ(locations.size(), 1U);
}

TEST_P(CollectionsAtOnce, ARestoreAndADeletionComeOneAfterTheOther) {  // K10
  const std::string posts = collection();
  for (int round = 0; round < 40; ++round) {
    const std::string path = entry(posts, R"({"name":"one"})");
    put(path, R"({"name":"two"})");
    const auto answers =
        at_once({{"POST", path + "/restore", R"({"revision":1})", {}}, {"DELETE", path, {}, {}}});
    EXPECT_THAT(statuses_of(answers), ElementsAre(200, 200));
    EXPECT_EQ(revisions_of(path).size(), 3U);
    const HttpAnswer last = get(path + "?filter=current");
    EXPECT_THAT(last.body, testing::HasSubstr(R"("name":"one")"));
    // Restored first, it is deleted now; deleted first, the second version is the deleted one.
    const bool restored_first = last.body.find("deletedAt") != std::string::npos;
    const JsonDocument second = json_of(get(path + "/version/r2"));
    EXPECT_EQ(second.find("deletedAt") == nullptr, restored_first);
  }
}

TEST_P(CollectionsAtOnce, ARestoreAndAChangeComeOneAfterTheOther) {  // K10
  const std::string posts = collection();
  for (int round = 0; round < 40; ++round) {
    const std::string path = entry(posts, R"({"name":"one"})");
    put(path, R"({"name":"two"})");
    const auto answers = at_once({{"POST", path + "/restore", R"({"revision":1})", {}},
                                  {"PUT", path, R"({"name":"three"})", {}}});
    EXPECT_THAT(statuses_of(answers), ElementsAre(200, 200));
    std::vector<std::string> names;
    for (const char* const reference : {"r3", "r4"}) {
      names.push_back(text_at(json_of(get(path + "/version/" + reference)), {"name"}));
    }
    EXPECT_THAT(names, AnyOf(ElementsAre("one", "three"), ElementsAre("three", "one")));
    EXPECT_EQ(revisions_of(path).size(), 4U);
  }
}

TEST_P(CollectionsAtOnce, OneKeyIsOneVersion) {  // K11
  const std::string posts = collection();
  for (const std::string& path : {posts, entry(posts, R"({"name":"n"})")}) {
    for (int round = 0; round < 10; ++round) {
      const Headers key{{"Idempotency-Key", "key-" + std::to_string(round)}};
      const auto changes = at_once(std::vector<Request>(8, {"PUT", path, R"({"name":"m"})", key}));
      EXPECT_EQ(statuses_of(changes), std::vector<int>(8, 200));
      std::set<std::string> versions;
      for (const HttpAnswer& answer : changes) versions.insert(answer.header("x-version"));
      versions.insert(put(path, R"({"name":"m"})", key).header("x-version"));
      EXPECT_EQ(versions.size(), 1U);
    }
    EXPECT_EQ(revisions_of(path).size(), 11U);
  }
  const auto creates = at_once(std::vector<Request>(
      8, {"POST", posts + "/entry", R"({"name":"once"})", {{"Idempotency-Key", "create"}}}));
  EXPECT_EQ(statuses_of(creates), std::vector<int>(8, 201));
  EXPECT_EQ(contract::names_of(get(posts + "/entry?name=once")).size(), 1U);
}

ON_EVERY_SERVICE_KIND(CollectionsAtOnce);

}  // namespace
}  // namespace dynakeep
