#include "remote/remote_admin.h"

#include "remote/remote_database.h"
#include "wire/message_json.h"

namespace dynakeep::remote {

// The results say nothing.
template <typename Answer, typename Request>
Result<Answer> RemoteAdmin::tell(std::string_view operation, const Request& request) {
  TRY(database_.exchange(operation, TRY(wire::encode_message(request)), Repeats::never));
  return Answer{};
}

Result<RollShardsResult> RemoteAdmin::roll_shards(const RollShardsRequest& request) {
  return tell<RollShardsResult>("RollShards", request);
}
Result<SplitShardResult> RemoteAdmin::split_shard(const SplitShardRequest& request) {
  return tell<SplitShardResult>("SplitShard", request);
}
Result<TrimStreamResult> RemoteAdmin::trim_stream(const TrimStreamRequest& request) {
  return tell<TrimStreamResult>("TrimStream", request);
}
Result<ExpireIteratorsResult> RemoteAdmin::expire_iterators(const ExpireIteratorsRequest& request) {
  return tell<ExpireIteratorsResult>("ExpireIterators", request);
}
Result<AdvanceClockResult> RemoteAdmin::advance_clock(const AdvanceClockRequest& request) {
  return tell<AdvanceClockResult>("AdvanceClock", request);
}
Result<InjectFaultResult> RemoteAdmin::inject_fault(const InjectFaultRequest& request) {
  return tell<InjectFaultResult>("InjectFault", request);
}

}  // namespace dynakeep::remote
