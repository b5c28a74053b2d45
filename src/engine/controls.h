#pragma once

#include "dynakeep/engine_admin.h"
#include "engine/advanced_clock.h"
#include "engine/engine.h"
#include "engine/faults.h"

namespace dynakeep::engine {

// EngineAdmin of an engine. What it is given must outlive it.
class Controls final : public EngineAdmin {
 public:
  Controls(const Engine& engine, AdvancedClock& clock, Faults& faults)
      : engine_(engine), clock_(clock), faults_(faults) {}

  Result<RollShardsResult> roll_shards(const RollShardsRequest& request) override;
  Result<SplitShardResult> split_shard(const SplitShardRequest& request) override;
  Result<TrimStreamResult> trim_stream(const TrimStreamRequest& request) override;
  Result<ExpireIteratorsResult> expire_iterators(const ExpireIteratorsRequest& request) override;
  Result<AdvanceClockResult> advance_clock(const AdvanceClockRequest& request) override;
  Result<InjectFaultResult> inject_fault(const InjectFaultRequest& request) override;

 private:
  const Engine& engine_;
  AdvancedClock& clock_;
  Faults& faults_;
};

}  // namespace dynakeep::engine
