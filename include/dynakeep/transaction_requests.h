#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/request.h"

namespace dynakeep {

struct TransactGet {
  std::optional<std::string> table_name = {};
  std::optional<Key> key = {};
  std::optional<std::string> projection_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
};

struct TransactGetItem {
  std::optional<TransactGet> get = {};
};

// At most 100 reads and 4 MB, all of one moment.
struct TransactGetItemsRequest {
  std::optional<std::vector<TransactGetItem>> transact_items = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct TransactGetItemsResult {
  std::vector<std::optional<Item>> responses =
      {};  // in the order of the request; nothing if absent
  std::optional<std::vector<ConsumedCapacity>> consumed_capacity = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

struct TransactConditionCheck {
  std::optional<std::string> table_name = {};
  std::optional<Key> key = {};
  std::optional<std::string> condition_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<ReturnValuesOnConditionCheckFailure> return_values_on_condition_check_failure = {};
};

struct TransactPut {
  std::optional<std::string> table_name = {};
  std::optional<Item> item = {};
  std::optional<std::string> condition_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<ReturnValuesOnConditionCheckFailure> return_values_on_condition_check_failure = {};
};

struct TransactUpdate {
  std::optional<std::string> table_name = {};
  std::optional<Key> key = {};
  std::optional<std::string> update_expression = {};
  std::optional<std::string> condition_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<ReturnValuesOnConditionCheckFailure> return_values_on_condition_check_failure = {};
};

using TransactDelete = TransactConditionCheck;

// Exactly one of the four.
struct TransactWriteItem {
  std::optional<TransactConditionCheck> condition_check = {};
  std::optional<TransactPut> put = {};
  std::optional<TransactUpdate> update = {};
  std::optional<TransactDelete> remove = {};  // Delete
};

// At most 100 actions on as many items and 4 MB; all or none. A client_request_token makes the call
// idempotent: for 10 minutes after it succeeded, the same token with the same request answers
// without writing, and with another request is refused with idempotent_parameter_mismatch.
struct TransactWriteItemsRequest {
  std::optional<std::vector<TransactWriteItem>> transact_items = {};
  std::optional<std::string> client_request_token = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  std::optional<ReturnItemCollectionMetrics> return_item_collection_metrics = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct TransactWriteItemsResult {
  std::optional<std::vector<ConsumedCapacity>> consumed_capacity = {};
  std::map<std::string, std::vector<ItemCollectionMetrics>> item_collection_metrics = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

}  // namespace dynakeep
