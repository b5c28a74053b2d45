#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "contract/database_contract.h"
#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/snapshot.h"
#include "dynakeep/stores/replica.h"
#include "support/remote_databases.h"

// Replicas of the engine's own tables, while several threads write and shards come and go.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using contract::must;
using testing::ElementsAre;
using testing::SizeIs;
using Steady = std::chrono::steady_clock;

constexpr int writers = 8;
constexpr int keys = 125;  // of each

std::unique_ptr<Database> open_engine() {
  return must(open_embedded({.in_memory = true, .streams = {.roll_records = 200}}));
}

std::string make_table(Database& database,
                       StreamViewType view = StreamViewType::new_and_old_images) {
  return *must(database.create_table(
                   {.table_name = "Songs",
                    .attribute_definitions =
                        std::vector<AttributeDefinition>{{"k", ScalarType::string}},
                    .key_schema = KeySchema{{"k", KeyType::hash}},
                    .billing_mode = BillingMode::pay_per_request,
                    .stream_specification =
                        StreamSpecification{.stream_enabled = true, .stream_view_type = view}}))
              .table_description.latest_stream_arn;
}

Item song(const std::string& key, int number) { return {{"k", key}, {"n", number}}; }

std::map<std::string, Item> items_of(Database& database) {
  std::map<std::string, Item> items;
  must(for_each_item(database, ScanRequest{.table_name = "Songs", .consistent_read = true},
                     [&](Item&& item) {
                       std::string key = item.at("k").as_string();
                       items.insert_or_assign(std::move(key), std::move(item));
                       return true;
                     }));
  return items;
}

std::map<std::string, Item> items_of(const Replica& replica) {
  std::map<std::string, Item> items;
  must(replica.for_each([&](Item&& item) {
    std::string key = item.at("k").as_string();
    items.insert_or_assign(std::move(key), std::move(item));
    return true;
  }));
  return items;
}

// A replica that runs on a thread of its own.
class Running {
 public:
  Running(Database& source, ReplicaOptions options)
      : replica_(must(Replica::open(source, std::move(options)))),
        thread_([this](const std::stop_token& stop) { ended_ = replica_->run(stop); }) {}
  ~Running() {
    thread_.request_stop();
    thread_.join();
    EXPECT_TRUE(ended_) << ended_.error();
  }
  Replica& operator*() { return *replica_; }
  Replica* operator->() { return replica_.get(); }

 private:
  std::unique_ptr<Replica> replica_;
  Result<void> ended_;
  std::jthread thread_;
};

// Puts, changes and deletes items of its own at random until it is told to stop; the numbers of an
// item only grow.
void write(Database& database, int writer, std::uint64_t seed, const std::stop_token& stop) {
  std::mt19937_64 random(seed * 100 + static_cast<std::uint64_t>(writer));
  for (int number = 1; !stop.stop_requested(); ++number) {
    const std::string key =
        std::to_string(writer) + "/" + std::to_string(random() % std::uint64_t{keys});
    switch (random() % 4) {
      case 0:
        must(database.delete_item({.table_name = "Songs", .key = Key{{"k", key}}}));
        break;
      case 1:
        must(database.update_item(
            {.table_name = "Songs",
             .key = Key{{"k", key}},
             .update_expression = "SET n = :n",
             .expression_attribute_values = ExpressionAttributeValues{{":n", number}}}));
        break;
      default:
        must(database.put_item({.table_name = "Songs", .item = song(key, number)}));
    }
    if (number % 50 == 0) std::this_thread::sleep_for(5ms);
  }
}

