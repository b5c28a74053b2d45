#include <string>
#include <vector>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

class Transactions : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (!capabilities().transactions) GTEST_SKIP() << "no transactions";
    table_ = create_plain();
  }

  const std::string& table() const { return table_; }
  static Key id(int number) { return {{"id", padded(number)}}; }
  static Item counted(int number, int count) {
    auto item = id(number);
    item["count"] = count;
    return item;
  }

  TransactWriteItem put_of(Item item) const {
    return {.put = TransactPut{.table_name = table_, .item = std::move(item)}};
  }
  TransactWriteItem put_if_new(Item item) const {
    auto action = put_of(std::move(item));
    action.put->condition_expression = "attribute_not_exists(id)";
    return action;
  }
  TransactWriteItem update_of(int number, int by) const {
    return {.update = TransactUpdate{
                .table_name = table_,
                .key = id(number),
                .update_expression = "ADD #c :by",
                .expression_attribute_names = ExpressionAttributeNames{{"#c", "count"}},
                .expression_attribute_values = Item{{":by", by}}}};
  }
  TransactWriteItem delete_of(int number) const {
    return {.remove = TransactDelete{.table_name = table_, .key = id(number)}};
  }
  TransactWriteItem check_of(int number) const {
    return {.condition_check =
                TransactConditionCheck{.table_name = table_,
                                       .key = id(number),
                                       .condition_expression = "attribute_exists(id)"}};
  }

  Result<TransactWriteItemsResult> write(std::vector<TransactWriteItem> actions,
                                         std::optional<std::string> token = {}) {
    return database().transact_write_items(
        {.transact_items = std::move(actions), .client_request_token = std::move(token)});
  }

  TransactGetItem get_of(int number) const {
    return {.get = TransactGet{.table_name = table_, .key = id(number)}};
  }

  std::int64_t item_count() { return must(database().scan({.table_name = table_})).count; }

 private:
  std::string table_;
};

TEST_P(Transactions, DoAllTheirWrites) {
  put(table(), counted(2, 5));
  put(table(), id(3));
  put(table(), id(4));
  must(write({put_of(counted(1, 1)), update_of(2, 10), delete_of(3), check_of(4)}));
  EXPECT_EQ(get(table(), id(1)), counted(1, 1));
  EXPECT_EQ(get(table(), id(2)), counted(2, 15));
  EXPECT_FALSE(get(table(), id(3)));
  EXPECT_EQ(get(table(), id(4)), id(4));
}

TEST_P(Transactions, DoNothingIfAnyConditionDoesNotHold) {
  put(table(), counted(1, 1));
  put(table(), id(3));
  const auto error =
      refused(write({put_of(id(2)), put_if_new(counted(1, 7)), delete_of(3), check_of(4)}),
              ErrorCode::transaction_canceled);
  const auto& reasons = error.cancellation_reasons();
  ASSERT_EQ(reasons.size(), 4U);
  EXPECT_EQ(reasons[0].code, "None");
  EXPECT_EQ(reasons[1].code, "ConditionalCheckFailed");
  EXPECT_EQ(reasons[1].message, "The conditional request failed");
  EXPECT_EQ(reasons[1].item, nullptr);
  EXPECT_EQ(reasons[2].code, "None");
  EXPECT_EQ(reasons[3].code, "ConditionalCheckFailed");
  EXPECT_FALSE(error.is_condition_failure());
  EXPECT_EQ(get(table(), id(1)), counted(1, 1));
  EXPECT_FALSE(get(table(), id(2)));
  EXPECT_TRUE(get(table(), id(3)));
}

TEST_P(Transactions, HandBackTheOldItemsOfFailedConditionsIfAsked) {
  put(table(), counted(1, 1));
  auto action = put_if_new(counted(1, 7));
  action.put->return_values_on_condition_check_failure =
      ReturnValuesOnConditionCheckFailure::all_old;
  const auto error = refused(write({action, put_of(id(2))}), ErrorCode::transaction_canceled);
  ASSERT_EQ(error.cancellation_reasons().size(), 2U);
  ASSERT_NE(error.cancellation_reasons()[0].item, nullptr);
  EXPECT_EQ(*error.cancellation_reasons()[0].item, counted(1, 1));
  EXPECT_EQ(error.cancellation_reasons()[1].item, nullptr);
}

TEST_P(Transactions, SayWhichActionCannotBeDone) {
  put(table(), {{"id", "0001"}, {"count", "text"}});
  const auto error =
      refused(write({put_of(id(2)), update_of(1, 1)}), ErrorCode::transaction_canceled);
  ASSERT_EQ(error.cancellation_reasons().size(), 2U);
  EXPECT_EQ(error.cancellation_reasons()[0].code, "None");
  EXPECT_EQ(error.cancellation_reasons()[1].code, "ValidationError");
  EXPECT_FALSE(get(table(), id(2)));
}

TEST_P(Transactions, AreDoneOnceForATokenHoweverOftenTheyAreSent) {
  const std::string token = unused_name();
  for (int i = 0; i < 3; ++i) must(write({update_of(1, 1)}, token));
  EXPECT_EQ(get(table(), id(1)), counted(1, 1));
  must(write({update_of(1, 1)}, unused_name()));
  EXPECT_EQ(get(table(), id(1)), counted(1, 2));
}

