#include "stores/event_store/table_event_storage.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "dynakeep/json.h"
#include "dynakeep/pages.h"
#include "stores/event_store/attributes.h"
#include "stores/event_store/page_token.h"

namespace dynakeep::event_store {
namespace {

// Every name goes through a placeholder: `timestamp` is a reserved word, and others may become so.
constexpr const char* version_is_free = "attribute_not_exists(#version)";
constexpr const char* version_is_there = "attribute_exists(#version)";
constexpr const char* has_the_key = "#metadata.#key = :key";

constexpr const char* of_aggregate = "#aggregateId = :aggregateId";
constexpr const char* from_version = " AND #version >= :minVersion";
constexpr const char* to_version = " AND #version <= :maxVersion";
constexpr const char* between_versions = " AND #version BETWEEN :minVersion AND :maxVersion";

constexpr const char* of_store = "#eventStoreId = :eventStoreId";
constexpr const char* is_initial_event = "#isInitialEvent = :isInitialEvent";
constexpr const char* from_timestamp = " AND #timestamp >= :initialEventAfter";
constexpr const char* to_timestamp = " AND #timestamp <= :initialEventBefore";
constexpr const char* between_timestamps =
    " AND #timestamp BETWEEN :initialEventAfter AND :initialEventBefore";

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

std::string placeholder(std::string_view name) { return "#" + std::string(name); }

ExpressionAttributeNames names(std::initializer_list<std::string_view> attributes) {
  ExpressionAttributeNames all;
  for (const std::string_view name : attributes) all.emplace(placeholder(name), name);
  return all;
}

// The first of `bounds` stands for both, the others for the lower and the upper one.
struct Bounds {
  const char* both;
  const char* lower;
  const char* upper;
};
const char* bounded(const Bounds& bounds, bool from, bool to) {
  return from && to ? bounds.both : from ? bounds.lower : to ? bounds.upper : "";
}

Key key_of(const Item& item) {
  const AttributeView attributes(item);
  return Key{{std::string(aggregate_id_attribute), attributes[aggregate_id_attribute].value()},
             {std::string(version_attribute), attributes[version_attribute].value()}};
}

bool any_reason(const Error& error, std::string_view code) {
  return std::any_of(error.cancellation_reasons().begin(), error.cancellation_reasons().end(),
                     [&](const CancellationReason& reason) { return reason.code == code; });
}

bool is_cancelled_by_condition(const Error& error) {
  return error.code() == ErrorCode::transaction_canceled &&
         any_reason(error, "ConditionalCheckFailed");
}

// Others are writing the same items at this moment, which passes.
bool is_contention(const Error& error) {
  switch (error.code()) {
    case ErrorCode::transaction_conflict:
    case ErrorCode::transaction_in_progress:
      return true;
    case ErrorCode::transaction_canceled:
      return any_reason(error, "TransactionConflict") &&
             !any_reason(error, "ConditionalCheckFailed");
    default:
      return false;
  }
}

Error contention(const Error& error) {
  Error conflict(ErrorCode::transaction_conflict, error.message());
  conflict.set_cancellation_reasons(error.cancellation_reasons());
  conflict.set_outcome_unknown(error.outcome_unknown());
  return conflict;
}

std::string words_of(const KeySchema& schema) {
  std::string words;
  for (const KeySchemaElement& element : schema) {
    if (!words.empty()) words += ", ";
    words += element.attribute_name.value_or("?");
    words += element.key_type == KeyType::range ? " (sort)" : " (partition)";
  }
  return words;
}

}  // namespace

TableEventStorage::TableEventStorage(Database& database, TableFormat format,
                                     EventTableOptions options)
    : database_(database),
      options_(std::move(options)),
      rules_{.format = format,
             .allow_hash_in_event_store_id = options_.allow_hash_in_event_store_id,
             .allow_empty_aggregate_id = options_.allow_empty_aggregate_id,
             .allow_big_integers = options_.allow_big_integers,
             .strict_timestamps = options_.strict_timestamps},
      patience_({.attempts_max = options_.attempts_max}, options_.wait, options_.random) {}

std::string TableEventStorage::table_name() const {
  return options_.table_name_source ? options_.table_name_source() : options_.table_name;
}

std::string TableEventStorage::key_prefix(std::string_view event_store_id) const {
  return event_store::key_prefix(rules_.format, event_store_id);
}

// ---- reading ----

Result<std::vector<Item>> TableEventStorage::get_items(std::string_view event_store_id,
                                                       std::string_view aggregate_id,
                                                       const EventsQuery& query) {
  TRY(check_query(query));
  const std::string key = TRY(stored_key(rules_, event_store_id, aggregate_id));

  const bool from = query.min_version.has_value();
  const bool to = query.max_version.has_value();
  QueryRequest request{.table_name = table_name(), .consistent_read = true};
  request.key_condition_expression =
      std::string(of_aggregate) + bounded({between_versions, from_version, to_version}, from, to);
  request.expression_attribute_names = from || to
                                           ? names({aggregate_id_attribute, version_attribute})
                                           : names({aggregate_id_attribute});
  AttributeMap values;
  values.emplace(":aggregateId", key);
  if (from) values.emplace(":minVersion", *query.min_version);
  if (to) values.emplace(":maxVersion", *query.max_version);
  request.expression_attribute_values = Item(std::move(values));
  if (query.reverse) request.scan_index_forward = false;

  std::vector<Item> items;
  while (true) {
    if (query.limit) {
      request.limit = static_cast<std::int32_t>(std::min<std::size_t>(
          *query.limit - items.size(), std::numeric_limits<std::int32_t>::max()));
    }
    QueryResult page = TRY(database_.query(request));
    if (page.items) {
      if (items.empty()) {
        items = std::move(*page.items);
      } else {
        std::move(page.items->begin(), page.items->end(), std::back_inserter(items));
      }
    }
    if (!page.last_evaluated_key || (query.limit && items.size() >= *query.limit)) return items;
    request.exclusive_start_key = std::move(page.last_evaluated_key);
  }
}

Result<ListPage> TableEventStorage::list_aggregate_ids(std::string_view event_store_id,
                                                       const ListQuery& query) {
  TRY(check_event_store_id(event_store_id, rules_.allow_hash_in_event_store_id));
  const bool single = rules_.format == TableFormat::single_table;
  const std::string_view partition = single ? event_store_id_attribute : is_initial_event_attribute;
  const AttributeValue partition_value =
      single ? AttributeValue(event_store_id) : AttributeValue(1);
  const std::string prefix = key_prefix(event_store_id);

  QueryRequest request{.table_name = table_name(), .index_name = std::string(initial_events_index)};
  ListQuery of_token;
  if (query.page_token) {
    DecodedPageToken token = TRY(decode_page_token(*query.page_token));
    of_token = std::move(token.options);
    // A key of another store or another format would be refused by the database at best; at worst
    // it would be a place to go on from.
    Key start = TRY(key_of_token(token.last_evaluated_key));
    const AttributeView at(start);
    const auto key = at[aggregate_id_attribute].text();
    const auto timestamp = at[timestamp_attribute].text();
    if (start.size() != 4 || !key || !key->starts_with(prefix) || !timestamp ||
        !at[version_attribute].integer() || !at[partition].exists() ||
        at[partition].value() != partition_value) {
      return invalid_page_token();
    }
    request.exclusive_start_key = std::move(start);
  }
  const ListQuery resolved = TRY(resolve_list_query(query, of_token));

  const bool from = resolved.initial_event_after.has_value();
  const bool to = resolved.initial_event_before.has_value();
  request.key_condition_expression =
      std::string(single ? of_store : is_initial_event) +
      bounded({between_timestamps, from_timestamp, to_timestamp}, from, to);
  request.expression_attribute_names =
      from || to ? names({partition, timestamp_attribute}) : names({partition});
  AttributeMap values;
  values.emplace(single ? ":eventStoreId" : ":isInitialEvent", partition_value);
  if (from) values.emplace(":initialEventAfter", *resolved.initial_event_after);
  if (to) values.emplace(":initialEventBefore", *resolved.initial_event_before);
  request.expression_attribute_values = Item(std::move(values));
  if (resolved.limit) request.limit = static_cast<std::int32_t>(*resolved.limit);
  if (resolved.reverse) request.scan_index_forward = !*resolved.reverse;

  QueryResult answer = TRY(database_.query(request));
  ListPage page;
  if (answer.items) {
    page.aggregates.reserve(answer.items->size());
    for (const Item& row : *answer.items) {
      const AttributeView listed(row);
      std::string_view id = listed[aggregate_id_attribute].text().value_or("");
      if (id.starts_with(prefix)) id.remove_prefix(prefix.size());
      page.aggregates.push_back({.aggregate_id = std::string(id),
                                 .initial_event_timestamp =
                                     std::string(listed[timestamp_attribute].text().value_or(""))});
    }
  }
  if (answer.last_evaluated_key) {
    page.next_page_token = encode_page_token(
        {.options = resolved, .last_evaluated_key = to_dynamodb_json(*answer.last_evaluated_key)});
  }
  return page;
}

// ---- pushing ----

Result<TableEventStorage::Write> TableEventStorage::to_write(std::string_view event_store_id,
                                                             NewEvent event, bool force,
                                                             std::string_view now) const {
  Write write{.key = {.event_store_id = std::string(event_store_id),
                      .aggregate_id = event.aggregate_id,
                      .version = event.version},
              .force = force};
  EventItem made = TRY(event_item(rules_, event_store_id, std::move(event), now));
  write.item = std::move(made.item);
  write.bytes = made.bytes;
  write.key_prefix_bytes = key_prefix(event_store_id).size();
  write.table = table_name();
  return write;
}

Result<Event> TableEventStorage::push_event(std::string_view event_store_id, NewEvent event,
                                            const PushOptions& options) {
  Write write = TRY(to_write(event_store_id, std::move(event), options.force, now()));
  TRY(put(write));
  return Event::from_item(std::move(write.item), key_prefix(event_store_id));
}

Result<void> TableEventStorage::put(Write& write) {
  PutItemRequest request{.table_name = write.table, .item = std::move(write.item)};
  if (!write.force) {
    request.condition_expression = version_is_free;
    request.expression_attribute_names = names({version_attribute});
    request.return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old;
  }
  bool may_be_stored = false;
  for (unsigned attempt = 1;; ++attempt) {
    auto answer = database_.put_item(request);
    if (answer) {
      write.item = std::move(*request.item);
      return {};
    }
    Error error = std::move(answer).error();
    may_be_stored = may_be_stored || error.outcome_unknown();
    if (is_contention(error) && patience_.allows_after(attempt)) continue;

    write.item = std::move(*request.item);
    std::optional<Error> conflict;
    if (error.is_condition_failure()) conflict = event_already_exists(write.key);
    error.set_outcome_unknown(may_be_stored);
    return settle(std::move(error), std::move(conflict), {write});
  }
}

Result<void> TableEventStorage::transact(std::vector<Write>& writes,
                                         const std::optional<Key>& must_exist) {
  const Capabilities& engine = database_.capabilities();
  if (!engine.transactions) {
    return refused("Several events at once need transactions, which the database does not have (" +
                   engine.engine + ")");
  }
  const std::size_t actions = writes.size() + (must_exist ? 1 : 0);
  if (actions > engine.transaction_actions_max) {
    return refused(std::to_string(writes.size()) + " events at once are too many: the database (" +
                   engine.engine + ") takes " + std::to_string(engine.transaction_actions_max) +
                   " actions in a transaction" +
                   (must_exist ? ", one of them the check of the version before" : ""));
  }
  std::size_t bytes = 0;
  std::set<std::tuple<std::string_view, std::string_view, Version>> places;
  for (const Write& write : writes) {
    bytes += write.bytes;
    const auto key = AttributeView(write.item)[aggregate_id_attribute].text().value_or("");
    if (!places.emplace(write.table, key, write.key.version).second) {
      return refused("Version " + std::to_string(write.key.version) + " of aggregate " +
                     write.key.aggregate_id + " occurs twice in one group");
    }
  }
  if (bytes > transaction_bytes_max) {
    return refused("The events take " + std::to_string(bytes) + " bytes; a transaction may have " +
                   std::to_string(transaction_bytes_max));
  }

  TransactWriteItemsRequest request;
  request.client_request_token = patience_.token();
  std::vector<TransactWriteItem>& items = request.transact_items.emplace();
  items.reserve(actions);
  if (must_exist) {
    items.push_back({.condition_check = TransactConditionCheck{
                         .table_name = writes.front().table,
                         .key = *must_exist,
                         .condition_expression = version_is_there,
                         .expression_attribute_names = names({version_attribute})}});
  }
  for (const Write& write : writes) {
    TransactPut put{.table_name = write.table, .item = write.item};
    if (!write.force) {
      put.condition_expression = version_is_free;
      put.expression_attribute_names = names({version_attribute});
    }
    items.push_back({.put = std::move(put)});
  }

  bool may_be_stored = false;
  for (unsigned attempt = 1;; ++attempt) {
    auto answer = database_.transact_write_items(request);
    if (answer) return {};
    Error error = std::move(answer).error();
    may_be_stored = may_be_stored || error.outcome_unknown();
    if (is_contention(error)) {
      if (patience_.allows_after(attempt)) continue;
      error = contention(error);
    }

    std::optional<Error> conflict;
    if (is_cancelled_by_condition(error)) {
      const auto& reasons = error.cancellation_reasons();
      std::vector<EventKey> pushed;
      std::vector<bool> taken;
      for (std::size_t i = 0; i < writes.size(); ++i) {
        const std::size_t position = i + (must_exist ? 1 : 0);
        pushed.push_back(writes[i].key);
        taken.push_back(position < reasons.size() &&
                        reasons[position].code == "ConditionalCheckFailed");
      }
      if (std::find(taken.begin(), taken.end(), true) != taken.end()) {
        conflict = event_already_exists(pushed, taken);
      } else if (must_exist) {
        const EventKey& key = writes.front().key;
        conflict = Error(ErrorCode::conditional_check_failed,
                         "Aggregate " + key.aggregate_id + " of event store " + key.event_store_id +
                             " has no version " + std::to_string(key.version - 1));
      }
    }
    error.set_outcome_unknown(may_be_stored);
    return settle(std::move(error), std::move(conflict), writes);
  }
}

// How a push ends that did not succeed. `conflict` is what its failed condition means, if that is
// how it failed. Where an answer was lost on the way, an earlier attempt may have stored the
// events, and even have made the condition fail: then what is there now is compared with what was
// sent.
Result<void> TableEventStorage::settle(Error error, std::optional<Error> conflict,
                                       const std::vector<Write>& writes) {
  if (!error.outcome_unknown()) return conflict ? std::move(*conflict) : std::move(error);

  bool all_there = true;
  std::vector<EventKey> pushed;
  std::vector<bool> taken;
  for (const Write& write : writes) {
    Found found = Found::nothing;
    if (writes.size() == 1 && error.item() != nullptr) {
      found = *error.item() == write.item ? Found::itself : Found::another;
    } else {
      auto looked = look_for(write);
      if (!looked) {
        // Nobody can say. The condition's own error would claim to know.
        Error unread = conflict ? std::move(looked).error() : std::move(error);
        unread.set_outcome_unknown(true);
        return unread;
      }
      found = *looked;
    }
    all_there = all_there && found == Found::itself;
    pushed.push_back(write.key);
    taken.push_back(found == Found::another && !write.force);
  }
  if (all_there) return {};
  if (conflict) return std::move(*conflict);
  if (std::find(taken.begin(), taken.end(), true) != taken.end()) {
    return event_already_exists(pushed, taken);
  }
  return error;
}

Result<TableEventStorage::Found> TableEventStorage::look_for(const Write& write) {
  const auto answer = TRY(database_.get_item(
      {.table_name = write.table, .key = key_of(write.item), .consistent_read = true}));
  if (!answer.item) return Found::nothing;
  return *answer.item == write.item ? Found::itself : Found::another;
}

Result<std::vector<Event>> TableEventStorage::push_event_group(std::vector<GroupedEvent> events,
                                                               const PushOptions& options) {
  if (events.empty()) return refused("An event group may not be empty");
  // castore's order of complaints, and its words: they name one class for both formats.
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string event = "Event group event #" + std::to_string(i);
    if (events[i].storage == nullptr) events[i].storage = this;
    const auto* storage = dynamic_cast<const TableEventStorage*>(events[i].storage);
    if (storage == nullptr || storage->rules_.format != rules_.format) {
      return refused(event + " is not connected to a DynamoDBEventStorageAdapter");
    }
    if (&storage->database_ != &database_) {
      return refused(event + " is kept in another database than the group's first one");
    }
    if (events[i].event_store_id.empty()) return refused(event + " misses context");
  }
  const std::string moment = now();
  TRY(share_timestamp(events, {.rule = options_.group_timestamps, .now = moment}));

