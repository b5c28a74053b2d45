#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "dynakeep/stores/event_store.h"
#include "stores/event_store/following.h"
#include "stores/event_store/spread_stream.h"

namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Subscriptions : public Following {
 protected:
  void SetUp() override {
    Following::SetUp();
    if (IsSkipped()) return;
    marks = std::make_unique<EventMarkTable>(
        database(),
        EventMarkTableOptions{.table_name = table_name() + "-marks", .name = "follower"});
    must(marks->create_table());
  }
  void TearDown() override {
    if (marks) must(database().delete_table({.table_name = marks->table_name()}));
    Following::TearDown();
  }
  void take_over_within_a_batch(
      EventSubscriptionOptions options, const std::function<void()>& when_started = [] {}) {
    if (is_legacy()) options.event_store_ids = {orders};
    std::unique_ptr<EventSubscription> other;
    int handled = 0;
    const auto one =
        must(EventSubscription::open(database(), table(), *checkpoints, seen.options(options),
                                     [&](const SubscribedEvent&) -> Result<void> {
                                       if (++handled == 2) other = open(options);
                                       seen.moment += 400ms;
                                       return {};
                                     }));
    must(one->start());
    when_started();
    const auto stopped = seen.drain(*one);
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->code(), ErrorCode::write_conflict);
    // It asked before the first, and asks again when that is a second ago.
    EXPECT_EQ(handled, 3);
    EXPECT_FALSE(seen.drain(*other));
    EXPECT_THAT(seen.take(), ElementsAre("o-1/1", "o-1/2", "o-1/3", "o-1/4", "o-1/5", "o-1/6"));
  }

  std::unique_ptr<EventMarkTable> marks;
};

std::vector<StorageKind> single_tables() {
  auto kinds = table_kinds();
  std::erase_if(kinds, [](const StorageKind& kind) { return kind.format != Format::single_table; });
  return kinds;
}

// Only single tables have many, and keys that are of none.
class SubscriptionsOfManyStores : public Subscriptions {};

TEST_P(Subscriptions, TheHistoryIsDeliveredAndThenWhatIsStored) {
  push_versions("o-1", 1, 3);
  push_versions("o-2", 1, 1);
  const auto subscription = open({.marks = marks.get(), .events_at_once = 2});
  push_versions("o-2", 2, 2);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, UnorderedElementsAre("o-1/1", "o-1/2", "o-1/3", "o-2/1", "o-2/2"));
  EXPECT_FALSE(subscription->figures().is_reading_history);
  EXPECT_EQ(subscription->figures().histories, 1U);
  seen.take();

  push_versions("o-1", 4, 5);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/4", "o-1/5"));
}

TEST_P(Subscriptions, AMessageHasTheEventAsItIsStored) {
  NewEvent event = event_of("o-1", 1, "ORDER_PLACED");
  event.payload = json(R"({"total": 19.5})");
  event.metadata = json(R"({"source": "web"})");
  const Event pushed = must(storage().push_event(orders, event));
  const auto subscription = open();
  seen.drain(*subscription);
  event.version = 2;
  const Event second = must(storage().push_event(orders, event));
  seen.drain(*subscription);
  ASSERT_EQ(seen.all.size(), 2U);
  EXPECT_EQ(seen.all[0].message, (NotificationMessage{orders, pushed}));
  EXPECT_TRUE(seen.all[0].is_from_table);
  EXPECT_EQ(seen.all[1].message, (NotificationMessage{orders, second}));
  EXPECT_FALSE(seen.all[1].is_from_table);
}

TEST_P(Subscriptions, ALateStartDeliversAggregatesWholeThatChangeFromThenOn) {
  push_versions("o-1", 1, 3);
  push_versions("o-2", 1, 2);
  const auto subscription = open({.from = EventStart::latest, .events_at_once = 2});
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, IsEmpty());
  push_versions("o-1", 4, 5);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/2", "o-1/3", "o-1/4", "o-1/5"));
  EXPECT_EQ(subscription->figures().from_table, 3U);
}

TEST_P(Subscriptions, ALateStartMaySkipWhatWasStoredBefore) {
  push_versions("o-1", 1, 3);
  const auto subscription = open({.from = EventStart::latest, .earlier = EarlierEvents::skip});
  push_versions("o-1", 4, 5);
  push_versions("o-2", 1, 1);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/4", "o-1/5", "o-2/1"));
}

