#include "dynakeep/stores/event_store.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "dynakeep/stores/event_testing.h"
#include "stores/event_store/test_orders.h"

namespace dynakeep {
namespace {

using namespace test_orders;

class EventStoreTest : public testing::Test {
 protected:
  ManualClock clock_;
  std::unique_ptr<EventStorage> storage_ = in_memory_event_storage({.clock = &clock_});
  Orders orders_{order_options(storage_.get())};

  Orders::Pushed push(Version version, OrderEvent body) {
    auto pushed =
        orders_.push_event({.aggregate_id = "o-1", .version = version, .body = std::move(body)});
    EXPECT_TRUE(pushed) << pushed.error();
    return std::move(pushed).value();
  }

  void push_four() {
    push(1, Placed{.customer = "c-9", .total = 20});
    push(2, Paid{.amount = 15});
    push(3, Noted{.text = "call first"});
    push(4, Shipped{});
  }
};

// ---- F1: loading ----

TEST_F(EventStoreTest, AnAggregateIsTheFoldOfItsEvents) {
  push_four();
  const auto loaded = orders_.get_aggregate("o-1");
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->aggregate, (Order{.aggregate_id = "o-1",
                                      .version = 4,
                                      .customer = "c-9",
                                      .total = 20,
                                      .paid = 15,
                                      .shipped = true,
                                      .notes = {"call first@3"}}));
  ASSERT_EQ(loaded->events.size(), 4u);
  EXPECT_EQ(loaded->events[1].body, OrderEvent(Paid{.amount = 15}));
  EXPECT_EQ(loaded->last_event()->version(), 4);
}

TEST_F(EventStoreTest, AnAggregateIsLoadedUpToAVersion) {
  push_four();
  const auto loaded = orders_.get_existing_aggregate("o-1", {.max_version = 2});
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->aggregate.version, 2);
  EXPECT_EQ(loaded->aggregate.paid, 15);
  EXPECT_EQ(loaded->events.size(), 2u);
  EXPECT_FALSE(loaded->aggregate.shipped);
}

TEST_F(EventStoreTest, AMissingAggregateIsNothingOrAnErrorThatNamesIt) {
  const auto loaded = orders_.get_aggregate("o-404");
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_FALSE(loaded->aggregate);
  EXPECT_EQ(loaded->last_event(), nullptr);

  push_four();
  const auto missing = orders_.get_existing_aggregate("o-404");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::aggregate_not_found);
  EXPECT_EQ(missing.error().message(), "Unable to find aggregate o-404 in event store ORDERS.");
  const auto excluded = orders_.get_existing_aggregate("o-1", {.max_version = 0});
  ASSERT_FALSE(excluded);
  EXPECT_EQ(excluded.error().code(), ErrorCode::aggregate_not_found);
}

TEST_F(EventStoreTest, AnAggregateIsLoadedAsItWasAtAMoment) {
  const std::vector<std::string> moments{"2024-01-01", "2024-01-03", "2024-01-02", "2024-01-04"};
  for (std::size_t i = 0; i < moments.size(); ++i) {
    ASSERT_TRUE(orders_.push_event({.aggregate_id = "o-1",
                                    .version = static_cast<Version>(i + 1),
                                    .body = Paid{.amount = 1},
                                    .timestamp = moments[i]}));
  }
  const auto paid_at = [&](const char* moment) {
    const auto loaded = orders_.get_aggregate("o-1", {.at = moment});
    EXPECT_TRUE(loaded) << loaded.error();
    return loaded->aggregate ? loaded->aggregate->paid : 0;
  };
  EXPECT_EQ(paid_at("2023-12-31"), 0);
  EXPECT_EQ(paid_at("2024-01-01"), 1);
  // The third event's clock was behind: it was not there before the second.
  EXPECT_EQ(paid_at("2024-01-02"), 1);
  EXPECT_EQ(paid_at("2024-01-03"), 3);
  EXPECT_EQ(paid_at("2025"), 4);
}

