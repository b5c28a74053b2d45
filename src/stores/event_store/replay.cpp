#include <algorithm>
#include <memory>
#include <ostream>
#include <thread>

#include "dynakeep/json.h"
#include "dynakeep/stores/event_replay.h"

namespace dynakeep {
namespace {

Error invalid(std::string message) {
  return Error(ErrorCode::invalid_argument, std::move(message));
}

Result<void> check(const ReplayOptions& options) {
  // Written so that NaN is refused too.
  if (options.messages_per_second && !(*options.messages_per_second > 0)) {
    return invalid("A replay's rate must be above 0 messages per second");
  }
  if (options.listed_at_once == 0 || options.events_at_once == 0) {
    return invalid("A replay must read at least one aggregate and one event at once");
  }
  return {};
}

// Hands messages over one by one: at the rate, counted, unless it is a dry run.
class Delivery {
 public:
  explicit Delivery(const ReplayOptions& options) : options_(options), due_(options.clock->now()) {}

  // Whether to go on.
  template <typename Message>
  Result<bool> deliver(const Message& message,
                       const std::function<Result<void>(const Message&)>& receive,
                       ReplayReport& report) {
    if (!options_.dry_run) {
      hold_back();
      TRY(receive(message));
    }
    ++report.messages;
    if (!options_.on_progress) return true;
    report.stopped = !options_.on_progress(
        {.messages = report.messages, .position = report.position, .stores = report.stores});
    return !report.stopped;
  }

 private:
  void hold_back() {
    if (!options_.messages_per_second) return;
    const Time now = options_.clock->now();
    if (now < due_) {
      const auto rest = due_ - now;
      if (options_.wait) {
        options_.wait(rest);
      } else {
        std::this_thread::sleep_for(rest);
      }
    }
    // From now on, not from when it was due: time that was lost is not made up in a burst.
    const std::chrono::duration<double> apart(1 / *options_.messages_per_second);
    due_ = std::max(due_, now) + std::chrono::duration_cast<std::chrono::microseconds>(apart);
  }

  const ReplayOptions& options_;
  Time due_;
};

bool in_bounds(const Event& event, const ReplayOptions& options) {
  return !(options.from && event.timestamp() < *options.from) &&
         !(options.to && event.timestamp() > *options.to);
}

void note(ReplayReport& report, const Event& event) {
  if (!report.first_event) report.first_event = event;
  report.last_event = event;
}

// ---- events of whole stores ----

// One aggregate under way: stands at its next event.
class AggregateCursor {
 public:
  AggregateCursor(const ReplaySource& source, std::string aggregate_id) : source_(source) {
    position_.aggregate_id = std::move(aggregate_id);
    position_.event_store_id = source.event_store_id;
  }

  // Goes to the first event, or the next one. False: there is none.
  Result<bool> advance(std::size_t events_at_once) {
    if (next_ < events_.size()) ++next_;
    if (next_ >= events_.size()) {
      if (at_end_) return false;
      events_ = TRY(source_.storage->get_events(
          source_.event_store_id, position_.aggregate_id,
          {.min_version = position_.version + 1, .limit = events_at_once}));
      next_ = 0;
      at_end_ = events_.size() < events_at_once;
      if (events_.empty()) return false;
    }
    position_.version = event().version();
    if (event().timestamp() > position_.time) position_.time = event().timestamp();
    return true;
  }

  const Event& event() const { return events_[next_]; }
  const ReplayPosition& position() const { return position_; }

 private:
  const ReplaySource& source_;
  std::vector<Event> events_;
  std::size_t next_ = 0;
  bool at_end_ = false;
  ReplayPosition position_;
};

// The listing of one store: what is not listed yet begins no earlier than what is.
struct Listing {
  std::optional<std::string> page_token = {};
  bool done = false;
  std::string begun_until = {};  // the last listed initial timestamp
};

class StoresReplay {
 public:
  StoresReplay(const std::vector<ReplaySource>& sources, const NotificationReceiver& receive,
               const ReplayOptions& options)
      : sources_(sources),
        receive_(receive),
        options_(options),
        delivery_(options),
        listings_(sources.size()) {
    for (const ReplaySource& source : sources) {
      report_.stores.push_back({.event_store_id = source.event_store_id});
    }
    report_.position = options.after;
  }

  Result<ReplayReport> run() {
    while (true) {
      const auto behind = furthest_behind();
      if (!TRY(deliver_before(behind))) break;
      if (!behind) break;
      TRY(list_more(*behind));
    }
    return std::move(report_);
  }

 private:
  // The store whose listing has come least far, of those that go on.
  std::optional<std::size_t> furthest_behind() const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < listings_.size(); ++i) {
      if (listings_[i].done) continue;
      if (!found || listings_[i].begun_until < listings_[*found].begun_until) found = i;
    }
    return found;
  }

  // Delivers what no aggregate that is yet to be listed can come before. Whether to go on.
  Result<bool> deliver_before(std::optional<std::size_t> behind) {
    while (!under_way_.empty()) {
      // At the very time, one yet to be listed could still come before by its id.
      if (behind && under_way_.front()->position().time >= listings_[*behind].begun_until) break;
      std::pop_heap(under_way_.begin(), under_way_.end(), comes_after);
      AggregateCursor& cursor = *under_way_.back();
      if (is_wanted(cursor)) {
        const NotificationMessage message{.event_store_id = cursor.position().event_store_id,
                                          .event = cursor.event()};
        report_.position = cursor.position();
        note(report_, cursor.event());
        if (!TRY(delivery_.deliver(message, receive_, report_))) return false;
      }
      if (TRY(cursor.advance(options_.events_at_once))) {
        std::push_heap(under_way_.begin(), under_way_.end(), comes_after);
      } else {
        under_way_.pop_back();
      }
    }
    return true;
  }

