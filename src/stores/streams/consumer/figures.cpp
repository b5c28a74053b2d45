#include <algorithm>
#include <array>
#include <utility>

#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr std::array kind_words = {"shard_discovered",
                                   "shard_started",
                                   "shard_ended",
                                   "shard_completed",
                                   "lineage_ended",
                                   "stream_ended",
                                   "lease_taken",
                                   "lease_lost",
                                   "checkpoint_written",
                                   "checkpoint_fallback",
                                   "gap",
                                   "retention_risk",
                                   "poison",
                                   "dead_lettered",
                                   "slow_handler",
                                   "checkpoint_awaited",
                                   "degraded",
                                   "recovered",
                                   "duplicate_dropped"};

std::chrono::milliseconds in_milliseconds(auto span) {
  return std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(span));
}

}  // namespace

std::string_view to_text(StreamEvent::Kind kind) {
  return kind_words[static_cast<std::size_t>(kind)];
}

void StreamConsumer::Reading::failed_call(const Error& error) {
  ++figures_.errors;
  figures_.last_error = std::string(exception_name(error.code())) + ": " + error.message();
}

void StreamConsumer::Reading::note_throttling(const Error& error) {
  if (streams::is_throttling(error)) pace_.throttled(now());
}

void StreamConsumer::Reading::note_handler_time(std::chrono::nanoseconds span) {
  std::size_t place = 0;
  for (std::chrono::nanoseconds bound = 1ms;
       span > bound && place + 1 < figures_.handler_times.size(); bound *= 10) {
    ++place;
  }
  ++figures_.handler_times[place];
}

void StreamConsumer::Reading::tell(StreamEvent::Kind kind, const std::string& shard_id,
                                   std::string text) {
  if (options_.on_event) events_.push_back({kind, shard_id, std::move(text)});
}

// Hands out the events, and asks handlers to stop, with the lock let go: whoever is called may call
// the consumer.
void StreamConsumer::Reading::tell_all(Lock& lock) {
  if (is_telling_ || (events_.empty() && stops_.empty())) return;
  is_telling_ = true;
  while (!events_.empty() || !stops_.empty()) {
    const auto events = std::exchange(events_, {});
    auto stops = std::exchange(stops_, {});
    lock.unlock();
    for (std::stop_source& stop : stops) stop.request_stop();
    for (const StreamEvent& event : events) options_.on_event(event);
    lock.lock();
  }
  is_telling_ = false;
}

// How old the oldest record is that is not handled.
std::chrono::milliseconds StreamConsumer::Reading::lag_of(const Shard& shard) const {
  const streams::Lane* first = shard.first_waiting();
  const Time current = time();
  Time oldest = current;
  if (first != nullptr) {
    oldest = first->front().dynamodb.approximate_creation_date_time.value_or(current);
  } else if (!shard.is_at_tip && !shard.has_ended) {
    oldest = shard.read.created.value_or(current);
  }
  return in_milliseconds(current - oldest);
}

StreamFigures StreamConsumer::Reading::figures() const {
  const Lock lock(mutex_);
  StreamFigures figures = figures_;
  for (const auto& [id, shard] : shards_) {
    figures.shards.push_back({.shard_id = id,
                              .waiting = shard->waiting(),
                              .lag = lag_of(*shard),
                              .silent = in_milliseconds(now() - shard->answered),
                              .is_at_tip = shard->is_at_tip && shard->waiting() == 0});
    figures.lag = std::max(figures.lag, figures.shards.back().lag);
  }
  figures.buffered_bytes = buffered_bytes_;
  figures.describe_stream = counts_.describe_stream.figures();
  figures.get_shard_iterator = counts_.get_shard_iterator.figures();
  figures.get_records = counts_.get_records.figures();
  if (leases_ != nullptr) figures.leases = shards_.size();
  for (const auto& [id, row] : progress_.shards) {
    figures.pending += row.state == ShardState::pending ? 1 : 0;
    figures.completed += row.is_over() ? 1 : 0;
  }
  return figures;
}

}  // namespace dynakeep
