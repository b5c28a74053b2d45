#include <algorithm>
#include <utility>

#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

// A worker that asked for a shard whose handler does not come to its end.
constexpr auto hand_over_within = 30s;

}  // namespace

// A lease that was not renewed for so long may be another's soon, or is.
bool StreamConsumer::Reading::is_fenced(const Shard& shard) const {
  return leases_ != nullptr && now() - shard.renewed >= 2 * options_.failover / 3;
}

StreamConsumer::Moment StreamConsumer::Reading::leases_due() const {
  Moment due = std::min(renew_due_, balance_due_);
  for (const auto& [id, shard] : shards_) {
    if (shard->wanted_by.empty()) continue;
    due = std::min(due, shard->is_busy() ? shard->wanted_since + hand_over_within : hand_over_due_);
  }
  return due;
}

void StreamConsumer::Reading::tend_leases(Lock& lock) {
  is_tending_ = true;
  if (now() >= renew_due_) renew(lock);
  hand_over(lock);
  if (now() >= balance_due_) balance(lock);
  is_tending_ = false;
  changed_.notify_all();
}

void StreamConsumer::Reading::renew(Lock& lock) {
  const Moment before = now();
  std::vector<streams::HeldRow> held;
  for (const auto& [id, shard] : shards_) {
    // A checkpoint has renewed it just now.
    if (before - shard->renewed < options_.failover / 6) continue;
    held.push_back({.shard_id = id, .epoch = shard->epoch});
    if (is_fenced(*shard)) stops_.push_back(std::exchange(shard->stop, std::stop_source()));
  }
  const std::uint64_t beat = ++beat_;
  const StreamScope scope = scope_;
  tell_all(lock);
  lock.unlock();
  const auto results = leases_->keep(scope, worker_, held);
  const auto beaten = leases_->beat(scope, worker_, beat);
  lock.lock();
  bool has_failed = !beaten;
  if (!beaten) failed_call(beaten.error());
  for (std::size_t i = 0; i < held.size(); ++i) {
    const auto shard = shards_.find(held[i].shard_id);
    if (shard == shards_.end() || shard->second->epoch != held[i].epoch) continue;
    if (results[i]) {
      shard->second->renewed = std::max(shard->second->renewed, before);
    } else if (results[i].error().code() == ErrorCode::write_conflict) {
      drop(held[i].shard_id, "Another worker has it");
    } else {
      failed_call(results[i].error());
      has_failed = true;
    }
  }
  renew_due_ = has_failed ? now() + options_.failover / 20 : before + options_.failover / 3;
}

// What another worker asks for is finished, written and passed on; without a record handled twice.
void StreamConsumer::Reading::hand_over(Lock& lock) {
  std::vector<std::shared_ptr<Shard>> wanted;
  for (const auto& [id, shard] : shards_) {
    if (!shard->wanted_by.empty()) wanted.push_back(shard);
  }
  for (const auto& shard : wanted) {
    if (shard->is_gone || now() < hand_over_due_) continue;
    const bool is_late = now() - shard->wanted_since >= hand_over_within;
    if (shard->is_busy() && !is_late) continue;
    const bool refuses = shard->is_busy();
    streams::HeldRow held{.shard_id = shard->id, .epoch = shard->epoch};
    if (refuses) {
      held.refuses = true;
    } else {
      held.row = progress_.shards.at(shard->id);
    }
    const std::string to = shard->wanted_by;
    const StreamScope scope = scope_;
    lock.unlock();
    const auto done = refuses ? leases_->keep(scope, worker_, {held}).front()
                              : leases_->release(scope, worker_, held, to);
    lock.lock();
    if (shard->is_gone) continue;
    if (!done && done.error().code() != ErrorCode::write_conflict) {
      failed_call(done.error());
      hand_over_due_ = now() + options_.failover / 20;
    } else if (refuses && done) {
      shard->wanted_by.clear();
    } else {
      drop(shard->id, done ? "It was passed on" : "Another worker has it");
    }
  }
}

