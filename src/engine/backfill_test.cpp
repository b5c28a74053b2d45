#include "engine/backfill.h"

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/index_entries.h"
#include "engine/item_key.h"
#include "engine/operations/create_table.h"
#include "engine/operations/delete_item.h"
#include "engine/operations/delete_table.h"
#include "engine/operations/put_item.h"
#include "engine/operations/update_table.h"
#include "engine/test_engine.h"
#include "engine/upkeep.h"
#include "model/encoded_item.h"

namespace dynakeep::engine {
namespace {

using storage::Family;

void create_songs(const Engine& engine) {
  const auto created = create_table(
      engine, {.table_name = "Songs",
               .attribute_definitions =
                   std::vector<AttributeDefinition>{
                       {.attribute_name = "id", .attribute_type = ScalarType::number}},
               .key_schema = KeySchema{{.attribute_name = "id", .key_type = KeyType::hash}},
               .billing_mode = BillingMode::pay_per_request});
  ASSERT_TRUE(created) << created.error().message();
}

void add_index_of_year(const Engine& engine) {
  const auto updated = update_table(
      engine,
      {.table_name = "Songs",
       .attribute_definitions =
           std::vector<AttributeDefinition>{
               {.attribute_name = "year", .attribute_type = ScalarType::number}},
       .global_secondary_index_updates = std::vector<GlobalSecondaryIndexUpdate>{
           {.create = CreateGlobalSecondaryIndexAction{
                .index_name = "of_year",
                .key_schema = KeySchema{{.attribute_name = "year", .key_type = KeyType::hash}},
                .projection = Projection{.projection_type = ProjectionType::all}}}}});
  ASSERT_TRUE(updated) << updated.error().message();
}

void put(const Engine& engine, const Item& item) {
  const auto done = put_item(engine, {.table_name = "Songs", .item = item});
  ASSERT_TRUE(done) << done.error().message();
}

std::map<std::string, std::string> all_of(const Engine& engine, storage::SpaceId space) {
  std::map<std::string, std::string> all;
  auto cursor = engine.store.cursor(Family::data, storage::space_range(space));
  for (; cursor.valid(); cursor.next()) all.emplace(cursor.key(), cursor.value());
  EXPECT_TRUE(cursor.result());
  return all;
}

// An entry for each item that has one, no more, each as its item says; and the counts of them.
void expect_index_matches_table(const Engine& engine) {
  const TablePointer table = engine.catalog.find("Songs").value();
  ASSERT_EQ(table->indexes.size(), 1u);
  const Index& index = table->indexes[0];
  std::map<std::string, std::string> expected;
  Count count;
  for (const auto& [key, item] : all_of(engine, table->space)) {
    const model::MapView view = model::view_item(item);
    if (!is_in_index(index, view)) continue;
    const std::string entry = index_entry(index, view);
    expected.emplace(index_entry_key(*table, index, view), entry);
    count +=
        {.items = 1, .bytes = static_cast<std::int64_t>(model::size_of(model::view_item(entry)))};
  }
  EXPECT_EQ(all_of(engine, index.space), expected);
  EXPECT_EQ(index.count->total(), count);
}

storage::SpaceId index_space(const Engine& engine) {
  return engine.catalog.find("Songs").value()->indexes.at(0).space;
}
IndexStatus index_status(const Engine& engine) {
  return engine.catalog.find("Songs").value()->indexes.at(0).status;
}

TEST(Backfill, EntersWhatWasThereBefore) {
  const TestEngine engine;
  create_songs(*engine);
  for (int i = 0; i < 10; ++i) put(*engine, Item{{"id", i}, {"year", 1950 + i % 3}});
  add_index_of_year(*engine);
  EXPECT_EQ(all_of(*engine, index_space(*engine)).size(), 0u);
  EXPECT_EQ(index_status(*engine), IndexStatus::creating);
  ASSERT_TRUE(keep_up(*engine, {}));
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
  EXPECT_EQ(all_of(*engine, index_space(*engine)).size(), 10u);
  expect_index_matches_table(*engine);
  std::string progress;
  EXPECT_FALSE(
      engine->store.get(Family::meta, backfill_key(index_space(*engine)), progress).value());
}

TEST(Backfill, LeavesOutItemsWithoutTheAttributeOrOfAnotherType) {
  const TestEngine engine;
  create_songs(*engine);
  put(*engine, Item{{"id", 1}, {"year", 1958}});
  put(*engine, Item{{"id", 2}});
  put(*engine, Item{{"id", 3}, {"year", "1958"}});
  put(*engine, Item{{"id", 4}, {"year", AttributeList{1958}}});
  add_index_of_year(*engine);
  ASSERT_TRUE(keep_up(*engine, {}));
  EXPECT_EQ(all_of(*engine, index_space(*engine)).size(), 1u);
  expect_index_matches_table(*engine);
}

TEST(Backfill, OfAnEmptyTableIsDoneAtOnce) {
  const TestEngine engine;
  create_songs(*engine);
  add_index_of_year(*engine);
  const TablePointer table = engine->catalog.find("Songs").value();
  EXPECT_TRUE(backfill_step(*engine, *table, index_space(*engine), 1).value());
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
}

// Whatever a writer does between two steps, to an item that has been entered or one that has not.
TEST(Backfill, AgreesWithWritersWhicheverComesFirst) {
  const TestEngine engine;
  create_songs(*engine);
  constexpr int items = 12;
  for (int i = 0; i < items; ++i) put(*engine, Item{{"id", i}, {"year", 1950}});
  add_index_of_year(*engine);
  const TablePointer table = engine->catalog.find("Songs").value();
  const auto space = index_space(*engine);
  for (int step = 0; step < items / 2; ++step) {
    ASSERT_FALSE(backfill_step(*engine, *table, space, 1).value());
  }
  // Half of the items are in, and nobody knows which: do to all of each kind of change.
  for (int i = 0; i < items; i += 4) {
    put(*engine, Item{{"id", i}, {"year", 1950}, {"lyrics", "longer"}});  // the same entry's value
    put(*engine, Item{{"id", i + 1}, {"year", 1960}});                    // another entry
    put(*engine, Item{{"id", i + 2}});                                    // no entry any more
    ASSERT_TRUE(delete_item(*engine, {.table_name = "Songs", .key = Key{{"id", i + 3}}}));
  }
  put(*engine, Item{{"id", 100}, {"year", 1970}});
  bool done = false;
  for (int step = 0; !done && step < 100; ++step) {
    done = backfill_step(*engine, *table, space, 1).value();
  }
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
  expect_index_matches_table(*engine);
}

TEST(Backfill, GoesOnAfterARestartWhereItWas) {
  TestEngine engine;
  create_songs(*engine);
  for (int i = 0; i < 20; ++i) put(*engine, Item{{"id", i}, {"year", 1950 + i}});
  add_index_of_year(*engine);
  const auto space = index_space(*engine);
  const TablePointer table = engine->catalog.find("Songs").value();
  ASSERT_FALSE(backfill_step(*engine, *table, space, 12).value());
  const auto entered = all_of(*engine, space);
  EXPECT_EQ(entered.size(), 12u);
  engine.reopen();
  EXPECT_EQ(index_status(*engine), IndexStatus::creating);
  const TablePointer again = engine->catalog.find("Songs").value();
  EXPECT_TRUE(backfill_step(*engine, *again, space, 12).value());  // the other 8 in one step
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
  expect_index_matches_table(*engine);
  engine.reopen();
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
  expect_index_matches_table(*engine);
}

TEST(Backfill, EndsWhenTheTableHasGone) {
  const TestEngine engine;
  create_songs(*engine);
  put(*engine, Item{{"id", 1}, {"year", 1950}});
  add_index_of_year(*engine);
  const TablePointer table = engine->catalog.find("Songs").value();
  const auto space = index_space(*engine);
  ASSERT_TRUE(delete_table(*engine, {.table_name = "Songs"}));
  EXPECT_TRUE(backfill_step(*engine, *table, space, 1).value());
  create_songs(*engine);  // another table of that name is none of its business
  add_index_of_year(*engine);
  EXPECT_TRUE(backfill_step(*engine, *table, space, 1).value());
  EXPECT_EQ(index_status(*engine), IndexStatus::creating);
}

TEST(Backfill, IsRightUnderWritersThatDoNotStop) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const TestEngine engine;
  create_songs(*engine);
  constexpr int items = 400;
  for (int i = 0; i < items; ++i) put(*engine, Item{{"id", i}, {"year", 1950 + i % 7}});
  std::atomic<bool> stop = false;
  std::vector<std::jthread> writers;
  for (std::uint64_t writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      std::mt19937_64 random(seed + writer);
      while (!stop) {
        const int id = static_cast<int>(random() % (items + 50));
        if (random() % 4 == 0) {
          EXPECT_TRUE(delete_item(*engine, {.table_name = "Songs", .key = Key{{"id", id}}}));
        } else if (random() % 4 == 0) {
          put(*engine, Item{{"id", id}});
        } else {
          put(*engine, Item{{"id", id}, {"year", 1950 + static_cast<int>(random() % 7)}});
        }
      }
    });
  }
  add_index_of_year(*engine);
  ASSERT_TRUE(keep_up(*engine, {}));
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
  stop = true;
  writers.clear();
  expect_index_matches_table(*engine);
}

