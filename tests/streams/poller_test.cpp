#include <algorithm>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>

#include "dynakeep/stores/stream_poller.h"
#include "streams/simulated_stream.h"

namespace dynakeep {
namespace {

using streams::SimulatedStream;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class StreamPolling : public testing::Test {
 protected:
  StreamPollerEvents events() {
    return {
        .insert_record =
            [this](const auto& now, const Item& keys, const ChangeRecord& record) {
              if (fails_on == record.dynamodb.sequence_number) throw std::runtime_error("no");
              numbers.push_back(record.dynamodb.sequence_number);
              log.push_back("insert " + keys.at("k").as_string());
              if (now) seen[keys.at("k").as_string()].push_back(version_of(*now));
            },
        .modify_record =
            [this](const auto& now, const auto& before, const Item& keys,
                   const ChangeRecord& record) {
              if (fails_on == record.dynamodb.sequence_number) throw std::runtime_error("no");
              numbers.push_back(record.dynamodb.sequence_number);
              log.push_back("modify " + keys.at("k").as_string());
              EXPECT_EQ(version_of(*before) + 1, version_of(*now));
              seen[keys.at("k").as_string()].push_back(version_of(*now));
            },
        .remove_record =
            [this](const auto& before, const Item& keys, const ChangeRecord&) {
              EXPECT_TRUE(before.has_value());
              log.push_back("remove " + keys.at("k").as_string());
            },
        .new_shards =
            [this](const auto& ids) {
              for (const auto& id : ids) found.push_back(id);
            },
        .remove_shards =
            [this](const auto& ids) {
              for (const auto& id : ids) removed.push_back(id);
              log.push_back("removed");
            },
        .gap = [this](const StreamGap& gap) { gaps.push_back(gap); },
    };
  }
  static std::int64_t version_of(const Item& item) {
    return item.at("n").as_number().to_int64().value();
  }
  StreamPollerOptions options() { return {.stream_arn = stream.arn, .clock = &clock}; }

  // That every item's changes were told, in their order, from `first` on.
  void expect_all(std::int64_t first = 1) {
    for (const auto& [key, last] : stream.written()) {
      std::vector<std::int64_t> wanted;
      for (std::int64_t version = first; version <= last; ++version) wanted.push_back(version);
      EXPECT_EQ(seen[key], wanted) << key;
    }
  }

  ManualClock clock;
  SimulatedStream stream{clock, 1};
  std::vector<std::string> log, found, removed, numbers;
  std::vector<StreamGap> gaps;
  std::map<std::string, std::vector<std::int64_t>> seen;
  std::string fails_on;
};

TEST_F(StreamPolling, TheFirstCallIsABookmarkAndTheSecondSaysNothing) {
  stream.write("a");
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(found, SizeIs(1));
  EXPECT_THAT(log, IsEmpty());
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(found, SizeIs(1));
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(StreamPolling, TellsOfInsertModifyAndRemove) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  stream.write("a");
  stream.remove("a");
  const auto result = poller.fetch_stream_state();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->inserted, 1U);
  EXPECT_EQ(result->modified, 1U);
  EXPECT_EQ(result->removed, 1U);
  EXPECT_THAT(log, ElementsAre("insert a", "modify a", "remove a"));
}

// The acceptance scenario A3: what dynamodb-stream's own test asks for.
TEST_F(StreamPolling, TellsOfWhatEachCallFindsInOrder) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("1");
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("1");
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("2");
  stream.write("3");
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.remove("1");
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(log, ElementsAre("insert 1", "modify 1", "insert 2", "insert 3", "remove 1"));
}

TEST_F(StreamPolling, ListsMoreThanOnePageOfShards) {
  stream.faults.shards_in_page = 100;
  for (int i = 0; i < 249; ++i) stream.roll("a");
  StreamPoller poller(
      stream, {.stream_arn = stream.arn, .from = StreamStart::Kind::trim_horizon, .clock = &clock},
      events());
  stream.write("a");
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(found, SizeIs(250));
  expect_all();
}

TEST_F(StreamPolling, ReadsChildrenFromTheirBeginningAndAfterTheirParents) {
  stream.faults.records_in_page = 2;
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  for (int generation = 0; generation < 4; ++generation) {
    for (int i = 0; i < 7; ++i) {
      for (const char* key : {"a", "b", "c", "d"}) stream.write(key);
    }
    stream.split("a");
    stream.roll("c");
  }
  ASSERT_TRUE(poller.fetch_stream_state());
  expect_all();
}

TEST_F(StreamPolling, GoesOnBehindTheLastRecordWhenAnIteratorHasExpired) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  clock.advance(std::chrono::minutes(20));
  ASSERT_TRUE(poller.fetch_stream_state());
  expect_all();
  EXPECT_THAT(found, SizeIs(1));
  EXPECT_THAT(removed, IsEmpty());
}

