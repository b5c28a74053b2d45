// The messages of dynakeep/query_requests.h.

#include "dynakeep/query_requests.h"
#include "wire/message_json_of.h"
#include "wire/request_shapes.h"

namespace dynakeep::wire {

template <>
struct Shape<QueryRequest> {
  static constexpr std::string_view name = "QueryInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("IndexName", x.index_name);
    each("KeyConditionExpression", x.key_condition_expression);
    each("FilterExpression", x.filter_expression);
    each("ProjectionExpression", x.projection_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("Select", x.select);
    each("Limit", x.limit);
    each("ExclusiveStartKey", x.exclusive_start_key);
    each("ScanIndexForward", x.scan_index_forward);
    each("ConsistentRead", x.consistent_read);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each.unsupported("AttributesToGet");
    each.unsupported("KeyConditions");
    each.unsupported("QueryFilter");
    each.unsupported("ConditionalOperator");
  }
};

// ScanResult is the same type.
template <>
struct Shape<QueryResult> {
  static constexpr std::string_view name = "QueryOutput";
  static void members(auto& each, auto& x) {
    each("Items", x.items);
    each("Count", x.count);
    each("ScannedCount", x.scanned_count);
    each("LastEvaluatedKey", x.last_evaluated_key);
    each("ConsumedCapacity", x.consumed_capacity);
  }
};

template <>
struct Shape<ScanRequest> {
  static constexpr std::string_view name = "ScanInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("IndexName", x.index_name);
    each("FilterExpression", x.filter_expression);
    each("ProjectionExpression", x.projection_expression);
    each("ExpressionAttributeNames", x.expression_attribute_names);
    each("ExpressionAttributeValues", x.expression_attribute_values);
    each("Select", x.select);
    each("Limit", x.limit);
    each("ExclusiveStartKey", x.exclusive_start_key);
    each("Segment", x.segment);
    each("TotalSegments", x.total_segments);
    each("ConsistentRead", x.consistent_read);
    each("ReturnConsumedCapacity", x.return_consumed_capacity);
    each.unsupported("AttributesToGet");
    each.unsupported("ScanFilter");
    each.unsupported("ConditionalOperator");
  }
};

DYNAKEEP_WIRE_MESSAGE(QueryRequest);
DYNAKEEP_WIRE_MESSAGE(QueryResult);
DYNAKEEP_WIRE_MESSAGE(ScanRequest);

}  // namespace dynakeep::wire
