#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/result.h"
#include "storage/key_codec.h"
#include "storage/key_locks.h"

namespace dynakeep::storage {
class KeyValueStore;
class WriteSet;
}  // namespace dynakeep::storage

// How many items tables and indexes hold and what they weigh: exact at any time, and after a crash.
//
// Each stripe of the key locks has a lane of its own in each table's counts. Whoever holds the
// stripe is the lane's only writer, so the lane's record on disk (docs/formats/catalog.md) can hold
// absolute figures and be written in the same WriteSet as the change it counts; a table's figure is
// the sum of its lanes.
namespace dynakeep::engine {

struct Table;

// Items and their bytes as DynamoDB counts them: a figure, or a change of one.
struct Count {
  std::int64_t items = 0;
  std::int64_t bytes = 0;

  Count& operator+=(const Count& other) {
    items += other.items;
    bytes += other.bytes;
    return *this;
  }
  friend bool operator==(const Count&, const Count&) = default;
};

// The figures of one space (a table's items, or an index's entries), by lane. Read by anyone at any
// time; a lane is written by the holder of its stripe.
class SpaceCount {
 public:
  Count lane(std::size_t stripe) const;
  void set_lane(std::size_t stripe, Count count);
  Count total() const;

 private:
  struct Lane {
    std::atomic<std::int64_t> items = 0;
    std::atomic<std::int64_t> bytes = 0;
  };
  std::array<Lane, storage::KeyLocks::stripes> lanes_;
};

// What one WriteSet changes in the counts, for all the tables it touches:
//
//   CountChanges counts;
//   counts.add(table, stripe, CountChanges::table_slot, {.items = +1, .bytes = 120});
//   counts.add(table, stripe, CountChanges::index_slot(i), {.items = +1, .bytes = 60});
//   counts.write_to(writes);              // before the commit
//   TRY(store.commit(writes));
//   counts.apply();                       // after it, still under the locks
//
// The tables must outlive it and be current (Catalog::is_current), and the stripes must be held,
// from the first add to apply. A WriteSet that is not committed is followed by no apply.
class CountChanges {
 public:
  static constexpr std::size_t table_slot = 0;
  // Of table.indexes[i].
  static constexpr std::size_t index_slot(std::size_t i) { return i + 1; }

  void add(const Table& table, std::size_t stripe, std::size_t slot, Count change);
  void write_to(storage::WriteSet& writes) const;
  void apply() const;

 private:
  // At most 5 local and 20 global indexes, and the table.
  static constexpr std::size_t slots_max = 26;

  struct LaneChange {
    const Table* table = nullptr;
    std::size_t stripe = 0;
    std::array<Count, slots_max> slots = {};
  };
  LaneChange& lane_of(const Table& table, std::size_t stripe);
  template <typename Each>
  void for_each_lane(Each&& each) const;

  LaneChange first_;              // nearly always the only one
  std::vector<LaneChange> more_;  // of transactions
};

// Where in Family::meta the lane record of the table at `space` is.
std::string lane_key(storage::SpaceId space, std::size_t stripe);

// Fills the counts of `table` and of its indexes from their lane records. Figures of spaces that
// the table no longer has are left out. internal_server_error: the disk, or a record that is none.
Result<void> load_counts(const storage::KeyValueStore& store, const Table& table);

}  // namespace dynakeep::engine
