#include <atomic>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/clients/versioned_collections.h"
#include "services/versioned_collections/collections_service.h"
#include "support/fault_proxy.h"

// The client of versioned collections on the service itself, over a socket.
namespace dynakeep {
namespace {

using contract::must;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class CollectionsClientOnService : public contract::CollectionsService {
 protected:
  CollectionsClient client(std::string key = "my-api-key") {
    return must(CollectionsClient::create(
        {.base_url = "http://127.0.0.1:" + std::to_string(port()), .api_key = std::move(key)}));
  }
  RemoteCollection posts() { return must(client().create("user-1", {.name = "posts"})); }

  template <typename T>
  static void refused(const Result<T>& result, ErrorCode code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), code) << result.error();
  }
  static std::vector<std::string> names_in(const std::vector<RemoteEntry>& entries) {
    std::vector<std::string> names;
    for (const RemoteEntry& each : entries) names.push_back(each.name());
    return names;
  }
};

TEST_P(CollectionsClientOnService, DoesWhatTheOriginalsReadmePromises) {
  const CollectionsClient store = client();
  RemoteCollection made = must(store.create("user-1", {.name = "posts"}));
  EXPECT_EQ(must(store.create("user-1", {.name = "posts"})).id(), made.id());
  EXPECT_NE(must(store.create_another("user-1", {.name = "posts"})).id(), made.id());
  EXPECT_EQ(made.application(), "test-app");
  EXPECT_EQ(made.user(), "user-1");
  EXPECT_EQ(made.revision(), 1);

  const RemoteEntry post = must(
      made.add({.name = "post-3888288822",
                .value = R"({"body":"om my gosh","bg":{"img":"pic.png"},"happinessIndex":9.50})"}));
  EXPECT_EQ(post.value()->to_text(),
            R"({"body":"om my gosh","bg":{"img":"pic.png"},"happinessIndex":9.50})");
  EXPECT_EQ(must(made.fetch_entry("post-3888288822")).id(), post.id());
  EXPECT_EQ(must(made.fetch_entry(post.id())).name(), "post-3888288822");
  EXPECT_EQ(must(store.get_by_user("user-1")).size(), 2u);
  EXPECT_EQ(must(store.get()).size(), 2u);
  EXPECT_THAT(must(store.get_by_user("iliketurtles")), IsEmpty());

  RemoteEntry entry = must(made.fetch_entry("post-3888288822"));
  must(entry.update({.name = "feature-toggles"}));
  EXPECT_EQ(must(made.fetch_entry("feature-toggles")).value()->to_text(), post.value()->to_text());
  must(entry.update({.value = R"({"a":1})"}));
  EXPECT_EQ(entry.revision(), 3);
  EXPECT_EQ(names_in(must(made.get())), std::vector<std::string>{"feature-toggles"});

  must(entry.destroy());
  EXPECT_TRUE(entry.is_deleted());
  EXPECT_THAT(must(made.get()), IsEmpty());
  EXPECT_EQ(must(made.get({.filter = VersionFilter::current})).front().deleted_at(),
            entry.deleted_at());
  refused(entry.update({.name = "x"}), ErrorCode::not_found);
  refused(entry.destroy(), ErrorCode::not_found);

  must(made.update({.name = "new-feature-collection"}));
  EXPECT_EQ(made.name(), "new-feature-collection");
  must(made.destroy());
  EXPECT_EQ(must(store.get_by_user("user-1")).size(), 1u);
  EXPECT_EQ(must(store.get_by_user("user-1", {.filter = VersionFilter::current})).size(), 2u);
}

TEST_P(CollectionsClientOnService, KnowsWhatTheServerCan) {
  const auto capabilities = must(client().capabilities());
  EXPECT_TRUE(capabilities.is_extended);
  EXPECT_GE(capabilities.history, 1);
  EXPECT_GE(capabilities.preconditions, 1);
  EXPECT_GE(capabilities.watch, 1);
}

