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

class PushingEvents : public contract::EventStorageContract {
 protected:
  Error refuse(const NewEvent& event, const std::string& store = orders) {
    return refused(storage().push_event(store, event), ErrorCode::invalid_argument);
  }
};

TEST_P(PushingEvents, GivesAVersionOnce) {
  const Event first = push({event_at("2024", "o-1")}).front();
  const Error error = refused(storage().push_event(orders, event_at("2025", "o-1")),
                              ErrorCode::event_already_exists);
  EXPECT_EQ(error.message(), "Event already exists for ORDERS aggregate o-1 and version 1");
  EXPECT_EQ(exception_name(error.code()), "EventAlreadyExistsError");
  EXPECT_EQ(conflicting_events(error), (std::vector<EventKey>{{orders, "o-1", 1}}));
  EXPECT_EQ(events("o-1"), std::vector<Event>{first});
}

TEST_P(PushingEvents, TheSameEventTwiceIsAConflict) {
  push({event_at("2024", "o-1")});
  refused(storage().push_event(orders, event_at("2024", "o-1")), ErrorCode::event_already_exists);
}

TEST_P(PushingEvents, OfManyAtOnceOneWins) {
  std::atomic<int> stored = 0;
  std::atomic<int> winner = -1;
  on_threads(20, [&](int thread) {
    NewEvent event = event_of("o-1", 1);
    event.payload = thread;
    const auto pushed = storage().push_event(orders, event);
    if (pushed) {
      ++stored;
      winner = thread;
    } else {
      refused(pushed, ErrorCode::event_already_exists);
    }
  });
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(events("o-1").front().payload().integer(), winner.load());
}

TEST_P(PushingEvents, MaySkipVersions) {
  push({event_of("o-1", 1), event_of("o-1", 5)});
  EXPECT_EQ(contract::versions_of(events("o-1")), (std::vector<Version>{1, 5}));
}

TEST_P(PushingEvents, ByForceReplacesTheWholeItem) {
  NewEvent first = event_at("2020", "o-1");
  first.payload = json(R"({"total":1})");
  first.metadata = json(R"({"source":"web"})");
  push({first});

  const auto forced = must(storage().push_event(orders, event_at("2021", "o-1"), {.force = true}));
  EXPECT_EQ(events("o-1"), std::vector<Event>{forced});
  EXPECT_FALSE(forced.payload().exists());
  EXPECT_FALSE(raw("o-1", 1).value().contains("metadata"));
  const auto page = must(storage().list_aggregate_ids(orders));
  EXPECT_EQ(page.aggregates, (std::vector<ListedAggregate>{{"o-1", "2021"}}));

  must(storage().push_event(orders, event_of("o-1", 2), {.force = true}));
  EXPECT_EQ(events("o-1").size(), 2u);
}

TEST_P(PushingEvents, RefusesWhatCannotBeAnEventAndWritesNothing) {
  for (const Version version :
       {Version{0}, Version{-1}, event_number_max + 1, std::numeric_limits<Version>::max()}) {
    EXPECT_THAT(refuse(event_of("o-1", version)).message(), testing::HasSubstr("version"));
  }
  refuse(event_of("", 1));
  refuse(event_of("o-1", 1, ""));
  refuse(event_at("", "o-1"));
  refuse(event_at(std::string(1025, '2'), "o-1"));
  refuse(event_of("\xFF", 1));
  refuse(event_of("o-1", 1, "\xC3"));
  refuse(event_at("\xED\xA0\x80", "o-1"));
  refuse(event_of("o-1", 1), "");
  EXPECT_THAT(refuse(event_of("o-1", 1), "A#B").message(), testing::HasSubstr("'#'"));
  refuse(event_of("o-1", 1), "\xFF");
  refuse(event_of(std::string(2049, 'x'), 1));

  NewEvent event = event_of("o-1", 1);
  event.payload = AttributeMap{{"text", "\xFF"}};
  refuse(event);
  event.payload = AttributeMap{{"empty", StringSet{}}};
  refuse(event);
  event.payload = AttributeList{};
  for (int level = 1; level < 33; ++level) event.payload = AttributeList{*event.payload};
  refuse(event);
  EXPECT_TRUE(listed().empty());
  EXPECT_TRUE(events("o-1").empty());
}

