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
using testing::IsEmpty;
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

std::vector<StreamShard> shards_of(Database& database, const std::string& arn) {
  std::vector<StreamShard> shards;
  DescribeStreamRequest request{.stream_arn = arn};
  do {
    auto page = must(database.describe_stream(request)).stream_description;
    std::move(page.shards.begin(), page.shards.end(), std::back_inserter(shards));
    request.exclusive_start_shard_id = std::move(page.last_evaluated_shard_id);
  } while (request.exclusive_start_shard_id);
  return shards;
}

std::vector<std::string> open_shards(Database& database, const std::string& arn) {
  std::vector<std::string> open;
  for (const StreamShard& shard : shards_of(database, arn)) {
    if (!shard.sequence_number_range.ending_sequence_number) open.push_back(shard.shard_id);
  }
  return open;
}

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

// Time stands still for the replica: nothing is asked for because its time has come.
ReplicaOptions without_time() {
  return {.table_name = "Songs", .now = [] { return Replica::Moment(); }};
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

// Writers of a table, each of items of its own, whose numbers only grow, and now and then of its
// shards. However fast the machine, each makes at least so many changes, and no more than so many.
class Writers {
 public:
  static constexpr int changes_min = 100;
  static constexpr int changes_max = 1000;
  static constexpr int changes_to_a_roll = 150;  // of all of them

  // `engine` is the database whose shards are rolled, or one that has them rolled.
  Writers(Database& database, Database& engine, std::string arn, std::uint64_t seed)
      : database_(database), engine_(engine), arn_(std::move(arn)) {
    for (int writer = 0; writer < writers; ++writer) {
      threads_.emplace_back(
          [this, writer, seed](const std::stop_token& stop) { write(writer, seed, stop); });
    }
  }
  // Once they have made what they make at least.
  void stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
  }

 private:
  void write(int writer, std::uint64_t seed, const std::stop_token& stop) {
    std::mt19937_64 random(seed * 100 + static_cast<std::uint64_t>(writer));
    for (int number = 1; number <= changes_max; ++number) {
      if (number > changes_min && stop.stop_requested()) return;
      const std::string key =
          std::to_string(writer) + "/" + std::to_string(random() % std::uint64_t{keys});
      switch (random() % 4) {
        case 0:
          must(database_.delete_item({.table_name = "Songs", .key = Key{{"k", key}}}));
          break;
        case 1:
          must(database_.update_item(
              {.table_name = "Songs",
               .key = Key{{"k", key}},
               .update_expression = "SET n = :n",
               .expression_attribute_values = ExpressionAttributeValues{{":n", number}}}));
          break;
        default:
          must(database_.put_item({.table_name = "Songs", .item = song(key, number)}));
      }
      if (changes_.fetch_add(1) % changes_to_a_roll == 0) disturb(random());
    }
  }

  void disturb(std::uint64_t chance) const {
    const auto open = open_shards(engine_, arn_);
    const std::string& one = open.at(chance % open.size());
    // One that was rolled just now, being full or by another writer, is refused.
    if (chance % 3 == 0 && open.size() < 4) {
      static_cast<void>(engine_.admin()->split_shard({.stream_arn = arn_, .shard_id = one}));
    } else {
      static_cast<void>(engine_.admin()->roll_shards({.stream_arn = arn_, .shard_id = one}));
    }
  }

  Database& database_;
  Database& engine_;
  const std::string arn_;
  std::atomic<int> changes_ = 0;
  std::vector<std::jthread> threads_;
};

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
  Writers all(source, engine, arn, seed);
  Running replica(source, std::move(options));
  must(replica->wait_live(60s));
  all.stop();
  // What the table has is in the copy once the position of a write behind it all is.
  const auto last = must(
      source.put_item({.table_name = "Songs", .item = song("last", 1), .want_stream_point = true}));
  must(replica->wait_for(last.stream_point->position, 60s));
  EXPECT_EQ(replica->get(Key{{"k", "last"}}).value(), song("last", 1));
  EXPECT_EQ(items_of(*replica), items_of(source));
  EXPECT_EQ(replica->figures().gaps, 0U);
}

