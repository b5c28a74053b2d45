#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>

#include "dynakeep/stores/replica.h"
#include "replica/simulated_table.h"

namespace dynakeep::replicas {

// Options that take time from a manual clock, and chance from a seed.
inline ReplicaOptions on(ManualClock& clock, std::mt19937_64& random) {
  return {.table_name = "Songs",
          .clock = &clock,
          .now = [&clock] { return Replica::Moment(clock.now().time_since_epoch()); },
          .random = [&random] { return random(); }};
}

// One step; then it is as late as the replica asked for, at most so much later. What it says.
inline Result<void> step(Replica& replica, ManualClock& clock,
                         std::chrono::microseconds wait_max = std::chrono::seconds(5)) {
  const Replica::Moment next = TRY(replica.step());
  const Replica::Moment now(clock.now().time_since_epoch());
  if (next > now) {
    clock.advance(std::min(std::chrono::ceil<std::chrono::microseconds>(next - now), wait_max));
  }
  return {};
}

inline std::map<std::string, Item> items_of(const Replica& replica) {
  std::map<std::string, Item> items;
  const auto visited = replica.for_each([&](Item&& item) {
    std::string key = item.at("k").as_string();
    items.insert_or_assign(std::move(key), std::move(item));
    return true;
  });
  if (!visited) items.emplace("error", Item{{"message", visited.error().message()}});
  return items;
}

}  // namespace dynakeep::replicas
