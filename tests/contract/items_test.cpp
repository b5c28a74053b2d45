#include <future>
#include <optional>
#include <string>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

class Items : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    table_ = create_songs();
  }

  const std::string& table() const { return table_; }
  Key song(const std::string& title = "Sinnerman") const {
    return {{"artist", "Nina"}, {"title", title}};
  }
  Item played(int plays) const {
    auto item = song();
    item["plays"] = plays;
    return item;
  }

  // A put of `item` on condition that the song was played `plays` times.
  PutItemRequest put_if_played(int plays, Item item) const {
    return {.table_name = table_,
            .item = std::move(item),
            .condition_expression = "plays = :plays",
            .expression_attribute_values = Item{{":plays", plays}}};
  }

 private:
  std::string table_;
};

// ---- what comes back ----

TEST_P(Items, AreReadAsTheyWereWritten) {
  auto item = song();
  item["text"] = "größe 漢字 🎷 \" \\ / \u2028 \x01";
  item["integer"] = -42;
  item["large"] = *Number::parse("99999999999999999999999999999999999999E87");
  item["small"] = *Number::parse("1E-130");
  item["digits"] = *Number::parse("3.1415926535897932384626433832795028841");
  item["bytes"] = Binary(std::string("\0\xff\x80 raw", 7));
  item["yes"] = true;
  item["no"] = false;
  item["nothing"] = nullptr;
  item["list"] = AttributeList{1, "two", AttributeList{}, AttributeMap{{"three", 3}}};
  item["map"] = AttributeMap{{"inner", AttributeMap{{"deep", AttributeList{nullptr, true}}}}};
  item["strings"] = StringSet{"a", "b", "ü"};
  item["numbers"] = NumberSet{1, 2, 30};
  item["binaries"] = BinarySet{Binary(std::string("\1\2")), Binary(std::string("\3"))};
  item["name with.dots and #signs"] = 1;
  put(table(), item);
  EXPECT_EQ(get(table(), song()), item);
}

TEST_P(Items, MayHoldEmptyTextsAndBytesOutsideTheirKeys) {
  if (!capabilities().empty_values) GTEST_SKIP() << "no empty values";
  auto item = song();
  item["text"] = "";
  item["bytes"] = Binary();
  item["list"] = AttributeList{"", Binary()};
  put(table(), item);
  EXPECT_EQ(get(table(), song()), item);
}

TEST_P(Items, MayBeLarge) {
  auto item = song();
  item["text"] = std::string(390 * 1024, 'x');
  put(table(), item);
  EXPECT_EQ(get(table(), song()), item);
}

TEST_P(Items, AreAtMost400KilobytesLarge) {
  auto item = song();
  item["text"] = std::string(401 * 1024, 'x');
  refused(database().put_item({.table_name = table(), .item = item}), ErrorCode::validation);
  EXPECT_FALSE(get(table(), song()));
}

TEST_P(Items, OutliveTheDatabaseTheyCameFrom) {
  put(table(), played(3));
  const auto result =
      must(database().get_item({.table_name = table(), .key = song(), .consistent_read = true}));
  close();
  ASSERT_TRUE(result.item);
  EXPECT_EQ(*result.item, played(3));
}

TEST_P(Items, HaveKeysThatAreEqualAsNumbersNotAsTexts) {
  const auto numbered = create(table_of("n", ScalarType::number));
  put(numbered, {{"n", *Number::parse("1.0")}, {"first", true}});
  put(numbered, {{"n", *Number::parse("10e-1")}, {"second", true}});
  EXPECT_EQ(get(numbered, {{"n", 1}}), (Item{{"n", 1}, {"second", true}}));
  EXPECT_EQ(must(database().scan({.table_name = numbered})).count, 1);
}

TEST_P(Items, HaveKeysOfAnyBytes) {
  const auto keyed = create(table_of("b", ScalarType::binary));
  for (const auto& bytes :
       {std::string("\0", 1), std::string("\0\0", 2), std::string("\xff\xff")}) {
    put(keyed, {{"b", Binary(bytes)}, {"size", bytes.size()}});
  }
  EXPECT_EQ(get(keyed, {{"b", Binary(std::string("\0\0", 2))}})->at("size"), AttributeValue(2));
  EXPECT_EQ(get(keyed, {{"b", Binary(std::string("\xff\xff"))}})->at("size"), AttributeValue(2));
  EXPECT_EQ(get(keyed, {{"b", Binary(std::string("\0", 1))}})->at("size"), AttributeValue(1));
}

