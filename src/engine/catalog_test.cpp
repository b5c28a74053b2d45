#include "engine/catalog.h"

#include <atomic>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/test_engine.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

Table plain_table(std::string name) {
  Table table;
  table.name = std::move(name);
  table.attribute_definitions = {{.attribute_name = "id", .attribute_type = ScalarType::string},
                                 {.attribute_name = "plays", .attribute_type = ScalarType::number}};
  table.keys = {.partition = "id"};
  return table;
}

Index index_on_plays(std::string name) {
  return {.name = std::move(name),
          .kind = IndexKind::global,
          .keys = {.partition = "plays", .partition_type = ScalarType::number},
          .projection = {.projection_type = ProjectionType::keys_only}};
}

Result<void> no_objection(const Table&) { return {}; }

TEST(Catalog, FindsTablesByNameAndByArn) {
  const TestEngine engine;
  const TablePointer created = engine->catalog.create(plain_table("Songs")).value();
  EXPECT_EQ(engine->catalog.find("Songs").value(), created);
  EXPECT_EQ(engine->catalog.find("arn:aws:dynamodb:us-east-1:000000000000:table/Songs").value(),
            created);
  for (const char* other : {"songs", "Song", "arn:aws:dynamodb:us-east-1:000000000000:table/Song",
                            "arn:aws:dynamodb:eu-west-1:000000000000:table/Songs",
                            "arn:aws:dynamodb:us-east-1:000000000000:table/Songs/index/x"}) {
    const auto found = engine->catalog.find(other);
    ASSERT_FALSE(found) << other;
    EXPECT_EQ(found.error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(found.error().message(), "Requested resource not found");
  }
  EXPECT_EQ(engine->catalog.find_for_table_operation("Song").error().message(),
            "Requested resource not found: Table: Song not found");
}

TEST(Catalog, FindsInEachCatalogItsOwn) {
  const TestEngine one;
  const TestEngine other;
  const TablePointer in_one = one->catalog.create(plain_table("Songs")).value();
  EXPECT_EQ(one->catalog.find("Songs").value(), in_one);
  EXPECT_FALSE(other->catalog.find("Songs"));
  const TablePointer in_other = other->catalog.create(plain_table("Songs")).value();
  EXPECT_EQ(other->catalog.find("Songs").value(), in_other);
  EXPECT_EQ(one->catalog.find("Songs").value(), in_one);
  ASSERT_TRUE(one->catalog.drop("Songs", no_objection));
  EXPECT_FALSE(one->catalog.find("Songs"));
  EXPECT_EQ(other->catalog.find("Songs").value(), in_other);
}

TEST(Catalog, ListsNamesInBytewiseOrder) {
  const TestEngine engine;
  for (const char* name : {"b-2", "abc", "Zed", "b.1", "b_3"}) {
    ASSERT_TRUE(engine->catalog.create(plain_table(name)));
  }
  const auto& catalog = engine->catalog;
  EXPECT_EQ(catalog.names_after("", 10),
            (std::vector<std::string>{"Zed", "abc", "b-2", "b.1", "b_3"}));
  EXPECT_EQ(catalog.names_after("abc", 2), (std::vector<std::string>{"b-2", "b.1"}));
  EXPECT_EQ(catalog.names_after("b.0", 1), (std::vector<std::string>{"b.1"}));
  EXPECT_TRUE(catalog.names_after("b_3", 10).empty());
}

TEST(Catalog, AChangeLeavesTheSnapshotThatIsInUse) {
  const TestEngine engine;
  const TablePointer before = engine->catalog.create(plain_table("Songs")).value();
  EXPECT_TRUE(Catalog::is_current(*before));
  const auto after = engine->catalog.change("Songs", [](const Table& last) -> Result<Table> {
    Table next = last;
    next.deletion_protection = true;
    return next;
  });
  ASSERT_TRUE(after);
  EXPECT_FALSE(Catalog::is_current(*before));
  EXPECT_TRUE(Catalog::is_current(**after));
  EXPECT_FALSE(before->deletion_protection);
  EXPECT_TRUE((*after)->deletion_protection);
  EXPECT_EQ((*after)->id, before->id);
  EXPECT_EQ((*after)->space, before->space);
  EXPECT_EQ(engine->catalog.find("Songs").value(), *after);
}

TEST(Catalog, ARefusedChangeChangesNothing) {
  const TestEngine engine;
  const TablePointer before = engine->catalog.create(plain_table("Songs")).value();
  const auto refused = engine->catalog.change(
      "Songs", [](const Table&) -> Result<Table> { return Error::validation("no"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "no");
  const auto kept = engine->catalog.drop(
      "Songs", [](const Table&) -> Result<void> { return Error::validation("not now"); });
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message(), "not now");
  EXPECT_TRUE(Catalog::is_current(*before));
  EXPECT_EQ(engine->catalog.find("Songs").value(), before);
  EXPECT_TRUE(engine->catalog.dropped_spaces().empty());
}

TEST(Catalog, NeverGivesASpaceTwice) {
  TestEngine engine;
  std::set<storage::SpaceId> given;
  const auto take_all = [&](const Table& table) {
    EXPECT_TRUE(given.insert(table.space).second);
    for (const Index& index : table.indexes) EXPECT_TRUE(given.insert(index.space).second);
  };
  for (int round = 0; round < 3; ++round) {
    Table table = plain_table("Songs");
    table.indexes = {index_on_plays("one"), index_on_plays("two")};
    take_all(*engine->catalog.create(std::move(table)).value());
    ASSERT_TRUE(engine->catalog.drop("Songs", no_objection));
    for (const auto space : engine->catalog.dropped_spaces()) {
      ASSERT_TRUE(engine->catalog.space_erased(space));
    }
    engine.reopen();
  }
  EXPECT_EQ(given.size(), 9u);
}

TEST(Catalog, RemembersWhatIsLeftToErase) {
  TestEngine engine;
  Table table = plain_table("Songs");
  table.indexes = {index_on_plays("one"), index_on_plays("two")};
  const TablePointer created = engine->catalog.create(std::move(table)).value();
  // An index goes first, then the table with the other.
  ASSERT_TRUE(engine->catalog.change("Songs", [](const Table& last) -> Result<Table> {
    Table next = last;
    next.indexes.erase(next.indexes.begin());
    return next;
  }));
  EXPECT_EQ(engine->catalog.dropped_spaces(),
            (std::vector<storage::SpaceId>{created->indexes[0].space}));
  ASSERT_TRUE(engine->catalog.drop("Songs", no_objection));
  engine.reopen();
  EXPECT_EQ(engine->catalog.dropped_spaces(),
            (std::vector<storage::SpaceId>{created->space, created->indexes[0].space,
                                           created->indexes[1].space}));
  for (const auto space : engine->catalog.dropped_spaces()) {
    ASSERT_TRUE(engine->catalog.space_erased(space));
  }
  engine.reopen();
  EXPECT_TRUE(engine->catalog.dropped_spaces().empty());
}

TEST(Catalog, WhatAnIndexKeepsFollowsFromItsProjection) {
  const TestEngine engine;
  Table table = plain_table("Songs");
  table.indexes = {index_on_plays("keys"), index_on_plays("some"), index_on_plays("all")};
  table.indexes[1].projection = {.projection_type = ProjectionType::include,
                                 .non_key_attributes = std::vector<std::string>{"year", "id", "b"}};
  table.indexes[2].projection = {.projection_type = ProjectionType::all};
  const TablePointer created = engine->catalog.create(std::move(table)).value();
  EXPECT_FALSE(created->indexes[0].keeps_all);
  EXPECT_EQ(created->indexes[0].kept, (std::vector<std::string>{"id", "plays"}));
  EXPECT_EQ(created->indexes[1].kept, (std::vector<std::string>{"b", "id", "plays", "year"}));
  EXPECT_TRUE(created->indexes[2].keeps_all);
}

// The promise that index creation and drops rest on: a change returns only when every writer that
// took the old definition for current has let go of its locks.
TEST(Catalog, AChangeReturnsOnceNoWriterWorksByTheOldDefinition) {
  const TestEngine engine;
  const TablePointer before = engine->catalog.create(plain_table("Songs")).value();
  std::atomic<bool> writing = false;
  std::promise<void> locked;
  std::promise<void> go_on;
  std::jthread writer([&] {
    const auto guard = engine->locks.lock("some item");
    writing = Catalog::is_current(*before);
    locked.set_value();
    go_on.get_future().wait();
    writing = false;
  });
  locked.get_future().wait();
  ASSERT_TRUE(writing);
  auto changed = std::async(std::launch::async, [&] {
    auto after = engine->catalog.change("Songs", [](const Table& last) { return Result(last); });
    EXPECT_FALSE(writing);
    return after;
  });
  while (Catalog::is_current(*before)) std::this_thread::yield();
  EXPECT_TRUE(writing);  // superseded, but its writer is still at it
  go_on.set_value();
  EXPECT_TRUE(changed.get());
}

TEST(Catalog, LookingUpGoesOnThroughChanges) {
  const TestEngine engine;
  ASSERT_TRUE(engine->catalog.create(plain_table("Songs")));
  std::atomic<bool> stop = false;
  std::vector<std::jthread> readers;
  readers.reserve(2);
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto table = engine->catalog.find("Songs");
        if (!table) continue;
        EXPECT_EQ((*table)->name, "Songs");
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(engine->catalog.change("Songs", [](const Table& last) { return Result(last); }));
    ASSERT_TRUE(engine->catalog.drop("Songs", no_objection));
    ASSERT_TRUE(engine->catalog.create(plain_table("Songs")));
  }
  stop = true;
}

TEST(Catalog, RefusesADamagedRecord) {
  const TestEngine engine;
  ASSERT_TRUE(engine->catalog.create(plain_table("Songs")));
  storage::WriteSet writes;
  writes.put(storage::Family::meta, "TSongs", "nonsense");
  ASSERT_TRUE(engine->store.commit(writes));
  const auto opened =
      Catalog::open(engine->store, engine->locks, engine->streams, engine.clock, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::internal_server_error);
  EXPECT_EQ(opened.error().message(), "The record of table Songs on disk is damaged");
}

}  // namespace
}  // namespace dynakeep::engine
