#include "reference/reference_database.h"

#include <algorithm>
#include <deque>

#include "expression/bind.h"
#include "expression/evaluate.h"
#include "expression/key_condition.h"
#include "expression/projection.h"
#include "expression/update.h"
#include "model/encoded_item.h"
#include "wire/message_json.h"

namespace dynakeep::reference {
namespace {

using expression::Kind;
using expression::SortOperator;

// ---- writing ----

enum class ChangeKind { put, update, remove, check };

// A write in the words of its request.
struct Change {
  ChangeKind kind = ChangeKind::put;
  const std::optional<std::string>* table_name = nullptr;
  AttributeMap attributes = {};  // the item, or the key
  std::optional<std::string> update = {};
  std::optional<std::string> condition = {};
  std::optional<ExpressionAttributeNames> names = {};
  std::optional<ExpressionAttributeValues> values = {};
  bool wants_old_on_failure = false;
};

struct Outcome {
  bool condition_held = true;
  std::optional<AttributeMap> before = {};
  std::optional<AttributeMap> after = {};
  Item updated_old = {};
  Item updated_new = {};
};

Item updated(const expression::Update& update, const std::optional<AttributeMap>& item) {
  const std::string encoded = model::encode(item.value_or(AttributeMap()));
  return ItemAccess::from_encoded(
      expression::updated_attributes(update, model::view_item(encoded)));
}

Result<void> check_updated_index_keys(const TableDefinition& table, const AttributeMap& before,
                                      const AttributeMap& after) {
  for (const IndexDefinition& index : table.indexes) {
    for (const auto& [name, type] : index.keys.parts()) {
      const AttributeValue* value = find(after, name);
      const AttributeValue* old = find(before, name);
      if (table.keys.has(name) || value == nullptr || (old != nullptr && *old == *value)) continue;
      if (!is_of(*value, type)) {
        return Error::validation(
            "The update expression attempted to update the secondary index key to unsupported "
            "value");
      }
      if (!value->is_number() && bytes_of(*value).empty()) {
        return Error::validation(
            "One or more parameter values are not valid. The update expression attempted to update "
            "a secondary index key to a value that is not supported. The AttributeValue for a key "
            "attribute cannot contain an empty " +
            std::string(value->is_string() ? "string" : "binary") + " value.");
      }
      TRY(check_key_value(name, *value, name == index.keys.partition));
    }
  }
  return {};
}

// What the update makes of the item that is there.
Result<void> apply_update(const TableDefinition& table, const Change& change,
                          const std::optional<expression::Update>& update, Outcome& outcome) {
  const AttributeMap before = outcome.before.value_or(change.attributes);
  outcome.after = before;
  if (!update) return {};
  const std::string encoded = model::encode(before);
  outcome.after = model::decode(TRY(expression::apply(*update, model::view_item(encoded))));
  if (size_of(*outcome.after) > 400 * 1024) {
    return Error::validation("Item size to update has exceeded the maximum allowed size");
  }
  TRY(check_updated_index_keys(table, outcome.before.value_or(AttributeMap()), *outcome.after));
  outcome.updated_old = updated(*update, outcome.before);
  outcome.updated_new = updated(*update, outcome.after);
  return {};
}

// The expressions of a write, bound. Does not move: what is bound refers to the binder.
struct Expressions {
  explicit Expressions(const Change& change) : binder(change.names, change.values) {}

