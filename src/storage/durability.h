#pragma once

#include <cstdint>

namespace dynakeep::storage {

// When a committed write is safe from the loss of power. Whatever is chosen, it survives the death
// of the process from the moment that commit() returns.
enum class Durability : std::uint8_t {
  synced,    // once the position that commit() returned is durable: wait for it before answering
  interval,  // after StoreOptions::sync_interval; nobody waits
  none,      // when the operating system gets round to it; nobody waits
};

// A point in the order of all commits: everything up to it is durable once it is. 0 means that
// there is nothing to wait for.
using Position = std::uint64_t;

}  // namespace dynakeep::storage
