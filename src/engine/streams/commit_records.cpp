#include "engine/streams/commit_records.h"

#include "base/invariant.h"
#include "engine/streams/stream_record.h"
#include "storage/write_set.h"

namespace dynakeep::engine {

CommitRecords::~CommitRecords() {
  if (number_) streams_.numbers().end(*number_, 0);
}

void CommitRecords::add(const Table& table, storage::PartitionHash hash, std::string_view old_item,
                        std::string_view new_item, bool by_service) {
  if (table.stream_log == nullptr) return;
  changes_.push_back({.stream = table.stream_log,
                      .hash = hash,
                      .old_item = old_item,
                      .new_item = new_item,
                      .by_service = by_service});
}

void CommitRecords::write_to(storage::WriteSet& writes) {
  if (changes_.empty()) return;
  INVARIANT(changes_.size() < sequence_numbers_a_commit);
  number_ = streams_.numbers().begin();
  SequenceNumber next = first_of(*number_);
  thread_local std::string record;  // its memory is kept from write to write
  const Time now = streams_.clock().now();
  for (const Change& change : changes_) {
    const StreamState& state = change.stream->state_of_writers();
    record.clear();
    append_record(record, state, change.old_item, change.new_item, change.by_service, now);
    const std::uint32_t shard = change.stream->route(change.hash, record.size());
    writes.put(storage::Family::records, record_key(state.space, shard, next++), record);
  }
}

SequenceNumber CommitRecords::position() const {
  return last_of(number_ ? *number_ : streams_.numbers().last());
}

storage::Position CommitRecords::end(storage::Position position) {
  if (!number_) return position;
  const CommitNumber number = *number_;
  number_.reset();
  position = streams_.numbers().end(number, position);
  for (const Change& change : changes_) streams_.written(change.stream);
  return position;
}

}  // namespace dynakeep::engine
