#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/stores/stream_consumer.h"
#include "server/unused_database.h"
#include "streams/one_consumer.h"

// What a case is called begins with the acceptance scenario that it plays. Faults of the server are
// in faults_test.cpp, what a stream has lost in gaps_test.cpp, several workers in workers_test.cpp,
// checkpoint files in checkpoint_file_test.cpp.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using streams::SimulatedStream;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = StreamEvent::Kind;

TEST_F(StreamAcceptance, C4AShardIdleSinceAStartAtTheTipLosesNothingWhileTheConsumerIsDown) {
  stream.split("a");
  open(from_the_tip());
  go_on(1s);
  consumer.reset();
  write(100);
  clock.advance(16min);
  open(from_the_tip());
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

TEST_F(StreamAcceptance, E2AHandlerThatBlocksForTwentyMinutesLosesNothingThoughIteratorsExpire) {
  for (const bool at_the_tip : {false, true}) {
    bool blocks = true;
    handler = [&](const StreamBatch& batch) {
      if (std::exchange(blocks, false)) {
        write(100);
        clock.advance(20min);
      }
      return take(batch);
    };
    checkpoints = make_in_memory_stream_checkpoints();
    auto narrow = at_the_tip ? from_the_tip() : options();
    narrow.batch_records = narrow.buffer_records = 4;
    write(1);
    handled.clear();
    open(narrow);
    write(10);
    while (blocks) go_on(1s);
    go_on(1min);
    auto wanted = up_to(stream.written().at("a"));
    if (at_the_tip) wanted.erase(wanted.begin(), wanted.end() - 110);
    EXPECT_EQ(handled, wanted);
    EXPECT_THAT(gaps, IsEmpty());
  }
}

// One shard of so many records, which are made when they are asked for.
class LongShard final : public server::UnusedDatabase {
 public:
  explicit LongShard(std::size_t records) : records_(records) {}

  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest&) override {
    DescribeStreamResult result;
    result.stream_description.stream_status = StreamStatus::enabled;
    result.stream_description.shards = {
        {.shard_id = "shard", .sequence_number_range = {.starting_sequence_number = "0"}}};
    return result;
  }
  Result<GetShardIteratorResult> get_shard_iterator(const GetShardIteratorRequest&) override {
    return GetShardIteratorResult{.shard_iterator = "0"};
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    GetRecordsResult result;
    std::size_t next = std::stoul(*request.shard_iterator);
    for (; next < records_ && result.records.size() < 1000; ++next) {
      result.records.push_back(
          {.event_name = "INSERT",
           .dynamodb = {.keys = Item{{"k", "a"}}, .sequence_number = std::to_string(next + 1)}});
    }
    result.next_shard_iterator = std::to_string(next);
    return result;
  }

 private:
  const std::size_t records_;
};