  std::vector<Write> writes;
  writes.reserve(events.size());
  for (GroupedEvent& each : events) {
    const auto& storage = *static_cast<const TableEventStorage*>(each.storage);
    writes.push_back(
        TRY(storage.to_write(each.event_store_id, std::move(each.event), options.force, moment)));
  }
  TRY(transact(writes, std::nullopt));

  std::vector<Event> stored;
  stored.reserve(writes.size());
  for (Write& write : writes) {
    stored.push_back(
        TRY(Event::from_item(std::move(write.item), key_prefix(write.key.event_store_id))));
  }
  return stored;
}

Result<TransactPut> TableEventStorage::build_put(std::string_view event_store_id, NewEvent event,
                                                 const PushOptions& options) const {
  Write write = TRY(to_write(event_store_id, std::move(event), options.force, now()));
  TransactPut put{.table_name = std::move(write.table), .item = std::move(write.item)};
  if (!options.force) {
    put.condition_expression = version_is_free;
    put.expression_attribute_names = names({version_attribute});
  }
  return put;
}

// ---- appending ----

Result<std::vector<Event>> TableEventStorage::append(std::string_view event_store_id,
                                                     std::string_view aggregate_id,
                                                     ExpectedVersion expected,
                                                     std::vector<EventToAppend> events,
                                                     const AppendOptions& options) {
  return Append{*this, *this, patience_, now()}(event_store_id, aggregate_id, expected,
                                                std::move(events), options);
}

