#include "storage/sync_loop.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dynakeep::storage {

SyncLoop::SyncLoop(Log log, std::chrono::milliseconds interval)
    : log_(std::move(log)), interval_(interval), thread_([this] { run(); }) {}

SyncLoop::~SyncLoop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}  // thread_, the last member, is joined next, when the lock is released

Result<void> SyncLoop::wait(Position position) {
  if (position <= durable()) return {};
  std::unique_lock lock(mutex_);
  wait(lock, position);
  if (position <= durable()) return {};
  return *failure_;
}

void SyncLoop::when_durable(Position position, Then then) {
  if (position > durable()) {
    std::unique_lock lock(mutex_);
    if (!failure_) {
      callbacks_.push_back({.position = position, .then = std::move(then)});
      if (asleep_) wake_.notify_one();
      return;
    }
    const Result<void> failed = *failure_;
    lock.unlock();
    then(failed);
    return;
  }
  then({});
}

Result<void> SyncLoop::health() const {
  if (!failed_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  return *failure_;
}

// Returns when the position is durable or a sync has failed.
void SyncLoop::wait(std::unique_lock<std::mutex>& lock, Position position) {
  while (position > durable() && !failure_) {
    if (!syncing_) {
      lead(lock);
    } else {
      const auto round = position <= target_ ? round_ : round_ + 1;
      finished_[round % 2].wait(lock);
    }
  }
}

// Syncs, with the lock given up meanwhile, and wakes those who are concerned.
void SyncLoop::lead(std::unique_lock<std::mutex>& lock) {
  syncing_ = true;
  ++round_;
  // Before the sync: all of it is in the file by now, so the sync covers it.
  target_ = log_.written();
  lock.unlock();
  const auto synced = log_.sync();
  lock.lock();
  syncing_ = false;
  auto& here = finished_[round_ % 2];
  auto& next = finished_[(round_ + 1) % 2];
  if (synced) {
    durable_.store(target_, std::memory_order_release);
    next.notify_one();  // first, so that the next sync begins while the others wake up: its leader
  } else {
    failure_ = synced.error();
    failed_.store(true, std::memory_order_release);
    next.notify_all();
  }
  here.notify_all();
}

void SyncLoop::run() {
  std::vector<Callback> answered;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] { return stopping_ || !callbacks_.empty(); };
    asleep_ = true;
    if (interval_.count() == 0) {
      wake_.wait(lock, has_work);
    } else if (!wake_.wait_for(lock, interval_, has_work)) {
      wait(lock, log_.written());
    }
    asleep_ = false;
    if (callbacks_.empty()) {
      if (stopping_) return;
      continue;
    }
    // The first in line; most others are covered by the same sync.
    wait(lock, callbacks_.front().position);
    const auto waits_on = [this](const Callback& callback) {
      return callback.position > durable() && !failure_;
    };
    const auto first_answered =
        std::stable_partition(callbacks_.begin(), callbacks_.end(), waits_on);
    answered.assign(std::make_move_iterator(first_answered),
                    std::make_move_iterator(callbacks_.end()));
    callbacks_.erase(first_answered, callbacks_.end());
    const auto durable_now = durable();
    const Result<void> failed = failure_ ? Result<void>(*failure_) : Result<void>();
    lock.unlock();
    for (auto& callback : answered) {
      callback.then(callback.position <= durable_now ? Result<void>() : failed);
    }
    answered.clear();
    lock.lock();
  }
}

}  // namespace dynakeep::storage
