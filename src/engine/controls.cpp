#include "engine/controls.h"

#include <algorithm>
#include <chrono>

#include "engine/streams/find_stream.h"
#include "engine/streams/streams.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

constexpr std::int64_t advance_seconds_max = std::int64_t{10} * 366 * 24 * 3600;
// In all: times stay far from where their arithmetic ends.
constexpr auto ahead_max = std::chrono::hours(24) * 366 * 1000;
constexpr std::int32_t faults_max = 1'000'000;

void constrain_shard_id(Constraints& constraints, const std::string& shard_id) {
  constraints.length(shard_id, 28, 65, "shardId");
}

}  // namespace

Result<RollShardsResult> Controls::roll_shards(const RollShardsRequest& request) {
  Constraints constraints;
  constrain_stream_arn(constraints, request.stream_arn);
  if (request.shard_id) constrain_shard_id(constraints, *request.shard_id);
  TRY(constraints.verdict());
  const auto stream = TRY(find_stream(engine_, *request.stream_arn));
  TRY(engine_.streams.roll(*stream, request.shard_id.value_or(""), 1));
  TRY(settle(engine_, engine_.streams.position()));
  return RollShardsResult{};
}

Result<SplitShardResult> Controls::split_shard(const SplitShardRequest& request) {
  Constraints constraints;
  constrain_stream_arn(constraints, request.stream_arn);
  if (constraints.required(request.shard_id, "shardId")) {
    constrain_shard_id(constraints, *request.shard_id);
  }
  TRY(constraints.verdict());
  const auto stream = TRY(find_stream(engine_, *request.stream_arn));
  const auto state = stream->state();
  const auto open = std::count_if(state->shards.begin(), state->shards.end(),
                                  [](const Shard& shard) { return shard.is_open(); });
  const std::size_t open_max = engine_.streams.options().max_open_shards;
  if (static_cast<std::size_t>(open) >= open_max) {
    return Error(ErrorCode::limit_exceeded,
                 "The stream has " + std::to_string(open_max) + " open shards");
  }
  TRY(engine_.streams.roll(*stream, *request.shard_id, 2));
  TRY(settle(engine_, engine_.streams.position()));
  return SplitShardResult{};
}

Result<TrimStreamResult> Controls::trim_stream(const TrimStreamRequest& request) {
  Constraints constraints;
  constrain_stream_arn(constraints, request.stream_arn);
  constraints.required(request.before, "before");
  TRY(constraints.verdict());
  const auto stream = TRY(find_stream(engine_, *request.stream_arn));
  TRY(engine_.streams.trim(*stream, *request.before));
  return TrimStreamResult{};
}

Result<ExpireIteratorsResult> Controls::expire_iterators(
    const ExpireIteratorsRequest& /*request*/) {
  engine_.streams.expire_iterators();
  return ExpireIteratorsResult{};
}

Result<AdvanceClockResult> Controls::advance_clock(const AdvanceClockRequest& request) {
  Constraints constraints;
  if (constraints.required(request.seconds, "seconds")) {
    constraints.at_least(*request.seconds, 1, "seconds");
    constraints.at_most(*request.seconds, advance_seconds_max, "seconds");
  }
  TRY(constraints.verdict());
  const std::chrono::seconds by(*request.seconds);
  if (clock_.ahead() + by > ahead_max) {
    return Error::validation("The clock is a thousand years ahead already");
  }
  clock_.advance(by);
  // What is due by then is done now, not when its time comes by the wall.
  TRY(engine_.streams.turn());
  engine_.snapshots.drop_expired();
  return AdvanceClockResult{};
}

Result<InjectFaultResult> Controls::inject_fault(const InjectFaultRequest& request) {
  Constraints constraints(request.unknown_words);
  if (constraints.required(request.operation, "operation")) {
    constraints.length(*request.operation, 1, 100, "operation");
  }
  constraints.required_word(request.error, "error");
  if (request.count) {
    constraints.at_least(*request.count, 0, "count");
    constraints.at_most(*request.count, faults_max, "count");
  }
  TRY(constraints.verdict());
  faults_.set(*request.operation, *request.error, request.count.value_or(1));
  return InjectFaultResult{};
}

}  // namespace dynakeep::engine