Result<std::optional<Version>> TableEventStorage::find_appended(
    std::string_view event_store_id, std::string_view aggregate_id, Version min_version,
    const std::string& idempotency_key) {
  const std::string key = TRY(stored_key(rules_, event_store_id, aggregate_id));
  ExpressionAttributeNames all =
      names({aggregate_id_attribute, version_attribute, metadata_attribute});
  all.emplace("#key", idempotency_key_member);
  QueryRequest request{
      .table_name = table_name(),
      .key_condition_expression = std::string(of_aggregate) + from_version,
      .filter_expression = has_the_key,
      .projection_expression = placeholder(version_attribute),
      .expression_attribute_names = std::move(all),
      .expression_attribute_values =
          Item{{":aggregateId", key}, {":minVersion", min_version}, {":key", idempotency_key}},
      .consistent_read = true};
  while (true) {
    const QueryResult page = TRY(database_.query(request));
    if (page.items && !page.items->empty()) {
      return AttributeView(page.items->front())[version_attribute].integer();
    }
    if (!page.last_evaluated_key) return std::nullopt;
    request.exclusive_start_key = page.last_evaluated_key;
  }
}

Result<std::vector<Event>> TableEventStorage::store_after(std::string_view event_store_id,
                                                          Version previous, bool check_previous,
                                                          std::vector<NewEvent> events) {
  const std::string moment = now();
  std::vector<Write> writes;
  writes.reserve(events.size());
  for (NewEvent& event : events) {
    writes.push_back(TRY(to_write(event_store_id, std::move(event), false, moment)));
  }
  std::optional<Key> before;
  if (previous > 0) {
    before = key_of(writes.front().item);
    (*before)[version_attribute] = previous;
  }

  if (writes.size() > 1) {
    TRY(transact(writes, before));
  } else if (before && check_previous && database_.capabilities().transactions) {
    TRY(transact(writes, before));
  } else {
    // Versions only go away when an aggregate is deleted, so one that was seen will do.
    if (before && check_previous && !TRY(is_there(*before))) {
      return Error(ErrorCode::conditional_check_failed,
                   "Aggregate " + writes.front().key.aggregate_id + " of event store " +
                       std::string(event_store_id) + " has no version " + std::to_string(previous));
    }
    TRY(put(writes.front()));
  }

  std::vector<Event> stored;
  stored.reserve(writes.size());
  for (Write& write : writes) {
    stored.push_back(TRY(Event::from_item(std::move(write.item), key_prefix(event_store_id))));
  }
  return stored;
}

