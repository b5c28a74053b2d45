#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "dynakeep/stores/stream_consumer.h"
#include "streams/simulated_stream.h"

// One consumer: what a case is called begins with the acceptance scenario that it plays. Those of
// several workers are in workers_test.cpp, those of checkpoint files in checkpoint_file_test.cpp.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using streams::SimulatedStream;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = StreamEvent::Kind;

class StreamAcceptance : public testing::Test {
 protected:
  StreamConsumerOptions options() {
    return {.stream_arn = stream.arn,
            .group = "g",
            .on_gap =
                [this](const StreamGap& gap) {
                  gaps.push_back(gap);
                  return StreamGapAnswer::go_on;
                },
            .on_event = [this](const StreamEvent& event) { ++events[event.kind]; },
            .clock = &clock,
            .now = [this] { return StreamConsumer::Moment(clock.now().time_since_epoch()); },
            .random = [this] { return random(); }};
  }
  void open(StreamConsumerOptions with) {
    consumer.reset();
    auto opened = StreamConsumer::open(stream, *checkpoints, std::move(with),
                                       [this](const StreamBatch& batch) { return handler(batch); });
    ASSERT_TRUE(opened) << opened.error();
    consumer = std::move(*opened);
    const auto started = consumer->start();
    ASSERT_TRUE(started) << started.error();
  }
  // Steps for so long; false: it has ended, or stopped.
  bool go_on(std::chrono::microseconds span) {
    const Time until = clock.now() + span;
    while (clock.now() < until) {
      const auto next = consumer->step();
      if (!next || !*next) return false;
      const StreamConsumer::Moment now(clock.now().time_since_epoch());
      if (**next > now) {
        clock.set(std::min(
            until, clock.now() + std::chrono::ceil<std::chrono::microseconds>(**next - now)));
      }
    }
    return true;
  }
  void write(int count, const std::string& key = "a") {
    for (int i = 0; i < count; ++i) stream.write(key);
  }
  static std::int64_t version_of(const ChangeRecord& record) {
    return record.dynamodb.new_image->at("n").as_number().to_int64().value();
  }
  StreamOutcome take(const StreamBatch& batch) {
    for (const ChangeRecord& record : batch.records) handled.push_back(version_of(record));
    return StreamOutcome::ok();
  }
  static std::vector<std::int64_t> up_to(std::int64_t last) {
    std::vector<std::int64_t> versions;
    for (std::int64_t version = 1; version <= last; ++version) versions.push_back(version);
    return versions;
  }
  std::string shard() const { return consumer->figures().shards.front().shard_id; }

  ManualClock clock;
  std::mt19937_64 random{1};
  SimulatedStream stream{clock, 1};
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  std::vector<std::int64_t> handled;
  std::vector<StreamGap> gaps;
  std::map<Kind, int> events;
  StreamHandler handler = [this](const StreamBatch& batch) { return take(batch); };
  std::unique_ptr<StreamConsumer> consumer;  // tells of its end
};

