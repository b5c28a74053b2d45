#include <atomic>

#include "stores/event_store/storage_contract.h"

namespace dynakeep {
namespace {

using contract::customers;
using contract::event_at;
using contract::event_of;
using contract::must;
using contract::on_threads;
using contract::orders;
using contract::refused;

class EventGroups : public contract::EventStorageContract {
 protected:
  Error refuse(std::vector<GroupedEvent> group, ErrorCode code = ErrorCode::invalid_argument) {
    return refused(storage().push_event_group(std::move(group)), code);
  }
};

TEST_P(EventGroups, AreStoredTogetherAtOneMoment) {
  const auto stored = must(storage().push_event_group(
      {{.event_store_id = orders, .event = event_of("o-1", 1)},
       {.storage = &storage(), .event_store_id = customers, .event = event_of("c-1", 1)}}));
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].aggregate_id(), "o-1");
  EXPECT_EQ(stored[1].aggregate_id(), "c-1");
  EXPECT_EQ(stored[0].timestamp(), stored[1].timestamp());
  EXPECT_EQ(events("o-1"), std::vector<Event>{stored[0]});
  EXPECT_EQ(events("c-1", {}, customers), std::vector<Event>{stored[1]});
}

TEST_P(EventGroups, AConflictStoresNothingAndIsNamed) {
  push({event_of("o-2", 1), event_of("o-4", 1)});
  const Error error = refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
                              {.event_store_id = orders, .event = event_of("o-2", 1)},
                              {.event_store_id = orders, .event = event_of("o-3", 1)},
                              {.event_store_id = orders, .event = event_of("o-4", 1)}},
                             ErrorCode::event_already_exists);
  EXPECT_EQ(conflicting_events(error),
            (std::vector<EventKey>{{orders, "o-2", 1}, {orders, "o-4", 1}}));
  ASSERT_EQ(error.cancellation_reasons().size(), 4u);
  EXPECT_EQ(error.cancellation_reasons()[0].code, "None");
  EXPECT_EQ(error.cancellation_reasons()[1].code, "ConditionalCheckFailed");
  EXPECT_THAT(error.message(), testing::StartsWith("Event already exists for ORDERS aggregate o-2 "
                                                   "and version 1"));
  EXPECT_TRUE(events("o-1").empty());
  EXPECT_TRUE(events("o-3").empty());
}

TEST_P(EventGroups, ByForceReplace) {
  push({event_at("2020", "o-1")});
  must(storage().push_event_group({{.event_store_id = orders, .event = event_at("2021", "o-1")},
                                   {.event_store_id = orders, .event = event_of("o-2", 1)}},
                                  {.force = true}));
  EXPECT_EQ(events("o-1").front().timestamp(), "2021");
}

TEST_P(EventGroups, OfOneTimestampShareItAndOfTwoAreRefused) {
  const auto stored = must(
      storage().push_event_group({{.event_store_id = orders, .event = event_of("o-1", 1)},
                                  {.event_store_id = orders, .event = event_at("2021", "o-2")},
                                  {.event_store_id = orders, .event = event_at("2021", "o-3")}}));
  for (const Event& event : stored) EXPECT_EQ(event.timestamp(), "2021");

  const Error error = refuse({{.event_store_id = orders, .event = event_of("o-4", 1)},
                              {.event_store_id = orders, .event = event_at("2021", "o-5")},
                              {.event_store_id = orders, .event = event_at("2022", "o-6")}});
  EXPECT_EQ(error.message(), "Event group events #1 and #2 have different timestamps");
  EXPECT_TRUE(events("o-4").empty());
}

TEST_P(EventGroups, AreRefusedIfTheyMakeNoSense) {
  refuse({});
  EXPECT_EQ(refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
                    {.event = event_of("o-2", 1)}})
                .message(),
            "Event group event #1 misses context");
  refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
          {.event_store_id = orders, .event = event_of("o-2", 0)}});
  const Error twice = refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
                              {.event_store_id = orders, .event = event_of("o-2", 1)},
                              {.event_store_id = orders, .event = event_of("o-1", 1)}});
  EXPECT_THAT(twice.message(), testing::HasSubstr("o-1"));
  EXPECT_TRUE(events("o-1").empty());
}

TEST_P(EventGroups, OfSeveralVersionsOfOneAggregateAreFine) {
  must(storage().push_event_group({{.event_store_id = orders, .event = event_of("o-1", 2)},
                                   {.event_store_id = orders, .event = event_of("o-1", 1)},
                                   {.event_store_id = orders, .event = event_of("o-1", 3)}}));
  EXPECT_EQ(contract::versions_of(events("o-1")), (std::vector<Version>{1, 2, 3}));
}

TEST_P(EventGroups, AcrossTablesAreOne) {
  EventStorage& other = another();
  must(other.push_event(orders, event_of("o-2", 1)));
  const Error error =
      refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
              {.storage = &other, .event_store_id = orders, .event = event_of("o-2", 1)}},
             ErrorCode::event_already_exists);
  EXPECT_EQ(conflicting_events(error), (std::vector<EventKey>{{orders, "o-2", 1}}));
  EXPECT_TRUE(events("o-1").empty());

  must(storage().push_event_group(
      {{.event_store_id = orders, .event = event_of("o-1", 1)},
       // The same key, in another table.
       {.storage = &other, .event_store_id = orders, .event = event_of("o-1", 1)}}));
  EXPECT_EQ(events("o-1"), must(other.get_events(orders, "o-1")));
}

