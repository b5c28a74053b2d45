#include <algorithm>
#include <functional>
#include <utility>

#include "dynakeep/json.h"
#include "stores/streams/backoff.h"
#include "stores/streams/consumer/reading.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t page_records = 1000;
constexpr auto caught_up_refresh = 1min;
constexpr auto idle_poll_min = 250ms;
constexpr unsigned quick_discoveries_max = 6;  // after a shard that ended without children

}  // namespace

void StreamConsumer::Reading::fetch(Lock& lock, Shard& shard) {
  shard.is_fetching = true;
  const Time started = time();
  lock.unlock();
  auto page = shard.cursor->next(started, page_records);
  lock.lock();
  shard.is_fetching = false;
  if (!page) {
    failed_call(page.error());
    shard.fetch_due =
        now() + streams::backoff(++shard.failures, streams::call_backoff_max, random());
    if (page.error().code() == ErrorCode::resource_not_found) {
      shard.is_missing = true;
      discovery_due_ = std::min(discovery_due_, now());
    }
    return;
  }
  shard.failures = 0;
  shard.answered = now();
  take(shard, std::move(*page));
}

void StreamConsumer::Reading::take(Shard& shard, streams::ShardCursor::Page page) {
  ShardProgress& row = progress_.shards.at(shard.id);
  if (page.lost) {
    const auto first = page.records.empty()
                           ? std::optional<Time>()
                           : page.records.front().dynamodb.approximate_creation_date_time;
    const auto ending = endings_.find(shard.id);
    ShardProgress known = row;
    if (!shard.read.sequence_number.empty()) {
      known.position = {StreamPosition::Kind::after, shard.read.sequence_number};
      known.last_record = shard.read.created;
    }
    const auto gap = streams::judge_gap(
        *page.lost, known, *progress_.start,
        ending == endings_.end() ? std::nullopt : std::optional(ending->second), first, time());
    if (gap) unreported_.push_back(*gap);
  }
  figures_.read += page.records.size();
  figures_.duplicates += page.duplicates;
  const std::size_t count = page.records.size();
  for (ChangeRecord& record : page.records) {
    streams::Mark before = std::move(shard.read);
    shard.read = {record.dynamodb.sequence_number, record.dynamodb.approximate_creation_date_time};
    if (options_.filter && !options_.filter(record)) {
      ++figures_.filtered;
      ++unsaved_;
      continue;
    }
    const std::size_t lane = lane_of(record);
    shard.lanes[lane].add(std::move(record), std::move(before));
  }
  shard.has_ended = page.has_ended;
  shard.is_at_tip = count == 0 && !page.may_have_more && !page.has_ended;
  if (count >= static_cast<std::size_t>(page_records) || (count == 0 && page.may_have_more)) {
    shard.fetch_due = now();
  } else if (count > 0) {
    shard.idle = 0ms;
    shard.fetch_due = now() + options_.busy_poll;
  } else {
    const auto longest = options_.idle_poll_max;
    shard.idle = std::min<std::chrono::milliseconds>(
        longest, shard.idle == 0ms ? idle_poll_min : 2 * shard.idle);
    const auto jitter = static_cast<std::int64_t>(random() % 401) - 200;  // of a thousand
    shard.fetch_due = now() + shard.idle + shard.idle * jitter / 1000;
  }
  const bool is_old = !row.caught_up || time() - *row.caught_up >= caught_up_refresh;
  if (shard.is_at_tip && shard.waiting() == 0 && is_old) {
    row.caught_up = time();
    ++unsaved_;
  }
}

std::size_t StreamConsumer::Reading::lane_of(const ChangeRecord& record) const {
  if (options_.lanes == 1) return 0;
  return std::hash<std::string>()(to_dynamodb_json(record.dynamodb.keys)) % options_.lanes;
}

// The shard is read and handled to its end. That and its children become durable at once, and only
// then are the children read.
void StreamConsumer::Reading::finish(Lock& lock, Shard& shard) {
  shard.is_finishing = true;
  const std::string id = shard.id;
  lock.unlock();
  const auto listed = streams::list_children(database_, options_.stream_arn, id);
  lock.lock();
  shard.is_finishing = false;
  if (!listed) {
    failed_call(listed.error());
    shard.finish_due =
        now() + streams::backoff(++shard.failures, streams::call_backoff_max, random());
    return;
  }
  note_handled();
  StreamProgress next = progress_;
  ShardProgress& row = next.shards.at(id);
  row.state = ShardState::completed;
  row.position = {.kind = StreamPosition::Kind::end};
  row.updated = time();
  auto children = streams::children_of(id, next.shards, *listed, time());
  const bool has_children = !children.empty();
  for (ShardProgress& child : children) {
    std::string child_id = child.shard_id;
    next.shards.insert_or_assign(std::move(child_id), std::move(child));
  }
  if (!save(std::move(next))) {
    shard.finish_due = save_due_;
    return;
  }
  shards_.erase(id);
  open_ready();
  if (!has_children) {
    quick_discoveries_ = quick_discoveries_max;
    discovery_due_ = std::min(discovery_due_, now() + 100ms);
  }
}

}  // namespace dynakeep
