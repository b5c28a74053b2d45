#include "stores/event_store/storage_contract.h"

// What lies in the table, attribute by attribute: what other programs find there.
namespace dynakeep {
namespace {

using contract::event_at;
using contract::event_of;
using contract::json;
using contract::must;
using contract::orders;
using contract::refused;

class StoredItems : public contract::EventStorageContract {
 protected:
  // The attribute that only an initial event has.
  void expect_initial(Item& expected) {
    if (is_legacy()) {
      expected["isInitialEvent"] = 1;
    } else {
      expected["eventStoreId"] = orders;
    }
  }
};

TEST_P(StoredItems, AnInitialEventHasTheIndexesAttribute) {
  NewEvent event = event_at("2024-05-01T09:30:00.000Z", "o-77");
  event.payload =
      json(R"({"customerId":"c-9","total":19.5,"gift":false,"coupon":null,"tags":[],"extra":{}})");
  event.metadata = json(R"({"source":"web"})");
  push({event});

  Item expected{{"aggregateId", stored_key("o-77")},
                {"version", 1},
                {"type", "ORDER_PLACED"},
                {"timestamp", "2024-05-01T09:30:00.000Z"},
                {"payload", *event.payload},
                {"metadata", *event.metadata}};
  expect_initial(expected);
  EXPECT_EQ(raw("o-77", 1), expected);
}

TEST_P(StoredItems, ALaterEventHasFourAttributes) {
  push({event_at("2024-05-01T10:00:00.125Z", "o-77", 2)});
  EXPECT_EQ(raw("o-77", 2), (Item{{"aggregateId", stored_key("o-77")},
                                  {"version", 2},
                                  {"type", "ORDER_PLACED"},
                                  {"timestamp", "2024-05-01T10:00:00.125Z"}}));
}

TEST_P(StoredItems, NullIsStoredAndAbsenceIsNot) {
  NewEvent event = event_of("o-1", 2);
  event.payload = nullptr;
  push({event});
  const Item stored = raw("o-1", 2).value();
  EXPECT_EQ(stored.at("payload"), AttributeValue(nullptr));
  EXPECT_FALSE(stored.contains("metadata"));

  const Event read = events("o-1").front();
  EXPECT_TRUE(read.payload().exists());
  EXPECT_TRUE(read.payload().is_null());
  EXPECT_FALSE(read.metadata().exists());
}

TEST_P(StoredItems, ThePushAnswersWithWhatWasStored) {
  NewEvent event = event_at("2024-05-01T10:00:00.125Z", "o-1");
  event.payload = json(R"({"total":1e2})");
  const Event pushed = push({event}).front();
  EXPECT_EQ(pushed.aggregate_id(), "o-1");
  EXPECT_EQ(pushed.version(), 1);
  EXPECT_EQ(pushed.type(), "ORDER_PLACED");
  EXPECT_EQ(pushed.timestamp(), "2024-05-01T10:00:00.125Z");
  EXPECT_EQ(pushed, events("o-1").front());
  EXPECT_EQ(pushed.item(), raw("o-1", 1));
}

TEST_P(StoredItems, TheClockGivesTheTimestampInMilliseconds) {
  clock_.set(Time{std::chrono::microseconds{1'714'555'800'125'999}});
  EXPECT_EQ(push({event_of("o-1", 1)}).front().timestamp(), "2024-05-01T09:30:00.125Z");
}

TEST_P(StoredItems, AnyTextIsATimestamp) {
  push({event_at("2022", "o-1")});
  EXPECT_EQ(events("o-1").front().timestamp(), "2022");
}

TEST_P(StoredItems, IdsKeepEveryCharacter) {
  const std::vector<std::string> ids = {"a#b#c", "#", "##", "ключ-🦊 /?&%", " ", "A", "a"};
  for (const std::string& id : ids) push({event_of(id, 1)});
  for (const std::string& id : ids) {
    EXPECT_EQ(events(id).front().aggregate_id(), id);
    EXPECT_EQ(raw(id, 1).value().at("aggregateId"), AttributeValue(stored_key(id)));
  }
  EXPECT_THAT(listed(), testing::UnorderedElementsAreArray(ids));
}

TEST_P(StoredItems, NumbersComeBackAsTheyWere) {
  NewEvent event = event_of("numbers", 1);
  event.payload = json(
      R"({"zero":0,"minusOne":-1,"max":9007199254740991,"min":-9007199254740991,"half":0.5,
          "tenth":0.1,"third":0.3333333333333333,"tiny":1e-7,"mixed":123456789012.345,
          "list":[1,-2.25,1000000]})");
  push({event});
  EXPECT_EQ(events("numbers").front().payload().value(), *event.payload);
}

TEST_P(StoredItems, LargeDeepAndStrangePayloadsComeBackAsTheyWere) {
  NewEvent large = event_of("o-1", 1);
  large.payload = AttributeMap{{"text", std::string(300'000, 'x')}};
  NewEvent deep = event_of("o-1", 2);
  deep.payload = json(std::string(31, '[') + "1" + std::string(31, ']'));
  NewEvent strange = event_of("o-1", 3);
  strange.payload = json(
      R"({"ключ":"значение 🦊","tab\tquote\"":"back\\slash\nnewline\u0000\u001f"})");
  strange.metadata = json(R"([[],{},[null,false,"x"],"",{"":[""]}])");
  push({large, deep, strange});
  const auto read = events("o-1");
  EXPECT_EQ(read[0].payload().value(), *large.payload);
  EXPECT_EQ(read[1].payload().value(), *deep.payload);
  EXPECT_EQ(read[2].payload().value(), *strange.payload);
  EXPECT_EQ(read[2].metadata().value(), *strange.metadata);
}

ON_EVERY_STORAGE(StoredItems);

// ---- what other programs may have left in the table ----

class ForeignItems : public StoredItems {
 protected:
  void put(Item item) {
    must(database().put_item({.table_name = table_name(), .item = std::move(item)}));
  }
};

TEST_P(ForeignItems, AnEventWithoutTimestampIsReadAndNotListed) {
  Item item{{"aggregateId", stored_key("o-1")}, {"version", 1}, {"type", "T"}};
  expect_initial(item);
  put(item);
  EXPECT_EQ(events("o-1").front().timestamp(), "");
  EXPECT_TRUE(listed().empty());
}

TEST_P(ForeignItems, SetsBinariesBigNumbersAndOtherAttributesAreSeenInTheItem) {
  Item item{{"aggregateId", stored_key("o-1")},
            {"version", must(Number::parse("2.0"))},
            {"type", "T"},
            {"timestamp", "2024"},
            {"payload", AttributeMap{{"set", StringSet{"b", "a"}},
                                     {"bytes", Binary("\x01\x02")},
                                     {"big", must(Number::parse("12345678901234567890.5"))}}},
            {"expiresAt", 1'700'000'000}};
  put(item);
  const Event read = events("o-1").front();
  EXPECT_EQ(read.version(), 2);
  EXPECT_EQ(read.item(), item);
  EXPECT_EQ(read.payload().value(), item.at("payload"));
  EXPECT_EQ(read.payload()["big"].number(), must(Number::parse("12345678901234567890.5")));
}

TEST_P(ForeignItems, VersionsBelowOneAreRead) {
  for (const int version : {0, -1}) {
    put({{"aggregateId", stored_key("o-1")},
         {"version", version},
         {"type", "T"},
         {"timestamp", "2"}});
  }
  EXPECT_EQ(contract::versions_of(events("o-1")), (std::vector<Version>{-1, 0}));
}

TEST_P(ForeignItems, AnItemThatIsNoEventFailsTheReadAndIsNamed) {
  put({{"aggregateId", stored_key("o-1")}, {"version", 7}, {"timestamp", "2024"}});
  const Error untyped = refused(storage().get_events(orders, "o-1"), ErrorCode::malformed_item);
  EXPECT_THAT(untyped.message(), testing::HasSubstr(stored_key("o-1")));
  EXPECT_THAT(untyped.message(), testing::HasSubstr("\"7\""));
  EXPECT_THAT(untyped.message(), testing::HasSubstr("type"));

  put({{"aggregateId", stored_key("o-2")}, {"version", must(Number::parse("1.5"))}, {"type", "T"}});
  refused(storage().get_events(orders, "o-2"), ErrorCode::malformed_item);

  // The items can be had all the same.
  EXPECT_EQ(must(storage().get_items(orders, "o-1")).size(), 1u);
  EXPECT_EQ(must(storage().get_items(orders, "o-2")).size(), 1u);
}

ON_EVERY_TABLE(ForeignItems);

}  // namespace
}  // namespace dynakeep
