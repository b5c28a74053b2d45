#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "dynakeep/attribute_view.h"
#include "stores/event_store/event_receiver.h"
#include "stores/event_store/history_row.h"

namespace dynakeep::event_store {

// One whose marks are written together with what they tell of, and count in the generation in which
// they were: what projections have in common.
class ExactReceiver : public EventReceiver {
 public:
  bool is_exact() const final { return true; }
  Result<void> keep(const std::vector<std::pair<AggregateKey, EventMark>>&) final { return {}; }
  Result<std::optional<EventHistory>> load_history() final;
  Result<void> save_history(const EventHistory& history) final;
  Result<std::int64_t> claim() final { return history_.claim(); }
  Result<void> confirm(std::int64_t epoch) final { return history_.confirm(epoch); }

 protected:
  explicit ExactReceiver(HistoryRow history) : history_(std::move(history)) {}

  std::int64_t generation() const { return generation_; }
  // The mark that those attributes are. One of another generation says no more than how often it
  // was written. malformed_item: they are none.
  Result<EventMark> mark_of(const AttributeView& attributes) const;
  bool is_of_this_generation(const AttributeView& attributes) const;

 private:
  const HistoryRow history_;
  std::atomic<std::int64_t> generation_ = 0;
};

}  // namespace dynakeep::event_store
