#pragma once

#include "dynakeep/engine_admin.h"

namespace dynakeep::remote {

class RemoteDatabase;

// EngineAdmin of an engine behind a server. Nothing is sent a second time.
class RemoteAdmin final : public EngineAdmin {
 public:
  explicit RemoteAdmin(RemoteDatabase& database) : database_(database) {}

  Result<RollShardsResult> roll_shards(const RollShardsRequest& request) override;
  Result<SplitShardResult> split_shard(const SplitShardRequest& request) override;
  Result<TrimStreamResult> trim_stream(const TrimStreamRequest& request) override;
  Result<ExpireIteratorsResult> expire_iterators(const ExpireIteratorsRequest& request) override;
  Result<AdvanceClockResult> advance_clock(const AdvanceClockRequest& request) override;
  Result<InjectFaultResult> inject_fault(const InjectFaultRequest& request) override;

 private:
  template <typename Answer, typename Request>
  Result<Answer> tell(std::string_view operation, const Request& request);

  RemoteDatabase& database_;
};

}  // namespace dynakeep::remote
