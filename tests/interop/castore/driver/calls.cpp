#include "driver/calls.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dynakeep/json.h"
#include "dynakeep/stores/event_messages.h"
#include "dynakeep/stores/event_migration.h"
#include "dynakeep/stores/event_replay.h"
#include "dynakeep/stores/event_snapshots.h"

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

Result<const Store*> store_of(Stores& stores, const Members& call) {
  const std::string id = TRY(call.required("store"));
  const std::string format = call.text("format").value_or("single");
  const Store* store = stores.find(id, format);
  if (store == nullptr) {
    return Error(ErrorCode::invalid_argument, "no store " + id + " in format " + format);
  }
  return store;
}

AttributeValue list_of(const std::vector<Store::Stored>& events) {
  AttributeList list;
  for (const Store::Stored& stored : events) list.emplace_back(fields_of(stored.event));
  return list;
}

// An event is stored whatever fails afterwards; here nothing may.
Result<AttributeValue> answer_of(const Store::Pushed& pushed) {
  if (!pushed.after_commit.empty()) return pushed.after_commit.front();
  AttributeMap answer{{"event", fields_of(pushed.event.event)}};
  if (pushed.next_aggregate) answer.emplace("nextAggregate", fields_of(*pushed.next_aggregate));
  return AttributeValue(std::move(answer));
}

Result<AttributeValue> get_events(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto events = TRY(TRY(store_of(stores, call))
                              ->get_events(TRY(call.required("aggregateId")),
                                           {.min_version = options.integer("minVersion"),
                                            .max_version = options.integer("maxVersion"),
                                            .limit = options.size("limit"),
                                            .reverse = options.truth("reverse").value_or(false)}));
  return AttributeValue(AttributeMap{{"events", list_of(events)}});
}

AttributeValue answer_of(const std::vector<Store::Stored>& events,
                         const std::optional<History>& aggregate) {
  AttributeMap answer{{"events", list_of(events)}};
  if (aggregate) answer.emplace("aggregate", fields_of(*aggregate));
  if (!events.empty()) answer.emplace("lastEvent", fields_of(events.back().event));
  return answer;
}

Result<AttributeValue> get_aggregate(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto loaded = TRY(TRY(store_of(stores, call))
                              ->get_aggregate(TRY(call.required("aggregateId")),
                                              {.max_version = options.integer("maxVersion")}));
  return answer_of(loaded.events, loaded.aggregate);
}

Result<AttributeValue> get_existing_aggregate(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto loaded =
      TRY(TRY(store_of(stores, call))
              ->get_existing_aggregate(TRY(call.required("aggregateId")),
                                       {.max_version = options.integer("maxVersion")}));
  return answer_of(loaded.events, loaded.aggregate);
}

Result<AttributeValue> push_event(Stores& stores, const Members& call) {
  const AttributeValue* event = call.find("event");
  if (event == nullptr) return Error(ErrorCode::invalid_argument, "the call misses \"event\"");
  const Members options(call.find("options"));
  return answer_of(TRY(TRY(store_of(stores, call))
                           ->push_event(to_push(TRY(new_event(*event))),
                                        {.force = options.truth("force").value_or(false)})));
}

Result<AttributeValue> push_group(Stores& stores, const Members& call) {
  const AttributeValue* events = call.find("events");
  if (events == nullptr || !events->is_list()) {
    return Error(ErrorCode::invalid_argument, "the call misses \"events\"");
  }
  std::vector<Store::Grouped> group;
  for (const AttributeValue& each : events->as_list()) {
    const Members members(&each);
    const AttributeValue* event = members.find("event");
    if (event == nullptr) return Error(ErrorCode::invalid_argument, "no \"event\" in the group");
    group.push_back(TRY(store_of(stores, members))->group_event(to_push(TRY(new_event(*event)))));
  }
  const Members options(call.find("options"));
  AttributeList pushed_group;
  for (const auto& pushed :
       TRY(push_event_group(std::move(group), {.force = options.truth("force").value_or(false)}))) {
    pushed_group.push_back(TRY(answer_of(pushed)));
  }
  return AttributeValue(AttributeMap{{"eventGroup", std::move(pushed_group)}});
}

