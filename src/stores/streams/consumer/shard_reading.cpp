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

constexpr auto caught_up_refresh = 1min;
constexpr auto idle_poll_min = 250ms;
constexpr int catch_up_factor = 3;
constexpr auto to_the_tip = 5ms;
constexpr auto told_within = 20s;
constexpr auto long_poll = 2s;  // as long as a stop may have to wait for it
constexpr std::size_t full_page_bytes = 900'000;

}  // namespace

void StreamConsumer::Reading::fetch(Lock& lock, Shard& shard, std::int32_t limit,
                                    std::chrono::milliseconds wait) {
  shard.is_fetching = true;
  ++fetching_;
  if (shard.was_told && shard.was_told->load()) {
    shard.waiter.reset();
    shard.was_told.reset();
  }
  shard.fetched = now();
  const Time started = time();
  lock.unlock();
  auto page = shard.cursor->next(started, limit, wait);
  lock.lock();
  shard.is_fetching = false;
  --fetching_;
  if (shard.is_gone) return;
  if (!page) {
    failed_call(page.error());
    note_throttling(page.error());
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
  if (std::exchange(shard.degraded_told, std::nullopt)) {
    tell(StreamEvent::Kind::recovered, shard.id);
  }
  take(shard, std::move(*page), static_cast<std::size_t>(limit));
  if (shard.is_at_tip && database_.capabilities().tells_of_records) wait_for_records(lock, shard);
}

// At the tip, where the database tells of records: it is looked at once more after it was asked to
// tell, and then only when it does, or after a while.
void StreamConsumer::Reading::wait_for_records(Lock& lock, Shard& shard) {
  if (shard.waiter) {
    shard.fetch_due = now() + told_within;
    return;
  }
  const auto iterator = shard.cursor->iterator();
  if (!iterator) return;
  const auto told = std::make_shared<std::atomic<bool>>(false);
  shard.is_fetching = true;
  ++fetching_;
  lock.unlock();
  auto waiter = database_.when_records(*iterator, [bell = bell_, told] {
    told->store(true);
    ++bell->rung;
    bell->changed.notify_all();
  });
  lock.lock();
  shard.is_fetching = false;
  --fetching_;
  if (!waiter || !*waiter) return;  // it is polled
  shard.waiter = std::move(*waiter);
  shard.was_told = told;
  shard.fetch_due = now();
}

// One shard at its tip, whose next records are waited for in the call. False: there is none.
bool StreamConsumer::Reading::wait_on_one(Lock& lock) {
  if (stopping_ || awaits_stream_ || is_rewinding_ || stopped_ || ended_) return false;
  for (const auto& [id, each] : shards_) {
    const std::shared_ptr<Shard> shard = each;
    if (!shard->is_at_tip || shard->is_fetching || shard->is_missing || shard->failures > 0 ||
        shard->has_ended || is_fenced(*shard) || !shard->wanted_by.empty()) {
      continue;
    }
    const std::int32_t limit = may_read(*shard);
    if (limit == 0) continue;
    fetch(lock, *shard, limit, long_poll);
    if (shard->is_at_tip) shard->fetch_due = now() + long_poll;
    changed_.notify_all();
    return true;
  }
  return false;
}

void StreamConsumer::Reading::take(Shard& shard, streams::ShardCursor::Page page,
                                   std::size_t limit) {
  ShardProgress& row = progress_.shards.at(shard.id);
  std::optional<Time> missed;
  if (!page.lost && page.began_at_horizon && shard.read.sequence_number.empty()) {
    const auto parent = row.parent ? progress_.shards.find(*row.parent) : progress_.shards.end();
    missed =
        streams::missed_since(row, parent == progress_.shards.end() ? nullptr : &parent->second,
                              *progress_.start, time(), options_.retention);
    if (missed) page.lost = StreamGap::Kind::position_trimmed;
  }
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
    auto gap =
        streams::judge_gap(*page.lost, known, *progress_.start,
                           ending == endings_.end() ? std::nullopt : std::optional(ending->second),
                           first, time(), options_.retention);
    if (gap && missed) gap->from = missed;
    if (gap) unreported_.push_back(*gap);
  }
  figures_.read += page.records.size();
  figures_.duplicates += page.duplicates;
  if (page.duplicates > 0) {
    tell(StreamEvent::Kind::duplicate_dropped, shard.id, std::to_string(page.duplicates));
  }
  const Moment arrived = now();
  const std::size_t count = page.records.size();
  std::size_t bytes = 0;
  for (ChangeRecord& record : page.records) {
    bytes += static_cast<std::size_t>(std::max<std::int64_t>(record.dynamodb.size_bytes, 0));
    streams::Mark before = std::move(shard.read);
    shard.read = {record.dynamodb.sequence_number, record.dynamodb.approximate_creation_date_time};
    if (options_.filter && !options_.filter(record)) {
      ++figures_.filtered;
      ++shard.unsaved;
      continue;
    }
    const std::size_t lane = lane_of(record);
    shard.lanes[lane].add(std::move(record), std::move(before), arrived);
  }
  figures_.bytes += bytes;
  if (page.has_ended && !shard.has_ended) {
    shard.ended = arrived;
    tell(StreamEvent::Kind::shard_ended, shard.id);
  }
  shard.has_ended = page.has_ended;
  shard.is_at_tip = count == 0 && !page.may_have_more && !page.has_ended;

  const bool is_behind = lag_of(shard) > options_.catch_up_lag;
  const auto pause = [&](std::chrono::milliseconds span) {
    return is_behind ? span / catch_up_factor : span;
  };
  if (count >= limit || bytes >= full_page_bytes || (count == 0 && page.may_have_more)) {
    shard.fetch_due = arrived;
  } else if (count > 0) {
    shard.idle = 0ms;
    // Where the next records are told of, to come to where they are is all there is to do.
    const Capabilities& can = database_.capabilities();
    if (can.tells_of_records) {
      shard.fetch_due = arrived;
    } else {
      shard.fetch_due = arrived + (can.long_poll ? to_the_tip : pause(options_.busy_poll));
    }
  } else {
    shard.idle = std::min<std::chrono::milliseconds>(
        options_.idle_poll_max, shard.idle == 0ms ? idle_poll_min : 2 * shard.idle);
    shard.fetch_due = arrived + pause(about(shard.idle));
  }
  const bool is_old = !row.caught_up || time() - *row.caught_up >= caught_up_refresh;
  if (shard.is_at_tip && shard.waiting() == 0 && is_old) {
    row.caught_up = time();
    ++shard.unsaved;
  }
  note(shard);
}

