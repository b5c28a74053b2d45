#include "stores/versioned_collections/seen_collections.h"

#include <gtest/gtest.h>

namespace dynakeep::collections {
namespace {

TEST(SeenCollections, AreBelievedForTenMinutes) {
  ManualClock clock;
  SeenCollections seen(clock);
  seen.insert("a");
  clock.advance(std::chrono::minutes(10));
  EXPECT_TRUE(seen.contains("a"));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(seen.contains("a"));
  seen.insert("a");
  clock.advance(std::chrono::seconds(-1));
  EXPECT_FALSE(seen.contains("a"));
}

TEST(SeenCollections, ThoseNotAskedForLongestGoFirst) {
  ManualClock clock;
  SeenCollections seen(clock, 2);
  seen.insert("a");
  seen.insert("b");
  EXPECT_TRUE(seen.contains("a"));
  seen.insert("c");
  EXPECT_FALSE(seen.contains("b"));
  EXPECT_TRUE(seen.contains("a"));
  EXPECT_TRUE(seen.contains("c"));
  seen.erase("a");
  seen.erase("a");
  EXPECT_FALSE(seen.contains("a"));
}

}  // namespace
}  // namespace dynakeep::collections
