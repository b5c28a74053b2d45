#include "dynakeep/stores/event_marks.h"

#include <random>
#include <set>

#include <gmock/gmock.h>

#include "stores/event_store/mark_cache.h"
#include "stores/event_store/mark_items.h"

namespace dynakeep {
namespace {

TEST(EventMarks, AMarkHoldsWhatWasAddedAndNotRemovedAndNothingElse) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    EventMark mark;
    std::set<Version> held;
    for (int turn = 0; turn < 60; ++turn) {
      const auto version = static_cast<Version>(random() % 14) - 1;
      if (random() % 3 == 0) {
        mark.remove(version);
        held.erase(version);
      } else {
        mark.add(version);
        if (version >= 1) held.insert(version);
      }
      for (Version each = -1; each <= 14; ++each) {
        ASSERT_EQ(mark.holds(each), held.contains(each)) << "seed " << seed << ": " << mark;
      }
      ASSERT_EQ(mark.version, held.empty() ? 0 : *held.rbegin()) << "seed " << seed;
      for (std::size_t i = 0; i < mark.missing.size(); ++i) {
        const VersionRange& range = mark.missing[i];
        ASSERT_LE(range.first, range.last);
        ASSERT_LT(range.last, mark.version);
        if (i > 0) {
          ASSERT_GT(range.first, mark.missing[i - 1].last + 1) << mark;
        }
      }
    }
  }
}

TEST(EventMarks, AGapOfAnySizeIsOneRange) {
  EventMark mark;
  mark.add(1);
  mark.add(event_number_max);
  EXPECT_EQ(mark.missing, (std::vector<VersionRange>{{2, event_number_max - 1}}));
  mark.add(1000);
  EXPECT_EQ(mark.missing, (std::vector<VersionRange>{{2, 999}, {1001, event_number_max - 1}}));
}

TEST(EventMarks, AMarkIsReadAsItWasWritten) {
  EventMark mark{.revision = 7};
  for (const Version version : {1, 2, 5, 9}) mark.add(version);
  Item item{{"version", mark.version},
            {"revision", mark.revision},
            {"missing", event_store::missing_to_attribute(mark)}};
  const auto read = event_store::mark_from(item);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, mark);
}

TEST(EventMarks, WhatIsNoMarkIsRefused) {
  EXPECT_FALSE(event_store::mark_from(Item{{"other", 1}}));
  EXPECT_FALSE(event_store::mark_from(Item{{"version", "4"}}));
  for (const AttributeList& missing :
       {AttributeList{5, 5}, AttributeList{3, 2}, AttributeList{0, 1}, AttributeList{1, 1, 2, 2},
        AttributeList{"1", 2}}) {
    EXPECT_FALSE(event_store::mark_from(Item{{"version", 5}, {"missing", missing}}));
  }
}

TEST(EventMarks, AHistoryIsReadAsItWasWritten) {
  const EventHistory history{.done = false,
                             .after = Key{{"aggregateId", "ORDERS#o"}, {"version", 3}},
                             .events = 12,
                             .gap = "shard_lost shardId-1",
                             .generation = 2,
                             .must_clear = true,
                             .epoch = 5};
  EXPECT_EQ(event_store::history_from(event_store::history_item(history)), history);
  EXPECT_EQ(event_store::history_from(event_store::history_item({})), EventHistory{});
}

TEST(EventMarks, TheCacheForgetsWhatWasAskedForLongestAgoButNotWhatIsToBeKept) {
  event_store::MarkCache cache(2);
  const AggregateKey a{"S", "a"};
  const AggregateKey b{"S", "b"};
  const AggregateKey c{"S", "c"};
  const AggregateKey d{"S", "d"};
  cache.put(a, EventMark{.version = 1});
  cache.put(b, std::nullopt);
  EXPECT_NE(cache.find(a), nullptr);
  cache.put(c, EventMark{.version = 3});
  EXPECT_EQ(cache.find(b), nullptr);
  ASSERT_NE(cache.find(a), nullptr);

  cache.put_to_be_kept(a, {.version = 2});
  cache.put_to_be_kept(b, {.version = 1});
  cache.put_to_be_kept(d, {.version = 4});
  EXPECT_EQ(cache.size(), 3U);
  const auto unkept = cache.take_unkept();
  EXPECT_EQ(unkept, (std::vector<std::pair<AggregateKey, EventMark>>{
                        {a, {.version = 2}}, {b, {.version = 1}}, {d, {.version = 4}}}));
  EXPECT_TRUE(cache.take_unkept().empty());
  cache.put(c, EventMark{.version = 3});
  EXPECT_EQ(cache.size(), 2U);
  cache.not_kept(unkept);
  EXPECT_EQ(cache.take_unkept().size(), 3U);
}

}  // namespace
}  // namespace dynakeep
