#include <algorithm>
#include <thread>

#include "stores/streams/consumer/reading.h"
#include "stores/support/chance.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t page_records = 1000;
constexpr std::size_t page_bytes = std::size_t{1} << 20;
constexpr auto look_every = 1s;
// Iterators live for 15 minutes: the tip of a shard that has no record yet is lost with one.
constexpr auto tip_kept_for = 10min;
constexpr auto waiting_max = 50ms;
constexpr std::size_t long_polls = 4;  // at once

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

}  // namespace

StreamConsumer::Moment StreamConsumer::Reading::now() const {
  return options_.now ? options_.now() : std::chrono::steady_clock::now();
}

std::uint64_t StreamConsumer::Reading::random() const {
  return options_.random ? options_.random() : stores::system_random();
}

std::chrono::milliseconds StreamConsumer::Reading::about(std::chrono::milliseconds span) const {
  const auto jitter = static_cast<std::int64_t>(random() % 401) - 200;  // of a thousand
  return span + span * jitter / 1000;
}

Result<std::optional<StreamConsumer::Moment>> StreamConsumer::Reading::step() {
  Lock lock(mutex_);
  if (!started_) return wrong("start() comes first");
  auto next = work(lock);
  if (stopping_ && !is_shut_down_ && is_drained()) {
    is_shut_down_ = true;
    TRY(shut_down(lock));
    next = std::optional<Moment>();
  }
  tell_all(lock);
  return next;
}

Result<std::optional<StreamConsumer::Moment>> StreamConsumer::Reading::work(Lock& lock) {
  tell_all(lock);
  if (stopped_) return *stopped_;
  if (ended_ || is_shut_down_) return std::optional<Moment>();
  const Moment current = now();
  if (is_rewinding_) return std::optional(current + waiting_max);
  if (current >= look_due_) look_around();
  if (stopped_) return *stopped_;
  if (awaits_stream_) {
    if (stopping_) return std::optional<Moment>();
    if (current < stream_due_) return std::optional(stream_due_);
    look_for_stream(lock);
    if (stopped_) return *stopped_;
    return std::optional(now());
  }

  if (leases_ != nullptr && !has_lease_thread_ && !is_tending_ && current >= leases_due()) {
    tend_leases(lock);
    return std::optional(current);
  }
  if (!is_saving_ && needs_saving(current)) {
    static_cast<void>(save(lock));  // what failed is in the figures, and comes again
    if (stopped_) return *stopped_;
    return std::optional(current);
  }
  const Moment discovery = std::max(discovery_due_, pace_.next_listing());
  if (!stopping_ && !is_discovering_ && current >= discovery) {
    discover(lock);
    changed_.notify_all();
    if (stopped_) return *stopped_;
    return std::optional(current);
  }

  // Who stops discovers nothing more: that is not waited for, nor called for again and again.
  Moment next = is_discovering_ || stopping_ ? current + look_every : discovery;
  next = std::min(next, look_due_);
  if (leases_ != nullptr && !has_lease_thread_) next = std::min(next, leases_due());
  if (has_to_save()) next = std::min(next, std::max(save_due_, current + 1ms));
  // Each in its turn, so that a busy shard keeps no other back. Those that have nothing to do let
  // nothing go: the shards stay as they are meanwhile.
  auto each = shards_.upper_bound(turn_);
  for (std::size_t left = shards_.size(); left > 0; --left, ++each) {
    if (each == shards_.end()) each = shards_.begin();
    const std::shared_ptr<Shard> shard = each->second;
    if (!work_on_shard(lock, shard, next)) continue;
    turn_ = shard->id;
    changed_.notify_all();
    if (stopped_) return *stopped_;
    return std::optional(current);
  }
  // Last of all: of the calls that may be made, those for children of shards that have none come
  // first.
  if (!stopping_ && look_for_siblings(lock, next)) {
    changed_.notify_all();
    if (stopped_) return *stopped_;
    return std::optional(current);
  }
  return std::optional(next);
}

// Whether there was something to do. Otherwise `next` is no later than when there will be.
bool StreamConsumer::Reading::work_on_shard(Lock& lock, const std::shared_ptr<Shard>& shard,
                                            Moment& next) {
  const Moment current = now();
  // What may be another's is left alone; and what another asks for, until it has it.
  if (is_fenced(*shard) || !shard->wanted_by.empty()) {
    next = std::min(next, current + waiting_max);
    return false;
  }
  if (hand_out(lock, *shard, next)) return true;
  if (stopping_ == StreamDrain::no) return false;
  if (shard->has_ended) {
    if (shard->waiting() > 0 || shard->is_busy() || is_saving_) return false;
    if (!may_finish(*shard)) return false;
    const Moment due = knows_children(shard->id)
                           ? shard->finish_due
                           : std::max(shard->finish_due, pace_.next_listing());
    if (due <= current) {
      finish(lock, *shard);
      return true;
    }
    next = std::min(next, due);
    return false;
  }
  if (stopping_ || shard->is_fetching || shard->is_missing) return false;
  const std::int32_t limit = may_read(*shard);
  if (limit == 0) return false;
  const bool is_told = shard->was_told && shard->was_told->load();
  const Moment due =
      std::max(is_told ? current : shard->fetch_due, pace_.next_read(shard->fetched, current));
  if (due <= current) {
    fetch(lock, *shard, limit);
    return true;
  }
  next = std::min(next, due);
  return false;
}