  bool is_wanted(const AggregateCursor& cursor) const {
    return in_bounds(cursor.event(), options_) &&
           !(options_.after && cursor.position() <= *options_.after);
  }

  Result<void> list_more(std::size_t which) {
    const ReplaySource& source = sources_[which];
    Listing& listing = listings_[which];
    ListPage page = TRY(source.storage->list_aggregate_ids(
        source.event_store_id, {.limit = options_.listed_at_once,
                                .page_token = std::move(listing.page_token),
                                .initial_event_before = options_.to,
                                .reverse = false}));
    listing.page_token = std::move(page.next_page_token);
    listing.done = !listing.page_token;
    if (page.aggregates.empty()) return {};

    ScannedStore& scanned = report_.stores[which];
    if (!scanned.first) scanned.first = page.aggregates.front();
    scanned.last = page.aggregates.back();
    scanned.aggregates += page.aggregates.size();
    listing.begun_until = page.aggregates.back().initial_event_timestamp;

    std::vector<std::unique_ptr<AggregateCursor>> fresh(page.aggregates.size());
    TRY(detail::for_each_in_parallel(
        fresh.size(), options_.threads, [&](std::size_t i) -> Result<void> {
          auto cursor =
              std::make_unique<AggregateCursor>(source, std::move(page.aggregates[i].aggregate_id));
          if (TRY(cursor->advance(options_.events_at_once))) fresh[i] = std::move(cursor);
          return {};
        }));
    for (auto& cursor : fresh) {
      if (!cursor) continue;  // deleted since it was listed
      under_way_.push_back(std::move(cursor));
      std::push_heap(under_way_.begin(), under_way_.end(), comes_after);
    }
    return {};
  }

  static bool comes_after(const std::unique_ptr<AggregateCursor>& a,
                          const std::unique_ptr<AggregateCursor>& b) {
    return a->position() > b->position();
  }

  const std::vector<ReplaySource>& sources_;
  const NotificationReceiver& receive_;
  const ReplayOptions& options_;
  Delivery delivery_;
  std::vector<Listing> listings_;                            // as sources_
  std::vector<std::unique_ptr<AggregateCursor>> under_way_;  // a heap, the first to come in front
  ReplayReport report_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const ReplayPosition& position) {
  return out << to_text(position);
}

std::string to_text(const ReplayPosition& position) {
  return to_json(Item{{"time", position.time},
                      {"aggregateId", position.aggregate_id},
                      {"eventStoreId", position.event_store_id},
                      {"version", position.version}});
}

Result<ReplayPosition> replay_position_from_text(std::string_view text) {
  const auto item = item_from_json(text);
  if (!item) return invalid("Not a replay's position: " + item.error().message());
  const AttributeView view(*item);
  const auto time = view["time"].text();
  const auto aggregate_id = view["aggregateId"].text();
  const auto event_store_id = view["eventStoreId"].text();
  const auto version = view["version"].integer();
  if (!time || !aggregate_id || !event_store_id || !version) {
    return invalid(
        "Not a replay's position: it lacks a time, aggregateId, eventStoreId or version");
  }
  return ReplayPosition{.time = std::string(*time),
                        .aggregate_id = std::string(*aggregate_id),
                        .event_store_id = std::string(*event_store_id),
                        .version = *version};
}

Result<ReplayReport> replay_aggregate_ids(const ReplaySource& source, const ListQuery& query,
                                          const AggregateExistsReceiver& receive,
                                          const ReplayOptions& options) {
  TRY(check(options));
  ReplayReport report;
  ScannedStore& scanned = report.stores.emplace_back();
  scanned.event_store_id = source.event_store_id;
  Delivery delivery(options);
  ListQuery pages{.limit = query.limit.value_or(options.listed_at_once),
                  .initial_event_after = query.initial_event_after,
                  .initial_event_before = query.initial_event_before,
                  .reverse = query.reverse};
  for (auto& listed : aggregates_of(*source.storage, source.event_store_id, std::move(pages))) {
    if (!listed) return std::move(listed).error();
    const AggregateExistsMessage message{
        .event_store_id = source.event_store_id,
        .aggregate_id = listed->aggregate_id,
        .initial_event_timestamp = listed->initial_event_timestamp};
    if (!scanned.first) scanned.first = *listed;
    scanned.last = std::move(*listed);
    ++scanned.aggregates;
    if (!TRY(delivery.deliver(message, receive, report))) break;
  }
  return report;
}

Result<ReplayReport> replay_aggregate_events(const ReplaySource& source,
                                             std::string_view aggregate_id,
                                             const EventsQuery& query,
                                             const NotificationReceiver& receive,
                                             const ReplayOptions& options) {
  TRY(check(options));
  ReplayReport report;
  Delivery delivery(options);
  for (auto& event : events_of(*source.storage, source.event_store_id, std::string(aggregate_id),
                               query, {.page_events = options.events_at_once})) {
    if (!event) return std::move(event).error();
    if (!in_bounds(*event, options)) continue;
    note(report, *event);
    const NotificationMessage message{.event_store_id = source.event_store_id,
                                      .event = std::move(*event)};
    if (!TRY(delivery.deliver(message, receive, report))) break;
  }
  return report;
}

Result<ReplayReport> replay_events(const std::vector<ReplaySource>& sources,
                                   const NotificationReceiver& receive,
                                   const ReplayOptions& options) {
  TRY(check(options));
  if (sources.empty()) return invalid("A replay needs at least one event store");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (sources[i].event_store_id == sources[j].event_store_id) {
        return invalid("Event store " + sources[i].event_store_id + " is replayed twice");
      }
    }
  }
  return StoresReplay(sources, receive, options).run();
}

}  // namespace dynakeep
