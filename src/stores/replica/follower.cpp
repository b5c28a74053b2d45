#include "stores/replica/follower.h"

#include <algorithm>
#include <utility>

#include "stores/streams/backoff.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep::replicas {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t page_records = 1000;
constexpr auto retention = 24h;
constexpr auto lost_after = retention - 1min;
constexpr auto caught_up_refresh = 1min;
constexpr auto busy_poll = 250ms;  // after a page that was not full
constexpr auto idle_poll_min = 250ms;
constexpr std::size_t waiting_calls_max = 16;  // at once: each is a thread
constexpr auto call_again = 1min;              // after one that was not held
constexpr std::size_t empty_pages_wanted = 5;
constexpr std::size_t portion_bytes_max = std::size_t{1} << 20;
constexpr unsigned quick_discoveries_max = 6;  // after a shard that ended without children
constexpr unsigned orphan_listings_max = 3;

std::optional<Time> created(const ChangeRecord& record) {
  return record.dynamodb.approximate_creation_date_time;
}

std::size_t bytes_of(const ChangeRecord& record) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, record.dynamodb.size_bytes));
}

// A page may be of 1000 records or 1 MB: there are more behind such a one.
bool is_full(std::span<const ChangeRecord> page) {
  constexpr std::size_t bytes = 900'000;
  std::size_t sum = 0;
  for (const ChangeRecord& record : page) sum += bytes_of(record);
  return page.size() == static_cast<std::size_t>(page_records) || sum >= bytes;
}

}  // namespace

Follower::Follower(Database& database, FollowerOptions options, Taker taker)
    : database_(database), options_(std::move(options)), taker_(std::move(taker)) {}

Follower::~Follower() { let_wait(false); }

// ---- the beginning ----

Result<StreamProgress> Follower::begin_at_tip() {
  const Time before = time();
  const auto listing = TRY(streams::list_shards(database_, options_.stream_arn));
  return begin(streams::start_at_latest(listing, before), listing);
}

Result<StreamProgress> Follower::begin_behind(const std::string& position) {
  const Time before = time();
  const auto listing = TRY(streams::list_shards(database_, options_.stream_arn));
  StreamStart start{
      .kind = StreamStart::Kind::after_position, .decided = before, .position = position};
  streams::begin_after_position(start, listing);
  return begin(std::move(start), listing);
}

Result<StreamProgress> Follower::begin(StreamStart start, const streams::Listing& listing) {
  for (const auto& [id, position] : start.shards) {
    if (position.kind != StreamPosition::Kind::latest) continue;
    auto cursor = std::make_unique<streams::ShardCursor>(database_, options_.stream_arn, id,
                                                         position, start, true);
    TRY(cursor->open(time()));
    fresh_.emplace(id, std::move(cursor));
  }
  note_endings(listing);
  progress_.start = std::move(start);
  for (ShardProgress& row :
       streams::discover(*progress_.start, progress_.shards, listing, time()).rows) {
    learn(std::move(row));
  }
  open_ready();
  discovery_due_ = now();
  return progress_;
}

void Follower::resume(StreamProgress progress) {
  progress_.start = std::move(progress.start);
  for (auto& [id, row] : progress.shards) {
    if (row.is_over()) childless_.insert(id);
  }
  for (auto& [id, row] : progress.shards) learn(std::move(row));
  for (const std::string& id : childless_) ended_.emplace(id, Reach{});
  open_ready();
  discovery_due_ = now();
}

// ---- choosing what to do ----

Moment Follower::step() {
  const Moment current = now();
  if (gap_ || is_over_) return current;
  if (current >= discovery_due_) {
    discover();
    return current;
  }
  Moment next = discovery_due_;
  // Each in its turn, so that a busy shard keeps no other back.
  std::vector<std::string> ids;
  for (auto each = shards_.upper_bound(turn_); each != shards_.end(); ++each) {
    ids.push_back(each->first);
  }
  for (auto each = shards_.begin(); each != shards_.upper_bound(turn_); ++each) {
    ids.push_back(each->first);
  }
  for (const std::string& id : ids) {
    if (!work_on(id, shards_.at(id), next)) continue;
    turn_ = id;
    return current;
  }
  if (const auto look = only_children_.next()) {
    if (now() < look->due) return std::min(next, look->due);
    look_for_sibling(look->parent);
    return current;
  }
  return next;
}

