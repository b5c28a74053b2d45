#include "services/dismissals/item_cache.h"

#include <gtest/gtest.h>

#include "dynakeep/database.h"

namespace dynakeep::services::dismissals {
namespace {

using namespace std::chrono_literals;

class DismissalCache : public testing::Test {
 protected:
  Dismissible item(const char* id, bool dismissed = false) const {
    const DismissalTime created{1'700'000'000s};
    return {.user_id = "ann",
            .item_id = id,
            .created_at = created,
            .dismissed_at = dismissed ? std::optional(created) : std::nullopt};
  }
  void read(const Dismissible& found) {
    cache.end_read(cache.begin_read(found.user_id, found.item_id), found);
  }
  void write(const Dismissible& written) {
    const auto ticket = cache.begin_write(written.user_id, written.item_id);
    cache.end_write(ticket, written.user_id, written.item_id, &written);
  }

  ManualClock clock;
  ItemCache cache{2, 1h, clock};
};

TEST_F(DismissalCache, GivesWhatWasReadOrWritten) {
  EXPECT_EQ(cache.find("ann", "a"), std::nullopt);
  read(item("a"));
  EXPECT_EQ(cache.find("ann", "a"), item("a"));
  EXPECT_EQ(cache.find("bob", "a"), std::nullopt);
  write(item("a", true));
  EXPECT_EQ(cache.find("ann", "a"), item("a", true));
}

TEST_F(DismissalCache, KeepsThemForTheirTimeAndNoMoreThanItMay) {
  read(item("a"));
  clock.advance(59min);
  EXPECT_TRUE(cache.find("ann", "a"));
  clock.advance(1min);
  EXPECT_FALSE(cache.find("ann", "a"));

  for (const char* id : {"a", "b", "c"}) read(item(id));
  EXPECT_FALSE(cache.find("ann", "a"));
  EXPECT_TRUE(cache.find("ann", "b"));
  EXPECT_TRUE(cache.find("ann", "c"));
}

TEST_F(DismissalCache, WhatBeganToBeReadBeforeAWriteIsNotKept) {
  const auto slow = cache.begin_read("ann", "a");
  write(item("a", true));
  cache.end_read(slow, item("a"));
  EXPECT_EQ(cache.find("ann", "a"), item("a", true));
}

TEST_F(DismissalCache, WhatIsReadWhileAWriteIsUnderWayIsNotKept) {
  const auto writing = cache.begin_write("ann", "a");
  const auto slow = cache.begin_read("ann", "a");
  read(item("a"));
  EXPECT_FALSE(cache.find("ann", "a"));
  const Dismissible written = item("a", true);
  cache.end_write(writing, "ann", "a", &written);
  cache.end_read(slow, item("a"));
  EXPECT_EQ(cache.find("ann", "a"), written);
}

TEST_F(DismissalCache, OfWritesThatOverlapNoneIsKept) {
  const auto first = cache.begin_write("ann", "a");
  const auto second = cache.begin_write("ann", "a");
  const Dismissible dismissed = item("a", true);
  const Dismissible restored = item("a");
  cache.end_write(second, "ann", "a", &restored);
  cache.end_write(first, "ann", "a", &dismissed);
  EXPECT_FALSE(cache.find("ann", "a"));
  read(item("a"));
  EXPECT_TRUE(cache.find("ann", "a"));
}

TEST_F(DismissalCache, AWriteThatFailedLeavesNothing) {
  read(item("a"));
  cache.end_write(cache.begin_write("ann", "a"), "ann", "a", nullptr);
  EXPECT_FALSE(cache.find("ann", "a"));
}

TEST_F(DismissalCache, ForgetsAllOfAUserAndWhatIsBeingRead) {
  read(item("a"));
  const auto slow = cache.begin_read("ann", "b");
  cache.forget_user("an");
  EXPECT_TRUE(cache.find("ann", "a"));
  cache.forget_user("ann");
  EXPECT_FALSE(cache.find("ann", "a"));
  cache.end_read(slow, item("b"));
  EXPECT_FALSE(cache.find("ann", "b"));
}

TEST_F(DismissalCache, AnItemThatExpiresOrShowsAgainIsAskedForAnew) {
  Dismissible snoozed = item("a", true);
  snoozed.dismissed_until = snoozed.created_at + 10s;
  Dismissible expiring = item("b");
  expiring.expires_at = expiring.created_at + 20s;
  read(snoozed);
  read(expiring);
  EXPECT_TRUE(cache.find("ann", "a"));
  clock.advance(10s);
  EXPECT_FALSE(cache.find("ann", "a"));
  EXPECT_TRUE(cache.find("ann", "b"));
  clock.advance(10s);
  EXPECT_FALSE(cache.find("ann", "b"));
}

TEST_F(DismissalCache, AnAnswerFromItWaitsForTheDiskAsOneFromTheStore) {
  {
    DeferredDurability writing;
    writing.note(42);
    write(item("a", true));
  }
  DeferredDurability reading;
  EXPECT_TRUE(cache.find("ann", "a"));
  EXPECT_EQ(reading.position(), 42U);
}

}  // namespace
}  // namespace dynakeep::services::dismissals
