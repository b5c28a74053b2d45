#include <atomic>
#include <chrono>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "streams/one_consumer.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StreamConsuming : public StreamAcceptance {};

TEST_F(StreamConsuming, BeginsAtTheOldestRecordAndGoesOnFromItsCheckpoint) {
  write(5);
  open(options());
  ASSERT_TRUE(go_on(5s));
  EXPECT_EQ(handled, up_to(5));
  consumer.reset();
  write(3);
  stream.roll("a");
  write(2);
  open(options());
  ASSERT_TRUE(go_on(5s));
  EXPECT_EQ(handled, up_to(10));
}

TEST_F(StreamConsuming, BeginningAtTheTipMissesNothingAfterTheStart) {
  write(5);
  open(from_the_tip());
  stream.roll("a");
  write(3);
  ASSERT_TRUE(go_on(5s));
  EXPECT_THAT(handled, ElementsAre(6, 7, 8));
}

TEST_F(StreamConsuming, KilledRightAfterAStartAtTheTipItMissesNothing) {
  write(1);
  clock.advance(1h);
  open(from_the_tip());
  consumer.reset();
  write(100);
  clock.advance(16min);
  open(from_the_tip());
  ASSERT_TRUE(go_on(5s));
  ASSERT_THAT(handled, SizeIs(100));
  EXPECT_EQ(handled.front(), 2);
}

TEST_F(StreamConsuming, WhatFailedComesAgainFromTheRecordThatWasNamed) {
  write(10);
  int failures = 3;
  handler = [&](const StreamBatch& batch) {
    for (const ChangeRecord& record : batch.records) {
      if (version_of(record) == 6 && failures-- > 0) {
        return StreamOutcome::failed_at(record.dynamodb.sequence_number, "not yet");
      }
      handled.push_back(version_of(record));
    }
    return StreamOutcome::ok();
  };
  open(options());
  ASSERT_TRUE(go_on(10s));
  EXPECT_EQ(handled, up_to(10));
  EXPECT_EQ(consumer->figures().failures, 3U);
}

TEST_F(StreamConsuming, BisectingFindsTheOneBadRecordAndKeepsItAsADeadLetter) {
  write(128);
  handler = [this](const StreamBatch& batch) {
    for (const ChangeRecord& record : batch.records) {
      if (version_of(record) == 77) throw std::runtime_error("bad");
    }
    return take(batch);
  };
  std::vector<StreamDeadLetter> letters;
  int refusals = 2;
  auto careful = options();
  careful.batch_records = 128;
  careful.retry = {
      .attempts_max = 3, .bisect = true, .on_poison = StreamRetry::OnPoison::dead_letter};
  careful.dead_letter = [&](const StreamDeadLetter& letter) -> Result<void> {
    if (refusals-- > 0) return Error::internal("full");
    letters.push_back(letter);
    return {};
  };
  open(careful);
  ASSERT_TRUE(go_on(1min));
  auto wanted = up_to(128);
  wanted.erase(wanted.begin() + 76);
  EXPECT_EQ(handled, wanted);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(version_of(letters[0].record), 77);
  EXPECT_EQ(letters[0].error, "bad");
  EXPECT_GE(letters[0].attempts, 3U);
  EXPECT_EQ(consumer->figures().dead_letters, 1U);

  consumer.reset();
  open(careful);
  ASSERT_TRUE(go_on(10s));
  EXPECT_THAT(letters, SizeIs(1));
  EXPECT_EQ(handled, wanted);
}

