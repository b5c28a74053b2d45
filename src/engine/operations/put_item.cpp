#include "engine/operations/put_item.h"

#include "engine/operations/write_answer.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "engine/write_path.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const PutItemRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.table_name(request.table_name);
  constraints.required(request.item, "item");
  constraints.word("returnConsumedCapacity");
  constraints.word("returnItemCollectionMetrics");
  constraints.word("returnValues");
  constraints.word("returnValuesOnConditionCheckFailure");
  return constraints.verdict();
}

}  // namespace

Result<PutItemResult> put_item(const Engine& engine, const PutItemRequest& request) {
  TRY(validate(request));
  std::string scratch;
  const std::string_view item = TRY(encoding_of(*request.item, scratch));
  const model::MapView item_view = model::view_item(item);
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
  if (model::size_of(item_view) > model::item_bytes_max) {
    return Error::validation("Item size has exceeded the maximum allowed size");
  }

  for (;;) {
    const auto table = TRY(engine.catalog.find(*request.table_name));
    auto item_key = TRY(key_of_item(*table, item_view));
    if (condition) TRY(check_keys_are_scalars(*table, *condition));
    const ItemWrite write{.table = table,
                          .key = std::move(item_key),
                          .change = Change::put,
                          .item = item,
                          .condition = condition ? &*condition : nullptr,
                          .want_position = request.want_stream_point};
    auto outcome = TRY(write_item(engine, write));
    if (!outcome) continue;
    if (!outcome->condition_held) {
      return condition_failure(*outcome, request.return_values_on_condition_check_failure);
    }
    PutItemResult result{
        .consumed_capacity = consumed_by(*table, *outcome, request.return_consumed_capacity),
        .item_collection_metrics =
            collection_metrics(*table, item_view, request.return_item_collection_metrics)};
    if (request.return_values == ReturnValues::all_old) {
      result.attributes = item_of(std::move(outcome->old_item));
    }
    if (request.want_stream_point) result.stream_point = stream_point(*table, outcome->position);
    return result;
  }
}

}  // namespace dynakeep::engine
