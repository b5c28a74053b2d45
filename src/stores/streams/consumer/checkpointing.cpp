#include <utility>

#include "stores/streams/backoff.h"
#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

}  // namespace

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
    save_due_ = now() + streams::backoff(++save_failures_, streams::call_backoff_max, random());
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

}  // namespace dynakeep
