#include "engine/operations/transact_write_items.h"

#include <algorithm>
#include <chrono>
#include <deque>

#include "base/bytes.h"
#include "engine/operations/cancellation.h"
#include "engine/operations/update_item.h"
#include "engine/operations/write_answer.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "engine/write_path.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

using expression::Kind;

constexpr std::size_t token_length_max = 36;
constexpr std::chrono::minutes token_lifetime{10};

// Family::meta keys of tokens (docs/formats/transactions.md): by token what was done, and by expiry
// which token to forget.
constexpr std::string_view token_prefix = "txn-token/";
constexpr std::string_view expiry_prefix = "txn-expiry/";
// How many expired tokens each use of one clears away: more than it adds.
constexpr int tokens_forgotten_at_once = 2;

// The parts that the four actions have in common, wherever they are in the request.
struct ActionParts {
  Change change = Change::check;
  const char* field = "";
  const std::optional<std::string>* table_name = nullptr;
  const std::optional<Item>* attributes = nullptr;  // the item, or the key
  const std::optional<std::string>* update = nullptr;
  const std::optional<std::string>* condition = nullptr;
  const std::optional<ExpressionAttributeNames>* names = nullptr;
  const std::optional<ExpressionAttributeValues>* values = nullptr;
  std::optional<ReturnValuesOnConditionCheckFailure> on_failure = {};
};

template <typename Action>
ActionParts parts_of(Change change, const char* field, const Action& action) {
  return {.change = change,
          .field = field,
          .table_name = &action.table_name,
          .condition = &action.condition_expression,
          .names = &action.expression_attribute_names,
          .values = &action.expression_attribute_values,
          .on_failure = action.return_values_on_condition_check_failure};
}

// Nothing unless exactly one action is there.
std::optional<ActionParts> parts_of(const TransactWriteItem& item) {
  const int given = item.condition_check.has_value() + item.put.has_value() +
                    item.update.has_value() + item.remove.has_value();
  if (given != 1) return std::nullopt;
  ActionParts parts;
  if (item.put) {
    parts = parts_of(Change::put, "put", *item.put);
    parts.attributes = &item.put->item;
  } else if (item.update) {
    parts = parts_of(Change::update, "update", *item.update);
    parts.attributes = &item.update->key;
    parts.update = &item.update->update_expression;
  } else if (item.remove) {
    parts = parts_of(Change::remove, "delete", *item.remove);
    parts.attributes = &item.remove->key;
  } else {
    parts = parts_of(Change::check, "conditionCheck", *item.condition_check);
    parts.attributes = &item.condition_check->key;
  }
  return parts;
}

