#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/stores/stream_consumer.h"
#include "engine/catalog.h"
#include "engine/engine.h"
#include "engine/operations/create_table.h"
#include "engine/operations/delete_item.h"
#include "engine/operations/describe_stream.h"
#include "engine/operations/describe_table.h"
#include "engine/operations/get_records.h"
#include "engine/operations/get_shard_iterator.h"
#include "engine/operations/put_item.h"
#include "engine/operations/scan.h"
#include "engine/operations/transact_write_items.h"
#include "engine/snapshots.h"
#include "server/unused_database.h"
#include "storage/key_locks.h"
#include "storage/key_value_store.h"
#include "streams/stepping.h"
#include "support/power_loss_disk.h"
#include "support/stream_history.h"

// A table with a stream on a disk whose power goes, while it is written to, its shards are rolled
// and its records are read. Whoever was told of a record, or of the end of a shard, was told right.
namespace dynakeep::engine {
namespace {

using namespace std::chrono_literals;

constexpr const char* table = "Songs";

// The engine on that disk, with nothing in the background.
class EngineOnDisk final : public server::UnusedDatabase {
 public:
  explicit EngineOnDisk(const test::PowerLossDisk& disk, const Clock& clock = system_clock())
      : clock_(clock),
        store_(storage::KeyValueStore::open({.path = "/data",
                                             .durability = storage::Durability::synced,
                                             .write_buffer_bytes = std::size_t{64} << 10,
                                             .env = disk.env()})
                   .value()),
        streams_(
            Streams::open(*store_, clock_, Catalog::Place().arn_prefix(), {.initial_shards = 2})
                .value()),
        catalog_(Catalog::open(*store_, locks_, *streams_, clock_, {}).value()) {}

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return engine::create_table(engine_, request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return engine::describe_table(engine_, request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return engine::put_item(engine_, request);
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return engine::delete_item(engine_, request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return engine::transact_write_items(engine_, request);
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    return engine::scan(engine_, request);
  }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    return engine::describe_stream(engine_, request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    return engine::get_shard_iterator(engine_, request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    return engine::get_records(engine_, request);
  }
  Result<void> roll(const std::string& arn) { return streams_->roll(*streams_->find(arn), "", 1); }

 private:
  const Clock& clock_;
  const std::unique_ptr<storage::KeyValueStore> store_;
  storage::KeyLocks locks_;
  const std::unique_ptr<Streams> streams_;
  const std::unique_ptr<Catalog> catalog_;
  Snapshots snapshots_{clock_};
  const Engine engine_{.store = *store_,
                       .locks = locks_,
                       .catalog = *catalog_,
                       .streams = *streams_,
                       .snapshots = snapshots_,
                       .clock = clock_};
};

void make_table(Database& database) {
  database
      .create_table(
          {.table_name = table,
           .attribute_definitions = std::vector<AttributeDefinition>{{"name", ScalarType::string}},
           .key_schema = KeySchema{{"name", KeyType::hash}},
           .billing_mode = BillingMode::pay_per_request,
           .stream_specification =
               StreamSpecification{.stream_enabled = true,
                                   .stream_view_type = StreamViewType::new_and_old_images}})
      .value();
}

// What was told in all lives so far.
struct Told {
  std::mutex mutex;
  // All below is guarded by mutex.
  std::map<std::string, ChangeRecord> records;        // by number
  std::set<std::string> ends;                         // shards
  std::set<std::pair<std::string, int>> done, begun;  // items, and what they became
};

// Until the power goes.
class Life {
 public:
  static constexpr int writers = 3;
  static constexpr int items = 6;  // of each

  Life(test::PowerLossDisk& disk, Told& told, std::uint64_t seed)
      : disk_(disk),
        told_(told),
        chance_(seed),
        writes_until_dark_(20 + static_cast<int>(chance_() % 100)) {}

  void run(int first_turn) {
    EngineOnDisk database(disk_);
    const std::string arn = support::stream_of(database, table);
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back(
          [&, writer, seed = chance_()] { write(database, writer, first_turn, seed); });
    }
    threads.emplace_back([&] { read(database, arn); });
    while (database.roll(arn)) {
      const int before = writes_;
      while (!is_dark_ && writes_ < before + 10) std::this_thread::yield();
    }
  }

 private:
  void write(Database& database, int writer, int turn, std::uint64_t seed) {
    std::mt19937_64 chance(seed);
    for (;;) {
      ++turn;
      const auto item = [&](int number) {
        return Item{{"name", std::to_string(writer) + "/" + std::to_string(number)},
                    {"turn", turn},
                    {"text", std::string(chance() % 500, 'x')}};
      };
      std::vector<Item> made;
      bool is_done = false;
      const int which = static_cast<int>(chance() % items);
      if (chance() % 4 == 0) {
        const Key key{{"name", item(which).at("name")}};
        is_done = database.delete_item({.table_name = table, .key = key}).has_value();
      } else if (chance() % 4 == 0) {
        std::vector<TransactWriteItem> actions;
        for (int i = 0; i < items; ++i) {
          made.push_back(item(i));
          actions.push_back({.put = TransactPut{.table_name = table, .item = made.back()}});
        }
        note(told_.begun, made);
        is_done = database.transact_write_items({.transact_items = actions}).has_value();
      } else {
        made.push_back(item(which));
        note(told_.begun, made);
        is_done = database.put_item({.table_name = table, .item = made.back()}).has_value();
      }
      if (!is_done) return;
      note(told_.done, made);
      ++writes_;
    }
  }
  void note(std::set<std::pair<std::string, int>>& where, const std::vector<Item>& items_made) {
    const std::lock_guard lock(told_.mutex);
    for (const Item& item : items_made) {
      where.emplace(item.at("name").as_string(),
                    static_cast<int>(*item.at("turn").as_number().to_int64()));
    }
  }

  // Every shard from its beginning, again and again.
  void read(Database& database, const std::string& arn) {
    while (!is_dark_) {
      std::optional<std::string> after;
      do {
        const auto page =
            database.describe_stream({.stream_arn = arn, .exclusive_start_shard_id = after});
        if (!page) return;
        for (const StreamShard& shard : page->stream_description.shards) {
          if (!read_shard(database, arn, shard.shard_id)) return;
        }
        after = page->stream_description.last_evaluated_shard_id;
      } while (after);
    }
  }
  bool read_shard(Database& database, const std::string& arn, const std::string& shard) {
    const auto from =
        database.get_shard_iterator({.stream_arn = arn,
                                     .shard_id = shard,
                                     .shard_iterator_type = ShardIteratorType::trim_horizon});
    if (!from) return false;
    for (auto at = from->shard_iterator;;) {
      const auto page = database.get_records({.shard_iterator = at});
      if (!page) return false;
      const std::lock_guard lock(told_.mutex);
      for (const ChangeRecord& record : page->records) {
        told_.records.emplace(record.dynamodb.sequence_number, record);
      }
      at = page->next_shard_iterator;
      if (!at && told_.ends.insert(shard).second && writes_ > writes_until_dark_) {
        // The most dangerous moment: the end was told, and nothing was written since.
        is_dark_ = true;
        disk_.power_off();
      }
      if (!at || page->records.empty()) return true;
    }
  }

  test::PowerLossDisk& disk_;
  Told& told_;
  std::mt19937_64 chance_;
  const int writes_until_dark_;
  std::atomic<int> writes_ = 0;
  std::atomic<bool> is_dark_ = false;
};

void expect_truth(Database& database, const Told& told) {
  const std::string arn = support::stream_of(database, table);
  const auto records = support::read_stream(database, arn);
  EXPECT_EQ(support::replayed(records), support::scanned(database, table));

  std::map<std::string, const ChangeRecord*> by_number;
  std::set<std::pair<std::string, int>> changes;
  for (const ChangeRecord& record : records) {
    by_number.emplace(record.dynamodb.sequence_number, &record);
    if (!record.dynamodb.new_image) continue;
    const Item& item = *record.dynamodb.new_image;
    const std::pair change(item.at("name").as_string(),
                           static_cast<int>(*item.at("turn").as_number().to_int64()));
    EXPECT_TRUE(told.begun.contains(change)) << item;
    EXPECT_TRUE(changes.insert(change).second) << item << " has two records";
  }
  for (const auto& change : told.done) {
    EXPECT_TRUE(changes.contains(change))
        << change.first << " turn " << change.second << " was answered, and has no record";
  }
  for (const auto& [number, before] : told.records) {
    const auto found = by_number.find(number);
    ASSERT_NE(found, by_number.end()) << number << " was read, and has gone";
    EXPECT_EQ(found->second->event_id, before.event_id);
    EXPECT_EQ(found->second->dynamodb.new_image, before.dynamodb.new_image);
  }
  std::set<std::string> closed;
  for (const StreamShard& shard : support::shards_of(database, arn)) {
    if (shard.sequence_number_range.ending_sequence_number) closed.insert(shard.shard_id);
  }
  for (const std::string& shard : told.ends) {
    EXPECT_TRUE(closed.contains(shard)) << shard << " had ended, and is open again";
  }
}

TEST(StreamPowerLoss, WhatAStreamToldIsTrueAndItTellsTheWholeTable) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 chance(seed);
  test::PowerLossDisk disk(chance());
  {
    EngineOnDisk database(disk);
    make_table(database);
  }
  Told told;
  for (int life = 0; life < 10 && !HasFailure(); ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    Life(disk, told, chance()).run(life * 1'000'000);
    disk.power_on();
    EngineOnDisk database(disk);
    expect_truth(database, told);
  }
  EXPECT_GT(told.done.size(), 0u);
  EXPECT_GT(told.records.size(), 0u);
  EXPECT_GT(told.ends.size(), 0u);
}

// Nobody else has the roll synced here: whoever reads the end does, or it may be undone.
TEST(StreamPowerLoss, TheEndOfAShardThatWasToldOutlivesThePower) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::PowerLossDisk disk(seed);
    std::string arn;
    std::string shard;
    {
      EngineOnDisk database(disk);
      make_table(database);
      arn = support::stream_of(database, table);
      ASSERT_TRUE(database.put_item({.table_name = table, .item = Item{{"name", "a"}}}));
      shard = support::shards_of(database, arn).front().shard_id;
      auto at = database
                    .get_shard_iterator({.stream_arn = arn,
                                         .shard_id = shard,
                                         .shard_iterator_type = ShardIteratorType::trim_horizon})
                    .value()
                    .shard_iterator;
      {
        const DeferredDurability unsynced;
        ASSERT_TRUE(database.roll(arn));
      }
      while (at) at = database.get_records({.shard_iterator = at}).value().next_shard_iterator;
      disk.power_off();
    }
    disk.power_on();
    EngineOnDisk database(disk);
    const StreamShard first = support::shards_of(database, arn).front();
    EXPECT_EQ(first.shard_id, shard);
    EXPECT_TRUE(first.sequence_number_range.ending_sequence_number) << "it is open again";
  }
}

// The stream of an engine that dies and comes back, and whoever reads it goes on.
class StreamThroughLives final : public server::UnusedDatabase {
 public:
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    if (engine == nullptr) return gone();
    return engine->describe_stream(request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    if (engine == nullptr) return gone();
    return engine->get_shard_iterator(request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    if (engine == nullptr) return gone();
    return engine->get_records(request);
  }

  std::unique_ptr<EngineOnDisk> engine;

 private:
  static Error gone() { return {ErrorCode::unavailable, "Nobody there"}; }
};

// An engine on a disk of its own, which one thread writes to, and a consumer that follows it step
// by step and outlives it.
class FollowedEngine {
 public:
  explicit FollowedEngine(std::uint64_t seed) : disk(seed) {
    start_engine();
    make_table(*stream.engine);
    arn = support::stream_of(*stream.engine, table);
    consumer = StreamConsumer::open(stream, *checkpoints,
                                    {.stream_arn = arn,
                                     .group = "g",
                                     .on_gap =
                                         [](const StreamGap& gap) {
                                           ADD_FAILURE() << "A gap though nothing was lost: "
                                                         << to_text(gap.kind);
                                           return StreamGapAnswer::go_on;
                                         },
                                     .clock = &clock,
                                     .now = [this] { return streams::moment_of(clock); }},
                                    [this](const StreamBatch& batch) {
                                      for (const ChangeRecord& record : batch.records) {
                                        handled.push_back(record.dynamodb.sequence_number);
                                        told.records.emplace(handled.back(), record);
                                      }
                                      return StreamOutcome::ok();
                                    })
                   .value();
    consumer->start().value();
  }

