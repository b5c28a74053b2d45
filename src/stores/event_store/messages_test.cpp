#include <gtest/gtest.h>

#include "dynakeep/stores/event_messages.h"
#include "stores/event_store/test_orders.h"

namespace dynakeep {
namespace {

using namespace test_orders;

Event event() {
  return Event(NewEvent{.aggregate_id = "o-77",
                        .version = 2,
                        .type = "ORDER_PAID",
                        .payload = AttributeMap{{"amount", 15}},
                        .metadata = AttributeMap{{"source", "web"}},
                        .timestamp = "2024-05-01T10:00:00.125Z"});
}
Event bare_event() {
  return Event(NewEvent{.aggregate_id = "o-77",
                        .version = 3,
                        .type = "ORDER_SHIPPED",
                        .timestamp = "2024-05-02T08:00:00.000Z"});
}

const EventMessage exists = AggregateExistsMessage{
    .event_store_id = "ORDERS", .aggregate_id = "o-77", .initial_event_timestamp = "2024-05-01"};
const EventMessage notification = NotificationMessage{.event_store_id = "ORDERS", .event = event()};
const EventMessage state =
    StateCarryingMessage{.event_store_id = "ORDERS",
                         .event = bare_event(),
                         .aggregate = AttributeMap{
                             {"aggregateId", "o-77"}, {"version", 3}, {"a", true}, {"z", nullptr}}};

// ---- G4 ----

TEST(EventMessages, AreWrittenWithTheirMembersInCastoresOrder) {
  EXPECT_EQ(
      to_json(exists),
      R"({"eventStoreId":"ORDERS","aggregateId":"o-77","initialEventTimestamp":"2024-05-01"})");
  EXPECT_EQ(to_json(notification),
            R"({"eventStoreId":"ORDERS","event":{"aggregateId":"o-77","version":2,)"
            R"("type":"ORDER_PAID","timestamp":"2024-05-01T10:00:00.125Z",)"
            R"("payload":{"amount":15},"metadata":{"source":"web"}}})");
  EXPECT_EQ(to_json(state), R"({"eventStoreId":"ORDERS","event":{"aggregateId":"o-77","version":3,)"
                            R"("type":"ORDER_SHIPPED","timestamp":"2024-05-02T08:00:00.000Z"},)"
                            R"("aggregate":{"aggregateId":"o-77","version":3,"a":true,"z":null}})");
}

TEST(EventMessages, AreReadBackAsTheKindTheyAre) {
  for (const EventMessage& message : {exists, notification, state}) {
    const auto read = event_message_from_json(to_json(message));
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read, message) << to_json(message);
  }
}

TEST(EventMessages, WhatIsNoneOfThemIsRefused) {
  for (const char* text :
       {"", "5", "[]", "{}", R"({"eventStoreId":"ORDERS"})", R"({"aggregateId":"a"})",
        R"({"eventStoreId":"ORDERS","aggregateId":"a"})", R"({"eventStoreId":"ORDERS","event":5})",
        R"({"eventStoreId":"ORDERS","event":{"aggregateId":"a","type":"T"}})",
        R"({"eventStoreId":"ORDERS","event":{"aggregateId":"a","type":"T","version":1.5}})",
        // What was read by then is let go of: ids too long to lie within a string.
        R"({"eventStoreId":"ORDERS","aggregateId":"an-order-of-many-letters"})",
        R"({"eventStoreId":"ORDERS","event":{"aggregateId":"an-order-of-many-letters"}})"}) {
    EXPECT_FALSE(event_message_from_json(text)) << text;
  }
}

TEST(EventMessages, BecomeEntriesOfEventBridge) {
  EXPECT_EQ(event_bridge_entry(notification),
            (EventBridgeEntry{
                .source = "ORDERS", .detail_type = "ORDER_PAID", .detail = to_json(notification)}));
  EXPECT_EQ(event_bridge_entry(state, {.replay = true}).detail_type, "__REPLAYED__");
  EXPECT_EQ(event_bridge_entry(exists).detail_type, "__AGGREGATE_EXISTS__");
  EXPECT_EQ(event_bridge_entry(exists, {.replay = true}).detail_type, "__AGGREGATE_EXISTS__");
}

TEST(EventMessages, BecomeMessagesOfSqs) {
  EXPECT_EQ(sqs_message(notification, {.replay = true}),
            (SqsMessage{.body = to_json(notification),
                        .message_id = "ORDERS#o-77#2",
                        .replay = true,
                        .group_id = "ORDERS#o-77",
                        .deduplication_id = "ORDERS#o-77#2"}));
  EXPECT_EQ(sqs_message(exists).message_id, "ORDERS#o-77");
}

// ---- channels: G3 ----

class ChannelTest : public testing::Test {
 protected:
  std::unique_ptr<EventStorage> storage_ = in_memory_event_storage();
  Orders orders_{order_options(storage_.get())};
  InMemoryMessageChannel channel_;