TEST_P(Items, AreReadInPartsByAProjection) {
  auto item = played(7);
  item["place"] = AttributeMap{{"city", "Tryon"}, {"state", "NC"}};
  item["tags"] = AttributeList{"a", "b", "c"};
  put(table(), item);
  const auto read = must(database().get_item(
      {.table_name = table(),
       .key = song(),
       .projection_expression = "#p.city, tags[1], plays, absent",
       .expression_attribute_names = ExpressionAttributeNames{{"#p", "place"}}}));
  EXPECT_EQ(read.item, (Item{{"place", AttributeMap{{"city", "Tryon"}}},
                             {"plays", 7},
                             {"tags", AttributeList{"b"}}}));
}

TEST_P(Items, ThatAreNotThereAreReadAsNothing) {
  EXPECT_FALSE(must(database().get_item({.table_name = table(), .key = song()})).item);
}

// ---- put_item ----

TEST_P(Items, AreReplacedWholeByAPut) {
  put(table(), played(1));
  auto other = song();
  other["label"] = "Philips";
  put(table(), other);
  EXPECT_EQ(get(table(), song()), other);
}

TEST_P(Items, PutsHandBackWhatTheyReplacedIfAsked) {
  const auto first = must(database().put_item(
      {.table_name = table(), .item = played(1), .return_values = ReturnValues::all_old}));
  EXPECT_FALSE(first.attributes);
  const auto second = must(database().put_item(
      {.table_name = table(), .item = played(2), .return_values = ReturnValues::all_old}));
  EXPECT_EQ(second.attributes, played(1));
  EXPECT_FALSE(must(database().put_item({.table_name = table(), .item = played(3)})).attributes);
}

TEST_P(Items, PutsWithAConditionThatHoldsAreDone) {
  put(table(), played(1));
  must(database().put_item(put_if_played(1, played(2))));
  EXPECT_EQ(get(table(), song()), played(2));
}

TEST_P(Items, PutsWithAConditionThatDoesNotHoldLeaveAllAsItWas) {
  put(table(), played(1));
  const auto error = refused(database().put_item(put_if_played(7, played(2))),
                             ErrorCode::conditional_check_failed);
  EXPECT_TRUE(error.is_condition_failure());
  EXPECT_FALSE(error.is_retryable());
  EXPECT_EQ(error.message(), "The conditional request failed");
  EXPECT_EQ(error.item(), nullptr);
  EXPECT_EQ(get(table(), song()), played(1));
}

TEST_P(Items, AFailedConditionHandsBackTheOldItemIfAsked) {
  put(table(), played(1));
  auto request = put_if_played(7, played(2));
  request.return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old;
  const auto put_error = refused(database().put_item(request), ErrorCode::conditional_check_failed);
  ASSERT_NE(put_error.item(), nullptr);
  EXPECT_EQ(*put_error.item(), played(1));

  const auto update_error =
      refused(database().update_item({.table_name = table(),
                                      .key = song(),
                                      .update_expression = "SET plays = :plays",
                                      .condition_expression = "plays = :plays",
                                      .expression_attribute_values = Item{{":plays", 7}},
                                      .return_values_on_condition_check_failure =
                                          ReturnValuesOnConditionCheckFailure::all_old}),
              ErrorCode::conditional_check_failed);
  ASSERT_NE(update_error.item(), nullptr);
  EXPECT_EQ(*update_error.item(), played(1));

  const auto delete_error =
      refused(database().delete_item({.table_name = table(),
                                      .key = song(),
                                      .condition_expression = "attribute_not_exists(plays)",
                                      .return_values_on_condition_check_failure =
                                          ReturnValuesOnConditionCheckFailure::all_old}),
              ErrorCode::conditional_check_failed);
  ASSERT_NE(delete_error.item(), nullptr);
  EXPECT_EQ(*delete_error.item(), played(1));
}

TEST_P(Items, AFailedConditionOnNoItemHandsBackNone) {
  auto request = put_if_played(7, played(2));
  request.return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old;
  const auto error = refused(database().put_item(request), ErrorCode::conditional_check_failed);
  EXPECT_EQ(error.item(), nullptr);
  EXPECT_FALSE(get(table(), song()));
}

TEST_P(Items, AreWrittenOnlyIfNewWhenTheConditionSaysSo) {
  const PutItemRequest request{.table_name = table(),
                               .item = played(1),
                               .condition_expression = "attribute_not_exists(artist)"};
  must(database().put_item(request));
  refused(database().put_item(request), ErrorCode::conditional_check_failed);
}

// ---- update_item ----

TEST_P(Items, AreMadeByAnUpdateIfThereIsNone) {
  must(database().update_item({.table_name = table(),
                               .key = song(),
                               .update_expression = "SET plays = :one",
                               .expression_attribute_values = Item{{":one", 1}}}));
  EXPECT_EQ(get(table(), song()), played(1));
}