  expression::Binder binder;
  std::optional<expression::Update> update = {};
  std::optional<expression::Condition> condition = {};
};

// Complaints about the expressions, which come before there is any look at a table.
Result<void> bind(const Change& change, Expressions& bound) {
  if (change.kind == ChangeKind::update) {
    TRY(bound.binder.start({{Kind::update, change.update}, {Kind::condition, change.condition}}));
  } else {
    TRY(bound.binder.start({{Kind::condition, change.condition}}));
  }
  if (change.update) bound.update = TRY(expression::bind_update(bound.binder, *change.update));
  if (change.condition) {
    bound.condition =
        TRY(expression::bind_condition(bound.binder, Kind::condition, *change.condition));
  }
  return bound.binder.finish();
}

// Everything about the write but making it. Its keys fit.
Result<Outcome> decide(TableDefinition& table, const Change& change) {
  Expressions bound(change);
  TRY(bind(change, bound));
  Outcome outcome;
  if (const AttributeMap* found = find_item(table, change.attributes)) outcome.before = *found;
  const std::string encoded = model::encode(outcome.before.value_or(AttributeMap()));
  if (bound.condition && !expression::holds(*bound.condition, model::view_item(encoded))) {
    outcome.condition_held = false;
    return outcome;
  }
  switch (change.kind) {
    case ChangeKind::put:
      outcome.after = change.attributes;
      break;
    case ChangeKind::update:
      TRY(apply_update(table, change, bound.update, outcome));
      break;
    case ChangeKind::remove:
      break;
    case ChangeKind::check:
      outcome.after = outcome.before;
      break;
  }
  return outcome;
}

// Complaints that need no look at the item.
Result<void> check_keys(const TableDefinition& table, const Change& change) {
  if (change.kind == ChangeKind::put) return check_item_keys(table, change.attributes);
  TRY(check_request_key(table, change.attributes));
  if (!change.update) return {};
  Expressions bound(change);
  TRY(bind(change, bound));
  for (const std::string_view name : bound.update->attributes()) {
    if (table.keys.has(std::string(name))) {
      return invalid("Cannot update attribute " + std::string(name) +
                     ". This attribute is part of the key");
    }
  }
  return {};
}

void make(TableDefinition& table, const Change& change, const Outcome& outcome) {
  std::erase_if(table.items, [&](const AttributeMap& item) {
    return key_of(item, table.keys) == key_of(change.attributes, table.keys);
  });
  if (outcome.after) table.items.push_back(*outcome.after);
}

// Adds what the write cost. An entry that stays as it is costs nothing, one that moves costs twice.
void add_cost(Consumed& consumed, const TableDefinition& table, const Outcome& outcome,
              double times) {
  const auto bytes = [](const std::optional<AttributeMap>& item) {
    return item ? size_of(*item) : 0;
  };
  consumed.table_units +=
      times * write_units(std::max(bytes(outcome.before), bytes(outcome.after)));
  for (const IndexDefinition& index : table.indexes) {
    const auto before = entry_of(table, index, outcome.before);
    const auto after = entry_of(table, index, outcome.after);
    if (before == after) continue;
    double units = 0;
    if (before && after &&
        key_of(*before, table.keys, &index.keys) == key_of(*after, table.keys, &index.keys)) {
      units = write_units(std::max(bytes(before), bytes(after)));
    } else {
      if (before) units += write_units(bytes(before));
      if (after) units += write_units(bytes(after));
    }
    consumed.add(index, times * units);
  }
}

std::optional<ItemCollectionMetrics> metrics_of(
    const TableDefinition& table, const AttributeMap& attributes,
    const std::optional<ReturnItemCollectionMetrics>& asked) {
  const bool has_local = std::any_of(table.indexes.begin(), table.indexes.end(),
                                     [](const IndexDefinition& index) { return index.is_local; });
  if (asked != ReturnItemCollectionMetrics::size || !has_local) return std::nullopt;
  const std::string& name = table.keys.partition;
  return ItemCollectionMetrics{.item_collection_key = Item{{name, attributes.at(name)}}};
}

std::optional<Item> item_of(const std::optional<AttributeMap>& attributes) {
  if (!attributes) return std::nullopt;
  return Item(*attributes);
}

std::optional<Item> unless_empty(Item item) {
  if (item.empty()) return std::nullopt;
  return item;
}

Error condition_failure(const Change& change, const Outcome& outcome) {
  Error error = Error::conditional_check_failed();
  if (change.wants_old_on_failure && outcome.before) error.set_item(Item(*outcome.before));
  return error;
}

template <typename Request>
Change change_of(ChangeKind kind, const Request& request, const std::optional<Item>& attributes) {
  Change change{.kind = kind,
                .table_name = &request.table_name,
                .attributes = attributes->attributes(),
                .condition = request.condition_expression,
                .names = request.expression_attribute_names,
                .values = request.expression_attribute_values};
  change.wants_old_on_failure = request.return_values_on_condition_check_failure ==
                                ReturnValuesOnConditionCheckFailure::all_old;
  return change;
}

// Complaints that need no table.
Result<void> check_request(const Change& change) {
  Expressions bound(change);
  TRY(bind(change, bound));
  if (change.kind == ChangeKind::put && size_of(change.attributes) > 400 * 1024) {
    return Error::validation("Item size has exceeded the maximum allowed size");
  }
  return {};
}

// The whole of a PutItem, UpdateItem or DeleteItem but its answer.
Result<Outcome> write_one(TableDefinition& table, const Change& change) {
  TRY(check_keys(table, change));
  const Outcome outcome = TRY(decide(table, change));
  if (!outcome.condition_held) return condition_failure(change, outcome);
  make(table, change, outcome);
  return outcome;
}

template <typename Answer, typename Request>
Answer write_answer(const TableDefinition& table, const Change& change, const Outcome& outcome,
                    const Request& request) {
  Consumed consumed{.table = table.name};
  add_cost(consumed, table, outcome, 1);
  Answer answer;
  answer.consumed_capacity = consumed.told(request.return_consumed_capacity);
  answer.item_collection_metrics =
      metrics_of(table, change.attributes, request.return_item_collection_metrics);
  if (request.return_values == ReturnValues::all_old) answer.attributes = item_of(outcome.before);
  return answer;
}

// ---- reading ----

Result<Item> projected(const AttributeMap& item, const std::optional<std::string>& text,
                       const std::optional<ExpressionAttributeNames>& names) {
  if (!text) return Item(item);
  expression::Binder binder(names);
  TRY(binder.start({{Kind::projection, text}}));
  const auto projection = TRY(expression::bind_projection(binder, *text));
  const std::string encoded = model::encode(item);
  return ItemAccess::from_encoded(expression::project(projection, model::view_item(encoded)));
}

// Complaints about a projection, which come before there is any look at a table.
Result<void> check_projection(const std::optional<std::string>& text,
                              const std::optional<ExpressionAttributeNames>& names) {
  expression::Binder binder(names);
  TRY(binder.start({{Kind::projection, text}}));
  if (text) TRY(expression::bind_projection(binder, *text));
  return binder.finish();
}

// Whether a sort key is in the range that the condition asks for.
bool is_in_range(const expression::KeyCondition& condition, const AttributeValue* sort) {
  if (condition.sort_operator == SortOperator::none) return true;
  const AttributeValue operand = condition.sort.decode();
  if (condition.sort_operator == SortOperator::begins_with) {
    return bytes_of(*sort).starts_with(bytes_of(operand));
  }
  const int order = compare(*sort, operand);
  switch (condition.sort_operator) {
    case SortOperator::equal:
      return order == 0;
    case SortOperator::less:
      return order < 0;
    case SortOperator::less_or_equal:
      return order <= 0;
    case SortOperator::greater:
      return order > 0;
    case SortOperator::greater_or_equal:
      return order >= 0;
    case SortOperator::between:
      return order >= 0 && compare(*sort, condition.sort_upper.decode()) <= 0;
    default:
      return false;
  }
}

// Query and Scan once the entries to read are known, in their order.
template <typename Request>
Result<QueryResult> page_of(TableDefinition& table, const IndexDefinition* index,
                            const std::vector<AttributeMap>& entries, const Request& request,
                            const std::optional<expression::Condition>& filter,
                            const std::optional<expression::Projection>& projection) {
  bool fetches = false;
  if (index != nullptr && index->is_local) {
    const bool keeps_all = index->projection.projection_type == ProjectionType::all;
    fetches = request.select == Select::all_attributes && !keeps_all;
    if (projection) {
      for (const std::string_view name : projection->attributes()) {
        fetches = fetches || !holds_attribute(table, *index, std::string(name));
      }
    }
  }
  const double factor = read_factor(request.consistent_read);
  QueryResult page;
  std::vector<Item> items;
  Consumed consumed{.table = table.name};
  std::size_t entry_bytes = 0;
  std::size_t page_bytes = 0;
  for (const AttributeMap& entry : entries) {
    ++page.scanned_count;
    entry_bytes += size_of(entry);
    page_bytes += size_of(entry);
    const std::string encoded = model::encode(entry);
    if (!filter || expression::holds(*filter, model::view_item(encoded))) {
      ++page.count;
      AttributeMap answered = entry;
      if (fetches) {
        answered = *find_item(table, entry);
        page_bytes += size_of(answered);
        consumed.table_units += read_units(size_of(answered), factor);
      }
      items.push_back(TRY(projected(
          answered, request.projection_expression,
          request.projection_expression ? request.expression_attribute_names : std::nullopt)));
    }
    if (page.scanned_count == request.limit || page_bytes >= 1024 * 1024) {
      page.last_evaluated_key =
          Key(key_of(entry, table.keys, index == nullptr ? nullptr : &index->keys));
      break;
    }
  }
  if (request.select != Select::count) page.items = std::move(items);
  if (index == nullptr) {
    consumed.table_units += read_units(entry_bytes, factor);
  } else {
    consumed.add(*index, read_units(entry_bytes, factor));
  }
  page.consumed_capacity = consumed.told(request.return_consumed_capacity);
  return page;
}

Result<const IndexDefinition*> find_index(const TableDefinition& table,
                                          const std::optional<std::string>& name,
                                          const std::optional<bool>& consistent) {
  if (!name) return nullptr;
  for (const IndexDefinition& index : table.indexes) {
    if (index.name != *name) continue;
    if (!index.is_local && consistent.value_or(false)) {
      return Error::validation("Consistent reads are not supported on global secondary indexes");
    }
    return &index;
  }
  return Error::validation("The table does not have the specified index: " + *name);
}

Result<Item> read_one(TableDefinition& table, const Key& key,
                      const std::optional<std::string>& projection,
                      const std::optional<ExpressionAttributeNames>& names, double factor,
                      Consumed& consumed, bool& found) {
  TRY(check_request_key(table, key.attributes()));
  const AttributeMap* item = find_item(table, key.attributes());
  found = item != nullptr;
  consumed.table_units += read_units(found ? size_of(*item) : 0, factor);
  if (!found) return Item();
  return projected(*item, projection, names);
}

// ---- transactions ----

Error cancelled(std::vector<CancellationReason> reasons) {
  std::string codes;
  for (const auto& reason : reasons) codes += (codes.empty() ? "" : ", ") + reason.code;
  Error error(ErrorCode::transaction_canceled,
              "Transaction cancelled, please refer cancellation reasons for specific reasons [" +
                  codes + "]");
  error.set_cancellation_reasons(std::move(reasons));
  return error;
}

CancellationReason reason_of(const Error& error) {
  return {.code = "ValidationError", .message = error.message()};
}

Error several_operations_on_one_item() {
  return Error::validation("Transaction request cannot include multiple operations on one item");
}

Change change_of(const TransactWriteItem& item) {
  if (item.put) return change_of(ChangeKind::put, *item.put, item.put->item);
  if (item.remove) return change_of(ChangeKind::remove, *item.remove, item.remove->key);
  if (item.condition_check) {
    return change_of(ChangeKind::check, *item.condition_check, item.condition_check->key);
  }
  Change change = change_of(ChangeKind::update, *item.update, item.update->key);
  change.update = item.update->update_expression;
  return change;
}

// The consumption of the table, which is told in the order of first use.
Consumed& consumed_of(std::deque<Consumed>& all, const std::string& table) {
  for (Consumed& each : all) {
    if (each.table == table) return each;
  }
  return all.emplace_back(Consumed{.table = table});
}

std::optional<std::vector<ConsumedCapacity>> told(
    const std::deque<Consumed>& all, const std::optional<ReturnConsumedCapacity>& asked,
    UnitsKind kind) {
  std::vector<ConsumedCapacity> told;
  for (const Consumed& each : all) {
    auto one = each.told(asked, kind);
    if (!one) return std::nullopt;
    told.push_back(std::move(*one));
  }
  return told;
}

// ---- definitions ----

Keys keys_of(const KeySchema& schema, const std::vector<AttributeDefinition>& definitions) {
  Keys keys;
  for (const KeySchemaElement& element : schema) {
    ScalarType type = ScalarType::string;
    for (const AttributeDefinition& definition : definitions) {
      if (definition.attribute_name == element.attribute_name) type = *definition.attribute_type;
    }
    if (element.key_type == KeyType::hash) {
      keys.partition = *element.attribute_name;
      keys.partition_type = type;
    } else {
      keys.sort = element.attribute_name;
      keys.sort_type = type;
    }
  }
  return keys;
}

template <typename Index>
IndexDefinition index_of(const Index& index, bool is_local,
                         const std::vector<AttributeDefinition>& definitions) {
  return {.name = *index.index_name,
          .is_local = is_local,
          .keys = keys_of(*index.key_schema, definitions),
          .projection = *index.projection};
}

Error not_part() {
  return Error(ErrorCode::invalid_argument, "the reference knows nothing of this operation");
}

}  // namespace

Result<TableDefinition*> ReferenceDatabase::find(const std::optional<std::string>& name) {
  const auto found = tables_.find(*name);
  if (found == tables_.end()) return Error::resource_not_found("Requested resource not found");
  return &found->second;
}

// ---- tables ----

Result<CreateTableResult> ReferenceDatabase::create_table(const CreateTableRequest& request) {
  const std::lock_guard lock(mutex_);
  if (tables_.contains(*request.table_name)) {
    return Error(ErrorCode::resource_in_use, "Table already exists: " + *request.table_name);
  }
  TableDefinition table{.name = *request.table_name,
                        .keys = keys_of(*request.key_schema, *request.attribute_definitions)};
  if (request.local_secondary_indexes) {
    for (const auto& index : *request.local_secondary_indexes) {
      table.indexes.push_back(index_of(index, true, *request.attribute_definitions));
    }
  }
  if (request.global_secondary_indexes) {
    for (const auto& index : *request.global_secondary_indexes) {
      table.indexes.push_back(index_of(index, false, *request.attribute_definitions));
    }
  }
  tables_.emplace(table.name, table);
  return CreateTableResult();
}

Result<DeleteTableResult> ReferenceDatabase::delete_table(const DeleteTableRequest& request) {
  const std::lock_guard lock(mutex_);
  if (tables_.erase(*request.table_name) == 0) {
    return Error::resource_not_found("Requested resource not found: Table: " + *request.table_name +
                                     " not found");
  }
  return DeleteTableResult();
}

Result<UpdateTableResult> ReferenceDatabase::update_table(const UpdateTableRequest& request) {
  const std::lock_guard lock(mutex_);
  TableDefinition* table = TRY(find(request.table_name));
  for (const auto& update : *request.global_secondary_index_updates) {
    if (update.create) {
      table->indexes.push_back(index_of(*update.create, false, *request.attribute_definitions));
    } else {
      std::erase_if(table->indexes, [&](const IndexDefinition& index) {
        return index.name == *update.remove->index_name;
      });
    }
  }
  return UpdateTableResult();
}

// ---- single items ----

Result<PutItemResult> ReferenceDatabase::put_item(const PutItemRequest& request) {
  const std::lock_guard lock(mutex_);
  const Change change = change_of(ChangeKind::put, request, request.item);
  TRY(check_request(change));
  TableDefinition* table = TRY(find(request.table_name));
  const Outcome outcome = TRY(write_one(*table, change));
  return write_answer<PutItemResult>(*table, change, outcome, request);
}

Result<DeleteItemResult> ReferenceDatabase::delete_item(const DeleteItemRequest& request) {
  const std::lock_guard lock(mutex_);
  const Change change = change_of(ChangeKind::remove, request, request.key);
  TRY(check_request(change));
  TableDefinition* table = TRY(find(request.table_name));
  const Outcome outcome = TRY(write_one(*table, change));
  return write_answer<DeleteItemResult>(*table, change, outcome, request);
}

Result<UpdateItemResult> ReferenceDatabase::update_item(const UpdateItemRequest& request) {
  const std::lock_guard lock(mutex_);
  Change change = change_of(ChangeKind::update, request, request.key);
  change.update = request.update_expression;
  TRY(check_request(change));
  TableDefinition* table = TRY(find(request.table_name));
  const Outcome outcome = TRY(write_one(*table, change));
  auto answer = write_answer<UpdateItemResult>(*table, change, outcome, request);
  if (request.return_values == ReturnValues::all_new) answer.attributes = item_of(outcome.after);
  if (request.return_values == ReturnValues::updated_old) {
    answer.attributes = unless_empty(outcome.updated_old);
  }
  if (request.return_values == ReturnValues::updated_new) {
    answer.attributes = unless_empty(outcome.updated_new);
  }
  return answer;
}

Result<GetItemResult> ReferenceDatabase::get_item(const GetItemRequest& request) {
  const std::lock_guard lock(mutex_);
  TRY(check_projection(request.projection_expression, request.expression_attribute_names));
  TableDefinition* table = TRY(find(request.table_name));
  Consumed consumed{.table = table->name};
  bool found = false;
  Item item = TRY(read_one(*table, *request.key, request.projection_expression,
                           request.expression_attribute_names, read_factor(request.consistent_read),
                           consumed, found));
  GetItemResult answer{.consumed_capacity = consumed.told(request.return_consumed_capacity)};
  if (found) answer.item = std::move(item);
  return answer;
}

// ---- many items ----

Result<QueryResult> ReferenceDatabase::query(const QueryRequest& request) {
  const std::lock_guard lock(mutex_);
  expression::Binder binder(request.expression_attribute_names,
                            request.expression_attribute_values);
  TRY(binder.start({{Kind::filter, request.filter_expression},
                    {Kind::projection, request.projection_expression},
                    {Kind::key_condition, request.key_condition_expression}}));
  std::optional<expression::Condition> filter;
  std::optional<expression::Projection> projection;
  if (request.filter_expression) {
    filter = TRY(expression::bind_condition(binder, Kind::filter, *request.filter_expression));
  }
  if (request.projection_expression) {
    projection = TRY(expression::bind_projection(binder, *request.projection_expression));
  }
  const auto key_text =
      TRY(expression::bind_key_condition(binder, *request.key_condition_expression));
  const auto terms = TRY(expression::key_terms(key_text));

  TableDefinition* table = TRY(find(request.table_name));
  const auto* index = TRY(find_index(*table, request.index_name, request.consistent_read));
  const Keys& keys = index == nullptr ? table->keys : index->keys;
  expression::QueriedKey queried{.partition = {keys.partition, keys.partition_type}};
  if (keys.sort) queried.sort = expression::KeyAttribute{*keys.sort, keys.sort_type};
  const auto condition = TRY(expression::match(terms, queried));

  std::vector<AttributeMap> entries;
  const AttributeValue partition = condition.partition.decode();
  const bool forward = request.scan_index_forward.value_or(true);
  for (const AttributeMap& entry : entries_of(*table, index)) {
    if (!(entry.at(keys.partition) == partition)) continue;
    if (!is_in_range(condition, keys.sort ? &entry.at(*keys.sort) : nullptr)) continue;
    if (request.exclusive_start_key) {
      const AttributeMap& start = request.exclusive_start_key->attributes();
      if (!(forward ? stands_before(*table, index, start, entry)
                    : stands_before(*table, index, entry, start))) {
        continue;
      }
    }
    entries.push_back(entry);
  }
  if (!forward) std::reverse(entries.begin(), entries.end());
  return page_of(*table, index, entries, request, filter, projection);
}

Result<ScanResult> ReferenceDatabase::scan(const ScanRequest& request) {
  const std::lock_guard lock(mutex_);
  expression::Binder binder(request.expression_attribute_names,
                            request.expression_attribute_values);
  TRY(binder.start({{Kind::filter, request.filter_expression},
                    {Kind::projection, request.projection_expression}}));
  std::optional<expression::Condition> filter;
  std::optional<expression::Projection> projection;
  if (request.filter_expression) {
    filter = TRY(expression::bind_condition(binder, Kind::filter, *request.filter_expression));
  }
  if (request.projection_expression) {
    projection = TRY(expression::bind_projection(binder, *request.projection_expression));
  }

  TableDefinition* table = TRY(find(request.table_name));
  const auto* index = TRY(find_index(*table, request.index_name, request.consistent_read));
  const Keys& keys = index == nullptr ? table->keys : index->keys;
  std::vector<AttributeMap> entries;
  for (const AttributeMap& entry : entries_of(*table, index)) {
    if (request.segment) {
      __extension__ using Wide = unsigned __int128;
      const auto segment = (Wide{hash_of(entry.at(keys.partition))} *
                            static_cast<unsigned>(*request.total_segments)) >>
                           64;
      if (segment != static_cast<unsigned>(*request.segment)) continue;
    }
    if (request.exclusive_start_key &&
        !stands_before(*table, index, request.exclusive_start_key->attributes(), entry)) {
      continue;
    }
    entries.push_back(entry);
  }
  return page_of(*table, index, entries, request, filter, projection);
}

Result<BatchGetItemResult> ReferenceDatabase::batch_get_item(const BatchGetItemRequest& request) {
  const std::lock_guard lock(mutex_);
  BatchGetItemResult answer;
  std::deque<Consumed> consumed;
  for (const auto& [table_name, asked] : *request.request_items) {
    TRY(check_projection(asked.projection_expression, asked.expression_attribute_names));
    for (std::size_t i = 0; i < asked.keys->size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (asked.keys->at(i) == asked.keys->at(j)) {
          return Error::validation("Provided list of item keys contains duplicates");
        }
      }
    }
  }
  for (const auto& [table_name, asked] : *request.request_items) {
    TableDefinition* table = TRY(find(table_name));
    for (const Key& key : *asked.keys) TRY(check_request_key(*table, key.attributes()));
  }
  for (const auto& [table_name, asked] : *request.request_items) {
    TableDefinition* table = TRY(find(table_name));
    auto& items = answer.responses[table_name];
    for (const Key& key : *asked.keys) {
      bool found = false;
      Item item = TRY(read_one(*table, key, asked.projection_expression,
                               asked.expression_attribute_names, read_factor(asked.consistent_read),
                               consumed_of(consumed, table_name), found));
      if (found) items.push_back(std::move(item));
    }
  }
  answer.consumed_capacity = told(consumed, request.return_consumed_capacity, UnitsKind::plain);
  return answer;
}

