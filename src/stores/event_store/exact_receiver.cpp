#include "stores/event_store/exact_receiver.h"

#include "stores/event_store/mark_items.h"

namespace dynakeep::event_store {

Result<std::optional<EventHistory>> ExactReceiver::load_history() {
  auto history = TRY(history_.load());
  if (history) generation_ = history->generation;
  return history;
}

Result<void> ExactReceiver::save_history(const EventHistory& history) {
  TRY(history_.save(history));
  generation_ = history.generation;
  return {};
}

bool ExactReceiver::is_of_this_generation(const AttributeView& attributes) const {
  return attributes["generation"].integer().value_or(0) == generation_;
}

Result<EventMark> ExactReceiver::mark_of(const AttributeView& attributes) const {
  EventMark mark = TRY(mark_from(attributes));
  if (is_of_this_generation(attributes)) return mark;
  return EventMark{.revision = mark.revision};
}

}  // namespace dynakeep::event_store