TEST_F(StreamConsuming, PoisonBlocksItsLineageOnlyAndGoesOnOnceItIsHandled) {
  stream.split("a");
  const std::string other = item_apart_from("a");
  write(3, "a");
  write(3, other);
  bool is_broken = true;
  std::vector<std::string> keys;
  handler = [&](const StreamBatch& batch) {
    const std::string key = batch.records.front().dynamodb.keys.at("k").as_string();
    if (key == "a" && is_broken) return StreamOutcome::failed("broken");
    for (std::size_t i = 0; i < batch.records.size(); ++i) keys.push_back(key);
    return StreamOutcome::ok();
  };
  auto blocking = options();
  blocking.retry.attempts_max = 2;
  open(blocking);
  ASSERT_TRUE(go_on(2min));
  EXPECT_THAT(keys, ElementsAre(other, other, other));
  EXPECT_GE(consumer->figures().lag, 2min - 1s);
  is_broken = false;
  ASSERT_TRUE(go_on(1min));
  EXPECT_THAT(keys, ElementsAre(other, other, other, "a", "a", "a"));
  EXPECT_EQ(consumer->figures().lag, 0ms);
}

TEST_F(StreamConsuming, PoisonIsSkippedOrStopsItIfToldSo) {
  write(3);
  handler = [this](const StreamBatch& batch) {
    if (version_of(batch.records.front()) == 2) return StreamOutcome::failed("bad");
    return take(batch);
  };
  auto skipping = options();
  skipping.batch_records = 1;
  skipping.retry = {.attempts_max = 2, .on_poison = StreamRetry::OnPoison::skip};
  open(skipping);
  ASSERT_TRUE(go_on(10s));
  EXPECT_THAT(handled, ElementsAre(1, 3));
  EXPECT_EQ(consumer->figures().skipped, 1U);

  checkpoints = make_in_memory_stream_checkpoints();
  skipping.retry.on_poison = StreamRetry::OnPoison::stop;
  open(skipping);
  ASSERT_FALSE(go_on(10s));
  EXPECT_THAT(consumer->step().error().message(), HasSubstr("bad"));
}

TEST_F(StreamConsuming, AFatalOutcomeStopsItWithNothingOfTheBatchDone) {
  write(3);
  bool is_fatal = true;
  handler = [&](const StreamBatch& batch) {
    return is_fatal ? StreamOutcome::fatal("enough") : take(batch);
  };
  open(options());
  ASSERT_FALSE(go_on(5s));
  ASSERT_TRUE(consumer->checkpoint());
  is_fatal = false;
  open(options());
  ASSERT_TRUE(go_on(5s));
  EXPECT_EQ(handled, up_to(3));
}

TEST_F(StreamConsuming, AFilterThatPassesNothingStillMovesTheCheckpoint) {
  write(3000);
  auto none = options();
  none.filter = [](const ChangeRecord&) { return false; };
  open(none);
  ASSERT_TRUE(go_on(10s));
  EXPECT_THAT(handled, IsEmpty());
  EXPECT_EQ(consumer->figures().filtered, 3000U);
  const auto progress = checkpoints->load({.group = "g", .stream_arn = stream.arn});
  EXPECT_EQ(progress->shards.begin()->second.position.kind, StreamPosition::Kind::after);
  open(options());
  ASSERT_TRUE(go_on(10s));
  EXPECT_THAT(handled, IsEmpty());
}

TEST_F(StreamConsuming, LanesKeepTheOrderOfEachItem) {
  for (int i = 0; i < 200; ++i) stream.write(std::string(1, static_cast<char>('a' + i % 20)));
  std::map<std::string, std::int64_t> last;
  std::size_t batches = 0;
  handler = [&](const StreamBatch& batch) {
    ++batches;
    for (const ChangeRecord& record : batch.records) {
      std::int64_t& before = last[record.dynamodb.keys.at("k").as_string()];
      EXPECT_EQ(version_of(record), before + 1);
      before = version_of(record);
    }
    return StreamOutcome::ok();
  };
  auto wide = options();
  wide.lanes = 8;
  wide.batch_records = 1000;
  open(wide);
  ASSERT_TRUE(go_on(5s));
  EXPECT_EQ(consumer->figures().handled, 200U);
  EXPECT_GT(batches, 4U);
}