Result<std::vector<ActionParts>> validate(const TransactWriteItemsRequest& request) {
  Constraints constraints(request.unknown_words);
  std::vector<ActionParts> actions;
  bool one_each = true;
  const Field items("transactItems");
  if (constraints.required(request.transact_items, items)) {
    const auto& given = *request.transact_items;
    constraints.size(given.size(), 1, model::transaction_actions_max, items,
                     [&] { return std::string(given.empty() ? "[]" : "[…]"); });
    for (std::size_t i = 0; i < given.size() && i < model::transaction_actions_max; ++i) {
      const auto parts = parts_of(given[i]);
      if (!parts) {
        one_each = false;
        continue;
      }
      const Field member = items.member(i);
      const Field action = member.at(parts->field);
      constraints.table_name(*parts->table_name, action.at("tableName"));
      constraints.required(*parts->attributes,
                           action.at(parts->change == Change::put ? "item" : "key"));
      if (parts->change == Change::update) {
        constraints.required(*parts->update, action.at("updateExpression"));
      }
      if (parts->change == Change::check) {
        constraints.required(*parts->condition, action.at("conditionExpression"));
      }
      constraints.word(action.at("returnValuesOnConditionCheckFailure"));
      actions.push_back(*parts);
    }
  }
  if (request.client_request_token) {
    constraints.length(*request.client_request_token, 1, token_length_max, "clientRequestToken");
  }
  constraints.word("returnConsumedCapacity");
  constraints.word("returnItemCollectionMetrics");
  TRY(constraints.verdict());
  if (!one_each) {
    return Error::validation("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  return actions;
}

// An action with its expressions bound, or why it cannot be done. Does not move: what is bound
// refers to it.
struct Action {
  explicit Action(const ActionParts& from) : parts(from), binder(*from.names, *from.values) {}

  const ActionParts& parts;
  std::string scratch = {};
  std::string_view attributes = {};
  expression::Binder binder;
  std::optional<expression::Update> update = {};
  std::optional<expression::Condition> condition = {};
};

Result<void> bind(Action& action) {
  const ActionParts& parts = action.parts;
  action.attributes = TRY(encoding_of(**parts.attributes, action.scratch));
  if (parts.update != nullptr) {
    TRY(action.binder.start({{Kind::update, *parts.update}, {Kind::condition, *parts.condition}}));
    action.update = TRY(expression::bind_update(action.binder, **parts.update));
  } else {
    TRY(action.binder.start({{Kind::condition, *parts.condition}}));
  }
  if (*parts.condition) {
    action.condition =
        TRY(expression::bind_condition(action.binder, Kind::condition, **parts.condition));
  }
  TRY(action.binder.finish());
  if (parts.change == Change::put &&
      model::size_of(model::view_item(action.attributes)) > model::item_bytes_max) {
    return Error::validation("Item size has exceeded the maximum allowed size");
  }
  return {};
}

// The write for an action, or a validation error that cancels the transaction.
Result<ItemWrite> plan(const TablePointer& table, const Action& action) {
  const model::MapView attributes = model::view_item(action.attributes);
  const bool is_put = action.parts.change == Change::put;
  ItemKey key =
      is_put ? TRY(key_of_item(*table, attributes)) : TRY(key_of_request(*table, attributes));
  if (action.update) TRY(check_updates_no_key(*table, *action.update));
  if (action.update) TRY(check_keys_are_scalars(*table, *action.update));
  if (action.condition) TRY(check_keys_are_scalars(*table, *action.condition));
  return ItemWrite{.table = table,
                   .key = std::move(key),
                   .change = action.parts.change,
                   .item = is_put ? action.attributes : std::string_view(),
                   .key_item = is_put ? std::string_view() : action.attributes,
                   .update = action.update ? &*action.update : nullptr,
                   .condition = action.condition ? &*action.condition : nullptr};
}

// ---- the client's token ----

void append_text(std::string& out, std::string_view text) {
  base::append_varint(out, text.size());
  out += text;
}

void append_optional(std::string& out, const std::optional<std::string>* text) {
  out.push_back(text != nullptr && *text ? 1 : 0);
  if (text != nullptr && *text) append_text(out, **text);
}

// A short name for what the actions ask, the same for the same request however it is spelled in
// JSON.
std::uint64_t fingerprint(const std::deque<Action>& actions) {
  std::string text;
  std::string scratch;
  for (const Action& action : actions) {
    text.push_back(static_cast<char>(action.parts.change));
    append_optional(text, action.parts.table_name);
    append_text(text, action.attributes);
    append_optional(text, action.parts.update);
    append_optional(text, action.parts.condition);
    base::append_varint(text, *action.parts.names ? (*action.parts.names)->size() : 0);
    if (*action.parts.names) {
      for (const auto& [placeholder, name] : **action.parts.names) {
        append_text(text, placeholder);
        append_text(text, name);
      }
    }
    append_text(text, *action.parts.values ? ItemAccess::encoded(**action.parts.values, scratch)
                                           : std::string_view());
  }
  return storage::xxh64(text);
}

class ClientRequestToken final : public TransactionToken {
 public:
  ClientRequestToken(const Engine& engine, std::string_view token, std::uint64_t request)
      : engine_(engine), key_(std::string(token_prefix) += token), request_(request) {}

  std::string_view lock_key() const override { return key_; }

  Result<bool> begin(storage::WriteSet& writes) override {
    const std::uint64_t now = milliseconds(engine_.clock.now());
    std::string record;
    if (TRY(engine_.store.get(storage::Family::meta, key_, record)) && record.size() == 16 &&
        base::read_u64(record) > now) {
      if (base::read_u64(std::string_view(record).substr(8)) == request_) return false;
      return Error(ErrorCode::idempotent_parameter_mismatch,
                   "An error occurred (IdempotentParameterMismatchException)");
    }
    TRY(forget_expired(now, writes));
    const std::uint64_t expiry = milliseconds(engine_.clock.now() + token_lifetime);
    record.clear();
    base::append_u64(record, expiry);
    base::append_u64(record, request_);
    writes.put(storage::Family::meta, key_, record);
    writes.put(storage::Family::meta, expiry_key(expiry) += key_, "");
    return true;
  }

 private:
  static std::uint64_t milliseconds(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
  }

  static std::string expiry_key(std::uint64_t expiry) {
    std::string key(expiry_prefix);
    base::append_u64(key, expiry);
    return key;
  }

  Result<void> forget_expired(std::uint64_t now, storage::WriteSet& writes) {
    auto cursor = engine_.store.cursor(
        storage::Family::meta, {.begin = std::string(expiry_prefix), .end = expiry_key(now)});
    for (int i = 0; i < tokens_forgotten_at_once && cursor.valid(); ++i, cursor.next()) {
      const std::string_view token_key = cursor.key().substr(expiry_prefix.size() + 8);
      writes.erase(storage::Family::meta, cursor.key());
      // A token used anew since has a later expiry in its record, and is put again by its own use.
      std::string record;
      if (TRY(engine_.store.get(storage::Family::meta, token_key, record)) && record.size() == 16 &&
          base::read_u64(record) <= now) {
        writes.erase(storage::Family::meta, token_key);
      }
    }
    return cursor.valid() ? Result<void>() : cursor.result();
  }

  const Engine& engine_;
  std::string key_;
  std::uint64_t request_;
};

// ---- the answer ----

std::vector<CancellationReason> reasons_of(const std::deque<Action>& actions,
                                           const ManyWrites& done) {
  std::vector<CancellationReason> reasons(actions.size());
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const auto& outcome = done.outcomes[i];
    if (!outcome) {
      reasons[i] = reason_of(outcome.error());
    } else if (!outcome->condition_held) {
      reasons[i] = {.code = "ConditionalCheckFailed", .message = "The conditional request failed"};
      if (actions[i].parts.on_failure == ReturnValuesOnConditionCheckFailure::all_old &&
          outcome->old_item) {
        reasons[i].item =
            std::make_shared<const Item>(ItemAccess::from_encoded(*outcome->old_item));
      }
    }
  }
  return reasons;
}

CapacityMeter& meter_of(std::deque<CapacityMeter>& meters, const Table& table,
                        std::optional<ReturnConsumedCapacity> asked) {
  for (CapacityMeter& meter : meters) {
    if (&meter.table() == &table) return meter;
  }
  return meters.emplace_back(table, asked);
}

// A repeated call writes nothing and costs what reading the items costs.
Result<void> add_repeated_reads(const Engine& engine, std::span<const ItemWrite> writes,
                                std::deque<CapacityMeter>& meters,
                                std::optional<ReturnConsumedCapacity> asked) {
  for (const ItemWrite& write : writes) {
    std::string item;
    const bool found = TRY(engine.store.get(storage::Family::data, write.key.bytes, item));
    const std::size_t bytes = found ? model::size_of(model::view_item(item)) : 0;
    meter_of(meters, *write.table, asked).add_table(read_units(bytes, ReadKind::transactional));
  }
  return {};
}

Result<TransactWriteItemsResult> answer(const Engine& engine,
                                        const TransactWriteItemsRequest& request,
                                        const std::deque<Action>& actions,
                                        std::span<const ItemWrite> writes, const ManyWrites& done) {
  TransactWriteItemsResult result;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (auto metrics = collection_metrics(*writes[i].table, model::view_item(actions[i].attributes),
                                          request.return_item_collection_metrics)) {
      result.item_collection_metrics[writes[i].table->name].push_back(std::move(*metrics));
    }
  }
  const auto asked = request.return_consumed_capacity;
  if (asked.value_or(ReturnConsumedCapacity::none) == ReturnConsumedCapacity::none) return result;
  std::deque<CapacityMeter> meters;
  if (done.done_before) {
    TRY(add_repeated_reads(engine, writes, meters, asked));
  } else {
    for (std::size_t i = 0; i < writes.size(); ++i) {
      add_write(meter_of(meters, *writes[i].table, asked), *done.outcomes[i], 2);
    }
  }
  auto& consumed = result.consumed_capacity.emplace();
  for (const CapacityMeter& meter : meters) {
    consumed.push_back(done.done_before ? *meter.consumed_reading() : *meter.consumed_writing());
  }
  return result;
}

}  // namespace

