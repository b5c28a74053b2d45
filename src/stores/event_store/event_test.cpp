#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/json.h"
#include "dynakeep/stores/events.h"

namespace dynakeep {
namespace {

Item stored_order() {
  return Item{{"aggregateId", "ORDERS#a#b"},
              {"version", 3},
              {"type", "ORDER_PLACED"},
              {"timestamp", "2024-05-01T09:30:00.000Z"},
              {"payload", AttributeMap{{"total", 12}}},
              {"other", true}};
}

TEST(Event, ReadsItsFieldsFromTheItem) {
  const Event event = Event::from_item(stored_order(), "ORDERS#").value();
  EXPECT_EQ(event.aggregate_id(), "a#b");
  EXPECT_EQ(event.version(), 3);
  EXPECT_EQ(event.type(), "ORDER_PLACED");
  EXPECT_EQ(event.timestamp(), "2024-05-01T09:30:00.000Z");
  EXPECT_EQ(event.payload()["total"].integer(), 12);
  EXPECT_FALSE(event.metadata().exists());
  EXPECT_EQ(event.item(), stored_order());
}

TEST(Event, KeepsAKeyWithoutThePrefixAsItStands) {
  EXPECT_EQ(Event::from_item(stored_order(), "OTHERS#")->aggregate_id(), "ORDERS#a#b");
  EXPECT_EQ(Event::from_item(stored_order())->aggregate_id(), "ORDERS#a#b");
}

TEST(Event, RefusesItemsThatAreNone) {
  const auto complaint = [](std::string_view without) {
    Item item = stored_order();
    item.erase(without);
    const auto event = Event::from_item(item);
    EXPECT_FALSE(event);
    EXPECT_EQ(event.error().code(), ErrorCode::malformed_item);
    return event.error().message();
  };
  EXPECT_EQ(complaint("version"),
            "The item {\"aggregateId\":{\"S\":\"ORDERS#a#b\"}} is no event: it has no version that "
            "is an integer");
  EXPECT_THAT(complaint("type"), testing::HasSubstr("type"));
  EXPECT_THAT(complaint("aggregateId"), testing::HasSubstr("\"3\""));

  for (const auto& [name, value] : AttributeMap{
           {"aggregateId", 1}, {"version", "3"}, {"version", nullptr}, {"type", nullptr}}) {
    Item item = stored_order();
    item[name] = value;
    EXPECT_FALSE(Event::from_item(item)) << name;
  }
  Item half = stored_order();
  half["version"] = Number::parse("1.5").value();
  EXPECT_FALSE(Event::from_item(half));
}

TEST(Event, TakesTheVersionInAnySpelling) {
  for (const char* text : {"2.0", "2E0", "0.2e1"}) {
    Item item = stored_order();
    item["version"] = Number::parse(text).value();
    EXPECT_EQ(Event::from_item(item)->version(), 2);
  }
}

TEST(Event, IsEqualIfWhatItSaysIs) {
  const Event event = Event::from_item(stored_order(), "ORDERS#").value();
  NewEvent made = event.to_new_event();
  EXPECT_EQ(Event(made), event);  // without the prefix, and without what others added
  const auto differs = [&](auto change) {
    NewEvent other = made;
    change(other);
    EXPECT_NE(Event(other), event);
  };
  differs([](NewEvent& each) { each.aggregate_id = "a"; });
  differs([](NewEvent& each) { each.version = 4; });
  differs([](NewEvent& each) { each.type = "T"; });
  differs([](NewEvent& each) { each.timestamp = "2024"; });
  differs([](NewEvent& each) { each.timestamp.reset(); });
  differs([](NewEvent& each) { each.payload.reset(); });
  differs([](NewEvent& each) { each.metadata = nullptr; });
}

TEST(Event, IsNothingByDefault) {
  const Event event;
  EXPECT_EQ(event.version(), 0);
  EXPECT_EQ(event.aggregate_id(), "");
  EXPECT_EQ(event.type(), "");
  EXPECT_EQ(event.timestamp(), "");
  EXPECT_EQ(event, Event());
}

TEST(EventTimestamp, IsUtcInMilliseconds) {
  using std::chrono::microseconds;
  EXPECT_EQ(event_timestamp(Time{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(event_timestamp(Time{microseconds{1'714'555'800'125'999}}), "2024-05-01T09:30:00.125Z");
  EXPECT_EQ(event_timestamp(Time{microseconds{951'782'399'999'999}}), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(event_timestamp(Time{microseconds{951'782'400'000'000}}), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(event_timestamp(Time{microseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(EventStoreId, MayNotBeEmptyHoldAHashOrBeOtherThanUtf8) {
  EXPECT_TRUE(check_event_store_id("ORDERS"));
  EXPECT_TRUE(check_event_store_id("заказы"));
  EXPECT_TRUE(check_event_store_id("A#B", true));
  for (const char* id : {"", "A#B", "\xFF"}) {
    EXPECT_EQ(check_event_store_id(id).error().code(), ErrorCode::invalid_argument) << id;
  }
}

TEST(EventAlreadyExists, NamesWhatStoodInTheWay) {
  const std::vector<EventKey> pushed = {{"A", "1", 1}, {"B", "2", 2}, {"C", "3", 3}};
  const Error error = event_already_exists(pushed, {true, false, true});
  EXPECT_EQ(error.message(),
            "Event already exists for A aggregate 1 and version 1; "
            "Event already exists for C aggregate 3 and version 3");
  EXPECT_EQ(conflicting_events(error), (std::vector<EventKey>{pushed[0], pushed[2]}));
  EXPECT_FALSE(error.is_retryable());
  EXPECT_TRUE(conflicting_events(Error::conditional_check_failed()).empty());
}

TEST(AggregateNotFound, SpeaksAsCastoreDoes) {
  const Error error = aggregate_not_found("ORDERS", "o-77");
  EXPECT_EQ(error.message(), "Unable to find aggregate o-77 in event store ORDERS.");
  EXPECT_EQ(exception_name(error.code()), "AggregateNotFoundError");
}

}  // namespace
}  // namespace dynakeep
