#include <string>

#include "services/dismissals/dismissals_service.h"

// What upstream does not have, section 7 of the specification.
namespace dynakeep::contract {
namespace {

class DismissalExtensions : public DismissalsOnEveryStorage {
 protected:
  const std::string x = "/v1/users/u/items/x";
  const std::string items = "/v1/users/u/items";
};
ON_EVERY_DISMISSAL_STORAGE(DismissalExtensions);

TEST_P(DismissalExtensions, DismissAndRestoreAreIdempotentForThoseWhoAsk) {
  get(x);
  const HttpAnswer first = remove(x);
  tick();
  const HttpAnswer second = remove(x + "?idempotent=true");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body) << "with its first time";
  EXPECT_EQ(post(x + "?idempotent=true").status, 201);
  EXPECT_EQ(post(x + "?idempotent=true").status, 201);
  EXPECT_EQ(post(x + "?idempotent=false").status, 400);
  EXPECT_EQ(remove("/v1/users/u/items/new?idempotent=true").status, 400) << "it is not there";
  EXPECT_EQ(remove("/v1/users/u/items/new?createMissing=true").status, 200);
}

TEST_P(DismissalExtensions, AReadMayWriteNothing) {
  const HttpAnswer missing = get(x + "?create=false");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, shape_a(R"(Item with id "x" not found)", 404));
  EXPECT_EQ(remove(x).status, 400) << "it was not created";
  const HttpAnswer created = get(x);
  EXPECT_EQ(get(x + "?create=false").body, created.body);
}

TEST_P(DismissalExtensions, ASnoozeEnds) {
  get(x);
  const DismissalHeaders json = {{"Content-Type", "application/json"}};
  const HttpAnswer snoozed = send("DELETE", x, json, R"({"forSeconds":60})");
  EXPECT_EQ(snoozed.status, 200);
  EXPECT_EQ(member(snoozed, "dismissedUntil"), "2024-01-15T10:01:00.000Z");
  EXPECT_NE(member(get(x), "dismissedAt"), "");
  tick(std::chrono::seconds(60));
  EXPECT_EQ(member(get(x), "dismissedAt"), "");
  EXPECT_EQ(send("DELETE", x, json, R"({"until":"2024-01-15T12:00:00+01:00"})").status, 200);
  EXPECT_EQ(member(get(x), "dismissedUntil"), "2024-01-15T11:00:00.000Z");

  for (const char* body :
       {R"({"forSeconds":0})", R"({"forSeconds":-1})", R"({"forSeconds":1.5})",
        R"({"forSeconds":"60"})", R"({"forSeconds":99999999999999999999})", R"({"until":"soon"})",
        R"({"until":"2024-01-15T10:00:00Z"})", R"({"until":7})",
        R"({"forSeconds":1,"until":"2030-01-01T00:00:00Z"})"}) {
    const HttpAnswer refused = send("DELETE", "/v1/users/u/items/y", json, body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_THAT(refused.body, testing::Not(testing::HasSubstr("not found"))) << body;
  }
}

TEST_P(DismissalExtensions, AUsersItemsAreListedInPages) {
  batch({"a1", "a2", "b1", "b2"});
  remove("/v1/users/u/items/a2");
  get("/v1/users/v/items/other");
  EXPECT_EQ(member(get(items), "itemId"), "a1,a2,b1,b2");
  EXPECT_EQ(member(get(items + "?state=dismissed"), "itemId"), "a2");
  EXPECT_EQ(member(get(items + "?state=active&prefix=a"), "itemId"), "a1");

  std::string met;
  std::string target = items + "?limit=1";
  for (int pages = 0; pages < 10; ++pages) {
    const HttpAnswer page = get(target);
    met += member(page, "itemId") + " ";
    const auto document = *JsonDocument::parse(page.body);
    const JsonDocument* next = document.find("nextCursor");
    if (next == nullptr) break;
    target = items + "?limit=1&cursor=" + next->text();
  }
  EXPECT_THAT(met, testing::StartsWith("a1 a2 b1 b2 "));
  for (const char* query : {"?state=gone", "?limit=0", "?limit=1001", "?limit=x", "?cursor=%21"}) {
    EXPECT_EQ(get(items + query).status, 400) << query;
  }
}

TEST_P(DismissalExtensions, AUsersItemsAreCountedRestoredAndErased) {
  batch({"a1", "a2", "b1"});
  remove("/v1/users/u/items/a1");
  remove("/v1/users/u/items/b1");
  get("/v1/users/v/items/x");
  EXPECT_EQ(get("/v1/users/u/counts").body, R"({"data":{"active":1,"dismissed":2}})");
  EXPECT_EQ(post("/v1/users/u/restore?prefix=a").body, R"({"data":{"restored":1}})");
  EXPECT_EQ(post("/v1/users/u/restore").body, R"({"data":{"restored":1}})");
  EXPECT_EQ(remove(items).body, R"({"data":{"erased":3}})");
  EXPECT_EQ(get(items).body, R"({"data":[]})");
  EXPECT_EQ(member(get("/v1/users/v/items"), "itemId"), "x") << "others stay";
}

TEST_P(DismissalExtensions, ManyItemsAreDismissedAndRestoredEachOnItsOwn) {
  batch({"a", "b"});
  remove("/v1/users/u/items/b");
  const HttpAnswer dismissed = post_json("/v1/users/u/dismissals", R"({"items":["a","b","c"]})");
  EXPECT_EQ(dismissed.status, 200);
  EXPECT_EQ(
      dismissed.body,
      R"({"data":[{"itemId":"a","userId":"u","createdAt":"2024-01-15T10:00:00.000Z",)"
      R"("dismissedAt":"2024-01-15T10:00:00.000Z"},)"
      R"({"itemId":"b","error":{"message":"Item with id \"b\" is already dismissed","code":400}},)"
      R"({"itemId":"c","error":{"message":"Item with id \"c\" not found","code":400}}]})");
  const HttpAnswer restored =
      post_json("/v1/users/u/restorations?idempotent=true", R"({"items":["a","b"]})");
  EXPECT_EQ(member(restored, "dismissedAt"), ",");
  EXPECT_EQ(post_json("/v1/users/u/dismissals?idempotent=true&createMissing=true",
                      R"({"items":["a","new"],"forSeconds":5})")
                .status,
            200);
  EXPECT_EQ(member(get("/v1/users/u/items/new"), "dismissedUntil"), "2024-01-15T10:00:05.000Z");
  EXPECT_EQ(post_json("/v1/users/u/dismissals", R"({"items":[]})").body, shape_a("Bad Request"));
}

