#include "engine/operations/transact_get_items.h"

#include <gtest/gtest.h>

#include "engine/song_tables.h"

namespace dynakeep::engine {
namespace {

struct TransactGetItemsTest : testing::Test {
  TransactGetItemsTest() {
    engine->catalog.create(songs_table()).value();
    engine->catalog.create(plain_table()).value();
  }

  TestEngine engine;
};

TransactGetItem get_plain(const AttributeValue& id) {
  return {.get = TransactGet{.table_name = "Plain", .key = Key{{"id", id}}}};
}

TEST_F(TransactGetItemsTest, ComplainsInThisOrder) {
  TransactGetItemsRequest request;
  const auto expect = [&](const std::string& words) {
    EXPECT_EQ(complaint(transact_get_items(*engine, request)), words);
  };
  // Each row is one change from the row above.
  expect(
      "1 validation error detected: Value null at 'transactItems' failed to satisfy constraint: "
      "Member must not be null");
  request.transact_items.emplace();
  expect(
      "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: "
      "Member must have length greater than or equal to 1");
  auto& items = *request.transact_items;
  items = {{}, {.get = TransactGet{}}};
  expect(
      "3 validation errors detected: Value null at 'transactItems.1.member.get' failed to satisfy "
      "constraint: Member must not be null; Value null at 'transactItems.2.member.get.tableName' "
      "failed to satisfy constraint: Member must not be null; Value null at "
      "'transactItems.2.member.get.key' failed to satisfy constraint: Member must not be null");
  items.assign(101, get_plain("a"));
  EXPECT_TRUE(complaint(transact_get_items(*engine, request))
                  .ends_with("at 'transactItems' failed to satisfy constraint: Member must have "
                             "length less than or equal to 100"));
  items = {get_plain("a"), get_plain("a"), get_plain(1)};
  items[2].get->projection_expression = "";
  expect("Invalid ProjectionExpression: The expression can not be empty;");
  items[2].get->projection_expression = "plays";
  items[2].get->table_name = "Nowhere";
  expect("Requested resource not found");
  items[2].get->table_name = "Plain";
  expect("Transaction request cannot include multiple operations on one item");
  items[1] = get_plain("b");
  expect(
      "Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, "
      "ValidationError]");
  items[2] = get_plain("c");
  expect("none");
}

TEST_F(TransactGetItemsTest, SaysWhichActionCannotBeDone) {
  const auto result =
      transact_get_items(*engine, {.transact_items = {{get_plain(1), get_plain("a")}}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::transaction_canceled);
  const auto& reasons = result.error().cancellation_reasons();
  ASSERT_EQ(reasons.size(), 2u);
  EXPECT_EQ(reasons[0].code, "ValidationError");
  EXPECT_EQ(reasons[0].message, "The provided key element does not match the schema");
  EXPECT_EQ(reasons[1].code, "None");
}

TEST_F(TransactGetItemsTest, AnswersInTheOrderOfTheRequest) {
  put(engine, "Plain", {{"id", "a"}, {"plays", 1}, {"b", 2}});
  put(engine, "Songs", {{"artist", "Nina"}, {"year", 1965}});
  auto projected = get_plain("a");
  projected.get->projection_expression = "plays";
  const TransactGetItem song{
      .get = TransactGet{.table_name = "Songs", .key = Key{{"artist", "Nina"}, {"year", 1965}}}};
  const auto found =
      transact_get_items(*engine, {.transact_items = {{get_plain("none"), projected, song}},
                                   .return_consumed_capacity = ReturnConsumedCapacity::indexes})
          .value();
  ASSERT_EQ(found.responses.size(), 3u);
  EXPECT_EQ(found.responses[0], std::nullopt);
  EXPECT_EQ(found.responses[1], (Item{{"plays", 1}}));
  EXPECT_EQ(found.responses[2], (Item{{"artist", "Nina"}, {"year", 1965}}));
  ASSERT_EQ(found.consumed_capacity->size(), 2u);
  EXPECT_EQ(found.consumed_capacity->at(0).table_name, "Plain");
  EXPECT_EQ(found.consumed_capacity->at(0).capacity_units, 4);
  EXPECT_EQ(found.consumed_capacity->at(0).read_capacity_units, 4);
  EXPECT_EQ(found.consumed_capacity->at(0).table->read_capacity_units, 4);
  EXPECT_EQ(found.consumed_capacity->at(1).capacity_units, 2);
}

TEST_F(TransactGetItemsTest, ReadsAtMost4Megabytes) {
  std::vector<TransactGetItem> gets;
  for (const char* id : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a"}) {
    put(engine, "Plain", {{"id", id}, {"text", std::string(399'000, 'x')}});
    gets.push_back(get_plain(id));
  }
  EXPECT_EQ(complaint(transact_get_items(*engine, {.transact_items = gets})),
            "Transaction request size exceeds the maximum of 4 MB");
  gets.pop_back();
  EXPECT_EQ(complaint(transact_get_items(*engine, {.transact_items = gets})), "none");
}

}  // namespace
}  // namespace dynakeep::engine