// No item of the copy ever becomes what it was before.
class OnlyForward {
 public:
  auto hook() {
    return [this](const Key& key, const std::optional<Item>&, const std::optional<Item>& after) {
      if (!after) return;
      const std::lock_guard lock(mutex_);
      const auto number = after->at("n").as_number().to_int64().value();
      std::int64_t& last = last_[key.at("k").as_string()];
      EXPECT_GT(number, last) << key;
      last = number;
    };
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::int64_t> last_;
};

// Has shards rolled and split, every 100 ms.
void disturb(Database& database, const std::string& arn, const std::stop_token& stop) {
  EngineAdmin* const admin = database.admin();
  ASSERT_NE(admin, nullptr);
  for (int turn = 0; !stop.stop_requested(); ++turn) {
    std::this_thread::sleep_for(100ms);
    const auto shards =
        must(database.describe_stream({.stream_arn = arn})).stream_description.shards;
    std::vector<std::string> open;
    for (const StreamShard& shard : shards) {
      if (!shard.sequence_number_range.ending_sequence_number) open.push_back(shard.shard_id);
    }
    // Of more than a hundred shards, this was the first page.
    if (open.empty()) continue;
    const std::string& one = open[static_cast<std::size_t>(turn) % open.size()];
    // One that was rolled just now, being full, is refused.
    if (turn % 3 == 0 && open.size() < 4) {
      static_cast<void>(admin->split_shard({.stream_arn = arn, .shard_id = one}));
    } else {
      static_cast<void>(admin->roll_shards({.stream_arn = arn, .shard_id = one}));
    }
  }
}

void follows_while_all_write(Database& source, Database& engine, ReplicaOptions options,
                             std::uint64_t seed) {
  const std::string arn = make_table(source);
  for (int i = 0; i < writers * keys; ++i) {
    must(source.put_item(
        {.table_name = "Songs",
         .item = song(std::to_string(i % writers) + "/" + std::to_string(i / writers), 0)}));
  }
  options.table_name = "Songs";
  options.discovery_interval = 1s;
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&source, writer, seed](const std::stop_token& stop) {
      write(source, writer, seed, stop);
    });
  }
  std::jthread disturbing([&](const std::stop_token& stop) { disturb(engine, arn, stop); });
  Running replica(source, std::move(options));
  must(replica->wait_live(60s));
  std::this_thread::sleep_for(300ms);
  for (std::jthread& thread : threads) thread.request_stop();
  threads.clear();
  disturbing.request_stop();
  disturbing.join();
  // What the table has is in the copy once the position of a write behind it all is.
  const auto last = must(
      source.put_item({.table_name = "Songs", .item = song("last", 1), .want_stream_point = true}));
  if (last.stream_point) {
    must(replica->wait_for(last.stream_point->position, 30s));
    EXPECT_EQ(replica->get(Key{{"k", "last"}}).value(), song("last", 1));
  } else {
    const auto until = Steady::now() + 30s;
    while (replica->get(Key{{"k", "last"}}).value() == std::nullopt && Steady::now() < until) {
      std::this_thread::sleep_for(10ms);
    }
    std::this_thread::sleep_for(2s);
  }
  EXPECT_EQ(items_of(*replica), items_of(source));
  EXPECT_EQ(replica->figures().gaps, 0U);
}

TEST(ReplicaOfTheEngine, IsTheTableThoughAllWroteAndShardsRolled) {
  const char* seeds = std::getenv("DYNAKEEP_REPLICA_ENGINE_SEEDS");
  const std::uint64_t count = seeds == nullptr ? 2 : std::strtoull(seeds, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const bool use_snapshot : {true, false}) {
      OnlyForward forward;
      const auto engine = open_engine();
      follows_while_all_write(*engine, *engine,
                              {.use_snapshot = use_snapshot, .on_change = forward.hook()}, seed);
    }
  }
}

TEST(ReplicaOfTheEngine, IsTheTableWhenItIsKeptInAnotherDatabase) {
  const auto engine = open_engine();
  const auto kept_in = must(open_embedded({.in_memory = true}));
  OnlyForward forward;
  follows_while_all_write(*engine, *engine, {.kept_in = kept_in.get(), .on_change = forward.hook()},
                          1);
}

TEST(ReplicaOfTheEngine, IsTheTableOverHttp) {
  const auto remote = must(support::open_remote_in_process());
  OnlyForward forward;
  follows_while_all_write(*remote.database, *remote.database, {.on_change = forward.hook()}, 1);
}

TEST(ReplicaOfTheEngine, IsTheTableOfAStreamOfKeys) {
  const auto engine = open_engine();
  make_table(*engine, StreamViewType::keys_only);
  for (int i = 0; i < 100; ++i) {
    must(engine->put_item({.table_name = "Songs", .item = song(std::to_string(i), 1)}));
  }
  Running replica(*engine, {.table_name = "Songs"});
  must(replica->wait_live(30s));
  StreamPoint last;
  for (int i = 50; i < 150; ++i) {
    last = *must(engine->put_item({.table_name = "Songs",
                                   .item = song(std::to_string(i), 2),
                                   .want_stream_point = true}))
                .stream_point;
  }
  must(replica->wait_for(last.position, 10s));
  EXPECT_EQ(items_of(*replica), items_of(*engine));
}