std::size_t StreamConsumer::Reading::lane_of(const ChangeRecord& record) const {
  if (options_.lanes == 1) return 0;
  return std::hash<std::string>()(to_dynamodb_json(record.dynamodb.keys)) % options_.lanes;
}

// Of manual checkpoints: whether the last record that was handed out is kept.
bool StreamConsumer::Reading::may_finish(const Shard& shard) const {
  if (!options_.manual_checkpoints || shard.delivered.empty()) return true;
  const StreamPosition& position = progress_.shards.at(shard.id).position;
  return position.kind == StreamPosition::Kind::after &&
         compare_sequence_numbers(position.sequence_number, shard.delivered) >= 0;
}

// The shard is read and handled to its end. That and its children become durable at once, and only
// then are the children read.
void StreamConsumer::Reading::finish(Lock& lock, Shard& shard) {
  shard.is_finishing = true;
  const std::string id = shard.id;
  std::vector<StreamShard> listed;
  if (knows_children(id)) {
    listed = children_.at(id);
  } else {
    lock.unlock();
    auto answer = streams::list_children(database_, scope_.stream_arn, id, &counts_);
    lock.lock();
    pace_.listed(answer ? answer->pages : 1, now());
    if (!answer || shard.is_gone) {
      shard.is_finishing = false;
      if (shard.is_gone) return;
      failed_call(answer.error());
      note_throttling(answer.error());
      shard.finish_due =
          now() + streams::backoff(++shard.failures, streams::call_backoff_max, random());
      return;
    }
    listed = std::move(answer->shards);
  }
  ShardProgress row = progress_.shards.at(id);
  row.state = ShardState::completed;
  row.position = {.kind = StreamPosition::Kind::end};
  row.updated = time();
  auto children = streams::children_of(id, progress_.shards, listed, time());
  std::vector<std::string> child_ids;
  for (const ShardProgress& child : children) child_ids.push_back(child.shard_id);
  const auto saved = commit(lock, {.over = {std::move(row)}, .children = std::move(children)});
  shard.is_finishing = false;
  if (!saved) {
    shard.finish_due = save_due_;
    return;
  }
  if (shard.is_gone) return;
  shards_.erase(id);
  unsaved_.erase(id);
  children_.erase(id);
  tell(StreamEvent::Kind::shard_completed, id);
  go_on_with(lock, child_ids);
  if (child_ids.empty()) look_for_children();
  only_children_.note(id, listed, options_.discovery_interval, endings_, time(), now());
}

// Children that may be read from now on. Where shards are shared, they are taken at once within
// this worker's share: to look at all rows for each shard that ends would be much.
void StreamConsumer::Reading::go_on_with(Lock& lock, const std::vector<std::string>& children) {
  for (const std::string& id : children) {
    if (leases_ == nullptr) {
      if (!shards_.contains(id)) open_shard(id);
    } else if (stopping_ || shards_.size() >= lease_share_ || !take_lease(lock, id, {})) {
      balance_due_ = std::min(balance_due_, now());
    }
  }
}

}  // namespace dynakeep
