#include <string>
#include <thread>

#include "services/dismissals/dismissals_service.h"

// What a user sees over time: section 8 of the specification, lines 1 to 11 and 18 to 21.
namespace dynakeep::contract {
namespace {

using testing::ElementsAre;

class DismissalFlows : public DismissalsOnEveryStorage {};
ON_EVERY_DISMISSAL_STORAGE(DismissalFlows);

constexpr std::string_view item = "/v1/users/u/items/welcome";

TEST_P(DismissalFlows, TheFirstGetCreatesAndTheSecondIsTheSame) {
  const HttpAnswer first = get(item);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, R"({"data":{"itemId":"welcome","userId":"u",)"
                        R"("createdAt":"2024-01-15T10:00:00.000Z"}})");
  EXPECT_EQ(first.header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(first.header("content-length"), std::to_string(first.body.size()));
  EXPECT_EQ(first.header("cache-control"), "no-store");
  tick();
  EXPECT_EQ(get(item).body, first.body);
}

TEST_P(DismissalFlows, WhatIsDismissedStaysDismissed) {
  get(item);
  tick();
  const HttpAnswer dismissed = remove(item);
  EXPECT_EQ(dismissed.status, 200);
  EXPECT_EQ(dismissed.body, R"({"data":{"itemId":"welcome","userId":"u",)"
                            R"("createdAt":"2024-01-15T10:00:00.000Z",)"
                            R"("dismissedAt":"2024-01-15T10:00:01.000Z"}})");
  tick();
  EXPECT_EQ(get(item).body, dismissed.body);
}

TEST_P(DismissalFlows, ASecondDismissalIsAnErrorAndChangesNothing) {
  get(item);
  const HttpAnswer first = remove(item);
  tick();
  const HttpAnswer second = remove(item);
  EXPECT_EQ(second.status, 400);
  EXPECT_EQ(second.body, shape_a(R"(Item with id "welcome" is already dismissed)"));
  EXPECT_EQ(get(item).body, first.body);
}

TEST_P(DismissalFlows, NothingIsDismissedOrRestoredThatIsNotThere) {
  for (const char* method : {"DELETE", "POST", "DELETE"}) {
    const HttpAnswer answer = send(method, item);
    EXPECT_EQ(answer.status, 400) << method;
    EXPECT_EQ(answer.body, shape_a(R"(Item with id "welcome" not found)")) << method;
  }
}

TEST_P(DismissalFlows, WhatIsRestoredIsAsItWas) {
  const HttpAnswer created = get(item);
  remove(item);
  tick();
  const HttpAnswer restored = post(item);
  EXPECT_EQ(restored.status, 201);
  EXPECT_EQ(member(restored, "createdAt"), member(created, "createdAt"));
  EXPECT_EQ(member(restored, "dismissedAt"), "");
  const HttpAnswer again = post(item);
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(again.body, shape_a(R"(Item with id "welcome" is not dismissed)"));
}

TEST_P(DismissalFlows, ALaterDismissalHasALaterTime) {
  get(item);
  const std::string first = member(remove(item), "dismissedAt");
  post(item);
  tick(std::chrono::milliseconds(1));
  EXPECT_GT(member(remove(item), "dismissedAt"), first);
}

TEST_P(DismissalFlows, UsersAndCasesAreApart) {
  get(item);
  remove(item);
  EXPECT_EQ(member(get("/v1/users/v/items/welcome"), "dismissedAt"), "");
  EXPECT_EQ(member(get("/v1/users/U/items/welcome"), "dismissedAt"), "");
  EXPECT_EQ(member(get("/v1/users/u/items/Welcome"), "dismissedAt"), "");
}

TEST_P(DismissalFlows, ABatchCreatesAllAtOneTimeInItsOrder) {
  const HttpAnswer first = batch({"d", "a", "c", "b"});
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(member(first, "itemId"), "d,a,c,b");
  EXPECT_EQ(member(first, "createdAt"),
            "2024-01-15T10:00:00.000Z,2024-01-15T10:00:00.000Z,2024-01-15T10:00:00.000Z,"
            "2024-01-15T10:00:00.000Z");
  tick();
  EXPECT_EQ(batch({"d", "a", "c", "b"}).body, first.body);
}

TEST_P(DismissalFlows, ABatchAnswersInItsOrderWhateverWasThere) {
  get("/v1/users/u/items/b");
  get("/v1/users/u/items/d");
  remove("/v1/users/u/items/d");
  tick();
  const HttpAnswer answer = batch({"a", "b", "c", "d", "e"});
  EXPECT_EQ(member(answer, "itemId"), "a,b,c,d,e");
  EXPECT_EQ(member(answer, "dismissedAt"), ",,,2024-01-15T10:00:00.000Z,");
}

TEST_P(DismissalFlows, ABatchHasFiftyItemsAtMost) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back("i" + std::to_string(i));
  EXPECT_EQ(batch(ids).status, 201);
  std::vector<std::string> too_many = {"new"};
  too_many.insert(too_many.end(), ids.begin(), ids.end());
  const HttpAnswer refused = batch(too_many);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, shape_a("Bad Request"));
  EXPECT_EQ(remove("/v1/users/u/items/new").body, shape_a(R"(Item with id "new" not found)"));
}