TEST_P(Subscriptions, TheStreamsOldestRecordIsAStartToo) {
  push_versions("o-1", 1, 2);
  const auto subscription = open({.from = EventStart::trim_horizon});
  push_versions("o-1", 3, 3);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/2", "o-1/3"));
}

TEST_P(Subscriptions, WhatWasDeliveredDoesNotComeAgainAfterARestart) {
  push_versions("o-1", 1, 2);
  {
    const auto subscription = open({.marks = marks.get()});
    push_versions("o-1", 3, 3);
    seen.drain(*subscription);
    must(subscription->checkpoint());
  }
  EXPECT_THAT(seen.take(), ElementsAre("o-1/1", "o-1/2", "o-1/3"));
  push_versions("o-1", 4, 4);
  push_versions("o-2", 1, 1);
  seen.drain(*open({.marks = marks.get()}));
  EXPECT_THAT(seen.take(), ElementsAre("o-1/4", "o-2/1"));
}

TEST_P(Subscriptions, MarksTellWhatWasDeliveredWhereNoCheckpointWasWritten) {
  {
    const auto subscription = open({.marks = marks.get()});
    push_versions("o-1", 1, 3);
    seen.drain(*subscription);
  }  // as if it had crashed
  EXPECT_THAT(seen.take(), ElementsAre("o-1/1", "o-1/2", "o-1/3"));
  push_versions("o-1", 4, 4);
  seen.drain(*open({.marks = marks.get()}));
  EXPECT_THAT(seen.take(), ElementsAre("o-1/4"));
}

TEST_P(Subscriptions, TheOneThatStartsTakesOverAndTheOneBeforeSaysSo) {
  auto other_checkpoints = make_in_memory_stream_checkpoints();
  const auto one = open({.marks = marks.get()});
  push_versions("o-1", 1, 2);
  EXPECT_FALSE(seen.drain(*one));
  EXPECT_THAT(seen.take(), ElementsAre("o-1/1", "o-1/2"));

  // Elsewhere, with checkpoints of its own: no lock and no lease stands between the two.
  push_versions("o-1", 3, 3);
  checkpoints.swap(other_checkpoints);
  const auto other = open({.marks = marks.get()});
  const auto stopped = seen.drain(*one);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->code(), ErrorCode::write_conflict);
  EXPECT_THAT(stopped->message(), HasSubstr("taken over the subscription follower"));
  EXPECT_THAT(seen.take(), IsEmpty());
  EXPECT_EQ(one->step().error().code(), ErrorCode::write_conflict);

  EXPECT_FALSE(seen.drain(*other));
  EXPECT_THAT(seen.take(), ElementsAre("o-1/3"));
}

// Handling an event takes 400 ms; while the second is handled, another takes over.
TEST_P(Subscriptions, TheOneBeforeHandlesNothingMoreOfAPageASecondAfterItWasTakenOver) {
  push_versions("o-1", 1, 6);
  take_over_within_a_batch({.marks = marks.get()});
}

TEST_P(Subscriptions, TheOneBeforeHandlesNothingMoreOfABatchASecondAfterItWasTakenOver) {
  take_over_within_a_batch({.from = EventStart::latest, .marks = marks.get()},
                           [this] { push_versions("o-1", 1, 6); });
}

TEST_P(Subscriptions, TheOneThatStartsReadsTheHistoryOnWhereTheOneBeforeWas) {
  for (int i = 0; i < 4; ++i) push_versions("o-" + std::to_string(i), 1, 3);
  const auto one = open({.marks = marks.get(), .events_at_once = 5});
  must(one->step());
  EXPECT_EQ(seen.take().size(), 5U);
  const auto other = open({.marks = marks.get(), .events_at_once = 5});
  EXPECT_EQ(one->step().error().code(), ErrorCode::write_conflict);
  EXPECT_THAT(seen.take(), IsEmpty());
  EXPECT_FALSE(seen.drain(*other));
  EXPECT_EQ(seen.take().size(), 7U);
}

TEST_P(Subscriptions, WithoutMarksCheckpointsThatOthersMayShareAreRefused) {
  const auto shared =
      must(open_stream_checkpoint_table(database(), {.table = table_name() + "-checkpoints"}));
  EventSubscriptionOptions options;
  if (is_legacy()) options.event_store_ids = {orders};
  const auto opened =
      EventSubscription::open(database(), table(), *shared, seen.options(options), seen.handler());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid_argument);
  EXPECT_THAT(opened.error().message(), HasSubstr("marks"));
  options.marks = marks.get();
  EXPECT_TRUE(
      EventSubscription::open(database(), table(), *shared, seen.options(options), seen.handler()));
  must(database().delete_table({.table_name = table_name() + "-checkpoints"}));
}