TEST_F(StreamAcceptance, C4AShardIdleSinceAStartAtTheTipLosesNothingWhileTheConsumerIsDown) {
  stream.split("a");
  auto latest = options();
  latest.from = StreamStart::Kind::latest;
  open(latest);
  go_on(1s);
  consumer.reset();
  write(100);
  clock.advance(16min);
  open(latest);
  go_on(5s);
  EXPECT_EQ(handled, up_to(100));
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamAcceptance, E1ASlowHandlerHasBoundedBuffersAndALagThatRisesAndFalls) {
  std::size_t waiting_max = 0;
  auto lag_max = 0ms;
  handler = [&](const StreamBatch& batch) {
    clock.advance(2s);
    if (stream.written().at("a") < 20'000) write(2000);
    return take(batch);
  };
  auto slow = options();
  slow.batch_records = 500;
  slow.buffer_records = 2000;
  open(slow);
  write(1);
  while (handled.size() < 20'001) {
    ASSERT_TRUE(go_on(100ms));
    const auto figures = consumer->figures();
    waiting_max = std::max(waiting_max, figures.shards.front().waiting);
    lag_max = std::max(lag_max, figures.lag);
  }
  EXPECT_LE(waiting_max, 2000U);
  EXPECT_GT(lag_max, 20s);
  go_on(5s);
  EXPECT_EQ(consumer->figures().lag, 0ms);
  EXPECT_EQ(handled, up_to(20'001));
}

TEST_F(StreamAcceptance, E9ADrainedStopHandsOutWhatWasReadAndTheNextStartRepeatsNothing) {
  write(500);
  auto windowed = options();
  windowed.batch_records = 1000;
  windowed.batch_window = 10s;
  open(windowed);
  go_on(1s);
  EXPECT_THAT(handled, IsEmpty());
  EXPECT_EQ(consumer->figures().shards.front().waiting, 500U);
  ASSERT_TRUE(consumer->stop(StreamDrain::yes));
  EXPECT_THAT(handled, SizeIs(500));
  EXPECT_FALSE(*consumer->step());
  write(3);
  open(options());
  go_on(5s);
  EXPECT_EQ(handled, up_to(503));
}

TEST_F(StreamAcceptance, E9AStopFromAHandlerReturnsAtOnceAndTakesEffectBehindIt) {
  write(300);
  handler = [&](const StreamBatch& batch) {
    EXPECT_TRUE(consumer->stop());
    EXPECT_TRUE(batch.stop.stop_requested());
    return take(batch);
  };
  open(options());
  EXPECT_FALSE(go_on(5s));
  EXPECT_THAT(handled, SizeIs(100));
  handler = [this](const StreamBatch& batch) { return take(batch); };
  open(options());
  go_on(5s);
  EXPECT_EQ(handled, up_to(300));
}

TEST_F(StreamAcceptance, BatchesWaitForTheirWindowTheirRecordsOrTheirBytes) {
  std::vector<std::size_t> sizes;
  handler = [&](const StreamBatch& batch) {
    sizes.push_back(batch.records.size());
    return take(batch);
  };
  auto windowed = options();
  windowed.batch_records = 10;
  windowed.batch_bytes = 50;  // a record has 10
  windowed.batch_window = 3s;
  open(windowed);
  write(2);
  go_on(2s);
  EXPECT_THAT(sizes, IsEmpty());
  go_on(3s);
  EXPECT_THAT(sizes, ElementsAre(2U));
  write(7);
  go_on(1s);
  EXPECT_THAT(sizes, ElementsAre(2U, 5U));
}

TEST_F(StreamAcceptance, F1EachErrorForFiveMinutesIsOutwaitedAndToldOf) {
  write(5);
  open(options());
  go_on(1s);
  stream.faults.errors = 1;
  write(5);
  go_on(5min);
  EXPECT_GE(events[Kind::degraded], 3);
  EXPECT_EQ(events[Kind::recovered], 0);
  stream.faults.errors = 0;
  go_on(1min);
  EXPECT_EQ(events[Kind::recovered], 1);
  EXPECT_EQ(handled, up_to(10));
}

TEST_F(StreamAcceptance, F2AServerThatThrottlesIsCalledLessOften) {
  write(1);
  auto steady = options();
  steady.idle_poll_max = 250ms;
  open(steady);
  go_on(10s);
  std::size_t before = stream.calls;
  go_on(1min);
  const std::size_t unhindered = stream.calls - before;
  stream.faults.throttled = 0.2;
  before = stream.calls;
  go_on(1min);
  EXPECT_LT(stream.calls - before, unhindered * 3 / 4);
  stream.faults.throttled = 0;
  go_on(30s);
  before = stream.calls;
  go_on(1min);
  EXPECT_GT(stream.calls - before, unhindered * 9 / 10);
}

TEST_F(StreamAcceptance, CallsAreBoundedAsDynamoDbWantsIt) {
  stream.faults.records_in_page = 1;
  write(100);
  auto busy = options();
  busy.busy_poll = 0ms;
  open(busy);
  const std::size_t before = stream.calls;
  go_on(10s);
  EXPECT_LE(stream.calls - before, 10U * 5 + 10);
}

TEST_F(StreamAcceptance, F4APageOutOfOrderStopsItsShardUntilItIsInOrder) {
  stream.faults.disorder = true;
  write(5);
  open(options());
  go_on(2min);
  EXPECT_THAT(handled, IsEmpty());
  EXPECT_GE(events[Kind::degraded], 1);
  EXPECT_THAT(*consumer->figures().last_error, HasSubstr("not in order"));
  stream.faults.disorder = false;
  go_on(1min);
  EXPECT_EQ(handled, up_to(5));
}

TEST_F(StreamAcceptance, F5AClosedShardWithoutIteratorIsOneThatHasEnded) {
  stream.faults.no_iterator_at_an_end = true;
  stream.roll("a");
  stream.roll("a");
  write(3);
  open(options());
  go_on(5s);
  EXPECT_EQ(handled, up_to(3));
}

TEST_F(StreamAcceptance, G1AConsumerDownForThirtyHoursStartsAtTheHorizonWithOneGapALineage) {
  write(3);
  open(options());
  go_on(5s);
  const Time last = clock.now();
  consumer.reset();
  for (int hour = 0; hour < 30; ++hour) {
    clock.advance(1h);
    write(1);
    if (hour % 4 == 0) stream.roll("a");
  }
  stream.trim(clock.now() - 24h);
  open(options());
  go_on(1min);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_LE(*gaps[0].from, last);
  EXPECT_EQ(handled.front(), 1);
  EXPECT_EQ(handled.back(), 33);
  EXPECT_EQ(consumer->figures().lag, 0ms);
}

TEST_F(StreamAcceptance, G2WithoutWritesNoGapIsCertain) {
  write(3);
  open(options());
  go_on(5s);
  consumer.reset();
  clock.advance(30h);
  stream.trim(clock.now() - 24h);
  open(options());
  go_on(1min);
  for (const StreamGap& gap : gaps) EXPECT_FALSE(gap.is_certain);
  write(1);
  go_on(5s);
  EXPECT_EQ(handled, up_to(4));
}

TEST_F(StreamAcceptance, G4AShardThatIsGoneIsAGapAndItsChildIsReadFromItsHorizon) {
  write(3);
  open(options());
  handler = [](const StreamBatch&) { return StreamOutcome::failed("not yet"); };
  go_on(5s);
  consumer.reset();
  stream.roll("a");
  clock.advance(25h);
  write(2);
  stream.trim(clock.now() - 24h);
  handler = [this](const StreamBatch& batch) { return take(batch); };
  open(options());
  go_on(1min);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::shard_lost);
  EXPECT_THAT(handled, ElementsAre(4, 5));
}

TEST_F(StreamAcceptance, G5AtEighteenHoursOfLagTheRiskIsToldOfOnce) {
  write(1);
  handler = [](const StreamBatch&) { return StreamOutcome::failed("not yet"); };
  open(options());
  go_on(17h);
  EXPECT_EQ(events[Kind::retention_risk], 0);
  go_on(3h);
  EXPECT_EQ(events[Kind::retention_risk], 1);
}

TEST_F(StreamAcceptance, G7BesideAnIdleShardForThirtyHoursNoGapIsToldAndTheNextWriteArrives) {
  write(1);
  open(options());
  go_on(30h);
  stream.trim(clock.now() - 24h);
  open(options());
  go_on(5s);
  write(1);
  go_on(5s);
  EXPECT_THAT(gaps, IsEmpty());
  EXPECT_EQ(handled, up_to(2));
}

TEST_F(StreamAcceptance, ManualCheckpointsAreOnlyWhereTheProgramGivesThem) {
  write(10);
  auto manual = options();
  manual.manual_checkpoints = true;
  open(manual);
  std::vector<std::string> numbers;
  handler = [&](const StreamBatch& batch) {
    for (const auto& record : batch.records) numbers.push_back(record.dynamodb.sequence_number);
    // Not yet acknowledged.
    EXPECT_FALSE(consumer->checkpoint(batch.shard_id, numbers.back()));
    return take(batch);
  };
  go_on(5s);
  ASSERT_TRUE(consumer->checkpoint(shard(), numbers[3]));
  EXPECT_FALSE(consumer->checkpoint(shard(), "999999999999999999999"));
  EXPECT_FALSE(consumer->checkpoint("none", numbers[3]));
  open(manual);
  go_on(5s);
  ASSERT_THAT(handled, SizeIs(16));
  EXPECT_EQ(handled[10], 5);

  stream.roll("a");
  write(1);
  go_on(3min);
  EXPECT_EQ(events[Kind::checkpoint_awaited], 1);
  EXPECT_THAT(handled, SizeIs(16));
  ASSERT_TRUE(consumer->checkpoint(shard(), numbers.back()));
  go_on(5s);
  EXPECT_EQ(handled.back(), 11);
}

TEST_F(StreamAcceptance, PausedItHandsOutNothingAndResumedAll) {
  open(options());
  consumer->pause();
  write(5);
  go_on(1h);
  EXPECT_THAT(handled, IsEmpty());
  consumer->resume();
  go_on(1s);
  EXPECT_EQ(handled, up_to(5));
  consumer->pause(shard());
  write(1);
  go_on(5s);
  EXPECT_THAT(handled, SizeIs(5));
  consumer->resume(shard());
  go_on(5s);
  EXPECT_THAT(handled, SizeIs(6));
}

TEST_F(StreamAcceptance, ARewindBeginsAgainAtTheOldestRecordOrWhereItIsTold) {
  write(5);
  open(options());
  go_on(5s);
  ASSERT_TRUE(consumer->rewind({}));
  go_on(5s);
  EXPECT_THAT(handled, ElementsAre(1, 2, 3, 4, 5, 1, 2, 3, 4, 5));
  ASSERT_TRUE(consumer->rewind({.from = StreamStart::Kind::latest}));
  write(1);
  go_on(5s);
  EXPECT_EQ(handled.back(), 6);
  EXPECT_THAT(handled, SizeIs(11));
  EXPECT_FALSE(consumer->rewind({.from = StreamStart::Kind::timestamp}));
}

TEST_F(StreamAcceptance, AfterAPositionOnlyWhatCameAfterIsRead) {
  write(3);
  std::vector<std::string> numbers;
  handler = [&](const StreamBatch& batch) {
    for (const auto& record : batch.records) numbers.push_back(record.dynamodb.sequence_number);
    return take(batch);
  };
  open(options());
  go_on(5s);
  write(2);
  stream.roll("a");
  write(2);
  checkpoints = make_in_memory_stream_checkpoints();
  auto after = options();
  after.from = StreamStart::Kind::after_position;
  after.position = numbers.back();
  handled.clear();
  consumer.reset();
  open(after);
  go_on(5s);
  EXPECT_THAT(handled, ElementsAre(4, 5, 6, 7));
}

TEST_F(StreamAcceptance, I2AStreamThatIsNoneIsNotFound) {
  auto other = options();
  other.stream_arn.back() = '9';
  auto opened = StreamConsumer::open(stream, *checkpoints, other, handler);
  ASSERT_TRUE(opened);
  const auto started = (*opened)->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), ErrorCode::resource_not_found);
}

