#include "engine/operations/batch_get_item.h"

#include <gtest/gtest.h>

#include "engine/song_tables.h"

namespace dynakeep::engine {
namespace {

struct BatchGetItemTest : testing::Test {
  BatchGetItemTest() {
    engine->catalog.create(songs_table()).value();
    engine->catalog.create(plain_table()).value();
  }

  BatchGetItemResult run(const BatchGetItemRequest& request) {
    return batch_get_item(*engine, request).value();
  }

  TestEngine engine;
};

Key plain(int id) { return {{"id", "i" + std::to_string(id)}}; }

std::vector<Key> plain_keys(int count) {
  std::vector<Key> keys;
  for (int i = 0; i < count; ++i) keys.push_back(plain(i));
  return keys;
}

TEST_F(BatchGetItemTest, ComplainsInThisOrder) {
  BatchGetItemRequest request{.unknown_words = {{"returnConsumedCapacity", "ALL"}}};
  const auto expect = [&](const std::string& words) {
    EXPECT_EQ(complaint(batch_get_item(*engine, request)), words);
  };
  using Tables = std::map<std::string, KeysAndAttributes>;
  // Each row is one change from the row above.
  expect(
      "2 validation errors detected: Value 'ALL' at 'returnConsumedCapacity' failed to satisfy "
      "constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; Value null at "
      "'requestItems' failed to satisfy constraint: Member must not be null");
  request.unknown_words.clear();
  request.request_items.emplace();
  expect(
      "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: "
      "Member must have length greater than or equal to 1");
  request.request_items = Tables{{"Nowhere", {.keys = std::vector<Key>{}}}, {"Plain", {}}};
  expect(
      "2 validation errors detected: Value '[]' at 'requestItems.Nowhere.member.keys' failed to "
      "satisfy constraint: Member must have length greater than or equal to 1; Value null at "
      "'requestItems.Plain.member.keys' failed to satisfy constraint: Member must not be null");
  request.request_items = Tables{{"Nowhere", {.keys = plain_keys(101)}}};
  EXPECT_TRUE(complaint(batch_get_item(*engine, request))
                  .ends_with("at 'requestItems.Nowhere.member.keys' failed to satisfy constraint: "
                             "Member must have length less than or equal to 100"));
  KeysAndAttributes& asked = (*request.request_items)["Nowhere"];
  asked.keys = plain_keys(50);
  asked.keys->push_back(ItemAccess::refused({"id", "no number"}));
  asked.keys->push_back(plain(7));
  asked.expression_attribute_names = ExpressionAttributeNames{{"#a", "plays"}};
  expect("ExpressionAttributeNames can only be specified when using expressions");
  asked.projection_expression = "";
  expect("Invalid ProjectionExpression: The expression can not be empty;");
  asked.projection_expression = "#a";
  expect("no number");
  asked.keys->at(50) = Key{{"id", 1}};
  expect("Provided list of item keys contains duplicates");
  asked.keys->pop_back();
  (*request.request_items)["Plain"] = {.keys = plain_keys(50)};
  expect("Too many items requested for the BatchGetItem call");
  request.request_items->erase("Plain");
  expect("Requested resource not found");
  request.request_items = Tables{{"Plain", asked}};
  expect("The provided key element does not match the schema");
  request.request_items->at("Plain").keys->pop_back();
  expect("none");
}

TEST_F(BatchGetItemTest, OneNumberInTwoSpellingsIsADuplicate) {
  const Key once{{"artist", "Nina"}, {"year", Number::parse("1.0").value()}};
  const Key again{{"artist", "Nina"}, {"year", 1}};
  EXPECT_EQ(complaint(batch_get_item(
                *engine, {.request_items = {{{"Songs", {.keys = std::vector{once, again}}}}}})),
            "Provided list of item keys contains duplicates");
}

TEST_F(BatchGetItemTest, AnswersWhatIsThereByTable) {
  const Item song{{"artist", "Nina"}, {"year", 1965}, {"plays", 3}};
  put(engine, "Songs", song);
  put(engine, "Plain", {{"id", "i1"}, {"a", 1}, {"b", 2}});
  const auto found =
      run({.request_items = {{
               {"Songs",
                {.keys = std::vector<Key>{{{"artist", "Nina"}, {"year", 1965}},
                                          {{"artist", "Nina"}, {"year", 1966}}},
                 .consistent_read = true}},
               {"Plain",
                {.keys = plain_keys(3),
                 .projection_expression = "#a",
                 .expression_attribute_names = ExpressionAttributeNames{{"#a", "a"}}}},
           }},
           .return_consumed_capacity = ReturnConsumedCapacity::total});
  EXPECT_EQ(found.responses.at("Songs"), std::vector<Item>{song});
  EXPECT_EQ(found.responses.at("Plain"), (std::vector<Item>{{{"a", 1}}}));
  EXPECT_TRUE(found.unprocessed_keys.empty());
  ASSERT_EQ(found.consumed_capacity->size(), 2u);
  EXPECT_EQ(found.consumed_capacity->at(0).table_name, "Plain");
  EXPECT_EQ(found.consumed_capacity->at(0).capacity_units, 1.5);
  EXPECT_EQ(found.consumed_capacity->at(1).capacity_units, 2);
}

TEST_F(BatchGetItemTest, NamesEveryTableEvenWhereNothingIsFound) {
  const auto found = run({.request_items = {{{"Plain", {.keys = plain_keys(2)}}}}});
  ASSERT_TRUE(found.responses.contains("Plain"));
  EXPECT_TRUE(found.responses.at("Plain").empty());
  EXPECT_FALSE(found.consumed_capacity);
}

TEST_F(BatchGetItemTest, LeavesUnprocessedWhatIsPast16Megabytes) {
  const std::string text(399'990, 'x');  // an item is of 399,998 bytes: 41 of them fit
  for (int i = 10; i < 60; ++i) {
    put(engine, "Plain", {{"id", std::to_string(i)}, {"text", text}});
  }
  std::vector<Key> keys;
  for (int i = 10; i < 60; ++i) keys.push_back({{"id", std::to_string(i)}});
  BatchGetItemRequest request{
      .request_items = {{{"Plain", {.keys = keys, .projection_expression = "id"}}}},
      .return_consumed_capacity = ReturnConsumedCapacity::total};
  const auto found = run(request);
  EXPECT_EQ(found.responses.at("Plain").size(), 41u);
  EXPECT_EQ(found.consumed_capacity->at(0).capacity_units, 41 * 98 * 0.5);
  const KeysAndAttributes& left = found.unprocessed_keys.at("Plain");
  EXPECT_EQ(left.keys, std::vector<Key>(keys.begin() + 41, keys.end()));
  EXPECT_EQ(left.projection_expression, "id");
  request.request_items = found.unprocessed_keys;
  const auto rest = run(request);
  EXPECT_EQ(rest.responses.at("Plain").size(), 9u);
  EXPECT_TRUE(rest.unprocessed_keys.empty());
}

}  // namespace
}  // namespace dynakeep::engine
