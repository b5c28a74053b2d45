#include "dynakeep/stores/stream_consumer.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "dynakeep/json.h"
#include "stores/streams/backoff.h"
#include "stores/streams/lane.h"
#include "stores/streams/shard_cursor.h"
#include "stores/streams/shard_graph.h"
#include "stores/streams/shard_listing.h"
#include "stores/support/chance.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using Moment = StreamConsumer::Moment;
using Lock = std::unique_lock<std::mutex>;

constexpr std::int32_t page_records = 1000;
constexpr auto call_backoff_max = 20s;
constexpr auto handler_backoff_max = 30s;
constexpr auto retention = 24h;
constexpr auto caught_up_refresh = 1min;
constexpr auto idle_poll_min = 250ms;
constexpr unsigned quick_discoveries_max = 6;  // after a shard that ended without children
constexpr unsigned orphan_listings_max = 3;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

bool is_group_name(std::string_view name) {
  constexpr std::size_t bytes_max = 128;
  return !name.empty() && name.size() <= bytes_max &&
         name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
             std::string_view::npos;
}

Result<void> check_start(const StreamConsumerOptions& options) {
  const bool has_time = options.time.has_value();
  if (has_time != (options.from == StreamStart::Kind::timestamp)) {
    return wrong("time must be given to start at a timestamp, and only then");
  }
  if (has_time && *options.time > options.clock->now() + 5min) {
    return wrong("time must not be more than five minutes in the future");
  }
  if (options.shards.empty() == (options.from == StreamStart::Kind::positions)) {
    return wrong("shards must be given to start at positions, and only then");
  }
  for (const auto& [id, position] : options.shards) {
    const bool takes_number =
        position.kind == StreamPosition::Kind::at || position.kind == StreamPosition::Kind::after;
    if (takes_number != is_sequence_number(position.sequence_number)) {
      return wrong("shards: the position of " + id + " has a wrong sequence number");
    }
  }
  return {};
}

Result<void> check(const StreamConsumerOptions& options) {
  const auto in_range = [](const char* name, auto value, auto least, auto most) -> Result<void> {
    if (value >= least && value <= most) return {};
    return wrong(std::string(name) + " is " + std::to_string(value) + " and must be " +
                 std::to_string(least) + " to " + std::to_string(most));
  };
  constexpr std::size_t arn_min = 37;
  constexpr std::size_t arn_max = 1024;
  constexpr std::size_t records_max = 10'000;
  TRY(in_range("The length of stream_arn", options.stream_arn.size(), arn_min, arn_max));
  if (options.stream_arn.find("/stream/") == std::string::npos) {
    return wrong("stream_arn must be the ARN of a stream, not of its table");
  }
  if (!is_group_name(options.group)) {
    return wrong("group must be 1 to 128 letters, digits, underscores, dots and hyphens");
  }
  TRY(in_range("batch_records", options.batch_records, std::size_t{1}, records_max));
  TRY(in_range("lanes", options.lanes, std::size_t{1}, std::size_t{1000}));
  TRY(in_range("buffer_records", options.buffer_records, std::size_t{1}, std::size_t{1'000'000}));
  TRY(in_range("checkpoint_records", options.checkpoint_records, std::size_t{1},
               std::size_t{1'000'000}));
  TRY(in_range("threads", options.threads, std::size_t{1}, std::size_t{256}));
  constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
  TRY(in_range("checkpoint_interval", std::int64_t{options.checkpoint_interval.count()},
               std::int64_t{0}, day_ms));
  TRY(in_range("discovery_interval", std::int64_t{options.discovery_interval.count()},
               std::int64_t{100}, day_ms));
  TRY(in_range("busy_poll", std::int64_t{options.busy_poll.count()}, std::int64_t{0}, day_ms));
  TRY(in_range("idle_poll_max", std::int64_t{options.idle_poll_max.count()}, std::int64_t{1},
               day_ms));
  if (options.retry.attempts_max && *options.retry.attempts_max == 0) {
    return wrong("retry.attempts_max must be at least 1");
  }
  const bool keeps_letters = options.retry.on_poison == StreamRetry::OnPoison::dead_letter;
  if (keeps_letters && !options.dead_letter) return wrong("dead_letter must be given");
  return check_start(options);
}

}  // namespace