TEST_F(StreamConsuming, AGapIsToldBeforeWhatIsBehindItAndMayStopIt) {
  write(2);
  open(options());
  ASSERT_TRUE(go_on(5s));
  write(2);
  be_away_for(30h);
  write(1);
  auto stopping = options();
  stopping.on_gap = [&](const StreamGap& gap) {
    gaps.push_back(gap);
    return StreamGapAnswer::stop;
  };
  open(stopping);
  ASSERT_FALSE(go_on(5s));
  EXPECT_EQ(handled, up_to(2));
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::position_trimmed);
  const auto progress = checkpoints->load({.group = "g", .stream_arn = stream.arn});
  EXPECT_THAT(progress->start->gaps, SizeIs(1));

  open(options());
  ASSERT_TRUE(go_on(5s));
  EXPECT_THAT(handled, ElementsAre(1, 2, 5));
}

TEST_F(StreamConsuming, EndsWhenTheStreamIsOffAndAllIsHandled) {
  write(5);
  stream.roll("a");
  write(2);
  open(options());
  stream.disable();
  ASSERT_FALSE(go_on(5min));
  EXPECT_FALSE(consumer->step().value());
  EXPECT_EQ(handled, up_to(7));
}

TEST_F(StreamConsuming, OutwaitsAServerThatFailsForMinutes) {
  write(5);
  open(options());
  stream.faults.errors = 1;
  ASSERT_TRUE(go_on(5min));
  EXPECT_THAT(handled, IsEmpty());
  EXPECT_GT(consumer->figures().errors, 5U);
  EXPECT_LT(consumer->figures().errors, 1000U);
  EXPECT_TRUE(consumer->figures().last_error);
  stream.faults.errors = 0;
  ASSERT_TRUE(go_on(1min));
  EXPECT_EQ(handled, up_to(5));
}

TEST_F(StreamConsuming, RunsOnThreadsUntilItIsToldToStop) {
  for (int i = 0; i < 300; ++i) stream.write(std::string(1, static_cast<char>('a' + i % 20)));
  std::atomic<int> count = 0;
  std::stop_source stop;
  // One thread: the simulated stream is for one.
  StreamConsumerOptions running{.stream_arn = stream.arn, .group = "g", .lanes = 4, .threads = 1};
  auto opened = StreamConsumer::open(stream, *checkpoints, running, [&](const StreamBatch& batch) {
    count += static_cast<int>(batch.records.size());
    if (count == 300) stop.request_stop();
    return StreamOutcome::ok();
  });
  ASSERT_TRUE(opened);
  const auto ended = (*opened)->run(stop.get_token());
  ASSERT_TRUE(ended) << ended.error();
  EXPECT_EQ(count, 300);
  const auto progress = checkpoints->load({.group = "g", .stream_arn = stream.arn});
  EXPECT_EQ(progress->shards.begin()->second.position.kind, StreamPosition::Kind::after);
}

TEST_F(StreamConsuming, RefusesOptionsThatAreWrongAndNamesThem) {
  const auto refusal = [&](StreamConsumerOptions wrong) {
    auto opened = StreamConsumer::open(stream, *checkpoints, std::move(wrong),
                                       [](const StreamBatch&) { return StreamOutcome::ok(); });
    return opened ? std::string("taken") : opened.error().message();
  };
  auto wrong = options();
  wrong.stream_arn = "";
  EXPECT_THAT(refusal(wrong), HasSubstr("stream_arn"));
  wrong = options();
  wrong.group = "a b";
  EXPECT_THAT(refusal(wrong), HasSubstr("group"));
  wrong = options();
  wrong.lanes = 0;
  EXPECT_THAT(refusal(wrong), HasSubstr("lanes is 0 and must be 1 to 1000"));
  wrong = options();
  wrong.batch_records = 10'001;
  EXPECT_THAT(refusal(wrong), HasSubstr("batch_records"));
  wrong = options();
  wrong.retry.on_poison = StreamRetry::OnPoison::dead_letter;
  EXPECT_THAT(refusal(wrong), HasSubstr("dead_letter"));
  wrong = options();
  wrong.from = StreamStart::Kind::timestamp;
  EXPECT_THAT(refusal(wrong), HasSubstr("time"));
  EXPECT_EQ(stream.calls, 0U);
}

}  // namespace
}  // namespace dynakeep
