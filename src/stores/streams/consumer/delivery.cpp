#include <algorithm>
#include <exception>
#include <utility>

#include "stores/streams/backoff.h"
#include "stores/streams/consumer/reading.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr auto handler_backoff_max = 30s;
constexpr auto poison_told_every = 1min;

// Whose handler runs on this thread.
thread_local const void* handling = nullptr;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

}  // namespace

void StreamConsumer::Reading::deliver(Lock& lock, Shard& shard, streams::Lane& lane) {
  const auto records = lane.next(options_.batch_records, options_.batch_bytes);
  const std::string stream_arn = scope_.stream_arn;
  const StreamBatch batch{.records = records,
                          .shard_id = shard.id,
                          .attempt = lane.attempts + 1,
                          .stream_arn = stream_arn,
                          .group = options_.group,
                          .worker = worker_,
                          .lease_epoch = shard.epoch,
                          .lag = lag_of(shard),
                          .stop = shard.stop.get_token()};
  const std::string& last = records.back().dynamodb.sequence_number;
  if (shard.delivered.empty() || compare_sequence_numbers(shard.delivered, last) < 0) {
    shard.delivered = last;
  }
  lane.is_busy = true;
  lane.busy_since = now();
  lane.was_slow = false;
  lock.unlock();
  const void* const outer = std::exchange(handling, this);
  StreamOutcome outcome = StreamOutcome::ok();
  try {
    outcome = handler_(batch);
  } catch (const std::exception& thrown) {
    outcome = StreamOutcome::failed(thrown.what());
  } catch (...) {  // whatever a program throws, its batch has failed
    outcome = StreamOutcome::failed("The handler threw");
  }
  handling = outer;
  lock.lock();
  note_handler_time(now() - lane.busy_since);
  if (outcome.kind() == StreamOutcome::Kind::ok) {
    figures_.handled += records.size();
    shard.unsaved += records.size();
    lane.failures = 0;
    lane.acknowledge(records.size());
  } else if (outcome.kind() == StreamOutcome::Kind::fatal) {
    stopped_ = wrong("The handler had the consumer stop: " + outcome.why());
  } else {
    ++figures_.failures;
    failed(lock, shard, lane, records.size(), outcome);
  }
  lane.is_busy = false;
  note(shard);
}

void StreamConsumer::Reading::failed(Lock& lock, Shard& shard, streams::Lane& lane,
                                     std::size_t count, const StreamOutcome& outcome) {
  const StreamRetry& retry = options_.retry;
  const auto records = lane.next(options_.batch_records, options_.batch_bytes);
  bool is_named = false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (outcome.kind() != StreamOutcome::Kind::failed_at ||
        records[i].dynamodb.sequence_number != outcome.sequence_number()) {
      continue;
    }
    figures_.handled += i;
    shard.unsaved += i;
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
  const std::string number = lane.front().dynamodb.sequence_number;
  if (lane.poison_told == Moment() || now() - lane.poison_told >= poison_told_every) {
    lane.poison_told = now();
    tell(StreamEvent::Kind::poison, shard.id, number + ": " + why);
  }
  switch (options_.retry.on_poison) {
    case StreamRetry::OnPoison::block:
      lane.due = now() + handler_backoff_max;
      return;
    case StreamRetry::OnPoison::stop:
      stopped_ = wrong("The handler failed too often on record " + number + " of shard " +
                       shard.id + ": " + why);
      return;
    case StreamRetry::OnPoison::skip:
      figures_.skipped += count;
      break;
    case StreamRetry::OnPoison::dead_letter:
      for (std::size_t i = 0; i < count; ++i) {
        const StreamDeadLetter letter{.stream_arn = scope_.stream_arn,
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
        tell(StreamEvent::Kind::dead_lettered, shard.id, letter.record.dynamodb.sequence_number);
        ++shard.unsaved;
        lane.acknowledge(1);
        lane.attempts = i + 1 < count ? attempts : 0;
        if (i + 1 < count) lane.first_failure = first_failure;
      }
      lane.failures = 0;
      lane.due = now();
      lane.poison_told = {};
      save_due_ = std::min(save_due_, now());  // that it is in the letters is known to both
      return;
  }
  shard.unsaved += count;
  lane.acknowledge(count);
  lane.failures = 0;
  lane.due = now();
  lane.poison_told = {};
}

// Of this consumer's, on this thread.
bool StreamConsumer::Reading::is_in_handler() const { return handling == this; }

}  // namespace dynakeep
