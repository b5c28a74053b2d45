#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep::streams {

// A place between records: behind the last one that was read before.
struct Mark {
  std::string sequence_number = {};  // empty: where the reading began
  std::optional<Time> created = {};
};

// Records of one shard that are handled one batch after the other: what is handed out next, and
// what is acknowledged. Pure: it does no handling itself.
class Lane {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  void add(ChangeRecord record, Mark before, Moment now) {
    bytes_ += size_of(record);
    waiting_bytes_ += size_of(record);
    waiting_.push_back({std::move(record), std::move(before), now});
  }
  bool is_empty() const { return batch_.empty() && waiting_.empty(); }
  std::size_t size() const { return batch_.size() - done_ + waiting_.size(); }

  std::size_t bytes() const { return bytes_; }  // of the records, as their sizes say

  // When to hand out the next batch: what failed, when it is due; else at once if there are that
  // many records or bytes, or nothing more is waited for; else when the first has waited that long.
  // Not of an empty lane.
  Moment ready_at(std::size_t records_max, std::size_t bytes_max, std::chrono::milliseconds window,
                  bool is_last) const {
    if (!batch_.empty() || is_last || waiting_.size() >= records_max ||
        waiting_bytes_ >= bytes_max) {
      return due;
    }
    return std::max(due, waiting_.front().arrived + window);
  }

  // The first record not acknowledged, and what was read before it. Not of an empty lane.
  const ChangeRecord& front() const {
    return batch_.empty() ? waiting_.front().record : batch_[done_];
  }
  const Mark& mark() const { return batch_.empty() ? waiting_.front().before : marks_[done_]; }

  // What to hand out next: what failed, or a part of it, or the next records, up to that many and
  // so many bytes, one at least. It stays where it is until it is acknowledged. Not of an empty
  // lane.
  std::span<const ChangeRecord> next(std::size_t records_max, std::size_t bytes_max) {
    if (batch_.empty()) {
      std::size_t bytes = 0;
      while (!waiting_.empty() && batch_.size() < records_max) {
        const std::size_t size = size_of(waiting_.front().record);
        if (!batch_.empty() && bytes + size > bytes_max) break;
        bytes += size;
        waiting_bytes_ -= size;
        batch_.push_back(std::move(waiting_.front().record));
        marks_.push_back(std::move(waiting_.front().before));
        waiting_.pop_front();
      }
      ends_ = {batch_.size()};
    }
    return std::span(batch_).subspan(done_, ends_.back() - done_);
  }
  // So many records of it are done, from the first on.
  void acknowledge(std::size_t count) {
    if (count == 0) return;
    for (std::size_t i = done_; i < done_ + count; ++i) bytes_ -= size_of(batch_[i]);
    done_ += count;
    while (!ends_.empty() && ends_.back() <= done_) ends_.pop_back();
    attempts = 0;
    is_named = false;
    first_failure.reset();
    if (done_ < batch_.size()) return;
    batch_.clear();
    marks_.clear();
    ends_.clear();
    done_ = 0;
  }
  // The next batch is the first half of the one that failed, of two records or more; then comes its
  // second half.
  void halve() { ends_.push_back(done_ + (ends_.back() - done_) / 2); }

  bool is_busy = false;
  Moment busy_since = {};
  bool was_slow = false;  // and that was told, of the batch that is busy
  Moment poison_told = {};
  Moment due = {};
  unsigned failures = 0;  // in a row, for the pause between them
  unsigned attempts = 0;  // of the first record, that failed
  bool is_named = false;  // the handler named the first record as the one that fails
  std::optional<Time> first_failure = {};

 private:
  struct Waiting {
    ChangeRecord record;
    Mark before;
    Moment arrived;
  };
  static std::size_t size_of(const ChangeRecord& record) {
    return static_cast<std::size_t>(std::max<std::int64_t>(record.dynamodb.size_bytes, 0));
  }

  std::deque<Waiting> waiting_;
  std::vector<ChangeRecord> batch_;
  std::vector<Mark> marks_;
  std::size_t done_ = 0;
  std::size_t bytes_ = 0;
  std::size_t waiting_bytes_ = 0;
  // Where the batch that is next ends, and behind it those that it was halved from.
  std::vector<std::size_t> ends_;
};

}  // namespace dynakeep::streams
