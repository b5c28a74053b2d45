#include "engine/faults.h"

namespace dynakeep::engine {

void Faults::set(const std::string& operation, ErrorCode error, std::int32_t count) {
  const std::lock_guard lock(mutex_);
  faults_.erase(operation);
  if (count > 0) faults_.emplace(operation, Fault{.error = error, .left = count});
  any_.store(!faults_.empty(), std::memory_order_relaxed);
}

Result<void> Faults::take(std::string_view operation) {
  const std::lock_guard lock(mutex_);
  const auto found = faults_.find(operation);
  if (found == faults_.end()) return {};
  const ErrorCode error = found->second.error;
  if (--found->second.left == 0) faults_.erase(found);
  any_.store(!faults_.empty(), std::memory_order_relaxed);
  return Error(error, "A fault that was asked for");
}

}  // namespace dynakeep::engine
