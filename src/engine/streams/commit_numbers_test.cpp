#include "engine/streams/commit_numbers.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::engine {
namespace {

using storage::Position;

struct World {
  ManualClock clock{Time(std::chrono::microseconds(5'000'000))};
  std::atomic<Position> durable = 0;
  CommitNumbers numbers{clock, [this] { return durable.load(); }, 0};
};

TEST(CommitNumbers, FollowTheClockAndRiseWhereItDoesNot) {
  World world;
  const CommitNumber first = world.numbers.begin();
  EXPECT_EQ(first, 5'000'000u);
  EXPECT_EQ(world.numbers.begin(), 5'000'001u);
  world.clock.set(Time(std::chrono::microseconds(1)));
  EXPECT_EQ(world.numbers.begin(), 5'000'002u);
  world.clock.set(Time(std::chrono::microseconds(6'000'000)));
  EXPECT_EQ(world.numbers.begin(), 6'000'000u);
}

TEST(CommitNumbers, BeginAfterThoseOfAnEarlierLife) {
  const ManualClock clock{Time(std::chrono::microseconds(10))};
  CommitNumbers numbers(
      clock, [] { return Position{0}; }, 700);
  EXPECT_EQ(numbers.readable(), 700u);
  EXPECT_EQ(numbers.begin(), 701u);
}

TEST(CommitNumbers, AreReadableOnceAllBeforeThemHaveEnded) {
  World world;
  const CommitNumber first = world.numbers.begin();
  const CommitNumber second = world.numbers.begin();
  std::thread late([&] { world.numbers.end(second, 0); });
  EXPECT_LT(world.numbers.readable(), first);
  world.numbers.end(first, 0);
  late.join();
  EXPECT_EQ(world.numbers.readable(), second);
}

TEST(CommitNumbers, AreReadableOnceTheyAreDurable) {
  World world;
  const CommitNumber first = world.numbers.begin();
  EXPECT_EQ(world.numbers.end(first, 40), 40u);
  EXPECT_LT(world.numbers.readable(), first);
  const CommitNumber second = world.numbers.begin();
  EXPECT_EQ(world.numbers.end(second, 50), 50u);
  world.durable = 40;
  EXPECT_EQ(world.numbers.readable(), first);
  world.durable = 60;
  EXPECT_EQ(world.numbers.readable(), second);
}

TEST(CommitNumbers, AnAnswerRestsOnAllThatBeganBefore) {
  World world;
  const CommitNumber first = world.numbers.begin();
  const CommitNumber second = world.numbers.begin();
  Position rests_on = 0;
  std::thread late([&] { rests_on = world.numbers.end(second, 40); });
  world.numbers.end(first, 50);
  late.join();
  EXPECT_EQ(rests_on, 50u);
}

TEST(CommitNumbers, WhatCameToNothingIsInNobodysWay) {
  World world;
  const CommitNumber failed = world.numbers.begin();
  world.numbers.end(failed, 0);
  EXPECT_EQ(world.numbers.readable(), failed);
}

TEST(CommitNumbers, WhoIsAloneSeesNoCommitUnderWay) {
  World world;
  std::atomic<int> under_way = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      while (!stop) {
        const CommitNumber number = world.numbers.begin();
        ++under_way;
        --under_way;
        world.numbers.end(number, 0);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    world.numbers.alone([&] {
      EXPECT_EQ(under_way, 0);
      const CommitNumber last = world.numbers.last();
      EXPECT_GT(world.numbers.next(), last);
      EXPECT_EQ(under_way, 0);
    });
  }
  stop = true;
  for (auto& writer : writers) writer.join();
}

}  // namespace
}  // namespace dynakeep::engine