TEST_F(StreamAcceptance, I4AStreamThatIsSwitchedOffIsDrainedAndSaysSo) {
  write(3);
  stream.roll("a");
  write(2);
  open(options());
  stream.disable();
  EXPECT_FALSE(go_on(5min));
  EXPECT_EQ(handled, up_to(5));
  EXPECT_EQ(events[Kind::lineage_ended], 1);
  EXPECT_EQ(events[Kind::stream_ended], 1);
}

TEST_F(StreamAcceptance, I8OptionsOutOfRangeAreNamedWithTheirRange) {
  const auto refusal = [&](auto&& change) {
    auto wrong = options();
    change(wrong);
    auto opened = StreamConsumer::open(stream, *checkpoints, std::move(wrong), handler);
    return opened ? std::string("taken") : opened.error().message();
  };
  EXPECT_THAT(refusal([](auto& o) { o.batch_window = 301s; }), HasSubstr("batch_window is 301000"));
  EXPECT_THAT(refusal([](auto& o) { o.batch_bytes = 0; }), HasSubstr("batch_bytes"));
  EXPECT_THAT(refusal([](auto& o) { o.buffer_bytes = 1; }), HasSubstr("buffer_bytes"));
  EXPECT_THAT(refusal([](auto& o) { o.failover = 1ms; }), HasSubstr("failover is 1 and must be"));
  EXPECT_THAT(refusal([](auto& o) { o.worker = "a#b"; }), HasSubstr("worker"));
  EXPECT_THAT(refusal([](auto& o) { o.table_name = "Songs"; }), HasSubstr("stream_arn"));
  EXPECT_THAT(refusal([](auto& o) { o.position = "12"; }), HasSubstr("position"));
  EXPECT_THAT(refusal([](auto& o) { o.calls_per_second = 5000; }), HasSubstr("calls_per_second"));
  EXPECT_THAT(refusal([](auto& o) { o.wait_for_stream = true; }), HasSubstr("table_name"));
  EXPECT_EQ(stream.calls, 0U);
}

