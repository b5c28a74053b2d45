#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dynakeep/attribute_view.h"
#include "dynakeep/fields.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/event_reducer.h"
#include "dynakeep/stores/event_snapshots.h"
#include "dynakeep/stores/event_storage.h"
#include "dynakeep/stores/event_types.h"
#include "dynakeep/stores/events.h"

// Typed events over an EventStorage: what castore calls an event store. A program says what its
// events and its aggregate are, and how the one follows from the other:
//
//   struct Placed {
//     static constexpr std::string_view event_type = "ORDER_PLACED";
//     std::string customer = {};
//     static void fields(auto& self, auto&& field) { field("customer", self.customer); }
//   };
//   struct Shipped { static constexpr std::string_view event_type = "ORDER_SHIPPED"; };
//   using OrderEvent = std::variant<Placed, Shipped>;
//
//   struct Order {
//     std::string aggregate_id = {};
//     Version version = 0;
//     bool shipped = false;
//   };
//
//   using Orders = EventStore<Order, OrderEvent>;
//   const Orders orders({.event_store_id = "ORDERS",
//                        .reducer = reduce_with([](Order&, const Placed&) {},
//                                               [](Order& order, const Shipped&) {
//                                                 order.shipped = true;
//                                               }),
//                        .storage = table.get()});
//
//   const auto order = TRY(orders.get_existing_aggregate("o-77")).aggregate;
//   TRY(orders.push_event({.aggregate_id = "o-77", .version = order.version + 1,
//                          .body = Shipped{}}, {.prev_aggregate = &order}));
//
// docs/stores/event-store.md tells the whole of it.
namespace dynakeep {

// ---- upcasting ----

// What an upcaster may change of an event.
struct EventContent {
  std::string type = {};
  std::optional<AttributeValue> payload = {};
  std::optional<AttributeValue> metadata = {};
};

// Turns what an older program wrote into what this one reads, each time it is read: the stored item
// stays as it is. Applied to events of `type`; the next in the list sees what this one made of it.
struct Upcaster {
  std::string type = {};
  std::function<Result<void>(EventContent& content)> upcast = {};
};

// ---- snapshots ----

// Keeps the aggregates of a store that take long to fold (event_snapshots.h). Those of the storage
// that the store has first: on another none are looked for, nor kept.
struct SnapshotPolicy {
  EventSnapshots* snapshots = nullptr;  // null: none; must outlive the store
  // Names what the reducer and the aggregate's fields are now. Change it whenever they change.
  std::string reducer_version = {};
  // A load that folded so many events keeps what it made, on its way out; the first such load of an
  // aggregate only makes ready for the next.
  std::size_t after_events = 100;
};

// ---- loading ----

struct LoadOptions {
  std::optional<Version> max_version = {};  // inclusive
  // The aggregate at a moment: its events up to the first whose timestamp is greater, compared as
  // text (event_timestamp() writes it). True to the writers' clocks, whatever those were.
  std::optional<std::string> at = {};
};

namespace detail {

struct EventStoreSettings {
  std::string event_store_id = {};
  std::vector<Upcaster> upcasters = {};
  SnapshotPolicy snapshots = {};
};

// A load under way.
struct EventLoad {
  std::optional<EventSnapshot> snapshot = {};
  std::vector<Item> items = {};  // after the snapshot
  std::string key_prefix = {};
  std::optional<Error> snapshot_failure = {};
  // For finish_load: the epoch to keep a snapshot in, or whether to begin one.
  std::optional<std::string> epoch = {};
  bool lacks_epoch = false;
};

// What event stores of all types have in common: everything that need not know the types.
class EventStoreCore {
 public:
  EventStoreCore(EventStoreSettings settings, EventStorage* storage);
  EventStoreCore(const EventStoreCore& other, EventStorage* storage);

  const std::string& event_store_id() const { return settings_.event_store_id; }
  void set_storage(EventStorage* storage);
  Result<EventStorage*> storage() const;

  Result<std::vector<Item>> get_items(std::string_view aggregate_id,
                                      const EventsQuery& query) const;
  Result<std::string> key_prefix() const;
  bool has_upcasters() const { return !settings_.upcasters.empty(); }
  Result<void> upcast(Event& event) const;