TEST_P(DismissalExtensions, OneItemIsDismissedForAnAudience) {
  get("/v1/users/u/items/sale");
  std::string users = "\"u\"";
  for (int i = 1; i < 1000; ++i) users += ",\"user-" + std::to_string(i) + "\"";
  const HttpAnswer answer = post_json("/v1/items/sale/dismissals", "{\"users\":[" + users + "]}");
  EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 200);
  EXPECT_EQ(data_of(answer).elements().size(), 1000U);
  for (const char* user : {"u", "user-1", "user-999"}) {
    EXPECT_NE(member(get("/v1/users/" + std::string(user) + "/items/sale"), "dismissedAt"), "");
  }
  EXPECT_EQ(post_json("/v1/items/sale/dismissals", "{\"users\":[" + users + ",\"more\"]}").status,
            400);
  EXPECT_EQ(post_json("/v1/items/a.b/dismissals", R"({"users":["u"]})").status, 400);
  EXPECT_EQ(post_json("/v1/items/sale/dismissals", R"({"users":["a b"]})").status, 400);
}

TEST_P(DismissalExtensions, ShowingsAreCounted) {
  EXPECT_EQ(post(x + "/showings").status, 400);
  get(x);
  EXPECT_EQ(member(post(x + "/showings"), "seenCount"), "1");
  EXPECT_EQ(member(post(x + "/showings"), "seenCount"), "2");
}

TEST_P(DismissalExtensions, ReadinessIsAskedForOnceInFiveSeconds) {
  EXPECT_EQ(get("/health/ready").status, 200);
  int asked = 0;
  Result<void> state;
  serve({.ready = [&]() -> Result<void> {
    ++asked;
    return state;
  }});
  EXPECT_EQ(get("/health/ready").body, R"({"status":"ok","timestamp":"2024-01-15T10:00:00.000Z"})");
  state = Error(ErrorCode::unavailable, "gone");
  EXPECT_EQ(get("/health/ready").status, 200);
  EXPECT_EQ(asked, 1);
  tick(std::chrono::seconds(5));
  const HttpAnswer unavailable = get("/health/ready");
  EXPECT_EQ(unavailable.status, 503);
  EXPECT_THAT(unavailable.body, testing::HasSubstr("unavailable"));
  EXPECT_EQ(get("/health").status, 200);
}

TEST_P(DismissalExtensions, WithoutThemTheInterfaceIsUpstreams) {
  serve({.extensions = false});
  for (const char* path : {"/v1/users/u/items", "/v1/users/u/counts", "/health/ready"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(remove(items).status, 404);
  EXPECT_EQ(post_json("/v1/items/x/dismissals", R"({"users":["u"]})").status, 404);
  EXPECT_EQ(get(x + "?create=false").status, 200);
  EXPECT_EQ(
      send("DELETE", x, {{"Content-Type", "application/json"}}, R"({"forSeconds":60})").status,
      200);
  EXPECT_EQ(member(get(x), "dismissedUntil"), "");
  EXPECT_EQ(remove(x + "?idempotent=true").status, 400);
}

// ---- the cache ----

class DismissalCaching : public DismissalsOnEveryStorage {
 protected:
  const std::string x = "/v1/users/u/items/x";
  // Behind the service's back.
  void dismiss_elsewhere() {
    ASSERT_TRUE(store().dismiss(*DismissalUserId::parse("u"), *DismissalItemId::parse("x")));
  }
};
ON_EVERY_DISMISSAL_STORAGE(DismissalCaching);

TEST_P(DismissalCaching, AnswersWithWhatWasReadOrWrittenForItsTime) {
  serve({.cache = {{.time_to_live = std::chrono::minutes(1)}}});
  get(x);
  dismiss_elsewhere();
  EXPECT_EQ(member(get(x), "dismissedAt"), "") << "from the cache";
  EXPECT_EQ(member(batch({"x"}), "dismissedAt"), "");
  EXPECT_EQ(remove(x).status, 400) << "a change never reads from it";
  EXPECT_NE(member(get(x), "dismissedAt"), "");
  post(x);
  EXPECT_EQ(member(get(x), "dismissedAt"), "") << "written through";
  dismiss_elsewhere();
  tick(std::chrono::minutes(1));
  EXPECT_NE(member(get(x), "dismissedAt"), "") << "its time is over";
}

TEST_P(DismissalCaching, ForgetsWhatWasUsedLeastAndWhatIsErased) {
  serve({.cache = {{.items_max = 2}}});
  get(x);
  dismiss_elsewhere();
  batch({"a", "b"});
  EXPECT_NE(member(get(x), "dismissedAt"), "");
  remove("/v1/users/u/items");
  EXPECT_EQ(member(get(x), "dismissedAt"), "") << "created anew";
}

}  // namespace
}  // namespace dynakeep::contract
