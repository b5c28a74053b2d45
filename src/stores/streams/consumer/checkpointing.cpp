#include <algorithm>
#include <utility>

#include "stores/streams/backoff.h"
#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// Of rows that change in other ways than by what was handled. Without those that are lost, and
// without the children of what is.
StreamProgressChange change_of(const auto& changes, const std::vector<std::string>& lost) {
  StreamProgressChange change{.rows = changes.rows, .forgotten = changes.forgotten};
  bool any_over = changes.over.empty();
  for (const ShardProgress& row : changes.over) {
    if (std::find(lost.begin(), lost.end(), row.shard_id) != lost.end()) continue;
    any_over = true;
    change.rows.push_back(row);
  }
  if (any_over) {
    change.rows.insert(change.rows.end(), changes.children.begin(), changes.children.end());
  }
  return change;
}

}  // namespace

void StreamConsumer::Reading::note(Shard& shard) {
  shard.count_bytes();
  if (shard.is_gone) return;
  if (shard.unsaved > 0) unsaved_.insert(shard.id);
  is_much_unsaved_ = is_much_unsaved_ || shard.unsaved >= options_.checkpoint_records;
  const streams::Mark& mark = shard.handled();
  if (options_.manual_checkpoints || mark.sequence_number.empty()) return;
  ShardProgress& row = progress_.shards.at(shard.id);
  const bool is_known =
      row.position.kind == StreamPosition::Kind::after &&
      compare_sequence_numbers(row.position.sequence_number, mark.sequence_number) >= 0;
  if (row.is_over() || is_known) return;
  row.position = {StreamPosition::Kind::after, mark.sequence_number};
  row.last_record = mark.created;
  row.updated = time();
}

// What may be another's by now is not written.
bool StreamConsumer::Reading::has_to_save() const {
  return std::any_of(unsaved_.begin(), unsaved_.end(), [&](const std::string& id) {
    const auto shard = shards_.find(id);
    return shard != shards_.end() && !is_fenced(*shard->second);
  });
}

bool StreamConsumer::Reading::needs_saving(Moment current) const {
  const bool is_due = current >= save_due_;
  if (!unreported_.empty()) return is_due || save_failures_ == 0;
  if (!is_due && (!is_much_unsaved_ || save_failures_ > 0)) return false;
  return has_to_save();
}

bool StreamConsumer::Reading::awaits_report(const std::string& shard_id) const {
  return std::any_of(unreported_.begin(), unreported_.end(), [&](const StreamGap& gap) {
    return gap.shard_id.empty() || gap.shard_id == shard_id;
  });
}

Result<void> StreamConsumer::Reading::save(Lock& lock) {
  Changes changes;
  std::erase_if(unsaved_, [&](const std::string& id) { return !shards_.contains(id); });
  for (const std::string& id : unsaved_) {
    if (!is_fenced(*shards_.at(id))) changes.kept.push_back(id);
  }
  return commit(lock, std::move(changes));
}

// Makes the changes durable, and with them the gaps that nobody was told of yet; then they are what
// is known. An error: nothing is, as far as anybody can tell, and save_due_ is when to try again.
Result<void> StreamConsumer::Reading::commit(Lock& lock, Changes changes) {
  changed_.wait(lock, [&] { return !is_saving_; });
  is_saving_ = true;
  changes.gaps.insert(changes.gaps.begin(), unreported_.begin(), unreported_.end());
  std::map<std::string, std::size_t> unsaved;
  for (const std::string& id : changes.kept) {
    const auto shard = shards_.find(id);
    if (shard != shards_.end()) unsaved.emplace(id, shard->second->unsaved);
  }
  const Moment before = now();
  std::vector<std::string> lost;
  std::vector<StreamGap> gaps = changes.gaps;
  const auto written =
      leases_ != nullptr ? write_rows(lock, changes, gaps, lost) : write_change(lock, changes);
  for (const std::string& id : lost) drop(id, "Its checkpoint was refused");
  if (!written) {
    is_saving_ = false;
    changed_.notify_all();
    ++figures_.checkpoint_errors;
    failed_call(written.error());
    save_due_ = now() + streams::backoff(++save_failures_, streams::call_backoff_max, random());
    return written;
  }
  StreamProgressChange change = change_of(changes, lost);
  change.gaps = gaps;
  dynakeep::apply(change, progress_);
  for (const auto& [id, count] : unsaved) {
    const auto shard = shards_.find(id);
    if (shard == shards_.end()) continue;
    shard->second->unsaved -= std::min(shard->second->unsaved, count);
    if (shard->second->unsaved == 0) unsaved_.erase(id);
    note(*shard->second);
    shard->second->renewed = std::max(shard->second->renewed, before);
  }
  ++figures_.checkpoints;
  tell(StreamEvent::Kind::checkpoint_written);
  save_failures_ = 0;
  // The end of a shard is no checkpoint of the others.
  if (!changes.kept.empty()) {
    save_due_ = now() + options_.checkpoint_interval;
    is_much_unsaved_ = false;
  }
  report(lock, gaps);
  std::erase_if(unreported_, [&](const StreamGap& gap) {
    return std::find(changes.gaps.begin(), changes.gaps.end(), gap) != changes.gaps.end();
  });
  is_saving_ = false;
  changed_.notify_all();
  return {};
}