  // What is to be folded, onto the snapshot if there is one.
  Result<EventLoad> begin_load(std::string_view aggregate_id, const LoadOptions& options) const;
  // The same from the first event: what to do when the snapshot turns out to be none of ours.
  Result<void> begin_again(EventLoad& load, std::string_view aggregate_id,
                           const LoadOptions& options) const;
  // Whether so many events were folded that it is time to keep a snapshot.
  bool is_worth_keeping(const EventLoad& load, std::size_t events) const;
  // Keeps it, given the events that were folded. `state` is asked for only if there is an epoch to
  // keep it in. What fails is in the load.
  void finish_load(EventLoad& load, std::string_view aggregate_id,
                   const std::vector<const Event*>& events,
                   const std::function<Result<AttributeValue>()>& state) const;

  // Push, with snapshots put out of the way of rewrites. `afterwards` gets what failed once the
  // event was stored.
  Result<Event> push(NewEvent event, bool force, std::vector<Error>& afterwards) const;

  Result<std::size_t> delete_aggregate(std::string_view aggregate_id) const;
  Result<std::size_t> archive_aggregate(std::string_view aggregate_id, EventStorage& archive) const;

  // "Event ORDERS o-77 version 3 of type ORDER_PLACED: …"
  Error unreadable(const Event& event, std::string_view why) const;

 private:
  friend Result<std::vector<Event>> push_groups(const std::vector<const EventStoreCore*>& stores,
                                                std::vector<NewEvent> events, bool force,
                                                std::vector<Error>& afterwards);

  // Those of the policy, while the store is on the storage they are of; else null.
  EventSnapshots* snapshots() const;
  Result<void> read_events(EventLoad& load, std::string_view aggregate_id,
                           const LoadOptions& options) const;
  Result<std::size_t> remove(std::string_view aggregate_id,
                             const std::function<Result<std::size_t>()>& removal) const;

  const EventStoreSettings settings_;
  std::atomic<EventStorage*> storage_;
  std::atomic<EventStorage*> first_storage_;
};

// One group over several stores, stores[i] being that of events[i].
Result<std::vector<Event>> push_groups(const std::vector<const EventStoreCore*>& stores,
                                       std::vector<NewEvent> events, bool force,
                                       std::vector<Error>& afterwards);

// The events of a simulation in the order they are folded in, renumbered. `by_version` is in order
// of the versions.
std::vector<std::size_t> simulation_order(const std::vector<const Event*>& by_version,
                                          const std::optional<std::string>& simulation_date);
Event renumbered(const Event& event, Version version);

// Runs what the program gave us after an event was stored. An exception it lets out becomes an
// error: it must not hide that the event is there.
Result<void> guarded(const std::function<Result<void>()>& call);

// Runs `call(0)` to `call(count - 1)` on so many threads; the error of the lowest that fails.
Result<void> for_each_in_parallel(std::size_t count, unsigned threads,
                                  const std::function<Result<void>(std::size_t)>& call);

}  // namespace detail

// ---- the store ----

// Aggregates of type A, made of events that are one of Body, a std::variant.
//
// Beside what EventStorage refuses and fails with: invalid_argument, "EventStorageAdapter not found
// for event store ORDERS", if it has no storage; malformed_item, naming the event, if a stored
// payload is not what its type has, or its type is unknown and Body has no UnknownEvent; and the
// reducer's own errors, of loads.
//
// Copies share the storage that set_storage() changes. Thread-safe, if what the program gave it is.
template <Aggregate A, typename Body>
class EventStore {
 public:
  using AggregateType = A;
  using BodyType = Body;
  using Stored = Recorded<Body>;

  // An event to be stored.
  struct New {
    std::string aggregate_id = {};
    Version version = 0;
    Body body = {};
    std::optional<AttributeValue> metadata = {};
    std::optional<std::string> timestamp = {};  // stored as it is; none: the storage's clock
  };

  // An event that is stored, whatever else went wrong.
  struct Pushed {
    Stored event = {};
    // The aggregate with the event: if the one before was given, or the event is the first.
    std::optional<A> next_aggregate = {};
    // What failed after the event was stored: the reducer, the hook, a publication. Each was run
    // whatever the others did.
    std::vector<Error> after_commit = {};
  };

  struct PushArguments {
    const A* prev_aggregate = nullptr;  // not compared with the event's version
    bool force = false;                 // see PushOptions
  };

  struct Loaded {
    std::optional<A> aggregate = {};
    // What was read to make it: all its events, or those after the snapshot.
    std::vector<Stored> events = {};
    // Why a snapshot could not be read or written. The aggregate is right all the same.
    std::optional<Error> snapshot_failure = {};

