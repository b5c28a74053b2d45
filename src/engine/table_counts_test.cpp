#include "engine/table_counts.h"

#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "engine/operations/batch_write_item.h"
#include "engine/operations/create_table.h"
#include "engine/operations/delete_item.h"
#include "engine/operations/put_item.h"
#include "engine/operations/transact_write_items.h"
#include "engine/operations/update_item.h"
#include "engine/test_engine.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

using storage::Family;

TEST(CountChanges, WriteTheLaneOfThePage) {
  const TestEngine engine;
  Table table;  // docs/formats/catalog.md
  table.space = 7;
  table.indexes = {{.name = "index", .space = 8}};
  CountChanges counts;
  counts.add(table, 3, CountChanges::table_slot, {.items = 1, .bytes = 200});
  counts.add(table, 3, CountChanges::table_slot, {.items = 1, .bytes = 100});
  counts.add(table, 3, CountChanges::index_slot(0), {.items = 1, .bytes = 40});
  storage::WriteSet writes;
  counts.write_to(writes);
  ASSERT_TRUE(engine->store.commit(writes));

  EXPECT_EQ(base::to_hex(lane_key(7, 3)), "4c0000000703");
  std::string lane;
  ASSERT_TRUE(engine->store.get(Family::meta, lane_key(7, 3), lane).value());
  EXPECT_EQ(base::to_hex(lane), "010702ac02080128");

  EXPECT_EQ(table.count->total(), Count{});  // not before it is said to be committed
  counts.apply();
  EXPECT_EQ(table.count->total(), (Count{.items = 2, .bytes = 300}));
  EXPECT_EQ(table.indexes[0].count->total(), (Count{.items = 1, .bytes = 40}));
}

TEST(CountChanges, AddUpOverLanesAndTables) {
  const TestEngine engine;
  Table songs;
  songs.space = 1;
  Table albums;
  albums.space = 2;
  CountChanges counts;
  for (std::size_t stripe = 0; stripe < 5; ++stripe) {
    counts.add(songs, stripe, CountChanges::table_slot, {.items = 1, .bytes = 10});
    counts.add(albums, stripe, CountChanges::table_slot, {.items = 2, .bytes = 20});
  }
  counts.add(songs, 2, CountChanges::table_slot, {.items = -1, .bytes = -10});
  storage::WriteSet writes;
  counts.write_to(writes);
  ASSERT_TRUE(engine->store.commit(writes));
  counts.apply();
  EXPECT_EQ(songs.count->total(), (Count{.items = 4, .bytes = 40}));
  EXPECT_EQ(songs.count->lane(2), Count{});
  EXPECT_EQ(albums.count->total(), (Count{.items = 10, .bytes = 100}));

  Table songs_again;
  songs_again.space = 1;
  ASSERT_TRUE(load_counts(engine->store, songs_again));
  EXPECT_EQ(songs_again.count->total(), songs.count->total());
}

TEST(LoadCounts, LeavesOutIndexesThatTheTableHasNoMore) {
  const TestEngine engine;
  Table table;
  table.space = 1;
  table.indexes = {{.name = "gone", .space = 2}, {.name = "kept", .space = 3}};
  CountChanges counts;
  counts.add(table, 0, CountChanges::table_slot, {.items = 1, .bytes = 10});
  counts.add(table, 0, CountChanges::index_slot(0), {.items = 1, .bytes = 20});
  counts.add(table, 0, CountChanges::index_slot(1), {.items = 1, .bytes = 30});
  storage::WriteSet writes;
  counts.write_to(writes);
  ASSERT_TRUE(engine->store.commit(writes));

  Table later;
  later.space = 1;
  later.indexes = {{.name = "kept", .space = 3}, {.name = "new", .space = 4}};
  ASSERT_TRUE(load_counts(engine->store, later));
  EXPECT_EQ(later.count->total(), (Count{.items = 1, .bytes = 10}));
  EXPECT_EQ(later.indexes[0].count->total(), (Count{.items = 1, .bytes = 30}));
  EXPECT_EQ(later.indexes[1].count->total(), Count{});
}

TEST(LoadCounts, RefusesADamagedLane) {
  const TestEngine engine;
  Table table;
  table.name = "Songs";
  table.space = 1;
  storage::WriteSet writes;
  writes.put(Family::meta, lane_key(1, 0), std::string("\x01\x01\x80", 3));
  ASSERT_TRUE(engine->store.commit(writes));
  const auto loaded = load_counts(engine->store, table);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message(), "The counts of table Songs on disk are damaged");
}