TEST_F(StreamPolling, AnExpiredIteratorOfTheTipLosesNothing) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  clock.advance(std::chrono::minutes(20));
  ASSERT_TRUE(poller.fetch_stream_state());
  expect_all();
  EXPECT_EQ(std::count(stream.iterators_asked.begin(), stream.iterators_asked.end(),
                       ShardIteratorType::latest),
            1);
}

TEST_F(StreamPolling, AShardThatWasReadToItsEndIsRemovedOnceAfterItsLastRecord) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  stream.roll("a");
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(log, ElementsAre("insert a", "removed"));
  for (int hour = 0; hour < 24; ++hour) {
    clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(poller.fetch_stream_state());
  }
  EXPECT_THAT(found, SizeIs(2));
  EXPECT_THAT(removed, SizeIs(1));
}

TEST_F(StreamPolling, DrainsABacklogInOneCallOrReadsOnePage) {
  StreamPoller poller(stream, options(), events());
  auto one_page = options();
  one_page.one_page = true;
  StreamPoller slow(stream, one_page, {});
  ASSERT_TRUE(poller.fetch_stream_state());
  ASSERT_TRUE(slow.fetch_stream_state());
  for (int i = 0; i < 2500; ++i) stream.write("a");
  EXPECT_EQ(poller.fetch_stream_state()->records(), 2500U);
  EXPECT_EQ(slow.fetch_stream_state()->records(), 1000U);
  EXPECT_EQ(slow.fetch_stream_state()->records(), 1000U);
}

TEST_F(StreamPolling, TellsAgainOfARecordWhoseEventThrewAndOfThoseBehindIt) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  for (int i = 0; i < 3; ++i) stream.write("a");
  StreamPoller before(
      stream, {.stream_arn = stream.arn, .from = StreamStart::Kind::trim_horizon, .clock = &clock},
      events());
  ASSERT_TRUE(before.fetch_stream_state());
  fails_on = numbers.at(1);
  seen.clear();
  EXPECT_THROW((void)poller.fetch_stream_state(), std::runtime_error);
  EXPECT_THAT(seen["a"], ElementsAre(1));
  fails_on.clear();
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(1, 2, 3));
}

TEST_F(StreamPolling, RefusesACallDuringACall) {
  StreamPoller* itself = nullptr;
  std::optional<ErrorCode> inner;
  int told = 0;
  StreamPoller poller(stream, options(),
                      {.insert_record = [&](const auto&, const auto&, const auto&) {
                        ++told;
                        inner = itself->fetch_stream_state().error().code();
                      }});
  itself = &poller;
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_EQ(inner, ErrorCode::write_conflict);
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_EQ(told, 1);
}

TEST_F(StreamPolling, AnErrorIsAnswerAndTheNextCallGoesOn) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  for (int i = 0; i < 50; ++i) {
    stream.write("a");
    if (i % 7 == 0) stream.roll("a");
    stream.faults.errors = 0.4;
    (void)poller.fetch_stream_state();
  }
  stream.faults.errors = 0;
  ASSERT_TRUE(poller.fetch_stream_state());
  expect_all();
}

TEST_F(StreamPolling, ItsStateGoesOnInAnotherProcess) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  ASSERT_TRUE(poller.fetch_stream_state());
  const std::string state = poller.get_shard_state();
  for (int i = 0; i < 3; ++i) stream.write("a");
  stream.roll("a");
  clock.advance(std::chrono::hours(5));

  StreamPoller other(stream, options(), events());
  ASSERT_TRUE(other.set_shard_state(state));
  EXPECT_EQ(other.get_shard_state().substr(0, 60), state.substr(0, 60));
  ASSERT_TRUE(other.fetch_stream_state());
  expect_all();
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamPolling, AStateMadeBeforeAnyRecordLosesNothing) {
  std::string state;
  {
    StreamPoller poller(stream, options(), events());
    ASSERT_TRUE(poller.fetch_stream_state());
    state = poller.get_shard_state();
  }
  for (int i = 0; i < 100; ++i) stream.write("a");
  clock.advance(std::chrono::minutes(16));
  StreamPoller other(stream, options(), events());
  ASSERT_TRUE(other.set_shard_state(state));
  ASSERT_TRUE(other.fetch_stream_state());
  expect_all();
}

TEST_F(StreamPolling, TakesTheStateOfDynamodbStream) {
  stream.write("a");
  const std::string id = stream.shard_ids().front();
  const auto iterator = stream.get_shard_iterator(
      {.stream_arn = stream.arn, .shard_id = id, .shard_iterator_type = ShardIteratorType::latest});
  const std::string state = R"({")" + id + R"(":{"shardId":")" + id + R"(","nextShardIterator":")" +
                            *iterator->shard_iterator + R"("}})";
  stream.write("a");
  clock.advance(std::chrono::minutes(2));
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.set_shard_state(state));
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(2));
  EXPECT_THAT(gaps, IsEmpty());

  clock.advance(std::chrono::minutes(18));
  seen.clear();
  StreamPoller late(stream, options(), events());
  ASSERT_TRUE(late.set_shard_state(state));
  ASSERT_TRUE(late.fetch_stream_state());
  expect_all();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_FALSE(gaps[0].is_certain);
}

