#include <utility>

#include "stores/streams/consumer/reading.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr auto retention = 24h;

}  // namespace

Result<void> StreamConsumer::Reading::decide_start() {
  const Time before = time();
  const auto listing = TRY(streams::list_shards(database_, options_.stream_arn));
  StreamStart start{
      .kind = options_.from, .decided = before, .time = options_.time, .shards = options_.shards};
  streams::pass_over_ancestors(start, listing);
  if (options_.from == StreamStart::Kind::latest) start = start_at_latest(listing, before);
  if (start.time && *start.time < before - retention) {
    unreported_.push_back(
        {.kind = StreamGap::Kind::start_before_horizon, .from = start.time, .detected = before});
  }
  fresh_.clear();
  for (const auto& [id, position] : start.shards) {
    if (position.kind != StreamPosition::Kind::latest) continue;
    auto cursor = std::make_unique<streams::ShardCursor>(database_, options_.stream_arn, id,
                                                         position, start, true);
    TRY(cursor->open(time()));
    fresh_.emplace(id, std::move(cursor));
  }
  StreamProgress progress;
  progress.start = std::move(start);
  return save(std::move(progress));
}

Result<void> StreamConsumer::Reading::start() {
  const Lock lock(mutex_);
  if (started_) return {};
  progress_ = TRY(checkpoints_.load(scope_));
  unreported_.clear();
  if (!progress_.start) TRY(decide_start());
  discovery_due_ = now();
  save_due_ = now() + options_.checkpoint_interval;
  started_ = true;
  return {};
}

}  // namespace dynakeep