TEST_P(DismissalFlows, ARepeatedIdIsAnsweredAtEachPlace) {
  const HttpAnswer answer = batch({"d", "d", "f"});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(member(answer, "itemId"), "d,d,f");
  EXPECT_EQ(batch({"d", "d"}).status, 201);
  EXPECT_EQ(data_of(get("/v1/users/u/items")).elements().size(), 2U);
}

// ---- many at once ----

class DismissalStorms : public DismissalsOnEveryStorage {
 protected:
  // Each thread does its work with a client of its own.
  template <typename Work>
  void at_once(int threads, const Work& work) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&work, i, this] {
        support::HttpClient client("127.0.0.1", port());
        work(i, client);
      });
    }
    for (std::thread& thread : running) thread.join();
  }
  static std::string path(int round) { return "/v1/users/u/items/i" + std::to_string(round); }
  static DismissalHeaders json() { return {{"Content-Type", "application/json"}}; }
};
ON_EVERY_DISMISSAL_STORAGE(DismissalStorms);

TEST_P(DismissalStorms, ANewItemIsCreatedOnce) {
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> bodies(8);
    at_once(8, [&](int i, support::HttpClient& client) {
      tick(std::chrono::milliseconds(1));
      const auto answer = client.request("GET", path(round));
      if (answer && answer->status == 200) bodies[static_cast<std::size_t>(i)] = answer->body;
    });
    EXPECT_NE(bodies[0], "");
    for (const std::string& body : bodies) EXPECT_EQ(body, bodies[0]);
  }
}

TEST_P(DismissalStorms, GetsAndBatchesOfNewItemsAgree) {
  for (int round = 0; round < 50; ++round) {
    const std::string id = "i" + std::to_string(round);
    std::vector<std::string> times(6);
    at_once(6, [&](int i, support::HttpClient& client) {
      tick(std::chrono::milliseconds(1));
      const auto answer = i % 2 == 0
                              ? client.request("GET", path(round))
                              : client.request("POST", "/v1/users/u/items", json(),
                                               R"({"items":[")" + id + R"(","x)" + id + R"("]})");
      if (!answer) return;
      const std::string created = member(*answer, "createdAt");
      times[static_cast<std::size_t>(i)] = created.substr(0, created.find(','));
    });
    EXPECT_NE(times[0], "");
    for (const std::string& time : times) EXPECT_EQ(time, times[0]);
  }
}

TEST_P(DismissalStorms, NoReadTakesADismissalBack) {
  for (int round = 0; round < 30; ++round) {
    const std::string id = "i" + std::to_string(round);
    std::string dismissed_at;
    at_once(4, [&](int i, support::HttpClient& client) {
      tick(std::chrono::milliseconds(1));
      if (i == 0) {
        for (int attempt = 0; attempt < 100'000 && dismissed_at.empty(); ++attempt) {
          const auto answer = client.request("DELETE", path(round));
          if (answer && answer->status == 200) dismissed_at = member(*answer, "dismissedAt");
        }
      } else if (i == 1) {
        EXPECT_TRUE(
            client.request("POST", "/v1/users/u/items", json(), R"({"items":[")" + id + R"("]})"));
      } else {
        EXPECT_TRUE(client.request("GET", path(round)));
      }
    });
    EXPECT_NE(dismissed_at, "");
    EXPECT_EQ(member(get(path(round)), "dismissedAt"), dismissed_at);
  }
}

TEST_P(DismissalStorms, OfManyDismissalsOneSucceeds) {
  for (const char* method : {"DELETE", "POST"}) {
    get(path(0));
    if (std::string_view(method) == "POST") remove(path(0));
    std::vector<HttpAnswer> answers(6);
    at_once(6, [&](int i, support::HttpClient& client) {
      tick(std::chrono::milliseconds(1));
      if (auto answer = client.request(method, path(0))) {
        answers[static_cast<std::size_t>(i)] = std::move(*answer);
      }
    });
    int succeeded = 0;
    for (const HttpAnswer& answer : answers) {
      if (answer.status < 300) {
        ++succeeded;
        EXPECT_EQ(answer.body, get(path(0)).body);
      } else {
        EXPECT_EQ(answer.status, 400) << answer.body;
      }
    }
    EXPECT_EQ(succeeded, 1) << method;
  }
}

}  // namespace
}  // namespace dynakeep::contract