Result<BatchWriteItemResult> ReferenceDatabase::batch_write_item(
    const BatchWriteItemRequest& request) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<TableDefinition*, Change>> changes;
  for (const auto& [table_name, writes] : *request.request_items) {
    for (const WriteRequest& write : writes) {
      Change change{.kind = write.put ? ChangeKind::put : ChangeKind::remove,
                    .attributes = (write.put ? *write.put : *write.remove).attributes()};
      TRY(check_request(change));
      changes.emplace_back(nullptr, std::move(change));
    }
  }
  std::size_t next = 0;
  for (const auto& [table_name, writes] : *request.request_items) {
    TableDefinition* table = TRY(find(table_name));
    for (std::size_t i = 0; i < writes.size(); ++i, ++next) {
      changes[next].first = table;
      TRY(check_keys(*table, changes[next].second));
    }
  }
  for (const auto& [table, change] : changes) {
    const auto same_item = [&, &one = change, in = table](const auto& other) {
      return other.first == in &&
             key_of(other.second.attributes, in->keys) == key_of(one.attributes, in->keys);
    };
    if (std::count_if(changes.begin(), changes.end(), same_item) > 1) {
      return Error::validation("Provided list of item keys contains duplicates");
    }
  }
  BatchWriteItemResult answer;
  std::deque<Consumed> consumed;
  for (const auto& [table, change] : changes) {
    const Outcome outcome = TRY(decide(*table, change));
    make(*table, change, outcome);
    add_cost(consumed_of(consumed, table->name), *table, outcome, 1);
    if (auto metrics =
            metrics_of(*table, change.attributes, request.return_item_collection_metrics)) {
      answer.item_collection_metrics[table->name].push_back(std::move(*metrics));
    }
  }
  answer.consumed_capacity = told(consumed, request.return_consumed_capacity, UnitsKind::plain);
  return answer;
}

