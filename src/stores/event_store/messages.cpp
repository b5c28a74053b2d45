#include <algorithm>
#include <array>

#include "dynakeep/json.h"
#include "dynakeep/stores/event_messages.h"

namespace dynakeep {
namespace {

constexpr std::string_view replayed_type = "__REPLAYED__";
constexpr std::string_view aggregate_exists_type = "__AGGREGATE_EXISTS__";

// ---- writing ----

// An object, member by member.
class ObjectWriter {
 public:
  void member(std::string_view name, const AttributeValue& value) { raw(name, to_json(value)); }
  void raw(std::string_view name, std::string_view json) {
    text_ += text_.size() == 1 ? "\"" : ",\"";
    text_ += name;
    text_ += "\":";
    text_ += json;
  }
  std::string take() { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
};

std::string event_json(const Event& event) {
  ObjectWriter object;
  object.member("aggregateId", event.aggregate_id());
  object.member("version", event.version());
  object.member("type", event.type());
  // As JavaScript does with one that is not there.
  if (!event.timestamp().empty()) object.member("timestamp", event.timestamp());
  if (event.payload().exists()) object.member("payload", event.payload().value());
  if (event.metadata().exists()) object.member("metadata", event.metadata().value());
  return object.take();
}

std::string aggregate_json(const AttributeValue& aggregate) {
  const auto* members = aggregate.get_if<AttributeMap>();
  if (members == nullptr) return to_json(aggregate);
  constexpr std::array<std::string_view, 2> first{"aggregateId", "version"};
  std::string json = "{";
  const auto add = [&json](std::string_view name, const AttributeValue& value) {
    if (json.size() > 1) json += ',';
    json += to_json(AttributeValue(name)) + ":" + to_json(value);
  };
  for (const std::string_view name : first) {
    if (const auto found = members->find(name); found != members->end()) add(name, found->second);
  }
  for (const auto& [name, value] : *members) {
    if (std::find(first.begin(), first.end(), name) == first.end()) add(name, value);
  }
  return json + "}";
}

struct ToJson {
  std::string operator()(const AggregateExistsMessage& message) const {
    ObjectWriter object;
    object.member("eventStoreId", message.event_store_id);
    object.member("aggregateId", message.aggregate_id);
    object.member("initialEventTimestamp", message.initial_event_timestamp);
    return object.take();
  }
  std::string operator()(const NotificationMessage& message) const {
    ObjectWriter object;
    object.member("eventStoreId", message.event_store_id);
    object.raw("event", event_json(message.event));
    return object.take();
  }
  std::string operator()(const StateCarryingMessage& message) const {
    ObjectWriter object;
    object.member("eventStoreId", message.event_store_id);
    object.raw("event", event_json(message.event));
    object.raw("aggregate", aggregate_json(message.aggregate));
    return object.take();
  }
};

// ---- reading ----

Error no_message(std::string_view why) {
  return Error(ErrorCode::serialization, "Not a message of an event store: " + std::string(why));
}

Result<std::string> text_member(const AttributeView& object, std::string_view name) {
  const auto found = object[name].text();
  if (!found) return no_message("it has no text " + std::string(name));
  return std::string(*found);
}

std::optional<AttributeValue> optional_member(const AttributeView& object, std::string_view name) {
  const AttributeView found = object[name];
  if (!found.exists()) return std::nullopt;
  return found.value();
}

Result<Event> event_of(const AttributeView& object) {
  NewEvent event;
  event.aggregate_id = TRY(text_member(object, "aggregateId"));
  event.type = TRY(text_member(object, "type"));
  event.payload = optional_member(object, "payload");
  event.metadata = optional_member(object, "metadata");
  const auto version = object["version"].integer();
  if (!version) return no_message("its event has no integer version");
  event.version = *version;
  if (const auto timestamp = object["timestamp"].text()) event.timestamp = std::string(*timestamp);
  return Event(std::move(event));
}

// ---- ids ----

const Event* event_in(const EventMessage& message) {
  if (const auto* notification = std::get_if<NotificationMessage>(&message)) {
    return &notification->event;
  }
  if (const auto* state = std::get_if<StateCarryingMessage>(&message)) return &state->event;
  return nullptr;
}

std::string aggregate_key(const EventMessage& message) {
  const Event* event = event_in(message);
  const std::string_view aggregate_id =
      event != nullptr ? event->aggregate_id()
                       : std::get<AggregateExistsMessage>(message).aggregate_id;
  return std::string(event_store_id_of(message)) + "#" + std::string(aggregate_id);
}

}  // namespace

std::string to_json(const EventMessage& message) { return std::visit(ToJson{}, message); }

Result<EventMessage> event_message_from_json(std::string_view json) {
  const Item item = TRY(item_from_json(json));
  const AttributeView object(item);
  std::string event_store_id = TRY(text_member(object, "eventStoreId"));
  if (object["aggregateId"].exists()) {
    std::string aggregate_id = TRY(text_member(object, "aggregateId"));
    std::string initial_event_timestamp = TRY(text_member(object, "initialEventTimestamp"));
    return EventMessage(
        AggregateExistsMessage{.event_store_id = std::move(event_store_id),
                               .aggregate_id = std::move(aggregate_id),
                               .initial_event_timestamp = std::move(initial_event_timestamp)});
  }
  if (!object["event"].exists()) return no_message("it has neither an aggregateId nor an event");
  Event event = TRY(event_of(object["event"]));
  if (!object["aggregate"].exists()) {
    return EventMessage(NotificationMessage{.event_store_id = std::move(event_store_id),
                                            .event = std::move(event)});
  }
  return EventMessage(StateCarryingMessage{.event_store_id = std::move(event_store_id),
                                           .event = std::move(event),
                                           .aggregate = object["aggregate"].value()});
}

std::string_view event_store_id_of(const EventMessage& message) {
  return std::visit([](const auto& each) -> std::string_view { return each.event_store_id; },
                    message);
}

// ---- AWS's services ----

EventBridgeEntry event_bridge_entry(const EventMessage& message, const PublishOptions& options) {
  const Event* event = event_in(message);
  std::string_view detail_type = aggregate_exists_type;
  if (event != nullptr) detail_type = options.replay ? replayed_type : event->type();
  return {.source = std::string(event_store_id_of(message)),
          .detail_type = std::string(detail_type),
          .detail = to_json(message)};
}

SqsMessage sqs_message(const EventMessage& message, const PublishOptions& options) {
  const std::string group_id = aggregate_key(message);
  const Event* event = event_in(message);
  const std::string message_id =
      event == nullptr ? group_id : group_id + "#" + std::to_string(event->version());
  return {.body = to_json(message),
          .message_id = message_id,
          .replay = options.replay,
          .group_id = group_id,
          .deduplication_id = message_id};
}

// ---- the channel for tests ----

void InMemoryMessageChannel::add_listener(Listener listener) {
  const std::scoped_lock lock(mutex_);
  listeners_.push_back(std::move(listener));
}

std::vector<InMemoryMessageChannel::Published> InMemoryMessageChannel::published() const {
  const std::scoped_lock lock(mutex_);
  return published_;
}

void InMemoryMessageChannel::clear() {
  const std::scoped_lock lock(mutex_);
  published_.clear();
}

Result<void> InMemoryMessageChannel::publish(const std::vector<EventMessage>& messages,
                                             const PublishOptions& options) {
  std::vector<Listener> listeners;
  {
    const std::scoped_lock lock(mutex_);
    for (const EventMessage& message : messages) {
      published_.push_back({.message = message, .replay = options.replay});
    }
    listeners = listeners_;  // they are told without the lock: they may publish themselves
  }
  Result<void> first;
  for (const EventMessage& message : messages) {
    for (const Listener& listener : listeners) {
      if (options.replay && !listener.on_replay) continue;
      if (listener.event_store_id && *listener.event_store_id != event_store_id_of(message)) {
        continue;
      }
      const Event* event = event_in(message);
      if (listener.event_type && (event == nullptr || event->type() != *listener.event_type)) {
        continue;
      }
      auto heard = listener.listen(message, options.replay);
      if (!heard && first) first = std::move(heard);
    }
  }
  return first;
}

// ---- channels ----

namespace detail {

ChannelCore::ChannelCore(std::string_view kind, std::string channel_id,
                         std::vector<EventSource> sources, MessageChannelAdapter* adapter)
    : kind_(kind),
      channel_id_(std::move(channel_id)),
      sources_(std::move(sources)),
      adapter_(adapter) {}

Result<const EventSource*> ChannelCore::source(std::string_view event_store_id) const {
  for (const EventSource& each : sources_) {
    if (each.event_store_id == event_store_id) return &each;
  }
  return Error(ErrorCode::invalid_argument,
               "Unable to find event store " + std::string(event_store_id) + " in message " +
                   kind_ + " " + channel_id_ + ". Did you provide it in the constructor?");
}

Result<void> ChannelCore::publish(const std::vector<EventMessage>& messages,
                                  const PublishOptions& options) const {
  for (const EventMessage& message : messages) TRY(source(event_store_id_of(message)));
  MessageChannelAdapter* const adapter = adapter_.load();
  if (adapter == nullptr) {
    return Error(ErrorCode::invalid_argument,
                 "Adapter undefined for message " + kind_ + " " + channel_id_);
  }
  return adapter->publish(messages, options);
}

AttributeValue with_identity(AttributeValue aggregate, std::string_view aggregate_id,
                             Version version) {
  if (auto* members = aggregate.get_if<AttributeMap>()) {
    members->insert_or_assign("aggregateId", aggregate_id);
    members->insert_or_assign("version", version);
  }
  return aggregate;
}

}  // namespace detail
}  // namespace dynakeep
