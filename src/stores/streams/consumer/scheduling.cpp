#include <algorithm>
#include <thread>

#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

}  // namespace

Result<std::optional<StreamConsumer::Moment>> StreamConsumer::Reading::step() {
  Lock lock(mutex_);
  if (!started_) return wrong("start() comes first");
  return work(lock);
}

Result<std::optional<StreamConsumer::Moment>> StreamConsumer::Reading::work(Lock& lock) {
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

}  // namespace dynakeep
