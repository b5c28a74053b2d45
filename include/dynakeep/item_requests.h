#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dynakeep/request.h"

namespace dynakeep {

struct PutItemRequest {
  std::optional<std::string> table_name = {};
  std::optional<Item> item = {};
  std::optional<std::string> condition_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<ReturnValues> return_values = {};  // none or all_old
  std::optional<ReturnValuesOnConditionCheckFailure> return_values_on_condition_check_failure = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  std::optional<ReturnItemCollectionMetrics> return_item_collection_metrics = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct PutItemResult {
  std::optional<Item> attributes = {};  // the item replaced, with all_old and if there was one
  std::optional<ConsumedCapacity> consumed_capacity = {};
  std::optional<ItemCollectionMetrics> item_collection_metrics = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

struct GetItemRequest {
  std::optional<std::string> table_name = {};
  std::optional<Key> key = {};
  std::optional<bool> consistent_read = {};  // every read here is consistent; it decides the cost
  std::optional<std::string> projection_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  bool want_stream_point = false;
  SnapshotUse snapshot = {};
  UnknownWords unknown_words = {};
};

struct GetItemResult {
  std::optional<Item> item = {};  // nothing if there is no item with the key
  std::optional<ConsumedCapacity> consumed_capacity = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
  std::optional<std::string> snapshot = {};      // the token of the one that it began
};

struct UpdateItemRequest {
  std::optional<std::string> table_name = {};
  std::optional<Key> key = {};
  std::optional<std::string> update_expression = {};
  std::optional<std::string> condition_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<ReturnValues> return_values = {};
  std::optional<ReturnValuesOnConditionCheckFailure> return_values_on_condition_check_failure = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  std::optional<ReturnItemCollectionMetrics> return_item_collection_metrics = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct UpdateItemResult {
  std::optional<Item> attributes = {};  // what return_values asked for
  std::optional<ConsumedCapacity> consumed_capacity = {};
  std::optional<ItemCollectionMetrics> item_collection_metrics = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

struct DeleteItemRequest {
  std::optional<std::string> table_name = {};
  std::optional<Key> key = {};
  std::optional<std::string> condition_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<ReturnValues> return_values = {};  // none or all_old
  std::optional<ReturnValuesOnConditionCheckFailure> return_values_on_condition_check_failure = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  std::optional<ReturnItemCollectionMetrics> return_item_collection_metrics = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct DeleteItemResult {
  std::optional<Item> attributes = {};  // the item deleted, with all_old and if there was one
  std::optional<ConsumedCapacity> consumed_capacity = {};
  std::optional<ItemCollectionMetrics> item_collection_metrics = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

}  // namespace dynakeep