bool StreamConsumer::Reading::hand_out(Lock& lock, Shard& shard, Moment& next) {
  if (is_paused_ || shard.is_paused || stopping_ == StreamDrain::no) return false;
  if (awaits_report(shard.id)) return false;
  if (save_failures_ > 0 && shard.unsaved >= options_.unpersisted_records) return false;
  const Moment current = now();
  const bool is_last = shard.has_ended || stopping_.has_value();
  for (streams::Lane& lane : shard.lanes) {
    if (lane.is_busy || lane.is_empty()) continue;
    const Moment due =
        lane.ready_at(options_.batch_records, options_.batch_bytes, options_.batch_window, is_last);
    if (due <= current) {
      deliver(lock, shard, lane);
      return true;
    }
    next = std::min(next, due);
  }
  return false;
}

// How many records there is room for; 0: none are read now.
std::int32_t StreamConsumer::Reading::may_read(const Shard& shard) const {
  const std::size_t bytes = buffered_bytes_ + (fetching_ + 1) * page_bytes;
  const std::size_t waiting = shard.waiting();
  // Not record by record: half of what fits is read at once.
  const bool has_room = 2 * waiting <= options_.buffer_records &&
                        (bytes <= options_.buffer_bytes || bytes == page_bytes);
  if (has_room) {
    return static_cast<std::int32_t>(
        std::min<std::size_t>(page_records, options_.buffer_records - waiting));
  }
  const bool is_at_first_tip =
      shard.read.sequence_number.empty() &&
      progress_.shards.at(shard.id).position.kind == StreamPosition::Kind::latest;
  return is_at_first_tip && now() - shard.fetched >= tip_kept_for ? 1 : 0;
}

// ---- once a second ----

void StreamConsumer::Reading::look_around() {
  for (const auto& [id, shard] : shards_) check_on(*shard);
  if (discovery_failures_ > 0 || gone_listings_ > 0) stop_after_outage(listed_);
  std::erase_if(lost_, [](const auto& each) { return each.second.expired(); });
  look_due_ = now() + look_every;
}

void StreamConsumer::Reading::check_on(Shard& shard) {
  constexpr auto degraded_after = 1min;
  constexpr auto awaited_after = 1min;
  const Moment current = now();
  for (streams::Lane& lane : shard.lanes) {
    if (!lane.is_busy || lane.was_slow || current - lane.busy_since < options_.slow_handler) {
      continue;
    }
    lane.was_slow = true;
    tell(StreamEvent::Kind::slow_handler, shard.id);
  }
  const Moment silent_since = shard.degraded_told.value_or(shard.answered);
  if (shard.failures > 0 && current - silent_since >= degraded_after) {
    shard.degraded_told = current;
    tell(StreamEvent::Kind::degraded, shard.id, figures_.last_error.value_or(""));
  }
  if (shard.failures > 0) stop_after_outage(shard.answered);
  if (!shard.was_at_risk && lag_of(shard) >= options_.risk_age) {
    shard.was_at_risk = true;
    tell(StreamEvent::Kind::retention_risk, shard.id);
  }
  if (shard.has_ended && !shard.was_awaited && shard.waiting() == 0 && !may_finish(shard) &&
      current - shard.ended >= awaited_after) {
    shard.was_awaited = true;
    tell(StreamEvent::Kind::checkpoint_awaited, shard.id);
  }
}

void StreamConsumer::Reading::stop_after_outage(Moment answered) {
  if (!options_.max_outage || now() - answered < *options_.max_outage || stopped_) return;
  stopped_ =
      Error(ErrorCode::unavailable, "The stream has not answered for longer than max_outage: " +
                                        figures_.last_error.value_or(""));
}

// ---- running ----