Result<TransactWriteItemsResult> transact_write_items(const Engine& engine,
                                                      const TransactWriteItemsRequest& request) {
  const auto parts = TRY(validate(request));
  std::deque<Action> actions;
  std::size_t bytes = 0;
  for (const ActionParts& each : parts) {
    TRY(bind(actions.emplace_back(each)));
    bytes += model::size_of(model::view_item(actions.back().attributes));
  }
  if (bytes > model::transaction_bytes_max) {
    return Error::validation("Transaction request size exceeds the maximum of 4 MB");
  }
  std::optional<ClientRequestToken> token;
  if (request.client_request_token) {
    token.emplace(engine, *request.client_request_token, fingerprint(actions));
  }

  for (;;) {
    std::vector<ItemWrite> writes;
    std::vector<CancellationReason> reasons(actions.size());
    bool all_planned = true;
    for (std::size_t i = 0; i < actions.size(); ++i) {
      const auto table = TRY(engine.catalog.find(**actions[i].parts.table_name));
      auto write = plan(table, actions[i]);
      if (!write) {
        reasons[i] = reason_of(write.error());
        all_planned = false;
      } else {
        write->want_position = request.want_stream_point;
        writes.push_back(std::move(*write));
      }
    }
    std::vector<std::string_view> keys;
    for (const ItemWrite& write : writes) keys.push_back(write.key.bytes);
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
      return Error::validation(
          "Transaction request cannot include multiple operations on one item");
    }
    if (!all_planned) return cancelled(std::move(reasons));

    const ManyWrites done = TRY(write_all(engine, writes, token ? &*token : nullptr));
    if (done.superseded) continue;
    if (!done.committed && !done.done_before) return cancelled(reasons_of(actions, done));
    auto result = TRY(answer(engine, request, actions, writes, done));
    if (request.want_stream_point) {
      std::vector<TablePointer> tables;
      for (const ItemWrite& write : writes) tables.push_back(write.table);
      result.stream_point = stream_point(tables, done.position);
    }
    return result;
  }
}

}  // namespace dynakeep::engine
