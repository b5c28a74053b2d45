#include "storage/sync_loop.h"

#include <atomic>
#include <future>
#include <latch>
#include <semaphore>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::storage {
namespace {

using namespace std::chrono_literals;

// A log whose syncs happen when the test lets them, and succeed unless it says otherwise.
class FakeLog {
 public:
  SyncLoop::Log log() {
    return {.written = [this] { return written.load(); },
            .sync = [this]() -> Result<void> {
              syncs_begun.release();
              let_sync.acquire();
              ++syncs;
              if (broken) return Error::internal("no such disk");
              return {};
            }};
  }

  void let_all_sync() { let_sync.release(1'000'000); }

  std::atomic<Position> written = 0;
  std::atomic<bool> broken = false;
  std::atomic<int> syncs = 0;
  std::counting_semaphore<> syncs_begun{0};
  std::counting_semaphore<> let_sync{0};
};

TEST(SyncLoop, WhatIsDurableAlreadyIsAnsweredAtOnce) {
  FakeLog log;
  SyncLoop loop(log.log(), 0ms);
  EXPECT_TRUE(loop.wait(0));
  bool answered = false;
  loop.when_durable(0, [&](const Result<void>& result) { answered = result.has_value(); });
  EXPECT_TRUE(answered);
  EXPECT_EQ(log.syncs, 0);
}

TEST(SyncLoop, AWaitEndsAfterTheSyncThatCoversIt) {
  FakeLog log;
  SyncLoop loop(log.log(), 0ms);
  log.written = 7;
  auto wait = std::async(std::launch::async, [&] { return loop.wait(7); });
  log.syncs_begun.acquire();
  EXPECT_EQ(loop.durable(), 0u);
  log.let_sync.release();
  EXPECT_TRUE(wait.get());
  EXPECT_EQ(loop.durable(), 7u);
}

TEST(SyncLoop, AWriteThatComesDuringASyncWaitsForTheNext) {
  FakeLog log;
  SyncLoop loop(log.log(), 0ms);
  std::promise<Position> first, second;
  log.written = 1;
  loop.when_durable(1, [&](const auto&) { first.set_value(loop.durable()); });
  log.syncs_begun.acquire();
  log.written = 2;
  loop.when_durable(2, [&](const auto&) { second.set_value(loop.durable()); });

  log.let_sync.release();
  EXPECT_EQ(first.get_future().get(), 1u);
  log.syncs_begun.acquire();
  log.let_sync.release();
  EXPECT_EQ(second.get_future().get(), 2u);
}

TEST(SyncLoop, OneSyncAnswersAllWhoGatheredMeanwhile) {
  FakeLog log;
  SyncLoop loop(log.log(), 0ms);
  std::latch answered(11);
  log.written = 1;
  loop.when_durable(1, [&](const auto&) { answered.count_down(); });
  log.syncs_begun.acquire();
  for (Position position = 2; position <= 11; ++position) {
    log.written = position;
    loop.when_durable(position, [&](const auto&) { answered.count_down(); });
  }
  log.let_all_sync();
  answered.wait();
  EXPECT_EQ(log.syncs, 2);
}

TEST(SyncLoop, AfterAFailedSyncNothingIsAnsweredWithSuccessEvenIfTheDiskRecovers) {
  FakeLog log;
  SyncLoop loop(log.log(), 0ms);
  log.written = 1;
  log.let_sync.release();
  ASSERT_TRUE(loop.wait(1));

  log.broken = true;
  log.written = 2;
  std::promise<bool> gathered;
  auto failed = std::async(std::launch::async, [&] { return loop.wait(2); });
  log.syncs_begun.acquire();
  log.syncs_begun.acquire();
  log.written = 3;
  loop.when_durable(3, [&](const auto& answer) { gathered.set_value(answer.has_value()); });
  log.let_all_sync();
  EXPECT_FALSE(failed.get());
  EXPECT_FALSE(gathered.get_future().get());

  log.broken = false;
  log.written = 4;
  const auto later = loop.wait(4);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().message(), "no such disk");
  EXPECT_FALSE(loop.health());
  EXPECT_EQ(log.syncs, 2);
  EXPECT_TRUE(loop.wait(1)) << "what was durable before stays so";
}

TEST(SyncLoop, AnIntervalSyncsWithoutAnyoneWaiting) {
  FakeLog log;
  log.written = 5;
  SyncLoop loop(log.log(), 1ms);
  log.syncs_begun.acquire();
  log.let_sync.release();
  log.written = 6;
  log.syncs_begun.acquire();  // the first is over
  EXPECT_EQ(loop.durable(), 5u);
  log.let_all_sync();
}

TEST(SyncLoop, DestroyingItAnswersWhoWaits) {
  FakeLog log;
  std::atomic<int> answered = 0;
  {
    SyncLoop loop(log.log(), 0ms);
    log.written = 2;
    loop.when_durable(1, [&](const Result<void>& result) { answered += result ? 1 : 0; });
    loop.when_durable(2, [&](const Result<void>& result) { answered += result ? 1 : 0; });
    log.let_all_sync();
  }
  EXPECT_EQ(answered, 2);
}

TEST(SyncLoop, ManyThreadsWaitEachForItsOwn) {
  FakeLog log;
  log.let_all_sync();
  SyncLoop loop(log.log(), 0ms);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const Position position = ++log.written;
        ASSERT_TRUE(loop.wait(position));
        ASSERT_GE(loop.durable(), position);
      }
    });
  }
}

}  // namespace
}  // namespace dynakeep::storage
