#include "driver/calls.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dynakeep/json.h"

namespace dynakeep::castore {

namespace {

// An object of JSON, whose members are read by their names. Of what is no object there is nothing.
class Members {
 public:
  explicit Members(const AttributeValue* json)
      : members_(json == nullptr ? nullptr : json->get_if<AttributeMap>()) {}
  explicit Members(const Item& json) : members_(&json.attributes()) {}

  const AttributeValue* find(std::string_view name) const {
    if (members_ == nullptr) return nullptr;
    const auto found = members_->find(name);
    return found == members_->end() ? nullptr : &found->second;
  }

  std::optional<std::string> text(std::string_view name) const {
    const AttributeValue* value = find(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return value->as_string();
  }
  std::optional<std::int64_t> integer(std::string_view name) const {
    const AttributeValue* value = find(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->as_number().to_int64();
  }
  std::optional<std::size_t> size(std::string_view name) const {
    const auto value = integer(name);
    return value ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
  }
  std::optional<bool> truth(std::string_view name) const {
    const AttributeValue* value = find(name);
    if (value == nullptr || !value->is_bool()) return std::nullopt;
    return value->as_bool();
  }
  Result<std::string> required(std::string_view name) const {
    if (auto value = text(name)) return *std::move(value);
    return Error(ErrorCode::invalid_argument, "the call misses \"" + std::string(name) + "\"");
  }

 private:
  const AttributeMap* members_;
};

Result<EventTable*> storage_of(Stores& stores, const Members& call) {
  const std::string format = call.text("format").value_or("single");
  EventTable* storage = stores.storage(format);
  if (storage == nullptr) return Error(ErrorCode::invalid_argument, "no format " + format);
  return storage;
}

AttributeValue list_of(const std::vector<Event>& events) {
  AttributeList list;
  for (const Event& event : events) list.emplace_back(fields_of(event));
  return list;
}

Result<AttributeValue> get_events(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto events =
      TRY(TRY(storage_of(stores, call))
              ->get_events(TRY(call.required("store")), TRY(call.required("aggregateId")),
                           {.min_version = options.integer("minVersion"),
                            .max_version = options.integer("maxVersion"),
                            .limit = options.size("limit"),
                            .reverse = options.truth("reverse").value_or(false)}));
  return AttributeValue(AttributeMap{{"events", list_of(events)}});
}

Result<AttributeValue> get_aggregate(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto events =
      TRY(TRY(storage_of(stores, call))
              ->get_events(TRY(call.required("store")), TRY(call.required("aggregateId")),
                           {.max_version = options.integer("maxVersion")}));
  AttributeMap answer{{"events", list_of(events)}};
  if (!events.empty()) {
    answer.emplace("aggregate", folded(events));
    answer.emplace("lastEvent", fields_of(events.back()));
  }
  return AttributeValue(std::move(answer));
}

Result<AttributeValue> push_event(Stores& stores, const Members& call) {
  const AttributeValue* event = call.find("event");
  if (event == nullptr) return Error(ErrorCode::invalid_argument, "the call misses \"event\"");
  const Members options(call.find("options"));
  const Event pushed = TRY(TRY(storage_of(stores, call))
                               ->push_event(TRY(call.required("store")), TRY(new_event(*event)),
                                            {.force = options.truth("force").value_or(false)}));
  return AttributeValue(AttributeMap{{"event", fields_of(pushed)}});
}

Result<AttributeValue> push_event_group(Stores& stores, const Members& call) {
  const AttributeValue* events = call.find("events");
  if (events == nullptr || !events->is_list() || events->as_list().empty()) {
    return Error(ErrorCode::invalid_argument, "the call misses \"events\"");
  }
  std::vector<GroupedEvent> group;
  for (const AttributeValue& each : events->as_list()) {
    const Members members(&each);
    const AttributeValue* event = members.find("event");
    if (event == nullptr) return Error(ErrorCode::invalid_argument, "no \"event\" in the group");
    group.push_back({.storage = TRY(storage_of(stores, members)),
                     .event_store_id = TRY(members.required("store")),
                     .event = TRY(new_event(*event))});
  }
  const Members options(call.find("options"));
  EventStorage& through = *group.front().storage;
  const auto pushed = TRY(through.push_event_group(
      std::move(group), {.force = options.truth("force").value_or(false)}));
  AttributeList grouped;
  for (const Event& event : pushed) {
    grouped.emplace_back(AttributeMap{{"event", fields_of(event)}});
  }
  return AttributeValue(AttributeMap{{"eventGroup", std::move(grouped)}});
}

Result<AttributeValue> list_aggregate_ids(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto page =
      TRY(TRY(storage_of(stores, call))
              ->list_aggregate_ids(TRY(call.required("store")),
                                   {.limit = options.size("limit"),
                                    .page_token = options.text("pageToken"),
                                    .initial_event_after = options.text("initialEventAfter"),
                                    .initial_event_before = options.text("initialEventBefore"),
                                    .reverse = options.truth("reverse")}));
  AttributeList listed;
  for (const auto& [aggregate_id, timestamp] : page.aggregates) {
    listed.emplace_back(
        AttributeMap{{"aggregateId", aggregate_id}, {"initialEventTimestamp", timestamp}});
  }
  AttributeMap answer{{"aggregateIds", std::move(listed)}};
  if (page.next_page_token) answer.emplace("nextPageToken", *page.next_page_token);
  return AttributeValue(std::move(answer));
}

AttributeMap fields_of_message(const NotificationMessage& message) {
  return {{"eventStoreId", message.event_store_id}, {"event", fields_of(message.event)}};
}

Result<AttributeValue> parse_image(Stores& /*stores*/, const Members& call) {
  const AttributeValue* image = call.find("image");
  if (image == nullptr) return Error(ErrorCode::invalid_argument, "the call misses \"image\"");
  const auto parser = TRY(EventImageParser::for_stores(Stores::ids()));
  const auto message = TRY(parser.parse(TRY(item_from_dynamodb_json(to_json(*image)))));
  return AttributeValue(fields_of_message(message));
}

using Operation = Result<AttributeValue> (*)(Stores&, const Members&);

const std::map<std::string, Operation, std::less<>> operations = {
    {"getEvents", get_events},
    {"getAggregate", get_aggregate},
    {"pushEvent", push_event},
    {"pushEventGroup", push_event_group},
    {"listAggregateIds", list_aggregate_ids},
    {"parseImage", parse_image},
};

Result<AttributeValue> carry_out(Stores& stores, std::string_view json) {
  const Item item = TRY(item_from_json(json));
  const Members call(item);
  const Members tables(call.find("tables"));
  if (const auto events = tables.text("events")) {
    stores.use_tables(*events, TRY(tables.required("legacy")));
  }
  const std::string name = TRY(call.required("operation"));
  const auto operation = operations.find(name);
  if (operation == operations.end()) {
    return Error(ErrorCode::invalid_argument, "no operation " + name);
  }
  return operation->second(stores, call);
}

AttributeMap fields_of(const Error& error) {
  AttributeMap fields{{"name", exception_name(error.code())},
                      {"message", error.message()},
                      {"code", exception_name(error.code())}};
  AttributeList conflicts;
  for (const EventKey& key : conflicting_events(error)) {
    if (conflicts.empty()) {
      fields.emplace("eventStoreId", key.event_store_id);
      fields.emplace("aggregateId", key.aggregate_id);
      fields.emplace("version", key.version);
    }
    conflicts.emplace_back(AttributeMap{{"eventStoreId", key.event_store_id},
                                        {"aggregateId", key.aggregate_id},
                                        {"version", key.version}});
  }
  if (!conflicts.empty()) fields.emplace("conflicts", std::move(conflicts));
  return fields;
}

}  // namespace

Result<NewEvent> new_event(const AttributeValue& json) {
  const Members members(&json);
  NewEvent event{.aggregate_id = TRY(members.required("aggregateId")),
                 .version = members.integer("version").value_or(0),
                 .type = TRY(members.required("type")),
                 .timestamp = members.text("timestamp")};
  if (const AttributeValue* payload = members.find("payload")) event.payload = *payload;
  if (const AttributeValue* metadata = members.find("metadata")) event.metadata = *metadata;
  return event;
}

std::string call(Stores& stores, std::string_view json) {
  auto answer = carry_out(stores, json);
  if (answer) return to_json(Item{{"ok", *std::move(answer)}});
  return to_json(Item{{"error", fields_of(answer.error())}});
}

}  // namespace dynakeep::castore