Result<void> StreamConsumer::Reading::write_change(Lock& lock, const Changes& changes) {
  StreamProgressChange change = change_of(changes, {});
  for (const std::string& id : changes.kept) {
    if (shards_.contains(id)) change.rows.push_back(progress_.shards.at(id));
  }
  change.gaps = changes.gaps;
  const StreamScope scope = scope_;
  lock.unlock();
  const auto saved = checkpoints_.save_change(scope, change);
  lock.lock();
  return saved;
}

// `gaps` becomes those that no other worker has told of; `lost`: shards that are another worker's.
Result<void> StreamConsumer::Reading::write_rows(Lock& lock, const Changes& changes,
                                                 std::vector<StreamGap>& gaps,
                                                 std::vector<std::string>& lost) {
  const auto held_row = [&](const std::string& id, const ShardProgress& row) {
    return streams::HeldRow{.shard_id = id, .epoch = shards_.at(id)->epoch, .row = row};
  };
  std::vector<streams::HeldRow> kept;
  for (const std::string& id : changes.kept) {
    if (shards_.contains(id)) kept.push_back(held_row(id, progress_.shards.at(id)));
  }
  std::vector<streams::HeldRow> over;
  for (const ShardProgress& row : changes.over) {
    if (shards_.contains(row.shard_id)) over.push_back(held_row(row.shard_id, row));
  }
  const StreamScope scope = scope_;
  lock.unlock();
  const auto write = [&]() -> Result<void> {
    // Gaps first: no row may be read before what it lost is known.
    if (!gaps.empty()) gaps = TRY(leases_->note(scope, gaps));
    if (!changes.rows.empty()) TRY(leases_->add(scope, changes.rows));
    for (const streams::HeldRow& row : over) {
      const auto finished = leases_->finish(scope, worker_, row, changes.children);
      if (finished) continue;
      if (finished.error().code() != ErrorCode::write_conflict) return finished;
      lost.push_back(row.shard_id);
    }
    std::optional<Error> failure;
    const auto results = leases_->keep(scope, worker_, kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (results[i]) continue;
      if (results[i].error().code() == ErrorCode::write_conflict) {
        lost.push_back(kept[i].shard_id);
      } else {
        failure = results[i].error();
      }
    }
    if (failure) return *failure;
    return leases_->forget(scope, changes.forgotten);
  };
  const auto written = write();
  lock.lock();
  return written;
}

// Of gaps that are durable by now. The lock is let go for the program.
void StreamConsumer::Reading::report(Lock& lock, const std::vector<StreamGap>& gaps) {
  for (const StreamGap& gap : gaps) {
    ++figures_.gaps;
    tell(StreamEvent::Kind::gap, gap.shard_id, std::string(to_text(gap.kind)));
    if (!options_.on_gap) continue;
    lock.unlock();
    const StreamGapAnswer answer = options_.on_gap(gap);
    lock.lock();
    if (answer != StreamGapAnswer::stop) continue;
    stopped_ = wrong("A gap has the consumer stop: " + std::string(to_text(gap.kind)) +
                     " of shard " + gap.shard_id);
  }
}

Result<void> StreamConsumer::Reading::checkpoint() {
  Lock lock(mutex_);
  if (!started_ || scope_.stream_arn.empty()) return {};
  return unreported_.empty() && unsaved_.empty() ? Result<void>() : save(lock);
}

Result<void> StreamConsumer::Reading::checkpoint(std::string_view shard_id,
                                                 std::string_view sequence_number) {
  Lock lock(mutex_);
  if (!options_.manual_checkpoints) return wrong("manual_checkpoints is off");
  if (!is_sequence_number(sequence_number)) return wrong("That is not a sequence number");
  const auto found = shards_.find(std::string(shard_id));
  if (found == shards_.end()) {
    return Error(ErrorCode::write_conflict, "This consumer does not read that shard");
  }
  const std::shared_ptr<Shard> shard = found->second;
  const streams::Mark& handled = shard->handled();
  if (handled.sequence_number.empty() ||
      compare_sequence_numbers(sequence_number, handled.sequence_number) > 0) {
    return wrong("Not all records up to that one are handled");
  }
  ShardProgress& row = progress_.shards.at(shard->id);
  const bool is_later = row.position.kind != StreamPosition::Kind::after ||
                        compare_sequence_numbers(row.position.sequence_number, sequence_number) < 0;
  if (!is_later && shard->unsaved == 0) return {};
  if (is_later) {
    row.position = {StreamPosition::Kind::after, std::string(sequence_number)};
    if (sequence_number == handled.sequence_number) row.last_record = handled.created;
    row.updated = time();
    ++shard->unsaved;
    note(*shard);
  }
  TRY(commit(lock, {.kept = {shard->id}}));
  if (shard->is_gone) return Error(ErrorCode::write_conflict, "The shard is another worker's");
  return {};
}

}  // namespace dynakeep
