#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/request.h"

namespace dynakeep {

struct KeysAndAttributes {
  std::optional<std::vector<Key>> keys = {};
  std::optional<bool> consistent_read = {};
  std::optional<std::string> projection_expression = {};
  std::optional<ExpressionAttributeNames> expression_attribute_names = {};
};

// At most 100 keys and 16 MB of answer; keys past 16 MB come back in unprocessed_keys.
struct BatchGetItemRequest {
  std::optional<std::map<std::string, KeysAndAttributes>> request_items = {};  // by table name
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct BatchGetItemResult {
  std::map<std::string, std::vector<Item>> responses = {};
  std::map<std::string, KeysAndAttributes> unprocessed_keys = {};
  std::optional<std::vector<ConsumedCapacity>> consumed_capacity = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

// Exactly one of the two.
struct WriteRequest {
  std::optional<Item> put = {};    // PutRequest.Item
  std::optional<Key> remove = {};  // DeleteRequest.Key
};

// At most 25 writes, each on its own: no two of one item, and no promise about all or none.
struct BatchWriteItemRequest {
  std::optional<std::map<std::string, std::vector<WriteRequest>>> request_items =
      {};  // by table name
  std::optional<ReturnConsumedCapacity> return_consumed_capacity = {};
  std::optional<ReturnItemCollectionMetrics> return_item_collection_metrics = {};
  bool want_stream_point = false;
  UnknownWords unknown_words = {};
};

struct BatchWriteItemResult {
  std::map<std::string, std::vector<WriteRequest>> unprocessed_items = {};
  std::optional<std::vector<ConsumedCapacity>> consumed_capacity = {};
  std::map<std::string, std::vector<ItemCollectionMetrics>> item_collection_metrics = {};
  std::optional<StreamPoint> stream_point = {};  // if asked for, and the table has a stream
};

}  // namespace dynakeep
