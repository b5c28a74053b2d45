#include "engine/operations/query.h"

#include <vector>

#include "engine/item_key.h"
#include "engine/operations/paging.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "expression/key_condition.h"

namespace dynakeep::engine {
namespace {

using expression::Kind;
using expression::SortOperator;

Result<void> validate(const QueryRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.word("select");
  constraints.index_name(request.index_name);
  constraints.word("returnConsumedCapacity");
  constraints.table_name(request.table_name);
  if (request.limit) constraints.at_least(*request.limit, 1, "limit");
  return constraints.verdict();
}

// What the request says, before it is known of what table.
struct Bound {
  explicit Bound(const QueryRequest& request)
      : binder(request.expression_attribute_names, request.expression_attribute_values) {}

  expression::Binder binder;
  std::string scratch = {};
  std::optional<std::string_view> start_key = {};  // encoded
  std::optional<expression::Condition> filter = {};
  std::optional<expression::Projection> projection = {};
  std::optional<expression::KeyConditionText> key_text = {};
  std::vector<expression::KeyTerm> key_terms = {};
};

Result<void> bind(const QueryRequest& request, Bound& bound) {
  TRY(bound.binder.start({{Kind::filter, request.filter_expression},
                          {Kind::projection, request.projection_expression},
                          {Kind::key_condition, request.key_condition_expression}}));
  if (request.exclusive_start_key) {
    bound.start_key = TRY(encoding_of(*request.exclusive_start_key, bound.scratch));
  }
  if (!request.key_condition_expression) {
    return Error::validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
        "request.");
  }
  TRY(check_select(request.select, request.projection_expression.has_value(),
                   request.index_name.has_value()));
  if (request.filter_expression) {
    bound.filter =
        TRY(expression::bind_condition(bound.binder, Kind::filter, *request.filter_expression));
  }
  if (request.projection_expression) {
    bound.projection =
        TRY(expression::bind_projection(bound.binder, *request.projection_expression));
  }
  bound.key_text =
      TRY(expression::bind_key_condition(bound.binder, *request.key_condition_expression));
  TRY(bound.binder.finish());
  bound.key_terms = TRY(expression::key_terms(*bound.key_text));
  return {};
}

expression::QueriedKey queried_key(const KeyAttributes& keys) {
  expression::QueriedKey key{.partition = {keys.partition, keys.partition_type}};
  if (keys.sort) key.sort = expression::KeyAttribute{*keys.sort, keys.sort_type};
  return key;
}

storage::KeyRange range_of(storage::SpaceId space, const expression::KeyCondition& condition) {
  storage::SortInterval interval;
  switch (condition.sort_operator) {
    case SortOperator::none:
      return storage::partition_range(space, condition.partition);
    case SortOperator::begins_with:
      return storage::sort_prefix_range(space, condition.partition, condition.sort);
    case SortOperator::equal:
      interval.lower = interval.upper = condition.sort;
      break;
    case SortOperator::less:
      interval.upper = condition.sort;
      interval.upper_inclusive = false;
      break;
    case SortOperator::less_or_equal:
      interval.upper = condition.sort;
      break;
    case SortOperator::greater:
      interval.lower = condition.sort;
      interval.lower_inclusive = false;
      break;
    case SortOperator::greater_or_equal:
      interval.lower = condition.sort;
      break;
    case SortOperator::between:
      interval.lower = condition.sort;
      interval.upper = condition.sort_upper;
      break;
  }
  return storage::sort_range(space, condition.partition, interval);
}

// A filter sees what the read found: it may not choose by the key, nor by what is not there.
Result<void> check_filter(const expression::Condition& filter, const KeyAttributes& keys,
                          const Index* index) {
  for (const std::string_view name : filter.attributes()) {
    if (!keys.has(name)) continue;
    return Error::validation(
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: " +
        std::string(name));
  }
  if (index == nullptr) return {};
  const std::string missing = attributes_not_projected(*index, filter);
  if (missing.empty()) return {};
  return invalid_parameter_values("Secondary index " + index->name +
                                  " does not project one or more filter attributes: " + missing);
}

Result<void> start_after(PagePlan& plan, storage::SpaceId space, model::ValueView partition,
                         std::string_view start_key) {
  if (!storage::partition_range(space, partition).contains(start_key)) {
    return Error::validation(
        "The provided starting key is outside query boundaries based on provided conditions");
  }
  if (!plan.range.contains(start_key)) {
    return Error::validation("The provided starting key does not match the range key predicate");
  }
  storage::continue_after(plan.range, start_key, plan.direction);
  return {};
}

Result<PagePlan> plan_page(TablePointer table, const QueryRequest& request, const Bound& bound) {
  PagePlan plan{.table = std::move(table),
                .direction = request.scan_index_forward.value_or(true)
                                 ? storage::Direction::forward
                                 : storage::Direction::backward,
                .limit = request.limit,
                .filter = bound.filter ? &*bound.filter : nullptr,
                .read_kind = read_kind(request.consistent_read)};
  const Index* index = plan.index =
      TRY(find_readable_index(*plan.table, request.index_name, request.consistent_read));
  const KeyAttributes& keys = index == nullptr ? plan.table->keys : index->keys;
  const storage::SpaceId space = index == nullptr ? plan.table->space : index->space;

  if (bound.filter) TRY(check_keys_are_scalars(*plan.table, *bound.filter));
  if (bound.projection) TRY(check_keys_are_scalars(*plan.table, *bound.projection));
  std::optional<std::string> start_key;
  if (bound.start_key) {
    start_key = TRY(start_key_bytes(PageOperation::query, *plan.table, index,
                                    model::view_item(*bound.start_key)));
  }
  const auto condition = TRY(expression::match(bound.key_terms, queried_key(keys)));
  if (bound.filter) TRY(check_filter(*bound.filter, keys, index));
  TRY(plan_items(plan, request.select, bound.projection ? &*bound.projection : nullptr));
  plan.range = range_of(space, condition);
  plan.partition =
      storage::Partition{.space = space, .hash = storage::partition_hash(condition.partition)};
  if (start_key) TRY(start_after(plan, space, condition.partition, *start_key));
  return plan;
}

}  // namespace

Result<QueryResult> query(const Engine& engine, const QueryRequest& request) {
  TRY(validate(request));
  Bound bound(request);
  TRY(bind(request, bound));
  for (;;) {
    const auto table = TRY(engine.catalog.find(*request.table_name));
    const auto plan = TRY(plan_page(table, request, bound));
    auto moment = TRY(ReadMoment::of(engine, table, request));
    TRY(moment.check_index(plan.index));
    auto page = TRY(read_page(engine, plan, moment.view()));
    if (!page) continue;
    auto result = answer_of(plan, std::move(*page), request.return_consumed_capacity);
    TRY(moment.tell(result));
    return result;
  }
}

}  // namespace dynakeep::engine
