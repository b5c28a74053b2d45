#include "engine/operations/update_item.h"

#include "engine/operations/write_answer.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "engine/write_path.h"
#include "expression/update.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const UpdateItemRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.table_name(request.table_name);
  constraints.required(request.key, "key");
  constraints.word("returnConsumedCapacity");
  constraints.word("returnItemCollectionMetrics");
  constraints.word("returnValues");
  constraints.word("returnValuesOnConditionCheckFailure");
  return constraints.verdict();
}

std::optional<Item> attributes_of(ReturnValues asked, const expression::Update* update,
                                  WriteOutcome& outcome) {
  switch (asked) {
    case ReturnValues::none:
      return std::nullopt;
    case ReturnValues::all_old:
      return item_of(std::move(outcome.old_item));
    case ReturnValues::all_new:
      return item_of(std::move(outcome.new_item));
    case ReturnValues::updated_old:
    case ReturnValues::updated_new:
      break;
  }
  if (update == nullptr) return std::nullopt;
  auto touched = ItemAccess::from_encoded(expression::updated_attributes(
      *update, asked == ReturnValues::updated_old ? outcome.old_view() : outcome.new_view()));
  if (touched.empty()) return std::nullopt;
  return touched;
}

}  // namespace

Result<void> check_updates_no_key(const Table& table, const expression::Update& update) {
  for (const std::string_view name : update.attributes()) {
    if (table.keys.has(name)) {
      return invalid_parameter_values("Cannot update attribute " + std::string(name) +
                                      ". This attribute is part of the key");
    }
  }
  return {};
}

Result<UpdateItemResult> update_item(const Engine& engine, const UpdateItemRequest& request) {
  TRY(validate(request));
  std::string scratch;
  const std::string_view key = TRY(encoding_of(*request.key, scratch));
  const model::MapView key_view = model::view_item(key);

  expression::Binder binder(request.expression_attribute_names,
                            request.expression_attribute_values);
  TRY(binder.start({{expression::Kind::update, request.update_expression},
                    {expression::Kind::condition, request.condition_expression}}));
  std::optional<expression::Update> update;
  if (request.update_expression) {
    update = TRY(expression::bind_update(binder, *request.update_expression));
  }
  std::optional<expression::Condition> condition;
  if (request.condition_expression) {
    condition = TRY(expression::bind_condition(binder, expression::Kind::condition,
                                               *request.condition_expression));
  }
  TRY(binder.finish());

  for (;;) {
    const auto table = TRY(engine.catalog.find(*request.table_name));
    auto item_key = TRY(key_of_request(*table, key_view));
    if (update) TRY(check_updates_no_key(*table, *update));
    if (update) TRY(check_keys_are_scalars(*table, *update));
    if (condition) TRY(check_keys_are_scalars(*table, *condition));
    const ItemWrite write{.table = table,
                          .key = std::move(item_key),
                          .change = Change::update,
                          .key_item = key,
                          .update = update ? &*update : nullptr,
                          .condition = condition ? &*condition : nullptr,
                          .want_position = request.want_stream_point};
    auto outcome = TRY(write_item(engine, write));
    if (!outcome) continue;
    if (!outcome->condition_held) {
      return condition_failure(*outcome, request.return_values_on_condition_check_failure);
    }
    UpdateItemResult result{
        .consumed_capacity = consumed_by(*table, *outcome, request.return_consumed_capacity),
        .item_collection_metrics =
            collection_metrics(*table, key_view, request.return_item_collection_metrics)};
    result.attributes = attributes_of(request.return_values.value_or(ReturnValues::none),
                                      update ? &*update : nullptr, *outcome);
    if (request.want_stream_point) result.stream_point = stream_point(*table, outcome->position);
    return result;
  }
}

}  // namespace dynakeep::engine