    const Stored* last_event() const { return events.empty() ? nullptr : &events.back(); }
  };
  struct LoadedExisting {
    A aggregate = {};
    std::vector<Stored> events = {};
    std::optional<Error> snapshot_failure = {};

    const Stored* last_event() const { return events.empty() ? nullptr : &events.back(); }
  };

  // Events that append() stored, in order.
  struct Appended {
    std::vector<Stored> events = {};
    std::optional<A> next_aggregate = {};  // as in Pushed, with all of them
    std::vector<Error> after_commit = {};
  };
  struct AppendArguments {
    const A* prev_aggregate = nullptr;
    std::optional<AttributeValue> metadata = {};  // of each event
    std::optional<std::string> timestamp = {};    // of each event
    std::optional<std::string> idempotency_key = {};
  };

  using Hook = std::function<Result<void>(const Pushed& pushed)>;

  struct Options {
    std::string event_store_id = {};
    Reducer<A, Body> reducer = {};    // must be given
    EventStorage* storage = nullptr;  // must outlive the store; may be set later
    Hook on_event_pushed = {};        // after each event that is stored, before it is published
    std::vector<Upcaster> upcasters = {};
    std::conditional_t<KeptAggregate<A>, SnapshotPolicy, std::monostate> snapshots = {};
    // What an event does to the events of a simulation. Empty: it takes its place among them.
    std::function<void(std::map<Version, Stored>& events, const Stored& event)>
        simulate_side_effect = {};
  };

  explicit EventStore(Options options)
      : core_(std::make_shared<detail::EventStoreCore>(settings_of(options), options.storage)),
        options_(std::make_shared<Options>(std::move(options))) {}

  // The same store on another storage, without the hook and what it publishes to: for tests.
  EventStore on(EventStorage& storage) const {
    EventStore other(*this);
    other.core_ = std::make_shared<detail::EventStoreCore>(*core_, &storage);
    other.options_ = std::make_shared<Options>(*options_);
    other.options_->on_event_pushed = {};
    other.publishers_.clear();
    return other;
  }

  // The same store, which after storing an event and running the hook also calls `publish`. For
  // connected stores (event_messages.h).
  EventStore publishing_to(Hook publish) const {
    EventStore other(*this);
    other.publishers_.push_back(std::move(publish));
    return other;
  }

  const std::string& event_store_id() const { return core_->event_store_id(); }
  // Of this store and its copies. Null: none.
  void set_storage(EventStorage* storage) const { core_->set_storage(storage); }
  Result<EventStorage*> storage() const { return core_->storage(); }

  // ---- reading ----

  // An event of this store that came by other means: in a message, or a stream's record.
  Result<Stored> stored(const Event& event) const {
    Stored stored{.event = event};
    if (core_->has_upcasters()) TRY(core_->upcast(stored.event));
    TRY(decode(stored.event.type(), stored.event.payload(), stored));
    return stored;
  }

  Result<std::vector<Stored>> get_events(std::string_view aggregate_id,
                                         const EventsQuery& query = {}) const {
    std::vector<Item> items = TRY(core_->get_items(aggregate_id, query));
    const std::string prefix = TRY(core_->key_prefix());
    std::vector<Stored> events(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      TRY(read(std::move(items[i]), prefix, events[i]));
    }
    return events;
  }

  Result<Loaded> get_aggregate(std::string_view aggregate_id,
                               const LoadOptions& options = {}) const {
    detail::EventLoad load = TRY(core_->begin_load(aggregate_id, options));
    Loaded loaded;
    if constexpr (KeptAggregate<A>) {
      if (load.snapshot && !take_snapshot(load, aggregate_id, loaded)) {
        // What it holds is not an aggregate of ours: as if there were none.
        TRY(core_->begin_again(load, aggregate_id, options));
      }
    }
    loaded.events.reserve(load.items.size());
    for (Item& item : load.items) {
      Stored& event = loaded.events.emplace_back();
      TRY(read(std::move(item), load.key_prefix, event));
      if (options.at && event.timestamp() > *options.at) {
        loaded.events.pop_back();
        break;
      }
      TRY(fold(loaded.aggregate, event));
    }
    if constexpr (KeptAggregate<A>) {
      if (core_->is_worth_keeping(load, loaded.events.size())) {
        std::vector<const Event*> folded;
        for (const Stored& event : loaded.events) folded.push_back(&event.event);
        core_->finish_load(load, aggregate_id, folded,
                           [&] { return to_attribute(*loaded.aggregate); });
      }
    }
    loaded.snapshot_failure = std::move(load.snapshot_failure);
    return loaded;
  }

