#include "engine/index_entries.h"

#include <algorithm>

#include "engine/capacity.h"
#include "engine/item_key.h"

namespace dynakeep::engine {
namespace {

using model::MapView;

// An entry as it stands in the index, or would.
struct Entry {
  std::string key;
  std::string value;
  std::int64_t bytes = 0;
};

Entry entry_of(const Table& table, const Index& index, MapView item) {
  Entry entry{.key = index_entry_key(table, index, item), .value = index_entry(index, item)};
  entry.bytes = static_cast<std::int64_t>(model::size_of(model::view_item(entry.value)));
  return entry;
}

}  // namespace

std::string index_entry(const Index& index, MapView item) {
  std::string out;
  if (index.keeps_all) {
    out.reserve(item.payload().size() + 1);
    out.push_back(static_cast<char>(model::ItemFormat::v1));
    out += item.payload();
    return out;
  }
  // Both are in order of the names: one walk through each.
  std::string entries;
  std::size_t count = 0;
  auto kept = index.kept.begin();
  for (auto entry = item.begin(); !entry.done() && kept != index.kept.end();) {
    const int order = entry.name().compare(*kept);
    if (order == 0) {
      entries += entry.entry();
      ++count;
    }
    if (order >= 0) ++kept;
    if (order <= 0) entry.next();
  }
  model::append_item_head(out, count);
  return out += entries;
}

Result<void> stage_index_entries(const Engine& engine, const Table& table, std::size_t stripe,
                                 const MapView* old_item, const MapView* new_item,
                                 storage::WriteSet& writes, CountChanges& counts,
                                 std::vector<IndexChange>& changes) {
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    const Index& index = table.indexes[i];
    const bool before = old_item != nullptr && is_in_index(index, *old_item);
    const bool after = new_item != nullptr && is_in_index(index, *new_item);
    if (!before && !after) continue;

    Entry old_entry;
    Entry new_entry;
    if (before) old_entry = entry_of(table, index, *old_item);
    if (after) new_entry = entry_of(table, index, *new_item);
    if (before && after && old_entry.key == new_entry.key && old_entry.value == new_entry.value &&
        index.status != IndexStatus::creating) {
      continue;
    }

    // While the index is being filled, the entry of an old item may not have been made yet.
    bool counted = before;
    if (before && index.status == IndexStatus::creating) {
      std::string ignored;
      counted = TRY(engine.store.get(storage::Family::data, old_entry.key, ignored));
    }

    double units = 0;
    const bool same_key = before && after && old_entry.key == new_entry.key;
    if (before && !same_key) {
      writes.erase(storage::Family::data, old_entry.key);
      units += write_units(static_cast<std::size_t>(old_entry.bytes));
    }
    if (after) {
      writes.put(storage::Family::data, new_entry.key, new_entry.value);
      units += write_units(static_cast<std::size_t>(
          same_key ? std::max(old_entry.bytes, new_entry.bytes) : new_entry.bytes));
    }
    counts.add(table, stripe, CountChanges::index_slot(i),
               {.items = (after ? 1 : 0) - (counted ? 1 : 0),
                .bytes = (after ? new_entry.bytes : 0) - (counted ? old_entry.bytes : 0)});
    changes.push_back({.index = i, .write_units = units});
  }
  return {};
}

}  // namespace dynakeep::engine