// ---- transactions ----

Result<TransactGetItemsResult> ReferenceDatabase::transact_get_items(
    const TransactGetItemsRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto& gets = *request.transact_items;
  for (const TransactGetItem& each : gets) {
    TRY(check_projection(each.get->projection_expression, each.get->expression_attribute_names));
  }
  std::vector<CancellationReason> reasons(gets.size());
  std::vector<std::pair<TableDefinition*, AttributeMap>> seen;
  bool all_fit = true;
  for (std::size_t i = 0; i < gets.size(); ++i) {
    TableDefinition* table = TRY(find(gets[i].get->table_name));
    const AttributeMap& key = gets[i].get->key->attributes();
    if (const auto fits = check_request_key(*table, key); !fits) {
      reasons[i] = reason_of(fits.error());
      all_fit = false;
    } else {
      seen.emplace_back(table, key);
    }
  }
  for (const auto& each : seen) {
    if (std::count(seen.begin(), seen.end(), each) > 1) return several_operations_on_one_item();
  }
  if (!all_fit) return cancelled(std::move(reasons));

  TransactGetItemsResult answer;
  std::deque<Consumed> consumed;
  for (const TransactGetItem& each : gets) {
    TableDefinition* table = TRY(find(each.get->table_name));
    bool found = false;
    Item item = TRY(read_one(*table, *each.get->key, each.get->projection_expression,
                             each.get->expression_attribute_names, 2,
                             consumed_of(consumed, table->name), found));
    auto& response = answer.responses.emplace_back();
    if (found) response = std::move(item);
  }
  answer.consumed_capacity = told(consumed, request.return_consumed_capacity, UnitsKind::read);
  return answer;
}

