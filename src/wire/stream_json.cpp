// The messages of dynakeep/stream_requests.h.

#include "dynakeep/stream_requests.h"
#include "wire/message_json_of.h"
#include "wire/table_shapes.h"

namespace dynakeep::wire {

template <>
struct Words<StreamStatus> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, StreamStatus>>({
      {"ENABLING", StreamStatus::enabling},
      {"ENABLED", StreamStatus::enabled},
      {"DISABLING", StreamStatus::disabling},
      {"DISABLED", StreamStatus::disabled},
  });
};

template <>
struct Words<ShardIteratorType> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ShardIteratorType>>({
      {"TRIM_HORIZON", ShardIteratorType::trim_horizon},
      {"LATEST", ShardIteratorType::latest},
      {"AT_SEQUENCE_NUMBER", ShardIteratorType::at_sequence_number},
      {"AFTER_SEQUENCE_NUMBER", ShardIteratorType::after_sequence_number},
  });
};

template <>
struct Words<ShardFilterType> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ShardFilterType>>({
      {"CHILD_SHARDS", ShardFilterType::child_shards},
  });
};

template <>
struct Shape<ListStreamsRequest> {
  static constexpr std::string_view name = "ListStreamsInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("Limit", x.limit);
    each("ExclusiveStartStreamArn", x.exclusive_start_stream_arn);
  }
};

template <>
struct Shape<StreamSummary> {
  static constexpr std::string_view name = "Stream";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("TableName", x.table_name);
    each("StreamLabel", x.stream_label);
  }
};

template <>
struct Shape<ListStreamsResult> {
  static constexpr std::string_view name = "ListStreamsOutput";
  static void members(auto& each, auto& x) {
    each("Streams", x.streams);
    each("LastEvaluatedStreamArn", x.last_evaluated_stream_arn);
  }
};

template <>
struct Shape<ShardFilter> {
  static constexpr std::string_view name = "ShardFilter";
  static void members(auto& each, auto& x) {
    each("Type", x.type);
    each("ShardId", x.shard_id);
  }
};

template <>
struct Shape<DescribeStreamRequest> {
  static constexpr std::string_view name = "DescribeStreamInput";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("Limit", x.limit);
    each("ExclusiveStartShardId", x.exclusive_start_shard_id);
    each("ShardFilter", x.shard_filter);
  }
};

template <>
struct Shape<SequenceNumberRange> {
  static constexpr std::string_view name = "SequenceNumberRange";
  static void members(auto& each, auto& x) {
    each("StartingSequenceNumber", x.starting_sequence_number);
    each("EndingSequenceNumber", x.ending_sequence_number);
  }
};

template <>
struct Shape<StreamShard> {
  static constexpr std::string_view name = "Shard";
  static void members(auto& each, auto& x) {
    each("ShardId", x.shard_id);
    each("SequenceNumberRange", x.sequence_number_range);
    each("ParentShardId", x.parent_shard_id);
  }
};

template <>
struct Shape<StreamDescription> {
  static constexpr std::string_view name = "StreamDescription";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("StreamLabel", x.stream_label);
    each("StreamStatus", x.stream_status);
    each("StreamViewType", x.stream_view_type);
    each("CreationRequestDateTime", x.creation_request_date_time);
    each("TableName", x.table_name);
    each("KeySchema", x.key_schema);
    each("Shards", x.shards);
    each("LastEvaluatedShardId", x.last_evaluated_shard_id);
  }
};

template <>
struct Shape<DescribeStreamResult> {
  static constexpr std::string_view name = "DescribeStreamOutput";
  static void members(auto& each, auto& x) { each("StreamDescription", x.stream_description); }
};

template <>
struct Shape<GetShardIteratorRequest> {
  static constexpr std::string_view name = "GetShardIteratorInput";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("ShardId", x.shard_id);
    each("ShardIteratorType", x.shard_iterator_type);
    each("SequenceNumber", x.sequence_number);
  }
};

template <>
struct Shape<GetShardIteratorResult> {
  static constexpr std::string_view name = "GetShardIteratorOutput";
  static void members(auto& each, auto& x) { each("ShardIterator", x.shard_iterator); }
};

template <>
struct Shape<GetRecordsRequest> {
  static constexpr std::string_view name = "GetRecordsInput";
  static void members(auto& each, auto& x) {
    each("ShardIterator", x.shard_iterator);
    each("Limit", x.limit);
  }
};

template <>
struct Shape<StreamUserIdentity> {
  static constexpr std::string_view name = "Identity";
  static void members(auto& each, auto& x) {
    each("PrincipalId", x.principal_id);
    each("Type", x.type);
  }
};

template <>
struct Shape<StreamRecord> {
  static constexpr std::string_view name = "StreamRecord";
  static void members(auto& each, auto& x) {
    each("ApproximateCreationDateTime", x.approximate_creation_date_time);
    each("Keys", x.keys);
    each("NewImage", x.new_image);
    each("OldImage", x.old_image);
    each("SequenceNumber", x.sequence_number);
    each("SizeBytes", x.size_bytes);
    each("StreamViewType", x.stream_view_type);
  }
};

template <>
struct Shape<ChangeRecord> {
  static constexpr std::string_view name = "Record";
  static void members(auto& each, auto& x) {
    each("eventID", x.event_id);
    each("eventName", x.event_name);
    each("eventVersion", x.event_version);
    each("eventSource", x.event_source);
    each("awsRegion", x.aws_region);
    each("dynamodb", x.dynamodb);
    each("userIdentity", x.user_identity);
  }
};

template <>
struct Shape<GetRecordsResult> {
  static constexpr std::string_view name = "GetRecordsOutput";
  static void members(auto& each, auto& x) {
    each("Records", x.records);
    each("NextShardIterator", x.next_shard_iterator);
  }
};

DYNAKEEP_WIRE_MESSAGE(ListStreamsRequest);
DYNAKEEP_WIRE_MESSAGE(ListStreamsResult);
DYNAKEEP_WIRE_MESSAGE(DescribeStreamRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeStreamResult);
DYNAKEEP_WIRE_MESSAGE(GetShardIteratorRequest);
DYNAKEEP_WIRE_MESSAGE(GetShardIteratorResult);
DYNAKEEP_WIRE_MESSAGE(GetRecordsRequest);
DYNAKEEP_WIRE_MESSAGE(GetRecordsResult);
DYNAKEEP_WIRE_MESSAGE(ChangeRecord);

}  // namespace dynakeep::wire
