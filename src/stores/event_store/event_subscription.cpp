#include "dynakeep/stores/event_subscription.h"

#include <algorithm>
#include <utility>

#include "dynakeep/stores/event_store.h"
#include "stores/event_store/event_feed.h"

namespace dynakeep {
namespace {

using event_store::EventFeed;
using event_store::EventReceiver;

// A program's handler, and marks that are kept beside it.
class HandlerReceiver final : public EventReceiver {
 public:
  HandlerReceiver(const EventSubscriptionOptions& options, EventHandler handler)
      : types_(options.event_types),
        on_rewrite_(options.on_rewrite),
        marks_(options.marks),
        handler_(std::move(handler)) {}

  Result<std::vector<std::optional<EventMark>>> load(
      const std::vector<AggregateKey>& aggregates) override {
    if (marks_ == nullptr) return std::vector<std::optional<EventMark>>(aggregates.size());
    return marks_->load(aggregates);
  }

  Taken take(const AggregateKey&, const EventMark& mark,
             std::span<const SubscribedEvent> events) override {
    Taken taken{.mark = mark};
    for (const SubscribedEvent& event : events) {
      if (auto handled = handle(event); !handled) {
        taken.error = std::move(handled).error();
        break;
      }
      taken.mark.add(event.message.event.version());
      ++taken.count;
    }
    return taken;
  }

  Taken take_late(const AggregateKey& aggregate, const EventMark& mark,
                  const SubscribedEvent& event) override {
    return take(aggregate, mark, std::span(&event, 1));
  }

  Taken take_rewrite(const AggregateKey&, const EventMark& mark,
                     const EventRewrite& rewrite) override {
    Taken taken{.mark = mark};
    if (on_rewrite_) {
      if (auto told = detail::guarded([&] { return on_rewrite_(rewrite); }); !told) {
        taken.error = std::move(told).error();
        return taken;
      }
    }
    if (rewrite.kind == EventRewrite::Kind::removed) taken.mark.remove(rewrite.key.version);
    return taken;
  }

  Taken pass_over(const AggregateKey&, const EventMark& mark, Version version) override {
    Taken taken{.mark = mark};
    taken.mark.add(version);
    return taken;
  }

  bool is_exact() const override { return false; }
  Result<void> keep(const std::vector<std::pair<AggregateKey, EventMark>>& marks) override {
    return marks_ == nullptr ? Result<void>() : marks_->save(marks);
  }

  Result<std::optional<EventHistory>> load_history() override {
    if (marks_ == nullptr) return std::optional<EventHistory>();
    return marks_->load_history();
  }
  Result<void> save_history(const EventHistory& history) override {
    if (marks_ == nullptr) return {};
    return marks_->save_history(history);
  }
  Result<std::int64_t> claim() override {
    return marks_ == nullptr ? std::int64_t{0} : marks_->claim();
  }
  Result<void> confirm(std::int64_t epoch) override {
    return marks_ == nullptr ? Result<void>() : marks_->confirm(epoch);
  }
  bool can_clear() const override { return false; }
  Result<void> clear() override { return {}; }
  Result<void> finish_history(const EventHistory&) override { return {}; }

 private:
  Result<void> handle(const SubscribedEvent& event) const {
    if (!types_.empty() &&
        std::find(types_.begin(), types_.end(), event.message.event.type()) == types_.end()) {
      return {};
    }
    return detail::guarded([&] { return handler_(event); });
  }

  const std::vector<std::string> types_;
  const std::function<Result<void>(const EventRewrite&)> on_rewrite_;
  EventMarks* const marks_;
  const EventHandler handler_;
};

}  // namespace

Result<std::unique_ptr<EventSubscription>> EventSubscription::open(Database& database,
                                                                   EventTable& table,
                                                                   StreamCheckpoints& checkpoints,
                                                                   EventSubscriptionOptions options,
                                                                   EventHandler handler) {
  if (!handler) return Error(ErrorCode::invalid_argument, "A handler must be given");
  auto receiver = std::make_unique<HandlerReceiver>(options, std::move(handler));
  auto feed =
      TRY(EventFeed::open(database, table, checkpoints, std::move(options), std::move(receiver)));
  return std::unique_ptr<EventSubscription>(new EventSubscription(std::move(feed)));
}

EventSubscription::EventSubscription(std::unique_ptr<EventFeed> feed) : feed_(std::move(feed)) {}
EventSubscription::~EventSubscription() = default;

Result<void> EventSubscription::start() { return feed_->start(); }
Result<void> EventSubscription::run(std::stop_token stop) { return feed_->run(stop); }
Result<std::optional<EventSubscription::Moment>> EventSubscription::step() { return feed_->step(); }
Result<void> EventSubscription::checkpoint() { return feed_->checkpoint(); }
void EventSubscription::pause() { feed_->pause(); }
void EventSubscription::resume() { feed_->resume(); }
EventFigures EventSubscription::figures() const { return feed_->figures(); }

}  // namespace dynakeep
