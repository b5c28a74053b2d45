#include "stores/event_store/storage_contract.h"

namespace dynakeep {
namespace {

using contract::event_of;
using contract::must;
using contract::orders;
using contract::refused;
using contract::versions_of;
using Versions = std::vector<Version>;

class ReadingEvents : public contract::EventStorageContract {};

TEST_P(ReadingEvents, ComeByVersionWithinBoundsEitherWay) {
  for (const Version version : {3, 1, 5, 2, 4}) push({event_of("o-1", version)});
  EXPECT_EQ(versions_of(events("o-1")), (Versions{1, 2, 3, 4, 5}));
  EXPECT_EQ(versions_of(events("o-1", {.reverse = true})), (Versions{5, 4, 3, 2, 1}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 3})), (Versions{3, 4, 5}));
  EXPECT_EQ(versions_of(events("o-1", {.max_version = 3})), (Versions{1, 2, 3}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 2, .max_version = 4})), (Versions{2, 3, 4}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 2, .max_version = 4, .reverse = true})),
            (Versions{4, 3, 2}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 3, .reverse = true})), (Versions{5, 4, 3}));
  EXPECT_EQ(versions_of(events("o-1", {.max_version = 2, .reverse = true})), (Versions{2, 1}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 2, .max_version = 2})), (Versions{2}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 6})), Versions{});
  EXPECT_EQ(versions_of(events("o-1", {.max_version = 0})), Versions{});
}

TEST_P(ReadingEvents, StopAtTheLimit) {
  for (Version version = 1; version <= 5; ++version) push({event_of("o-1", version)});
  EXPECT_EQ(versions_of(events("o-1", {.limit = 2})), (Versions{1, 2}));
  EXPECT_EQ(versions_of(events("o-1", {.limit = 1, .reverse = true})), (Versions{5}));
  EXPECT_EQ(versions_of(events("o-1", {.min_version = 2, .limit = 2})), (Versions{2, 3}));
  EXPECT_EQ(versions_of(events("o-1", {.limit = 99})), (Versions{1, 2, 3, 4, 5}));
}

TEST_P(ReadingEvents, RefuseBoundsAndLimitsThatMakeNoSense) {
  refused(storage().get_events(orders, "o-1", {.min_version = 3, .max_version = 2}),
          ErrorCode::invalid_argument);
  refused(storage().get_events(orders, "o-1", {.limit = 0}), ErrorCode::invalid_argument);
  refused(storage().get_events("", "o-1"), ErrorCode::invalid_argument);
  refused(storage().get_events("A#B", "o-1"), ErrorCode::invalid_argument);
  refused(storage().get_events(orders, "\xFF"), ErrorCode::invalid_argument);
  refused(storage().get_events(orders, std::string(2048, 'x') + "x"), ErrorCode::invalid_argument);
}

TEST_P(ReadingEvents, SeeNothingOfAnUnknownAggregateNorOfOtherStores) {
  EXPECT_TRUE(events("o-1").empty());
  push({event_of("o-1", 1)}, contract::customers);
  // The legacy format does not store whose event it is.
  EXPECT_EQ(events("o-1").size(), is_legacy() ? 1u : 0u);
  EXPECT_TRUE(events("o-").empty());
}

