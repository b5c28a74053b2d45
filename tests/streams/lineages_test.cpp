#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "streams/one_consumer.h"

// A consumer of shards that roll and split.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = StreamEvent::Kind;

std::string item(int number) { return "item " + std::to_string(number); }

TEST_F(StreamAcceptance, B1AShardThatRollsEveryFiftyRecordsIsReadWholeInOrderAndOnce) {
  open(options());
  for (int i = 1; i <= 10'000; ++i) {
    stream.write(item(i % 100));
    if (i % 50 == 0) stream.roll_all();
    if (i % 500 == 0) go_on(1s);
  }
  ASSERT_TRUE(go_on(1min));
  expect_each_once();
  EXPECT_EQ(events[Kind::shard_completed], 200);
}

TEST_F(StreamAcceptance, B2ShardsThatSplitUnderLoadAreReadWholeInOrderAndOnce) {
  open(options());
  for (auto passed = 0ms; passed < 2s; passed += 10ms) {
    for (int i = 0; i < 10; ++i) stream.write(item(static_cast<int>(random() % 50)));
    if (passed > 0ms && passed % 500ms == 0ms) stream.split_all();
    ASSERT_TRUE(go_on(10ms));
  }
  ASSERT_EQ(stream.open_shards(), 8U);
  ASSERT_TRUE(go_on(1min));
  expect_each_once();
  EXPECT_EQ(consumer->figures().shards.size(), 8U);
}

TEST_F(StreamAcceptance, B3ShardsThatLiveShorterThanThePollsAreApartAreReadWholeAndInOrder) {
  auto rarely = options();
  rarely.busy_poll = rarely.idle_poll_max = 1min;
  open(rarely);
  for (int poll = 0; poll < 5; ++poll) {
    for (int generation = 0; generation < 3; ++generation) {
      for (int i = 0; i < 20; ++i) stream.write(item(i));
      stream.split(item(generation));
      clock.advance(20s);
    }
    ASSERT_TRUE(go_on(100ms));
  }
  ASSERT_TRUE(go_on(10min));
  expect_each_once();
}

TEST_F(StreamAcceptance, B5ChildrenThatAreListedLateAreReadFromTheirFirstRecord) {
  stream.faults.children_hidden = 30s;
  open(options());
  write(3);
  stream.roll("a");
  write(3);
  ASSERT_TRUE(go_on(29s));
  EXPECT_EQ(handled, up_to(3));
  ASSERT_TRUE(go_on(2min));
  EXPECT_EQ(handled, up_to(6));
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamAcceptance, B6AParentThatIsListedOpenBesideItsChildIsReadToItsEndFirst) {
  stream.faults.records_in_page = 2;
  write(20);
  stream.faults.shown_open = {stream.shard_of("a")};
  stream.roll("a");
  write(20);
  open(options());
  ASSERT_TRUE(go_on(2min));
  EXPECT_EQ(handled, up_to(40));
}

TEST_F(StreamAcceptance, B6AShardThatAListingLeavesOutIsNeitherLostNorBegunAnew) {
  open(options());
  write(3);
  ASSERT_TRUE(go_on(1s));
  // The child, when it is looked for first; then, of what is read, the same.
  stream.roll("a");
  stream.faults.unlisted = {stream.shard_of("a")};
  write(3);
  ASSERT_TRUE(go_on(10s));
  EXPECT_EQ(handled, up_to(3));
  stream.faults.unlisted.clear();
  ASSERT_TRUE(go_on(2min));
  EXPECT_EQ(handled, up_to(6));
  stream.faults.unlisted = {stream.shard_of("a")};
  write(3);
  ASSERT_TRUE(go_on(2min));
  stream.faults.unlisted.clear();
  write(3);
  ASSERT_TRUE(go_on(2min));
  EXPECT_EQ(handled, up_to(12));
  EXPECT_EQ(events[Kind::shard_started], 2);
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamAcceptance, B8WhileAParentsLastRecordIsNotHandledItsChildIsNotAndOthersAre) {
  stream.split("a");
  const std::string other = item_apart_from("a");
  write(3);
  stream.roll("a");
  write(3);
  write(3, other);
  bool is_broken = true;
  handler = [&](const StreamBatch& batch) {
    const ChangeRecord& record = batch.records.front();
    const bool is_last = record.dynamodb.keys.at("k").as_string() == "a" && version_of(record) == 3;
    return is_broken && is_last ? StreamOutcome::failed("not yet") : take(batch);
  };
  auto one_by_one = options();
  one_by_one.batch_records = 1;
  open(one_by_one);
  ASSERT_TRUE(go_on(10min));
  EXPECT_THAT(of_item["a"], ElementsAre(1, 2));
  EXPECT_THAT(of_item[other], ElementsAre(1, 2, 3));
  is_broken = false;
  ASSERT_TRUE(go_on(1min));
  expect_each_once();
}

// A run by itself, for cases that compare several.
class OneRun : public StreamAcceptance {
 public:
  explicit OneRun(streams::ShardIds ids = streams::ShardIds::usual) : StreamAcceptance(ids) {}
  void TestBody() override {}

  // What was handled of each item, in its order, and that it was all. How that of several lineages
  // is mixed follows from when their shards were found.
  std::map<std::string, std::vector<std::int64_t>> handled_through_rolls(
      const std::function<void(streams::SimulatedStream&)>& set_up) {
    set_up(stream);
    open(options());
    for (int i = 0; i < 300; ++i) {
      stream.write(item(i * 7 % 20));
      if (i % 40 == 20) stream.roll_all();
      if (i == 150) stream.split_all();
      EXPECT_TRUE(go_on(100ms));
    }
    EXPECT_TRUE(go_on(2min));
    expect_each_once();
    EXPECT_THAT(gaps, IsEmpty());
    return of_item;
  }
};