Result<void> StreamConsumer::Reading::run(const std::stop_token& stop) {
  TRY(start());
  const std::stop_callback wake(stop, [this] { changed_.notify_all(); });
  bool are_done = false;
  {
    const Lock lock(mutex_);
    if (is_shut_down_) return {};
    is_running_ = true;
    has_lease_thread_ = leases_ != nullptr;
  }
  const auto wait_until = [&](Lock& lock, Moment next, std::uint64_t rung) {
    const Moment current = now();
    if (next <= current || bell_->rung != rung) return;
    // Not for ever: a stop that comes just before the waiting is seen then.
    changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(next - current, waiting_max));
  };
  const auto loop = [&] {
    Lock lock(mutex_);
    while (true) {
      if (stop.stop_requested() && !stopping_) stopping_ = StreamDrain::no;
      if (stopping_ && is_drained()) break;
      const std::uint64_t rung = bell_->rung;
      const auto next = work(lock);
      if (!next || !*next) break;
      wait_until(lock, **next, rung);
    }
    changed_.notify_all();
  };
  // Where the server holds a call until there are records, and the database does not tell of them.
  const auto wait_loop = [&] {
    Lock lock(mutex_);
    while (!are_done) {
      if (!wait_on_one(lock)) wait_until(lock, now() + waiting_max, bell_->rung);
    }
  };
  // By itself, so that a handler that takes its time costs no lease.
  const auto lease_loop = [&] {
    Lock lock(mutex_);
    while (!are_done) {
      if (!awaits_stream_ && !is_rewinding_ && now() >= leases_due()) {
        tend_leases(lock);
      } else {
        wait_until(lock, awaits_stream_ ? now() + waiting_max : leases_due(), bell_->rung);
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    if (leases_ != nullptr) helpers.emplace_back(lease_loop);
    const Capabilities& can = database_.capabilities();
    for (std::size_t i = 0; can.long_poll && !can.tells_of_records && i < long_polls; ++i) {
      helpers.emplace_back(wait_loop);
    }
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < options_.threads; ++i) threads.emplace_back(loop);
      loop();
    }
    const Lock lock(mutex_);
    are_done = true;
    changed_.notify_all();
  }
  Lock lock(mutex_);
  const auto saved = shut_down(lock);
  tell_all(lock);
  is_running_ = false;
  has_lease_thread_ = false;
  if (is_stop_asked_) is_shut_down_ = true;
  stopping_.reset();
  changed_.notify_all();
  if (stopped_) return *stopped_;
  return saved;
}

void StreamConsumer::Reading::set_paused(const std::string& shard_id, bool is_paused) {
  const Lock lock(mutex_);
  if (shard_id.empty()) {
    is_paused_ = is_paused;
  } else if (is_paused) {
    paused_.insert(shard_id);
  } else {
    paused_.erase(shard_id);
  }
  for (const auto& [id, shard] : shards_) shard->is_paused = paused_.contains(id);
  changed_.notify_all();
}

void StreamConsumer::Reading::hint() {
  const Lock lock(mutex_);
  for (const auto& [id, shard] : shards_) {
    if (shard->failures == 0) shard->fetch_due = std::min(shard->fetch_due, now());
  }
  changed_.notify_all();
}

// ---- stopping ----

Result<void> StreamConsumer::Reading::stop(StreamDrain drain) {
  Lock lock(mutex_);
  if (is_shut_down_) return {};
  is_stop_asked_ = true;
  if (!started_) {
    is_shut_down_ = true;
    return {};
  }
  if (!stopping_) drain_until_ = now() + options_.drain_timeout;
  if (!stopping_ || drain == StreamDrain::no) stopping_ = drain;
  if (drain == StreamDrain::no) {
    for (const auto& [id, shard] : shards_) stops_.push_back(shard->stop);
  }
  changed_.notify_all();
  tell_all(lock);
  if (is_in_handler()) return {};
  if (is_running_) {
    changed_.wait(lock, [&] { return !is_running_; });
    return {};
  }
  // Nobody else works: what can be done without waiting is done here.
  while (!is_drained()) {
    const auto next = work(lock);
    if (!next || !*next || **next > now()) break;
  }
  is_shut_down_ = true;
  const auto saved = shut_down(lock);
  tell_all(lock);
  return saved;
}

bool StreamConsumer::Reading::is_any_busy() const {
  return is_saving_ || is_discovering_ || is_tending_ ||
         std::any_of(shards_.begin(), shards_.end(),
                     [](const auto& each) { return each.second->is_busy(); });
}

bool StreamConsumer::Reading::is_drained() const {
  const bool is_late = stopping_ == StreamDrain::no || now() >= drain_until_;
  return std::all_of(shards_.begin(), shards_.end(), [&](const auto& each) {
    const Shard& shard = *each.second;
    return !shard.is_any_lane_busy() && (is_late || shard.waiting() == 0);
  });
}

// The last checkpoint, and the end of all leases. An error: what was handled since the last one
// that was written comes again.
Result<void> StreamConsumer::Reading::shut_down(Lock& lock) {
  changed_.wait(lock, [&] { return !is_saving_; });
  Result<void> saved;
  if (!scope_.stream_arn.empty()) {
    if (!unreported_.empty() || !unsaved_.empty()) saved = save(lock);
  }
  if (leases_ != nullptr) release_all(lock);
  return saved;
}

}  // namespace dynakeep
