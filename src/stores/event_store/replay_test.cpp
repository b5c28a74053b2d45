#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "dynakeep/stores/event_replay.h"
#include "stores/event_store/test_orders.h"

namespace dynakeep {
namespace {

using namespace test_orders;

class ReplayTest : public testing::Test {
 protected:
  ManualClock clock_;
  std::unique_ptr<EventStorage> storage_ = in_memory_event_storage({.clock = &clock_});
  std::vector<std::string> told_;  // "ORDERS o-1 2 <timestamp>"

  void push(const std::string& store, const std::string& id, Version version,
            const std::string& timestamp) {
    const auto pushed = storage_->push_event(
        store,
        {.aggregate_id = id, .version = version, .type = "ORDER_SHIPPED", .timestamp = timestamp});
    ASSERT_TRUE(pushed) << pushed.error();
  }

  static std::string line(const NotificationMessage& message) {
    return message.event_store_id + " " + std::string(message.event.aggregate_id()) + " " +
           std::to_string(message.event.version()) + " " + std::string(message.event.timestamp());
  }

  NotificationReceiver telling() {
    return [this](const NotificationMessage& message) {
      told_.push_back(line(message));
      return Result<void>();
    };
  }

  ReplayReport replay(const std::vector<std::string>& stores, const ReplayOptions& options = {}) {
    told_.clear();
    std::vector<ReplaySource> sources;
    for (const std::string& store : stores) {
      sources.push_back({.storage = storage_.get(), .event_store_id = store});
    }
    auto report = replay_events(sources, telling(), options);
    EXPECT_TRUE(report) << report.error();
    return report ? std::move(*report) : ReplayReport{};
  }

