#include "storage/sync_loop.h"

#include <utility>

namespace dynakeep::storage {

SyncLoop::SyncLoop(Log log, std::chrono::milliseconds interval)
    : log_(std::move(log)), interval_(interval), thread_([this] { run(); }) {}

SyncLoop::~SyncLoop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}  // ~jthread joins, after the lock is released: it is the last member

Result<void> SyncLoop::wait(Position position) {
  if (position <= durable()) return {};
  // Notified under its lock, so that it is not destroyed while the other side still touches it.
  struct {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<Result<void>> answer;
  } waiter;
  when_durable(position, [&waiter](const Result<void>& answer) {
    const std::lock_guard lock(waiter.mutex);
    waiter.answer = answer;
    waiter.answered.notify_one();
  });
  std::unique_lock lock(waiter.mutex);
  waiter.answered.wait(lock, [&] { return waiter.answer.has_value(); });
  return *std::move(waiter.answer);
}

void SyncLoop::when_durable(Position position, Then then) {
  if (position > durable()) {
    std::unique_lock lock(mutex_);
    if (!failure_) {
      waiting_.push_back(std::move(then));
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

void SyncLoop::run() {
  std::vector<Then> batch;
  std::unique_lock lock(mutex_);
  const auto has_work = [this] { return stopping_ || !waiting_.empty(); };
  for (;;) {
    asleep_ = true;
    if (interval_.count() == 0) {
      wake_.wait(lock, has_work);
    } else {
      wake_.wait_for(lock, interval_, has_work);
    }
    asleep_ = false;
    if (waiting_.empty()) {
      if (stopping_) return;
      if (failure_) continue;
    }
    batch.swap(waiting_);
    Result<void> answer;
    if (failure_) {
      answer = *failure_;
    } else {
      lock.unlock();
      answer = sync();
      lock.lock();
      if (!answer) {
        failure_ = answer.error();
        failed_.store(true, std::memory_order_release);
      }
    }
    lock.unlock();
    for (auto& then : batch) then(answer);
    batch.clear();
    lock.lock();
  }
}

Result<void> SyncLoop::sync() {
  // Read before the sync. Whoever waits has a position up to here, and all that is in the file now
  // the sync will cover.
  const Position target = log_.written();
  if (target <= durable()) return {};
  TRY(log_.sync());
  durable_.store(target, std::memory_order_release);
  return {};
}

}  // namespace dynakeep::storage