TEST_F(EventStoreTest, ManyAggregatesAreLoadedAtOnceInTheOrderOfTheirIds) {
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back("o-" + std::to_string(i));
    ASSERT_TRUE(orders_.push_event(
        {.aggregate_id = ids.back(), .version = 1, .body = Placed{.customer = "c", .total = i}}));
  }
  ids.push_back("o-404");
  const auto all = orders_.get_aggregates(ids);
  ASSERT_TRUE(all) << all.error();
  for (int i = 0; i < 20; ++i) EXPECT_EQ((*all)[static_cast<std::size_t>(i)].aggregate->total, i);
  EXPECT_FALSE(all->back().aggregate);
}

// ---- F2: pushes ----

TEST_F(EventStoreTest, APushAnswersWithTheNextAggregateWhereItKnowsTheOneBefore) {
  const auto first = push(1, Placed{.customer = "c-9", .total = 20});
  ASSERT_TRUE(first.next_aggregate);
  EXPECT_EQ(first.next_aggregate->version, 1);
  EXPECT_EQ(first.next_aggregate->total, 20);
  EXPECT_EQ(first.event.timestamp(), event_timestamp(clock_.now()));

  EXPECT_FALSE(push(2, Paid{.amount = 5}).next_aggregate);

  const Order before = orders_.get_existing_aggregate("o-1")->aggregate;
  const auto third =
      orders_.push_event({.aggregate_id = "o-1", .version = 3, .body = Paid{.amount = 5}},
                         {.prev_aggregate = &before});
  ASSERT_TRUE(third) << third.error();
  EXPECT_EQ(third->next_aggregate->paid, 10);
  EXPECT_EQ(third->next_aggregate->version, 3);
  EXPECT_EQ(before.version, 2) << "the one given is not changed";
}

TEST_F(EventStoreTest, TheFirstEventStartsFromWhatItIsGiven) {
  const Order before{.paid = 100};
  const auto pushed =
      orders_.push_event({.aggregate_id = "o-1", .version = 1, .body = Paid{.amount = 5}},
                         {.prev_aggregate = &before});
  ASSERT_TRUE(pushed) << pushed.error();
  EXPECT_EQ(pushed->next_aggregate->paid, 105);
}

TEST_F(EventStoreTest, ATakenVersionIsAConflictThatNamesTheEvent) {
  push(1, Shipped{});
  const auto again = orders_.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::event_already_exists);
  EXPECT_EQ(
      conflicting_events(again.error()),
      (std::vector<EventKey>{{.event_store_id = "ORDERS", .aggregate_id = "o-1", .version = 1}}));
}

TEST_F(EventStoreTest, AForcedPushReplacesTheEvent) {
  push_four();
  ASSERT_TRUE(orders_.push_event({.aggregate_id = "o-1", .version = 2, .body = Paid{.amount = 1}},
                                 {.force = true}));
  EXPECT_EQ(orders_.get_existing_aggregate("o-1")->aggregate.paid, 1);
}

