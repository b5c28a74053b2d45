#include "engine/read_page.h"

#include <gtest/gtest.h>

#include "engine/song_tables.h"

namespace dynakeep::engine {
namespace {

PagePlan whole(const TablePointer& table) {
  return {.table = table, .range = storage::space_range(table->space)};
}

TEST(ReadPage, AsksToBeginAgainWhenTheTableIsAnotherByNow) {
  TestEngine engine;
  const auto table = engine->catalog.create(plain_table()).value();
  put(engine, "Plain", {{"id", "a"}});
  EXPECT_EQ(read_page(*engine, whole(table)).value()->count, 1);
  engine->catalog.change("Plain", [](const Table& old) -> Result<Table> { return old; }).value();
  EXPECT_FALSE(read_page(*engine, whole(table)).value());
  EXPECT_EQ(read_page(*engine, whole(engine->catalog.find("Plain").value())).value()->count, 1);
}

TEST(ReadPage, BoundsWhatItSendsForByTheMegabyte) {
  TestEngine engine;
  const auto table = engine->catalog.create(songs_table()).value();
  for (int i = 0; i < 5; ++i) {
    put(engine, "Songs",
        {{"artist", "Nina"}, {"year", i}, {"title", "t"}, {"text", std::string(390'000, 'x')}});
  }
  const Index* by_title = table->find_index("byTitle");
  PagePlan plan{.table = table,
                .index = by_title,
                .range = storage::space_range(by_title->space),
                .fetches_items = true};
  const auto page = read_page(*engine, plan).value();
  EXPECT_EQ(page->count, 3);
  EXPECT_TRUE(page->last_evaluated_key);
  EXPECT_EQ(page->read_units, 0.5);
  EXPECT_EQ(page->fetch_units, 3 * 48);
}

TEST(ReadPage, TellsOfAnEntryWithoutItsItem) {
  TestEngine engine;
  const auto table = engine->catalog.create(songs_table()).value();
  put(engine, "Songs", {{"artist", "Nina"}, {"year", 1}, {"title", "t"}});
  storage::WriteSet writes;
  {
    auto cursor = engine->store.cursor(storage::Family::data, storage::space_range(table->space));
    ASSERT_TRUE(cursor.valid());
    writes.erase(storage::Family::data, cursor.key());
  }
  ASSERT_TRUE(engine->store.commit(writes));
  const Index* by_title = table->find_index("byTitle");
  PagePlan plan{.table = table,
                .index = by_title,
                .range = storage::space_range(by_title->space),
                .fetches_items = true};
  const auto page = read_page(*engine, plan);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), ErrorCode::internal_server_error);
}

}  // namespace
}  // namespace dynakeep::engine