  // aggregate_not_found: it has no events, or none that the options leave.
  Result<LoadedExisting> get_existing_aggregate(std::string_view aggregate_id,
                                                const LoadOptions& options = {}) const {
    Loaded loaded = TRY(get_aggregate(aggregate_id, options));
    if (!loaded.aggregate) return aggregate_not_found(event_store_id(), aggregate_id);
    return LoadedExisting{.aggregate = std::move(*loaded.aggregate),
                          .events = std::move(loaded.events),
                          .snapshot_failure = std::move(loaded.snapshot_failure)};
  }

  // Many at once, in the order of the ids.
  Result<std::vector<Loaded>> get_aggregates(const std::vector<std::string>& aggregate_ids,
                                             const LoadOptions& options = {},
                                             unsigned threads = 8) const {
    std::vector<Loaded> all(aggregate_ids.size());
    TRY(detail::for_each_in_parallel(aggregate_ids.size(), threads,
                                     [&](std::size_t i) -> Result<void> {
                                       all[i] = TRY(get_aggregate(aggregate_ids[i], options));
                                       return {};
                                     }));
    return all;
  }

  Result<ListPage> list_aggregate_ids(const ListQuery& query = {}) const {
    return TRY(storage())->list_aggregate_ids(event_store_id(), query);
  }

  // Nothing for an aggregate without events.
  Result<std::optional<Version>> last_version(std::string_view aggregate_id) const {
    return TRY(storage())->last_version(event_store_id(), aggregate_id);
  }
  Result<bool> exists(std::string_view aggregate_id) const {
    return TRY(storage())->exists(event_store_id(), aggregate_id);
  }

  // ---- folding ----

  // The events folded in their order, onto `from` if there is one.
  Result<std::optional<A>> build_aggregate(std::span<const Stored> events,
                                           std::optional<A> from = {}) const {
    for (const Stored& event : events) TRY(fold(from, event));
    return from;
  }

  // What the aggregate would be, given these events, of which some may be yet to come: by
  // timestamp, those of one timestamp by version, renumbered from 1. With a date, without the
  // events after it.
  Result<std::optional<A>> simulate_aggregate(
      std::span<const Stored> events,
      const std::optional<std::string>& simulation_date = {}) const {
    std::map<Version, Stored> by_version;
    for (const Stored& event : events) {
      if (options_->simulate_side_effect) {
        options_->simulate_side_effect(by_version, event);
      } else {
        by_version.insert_or_assign(event.version(), event);
      }
    }
    std::vector<const Stored*> kept;
    std::vector<const Event*> kept_events;
    for (const auto& [version, event] : by_version) {
      kept.push_back(&event);
      kept_events.push_back(&event.event);
    }
    std::optional<A> aggregate;
    Version version = 0;
    for (const std::size_t i : detail::simulation_order(kept_events, simulation_date)) {
      TRY(fold(aggregate,
               {.event = detail::renumbered(kept[i]->event, ++version), .body = kept[i]->body}));
    }
    return aggregate;
  }

  // ---- writing ----

  // Stores the event if its version is free (EventStorage::push_event), then folds it, runs the
  // hook and publishes. An error means that the event was not stored; what fails later is in
  // Pushed::after_commit.
  Result<Pushed> push_event(New event, const PushArguments& arguments = {}) const {
    NewEvent encoded = TRY(encode(event));
    Pushed pushed;
    pushed.event.event = TRY(core_->push(std::move(encoded), arguments.force, pushed.after_commit));
    pushed.event.body = std::move(event.body);
    settle(pushed, arguments.prev_aggregate);
    return pushed;
  }