bool Follower::work_on(const std::string& id, Shard& shard, Moment& next) {
  if (shard.is_missing) return false;
  if (shard.is_woken && *shard.is_woken) {
    if (shard.call && shard.call->has_failed()) shard.call_due = now() + call_again;
    shard.waiter.reset();
    shard.call.reset();
    shard.is_woken.reset();
    shard.due = now();
  }
  if (now() < shard.due) {
    next = std::min(next, shard.due);
    return false;
  }
  if (shard.is_waiting()) {
    hand_on(id, shard);
  } else if (shard.has_ended) {
    finish(id, shard);
  } else {
    fetch(id, shard);
  }
  return true;
}

void Follower::hint() {
  for (auto& [id, shard] : shards_) {
    if (shard.failures > 0) continue;
    shard.due = std::min(shard.due, now());
    shard.idle = 0ms;
  }
}

void Follower::learn(ShardProgress row) {
  if (row.parent) childless_.erase(*row.parent);
  std::string id = row.shard_id;
  progress_.shards.insert_or_assign(std::move(id), std::move(row));
}

void Follower::list_soon() { discovery_due_ = std::min(discovery_due_, now()); }

void Follower::failed(const Error& error) {
  ++errors_;
  last_error_ = std::string(exception_name(error.code())) + ": " + error.message();
}

Moment Follower::retry(unsigned& failures) const {
  return now() + streams::backoff(++failures, streams::call_backoff_max, random());
}

bool Follower::take(const Portion& portion) {
  const auto taken = taker_(portion);
  if (!taken) failed(taken.error());
  return taken.has_value();
}

// ---- shards ----