Result<bool> TableEventStorage::is_there(const Key& key) {
  const auto answer =
      TRY(database_.get_item({.table_name = table_name(),
                              .key = key,
                              .consistent_read = true,
                              .projection_expression = placeholder(version_attribute),
                              .expression_attribute_names = names({version_attribute})}));
  return answer.item.has_value();
}

// ---- deleting ----

Result<void> TableEventStorage::delete_items(const std::vector<Item>& items) {
  std::vector<WriteRequest> deletions;
  deletions.reserve(items.size());
  for (const Item& item : items) deletions.push_back({.remove = key_of(item)});
  return write_items(database_, table_name(), std::move(deletions));
}

// ---- the table ----

CreateTableRequest TableEventStorage::table_definition() const {
  const bool single = rules_.format == TableFormat::single_table;
  const std::string id(aggregate_id_attribute);
  const std::string version(version_attribute);
  const std::string partition(single ? event_store_id_attribute : is_initial_event_attribute);
  const std::string timestamp(timestamp_attribute);
  return {.table_name = table_name(),
          .attribute_definitions =
              {{{.attribute_name = id, .attribute_type = ScalarType::string},
                {.attribute_name = version, .attribute_type = ScalarType::number},
                {.attribute_name = partition,
                 .attribute_type = single ? ScalarType::string : ScalarType::number},
                {.attribute_name = timestamp, .attribute_type = ScalarType::string}}},
          .key_schema = {{{.attribute_name = id, .key_type = KeyType::hash},
                          {.attribute_name = version, .key_type = KeyType::range}}},
          .global_secondary_indexes =
              {{{.index_name = std::string(initial_events_index),
                 .key_schema = {{{.attribute_name = partition, .key_type = KeyType::hash},
                                 {.attribute_name = timestamp, .key_type = KeyType::range}}},
                 .projection = Projection{.projection_type = ProjectionType::keys_only}}}},
          .billing_mode = BillingMode::pay_per_request};
}

