#include <algorithm>
#include <utility>

#include "stores/streams/backoff.h"
#include "stores/streams/consumer/reading.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr unsigned quick_discoveries_max = 6;  // after a shard that ended without children
constexpr unsigned orphan_listings_max = 3;
constexpr unsigned gone_listings_max = 2;

}  // namespace

void StreamConsumer::Reading::discover(Lock& lock) {
  is_discovering_ = true;
  lock.unlock();
  auto listing = streams::list_shards(database_, scope_.stream_arn, &counts_);
  std::optional<Result<streams::SharedProgress>> seen;
  if (leases_ != nullptr && listing) seen = leases_->load_shared(scope_);
  lock.lock();
  is_discovering_ = false;
  pace_.listed(listing ? listing->pages : 1, now());
  if (!listing && listing.error().code() == ErrorCode::resource_not_found) {
    failed_call(listing.error());
    discovery_due_ = now() + 5s;
    // Twice is not by chance: the stream is gone, and what was not read of it.
    if (++gone_listings_ < gone_listings_max) return;
    listing = streams::Listing{.is_enabled = false};
    for (const auto& [id, shard] : shards_) shard->is_missing = true;
  } else if (!listing || (seen && !*seen)) {
    failed_call(listing ? seen->error() : listing.error());
    if (!listing) note_throttling(listing.error());
    discovery_due_ =
        now() + streams::backoff(++discovery_failures_, streams::call_backoff_max, random());
    return;
  } else {
    gone_listings_ = 0;
  }
  discovery_failures_ = 0;
  listed_ = now();
  if (seen) learn(**seen);
  if (awaits_parents(*listing)) return;
  orphan_listings_ = 0;
  if (gone_listings_ == 0) discovery_due_ = now() + about(options_.discovery_interval);
  if (quick_discoveries_ > 0) {
    const auto pause = 100ms * (1 << (quick_discoveries_max - quick_discoveries_));
    discovery_due_ = now() + std::min<std::chrono::milliseconds>(pause, 1s);
    --quick_discoveries_;
  }
  apply(lock, *listing);
}

void StreamConsumer::Reading::look_for_children() {
  quick_discoveries_ = quick_discoveries_max;
  discovery_due_ = std::min(discovery_due_, now() + 100ms);
}

// By the shard's own filter: of a stream with many shards a listing of all is many calls.
bool StreamConsumer::Reading::look_for_siblings(Lock& lock, Moment& next) {
  const auto look = only_children_.next();
  if (!look || is_discovering_ || is_saving_) return false;
  const Moment due = std::max(look->due, pace_.next_listing());
  if (now() < due) {
    next = std::min(next, due);
    return false;
  }
  is_discovering_ = true;
  lock.unlock();
  const auto answer = streams::list_children(database_, scope_.stream_arn, look->parent, &counts_);
  lock.lock();
  pace_.listed(answer ? answer->pages : 1, now());
  only_children_.looked(look->parent, now());
  if (!answer) {
    failed_call(answer.error());
    note_throttling(answer.error());
  } else if (!awaits_stream_ && !ended_) {
    auto children = streams::children_of(look->parent, progress_.shards, answer->shards, time());
    std::vector<std::string> found;
    for (const ShardProgress& child : children) found.push_back(child.shard_id);
    if (!found.empty() && commit(lock, {.rows = std::move(children)})) {
      only_children_.forget(look->parent);
      for (const std::string& id : found) tell(StreamEvent::Kind::shard_discovered, id);
      go_on_with(lock, found);
    }
  }
  is_discovering_ = false;
  return true;
}

bool StreamConsumer::Reading::knows_children(const std::string& id) const {
  return children_.contains(id) && endings_.contains(id);
}

// A shard whose parent is neither known nor listed may be one whose parent the listing forgot: a
// young one is looked for again before it is believed to be gone.
bool StreamConsumer::Reading::awaits_parents(const streams::Listing& listing) {
  if (orphan_listings_ >= orphan_listings_max) return false;
  for (const auto& [id, shard] : listing.shards) {
    if (!shard.parent_shard_id || progress_.shards.contains(id)) continue;
    const std::string& parent = *shard.parent_shard_id;
    if (progress_.shards.contains(parent) || listing.shards.contains(parent)) continue;
    const auto created = shard_creation_time(parent);
    if (!created || time() - *created >= options_.retention) continue;
    ++orphan_listings_;
    discovery_due_ = now() + 1s;
    return true;
  }
  return false;
}

