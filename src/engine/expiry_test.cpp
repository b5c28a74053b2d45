#include "engine/expiry.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "engine/operations/delete_item.h"
#include "engine/operations/describe_time_to_live.h"
#include "engine/operations/get_item.h"
#include "engine/operations/get_records.h"
#include "engine/operations/get_shard_iterator.h"
#include "engine/operations/put_item.h"
#include "engine/operations/update_item.h"
#include "engine/operations/update_time_to_live.h"
#include "engine/song_tables.h"
#include "engine/upkeep.h"
#include "storage/key_value_store.h"

namespace dynakeep::engine {
namespace {

using namespace std::chrono_literals;

struct ExpiryTest : testing::Test {
  ExpiryTest() {
    engine.clock.set(Time(std::chrono::seconds(1'800'000'000)));
    Table table = plain_table();
    table.attribute_definitions = {{.attribute_name = "id", .attribute_type = ScalarType::string}};
    table.stream = StreamViewType::keys_only;
    engine->catalog.create(std::move(table)).value();
  }

  UpdateTimeToLiveRequest asked(bool enabled, std::string attribute = "expires") const {
    return {.table_name = "Plain",
            .time_to_live_specification = TimeToLiveSpecification{
                .enabled = enabled, .attribute_name = std::move(attribute)}};
  }
  void enable() { update_time_to_live(*engine, asked(true)).value(); }
  void fill() { keep_up(*engine, stop.get_token()).value(); }

  void put_for(const std::string& id, std::int64_t seconds) {
    put(engine, "Plain", {{"id", id}, {"expires", now() + seconds}});
  }
  std::int64_t now() const {
    return std::chrono::floor<std::chrono::seconds>(engine.clock.now().time_since_epoch()).count();
  }
  bool is_there(const std::string& id) const {
    return get_item(*engine, {.table_name = "Plain", .key = Item{{"id", id}}})
        .value()
        .item.has_value();
  }
  // The first step of a sweep.
  std::size_t sweep(std::size_t items_max = 1000) const {
    std::string place;
    return sweep_on(place, items_max).removed;
  }
  Swept sweep_on(std::string& place, std::size_t items_max) const {
    return sweep_expired(*engine, *engine->catalog.find("Plain").value(), items_max, place,
                         stop.get_token())
        .value();
  }
  // Entries of the table, whether of items or not.
  std::size_t entries() const {
    const auto table = engine->catalog.find("Plain").value();
    auto cursor = engine->store.cursor(storage::Family::data,
                                       storage::space_range(table->time_to_live->space));
    std::size_t count = 0;
    for (; cursor.valid(); cursor.next()) ++count;
    return count;
  }

  TestEngine engine;
  std::stop_source stop;
};

TEST_F(ExpiryTest, WhatHasExpiredGoesAndTheRestStays) {
  enable();
  fill();
  put_for("now", 0);
  put_for("before", -100);
  put_for("later", 10);
  put_for("long ago", -6LL * 365 * 24 * 3600);
  put(engine, "Plain", {{"id", "text"}, {"expires", "1"}});
  put(engine, "Plain", {{"id", "none"}});
  put(engine, "Plain", {{"id", "negative"}, {"expires", -5}});
  EXPECT_TRUE(is_there("before")) << "until it is swept";
  EXPECT_EQ(sweep(), 2u);
  EXPECT_FALSE(is_there("now"));
  EXPECT_FALSE(is_there("before"));
  for (const char* id : {"later", "long ago", "text", "none", "negative"}) {
    EXPECT_TRUE(is_there(id)) << id;
  }
  engine.clock.advance(10s);
  EXPECT_EQ(sweep(), 1u);
  EXPECT_FALSE(is_there("later"));
  EXPECT_EQ(sweep(), 0u);
}

TEST_F(ExpiryTest, AnItemThatGotAnotherTimeIsLeftAlone) {
  enable();
  fill();
  put_for("a", 10);
  put_for("b", 10);
  put_for("c", 10);
  put_for("a", 20);
  update_item(
      *engine,
      {.table_name = "Plain", .key = Item{{"id", "b"}}, .update_expression = "REMOVE expires"})
      .value();
  delete_item(*engine, {.table_name = "Plain", .key = Item{{"id", "c"}}}).value();
  EXPECT_EQ(entries(), 1u);
  engine.clock.advance(15s);
  EXPECT_EQ(sweep(), 0u);
  EXPECT_TRUE(is_there("a"));
  EXPECT_TRUE(is_there("b"));
}

TEST_F(ExpiryTest, ItemsFromBeforeExpireToo) {
  for (int i = 0; i < 100; ++i) put_for(std::to_string(i), 5);
  enable();
  put_for("3", 50);
  delete_item(*engine, {.table_name = "Plain", .key = Item{{"id", "4"}}}).value();
  fill();
  EXPECT_EQ(entries(), 99u);
  engine.clock.advance(5s);
  EXPECT_EQ(sweep(10), 10u) << "no more than asked for";
  EXPECT_EQ(sweep(), 88u);
  EXPECT_TRUE(is_there("3"));
}

TEST_F(ExpiryTest, ASweepGoesOnWhereItsLastStepEnded) {
  enable();
  fill();
  for (int i = 0; i < 25; ++i) put_for(std::to_string(i), i % 3);
  put_for("later", 60);
  engine.clock.advance(5s);
  std::string place;
  for (const std::size_t removed : {10u, 10u}) {
    const Swept swept = sweep_on(place, 10);
    EXPECT_EQ(swept.removed, removed);
    EXPECT_FALSE(swept.is_last);
  }
  put_for("expired already", -100);
  const Swept last = sweep_on(place, 10);
  EXPECT_EQ(last.removed, 5u);
  EXPECT_TRUE(last.is_last);
  EXPECT_TRUE(is_there("expired already")) << "which lies behind";
  EXPECT_EQ(sweep(), 1u) << "for the next one";
  EXPECT_TRUE(is_there("later"));
}

TEST_F(ExpiryTest, FillingGoesOnAfterARestart) {
  for (int i = 0; i < 100; ++i) put_for(std::to_string(i), 5);
  enable();
  EXPECT_FALSE(fill_expiry_step(*engine, *engine->catalog.find("Plain").value(), 10).value());
  engine.reopen();
  fill();
  EXPECT_EQ(entries(), 100u);
  EXPECT_TRUE(engine->catalog.find("Plain").value()->time_to_live->filled);
}

TEST_F(ExpiryTest, IsSwitchedOnAndOff) {
  const auto described = [&] {
    return describe_time_to_live(*engine, {.table_name = "Plain"}).value().time_to_live_description;
  };
  EXPECT_EQ(described().time_to_live_status, TimeToLiveStatus::disabled);
  EXPECT_FALSE(described().attribute_name);
  EXPECT_EQ(complaint(update_time_to_live(*engine, asked(false))),
            "TimeToLive is already disabled");
  enable();
  EXPECT_EQ(described().time_to_live_status, TimeToLiveStatus::enabled);
  EXPECT_EQ(described().attribute_name, "expires");
  EXPECT_EQ(complaint(update_time_to_live(*engine, asked(true))), "TimeToLive is already enabled");
  EXPECT_EQ(complaint(update_time_to_live(*engine, asked(false, "other"))),
            "TimeToLive is active on a different AttributeName: current AttributeName is expires");
  put_for("a", 0);
  update_time_to_live(*engine, asked(false)).value();
  fill();
  EXPECT_EQ(sweep(10), 0u);
  EXPECT_TRUE(engine->catalog.dropped_spaces().empty());
  EXPECT_EQ(complaint(update_time_to_live(*engine, {.table_name = "Plain"})),
            "1 validation error detected: Value null at 'timeToLiveSpecification' failed to "
            "satisfy constraint: Member must not be null");
}

TEST_F(ExpiryTest, StreamsTellTheServicesDoingFromAUsers) {
  enable();
  fill();
  put_for("a", 0);
  put_for("b", 0);
  delete_item(*engine, {.table_name = "Plain", .key = Item{{"id", "b"}}}).value();
  sweep();
  const auto stream = engine->catalog.find("Plain").value()->stream_log;
  const auto iterator =
      get_shard_iterator(*engine, {.stream_arn = stream->arn(),
                                   .shard_id = stream->state()->shards[0].id,
                                   .shard_iterator_type = ShardIteratorType::trim_horizon})
          .value();
  const auto records =
      get_records(*engine, {.shard_iterator = iterator.shard_iterator}).value().records;
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[2].event_name, "REMOVE");
  EXPECT_FALSE(records[2].user_identity);
  EXPECT_EQ(records[3].event_name, "REMOVE");
  ASSERT_TRUE(records[3].user_identity);
  EXPECT_EQ(records[3].user_identity->principal_id, "dynamodb.amazonaws.com");
  EXPECT_EQ(records[3].user_identity->type, "Service");
}

}  // namespace
}  // namespace dynakeep::engine