TEST_F(StreamAcceptance, I9WhateverAHandlerThrowsItsBatchHasFailed) {
  write(2);
  bool throws = true;
  handler = [&](const StreamBatch& batch) {
    if (std::exchange(throws, false)) throw 1;
    return take(batch);
  };
  open(options());
  go_on(5s);
  EXPECT_EQ(handled, up_to(2));
  EXPECT_EQ(consumer->figures().failures, 1U);
}

// By the name of its table, on the engine.
class StreamFollowing : public testing::Test {
 protected:
  StreamFollowing() : database(*open_embedded({.in_memory = true})) {}

  void make_table(bool has_stream) {
    CreateTableRequest request{
        .table_name = "Songs",
        .attribute_definitions = std::vector<AttributeDefinition>{{"k", ScalarType::string}},
        .key_schema = KeySchema{{"k", KeyType::hash}},
        .billing_mode = BillingMode::pay_per_request};
    if (has_stream) {
      request.stream_specification = StreamSpecification{
          .stream_enabled = true, .stream_view_type = StreamViewType::new_image};
    }
    ASSERT_TRUE(database->create_table(request));
  }
  void switch_stream(bool on) {
    StreamSpecification specification{.stream_enabled = on};
    if (on) specification.stream_view_type = StreamViewType::new_image;
    const auto switched =
        database->update_table({.table_name = "Songs", .stream_specification = specification});
    ASSERT_TRUE(switched) << switched.error();
  }
  void put(const std::string& key) {
    ASSERT_TRUE(database->put_item({.table_name = "Songs", .item = Item{{"k", key}}}));
  }
  Result<void> open(bool waits = false) {
    consumer.reset();
    StreamConsumerOptions options{
        .table_name = "Songs",
        .wait_for_stream = waits,
        .group = "g",
        .on_gap =
            [this](const StreamGap& gap) {
              gaps.push_back(gap.kind);
              return StreamGapAnswer::go_on;
            },
        .clock = &clock,
        .now = [this] { return StreamConsumer::Moment(clock.now().time_since_epoch()); }};
    consumer =
        *StreamConsumer::open(*database, *checkpoints, options, [this](const StreamBatch& batch) {
          for (const ChangeRecord& record : batch.records) {
            keys.push_back(record.dynamodb.keys.at("k").as_string());
          }
          return StreamOutcome::ok();
        });
    return consumer->start();
  }
  void go_on(std::chrono::seconds span) {
    const Time until = clock.now() + span;
    while (clock.now() < until) {
      const auto next = consumer->step();
      ASSERT_TRUE(next) << next.error();
      ASSERT_TRUE(*next);
      clock.advance(10ms);
    }
  }

