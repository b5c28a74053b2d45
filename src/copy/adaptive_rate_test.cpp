#include "copy/adaptive_rate.h"

#include <gtest/gtest.h>

#include "base/manual_pacing.h"

namespace dynakeep::copying {
namespace {

using namespace std::chrono_literals;

// A table that takes so many writes a second, evenly.
class Table {
 public:
  Table(base::Pacing& pacing, double per_second) : pacing_(pacing), per_second_(per_second) {}

  void set(double per_second) { per_second_ = per_second; }

  // How many of them it refuses.
  double write(double count) {
    const auto now = pacing_.now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    tokens_ = std::min(tokens_ + passed.count() * per_second_, per_second_);
    const double taken = std::min(count, tokens_);
    tokens_ -= taken;
    taken_ += taken;
    return count - taken;
  }
  double taken() const { return taken_; }

 private:
  base::Pacing& pacing_;
  double per_second_;
  base::Pacing::Moment last_ = pacing_.now();
  double tokens_ = 0;
  double taken_ = 0;
};

// Writes for a while, each call taking a millisecond. How many were refused.
double write_for(AdaptiveRate& rate, Table& table, base::ManualPacing& pacing,
                 std::chrono::seconds time) {
  double refused = 0;
  const auto end = pacing.now() + time;
  while (pacing.now() < end) {
    rate.take(25, {});
    pacing.advance(1ms);
    if (const double left = table.write(25); left > 0) {
      rate.refuse(left);
      refused += left;
    }
  }
  return refused;
}

TEST(AdaptiveRate, SendsAllThereIsWhileNothingIsRefused) {
  base::ManualPacing pacing;
  AdaptiveRate rate(std::nullopt, pacing);
  for (int i = 0; i < 1000; ++i) rate.take(25, {});
  EXPECT_TRUE(pacing.waits.empty());
  EXPECT_EQ(rate.per_second(), std::nullopt);
}

TEST(AdaptiveRate, KeepsBelowWhatItWasToldWhateverIsTaken) {
  base::ManualPacing pacing;
  AdaptiveRate rate(1000, pacing);
  Table table(pacing, 1e9);
  write_for(rate, table, pacing, 10s);
  EXPECT_NEAR(table.taken(), 10'000, 500);
  EXPECT_EQ(rate.per_second(), 1000);
}

TEST(AdaptiveRate, SettlesBelowWhatTheTableTakesAndUsesMostOfIt) {
  base::ManualPacing pacing;
  AdaptiveRate rate(std::nullopt, pacing);
  Table table(pacing, 1000);
  write_for(rate, table, pacing, 10s);  // it begins with 25,000 a second
  const double before = table.taken();
  const double refused = write_for(rate, table, pacing, 60s);
  EXPECT_GT(table.taken() - before, 60'000 * 0.7);
  EXPECT_LT(refused, 60'000 * 0.05);
}

TEST(AdaptiveRate, RecoversWhenTheTableTakesMoreAgain) {
  base::ManualPacing pacing;
  AdaptiveRate rate(std::nullopt, pacing);
  Table table(pacing, 500);
  write_for(rate, table, pacing, 20s);
  ASSERT_TRUE(rate.per_second());
  EXPECT_LT(*rate.per_second(), 700);
  table.set(1e9);
  write_for(rate, table, pacing, 60s);
  EXPECT_GT(*rate.per_second(), 10'000);
}

TEST(AdaptiveRate, NeverGrowsPastWhatItWasTold) {
  base::ManualPacing pacing;
  AdaptiveRate rate(2000, pacing);
  Table table(pacing, 500);
  write_for(rate, table, pacing, 20s);
  table.set(1e9);
  write_for(rate, table, pacing, 60s);
  EXPECT_EQ(rate.per_second(), 2000);
}

TEST(AdaptiveRate, WaitsNoLongerOnceItIsStopped) {
  base::ManualPacing pacing;
  AdaptiveRate rate(1, pacing);
  std::stop_source stop;
  stop.request_stop();
  rate.take(1'000'000, stop.get_token());
  EXPECT_TRUE(pacing.waits.empty());
}

}  // namespace
}  // namespace dynakeep::copying