  // Stores events after the last one, all or none (EventStorage::append), then goes on as
  // push_event does with each. An append that is recognised by its idempotency key does all that
  // again for the events that the first one stored.
  Result<Appended> append(std::string_view aggregate_id, ExpectedVersion expected,
                          const std::vector<Body>& bodies,
                          const AppendArguments& arguments = {}) const {
    std::vector<EventToAppend> encoded;
    for (const Body& body : bodies) {
      NewEvent event = TRY(detail::EventCodec<Body>::encode(body));
      encoded.push_back({.type = std::move(event.type),
                         .payload = std::move(event.payload),
                         .metadata = arguments.metadata,
                         .timestamp = arguments.timestamp});
    }
    auto stored =
        TRY(TRY(storage())->append(event_store_id(), aggregate_id, expected, std::move(encoded),
                                   {.idempotency_key = arguments.idempotency_key}));
    Appended appended;
    if (arguments.prev_aggregate != nullptr) appended.next_aggregate = *arguments.prev_aggregate;
    for (Event& event : stored) {
      Pushed pushed;
      pushed.event.event = std::move(event);
      if (auto done = decode(pushed.event.event.type(), pushed.event.event.payload(), pushed.event);
          !done) {
        pushed.after_commit.push_back(std::move(done).error());
      } else {
        settle(pushed, appended.next_aggregate ? &*appended.next_aggregate : nullptr);
      }
      appended.next_aggregate = std::move(pushed.next_aggregate);
      appended.events.push_back(std::move(pushed.event));
      for (Error& error : pushed.after_commit) appended.after_commit.push_back(std::move(error));
    }
    return appended;
  }

  // The next events of an aggregate as it was loaded: fails if it has gone on since.
  Result<Appended> append(const A& aggregate, const std::vector<Body>& bodies,
                          AppendArguments arguments = {}) const {
    arguments.prev_aggregate = &aggregate;
    return append(aggregate.aggregate_id, ExpectedVersion::exact(aggregate.version), bodies,
                  arguments);
  }

  // An event for push_event_group().
  struct Grouped {
    using StoreType = EventStore;

    EventStore store;
    New event = {};
    std::optional<A> prev_aggregate = {};
  };
  Grouped group_event(New event, const A* prev_aggregate = nullptr) const {
    return {.store = *this,
            .event = std::move(event),
            .prev_aggregate =
                prev_aggregate == nullptr ? std::nullopt : std::optional<A>(*prev_aggregate)};
  }

  // Removes the aggregate and its snapshots for good (EventStorage::delete_aggregate).
  Result<std::size_t> delete_aggregate(std::string_view aggregate_id) const {
    return core_->delete_aggregate(aggregate_id);
  }
  // Moves it to another storage (EventStorage::archive_aggregate), and removes its snapshots.
  Result<std::size_t> archive_aggregate(std::string_view aggregate_id,
                                        EventStorage& archive) const {
    return core_->archive_aggregate(aggregate_id, archive);
  }

  // ---- for push_event_group() ----

  const detail::EventStoreCore& core() const { return *core_; }

  Result<NewEvent> encode(const New& event) const {
    NewEvent encoded = TRY(detail::EventCodec<Body>::encode(event.body));
    encoded.aggregate_id = event.aggregate_id;
    encoded.version = event.version;
    encoded.metadata = event.metadata;
    encoded.timestamp = event.timestamp;
    return encoded;
  }

  // What follows once the event is stored.
  void settle(Pushed& pushed, const A* prev_aggregate) const {
    const auto note = [&pushed](Result<void> done) {
      if (!done) pushed.after_commit.push_back(std::move(done).error());
    };
    if (prev_aggregate != nullptr || pushed.event.version() == 1) {
      note(detail::guarded([&]() -> Result<void> {
        std::optional<A> aggregate;
        if (prev_aggregate != nullptr) aggregate = *prev_aggregate;
        TRY(fold(aggregate, pushed.event));
        pushed.next_aggregate = std::move(aggregate);
        return {};
      }));
    }
    if (options_->on_event_pushed) {
      note(detail::guarded([&] { return options_->on_event_pushed(pushed); }));
    }
    for (const Hook& publish : publishers_) {
      note(detail::guarded([&] { return publish(pushed); }));
    }
  }

 private:
  static detail::EventStoreSettings settings_of(Options& options) {
    detail::EventStoreSettings settings{.event_store_id = options.event_store_id,
                                        .upcasters = std::move(options.upcasters)};
    if constexpr (KeptAggregate<A>) settings.snapshots = options.snapshots;
    return settings;
  }

  // An item as the event that it stores.
  Result<void> read(Item&& item, std::string_view key_prefix, Stored& stored) const {
    const Event::Content content = TRY(stored.event.assign_item(std::move(item), key_prefix));
    if (core_->has_upcasters()) {
      TRY(core_->upcast(stored.event));
      return decode(stored.event.type(), stored.event.payload(), stored);
    }
    return decode(content.type, content.payload, stored);
  }

