// The messages of dynakeep/batch_requests.h.

#include "dynakeep/batch_requests.h"
#include "wire/message_json_of.h"
#include "wire/request_shapes.h"

namespace dynakeep::wire {

template <>
struct Shape<KeysAndAttributes> {
  static constexpr std::string_view name = "KeysAndAttributes";
  static void members(auto& each, auto& x) {
    each("Keys", x.keys);
    each("ConsistentRead", x.consistent_read);
    each("ProjectionExpression", x.projection_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each.unsupported("AttributesToGet");
  }
};

template <>
struct Shape<BatchGetItemRequest> {
  static constexpr std::string_view name = "BatchGetItemInput";
  static void members(auto& each, auto& x) {
    each("RequestItems", x.request_items);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
  }
};

template <>
struct Shape<BatchGetItemResult> {
  static constexpr std::string_view name = "BatchGetItemOutput";
  static void members(auto& each, auto& x) {
    each("Responses", x.responses);
    each("UnprocessedKeys", x.unprocessed_keys);
    each("ConsumedCapacity", x.consumed_capacity);
  }
};

template <>
struct Shape<WriteRequest> {
  static constexpr std::string_view name = "WriteRequest";
  static void members(auto& each, auto& x) {
    each.wrapped("PutRequest", "Item", x.put);
    each.wrapped("DeleteRequest", "Key", x.remove);
  }
};

template <>
struct Shape<BatchWriteItemRequest> {
  static constexpr std::string_view name = "BatchWriteItemInput";
  static void members(auto& each, auto& x) {
    each("RequestItems", x.request_items);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each("ReturnItemCollectionMetrics", x.return_item_collection_metrics);
  }
};

template <>
struct Shape<BatchWriteItemResult> {
  static constexpr std::string_view name = "BatchWriteItemOutput";
  static void members(auto& each, auto& x) {
    each("UnprocessedItems", x.unprocessed_items);
    each("ConsumedCapacity", x.consumed_capacity);
    each.unless_empty("ItemCollectionMetrics", x.item_collection_metrics);
  }
};

DYNAKEEP_WIRE_MESSAGE(BatchGetItemRequest);
DYNAKEEP_WIRE_MESSAGE(BatchGetItemResult);
DYNAKEEP_WIRE_MESSAGE(BatchWriteItemRequest);
DYNAKEEP_WIRE_MESSAGE(BatchWriteItemResult);

}  // namespace dynakeep::wire
