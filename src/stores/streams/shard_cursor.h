#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/stream_progress.h"
#include "stores/streams/call_counts.h"

namespace dynakeep::streams {

// Reads one shard, page after page. Iterators that expire are replaced by the place that is known
// best, so that nothing is lost: behind the last record read, else where the reading began, and
// never from the tip a second time. Not thread-safe.
class ShardCursor {
 public:
  // `may_use_latest`: the position `latest` was decided just now, and means the tip. Else it means
  // all records since then (and up to a minute before, for clocks that differ).
  ShardCursor(Database& database, std::string stream_arn, std::string shard_id,
              const StreamPosition& position, const StreamStart& start, bool may_use_latest,
              CallCounts* counts = nullptr);

  // Obtains an iterator, unless there is one. Errors as GetShardIterator, but those below, and as
  // the listing of the shards.
  Result<void> open(Time now);
  // Goes on from an iterator that somebody else was given.
  void adopt_iterator(std::string iterator, Time now);

  struct Page {
    std::vector<ChangeRecord> records = {};  // in order, none of them met before
    bool has_ended = false;                  // the shard has no more, nor will have
    bool may_have_more = false;              // it is worth while to ask again at once
    bool was_empty = false;  // the server gave nothing, not even what is passed over here
    // Where the server tells positions: no record of the shard up to there is left to read.
    std::optional<std::string> position = {};
    std::size_t duplicates = 0;
    // Records before these are gone, or the position was none of the shard's. The reading goes on
    // at the oldest record there is.
    std::optional<StreamGap::Kind> lost = {};
    // It begins at the oldest record there is: of records that are gone nobody says anything.
    bool began_at_horizon = false;
  };
  // resource_not_found: the shard is gone, or the stream. Others as GetRecords: the next call tries
  // again.
  // `wait`: for a record to come, where there is none (GetRecordsRequest::wait).
  Result<Page> next(Time now, std::int32_t limit, std::chrono::milliseconds wait = {});

  // Where it stands; nothing: it has to be obtained.
  const std::optional<std::string>& iterator() const { return iterator_; }

 private:
  Result<void> obtain(Time now);
  Result<GetRecordsResult> read(Time now, std::int32_t limit, std::chrono::milliseconds wait);
  Result<bool> has_ended_before_start() const;
  bool is_wanted(const ChangeRecord& record) const;
  void begin_at_horizon(StreamGap::Kind why);

  Database& database_;
  const std::string stream_arn_;
  const std::string shard_id_;
  StreamPosition resume_;
  bool may_use_latest_;
  std::string start_position_;       // of a start behind a position, which is of no shard
  std::optional<Time> drop_before_;  // creation times
  Time latest_from_;                 // for a `latest` that has to be done without
  std::string last_read_;
  std::optional<std::string> iterator_;
  Time obtained_ = {};
  bool is_adopted_ = false;
  bool has_ended_ = false;
  int empty_pages_ = 0;  // since the iterator was made from a position
  std::optional<StreamGap::Kind> lost_;
  bool began_at_horizon_ = false;
  CallCounts* counts_;
};

constexpr std::chrono::milliseconds usual_retention = std::chrono::hours(24);

// What is to be told of records that a shard does not have any more; none where nothing can have
// been lost: all was read up to the closed shard's last number, or all there was at a moment whose
// records are still kept.
std::optional<StreamGap> judge_gap(StreamGap::Kind kind, const ShardProgress& row,
                                   const StreamStart& start,
                                   const std::optional<std::string>& ending_sequence_number,
                                   std::optional<Time> first_after, Time now,
                                   std::chrono::milliseconds retention = usual_retention);

// Of a shard of which no record was met yet, so that no number of it can be found missing: since
// when something may have been lost, where that is longer ago than records are kept. `parent`: its
// row; null: there is none.
std::optional<Time> missed_since(const ShardProgress& row, const ShardProgress* parent,
                                 const StreamStart& start, Time now,
                                 std::chrono::milliseconds retention = usual_retention);

}  // namespace dynakeep::streams
