#include "engine/operations/transact_get_items.h"

#include <algorithm>
#include <deque>

#include "engine/capacity.h"
#include "engine/engine.h"
#include "engine/item_key.h"
#include "engine/operations/cancellation.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "expression/projection.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const TransactGetItemsRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.word("returnConsumedCapacity");
  const Field items("transactItems");
  if (constraints.required(request.transact_items, items)) {
    const auto& given = *request.transact_items;
    constraints.size(given.size(), 1, model::transaction_actions_max, items,
                     [&] { return std::string(given.empty() ? "[]" : "[…]"); });
    for (std::size_t i = 0; i < given.size() && i < model::transaction_actions_max; ++i) {
      const Field member = items.member(i);
      const Field get = member.at("get");
      if (!constraints.required(given[i].get, get)) continue;
      constraints.table_name(given[i].get->table_name, get.at("tableName"));
      constraints.required(given[i].get->key, get.at("key"));
    }
  }
  return constraints.verdict();
}

// One get with its expression bound. Does not move: what is bound refers to it.
struct Action {
  explicit Action(const TransactGet& from) : get(from), binder(from.expression_attribute_names) {}

  const TransactGet& get;
  expression::Binder binder;
  std::string scratch = {};
  std::string_view key = {};  // encoded
  std::optional<expression::Projection> projection = {};
};

Result<void> bind(Action& action) {
  const auto& text = action.get.projection_expression;
  TRY(action.binder.start({{expression::Kind::projection, text}}));
  action.key = TRY(encoding_of(*action.get.key, action.scratch));
  if (text) action.projection = TRY(expression::bind_projection(action.binder, *text));
  return action.binder.finish();
}

struct PlannedGet {
  TablePointer table;
  ItemKey key;
};

Result<ItemKey> plan(const Table& table, const Action& action) {
  auto key = TRY(key_of_request(table, model::view_item(action.key)));
  if (action.projection) TRY(check_keys_are_scalars(table, *action.projection));
  return key;
}

// Where each action's item is; transaction_canceled if any key cannot be one.
Result<std::vector<PlannedGet>> resolve(const Engine& engine, const std::deque<Action>& actions) {
  std::vector<PlannedGet> gets;
  std::vector<CancellationReason> reasons(actions.size());
  for (std::size_t i = 0; i < actions.size(); ++i) {
    auto table = TRY(engine.catalog.find(*actions[i].get.table_name));
    auto key = plan(*table, actions[i]);
    if (key) {
      gets.push_back({std::move(table), std::move(*key)});
    } else {
      reasons[i] = reason_of(key.error());
    }
  }
  std::vector<std::string_view> keys;
  for (const PlannedGet& get : gets) keys.push_back(get.key.bytes);
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return Error::validation("Transaction request cannot include multiple operations on one item");
  }
  if (gets.size() < actions.size()) return cancelled(std::move(reasons));
  return gets;
}

// The items at one moment, encoded.
Result<std::vector<std::optional<std::string>>> read(const storage::ReadView& view,
                                                     const std::vector<PlannedGet>& gets) {
  std::vector<std::optional<std::string>> items;
  std::size_t bytes = 0;
  for (const PlannedGet& get : gets) {
    std::string value;
    if (!TRY(view.get(storage::Family::data, get.key.bytes, value))) {
      items.push_back(std::nullopt);
      continue;
    }
    bytes += model::size_of(model::view_item(value));
    if (bytes > model::transaction_bytes_max) {
      return Error::validation("Transaction request size exceeds the maximum of 4 MB");
    }
    items.emplace_back(std::move(value));
  }
  return items;
}

CapacityMeter& meter_of(std::vector<CapacityMeter>& meters, const Table& table,
                        std::optional<ReturnConsumedCapacity> asked) {
  for (CapacityMeter& meter : meters) {
    if (&meter.table() == &table) return meter;
  }
  return meters.emplace_back(table, asked);
}

TransactGetItemsResult answer_of(const std::deque<Action>& actions,
                                 const std::vector<PlannedGet>& gets,
                                 std::vector<std::optional<std::string>>&& items,
                                 std::optional<ReturnConsumedCapacity> asked) {
  TransactGetItemsResult result;
  std::vector<CapacityMeter> meters;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& item = items[i];
    CapacityMeter& meter = meter_of(meters, *gets[i].table, asked);
    if (meter.is_asked()) {
      const std::size_t bytes = item ? model::size_of(model::view_item(*item)) : 0;
      meter.add_table(read_units(bytes, ReadKind::transactional));
    }
    if (item && actions[i].projection) {
      item = expression::project(*actions[i].projection, model::view_item(*item));
    }
    auto& answered = result.responses.emplace_back();
    if (item) answered = ItemAccess::from_encoded(std::move(*item));
  }
  if (meters.front().is_asked()) {
    auto& consumed = result.consumed_capacity.emplace();
    for (const CapacityMeter& meter : meters) consumed.push_back(*meter.consumed_reading());
  }
  return result;
}

}  // namespace

Result<TransactGetItemsResult> transact_get_items(const Engine& engine,
                                                  const TransactGetItemsRequest& request) {
  TRY(validate(request));
  std::deque<Action> actions;
  for (const TransactGetItem& item : *request.transact_items) {
    TRY(bind(actions.emplace_back(*item.get)));
  }

  for (;;) {
    const auto gets = TRY(resolve(engine, actions));
    const auto [view, moment] = request.want_stream_point
                                    ? view_at_position(engine)
                                    : ViewAtPosition{.view = engine.store.view()};
    const bool all_current = std::all_of(gets.begin(), gets.end(), [](const PlannedGet& get) {
      return Catalog::is_current(*get.table);
    });
    if (!all_current) continue;
    auto items = TRY(read(view, gets));
    storage::Position position = 0;
    for (const PlannedGet& get : gets) {
      position = std::max(position, engine.store.unsynced_position(get.key.partition));
    }
    TRY(settle(engine, position));
    auto result = answer_of(actions, gets, std::move(items), request.return_consumed_capacity);
    if (request.want_stream_point) {
      std::vector<TablePointer> tables;
      for (const PlannedGet& get : gets) tables.push_back(get.table);
      result.stream_point = stream_point(tables, moment);
    }
    return result;
  }
}

}  // namespace dynakeep::engine