TEST_P(CollectionsClientOnService, TakesUsersAndNamesAsTheyAre) {
  const RemoteCollection made = must(client().create("Jürgen / 2", {.name = "a/b \"c\" 日本"}));
  EXPECT_EQ(made.user(), "Jurgen-2");
  const RemoteEntry entry = must(made.add({.name = "x&y=z #1", .value = "[]"}));
  EXPECT_EQ(must(made.fetch_entry("x&y=z #1")).id(), entry.id());
  EXPECT_EQ(must(client().get_by_user("Jürgen / 2", {.name = "a/b \"c\" 日本"})).size(), 1u);
  refused(client().create("中文", {.name = "n"}), ErrorCode::invalid_argument);
}

TEST_P(CollectionsClientOnService, WritesOnlyOnTheStateItKnows) {
  RemoteEntry mine = must(posts().add({.name = "e", .value = "[1]"}));
  RemoteEntry theirs = mine;
  must(theirs.update({.value = "[2]"}, {.if_match = theirs.tag()}));
  const auto refused_write = mine.update({.value = "[3]"}, {.if_match = mine.tag()});
  refused(refused_write, ErrorCode::precondition_failed);
  EXPECT_EQ(server_answer(refused_write.error())->state, theirs.tag());
  EXPECT_EQ(mine.value()->to_text(), "[1]");
  must(mine.refresh());
  must(mine.merge(R"({"a":{"b":null,"c":1}})", {.if_match = mine.tag()}));
  EXPECT_EQ(mine.value()->to_text(), R"({"a":{"c":1}})");
  must(mine.destroy({.if_match = mine.tag()}));
  refused(mine.update({.value = "[4]"}, {.if_live = true}), ErrorCode::precondition_failed);
}

TEST_P(CollectionsClientOnService, DoesOnceWhatHasAKey) {
  RemoteEntry entry = must(posts().add({.name = "e", .value = "[1]"}));
  must(entry.update({.value = "[2]"}, {.idempotency_key = "k1"}));
  const Millis version = entry.version();
  must(entry.update({.value = "[2]"}, {.idempotency_key = "k1"}));
  EXPECT_EQ(entry.version(), version);
  EXPECT_EQ(must(entry.history()).versions.size(), 2u);
  const RemoteEntry made =
      must(posts().add({.name = "f", .value = "[1]"}, {.idempotency_key = "k2"}));
  EXPECT_EQ(must(posts().add({.name = "f", .value = "[1]"}, {.idempotency_key = "k2"})).id(),
            made.id());
}

TEST_P(CollectionsClientOnService, ShowsHistoryAndBringsItBack) {
  RemoteEntry entry = must(posts().add({.name = "e", .value = R"({"n":1})"}));
  const Millis first = entry.version();
  tick();
  must(entry.update({.value = R"({"n":2})"}, {.actor = "alice", .comment = "why"}));
  tick();
  must(entry.update({.name = "f"}));
  const Millis last = entry.version();

  const HistoryPage page = must(entry.history({.limit = 2}));
  ASSERT_EQ(page.versions.size(), 2u);
  EXPECT_TRUE(page.versions[0].is_newest);
  EXPECT_EQ(page.versions[0].revision, 3);
  EXPECT_EQ(page.versions[1].comment, "why");
  EXPECT_THAT(page.versions[1].by, testing::EndsWith("alice"));
  const HistoryPage rest = must(entry.history({.limit = 2, .cursor = page.next_cursor}));
  ASSERT_EQ(rest.versions.size(), 1u);
  EXPECT_EQ(rest.versions[0].value->to_text(), R"({"n":1})");
  EXPECT_EQ(rest.next_cursor, "");
  EXPECT_EQ(must(entry.history({.ascending = true, .to = last, .values = false})).versions.size(),
            2u);

  EXPECT_EQ(must(entry.version(VersionReference::revision(2))).value->to_text(), R"({"n":2})");
  EXPECT_EQ(must(entry.at(first + 1)).value->to_text(), R"({"n":1})");
  refused(entry.at(first - 1), ErrorCode::not_found);
  const VersionDifference difference =
      must(entry.diff(VersionReference::first(), VersionReference::last()));
  EXPECT_EQ(difference.patch, R"([{"op":"replace","path":"/n","value":2}])");
  EXPECT_EQ(difference.names, (std::pair<std::string, std::string>("e", "f")));
  EXPECT_EQ(must(entry.diff()).patch, "[]");
  EXPECT_EQ(must(entry.diff(VersionReference::at(first + 1), VersionReference::revision(2))).from,
            first);

  must(entry.restore(VersionReference::revision(1), {.comment = "back"}));
  EXPECT_EQ(entry.value()->to_text(), R"({"n":1})");
  EXPECT_EQ(entry.name(), "e");
  EXPECT_EQ(entry.revision(), 4);
  must(entry.destroy());
  must(entry.restore());
  EXPECT_FALSE(entry.is_deleted());
  refused(entry.restore(), ErrorCode::write_conflict);
}