void StreamConsumer::Reading::balance(Lock& lock) {
  const StreamScope scope = scope_;
  // Until the end of the look. Shards that are found in the midst of it are not in what it sees:
  // they ask for another, which must not be forgotten.
  balance_due_ = Moment::max();
  const auto look_again_after = [&](std::chrono::milliseconds span) {
    balance_due_ = std::min(balance_due_, now() + span);
  };
  lock.unlock();
  const auto seen = leases_->load_shared(scope);
  lock.lock();
  if (!seen) {
    failed_call(seen.error());
    look_again_after(options_.failover / 10);
    return;
  }
  learn(*seen);
  watch_.see(*seen, now(), options_.failover);
  std::set<std::string, std::less<>> held;
  std::vector<std::string> taken_away;
  for (const auto& [id, shard] : shards_) {
    const auto lease = seen->leases.find(id);
    if (lease == seen->leases.end()) continue;
    if (lease->second.epoch > shard->epoch) {
      taken_away.push_back(id);
      continue;
    }
    held.insert(id);
    if (!shard->wanted_by.empty() || lease->second.wanted_by.empty()) continue;
    shard->wanted_by = lease->second.wanted_by;
    shard->wanted_since = now();
  }
  for (const std::string& id : taken_away) drop(id, "Another worker has it");
  std::set<std::string, std::less<>> busy;
  for (const auto& [id, shard] : lost_) {
    const auto alive = shard.lock();
    if (alive && alive->is_busy()) busy.insert(id);
  }
  // Among others it looks often enough for what a dead one held to be taken within twice the
  // failover, however its last renewal and the looks fell.
  const bool is_alone = std::all_of(seen->workers.begin(), seen->workers.end(),
                                    [&](const auto& each) { return each.first == worker_; });
  look_again_after(about(is_alone ? options_.failover : options_.failover / 3));
  if (stopping_) return;
  const auto wishes = streams::wish_for_leases(
      {*seen, watch_, worker_, held, busy, options_.failover, options_.leases_taken_max},
      [this] { return random(); });

  lease_share_ = wishes.share;
  for (const auto& [id, lease] : wishes.take) {
    if (!shards_.contains(id)) take_lease(lock, id, lease);
  }
  for (const auto& [id, lease] : wishes.ask) {
    lock.unlock();
    const auto asked = leases_->ask(scope, worker_, id, lease);
    lock.lock();
    if (!asked && asked.error().code() != ErrorCode::write_conflict) failed_call(asked.error());
    look_again_after(options_.failover / 3);
  }
  for (const auto& [worker, beat] : wishes.gone) {
    lock.unlock();
    const auto forgotten = leases_->forget_worker(scope, worker, beat);
    lock.lock();
    if (!forgotten && forgotten.error().code() != ErrorCode::write_conflict) {
      failed_call(forgotten.error());
    }
  }
}

bool StreamConsumer::Reading::take_lease(Lock& lock, const std::string& shard_id,
                                         const streams::Lease& seen) {
  const Moment before = now();
  const StreamScope scope = scope_;
  lock.unlock();
  const auto taken = leases_->take(scope, worker_, shard_id, seen);
  lock.lock();
  if (!taken) {
    // Where nobody knows, the next look does.
    if (taken.error().code() == ErrorCode::write_conflict) return false;
    failed_call(taken.error());
    balance_due_ = std::min<Moment>(balance_due_, now() + options_.failover / 10);
    return false;
  }
  progress_.shards.insert_or_assign(shard_id, taken->row);
  Shard& shard = open_shard(shard_id);
  shard.epoch = taken->lease.epoch;
  shard.renewed = before;
  tell(StreamEvent::Kind::lease_taken, shard_id, "epoch " + std::to_string(shard.epoch));
  return true;
}

// What others have written of the shards that are not this worker's.
void StreamConsumer::Reading::learn(const streams::SharedProgress& seen) {
  if (!seen.progress.start) return;
  progress_.start = seen.progress.start;
  std::erase_if(progress_.shards, [&](const auto& each) {
    return !shards_.contains(each.first) && !seen.progress.shards.contains(each.first);
  });
  for (const auto& [id, row] : seen.progress.shards) {
    if (!shards_.contains(id)) progress_.shards.insert_or_assign(id, row);
  }
}

void StreamConsumer::Reading::drop(const std::string& shard_id, const char* why) {
  const auto found = shards_.find(shard_id);
  if (found == shards_.end()) return;
  const std::shared_ptr<Shard> shard = found->second;
  shard->is_gone = true;
  stops_.push_back(shard->stop);
  if (shard->is_busy()) lost_[shard_id] = shard;
  // Whoever has it meets them again.
  std::erase_if(unreported_, [&](const StreamGap& gap) { return gap.shard_id == shard_id; });
  // From here on not by `shard_id`, which may be the very key that goes.
  shards_.erase(found);
  unsaved_.erase(shard->id);
  tell(StreamEvent::Kind::lease_lost, shard->id, why);
}

void StreamConsumer::Reading::release_all(Lock& lock) {
  changed_.wait(lock, [&] { return !is_tending_; });
  const StreamScope scope = scope_;
  std::vector<streams::HeldRow> held;
  for (const auto& [id, shard] : shards_) {
    if (!is_fenced(*shard)) {
      held.push_back({.shard_id = id, .epoch = shard->epoch, .row = progress_.shards.at(id)});
    }
  }
  lock.unlock();
  std::vector<Error> errors;
  for (const streams::HeldRow& row : held) {
    const auto released = leases_->release(scope, worker_, row, {});
    if (!released) errors.push_back(released.error());
  }
  const auto left = scope.stream_arn.empty() ? Result<void>()
                                             : leases_->forget_worker(scope, worker_, std::nullopt);
  if (!left) errors.push_back(left.error());
  lock.lock();
  // They run out by themselves.
  for (const Error& error : errors) failed_call(error);
  while (!shards_.empty()) drop(shards_.begin()->first, "It was let go");
}

}  // namespace dynakeep