Result<TransactWriteItemsResult> ReferenceDatabase::transact_write_items(
    const TransactWriteItemsRequest& request) {
  const std::lock_guard lock(mutex_);
  std::vector<Change> changes;
  for (const TransactWriteItem& item : *request.transact_items) {
    changes.push_back(change_of(item));
    TRY(check_request(changes.back()));
  }

  std::vector<CancellationReason> reasons(changes.size());
  std::vector<std::pair<TableDefinition*, AttributeMap>> seen;
  std::vector<TableDefinition*> tables;
  bool all_fit = true;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    TableDefinition* table = TRY(find(*changes[i].table_name));
    tables.push_back(table);
    if (const auto fits = check_keys(*table, changes[i]); !fits) {
      reasons[i] = reason_of(fits.error());
      all_fit = false;
    } else {
      seen.emplace_back(table, key_of(changes[i].attributes, table->keys));
    }
  }
  for (const auto& each : seen) {
    if (std::count(seen.begin(), seen.end(), each) > 1) return several_operations_on_one_item();
  }
  if (!all_fit) return cancelled(std::move(reasons));

  TransactWriteItemsResult answer;
  const auto add_metrics = [&] {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (auto metrics = metrics_of(*tables[i], changes[i].attributes,
                                    request.return_item_collection_metrics)) {
        answer.item_collection_metrics[tables[i]->name].push_back(std::move(*metrics));
      }
    }
  };
  std::deque<Consumed> consumed;
  std::string text;
  if (request.client_request_token) {
    TransactWriteItemsRequest actions{.transact_items = request.transact_items};
    text = wire::encode_message(actions).value();
    const auto done = tokens_.find(*request.client_request_token);
    if (done != tokens_.end() && done->second.until > clock_.now()) {
      if (done->second.request != text) {
        return Error(ErrorCode::idempotent_parameter_mismatch,
                     "An error occurred (IdempotentParameterMismatchException)");
      }
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const AttributeMap* item = find_item(*tables[i], changes[i].attributes);
        consumed_of(consumed, tables[i]->name).table_units +=
            read_units(item == nullptr ? 0 : size_of(*item), 2);
      }
      add_metrics();
      answer.consumed_capacity = told(consumed, request.return_consumed_capacity, UnitsKind::read);
      return answer;
    }
  }

  std::vector<Outcome> outcomes(changes.size());
  bool all_held = true;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto outcome = decide(*tables[i], changes[i]);
    if (!outcome) {
      reasons[i] = reason_of(outcome.error());
    } else if (!outcome->condition_held) {
      reasons[i] = {.code = "ConditionalCheckFailed", .message = "The conditional request failed"};
      if (changes[i].wants_old_on_failure && outcome->before) {
        reasons[i].item = std::make_shared<const Item>(*outcome->before);
      }
    } else {
      outcomes[i] = std::move(*outcome);
      continue;
    }
    all_held = false;
  }
  if (!all_held) return cancelled(std::move(reasons));
  for (std::size_t i = 0; i < changes.size(); ++i) {
    make(*tables[i], changes[i], outcomes[i]);
    add_cost(consumed_of(consumed, tables[i]->name), *tables[i], outcomes[i], 2);
  }
  if (request.client_request_token) {
    tokens_[*request.client_request_token] = {text, clock_.now() + std::chrono::minutes(10)};
  }
  add_metrics();
  answer.consumed_capacity = told(consumed, request.return_consumed_capacity, UnitsKind::write);
  return answer;
}

