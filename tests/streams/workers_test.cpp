#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "dynakeep/stores/stream_consumer.h"
#include "server/unused_database.h"
#include "streams/faulty_table.h"
#include "streams/simulated_stream.h"
#include "streams/skewed_clock.h"
#include "streams/stepping.h"

// Workers that share a stream by leases in a table; what a case is called begins with the
// acceptance scenario that it plays.
namespace dynakeep {
namespace {

using streams::FaultyTable;
using streams::SimulatedStream;
using streams::SkewedClock;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StreamWorkers : public testing::Test {
 protected:
  struct Handled {
    std::string key = {};
    std::int64_t version = 0;
    std::uint64_t epoch = 0;
    std::string worker = {};
  };
  struct Worker {
    Worker(Database& database, const Clock& clock, std::chrono::seconds off_by)
        : own_clock(clock, off_by), skew(off_by), table(database) {}
    SkewedClock own_clock;
    std::chrono::seconds skew;
    FaultyTable table;
    std::unique_ptr<StreamCheckpoints> checkpoints = {};
    Time next = {};
    bool is_suspended = false;
    std::vector<Handled> log = {};
    std::map<StreamEvent::Kind, int> events = {};
    std::map<StreamEvent::Kind, std::set<std::string>> shards_told = {};
    std::string failing_key = {};
    std::unique_ptr<StreamConsumer> consumer = {};  // tells of its end
    std::size_t leases() const { return consumer->figures().leases; }
  };

  explicit StreamWorkers(std::size_t lineages = 8) : engine(*open_embedded({.in_memory = true})) {
    while (stream.open_shards() < lineages) {
      for (char key = 'a'; key <= 'z' && stream.open_shards() < lineages; ++key) {
        stream.split(std::string(1, key));
      }
    }
  }

  Worker& add(std::chrono::seconds skew = 0s, StreamConsumerOptions options = {}) {
    workers.push_back(std::make_unique<Worker>(*engine, clock, skew));
    Worker& worker = *workers.back();
    // One call at a time: what a test has the table do within one is of this thread.
    worker.checkpoints =
        *open_stream_checkpoint_table(worker.table, {.table = "checkpoints", .in_flight_max = 1});
    options.stream_arn = stream.arn;
    if (options.group.empty()) options.group = "g";
    options.clock = &worker.own_clock;
    options.now = [this, &worker] {
      return StreamConsumer::Moment(clock.now().time_since_epoch() + worker.skew);
    };
    options.random = [this] { return random(); };
    options.on_event = [&worker](const StreamEvent& event) {
      ++worker.events[event.kind];
      worker.shards_told[event.kind].insert(event.shard_id);
    };
    worker.consumer = *StreamConsumer::open(
        stream, *worker.checkpoints, options, [&worker](const StreamBatch& batch) {
          for (const ChangeRecord& record : batch.records) {
            const std::string key = record.dynamodb.keys.at("k").as_string();
            if (key == worker.failing_key) return StreamOutcome::failed("not yet");
            worker.log.push_back({key,
                                  record.dynamodb.new_image->at("n").as_number().to_int64().value(),
                                  batch.lease_epoch, std::string(batch.worker)});
          }
          return StreamOutcome::ok();
        });
    EXPECT_TRUE(worker.consumer->start());
    worker.next = clock.now();
    return worker;
  }
  void write_all(int times = 1) {
    for (int i = 0; i < times; ++i) {
      for (char key = 'a'; key <= 'z'; ++key) stream.write(std::string(1, key));
    }
  }
  void go_on(std::chrono::milliseconds span) {
    const Time until = clock.now() + span;
    while (clock.now() < until) {
      Time next = until;
      for (const auto& worker : workers) {
        if (!worker->consumer || worker->is_suspended) continue;
        if (worker->next <= clock.now()) step(*worker);
        next = std::min(next, worker->next);
      }
      clock.set(std::max(next, clock.now() + 1ms));
    }
  }
  void step(Worker& worker) {
    const auto next = worker.consumer->step();
    ASSERT_TRUE(next) << next.error();
    ASSERT_TRUE(*next);
    worker.next = Time(std::chrono::ceil<std::chrono::microseconds>((**next).time_since_epoch()) -
                       worker.skew);
  }
  void crash(Worker& worker) {
    worker.table.is_cut_off = true;
    worker.consumer.reset();
  }
  // Of all workers, in the order of the changes of each key; how many came twice.
  std::size_t expect_complete() {
    std::map<std::string, std::map<std::int64_t, int>> counts;
    std::size_t twice = 0;
    for (const auto& worker : workers) {
      for (const Handled& handled : worker->log) {
        if (++counts[handled.key][handled.version] > 1) ++twice;
      }
    }
    for (const auto& [key, last] : stream.written()) {
      EXPECT_EQ(counts[key].size(), static_cast<std::size_t>(last)) << key;
    }
    return twice;
  }
  void expect_in_order(const Worker& worker) {
    std::map<std::string, std::int64_t> last;
    for (const Handled& handled : worker.log) {
      EXPECT_LE(last[handled.key], handled.version) << handled.key;
      last[handled.key] = handled.version;
    }
  }

  ManualClock clock;
  std::mt19937_64 random{1};
  SimulatedStream stream{clock, 1};
  std::unique_ptr<Database> engine;
  std::vector<std::unique_ptr<Worker>> workers;
};

TEST_F(StreamWorkers, D1D6TwoWorkersWhoseClocksDifferByAnHourShareEightLineages) {
  Worker& first = add();
  write_all();
  go_on(20s);
  EXPECT_EQ(first.leases(), 8U);
  Worker& second = add(1h);
  go_on(30s);  // three rounds
  EXPECT_GE(first.leases(), 3U);
  EXPECT_LE(first.leases(), 5U);
  EXPECT_EQ(first.leases() + second.leases(), 8U);
  write_all(5);
  go_on(10s);
  EXPECT_EQ(expect_complete(), 0U);
  expect_in_order(first);
  expect_in_order(second);
  EXPECT_THAT(second.log, testing::Not(IsEmpty()));
}

TEST_F(StreamWorkers, D2WhatACrashedWorkerHeldIsTakenWithinTwiceTheFailover) {
  add();
  Worker& second = add();
  go_on(40s);
  write_all(3);
  go_on(600ms);
  write_all();
  go_on(300ms);
  crash(second);
  go_on(20s);
  EXPECT_EQ(workers.front()->leases(), 8U);
  go_on(5s);
  EXPECT_LE(expect_complete(), 26U * 4);
  expect_in_order(*workers.front());
}

TEST_F(StreamWorkers, D3OneThatStoodStillForAMinuteBeginsAndWritesNothingOfWhatIsAnothers) {
  Worker& first = add();
  Worker& second = add();
  go_on(40s);
  ASSERT_GT(first.leases(), 0U);
  write_all();
  first.is_suspended = true;
  go_on(60s);
  ASSERT_EQ(second.leases(), 8U);
  const std::size_t before = first.log.size();
  const auto rows = [&] {
    return *second.checkpoints->load({.group = "g", .stream_arn = stream.arn});
  };
  write_all();
  const auto progress = rows();
  first.is_suspended = false;
  const Time woken = clock.now();
  while (clock.now() == woken && first.next <= clock.now()) step(first);
  EXPECT_EQ(first.log.size(), before);
  EXPECT_EQ(rows(), progress);
  EXPECT_GT(first.events[StreamEvent::Kind::lease_lost], 0);
  go_on(60s);
  expect_complete();
  expect_in_order(first);
}

TEST_F(StreamWorkers, D4AShardIsHandedOverWithoutARecordHandledTwice) {
  add();
  for (int i = 0; i < 40; ++i) {
    write_all();
    go_on(500ms);
    if (i == 5 || i == 20) add();
  }
  go_on(60s);
  EXPECT_EQ(expect_complete(), 0U);
  std::vector<std::size_t> shares;
  for (const auto& worker : workers) shares.push_back(worker->leases());
  std::sort(shares.begin(), shares.end());
  EXPECT_THAT(shares, ElementsAre(2U, 3U, 3U));
}

TEST_F(StreamWorkers, D5ChildrenAreNobodysUntilTheirParentIsHandledToItsEnd) {
  Worker& first = add();
  write_all();
  go_on(5s);
  first.failing_key = "a";
  stream.write("a");
  stream.split("a");
  stream.write("a");
  go_on(5s);
  Worker& second = add();
  second.failing_key = "a";
  go_on(5min);
  const auto of_a = [](const Worker& worker) {
    return std::count_if(worker.log.begin(), worker.log.end(),
                         [](const Handled& handled) { return handled.key == "a"; });
  };
  EXPECT_EQ(of_a(first) + of_a(second), 1);
  EXPECT_EQ(first.leases() + second.leases(), 8U);  // the parent, and seven others
  first.failing_key.clear();
  second.failing_key.clear();
  go_on(2min);
  EXPECT_EQ(of_a(first) + of_a(second), 3);
  expect_complete();
}

TEST_F(StreamWorkers, OneThatStopsTellsByItsNameOfEachShardThatItLetsGo) {
  Worker& worker = add();
  write_all();
  go_on(20s);
  ASSERT_EQ(worker.leases(), 8U);
  ASSERT_TRUE(worker.consumer->stop(StreamDrain::yes));
  const auto& let_go = worker.shards_told[StreamEvent::Kind::lease_lost];
  EXPECT_THAT(let_go, testing::SizeIs(8));
  EXPECT_THAT(let_go, testing::IsSubsetOf(worker.shards_told[StreamEvent::Kind::lease_taken]));
}

class StreamWorkersOnOneLineage : public StreamWorkers {
 protected:
  StreamWorkersOnOneLineage() : StreamWorkers(1) {}
};

TEST_F(StreamWorkersOnOneLineage, D7OneOfTenReadsAndItsLeaseStaysWhereItIsForAnHour) {
  for (int i = 0; i < 10; ++i) add();
  go_on(1h);
  std::size_t held = 0;
  int taken = 0;
  for (const auto& worker : workers) {
    held += worker->leases();
    taken += worker->events[StreamEvent::Kind::lease_taken];
  }
  EXPECT_EQ(held, 1U);
  EXPECT_EQ(taken, 1);
}

TEST_F(StreamWorkers, D8NoShardHasTwoReadersThoughTheTableIsDownForHalfAMinute) {
  Worker& first = add();
  Worker& second = add();
  go_on(40s);
  for (const auto& worker : workers) worker->table.fails = [] { return true; };
  write_all();
  go_on(7s);  // by then no lease is certain
  const std::size_t before = first.log.size() + second.log.size();
  write_all();
  go_on(23s);
  EXPECT_EQ(first.log.size() + second.log.size(), before);
  for (const auto& worker : workers) worker->table.fails = [] { return false; };
  go_on(40s);
  expect_complete();
  expect_in_order(first);
  expect_in_order(second);
}

TEST_F(StreamWorkers, D9TwoGroupsInOneTableKnowNothingOfEachOther) {
  Worker& first = add(0s, {.group = "g1"});
  Worker& second = add(0s, {.group = "g2"});
  write_all(3);
  go_on(30s);
  EXPECT_EQ(first.leases(), 8U);
  EXPECT_EQ(second.leases(), 8U);
  EXPECT_EQ(first.log.size(), 78U);
  EXPECT_EQ(second.log.size(), 78U);
}

TEST_F(StreamWorkers, I6ATableWithOtherKeysOrNoneIsRefused) {
  ASSERT_TRUE(engine->create_table(
      {.table_name = "other",
       .attribute_definitions = std::vector<AttributeDefinition>{{"id", ScalarType::string}},
       .key_schema = KeySchema{{"id", KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request}));
  const auto other = open_stream_checkpoint_table(*engine, {.table = "other"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::invalid_argument);
  EXPECT_THAT(other.error().message(), HasSubstr("other"));
  const auto none = open_stream_checkpoint_table(*engine, {.table = "none", .create = false});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::invalid_argument);
  const auto nothing_at_once =
      open_stream_checkpoint_table(*engine, {.table = "checkpoints", .in_flight_max = 0});
  ASSERT_FALSE(nothing_at_once);
  EXPECT_EQ(nothing_at_once.error().code(), ErrorCode::invalid_argument);
}

TEST_F(StreamWorkers, I6ATableThatMayNotBeUsedIsRefusedWithTheWordsOfItsDatabase) {
  class Forbidden final : public server::UnusedDatabase {
    Result<DescribeTableResult> describe_table(const DescribeTableRequest&) override {
      return Error(ErrorCode::access_denied, "not authorized to perform: dynamodb:DescribeTable");
    }
  } forbidden;
  const auto opened = open_stream_checkpoint_table(forbidden, {.table = "checkpoints"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::access_denied);
  EXPECT_THAT(opened.error().message(), HasSubstr("dynamodb:DescribeTable"));
}

TEST_F(StreamWorkers, I10TwoConsumersOfOneNameAreTwoWorkers) {
  Worker& first = add(0s, {.worker = "w"});
  Worker& second = add(0s, {.worker = "w"});
  go_on(40s);
  write_all();
  go_on(10s);
  ASSERT_FALSE(first.log.empty());
  ASSERT_FALSE(second.log.empty());
  EXPECT_NE(first.log.front().worker, second.log.front().worker);
  EXPECT_THAT(first.log.front().worker, testing::StartsWith("w-"));
  EXPECT_EQ(expect_complete(), 0U);
}

TEST_F(StreamWorkers, C2CutOffBeforeAnyOfItsWritesAShardsEndAndChildrenAreNeverLost) {
  for (const bool has_transactions : {true, false}) {
    for (std::size_t cut = 1; cut < 13; ++cut) {
      workers.clear();
      const std::string group = "c" + std::to_string(cut) + (has_transactions ? "t" : "n");
      Worker& first = add(0s, {.group = group, .calls_per_second = 0});
      first.table.has_transactions = has_transactions;
      first.table.before_write = [&] { first.table.is_cut_off = first.table.writes > cut + 1; };
      if (cut == 1) write_all();
      for (int i = 0; i < 3; ++i) {
        stream.roll("a");
        stream.write("a");
        go_on(2s);
      }
      crash(first);
      clock.advance(16min);
      Worker& second = add(0s, {.group = group, .calls_per_second = 0});
      go_on(60s);
      const auto last = stream.written().at("a");
      ASSERT_FALSE(second.log.empty() && first.log.empty());
      std::int64_t reached = 0;
      for (const Worker* worker : {&first, &second}) {
        for (const Handled& handled : worker->log) {
          if (handled.key == "a") {
            ASSERT_LE(handled.version, reached + 1) << cut;
            reached = std::max(reached, handled.version);
          }
        }
      }
      ASSERT_EQ(reached, last) << cut;
    }
  }
}

TEST_F(StreamWorkers, ARewindIsRefusedWhileOthersHoldShardsAndStartsAnewIfForced) {
  Worker& first = add();
  Worker& second = add();
  write_all();
  go_on(40s);
  const auto refused = first.consumer->rewind({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::write_conflict);
  ASSERT_TRUE(first.consumer->rewind({.force = true}));
  go_on(60s);
  EXPECT_GE(first.log.size() + second.log.size(), 52U);
  EXPECT_EQ(first.leases() + second.leases(), 8U);
}

TEST_F(StreamWorkers, OneThatIsToldToStopLetsGoOfItsShardsAtOnce) {
  Worker& first = add();
  Worker& second = add();
  go_on(40s);
  write_all();
  ASSERT_TRUE(first.consumer->stop(StreamDrain::yes));
  first.is_suspended = true;
  go_on(13s);  // its next look
  EXPECT_EQ(second.leases(), 8U);
  EXPECT_EQ(expect_complete(), 0U);
}

// On the engine, whose streams may be read from several threads.
class StreamWorkersOfTheEngine : public testing::Test {
 protected:
  StreamWorkersOfTheEngine()
      : database(*open_embedded({.in_memory = true})),
        arn(database
                ->create_table(
                    {.table_name = "Songs",
                     .attribute_definitions =
                         std::vector<AttributeDefinition>{{"k", ScalarType::string}},
                     .key_schema = KeySchema{{"k", KeyType::hash}},
                     .billing_mode = BillingMode::pay_per_request,
                     .stream_specification =
                         StreamSpecification{.stream_enabled = true,
                                             .stream_view_type = StreamViewType::new_image}})
                .value()
                .table_description.latest_stream_arn.value()) {}

  void put(const std::string& key) {
    ASSERT_TRUE(database->put_item({.table_name = "Songs", .item = Item{{"k", key}}}));
  }
  StreamConsumerOptions options() {
    return {.stream_arn = arn, .group = "g", .clock = &clock, .now = [this] {
              return streams::moment_of(clock);
            }};
  }

  std::unique_ptr<Database> database;
  const std::string arn;
  ManualClock clock;
};

TEST_F(StreamWorkersOfTheEngine, E2AHandlerThatBlocksForTwentyMinutesKeepsItsLeaseAndLosesNothing) {
  for (int i = 0; i < 5; ++i) put(std::to_string(i));
  auto checkpoints = *open_stream_checkpoint_table(*database, {.table = "checkpoints"});
  auto two_by_two = options();
  two_by_two.failover = 5min;
  two_by_two.batch_records = 2;
  std::atomic<int> handled = 0;
  std::atomic<bool> blocks = true;
  std::atomic<bool> is_blocked = false;
  std::atomic<int> slow = 0;
  auto slow_options = two_by_two;
  slow_options.worker = "first";
  slow_options.on_event = [&](const StreamEvent& event) {
    slow += event.kind == StreamEvent::Kind::slow_handler ? 1 : 0;
  };
  auto first =
      *StreamConsumer::open(*database, *checkpoints, slow_options, [&](const StreamBatch& batch) {
        is_blocked = true;
        while (blocks) std::this_thread::sleep_for(1ms);
        handled += static_cast<int>(batch.records.size());
        return StreamOutcome::ok();
      });
  auto second = *StreamConsumer::open(*database, *checkpoints, two_by_two, [&](const StreamBatch&) {
    ADD_FAILURE() << "The lease was lost";
    return StreamOutcome::ok();
  });
  std::jthread running([&](std::stop_token stop) { EXPECT_TRUE(first->run(stop)); });
  while (!is_blocked) std::this_thread::sleep_for(1ms);
  ASSERT_TRUE(second->start());
  // How often the first has renewed its leases and, behind them, its own row.
  const auto beats = [&] {
    const auto rows = database->scan({.table_name = "checkpoints", .consistent_read = true});
    std::int64_t count = 0;
    for (const Item& row : *rows->items) {
      if (!row.at("sk").as_string().starts_with("worker#first")) continue;
      count += row.at("beat").as_number().to_int64().value();
    }
    return count;
  };
  for (int i = 0; i < 12; ++i) {
    const std::int64_t before = beats();
    clock.advance(two_by_two.failover / 3);
    while (beats() == before) std::this_thread::sleep_for(1ms);
    while (true) {
      const auto next = second->step();
      ASSERT_TRUE(next && *next);
      if (**next > streams::moment_of(clock)) break;
    }
  }
  EXPECT_EQ(second->figures().leases, 0U);
  blocks = false;
  for (int i = 5; i < 8; ++i) put(std::to_string(i));
  while (handled < 8) std::this_thread::sleep_for(1ms);
  running.request_stop();
  running.join();
  EXPECT_EQ(handled, 8);
  EXPECT_EQ(slow, 1);
}

// A look at the leases that began before the first shards were written down knows none; whoever
// looks again only after the failover begins that much later. The clock stands still here.
TEST_F(StreamWorkersOfTheEngine, ShardsThatAreFoundInTheMidstOfALookAreTakenAtOnce) {
  put("a");
  FaultyTable table(*database);
  auto checkpoints =
      *open_stream_checkpoint_table(table, {.table = "checkpoints", .in_flight_max = 1});
  std::atomic<bool> is_found = false;
  std::atomic<bool> is_handled = false;
  auto alone = options();
  alone.threads = 1;
  alone.on_event = [&](const StreamEvent& event) {
    if (event.kind == StreamEvent::Kind::shard_discovered) is_found = true;
  };
  auto consumer = *StreamConsumer::open(*database, *checkpoints, alone, [&](const StreamBatch&) {
    is_handled = true;
    return StreamOutcome::ok();
  });
  ASSERT_TRUE(consumer->start());
  // The thread that lists shards writes them down once the other has looked, and that one knows
  // what it saw once they are found.
  std::thread::id listing;
  std::atomic<bool> has_looked = false;
  table.before_write = [&] {
    while (!has_looked && std::this_thread::get_id() == listing) std::this_thread::sleep_for(1ms);
  };
  table.after_read = [&] {
    if (std::this_thread::get_id() == listing) return;
    has_looked = true;
    while (!is_found) std::this_thread::sleep_for(1ms);
  };
  std::jthread running([&](std::stop_token stop) {
    listing = std::this_thread::get_id();
    EXPECT_TRUE(consumer->run(stop));
  });
  const auto gives_up = std::chrono::steady_clock::now() + 60s;
  while (!is_handled && std::chrono::steady_clock::now() < gives_up) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(is_handled);
}

}  // namespace
}  // namespace dynakeep