// As many as DYNAKEEP_RECORDS says.
TEST_F(StreamAcceptance, E8AFilterThatPassesNothingComesToTheEndWithNoCallOfTheHandler) {
  const char* const given = std::getenv("DYNAKEEP_RECORDS");
  const std::size_t records = given != nullptr ? std::stoul(given) : 100'000;
  LongShard shard(records);
  auto filtering = options();
  filtering.filter = [](const ChangeRecord&) { return false; };
  consumer = *StreamConsumer::open(shard, *checkpoints, filtering,
                                   [this](const StreamBatch& batch) { return take(batch); });
  ASSERT_TRUE(consumer->start());
  while (consumer->figures().filtered < records) ASSERT_TRUE(go_on(1s));
  ASSERT_TRUE(consumer->checkpoint());
  EXPECT_THAT(handled, IsEmpty());
  const StreamScope scope{.group = "g", .stream_arn = stream.arn};
  const ShardProgress row = checkpoints->load(scope)->shards.at("shard");
  EXPECT_EQ(row.position.sequence_number, std::to_string(records));
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

TEST_F(StreamAcceptance, I1WhatIsNoArnOfAStreamIsRefusedByNameWithoutACall) {
  const std::string table_arn = "arn:aws:dynamodb:eu-central-1:000000000000:table/Songs";
  for (const std::string& arn :
       {std::string(), std::string(36, 'a'), table_arn, std::string(1025, 'a')}) {
    auto wrong = options();
    wrong.stream_arn = arn;
    const auto opened = StreamConsumer::open(stream, *checkpoints, wrong, handler);
    ASSERT_FALSE(opened) << arn;
    EXPECT_EQ(opened.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(opened.error().message(), HasSubstr("stream_arn"));
  }
  EXPECT_EQ(stream.calls, 0U);
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
  // One below and one above what may be.
  const auto expect = [&]<typename T>(const std::string& name, const std::string& range,
                                      T StreamConsumerOptions::*member,
                                      std::type_identity_t<T> below,
                                      std::type_identity_t<T> above) {
    for (const T& value : {below, above}) {
      EXPECT_THAT(refusal([&](auto& o) { o.*member = value; }),
                  testing::AllOf(HasSubstr(name + " is "), HasSubstr("and must be " + range)));
    }
  };
  using O = StreamConsumerOptions;
  const std::string of_a_day = " to 86400000";
  expect("batch_records", "1 to 10000", &O::batch_records, 0, 10'001);
  expect("batch_bytes", "1 to 1073741824", &O::batch_bytes, 0, (std::size_t{1} << 30) + 1);
  expect("batch_window", "0 to 300000", &O::batch_window, -1ms, 300'001ms);
  expect("lanes", "1 to 1000", &O::lanes, 0, 1001);
  expect("buffer_records", "1 to 1000000", &O::buffer_records, 0, 1'000'001);
  expect("buffer_bytes", "1048576 to 1099511627776", &O::buffer_bytes, 1'048'575,
         (std::size_t{1} << 40) + 1);
  expect("checkpoint_records", "1 to 1000000", &O::checkpoint_records, 0, 1'000'001);
  expect("unpersisted_records", "1 to 1000000000", &O::unpersisted_records, 0, 1'000'000'001);
  expect("leases_taken_max", "1 to 10000", &O::leases_taken_max, 0, 10'001);
  expect("threads", "1 to 256", &O::threads, 0, 257);
  expect("failover", "1000 to 3600000", &O::failover, 999ms, 3'600'001ms);
  expect("checkpoint_interval", "0" + of_a_day, &O::checkpoint_interval, -1ms, 24h + 1ms);
  expect("discovery_interval", "100" + of_a_day, &O::discovery_interval, 99ms, 24h + 1ms);
  expect("busy_poll", "0" + of_a_day, &O::busy_poll, -1ms, 24h + 1ms);
  expect("idle_poll_max", "1" + of_a_day, &O::idle_poll_max, 0ms, 24h + 1ms);
  expect("catch_up_lag", "0" + of_a_day, &O::catch_up_lag, -1ms, 24h + 1ms);
  expect("retention", "60000 to 315360000000", &O::retention, 59'999ms, 87'600h + 1ms);
  expect("max_outage", "1000 to 315360000000", &O::max_outage, 999ms, 87'600h + 1ms);
  expect("risk_age", "1" + of_a_day, &O::risk_age, 0ms, 24h + 1ms);
  expect("slow_handler", "1" + of_a_day, &O::slow_handler, 0ms, 24h + 1ms);
  expect("drain_timeout", "0" + of_a_day, &O::drain_timeout, -1ms, 24h + 1ms);
  EXPECT_THAT(refusal([](auto& o) { o.worker = "a#b"; }), HasSubstr("worker"));
  EXPECT_THAT(refusal([](auto& o) { o.worker = std::string(129, 'a'); }), HasSubstr("worker"));
  EXPECT_THAT(refusal([](auto& o) { o.group = std::string(129, 'a'); }), HasSubstr("group"));
  EXPECT_THAT(refusal([](auto& o) { o.table_name = "Songs"; }), HasSubstr("stream_arn"));
  EXPECT_THAT(refusal([](auto& o) { o.position = "12"; }), HasSubstr("position"));
  EXPECT_THAT(refusal([](auto& o) { o.calls_per_second = 5000; }), HasSubstr("calls_per_second"));
  EXPECT_THAT(refusal([](auto& o) { o.wait_for_stream = true; }), HasSubstr("table_name"));
  EXPECT_THAT(refusal([](auto& o) { o.retry.attempts_max = 0; }), HasSubstr("attempts_max"));
  EXPECT_EQ(stream.calls, 0U);
}

TEST_F(StreamAcceptance, I5ACheckpointThatIsDamagedIsToldOfAndSomeRecordsComeAgain) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("fallback_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "a.ckpt";
  checkpoints = *open_stream_checkpoint_file({.path = path, .clock = &clock});
  write(3);
  open(options());
  go_on(5s);
  consumer.reset();
  const StreamScope scope{.group = "g", .stream_arn = stream.arn};
  ASSERT_TRUE(checkpoints->save(scope, checkpoints->load(scope).value()));
  std::filesystem::resize_file(path, 100);
  write(1);
  open(options());
  go_on(5s);
  EXPECT_EQ(events[Kind::checkpoint_fallback], 1);
  EXPECT_EQ(handled.back(), 4);
  consumer.reset();
  checkpoints.reset();
  std::filesystem::remove_all(folder);
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
  Result<void> open(bool waits = false, const std::string& after_position = {}) {
    consumer.reset();
    const bool begins_behind = !after_position.empty();
    StreamConsumerOptions options{
        .table_name = "Songs",
        .wait_for_stream = waits,
        .group = "g",
        .from = begins_behind ? StreamStart::Kind::after_position : StreamStart::Kind::trim_horizon,
        .position = after_position,
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

TEST_F(StreamFollowing, AShardThatIsClosedBeforeItsFirstReadBehindAPositionIsNoGap) {
  make_table(true);
  put("a");
  put("b");
  const auto seen = database->scan({.table_name = "Songs", .want_stream_point = true});
  ASSERT_TRUE(seen) << seen.error();
  ASSERT_TRUE(open(false, seen->stream_point->position));
  // Its last record lies before the position.
  ASSERT_TRUE(database->admin()->roll_shards({.stream_arn = seen->stream_point->stream_arn}));
  put("c");
  go_on(3s);
  EXPECT_THAT(keys, ElementsAre("c"));
  EXPECT_THAT(gaps, IsEmpty());
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

TEST_F(StreamFollowing, I2I3ATableWithoutStreamIsRefusedOrWaitedFor) {
  const auto unknown = open();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), ErrorCode::resource_not_found);
  EXPECT_THAT(unknown.error().message(), HasSubstr("Songs"));
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