Result<void> TableEventStorage::create_table() {
  TRY(create_table_and_wait(database_, table_definition()));
  return check_table();
}

Result<void> TableEventStorage::check_table() {
  const CreateTableRequest wanted = table_definition();
  const TableDescription table =
      TRY(database_.describe_table({.table_name = wanted.table_name})).table;
  const auto wrong = [&](const std::string& what) {
    return refused("Table " + *wanted.table_name + " cannot keep events: " + what);
  };

  if (table.key_schema != *wanted.key_schema) {
    return wrong("its key is " + words_of(table.key_schema) + ", not " +
                 words_of(*wanted.key_schema));
  }
  const GlobalSecondaryIndex& index = wanted.global_secondary_indexes->front();
  const auto found =
      std::find_if(table.global_secondary_indexes.begin(), table.global_secondary_indexes.end(),
                   [&](const auto& each) { return each.index_name == *index.index_name; });
  if (found == table.global_secondary_indexes.end()) {
    return wrong("it has no index " + *index.index_name);
  }
  if (found->key_schema != *index.key_schema) {
    return wrong("the key of its index " + *index.index_name + " is " +
                 words_of(found->key_schema) + ", not " + words_of(*index.key_schema));
  }
  for (const AttributeDefinition& each : *wanted.attribute_definitions) {
    if (std::find(table.attribute_definitions.begin(), table.attribute_definitions.end(), each) ==
        table.attribute_definitions.end()) {
      return wrong("the type of its key attribute " + *each.attribute_name + " is another");
    }
  }
  return {};
}

}  // namespace dynakeep::event_store

namespace dynakeep {

std::unique_ptr<EventTable> single_table_event_storage(Database& database,
                                                       EventTableOptions options) {
  return std::make_unique<event_store::TableEventStorage>(
      database, event_store::TableFormat::single_table, std::move(options));
}

std::unique_ptr<EventTable> legacy_event_storage(Database& database, EventTableOptions options) {
  return std::make_unique<event_store::TableEventStorage>(
      database, event_store::TableFormat::legacy, std::move(options));
}

}  // namespace dynakeep