// All members are guarded by mutex_, which is let go while the database or the handler is called:
// what is being worked on is marked as busy.
class StreamConsumer::Reading {
 public:
  Reading(Database& database, StreamCheckpoints& checkpoints, StreamConsumerOptions options,
          StreamHandler handler)
      : database_(database),
        checkpoints_(checkpoints),
        options_(std::move(options)),
        handler_(std::move(handler)),
        scope_{.group = options_.group, .stream_arn = options_.stream_arn} {}

  Result<void> start();
  Result<void> run(const std::stop_token& stop);
  Result<std::optional<Moment>> step();
  Result<void> checkpoint();
  StreamFigures figures() const;

 private:
  // A shard that is being read.
  struct Shard {
    std::string id = {};
    std::unique_ptr<streams::ShardCursor> cursor = {};
    std::vector<streams::Lane> lanes = {};
    streams::Mark read = {};  // the last record read
    bool is_fetching = false;
    bool has_ended = false;
    bool is_at_tip = false;
    bool is_finishing = false;
    bool is_missing = false;  // the server says so; the next listing decides
    Moment fetch_due = {};
    Moment finish_due = {};
    Moment answered = {};
    unsigned failures = 0;
    std::chrono::milliseconds idle{0};

    std::size_t waiting() const {
      std::size_t count = 0;
      for (const streams::Lane& lane : lanes) count += lane.size();
      return count;
    }
    // Behind the last record before which all are handled.
    const streams::Mark& handled() const {
      const streams::Mark* least = &read;
      const streams::Lane* first = nullptr;
      for (const streams::Lane& lane : lanes) {
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

  Moment now() const { return options_.now ? options_.now() : std::chrono::steady_clock::now(); }
  Time time() const { return options_.clock->now(); }
  std::uint64_t random() const {
    return options_.random ? options_.random() : stores::system_random();
  }

  Result<void> decide_start();
  Result<std::optional<Moment>> work(Lock& lock);
  bool work_on_shard(Lock& lock, const std::string& id, Moment& next);
  void discover(Lock& lock);
  void apply(const streams::Listing& listing);
  bool awaits_parents(const streams::Listing& listing);
  void open_ready();
  void fetch(Lock& lock, Shard& shard);
  void take(Shard& shard, streams::ShardCursor::Page page);
  void deliver(Lock& lock, Shard& shard, streams::Lane& lane);
  void failed(Lock& lock, Shard& shard, streams::Lane& lane, std::size_t count,
              const StreamOutcome& outcome);
  void poison(Lock& lock, Shard& shard, streams::Lane& lane, std::size_t count,
              const std::string& why);
  void finish(Lock& lock, Shard& shard);
  void note_handled();
  Result<void> save(StreamProgress progress, std::vector<StreamGap> gaps = {});
  void failed_call(const Error& error);
  std::size_t lane_of(const ChangeRecord& record) const;

  Database& database_;
  StreamCheckpoints& checkpoints_;
  const StreamConsumerOptions options_;
  const StreamHandler handler_;
  const StreamScope scope_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  bool ended_ = false;
  std::optional<Error> stopped_;
  // Durable, but for positions of what was handled since.
  StreamProgress progress_;
  std::map<std::string, std::shared_ptr<Shard>> shards_;
  std::map<std::string, std::unique_ptr<streams::ShardCursor>> fresh_;  // at the tip
  std::map<std::string, std::string> endings_;
  std::vector<StreamGap> unreported_;  // to be durable and told before anything is handed out
  std::size_t unsaved_ = 0;
  Moment save_due_ = {};
  unsigned save_failures_ = 0;
  bool is_discovering_ = false;
  Moment discovery_due_ = {};
  unsigned discovery_failures_ = 0;
  unsigned quick_discoveries_ = 0;
  unsigned orphan_listings_ = 0;
  std::string turn_;  // the shard that was last worked on
  StreamFigures figures_;
};

// ---- the start ----

Result<void> StreamConsumer::Reading::decide_start() {
  const Time before = time();
  const auto listing = TRY(streams::list_shards(database_, options_.stream_arn));
  StreamStart start{
      .kind = options_.from, .decided = before, .time = options_.time, .shards = options_.shards};
  streams::pass_over_ancestors(start, listing);
  if (options_.from == StreamStart::Kind::latest) start = start_at_latest(listing, before);
  if (start.time && *start.time < before - retention) {
    unreported_.push_back(
        {.kind = StreamGap::Kind::start_before_horizon, .from = start.time, .detected = before});
  }
  fresh_.clear();
  for (const auto& [id, position] : start.shards) {
    if (position.kind != StreamPosition::Kind::latest) continue;
    auto cursor = std::make_unique<streams::ShardCursor>(database_, options_.stream_arn, id,
                                                         position, start, true);
    TRY(cursor->open(time()));
    fresh_.emplace(id, std::move(cursor));
  }
  StreamProgress progress;
  progress.start = std::move(start);
  return save(std::move(progress));
}

Result<void> StreamConsumer::Reading::start() {
  const Lock lock(mutex_);
  if (started_) return {};
  progress_ = TRY(checkpoints_.load(scope_));
  unreported_.clear();
  if (!progress_.start) TRY(decide_start());
  discovery_due_ = now();
  save_due_ = now() + options_.checkpoint_interval;
  started_ = true;
  return {};
}

// ---- choosing what to do ----

Result<std::optional<Moment>> StreamConsumer::Reading::step() {
  Lock lock(mutex_);
  if (!started_) return wrong("start() comes first");
  return work(lock);
}

Result<std::optional<Moment>> StreamConsumer::Reading::work(Lock& lock) {
  if (stopped_) return *stopped_;
  if (ended_) return std::optional<Moment>();
  const Moment current = now();

  note_handled();
  const bool must_save = !unreported_.empty();
  const bool has_much = unsaved_ >= options_.checkpoint_records && save_failures_ == 0;
  if ((must_save && save_failures_ == 0) || has_much ||
      ((must_save || unsaved_ > 0) && current >= save_due_)) {
    const auto saved = save(progress_);
    if (stopped_) return *stopped_;
    if (!saved && must_save) return std::optional(save_due_);
  } else if (must_save) {
    return std::optional(save_due_);
  }
  if (!is_discovering_ && current >= discovery_due_) {
    discover(lock);
    changed_.notify_all();
    if (stopped_) return *stopped_;
    return std::optional(current);
  }

  Moment next = is_discovering_ ? current + 1s : discovery_due_;
  if (unsaved_ > 0) next = std::min(next, std::max(save_due_, current + 1ms));
  // Each in its turn, so that a busy shard keeps no other back.
  std::vector<std::string> ids;
  for (auto each = shards_.upper_bound(turn_); each != shards_.end(); ++each) {
    ids.push_back(each->first);
  }
  for (auto each = shards_.begin(); each != shards_.upper_bound(turn_); ++each) {
    ids.push_back(each->first);
  }
  for (const std::string& id : ids) {
    if (!work_on_shard(lock, id, next)) continue;
    turn_ = id;
    changed_.notify_all();
    if (stopped_) return *stopped_;
    return std::optional(current);
  }
  return std::optional(next);
}

// Whether there was something to do. Otherwise `next` is no later than when there will be.
bool StreamConsumer::Reading::work_on_shard(Lock& lock, const std::string& id, Moment& next) {
  const Moment current = now();
  const std::shared_ptr<Shard> shard = shards_.at(id);
  bool is_any_busy = false;
  for (streams::Lane& lane : shard->lanes) {
    is_any_busy = is_any_busy || lane.is_busy;
    if (lane.is_busy || lane.is_empty()) continue;
    if (lane.due <= current) {
      deliver(lock, *shard, lane);
      return true;
    }
    next = std::min(next, lane.due);
  }
  if (shard->has_ended) {
    if (shard->waiting() > 0 || is_any_busy || shard->is_finishing) return false;
    if (shard->finish_due <= current) {
      finish(lock, *shard);
      return true;
    }
    next = std::min(next, shard->finish_due);
    return false;
  }
  if (shard->is_fetching || shard->is_missing) return false;
  if (shard->waiting() >= options_.buffer_records) return false;
  if (shard->fetch_due <= current) {
    fetch(lock, *shard);
    return true;
  }
  next = std::min(next, shard->fetch_due);
  return false;
}

// ---- shards ----

void StreamConsumer::Reading::failed_call(const Error& error) {
  ++figures_.errors;
  figures_.last_error = std::string(exception_name(error.code())) + ": " + error.message();
}

void StreamConsumer::Reading::discover(Lock& lock) {
  is_discovering_ = true;
  lock.unlock();
  const auto listing = streams::list_shards(database_, options_.stream_arn);
  lock.lock();
  is_discovering_ = false;
  if (!listing) {
    failed_call(listing.error());
    discovery_due_ = now() + streams::backoff(++discovery_failures_, call_backoff_max, random());
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

void StreamConsumer::Reading::fetch(Lock& lock, Shard& shard) {
  shard.is_fetching = true;
  const Time started = time();
  lock.unlock();
  auto page = shard.cursor->next(started, page_records);
  lock.lock();
  shard.is_fetching = false;
  if (!page) {
    failed_call(page.error());
    shard.fetch_due = now() + streams::backoff(++shard.failures, call_backoff_max, random());
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
    shard.finish_due = now() + streams::backoff(++shard.failures, call_backoff_max, random());
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

// ---- handing out ----

void StreamConsumer::Reading::deliver(Lock& lock, Shard& shard, streams::Lane& lane) {
  const auto records = lane.next(options_.batch_records);
  const StreamBatch batch{.records = records, .shard_id = shard.id, .attempt = lane.attempts + 1};
  lane.is_busy = true;
  lock.unlock();
  StreamOutcome outcome = StreamOutcome::ok();
  try {
    outcome = handler_(batch);
  } catch (const std::exception& thrown) {
    outcome = StreamOutcome::failed(thrown.what());
  } catch (...) {  // whatever a program throws, its batch has failed
    outcome = StreamOutcome::failed("The handler threw");
  }
  lock.lock();
  if (outcome.kind() == StreamOutcome::Kind::ok) {
    figures_.handled += records.size();
    unsaved_ += records.size();
    lane.failures = 0;
    lane.acknowledge(records.size());
  } else if (outcome.kind() == StreamOutcome::Kind::fatal) {
    stopped_ = wrong("The handler had the consumer stop: " + outcome.why());
  } else {
    ++figures_.failures;
    failed(lock, shard, lane, records.size(), outcome);
  }
  lane.is_busy = false;
}

void StreamConsumer::Reading::failed(Lock& lock, Shard& shard, streams::Lane& lane,
                                     std::size_t count, const StreamOutcome& outcome) {
  const StreamRetry& retry = options_.retry;
  const auto records = lane.next(options_.batch_records);
  bool is_named = false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (outcome.kind() != StreamOutcome::Kind::failed_at ||
        records[i].dynamodb.sequence_number != outcome.sequence_number()) {
      continue;
    }
    figures_.handled += i;
    unsaved_ += i;
    if (i > 0) lane.failures = 0;
    lane.acknowledge(i);
    is_named = true;
    count = 1;
    break;
  }
  if (!is_named && retry.bisect && count > 1) {
    lane.halve();
    lane.due = now();
    return;
  }
  if (is_named != lane.is_named) lane.attempts = 0;
  lane.is_named = is_named;
  ++lane.attempts;
  if (!lane.first_failure) lane.first_failure = time();
  lane.due = now() + streams::backoff(++lane.failures, handler_backoff_max, random());
  const auto& created = lane.front().dynamodb.approximate_creation_date_time;
  const bool is_too_old = retry.age_max && created && time() - *created > *retry.age_max;
  const bool is_too_often = retry.attempts_max && lane.attempts >= *retry.attempts_max;
  if (is_too_old || is_too_often) poison(lock, shard, lane, count, outcome.why());
}

void StreamConsumer::Reading::poison(Lock& lock, Shard& shard, streams::Lane& lane,
                                     std::size_t count, const std::string& why) {
  switch (options_.retry.on_poison) {
    case StreamRetry::OnPoison::block:
      lane.due = now() + handler_backoff_max;
      return;
    case StreamRetry::OnPoison::stop:
      stopped_ =
          wrong("The handler failed too often on record " + lane.front().dynamodb.sequence_number +
                " of shard " + shard.id + ": " + why);
      return;
    case StreamRetry::OnPoison::skip:
      figures_.skipped += count;
      break;
    case StreamRetry::OnPoison::dead_letter:
      for (std::size_t i = 0; i < count; ++i) {
        const StreamDeadLetter letter{.stream_arn = options_.stream_arn,
                                      .group = options_.group,
                                      .shard_id = shard.id,
                                      .record = lane.front(),
                                      .attempts = lane.attempts,
                                      .first_failure = *lane.first_failure,
                                      .last_failure = time(),
                                      .error = why};
        const unsigned attempts = lane.attempts;
        const auto first_failure = lane.first_failure;
        lock.unlock();
        auto kept = options_.dead_letter(letter);
        lock.lock();
        // It is handed to the handler once more, and then here again.
        if (!kept) return failed_call(kept.error());
        ++figures_.dead_letters;
        ++unsaved_;
        lane.acknowledge(1);
        lane.attempts = i + 1 < count ? attempts : 0;
        if (i + 1 < count) lane.first_failure = first_failure;
      }
      lane.failures = 0;
      lane.due = now();
      return;
  }
  unsaved_ += count;
  lane.acknowledge(count);
  lane.failures = 0;
  lane.due = now();
}

// ---- checkpoints ----

// What was handled, in progress_; not durable yet.
void StreamConsumer::Reading::note_handled() {
  for (const auto& [id, shard] : shards_) {
    const streams::Mark& mark = shard->handled();
    if (mark.sequence_number.empty()) continue;
    ShardProgress& row = progress_.shards.at(id);
    if (row.position.kind == StreamPosition::Kind::after &&
        compare_sequence_numbers(row.position.sequence_number, mark.sequence_number) >= 0) {
      continue;
    }
    row.position = {StreamPosition::Kind::after, mark.sequence_number};
    row.last_record = mark.created;
    row.updated = time();
  }
}

// Makes it what is known, durably, and with it what was lost and nobody was told of yet.
Result<void> StreamConsumer::Reading::save(StreamProgress progress, std::vector<StreamGap> gaps) {
  constexpr std::size_t gaps_max = 100;
  gaps.insert(gaps.begin(), unreported_.begin(), unreported_.end());
  if (progress.start) {
    auto& kept = progress.start->gaps;
    kept.insert(kept.end(), gaps.begin(), gaps.end());
    if (kept.size() > gaps_max) {
      kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(gaps_max));
    }
  }
  auto saved = checkpoints_.save(scope_, progress);
  if (!saved) {
    ++figures_.checkpoint_errors;
    failed_call(saved.error());
    save_due_ = now() + streams::backoff(++save_failures_, call_backoff_max, random());
    return saved;
  }
  progress_ = std::move(progress);
  ++figures_.checkpoints;
  save_failures_ = 0;
  save_due_ = now() + options_.checkpoint_interval;
  unsaved_ = 0;
  unreported_.clear();
  for (const StreamGap& gap : gaps) {
    ++figures_.gaps;
    if (options_.on_gap && options_.on_gap(gap) == StreamGapAnswer::stop) {
      stopped_ = wrong("A gap has the consumer stop: " + std::string(to_text(gap.kind)) +
                       " of shard " + gap.shard_id);
    }
  }
  return {};
}

Result<void> StreamConsumer::Reading::checkpoint() {
  const Lock lock(mutex_);
  if (!started_) return {};
  note_handled();
  if (unsaved_ == 0 && unreported_.empty()) return {};
  return save(progress_);
}

// ---- running ----

Result<void> StreamConsumer::Reading::run(const std::stop_token& stop) {
  TRY(start());
  const std::stop_callback wake(stop, [this] { changed_.notify_all(); });
  const auto loop = [&] {
    Lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto next = work(lock);
      if (!next || !*next) break;
      const Moment current = now();
      if (**next <= current || stop.stop_requested()) continue;
      // Not for ever: a stop that comes just before the waiting is seen then.
      changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(**next - current, 50ms));
    }
    changed_.notify_all();
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < options_.threads; ++i) threads.emplace_back(loop);
    loop();
  }
  const auto saved = checkpoint();
  const Lock lock(mutex_);
  if (stopped_) return *stopped_;
  return saved;
}

StreamFigures StreamConsumer::Reading::figures() const {
  const Lock lock(mutex_);
  StreamFigures figures = figures_;
  for (const auto& [id, shard] : shards_) {
    StreamShardFigures each{.shard_id = id, .waiting = shard->waiting()};
    std::optional<Time> oldest = shard->is_at_tip ? std::nullopt : shard->read.created;
    std::string number;
    for (const streams::Lane& lane : shard->lanes) {
      if (lane.is_empty()) continue;
      const StreamRecord& front = lane.front().dynamodb;
      if (number.empty() || compare_sequence_numbers(front.sequence_number, number) < 0) {
        number = front.sequence_number;
        oldest = front.approximate_creation_date_time;
      }
    }
    const auto in_milliseconds = [](auto span) {
      return std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(span));
    };
    if (oldest) each.lag = in_milliseconds(time() - *oldest);
    each.silent = in_milliseconds(now() - shard->answered);
    figures.lag = std::max(figures.lag, each.lag);
    figures.shards.push_back(std::move(each));
  }
  return figures;
}

// ---- the consumer ----

Result<std::unique_ptr<StreamConsumer>> StreamConsumer::open(Database& database,
                                                             StreamCheckpoints& checkpoints,
                                                             StreamConsumerOptions options,
                                                             StreamHandler handler) {
  TRY(check(options));
  if (!handler) return wrong("A handler must be given");
  return std::unique_ptr<StreamConsumer>(new StreamConsumer(
      std::make_unique<Reading>(database, checkpoints, std::move(options), std::move(handler))));
}

StreamConsumer::StreamConsumer(std::unique_ptr<Reading> reading) : reading_(std::move(reading)) {}
StreamConsumer::~StreamConsumer() = default;

Result<void> StreamConsumer::start() { return reading_->start(); }
Result<void> StreamConsumer::run(std::stop_token stop) { return reading_->run(stop); }
Result<std::optional<StreamConsumer::Moment>> StreamConsumer::step() { return reading_->step(); }
Result<void> StreamConsumer::checkpoint() { return reading_->checkpoint(); }
StreamFigures StreamConsumer::figures() const { return reading_->figures(); }

}  // namespace dynakeep