  // Its clock stands where it stood when the first began: what it gives next follows from what is
  // on the disk alone.
  void start_engine() { stream.engine = std::make_unique<EngineOnDisk>(disk, engine_clock); }

  void follow(std::chrono::milliseconds span) {
    EXPECT_TRUE(streams::go_on(*consumer, clock, span).value());
  }

  // False: the power went.
  bool write() {
    constexpr int writes = 30;
    constexpr int items = 6;
    for (int i = 0; i < writes; ++i) {
      if (i % 4 == 2 && !stream.engine->roll(arn)) return false;
      ++turn;
      const bool removes = i % 5 == 4;
      const bool is_transaction = i % 4 == 1;
      std::vector<Item> made;
      for (int item = 0; !removes && item < (is_transaction ? 3 : 1); ++item) {
        made.push_back({{"name", std::to_string((i + item) % items)}, {"turn", turn}});
        told.begun.emplace(made.back().at("name").as_string(), turn);
      }
      std::optional<StreamPoint> point;
      if (removes) {
        const auto done =
            stream.engine->delete_item({.table_name = table,
                                        .key = Key{{"name", std::to_string(i % items)}},
                                        .want_stream_point = true});
        if (!done) return false;
        point = done->stream_point;
      } else if (is_transaction) {
        std::vector<TransactWriteItem> actions;
        for (const Item& item : made) {
          actions.push_back({.put = TransactPut{.table_name = table, .item = item}});
        }
        const auto done = stream.engine->transact_write_items(
            {.transact_items = actions, .want_stream_point = true});
        if (!done) return false;
        point = done->stream_point;
      } else {
        const auto done = stream.engine->put_item(
            {.table_name = table, .item = made.front(), .want_stream_point = true});
        if (!done) return false;
        point = done->stream_point;
      }
      for (const Item& item : made) told.done.emplace(item.at("name").as_string(), turn);
      last_told = std::max(last_told, point.value().position);
      follow(400ms);
    }
    return true;
  }