// ---- what it is not about ----

Result<DescribeTableResult> ReferenceDatabase::describe_table(const DescribeTableRequest&) {
  return not_part();
}
Result<ListTablesResult> ReferenceDatabase::list_tables(const ListTablesRequest&) {
  return not_part();
}
Result<TagResourceResult> ReferenceDatabase::tag_resource(const TagResourceRequest&) {
  return not_part();
}
Result<UntagResourceResult> ReferenceDatabase::untag_resource(const UntagResourceRequest&) {
  return not_part();
}
Result<ListTagsOfResourceResult> ReferenceDatabase::list_tags_of_resource(
    const ListTagsOfResourceRequest&) {
  return not_part();
}
Result<ListStreamsResult> ReferenceDatabase::list_streams(const ListStreamsRequest&) {
  return not_part();
}
Result<DescribeStreamResult> ReferenceDatabase::describe_stream(const DescribeStreamRequest&) {
  return not_part();
}
Result<GetShardIteratorResult> ReferenceDatabase::get_shard_iterator(
    const GetShardIteratorRequest&) {
  return not_part();
}
Result<GetRecordsResult> ReferenceDatabase::get_records(const GetRecordsRequest&) {
  return not_part();
}
Result<UpdateTimeToLiveResult> ReferenceDatabase::update_time_to_live(
    const UpdateTimeToLiveRequest&) {
  return not_part();
}
Result<DescribeTimeToLiveResult> ReferenceDatabase::describe_time_to_live(
    const DescribeTimeToLiveRequest&) {
  return not_part();
}
Result<DescribeLimitsResult> ReferenceDatabase::describe_limits(const DescribeLimitsRequest&) {
  return not_part();
}
Result<DescribeEndpointsResult> ReferenceDatabase::describe_endpoints(
    const DescribeEndpointsRequest&) {
  return not_part();
}

}  // namespace dynakeep::reference
