#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "dynakeep/result.h"

namespace dynakeep::engine {

// The errors that operations shall fail with before they do anything, as EngineAdmin was told.
// Thread-safe; costs a look while there are none.
class Faults {
 public:
  // In place of what was to be for the operation.
  void set(const std::string& operation, ErrorCode error, std::int32_t count);
  // Called by each operation first.
  Result<void> check(std::string_view operation) {
    return any_.load(std::memory_order_relaxed) ? take(operation) : Result<void>();
  }

 private:
  struct Fault {
    ErrorCode error = ErrorCode::internal_server_error;
    std::int32_t left = 0;
  };

  Result<void> take(std::string_view operation);

  std::atomic<bool> any_ = false;
  std::mutex mutex_;
  std::map<std::string, Fault, std::less<>> faults_;  // guarded by mutex_
};

}  // namespace dynakeep::engine
