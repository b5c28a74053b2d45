#include <set>

#include "dynakeep/iso_time.h"
#include "services/versioned_collections/collections_service.h"

// Lists that are long, in pages, or of another time.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CollectionsLists : public contract::CollectionsService {
 protected:
  // One with `count` entries that are told apart by their names, "0" and on.
  std::string collection_of(std::size_t count, std::size_t value_bytes) {
    std::string path = collection();
    for (std::size_t i = 0; i < count; ++i) {
      entry(path, R"({"name":")" + std::to_string(i) + R"(","value":[")" +
                      std::string(value_bytes, 'v') + "\"]}");
    }
    return path;
  }
};

TEST_P(CollectionsLists, ThatAreLongComeInPartsAndInOrder) {
  const std::string posts = collection_of(40, 90'000);
  const HttpAnswer list = get(posts + "/entry");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.header("transfer-encoding"), "chunked");
  EXPECT_THAT(list.header("etag"), StartsWith("W/\""));
  const auto names = names_of(list);
  ASSERT_EQ(names.size(), 40U);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(names[i], std::to_string(i));
  // The next request on the connection is not in its way.
  EXPECT_EQ(get(posts + "/entry", {{"If-None-Match", list.header("etag")}}).status, 304);
  EXPECT_EQ(send("HEAD", posts + "/entry").header("etag"), list.header("etag"));
  EXPECT_THAT(names_of(get(posts + "/entry?filter=all")), testing::SizeIs(40));
}

