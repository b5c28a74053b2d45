#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dynakeep/result.h"
#include "dynakeep/stores/event_store.h"
#include "dynakeep/stores/events.h"

// What is told of stored events, in castore's three kinds of message, byte for byte as its channel
// adapters write them.
namespace dynakeep {

// ---- messages ----

struct AggregateExistsMessage {
  std::string event_store_id = {};
  std::string aggregate_id = {};
  std::string initial_event_timestamp = {};

  friend bool operator==(const AggregateExistsMessage&, const AggregateExistsMessage&) = default;
};

// NotificationMessage, the event alone, is in events.h.

// The event and the aggregate as it was with it.
struct StateCarryingMessage {
  std::string event_store_id = {};
  Event event = {};
  AttributeValue aggregate = {};  // a map with aggregateId and version

  friend bool operator==(const StateCarryingMessage&, const StateCarryingMessage&) = default;
};

using EventMessage =
    std::variant<AggregateExistsMessage, NotificationMessage, StateCarryingMessage>;

// {"eventStoreId":…,"event":{"aggregateId":…,"version":…,"type":…,"timestamp":…,"payload":…,
// "metadata":…},"aggregate":{"aggregateId":…,"version":…,…}}, members in castore's order, absent
// ones left out. Lossy where JSON is: sets become arrays and binary base64.
std::string to_json(const EventMessage& message);
// What such a text says. serialization: it is none of the three.
Result<EventMessage> event_message_from_json(std::string_view json);

std::string_view event_store_id_of(const EventMessage& message);

// ---- where messages go ----

struct PublishOptions {
  bool replay = false;  // told before; for those who want to know
};

// Carries messages away: a queue, a bus, a log. Messages of one call are carried in their order.
class MessageChannelAdapter {
 public:
  virtual ~MessageChannelAdapter() = default;
  virtual Result<void> publish(const std::vector<EventMessage>& messages,
                               const PublishOptions& options) = 0;
};

// A channel for tests: keeps what is published, and tells listeners. Thread-safe.
class InMemoryMessageChannel final : public MessageChannelAdapter {
 public:
  struct Published {
    EventMessage message = {};
    bool replay = false;
  };
  struct Listener {
    std::function<Result<void>(const EventMessage& message, bool replay)> listen = {};
    std::optional<std::string> event_store_id = {};  // none: of any
    std::optional<std::string> event_type = {};      // none: of any; else only messages with events
    bool on_replay = false;                          // also those that are replayed
  };

  void add_listener(Listener listener);
  std::vector<Published> published() const;
  void clear();

  // Fails with the first listener's error; the others, and the messages after it, are told all the
  // same.
  Result<void> publish(const std::vector<EventMessage>& messages,
                       const PublishOptions& options) override;

 private:
  mutable std::mutex mutex_;
  std::vector<Published> published_;  // guarded by mutex_
  std::vector<Listener> listeners_;   // guarded by mutex_
};

// ---- what AWS's services take ----

// An entry of EventBridge's PutEvents, but for the bus's name.
struct EventBridgeEntry {
  std::string source = {};       // the event store's id
  std::string detail_type = {};  // the event's type, or __REPLAYED__, or __AGGREGATE_EXISTS__
  std::string detail = {};       // JSON

  friend bool operator==(const EventBridgeEntry&, const EventBridgeEntry&) = default;
};
EventBridgeEntry event_bridge_entry(const EventMessage& message,
                                    const PublishOptions& options = {});

// A message of SQS's SendMessage.
struct SqsMessage {
  std::string body = {};        // JSON
  std::string message_id = {};  // attribute messageId (String): "ORDERS#o-77#3", "ORDERS#o-77"
  bool replay = false;          // attribute replay (Number, 1), if it is
  std::string group_id = {};    // of FIFO queues: "ORDERS#o-77"
  std::string deduplication_id = {};  // of FIFO queues: as message_id

  friend bool operator==(const SqsMessage&, const SqsMessage&) = default;
};
SqsMessage sqs_message(const EventMessage& message, const PublishOptions& options = {});

inline constexpr std::size_t messages_of_a_batch_max = 10;  // of both services

// ---- channels ----

enum class ChannelKind : std::uint8_t {
  queue,
  bus
};  // one consumer, or many; the same but in name

// An event store whose messages a channel carries. Refers to the store's parts, not to the object.
struct EventSource {
  std::string event_store_id = {};
  // The event's aggregate as it was with it. For channels that carry state; empty for aggregates
  // that have no fields.
  std::function<Result<AttributeValue>(const Event& event)> aggregate_at = {};
};

namespace detail {

// What channels of all kinds have in common.
class ChannelCore {
 public:
  ChannelCore(std::string_view kind, std::string channel_id, std::vector<EventSource> sources,
              MessageChannelAdapter* adapter);

  const std::string& channel_id() const { return channel_id_; }
  void set_adapter(MessageChannelAdapter* adapter) { adapter_.store(adapter); }

  Result<const EventSource*> source(std::string_view event_store_id) const;
  Result<void> publish(const std::vector<EventMessage>& messages,
                       const PublishOptions& options) const;