// What is really there.
Count counted(const Engine& engine, storage::SpaceId space) {
  Count count;
  auto cursor = engine.store.cursor(Family::data, storage::space_range(space));
  for (; cursor.valid(); cursor.next()) {
    count += {.items = 1,
              .bytes = static_cast<std::int64_t>(model::size_of(model::view_item(cursor.value())))};
  }
  EXPECT_TRUE(cursor.result());
  return count;
}

void expect_exact_counts(const Engine& engine) {
  const TablePointer table = engine.catalog.find("Songs").value();
  EXPECT_EQ(table->count->total(), counted(engine, table->space));
  for (const Index& index : table->indexes) {
    EXPECT_EQ(index.count->total(), counted(engine, index.space)) << index.name;
  }
}

CreateTableRequest songs_with_indexes() {
  const auto attribute = [](const char* name, ScalarType type) {
    return AttributeDefinition{.attribute_name = name, .attribute_type = type};
  };
  const auto key = [](const char* partition, const char* sort) {
    return KeySchema{{.attribute_name = partition, .key_type = KeyType::hash},
                     {.attribute_name = sort, .key_type = KeyType::range}};
  };
  return {.table_name = "Songs",
          .attribute_definitions =
              std::vector<AttributeDefinition>{attribute("artist", ScalarType::string),
                                               attribute("title", ScalarType::string),
                                               attribute("year", ScalarType::number)},
          .key_schema = key("artist", "title"),
          .local_secondary_indexes =
              std::vector<LocalSecondaryIndex>{
                  {.index_name = "by_year",
                   .key_schema = key("artist", "year"),
                   .projection = Projection{.projection_type = ProjectionType::all}}},
          .global_secondary_indexes =
              std::vector<GlobalSecondaryIndex>{
                  {.index_name = "of_year",
                   .key_schema = key("year", "artist"),
                   .projection = Projection{.projection_type = ProjectionType::keys_only}}},
          .billing_mode = BillingMode::pay_per_request};
}

// One writer of random changes of all kinds; few items, so that most of them meet.
class RandomWriter {
 public:
  RandomWriter(const Engine& engine, std::uint64_t seed) : engine_(engine), random_(seed) {}

  void write() {
    switch (pick(5)) {
      case 0:
        expect_done(put_item(engine_, {.table_name = "Songs", .item = item()}));
        break;
      case 1:
        expect_done(delete_item(engine_, {.table_name = "Songs", .key = key()}));
        break;
      case 2:
        expect_done(update_item(
            engine_,
            {.table_name = "Songs",
             .key = key(),
             .update_expression = pick(2) == 0 ? "REMOVE #y SET lyrics = :v" : "SET #y = :v",
             .expression_attribute_names = ExpressionAttributeNames{{"#y", "year"}},
             .expression_attribute_values = Item{{":v", 1950 + pick(5)}}}));
        break;
      case 3:
        expect_done(batch_write_item(
            engine_, {.request_items = std::map<std::string, std::vector<WriteRequest>>{
                          {"Songs", {{.put = item("A")}, {.remove = key("B")}}}}}));
        break;
      default:
        expect_done(transact_write_items(
            engine_, {.transact_items = std::vector<TransactWriteItem>{
                          {.put = TransactPut{.table_name = "Songs", .item = item("A")}},
                          {.put = TransactPut{.table_name = "Songs", .item = item("B")}},
                          {.remove = TransactDelete{.table_name = "Songs", .key = key("C")}}}}));
    }
  }

 private:
  std::uint64_t pick(std::uint64_t choices) { return random_() % choices; }
  Key key(std::string artist = "") {
    if (artist.empty()) artist = std::string(1, static_cast<char>('A' + pick(4)));
    return Key{{"artist", artist}, {"title", std::to_string(pick(8))}};
  }
  Item item(std::string artist = "") {
    Item item = key(std::move(artist));
    if (pick(3) != 0) item["year"] = 1950 + static_cast<int>(pick(5));
    item["lyrics"] = std::string(pick(50), 'x');
    return item;
  }
  template <typename T>
  static void expect_done(const Result<T>& result) {
    EXPECT_TRUE(result) << result.error().message();
  }

  const Engine& engine_;
  std::mt19937_64 random_;
};

TEST(TableCounts, AreExactAfterRandomWritesAndARestart) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  TestEngine engine;
  ASSERT_TRUE(create_table(*engine, songs_with_indexes()));
  for (int round = 0; round < 2; ++round) {
    {
      std::vector<std::jthread> threads;
      for (std::uint64_t thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&engine, seed, thread] {
          RandomWriter writer(*engine, seed + thread);
          for (int i = 0; i < 300; ++i) writer.write();
        });
      }
    }
    expect_exact_counts(*engine);
    EXPECT_GT(engine->catalog.find("Songs").value()->count->total().items, 0);
    engine.reopen();
    expect_exact_counts(*engine);
  }
}

}  // namespace
}  // namespace dynakeep::engine