TEST_P(Items, UpdatesSetRemoveAddAndDelete) {
  auto item = played(5);
  item["gone"] = true;
  item["tags"] = StringSet{"a", "b"};
  item["place"] = AttributeMap{{"city", "Tryon"}};
  put(table(), item);
  must(database().update_item(
      {.table_name = table(),
       .key = song(),
       .update_expression = "SET place.city = :city, best = if_not_exists(best, :zero), half = "
                            "plays - :two REMOVE gone ADD plays :two DELETE tags :tags",
       .expression_attribute_values =
           Item{{":city", "Paris"}, {":zero", 0}, {":two", 2}, {":tags", StringSet{"a", "z"}}}}));
  auto expected = played(7);
  expected["place"] = AttributeMap{{"city", "Paris"}};
  expected["best"] = 0;
  expected["half"] = 3;
  expected["tags"] = StringSet{"b"};
  EXPECT_EQ(get(table(), song()), expected);
}

TEST_P(Items, UpdatesHandBackWhatTheyAreAskedFor) {
  put(table(), played(1));
  const auto set_plays = [this](int plays, std::optional<ReturnValues> wanted) {
    return must(database().update_item({.table_name = table(),
                                        .key = song(),
                                        .update_expression = "SET plays = :plays",
                                        .expression_attribute_values = Item{{":plays", plays}},
                                        .return_values = wanted}))
        .attributes;
  };
  EXPECT_FALSE(set_plays(2, {}));
  EXPECT_FALSE(set_plays(3, ReturnValues::none));
  EXPECT_EQ(set_plays(4, ReturnValues::all_old), played(3));
  EXPECT_EQ(set_plays(5, ReturnValues::all_new), played(5));
  EXPECT_EQ(set_plays(6, ReturnValues::updated_old), (Item{{"plays", 5}}));
  EXPECT_EQ(set_plays(7, ReturnValues::updated_new), (Item{{"plays", 7}}));
}

TEST_P(Items, AnUpdateWithAConditionThatDoesNotHoldMakesNothing) {
  refused(database().update_item({.table_name = table(),
                                  .key = song(),
                                  .update_expression = "SET plays = :one",
                                  .condition_expression = "attribute_exists(artist)",
                                  .expression_attribute_values = Item{{":one", 1}}}),
          ErrorCode::conditional_check_failed);
  EXPECT_FALSE(get(table(), song()));
}

TEST_P(Items, AnUpdateThatCannotBeDoneChangesNothing) {
  auto item = played(1);
  item["text"] = "no number";
  put(table(), item);
  refused(database().update_item(
              {.table_name = table(),
               .key = song(),
               .update_expression = "SET plays = :two, #t = #t + :two",
               .expression_attribute_names = ExpressionAttributeNames{{"#t", "text"}},
               .expression_attribute_values = Item{{":two", 2}}}),
          ErrorCode::validation);
  EXPECT_EQ(get(table(), song()), item);
}

TEST_P(Items, AnUpdateOfAKeyIsRefused) {
  put(table(), played(1));
  refused(database().update_item({.table_name = table(),
                                  .key = song(),
                                  .update_expression = "SET title = :other",
                                  .expression_attribute_values = Item{{":other", "Other"}}}),
          ErrorCode::validation);
}

// ---- delete_item ----

TEST_P(Items, AreGoneAfterADelete) {
  put(table(), played(1));
  const auto deleted = must(database().delete_item(
      {.table_name = table(), .key = song(), .return_values = ReturnValues::all_old}));
  EXPECT_EQ(deleted.attributes, played(1));
  EXPECT_FALSE(get(table(), song()));
}

TEST_P(Items, DeletingWhatIsNotThereSucceeds) {
  const auto deleted = must(database().delete_item(
      {.table_name = table(), .key = song(), .return_values = ReturnValues::all_old}));
  EXPECT_FALSE(deleted.attributes);
}

TEST_P(Items, ADeleteWithAConditionThatDoesNotHoldLeavesTheItem) {
  put(table(), played(1));
  refused(database().delete_item({.table_name = table(),
                                  .key = song(),
                                  .condition_expression = "plays > :plays",
                                  .expression_attribute_values = Item{{":plays", 1}}}),
          ErrorCode::conditional_check_failed);
  EXPECT_EQ(get(table(), song()), played(1));
}

// ---- what is wrong ----

