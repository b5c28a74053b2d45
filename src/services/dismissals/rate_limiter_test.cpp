#include "services/dismissals/rate_limiter.h"

#include <string>

#include <gtest/gtest.h>

namespace dynakeep::services::dismissals {
namespace {

using namespace std::chrono_literals;

TEST(DismissalRateLimiter, RefusesOneMoreThanItsPointsUntilTheBlockIsOver) {
  ManualClock clock;
  RateLimiter limiter({.points = 3, .duration = 1s, .block_duration = 60s}, clock);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), 60s);
  EXPECT_EQ(limiter.charge("b"), std::nullopt) << "others are not to blame";
  clock.advance(59'500ms);
  EXPECT_EQ(limiter.charge("a"), 500ms) << "what is refused does not make it longer";
  clock.advance(500ms);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), 60s);
}

TEST(DismissalRateLimiter, AWindowBeginsWithItsFirstRequest) {
  ManualClock clock;
  RateLimiter limiter({.points = 2, .duration = 10s, .block_duration = 0s}, clock);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
  clock.advance(9s);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), 1s) << "without a block to the window's end";
  clock.advance(1s);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), 10s);
}

TEST(DismissalRateLimiter, ABlockMayBeShorterThanTheWindow) {
  ManualClock clock;
  RateLimiter limiter({.points = 1, .duration = 10s, .block_duration = 2s}, clock);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), 2s);
  clock.advance(2s);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
}

TEST(DismissalRateLimiter, KeepsTheBucketsThatWereChargedLast) {
  ManualClock clock;
  RateLimiter limiter({.points = 1, .duration = 10s, .buckets_max = 10}, clock);
  EXPECT_EQ(limiter.charge("me"), std::nullopt);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(limiter.charge("made-up-" + std::to_string(i)), std::nullopt);
    EXPECT_NE(limiter.charge("me"), std::nullopt);
  }
}

TEST(DismissalRateLimiter, TellsLongKeysApart) {
  ManualClock clock;
  RateLimiter limiter({.points = 1, .duration = 10s}, clock);
  const std::string longer(100'000, 'x');
  EXPECT_EQ(limiter.charge(longer + "a"), std::nullopt);
  EXPECT_EQ(limiter.charge(longer + "b"), std::nullopt);
  EXPECT_NE(limiter.charge(longer + "a"), std::nullopt);
}

TEST(DismissalRateLimiter, AClockThatIsSetBackShutsNobodyOutForLonger) {
  ManualClock clock;
  RateLimiter limiter({.points = 1, .duration = 1s, .block_duration = 5s}, clock);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
  EXPECT_EQ(limiter.charge("a"), 5s);
  clock.advance(-1h);
  EXPECT_EQ(limiter.charge("a"), std::nullopt);
}

}  // namespace
}  // namespace dynakeep::services::dismissals