// ---- upkeep ----

TEST(Upkeep, ErasesADroppedTableAndLeavesItsSuccessorAlone) {
  const TestEngine engine;
  create_songs(*engine);
  add_index_of_year(*engine);
  for (int i = 0; i < 10; ++i) put(*engine, Item{{"id", i}, {"year", 1950}});
  ASSERT_TRUE(keep_up(*engine, {}));
  const TablePointer first = engine->catalog.find("Songs").value();
  ASSERT_TRUE(delete_table(*engine, {.table_name = "Songs"}));
  create_songs(*engine);
  const TablePointer second = engine->catalog.find("Songs").value();
  EXPECT_NE(second->id, first->id);
  EXPECT_TRUE(all_of(*engine, second->space).empty());
  EXPECT_EQ(second->count->total(), Count{});
  put(*engine, Item{{"id", 1}});

  EXPECT_EQ(all_of(*engine, first->space).size(), 10u);
  ASSERT_TRUE(keep_up(*engine, {}));
  EXPECT_TRUE(all_of(*engine, first->space).empty());
  EXPECT_TRUE(all_of(*engine, first->indexes[0].space).empty());
  EXPECT_EQ(all_of(*engine, second->space).size(), 1u);
  EXPECT_EQ(second->count->total().items, 1);
  std::string lane;
  for (std::size_t stripe = 0; stripe < storage::KeyLocks::stripes; ++stripe) {
    EXPECT_FALSE(engine->store.get(Family::meta, lane_key(first->space, stripe), lane).value());
  }
}

