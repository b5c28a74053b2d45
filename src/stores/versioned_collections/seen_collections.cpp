#include "stores/versioned_collections/seen_collections.h"

#include <chrono>

namespace dynakeep::collections {
namespace {

constexpr std::chrono::minutes believed_for{10};

}  // namespace

bool SeenCollections::contains(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return false;
  const Time now = clock_.now();
  const Time at = found->second->at;
  // A clock that was set back would make it last longer.
  if (now < at || now - at > believed_for) {
    by_use_.erase(found->second);
    by_key_.erase(found);
    return false;
  }
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return true;
}

void SeenCollections::insert(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return;
  by_use_.push_front({.key = key, .at = clock_.now()});
  by_key_.emplace(key, by_use_.begin());
  if (by_key_.size() > size_max_) {
    by_key_.erase(by_use_.back().key);
    by_use_.pop_back();
  }
}

void SeenCollections::erase(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  by_use_.erase(found->second);
  by_key_.erase(found);
}

}  // namespace dynakeep::collections
