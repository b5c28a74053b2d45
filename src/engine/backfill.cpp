#include "engine/backfill.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/index_entries.h"
#include "engine/item_key.h"
#include "model/encoded_item.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

using storage::Family;

// The position in table.indexes of the index at `space`, if it is still being filled.
std::optional<std::size_t> find_filling(const Table& table, storage::SpaceId space) {
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    const Index& index = table.indexes[i];
    if (index.space == space && index.status == IndexStatus::creating) return i;
  }
  return {};
}

// What comes next: keys of items of the table, in their order.
struct Batch {
  std::vector<std::string> keys;
  bool is_last = false;
};

Result<Batch> next_batch(const Engine& engine, const Table& table, storage::SpaceId space,
                         std::size_t items_max) {
  storage::KeyRange range = storage::space_range(table.space);
  std::string done;
  if (TRY(engine.store.get(Family::meta, backfill_key(space), done))) {
    storage::continue_after(range, done, storage::Direction::forward);
  }
  Batch batch;
  auto cursor = engine.store.cursor(Family::data, std::move(range));
  for (; cursor.valid() && batch.keys.size() < items_max; cursor.next()) {
    batch.keys.emplace_back(cursor.key());
  }
  batch.is_last = !cursor.valid();
  if (batch.is_last) TRY(cursor.result());
  return batch;
}

// Writes the entry of the item at `key`, unless there is no item, no entry to it, or it is there.
Result<void> enter(const Engine& engine, const Table& table, std::size_t position,
                   const std::string& key, storage::WriteSet& writes, CountChanges& counts) {
  const Index& index = table.indexes[position];
  std::string item;
  if (!TRY(engine.store.get(Family::data, key, item))) return {};
  const model::MapView view = model::view_item(item);
  if (!is_in_index(index, view)) return {};
  const std::string entry_key = index_entry_key(table, index, view);
  std::string there;
  if (TRY(engine.store.get(Family::data, entry_key, there))) return {};
  const std::string entry = index_entry(index, view);
  writes.put(Family::data, entry_key, entry);
  counts.add(
      table, storage::KeyLocks::stripe_of(key), CountChanges::index_slot(position),
      {.items = 1, .bytes = static_cast<std::int64_t>(model::size_of(model::view_item(entry)))});
  return {};
}

// True unless the definition was changed meanwhile; then nothing was done.
Result<bool> enter_all(const Engine& engine, const Table& table, std::size_t position,
                       const std::vector<std::string>& keys) {
  if (keys.empty()) return true;
  const auto guard = engine.locks.lock_all(keys);
  if (!Catalog::is_current(table)) return false;
  storage::WriteSet writes;
  CountChanges counts;
  for (const std::string& key : keys) {
    TRY(enter(engine, table, position, key, writes, counts));
  }
  writes.put(Family::meta, backfill_key(table.indexes[position].space), keys.back());
  counts.write_to(writes);
  TRY(engine.store.commit(writes));
  counts.apply();
  return true;
}

Result<void> put_in_use(const Engine& engine, const Table& filled, storage::SpaceId space) {
  auto changed = engine.catalog.change(filled.name, [&](const Table& last) -> Result<Table> {
    const auto position = last.id == filled.id ? find_filling(last, space) : std::nullopt;
    if (!position) return Error::resource_not_found("The index has gone");
    Table next = last;
    next.indexes[*position].status = IndexStatus::active;
    return next;
  });
  if (!changed && changed.error().code() != ErrorCode::resource_not_found) return changed.error();
  return {};
}

}  // namespace

Result<bool> backfill_step(const Engine& engine, const Table& table, storage::SpaceId space,
                           std::size_t items_max) {
  const auto found = engine.catalog.find(table.name);
  if (!found || (*found)->id != table.id) return true;
  const Table& current = **found;
  const auto position = find_filling(current, space);
  if (!position) return true;

  const Batch batch = TRY(next_batch(engine, current, space, items_max));
  if (!TRY(enter_all(engine, current, *position, batch.keys)) || !batch.is_last) return false;
  TRY(put_in_use(engine, current, space));
  return true;
}

}  // namespace dynakeep::engine
