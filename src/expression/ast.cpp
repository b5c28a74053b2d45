#include "expression/ast.h"

#include <algorithm>
#include <array>

namespace dynakeep::expression {
namespace {

// In the order of Function.
constexpr std::array<std::string_view, 8> function_names = {
    "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size",
    "if_not_exists",    "list_append",
};

}  // namespace

std::string_view field_name(Kind kind) {
  switch (kind) {
    case Kind::condition:
      return "ConditionExpression";
    case Kind::filter:
      return "FilterExpression";
    case Kind::key_condition:
      return "KeyConditionExpression";
    case Kind::update:
      return "UpdateExpression";
    case Kind::projection:
      return "ProjectionExpression";
  }
  return {};
}

std::string_view function_name(Function function) {
  return function_names[static_cast<std::size_t>(function)];
}

std::optional<Function> function_named(std::string_view name) {
  const auto* found = std::find(function_names.begin(), function_names.end(), name);
  if (found == function_names.end()) return std::nullopt;
  return static_cast<Function>(found - function_names.begin());
}

bool is_update_function(Function function) {
  return function == Function::if_not_exists || function == Function::list_append;
}

std::string_view operator_name(const Node& node) {
  switch (node.kind) {
    case NodeKind::path:
    case NodeKind::value:
      return {};
    case NodeKind::function:
      return function_name(node.function);
    case NodeKind::plus:
      return "+";
    case NodeKind::minus:
      return "-";
    case NodeKind::equal:
      return "=";
    case NodeKind::not_equal:
      return "<>";
    case NodeKind::less:
      return "<";
    case NodeKind::less_or_equal:
      return "<=";
    case NodeKind::greater:
      return ">";
    case NodeKind::greater_or_equal:
      return ">=";
    case NodeKind::between:
      return "BETWEEN";
    case NodeKind::in:
      return "IN";
    case NodeKind::conjunction:
      return "AND";
    case NodeKind::disjunction:
      return "OR";
    case NodeKind::negation:
      return "NOT";
  }
  return {};
}

std::string_view section_name(ActionKind kind) {
  switch (kind) {
    case ActionKind::set:
      return "SET";
    case ActionKind::remove:
      return "REMOVE";
    case ActionKind::add:
      return "ADD";
    case ActionKind::remove_members:
      return "DELETE";
  }
  return {};
}

}  // namespace dynakeep::expression