  ManualClock clock{
      std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())};
  std::unique_ptr<Database> database;
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  std::vector<std::string> keys;
  std::vector<StreamGap::Kind> gaps;
  std::unique_ptr<StreamConsumer> consumer;
};

TEST_F(StreamFollowing, I4SwitchedOffAndOnAgainTheNextStreamIsReadBehindAGap) {
  make_table(true);
  ASSERT_TRUE(open());
  put("a");
  go_on(3s);
  switch_stream(false);
  put("lost");
  switch_stream(true);
  put("b");
  go_on(200s);
  EXPECT_THAT(keys, ElementsAre("a", "b"));
  EXPECT_THAT(gaps, ElementsAre(StreamGap::Kind::stream_replaced));
  put("c");
  ASSERT_TRUE(open());
  go_on(3s);
  EXPECT_THAT(keys, ElementsAre("a", "b", "c"));
}

TEST_F(StreamFollowing, C7ATableMadeAnewIsReadFromItsOldestRecordBehindAGap) {
  make_table(true);
  ASSERT_TRUE(open());
  put("a");
  go_on(3s);
  consumer.reset();
  database = *open_embedded({.in_memory = true});
  make_table(true);
  put("b");
  ASSERT_TRUE(open());
  go_on(3s);
  EXPECT_THAT(keys, ElementsAre("a", "b"));
  EXPECT_THAT(gaps, ElementsAre(StreamGap::Kind::stream_replaced));
}

TEST_F(StreamFollowing, I3ATableWithoutStreamIsRefusedOrWaitedFor) {
  EXPECT_EQ(open().error().code(), ErrorCode::resource_not_found);
  make_table(false);
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("Songs"));
  ASSERT_TRUE(open(true));
  go_on(5s);
  switch_stream(true);
  put("a");
  go_on(100s);
  EXPECT_THAT(keys, ElementsAre("a"));
  EXPECT_THAT(gaps, IsEmpty());
}

}  // namespace
}  // namespace dynakeep
