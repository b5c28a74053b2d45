#include "dynakeep/stores/event_store.h"

#include <algorithm>
#include <exception>
#include <numeric>
#include <set>
#include <thread>

namespace dynakeep::detail {
namespace {

// The rewrites of one push, which keep snapshots out of its way (event_snapshots.h).
class Rewrites {
 public:
  // `snapshots` may be null: then there is nothing to begin.
  Result<void> begin(EventSnapshots* snapshots, const std::string& event_store_id,
                     const std::string& aggregate_id) {
    if (snapshots == nullptr) return {};
    if (!known_.emplace(snapshots, event_store_id, aggregate_id).second) return {};
    std::string rewrite = TRY(snapshots->begin_rewrite(event_store_id, aggregate_id));
    begun_.push_back({snapshots, event_store_id, aggregate_id, std::move(rewrite)});
    return {};
  }

  // Ends all of them. What fails leaves its aggregate without snapshots, and is told.
  std::vector<Error> end() {
    std::vector<Error> failures;
    for (const Begun& each : begun_) {
      auto ended =
          each.snapshots->end_rewrite(each.event_store_id, each.aggregate_id, each.rewrite);
      if (!ended) failures.push_back(std::move(ended).error());
    }
    begun_.clear();
    return failures;
  }

 private:
  struct Begun {
    EventSnapshots* snapshots = nullptr;
    std::string event_store_id = {};
    std::string aggregate_id = {};
    std::string rewrite = {};
  };
  std::set<std::tuple<EventSnapshots*, std::string, std::string>> known_;
  std::vector<Begun> begun_;
};

// Carries out what rewrites events, after `begun` says whether their rewrites could begin.
template <typename T, typename Write>
Result<T> rewrite(Rewrites& rewrites, Result<void> begun, const Write& write,
                  std::vector<Error>& afterwards) {
  if (!begun) {
    // Nothing was written, so that the error is the one to tell; those begun are let go.
    rewrites.end();
    return std::move(begun).error();
  }
  Result<T> written = write();
  // It may still happen: snapshots stay out of its way until someone deletes them.
  if (!written && written.error().outcome_unknown()) return written;
  for (Error& failure : rewrites.end()) afterwards.push_back(std::move(failure));
  return written;
}

// A gap might be filled by a push that ends no epoch.
bool have_no_gap(const EventLoad& load, const std::vector<const Event*>& events) {
  const Version before = load.snapshot ? load.snapshot->version() : 0;
  return events.back()->version() == before + static_cast<Version>(events.size());
}

}  // namespace

EventStoreCore::EventStoreCore(EventStoreSettings settings, EventStorage* storage)
    : settings_(std::move(settings)), storage_(storage), first_storage_(storage) {}

EventStoreCore::EventStoreCore(const EventStoreCore& other, EventStorage* storage)
    : settings_(other.settings_), storage_(storage), first_storage_(other.first_storage_.load()) {}

void EventStoreCore::set_storage(EventStorage* storage) {
  EventStorage* none = nullptr;
  first_storage_.compare_exchange_strong(none, storage);
  storage_.store(storage);
}

EventSnapshots* EventStoreCore::snapshots() const {
  return storage_.load() == first_storage_.load() ? settings_.snapshots.snapshots : nullptr;
}

Result<EventStorage*> EventStoreCore::storage() const {
  EventStorage* found = storage_.load();
  if (found != nullptr) return found;
  return Error(ErrorCode::invalid_argument,
               "EventStorageAdapter not found for event store " + settings_.event_store_id);
}

Error EventStoreCore::unreadable(const Event& event, std::string_view why) const {
  std::string message = "Event " + settings_.event_store_id + " ";
  message += event.aggregate_id();
  message += " version " + std::to_string(event.version()) + " of type ";
  message += event.type();
  message += ": ";
  message += why;
  return Error(ErrorCode::malformed_item, std::move(message));
}

Result<void> EventStoreCore::upcast(Event& event) const {
  const auto is_of_its_type = [&event](const Upcaster& each) { return each.type == event.type(); };
  const auto& all = settings_.upcasters;
  auto next = std::find_if(all.begin(), all.end(), is_of_its_type);
  if (next == all.end()) return {};

  NewEvent read = event.to_new_event();
  EventContent content{std::move(read.type), std::move(read.payload), std::move(read.metadata)};
  for (; next != all.end(); ++next) {
    if (next->type != content.type) continue;
    auto done = next->upcast(content);
    if (!done) return unreadable(event, "its upcaster: " + done.error().message());
  }
  read.type = std::move(content.type);
  read.payload = std::move(content.payload);
  read.metadata = std::move(content.metadata);
  event = Event(std::move(read));
  return {};
}

Result<std::vector<Item>> EventStoreCore::get_items(std::string_view aggregate_id,
                                                    const EventsQuery& query) const {
  return TRY(storage())->get_items(settings_.event_store_id, aggregate_id, query);
}

Result<std::string> EventStoreCore::key_prefix() const {
  return TRY(storage())->key_prefix(settings_.event_store_id);
}

// ---- loads ----

Result<EventLoad> EventStoreCore::begin_load(std::string_view aggregate_id,
                                             const LoadOptions& options) const {
  EventLoad load;
  if (EventSnapshots* const all = snapshots()) {
    auto found =
        all->find(settings_.event_store_id, aggregate_id, settings_.snapshots.reducer_version);
    if (!found) {
      load.snapshot_failure = std::move(found).error();
    } else {
      load.lacks_epoch = !found->epoch && !found->being_rewritten;
      load.epoch = std::move(found->epoch);
      load.snapshot = std::move(found->snapshot);
    }
  }
  // One that goes further than what is asked for says nothing of it.
  if (load.snapshot && ((options.max_version && load.snapshot->version() > *options.max_version) ||
                        (options.at && load.snapshot->timestamp() > *options.at))) {
    load.snapshot.reset();
    load.epoch.reset();
  }
  TRY(read_events(load, aggregate_id, options));
  return load;
}

Result<void> EventStoreCore::begin_again(EventLoad& load, std::string_view aggregate_id,
                                         const LoadOptions& options) const {
  load.snapshot.reset();
  return read_events(load, aggregate_id, options);
}

Result<void> EventStoreCore::read_events(EventLoad& load, std::string_view aggregate_id,
                                         const LoadOptions& options) const {
  EventsQuery query{.max_version = options.max_version};
  if (load.snapshot) {
    query.min_version = load.snapshot->version() + 1;
    if (query.max_version && *query.max_version < *query.min_version) return {};
  }
  load.items = TRY(get_items(aggregate_id, query));
  load.key_prefix = TRY(key_prefix());
  return {};
}

bool EventStoreCore::is_worth_keeping(const EventLoad& load, std::size_t events) const {
  return (load.lacks_epoch || load.epoch) && events > 0 &&
         events >= settings_.snapshots.after_events;
}

void EventStoreCore::finish_load(EventLoad& load, std::string_view aggregate_id,
                                 const std::vector<const Event*>& events,
                                 const std::function<Result<AttributeValue>()>& state) const {
  if (!have_no_gap(load, events)) return;
  const auto keep = [&]() -> Result<void> {
    const SnapshotPolicy& policy = settings_.snapshots;
    if (!load.epoch) return policy.snapshots->begin_epoch(settings_.event_store_id, aggregate_id);
    std::string_view last = load.snapshot ? load.snapshot->timestamp() : std::string_view();
    for (const Event* event : events) last = std::max(last, event->timestamp());
    return policy.snapshots->save(settings_.event_store_id, aggregate_id, policy.reducer_version,
                                  *load.epoch, events.back()->version(), last, TRY(state()));
  };
  auto kept = keep();
  if (!kept) load.snapshot_failure = std::move(kept).error();
}

// ---- writes ----

Result<Event> EventStoreCore::push(NewEvent event, bool force,
                                   std::vector<Error>& afterwards) const {
  EventStorage* const events = TRY(storage());
  if (!force) return events->push_event(settings_.event_store_id, std::move(event));
  const auto push = [&] {
    return events->push_event(settings_.event_store_id, event, {.force = true});
  };
  Rewrites rewrites;
  auto begun = rewrites.begin(snapshots(), settings_.event_store_id, event.aggregate_id);
  return rewrite<Event>(rewrites, std::move(begun), push, afterwards);
}

Result<std::vector<Event>> push_groups(const std::vector<const EventStoreCore*>& stores,
                                       std::vector<NewEvent> events, bool force,
                                       std::vector<Error>& afterwards) {
  if (events.empty()) {
    return Error(ErrorCode::invalid_argument, "An event group may not be empty");
  }
  std::vector<GroupedEvent> grouped;
  for (std::size_t i = 0; i < events.size(); ++i) {
    grouped.push_back({.storage = TRY(stores[i]->storage()),
                       .event_store_id = stores[i]->event_store_id(),
                       .event = std::move(events[i])});
  }
  const auto push = [&] { return grouped[0].storage->push_event_group(grouped, {.force = force}); };
  if (!force) return push();
  Rewrites rewrites;
  Result<void> begun;
  for (std::size_t i = 0; i < grouped.size() && begun; ++i) {
    begun = rewrites.begin(stores[i]->snapshots(), stores[i]->event_store_id(),
                           grouped[i].event.aggregate_id);
  }
  return rewrite<std::vector<Event>>(rewrites, std::move(begun), push, afterwards);
}

Result<std::size_t> EventStoreCore::delete_aggregate(std::string_view aggregate_id) const {
  EventStorage* const events = TRY(storage());
  return remove(aggregate_id,
                [&] { return events->delete_aggregate(settings_.event_store_id, aggregate_id); });
}

Result<std::size_t> EventStoreCore::archive_aggregate(std::string_view aggregate_id,
                                                      EventStorage& archive) const {
  EventStorage* const events = TRY(storage());
  return remove(aggregate_id, [&] {
    return events->archive_aggregate(settings_.event_store_id, aggregate_id, archive);
  });
}

Result<std::size_t> EventStoreCore::remove(
    std::string_view aggregate_id, const std::function<Result<std::size_t>()>& removal) const {
  EventSnapshots* const all = snapshots();
  if (all == nullptr) return removal();
  // Until the events are gone, nobody may keep what was folded from them; then what there was goes
  // too, with the rewrite. Repeated after an interruption, it does the same.
  TRY(all->begin_rewrite(settings_.event_store_id, aggregate_id));
  const std::size_t removed = TRY(removal());
  TRY(all->delete_snapshots(settings_.event_store_id, aggregate_id));
  return removed;
}

// ---- what needs no store ----

Error reserved_event_type(std::string_view type) {
  return Error(ErrorCode::invalid_argument,
               std::string(type) + " is a reserved event type. Please chose another one.");
}

std::vector<std::size_t> simulation_order(const std::vector<const Event*>& by_version,
                                          const std::optional<std::string>& simulation_date) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < by_version.size(); ++i) {
    if (!simulation_date || by_version[i]->timestamp() <= *simulation_date) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return by_version[a]->timestamp() < by_version[b]->timestamp();
  });
  return order;
}

Event renumbered(const Event& event, Version version) {
  NewEvent changed = event.to_new_event();
  changed.version = version;
  return Event(std::move(changed));
}

Result<void> guarded(const std::function<Result<void>()>& call) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return Error::internal(thrown.what());
  } catch (...) {
    return Error::internal("something that is no std::exception was thrown");
  }
}

Result<void> for_each_in_parallel(std::size_t count, unsigned threads,
                                  const std::function<Result<void>(std::size_t)>& call) {
  std::vector<Result<void>> results(count);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (std::size_t i = next++; i < count && !failed; i = next++) {
      results[i] = call(i);
      if (!results[i]) failed = true;
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t wanted = std::min<std::size_t>(std::max(threads, 1U), count);
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(work);
    work();
  }
  for (Result<void>& result : results) {
    if (!result) return std::move(result).error();
  }
  return {};
}

}  // namespace dynakeep::detail
