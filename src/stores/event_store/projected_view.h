#pragma once

#include <string>

#include "dynakeep/stores/event_projection.h"
#include "stores/event_store/exact_receiver.h"

namespace dynakeep::event_store {

// Folds events into the items of a view.
class ProjectedView final : public ExactReceiver {
 public:
  // Both must outlive it.
  ProjectedView(const EventView& view, EventTable& events, const std::string& name,
                std::size_t events_at_once);

  Result<std::vector<std::optional<EventMark>>> load(
      const std::vector<AggregateKey>& aggregates) override;
  Taken take(const AggregateKey& aggregate, const EventMark& mark,
             std::span<const SubscribedEvent> events) override;
  Taken take_late(const AggregateKey& aggregate, const EventMark& mark,
                  const SubscribedEvent& event) override;
  Taken take_rewrite(const AggregateKey& aggregate, const EventMark& mark,
                     const EventRewrite& rewrite) override;
  Taken pass_over(const AggregateKey& aggregate, const EventMark& mark, Version version) override;
  bool can_clear() const override { return true; }
  // Until they are folded anew, the items of before remain.
  Result<void> clear() override { return {}; }
  Result<void> finish_history(const EventHistory& history) override;

 private:
  struct Row {
    EventMark mark = {};  // revision 0: there is no item
    std::optional<Item> state = {};
  };

  Result<Row> read(const AggregateKey& aggregate) const;
  // The item as it was read of that mark, unless another one has written it.
  Result<Row> read_expected(const AggregateKey& aggregate, const EventMark& mark,
                            bool& is_stale) const;
  Taken write(const AggregateKey& aggregate, const Row& before, Row after, std::size_t count,
              std::optional<Error> error) const;
  Taken fold_anew(const AggregateKey& aggregate, const EventMark& mark) const;
  Result<void> fold(Row& row, const Event& event) const;

  const EventView& view_;
  EventTable& events_;
  const std::size_t events_at_once_;
};

}  // namespace dynakeep::event_store