TEST_F(EventStoreTest, AppendsGoOnWhereTheAggregateWasLoaded) {
  const auto placed = orders_.append("o-1", ExpectedVersion::no_stream(),
                                     {Placed{.customer = "c-9", .total = 20}, Paid{.amount = 5}});
  ASSERT_TRUE(placed) << placed.error();
  ASSERT_TRUE(placed->next_aggregate);
  EXPECT_EQ(placed->next_aggregate->version, 2);
  EXPECT_EQ(placed->next_aggregate->paid, 5);
  EXPECT_EQ(placed->events[1].body, OrderEvent(Paid{.amount = 5}));

  const auto more = orders_.append(*placed->next_aggregate, {Paid{.amount = 15}, Shipped{}});
  ASSERT_TRUE(more) << more.error();
  EXPECT_EQ(more->next_aggregate, orders_.get_aggregate("o-1")->aggregate);

  const auto late = orders_.append(*placed->next_aggregate, {Shipped{}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::event_already_exists);
}

// ---- F3: what fails after the event is stored ----

TEST_F(EventStoreTest, AFailingReducerDoesNotHideThatTheEventIsStored) {
  push(1, Placed{});
  const Order before;
  const auto pushed =
      orders_.push_event({.aggregate_id = "o-1", .version = 2, .body = Paid{.amount = -1}},
                         {.prev_aggregate = &before});
  ASSERT_TRUE(pushed) << pushed.error();
  EXPECT_FALSE(pushed->next_aggregate);
  ASSERT_EQ(pushed->after_commit.size(), 1u);
  EXPECT_EQ(pushed->after_commit[0].message(), "Nobody pays that little");
  EXPECT_EQ(orders_.last_version("o-1").value(), 2);
  EXPECT_FALSE(orders_.get_aggregate("o-1")) << "a load tells of the reducer's failure";
}

TEST_F(EventStoreTest, AFailingOrThrowingHookIsToldBesideTheEvent) {
  auto options = order_options(storage_.get());
  options.on_event_pushed = [](const Orders::Pushed& pushed) -> Result<void> {
    EXPECT_TRUE(pushed.next_aggregate) << "the hook sees the response";
    if (pushed.event.aggregate_id() == "o-2") throw std::runtime_error("no reception");
    return Error(ErrorCode::unavailable, "the bell is broken");
  };
  const Orders orders(std::move(options));
  const auto failed = orders.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}});
  ASSERT_TRUE(failed) << failed.error();
  ASSERT_EQ(failed->after_commit.size(), 1u);
  EXPECT_EQ(failed->after_commit[0].code(), ErrorCode::unavailable);
  const auto threw = orders.push_event({.aggregate_id = "o-2", .version = 1, .body = Shipped{}});
  ASSERT_TRUE(threw) << threw.error();
  ASSERT_EQ(threw->after_commit.size(), 1u);
  EXPECT_EQ(threw->after_commit[0].message(), "no reception");
  EXPECT_TRUE(orders.exists("o-1").value());
  EXPECT_TRUE(orders.exists("o-2").value());
}

TEST_F(EventStoreTest, AHookIsNotRunForAConflict) {
  int runs = 0;
  auto options = order_options(storage_.get());
  options.on_event_pushed = [&](const Orders::Pushed&) {
    ++runs;
    return Result<void>();
  };
  const Orders orders(std::move(options));
  ASSERT_TRUE(orders.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}}));
  ASSERT_FALSE(orders.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}}));
  EXPECT_EQ(runs, 1);
}

// ---- groups ----

struct Customer {
  std::string aggregate_id = {};
  Version version = 0;
  int orders = 0;
};
struct Ordered {
  static constexpr std::string_view event_type = "CUSTOMER_ORDERED";
};
using Customers = EventStore<Customer, std::variant<Ordered>>;

TEST_F(EventStoreTest, AGroupOverStoresAnswersEachWithItsNextAggregate) {
  const Customers customers(
      {.event_store_id = "CUSTOMERS",
       .reducer = reduce_with([](Customer& customer, const Ordered&) { ++customer.orders; }),
       .storage = storage_.get()});
  const Customer before{.orders = 4};
  const auto pushed = push_event_group(
      orders_.group_event({.aggregate_id = "o-1", .version = 1, .body = Placed{.total = 7}}),
      customers.group_event({.aggregate_id = "c-9", .version = 5, .body = Ordered{}}, &before),
      customers.group_event({.aggregate_id = "c-8", .version = 2, .body = Ordered{}}));
  ASSERT_TRUE(pushed) << pushed.error();
  const auto& [order, customer, other] = *pushed;
  EXPECT_EQ(order.next_aggregate->total, 7);
  EXPECT_EQ(customer.next_aggregate->orders, 5);
  EXPECT_FALSE(other.next_aggregate);
  EXPECT_EQ(order.event.timestamp(), customer.event.timestamp());
}

