#pragma once

#include <atomic>
#include <string>

#include "dynakeep/stores/event_projection.h"
#include "stores/event_store/event_receiver.h"
#include "stores/event_store/history_row.h"

namespace dynakeep::event_store {

// Folds events into the items of a view.
class ProjectedView final : public EventReceiver {
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
  bool is_exact() const override { return true; }
  Result<void> keep(const std::vector<std::pair<AggregateKey, EventMark>>&) override { return {}; }
  Result<std::optional<EventHistory>> load_history() override;
  Result<void> save_history(const EventHistory& history) override;
  Result<std::int64_t> claim() override { return history_.claim(); }
  Result<void> confirm(std::int64_t epoch) override { return history_.confirm(epoch); }
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
  const HistoryRow history_;
  const std::size_t events_at_once_;
  std::atomic<std::int64_t> generation_ = 0;
};

}  // namespace dynakeep::event_store