  std::vector<std::string> published() const {
    std::vector<std::string> all;
    for (const auto& each : channel_.published()) {
      all.push_back(to_json(each.message) + (each.replay ? " again" : ""));
    }
    return all;
  }
};

TEST_F(ChannelTest, AMessageOfAnUndeclaredStoreIsRefusedBeforeAnythingIsSent) {
  const NotificationMessageQueue queue("EVENTS", {source_of(orders_)}, &channel_);
  const auto refused = queue.publish_messages({{.event_store_id = "ORDERS", .event = event()},
                                               {.event_store_id = "OTHERS", .event = event()}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "Unable to find event store OTHERS in message queue EVENTS. Did you provide it in the "
            "constructor?");
  EXPECT_TRUE(published().empty());
}

TEST_F(ChannelTest, WithoutAnAdapterItSaysSo) {
  AggregateExistsMessageBus bus("IDS", {source_of(orders_)});
  const AggregateExistsMessage message = std::get<AggregateExistsMessage>(exists);
  const auto refused = bus.publish_message(message);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "Adapter undefined for message bus IDS");
  bus.set_adapter(&channel_);
  ASSERT_TRUE(bus.publish_message(message, {.replay = true}));
  EXPECT_EQ(published(), (std::vector<std::string>{to_json(exists) + " again"}));
}

TEST_F(ChannelTest, StateIsLoadedUpToTheEvent) {
  for (Version version = 1; version <= 3; ++version) {
    ASSERT_TRUE(orders_.push_event({.aggregate_id = "o-77",
                                    .version = version,
                                    .body = Paid{.amount = 5},
                                    .timestamp = "2024"}));
  }
  const StateCarryingMessageBus bus("STATE", {source_of(orders_)}, &channel_);
  const auto second = orders_.get_events("o-77", {.min_version = 2, .max_version = 2});
  ASSERT_TRUE(bus.get_aggregate_and_publish_message(
      {.event_store_id = "ORDERS", .event = second->at(0).event}));
  EXPECT_EQ(published(),
            (std::vector<std::string>{
                R"({"eventStoreId":"ORDERS","event":{"aggregateId":"o-77","version":2,)"
                R"("type":"ORDER_PAID","timestamp":"2024","payload":{"amount":5}},)"
                R"("aggregate":{"aggregateId":"o-77","version":2,"customer":"","notes":[],)"
                R"("paid":10,"shipped":false,"total":0}})"}));
  const auto missing = bus.get_aggregate_and_publish_message(
      {.event_store_id = "ORDERS",
       .event = Event(NewEvent{.aggregate_id = "o-404", .version = 1, .type = "ORDER_PAID"})});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::aggregate_not_found);
}

TEST_F(ChannelTest, ListenersHearWhatTheyAskedFor) {
  std::vector<std::string> heard;
  const auto listener = [&](std::string name) {
    return [&heard, name](const EventMessage&, bool) {
      heard.push_back(name);
      return Result<void>();
    };
  };
  channel_.add_listener({.listen = listener("all")});
  channel_.add_listener({.listen = listener("others"), .event_store_id = "OTHERS"});
  channel_.add_listener({.listen = listener("paid"), .event_type = "ORDER_PAID"});
  channel_.add_listener({.listen = listener("again"), .on_replay = true});
  ASSERT_TRUE(channel_.publish({notification}, {}));
  EXPECT_EQ(heard, (std::vector<std::string>{"all", "paid", "again"}));
  heard.clear();
  ASSERT_TRUE(channel_.publish({notification, exists}, {.replay = true}));
  EXPECT_EQ(heard, (std::vector<std::string>{"again", "again"}));
}

