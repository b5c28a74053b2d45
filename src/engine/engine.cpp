#include "engine/engine.h"

namespace dynakeep::engine {

Result<void> settle(const Engine& engine, storage::Position position) {
  if (position == 0) return {};
  if (DeferredDurability* deferred = DeferredDurability::current()) {
    deferred->note(position);
    return {};
  }
  return engine.store.wait_until_durable(position);
}

}  // namespace dynakeep::engine