  // `count` aggregates begun one after another, each with a second event after all of them.
  void push_with_late_events(const std::string& store, int count) {
    for (int i = 0; i < count; ++i) push(store, id(i), 1, "2024-01-" + two(i));
    for (int i = 0; i < count; ++i) push(store, id(i), 2, "2024-02-" + two(i));
  }
  std::vector<std::string> late_events_in_order(const std::string& store, int count) {
    std::vector<std::string> lines;
    for (int version = 1; version <= 2; ++version) {
      for (int i = 0; i < count; ++i) {
        lines.push_back(store + " " + id(i) + " " + std::to_string(version) + " 2024-0" +
                        std::to_string(version) + "-" + two(i));
      }
    }
    return lines;
  }
  static std::string id(int number) { return "o-" + two(number); }
  static std::string two(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }
};

// ---- J1, J2 ----

TEST_F(ReplayTest, EveryEventIsDeliveredOnceInTheOrderOfTheTimestamps) {
  for (const int count : {1, 20, 21, 40}) {
    storage_ = in_memory_event_storage();
    push_with_late_events("ORDERS", count);
    for (const std::size_t page : {1U, 7U, 20U, 100U}) {
      const auto report = replay({"ORDERS"}, {.listed_at_once = page, .events_at_once = 1});
      EXPECT_EQ(told_, late_events_in_order("ORDERS", count)) << count << " by " << page;
      EXPECT_EQ(report.messages, static_cast<std::size_t>(2 * count));
      ASSERT_EQ(report.stores.size(), 1u);
      EXPECT_EQ(report.stores[0].aggregates, static_cast<std::size_t>(count));
      EXPECT_EQ(report.stores[0].first->aggregate_id, id(0));
      EXPECT_EQ(report.stores[0].last->aggregate_id, id(count - 1));
      EXPECT_EQ(report.last_event->version(), 2);
      EXPECT_FALSE(report.stopped);
    }
  }
}

// ---- J4 ----

TEST_F(ReplayTest, SeveralStoresAreMergedAndASmallOldOneDoesNotComeAgain) {
  push("AGES", "a-1", 1, "2020-01-01");
  push_with_late_events("ORDERS", 30);
  push("AGES", "a-1", 2, "2024-01-15");
  const auto report = replay({"ORDERS", "AGES"}, {.listed_at_once = 20});
  EXPECT_EQ(report.messages, 62u);
  EXPECT_EQ(told_.front(), "AGES a-1 1 2020-01-01");
  // At one time, by aggregate id.
  const auto late = std::find(told_.begin(), told_.end(), "AGES a-1 2 2024-01-15");
  ASSERT_NE(late, told_.end());
  EXPECT_EQ(*(late + 1), "ORDERS o-15 1 2024-01-15");
  EXPECT_EQ(std::set<std::string>(told_.begin(), told_.end()).size(), told_.size());
}

// ---- J7 ----

TEST_F(ReplayTest, AnAggregateWhoseClockWentBackwardsStaysInOrder) {
  push("ORDERS", "a", 1, "2024-03");
  push("ORDERS", "a", 2, "2024-01");
  push("ORDERS", "a", 3, "2024-04");
  push("ORDERS", "b", 1, "2024-02");
  push("ORDERS", "b", 2, "2024-03");
  replay({"ORDERS"}, {.listed_at_once = 1, .events_at_once = 1});
  EXPECT_EQ(told_, (std::vector<std::string>{"ORDERS b 1 2024-02", "ORDERS a 1 2024-03",
                                             "ORDERS a 2 2024-01", "ORDERS b 2 2024-03",
                                             "ORDERS a 3 2024-04"}));
}

TEST_F(ReplayTest, BoundsAreOfTheEventsOwnTimestampAndInclusive) {
  push("ORDERS", "old", 1, "2023");
  push("ORDERS", "old", 2, "2024-02");
  push("ORDERS", "mid", 1, "2024-01");
  push("ORDERS", "mid", 2, "2025");
  push("ORDERS", "new", 1, "2025");
  const auto report = replay({"ORDERS"}, {.from = "2024-01", .to = "2024-02"});
  EXPECT_EQ(told_, (std::vector<std::string>{"ORDERS mid 1 2024-01", "ORDERS old 2 2024-02"}));
  EXPECT_EQ(report.stores[0].aggregates, 2u) << "what begins later need not be looked at";
}

// ---- J6: interrupted and resumed ----

TEST_F(ReplayTest, AReplayThatIsStoppedGoesOnFromItsStoredPosition) {
  push_with_late_events("ORDERS", 13);
  push_with_late_events("OTHERS", 7);
  replay({"ORDERS", "OTHERS"});
  const auto whole = told_;
  for (std::size_t stop = 1; stop < whole.size(); ++stop) {
    std::string stored;
    const auto first = replay({"ORDERS", "OTHERS"},
                              {.listed_at_once = 5, .on_progress = [&](const ReplayProgress& now) {
                                 stored = to_text(*now.position);
                                 return now.messages < stop;
                               }});
    EXPECT_TRUE(first.stopped);
    auto all = told_;
    const auto position = replay_position_from_text(stored);
    ASSERT_TRUE(position) << position.error();
    EXPECT_EQ(first.position, *position);
    replay({"ORDERS", "OTHERS"}, {.after = *position});
    all.insert(all.end(), told_.begin(), told_.end());
    EXPECT_EQ(all, whole) << "stopped after " << stop;
  }
}

TEST_F(ReplayTest, AReceiverThatFailsEndsItBehindTheLastThatWasTaken) {
  push_with_late_events("ORDERS", 5);
  std::optional<ReplayPosition> position;
  std::vector<std::string> all;
  const NotificationReceiver failing = [&](const NotificationMessage& message) -> Result<void> {
    if (all.size() == 4) return Error(ErrorCode::unavailable, "full");
    all.push_back(line(message));
    return {};
  };
  const std::vector<ReplaySource> sources{{.storage = storage_.get(), .event_store_id = "ORDERS"}};
  const auto failed =
      replay_events(sources, failing, {.on_progress = [&](const ReplayProgress& now) {
                      position = now.position;
                      return true;
                    }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "full");
  replay({"ORDERS"}, {.after = position});
  all.insert(all.end(), told_.begin(), told_.end());
  EXPECT_EQ(all, late_events_in_order("ORDERS", 5));
}

TEST_F(ReplayTest, APositionIsKeptAsTextAndNothingElseIsTakenForOne) {
  const ReplayPosition position{
      .time = "2024", .aggregate_id = "a\"#b", .event_store_id = "ORDERS", .version = 3};
  EXPECT_EQ(replay_position_from_text(to_text(position)).value(), position);
  for (const char* text : {"", "{}", "5", R"({"time":"2024"})"}) {
    const auto refused = replay_position_from_text(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  }
}

// ---- J5, dry runs, and what is refused ----

TEST_F(ReplayTest, TheRateIsKeptByWaiting) {
  push_with_late_events("ORDERS", 2);
  std::vector<std::int64_t> waits;
  replay({"ORDERS"},
         {.messages_per_second = 4, .clock = &clock_, .wait = [&](std::chrono::microseconds time) {
            waits.push_back(time.count());
            clock_.advance(time);
          }});
  EXPECT_EQ(told_.size(), 4u);
  EXPECT_EQ(waits, (std::vector<std::int64_t>{250'000, 250'000, 250'000}));
}

TEST_F(ReplayTest, ADryRunCountsAndTellsNobody) {
  push_with_late_events("ORDERS", 3);
  const auto report = replay({"ORDERS"}, {.messages_per_second = 0.001, .dry_run = true});
  EXPECT_EQ(report.messages, 6u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(ReplayTest, WhatMakesNoSenseIsRefused) {
  const ReplaySource source{.storage = storage_.get(), .event_store_id = "ORDERS"};
  const auto code = [&](const std::vector<ReplaySource>& sources, const ReplayOptions& options) {
    const auto refused = replay_events(sources, telling(), options);
    return refused ? std::string()
                   : std::string(exception_name(refused.error().code())) + ": " +
                         refused.error().message();
  };
  EXPECT_NE(code({}, {}), "");
  EXPECT_NE(code({source, source}, {}), "");
  EXPECT_NE(code({source}, {.messages_per_second = 0}), "");
  EXPECT_NE(code({source}, {.messages_per_second = std::numeric_limits<double>::quiet_NaN()}), "");
  EXPECT_NE(code({source}, {.listed_at_once = 0}), "");
  EXPECT_NE(code({source}, {.events_at_once = 0}), "");
  EXPECT_EQ(code({source}, {}), "");
}

// ---- J3 ----

TEST_F(ReplayTest, OneAggregateIsReplayedInTheOrderOfTheQuery) {
  for (Version version = 1; version <= 5; ++version) {
    push("ORDERS", "o-1", version, "202" + std::to_string(version));
  }
  const ReplaySource source{.storage = storage_.get(), .event_store_id = "ORDERS"};
  const auto report = replay_aggregate_events(source, "o-1", {.min_version = 2, .reverse = true},
                                              telling(), {.to = "2024", .events_at_once = 2});
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(told_, (std::vector<std::string>{"ORDERS o-1 4 2024", "ORDERS o-1 3 2023",
                                             "ORDERS o-1 2 2022"}));
  EXPECT_EQ(report->first_event->version(), 4);
  EXPECT_EQ(report->last_event->version(), 2);
  EXPECT_EQ(report->messages, 3u);
}

TEST_F(ReplayTest, AggregateIdsAreReplayedInTheOrderOfTheListing) {
  push_with_late_events("ORDERS", 7);
  const Orders orders(order_options(storage_.get()));
  InMemoryMessageChannel channel;
  const AggregateExistsMessageQueue queue("IDS", {source_of(orders)}, &channel);
  const auto source = replay_source(orders);
  ASSERT_TRUE(source) << source.error();
  const auto report =
      replay_aggregate_ids(*source, {.limit = 2, .reverse = true}, replayed_to(queue));
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(report->messages, 7u);
  EXPECT_EQ(report->stores[0].first->aggregate_id, id(6));
  const auto published = channel.published();
  ASSERT_EQ(published.size(), 7u);
  EXPECT_TRUE(published[0].replay);
  EXPECT_EQ(std::get<AggregateExistsMessage>(published[6].message).aggregate_id, id(0));
}

TEST_F(ReplayTest, EventsReplayedToAChannelAreMarked) {
  const Orders orders(order_options(storage_.get()));
  push("ORDERS", "o-1", 1, "2024");
  push("ORDERS", "o-1", 2, "2025");
  InMemoryMessageChannel channel;
  const StateCarryingMessageQueue queue("STATE", {source_of(orders)}, &channel);
  const auto report = replay_events({*replay_source(orders)}, replayed_to(queue));
  ASSERT_TRUE(report) << report.error();
  const auto published = channel.published();
  ASSERT_EQ(published.size(), 2u);
  EXPECT_TRUE(published[1].replay);
  const AttributeView first(std::get<StateCarryingMessage>(published[0].message).aggregate);
  EXPECT_EQ(first["version"].integer(), 1);
}

// ---- at random ----

TEST_F(ReplayTest, RandomHistoriesAreDeliveredAsSortingThemWould) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 chance(seed);
  for (int round = 0; round < 30; ++round) {
    storage_ = in_memory_event_storage();
    std::vector<std::pair<ReplayPosition, std::string>> expected;
    for (const std::string store : {"ORDERS", "OTHERS"}) {
      const int aggregates = static_cast<int>(chance() % 12);
      for (int i = 0; i < aggregates; ++i) {
        ReplayPosition position{.aggregate_id = id(i), .event_store_id = store};
        const auto events = static_cast<Version>(1 + chance() % 6);
        for (position.version = 1; position.version <= events; ++position.version) {
          // Few different ones, and in no order.
          const std::string timestamp = "t" + two(static_cast<int>(chance() % 20));
          push(store, position.aggregate_id, position.version, timestamp);
          position.time = std::max(position.time, timestamp);
          expected.emplace_back(position, store + " " + position.aggregate_id + " " +
                                              std::to_string(position.version) + " " + timestamp);
        }
      }
    }
    std::sort(expected.begin(), expected.end());
    std::vector<std::string> lines;
    for (const auto& [position, text] : expected) lines.push_back(text);
    replay({"ORDERS", "OTHERS"},
           {.listed_at_once = 1 + chance() % 5, .events_at_once = 1 + chance() % 3});
    EXPECT_EQ(told_, lines) << "round " << round;
  }
}

}  // namespace
}  // namespace dynakeep
