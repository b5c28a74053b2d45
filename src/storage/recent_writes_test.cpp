#include "storage/recent_writes.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::storage {
namespace {

constexpr Partition nina{.space = 1, .hash = 0x994D0DDEFF766D54};
constexpr Partition jazz{.space = 2, .hash = 0xB09DABF6DB36838A};

TEST(RecentWrites, NothingWrittenMeansNothingToWaitFor) {
  const RecentWrites writes;
  EXPECT_EQ(writes.last_position(nina, 9), 0u);
  EXPECT_EQ(writes.last_position(nina.space, 9), 0u);
}

TEST(RecentWrites, ACommitUnderWayStandsForTheLatestPosition) {
  RecentWrites writes;
  const std::array touched{nina};
  writes.before_commit(touched);
  EXPECT_EQ(writes.last_position(nina, 9), 9u);
  EXPECT_EQ(writes.last_position(nina.space, 9), 9u);
  EXPECT_EQ(writes.last_position(jazz, 9), 0u);
  EXPECT_EQ(writes.last_position(jazz.space, 9), 0u);
  writes.after_commit(touched, 5);
  EXPECT_EQ(writes.last_position(nina, 9), 5u);
  EXPECT_EQ(writes.last_position(nina.space, 9), 5u);
}

TEST(RecentWrites, TwoCommitsUnderWayAreBothWaitedForWhicheverEndsFirst) {
  RecentWrites writes;
  const std::array touched{nina};
  writes.before_commit(touched);
  writes.before_commit(touched);
  writes.after_commit(touched, 6);
  EXPECT_EQ(writes.last_position(nina, 9), 9u);
  writes.after_commit(touched, 5);
  EXPECT_EQ(writes.last_position(nina, 9), 6u) << "the later position, not the later to report";
}

TEST(RecentWrites, ACommitThatFailedLeavesNoMark) {
  RecentWrites writes;
  const std::array touched{nina, jazz, nina};
  writes.before_commit(touched);
  writes.after_commit(touched, 0);
  EXPECT_EQ(writes.last_position(nina, 9), 0u);
  EXPECT_EQ(writes.last_position(jazz, 9), 0u);
}

// The race of the header. A "database" of one visible version; a version is published before its
// writer reports the position. What a reader is told to wait for must cover what it saw.
TEST(RecentWrites, AReaderIsNeverToldLessThanWhatItSaw) {
  RecentWrites writes;
  std::atomic<Position> visible = 0;
  std::atomic<int> writers_left = 2;
  const auto write = [&] {
    const std::array touched{nina};
    for (int i = 0; i < 20'000; ++i) {
      writes.before_commit(touched);
      const Position position = visible.fetch_add(1) + 1;
      writes.after_commit(touched, position);
    }
    --writers_left;
  };
  const auto read = [&] {
    while (writers_left > 0) {
      const Position seen = visible.load();
      ASSERT_GE(writes.last_position(nina, visible.load()), seen);
      ASSERT_GE(writes.last_position(nina.space, visible.load()), seen);
    }
  };
  std::vector<std::jthread> threads;
  threads.emplace_back(write);
  threads.emplace_back(write);
  threads.emplace_back(read);
  threads.emplace_back(read);
}

}  // namespace
}  // namespace dynakeep::storage
