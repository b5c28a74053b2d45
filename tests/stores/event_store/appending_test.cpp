#include <atomic>

#include "stores/event_store/storage_contract.h"

namespace dynakeep {
namespace {

using contract::event_at;
using contract::event_of;
using contract::json;
using contract::must;
using contract::on_threads;
using contract::orders;
using contract::refused;
using contract::versions_of;
using Versions = std::vector<Version>;

class Appending : public contract::EventStorageContract {
 protected:
  Result<std::vector<Event>> append(ExpectedVersion expected, std::vector<EventToAppend> events,
                                    const AppendOptions& options = {}) {
    return storage().append(orders, "o-1", expected, std::move(events), options);
  }
  Versions stored() { return versions_of(events("o-1")); }
};

TEST_P(Appending, NumbersTheEventsAfterTheLast) {
  EXPECT_EQ(versions_of(must(append(ExpectedVersion::no_stream(), {{.type = "A"}, {.type = "B"}}))),
            (Versions{1, 2}));
  EXPECT_EQ(versions_of(must(append(ExpectedVersion::exact(2), {{.type = "C"}}))), Versions{3});
  EXPECT_EQ(versions_of(must(append(ExpectedVersion::exact(3), {{.type = "D"}, {.type = "E"}}))),
            (Versions{4, 5}));
  EXPECT_EQ(versions_of(must(append(ExpectedVersion::any(), {{.type = "F"}}))), Versions{6});
  EXPECT_EQ(versions_of(must(append(ExpectedVersion::exists(), {{.type = "G"}, {.type = "H"}}))),
            (Versions{7, 8}));
  std::string types;
  for (const Event& event : events("o-1")) types += event.type();
  EXPECT_EQ(types, "ABCDEFGH");
  EXPECT_EQ(listed(), std::vector<std::string>{"o-1"});
}

TEST_P(Appending, StoresTheSameItemsAsPushesDo) {
  const auto appended = must(
      append(ExpectedVersion::any(),
             {{.type = "A", .payload = json(R"({"a":1})"), .timestamp = "2021"}, {.type = "B"}}));
  EXPECT_EQ(events("o-1"), appended);
  EXPECT_EQ(appended[0].timestamp(), "2021");
  EXPECT_EQ(appended[1].timestamp(), event_timestamp(clock_.now()));
  EXPECT_EQ(raw("o-1", 1).value().contains(is_legacy() ? "isInitialEvent" : "eventStoreId"), true);
  EXPECT_EQ(raw("o-1", 2).value().size(), 4u);
}

TEST_P(Appending, AStreamThatShouldNotBeThereIsAConflict) {
  push({event_of("o-1", 1), event_of("o-1", 2)});
  for (const std::size_t count : {1u, 3u}) {
    const Error error = refused(
        append(ExpectedVersion::no_stream(), std::vector<EventToAppend>(count, {.type = "A"})),
        ErrorCode::event_already_exists);
    EXPECT_EQ(conflicting_events(error).front(), (EventKey{orders, "o-1", 1}));
  }
  EXPECT_EQ(stored(), (Versions{1, 2}));
}

TEST_P(Appending, AStreamThatWentOnIsAConflictAtTheNextVersion) {
  push({event_of("o-1", 1), event_of("o-1", 2), event_of("o-1", 3)});
  for (const std::size_t count : {1u, 3u}) {
    const Error error =
        refused(append(ExpectedVersion::exact(1), std::vector<EventToAppend>(count, {.type = "A"})),
                ErrorCode::event_already_exists);
    EXPECT_EQ(conflicting_events(error).front(), (EventKey{orders, "o-1", 2}));
  }
  EXPECT_EQ(stored(), (Versions{1, 2, 3}));
}

TEST_P(Appending, LeavesNoGaps) {
  push({event_of("o-1", 1)});
  for (const std::size_t count : {1u, 3u}) {
    const Error error =
        refused(append(ExpectedVersion::exact(5), std::vector<EventToAppend>(count, {.type = "A"})),
                ErrorCode::conditional_check_failed);
    EXPECT_EQ(error.message(), "Aggregate o-1 of event store ORDERS has no version 5");
  }
  EXPECT_EQ(stored(), Versions{1});
}

TEST_P(Appending, AStreamThatShouldBeThereIsMissed) {
  EXPECT_EQ(
      refused(append(ExpectedVersion::exists(), {{.type = "A"}}), ErrorCode::aggregate_not_found)
          .message(),
      "Unable to find aggregate o-1 in event store ORDERS.");
  EXPECT_TRUE(stored().empty());
}

TEST_P(Appending, NothingDoesNothing) {
  EXPECT_TRUE(must(append(ExpectedVersion::exact(7), {})).empty());
}

TEST_P(Appending, RefusesWhatAPushRefuses) {
  refused(append(ExpectedVersion::any(), {{.type = "A"}, {.type = ""}}),
          ErrorCode::invalid_argument);
  refused(append(ExpectedVersion::exact(-1), {{.type = "A"}}), ErrorCode::invalid_argument);
  refused(storage().append("A#B", "o-1", ExpectedVersion::no_stream(), {{.type = "A"}}),
          ErrorCode::invalid_argument);
  refused(append(ExpectedVersion::any(), std::vector<EventToAppend>(101, {.type = "A"})),
          ErrorCode::invalid_argument);
  EXPECT_TRUE(stored().empty());
}

TEST_P(Appending, ManyAtOnceLoseNothingAndLeaveNoGaps) {
  std::atomic<int> appended = 0;
  on_threads(4, [&](int thread) {
    for (int i = 0; i < 10; ++i) {
      const auto result = append(ExpectedVersion::any(),
                                 std::vector<EventToAppend>(thread % 2 + 1u, {.type = "A"}));
      if (result) {
        appended += thread % 2 + 1;
      } else {
        EXPECT_TRUE(result.error().code() == ErrorCode::event_already_exists ||
                    result.error().code() == ErrorCode::transaction_conflict)
            << result.error();
      }
    }
  });
  const auto versions = stored();
  EXPECT_EQ(versions.size(), static_cast<std::size_t>(appended));
  for (std::size_t i = 0; i < versions.size(); ++i) {
    EXPECT_EQ(versions[i], static_cast<Version>(i + 1));
  }
}

// ---- idempotency keys ----

TEST_P(Appending, RepeatedUnderOneKeyAnswersAsTheFirstTime) {
  for (const auto& expected : {ExpectedVersion::no_stream(), ExpectedVersion::any()}) {
    const AppendOptions options{.idempotency_key = "order-77"};
    const auto first = must(append(expected, {{.type = "A"}, {.type = "B"}}, options));
    EXPECT_EQ(must(append(expected, {{.type = "A"}, {.type = "B"}}, options)), first);
    must(append(ExpectedVersion::any(), {{.type = "C"}}));
    EXPECT_EQ(must(append(expected, {{.type = "A"}, {.type = "B"}}, options)), first);
    // Whoever has read them since expects them to be there.
    EXPECT_EQ(must(append(ExpectedVersion::exact(3), {{.type = "A"}, {.type = "B"}}, options)),
              first);
    EXPECT_EQ(must(append(ExpectedVersion::exists(), {{.type = "A"}, {.type = "B"}}, options)),
              first);
    EXPECT_EQ(stored(), (Versions{1, 2, 3}));
    must(storage().delete_aggregate(orders, "o-1"));
  }
}

TEST_P(Appending, RepeatedWhereItWasExpectedFirstAnswersAsTheFirstTime) {
  push({event_of("o-1", 1)});
  const AppendOptions options{.idempotency_key = "order-77"};
  const auto first =
      must(append(ExpectedVersion::exact(1), {{.type = "A"}, {.type = "B"}}, options));
  EXPECT_EQ(must(append(ExpectedVersion::exact(1), {{.type = "A"}, {.type = "B"}}, options)),
            first);
  EXPECT_EQ(stored(), (Versions{1, 2, 3}));
}

TEST_P(Appending, AnotherKeyIsAnotherAppend) {
  must(append(ExpectedVersion::any(), {{.type = "A"}}, {.idempotency_key = "1"}));
  must(append(ExpectedVersion::any(), {{.type = "A"}}, {.idempotency_key = "2"}));
  EXPECT_EQ(stored(), (Versions{1, 2}));
  refused(append(ExpectedVersion::exact(1), {{.type = "A"}}, {.idempotency_key = "3"}),
          ErrorCode::event_already_exists);
}

TEST_P(Appending, TheKeyIsKeptInTheMetadataWithWhatIsThere) {
  must(append(ExpectedVersion::any(),
              {{.type = "A", .metadata = json(R"({"source":"web"})")}, {.type = "B"}},
              {.idempotency_key = "order-77"}));
  EXPECT_EQ(events("o-1")[0].metadata().value(),
            json(R"({"idempotencyKey":"order-77","source":"web"})"));
  EXPECT_EQ(events("o-1")[1].metadata().value(), json(R"({"idempotencyKey":"order-77"})"));

  refused(
      append(ExpectedVersion::any(), {{.type = "A", .metadata = "text"}}, {.idempotency_key = "1"}),
      ErrorCode::invalid_argument);
  refused(
      append(ExpectedVersion::any(), {{.type = "A", .metadata = json(R"({"idempotencyKey":1})")}},
             {.idempotency_key = "1"}),
      ErrorCode::invalid_argument);
  refused(append(ExpectedVersion::any(), {{.type = "A"}}, {.idempotency_key = ""}),
          ErrorCode::invalid_argument);
}

TEST_P(Appending, ManyAtOnceUnderOneKeyStoreOnce) {
  on_threads(6, [&](int thread) {
    must(append(thread % 2 == 0 ? ExpectedVersion::any() : ExpectedVersion::no_stream(),
                {{.type = "A"}, {.type = "B"}}, {.idempotency_key = "order-77"}));
  });
  EXPECT_EQ(stored(), (Versions{1, 2}));
}

ON_EVERY_STORAGE(Appending);

// ---- the end of an aggregate ----

class EndingAggregates : public contract::EventStorageContract {};

TEST_P(EndingAggregates, DeletingRemovesEveryEvent) {
  std::vector<NewEvent> history;
  for (Version version = 1; version <= 230; ++version) history.push_back(event_of("o-1", version));
  push(history);
  push({event_of("o-2", 1)});
  EXPECT_EQ(must(storage().delete_aggregate(orders, "o-1")), 230u);
  EXPECT_TRUE(events("o-1").empty());
  EXPECT_EQ(listed(), std::vector<std::string>{"o-2"});
  EXPECT_EQ(must(storage().delete_aggregate(orders, "o-1")), 0u);
  push({event_of("o-1", 1)});  // its versions are free again
}

TEST_P(EndingAggregates, ArchivingMovesEveryEvent) {
  EventStorage& archive = another();
  std::vector<NewEvent> history;
  for (Version version = 1; version <= 230; ++version) {
    NewEvent event = event_at(version % 2 == 0 ? "2021" : "2022", "o-1", version);
    if (version % 3 == 0) event.payload = version;
    history.push_back(event);
  }
  const auto pushed = push(history);
  EXPECT_EQ(must(storage().archive_aggregate(orders, "o-1", archive)), 230u);
  EXPECT_TRUE(events("o-1").empty());
  EXPECT_TRUE(listed().empty());
  EXPECT_EQ(must(archive.get_events(orders, "o-1")), pushed);
  EXPECT_EQ(must(storage().archive_aggregate(orders, "o-1", archive)), 0u);
}

TEST_P(EndingAggregates, ArchivingGoesOnWhereItWasInterrupted) {
  EventStorage& archive = another();
  const auto pushed = push({event_of("o-1", 1), event_of("o-1", 2), event_of("o-1", 3)});
  // Two were copied, and in another run all, of which the last was deleted already.
  must(archive.push_event(orders, pushed[0].to_new_event()));
  must(archive.push_event(orders, pushed[1].to_new_event()));
  EXPECT_EQ(must(storage().archive_aggregate(orders, "o-1", archive)), 3u);
  push({pushed[0].to_new_event(), pushed[1].to_new_event()});
  EXPECT_EQ(must(storage().archive_aggregate(orders, "o-1", archive)), 2u);
  EXPECT_EQ(must(archive.get_events(orders, "o-1")), pushed);
}

TEST_P(EndingAggregates, ArchivingDeletesNothingThatItCouldNotCopy) {
  EventStorage& archive = another();
  push({event_of("o-1", 1), event_of("o-1", 2)});
  must(archive.push_event(orders, event_of("o-1", 2, "SOMETHING_ELSE")));
  const Error error =
      refused(storage().archive_aggregate(orders, "o-1", archive), ErrorCode::event_already_exists);
  EXPECT_EQ(conflicting_events(error), (std::vector<EventKey>{{orders, "o-1", 2}}));
  EXPECT_EQ(events("o-1").size(), 2u);
  refused(storage().archive_aggregate(orders, "o-1", storage()), ErrorCode::invalid_argument);
}

ON_EVERY_STORAGE(EndingAggregates);

class EndingForeignAggregates : public EndingAggregates {};

TEST_P(EndingForeignAggregates, DeletingTakesWhatIsNoEventToo) {
  for (const char* version : {"-1", "0", "1", "1.5", "2"}) {
    must(database().put_item({.table_name = table_name(),
                              .item = Item{{"aggregateId", stored_key("o-1")},
                                           {"version", must(Number::parse(version))}}}));
  }
  EXPECT_EQ(must(storage().delete_aggregate(orders, "o-1")), 5u);
  EXPECT_TRUE(must(storage().get_items(orders, "o-1")).empty());
}

TEST_P(EndingForeignAggregates, ArchivingRefusesAnEventWithoutTimestamp) {
  push({event_of("o-1", 2)});
  must(database().put_item(
      {.table_name = table_name(),
       .item = Item{{"aggregateId", stored_key("o-1")}, {"version", 1}, {"type", "T"}}}));
  refused(storage().archive_aggregate(orders, "o-1", another()), ErrorCode::malformed_item);
  EXPECT_EQ(must(storage().get_items(orders, "o-1")).size(), 2u);
}

ON_EVERY_TABLE(EndingForeignAggregates);

}  // namespace
}  // namespace dynakeep