TEST_P(EventGroups, HaveAtMostAHundredEvents) {
  std::vector<GroupedEvent> group;
  for (int i = 0; i < 100; ++i) {
    group.push_back({.event_store_id = orders, .event = event_of("o-" + std::to_string(i), 1)});
  }
  must(storage().push_event_group(group));
  EXPECT_EQ(listed().size(), 100u);
  for (GroupedEvent& each : group) each.event.version = 2;
  group.push_back({.event_store_id = orders, .event = event_of("o-100", 1)});
  EXPECT_THAT(refuse(group).message(), testing::HasSubstr("101 events"));
  EXPECT_EQ(events("o-0").size(), 1u);
}

TEST_P(EventGroups, HaveAtMostFourMegabytes) {
  std::vector<GroupedEvent> group;
  for (int i = 0; i < 12; ++i) {
    NewEvent event = event_of("o-" + std::to_string(i), 1);
    event.payload = std::string(380'000, 'x');
    group.push_back({.event_store_id = orders, .event = std::move(event)});
  }
  EXPECT_THAT(refuse(group).message(), testing::HasSubstr("4194304"));
  EXPECT_TRUE(listed().empty());
}

TEST_P(EventGroups, ThatOverlapHaveOneWinnerAtMost) {
  for (Version round = 1; round <= 5; ++round) {
    std::atomic<int> winners = 0;
    on_threads(6, [&](int thread) {
      const auto stored = storage().push_event_group(
          {{.event_store_id = orders, .event = event_of("shared", round)},
           {.event_store_id = orders, .event = event_of("own-" + std::to_string(thread), round)}});
      if (stored) ++winners;
    });
    EXPECT_LE(winners, 1);
    const std::size_t won = events("shared", {.min_version = round, .max_version = round}).size();
    EXPECT_EQ(won, static_cast<std::size_t>(winners));
    std::size_t own = 0;
    for (int thread = 0; thread < 6; ++thread) {
      own += events("own-" + std::to_string(thread), {.min_version = round}).size();
    }
    EXPECT_EQ(own, won);
  }
}

TEST_P(EventGroups, AndSinglePushesExcludeEachOther) {
  for (Version round = 1; round <= 20; ++round) {
    std::atomic<int> winners = 0;
    std::atomic<bool> group_won = false;
    on_threads(2, [&](int thread) {
      if (thread == 0) {
        if (storage().push_event(orders, event_of("shared", round, "SINGLE"))) ++winners;
      } else if (storage().push_event_group(
                     {{.event_store_id = orders, .event = event_of("shared", round, "GROUP")},
                      {.event_store_id = orders, .event = event_of("own", round, "GROUP")}})) {
        ++winners;
        group_won = true;
      }
    });
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(events("own", {.min_version = round}).size(), group_won ? 1u : 0u);
  }
}

ON_EVERY_STORAGE(EventGroups);

class GroupsOfTables : public EventGroups {};

TEST_P(GroupsOfTables, DoNotMixFormatsNorKindsOfStorage) {
  const auto in_memory = in_memory_event_storage();
  const auto other_format =
      is_legacy() ? single_table_event_storage(database(), {.table_name = table_name()})
                  : legacy_event_storage(database(), {.table_name = table_name()});
  for (EventStorage* other : {in_memory.get(), static_cast<EventStorage*>(other_format.get())}) {
    EXPECT_EQ(refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
                      {.storage = other, .event_store_id = orders, .event = event_of("o-2", 1)}})
                  .message(),
              "Event group event #1 is not connected to a DynamoDBEventStorageAdapter");
  }
  EXPECT_EQ(
      refused(in_memory->push_event_group(
                  {{.storage = &storage(), .event_store_id = orders, .event = event_of("o-1", 1)}}),
              ErrorCode::invalid_argument)
          .message(),
      "Event group event #0 is not connected to a InMemoryEventStorageAdapter");
  EXPECT_TRUE(listed().empty());
}

TEST_P(GroupsOfTables, DoNotReachIntoAnotherDatabase) {
  auto opened = must(GetParam().database.open());
  const auto elsewhere =
      is_legacy() ? legacy_event_storage(*opened.database, {.table_name = table_name()})
                  : single_table_event_storage(*opened.database, {.table_name = table_name()});
  EXPECT_THAT(
      refuse({{.event_store_id = orders, .event = event_of("o-1", 1)},
              {.storage = elsewhere.get(), .event_store_id = orders, .event = event_of("o-2", 1)}})
          .message(),
      testing::HasSubstr("another database"));
}

TEST_P(GroupsOfTables, KeepDifferentTimestampsIfSoConfigured) {
  const auto as_given = open_table({.group_timestamps = GroupTimestamps::as_given});
  clock_.set(Time{});
  const auto stored =
      must(as_given->push_event_group({{.event_store_id = orders, .event = event_at("2021", "o-1")},
                                       {.event_store_id = orders, .event = event_at("2022", "o-2")},
                                       {.event_store_id = orders, .event = event_of("o-3", 1)}}));
  EXPECT_EQ(stored[0].timestamp(), "2021");
  EXPECT_EQ(stored[1].timestamp(), "2022");
  EXPECT_EQ(stored[2].timestamp(), "1970-01-01T00:00:00.000Z");
}

ON_EVERY_TABLE(GroupsOfTables);

}  // namespace
}  // namespace dynakeep
