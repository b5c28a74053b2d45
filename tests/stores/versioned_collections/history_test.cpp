#include <algorithm>

#include "stores/versioned_collections/collections_contract.h"

// Versions that are past.
namespace dynakeep {
namespace {

using contract::application;
using contract::content;
using contract::must;
using contract::names_of;
using contract::refused;
using contract::revisions_of;
using contract::user;
using contract::value_of;
using contract::versions_of;
using testing::ElementsAre;

class CollectionsHistory : public contract::CollectionsContract {
 protected:
  void SetUp() override {
    CollectionsContract::SetUp();
    posts_ = collection();
    post_ = entry(posts_, "one", "1");
    first_ = now();
    tick();
    must(store().update(post_, content("two", "2"), {.by = "ci", .message = "why"}));
    tick();
    must(store().update(post_, content("three", "3")));
  }

  ResourcePath posts_;
  ResourcePath post_;  // of three versions, a second apart
  Millis first_ = 0;
};

TEST_P(CollectionsHistory, ListsAllVersionsOnceInEitherOrder) {
  for (const bool ascending : {false, true}) {
    std::vector<ResourceVersion> seen;
    HistoryOptions options{.page = {.limit = 1}, .ascending = ascending};
    do {
      auto page = must(store().history(post_, options));
      EXPECT_EQ(page.items.size(), 1u);
      seen.push_back(std::move(page.items.front()));
      options.page.cursor = page.next_cursor;
    } while (!options.page.cursor.empty());
    if (ascending) std::reverse(seen.begin(), seen.end());
    EXPECT_THAT(names_of(seen), ElementsAre("three", "two", "one"));
    EXPECT_THAT(revisions_of(seen), ElementsAre(3, 2, 1));
    EXPECT_TRUE(seen[0].is_newest);
    EXPECT_FALSE(seen[1].is_newest);
    EXPECT_EQ(seen[1].by, "ci");
    EXPECT_EQ(seen[1].message, "why");
  }
  const auto between =
      must(store().history(post_, {.from = first_ + 1000, .to = first_ + 2000})).items;
  EXPECT_THAT(names_of(between), ElementsAre("two"));
  const std::string cursor = must(store().history(post_, {.page = {.limit = 1}})).next_cursor;
  refused(store().history(posts_, {.page = {.cursor = cursor}}), ErrorCode::invalid_argument);
  refused(store().history(post_, {.page = {.cursor = cursor}, .ascending = true}),
          ErrorCode::invalid_argument);
  refused(store().history(post_, {.page = {.limit = 1001}}), ErrorCode::invalid_argument);
  ResourcePath nothing = post_;
  nothing.entry = "nothing";
  refused(store().history(nothing), ErrorCode::not_found);
}

TEST_P(CollectionsHistory, TellsOneVersionByEachOfItsNames) {
  const auto name = [&](VersionReference reference) {
    return must(store().version(post_, reference)).name.value();
  };
  EXPECT_EQ(name(VersionReference::number(first_ + 1000)), "two");
  EXPECT_EQ(name(VersionReference::revision(2)), "two");
  EXPECT_EQ(name(VersionReference::first()), "one");
  EXPECT_EQ(name(VersionReference::last()), "three");
  EXPECT_EQ(name(VersionReference::at(first_ + 1999)), "two");
  EXPECT_TRUE(must(store().version(post_, VersionReference::revision(3))).is_newest);
  for (const auto unknown : {VersionReference::number(first_ + 1), VersionReference::revision(4),
                             VersionReference::revision(0), VersionReference::at(first_ - 1)}) {
    refused(store().version(post_, unknown), ErrorCode::not_found);
  }
}

TEST_P(CollectionsHistory, TellsTheStateAtATime) {
  tick();
  must(store().remove(post_));
  const Millis deleted = now();
  tick();
  must(store().restore(post_, std::nullopt));
  const auto at = [&](Millis time, VersionFilter filter = VersionFilter::latest) {
    return store().get(post_, {.filter = filter, .at = time});
  };
  EXPECT_EQ(must(at(first_ + 1500)).name, "two");
  refused(at(first_ - 1), ErrorCode::not_found);
  refused(at(deleted), ErrorCode::not_found);
  EXPECT_TRUE(must(at(deleted, VersionFilter::current)).is_deleted());
  refused(at(deleted + 500), ErrorCode::not_found);
  EXPECT_FALSE(must(at(deleted - 1, VersionFilter::current)).is_deleted());
  EXPECT_EQ(must(at(deleted + 1000)).restored_from, first_ + 2000);
  EXPECT_EQ(must(at(99'999'999'999'999)).revision, 4);
  refused(at(1), ErrorCode::not_found);
}

TEST_P(CollectionsHistory, ListsACollectionAsItWas) {
  const ResourcePath other = entry(posts_, "other");
  const Millis then = now();
  tick();
  entry(posts_, "later");
  must(store().remove(other));
  must(store().update(post_, ResourceChange::rename("four")));
  const auto listed = must(store().list_entries(posts_, {.at = then}));
  EXPECT_THAT(names_of(listed.items), testing::UnorderedElementsAre("three", "other"));
  EXPECT_FALSE(listed.incomplete);
  EXPECT_THAT(names_of(must(store().list_entries(posts_, {.at = first_})).items),
              ElementsAre("one"));
  must(store().purge(post_, {.keep_last = 1}));
  const auto purged = must(store().list_entries(posts_, {.at = first_}));
  EXPECT_TRUE(purged.items.empty());
  EXPECT_TRUE(purged.incomplete);
}

TEST_P(CollectionsHistory, RestoresAnOldVersionAsANewOne) {
  refused(store().restore(post_, std::nullopt), ErrorCode::write_conflict);
  const auto restored = must(store().restore(post_, VersionReference::revision(1), {.by = "me"}));
  EXPECT_EQ(restored.revision, 4);
  EXPECT_EQ(restored.name, "one");
  EXPECT_EQ(restored.value, "1");
  EXPECT_EQ(restored.restored_from, first_);
  EXPECT_EQ(must(store().get(post_)), restored);
  must(store().remove(post_));
  EXPECT_EQ(must(store().restore(post_, std::nullopt)).name, "one");
  refused(store().restore(post_, VersionReference::revision(9)), ErrorCode::not_found);
  must(store().remove(posts_));
  EXPECT_EQ(must(store().restore(posts_, std::nullopt)).name, "posts");
}

TEST_P(CollectionsHistory, RestoresACollectionWithItsEntries) {
  const ResourcePath gone = entry(posts_, "gone");
  const Millis then = now();
  tick();
  const ResourcePath later = entry(posts_, "later");
  must(store().remove(gone));
  must(store().update(post_, ResourceChange::rename("four")));
  must(store().update(posts_, ResourceChange::rename("renamed")));
  must(store().remove(posts_));
  tick();
  const auto report = must(store().restore_with_entries(posts_, then));
  EXPECT_EQ(report.restored, 2u);
  EXPECT_EQ(report.deleted, 1u);
  EXPECT_EQ(report.unchanged, 0u);
  EXPECT_TRUE(report.failed.empty());
  EXPECT_THAT(names_of(must(store().list_entries(posts_)).items),
              testing::UnorderedElementsAre("three", "gone"));
  EXPECT_EQ(must(store().get(posts_)).name, "posts");
  EXPECT_EQ(must(store().restore_with_entries(posts_, then)).unchanged, 3u);
}

TEST_P(CollectionsHistory, PurgesAllButTheLast) {
  const auto dry = must(store().purge(post_, {.keep_last = 1, .dry_run = true}));
  EXPECT_EQ(dry.purged, 2u);
  EXPECT_EQ(all(post_).size(), 3u);
  const auto report = must(store().purge(post_, {.keep_last = 1}));
  EXPECT_EQ(report.purged, 2u);
  EXPECT_EQ(report.kept, 1u);
  EXPECT_EQ(report.floor, first_ + 1000);
  EXPECT_THAT(names_of(all(post_)), ElementsAre("three"));
  refused(store().version(post_, VersionReference::revision(1)), ErrorCode::gone);
  refused(store().version(post_, VersionReference::number(first_)), ErrorCode::gone);
  refused(store().get(post_, {.at = first_ + 1500}), ErrorCode::gone);
  EXPECT_EQ(must(store().update(post_, value_of("4"))).revision, 4);
  EXPECT_EQ(must(store().purge(post_, {.before = first_ + 60'000})).purged, 1u);
  EXPECT_EQ(must(store().purge(post_, {.versions = {first_}})).purged, 0u);
  refused(store().purge(post_, {}), ErrorCode::invalid_argument);
  refused(store().purge(post_, {.keep_last = 0}), ErrorCode::invalid_argument);
}

TEST_P(CollectionsHistory, APurgeOfAllLeavesNothing) {
  refused(store().purge(posts_, {.all = true}), ErrorCode::write_conflict);
  const auto obtained = must(store().get_or_create_entry(posts_, content("named", "1")));
  must(store().update(obtained.resource.path, value_of("2")));
  must(store().get_or_create_collection(application, user, "posts"));
  must(store().remove(posts_));
  std::size_t told = 0;
  const auto report = must(
      store().purge(posts_, {.all = true, .on_progress = [&](std::size_t more) { told += more; }}));
  EXPECT_EQ(report.purged, 6u);
  EXPECT_EQ(told, 6u);
  EXPECT_TRUE(rows(entries_table()).empty());
  EXPECT_TRUE(rows(collections_table()).empty());
  refused(store().get(posts_, {.filter = VersionFilter::current}), ErrorCode::not_found);
  refused(store().list_entries(posts_), ErrorCode::not_found);
}

TEST_P(CollectionsHistory, RetentionKeepsTheNewest) {
  const auto dry = must(store().apply_retention(application, {.keep_last = 1, .dry_run = true}));
  EXPECT_EQ(dry.purged, 2u);
  EXPECT_EQ(must(store().apply_retention(application, {.max_age = std::chrono::milliseconds(1500)}))
                .purged,
            1u);
  std::size_t told = 0;
  const auto report = must(store().apply_retention(
      application, {.keep_last = 1, .on_progress = [&](std::size_t more) { told += more; }}));
  EXPECT_EQ(report.purged, 1u);
  EXPECT_EQ(told, 3u);
  EXPECT_EQ(report.kept, 2u);
  EXPECT_THAT(revisions_of(all(post_)), ElementsAre(3));
}

TEST_P(CollectionsHistory, TellsTheDifferenceOfTwoVersions) {
  must(store().update(post_, value_of(R"({"a":1,"b":2})")));
  must(store().update(post_, value_of(R"({"a":1,"c":2})")));
  const auto difference =
      must(store().difference(post_, VersionReference::revision(4), VersionReference::last()));
  EXPECT_EQ(difference.names, std::nullopt);
  EXPECT_EQ(difference.patch,
            R"([{"op":"remove","path":"/b"},{"op":"add","path":"/c","value":2}])");
  const auto names =
      must(store().difference(post_, VersionReference::first(), VersionReference::revision(2)));
  EXPECT_EQ(names.names, std::pair(std::string("one"), std::string("two")));
}

ON_EVERY_COLLECTIONS_KIND(CollectionsHistory);

}  // namespace
}  // namespace dynakeep
