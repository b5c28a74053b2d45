#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

#include "stores/versioned_collections/collections_contract.h"

// Many writers of one resource.
namespace dynakeep {
namespace {

using contract::application;
using contract::content;
using contract::must;
using contract::on_threads;
using contract::refused;
using contract::revisions_of;
using contract::user;
using contract::value_of;
using contract::versions_of;

class CollectionsWriting : public contract::CollectionsContract {
 protected:
  // Every acknowledged version once, versions rising, revisions 1 to n.
  void expect_whole(const ResourcePath& path, std::vector<Millis> acknowledged) {
    const auto history = all(path);
    const auto versions = versions_of(history);
    EXPECT_TRUE(std::is_sorted(versions.begin(), versions.end()));
    EXPECT_EQ(std::set<Millis>(versions.begin(), versions.end()).size(), versions.size());
    for (std::size_t i = 0; i < history.size(); ++i) {
      EXPECT_EQ(history[i].revision, static_cast<std::int64_t>(i) + 1);
    }
    std::sort(acknowledged.begin(), acknowledged.end());
    EXPECT_EQ(acknowledged, std::vector<Millis>(versions.begin() + 1, versions.end()));
    EXPECT_EQ(must(store().get(path)).version, versions.back());
  }
};

TEST_P(CollectionsWriting, NoAcknowledgedVersionIsLost) {
  const ResourcePath posts = collection();
  const std::vector<std::pair<ResourcePath, int>> rounds_of{{entry(posts), 5}, {posts, 6}};
  for (const auto& [path, rounds] : rounds_of) {
    std::mutex mutex;
    std::vector<Millis> acknowledged;
    for (int round = 0; round < rounds; ++round) {
      on_threads(40, [&](int thread) {
        const auto written =
            must(store().update(path, ResourceChange::rename("t" + std::to_string(thread))));
        const std::lock_guard lock(mutex);
        acknowledged.push_back(written.version);
      });
    }
    EXPECT_EQ(acknowledged.size(), static_cast<std::size_t>(rounds) * 40);
    expect_whole(path, std::move(acknowledged));
  }
}

TEST_P(CollectionsWriting, NorByTwoStoresThatDoNotKnowOfEachOther) {
  const ResourcePath post = entry(collection());
  const auto other = another();
  std::mutex mutex;
  std::vector<Millis> acknowledged;
  on_threads(8, [&](int thread) {
    VersionedCollections& mine = thread % 2 == 0 ? store() : *other;
    for (int i = 0; i < 5; ++i) {
      const auto written = must(mine.update(post, value_of(std::to_string(thread * 100 + i))));
      const std::lock_guard lock(mutex);
      acknowledged.push_back(written.version);
    }
  });
  EXPECT_EQ(acknowledged.size(), 40u);
  expect_whole(post, std::move(acknowledged));
}

TEST_P(CollectionsWriting, ADeleteAndAnUpdateNeverBothWinOneState) {
  const ResourcePath posts = collection();
  const auto other = another();
  for (int round = 0; round < 100; ++round) {
    const ResourcePath post = entry(posts);
    std::optional<bool> updated;
    on_threads(2, [&](int thread) {
      if (thread == 0) {
        must(store().remove(post));
      } else {
        const auto written = other->update(post, ResourceChange::rename("updated"));
        if (!written) refused(written, ErrorCode::not_found);
        updated = written.has_value();
      }
    });
    const auto now = must(store().get(post, {.filter = VersionFilter::current}));
    EXPECT_TRUE(now.is_deleted());
    EXPECT_EQ(now.name, *updated ? "updated" : "post");
    EXPECT_EQ(now.revision, *updated ? 2 : 1);
  }
}

TEST_P(CollectionsWriting, OfTwoUpdatesOfOneStateOneSucceeds) {
  const ResourcePath post = entry(collection());
  for (int round = 0; round < 5; ++round) {
    const StateTag tag = must(store().get(post)).tag();
    std::atomic<int> succeeded = 0;
    std::atomic<Millis> winner = 0;
    on_threads(6, [&](int thread) {
      const auto written = store().update(post, value_of(std::to_string(thread)),
                                          {.if_match = std::vector<StateTag>{tag}});
      if (written) {
        ++succeeded;
        winner = written->version;
      } else {
        EXPECT_EQ(written.error().code(), ErrorCode::precondition_failed);
        EXPECT_NE(met_state(written.error()), tag);
      }
    });
    EXPECT_EQ(succeeded, 1);
    EXPECT_EQ(must(store().get(post)).version, winner);
  }
}

TEST_P(CollectionsWriting, PreconditionsAreExact) {
  const ResourcePath post = entry(collection());
  const StateTag live = must(store().get(post)).tag();
  const WriteOptions if_live_state{.if_match = std::vector<StateTag>{{1, false}, live}};
  must(store().remove(post, if_live_state));
  const StateTag deleted{live.version, true};
  for (const auto& options :
       {WriteOptions{.if_match = std::vector<StateTag>{deleted}}, WriteOptions{.if_live = true}}) {
    const Error error =
        refused(store().update(post, value_of("2"), options), ErrorCode::precondition_failed);
    EXPECT_EQ(met_state(error), deleted);
  }
  refused(store().restore(post, std::nullopt, if_live_state), ErrorCode::precondition_failed);
  must(store().restore(post, std::nullopt, {.if_match = std::vector<StateTag>{deleted}}));

  ResourcePath chosen = post;
  chosen.entry = "chosen";
  const Error absent = refused(store().update(chosen, value_of("2"), {.if_live = true}),
                               ErrorCode::precondition_failed);
  EXPECT_EQ(met_state(absent), std::nullopt);
  refused(store().update(chosen, value_of("2")), ErrorCode::not_found);
  EXPECT_EQ(must(store().update(chosen, value_of("2"), {.if_absent = true})).revision, 1);
  refused(store().update(chosen, value_of("3"), {.if_absent = true}),
          ErrorCode::precondition_failed);
  chosen.entry = "no slug";
  refused(store().update(chosen, value_of("3"), {.if_absent = true}), ErrorCode::invalid_argument);
}

TEST_P(CollectionsWriting, OfManyCreatorsUnderOneNameOneCreates) {
  const auto other = another();
  std::atomic<int> created = 0;
  std::mutex mutex;
  std::set<std::string> ids;
  on_threads(20, [&](int thread) {
    VersionedCollections& mine = thread % 2 == 0 ? store() : *other;
    const auto obtained = must(mine.get_or_create_collection(application, user, "posts"));
    if (obtained.created) ++created;
    const std::lock_guard lock(mutex);
    ids.insert(obtained.resource.path.collection);
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(must(store().list_collections(application, user)).items.size(), 1u);
}

TEST_P(CollectionsWriting, ANameIsFoundWhoeverMadeIt) {
  const ResourcePath posts = collection();
  EXPECT_FALSE(must(store().get_or_create_collection(application, user, "posts")).created);
  const auto first = must(store().get_or_create_entry(posts, content("a", "1")));
  EXPECT_TRUE(first.created);
  const auto again = must(store().get_or_create_entry(posts, content("a", "2")));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.resource.value, "1");
  // What is renamed or deleted has the name no longer.
  must(store().update(first.resource.path, ResourceChange::rename("b")));
  const auto second = must(store().get_or_create_entry(posts, content("a", "3")));
  EXPECT_TRUE(second.created);
  must(store().remove(second.resource.path));
  EXPECT_TRUE(must(store().get_or_create_entry(posts, content("a", "4"))).created);
  refused(store().get_or_create_entry(posts, value_of("1")), ErrorCode::invalid_argument);
}

TEST_P(CollectionsWriting, VersionsRiseAlsoIfTheClockIsSetBack) {
  const ResourcePath post = entry(collection());
  const auto before = must(store().update(post, value_of("1")));
  clock_.advance(std::chrono::seconds(-10));
  const auto after = must(store().update(post, value_of("2")));
  EXPECT_EQ(after.version, before.version + 1);
  EXPECT_EQ(must(store().get(post)).value, "2");
}

TEST_P(CollectionsWriting, ARestoreBesideADeleteIsOneOrTheOtherOrder) {
  const ResourcePath posts = collection();
  const auto other = another();
  for (int round = 0; round < 25; ++round) {
    const ResourcePath post = entry(posts);
    const Millis first = must(store().update(post, value_of("2"))).version - 1;
    on_threads(2, [&](int thread) {
      if (thread == 0) {
        must(store().restore(post, VersionReference::number(first)));
      } else {
        must(other->remove(post));
      }
    });
    const auto history = all(post);
    ASSERT_EQ(history.size(), 3u);
    // Deleted first and then restored, or the other way round.
    EXPECT_NE(history[1].is_deleted(), history[2].is_deleted());
    EXPECT_EQ(history[2].restored_from, first);
  }
}

TEST_P(CollectionsWriting, ARestoreBesideAnUpdateIsOneOrTheOtherOrder) {
  const ResourcePath posts = collection();
  const auto other = another();
  for (int round = 0; round < 25; ++round) {
    const ResourcePath post = entry(posts, "post", "1");
    must(store().update(post, value_of("2")));
    on_threads(2, [&](int thread) {
      if (thread == 0) {
        must(store().restore(post, VersionReference::revision(1)));
      } else {
        must(other->update(post, ResourceChange::rename("updated")));
      }
    });
    const auto history = all(post);
    ASSERT_EQ(history.size(), 4u);
    const bool updated_last = history[3].name == "updated";
    EXPECT_EQ(history[3].value, "1");
    EXPECT_EQ(history[2].value, updated_last ? "1" : "2");
    EXPECT_EQ(history[2].name, updated_last ? "post" : "updated");
  }
}

TEST_P(CollectionsWriting, AWriteRepeatedWithItsKeyIsDoneOnce) {
  const ResourcePath posts = collection();
  const ResourcePath post = entry(posts);
  std::mutex mutex;
  std::set<Millis> answered;
  const auto other = another();
  on_threads(8, [&](int thread) {
    VersionedCollections& mine = thread % 2 == 0 ? store() : *other;
    const auto written = must(mine.update(post, value_of("2"), {.idempotency_key = "k-1"}));
    const std::lock_guard lock(mutex);
    answered.insert(written.version);
  });
  EXPECT_EQ(answered.size(), 1u);
  EXPECT_EQ(all(post).size(), 2u);

  const WriteOptions once{.idempotency_key = "k-2"};
  const auto removed = must(store().remove(post, once));
  EXPECT_EQ(must(store().remove(post, once)), removed);
  const auto created = must(store().create_entry(posts, value_of("7"), {.idempotency_key = "k"}));
  must(store().update(created.path, value_of("8")));
  EXPECT_EQ(must(store().create_entry(posts, value_of("7"), {.idempotency_key = "k"})), created);
  refused(store().update(post, value_of("2"), {.idempotency_key = ""}),
          ErrorCode::invalid_argument);
}

TEST_P(CollectionsWriting, ABatchIsDoneWholeOrNotAtAll) {
  using Kind = EntryOperation::Kind;
  const ResourcePath posts = collection();
  const ResourcePath a = entry(posts, "a");
  const ResourcePath b = entry(posts, "b");
  tick();
  const auto done =
      must(store().write_entries(posts,
                                 {{.change = content("c", "3")},
                                  {.kind = Kind::update, .entry = a.entry, .change = value_of("2")},
                                  {.kind = Kind::remove, .entry = b.entry}},
                                 true));
  ASSERT_EQ(done.size(), 3u);
  for (const EntryOutcome& each : done) ASSERT_TRUE(each.entry);
  EXPECT_EQ(done[1].entry->revision, 2);
  EXPECT_TRUE(done[2].entry->is_deleted());
  EXPECT_EQ(must(store().get(done[0].entry->path)).name, "c");

  const auto before = rows(entries_table());
  const std::vector<EntryOperation> failing{
      {.kind = Kind::update, .entry = a.entry, .change = value_of("3")},
      {.kind = Kind::update, .entry = b.entry, .change = value_of("3")}};
  const auto failed = must(store().write_entries(posts, failing, true));
  EXPECT_FALSE(failed[0].entry || failed[0].error);
  EXPECT_EQ(failed[1].error.value().code(), ErrorCode::not_found);
  EXPECT_EQ(rows(entries_table()), before);

  const auto apart = must(store().write_entries(posts, failing, false));
  EXPECT_EQ(apart[0].entry.value().value, "3");
  EXPECT_EQ(apart[1].error.value().code(), ErrorCode::not_found);
  refused(store().write_entries(posts, {failing[0], failing[0]}, true),
          ErrorCode::invalid_argument);
  refused(store().write_entries(posts, std::vector<EntryOperation>(51), true),
          ErrorCode::invalid_argument);
}

TEST_P(CollectionsWriting, FortyCreatesAreFortyEntries) {
  const ResourcePath posts = collection();
  on_threads(40, [&](int) { entry(posts); });
  EXPECT_EQ(must(store().list_entries(posts)).items.size(), 40u);
}

TEST_P(CollectionsWriting, WithoutTransactionsNothingIsOverwritten) {
  const auto plain = another({.write_mode = WriteMode::conditional});
  const ResourcePath post = entry(collection());
  std::mutex mutex;
  std::set<Millis> acknowledged;
  on_threads(8, [&](int thread) {
    const auto written = must(plain->update(post, value_of(std::to_string(thread))));
    const std::lock_guard lock(mutex);
    acknowledged.insert(written.version);
  });
  EXPECT_EQ(acknowledged.size(), 8u);
  EXPECT_EQ(must(plain->all_versions(post)).size(), 9u);
  refused(plain->update(post, value_of("1"), {.if_live = true}), ErrorCode::invalid_argument);
  must(plain->remove(post));
  refused(plain->remove(post), ErrorCode::not_found);
}

TEST_P(CollectionsWriting, DynamodbMiniMayWriteBetween) {
  const auto mixed = another({.mixed_writers = true});
  const ResourcePath post = entry(collection());
  must(mixed->update(post, ResourceChange::rename("two")));
  tick();
  put_row(entries_table(), entry_row(post, now(), "theirs"));
  tick();
  EXPECT_EQ(must(mixed->update(post, ResourceChange::rename("four"))).revision, 4);
  put_row(entries_table(), entry_row(post, now() - 1500, "late"));
  EXPECT_EQ(must(mixed->get(post)).name, "four");
  EXPECT_EQ(revisions_of(all(post)),
            (std::vector<std::optional<std::int64_t>>{1, 2, std::nullopt, std::nullopt, 4}));
}

TEST_P(CollectionsWriting, TheFeedTellsEachChangeAtLeastOnce) {
  const ResourcePath posts = collection();
  const ResourcePath a = entry(posts, "a");
  const ResourcePath b = entry(posts, "b");
  tick(5000);
  const Millis since = must(store().changes_since(posts, 0)).next;
  EXPECT_EQ(since, now() - 2000);
  EXPECT_TRUE(must(store().changes_since(posts, since)).entries.empty());
  must(store().remove(b));
  tick();
  must(store().update(a, value_of("2")));
  const auto changes = must(store().changes_since(posts, since));
  ASSERT_EQ(changes.entries.size(), 2u);
  EXPECT_EQ(changes.entries[0].path, b);
  EXPECT_EQ(changes.entries[1].value, "2");
  EXPECT_EQ(must(store().changes_since(posts, since, 1)).entries.size(), 1u);
}

ON_EVERY_COLLECTIONS_KIND(CollectionsWriting);

}  // namespace
}  // namespace dynakeep