TEST(Upkeep, ErasesAfterARestartWhatWasDroppedBefore) {
  TestEngine engine;
  create_songs(*engine);
  for (int i = 0; i < 10; ++i) put(*engine, Item{{"id", i}});
  const auto space = engine->catalog.find("Songs").value()->space;
  ASSERT_TRUE(delete_table(*engine, {.table_name = "Songs"}));
  engine.reopen();
  EXPECT_EQ(all_of(*engine, space).size(), 10u);
  ASSERT_TRUE(keep_up(*engine, {}));
  EXPECT_TRUE(all_of(*engine, space).empty());
  EXPECT_TRUE(engine->catalog.dropped_spaces().empty());
}

TEST(Upkeep, StopsWhenAskedAndLeavesTheRest) {
  const TestEngine engine;
  create_songs(*engine);
  put(*engine, Item{{"id", 1}, {"year", 1950}});
  add_index_of_year(*engine);
  std::stop_source stop;
  stop.request_stop();
  ASSERT_TRUE(keep_up(*engine, stop.get_token()));
  EXPECT_EQ(index_status(*engine), IndexStatus::creating);
}

TEST(Upkeep, TheThreadDoesWhatChangesAskFor) {
  const TestEngine engine;
  Upkeep upkeep(*engine);
  create_songs(*engine);
  for (int i = 0; i < 100; ++i) put(*engine, Item{{"id", i}, {"year", 1950}});
  add_index_of_year(*engine);
  upkeep.wait_until_idle();
  EXPECT_EQ(index_status(*engine), IndexStatus::active);
  expect_index_matches_table(*engine);
  const auto space = engine->catalog.find("Songs").value()->space;
  ASSERT_TRUE(delete_table(*engine, {.table_name = "Songs"}));
  upkeep.wait_until_idle();
  EXPECT_TRUE(all_of(*engine, space).empty());
}

}  // namespace
}  // namespace dynakeep::engine