TEST_P(ReadingEvents, GoPastTheDatabasesPages) {
  for (Version version = 1; version <= 9; ++version) {
    NewEvent event = event_of("o-1", version);
    event.payload = std::string(250'000, static_cast<char>('a' + version));
    push({event});
  }
  EXPECT_EQ(versions_of(events("o-1")), (Versions{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(versions_of(events("o-1", {.reverse = true})), (Versions{9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(versions_of(events("o-1", {.limit = 7, .reverse = true})),
            (Versions{9, 8, 7, 6, 5, 4, 3}));
  EXPECT_EQ(events("o-1").back().payload().text(), std::string(250'000, 'j'));
}

TEST_P(ReadingEvents, SeeEachPushAtOnce) {
  for (Version version = 1; version <= 25; ++version) {
    push({event_of("o-1", version)});
    EXPECT_EQ(events("o-1").size(), static_cast<std::size_t>(version));
  }
}

TEST_P(ReadingEvents, AreInOrderOfNumbersNotOfText) {
  const Versions versions{1, 2, 9, 10, 11, 999, 1000, 1001, event_number_max};
  for (const Version version : versions) push({event_of("o-1", version)});
  EXPECT_EQ(versions_of(events("o-1")), versions);
}

TEST_P(ReadingEvents, TellTheLastVersionAndWhetherThereIsOne) {
  EXPECT_EQ(must(storage().last_version(orders, "o-1")), std::nullopt);
  EXPECT_FALSE(must(storage().exists(orders, "o-1")));
  push({event_of("o-1", 1), event_of("o-1", 2), event_of("o-1", 12)});
  EXPECT_EQ(must(storage().last_version(orders, "o-1")), 12);
  EXPECT_TRUE(must(storage().exists(orders, "o-1")));
}

TEST_P(ReadingEvents, RangesAskForAPageWhenItIsNeeded) {
  for (Version version = 1; version <= 10; ++version) push({event_of("o-1", version)});
  const auto walk = [&](EventsQuery query, std::size_t page_events) {
    Versions versions;
    for (auto& event : events_of(storage(), orders, "o-1", query, {.page_events = page_events})) {
      versions.push_back(must(std::move(event)).version());
    }
    return versions;
  };
  for (std::size_t page = 1; page <= 11; ++page) {
    EXPECT_EQ(walk({}, page), (Versions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
    EXPECT_EQ(walk({.limit = 4, .reverse = true}, page), (Versions{10, 9, 8, 7}));
    EXPECT_EQ(walk({.min_version = 3, .max_version = 6}, page), (Versions{3, 4, 5, 6}));
    EXPECT_EQ(walk({.min_version = 3, .max_version = 6, .reverse = true}, page),
              (Versions{6, 5, 4, 3}));
    EXPECT_EQ(walk({.min_version = 11}, page), Versions{});
  }
}

TEST_P(ReadingEvents, ARangeMeetsWhatIsPushedAheadOfIt) {
  push({event_of("o-1", 1), event_of("o-1", 2)});
  Versions versions;
  for (auto& event : events_of(storage(), orders, "o-1", {}, {.page_events = 2})) {
    versions.push_back(must(std::move(event)).version());
    if (versions.size() == 1) push({event_of("o-1", 3)});
  }
  EXPECT_EQ(versions, (Versions{1, 2, 3}));
}

TEST_P(ReadingEvents, ARangeEndsWithTheErrorOfItsPage) {
  int errors = 0;
  for (auto& event : events_of(storage(), orders, "o-1", {.limit = 0})) {
    EXPECT_EQ(event.error().code(), ErrorCode::invalid_argument);
    ++errors;
  }
  EXPECT_EQ(errors, 1);
}

TEST_P(ReadingEvents, OfManyAggregatesComeInTheOrderOfTheirIds) {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back("o-" + std::to_string(i));
    for (Version version = 1; version <= i % 4; ++version) push({event_of(ids.back(), version)});
  }
  for (const unsigned threads : {0u, 1u, 4u, 100u}) {
    const auto many = must(get_events_of_many(storage(), orders, ids, {}, threads));
    ASSERT_EQ(many.size(), ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(many[i].size(), i % 4);
      for (const Event& event : many[i]) EXPECT_EQ(event.aggregate_id(), ids[i]);
    }
  }
  EXPECT_TRUE(must(get_events_of_many(storage(), orders, {})).empty());
  refused(get_events_of_many(storage(), "", ids), ErrorCode::invalid_argument);
}

ON_EVERY_STORAGE(ReadingEvents);

}  // namespace
}  // namespace dynakeep
