#include <algorithm>
#include <utility>

#include "stores/streams/backoff.h"
#include "stores/streams/consumer/reading.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr auto retention = 24h;
constexpr unsigned quick_discoveries_max = 6;  // after a shard that ended without children
constexpr unsigned orphan_listings_max = 3;

}  // namespace

void StreamConsumer::Reading::discover(Lock& lock) {
  is_discovering_ = true;
  lock.unlock();
  const auto listing = streams::list_shards(database_, options_.stream_arn);
  lock.lock();
  is_discovering_ = false;
  if (!listing) {
    failed_call(listing.error());
    discovery_due_ =
        now() + streams::backoff(++discovery_failures_, streams::call_backoff_max, random());
    return;
  }
  discovery_failures_ = 0;
  if (awaits_parents(*listing)) return;
  orphan_listings_ = 0;
  const auto interval = options_.discovery_interval.count();
  const auto jitter = static_cast<std::int64_t>(random() % 401) - 200;  // of a thousand
  discovery_due_ = now() + std::chrono::milliseconds(interval + interval * jitter / 1000);
  if (quick_discoveries_ > 0) {
    const auto pause = 100ms * (1 << (quick_discoveries_max - quick_discoveries_));
    discovery_due_ = now() + std::min<std::chrono::milliseconds>(pause, 1s);
    --quick_discoveries_;
  }
  apply(*listing);
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
    if (!created || time() - *created >= retention) continue;
    ++orphan_listings_;
    discovery_due_ = now() + 1s;
    return true;
  }
  return false;
}

void StreamConsumer::Reading::apply(const streams::Listing& listing) {
  for (const auto& [id, shard] : listing.shards) {
    const auto& ending = shard.sequence_number_range.ending_sequence_number;
    if (ending) endings_.insert_or_assign(id, *ending);
  }
  note_handled();
  StreamProgress next = progress_;
  std::vector<StreamGap> gaps;
  bool is_changed = false;
  for (const auto& [id, shard] : shards_) {
    if (!shard->is_missing) continue;
    shard->is_missing = false;
    if (listing.shards.contains(id) || shard->is_fetching || shard->waiting() > 0) continue;
    ShardProgress& row = next.shards.at(id);
    if (const auto gap = streams::judge_gap(StreamGap::Kind::shard_lost, row, *next.start,
                                            std::nullopt, std::nullopt, time())) {
      gaps.push_back(*gap);
    }
    row.state = ShardState::lost;
    row.updated = time();
    is_changed = true;
  }
  auto discovery = streams::discover(*next.start, next.shards, listing, time());
  for (ShardProgress& row : discovery.rows) {
    std::string id = row.shard_id;
    next.shards.insert_or_assign(std::move(id), std::move(row));
    is_changed = true;
  }
  gaps.insert(gaps.end(), discovery.gaps.begin(), discovery.gaps.end());
  for (const std::string& id : streams::forgettable(next.shards, listing, time())) {
    next.shards.erase(id);
    endings_.erase(id);
    is_changed = true;
  }
  // What the rows say, and what they lost, is durable before their shards are read. If it cannot be
  // written now, the next listing says it again.
  if (is_changed && !save(std::move(next), std::move(gaps))) {
    discovery_due_ = save_due_;
    return;
  }
  std::erase_if(shards_, [&](const auto& each) {
    const auto row = progress_.shards.find(each.first);
    return row == progress_.shards.end() || row->second.is_over();
  });
  open_ready();
  const bool all_over = std::all_of(progress_.shards.begin(), progress_.shards.end(),
                                    [](const auto& row) { return row.second.is_over(); });
  ended_ = !listing.is_enabled && all_over;
}

void StreamConsumer::Reading::open_ready() {
  for (const auto& [id, row] : progress_.shards) {
    if (row.state != ShardState::ready || shards_.contains(id)) continue;
    auto shard = std::make_shared<Shard>();
    shard->id = id;
    shard->lanes.resize(options_.lanes);
    if (row.position.kind == StreamPosition::Kind::after) {
      shard->read = {row.position.sequence_number, row.last_record};
    }
    shard->fetch_due = shard->answered = now();
    if (const auto fresh = fresh_.find(id); fresh != fresh_.end()) {
      shard->cursor = std::move(fresh->second);
      fresh_.erase(fresh);
    } else {
      shard->cursor = std::make_unique<streams::ShardCursor>(database_, options_.stream_arn, id,
                                                             row.position, *progress_.start, false);
    }
    shards_.emplace(id, std::move(shard));
  }
}

}  // namespace dynakeep
