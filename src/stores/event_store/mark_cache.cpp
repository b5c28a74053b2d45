#include "stores/event_store/mark_cache.h"

namespace dynakeep::event_store {

const std::optional<EventMark>* MarkCache::find(const AggregateKey& aggregate) {
  const auto place = places_.find(aggregate);
  if (place == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, place->second);
  return &place->second->mark;
}

void MarkCache::put(const AggregateKey& aggregate, std::optional<EventMark> mark) {
  if (find(aggregate) != nullptr) {
    entries_.front().mark = std::move(mark);
    return;
  }
  entries_.push_front({.aggregate = aggregate, .mark = std::move(mark)});
  places_.emplace(aggregate, entries_.begin());
  make_room();
}

void MarkCache::put_to_be_kept(const AggregateKey& aggregate, const EventMark& mark) {
  unkept_.insert(aggregate);
  put(aggregate, mark);
}

void MarkCache::forget(const AggregateKey& aggregate) {
  const auto place = places_.find(aggregate);
  if (place == places_.end()) return;
  entries_.erase(place->second);
  places_.erase(place);
  unkept_.erase(aggregate);
}

std::vector<std::pair<AggregateKey, EventMark>> MarkCache::take_unkept() {
  std::vector<std::pair<AggregateKey, EventMark>> marks;
  marks.reserve(unkept_.size());
  for (const AggregateKey& aggregate : unkept_) {
    marks.emplace_back(aggregate, places_.at(aggregate)->mark.value_or(EventMark{}));
  }
  unkept_.clear();
  return marks;
}

void MarkCache::not_kept(const std::vector<std::pair<AggregateKey, EventMark>>& marks) {
  for (const auto& [aggregate, mark] : marks) {
    unkept_.insert(aggregate);  // first: what comes in may not go at once
    if (!places_.contains(aggregate)) put(aggregate, mark);
  }
}

void MarkCache::make_room() {
  auto last = entries_.end();
  while (places_.size() > marks_max_ && last != entries_.begin()) {
    --last;
    if (unkept_.contains(last->aggregate)) continue;
    places_.erase(last->aggregate);
    last = entries_.erase(last);
  }
}

}  // namespace dynakeep::event_store
