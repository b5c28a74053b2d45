// The messages of dynakeep/item_requests.h.

#include "dynakeep/item_requests.h"
#include "wire/message_json_of.h"
#include "wire/request_shapes.h"

namespace dynakeep::wire {

template <>
struct Shape<PutItemRequest> {
  static constexpr std::string_view name = "PutItemInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Item", x.item);
    each("ConditionExpression", x.condition_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("ReturnValues", x.return_values);
    each("ReturnValuesOnConditionCheckFailure", x.return_values_on_condition_check_failure);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each("ReturnItemCollectionMetrics", x.return_item_collection_metrics);
    each.unsupported("Expected");
    each.unsupported("ConditionalOperator");
  }
};

template <>
struct Shape<PutItemResult> {
  static constexpr std::string_view name = "PutItemOutput";
  static void members(auto& each, auto& x) {
    each("Attributes", x.attributes);
    each("ConsumedCapacity", x.consumed_capacity);
    each("ItemCollectionMetrics", x.item_collection_metrics);
  }
};

template <>
struct Shape<GetItemRequest> {
  static constexpr std::string_view name = "GetItemInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Key", x.key);
    each("ConsistentRead", x.consistent_read);
    each("ProjectionExpression", x.projection_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each.unsupported("AttributesToGet");
  }
};

template <>
struct Shape<GetItemResult> {
  static constexpr std::string_view name = "GetItemOutput";
  static void members(auto& each, auto& x) {
    each("Item", x.item);
    each("ConsumedCapacity", x.consumed_capacity);
  }
};

template <>
struct Shape<UpdateItemRequest> {
  static constexpr std::string_view name = "UpdateItemInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Key", x.key);
    each("UpdateExpression", x.update_expression);
    each("ConditionExpression", x.condition_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("ReturnValues", x.return_values);
    each("ReturnValuesOnConditionCheckFailure", x.return_values_on_condition_check_failure);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each("ReturnItemCollectionMetrics", x.return_item_collection_metrics);
    each.unsupported("AttributeUpdates");
    each.unsupported("Expected");
    each.unsupported("ConditionalOperator");
  }
};

template <>
struct Shape<UpdateItemResult> {
  static constexpr std::string_view name = "UpdateItemOutput";
  static void members(auto& each, auto& x) {
    each("Attributes", x.attributes);
    each("ConsumedCapacity", x.consumed_capacity);
    each("ItemCollectionMetrics", x.item_collection_metrics);
  }
};

template <>
struct Shape<DeleteItemRequest> {
  static constexpr std::string_view name = "DeleteItemInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Key", x.key);
    each("ConditionExpression", x.condition_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("ReturnValues", x.return_values);
    each("ReturnValuesOnConditionCheckFailure", x.return_values_on_condition_check_failure);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each("ReturnItemCollectionMetrics", x.return_item_collection_metrics);
    each.unsupported("Expected");
    each.unsupported("ConditionalOperator");
  }
};

template <>
struct Shape<DeleteItemResult> {
  static constexpr std::string_view name = "DeleteItemOutput";
  static void members(auto& each, auto& x) {
    each("Attributes", x.attributes);
    each("ConsumedCapacity", x.consumed_capacity);
    each("ItemCollectionMetrics", x.item_collection_metrics);
  }
};

DYNAKEEP_WIRE_MESSAGE(PutItemRequest);
DYNAKEEP_WIRE_MESSAGE(PutItemResult);
DYNAKEEP_WIRE_MESSAGE(GetItemRequest);
DYNAKEEP_WIRE_MESSAGE(GetItemResult);
DYNAKEEP_WIRE_MESSAGE(UpdateItemRequest);
DYNAKEEP_WIRE_MESSAGE(UpdateItemResult);
DYNAKEEP_WIRE_MESSAGE(DeleteItemRequest);
DYNAKEEP_WIRE_MESSAGE(DeleteItemResult);

}  // namespace dynakeep::wire