TEST_P(CollectionsClientOnService, RestoresACollectionWithItsEntries) {
  RemoteCollection all = posts();
  RemoteEntry old = must(all.add({.name = "old", .value = "[1]"}));
  tick();
  const Millis then = now();
  tick();
  must(old.update({.value = "[2]"}));
  must(all.add({.name = "new", .value = "[1]"}));
  const RestoreReport report = must(all.restore_with_entries(then));
  EXPECT_EQ(report.restored, 1u);
  EXPECT_EQ(report.deleted, 1u);
  EXPECT_EQ(names_in(must(all.get())), std::vector<std::string>{"old"});
}

TEST_P(CollectionsClientOnService, PurgesWithTheKeyForIt) {
  RemoteEntry entry = must(posts().add({.name = "e", .value = "[1]"}));
  must(entry.update({.value = "[2]"}));
  refused(entry.purge({.keep_last = 1}), ErrorCode::access_denied);
  RemoteEntry same =
      must(must(client("purger").create("user-1", {.name = "posts"})).fetch_entry("e"));
  EXPECT_EQ(must(same.purge({.keep_last = 1, .dry_run = true})).purged, 1u);
  refused(same.purge({.keep_last = 1, .if_match = std::vector{StateTag{.version = 1}}}),
          ErrorCode::precondition_failed);
  EXPECT_EQ(must(same.purge({.keep_last = 1, .if_match = std::vector{same.tag()}})).purged, 1u);
  refused(entry.version(VersionReference::revision(1)), ErrorCode::gone);
}

