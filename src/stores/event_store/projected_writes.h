#pragma once

#include <string>

#include "dynakeep/stores/event_projection.h"
#include "stores/event_store/exact_receiver.h"
#include "stores/support/patience.h"

namespace dynakeep::event_store {

// Writes what a program makes of each event, with the event's mark in one transaction.
class ProjectedWrites final : public ExactReceiver {
 public:
  // `database` must outlive it.
  ProjectedWrites(Database& database, EventWrites writes, const std::string& name,
                  const std::function<std::uint64_t()>& random);

  Result<std::vector<std::optional<EventMark>>> load(
      const std::vector<AggregateKey>& aggregates) override;
  Taken take(const AggregateKey& aggregate, const EventMark& mark,
             std::span<const SubscribedEvent> events) override;
  Taken take_late(const AggregateKey& aggregate, const EventMark& mark,
                  const SubscribedEvent& event) override;
  Taken take_rewrite(const AggregateKey& aggregate, const EventMark& mark,
                     const EventRewrite& rewrite) override;
  Taken pass_over(const AggregateKey& aggregate, const EventMark& mark, Version version) override;
  bool can_clear() const override { return writes_.clear != nullptr; }
  Result<void> clear() override;
  Result<void> finish_history(const EventHistory&) override { return {}; }

 private:
  using Writes = std::vector<TransactWriteItem>;

  // All of it, if the mark is what it was.
  Taken write(const AggregateKey& aggregate, const EventMark& before, EventMark after,
              Result<Writes> writes) const;

  Database& database_;
  const EventWrites writes_;
  EventMarkTable marks_;
  const stores::Patience patience_;  // for its tokens
};

}  // namespace dynakeep::event_store
