#include "engine/table_counts.h"

#include <utility>

#include "base/bytes.h"
#include "base/invariant.h"
#include "engine/catalog.h"
#include "storage/key_value_store.h"
#include "storage/layout.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

using storage::Family;

constexpr char lane_prefix = storage::often_written_prefix;
constexpr std::size_t lane_key_bytes = 6;

enum class LaneFormat : std::uint8_t { v1 = 1 };  // on disk: add, never renumber

void append_lane_key(std::string& out, storage::SpaceId space, std::size_t stripe) {
  out += lane_prefix;
  base::append_u32(out, space);
  out += static_cast<char>(static_cast<unsigned char>(stripe));
}

void append_count(std::string& out, storage::SpaceId space, Count count) {
  // Exactness is a promise: a space with less than nothing in it was counted wrongly before.
  INVARIANT(count.items >= 0 && count.bytes >= 0);
  base::append_varint(out, space);
  base::append_varint(out, static_cast<std::uint64_t>(count.items));
  base::append_varint(out, static_cast<std::uint64_t>(count.bytes));
}

// Calls `each(slot, space, counter)` for the table and its indexes.
template <typename Each>
void for_each_slot(const Table& table, Each&& each) {
  each(CountChanges::table_slot, table.space, *table.count);
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    each(CountChanges::index_slot(i), table.indexes[i].space, *table.indexes[i].count);
  }
}

Error damaged(const Table& table) {
  return Error::internal("The counts of table " + table.name + " on disk are damaged");
}

}  // namespace

Count SpaceCount::lane(std::size_t stripe) const {
  const Lane& lane = lanes_[stripe];
  return {.items = lane.items.load(std::memory_order_relaxed),
          .bytes = lane.bytes.load(std::memory_order_relaxed)};
}

void SpaceCount::set_lane(std::size_t stripe, Count count) {
  lanes_[stripe].items.store(count.items, std::memory_order_relaxed);
  lanes_[stripe].bytes.store(count.bytes, std::memory_order_relaxed);
}

Count SpaceCount::total() const {
  Count total;
  for (std::size_t stripe = 0; stripe < lanes_.size(); ++stripe) total += lane(stripe);
  return total;
}

CountChanges::LaneChange& CountChanges::lane_of(const Table& table, std::size_t stripe) {
  if (first_.table == nullptr) {
    first_.table = &table;
    first_.stripe = stripe;
  }
  if (first_.table == &table && first_.stripe == stripe) return first_;
  for (LaneChange& lane : more_) {
    if (lane.table == &table && lane.stripe == stripe) return lane;
  }
  more_.push_back({.table = &table, .stripe = stripe});
  return more_.back();
}

void CountChanges::add(const Table& table, std::size_t stripe, std::size_t slot, Count change) {
  if (change == Count{}) return;
  INVARIANT(slot <= table.indexes.size());
  lane_of(table, stripe).slots[slot] += change;
}

template <typename Each>
void CountChanges::for_each_lane(Each&& each) const {
  if (first_.table != nullptr) each(first_);
  for (const LaneChange& lane : more_) each(lane);
}

void CountChanges::write_to(storage::WriteSet& writes) const {
  std::string key;
  std::string record;
  for_each_lane([&](const LaneChange& lane) {
    key.clear();
    append_lane_key(key, lane.table->space, lane.stripe);
    record.clear();
    record += static_cast<char>(LaneFormat::v1);
    for_each_slot(*lane.table,
                  [&](std::size_t slot, storage::SpaceId space, const SpaceCount& counter) {
                    Count count = counter.lane(lane.stripe);
                    count += lane.slots[slot];
                    append_count(record, space, count);
                  });
    writes.put(Family::meta, key, record);
  });
}

void CountChanges::apply() const {
  for_each_lane([](const LaneChange& lane) {
    for_each_slot(*lane.table, [&](std::size_t slot, storage::SpaceId, SpaceCount& counter) {
      if (lane.slots[slot] == Count{}) return;
      Count count = counter.lane(lane.stripe);
      count += lane.slots[slot];
      counter.set_lane(lane.stripe, count);
    });
  });
}

std::string lane_key(storage::SpaceId space, std::size_t stripe) {
  std::string key;
  append_lane_key(key, space, stripe);
  return key;
}

Result<void> load_counts(const storage::KeyValueStore& store, const Table& table) {
  const std::string prefix = lane_key(table.space, 0).substr(0, lane_key_bytes - 1);
  auto cursor =
      store.cursor(Family::meta, {.begin = prefix, .end = storage::prefix_successor(prefix)});
  for (; cursor.valid(); cursor.next()) {
    const std::string_view key = cursor.key();
    if (key.size() != lane_key_bytes) return damaged(table);
    const auto stripe = static_cast<unsigned char>(key.back());
    std::string_view record = cursor.value();
    if (stripe >= storage::KeyLocks::stripes || record.empty() ||
        record[0] != static_cast<char>(LaneFormat::v1)) {
      return damaged(table);
    }
    record.remove_prefix(1);
    while (!record.empty()) {
      std::uint64_t recorded_space = 0;
      std::uint64_t items = 0;
      std::uint64_t bytes = 0;
      if (!base::take_varint(record, recorded_space) || !base::take_varint(record, items) ||
          !base::take_varint(record, bytes)) {
        return damaged(table);
      }
      for_each_slot(table, [&](std::size_t, storage::SpaceId space, SpaceCount& counter) {
        if (space != recorded_space) return;
        counter.set_lane(stripe, {.items = static_cast<std::int64_t>(items),
                                  .bytes = static_cast<std::int64_t>(bytes)});
      });
    }
  }
  return cursor.result();
}

}  // namespace dynakeep::engine