TEST_F(EventStoreTest, AGroupRunsEveryHookWhateverTheOthersDo) {
  std::vector<Version> heard;
  auto options = order_options(storage_.get());
  options.on_event_pushed = [&](const Orders::Pushed& pushed) -> Result<void> {
    heard.push_back(pushed.event.version());
    return Error(ErrorCode::unavailable, "no " + std::to_string(pushed.event.version()));
  };
  const Orders orders(std::move(options));
  std::vector<Orders::Grouped> group;
  for (Version version = 1; version <= 3; ++version) {
    group.push_back(
        orders.group_event({.aggregate_id = "o-1", .version = version, .body = Shipped{}}));
  }
  const auto pushed = push_event_group(group);
  ASSERT_TRUE(pushed) << pushed.error();
  EXPECT_EQ(heard, (std::vector<Version>{1, 2, 3}));
  for (const auto& each : *pushed) {
    ASSERT_EQ(each.after_commit.size(), 1u);
    EXPECT_EQ(each.after_commit[0].message(), "no " + std::to_string(each.event.version()));
  }
  const auto again = push_event_group(group);
  ASSERT_FALSE(again);
  EXPECT_EQ(conflicting_events(again.error()).size(), 3u);
  EXPECT_FALSE(push_event_group(std::vector<Orders::Grouped>{}));
}

// ---- F4: simulation ----

class Simulation : public EventStoreTest {
 protected:
  using Stored = Orders::Stored;

  static Stored event(Version version, std::string timestamp, std::string note) {
    return {.event = Event(NewEvent{.aggregate_id = "o-1",
                                    .version = version,
                                    .type = "ORDER_NOTED",
                                    .payload = note,
                                    .timestamp = std::move(timestamp)}),
            .body = Noted{.text = std::move(note)}};
  }
  std::vector<std::string> notes(const std::vector<Stored>& events,
                                 const std::optional<std::string>& date = {}) const {
    const auto simulated = orders_.simulate_aggregate(events, date);
    EXPECT_TRUE(simulated) << simulated.error();
    return *simulated ? (*simulated)->notes : std::vector<std::string>{"nothing"};
  }
};

TEST_F(Simulation, FoldsByTimestampAndRenumbers) {
  EXPECT_EQ(notes({event(2, "2022", "b"), event(1, "2021", "a"), event(3, "2020", "c")}),
            (std::vector<std::string>{"c@1", "a@2", "b@3"}));
}

TEST_F(Simulation, KeepsTheOrderOfVersionsWithinOneTimestamp) {
  EXPECT_EQ(notes({event(3, "2022", "c"), event(1, "2022", "a"), event(2, "2022", "b")}),
            (std::vector<std::string>{"a@1", "b@2", "c@3"}));
}

TEST_F(Simulation, ALaterEventOfAVersionReplacesTheEarlier) {
  EXPECT_EQ(notes({event(1, "2022", "a"), event(1, "2021", "b")}),
            (std::vector<std::string>{"b@1"}));
}

TEST_F(Simulation, LeavesOutWhatComesAfterTheDate) {
  const std::vector<Stored> events{event(1, "2021", "a"), event(2, "2022", "b"),
                                   event(3, "2023", "c")};
  EXPECT_EQ(notes(events, "2022"), (std::vector<std::string>{"a@1", "b@2"}));
  EXPECT_EQ(notes(events, "2020"), (std::vector<std::string>{"nothing"}));
}

TEST_F(Simulation, ASideEffectMayTakeEventsAway) {
  auto options = order_options(storage_.get());
  options.simulate_side_effect = [](std::map<Version, Stored>& events, const Stored& next) {
    if (std::get<Noted>(next.body).text == "cancel") {
      events.erase(next.version() - 1);
    } else {
      events.insert_or_assign(next.version(), next);
    }
  };
  const Orders orders(std::move(options));
  const auto simulated = orders.simulate_aggregate(std::vector<Stored>{
      event(1, "2021", "a"), event(2, "2022", "b"), event(3, "2021", "cancel")});
  ASSERT_TRUE(simulated) << simulated.error();
  EXPECT_EQ((*simulated)->notes, (std::vector<std::string>{"a@1"}));
}

