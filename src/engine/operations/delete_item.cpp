#include "engine/operations/delete_item.h"

#include "engine/operations/write_answer.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "engine/write_path.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const DeleteItemRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.table_name(request.table_name);
  constraints.required(request.key, "key");
  constraints.word("returnConsumedCapacity");
  constraints.word("returnItemCollectionMetrics");
  constraints.word("returnValues");
  constraints.word("returnValuesOnConditionCheckFailure");
  return constraints.verdict();
}

}  // namespace

Result<DeleteItemResult> delete_item(const Engine& engine, const DeleteItemRequest& request) {
  TRY(validate(request));
  std::string scratch;
  const model::MapView key = model::view_item(TRY(encoding_of(*request.key, scratch)));
  TRY(check_returns_old_or_none(request.return_values));

  expression::Binder binder(request.expression_attribute_names,
                            request.expression_attribute_values);
  TRY(binder.start({{expression::Kind::condition, request.condition_expression}}));
  std::optional<expression::Condition> condition;
  if (request.condition_expression) {
    condition = TRY(expression::bind_condition(binder, expression::Kind::condition,
                                               *request.condition_expression));
  }
  TRY(binder.finish());

  for (;;) {
    const auto table = TRY(engine.catalog.find(*request.table_name));
    auto item_key = TRY(key_of_request(*table, key));
    if (condition) TRY(check_keys_are_scalars(*table, *condition));
    const ItemWrite write{.table = table,
                          .key = std::move(item_key),
                          .change = Change::remove,
                          .condition = condition ? &*condition : nullptr,
                          .want_position = request.want_stream_point};
    auto outcome = TRY(write_item(engine, write));
    if (!outcome) continue;
    if (!outcome->condition_held) {
      return condition_failure(*outcome, request.return_values_on_condition_check_failure);
    }
    DeleteItemResult result{
        .consumed_capacity = consumed_by(*table, *outcome, request.return_consumed_capacity),
        .item_collection_metrics =
            collection_metrics(*table, key, request.return_item_collection_metrics)};
    if (request.return_values == ReturnValues::all_old) {
      result.attributes = item_of(std::move(outcome->old_item));
    }
    if (request.want_stream_point) result.stream_point = stream_point(*table, outcome->position);
    return result;
  }
}

}  // namespace dynakeep::engine
