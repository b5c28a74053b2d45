#include "storage/recent_writes.h"

namespace dynakeep::storage {
namespace {

// Spaces are small numbers in a row and hashes are spread already: one multiplication mixes both.
constexpr std::uint64_t mix(std::uint64_t value) { return value * 0x9E3779B97F4A7C15; }

}  // namespace

RecentWrites::RecentWrites()
    : partitions_(std::make_unique<std::array<Slot, partition_slots>>()),
      spaces_(std::make_unique<std::array<PaddedSlot, space_slots>>()) {}

std::size_t RecentWrites::slot_of(Partition partition) {
  static_assert(partition_slots == std::size_t{1} << 14);
  return mix(partition.hash ^ mix(partition.space)) >> (64 - 14);
}

// Sequentially consistent on purpose: the mark must be there before the commit can be seen.
void RecentWrites::mark(Slot& slot) { slot.commits_pending.fetch_add(1); }

void RecentWrites::settle(Slot& slot, Position position) {
  // Commits of one slot may come here in another order than they were made in.
  auto known = slot.position.load(std::memory_order_relaxed);
  while (known < position && !slot.position.compare_exchange_weak(known, position)) {
  }
  // After the position is stored: who finds no mark finds the position.
  slot.commits_pending.fetch_sub(1);
}

Position RecentWrites::look(const Slot& slot, Position pending) {
  if (slot.commits_pending.load() != 0) return pending;
  return slot.position.load();
}

void RecentWrites::before_commit(std::span<const Partition> partitions) {
  for (const auto& partition : partitions) {
    mark((*partitions_)[slot_of(partition)]);
    mark((*spaces_)[partition.space % space_slots]);
  }
}

void RecentWrites::after_commit(std::span<const Partition> partitions, Position position) {
  for (const auto& partition : partitions) {
    settle((*partitions_)[slot_of(partition)], position);
    settle((*spaces_)[partition.space % space_slots], position);
  }
}

Position RecentWrites::last_position(Partition partition, Position pending) const {
  return look((*partitions_)[slot_of(partition)], pending);
}

Position RecentWrites::last_position(SpaceId space, Position pending) const {
  return look((*spaces_)[space % space_slots], pending);
}

}  // namespace dynakeep::storage