void StreamConsumer::Reading::apply(Lock& lock, const streams::Listing& listing) {
  children_.clear();
  for (const auto& [id, shard] : listing.shards) {
    const auto& ending = shard.sequence_number_range.ending_sequence_number;
    if (ending) endings_.insert_or_assign(id, *ending);
    if (shard.parent_shard_id) children_[*shard.parent_shard_id].push_back(shard);
  }
  Changes changes;
  StreamProgress next = progress_;
  for (const auto& [id, shard] : shards_) {
    if (!shard->is_missing) continue;
    shard->is_missing = false;
    if (listing.shards.contains(id) || shard->is_busy() || shard->waiting() > 0) continue;
    ShardProgress& row = next.shards.at(id);
    // Its successors may have been found before it was known to be gone, and that was told of.
    const bool is_told =
        std::any_of(next.start->gaps.begin(), next.start->gaps.end(), [&](const StreamGap& gap) {
          return gap.kind == StreamGap::Kind::lineage_broken &&
                 (!row.updated || gap.detected >= *row.updated);
        });
    if (const auto gap = streams::judge_gap(StreamGap::Kind::shard_lost, row, *next.start,
                                            std::nullopt, std::nullopt, time(), options_.retention);
        gap && !is_told) {
      changes.gaps.push_back(*gap);
    }
    row.state = ShardState::lost;
    row.updated = time();
    changes.over.push_back(row);
  }
  auto discovery = streams::discover(*next.start, next.shards, listing, time());
  for (ShardProgress& row : discovery.rows) {
    next.shards.insert_or_assign(row.shard_id, row);
    changes.rows.push_back(std::move(row));
  }
  changes.gaps.insert(changes.gaps.end(), discovery.gaps.begin(), discovery.gaps.end());
  changes.forgotten = streams::forgettable(next.shards, listing, time());
  // What the rows say, and what they lost, is durable before their shards are read. If it cannot be
  // written now, the next listing says it again.
  std::erase_if(endings_, [&](const auto& each) { return !next.shards.contains(each.first); });
  const bool is_changed =
      !changes.rows.empty() || !changes.over.empty() || !changes.forgotten.empty();
  if (is_changed && !commit(lock, std::move(changes))) {
    discovery_due_ = save_due_;
    return;
  }
  for (const std::string& id : discovery.found) tell(StreamEvent::Kind::shard_discovered, id);
  std::erase_if(shards_, [&](const auto& each) {
    const auto row = progress_.shards.find(each.first);
    return row == progress_.shards.end() || row->second.is_over();
  });
  std::erase_if(unsaved_, [&](const std::string& id) { return !shards_.contains(id); });
  open_ready();
  if (!listing.is_enabled) note_ends();
}

// The stream is switched off, and its listing complete: what is over has no children to come.
void StreamConsumer::Reading::note_ends() {
  std::set<std::string_view> parents;
  bool all_over = true;
  for (const auto& [id, row] : progress_.shards) {
    all_over = all_over && row.is_over();
    if (row.parent) parents.insert(*row.parent);
  }
  for (const auto& [id, row] : progress_.shards) {
    if (!row.is_over() || parents.contains(id) || !ended_lineages_.insert(id).second) continue;
    tell(StreamEvent::Kind::lineage_ended, id);
  }
  if (!all_over) return;
  tell(StreamEvent::Kind::stream_ended, {}, scope_.stream_arn);
  if (options_.table_name.empty()) {
    ended_ = true;
  } else {
    awaits_stream_ = true;
    stream_due_ = now();
  }
}

// Those that this consumer may read: where shards are shared, it takes leases for them.
void StreamConsumer::Reading::open_ready() {
  if (leases_ != nullptr) {
    balance_due_ = std::min(balance_due_, now());
    return;
  }
  for (const auto& [id, row] : progress_.shards) {
    if (row.state == ShardState::ready && !shards_.contains(id)) open_shard(id);
  }
}

StreamConsumer::Reading::Shard& StreamConsumer::Reading::open_shard(const std::string& id) {
  const ShardProgress& row = progress_.shards.at(id);
  auto shard = std::make_shared<Shard>(buffered_bytes_);
  shard->id = id;
  shard->lanes.resize(options_.lanes);
  shard->is_paused = paused_.contains(id);
  if (row.position.kind == StreamPosition::Kind::after) {
    shard->read = {row.position.sequence_number, row.last_record};
  }
  shard->fetch_due = shard->answered = now();
  if (const auto fresh = fresh_.find(id); fresh != fresh_.end()) {
    if (row.position.kind == StreamPosition::Kind::latest) shard->cursor = std::move(fresh->second);
    fresh_.erase(fresh);
  }
  if (!shard->cursor) {
    shard->cursor = std::make_unique<streams::ShardCursor>(
        database_, scope_.stream_arn, id, row.position, *progress_.start, false, &counts_);
  }
  tell(StreamEvent::Kind::shard_started, id);
  return *shards_.emplace(id, std::move(shard)).first->second;
}

}  // namespace dynakeep
