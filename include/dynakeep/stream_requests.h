#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/item.h"
#include "dynakeep/request.h"
#include "dynakeep/table.h"

// DynamoDB Streams: what changed in a table, in order (Amazon DynamoDB Streams API Reference,
// version 2012-08-10).
namespace dynakeep {

enum class StreamStatus : std::uint8_t { enabling, enabled, disabling, disabled };
enum class ShardIteratorType : std::uint8_t {
  trim_horizon,           // before the oldest record that is kept
  latest,                 // after what there is at the time of the call
  at_sequence_number,     // before the first record of that number or a greater one
  after_sequence_number,  // after the last record of that number or a smaller one
};
enum class ShardFilterType : std::uint8_t { child_shards };

// ---- ListStreams ----

struct ListStreamsRequest {
  std::optional<std::string> table_name = {};  // left out: those of all tables
  std::optional<std::int32_t> limit = {};      // 1 to 100, which is the default
  std::optional<std::string> exclusive_start_stream_arn = {};
};

struct StreamSummary {
  std::string stream_arn = {};
  std::string table_name = {};
  std::string stream_label = {};
};

struct ListStreamsResult {
  std::vector<StreamSummary> streams = {};  // by table name, of one table the newest first
  std::optional<std::string> last_evaluated_stream_arn = {};
};

// ---- DescribeStream ----

struct ShardFilter {
  std::optional<ShardFilterType> type = {};
  std::optional<std::string> shard_id = {};
};

struct DescribeStreamRequest {
  std::optional<std::string> stream_arn = {};
  std::optional<std::int32_t> limit = {};  // of shards; 1 to 100, which is the default
  std::optional<std::string> exclusive_start_shard_id = {};
  std::optional<ShardFilter> shard_filter = {};
  UnknownWords unknown_words = {};
};

struct SequenceNumberRange {
  std::optional<std::string> starting_sequence_number = {};
  std::optional<std::string> ending_sequence_number = {};  // absent while the shard is open
};

struct StreamShard {
  std::string shard_id = {};
  SequenceNumberRange sequence_number_range = {};
  std::optional<std::string> parent_shard_id = {};
};

struct StreamDescription {
  std::string stream_arn = {};
  std::string stream_label = {};
  StreamStatus stream_status = StreamStatus::enabled;
  StreamViewType stream_view_type = StreamViewType::new_and_old_images;
  std::optional<Time> creation_request_date_time = {};
  std::string table_name = {};
  KeySchema key_schema = {};
  std::vector<StreamShard> shards = {};  // in order of their ids: parents before their children
  std::optional<std::string> last_evaluated_shard_id = {};
};

struct DescribeStreamResult {
  StreamDescription stream_description = {};
};

// ---- GetShardIterator ----

struct GetShardIteratorRequest {
  std::optional<std::string> stream_arn = {};
  std::optional<std::string> shard_id = {};
  std::optional<ShardIteratorType> shard_iterator_type = {};
  std::optional<std::string> sequence_number = {};
  UnknownWords unknown_words = {};
};

struct GetShardIteratorResult {
  std::optional<std::string> shard_iterator = {};  // good for 15 minutes, any number of times
};

// ---- GetRecords ----

struct GetRecordsRequest {
  std::optional<std::string> shard_iterator = {};
  std::optional<std::int32_t> limit = {};  // 1 to 1000, which is the default
  // Where there is nothing to read: how long to wait for a record, or for the end of the shard.
  // Up to 20 seconds; not waited where Capabilities::long_poll is false.
  std::chrono::milliseconds wait{0};
  bool want_stream_point = false;
};

struct StreamUserIdentity {
  std::string principal_id = {};
  std::string type = {};
};

// What happened to one item. Absent: the images that the view type does not show, or that there is
// none of.
struct StreamRecord {
  std::optional<Time> approximate_creation_date_time = {};  // whole seconds
  Item keys = {};
  std::optional<Item> new_image = {};
  std::optional<Item> old_image = {};
  std::string sequence_number = {};
  std::int64_t size_bytes = 0;
  StreamViewType stream_view_type = StreamViewType::new_and_old_images;
};

struct ChangeRecord {
  std::string event_id = {};    // the same each time the record is read
  std::string event_name = {};  // "INSERT", "MODIFY", "REMOVE"
  std::string event_version = {};
  std::string event_source = {};
  std::string aws_region = {};
  StreamRecord dynamodb = {};
  // Of what the service did itself: it removed an item that had expired.
  std::optional<StreamUserIdentity> user_identity = {};
};

struct GetRecordsResult {
  std::vector<ChangeRecord> records = {};
  std::optional<std::string> next_shard_iterator = {};  // absent: the shard has come to its end
  // If asked for: no record of this shard with a number up to that position is left to read after
  // this page.
  std::optional<StreamPoint> stream_point = {};
};

}  // namespace dynakeep