void Follower::discover() {
  const Time asked = time();
  const auto listing = streams::list_shards(database_, options_.stream_arn);
  if (!listing) {
    failed(listing.error());
    discovery_due_ = retry(discovery_failures_);
    is_over_ = listing.error().code() == ErrorCode::resource_not_found && discovery_failures_ > 1;
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
  take_up(*listing);
  listed_at_ = asked;
}

// A shard whose parent is neither known nor listed may be one whose parent the listing forgot: a
// young one is looked for again before it is believed to be gone.
bool Follower::awaits_parents(const streams::Listing& listing) {
  if (orphan_listings_ >= orphan_listings_max) return false;
  for (const auto& [id, shard] : listing.shards) {
    if (!shard.parent_shard_id || progress_.shards.contains(id)) continue;
    const std::string& parent = *shard.parent_shard_id;
    if (progress_.shards.contains(parent) || listing.shards.contains(parent)) continue;
    const auto born = shard_creation_time(parent);
    if (!born || time() - *born >= retention) continue;
    ++orphan_listings_;
    discovery_due_ = now() + 1s;
    return true;
  }
  return false;
}

void Follower::note_endings(const streams::Listing& listing) {
  for (const auto& [id, shard] : listing.shards) {
    const auto& ending = shard.sequence_number_range.ending_sequence_number;
    if (ending) endings_.insert_or_assign(id, *ending);
  }
}

void Follower::take_up(const streams::Listing& listing) {
  note_endings(listing);
  for (auto& [id, shard] : shards_) {
    if (!shard.is_missing) continue;
    shard.is_missing = false;
    if (listing.shards.contains(id)) continue;
    gap_ = streams::judge_gap(StreamGap::Kind::shard_lost, progress_.shards.at(id),
                              *progress_.start, std::nullopt, std::nullopt, time());
    if (gap_) return;
    // Nothing was left to read of it.
    shard.has_ended = true;
  }
  auto discovery = streams::discover(*progress_.start, progress_.shards, listing, time());
  if (!discovery.gaps.empty()) {
    gap_ = discovery.gaps.front();
    return;
  }
  ProgressChange change{.rows = std::move(discovery.rows),
                        .forgotten = streams::forgettable(progress_.shards, listing, time())};
  if (!change.empty() && !take({.progress = change})) {
    discovery_due_ = retry(discovery_failures_);
    return;
  }
  for (ShardProgress& row : change.rows) learn(std::move(row));
  for (const std::string& id : change.forgotten) {
    progress_.shards.erase(id);
    endings_.erase(id);
    ended_.erase(id);
    childless_.erase(id);
  }
  open_ready();
  const bool all_over = std::all_of(progress_.shards.begin(), progress_.shards.end(),
                                    [](const auto& row) { return row.second.is_over(); });
  is_over_ = !listing.is_enabled && all_over;
}

std::unique_ptr<streams::ShardCursor> Follower::make_cursor(const std::string& id) const {
  return std::make_unique<streams::ShardCursor>(database_, options_.stream_arn, id,
                                                progress_.shards.at(id).position, *progress_.start,
                                                false);
}

void Follower::open_ready() {
  for (const auto& [id, row] : progress_.shards) {
    if (row.state != ShardState::ready || shards_.contains(id)) continue;
    Shard shard;
    shard.due = now();
    shard.answered = progress_.start->decided;
    for (const auto& known : {row.caught_up, row.updated}) {
      if (known) shard.answered = std::max(shard.answered, *known);
    }
    if (row.parent) {
      // All that came before its own first record is read.
      const auto parent = ended_.find(*row.parent);
      if (parent != ended_.end()) shard.reach = parent->second;
    }
    if (const auto fresh = fresh_.find(id); fresh != fresh_.end()) {
      shard.cursor = std::move(fresh->second);
      fresh_.erase(fresh);
    } else {
      shard.cursor = make_cursor(id);
    }
    shards_.emplace(id, std::move(shard));
  }
}

// ---- reading ----

void Follower::fetch(const std::string& id, Shard& shard) {
  const Time asked = time();
  const ShardProgress& row = progress_.shards.at(id);
  const bool has_number = row.position.kind == StreamPosition::Kind::after ||
                          row.position.kind == StreamPosition::Kind::at;
  if (!has_number && asked - shard.answered >= lost_after) {
    // There is no number that the server could say of that it is gone.
    gap_ = StreamGap{.kind = StreamGap::Kind::position_trimmed,
                     .shard_id = id,
                     .position = row.position,
                     .from = shard.answered,
                     .detected = asked};
    return;
  }
  auto page = shard.cursor->next(asked, page_records);
  if (!page) {
    failed(page.error());
    shard.due = retry(shard.failures);
    if (page.error().code() == ErrorCode::resource_not_found) {
      shard.is_missing = true;
      discovery_due_ = std::min(discovery_due_, now());
    }
    return;
  }
  shard.failures = 0;
  shard.answered = asked;
  if (note_loss(id, *page)) return;
  shard.has_ended = page->has_ended;
  const std::size_t count = page->records.size();
  shard.records = std::move(page->records);
  shard.handed = 0;
  shard.due = now();
  // That a shard has come to its end says nothing of when: what its children have is to be read.
  if (page->position && !page->has_ended) {
    shard.position = std::move(page->position);
    // There was nothing when it was asked for.
    shard.tip = page->was_empty ? std::optional(asked) : std::nullopt;
  }
  if (count > 0) {
    shard.empty_pages.clear();
    shard.idle = 0ms;
    const auto pause = std::min<std::chrono::milliseconds>(busy_poll, options_.idle_poll_max);
    const bool will_be_told = database_.capabilities().long_poll;  // of the next
    const bool goes_on = is_full(shard.records) || will_be_told || page->has_ended;
    shard.poll_due = goes_on ? now() : now() + pause;
    return;
  }
  reach_page(shard);
  if (page->was_empty && !page->has_ended) note_empty(id, shard, page->may_have_more, asked);
  if (page->has_ended || (page->may_have_more && !shard.tip)) return;
  // One who is told only now looks once more, for what came meanwhile; a call finds that itself.
  const bool was_told = shard.is_told();
  if (was_told || await_records(shard)) {
    if (was_told || shard.call) shard.due = now() + options_.pushed_poll;
    return;
  }
  shard.idle = std::min<std::chrono::milliseconds>(
      options_.idle_poll_max, shard.idle == 0ms ? idle_poll_min : 2 * shard.idle);
  const auto jitter = static_cast<std::int64_t>(random() % 401) - 200;  // of a thousand
  shard.due = now() + shard.idle + shard.idle * jitter / 1000;
}

void Follower::reach_page(Shard& shard) {
  if (shard.position) shard.reach.position = std::move(*shard.position);
  shard.position.reset();
  if (shard.tip) {
    shard.reach.complete_until = std::max(shard.reach.complete_until, *shard.tip);
    shard.reach.fresh_until = std::max(shard.reach.fresh_until, *shard.tip);
  }
}

// Whether it will be heard of when there is more.
bool Follower::await_records(Shard& shard) {
  const auto& wake = options_.surroundings.wake;
  const auto& iterator = shard.cursor->iterator();
  if (!wake || !iterator || !database_.capabilities().long_poll) return false;
  auto is_woken = std::make_shared<std::atomic<bool>>(false);
  const auto ring = [is_woken, wake] {
    *is_woken = true;
    wake();
  };
  if (database_.capabilities().tells_of_records) {
    auto waiter = database_.when_records(*iterator, ring);
    if (waiter) shard.waiter = std::move(*waiter);
  } else if (may_call(shard)) {
    shard.call =
        std::make_unique<WaitingCall>(database_, *iterator, *options_.surroundings.clock, ring);
  }
  if (!shard.is_told()) return false;
  shard.is_woken = std::move(is_woken);
  return true;
}

bool Follower::may_call(const Shard& shard) const {
  const auto calls = std::count_if(shards_.begin(), shards_.end(),
                                   [](const auto& each) { return each.second.call != nullptr; });
  return may_wait_ && now() >= shard.call_due &&
         static_cast<std::size_t>(calls) < waiting_calls_max;
}

void Follower::let_wait(bool may) {
  may_wait_ = may;
  if (may) return;
  for (auto& [id, shard] : shards_) {
    if (shard.call) shard.call->request_stop();
  }
  for (auto& [id, shard] : shards_) {
    if (!shard.call) continue;
    shard.call.reset();
    shard.is_woken.reset();
  }
}

// Whether the page is not to be used.
bool Follower::note_loss(const std::string& id, const streams::ShardCursor::Page& page) {
  if (!page.lost) return false;
  const auto ending = endings_.find(id);
  gap_ = streams::judge_gap(*page.lost, progress_.shards.at(id), *progress_.start,
                            ending == endings_.end() ? std::nullopt : std::optional(ending->second),
                            page.records.empty() ? std::nullopt : created(page.records.front()),
                            time());
  return gap_.has_value();
}

void Follower::note_empty(const std::string& id, Shard& shard, bool may_have_more, Time asked) {
  shard.empty_pages.push_back(asked);
  if (shard.empty_pages.size() > empty_pages_wanted) shard.empty_pages.pop_front();
  if (shard.empty_pages.size() == empty_pages_wanted) {
    shard.quiet_until = std::max(shard.quiet_until, shard.empty_pages.front() - options_.settle);
  }
  if (may_have_more || endings_.contains(id)) return;
  shard.reach.fresh_until = std::max(shard.reach.fresh_until, asked);
  note_caught_up(id, asked);
}

// So that a later start knows that nothing of before can be lost.
void Follower::note_caught_up(const std::string& id, Time asked) {
  const ShardProgress& known = progress_.shards.at(id);
  if (known.caught_up && asked - *known.caught_up < caught_up_refresh) return;
  ShardProgress row = known;
  row.caught_up = asked;
  if (take({.progress = {.rows = {row}}})) progress_.shards.at(id) = std::move(row);
}

void Follower::hand_on(const std::string& id, Shard& shard) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  const auto waiting = std::span<const ChangeRecord>(shard.records).subspan(shard.handed);
  for (const ChangeRecord& record : waiting) {
    bytes += bytes_of(record);
    if (count == options_.records_max || (count > 0 && bytes > portion_bytes_max)) break;
    ++count;
  }
  const StreamRecord& last = waiting[count - 1].dynamodb;
  ShardProgress row = progress_.shards.at(id);
  row.position = {StreamPosition::Kind::after, last.sequence_number};
  row.last_record = last.approximate_creation_date_time;
  row.updated = time();
  if (!take({.records = waiting.first(count), .progress = {.rows = {row}}})) {
    shard.due = retry(shard.failures);
    return;
  }
  shard.failures = 0;
  progress_.shards.at(id) = std::move(row);
  records_ += count;
  if (last.approximate_creation_date_time) {
    const Time made = *last.approximate_creation_date_time;
    shard.reach.complete_until = std::max(shard.reach.complete_until, made - 1s);
    shard.reach.fresh_until = std::max(shard.reach.fresh_until, made);
  }
  shard.handed += count;
  if (shard.is_waiting()) return;
  shard.records.clear();
  shard.handed = 0;
  shard.due = shard.poll_due;
  reach_page(shard);
}