// A snapshot and the records behind its position are the table; and those up to it are all in the
// snapshot.
TEST(ReplicaOfTheEngine, WhatASnapshotHasAndTheRecordsBehindItAreTheTable) {
  const auto engine = open_engine();
  const std::string arn = make_table(*engine);
  std::mt19937_64 random(3);
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 3; ++writer) {
    threads.emplace_back(
        [&, writer](const std::stop_token& stop) { write(*engine, writer, 3, stop); });
  }
  std::vector<std::pair<std::string, std::map<std::string, Item>>> snapshots;
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
    const Snapshot snapshot = must(Snapshot::begin(*engine, "Songs"));
    std::map<std::string, Item> items;
    must(for_each_item(*engine,
                       ScanRequest{.table_name = "Songs", .limit = 20, .snapshot = snapshot.use()},
                       [&](Item&& item) {
                         std::string key = item.at("k").as_string();
                         items.insert_or_assign(std::move(key), std::move(item));
                         return true;
                       }));
    snapshots.emplace_back(snapshot.point()->position, std::move(items));
  }
  for (std::jthread& thread : threads) thread.request_stop();
  threads.clear();

  std::vector<ChangeRecord> records;  // in order of their numbers: those of the engine are
  for (const StreamShard& shard :
       must(engine->describe_stream({.stream_arn = arn})).stream_description.shards) {
    auto iterator =
        must(engine->get_shard_iterator({.stream_arn = arn,
                                         .shard_id = shard.shard_id,
                                         .shard_iterator_type = ShardIteratorType::trim_horizon}))
            .shard_iterator;
    while (iterator) {
      auto page = must(engine->get_records({.shard_iterator = iterator}));
      const bool is_tip = page.records.empty();
      std::move(page.records.begin(), page.records.end(), std::back_inserter(records));
      iterator = is_tip ? std::nullopt : page.next_shard_iterator;
    }
  }
  std::sort(records.begin(), records.end(), [](const ChangeRecord& a, const ChangeRecord& b) {
    return compare_sequence_numbers(a.dynamodb.sequence_number, b.dynamodb.sequence_number) < 0;
  });
  const auto table = items_of(*engine);
  for (const auto& [position, items] : snapshots) {
    std::map<std::string, Item> from_the_start;
    std::map<std::string, Item> from_the_snapshot = items;
    for (const ChangeRecord& record : records) {
      const bool is_in = compare_sequence_numbers(record.dynamodb.sequence_number, position) <= 0;
      auto& to = is_in ? from_the_start : from_the_snapshot;
      const std::string& key = record.dynamodb.keys.at("k").as_string();
      if (record.dynamodb.new_image) {
        to.insert_or_assign(key, *record.dynamodb.new_image);
      } else {
        to.erase(key);
      }
    }
    EXPECT_EQ(from_the_start, items);
    EXPECT_EQ(from_the_snapshot, table);
  }
}

TEST(ReplicaOfTheEngine, WhatWasWrittenIsReadOnceItsPositionIsReached) {
  const auto engine = must(open_embedded({.in_memory = true, .streams = {.initial_shards = 4}}));
  make_table(*engine);
  Running replica(*engine, {.table_name = "Songs"});
  must(replica->wait_live(30s));
  for (int i = 1; i <= 500; ++i) {
    const std::string key = std::to_string(i % 7);
    const auto written = must(
        engine->put_item({.table_name = "Songs", .item = song(key, i), .want_stream_point = true}));
    must(replica->wait_for(written.stream_point->position, 10s));
    ASSERT_EQ(replica->get(Key{{"k", key}}).value(), song(key, i));
  }
  EXPECT_TRUE(replica->position());
}