TEST_P(Subscriptions, WithoutMarksARestartDeliversAnAggregateFromItsBeginning) {
  {
    const auto subscription = open({.from = EventStart::latest});
    push_versions("o-1", 1, 2);
    seen.drain(*subscription);
    must(subscription->checkpoint());
  }
  seen.take();
  push_versions("o-1", 3, 3);
  seen.drain(*open({.from = EventStart::latest}));
  EXPECT_THAT(seen.take(), ElementsAre("o-1/1", "o-1/2", "o-1/3"));
}

TEST_P(Subscriptions, AHistoryThatWasInterruptedGoesOnWhereItWas) {
  for (int i = 0; i < 12; ++i) push_versions("o-" + std::to_string(i), 1, 2);
  {
    const auto subscription = open({.marks = marks.get(), .events_at_once = 5});
    for (int i = 0; i < 3; ++i) must(subscription->step());
    EXPECT_EQ(subscription->figures().history_events, 15U);
    EXPECT_TRUE(subscription->figures().is_reading_history);
  }
  EXPECT_EQ(seen.events.size(), 15U);
  const auto subscription = open({.marks = marks.get(), .events_at_once = 5});
  push_versions("o-3", 3, 3);
  seen.drain(*subscription);
  EXPECT_EQ(seen.events.size(), 25U);
  EXPECT_EQ(std::set<std::string>(seen.events.begin(), seen.events.end()).size(), 25U);
}

TEST_P(Subscriptions, EventTypesAndAggregatesAreChosen) {
  const auto subscription =
      open({.event_types = {"ORDER_PAID"},
            .aggregates = [](const AggregateKey& key) { return key.aggregate_id != "o-2"; }});
  push({event_of("o-1", 1), event_of("o-1", 2, "ORDER_PAID"), event_of("o-2", 1, "ORDER_PAID"),
        event_of("o-3", 1, "ORDER_PAID")});
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, UnorderedElementsAre("o-1/2", "o-3/1"));
}

TEST_P(SubscriptionsOfManyStores, AreToldApart) {
  push({event_of("same", 1)}, orders);
  const auto all = open({.from = EventStart::trim_horizon});
  push({event_of("same", 1)}, customers);
  seen.drain(*all);
  ASSERT_EQ(seen.all.size(), 2U);
  EXPECT_EQ(seen.all[0].message.event_store_id, orders);
  EXPECT_EQ(seen.all[1].message.event_store_id, customers);
  seen.all.clear();
  checkpoints = make_in_memory_stream_checkpoints();
  const auto one = open({.event_store_ids = {customers}, .from = EventStart::trim_horizon});
  seen.drain(*one);
  ASSERT_EQ(seen.all.size(), 1U);
  EXPECT_EQ(seen.all[0].message.event_store_id, customers);
}