Result<AttributeValue> list_aggregate_ids(Stores& stores, const Members& call) {
  const Members options(call.find("options"));
  const auto page =
      TRY(TRY(store_of(stores, call))
              ->list_aggregate_ids({.limit = options.size("limit"),
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

// What a replay publishes, in order.
Result<AttributeValue> replay(Stores& stores, const Members& call) {
  const AttributeValue* ids = call.find("stores");
  if (ids == nullptr || !ids->is_list()) {
    return Error(ErrorCode::invalid_argument, "the call misses \"stores\"");
  }
  std::vector<EventSource> sources;
  std::vector<ReplaySource> replayed;
  for (const AttributeValue& id : ids->as_list()) {
    sources.push_back(source_of(stores.store(id.as_string())));
    replayed.push_back(TRY(replay_source(stores.store(id.as_string()))));
  }
  InMemoryMessageChannel channel;
  const NotificationMessageQueue queue("REPLAYED", std::move(sources), &channel);
  const Members filters(call.find("filters"));
  TRY(replay_events(replayed, replayed_to(queue),
                    {.from = filters.text("from"), .to = filters.text("to")}));
  AttributeList messages;
  for (const auto& [message, is_replay] : channel.published()) {
    AttributeMap fields = fields_of_message(std::get<NotificationMessage>(message));
    fields.emplace("replay", is_replay);
    messages.emplace_back(std::move(fields));
  }
  return AttributeValue(std::move(messages));
}

// Loads every listed aggregate with snapshots in the table "table" until there is one of it, and
// says of which there is: all that is left to read of those is nothing.
Result<AttributeValue> take_snapshots(Stores& stores, const Members& call) {
  EventSnapshots snapshots(stores.database(), {.table_name = TRY(call.required("table"))});
  TRY(snapshots.create_table());
  const Store& plain = *TRY(store_of(stores, call));
  const Store store =
      make_store(plain.event_store_id(), *TRY(plain.storage()),
                 {.snapshots = &snapshots, .reducer_version = "1", .after_events = 1});
  AttributeList taken;
  for (auto& each : aggregates_of(*TRY(store.storage()), store.event_store_id())) {
    const std::string id = TRY(std::move(each)).aggregate_id;
    // The first load makes ready, the second keeps, the third finds.
    TRY(store.get_aggregate(id));
    TRY(store.get_aggregate(id));
    const auto loaded = TRY(store.get_aggregate(id));
    if (loaded.snapshot_failure) return *loaded.snapshot_failure;
    if (loaded.events.empty()) taken.emplace_back(id);
  }
  return AttributeValue(std::move(taken));
}

// All of the legacy table into the single one, as the store's.
Result<AttributeValue> migrate(Stores& stores, const Members& call) {
  const std::string id = TRY(call.required("store"));
  const std::size_t events =
      TRY(migrate_legacy_events(stores.database(), {.legacy_table = stores.table_name("legacy"),
                                                    .events_table = stores.table_name("single"),
                                                    .event_store_id = id}));
  return AttributeValue(events);
}

using Operation = Result<AttributeValue> (*)(Stores&, const Members&);

const std::map<std::string, Operation, std::less<>> operations = {
    {"getEvents", get_events},
    {"getAggregate", get_aggregate},
    {"getExistingAggregate", get_existing_aggregate},
    {"pushEvent", push_event},
    {"pushEventGroup", push_group},
    {"listAggregateIds", list_aggregate_ids},
    {"parseImage", parse_image},
    {"replay", replay},
    {"takeSnapshots", take_snapshots},
    {"migrate", migrate},
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
  NewEvent event;
  event.aggregate_id = TRY(members.required("aggregateId"));
  event.version = members.integer("version").value_or(0);
  event.type = TRY(members.required("type"));
  event.timestamp = members.text("timestamp");
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