TEST_P(PushingEvents, TakesTheHighestVersionAndTheLongestKey) {
  push({event_of("o-1", event_number_max)});
  const std::string longest(2048 - stored_key("").size(), 'x');
  push({event_of(longest, 1)});
  EXPECT_EQ(events(longest).size(), 1u);
  refuse(event_of(longest + "x", 1));
}

TEST_P(PushingEvents, RefusesNumbersThatJavaScriptWouldFailOn) {
  for (const char* text : {"9007199254740992", "-9007199254740992", "9007199254740991.5", "1e20",
                           "12345678901234567890.5"}) {
    for (const auto& value :
         {AttributeValue(must(Number::parse(text))),
          AttributeValue(AttributeMap{{"a", AttributeList{must(Number::parse(text))}}}),
          AttributeValue(NumberSet{must(Number::parse(text))})}) {
      NewEvent event = event_of("o-1", 1);
      event.payload = value;
      EXPECT_THAT(refuse(event).message(), testing::HasSubstr("payload"));
      event.payload.reset();
      event.metadata = value;
      EXPECT_THAT(refuse(event).message(), testing::HasSubstr("metadata"));
    }
  }
}

TEST_P(PushingEvents, SaysHowLargeAnEventIsThatIsTooLarge) {
  NewEvent event = event_of("o-1", 1);
  event.payload = std::string(409'600, 'x');
  const std::string message = refuse(event).message();
  EXPECT_THAT(message, testing::HasSubstr("409600"));
  EXPECT_THAT(message, testing::ContainsRegex("takes 409[6-9][0-9][0-9] bytes"));

  // The largest that fits.
  const auto bytes = std::stoul(message.substr(message.find("takes ") + 6));
  event.payload = std::string(2 * 409'600 - bytes, 'x');
  push({event});
  event.version = 2;
  event.payload = std::string(2 * 409'600 - bytes + 100, 'x');  // no attribute of the index
  refuse(event);
}

TEST_P(PushingEvents, WithTheDatabaseInOtherHandsAStoreOfAnotherNameIsApart) {
  push({event_of("o-1", 1)});
  const auto pushed = storage().push_event(contract::customers, event_of("o-1", 1));
  // The legacy format does not store whose event it is.
  EXPECT_EQ(pushed.has_value(), !is_legacy());
}

ON_EVERY_STORAGE(PushingEvents);

// ---- what the options of a table allow ----

class TableOptions : public PushingEvents {};

TEST_P(TableOptions, AnEmptyAggregateIdMayBeAllowedAndIsReadAnyway) {
  if (is_legacy()) return;  // its key would be empty
  const auto allowing = open_table({.allow_empty_aggregate_id = true});
  must(allowing->push_event(orders, event_of("", 1)));
  EXPECT_EQ(events("").size(), 1u);
  EXPECT_EQ(events("").front().aggregate_id(), "");
  EXPECT_EQ(listed(), std::vector<std::string>{""});
}

TEST_P(TableOptions, AHashInAnEventStoreIdMayBeAllowed) {
  const auto allowing = open_table({.allow_hash_in_event_store_id = true});
  must(allowing->push_event("ST#X", event_of("a", 1)));
  EXPECT_EQ(must(allowing->get_events("ST#X", "a")).size(), 1u);
}

TEST_P(TableOptions, BigIntegersMayBeAllowedButNoFractionsAmongThem) {
  const auto allowing = open_table({.allow_big_integers = true});
  NewEvent event = event_of("o-1", 1);
  const std::string digits(38, '9');
  event.payload = AttributeList{must(Number::parse("9007199254740992")),
                                must(Number::parse(digits)), must(Number::parse("-" + digits))};
  EXPECT_EQ(must(allowing->push_event(orders, event)).payload().value(), *event.payload);
  EXPECT_EQ(events("o-1").front().payload().value(), *event.payload);
  event.version = 2;
  for (const char* text : {"1e38", "-1e38", "9007199254740992.5"}) {
    event.payload = must(Number::parse(text));
    refused(allowing->push_event(orders, event), ErrorCode::invalid_argument);
  }
}

TEST_P(TableOptions, TimestampsMayBeHeldToOneForm) {
  const auto strict = open_table({.strict_timestamps = true});
  for (const char* wrong :
       {"2022", "2024-05-01T09:30:00Z", "2024-05-01 09:30:00.000Z", "2024-13-01T09:30:00.000Z",
        "2024-00-01T09:30:00.000Z", "2024-05-32T09:30:00.000Z", "2024-05-01T24:30:00.000Z",
        "2024-05-01T09:60:00.000Z", "2024-05-01T09:30:60.000Z", "2024-05-01T09:30:00.000+",
        "2024-05-01T09:30:00.00xZ"}) {
    refused(strict->push_event(orders, event_at(wrong, "o-1")), ErrorCode::invalid_argument);
  }
  must(strict->push_event(orders, event_at("2024-05-01T09:30:00.000Z", "o-1")));
  must(strict->push_event(orders, event_of("o-1", 2)));
}

TEST_P(TableOptions, TheTablesNameIsAskedForAtEachRequest) {
  std::string name = "no-such-table";
  int asked = 0;
  const auto moving = open_table({.table_name_source = [&] {
    ++asked;
    return name;
  }});
  refused(moving->get_events(orders, "o-1"), ErrorCode::resource_not_found);
  refused(moving->push_event(orders, event_of("o-1", 1)), ErrorCode::resource_not_found);
  refused(moving->list_aggregate_ids(orders), ErrorCode::resource_not_found);
  name = table_name();
  must(moving->push_event(orders, event_of("o-1", 1)));
  EXPECT_EQ(must(moving->get_events(orders, "o-1")).size(), 1u);
  EXPECT_EQ(asked, 5);
}

TEST_P(TableOptions, ATableOfAnotherShapeIsRefusedWithWhatIsWrong) {
  const auto check = [&](const std::string& name, auto change) {
    const auto other = open_table({.table_name = name});
    CreateTableRequest request = other->table_definition();
    change(request);
    must(database().create_table(request));
    const Error error = refused(other->check_table(), ErrorCode::invalid_argument);
    EXPECT_EQ(refused(other->create_table(), ErrorCode::invalid_argument).message(),
              error.message());
    return error.message();
  };
  EXPECT_THAT(check(table_name() + "-no-index",
                    [](auto& request) {
                      request.global_secondary_indexes.reset();
                      request.attribute_definitions->resize(2);
                    }),
              testing::HasSubstr("initialEvents"));
  EXPECT_THAT(check(table_name() + "-other-key",
                    [](auto& request) {
                      request.key_schema->front().attribute_name = "id";
                      request.attribute_definitions->front().attribute_name = "id";
                    }),
              testing::HasSubstr("id (partition)"));
  EXPECT_THAT(check(table_name() + "-text-version",
                    [](auto& request) {
                      request.attribute_definitions->at(1).attribute_type = ScalarType::string;
                    }),
              testing::HasSubstr("version"));
  EXPECT_THAT(check(table_name() + "-other-index",
                    [](auto& request) {
                      request.global_secondary_indexes->front().key_schema->pop_back();
                      request.attribute_definitions->pop_back();
                    }),
              testing::HasSubstr("initialEvents"));
  must(table().check_table());
  must(table().create_table());  // there already, and as it should be
  refused(open_table({.table_name = table_name() + "-none"})->check_table(),
          ErrorCode::resource_not_found);
}

TEST_P(TableOptions, AnEventGoesIntoATransactionOfTheCallersOwn) {
  const NewEvent event = event_at("2024", "o-1");
  TransactWriteItemsRequest request;
  request.transact_items.emplace().push_back({.put = must(table().build_put(orders, event))});
  must(database().transact_write_items(request));
  EXPECT_EQ(events("o-1").front(), Event(event));
  refused(database().transact_write_items(request), ErrorCode::transaction_canceled);

  const auto forced = must(table().build_put(orders, event_of("o-1", 1), {.force = true}));
  EXPECT_FALSE(forced.condition_expression);
  EXPECT_FALSE(forced.expression_attribute_names);
  refused(table().build_put(orders, event_of("o-1", 0)), ErrorCode::invalid_argument);
}

ON_EVERY_TABLE(TableOptions);

}  // namespace
}  // namespace dynakeep
