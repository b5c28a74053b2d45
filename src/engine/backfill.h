#pragma once

#include <cstddef>

#include "dynakeep/result.h"
#include "engine/catalog.h"

// Filling a new global secondary index from the items that its table already has, while they are
// being written to.
//
// UpdateTable puts the index in force as `creating`, which every writer sees (Catalog::change,
// Writers::must_see_it), and from then on writers keep it up to date as any other index. What was
// there before is entered here: for each item of the table, under its key lock, the entry that
// belongs to the item is written unless it is there. So, in whatever order a writer and the
// backfill come to an item, its entry is right when both have been there. An item whose attribute
// for a key of the index is absent or of another type has no entry.
//
// What it asks of writers: for an index that is `creating`, whether an item's old entry exists is
// not known from the old item. A writer that is to replace or erase the entry must look for it, or
// the index's counts would miss one that had not been there to count.
namespace dynakeep::engine {

struct Engine;

// Enters the next `items_max` items of the table into its index at `space`, which must be
// `creating`; where it got to is kept on disk with the entries, so that it goes on from there after
// a restart. True: that was the last of them, and the index is active now. Also true if the table
// or the index is gone.
Result<bool> backfill_step(const Engine& engine, const Table& table, storage::SpaceId space,
                           std::size_t items_max);

}  // namespace dynakeep::engine
