#include "dynakeep/database.h"

namespace dynakeep {
namespace {

thread_local DeferredDurability* innermost = nullptr;

}  // namespace

DeferredDurability::DeferredDurability() : outer_(innermost) { innermost = this; }
DeferredDurability::~DeferredDurability() { innermost = outer_; }
DeferredDurability* DeferredDurability::current() { return innermost; }

Result<std::unique_ptr<RecordsWaiter>> Database::when_records(const std::string& /*shard_iterator*/,
                                                              std::function<void()> /*wake*/) {
  return std::unique_ptr<RecordsWaiter>();
}

}  // namespace dynakeep