TEST_F(ChannelTest, AListenersFailureIsToldAndKeepsNobodyFromHearing) {
  int heard = 0;
  channel_.add_listener({.listen = [](const EventMessage&, bool) -> Result<void> {
    return Error(ErrorCode::unavailable, "deaf");
  }});
  channel_.add_listener({.listen = [&](const EventMessage&, bool) {
    ++heard;
    return Result<void>();
  }});
  const auto told = channel_.publish({notification, exists}, {});
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message(), "deaf");
  EXPECT_EQ(heard, 2);
}

// ---- connected stores: G1, G2 ----

TEST_F(ChannelTest, AConnectedStorePublishesAfterItsHook) {
  auto options = order_options(storage_.get());
  options.on_event_pushed = [&](const Orders::Pushed&) {
    EXPECT_TRUE(published().empty()) << "the hook runs first";
    return Result<void>();
  };
  const Orders original(std::move(options));
  const NotificationMessageQueue queue("EVENTS", {source_of(original)}, &channel_);
  const Orders connected = connected_event_store(original, queue);
  ASSERT_TRUE(connected.push_event(
      {.aggregate_id = "o-1", .version = 1, .body = Shipped{}, .timestamp = "2024"}));
  EXPECT_EQ(published(), (std::vector<std::string>{
                             R"({"eventStoreId":"ORDERS","event":{"aggregateId":"o-1","version":1,)"
                             R"("type":"ORDER_SHIPPED","timestamp":"2024"}})"}));
  channel_.clear();

  ASSERT_FALSE(connected.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}}));
  EXPECT_TRUE(published().empty()) << "a conflict publishes nothing";
}

TEST_F(ChannelTest, AStateCarryingStorePublishesTheAggregateWithTheEvent) {
  const StateCarryingMessageQueue queue("STATE", {source_of(orders_)}, &channel_);
  const Orders connected = connected_event_store(orders_, queue);
  ASSERT_TRUE(connected.push_event(
      {.aggregate_id = "o-1", .version = 1, .body = Paid{.amount = 1}, .timestamp = "2024"}));
  // Nothing is known of the aggregate before: it is loaded.
  const auto second = connected.push_event(
      {.aggregate_id = "o-1", .version = 2, .body = Paid{.amount = 2}, .timestamp = "2024"});
  ASSERT_TRUE(second) << second.error();
  EXPECT_TRUE(second->after_commit.empty());
  EXPECT_FALSE(second->next_aggregate);
  std::vector<std::int64_t> paid;
  for (const auto& each : channel_.published()) {
    const AttributeView aggregate(std::get<StateCarryingMessage>(each.message).aggregate);
    paid.push_back(aggregate["paid"].integer().value_or(-1));
  }
  EXPECT_EQ(paid, (std::vector<std::int64_t>{1, 3}));
}

TEST_F(ChannelTest, WhatCannotBePublishedIsToldBesideTheStoredEvent) {
  const NotificationMessageQueue queue("EVENTS", {source_of(orders_)});
  const Orders connected = connected_event_store(orders_, queue);
  const auto pushed =
      connected.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}});
  ASSERT_TRUE(pushed) << pushed.error();
  ASSERT_EQ(pushed->after_commit.size(), 1u);
  EXPECT_EQ(pushed->after_commit[0].message(), "Adapter undefined for message queue EVENTS");
  EXPECT_TRUE(orders_.exists("o-1").value());
}

TEST_F(ChannelTest, InAGroupEachEventGoesToItsOwnStoresChannel) {
  InMemoryMessageChannel other_channel;
  const NotificationMessageQueue queue("EVENTS", {source_of(orders_)}, &channel_);
  const NotificationMessageBus other_bus("OTHER", {source_of(orders_)}, &other_channel);
  const Orders connected = connected_event_store(orders_, queue);
  const Orders other = connected_event_store(orders_, other_bus);
  const auto pushed = push_event_group(
      connected.group_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}}),
      other.group_event({.aggregate_id = "o-2", .version = 1, .body = Shipped{}}),
      orders_.group_event({.aggregate_id = "o-3", .version = 1, .body = Shipped{}}));
  ASSERT_TRUE(pushed) << pushed.error();
  ASSERT_EQ(channel_.published().size(), 1u);
  ASSERT_EQ(other_channel.published().size(), 1u);
  EXPECT_EQ(
      std::get<NotificationMessage>(other_channel.published()[0].message).event.aggregate_id(),
      "o-2");
}

}  // namespace
}  // namespace dynakeep
