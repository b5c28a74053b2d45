#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "engine/catalog.h"
#include "engine/engine.h"
#include "model/encoded_item.h"
#include "storage/write_set.h"

// When items expire. A table with a time to live keeps an entry for each item that has one, in
// order of the times, changed in the batch that changes the item: so what has expired is found
// without looking at anything else.
//
//   entry   space(4) seconds(8) the item's key        (the value is empty)
namespace dynakeep::engine {

// Seconds since 1970; nothing if the attribute is no number, or not a moment.
std::optional<std::uint64_t> expiry_of(const TimeToLive& time_to_live, model::MapView item);

// Stages the change of an item's entry. `old_item` or `new_item` is null where there is none; the
// item's lock is held.
void stage_expiry(const TimeToLive& time_to_live, std::string_view item_key,
                  const model::MapView* old_item, const model::MapView* new_item,
                  storage::WriteSet& writes);

// Enters the next items of a table that had some before it had a time to live. True: all are
// entered, or there is nothing to do any more.
Result<bool> fill_expiry_step(const Engine& engine, const Table& table, std::size_t items_max);

// What one step of a sweep did.
struct Swept {
  std::size_t removed = 0;
  bool is_last = true;  // nothing that has expired is left behind it
};

// One step of a sweep: removes items that have expired by now, at most so many, oldest first. As
// DynamoDB does it leaves those alone whose time is more than five years ago.
//
// `place` is where it begins, empty at first, and becomes where the next step goes on. (A step that
// began anew would walk over whatever the ones before it removed, which the store keeps for a
// while.)
Result<Swept> sweep_expired(const Engine& engine, const Table& table, std::size_t items_max,
                            std::string& place, const std::stop_token& stop);

}  // namespace dynakeep::engine
