#include "transport/attempts.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_pacing.h"

namespace dynakeep::transport {
namespace {

using base::ManualPacing;

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(RetryBudget, GivesWhatItHasAndHoldsNoMoreThanItCan) {
  RetryBudget budget;
  EXPECT_TRUE(budget.take(499));
  EXPECT_FALSE(budget.take(2));
  EXPECT_EQ(budget.tokens(), 1);
  budget.give_back(10);
  EXPECT_EQ(budget.tokens(), 11);
  budget.give_back(1000);
  EXPECT_EQ(budget.tokens(), RetryBudget::tokens_max);
}

TEST(RetryBudget, LosesNothingBetweenThreads) {
  RetryBudget budget;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&budget] {
      for (int turn = 0; turn < 10'000; ++turn) {
        if (budget.take(5)) budget.give_back(5);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(budget.tokens(), RetryBudget::tokens_max);
}

TEST(Attempts, WaitARandomPartOfATimeThatDoublesUpToTwentySeconds) {
  ManualPacing pacing(0.5);
  RetryBudget budget;
  const RetryOptions options{.attempts_max = 13, .total_timeout = 1h};
  Attempts attempts(options, budget, pacing);
  while (attempts.again(Trouble::transient)) {
  }
  EXPECT_THAT(pacing.waits, ElementsAre(25ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms,
                                        6400ms, 10'000ms, 10'000ms, 10'000ms));
}

TEST(Attempts, WaitFromAnotherDelayOnIfOneIsGiven) {
  const auto waits = [](std::chrono::milliseconds base_delay) {
    ManualPacing pacing(0.5);
    RetryBudget budget;
    const RetryOptions options{.attempts_max = 80, .total_timeout = 1h, .base_delay = base_delay};
    Attempts attempts(options, budget, pacing);
    while (attempts.again(Trouble::transient)) {
    }
    return pacing.waits;
  };
  EXPECT_THAT(waits(0ms), IsEmpty());
  const auto rising = waits(6s);
  ASSERT_EQ(rising.size(), 79U);
  EXPECT_EQ(rising[0], 3s);
  EXPECT_EQ(rising[1], 6s);
  EXPECT_EQ(rising[78], 10s);
}

TEST(Attempts, AreAsManyAsAllowed) {
  ManualPacing pacing;
  RetryBudget budget;
  const RetryOptions options{.attempts_max = 3};
  Attempts attempts(options, budget, pacing);
  EXPECT_TRUE(attempts.again(Trouble::transient));
  EXPECT_TRUE(attempts.again(Trouble::throttled));
  EXPECT_FALSE(attempts.again(Trouble::transient));
  EXPECT_FALSE(Attempts({.attempts_max = 1}, budget, pacing).again(Trouble::transient));
}

TEST(Attempts, EndWithALastingFailure) {
  ManualPacing pacing;
  RetryBudget budget;
  const RetryOptions options;
  EXPECT_FALSE(Attempts(options, budget, pacing).again(Trouble::lasting));
  EXPECT_EQ(budget.tokens(), RetryBudget::tokens_max);
}

TEST(Attempts, HaveADeadlineEachWithinThatOfTheCall) {
  ManualPacing pacing(0.0);
  RetryBudget budget;
  const RetryOptions options{.attempts_max = 9, .total_timeout = 25s, .attempt_timeout = 10s};
  const Deadline began = pacing.now();
  Attempts attempts(options, budget, pacing);
  EXPECT_EQ(attempts.deadline() - began, 10s);
  pacing.advance(10s);
  ASSERT_TRUE(attempts.again(Trouble::timed_out));
  EXPECT_EQ(attempts.deadline() - began, 20s);
  pacing.advance(10s);
  ASSERT_TRUE(attempts.again(Trouble::timed_out));
  EXPECT_EQ(attempts.deadline() - began, 25s);
  EXPECT_EQ(attempts.elapsed(), 20s);
  pacing.advance(5s);
  EXPECT_FALSE(attempts.again(Trouble::timed_out));
}

TEST(Attempts, EndAtOnceIfTheWaitWouldOutlastTheCall) {
  ManualPacing pacing(0.99);
  RetryBudget budget;
  const RetryOptions options{.total_timeout = 40ms};
  Attempts attempts(options, budget, pacing);
  EXPECT_FALSE(attempts.again(Trouble::transient));
  EXPECT_TRUE(pacing.waits.empty());
  EXPECT_EQ(budget.tokens(), RetryBudget::tokens_max);
}

TEST(Attempts, WaitAsLongAsTheServiceAsksWithinBounds) {
  ManualPacing pacing(0.5);
  RetryBudget budget;
  const RetryOptions options{.attempts_max = 4};
  Attempts attempts(options, budget, pacing);
  ASSERT_TRUE(attempts.again(Trouble::throttled, 1500ms));
  ASSERT_TRUE(attempts.again(Trouble::throttled, 0ms));   // not less than without
  ASSERT_TRUE(attempts.again(Trouble::throttled, 600s));  // not more than 5 s on top
  EXPECT_THAT(pacing.waits, ElementsAre(1500ms, 50ms, 5100ms));
}

TEST(Attempts, WaitForNothingOnceClockOrCredentialsArePutRight) {
  ManualPacing pacing;
  RetryBudget budget;
  const RetryOptions options;
  Attempts attempts(options, budget, pacing);
  EXPECT_TRUE(attempts.again(Trouble::clock));
  EXPECT_TRUE(attempts.again(Trouble::credentials));
  EXPECT_TRUE(pacing.waits.empty());
}

TEST(Attempts, TakeTokensThatSuccessBringsBack) {
  ManualPacing pacing;
  RetryBudget budget;
  const RetryOptions options{.attempts_max = 4};
  Attempts attempts(options, budget, pacing);
  ASSERT_TRUE(attempts.again(Trouble::transient));
  EXPECT_EQ(budget.tokens(), 495);
  ASSERT_TRUE(attempts.again(Trouble::timed_out));
  EXPECT_EQ(budget.tokens(), 485);
  attempts.succeeded();
  EXPECT_EQ(budget.tokens(), 495);
  Attempts(options, budget, pacing).succeeded();
  EXPECT_EQ(budget.tokens(), 496);
}

TEST(Attempts, AreFirstOnesOnlyWhileTheBudgetIsSpent) {
  ManualPacing pacing;
  RetryBudget budget;
  const RetryOptions options{.attempts_max = 1000, .total_timeout = 100h};
  Attempts attempts(options, budget, pacing);
  int retries = 0;
  while (attempts.again(Trouble::transient)) ++retries;
  EXPECT_EQ(retries, RetryBudget::tokens_max / 5);
  EXPECT_FALSE(Attempts(options, budget, pacing).again(Trouble::transient));
}

}  // namespace
}  // namespace dynakeep::transport
