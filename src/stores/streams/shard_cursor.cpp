#include "stores/streams/shard_cursor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "stores/streams/shard_listing.h"

namespace dynakeep::streams {
namespace {

using Kind = StreamPosition::Kind;

// Iterators live for 15 minutes.
constexpr auto iterator_used_for = std::chrono::minutes(14);
constexpr auto latest_slack = std::chrono::seconds(60);
// Clocks differ, and what is written needs its time.
constexpr auto retention_slack = std::chrono::minutes(1);
constexpr int empty_pages_max = 5;

ShardIteratorType type_of(Kind kind) {
  switch (kind) {
    case Kind::latest:
      return ShardIteratorType::latest;
    case Kind::at:
      return ShardIteratorType::at_sequence_number;
    case Kind::after:
      return ShardIteratorType::after_sequence_number;
    case Kind::trim_horizon:
    case Kind::end:
      break;
  }
  return ShardIteratorType::trim_horizon;
}

}  // namespace

ShardCursor::ShardCursor(Database& database, std::string stream_arn, std::string shard_id,
                         const StreamPosition& position, const StreamStart& start,
                         bool may_use_latest, CallCounts* counts)
    : database_(database),
      stream_arn_(std::move(stream_arn)),
      shard_id_(std::move(shard_id)),
      resume_(position),
      may_use_latest_(may_use_latest),
      latest_from_(start.decided - latest_slack),
      counts_(counts) {
  if (start.kind == StreamStart::Kind::timestamp && start.time) {
    drop_before_ = std::chrono::floor<std::chrono::seconds>(*start.time);
  }
  if (start.kind == StreamStart::Kind::after_position) start_position_ = start.position;
  // A page that begins with what was handled holds duplicates, whoever read it before.
  if (position.kind == Kind::after) last_read_ = position.sequence_number;
}

Result<void> ShardCursor::open(Time now) {
  if (has_ended_) return {};
  if (iterator_ && now - obtained_ < iterator_used_for) return {};
  return obtain(now);
}

void ShardCursor::adopt_iterator(std::string iterator, Time now) {
  iterator_ = std::move(iterator);
  obtained_ = now;
  is_adopted_ = true;
}

Result<void> ShardCursor::obtain(Time now) {
  iterator_.reset();
  empty_pages_ = 0;
  if (resume_.kind == Kind::latest && !may_use_latest_) {
    // What was written since is not to be passed over.
    resume_.kind = Kind::trim_horizon;
    drop_before_ = latest_from_;
  }
  GetShardIteratorRequest request{.stream_arn = stream_arn_,
                                  .shard_id = shard_id_,
                                  .shard_iterator_type = type_of(resume_.kind)};
  const bool has_number = resume_.kind == Kind::at || resume_.kind == Kind::after;
  if (has_number) request.sequence_number = resume_.sequence_number;
  auto answer = database_.get_shard_iterator(request);
  if (counts_ != nullptr) answer = counts_->get_shard_iterator.of(std::move(answer));
  if (!answer) {
    const ErrorCode code = answer.error().code();
    const bool is_trimmed = code == ErrorCode::trimmed_data_access;
    if (!has_number || (!is_trimmed && code != ErrorCode::validation)) return answer.error();
    if (!is_trimmed && TRY(has_ended_before_start())) {
      has_ended_ = true;
      return {};
    }
    begin_at_horizon(is_trimmed ? StreamGap::Kind::position_trimmed
                                : StreamGap::Kind::position_invalid);
    return obtain(now);
  }
  may_use_latest_ = false;
  began_at_horizon_ = request.shard_iterator_type == ShardIteratorType::trim_horizon;
  if (!answer->shard_iterator) {
    has_ended_ = true;
    return {};
  }
  iterator_ = std::move(answer->shard_iterator);
  obtained_ = now;
  return {};
}

// Positions of an engine are of no shard: where the start lies behind the last record of a shard
// that was closed after it had been decided, there is nothing to read of that shard.
Result<bool> ShardCursor::has_ended_before_start() const {
  if (start_position_.empty() || resume_.kind != Kind::after ||
      resume_.sequence_number != start_position_) {
    return false;
  }
  const auto listing = TRY(list_shards(database_, stream_arn_, counts_));
  const auto shard = listing.shards.find(shard_id_);
  if (shard == listing.shards.end()) return false;
  const auto& ending = shard->second.sequence_number_range.ending_sequence_number;
  return ending && compare_sequence_numbers(*ending, start_position_) < 0;
}

void ShardCursor::begin_at_horizon(StreamGap::Kind why) {
  resume_ = {};
  iterator_.reset();
  if (!lost_) lost_ = why;
}

Result<GetRecordsResult> ShardCursor::read(Time now, std::int32_t limit,
                                           std::chrono::milliseconds wait) {
  GetRecordsRequest request{.shard_iterator = iterator_, .limit = limit, .wait = wait};
  request.want_stream_point = database_.capabilities().positions;
  const auto get_records = [&] {
    auto result = database_.get_records(request);
    return counts_ == nullptr ? std::move(result) : counts_->get_records.of(std::move(result));
  };
  auto answer = get_records();
  if (answer) return answer;
  const ErrorCode code = answer.error().code();
  if (code == ErrorCode::trimmed_data_access) {
    begin_at_horizon(StreamGap::Kind::position_trimmed);
  } else if (is_adopted_ && last_read_.empty() &&
             (code == ErrorCode::expired_iterator || code == ErrorCode::validation)) {
    // Nobody knows where it stood.
    begin_at_horizon(StreamGap::Kind::position_trimmed);
  } else if (code == ErrorCode::expired_iterator) {
    iterator_.reset();
  } else {
    return answer;
  }
  // Once: a server that says so of an iterator just made is one to come back to later.
  TRY(obtain(now));
  if (has_ended_) return GetRecordsResult{};
  request.shard_iterator = iterator_;
  return get_records();
}

bool ShardCursor::is_wanted(const ChangeRecord& record) const {
  const auto& created = record.dynamodb.approximate_creation_date_time;
  return !drop_before_ || !created || *created >= *drop_before_;
}

Result<ShardCursor::Page> ShardCursor::next(Time now, std::int32_t limit,
                                            std::chrono::milliseconds wait) {
  TRY(open(now));
  Page page;
  GetRecordsResult answer;
  if (!has_ended_) answer = TRY(read(now, limit, wait));

  std::string last = last_read_;
  for (ChangeRecord& record : answer.records) {
    const std::string& number = record.dynamodb.sequence_number;
    const bool is_number = is_sequence_number(number);
    if (is_number && !last_read_.empty() && compare_sequence_numbers(number, last_read_) <= 0) {
      ++page.duplicates;
      continue;
    }
    if (!is_number || (!last.empty() && compare_sequence_numbers(number, last) <= 0)) {
      iterator_.reset();
      return Error::internal("Records of shard " + shard_id_ + " are not in order: " + number);
    }
    last = number;
    if (is_wanted(record)) page.records.push_back(std::move(record));
  }

  if (last != last_read_) {
    last_read_ = last;
    resume_ = {.kind = Kind::after, .sequence_number = last};
  }
  page.lost = std::exchange(lost_, std::nullopt);
  page.began_at_horizon = std::exchange(began_at_horizon_, false);
  empty_pages_ = answer.records.empty() ? empty_pages_ + 1 : empty_pages_max;
  page.was_empty = answer.records.empty();
  if (answer.stream_point) page.position = std::move(answer.stream_point->position);
  page.may_have_more = !answer.records.empty() || empty_pages_ < empty_pages_max;
  iterator_ = std::move(answer.next_shard_iterator);
  obtained_ = now;
  has_ended_ = has_ended_ || !iterator_;
  page.has_ended = has_ended_;
  return page;
}

std::optional<StreamGap> judge_gap(StreamGap::Kind kind, const ShardProgress& row,
                                   const StreamStart& start,
                                   const std::optional<std::string>& ending_sequence_number,
                                   std::optional<Time> first_after, Time now,
                                   std::chrono::milliseconds retention) {
  const auto is_kept = [&](const std::optional<Time>& time) {
    return time && now - *time < retention - retention_slack;
  };
  // A record that is gone though it should be kept: what is kept of others is not known then.
  const bool is_trimmed_early =
      kind == StreamGap::Kind::position_trimmed && is_kept(row.last_record);
  if (is_kept(row.caught_up) && !is_trimmed_early) return std::nullopt;
  bool is_certain = false;
  if (ending_sequence_number && row.position.kind == Kind::after) {
    const int order =
        compare_sequence_numbers(row.position.sequence_number, *ending_sequence_number);
    if (order == 0) return std::nullopt;
    is_certain = order < 0;
  }
  return StreamGap{.kind = kind,
                   .shard_id = row.shard_id,
                   .position = row.position,
                   .from = row.last_record ? row.last_record : start.decided,
                   .until = first_after,
                   .detected = now,
                   .is_certain = is_certain};
}

std::optional<Time> missed_since(const ShardProgress& row, const ShardProgress* parent,
                                 const StreamStart& start, Time now,
                                 std::chrono::milliseconds retention) {
  if (row.position.kind != Kind::latest && row.position.kind != Kind::trim_horizon) {
    return std::nullopt;
  }
  // What was there when the reading began is no more than what was asked for.
  Time since = std::max(start.decided, row.caught_up.value_or(start.decided));
  if (const auto created = shard_creation_time(row.shard_id)) {
    since = std::max(since, *created);
  } else if (parent != nullptr) {
    since =
        std::max({since, parent->caught_up.value_or(since), parent->last_record.value_or(since)});
  }
  for (const StreamGap& gap : start.gaps) {
    if (gap.shard_id == row.shard_id || (row.parent && gap.shard_id == *row.parent)) {
      since = std::max(since, gap.detected);
    }
  }
  if (now - since < retention - retention_slack) return std::nullopt;
  return since;
}

}  // namespace dynakeep::streams
