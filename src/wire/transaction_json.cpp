// The messages of dynakeep/transaction_requests.h.

#include "dynakeep/transaction_requests.h"
#include "wire/message_json_of.h"
#include "wire/request_shapes.h"

namespace dynakeep::wire {

template <>
struct Shape<TransactGet> {
  static constexpr std::string_view name = "Get";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Key", x.key);
    each("ProjectionExpression", x.projection_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
  }
};

template <>
struct Shape<TransactGetItem> {
  static constexpr std::string_view name = "TransactGetItem";
  static void members(auto& each, auto& x) { each("Get", x.get); }
};

template <>
struct Shape<TransactGetItemsRequest> {
  static constexpr std::string_view name = "TransactGetItemsInput";
  static void members(auto& each, auto& x) {
    each("TransactItems", x.transact_items);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
  }
};

template <>
struct Shape<TransactGetItemsResult> {
  static constexpr std::string_view name = "TransactGetItemsOutput";
  static void members(auto& each, auto& x) {
    each("Responses", x.responses);
    each("ConsumedCapacity", x.consumed_capacity);
  }
};

// TransactDelete is the same type.
template <>
struct Shape<TransactConditionCheck> {
  static constexpr std::string_view name = "ConditionCheck";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Key", x.key);
    each("ConditionExpression", x.condition_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("ReturnValuesOnConditionCheckFailure", x.return_values_on_condition_check_failure);
  }
};

template <>
struct Shape<TransactPut> {
  static constexpr std::string_view name = "Put";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Item", x.item);
    each("ConditionExpression", x.condition_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("ReturnValuesOnConditionCheckFailure", x.return_values_on_condition_check_failure);
  }
};

template <>
struct Shape<TransactUpdate> {
  static constexpr std::string_view name = "Update";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Key", x.key);
    each("UpdateExpression", x.update_expression);
    each("ConditionExpression", x.condition_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("ReturnValuesOnConditionCheckFailure", x.return_values_on_condition_check_failure);
  }
};

template <>
struct Shape<TransactWriteItem> {
  static constexpr std::string_view name = "TransactWriteItem";
  static void members(auto& each, auto& x) {
    each("ConditionCheck", x.condition_check);
    each("Put", x.put);
    each("Delete", x.remove);
    each("Update", x.update);
  }
};

template <>
struct Shape<TransactWriteItemsRequest> {
  static constexpr std::string_view name = "TransactWriteItemsInput";
  static void members(auto& each, auto& x) {
    each("TransactItems", x.transact_items);
    each("ClientRequestToken", x.client_request_token);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each("ReturnItemCollectionMetrics", x.return_item_collection_metrics);
  }
};

template <>
struct Shape<TransactWriteItemsResult> {
  static constexpr std::string_view name = "TransactWriteItemsOutput";
  static void members(auto& each, auto& x) {
    each("ConsumedCapacity", x.consumed_capacity);
    each.unless_empty("ItemCollectionMetrics", x.item_collection_metrics);
  }
};

DYNAKEEP_WIRE_MESSAGE(TransactGetItemsRequest);
DYNAKEEP_WIRE_MESSAGE(TransactGetItemsResult);
DYNAKEEP_WIRE_MESSAGE(TransactWriteItemsRequest);
DYNAKEEP_WIRE_MESSAGE(TransactWriteItemsResult);

}  // namespace dynakeep::wire
