#include "transfer/rate_limit.h"

#include <numeric>

#include <gtest/gtest.h>

#include "base/manual_pacing.h"

namespace dynakeep::transfer {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, WaitsUntilItIsTimeForTheNext) {
  base::ManualPacing pacing;
  const auto begun = pacing.now();
  RateLimit rate(100, pacing);
  for (int i = 0; i < 10; ++i) rate.take(25, {});
  EXPECT_EQ(pacing.now() - begun, 2500ms);
}

TEST(RateLimit, WhatWasNotUsedIsLost) {
  base::ManualPacing pacing;
  RateLimit rate(100, pacing);
  pacing.advance(10s);
  const auto begun = pacing.now();
  rate.take(50, {});
  EXPECT_EQ(pacing.now() - begun, 500ms);
}

TEST(RateLimit, WhoeverStopsItDoesNotWait) {
  base::ManualPacing pacing;
  RateLimit rate(1, pacing);
  std::stop_source stop;
  stop.request_stop();
  rate.take(1000, stop.get_token());
  EXPECT_TRUE(pacing.waits.empty());
}

}  // namespace
}  // namespace dynakeep::transfer