 private:
  std::string kind_;  // "queue" or "bus"
  std::string channel_id_;
  std::vector<EventSource> sources_;
  std::atomic<MessageChannelAdapter*> adapter_;
};

// The aggregate's map with aggregateId and version, which it need not list.
AttributeValue with_identity(AttributeValue aggregate, std::string_view aggregate_id,
                             Version version);

}  // namespace detail

// What an aggregate of these types is in a message.
template <KeptAggregate A>
Result<AttributeValue> aggregate_in_message(const A& aggregate) {
  return detail::with_identity(TRY(to_attribute(aggregate)), aggregate.aggregate_id,
                               aggregate.version);
}

template <typename A, typename Body>
EventSource source_of(const EventStore<A, Body>& store) {
  EventSource source{.event_store_id = store.event_store_id()};
  if constexpr (KeptAggregate<A>) {
    source.aggregate_at = [store](const Event& event) -> Result<AttributeValue> {
      const auto loaded =
          TRY(store.get_existing_aggregate(event.aggregate_id(), {.max_version = event.version()}));
      return aggregate_in_message(loaded.aggregate);
    };
  }
  return source;
}

// Carries messages of one kind, from the event stores that it was made for, to its adapter:
//
//   NotificationMessageQueue queue("ORDER_EVENTS", {source_of(orders)}, &adapter);
//
// invalid_argument, in castore's words: "Unable to find event store ORDERS in message queue
// ORDER_EVENTS. Did you provide it in the constructor?", before anything is sent; "Adapter
// undefined for message queue ORDER_EVENTS". Else what the adapter fails with. Thread-safe, if the
// adapter is.
template <typename Message, ChannelKind kind>
class MessageChannel {
 public:
  using MessageType = Message;
  static constexpr bool carries_state = std::is_same_v<Message, StateCarryingMessage>;

  // `adapter` must outlive the channel; it may be set later.
  MessageChannel(std::string channel_id, std::vector<EventSource> sources,
                 MessageChannelAdapter* adapter = nullptr)
      : core_(kind == ChannelKind::queue ? "queue" : "bus", std::move(channel_id),
              std::move(sources), adapter) {}

  const std::string& channel_id() const { return core_.channel_id(); }
  void set_adapter(MessageChannelAdapter* adapter) { core_.set_adapter(adapter); }

  Result<void> publish_message(Message message, const PublishOptions& options = {}) const {
    return core_.publish({std::move(message)}, options);
  }
  // All are checked before any is sent.
  Result<void> publish_messages(std::vector<Message> messages,
                                const PublishOptions& options = {}) const {
    std::vector<EventMessage> all(std::make_move_iterator(messages.begin()),
                                  std::make_move_iterator(messages.end()));
    return core_.publish(all, options);
  }

  // Adds to the notification the aggregate as it was with the event. aggregate_not_found: it has no
  // events up to there.
  Result<void> get_aggregate_and_publish_message(NotificationMessage notification,
                                                 const PublishOptions& options = {}) const requires
      carries_state {
    const EventSource* source = TRY(core_.source(notification.event_store_id));
    if (!source->aggregate_at) {
      return Error(ErrorCode::invalid_argument, "The aggregates of event store " +
                                                    notification.event_store_id +
                                                    " have no fields to publish");
    }
    AttributeValue aggregate = TRY(source->aggregate_at(notification.event));
    return publish_message({.event_store_id = std::move(notification.event_store_id),
                            .event = std::move(notification.event),
                            .aggregate = std::move(aggregate)},
                           options);
  }

 private:
  detail::ChannelCore core_;
};

using AggregateExistsMessageQueue = MessageChannel<AggregateExistsMessage, ChannelKind::queue>;
using AggregateExistsMessageBus = MessageChannel<AggregateExistsMessage, ChannelKind::bus>;
using NotificationMessageQueue = MessageChannel<NotificationMessage, ChannelKind::queue>;
using NotificationMessageBus = MessageChannel<NotificationMessage, ChannelKind::bus>;
using StateCarryingMessageQueue = MessageChannel<StateCarryingMessage, ChannelKind::queue>;
using StateCarryingMessageBus = MessageChannel<StateCarryingMessage, ChannelKind::bus>;

// ---- connected event stores ----

// The store, publishing each event that it stores: after the hook, what could not be published is
// in Pushed::after_commit, and is not sent again. Where every event must arrive, follow the table's
// stream instead. State-carrying channels get next_aggregate if the push made it, else the
// aggregate is loaded up to the event. The channel must outlive the store.
template <typename A, typename Body, typename Message, ChannelKind kind>
EventStore<A, Body> connected_event_store(const EventStore<A, Body>& store,
                                          const MessageChannel<Message, kind>& channel) {
  static_assert(!std::is_same_v<Message, AggregateExistsMessage>,
                "events cannot be published to a channel of aggregate-exists messages");
  using Store = EventStore<A, Body>;
  return store.publishing_to(
      [&channel, id = store.event_store_id()](const typename Store::Pushed& pushed) {
        if constexpr (std::is_same_v<Message, StateCarryingMessage>) {
          static_assert(KeptAggregate<A>, "an aggregate needs fields() to be published");
          if (pushed.next_aggregate) {
            auto aggregate = aggregate_in_message(*pushed.next_aggregate);
            if (!aggregate) return Result<void>(std::move(aggregate).error());
            return channel.publish_message({.event_store_id = id,
                                            .event = pushed.event.event,
                                            .aggregate = std::move(*aggregate)});
          }
          return channel.get_aggregate_and_publish_message(
              {.event_store_id = id, .event = pushed.event.event});
        } else {
          return channel.publish_message({.event_store_id = id, .event = pushed.event.event});
        }
      });
}

}  // namespace dynakeep
