#include <algorithm>
#include <ostream>
#include <utility>

#include "base/utf8.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"
#include "dynakeep/stores/events.h"
#include "stores/event_store/attributes.h"

namespace dynakeep {

using namespace event_store;  // NOLINT: the names of attributes

namespace {

Error malformed(const Item& item, std::string_view what) {
  Item key;
  for (const std::string_view name : {aggregate_id_attribute, version_attribute}) {
    if (const AttributeView value = AttributeView(item)[name]; value.exists()) {
      key[name] = value.value();
    }
  }
  return {ErrorCode::malformed_item,
          "The item " + to_dynamodb_json(key) + " is no event: " + std::string(what)};
}

bool same(const AttributeView& a, const AttributeView& b) {
  return a.exists() == b.exists() && (!a.exists() || a.value() == b.value());
}

std::optional<AttributeValue> copy_of(const AttributeView& value) {
  return value.exists() ? std::optional(value.value()) : std::nullopt;
}

std::string already_exists(const EventKey& key) {
  return "Event already exists for " + key.event_store_id + " aggregate " + key.aggregate_id +
         " and version " + std::to_string(key.version);
}

}  // namespace

// ---- Event ----

Event::Event(NewEvent event) : version_(event.version) {
  AttributeMap attributes;
  attributes.emplace(aggregate_id_attribute, std::move(event.aggregate_id));
  attributes.emplace(version_attribute, event.version);
  attributes.emplace(type_attribute, std::move(event.type));
  if (event.timestamp) attributes.emplace(timestamp_attribute, std::move(*event.timestamp));
  if (event.payload) attributes.emplace(payload_attribute, std::move(*event.payload));
  if (event.metadata) attributes.emplace(metadata_attribute, std::move(*event.metadata));
  item_ = Item(std::move(attributes));
}

Result<Event> Event::from_item(Item item, std::string_view key_prefix) {
  Event event;
  TRY(event.assign_item(std::move(item), key_prefix));
  return event;
}

Result<Event::Content> Event::assign_item(Item&& item, std::string_view key_prefix) {
  item_ = std::move(item);
  const auto [key_value, version, type, payload] = AttributeView(item_).members<4>(
      {aggregate_id_attribute, version_attribute, type_attribute, payload_attribute});
  const auto key = key_value.text();
  if (!key) return malformed(item_, "it has no aggregateId that is text");
  const auto number = version.integer();
  if (!number) return malformed(item_, "it has no version that is an integer");
  const auto name = type.text();
  if (!name) return malformed(item_, "it has no type that is text");
  version_ = *number;
  key_prefix_bytes_ = key->starts_with(key_prefix) ? key_prefix.size() : 0;
  return Content{.type = *name, .payload = payload};
}

std::string_view Event::aggregate_id() const {
  const auto key = AttributeView(item_)[aggregate_id_attribute].text();
  return key.value_or("").substr(key ? key_prefix_bytes_ : 0);
}

std::string_view Event::type() const {
  return AttributeView(item_)[type_attribute].text().value_or("");
}

std::string_view Event::timestamp() const {
  return AttributeView(item_)[timestamp_attribute].text().value_or("");
}

AttributeView Event::payload() const { return AttributeView(item_)[payload_attribute]; }

AttributeView Event::metadata() const { return AttributeView(item_)[metadata_attribute]; }

NewEvent Event::to_new_event() const {
  NewEvent event{.aggregate_id = std::string(aggregate_id()),
                 .version = version_,
                 .type = std::string(type()),
                 .payload = copy_of(payload()),
                 .metadata = copy_of(metadata())};
  if (!timestamp().empty()) event.timestamp = std::string(timestamp());
  return event;
}

bool operator==(const Event& a, const Event& b) {
  return a.version() == b.version() && a.aggregate_id() == b.aggregate_id() &&
         a.type() == b.type() && a.timestamp() == b.timestamp() && same(a.payload(), b.payload()) &&
         same(a.metadata(), b.metadata());
}

std::ostream& operator<<(std::ostream& out, const Event& event) {
  out << event.aggregate_id() << " " << event.version() << " " << event.type() << " "
      << event.timestamp();
  if (event.payload().exists()) out << " " << event.payload().value();
  if (event.metadata().exists()) out << " metadata " << event.metadata().value();
  return out;
}

std::ostream& operator<<(std::ostream& out, const EventKey& key) {
  return out << key.event_store_id << " " << key.aggregate_id << " " << key.version;
}

std::ostream& operator<<(std::ostream& out, const ListedAggregate& listed) {
  return out << listed.aggregate_id << " " << listed.initial_event_timestamp;
}

// ---- what events are named and dated by ----

Result<void> check_event_store_id(std::string_view event_store_id, bool allow_hash) {
  if (event_store_id.empty()) {
    return Error(ErrorCode::invalid_argument, "An event store's id may not be empty");
  }
  if (!allow_hash && event_store_id.find('#') != std::string_view::npos) {
    return Error(ErrorCode::invalid_argument,
                 "The event store id " + std::string(event_store_id) +
                     " holds '#', which stands between it and the aggregate's id in stored keys");
  }
  if (!base::is_utf8(event_store_id)) {
    return Error(ErrorCode::invalid_argument, "An event store's id must be UTF-8");
  }
  return {};
}

std::string event_timestamp(Time moment) { return to_iso(moment); }

// ---- errors ----

Error event_already_exists(const EventKey& taken) { return event_already_exists({taken}, {true}); }

Error event_already_exists(const std::vector<EventKey>& pushed, const std::vector<bool>& taken) {
  std::string message;
  std::vector<CancellationReason> reasons(pushed.size());
  for (std::size_t i = 0; i < pushed.size(); ++i) {
    if (!taken[i]) continue;
    const EventKey& key = pushed[i];
    std::string words = already_exists(key);
    if (!message.empty()) message += "; ";
    message += words;
    // The item is how the error carries the key: see conflicting_events.
    reasons[i] = {.code = "ConditionalCheckFailed",
                  .message = std::move(words),
                  .item = std::make_shared<const Item>(
                      Item{{std::string(event_store_id_attribute), key.event_store_id},
                           {std::string(aggregate_id_attribute), key.aggregate_id},
                           {std::string(version_attribute), key.version}})};
  }
  Error error(ErrorCode::event_already_exists, std::move(message));
  error.set_cancellation_reasons(std::move(reasons));
  return error;
}

std::vector<EventKey> conflicting_events(const Error& error) {
  std::vector<EventKey> conflicts;
  if (error.code() != ErrorCode::event_already_exists) return conflicts;
  for (const CancellationReason& reason : error.cancellation_reasons()) {
    if (reason.item == nullptr) continue;
    const AttributeView key(*reason.item);
    conflicts.push_back(
        {.event_store_id = std::string(key[event_store_id_attribute].text().value_or("")),
         .aggregate_id = std::string(key[aggregate_id_attribute].text().value_or("")),
         .version = key[version_attribute].integer().value_or(0)});
  }
  return conflicts;
}

Error aggregate_not_found(std::string_view event_store_id, std::string_view aggregate_id) {
  return {ErrorCode::aggregate_not_found, "Unable to find aggregate " + std::string(aggregate_id) +
                                              " in event store " + std::string(event_store_id) +
                                              "."};
}

}  // namespace dynakeep