// ---- F5, and what cannot be read ----

TEST_F(EventStoreTest, WithoutStorageEveryOperationSaysSo) {
  const Orders orders(order_options(nullptr));
  const std::string message = "EventStorageAdapter not found for event store ORDERS";
  EXPECT_EQ(orders.get_events("o-1").error().message(), message);
  EXPECT_EQ(orders.get_aggregate("o-1").error().message(), message);
  EXPECT_EQ(
      orders.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}}).error().message(),
      message);
  EXPECT_EQ(orders.list_aggregate_ids().error().message(), message);
  orders.set_storage(storage_.get());
  EXPECT_TRUE(orders.list_aggregate_ids());
}

TEST_F(EventStoreTest, FoldsOntoAnInitialValue) {
  push_four();
  const auto events = orders_.get_events("o-1", {.min_version = 2});
  ASSERT_TRUE(events) << events.error();
  const auto built = orders_.build_aggregate(*events, Order{.customer = "given", .paid = 1});
  ASSERT_TRUE(built) << built.error();
  EXPECT_EQ((*built)->customer, "given");
  EXPECT_EQ((*built)->paid, 16);
  EXPECT_FALSE(orders_.build_aggregate({}).value());
}

struct Tolerant {
  std::string aggregate_id = {};
  Version version = 0;
  int shipped = 0;
};
using TolerantOrders = EventStore<Tolerant, std::variant<Shipped, UnknownEvent>>;

TEST_F(EventStoreTest, AnUnknownTypeIsAnErrorUnlessTheVariantTakesIt) {
  push(1, Shipped{});
  push(2, Noted{.text = "later"});
  const EventStore<Tolerant, std::variant<Shipped>> strict(
      {.event_store_id = "ORDERS",
       .reducer = reduce_with([](Tolerant& order, const Shipped&) { ++order.shipped; }),
       .storage = storage_.get()});
  const auto refused = strict.get_aggregate("o-1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::malformed_item);
  EXPECT_EQ(
      refused.error().message(),
      "Event ORDERS o-1 version 2 of type ORDER_NOTED: a type that this program does not know");

  const TolerantOrders tolerant(
      {.event_store_id = "ORDERS",
       .reducer = reduce_with([](Tolerant& order, const Shipped&) { ++order.shipped; }),
       .storage = storage_.get()});
  const auto loaded = tolerant.get_existing_aggregate("o-1");
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->aggregate.shipped, 1);
  EXPECT_EQ(loaded->aggregate.version, 2);
  EXPECT_EQ(std::get<UnknownEvent>(loaded->events[1].body),
            (UnknownEvent{.type = "ORDER_NOTED", .payload = "later"}));
}