TEST_P(Subscriptions, EventsOfAGroupAreDeliveredEachInTheOrderOfItsAggregate) {
  if (!database().capabilities().transactions) GTEST_SKIP() << "The engine has no groups";
  const auto subscription = open({.marks = marks.get()});
  for (Version round = 0; round < 5; ++round) {
    must(storage().push_event_group(
        {{.event_store_id = orders, .event = event_of("o-1", 2 * round + 2)},
         {.event_store_id = orders, .event = event_of("o-1", 2 * round + 1)},
         {.event_store_id = orders, .event = event_of("o-2", round + 1)}}));
  }
  seen.drain(*subscription);
  std::map<std::string, std::vector<Version>> of;
  for (const SubscribedEvent& each : seen.all) {
    of[std::string(each.message.event.aggregate_id())].push_back(each.message.event.version());
    EXPECT_FALSE(each.is_late);
  }
  EXPECT_THAT(of["o-1"], ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_THAT(of["o-2"], ElementsAre(1, 2, 3, 4, 5));
}

TEST_P(Subscriptions, GapsThatWritersLeftAreNotWaitedForAndFillingThemIsLate) {
  push({event_of("o-1", 1), event_of("headless", 2)});
  const auto subscription = open({.marks = marks.get()});
  push({event_of("o-1", 5), event_of("o-1", 6)});
  seen.drain(*subscription);
  EXPECT_THAT(seen.take(), UnorderedElementsAre("o-1/1", "headless/2", "o-1/5", "o-1/6"));
  push({event_of("o-1", 3), event_of("headless", 1), event_of("o-1", 7), event_of("o-1", 2)});
  seen.drain(*subscription);
  EXPECT_THAT(seen.take(),
              UnorderedElementsAre("o-1/3 late", "headless/1 late", "o-1/7", "o-1/2 late"));
  EXPECT_EQ(subscription->figures().late, 3U);
  EXPECT_EQ(must(marks->load({{orders, "o-1"}})).front()->missing,
            (std::vector<VersionRange>{{4, 4}}));
}

TEST_P(Subscriptions, ReplacedAndRemovedEventsAreToldOf) {
  push_versions("o-1", 1, 3);
  const auto subscription = open({.marks = marks.get()});
  seen.drain(*subscription);
  seen.take();
  NewEvent other = event_of("o-1", 2, "ORDER_REDACTED");
  must(storage().push_event(orders, other, {.force = true}));
  must(storage().push_event(orders, event_of("o-1", 4), {.force = true}));
  seen.drain(*subscription);
  EXPECT_THAT(seen.take(), ElementsAre("o-1/4"));
  EXPECT_THAT(std::exchange(seen.rewrites, {}), ElementsAre("replaced o-1/2"));

  must(storage().delete_aggregate(orders, "o-1"));
  push_versions("o-1", 1, 2);
  seen.drain(*subscription);
  EXPECT_THAT(seen.rewrites, UnorderedElementsAre("removed o-1/4", "removed o-1/3", "removed o-1/2",
                                                  "removed o-1/1"));
  EXPECT_THAT(seen.take(), ElementsAre("o-1/1", "o-1/2"));
  EXPECT_EQ(subscription->figures().replaced, 1U);
  EXPECT_EQ(subscription->figures().removed, 4U);
}

TEST_P(Subscriptions, WhatOthersAddToAnItemIsNoRewrite) {
  push_versions("o-1", 1, 1);
  const auto subscription = open();
  seen.drain(*subscription);
  must(database().update_item({.table_name = table_name(),
                               .key = Key{{"aggregateId", stored_key("o-1")}, {"version", 1}},
                               .update_expression = "SET expires = :then",
                               .expression_attribute_values = Item{{":then", 2'000'000'000}}}));
  seen.drain(*subscription);
  EXPECT_THAT(seen.rewrites, IsEmpty());
  EXPECT_EQ(subscription->figures().duplicates, 1U);
}

TEST_P(Subscriptions, AStreamOfAnyViewTypeWillDo) {
  for (const StreamViewType view :
       {StreamViewType::keys_only, StreamViewType::old_image, StreamViewType::new_image}) {
    const std::string name = table_name() + "-" + std::to_string(static_cast<int>(view));
    const auto other = open_table({.table_name = name});
    must(other->create_table());
    switch_on(name, view);
    checkpoints = make_in_memory_stream_checkpoints();
    const auto subscription = must(EventSubscription::open(
        database(), *other, *checkpoints,
        seen.options({.event_store_ids = {orders}, .from = EventStart::latest}), seen.handler()));
    must(subscription->start());
    for (Version version = 1; version <= 4; ++version) {
      must(other->push_event(orders, event_of("o-1", version)));
      must(other->push_event(orders, event_of("o-2", version)));
    }
    seen.drain(*subscription);
    must(other->push_event(orders, event_of("o-1", 3, "OTHER"), {.force = true}));
    seen.drain(*subscription);
    EXPECT_EQ(seen.events.size(), 8U);
    EXPECT_THAT(std::exchange(seen.rewrites, {}), ElementsAre("replaced o-1/3"));
    EXPECT_THAT(seen.take(), testing::IsSupersetOf({"o-1/1", "o-1/4", "o-2/4"}));
  }
}

TEST_P(Subscriptions, AnEventThatFailsComesAgainAndHoldsBackItsAggregate) {
  const auto failing = std::make_shared<int>(3);
  std::vector<unsigned> attempts;
  auto options = seen.options({.from = EventStart::latest, .marks = marks.get()});
  if (is_legacy()) options.event_store_ids = {orders};
  const auto subscription = must(EventSubscription::open(
      database(), table(), *checkpoints, options,
      [&, handle = seen.handler()](const SubscribedEvent& event) -> Result<void> {
        if (event.message.event.version() == 2) {
          attempts.push_back(event.attempt);
          if ((*failing)-- == 2) throw std::runtime_error("Not that way");
          if (*failing >= 0) return Error::internal("Not now");
        }
        return handle(event);
      }));
  must(subscription->start());
  push_versions("o-1", 1, 3);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/2", "o-1/3"));
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(subscription->figures().failures, 3U);
}

class PoisonedSubscriptions : public Subscriptions {
 protected:
  std::unique_ptr<EventSubscription> open_poisoned(EventRetry retry, EventStart from) {
    EventSubscriptionOptions options{.from = from, .marks = marks.get(), .retry = retry};
    options.dead_letter = [this](const EventDeadLetter& letter) -> Result<void> {
      if (refused_letters-- > 0) return Error::internal("The sink");
      letters.push_back(letter);
      return {};
    };
    if (is_legacy()) options.event_store_ids = {orders};
    auto subscription = must(EventSubscription::open(
        database(), table(), *checkpoints, seen.options(std::move(options)),
        [handle = seen.handler()](const SubscribedEvent& event) -> Result<void> {
          if (event.message.event.type() == "POISON") return Error::internal("Cannot");
          return handle(event);
        }));
    must(subscription->start());
    return subscription;
  }
  int refused_letters = 0;
  std::vector<EventDeadLetter> letters;
};

TEST_P(PoisonedSubscriptions, PoisonIsSkippedAfterSoManyAttempts) {
  const auto subscription = open_poisoned(
      {.attempts_max = 2, .on_poison = StreamRetry::OnPoison::skip}, EventStart::latest);
  push({event_of("o-1", 1), event_of("o-1", 2, "POISON"), event_of("o-1", 3)});
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/3"));
  EXPECT_EQ(subscription->figures().skipped, 1U);
  EXPECT_EQ(subscription->figures().failures, 2U);
}

TEST_P(PoisonedSubscriptions, PoisonGoesToTheDeadLettersAlsoOfTheHistory) {
  push({event_of("o-1", 1), event_of("o-1", 2, "POISON"), event_of("o-1", 3)});
  refused_letters = 1;
  const auto subscription = open_poisoned(
      {.attempts_max = 1, .on_poison = StreamRetry::OnPoison::dead_letter}, EventStart::history);
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/3"));
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].key, (EventKey{orders, "o-1", 2}));
  EXPECT_EQ(letters[0].item, raw("o-1", 2));
  EXPECT_EQ(letters[0].attempts, 2U);  // one more for the sink that failed
  EXPECT_EQ(letters[0].error.message(), "Cannot");
  EXPECT_EQ(subscription->figures().dead_letters, 1U);
}

TEST_P(PoisonedSubscriptions, PoisonStopsIt) {
  const auto subscription = open_poisoned(
      {.attempts_max = 3, .on_poison = StreamRetry::OnPoison::stop}, EventStart::latest);
  push({event_of("o-1", 1), event_of("o-1", 2, "POISON"), event_of("o-1", 3)});
  const auto stopped = seen.drain(*subscription);
  ASSERT_TRUE(stopped);
  EXPECT_THAT(stopped->message(), HasSubstr("version 2 of aggregate o-1"));
  EXPECT_THAT(seen.events, ElementsAre("o-1/1"));
  EXPECT_FALSE(subscription->step());
}

TEST_P(PoisonedSubscriptions, ByDefaultPoisonIsTriedForEverAndHoldsBackWhatFollows) {
  const auto subscription = open_poisoned({}, EventStart::latest);
  push({event_of("o-1", 1, "POISON"), event_of("o-1", 2)});
  for (int i = 0; i < 200; ++i) {
    const auto next = must(subscription->step());
    if (next && *next > seen.moment) seen.moment = *next;
  }
  EXPECT_THAT(seen.events, IsEmpty());
  EXPECT_GT(subscription->figures().failures, 5U);
}

TEST_P(PoisonedSubscriptions, AnItemThatIsNoEventIsPoison) {
  push({event_of("o-1", 1)});
  must(database().put_item(
      {.table_name = table_name(),
       .item = Item{{"aggregateId", stored_key("o-1")}, {"version", 2}, {"timestamp", "2024"}}}));
  push({event_of("o-1", 3)});
  const auto subscription = open_poisoned(
      {.attempts_max = 1, .on_poison = StreamRetry::OnPoison::dead_letter}, EventStart::history);
  must(database().put_item({.table_name = table_name(),
                            .item = Item{{"aggregateId", stored_key("o-1")},
                                         {"version", must(Number::parse("4.5"))},
                                         {"timestamp", "2024"},
                                         {"type", "FRACTION"}}}));
  push({event_of("o-1", 4)});
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/3", "o-1/4"));
  ASSERT_FALSE(letters.empty());
  EXPECT_EQ(letters[0].key.version, 2);
  EXPECT_EQ(letters[0].error.code(), ErrorCode::malformed_item);
  EXPECT_EQ(letters.back().item.at("type").as_string(), "FRACTION");
}

TEST_P(SubscriptionsOfManyStores, ItemsThatAreNoEventsByTheirKeysAreLeftAside) {
  must(database().put_item(
      {.table_name = table_name(), .item = Item{{"aggregateId", "foreign"}, {"version", 1}}}));
  push_versions("o-1", 1, 1);
  const auto subscription = open();
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1"));
  EXPECT_EQ(subscription->figures().foreign, 1U);
}

TEST_P(Subscriptions, APauseLastsUntilItIsResumed) {
  const auto subscription = open({.marks = marks.get()});
  subscription->pause();
  push_versions("o-1", 1, 2);
  for (int i = 0; i < 20; ++i) {
    const auto next = must(subscription->step());
    if (next && *next > seen.moment) seen.moment = *next;
  }
  EXPECT_THAT(seen.events, IsEmpty());
  EXPECT_TRUE(subscription->figures().is_paused);
  subscription->resume();
  seen.drain(*subscription);
  EXPECT_THAT(seen.events, ElementsAre("o-1/1", "o-1/2"));
}

TEST_P(Subscriptions, OnThreadsItFollowsUntilItIsToldToStop) {
  std::mutex mutex;
  std::map<std::string, Version> last;
  std::atomic<int> count = 0;
  EventSubscriptionOptions options{.name = "follower", .marks = marks.get()};
  if (is_legacy()) options.event_store_ids = {orders};
  options.stream.lanes = 3;
  options.stream.threads = 3;
  options.stream.busy_poll = 5ms;
  options.stream.idle_poll_max = 10ms;
  const auto subscription =
      must(EventSubscription::open(database(), table(), *checkpoints, options,
                                   [&](const SubscribedEvent& event) -> Result<void> {
                                     const std::lock_guard lock(mutex);
                                     Version& version =
                                         last[std::string(event.message.event.aggregate_id())];
                                     EXPECT_EQ(event.message.event.version(), version + 1);
                                     version = event.message.event.version();
                                     ++count;
                                     return {};
                                   }));
  push_versions("o-0", 1, 5);
  {
    const RunningOnAThread following(*subscription);
    on_threads(3, [&](int writer) {
      for (Version version = 1; version <= 15; ++version) {
        must(storage().push_event(orders, event_of("w-" + std::to_string(writer), version)));
        if (writer == 0 && version == 5) subscription->pause();
        if (writer == 0 && version == 10) subscription->resume();
      }
    });
    wait_until([&] { return count == 5 + 3 * 15 || following.has_ended(); });
  }
  EXPECT_EQ(count, 5 + 3 * 15);
  EXPECT_EQ(last.size(), 4U);
}

struct Paid {
  static constexpr std::string_view event_type = "ORDER_PAID";
  std::int64_t amount = 0;
  static void fields(auto& self, auto&& field) { field("amount", self.amount); }
};
struct Order {
  std::string aggregate_id = {};
  Version version = 0;
};
using Orders = EventStore<Order, std::variant<Paid, UnknownEvent>>;

TEST_P(Subscriptions, TypedEventsAreThoseThatTheStoreWouldRead) {
  const Orders store(
      {.event_store_id = orders,
       .reducer = reduce_with([](Order&, const Paid&) {}, [](Order&, const UnknownEvent&) {}),
       .storage = &storage()});
  std::int64_t amount = 0;
  auto options = seen.options({});
  if (is_legacy()) options.event_store_ids = {orders};
  const auto subscription = must(EventSubscription::open(
      database(), table(), *checkpoints, options,
      typed_events(store, [&](const Orders::Stored& event, const SubscribedEvent&) -> Result<void> {
        if (const auto* paid = std::get_if<Paid>(&event.body)) amount += paid->amount;
        return {};
      })));
  must(subscription->start());
  must(store.push_event({.aggregate_id = "o-1", .version = 1, .body = Paid{7}}));
  if (!is_legacy()) push({event_of("c-1", 1)}, customers);
  push({event_of("o-1", 2, "OTHER")});
  must(store.push_event({.aggregate_id = "o-1", .version = 3, .body = Paid{5}}));
  seen.drain(*subscription);
  EXPECT_EQ(amount, 12);
}

TEST_P(Subscriptions, WrongOptionsAreRefusedByName) {
  const auto refusal = [&](EventSubscriptionOptions options) {
    if (options.name.empty()) options.name = "follower";
    if (is_legacy() && options.event_store_ids.empty()) options.event_store_ids = {orders};
    return refused(
               EventSubscription::open(database(), table(), *checkpoints, options, seen.handler()),
               ErrorCode::invalid_argument)
        .message();
  };
  EXPECT_THAT(refusal({.name = "a b"}), HasSubstr("name"));
  EXPECT_THAT(refusal({.event_store_ids = {orders, orders}}), HasSubstr("event_store_ids"));
  EXPECT_THAT(refusal({.event_store_ids = {""}}), HasSubstr("event store"));
  EXPECT_THAT(refusal({.from = EventStart::time}), HasSubstr("time"));
  EXPECT_THAT(refusal({.time = clock_.now()}), HasSubstr("time"));
  EXPECT_THAT(refusal({.earlier = EarlierEvents::skip}), HasSubstr("history"));
  EXPECT_THAT(refusal({.aggregates_in_memory = 9'999}), HasSubstr("aggregates_in_memory"));
  EXPECT_THAT(refusal({.events_at_once = 0}), HasSubstr("events_at_once"));
  EXPECT_THAT(refusal({.retry = {.attempts_max = 0}}), HasSubstr("attempts_max"));
  EXPECT_THAT(refusal({.retry = {.on_poison = StreamRetry::OnPoison::dead_letter}}),
              HasSubstr("dead_letter"));
  EXPECT_THAT(refusal({.stream = {.group = "g"}}), HasSubstr("stream"));
  EXPECT_THAT(refusal({.stream = {.lanes = 0}}), HasSubstr("lanes"));
  if (is_legacy()) {
    EXPECT_THAT(refusal({.event_store_ids = {orders, customers}}), HasSubstr("legacy"));
  }
  refused(EventSubscription::open(database(), table(), *checkpoints,
                                  seen.options({.event_store_ids = {orders}}), {}),
          ErrorCode::invalid_argument);
}

TEST_P(Subscriptions, ATableWithoutAStreamCannotBeFollowed) {
  must(database().update_table(
      {.table_name = table_name(),
       .stream_specification = StreamSpecification{.stream_enabled = false}}));
  const auto subscription =
      must(EventSubscription::open(database(), table(), *checkpoints,
                                   seen.options({.event_store_ids = {orders}}), seen.handler()));
  EXPECT_THAT(refused(subscription->start(), ErrorCode::invalid_argument).message(),
              HasSubstr("has no stream"));
}

ON_EVERY_TABLE(Subscriptions);
INSTANTIATE_TEST_SUITE_P(Stores, SubscriptionsOfManyStores, testing::ValuesIn(single_tables()),
                         storage_kind_name);
ON_EVERY_TABLE(PoisonedSubscriptions);

// ---- a stream that keeps no order but each item's ----

class SpreadSubscriptions : public testing::Test {
 protected:
  SpreadSubscriptions() {
    must(table->create_table());
    must(database->update_table(
        {.table_name = "Events",
         .stream_specification = StreamSpecification{
             .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images}}));
    must(marks.create_table());
  }
  std::unique_ptr<EventSubscription> open(EventSubscriptionOptions options = {}) {
    options.stream.clock = &clock;
    auto subscription = must(EventSubscription::open(
        spread, *table, *checkpoints, seen.options(std::move(options)), seen.handler()));
    must(subscription->start());
    return subscription;
  }

  std::unique_ptr<Database> database = must(open_embedded({.in_memory = true}));
  SpreadStream spread{*database, 7};
  std::unique_ptr<EventTable> table = single_table_event_storage(spread, {.table_name = "Events"});
  EventMarkTable marks{*database, {.table_name = "Marks", .name = "follower"}};
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  Deliveries seen;
  ManualClock clock{system_clock().now()};
};

TEST_F(SpreadSubscriptions, VersionsComeInOrderAlthoughTheirRecordsDoNot) {
  const auto subscription = open({.from = EventStart::latest, .marks = &marks});
  for (Version version = 1; version <= 60; ++version) {
    must(table->push_event(orders, event_of("o-1", version)));
  }
  seen.drain(*subscription, 40);
  ASSERT_EQ(seen.events.size(), 60U);
  for (std::size_t i = 0; i < seen.events.size(); ++i) {
    EXPECT_EQ(seen.events[i], "o-1/" + std::to_string(i + 1));
  }
  EXPECT_GT(subscription->figures().from_table, 0U);
  EXPECT_GT(subscription->figures().duplicates, 0U);
}

TEST_F(SpreadSubscriptions, WhatTheStreamHasLostIsReadFromTheTable) {
  for (const bool is_running : {false, true}) {
    auto subscription = open({.marks = &marks});
    const std::string id = is_running ? "o-2" : "o-1";
    must(table->push_event(orders, event_of(id, 1)));
    must(table->push_event(orders, event_of("quiet-" + id, 1)));
    seen.drain(*subscription, 40);
    must(subscription->checkpoint());
    EXPECT_EQ(seen.take().size(), 2U);
    if (!is_running) subscription.reset();
    for (Version version = 2; version <= 9; ++version) {
      must(table->push_event(orders, event_of(id, version)));
      must(table->push_event(orders, event_of("other-" + id, version - 1)));
    }
    spread.trim();
    clock.advance(25h);
    if (!is_running) subscription = open({.marks = &marks});
    seen.drain(*subscription, 40);
    EXPECT_EQ(seen.take().size(), 16U);
    EXPECT_GE(subscription->figures().histories, 1U);
    // And no second time for the same loss.
    must(subscription->checkpoint());
    subscription = open({.marks = &marks});
    seen.drain(*subscription);
    EXPECT_EQ(subscription->figures().histories, 0U);
    EXPECT_THAT(seen.take(), IsEmpty());
  }
}

// ---- the engine's own stream, whose shards roll and split ----

class RollingSubscriptions : public testing::TestWithParam<bool> {};

TEST_P(RollingSubscriptions, EveryEventIsDeliveredOnceAndInOrderWhileWritersWriteAndItRestarts) {
  constexpr int writers = 3;
  constexpr Version versions = 40;
  const auto database = must(
      open_embedded({.in_memory = true,
                     .streams = {.initial_shards = 2, .roll_records = 15, .max_open_shards = 8}}));
  const auto table = GetParam() ? legacy_event_storage(*database, {.table_name = "Events"})
                                : single_table_event_storage(*database, {.table_name = "Events"});
  must(table->create_table());
  const auto enabled = must(database->update_table(
      {.table_name = "Events",
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  const std::string arn = *enabled.table_description.latest_stream_arn;
  const auto shards = [&] {
    return must(database->describe_stream({.stream_arn = arn})).stream_description.shards.size();
  };
  EventMarkTable marks(*database, {.table_name = "Marks", .name = "rolling"});
  must(marks.create_table());
  const auto checkpoints = make_in_memory_stream_checkpoints();
  std::mutex mutex;
  std::map<std::string, Version> last;
  std::atomic<Version> count = 0;
  must(table->push_event(orders, event_of("before", 1)));

  std::atomic<bool> written = false;
  const std::jthread writing([&] {
    for (int part = 0; part < 2; ++part) {
      const std::size_t before = shards();
      on_threads(writers, [&](int writer) {
        for (Version version = part * versions / 2 + 1; version <= (part + 1) * versions / 2;
             ++version) {
          for (const char* id : {"a-", "b-"}) {
            must(table->push_event(orders, event_of(id + std::to_string(writer), version)));
          }
        }
      });
      wait_until([&] { return shards() > before; });
    }
    written = true;
  });
  while (!written || count < 1 + writers * 2 * versions) {
    EventSubscriptionOptions options{
        .name = "rolling", .event_store_ids = {orders}, .marks = &marks, .events_at_once = 7};
    options.stream.threads = 3;
    options.stream.lanes = 2;
    options.stream.busy_poll = 2ms;
    options.stream.idle_poll_max = 5ms;
    const auto subscription =
        must(EventSubscription::open(*database, *table, *checkpoints, options,
                                     [&](const SubscribedEvent& event) -> Result<void> {
                                       const std::lock_guard lock(mutex);
                                       Version& version =
                                           last[std::string(event.message.event.aggregate_id())];
                                       EXPECT_EQ(event.message.event.version(), version + 1);
                                       version = event.message.event.version();
                                       ++count;
                                       return {};
                                     }));
    const RunningOnAThread following(*subscription);
    const Version before = count;
    // A restart, now and then.
    while (count < before + 50 && !(written && count == 1 + writers * 2 * versions)) {
      ASSERT_FALSE(following.has_ended());
      std::this_thread::sleep_for(1ms);
    }
  }
  EXPECT_EQ(count, 1 + writers * 2 * versions);
  EXPECT_GE(shards(), 4U);
}

INSTANTIATE_TEST_SUITE_P(Formats, RollingSubscriptions, testing::Bool(), [](const auto& format) {
  return format.param ? "legacy" : "single_table";
});

}  // namespace
}  // namespace dynakeep::contract
