#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/json.h"
#include "dynakeep/stores/events.h"

namespace dynakeep {
namespace {

EventImageParser parser() { return EventImageParser::for_stores({"ORDERS", "CUSTOMERS"}).value(); }

Item image(std::string_view json) { return item_from_dynamodb_json(json).value(); }

TEST(EventImageParser, ReadsInitialAndLaterEvents) {
  const auto initial = parser().parse(image(
      R"({"aggregateId":{"S":"ORDERS#a#b"},"version":{"N":"1"},"type":{"S":"ORDER_PLACED"},
          "timestamp":{"S":"2024"},"payload":{"NULL":true},"eventStoreId":{"S":"ORDERS"},
          "expiresAt":{"N":"17"}})"));
  ASSERT_TRUE(initial);
  EXPECT_EQ(*initial, (NotificationMessage{.event_store_id = "ORDERS",
                                           .event = Event({.aggregate_id = "a#b",
                                                           .version = 1,
                                                           .type = "ORDER_PLACED",
                                                           .payload = nullptr,
                                                           .timestamp = "2024"})}));
  const auto later = parser().parse(
      image(R"({"aggregateId":{"S":"CUSTOMERS#"},"version":{"N":"2"},"type":{"S":"T"}})"));
  ASSERT_TRUE(later);
  EXPECT_EQ(later->event_store_id, "CUSTOMERS");
  EXPECT_EQ(later->event.aggregate_id(), "");
  EXPECT_EQ(later->event.timestamp(), "");
  EXPECT_FALSE(later->event.payload().exists());
}

TEST(EventImageParser, RefusesStoresItWasNotTold) {
  for (const char* id : {"constructor", "ORDER", "", "orders"}) {
    Item item{{"aggregateId", std::string(id) + "#1"}, {"version", 1}, {"type", "T"}};
    const auto parsed = parser().parse(item);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(parsed.error().message(),
              "Unable to detect eventStore from image. Received eventStoreId: " + std::string(id));
  }
}

TEST(EventImageParser, RefusesImagesOfNoEvent) {
  for (const char* json :
       {"{}", R"({"version":{"N":"1"},"type":{"S":"T"}})",
        R"({"aggregateId":{"N":"1"},"version":{"N":"1"},"type":{"S":"T"}})",
        R"({"aggregateId":{"S":"ORDERS"},"version":{"N":"1"},"type":{"S":"T"}})",
        R"({"aggregateId":{"S":"ORDERS#1"},"type":{"S":"T"}})",
        R"({"aggregateId":{"S":"ORDERS#1"},"version":{"N":"1.5"},"type":{"S":"T"}})",
        R"({"aggregateId":{"S":"ORDERS#1"},"version":{"S":"1"},"type":{"S":"T"}})",
        R"({"aggregateId":{"S":"ORDERS#1"},"version":{"N":"1"}})"}) {
    const auto parsed = parser().parse(image(json));
    ASSERT_FALSE(parsed) << json;
    EXPECT_EQ(parsed.error().code(), ErrorCode::malformed_item) << json;
  }
}

TEST(EventImageParser, IsNotMadeForStoresThatItCouldNotTellApart) {
  EXPECT_FALSE(EventImageParser::for_stores({"ORDERS", "A#B"}));
  EXPECT_FALSE(EventImageParser::for_stores({""}));
}

}  // namespace
}  // namespace dynakeep