TEST_P(Transactions, RefuseATokenWithAnotherRequest) {
  const std::string token = unused_name();
  must(write({update_of(1, 1)}, token));
  refused(write({update_of(1, 2)}, token), ErrorCode::idempotent_parameter_mismatch);
  EXPECT_EQ(get(table(), id(1)), counted(1, 1));
}

TEST_P(Transactions, ThatFailedMayUseTheirTokenAgain) {
  const std::string token = unused_name();
  refused(write({check_of(1)}, token), ErrorCode::transaction_canceled);
  put(table(), id(1));
  must(write({check_of(1)}, token));
}

TEST_P(Transactions, TakeAsManyActionsAsTheCapabilitiesSayAndNoMore) {
  const auto most = static_cast<int>(capabilities().transaction_actions_max);
  ASSERT_GT(most, 1);
  std::vector<TransactWriteItem> writes;
  std::vector<TransactGetItem> reads;
  for (int i = 0; i < most; ++i) {
    writes.push_back(put_of(id(i)));
    reads.push_back(get_of(i));
  }
  must(write(writes));
  EXPECT_EQ(item_count(), most);
  const auto read = must(database().transact_get_items({.transact_items = reads}));
  ASSERT_EQ(read.responses.size(), static_cast<std::size_t>(most));
  for (int i = 0; i < most; ++i) {
    EXPECT_EQ(read.responses[static_cast<std::size_t>(i)], id(i));
  }
  writes.push_back(put_of(id(most)));
  reads.push_back(get_of(most));
  refused(write(writes), ErrorCode::validation);
  refused(database().transact_get_items({.transact_items = reads}), ErrorCode::validation);
  EXPECT_EQ(item_count(), most);
}

TEST_P(Transactions, TakeAtMost4Megabytes) {
  std::vector<TransactWriteItem> writes;
  for (int i = 0; i < 11; ++i) {
    auto item = id(i);
    item["text"] = std::string(390'000, 'x');
    writes.push_back(put_of(item));
  }
  if (writes.size() > capabilities().transaction_actions_max) {
    GTEST_SKIP() << "no transactions of " << writes.size() << " actions";
  }
  refused(write(writes), ErrorCode::validation);
  EXPECT_EQ(item_count(), 0);
}

TEST_P(Transactions, NameNoItemTwice) {
  refused(write({put_of(id(1)), delete_of(1)}), ErrorCode::validation);
  refused(database().transact_get_items({.transact_items = {{get_of(1), get_of(1)}}}),
          ErrorCode::validation);
  EXPECT_EQ(item_count(), 0);
}

TEST_P(Transactions, ReadInOrderOfTheRequest) {
  put(table(), counted(1, 1));
  put(table(), counted(3, 3));
  const auto read =
      must(database().transact_get_items({.transact_items = {{get_of(3), get_of(2), get_of(1)}}}));
  ASSERT_EQ(read.responses.size(), 3U);
  EXPECT_EQ(read.responses[0], counted(3, 3));
  EXPECT_FALSE(read.responses[1]);
  EXPECT_EQ(read.responses[2], counted(1, 1));
}

TEST_P(Transactions, ReadPartsByAProjection) {
  put(table(), counted(1, 7));
  auto part = get_of(1);
  part.get->projection_expression = "#c";
  part.get->expression_attribute_names = ExpressionAttributeNames{{"#c", "count"}};
  const auto read = must(database().transact_get_items({.transact_items = {{part}}}));
  ASSERT_EQ(read.responses.size(), 1U);
  EXPECT_EQ(read.responses[0], (Item{{"count", 7}}));
}

TEST_P(Transactions, ThatMakeNoSenseAreRefused) {
  refused(write({}), ErrorCode::validation);
  refused(database().transact_write_items({}), ErrorCode::validation);
  refused(database().transact_get_items({}), ErrorCode::validation);
  refused(write({TransactWriteItem{}}), ErrorCode::validation);
  auto both = put_of(id(1));
  both.remove = delete_of(2).remove;
  refused(write({both}), ErrorCode::validation);
  auto broken = check_of(1);
  broken.condition_check->condition_expression = "attribute_exists(";
  refused(write({put_of(id(2)), broken}), ErrorCode::validation);
  EXPECT_EQ(item_count(), 0);
}

TEST_P(Transactions, OnTablesThatAreNotThereAreNotFound) {
  const auto absent = unused_name();
  auto action = put_of(id(1));
  action.put->table_name = absent;
  refused(write({put_of(id(2)), action}), ErrorCode::resource_not_found);
  EXPECT_EQ(item_count(), 0);
  auto read = get_of(1);
  read.get->table_name = absent;
  refused(database().transact_get_items({.transact_items = {{read}}}),
          ErrorCode::resource_not_found);
}

TEST_P(Transactions, TellTheCapacityOfEachTable) {
  const auto written = must(
      database().transact_write_items({.transact_items = {{put_of(id(1)), put_of(id(2))}},
                                       .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(written.consumed_capacity);
  ASSERT_EQ(written.consumed_capacity->size(), 1U);
  EXPECT_EQ(written.consumed_capacity->front().table_name, table());
  EXPECT_EQ(written.consumed_capacity->front().capacity_units, 4);
  const auto read = must(
      database().transact_get_items({.transact_items = {{get_of(1)}},
                                     .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(read.consumed_capacity);
  ASSERT_EQ(read.consumed_capacity->size(), 1U);
  EXPECT_EQ(read.consumed_capacity->front().capacity_units, 2);
}

ON_EVERY_KIND(Transactions);

}  // namespace
}  // namespace dynakeep::contract
