#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dynakeep/stores/event_marks.h"

namespace dynakeep::event_store {

// The marks of the aggregates that changed last, and which of them are to be kept yet. At the cap,
// the one that was asked for longest ago makes room, unless it is to be kept. For one thread at a
// time.
class MarkCache {
 public:
  explicit MarkCache(std::size_t marks_max) : marks_max_(marks_max) {}

  // Null: it is not here. Else what is known, which may be that there is none. Until the next call.
  const std::optional<EventMark>* find(const AggregateKey& aggregate);
  void put(const AggregateKey& aggregate, std::optional<EventMark> mark);
  void put_to_be_kept(const AggregateKey& aggregate, const EventMark& mark);
  void forget(const AggregateKey& aggregate);

  // What is to be kept, which counts as kept from now on; or again as not kept.
  std::vector<std::pair<AggregateKey, EventMark>> take_unkept();
  void not_kept(const std::vector<std::pair<AggregateKey, EventMark>>& marks);

  std::size_t size() const { return places_.size(); }

 private:
  struct Entry {
    AggregateKey aggregate = {};
    std::optional<EventMark> mark = {};
  };
  struct Hash {
    std::size_t operator()(const AggregateKey& key) const {
      const std::hash<std::string_view> hash;
      return hash(key.event_store_id) * 31 + hash(key.aggregate_id);
    }
  };
  void make_room();

  std::size_t marks_max_;
  std::list<Entry> entries_;  // the one asked for last in front
  std::unordered_map<AggregateKey, std::list<Entry>::iterator, Hash> places_;
  std::set<AggregateKey> unkept_;
};

}  // namespace dynakeep::event_store
