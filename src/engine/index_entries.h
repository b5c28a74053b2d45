#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dynakeep/result.h"
#include "engine/engine.h"
#include "engine/table_counts.h"
#include "model/encoded_item.h"
#include "storage/write_set.h"

// What a change of an item changes in the indexes of its table. An index entry exists exactly if
// its item does and has the index's key attributes; both change in one batch.
namespace dynakeep::engine {

// What the index keeps of an item that is in it, as an encoded item.
std::string index_entry(const Index& index, model::MapView item);

// What one change did to one index.
struct IndexChange {
  std::size_t index = 0;  // into table.indexes
  double write_units = 0;
};

// Stages the changes of all entries, and of the counts. `old_item` or `new_item` is null where
// there is none; the key locks of the item are held. Reports the indexes that change.
Result<void> stage_index_entries(const Engine& engine, const Table& table, std::size_t stripe,
                                 const model::MapView* old_item, const model::MapView* new_item,
                                 storage::WriteSet& writes, CountChanges& counts,
                                 std::vector<IndexChange>& changes);

}  // namespace dynakeep::engine
