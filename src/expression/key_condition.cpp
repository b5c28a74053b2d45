#include "expression/key_condition.h"

#include <algorithm>
#include <string>

namespace dynakeep::expression {
namespace {

using model::ValueTag;
using model::ValueView;

Error invalid_operator(const Node& node) {
  return Error::validation("Invalid operator used in KeyConditionExpression: " +
                           std::string(operator_name(node)));
}

Error invalid_condition(const std::string& what) {
  return Error::validation("Invalid condition in KeyConditionExpression: " + what);
}

SortOperator sort_operator(NodeKind kind) {
  switch (kind) {
    case NodeKind::less:
      return SortOperator::less;
    case NodeKind::less_or_equal:
      return SortOperator::less_or_equal;
    case NodeKind::greater:
      return SortOperator::greater;
    case NodeKind::greater_or_equal:
      return SortOperator::greater_or_equal;
    case NodeKind::between:
      return SortOperator::between;
    case NodeKind::function:
      return SortOperator::begins_with;
    default:
      return SortOperator::equal;
  }
}

// What `:value < name` says of the name.
SortOperator mirrored(SortOperator comparison) {
  switch (comparison) {
    case SortOperator::less:
      return SortOperator::greater;
    case SortOperator::less_or_equal:
      return SortOperator::greater_or_equal;
    case SortOperator::greater:
      return SortOperator::less;
    case SortOperator::greater_or_equal:
      return SortOperator::less_or_equal;
    default:
      return comparison;
  }
}

class Terms {
 public:
  explicit Terms(const KeyConditionText& text) : text_(text), tree_(text.tree()) {}

  Result<std::vector<KeyTerm>> read() {
    TRY(read(tree_.nodes[tree_.root]));
    if (terms_.size() > 2) return Error::validation("Conditions can be of length 1 or 2 only");
    return std::move(terms_);
  }

 private:
  const Node& child(const Node& node, std::uint32_t at) const {
    return tree_.nodes[tree_.children[node.first_child + at]];
  }

  Result<void> read(const Node& node) {
    switch (node.kind) {
      case NodeKind::conjunction:
        for (std::uint32_t at = 0; at < node.child_count; ++at) TRY(read(child(node, at)));
        return {};
      case NodeKind::equal:
      case NodeKind::less:
      case NodeKind::less_or_equal:
      case NodeKind::greater:
      case NodeKind::greater_or_equal:
      case NodeKind::between:
        return read_term(node);
      case NodeKind::function:
        if (node.function != Function::begins_with) return invalid_operator(node);
        return read_term(node);
      default:
        return invalid_operator(node);
    }
  }

  Result<void> read_term(const Node& node) {
    std::uint32_t paths = 0;
    std::uint32_t path_at = 0;
    for (std::uint32_t at = 0; at < node.child_count; ++at) {
      const NodeKind kind = child(node, at).kind;
      if (kind == NodeKind::function) {
        return Error::validation("KeyConditionExpressions cannot contain nested operations");
      }
      if (kind == NodeKind::path) {
        ++paths;
        path_at = at;
      }
    }
    if (paths == 0) return invalid_condition("No key attribute specified");
    if (paths > 1) return invalid_condition("Multiple attribute names used in one condition");
    const bool is_comparison = node.kind != NodeKind::between && node.kind != NodeKind::function;
    if (!is_comparison && path_at != 0) {
      return invalid_condition(std::string(operator_name(node)) +
                               " operator must have the key attribute as its first operand");
    }

    const Path path = child(node, path_at).path;
    const std::string_view name = text_.name(tree_.steps[path.first].number);
    if (path.count > 1) {
      return Error::validation(
          "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
          "allowed: Key: " +
          std::string(name));
    }
    if (std::any_of(terms_.begin(), terms_.end(),
                    [name](const KeyTerm& term) { return term.name == name; })) {
      return Error::validation("KeyConditionExpressions must only contain one condition per key");
    }
    KeyTerm term{.name = name, .comparison = sort_operator(node.kind)};
    if (path_at != 0) term.comparison = mirrored(term.comparison);
    term.operand = text_.value(child(node, path_at == 0 ? 1 : 0).slot);
    if (node.kind == NodeKind::between) term.upper = text_.value(child(node, 2).slot);
    terms_.push_back(term);
    return {};
  }

  const KeyConditionText& text_;
  const Tree& tree_;
  std::vector<KeyTerm> terms_;
};

ValueTag tag_of(ScalarType type) {
  switch (type) {
    case ScalarType::string:
      return ValueTag::string;
    case ScalarType::number:
      return ValueTag::number;
    case ScalarType::binary:
      return ValueTag::binary;
  }
  return ValueTag::string;
}

const KeyTerm* term_of(const std::vector<KeyTerm>& terms, std::string_view name) {
  const auto found = std::find_if(terms.begin(), terms.end(),
                                  [name](const KeyTerm& term) { return term.name == name; });
  return found == terms.end() ? nullptr : &*found;
}

Error not_supported() { return Error::validation("Query key condition not supported"); }

Error missed(std::string_view name) {
  return Error::validation("Query condition missed key schema element: " + std::string(name));
}

Result<void> check_values(const KeyTerm& term, const KeyAttribute& attribute) {
  for (const ValueView value : {term.operand, term.upper}) {
    if (value.exists() && !value.is(tag_of(attribute.type))) {
      return Error::validation(
          "One or more parameter values were invalid: Condition parameter type does not match "
          "schema type");
    }
  }
  for (const ValueView value : {term.operand, term.upper}) {
    if (value.exists() && value.payload().empty()) {
      return Error::validation(
          "One or more parameter values are not valid. The AttributeValue for a key attribute "
          "cannot contain an empty " +
          std::string(value.is(ValueTag::string) ? "string" : "binary") +
          " value. Key: " + std::string(attribute.name));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<KeyTerm>> key_terms(const KeyConditionText& text) { return Terms(text).read(); }

Result<KeyCondition> match(const std::vector<KeyTerm>& terms, const QueriedKey& key) {
  const KeyTerm* const partition = term_of(terms, key.partition.name);
  if (partition == nullptr) return missed(key.partition.name);
  if (partition->comparison != SortOperator::equal) return not_supported();
  const KeyTerm* const sort = key.sort ? term_of(terms, key.sort->name) : nullptr;
  if (terms.size() > 1 && sort == nullptr) {
    if (!key.sort) return not_supported();
    return missed(key.sort->name);
  }

  TRY(check_values(*partition, key.partition));
  KeyCondition condition{.partition = partition->operand};
  if (sort != nullptr) {
    TRY(check_values(*sort, *key.sort));
    condition.sort_operator = sort->comparison;
    condition.sort = sort->operand;
    condition.sort_upper = sort->upper;
  }
  return condition;
}

}  // namespace dynakeep::expression