TEST_P(Items, WithWrongOrMissingKeysAreRefused) {
  const auto refuses = [this](const Item& item) {
    refused(database().put_item({.table_name = table(), .item = item}), ErrorCode::validation);
  };
  refuses({{"artist", "Nina"}});
  refuses({{"artist", "Nina"}, {"title", 1}});
  refuses({{"artist", ""}, {"title", "Sinnerman"}});
  const auto refuses_key = [this](const Key& key) {
    refused(database().get_item({.table_name = table(), .key = key}), ErrorCode::validation);
    refused(database().delete_item({.table_name = table(), .key = key}), ErrorCode::validation);
    refused(database().update_item(
                {.table_name = table(), .key = key, .update_expression = "REMOVE plays"}),
            ErrorCode::validation);
  };
  refuses_key({{"artist", "Nina"}});
  refuses_key({{"artist", "Nina"}, {"title", 1}});
  refuses_key({{"artist", "Nina"}, {"title", "Sinnerman"}, {"more", "Sinnerman"}});
  EXPECT_EQ(must(database().scan({.table_name = table()})).count, 0);
}

TEST_P(Items, RequestsWithoutWhatTheyNeedAreRefused) {
  refused(database().put_item({.item = song()}), ErrorCode::validation);
  refused(database().put_item({.table_name = table()}), ErrorCode::validation);
  refused(database().get_item({.table_name = table()}), ErrorCode::validation);
  refused(database().get_item({.key = song()}), ErrorCode::validation);
  refused(database().update_item({.table_name = table(), .update_expression = "REMOVE plays"}),
          ErrorCode::validation);
  refused(database().delete_item({.table_name = table()}), ErrorCode::validation);
}

TEST_P(Items, ExpressionsThatMakeNoSenseAreRefused) {
  put(table(), played(1));
  const auto refuses = [this](const std::string& condition, Item values) {
    const auto error =
        refused(database().put_item({.table_name = table(),
                                     .item = played(2),
                                     .condition_expression = condition,
                                     .expression_attribute_values =
                                         values.empty() ? std::nullopt : std::optional(values)}),
                ErrorCode::validation);
    EXPECT_FALSE(error.is_retryable());
  };
  refuses("plays >", {});
  refuses("", {});
  refuses("plays = :missing", {});
  refuses("#missing = :one", {{":one", 1}});
  refuses("plays = :one", {{":one", 1}, {":unused", 1}});
  refuses("unknown_function(plays)", {});
  EXPECT_EQ(get(table(), song()), played(1));
}

TEST_P(Items, WritesThatReturnWhatTheyCannotAreRefused) {
  refused(database().put_item(
              {.table_name = table(), .item = played(1), .return_values = ReturnValues::all_new}),
          ErrorCode::validation);
  refused(database().delete_item(
              {.table_name = table(), .key = song(), .return_values = ReturnValues::updated_new}),
          ErrorCode::validation);
  EXPECT_FALSE(get(table(), song()));
}

// ---- what else is told ----

TEST_P(Items, TheCapacityConsumedIsToldIfAsked) {
  const auto written =
      must(database().put_item({.table_name = table(),
                                .item = played(1),
                                .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(written.consumed_capacity);
  EXPECT_EQ(written.consumed_capacity->table_name, table());
  EXPECT_EQ(written.consumed_capacity->capacity_units, 1);
  const auto read =
      must(database().get_item({.table_name = table(),
                                .key = song(),
                                .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(read.consumed_capacity);
  EXPECT_EQ(read.consumed_capacity->capacity_units, 0.5);
  EXPECT_FALSE(
      must(database().put_item({.table_name = table(), .item = played(1)})).consumed_capacity);
}

TEST_P(Items, TheSizeOfACollectionIsToldIfAsked) {
  auto request = table_of("artist", ScalarType::string, "title", ScalarType::string);
  request.attribute_definitions->push_back(
      {.attribute_name = "year", .attribute_type = ScalarType::number});
  request.local_secondary_indexes = {
      {{.index_name = "ByYear",
        .key_schema = key_schema("artist", "year"),
        .projection = Projection{.projection_type = ProjectionType::all}}}};
  const auto collected = create(request);
  const auto written = must(
      database().put_item({.table_name = collected,
                           .item = played(1),
                           .return_item_collection_metrics = ReturnItemCollectionMetrics::size}));
  ASSERT_TRUE(written.item_collection_metrics);
  EXPECT_EQ(written.item_collection_metrics->item_collection_key, (Key{{"artist", "Nina"}}));
  EXPECT_LE(written.item_collection_metrics->size_estimate_lower_gb,
            written.item_collection_metrics->size_estimate_upper_gb);
}

// ---- when a write is durable ----

TEST_P(Items, WritesAreDurableOnceWhenDurableSaysSo) {
  DeferredDurability deferred;
  put(table(), played(1));
  if (deferred.position() == 0) return;  // it was durable when it was answered
  std::promise<bool> durable;
  database().when_durable(deferred.position(),
                          [&durable](const Result<void>& done) { durable.set_value(bool(done)); });
  EXPECT_TRUE(durable.get_future().get());
}

ON_EVERY_KIND(Items);

}  // namespace
}  // namespace dynakeep::contract