  Result<void> decode(std::string_view type, const AttributeView& payload, Stored& stored) const {
    detail::FieldFailure failure;
    bool known = false;
    if (detail::EventCodec<Body>::decode(type, payload, stored.body, failure, known)) return {};
    return core_->unreadable(
        stored.event, known ? "its payload: " + failure.error(ErrorCode::malformed_item).message()
                            : std::string("a type that this program does not know"));
  }

  Result<void> fold(std::optional<A>& aggregate, const Stored& event) const {
    TRY(options_->reducer(aggregate, event.body, event.event));
    if (aggregate->aggregate_id.empty()) aggregate->aggregate_id = event.aggregate_id();
    aggregate->version = event.version();
    return {};
  }

  bool take_snapshot(detail::EventLoad& load, std::string_view aggregate_id, Loaded& loaded) const {
    auto state = from_attribute<A>(load.snapshot->state());
    if (!state) {
      load.snapshot_failure = std::move(state).error();
      return false;
    }
    state->aggregate_id = std::string(aggregate_id);
    state->version = load.snapshot->version();
    loaded.aggregate = std::move(*state);
    return true;
  }

  std::shared_ptr<detail::EventStoreCore> core_;
  std::shared_ptr<Options> options_;  // not changed once the store is made
  std::vector<Hook> publishers_;
};

// ---- groups ----

// Stores the events of one or several stores, all or none (EventStorage::push_event_group), and
// then goes on with each as push_event does. Answers with one Pushed for each event, in their
// order:
//
//   const auto [order, invoice] = TRY(push_event_group(
//       orders.group_event({.aggregate_id = "o-77", .version = 1, .body = Placed{}}),
//       invoices.group_event({.aggregate_id = "i-9", .version = 1, .body = Sent{}})));
//
// All go through the storage of the first event's store.
template <typename... Grouped>
Result<std::tuple<typename Grouped::StoreType::Pushed...>> push_event_group(
    const PushOptions& options, Grouped... grouped) {
  std::vector<NewEvent> encoded;
  std::optional<Error> failure;
  const auto encode_one = [&](const auto& each) {
    auto event = each.store.encode(each.event);
    if (!event) {
      failure = std::move(event).error();
      return false;
    }
    encoded.push_back(std::move(*event));
    return true;
  };
  if (!(encode_one(grouped) && ...)) return std::move(*failure);

  std::vector<Error> afterwards;
  auto stored = TRY(detail::push_groups({&grouped.store.core()...}, std::move(encoded),
                                        options.force, afterwards));

  std::tuple<typename Grouped::StoreType::Pushed...> pushed;
  std::size_t next = 0;
  const auto take = [&](auto& result, auto& each) {
    result.event.event = std::move(stored[next++]);
    result.event.body = std::move(each.event.body);
    each.store.settle(result, each.prev_aggregate ? &*each.prev_aggregate : nullptr);
  };
  std::apply([&](auto&... results) { (take(results, grouped), ...); }, pushed);
  for (Error& error : afterwards) {
    std::get<0>(pushed).after_commit.push_back(std::move(error));
  }
  return pushed;
}
template <typename First, typename... Rest>
requires(!std::convertible_to<First, PushOptions>)
    Result<std::tuple<typename First::StoreType::Pushed,
                      typename Rest::StoreType::Pushed...>> push_event_group(First first,
                                                                             Rest... rest) {
  return push_event_group(PushOptions{}, std::move(first), std::move(rest)...);
}

// The same for any number of events of one type of store.
template <typename Grouped>
Result<std::vector<typename Grouped::StoreType::Pushed>> push_event_group(
    std::vector<Grouped> grouped, const PushOptions& options = {}) {
  std::vector<NewEvent> encoded;
  std::vector<const detail::EventStoreCore*> stores;
  for (const Grouped& each : grouped) {
    encoded.push_back(TRY(each.store.encode(each.event)));
    stores.push_back(&each.store.core());
  }
  std::vector<Error> afterwards;
  auto stored = TRY(detail::push_groups(stores, std::move(encoded), options.force, afterwards));

  std::vector<typename Grouped::StoreType::Pushed> pushed(grouped.size());
  for (std::size_t i = 0; i < grouped.size(); ++i) {
    pushed[i].event.event = std::move(stored[i]);
    pushed[i].event.body = std::move(grouped[i].event.body);
    if (i == 0) pushed[i].after_commit = std::move(afterwards);
    grouped[i].store.settle(pushed[i],
                            grouped[i].prev_aggregate ? &*grouped[i].prev_aggregate : nullptr);
  }
  return pushed;
}

}  // namespace dynakeep