TEST_P(CollectionsLists, PastTheirLimitAreRefusedBeforeAnythingIsSent) {
  serve_store({.name_policy = NamePolicy::slug, .list_bytes_max = 1'000'000});
  const std::string posts = collection_of(12, 90'000);
  const HttpAnswer refused = get(posts + "/entry");
  EXPECT_EQ(refused.status, 502);
  EXPECT_EQ(refused.header("retry-after"), "");
  EXPECT_EQ(text_at(json_of(refused), {"retryable"}), "false");
  EXPECT_EQ(get(posts + "/entry?limit=5").status, 200);
}

TEST_P(CollectionsLists, ComeInPagesThatShowEachOnce) {
  const std::string posts = collection_of(25, 10);
  std::set<std::string> seen;
  std::string next = posts + "/entry?filter=latest&limit=10";
  std::size_t pages = 0;
  for (; !next.empty() && pages < 10; ++pages) {
    const HttpAnswer page = get(next);
    ASSERT_EQ(page.status, 200);
    const auto names = names_of(page);
    EXPECT_LE(names.size(), 10U);
    for (const std::string& name : names) EXPECT_TRUE(seen.insert(name).second) << name;
    const std::string link = page.header("link");
    const std::string cursor = page.header("x-next-cursor");
    EXPECT_EQ(link.empty(), cursor.empty());
    next.clear();
    if (link.empty()) break;
    EXPECT_THAT(link, StartsWith("<" + posts + "/entry?filter=latest&limit=10&cursor="));
    EXPECT_THAT(link, testing::EndsWith(">; rel=\"next\""));
    EXPECT_THAT(link, HasSubstr(cursor));
    next = link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(seen.size(), 25U);
}

TEST_P(CollectionsLists, OfCollectionsComeInPagesToo) {
  for (const char* const name : {"a", "b", "c"}) collection(name);
  collection("d", "user-2");
  for (const auto& [list, count] :
       {std::pair("/api/collection", 4U), std::pair("/api/user/user-1/collection", 3U)}) {
    std::set<std::string> seen;
    std::string cursor;
    do {
      const HttpAnswer page = get(std::string(list) + "?limit=2&cursor=" + cursor);
      ASSERT_EQ(page.status, 200);
      for (const std::string& name : names_of(page)) EXPECT_TRUE(seen.insert(name).second);
      cursor = page.header("x-next-cursor");
    } while (!cursor.empty());
    EXPECT_EQ(seen.size(), count) << list;
  }
}

TEST_P(CollectionsLists, TakeNoOtherLimitAndNoCursorOfElsewhere) {
  const std::string posts = collection();
  for (const char* const limit : {"0", "1001", "-1", "x", "", "1.5", "%201"}) {
    const HttpAnswer refused = get(posts + "/entry?limit=" + limit);
    EXPECT_EQ(refused.status, 400) << limit;
    EXPECT_EQ(refused.body, "Error: The limit is 1 to 1000") << limit;
  }
  EXPECT_EQ(get(posts + "/entry?limit=1000").status, 200);
  EXPECT_EQ(get(posts + "/entry?limit=10&cursor=%21").status, 400);
  EXPECT_EQ(get("/api/user/user-1/collection?limit=10&cursor=dXNlci0yI2E").status, 400);
  EXPECT_EQ(get(posts + "/entry?cursor=%21").status, 200);
}

// Spec 10.5, V8 and V3.
TEST_P(CollectionsLists, ShowExactlyWhatWasThereAtATime) {
  const std::string posts = collection();
  const auto at = [&](Millis time, std::string_view filter = "latest") {
    return get(posts + "/entry?at=" + std::to_string(time) + "&filter=" + std::string(filter));
  };
  const Millis before = now();
  const std::string kept = entry(posts, R"({"name":"kept"})");
  const std::string changed = entry(posts, R"({"name":"old"})");
  const std::string deleted = entry(posts, R"({"name":"deleted"})");
  const Millis then = now();
  put(changed, R"({"name":"new"})");
  remove(deleted);
  const Millis after = now();
  entry(posts, R"({"name":"later"})");

  EXPECT_THAT(names_of(at(before)), IsEmpty());
  EXPECT_THAT(names_of(at(then)), ElementsAre("kept", "old", "deleted"));
  EXPECT_EQ(at(then, "current").body.find("deletedAt"), std::string::npos);
  EXPECT_THAT(names_of(at(after)), ElementsAre("kept", "new"));
  EXPECT_THAT(names_of(at(after, "current")), ElementsAre("kept", "deleted", "new"));
  EXPECT_THAT(at(after, "current").body, HasSubstr("deletedAt"));
  EXPECT_THAT(names_of(at(after, "all")), ElementsAre("kept", "old", "deleted", "new"));
  EXPECT_THAT(names_of(at(9'999'999'999'999)), ElementsAre("kept", "new", "later"));
  EXPECT_THAT(names_of(at(0)), IsEmpty());
  EXPECT_EQ(at(then).header("x-incomplete"), "");
}

TEST_P(CollectionsLists, ShowAResourceAsItWasAtATime) {
  const std::string posts = collection();
  const Millis before = now();
  const std::string post = entry(posts, R"({"name":"one"})");
  const Millis first = now();
  put(post, R"({"name":"two"})");
  remove(post);
  const Millis deleted = now();
  const auto at = [&](std::string_view time, std::string_view filter = "latest") {
    return get(post + "?at=" + std::string(time) + "&filter=" + std::string(filter));
  };
  EXPECT_EQ(at(std::to_string(before)).status, 404);
  EXPECT_THAT(names_of(at(std::to_string(first))), ElementsAre("one"));
  EXPECT_EQ(at(std::to_string(first)).header("x-version"), std::to_string(first));
  EXPECT_THAT(names_of(at(std::to_string(deleted - 1))), ElementsAre("two"));
  EXPECT_EQ(at(std::to_string(deleted)).status, 404);
  EXPECT_THAT(at(std::to_string(deleted), "current").body, HasSubstr("deletedAt"));
  EXPECT_THAT(names_of(at(std::to_string(deleted), "all")), ElementsAre("one", "two"));
  EXPECT_THAT(names_of(at(std::to_string(first), "all")), ElementsAre("one"));

  const std::string iso = to_iso(Time(std::chrono::milliseconds(first)));
  EXPECT_THAT(names_of(at(iso)), ElementsAre("one"));
  for (const char* const time : {"", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "1.5",
                                 "2026-13-01T00:00:00Z", "2026-01-31T12:00:00+02:00"}) {
    EXPECT_EQ(at(time).status, 400) << time;  // of the last, '+' is a space
  }
  EXPECT_EQ(at("2016-01-31T12:00:00%2B02:00").status, 404);
}

TEST_P(CollectionsLists, SayWhatAPurgeTookFromTheTimeThatIsAskedFor) {
  const std::string posts = collection();
  const std::string location = entry(posts, R"({"name":"one"})");
  const Millis first = now();
  put(location, R"({"name":"two"})");
  const std::string id = location.substr(location.rfind('/') + 1);
  const std::string of = posts.substr(posts.rfind('/') + 1);
  contract::must(
      store().purge({.application = "test-app", .user = "user-1", .collection = of, .entry = id},
                    {.keep_last = 1}));
  const HttpAnswer list = get(posts + "/entry?at=" + std::to_string(first));
  EXPECT_EQ(list.body, "[]");
  EXPECT_EQ(list.header("x-incomplete"), "true");
  EXPECT_EQ(get(posts + "/entry?limit=5&at=" + std::to_string(first)).header("x-incomplete"),
            "true");
  EXPECT_EQ(get(location + "?at=" + std::to_string(first)).status, 410);
  EXPECT_EQ(put(location, R"({"name":"three"})").header("x-revision"), "3");
}

TEST_P(CollectionsLists, FailAsAWholeWhereTheirBeginningCannotBeRead) {
  const std::string posts = collection_of(20, 90'000);
  database().stop_after_batch_reads(0);
  EXPECT_EQ(get(posts + "/entry").status, 502);
  database().start();
  EXPECT_EQ(get(posts + "/entry").status, 200);
}

TEST_P(CollectionsLists, AreCutShortWhereTheirEndCannotBeRead) {
  const std::string posts = collection_of(40, 90'000);
  database().stop_after_batch_reads(4);
  support::HttpClient client("127.0.0.1", port());
  const auto answer = client.request("GET", posts + "/entry", {{"x-api-key", "my-api-key"}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "the connection was closed");
  database().start();
  EXPECT_EQ(get(posts + "/entry").status, 200);
}

ON_EVERY_SERVICE_KIND(CollectionsLists);

}  // namespace
}  // namespace dynakeep
