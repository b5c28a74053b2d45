#include <algorithm>

#include "dynakeep/stores/event_command.h"
#include "dynakeep/stores/event_messages.h"
#include "dynakeep/stores/event_replay.h"
#include "stores/event_store/storage_contract.h"
#include "stores/event_store/test_orders.h"

// The typed layer on every kind of storage: what could differ from one to another. What cannot is
// tested beside the code.
namespace dynakeep {
namespace {

using namespace contract;
using test_orders::Noted;
using test_orders::Order;
using test_orders::OrderEvent;
using test_orders::Orders;
using test_orders::Paid;
using test_orders::Placed;
using test_orders::Shipped;

class TypedEvents : public EventStorageContract {
 protected:
  Orders store() { return Orders(test_orders::order_options(&storage())); }
};

TEST_P(TypedEvents, ComeBackAsTheyWerePushed) {
  const Orders typed = store();
  const std::vector<OrderEvent> bodies{Placed{.customer = "ключ 🦊", .total = -5},
                                       Paid{.amount = 9'007'199'254'740'991},
                                       Noted{.text = "call first"}, Shipped{}};
  const auto appended = must(typed.append("o-1", ExpectedVersion::no_stream(), bodies));
  EXPECT_TRUE(appended.after_commit.empty());
  const auto loaded = must(typed.get_existing_aggregate("o-1"));
  ASSERT_EQ(loaded.events.size(), bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    EXPECT_EQ(loaded.events[i].body, bodies[i]);
    EXPECT_EQ(loaded.events[i].event, appended.events[i].event);
  }
  EXPECT_EQ(loaded.aggregate, appended.next_aggregate);
}

TEST_P(TypedEvents, ALongAggregateIsFoldedInOrderAcrossPages) {
  const Orders typed = store();
  // More than a page of a query: 40 events of 30 KB.
  for (Version version = 1; version <= 40; ++version) {
    must(typed.push_event({.aggregate_id = "o-1",
                           .version = version,
                           .body = Noted{.text = std::string(30'000, 'n')}}));
  }
  const auto loaded = must(typed.get_existing_aggregate("o-1"));
  ASSERT_EQ(loaded.aggregate.notes.size(), 40u);
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_TRUE(loaded.aggregate.notes[i].ends_with("@" + std::to_string(i + 1)));
  }
}

TEST_P(TypedEvents, AnIntruderOnEveryAttemptLeavesTheConflictAfterThree) {
  const Orders typed = store();
  std::vector<std::pair<unsigned, unsigned>> told;
  CommandRetries retries;
  retries.on_conflict = [&](const Error&, const ConflictAttempt& attempt) {
    told.emplace_back(attempt.attempt_number, attempt.retries_left);
    return Result<void>();
  };
  const Command<Version(const std::string&, const Orders&)> pay(
      {.command_id = "PAY",
       .handler = [&](const std::string& id, const Orders& orders) -> Result<Version> {
         const Version next = TRY(orders.last_version(id)).value_or(0) + 1;
         must(typed.push_event({.aggregate_id = id, .version = next, .body = Shipped{}}));
         TRY(orders.push_event({.aggregate_id = id, .version = next, .body = Paid{.amount = 1}}));
         return next;
       },
       .retries = retries});
  refused(pay("o-1", typed), ErrorCode::event_already_exists);
  EXPECT_EQ(told, (std::vector<std::pair<unsigned, unsigned>>{{1, 2}, {2, 1}, {3, 0}}));
}

TEST_P(TypedEvents, ConcurrentCommandsGetAVersionEach) {
  constexpr int commands = 24;
  const Orders typed = store();
  std::vector<Version> won(commands);
  on_threads(commands, [&](int thread) {
    const Command<Version(const Orders&)> pay(
        {.command_id = "PAY",
         .handler = [](const Orders& orders) -> Result<Version> {
           const auto order = TRY(orders.get_aggregate("o-1")).aggregate.value_or(Order{});
           TRY(orders.push_event({.aggregate_id = "o-1",
                                  .version = order.version + 1,
                                  .body = Paid{.amount = order.paid + 1}}));
           return order.version + 1;
         },
         .retries = {.retries = 1'000}});
    won[static_cast<std::size_t>(thread)] = must(pay(typed));
  });
  std::sort(won.begin(), won.end());
  for (int i = 0; i < commands; ++i) EXPECT_EQ(won[static_cast<std::size_t>(i)], i + 1);
}

TEST_P(TypedEvents, StateIsPublishedAsItWasWithTheEvent) {
  const Orders typed = store();
  InMemoryMessageChannel channel;
  const StateCarryingMessageBus bus("STATE", {source_of(typed)}, &channel);
  const Orders connected = connected_event_store(typed, bus);
  for (Version version = 1; version <= 3; ++version) {
    const auto pushed = must(connected.push_event(
        {.aggregate_id = "o-1", .version = version, .body = Paid{.amount = 10}}));
    EXPECT_TRUE(pushed.after_commit.empty());
  }
  std::vector<std::int64_t> paid;
  for (const auto& each : channel.published()) {
    const auto& message = std::get<StateCarryingMessage>(each.message);
    paid.push_back(AttributeView(message.aggregate)["paid"].integer().value_or(0));
  }
  EXPECT_EQ(paid, (std::vector<std::int64_t>{10, 20, 30}));
}

TEST_P(TypedEvents, TwentyOneAggregatesWithLateEventsAreReplayedInOrder) {
  const Orders typed = store();
  std::vector<std::string> expected;
  for (Version version = 1; version <= 2; ++version) {
    for (int i = 0; i < 21; ++i) {
      const std::string id = "o-" + padded(i);
      must(typed.push_event({.aggregate_id = id,
                             .version = version,
                             .body = Shipped{},
                             .timestamp = "202" + std::to_string(version) + padded(i)}));
      expected.push_back(id + " " + std::to_string(version));
    }
  }
  for (const std::size_t page : {20U, 21U, 100U}) {
    std::vector<std::string> told;
    const auto report =
        must(replay_events({must(replay_source(typed))},
                           [&](const NotificationMessage& message) {
                             told.push_back(std::string(message.event.aggregate_id()) + " " +
                                            std::to_string(message.event.version()));
                             return Result<void>();
                           },
                           {.listed_at_once = page}));
    EXPECT_EQ(told, expected) << page;
    EXPECT_EQ(report.messages, 42u);
  }
}

ON_EVERY_STORAGE(TypedEvents);

}  // namespace
}  // namespace dynakeep
