#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dynakeep/stores/stream_progress.h"
#include "stores/streams/lane.h"
#include "stores/streams/shard_cursor.h"

namespace dynakeep::streams {

// A shard that is being read: what was read of it and is not handled yet, and what is at work on
// it. Who works on it without the consumer's lock marks it as busy, and looks for is_gone after.
struct ReadShard {
  using Moment = Lane::Moment;

  // `total`: of the bytes that all shards hold; outlives them.
  explicit ReadShard(std::size_t& total) : total_bytes(total) {}
  ~ReadShard() { total_bytes -= counted_bytes; }
  ReadShard(const ReadShard&) = delete;
  ReadShard& operator=(const ReadShard&) = delete;

  std::string id = {};
  bool is_gone = false;  // it is not this consumer's any more
  std::stop_source stop = {};

  // ---- reading
  std::unique_ptr<ShardCursor> cursor = {};
  Mark read = {};  // the last record read
  bool is_fetching = false;
  bool has_ended = false;
  bool is_at_tip = false;
  bool is_missing = false;  // the server says so; the next listing decides
  Moment fetch_due = {};
  Moment fetched = {};   // the last call
  Moment answered = {};  // the last that had an answer
  unsigned failures = 0;
  std::chrono::milliseconds idle{0};
  // Someone tells when there is more to read.
  std::unique_ptr<RecordsWaiter> waiter = {};
  std::shared_ptr<std::atomic<bool>> was_told = {};
  std::optional<Moment> degraded_told = {};

  // ---- handing out
  std::vector<Lane> lanes = {};
  std::string delivered = {};  // the last number that was handed out
  bool is_paused = false;
  bool was_at_risk = false;

  std::size_t& total_bytes;
  std::size_t counted_bytes = 0;  // of its own, in the total

  // ---- its end
  bool is_finishing = false;
  Moment finish_due = {};
  Moment ended = {};
  bool was_awaited = false;

  // ---- its checkpoint
  std::size_t unsaved = 0;  // records handled, and other changes of its row, since it was written

  // ---- its lease
  std::uint64_t epoch = 0;
  Moment renewed = {};  // when the last renewal that succeeded was sent
  std::string wanted_by = {};
  Moment wanted_since = {};

  std::size_t waiting() const {
    std::size_t count = 0;
    for (const Lane& lane : lanes) count += lane.size();
    return count;
  }
  std::size_t bytes() const {
    std::size_t count = 0;
    for (const Lane& lane : lanes) count += lane.bytes();
    return count;
  }
  void count_bytes() {
    total_bytes -= counted_bytes;
    counted_bytes = bytes();
    total_bytes += counted_bytes;
  }
  bool is_any_lane_busy() const {
    for (const Lane& lane : lanes) {
      if (lane.is_busy) return true;
    }
    return false;
  }
  bool is_busy() const { return is_fetching || is_finishing || is_any_lane_busy(); }

  // The lane whose first record comes first; null: nothing waits.
  const Lane* first_waiting() const {
    const Lane* first = nullptr;
    for (const Lane& lane : lanes) {
      if (lane.is_empty()) continue;
      if (first == nullptr ||
          compare_sequence_numbers(lane.front().dynamodb.sequence_number,
                                   first->front().dynamodb.sequence_number) < 0) {
        first = &lane;
      }
    }
    return first;
  }
  // Behind the last record before which all are handled.
  const Mark& handled() const {
    const Lane* first = first_waiting();
    return first == nullptr ? read : first->mark();
  }
};

}  // namespace dynakeep::streams