TEST_F(StreamPolling, RefusesAStateThatIsNoneAndKeepsItsOwn) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  std::string state = poller.get_shard_state();
  stream.write("a");
  for (const std::string& wrong :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"x":{"shardId":"y"}})"),
        std::string(R"({"x":7})"), state.substr(0, state.size() / 2),
        state.substr(0, state.size() - 1)}) {
    EXPECT_FALSE(poller.set_shard_state(wrong)) << wrong;
  }
  std::string flipped = state;
  flipped[state.size() / 2] ^= 1;
  EXPECT_FALSE(poller.set_shard_state(flipped));
  ASSERT_TRUE(poller.fetch_stream_state());
  expect_all();
}

TEST_F(StreamPolling, ReportsWhatWasTrimmedBeforeItTellsOfMore) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  clock.advance(std::chrono::hours(30));
  stream.write("a");
  stream.trim(clock.now() - std::chrono::hours(24));
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(1, 3));
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::position_trimmed);
}

TEST_F(StreamPolling, AnIdleShardThatIsReadHasNoGap) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  for (int hour = 0; hour < 30; ++hour) {
    clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(poller.fetch_stream_state());
  }
  stream.trim(clock.now() - std::chrono::hours(24));
  const std::string state = poller.get_shard_state();
  stream.write("a");
  StreamPoller other(stream, options(), events());
  ASSERT_TRUE(other.set_shard_state(state));
  ASSERT_TRUE(other.fetch_stream_state());
  expect_all();
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamPolling, AShardThatIsGoneIsAGapAndItsChildrenAreRead) {
  StreamPoller poller(stream, options(), events());
  ASSERT_TRUE(poller.fetch_stream_state());
  stream.write("a");
  stream.roll("a");
  clock.advance(std::chrono::hours(30));
  stream.write("a");
  stream.trim(clock.now() - std::chrono::hours(24));
  (void)poller.fetch_stream_state();
  ASSERT_TRUE(poller.fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(2));
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].kind, StreamGap::Kind::shard_lost);
}

TEST_F(StreamPolling, StartsAtANumberATimeOrTheOldestRecord) {
  stream.write("a");
  clock.advance(std::chrono::minutes(1));
  const Time second = clock.now();
  stream.write("a");
  stream.roll("a");
  clock.advance(std::chrono::minutes(1));
  stream.write("a");
  auto all = options();
  all.from = StreamStart::Kind::trim_horizon;
  ASSERT_TRUE(StreamPoller(stream, all, events()).fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(1, 2, 3));

  seen.clear();
  auto timed = options();
  timed.from = StreamStart::Kind::timestamp;
  timed.time = second;
  ASSERT_TRUE(StreamPoller(stream, timed, events()).fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(2, 3));

  seen.clear();
  auto numbered = options();
  numbered.from = StreamStart::Kind::positions;
  numbered.shards[stream.shard_ids()[0]] = {.kind = StreamPosition::Kind::after,
                                            .sequence_number = numbers.at(0)};
  ASSERT_TRUE(StreamPoller(stream, numbered, events()).fetch_stream_state());
  EXPECT_THAT(seen["a"], ElementsAre(2, 3));
}

TEST_F(StreamPolling, RefusesOptionsThatAreWrongWithoutACall) {
  const auto refused = [&](StreamPollerOptions wrong) {
    const auto result = StreamPoller(stream, std::move(wrong), {}).fetch_stream_state();
    return !result && result.error().code() == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(refused({.clock = &clock}));
  EXPECT_TRUE(refused({.stream_arn = std::string(36, 'a'), .clock = &clock}));
  EXPECT_TRUE(refused(
      {.stream_arn = "arn:aws:dynamodb:eu-central-1:000000000000:table/Songs", .clock = &clock}));
  auto future = options();
  future.from = StreamStart::Kind::timestamp;
  future.time = clock.now() + std::chrono::hours(1);
  EXPECT_TRUE(refused(future));
  auto behind = options();
  behind.from = StreamStart::Kind::after_position;
  EXPECT_TRUE(refused(behind));
  auto positions = options();
  positions.from = StreamStart::Kind::positions;
  EXPECT_TRUE(refused(positions));
  positions.shards["x"] = {.kind = StreamPosition::Kind::after, .sequence_number = "12x"};
  EXPECT_TRUE(refused(positions));
  EXPECT_EQ(stream.calls, 0U);
}

TEST_F(StreamPolling, UnknownStreamsAreNotFound) {
  const auto result = StreamPoller(stream, {.stream_arn = stream.arn + "1", .clock = &clock}, {})
                          .fetch_stream_state();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::resource_not_found);
}

}  // namespace
}  // namespace dynakeep
