#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/request.h"

namespace dynakeep {

struct QueryRequest {
  std::optional<std::string> table_name = {};
  std::optional<std::string> index_name = {};
  std::optional<std::string> key_condition_expression = {};
  std::optional<std::string> filter_expression = {};
  std::optional<std::string> projection_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<Select> select = {};
  std::optional<std::int32_t> limit = {};  // items looked at, before the filter
  std::optional<Key> exclusive_start_key = {};
  std::optional<bool> scan_index_forward = {};  // true if absent: rising sort keys
  std::optional<bool> consistent_read = {};     // refused on global secondary indexes
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  bool want_stream_point = false;
  SnapshotUse snapshot = {};
  UnknownWords unknown_words = {};
};

struct QueryResult {
  std::optional<std::vector<Item>> items = {};  // absent when select is count
  std::int64_t count = 0;                       // items that passed the filter
  std::int64_t scanned_count = 0;               // items looked at
  std::optional<Key> last_evaluated_key = {};   // where the next page begins; absent at the end
  std::optional<ConsumedCapacity> consumed_capacity = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
  std::optional<std::string> snapshot = {};      // the token of the one that it began
};

struct ScanRequest {
  std::optional<std::string> table_name = {};
  std::optional<std::string> index_name = {};
  std::optional<std::string> filter_expression = {};
  std::optional<std::string> projection_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
  std::optional<ExpressionAttributeValues> expression_attribute_values = {};
  std::optional<Select> select = {};
  std::optional<std::int32_t> limit = {};  // items looked at, before the filter
  std::optional<Key> exclusive_start_key = {};
  std::optional<std::int32_t> segment = {};  // 0 to total_segments - 1: a share of the table
  std::optional<std::int32_t> total_segments = {};
  std::optional<bool> consistent_read = {};
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  bool want_stream_point = false;
  SnapshotUse snapshot = {};
  UnknownWords unknown_words = {};
};

using ScanResult = QueryResult;

}  // namespace dynakeep
