#include "engine/write_path.h"

#include <algorithm>

#include "engine/capacity.h"
#include "engine/expiry.h"
#include "engine/streams/commit_records.h"
#include "engine/table_counts.h"
#include "engine/validate.h"
#include "expression/evaluate.h"
#include "expression/update.h"
#include "model/limits.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

using model::MapView;
using storage::Family;

// What the write makes of the item that is there. The condition held.
Result<std::optional<std::string>> new_item(const ItemWrite& write, const WriteOutcome& outcome) {
  switch (write.change) {
    case Change::put:
      return std::optional(std::string(write.item));
    case Change::remove:
      return std::optional<std::string>();
    case Change::check:
      return outcome.old_item;
    case Change::update:
      break;
  }
  const MapView before = outcome.old_item ? outcome.old_view() : model::view_item(write.key_item);
  if (write.update == nullptr) {
    return std::optional(outcome.old_item ? *outcome.old_item : std::string(write.key_item));
  }
  std::string after = TRY(expression::apply(*write.update, before));
  const MapView after_view = model::view_item(after);
  if (model::size_of(after_view) > model::item_bytes_max) {
    return Error::validation("Item size to update has exceeded the maximum allowed size");
  }
  if (!write.table->indexes.empty()) {
    TRY(check_updated_index_keys(*write.table, outcome.old_view(), after_view));
  }
  return std::optional(std::move(after));
}

// Reads, checks and applies, under the item's lock. Writes nothing.
Result<WriteOutcome> decide(const Engine& engine, const ItemWrite& write) {
  WriteOutcome outcome;
  std::string old_item;
  if (TRY(engine.store.get(Family::data, write.key.bytes, old_item))) {
    outcome.old_item = std::move(old_item);
  }
  if (write.condition != nullptr && !expression::holds(*write.condition, outcome.old_view())) {
    outcome.condition_held = false;
    return outcome;
  }
  outcome.new_item = TRY(new_item(write, outcome));
  return outcome;
}

// Puts what was decided into the batch: the item, its index entries, the counts; and notes what its
// stream will say of it.
Result<void> stage(const Engine& engine, const ItemWrite& write, WriteOutcome& outcome,
                   storage::WriteSet& writes, CountChanges& counts, CommitRecords& records) {
  const MapView old_view = outcome.old_view();
  const MapView new_view = outcome.new_view();
  const std::size_t old_bytes = outcome.old_item ? model::size_of(old_view) : 0;
  const std::size_t new_bytes = outcome.new_item ? model::size_of(new_view) : 0;
  outcome.table_write_units = write_units(std::max(old_bytes, new_bytes));
  // Nothing changes: nothing is written. That includes a put of the very same item.
  if (outcome.old_item == outcome.new_item) return {};

  if (outcome.new_item) {
    writes.put(Family::data, write.key.bytes, *outcome.new_item);
  } else {
    writes.erase(Family::data, write.key.bytes);
  }
  records.add(*write.table, write.key.partition.hash,
              outcome.old_item ? std::string_view(*outcome.old_item) : std::string_view(),
              outcome.new_item ? std::string_view(*outcome.new_item) : std::string_view(),
              write.by_service);
  const std::size_t stripe = storage::KeyLocks::stripe_of(write.key.bytes);
  counts.add(
      *write.table, stripe, CountChanges::table_slot,
      {.items = (outcome.new_item ? 1 : 0) - (outcome.old_item ? 1 : 0),
       .bytes = static_cast<std::int64_t>(new_bytes) - static_cast<std::int64_t>(old_bytes)});
  if (write.table->time_to_live) {
    stage_expiry(*write.table->time_to_live, write.key.bytes,
                 outcome.old_item ? &old_view : nullptr, outcome.new_item ? &new_view : nullptr,
                 writes);
  }
  if (write.table->indexes.empty()) return {};
  // One batch for item and index: a crash between two would leave an entry pointing at nothing.
  return stage_index_entries(engine, *write.table, stripe, outcome.old_item ? &old_view : nullptr,
                             outcome.new_item ? &new_view : nullptr, writes, counts,
                             outcome.index_changes);
}

}  // namespace

Result<std::optional<WriteOutcome>> write_item(const Engine& engine, const ItemWrite& write) {
  WriteOutcome outcome;
  storage::Position position = 0;
  CommitRecords records(engine.streams);
  {
    const auto guard = engine.locks.lock(write.key.bytes);
    if (!Catalog::is_current(*write.table)) return std::optional<WriteOutcome>();
    outcome = TRY(decide(engine, write));
    if (outcome.condition_held) {
      // Its memory is kept from write to write.
      thread_local storage::WriteSet writes;
      writes.clear();
      CountChanges counts;
      TRY(stage(engine, write, outcome, writes, counts, records));
      if (!writes.empty()) {
        counts.write_to(writes);
        records.write_to(writes);
        position = TRY(engine.store.commit(writes));
        counts.apply();
      }
    }
    if (write.want_position) outcome.position = records.position();
  }
  position = records.end(position);
  // An answer that wrote nothing still tells of what it saw.
  if (position == 0) position = engine.store.unsynced_position(write.key.partition);
  TRY(settle(engine, position));
  return std::optional(std::move(outcome));
}

Result<ManyWrites> write_all(const Engine& engine, std::span<const ItemWrite> writes,
                             TransactionToken* token) {
  std::vector<std::string> keys;
  keys.reserve(writes.size() + 1);
  for (const ItemWrite& write : writes) keys.push_back(write.key.bytes);
  if (token != nullptr) keys.emplace_back(token->lock_key());

  ManyWrites many;
  storage::Position position = 0;
  CommitRecords records(engine.streams);
  {
    const auto guard = engine.locks.lock_all(keys);
    storage::WriteSet batch;
    CountChanges counts;
    if (token != nullptr && !TRY(token->begin(batch))) {
      many.done_before = true;
      position = engine.store.latest_position();
    } else {
      for (const ItemWrite& write : writes) {
        if (!Catalog::is_current(*write.table)) return ManyWrites{.superseded = true};
      }
      bool all_held = true;
      many.outcomes.reserve(writes.size());
      for (const ItemWrite& write : writes) {
        auto outcome = decide(engine, write);
        // A fault of the disk is not the answer to one action.
        if (!outcome && outcome.error().code() != ErrorCode::validation) return outcome.error();
        all_held = all_held && outcome && outcome->condition_held;
        many.outcomes.push_back(std::move(outcome));
      }
      if (all_held) {
        for (std::size_t i = 0; i < writes.size(); ++i) {
          TRY(stage(engine, writes[i], *many.outcomes[i], batch, counts, records));
        }
        counts.write_to(batch);
        records.write_to(batch);
        position = TRY(engine.store.commit(batch));
        counts.apply();
        many.committed = true;
      } else {
        position = engine.store.latest_position();
      }
    }
    const bool wanted = std::any_of(writes.begin(), writes.end(),
                                    [](const ItemWrite& write) { return write.want_position; });
    if (wanted) many.position = records.position();
  }
  position = records.end(position);
  TRY(settle(engine, position));
  return many;
}

}  // namespace dynakeep::engine
