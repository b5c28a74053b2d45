#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "dynakeep/clock.h"

namespace dynakeep::collections {

// The collections that were found not long ago: once there, they stay, unless they are purged.
// Bounded: those not asked for longest go first. Thread-safe.
class SeenCollections {
 public:
  explicit SeenCollections(const Clock& clock, std::size_t size_max = 100'000)
      : clock_(clock), size_max_(size_max) {}

  bool contains(const std::string& key);
  void insert(const std::string& key);
  void erase(const std::string& key);

 private:
  struct Seen {
    std::string key = {};
    Time at = {};
  };

  const Clock& clock_;
  const std::size_t size_max_;
  std::mutex mutex_;
  // Under mutex_:
  std::list<Seen> by_use_;  // last used first
  std::unordered_map<std::string, std::list<Seen>::iterator> by_key_;
};

}  // namespace dynakeep::collections
