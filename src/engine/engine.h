#pragma once

#include "dynakeep/embedded.h"
#include "engine/catalog.h"
#include "engine/snapshots.h"
#include "engine/streams/streams.h"
#include "storage/key_locks.h"
#include "storage/key_value_store.h"

namespace dynakeep::engine {

// What an operation may reach. The parts outlive every operation; all are thread-safe.
struct Engine {
  storage::KeyValueStore& store;
  storage::KeyLocks& locks;
  Catalog& catalog;
  Streams& streams;
  Snapshots& snapshots;
  const Clock& clock;
};

// Before an answer that rests on commits up to `position`: waits until they are durable, or leaves
// the waiting to the caller's DeferredDurability. Nothing to do for 0.
Result<void> settle(const Engine& engine, storage::Position position);

}  // namespace dynakeep::engine
