#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dynakeep/clock.h"
#include "dynakeep/request.h"
#include "dynakeep/result.h"
#include "engine/catalog.h"
#include "storage/read_view.h"

namespace dynakeep::engine {

// A table at one moment, kept for the reads of many calls.
struct Snapshot {
  TablePointer table = {};  // as it was defined then
  storage::ReadView view;
  std::optional<StreamPoint> point = {};
  Time begun = {};
};

// How long one is good for: what it keeps from being given back grows with every write.
inline constexpr auto snapshot_lasts = std::chrono::minutes(15);
inline constexpr std::size_t snapshots_max = 100;

// The snapshots that are alive, by their tokens. Thread-safe. A read under way keeps the one that
// it found.
class Snapshots {
 public:
  explicit Snapshots(const Clock& clock) : clock_(clock) {}

  // Returns its token. limit_exceeded: there are snapshots_max.
  Result<std::string> keep(Snapshot snapshot);
  // snapshot_expired: there is none of that token, or no longer.
  Result<std::shared_ptr<const Snapshot>> find(std::string_view token) const;
  void end(std::string_view token);
  // Lets go of those that have lasted too long.
  void drop_expired();

 private:
  bool has_expired(const Snapshot& snapshot) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Snapshot>> snapshots_;  // guarded by mutex_
};

}  // namespace dynakeep::engine
