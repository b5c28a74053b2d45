#include "engine/streams/commit_numbers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/invariant.h"

namespace dynakeep::engine {

using storage::Position;

CommitNumbers::CommitNumbers(const Clock& clock, std::function<Position()> durable,
                             CommitNumber given)
    : clock_(clock), durable_(std::move(durable)), last_(given), readable_(given) {}

CommitNumber CommitNumbers::give() {
  const auto now = std::chrono::floor<std::chrono::microseconds>(clock_.now().time_since_epoch());
  last_ = std::max(last_ + 1, static_cast<CommitNumber>(std::max<std::int64_t>(now.count(), 0)));
  return last_;
}

CommitNumber CommitNumbers::begin() {
  std::unique_lock lock(mutex_);
  while (alone_) changed_.wait(lock);
  begun_.push_back({.number = give()});
  return last_;
}

Position CommitNumbers::end(CommitNumber number, Position position) {
  std::unique_lock lock(mutex_);
  const auto found = std::lower_bound(
      begun_.begin(), begun_.end(), number,
      [](const Begun& begun, CommitNumber wanted) { return begun.number < wanted; });
  INVARIANT(found != begun_.end() && found->number == number);
  found->ended = true;
  found->position = position;

  bool moved = false;
  while (!begun_.empty() && begun_.front().ended) {
    position_ = std::max(position_, begun_.front().position);
    // What is durable together is one entry.
    if (made_.empty() || made_.back().position != position_) {
      made_.push_back({.position = position_});
    }
    made_.back().number = begun_.front().number;
    begun_.pop_front();
    moved = true;
  }
  settle_durable();
  if (moved && waiting_ > 0) changed_.notify_all();
  while (!begun_.empty() && begun_.front().number < number) {
    ++waiting_;
    changed_.wait(lock);
    --waiting_;
  }
  return position_;
}

void CommitNumbers::settle_durable() {
  if (made_.empty()) return;
  const Position durable = durable_();
  while (!made_.empty() && made_.front().position <= durable) {
    readable_ = made_.front().number;
    made_.pop_front();
  }
}

CommitNumber CommitNumbers::readable() {
  const std::lock_guard lock(mutex_);
  settle_durable();
  return readable_;
}

bool CommitNumbers::wait_for_disk() {
  const std::lock_guard lock(mutex_);
  settle_durable();
  return !made_.empty();
}

CommitNumber CommitNumbers::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void CommitNumbers::alone(const std::function<void()>& act) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  while (alone_) changed_.wait(lock);
  alone_ = true;
  while (!begun_.empty()) changed_.wait(lock);
  --waiting_;
  lock.unlock();
  act();
  lock.lock();
  // What it wrote itself is in nobody's way.
  made_.push_back({.number = last_, .position = position_});
  settle_durable();
  alone_ = false;
  changed_.notify_all();
}

CommitNumber CommitNumbers::next() {
  const std::lock_guard lock(mutex_);
  INVARIANT(alone_ && begun_.empty());
  return give();
}

}  // namespace dynakeep::engine