TEST_F(EventStoreTest, AReservedTypeIsNotStored) {
  const TolerantOrders tolerant(
      {.event_store_id = "ORDERS",
       .reducer = reduce_with([](Tolerant& order, const Shipped&) { ++order.shipped; }),
       .storage = storage_.get()});
  const auto refused = tolerant.push_event(
      {.aggregate_id = "o-1", .version = 1, .body = UnknownEvent{.type = "__REPLAYED__"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(refused.error().message(),
            "__REPLAYED__ is a reserved event type. Please chose another one.");
  EXPECT_FALSE(tolerant.exists("o-1").value());
}

TEST_F(EventStoreTest, APayloadOfAnotherShapeIsAnErrorThatNamesTheEventAndTheMember) {
  ASSERT_TRUE(storage_->push_event("ORDERS", {.aggregate_id = "o-1",
                                              .version = 1,
                                              .type = "ORDER_PLACED",
                                              .payload = AttributeMap{{"customer", 5}}}));
  const auto loaded = orders_.get_aggregate("o-1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::malformed_item);
  EXPECT_EQ(loaded.error().message(),
            "Event ORDERS o-1 version 1 of type ORDER_PLACED: its payload: the member customer "
            "should be of type S, but is of type N");
}

TEST_F(EventStoreTest, UpcastersRunInOrderOnWhatIsRead) {
  ASSERT_TRUE(storage_->push_event("ORDERS", {.aggregate_id = "o-1",
                                              .version = 1,
                                              .type = "ORDER_CREATED",
                                              .payload = AttributeMap{{"client", "c-9"}},
                                              .timestamp = "2024"}));
  auto options = order_options(storage_.get());
  options.upcasters = {{.type = "ORDER_CREATED",
                        .upcast = [](EventContent& content) -> Result<void> {
                          content.type = "ORDER_PLACED";
                          content.metadata = "upcast";
                          return {};
                        }},
                       {.type = "ORDER_PLACED",
                        .upcast = [](EventContent& content) -> Result<void> {
                          AttributeMap& payload = content.payload->as_map();
                          payload["customer"] = payload["client"];
                          payload["total"] = 1;
                          return {};
                        }},
                       {.type = "ORDER_CREATED", .upcast = [](EventContent&) -> Result<void> {
                          return Error(ErrorCode::validation, "it is not of this type any more");
                        }}};
  const Orders orders(std::move(options));
  const auto loaded = orders.get_existing_aggregate("o-1");
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->aggregate.customer, "c-9");
  EXPECT_EQ(loaded->events[0].metadata().text(), "upcast");
  EXPECT_EQ(loaded->events[0].timestamp(), "2024");
  EXPECT_EQ(storage_->get_events("ORDERS", "o-1").value()[0].type(), "ORDER_CREATED");
}

// ---- 4.9: stores for tests ----

TEST_F(EventStoreTest, AMockHasItsOwnEventsAndGoesBackToTheFirst) {
  push_four();
  auto mock = mock_event_store(
      orders_, {{.aggregate_id = "o-1", .version = 1, .body = Placed{.customer = "mock"}}});
  ASSERT_TRUE(mock) << mock.error();
  const Orders& mocked = mock->store();
  EXPECT_EQ(mocked.get_existing_aggregate("o-1")->aggregate.customer, "mock");
  ASSERT_TRUE(mocked.push_event({.aggregate_id = "o-1", .version = 2, .body = Shipped{}}));
  ASSERT_TRUE(mock->reset());
  EXPECT_EQ(mocked.last_version("o-1").value(), 1);
  EXPECT_EQ(orders_.last_version("o-1").value(), 4);
}

TEST_F(EventStoreTest, AMutedStoreIsOnMemoryUntilTheEndOfTheTest) {
  push_four();
  {
    const auto muted = mute_event_store(orders_);
    ASSERT_TRUE(muted) << muted.error();
    EXPECT_FALSE(orders_.exists("o-1").value());
    push(1, Shipped{});
  }
  EXPECT_EQ(orders_.last_version("o-1").value(), 4);
}

TEST_F(EventStoreTest, ThreadsOutnumberTheWorkOrNot) {
  for (const unsigned threads : {0U, 1U, 3U, 16U}) {
    std::atomic<int> sum = 0;
    ASSERT_TRUE(detail::for_each_in_parallel(10, threads, [&](std::size_t i) -> Result<void> {
      sum += static_cast<int>(i);
      return {};
    }));
    EXPECT_EQ(sum, 45);
  }
  const auto failed = detail::for_each_in_parallel(10, 4, [](std::size_t i) -> Result<void> {
    if (i >= 3) return Error::internal(std::to_string(i));
    return {};
  });
  ASSERT_FALSE(failed);
  EXPECT_TRUE(detail::for_each_in_parallel(0, 4, [](std::size_t) { return Result<void>(); }));
}

}  // namespace
}  // namespace dynakeep
