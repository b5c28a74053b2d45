#include "engine/operations/get_item.h"

#include <gtest/gtest.h>

#include "engine/song_tables.h"

namespace dynakeep::engine {
namespace {

struct GetItemTest : testing::Test {
  GetItemTest() { engine->catalog.create(songs_table()).value(); }

  GetItemResult run(const GetItemRequest& request) { return get_item(*engine, request).value(); }

  TestEngine engine;
};

const Key key{{"artist", "Nina"}, {"year", 1965}};
const Item song{{"artist", "Nina"}, {"year", 1965}, {"info", AttributeMap{{"a", 1}, {"b", 2}}}};

TEST_F(GetItemTest, ComplainsInThisOrder) {
  GetItemRequest request{.unknown_words = {{"returnConsumedCapacity", "ALL"}}};
  const auto expect = [&](const std::string& words) {
    EXPECT_EQ(complaint(get_item(*engine, request)), words);
  };
  // Each row is one change from the row above.
  expect(
      "3 validation errors detected: Value 'ALL' at 'returnConsumedCapacity' failed to satisfy "
      "constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; Value null at "
      "'tableName' failed to satisfy constraint: Member must not be null; Value null at 'key' "
      "failed to satisfy constraint: Member must not be null");
  request.unknown_words.clear();
  request.table_name = "Nowhere";
  expect(
      "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must "
      "not be null");
  request.key = ItemAccess::refused({"artist", "no number"});
  request.expression_attribute_names = ExpressionAttributeNames{{"#a", "info"}};
  expect("ExpressionAttributeNames can only be specified when using expressions");
  request.projection_expression = "";
  expect("no number");
  request.key = Key{{"artist", 1}};
  expect("Invalid ProjectionExpression: The expression can not be empty;");
  request.projection_expression = "info";
  expect("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}");
  request.projection_expression = "#a";
  expect("Requested resource not found");
  request.table_name = "Songs";
  expect("The provided key element does not match the schema");
  request.key = Key{{"artist", ""}, {"year", 1965}};
  expect(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
      "contain an empty string value. Key: artist");
  request.key = key;
  expect("none");
}

TEST_F(GetItemTest, AnswersTheItemOrNothing) {
  put(engine, "Songs", song);
  EXPECT_EQ(run({.table_name = "Songs", .key = key}).item, song);
  EXPECT_EQ(run({.table_name = "Songs", .key = Key{{"artist", "Nina"}, {"year", 1}}}).item,
            std::nullopt);
}

TEST_F(GetItemTest, AnswersWhatTheProjectionNames) {
  put(engine, "Songs", song);
  EXPECT_EQ(run({.table_name = "Songs", .key = key, .projection_expression = "info.b"}).item,
            (Item{{"info", AttributeMap{{"b", 2}}}}));
  EXPECT_EQ(run({.table_name = "Songs", .key = key, .projection_expression = "lyrics"}).item,
            Item{});
}

TEST_F(GetItemTest, CostsByTheItemsSizeWhateverIsProjected) {
  put(engine, "Songs", {{"artist", "Nina"}, {"year", 1965}, {"text", std::string(5000, 'x')}});
  GetItemRequest request{.table_name = "Songs",
                         .key = key,
                         .projection_expression = "artist",
                         .return_consumed_capacity = ReturnConsumedCapacity::total};
  EXPECT_EQ(run(request).consumed_capacity->capacity_units, 1);
  request.consistent_read = true;
  EXPECT_EQ(run(request).consumed_capacity->capacity_units, 2);
  request.key = Key{{"artist", "Nobody"}, {"year", 1965}};
  EXPECT_EQ(run(request).consumed_capacity->capacity_units, 1);
  request.return_consumed_capacity.reset();
  EXPECT_FALSE(run(request).consumed_capacity);
}

}  // namespace
}  // namespace dynakeep::engine