// The shard is read to its end. That and its children are noted at once, and only then are they
// read.
void Follower::finish(const std::string& id, Shard& shard) {
  auto listed = streams::list_children(database_, options_.stream_arn, id);
  // Of a shard that is forgotten, nothing was left to read.
  if (!listed && listed.error().code() == ErrorCode::resource_not_found) {
    listed = streams::ListedChildren{};
  }
  if (!listed) {
    failed(listed.error());
    shard.due = retry(shard.failures);
    return;
  }
  ShardProgress row = progress_.shards.at(id);
  row.state = ShardState::completed;
  row.position = {.kind = StreamPosition::Kind::end};
  row.updated = time();
  auto children = streams::children_of(id, progress_.shards, listed->shards, time());
  ProgressChange change{.rows = children};
  change.rows.push_back(row);
  if (!take({.progress = change})) {
    shard.due = retry(shard.failures);
    return;
  }
  ended_.insert_or_assign(id, reach_of(id, shard));
  childless_.insert(id);
  for (ShardProgress& each : change.rows) learn(std::move(each));
  if (children.empty()) {
    quick_discoveries_ = quick_discoveries_max;
    discovery_due_ = std::min(discovery_due_, now() + 100ms);
  }
  only_children_.note(id, listed->shards, options_.discovery_interval, endings_, time(), now());
  shards_.erase(id);
  open_ready();
}

