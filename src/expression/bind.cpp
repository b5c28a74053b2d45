#include "expression/bind.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/invariant.h"
#include "expression/parse_cache.h"
#include "expression/paths.h"
#include "model/encoded_number.h"
#include "model/limits.h"

namespace dynakeep::expression {
namespace {

using model::ValueTag;
using model::ValueView;

constexpr std::size_t placeholder_bytes_max = 255;

// In the order of DynamoDB's own complaint.
constexpr std::string_view type_names = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}";

bool is_placeholder(std::string_view text, char mark) {
  return text.size() > 1 && text[0] == mark &&
         std::all_of(text.begin() + 1, text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

Error bad_key(std::string_view field, std::string_view key) {
  return Error::validation(std::string(field) + " contains invalid key: Syntax error; key: \"" +
                           std::string(key) + "\"");
}

// "A, B" for what `used` is false of; empty if there is none.
template <typename Entries>
std::string unused(const Entries& entries) {
  std::string list;
  for (const auto& each : entries) {
    if (each.used) continue;
    if (!list.empty()) list += ", ";
    list += each.placeholder;
  }
  return list;
}

template <typename Entries>
auto* entry_of(Entries& entries, std::string_view placeholder) {
  const auto found = std::lower_bound(
      entries.begin(), entries.end(), placeholder,
      [](const auto& each, std::string_view wanted) { return each.placeholder < wanted; });
  return found == entries.end() || found->placeholder != placeholder ? nullptr : &*found;
}

}  // namespace

// ---- Binder ----

Binder::Binder(const std::optional<ExpressionAttributeNames>& names,
               const std::optional<ExpressionAttributeValues>& values)
    : given_names_(names ? &*names : nullptr), given_values_(values ? &*values : nullptr) {}

Binder::Binder(const std::optional<ExpressionAttributeNames>& names)
    : given_names_(names ? &*names : nullptr) {}

Result<void> Binder::start(std::initializer_list<Field> fields) {
  if (given_names_ != nullptr && std::none_of(fields.begin(), fields.end(), [](const Field& each) {
        return each.text.has_value();
      })) {
    return Error::validation(
        "ExpressionAttributeNames can only be specified when using expressions");
  }
  if (given_values_ != nullptr) {
    std::string absent;
    std::size_t absent_count = 0;
    bool is_given = false;
    for (const Field& each : fields) {
      if (each.kind == Kind::projection) continue;
      is_given = is_given || each.text.has_value();
      if (absent_count++ > 0) absent += " and ";
      absent += field_name(each.kind);
    }
    if (!is_given) {
      return Error::validation(
          "ExpressionAttributeValues can only be specified when using expressions: " + absent +
          (absent_count == 1 ? " is null" : " are null"));
    }
  }
  if (given_names_ != nullptr) TRY(start_names());
  if (given_values_ != nullptr) TRY(start_values());
  return {};
}

Result<void> Binder::start_names() {
  if (given_names_->empty()) return Error::validation("ExpressionAttributeNames must not be empty");
  names_.reserve(given_names_->size());
  for (const auto& [placeholder, name] : *given_names_) {
    if (!is_placeholder(placeholder, '#')) {
      return bad_key("ExpressionAttributeNames", placeholder);
    }
    if (placeholder.size() > placeholder_bytes_max) {
      return Error::validation(
          "ExpressionAttributeNames contains invalid key: The expression attribute map contains a "
          "key that is too long; size of key: " +
          std::to_string(placeholder.size()));
    }
    if (name.size() > model::attribute_name_bytes_max) {
      return Error::validation(
          "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be "
          "less than " +
          std::to_string(model::attribute_name_bytes_max + 1) + " bytes for key " + placeholder);
    }
    if (name.empty()) {
      return Error::validation(
          "ExpressionAttributeNames contains invalid value: Empty attribute name for key " +
          placeholder);
    }
    names_.push_back({.placeholder = placeholder, .name = name});
  }
  return {};
}

Result<void> Binder::start_values() {
  const auto check_key = [](std::string_view key) -> Result<void> {
    if (!is_placeholder(key, ':')) return bad_key("ExpressionAttributeValues", key);
    if (key.size() > placeholder_bytes_max) {
      return Error::validation(
          "ExpressionAttributeValues contains invalid key: The expression attribute map contains a "
          "key that is too long;");
    }
    return {};
  };
  if (const auto refusal = ItemAccess::refusal(*given_values_)) {
    TRY(check_key(refusal->attribute));
    return Error::validation("ExpressionAttributeValues contains invalid value: " +
                             refusal->message + " for key " + refusal->attribute);
  }
  const model::MapView values = model::view_item(ItemAccess::encoded(*given_values_, scratch_));
  if (values.empty()) return Error::validation("ExpressionAttributeValues must not be empty");
  values_.reserve(values.size());
  for (auto each = values.begin(); !each.done(); each.next()) {
    TRY(check_key(each.name()));
    values_.push_back({.placeholder = each.name(), .value = each.value()});
  }
  return {};
}

Result<void> Binder::finish() const {
  if (const std::string names = unused(names_); !names.empty()) {
    return Error::validation(
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {" + names + "}");
  }
  if (const std::string values = unused(values_); !values.empty()) {
    return Error::validation(
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {" + values +
        "}");
  }
  return {};
}

std::optional<std::string_view> Binder::name(std::string_view placeholder) {
  Name* const found = entry_of(names_, placeholder);
  if (found == nullptr) return std::nullopt;
  found->used = true;
  return found->name;
}

ValueView Binder::value(std::string_view placeholder) {
  Value* const found = entry_of(values_, placeholder);
  if (found == nullptr) return {};
  found->used = true;
  return found->value;
}

// ---- what a bound expression tells of itself ----

namespace {

std::vector<std::string_view> each_once(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

std::vector<std::string_view> Bound::attributes() const {
  std::vector<std::string_view> names;
  const auto add = [&](Path path) { names.push_back(name(tree_->steps[path.first].number)); };
  switch (tree_->kind) {
    case Kind::condition:
    case Kind::filter:
    case Kind::key_condition:
      for (const Node& node : tree_->nodes) {
        if (node.kind == NodeKind::path) add(node.path);
      }
      break;
    case Kind::update:
      for (const Action& action : tree_->actions) add(action.path);
      break;
    case Kind::projection:
      for (const Path path : tree_->paths) add(path);
      break;
  }
  return each_once(std::move(names));
}

std::vector<std::string_view> Bound::documents() const {
  std::vector<std::string_view> names;
  const auto add = [&](Path path) {
    if (path.count > 1) names.push_back(name(tree_->steps[path.first].number));
  };
  for (const Node& node : tree_->nodes) {
    if (node.kind == NodeKind::path) add(node.path);
  }
  for (const Action& action : tree_->actions) add(action.path);
  for (const Path path : tree_->paths) add(path);
  return each_once(std::move(names));
}

// ---- filling in ----

// Fills the slots of one expression, in the order of DynamoDB's complaints, and checks what does
// not take an item. Errors are without the field's name.
class Filling {
 public:
  Filling(Bound& bound, Binder& binder) : bound_(bound), binder_(binder) {}

  Result<void> take_tree(Kind kind, std::string_view text) {
    bound_.tree_ = TRY(parse_cached(kind, text));
    bound_.names_.reserve(tree().names.size());
    for (const NameSlot& slot : tree().names) {
      bound_.names_.push_back(slot.is_placeholder ? std::string_view() : slot.text);
    }
    bound_.values_.resize(tree().values.size());
    return {};
  }

  Result<void> fill_and_check_condition() { return fill_and_check(tree().nodes[tree().root]); }

  // First the paths that are changed, then what they are changed to. DynamoDB goes through the
  // actions from the last to the first.
  Result<std::vector<std::uint32_t>> fill_and_check_update(const std::vector<Path>& targets) {
    const auto& actions = tree().actions;
    auto order = TRY(fill_and_order(targets));
    for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
      if (action->kind != ActionKind::remove) TRY(fill_and_check(tree().nodes[action->operand]));
      TRY(check(*action));
    }
    return order;
  }

  Result<std::vector<std::uint32_t>> fill_and_order(const std::vector<Path>& paths) {
    for (std::size_t at = paths.size(); at-- > 0;) {
      auto filled = fill(paths[at]);
      if (filled) continue;
      // A clash between the paths that come after this one was met earlier.
      TRY(distinct_order(bound_,
                         {paths.begin() + static_cast<std::ptrdiff_t>(at) + 1, paths.end()}));
      return filled.error();
    }
    return distinct_order(bound_, paths);
  }

 private:
  const Tree& tree() const { return *bound_.tree_; }
  const Node& child(const Node& node, std::uint32_t at) const {
    return tree().nodes[tree().children[node.first_child + at]];
  }

  // Operands before what is done with them, so names and values are looked up right before the
  // check that needs them.
  Result<void> fill_and_check(const Node& node) {
    for (std::uint32_t at = 0; at < node.child_count; ++at) TRY(fill_and_check(child(node, at)));
    TRY(fill(node));
    return check(node);
  }

  Result<void> fill(const Node& node) {
    if (node.kind == NodeKind::path) return fill(node.path);
    if (node.kind != NodeKind::value) return {};
    ValueView& value = bound_.values_[node.slot];
    if (value.exists()) return {};
    value = binder_.value(tree().values[node.slot]);
    if (value.exists()) return {};
    return Error::validation(
        "An expression attribute value used in expression is not defined; attribute value: " +
        tree().values[node.slot]);
  }

  Result<void> fill(Path path) {
    for (std::uint32_t at = 0; at < path.count; ++at) {
      const Step& step = tree().steps[path.first + at];
      if (step.is_index || !bound_.names_[step.number].empty()) continue;
      const std::string& placeholder = tree().names[step.number].text;
      const auto name = binder_.name(placeholder);
      if (!name) {
        return Error::validation(
            "An expression attribute name used in the document path is not defined; attribute "
            "name: " +
            placeholder);
      }
      bound_.names_[step.number] = *name;
    }
    return {};
  }

  // ---- checks ----

  Result<void> check(const Node& node) const {
    switch (node.kind) {
      case NodeKind::path:
      case NodeKind::value:
      case NodeKind::conjunction:
      case NodeKind::disjunction:
      case NodeKind::negation:
        return {};
      case NodeKind::function:
        return check_function(node);
      case NodeKind::plus:
      case NodeKind::minus:
        return check_types(node, {ValueTag::number});
      case NodeKind::equal:
      case NodeKind::not_equal:
      case NodeKind::in:
        return check_distinct(node);
      case NodeKind::less:
      case NodeKind::less_or_equal:
      case NodeKind::greater:
      case NodeKind::greater_or_equal:
        TRY(check_distinct(node));
        return check_types(node, {ValueTag::string, ValueTag::number, ValueTag::binary});
      case NodeKind::between:
        TRY(check_types(node, {ValueTag::string, ValueTag::number, ValueTag::binary}));
        TRY(check_distinct(node));
        return check_bounds(child(node, 1), child(node, 2));
    }
    return {};
  }

  Result<void> check_function(const Node& node) const {
    switch (node.function) {
      case Function::attribute_exists:
      case Function::attribute_not_exists:
        TRY(check_count(node, 1));
        return check_is_path(node);
      case Function::attribute_type:
        TRY(check_count(node, 2));
        TRY(check_distinct(node));
        return check_type_name(node);
      case Function::begins_with:
        TRY(check_count(node, 2));
        TRY(check_distinct(node));
        return check_types(node, {ValueTag::string, ValueTag::binary});
      case Function::contains:
        TRY(check_count(node, 2));
        return check_distinct(node);
      case Function::size:
        TRY(check_count(node, 1));
        return check_types(node,
                           {ValueTag::string, ValueTag::binary, ValueTag::list, ValueTag::map,
                            ValueTag::string_set, ValueTag::number_set, ValueTag::binary_set});
      case Function::if_not_exists:
        TRY(check_count(node, 2));
        TRY(check_is_path(node));
        return check_distinct(node);
      case Function::list_append:
        TRY(check_count(node, 2));
        return check_types(node, {ValueTag::list});
    }
    return {};
  }

  static Result<void> check_count(const Node& node, std::uint32_t wanted) {
    if (node.child_count == wanted) return {};
    return Error::validation(
        "Incorrect number of operands for operator or function; operator or function: " +
        std::string(operator_name(node)) +
        ", number of operands: " + std::to_string(node.child_count));
  }

  Result<void> check_is_path(const Node& node) const {
    if (child(node, 0).kind == NodeKind::path) return {};
    return Error::validation(
        "Operator or function requires a document path; operator or function: " +
        std::string(operator_name(node)));
  }

  Result<void> check_distinct(const Node& node) const {
    const Node& first = child(node, 0);
    if (first.kind != NodeKind::path) return {};
    for (std::uint32_t at = 1; at < node.child_count; ++at) {
      const Node& other = child(node, at);
      if (other.kind != NodeKind::path || compare(bound_, first.path, other.path) != 0) continue;
      return Error::validation(
          "The first operand must be distinct from the remaining operands for this operator or "
          "function; operator: " +
          std::string(operator_name(node)) + ", first operand: " + to_text(bound_, first.path));
    }
    return {};
  }

  static Error wrong_type(const Node& node, std::string_view type) {
    return Error::validation(
        "Incorrect operand type for operator or function; operator or function: " +
        std::string(operator_name(node)) + ", operand type: " + std::string(type));
  }

  // The types of those operands that are known without an item.
  Result<void> check_types(const Node& node, std::initializer_list<ValueTag> allowed) const {
    for (std::uint32_t at = 0; at < node.child_count; ++at) {
      const auto tag = known_type(child(node, at));
      if (tag && std::find(allowed.begin(), allowed.end(), *tag) == allowed.end()) {
        return wrong_type(node, type_name(model::type_of(*tag)));
      }
    }
    return {};
  }

  std::optional<ValueTag> known_type(const Node& operand) const {
    if (operand.kind == NodeKind::value) return bound_.value(operand.slot).tag();
    if (operand.kind == NodeKind::function && operand.function == Function::size) {
      return ValueTag::number;
    }
    return std::nullopt;
  }

  Result<void> check_type_name(const Node& node) const {
    const Node& wanted = child(node, 1);
    const auto tag = known_type(wanted);
    if (!tag) return wrong_type(node, type_names);
    if (*tag != ValueTag::string) return wrong_type(node, type_name(model::type_of(*tag)));
    const std::string_view name = bound_.value(wanted.slot).payload();
    for (auto type = AttributeType::string; type <= AttributeType::binary_set;
         type = static_cast<AttributeType>(static_cast<int>(type) + 1)) {
      if (type_name(type) == name) return {};
    }
    return Error::validation("Invalid attribute type name found; type: " + std::string(name) +
                             ", valid types: " + std::string(type_names));
  }

  Result<void> check_bounds(const Node& lower, const Node& upper) const {
    if (lower.kind != NodeKind::value || upper.kind != NodeKind::value) return {};
    const ValueView low = bound_.value(lower.slot);
    const ValueView high = bound_.value(upper.slot);
    const auto complain = [&](const char* what) {
      return Error::validation(std::string("The BETWEEN operator requires ") + what +
                               "; lower bound operand: " + quoted(low) +
                               ", upper bound operand: " + quoted(high));
    };
    if (low.tag() != high.tag()) return complain("same data type for lower and upper bounds");
    if (low.payload() > high.payload()) {
      return complain("upper bound to be greater than or equal to lower bound");
    }
    return {};
  }

  // A scalar as DynamoDB quotes it: AttributeValue: {S:a}.
  static std::string quoted(ValueView value) {
    std::string text = "AttributeValue: {";
    text += type_name(value.type());
    text += ':';
    if (value.is(ValueTag::number)) {
      model::append_number_text(text, value.payload());
    } else if (value.is(ValueTag::binary)) {
      base::append_base64(text, value.payload());
    } else {
      text += value.payload();
    }
    return text + "}";
  }

  // ADD takes a number or a set, DELETE a set; these complaints have words of their own.
  Result<void> check(const Action& action) const {
    if (action.kind != ActionKind::add && action.kind != ActionKind::remove_members) return {};
    const char* type = nullptr;
    switch (bound_.value(tree().nodes[action.operand].slot).tag()) {
      case ValueTag::string_set:
      case ValueTag::number_set:
      case ValueTag::binary_set:
        return {};
      case ValueTag::number:
        if (action.kind == ActionKind::add) return {};
        type = "NUMBER";
        break;
      case ValueTag::string:
        type = "STRING";
        break;
      case ValueTag::binary:
        type = "BINARY";
        break;
      case ValueTag::boolean:
        type = "BOOLEAN";
        break;
      case ValueTag::null:
        type = "NULL";
        break;
      case ValueTag::list:
        type = "LIST";
        break;
      case ValueTag::map:
        type = "MAP";
        break;
    }
    return Error::validation("Incorrect operand type for operator or function; operator: " +
                             std::string(section_name(action.kind)) + ", operand type: " + type);
  }

  Bound& bound_;
  Binder& binder_;
};

namespace {

Error in_field(Kind kind, const Error& error) {
  return Error::validation("Invalid " + std::string(field_name(kind)) + ": " + error.message());
}

// Both kinds of conditions.
template <typename Expression>
Result<Expression> bind_conditions(Binder& binder, Kind kind, std::string_view text) {
  Expression bound;
  Filling filling(bound, binder);
  if (auto taken = filling.take_tree(kind, text); !taken) return in_field(kind, taken.error());
  if (auto filled = filling.fill_and_check_condition(); !filled) {
    return in_field(kind, filled.error());
  }
  return bound;
}

}  // namespace

Result<Condition> bind_condition(Binder& binder, Kind kind, std::string_view text) {
  INVARIANT(kind == Kind::condition || kind == Kind::filter);
  return bind_conditions<Condition>(binder, kind, text);
}

Result<KeyConditionText> bind_key_condition(Binder& binder, std::string_view text) {
  return bind_conditions<KeyConditionText>(binder, Kind::key_condition, text);
}

Result<Update> bind_update(Binder& binder, std::string_view text) {
  Update bound;
  Filling filling(bound, binder);
  if (auto taken = filling.take_tree(Kind::update, text); !taken) {
    return in_field(Kind::update, taken.error());
  }
  bound.paths_.reserve(bound.tree().actions.size());
  for (const Action& action : bound.tree().actions) bound.paths_.push_back(action.path);
  auto order = filling.fill_and_check_update(bound.paths_);
  if (!order) return in_field(Kind::update, order.error());
  bound.order_ = *std::move(order);
  return bound;
}

Result<Projection> bind_projection(Binder& binder, std::string_view text) {
  Projection bound;
  Filling filling(bound, binder);
  if (auto taken = filling.take_tree(Kind::projection, text); !taken) {
    return in_field(Kind::projection, taken.error());
  }
  auto order = filling.fill_and_order(bound.tree().paths);
  if (!order) return in_field(Kind::projection, order.error());
  bound.order_ = *std::move(order);
  return bound;
}

}  // namespace dynakeep::expression
