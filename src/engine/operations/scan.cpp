#include "engine/operations/scan.h"

#include "engine/item_key.h"
#include "engine/operations/paging.h"
#include "engine/read_moment.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

using expression::Kind;

constexpr std::int32_t total_segments_max = 1'000'000;

Result<void> validate(const ScanRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.word("select");
  constraints.index_name(request.index_name);
  if (request.total_segments) {
    constraints.at_least(*request.total_segments, 1, "totalSegments");
    constraints.at_most(*request.total_segments, total_segments_max, "totalSegments");
  }
  constraints.word("returnConsumedCapacity");
  constraints.table_name(request.table_name);
  if (request.segment) {
    constraints.at_least(*request.segment, 0, "segment");
    constraints.at_most(*request.segment, total_segments_max - 1, "segment");
  }
  if (request.limit) constraints.at_least(*request.limit, 1, "limit");
  return constraints.verdict();
}

Result<void> check_segment(const ScanRequest& request) {
  if (request.segment.has_value() && !request.total_segments.has_value()) {
    return Error::validation(
        "The TotalSegments parameter is required but was not present in the request when Segment "
        "parameter is present");
  }
  if (!request.segment) {
    if (!request.total_segments) return {};
    return Error::validation(
        "The Segment parameter is required but was not present in the request when parameter "
        "TotalSegments is present");
  }
  if (*request.segment < *request.total_segments) return {};
  return Error::validation(
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
      "Segment: " +
      std::to_string(*request.segment) +
      " is not less than TotalSegments: " + std::to_string(*request.total_segments));
}

// What the request says, before it is known of what table.
struct Bound {
  explicit Bound(const ScanRequest& request)
      : binder(request.expression_attribute_names, request.expression_attribute_values) {}

  expression::Binder binder;
  std::string scratch = {};
  std::optional<std::string_view> start_key = {};  // encoded
  std::optional<expression::Condition> filter = {};
  std::optional<expression::Projection> projection = {};
};

Result<void> bind(const ScanRequest& request, Bound& bound) {
  TRY(bound.binder.start({{Kind::filter, request.filter_expression},
                          {Kind::projection, request.projection_expression}}));
  if (request.exclusive_start_key) {
    bound.start_key = TRY(encoding_of(*request.exclusive_start_key, bound.scratch));
  }
  TRY(check_segment(request));
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
  return bound.binder.finish();
}

Result<PagePlan> plan_page(TablePointer table, const ScanRequest& request, const Bound& bound) {
  PagePlan plan{.table = std::move(table),
                .limit = request.limit,
                .filter = bound.filter ? &*bound.filter : nullptr,
                .read_kind = read_kind(request.consistent_read)};
  plan.index = TRY(find_readable_index(*plan.table, request.index_name, request.consistent_read));
  const storage::SpaceId space = plan.index == nullptr ? plan.table->space : plan.index->space;
  if (bound.filter) TRY(check_keys_are_scalars(*plan.table, *bound.filter));
  if (bound.projection) TRY(check_keys_are_scalars(*plan.table, *bound.projection));
  plan.range = request.segment
                   ? storage::segment_range(space, static_cast<std::uint32_t>(*request.segment),
                                            static_cast<std::uint32_t>(*request.total_segments))
                   : storage::space_range(space);
  if (bound.start_key) {
    const auto start_key = TRY(start_key_bytes(PageOperation::scan, *plan.table, plan.index,
                                               model::view_item(*bound.start_key)));
    if (!plan.range.contains(start_key)) {
      return Error::validation(
          "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
          "ExclusiveStartKey with correct Segment. TotalSegments: " +
          std::to_string(*request.total_segments) +
          " Segment: " + std::to_string(*request.segment));
    }
    storage::continue_after(plan.range, start_key, plan.direction);
  }
  TRY(plan_items(plan, request.select, bound.projection ? &*bound.projection : nullptr));
  return plan;
}

}  // namespace

Result<ScanResult> scan(const Engine& engine, const ScanRequest& request) {
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
