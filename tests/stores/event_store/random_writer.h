#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/stores/event_storage.h"
#include "stores/event_store/storage_contract.h"

namespace dynakeep::contract {

// Does to a table of events what its writers may do, drawn by chance: pushes, groups and, if it is
// to, gaps and rewrites. Knows what is stored.
class RandomWriter {
 public:
  RandomWriter(EventTable& table, std::vector<std::string> stores, bool has_gaps, bool has_rewrites,
               std::mt19937_64& random)
      : table_(table),
        stores_(std::move(stores)),
        has_gaps_(has_gaps),
        has_rewrites_(has_rewrites),
        random_(random) {}

  std::map<EventKey, std::string> stored;  // their types, of which no two are the same
  std::set<EventKey> fills_gap;            // pushed below a version that was there

  void change() {
    const std::string store = stores_[random_() % stores_.size()];
    const std::string id = "a-" + std::to_string(random_() % 4);
    const Version last = must(table_.last_version(store, id)).value_or(0);
    switch (random_() % 8) {
      case 0:
        if (has_gaps_) push(store, id, last + 2 + static_cast<Version>(random_() % 2));
        break;
      case 1:
        if (has_gaps_ && last > 1) push(store, id, 1 + static_cast<Version>(random_() % last));
        break;
      case 2: {
        if (!has_rewrites_ || last == 0) break;
        const auto version = 1 + static_cast<Version>(random_() % last);
        const std::string type = next_type();
        must(table_.push_event(store, event_of(id, version, type), {.force = true}));
        stored[{store, id, version}] = type;
        break;
      }
      case 3:
        if (!has_rewrites_ || !chance(3)) break;
        must(table_.delete_aggregate(store, id));
        std::erase_if(stored, [&](const auto& each) {
          return each.first.event_store_id == store && each.first.aggregate_id == id;
        });
        break;
      case 4: {
        std::vector<GroupedEvent> group;
        const Version other = must(table_.last_version(store, "group")).value_or(0);
        for (Version version = last + 1; version <= last + 3; ++version) {
          group.push_back({.event_store_id = store, .event = event_of(id, version, next_type())});
        }
        group.push_back(
            {.event_store_id = store, .event = event_of("group", other + 1, next_type())});
        std::reverse(group.begin(), group.end());
        must(table_.push_event_group(group));
        for (const GroupedEvent& each : group) {
          stored[{store, each.event.aggregate_id, each.event.version}] = each.event.type;
        }
        break;
      }
      default:
        push(store, id, last + 1);
    }
  }

 private:
  bool chance(unsigned one_of) { return random_() % one_of == 0; }
  void push(const std::string& store, const std::string& id, Version version) {
    const std::string type = next_type();
    if (!table_.push_event(store, event_of(id, version, type))) return;
    const EventKey key{store, id, version};
    if (must(table_.last_version(store, id)) != version) fills_gap.insert(key);
    stored[key] = type;
  }
  std::string next_type() { return "T" + std::to_string(++types_); }

  EventTable& table_;
  const std::vector<std::string> stores_;
  const bool has_gaps_;
  const bool has_rewrites_;
  std::mt19937_64& random_;
  int types_ = 0;
};

}  // namespace dynakeep::contract