// Within a millisecond on a machine that has nothing else to do, as the bench measures. Each that
// waited for the replica to ask would take a quarter of a second.
void expect_changes_at_once(Database& database) {
  make_table(database);
  std::mutex mutex;
  std::condition_variable changed;
  int seen = 0;
  Running replica(database, {.table_name = "Songs",
                             .idle_poll_max = 60s,
                             .on_change = [&](const Key&, const auto&, const auto& after) {
                               const std::lock_guard lock(mutex);
                               seen =
                                   static_cast<int>(after->at("n").as_number().to_int64().value());
                               changed.notify_all();
                             }});
  must(replica->wait_live(30s));
  const auto begun = Steady::now();
  for (int i = 1; i <= 100; ++i) {
    must(database.put_item({.table_name = "Songs", .item = song("a", i)}));
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 10s, [&] { return seen == i; }));
  }
  EXPECT_LT(Steady::now() - begun, 10s);
}

TEST(ReplicaOfTheEngine, ChangesComeWithoutBeingAskedFor) {
  const auto engine = must(open_embedded({.in_memory = true}));
  expect_changes_at_once(*engine);
}

TEST(ReplicaOfTheEngine, ChangesOverHttpAreWaitedForAtTheServer) {
  const auto remote = must(support::open_remote_over_a_socket());
  expect_changes_at_once(*remote.database);
}

TEST(ReplicaOfTheEngine, TheNextStreamIsFollowedWhenItsOwnWasSwitchedOff) {
  const auto engine = open_engine();
  make_table(*engine);
  must(engine->put_item({.table_name = "Songs", .item = song("a", 1)}));
  Running replica(*engine, {.table_name = "Songs", .discovery_interval = 100ms});
  must(replica->wait_live(30s));
  const auto enable = [&](bool enabled) {
    StreamSpecification stream{.stream_enabled = enabled};
    if (enabled) stream.stream_view_type = StreamViewType::new_image;
    must(engine->update_table({.table_name = "Songs", .stream_specification = stream}));
  };
  enable(false);
  must(engine->put_item({.table_name = "Songs", .item = song("a", 2)}));
  enable(true);
  must(engine->put_item({.table_name = "Songs", .item = song("b", 1)}));
  const auto until = Steady::now() + 20s;
  while (items_of(*replica) != items_of(*engine) && Steady::now() < until) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(items_of(*replica), items_of(*engine));
  EXPECT_EQ(replica->figures().bootstraps, 2U);
}

TEST(ReplicaOfTheEngine, KeysOfEachTypeAreInTheirOrder) {
  const auto engine = open_engine();
  must(engine->create_table(
      {.table_name = "Pairs",
       .attribute_definitions =
           std::vector<AttributeDefinition>{{"p", ScalarType::binary}, {"s", ScalarType::number}},
       .key_schema = KeySchema{{"p", KeyType::hash}, {"s", KeyType::range}},
       .billing_mode = BillingMode::pay_per_request,
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  const std::vector<std::string> numbers = {"-1E+100", "-12",    "-1.5", "-1",  "-0.01",
                                            "0",       "1E-130", "0.1",  "1",   "1.01",
                                            "9",       "10",     "100",  "123", "1E+125"};
  const std::vector<std::string> partitions = {
      std::string("\0", 1), std::string("\0\x01", 2), "a", std::string("a\0", 2), "ab", "\xFF"};
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    for (const std::string& partition : partitions) {
      must(engine->put_item(
          {.table_name = "Pairs",
           .item = Item{{"p", Binary(partition)}, {"s", must(Number::parse(*number))}}}));
    }
  }
  Running replica(*engine, {.table_name = "Pairs"});
  must(replica->wait_live(30s));
  std::vector<std::pair<std::string, Number>> found;
  must(replica->for_each([&](Item&& item) {
    found.emplace_back(item.at("p").as_binary().bytes, item.at("s").as_number());
    return true;
  }));
  EXPECT_THAT(found, SizeIs(numbers.size() * partitions.size()));
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  std::vector<std::string> of_one;
  must(replica->for_each_of(Binary("a"), [&](Item&& item) {
    of_one.push_back(item.at("s").as_number().to_string());
    return of_one.size() < 3;
  }));
  EXPECT_THAT(of_one, ElementsAre("-1" + std::string(100, '0'), "-12", "-1.5"));
}

}  // namespace
}  // namespace dynakeep