TEST(ReplicaOfTheEngine, IsTheTableThoughAllWroteAndShardsRolled) {
  const char* seeds = std::getenv("DYNAKEEP_REPLICA_ENGINE_SEEDS");
  const std::uint64_t count = seeds == nullptr ? 5 : std::strtoull(seeds, nullptr, 10);
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

// The shard's last record, if it has any, lies before the position that is followed from.
TEST(ReplicaOfTheEngine, AShardThatIsClosedBeforeItsFirstRecordIsReadLosesNothing) {
  const auto engine = open_engine();
  const std::string arn = make_table(*engine);
  for (int i = 0; i < 10; ++i) {
    must(engine->put_item({.table_name = "Songs", .item = song(std::to_string(i), 1)}));
  }
  std::vector<StreamGap::Kind> gaps;
  ReplicaOptions options = without_time();
  options.on_gap = [&](const StreamGap& gap) { gaps.push_back(gap.kind); };
  const auto replica = must(Replica::open(*engine, std::move(options)));
  while (replica->state() != ReplicaState::scanning) must(replica->step());
  must(engine->admin()->roll_shards({.stream_arn = arn}));
  must(engine->put_item({.table_name = "Songs", .item = song("1", 2)}));
  while (replica->state() != ReplicaState::live) must(replica->step());
  EXPECT_THAT(gaps, IsEmpty());
  EXPECT_EQ(items_of(*replica), items_of(*engine));
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
  Writers all(*engine, *engine, arn, 3);
  std::vector<std::pair<std::string, std::map<std::string, Item>>> snapshots;
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 5));
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
  all.stop();

  std::vector<ChangeRecord> records;  // in order of their numbers: those of the engine are
  for (const StreamShard& shard : shards_of(*engine, arn)) {
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

// A table whose stream has four open shards.
void make_table_of_four_shards(Database& database) {
  const std::string arn = make_table(database);
  for (auto open = open_shards(database, arn); open.size() < 4; open = open_shards(database, arn)) {
    must(database.admin()->split_shard({.stream_arn = arn, .shard_id = open.front()}));
  }
}

void expect_own_writes_to_be_read(Database& database) {
  make_table_of_four_shards(database);
  Running replica(database, without_time());
  must(replica->wait_live(30s));
  for (int i = 1; i <= 300; ++i) {
    const std::string key = std::to_string(i % 7);
    const auto written = must(database.put_item(
        {.table_name = "Songs", .item = song(key, i), .want_stream_point = true}));
    must(replica->wait_for(written.stream_point->position, 30s));
    ASSERT_EQ(replica->get(Key{{"k", key}}).value(), song(key, i));
  }
  EXPECT_TRUE(replica->position());
}

TEST(ReplicaOfTheEngine, WhatWasWrittenIsReadOnceItsPositionIsReached) {
  const auto engine = must(open_embedded({.in_memory = true}));
  expect_own_writes_to_be_read(*engine);
}

TEST(ReplicaOfTheEngine, WhatWasWrittenOverHttpIsReadOnceItsPositionIsReached) {
  const auto remote = must(support::open_remote_over_a_socket());
  expect_own_writes_to_be_read(*remote.database);
}

// Each change is there though nobody asks for it, before the next is made. How soon the bench
// measures.
void expect_changes_to_be_told(Database& database) {
  make_table_of_four_shards(database);
  std::mutex mutex;
  std::condition_variable changed;
  int seen = 0;
  ReplicaOptions options = without_time();
  options.on_change = [&](const Key&, const auto&, const auto& after) {
    const std::lock_guard lock(mutex);
    seen = static_cast<int>(after->at("n").as_number().to_int64().value());
    changed.notify_all();
  };
  Running replica(database, std::move(options));
  must(replica->wait_live(30s));
  for (int i = 1; i <= 100; ++i) {
    must(database.put_item({.table_name = "Songs", .item = song(std::to_string(i % 7), i)}));
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return seen == i; })) << i;
  }
}

TEST(ReplicaOfTheEngine, ChangesComeWithoutBeingAskedFor) {
  const auto engine = must(open_embedded({.in_memory = true}));
  expect_changes_to_be_told(*engine);
}

TEST(ReplicaOfTheEngine, ChangesOverHttpAreWaitedForAtTheServer) {
  const auto remote = must(support::open_remote_over_a_socket());
  expect_changes_to_be_told(*remote.database);
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
