#include "wire/admin_operations.h"

#include <algorithm>
#include <array>

#include "wire/message_json_of.h"

namespace dynakeep::wire {

// The faults of a service that its clients have to live with.
template <>
struct Words<ErrorCode> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ErrorCode>>({
      {"ValidationException", ErrorCode::validation},
      {"ResourceNotFoundException", ErrorCode::resource_not_found},
      {"LimitExceededException", ErrorCode::limit_exceeded},
      {"ConditionalCheckFailedException", ErrorCode::conditional_check_failed},
      {"TransactionConflictException", ErrorCode::transaction_conflict},
      {"ProvisionedThroughputExceededException", ErrorCode::provisioned_throughput_exceeded},
      {"ThrottlingException", ErrorCode::throttling},
      {"RequestLimitExceeded", ErrorCode::request_limit_exceeded},
      {"ExpiredIteratorException", ErrorCode::expired_iterator},
      {"TrimmedDataAccessException", ErrorCode::trimmed_data_access},
      {"SnapshotExpired", ErrorCode::snapshot_expired},
      {"AccessDeniedException", ErrorCode::access_denied},
      {"UnrecognizedClientException", ErrorCode::unrecognized_client},
      {"InvalidSignatureException", ErrorCode::invalid_signature},
      {"InternalServerError", ErrorCode::internal_server_error},
      {"ServiceUnavailable", ErrorCode::unavailable},
  });
};

template <>
struct Shape<RollShardsRequest> {
  static constexpr std::string_view name = "RollShardsInput";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("ShardId", x.shard_id);
  }
};

template <>
struct Shape<RollShardsResult> {
  static constexpr std::string_view name = "RollShardsOutput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<SplitShardRequest> {
  static constexpr std::string_view name = "SplitShardInput";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("ShardId", x.shard_id);
  }
};

template <>
struct Shape<SplitShardResult> {
  static constexpr std::string_view name = "SplitShardOutput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<TrimStreamRequest> {
  static constexpr std::string_view name = "TrimStreamInput";
  static void members(auto& each, auto& x) {
    each("StreamArn", x.stream_arn);
    each("Before", x.before);
  }
};

template <>
struct Shape<TrimStreamResult> {
  static constexpr std::string_view name = "TrimStreamOutput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<ExpireIteratorsRequest> {
  static constexpr std::string_view name = "ExpireIteratorsInput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<ExpireIteratorsResult> {
  static constexpr std::string_view name = "ExpireIteratorsOutput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<AdvanceClockRequest> {
  static constexpr std::string_view name = "AdvanceClockInput";
  static void members(auto& each, auto& x) { each("Seconds", x.seconds); }
};

template <>
struct Shape<AdvanceClockResult> {
  static constexpr std::string_view name = "AdvanceClockOutput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<InjectFaultRequest> {
  static constexpr std::string_view name = "InjectFaultInput";
  static void members(auto& each, auto& x) {
    each("Operation", x.operation);
    each("Error", x.error);
    each("Count", x.count);
  }
};

template <>
struct Shape<InjectFaultResult> {
  static constexpr std::string_view name = "InjectFaultOutput";
  static void members(auto&, auto&) {}
};

DYNAKEEP_WIRE_MESSAGE(RollShardsRequest);
DYNAKEEP_WIRE_MESSAGE(RollShardsResult);
DYNAKEEP_WIRE_MESSAGE(SplitShardRequest);
DYNAKEEP_WIRE_MESSAGE(SplitShardResult);
DYNAKEEP_WIRE_MESSAGE(TrimStreamRequest);
DYNAKEEP_WIRE_MESSAGE(TrimStreamResult);
DYNAKEEP_WIRE_MESSAGE(ExpireIteratorsRequest);
DYNAKEEP_WIRE_MESSAGE(ExpireIteratorsResult);
DYNAKEEP_WIRE_MESSAGE(AdvanceClockRequest);
DYNAKEEP_WIRE_MESSAGE(AdvanceClockResult);
DYNAKEEP_WIRE_MESSAGE(InjectFaultRequest);
DYNAKEEP_WIRE_MESSAGE(InjectFaultResult);

namespace {

template <typename Request, typename Answer>
Reply carry_out(EngineAdmin& admin, Result<Answer> (EngineAdmin::*method)(const Request&),
                std::string_view json_body) {
  const auto request = decode_message<Request>(json_body);
  if (!request) return error_reply(request.error());
  const auto result = (admin.*method)(*request);
  if (!result) return error_reply(result.error());
  return {.status = 200, .body = encode_message(*result).value()};
}

template <auto method>
Reply answer_with(EngineAdmin& admin, std::string_view json_body) {
  return carry_out(admin, method, json_body);
}

constexpr auto table = std::to_array<AdminOperation>({
    {"AdvanceClock", &answer_with<&EngineAdmin::advance_clock>},
    {"ExpireIterators", &answer_with<&EngineAdmin::expire_iterators>},
    {"InjectFault", &answer_with<&EngineAdmin::inject_fault>},
    {"RollShards", &answer_with<&EngineAdmin::roll_shards>},
    {"SplitShard", &answer_with<&EngineAdmin::split_shard>},
    {"TrimStream", &answer_with<&EngineAdmin::trim_stream>},
});

constexpr bool by_name(const AdminOperation& a, const AdminOperation& b) { return a.name < b.name; }
static_assert(std::is_sorted(table.begin(), table.end(), by_name));

}  // namespace

std::span<const AdminOperation> admin_operations() { return table; }

const AdminOperation* find_admin_operation(std::string_view name) {
  const auto* found = std::find_if(table.begin(), table.end(),
                                   [name](const AdminOperation& one) { return one.name == name; });
  return found == table.end() ? nullptr : found;
}

const AdminOperation* find_admin_target(std::string_view target) {
  if (!target.starts_with(admin_target_prefix)) return nullptr;
  target.remove_prefix(admin_target_prefix.size());
  return target.starts_with('.') ? find_admin_operation(target.substr(1)) : nullptr;
}

}  // namespace dynakeep::wire
