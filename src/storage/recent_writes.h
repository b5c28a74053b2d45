#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

#include "storage/durability.h"
#include "storage/key_codec.h"

namespace dynakeep::storage {

// Remembers, for each partition and each space, the position of its last commit, so that a read
// waits for the disk only if it may have seen a write that is not yet synced. A table of fixed size
// indexed by hash: partitions that share a slot now and then make a read wait for a stranger.
//
// The race. A write can be read from the moment RocksDB makes it visible, which is before commit()
// knows its position. So a writer first marks the slots of what it changes as pending, commits,
// then stores the position and takes its mark away. A reader looks after its read: what it saw was
// marked before it could be seen, so the reader finds either the mark, and waits for the latest
// position there is, which covers all that can be seen; or the mark already gone, and then the
// position.
//
// Thread-safe, without locks. KeyValueStore::commit drives it; nobody else need.
class RecentWrites {
 public:
  RecentWrites();

  // Around each commit that changes the partitions, in this order and in any case. `position` is 0
  // if the commit failed.
  void before_commit(std::span<const Partition> partitions);
  void after_commit(std::span<const Partition> partitions, Position position);

  // The last position to have changed it, or `pending` while a commit that changes it is under way.
  Position last_position(Partition partition, Position pending) const;
  Position last_position(SpaceId space, Position pending) const;

 private:
  struct Slot {
    std::atomic<std::uint64_t> commits_pending = 0;
    std::atomic<Position> position = 0;
  };
  struct alignas(64) PaddedSlot : Slot {};  // every write to a table comes by its space's

  static constexpr std::size_t partition_slots = 16'384;
  static constexpr std::size_t space_slots = 64;

  static std::size_t slot_of(Partition partition);
  static void mark(Slot& slot);
  static void settle(Slot& slot, Position position);
  static Position look(const Slot& slot, Position pending);

  std::unique_ptr<std::array<Slot, partition_slots>> partitions_;
  std::unique_ptr<std::array<PaddedSlot, space_slots>> spaces_;
};

}  // namespace dynakeep::storage