TEST(StreamLineages, B10WhateverAServerMakesOfTheFilterTheSameIsHandled) {
  const auto honouring = OneRun().handled_through_rolls([](auto&) {});
  EXPECT_EQ(OneRun().handled_through_rolls([](auto& it) { it.faults.ignores_filter = true; }),
            honouring);
  EXPECT_EQ(OneRun().handled_through_rolls([](auto& it) { it.faults.refuses_filter = true; }),
            honouring);
}

class StreamOfOtherIds : public StreamAcceptance {
 protected:
  StreamOfOtherIds() : StreamAcceptance(streams::ShardIds::other) {}
};

TEST_F(StreamOfOtherIds, B11IsReadWholeAndInOrderAndGoneOnWith) {
  for (int i = 0; i < 20; ++i) stream.write(item(i));
  stream.split_all();
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) stream.write(item(i));
    open(options());
    ASSERT_TRUE(go_on(10s));
    for (int i = 0; i < 20; ++i) stream.write(item(i));
    stream.roll_all();
    ASSERT_TRUE(go_on(5min));
    clock.advance(3h);
  }
  open(options());
  ASSERT_TRUE(go_on(10s));
  expect_each_once();
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamOfOtherIds, B11FromItsTipNothingIsMissedAndWhatIsGoneIsTold) {
  write(3);
  stream.roll("a");
  open(from_the_tip());
  stream.roll("a");
  write(3);
  ASSERT_TRUE(go_on(10s));
  EXPECT_THAT(handled, ElementsAre(4, 5, 6));
  write(3);
  be_away_for(30h);
  write(1);
  open(from_the_tip());
  ASSERT_TRUE(go_on(1min));
  EXPECT_EQ(handled.back(), 10);
  ASSERT_THAT(gaps, testing::SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::position_trimmed);
}

// A checkpoint file that nothing is written to any more: the consumer was killed.
class CutOffCheckpoints final : public StreamCheckpoints {
 public:
  explicit CutOffCheckpoints(StreamCheckpoints& file) : file_(file) {}
  Result<StreamProgress> load(const StreamScope& scope) override { return file_.load(scope); }
  Result<void> save(const StreamScope& scope, const StreamProgress& progress) override {
    return is_cut_off ? dead() : file_.save(scope, progress);
  }
  Result<void> save_change(const StreamScope& scope, const StreamProgressChange& change) override {
    return is_cut_off ? dead() : file_.save_change(scope, change);
  }
  bool is_cut_off = false;

 private:
  static Result<void> dead() { return Error::internal("killed"); }
  StreamCheckpoints& file_;
};

TEST_F(StreamAcceptance, C1KilledAtAnyTimeItLosesNothingAndRepeatsNoMoreThanACheckpointMayLack) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("killed_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto file = *open_stream_checkpoint_file({.path = folder / "a.ckpt", .clock = &clock});
  auto killable = options();
  killable.lanes = 8;
  killable.batch_records = 5;
  killable.checkpoint_records = 20;
  std::map<std::string, std::int64_t> reached;  // since the last start
  std::size_t repeated = 0;                     // since then
  std::size_t repeated_in_all = 0;
  handler = [&](const StreamBatch& batch) {
    const std::size_t fails_at = random() % (3 * batch.records.size());
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const ChangeRecord& record = batch.records[i];
      if (i == fails_at) {
        return StreamOutcome::failed_at(record.dynamodb.sequence_number, "not yet");
      }
      const std::string key = record.dynamodb.keys.at("k").as_string();
      const std::int64_t version = version_of(record);
      auto& first_times = of_item[key];
      if (version == static_cast<std::int64_t>(first_times.size()) + 1) {
        first_times.push_back(version);
      } else {
        EXPECT_LE(version, static_cast<std::int64_t>(first_times.size())) << key;
        ++repeated;
      }
      const auto found = reached.find(key);
      if (found != reached.end()) {
        EXPECT_LE(version, found->second + 1) << key;
      }
      reached[key] = version;
    }
    return StreamOutcome::ok();
  };
  for (int kill = 0; kill < 200; ++kill) {
    checkpoints = std::make_unique<CutOffCheckpoints>(*file);
    reached.clear();
    repeated = 0;
    open(killable);
    for (int i = 0; i < 10; ++i) {
      for (int written = 0; written < 8; ++written) {
        stream.write(item(static_cast<int>(random() % 30)));
      }
      if (kill % 20 == 10 && i == 5 && stream.open_shards() < 8) stream.split_all();
      if (kill % 20 == 15 && i == 5) stream.roll_all();
      go_on(std::chrono::milliseconds(random() % 100));
    }
    repeated_in_all += repeated;
    EXPECT_LE(repeated, stream.open_shards() * (20 + 8 * 5)) << "after kill " << kill;
    static_cast<CutOffCheckpoints&>(*checkpoints).is_cut_off = true;
    consumer.reset();
  }
  checkpoints = std::make_unique<CutOffCheckpoints>(*file);
  reached.clear();
  open(killable);
  ASSERT_TRUE(go_on(5min));
  expect_each_once();
  EXPECT_GT(repeated_in_all, 0U);
  EXPECT_THAT(gaps, IsEmpty());
  consumer.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace dynakeep
