#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dynakeep::services {

// The values of the keys that were used last, at most so many: room for what clients make up, and
// no more. Not thread-safe.
template <typename Value>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(std::size_t count_max) : count_max_(count_max) {}

  // Counts as use. Null: not there. Holds until the next change.
  Value* find(std::string_view key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // In place of what is there, or of what was not used for longest.
  Value& put(std::string_view key, Value value) {
    if (Value* there = find(key)) return *there = std::move(value);
    if (entries_.size() >= count_max_ && !entries_.empty()) erase(entries_.back().first);
    entries_.emplace_front(std::string(key), std::move(value));
    places_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  void erase(std::string_view key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    const auto entry = found->second;
    places_.erase(found);
    entries_.erase(entry);
  }

  void erase_if(const std::function<bool(const std::string& key)>& condition) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto next = std::next(entry);
      if (condition(entry->first)) {
        places_.erase(entry->first);
        entries_.erase(entry);
      }
      entry = next;
    }
  }

  std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, Value>>;  // the last used first

  std::size_t count_max_;
  Entries entries_;
  // The keys are the entries' own.
  std::unordered_map<std::string_view, typename Entries::iterator> places_;
};

}  // namespace dynakeep::services
