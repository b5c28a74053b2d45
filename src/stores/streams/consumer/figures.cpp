#include <algorithm>

#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

}  // namespace

void StreamConsumer::Reading::failed_call(const Error& error) {
  ++figures_.errors;
  figures_.last_error = std::string(exception_name(error.code())) + ": " + error.message();
}

StreamFigures StreamConsumer::Reading::figures() const {
  const Lock lock(mutex_);
  StreamFigures figures = figures_;
  const Time current = time();
  for (const auto& [id, shard] : shards_) {
    StreamShardFigures each{.shard_id = id, .waiting = shard->waiting()};
    Time oldest = shard->is_at_tip ? current : shard->read.created.value_or(current);
    std::string number;
    for (const streams::Lane& lane : shard->lanes) {
      if (lane.is_empty()) continue;
      const StreamRecord& front = lane.front().dynamodb;
      if (number.empty() || compare_sequence_numbers(front.sequence_number, number) < 0) {
        number = front.sequence_number;
        oldest = front.approximate_creation_date_time.value_or(current);
      }
    }
    const auto in_milliseconds = [](auto span) {
      return std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(span));
    };
    each.lag = in_milliseconds(current - oldest);
    each.silent = in_milliseconds(now() - shard->answered);
    each.is_at_tip = shard->is_at_tip && shard->waiting() == 0;
    figures.lag = std::max(figures.lag, each.lag);
    figures.shards.push_back(std::move(each));
  }
  return figures;
}

}  // namespace dynakeep