TEST_P(CollectionsClientOnService, GoesThroughPagesToTheEnd) {
  const RemoteCollection all = posts();
  std::set<std::string> added;
  for (int i = 0; i < 7; ++i)
    added.insert(must(all.add({.value = "[" + std::to_string(i) + "]"})).id());
  std::set<std::string> seen;
  std::string cursor;
  do {
    const EntryPage page = must(all.get_page({.limit = 3, .cursor = cursor}));
    EXPECT_LE(page.entries.size(), 3u);
    for (const RemoteEntry& each : page.entries) EXPECT_TRUE(seen.insert(each.id()).second);
    cursor = page.next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(seen, added);
  EXPECT_EQ(must(client().get_page({.limit = 1})).collections.size(), 1u);
}

TEST_P(CollectionsClientOnService, WritesBatches) {
  const RemoteCollection all = posts();
  const RemoteEntry one = must(all.add({.name = "one", .value = "[1]"}));
  const RemoteEntry two = must(all.add({.name = "two", .value = "[2]"}));
  const std::vector<BatchOperation> operations{
      BatchOperation::create({.name = "three", .value = "[3]"}),
      BatchOperation::update(one.id(), {.value = "[1]"}).if_match(one.version() + 1),
      BatchOperation::remove(two.id())};
  const BatchResult failed = must(all.batch(operations, true));
  EXPECT_FALSE(failed.is_done);
  ASSERT_EQ(failed.outcomes.size(), 3u);
  EXPECT_EQ(failed.outcomes[0].status, 424);
  EXPECT_EQ(failed.outcomes[1].status, 412);
  EXPECT_THAT(names_in(must(all.get())), UnorderedElementsAre("one", "two"));

  const BatchResult parts = must(all.batch(operations, false));
  EXPECT_FALSE(parts.is_done);
  EXPECT_TRUE(parts.outcomes[0].is_done());
  EXPECT_TRUE(parts.outcomes[2].is_done());
  EXPECT_THAT(names_in(must(all.get())), UnorderedElementsAre("one", "three"));
  EXPECT_TRUE(must(all.batch({BatchOperation::restore(two.id())}, true)).is_done);
}

TEST_P(CollectionsClientOnService, HearsOfChanges) {
  const RemoteCollection all = posts();
  const RemoteEntry old = must(all.add({.name = "old", .value = "[1]"}));
  tick(10'000);
  const RemoteChanges before = must(all.changes(0));
  EXPECT_THAT(names_in(before.entries), ElementsAre("old"));
  std::jthread writer([&] { must(all.add({.name = "new", .value = "[2]"})); });
  const RemoteChanges after = must(all.changes(before.next, {.wait = std::chrono::seconds(60)}));
  EXPECT_THAT(names_in(after.entries), ElementsAre("new"));
}

TEST_P(CollectionsClientOnService, IsToldWhatItMayNotDo) {
  const RemoteCollection mine = posts();
  refused(client("nobody's").get(), ErrorCode::access_denied);
  refused(client("reader").create("user-1", {.name = "n"}), ErrorCode::access_denied);
  refused(client("other-key").collection("user-1", mine.id()).get(), ErrorCode::not_found);
  const auto large = mine.add({.value = "[\"" + std::string(200'000, 'x') + "\"]"});
  refused(large, ErrorCode::invalid_argument);
  EXPECT_EQ(server_answer(large.error())->status, 413);
}

TEST_P(CollectionsClientOnService, CreatesOneOfManyAtOnce) {
  std::vector<std::jthread> threads;
  std::vector<std::string> ids(8);
  const CollectionsClient store = client();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] { ids[i] = must(store.create("user-9", {.name = "one"})).id(); });
  }
  threads.clear();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
  EXPECT_EQ(must(store.get_by_user("user-9")).size(), 1u);
}

// What callers are told is true, whatever happens on the way: each acknowledged increment is in the
// entry, and nothing is in it that neither was acknowledged nor could not be known.
TEST_P(CollectionsClientOnService, TellsTheTruthOverABadNetwork) {
  using support::Fault;
  const std::uint64_t seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  const auto proxy = must(support::FaultProxy::start(
      port(), support::faults_by_chance(seed, {{Fault::cut_before, 40},
                                               {Fault::cut_in_request, 40},
                                               {Fault::cut_before_answer, 60},
                                               {Fault::cut_in_answer, 60},
                                               {Fault::close_after, 40},
                                               {Fault::unavailable, 60}})));
  const std::string id = must(posts().add({.name = "n", .value = R"({"n":0})"})).id();
  const std::string collection_id = posts().id();
  const CollectionsClient store =
      must(CollectionsClient::create({.base_url = proxy->endpoint(), .api_key = "my-api-key"}));

  std::atomic<int> acknowledged = 0;
  std::atomic<int> unknown = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      RemoteEntry entry = store.collection("user-1", collection_id).entry(id);
      for (int done = 0; done < 50;) {
        if (!entry.refresh()) continue;
        const int n = std::stoi(entry.value()->find("n")->text());
        const auto written = entry.update({.value = R"({"n":)" + std::to_string(n + 1) + "}"},
                                          {.if_match = entry.tag()});
        if (written) ++acknowledged;
        if (!written && written.error().outcome_unknown()) ++unknown;
        if (written || written.error().outcome_unknown()) ++done;
      }
    });
  }
  threads.clear();
  EXPECT_GT(proxy->counts().faults(), 20u) << proxy->counts();
  const RemoteEntry entry = must(posts().fetch_entry(id));
  const int n = std::stoi(entry.value()->find("n")->text());
  EXPECT_GE(n, acknowledged) << "seed " << seed;
  EXPECT_LE(n, acknowledged + unknown) << "seed " << seed;
  EXPECT_EQ(entry.revision(), n + 1);
}

ON_EVERY_SERVICE_KIND(CollectionsClientOnService);

}  // namespace
}  // namespace dynakeep
