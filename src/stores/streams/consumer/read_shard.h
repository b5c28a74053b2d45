#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dynakeep/stores/stream_progress.h"
#include "stores/streams/lane.h"
#include "stores/streams/shard_cursor.h"

namespace dynakeep::streams {

// A shard that is being read.
struct ReadShard {
  std::string id = {};
  std::unique_ptr<ShardCursor> cursor = {};
  std::vector<Lane> lanes = {};
  Mark read = {};  // the last record read
  bool is_fetching = false;
  bool has_ended = false;
  bool is_at_tip = false;
  bool is_finishing = false;
  bool is_missing = false;  // the server says so; the next listing decides
  Lane::Moment fetch_due = {};
  Lane::Moment finish_due = {};
  Lane::Moment answered = {};
  unsigned failures = 0;
  std::chrono::milliseconds idle{0};

  std::size_t waiting() const {
    std::size_t count = 0;
    for (const Lane& lane : lanes) count += lane.size();
    return count;
  }
  // Behind the last record before which all are handled.
  const Mark& handled() const {
    const Mark* least = &read;
    const Lane* first = nullptr;
    for (const Lane& lane : lanes) {
      if (lane.is_empty()) continue;
      if (first != nullptr &&
          compare_sequence_numbers(lane.front().dynamodb.sequence_number,
                                   first->front().dynamodb.sequence_number) > 0) {
        continue;
      }
      first = &lane;
      least = &lane.mark();
    }
    return *least;
  }
};

}  // namespace dynakeep::streams