void Follower::look_for_sibling(const std::string& parent) {
  const auto listed = streams::list_children(database_, options_.stream_arn, parent);
  only_children_.looked(parent, now());
  if (!listed) return failed(listed.error());
  auto children = streams::children_of(parent, progress_.shards, listed->shards, time());
  if (children.empty() || !take({.progress = {.rows = children}})) return;
  only_children_.forget(parent);
  for (ShardProgress& child : children) learn(std::move(child));
  open_ready();
}

// ---- how far it is ----

Follower::Reach Follower::reach_of(const std::string& id, const Shard& shard) const {
  Reach reach = shard.reach;
  // A closed shard has an end, which the server will show: no empty page of it says as much.
  const bool is_closed = endings_.contains(id) && !shard.has_ended;
  if (!is_closed) reach.complete_until = std::max(reach.complete_until, shard.quiet_until);
  if (shard.is_at_tip()) reach.fresh_until = time();
  if (shard.call) reach.fresh_until = std::max(reach.fresh_until, shard.call->nothing_until());
  return reach;
}

template <typename Visit>
void Follower::for_each_reach(const Visit& visit) const {
  for (const auto& [id, shard] : shards_) visit(reach_of(id, shard));
  for (const std::string& id : childless_) {
    if (!is_over_) visit(ended_.at(id));
  }
}

Time Follower::complete_until() const {
  if (shards_.empty()) return Time::min();
  Time least = Time::max();
  for_each_reach([&](const Reach& reach) { least = std::min(least, reach.complete_until); });
  return least;
}

Time Follower::fresh_until() const {
  if (shards_.empty()) return Time::min();
  Time least = Time::max();
  for_each_reach([&](const Reach& reach) { least = std::min(least, reach.fresh_until); });
  return least;
}

std::optional<std::string> Follower::position() const {
  std::optional<std::string> least;
  bool is_known = !shards_.empty();
  for_each_reach([&](const Reach& reach) {
    is_known = is_known && !reach.position.empty();
    if (is_known && (!least || compare_sequence_numbers(reach.position, *least) < 0)) {
      least = reach.position;
    }
  });
  return is_known ? least : std::nullopt;
}

}  // namespace dynakeep::replicas
