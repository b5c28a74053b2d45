#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/stores/stream_progress.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep::streams {

// Parents of which a second child may be missing. A shard that was split has two, and a listing
// that lags shows one of them first: they are asked for again by themselves, a few times within
// seconds. A later listing of all finds what is hidden for longer. For one lock.
class OnlyChildren {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // Of a shard that came to its end, what was listed, its children among them, within that time of
  // now. `endings`: of the shards that a listing has shown closed.
  void note(const std::string& parent, const std::vector<StreamShard>& listed,
            std::chrono::milliseconds listed_within,
            const std::map<std::string, std::string>& endings, Time time, Moment now) {
    const auto is_child = [&](const StreamShard& shard) { return shard.parent_shard_id == parent; };
    const auto child = std::find_if(listed.begin(), listed.end(), is_child);
    if (child == listed.end() || std::count_if(child, listed.end(), is_child) > 1) return;
    // One that is so old, or has been replaced itself, has no sibling that was not listed yet.
    const auto created = shard_creation_time(child->shard_id);
    const bool is_old = created && time - *created > listed_within + lag_max;
    if (!is_old && !endings.contains(child->shard_id)) looks_[parent].due = now + pause_min;
  }

  // The parent whose children are to be asked for next, and when.
  struct Next {
    std::string parent = {};
    Moment due = {};
  };
  std::optional<Next> next() const {
    const auto first = std::min_element(
        looks_.begin(), looks_.end(),
        [](const auto& one, const auto& other) { return one.second.due < other.second.due; });
    if (first == looks_.end()) return std::nullopt;
    return Next{first->first, first->second.due};
  }
  // They were, or could not be.
  void looked(const std::string& parent, Moment now) {
    const auto look = looks_.find(parent);
    if (look == looks_.end()) return;
    if (++look->second.count == looks_max) {
      looks_.erase(look);
    } else {
      look->second.due = now + std::min(pause_min * (1 << look->second.count), pause_max);
    }
  }
  void forget(const std::string& parent) { looks_.erase(parent); }
  void forget_all() { looks_.clear(); }

 private:
  static constexpr std::chrono::milliseconds lag_max = std::chrono::minutes(1);
  static constexpr std::chrono::milliseconds pause_min{100};
  static constexpr std::chrono::milliseconds pause_max{1000};
  static constexpr int looks_max = 5;

  struct Look {
    Moment due = {};
    int count = 0;
  };
  std::map<std::string, Look> looks_;
};

}  // namespace dynakeep::streams