  // The consumer has been handed what there is, each item's in order, and nothing else or twice.
  void expect_followed() {
    const auto records = support::read_stream(*stream.engine, arn);
    for (int i = 0; i < 300 && handled.size() < records.size(); ++i) follow(1s);
    std::map<std::string, std::string> last;
    for (const std::string& number : handled) {
      const std::string& name = told.records.at(number).dynamodb.keys.at("name").as_string();
      EXPECT_LT(last[name], number);
      last[name] = number;
    }
    std::vector<std::string> of_stream;
    for (const ChangeRecord& record : records) {
      of_stream.push_back(record.dynamodb.sequence_number);
    }
    std::vector<std::string> of_consumer = handled;
    std::sort(of_stream.begin(), of_stream.end());
    std::sort(of_consumer.begin(), of_consumer.end());
    EXPECT_EQ(of_consumer, of_stream);
  }

  ManualClock engine_clock{Time(std::chrono::hours(490'000))};
  ManualClock clock{Time(std::chrono::hours(490'000))};
  test::PowerLossDisk disk;
  StreamThroughLives stream;
  std::string arn;
  Told told;
  std::vector<std::string> handled;  // numbers
  int turn = 0;
  std::string last_told;  // the greatest number that a writer was told
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  std::unique_ptr<StreamConsumer> consumer;
};

// The acceptance scenario C6.
TEST(StreamPowerLoss, C6AtAnySyncTableAndStreamAgreeNoNumberComesAgainAndAConsumerGoesOn) {
  std::uint64_t sync = 1;
  for (; !HasFailure(); ++sync) {
    SCOPED_TRACE("sync " + std::to_string(sync));
    FollowedEngine world(sync);
    world.disk.power_off_at_sync(sync);
    if (world.write()) break;  // past the last
    world.disk.power_off();
    world.stream.engine.reset();
    world.follow(30s);  // nobody there
    world.disk.power_on();
    world.start_engine();
    expect_truth(*world.stream.engine, world.told);
    world.expect_followed();

    const std::size_t before = world.handled.size();
    std::string last = world.last_told;
    for (const std::string& number : world.handled) last = std::max(last, number);
    ASSERT_TRUE(world.write());
    expect_truth(*world.stream.engine, world.told);
    world.expect_followed();
    for (std::size_t i = before; i < world.handled.size(); ++i) {
      EXPECT_GT(world.handled[i], last) << "was given before";
    }
  }
  EXPECT_GT(sync, 20U);
}

}  // namespace
}  // namespace dynakeep::engine
