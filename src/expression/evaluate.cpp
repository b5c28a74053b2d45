#include "expression/evaluate.h"

#include <cstdint>
#include <string>

#include "expression/paths.h"
#include "model/encoded_number.h"

namespace dynakeep::expression {
namespace {

using model::MapView;
using model::ValueTag;
using model::ValueView;

bool is_set(ValueTag tag) {
  return tag == ValueTag::string_set || tag == ValueTag::number_set || tag == ValueTag::binary_set;
}

// Whether the two are of one type, and one that has an order.
bool are_ordered(ValueView a, ValueView b) {
  if (!a.exists() || !b.exists() || a.tag() != b.tag()) return false;
  return a.tag() == ValueTag::string || a.tag() == ValueTag::number || a.tag() == ValueTag::binary;
}

bool are_equal(ValueView a, ValueView b) { return a.exists() && a == b; }

// DynamoDB counts the characters of a string as Java does: in UTF-16, where those past U+FFFF,
// which are the ones of four bytes in UTF-8, count twice.
std::uint64_t utf16_units(std::string_view text) {
  std::uint64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

// Whether `scalar` may be a member of a set of the kind.
bool is_member_type(ValueTag set, ValueTag scalar) {
  return (set == ValueTag::string_set && scalar == ValueTag::string) ||
         (set == ValueTag::number_set && scalar == ValueTag::number) ||
         (set == ValueTag::binary_set && scalar == ValueTag::binary);
}

bool contains(ValueView whole, ValueView part) {
  if (!whole.exists() || !part.exists()) return false;
  const ValueTag tag = whole.tag();
  if (tag == ValueTag::string || tag == ValueTag::binary) {
    return part.tag() == tag && whole.payload().find(part.payload()) != std::string_view::npos;
  }
  if (is_set(tag)) {
    return is_member_type(tag, part.tag()) && whole.set().contains(part.payload());
  }
  if (tag == ValueTag::list) {
    for (auto each = whole.list().begin(); !each.done(); each.next()) {
      if (each.value() == part) return true;
    }
  }
  return false;
}

class Evaluation {
 public:
  Evaluation(const Bound& bound, MapView item) : bound_(bound), item_(item) {}

  bool holds(NodeIndex index) const {
    const Node& node = bound_.tree().nodes[index];
    // Room for sizes, which are numbers that no item and no request holds. They fit into a string
    // without allocation.
    std::string first;
    std::string second;
    switch (node.kind) {
      case NodeKind::conjunction:
        for (std::uint32_t at = 0; at < node.child_count; ++at) {
          if (!holds(child(node, at))) return false;
        }
        return true;
      case NodeKind::disjunction:
        for (std::uint32_t at = 0; at < node.child_count; ++at) {
          if (holds(child(node, at))) return true;
        }
        return false;
      case NodeKind::negation:
        return !holds(child(node, 0));
      case NodeKind::equal:
        return are_equal(operand(node, 0, first), operand(node, 1, second));
      case NodeKind::not_equal:
        return !are_equal(operand(node, 0, first), operand(node, 1, second));
      case NodeKind::less:
      case NodeKind::less_or_equal:
      case NodeKind::greater:
      case NodeKind::greater_or_equal: {
        const ValueView left = operand(node, 0, first);
        const ValueView right = operand(node, 1, second);
        return are_ordered(left, right) && compares(node.kind, left, right);
      }
      case NodeKind::between: {
        const ValueView middle = operand(node, 0, first);
        const ValueView lower = operand(node, 1, second);
        if (!are_ordered(lower, middle) || lower.payload() > middle.payload()) return false;
        second.clear();
        const ValueView upper = operand(node, 2, second);
        return are_ordered(middle, upper) && middle.payload() <= upper.payload();
      }
      case NodeKind::in: {
        const ValueView wanted = operand(node, 0, first);
        for (std::uint32_t at = 1; at < node.child_count; ++at) {
          second.clear();
          if (are_equal(wanted, operand(node, at, second))) return true;
        }
        return false;
      }
      case NodeKind::function:
        return function_holds(node);
      case NodeKind::path:
      case NodeKind::value:
      case NodeKind::plus:
      case NodeKind::minus:
        break;  // no conditions: the parser does not put them here
    }
    return false;
  }

 private:
  NodeIndex child(const Node& node, std::uint32_t at) const {
    return bound_.tree().children[node.first_child + at];
  }

  static bool compares(NodeKind kind, ValueView left, ValueView right) {
    const int order = left.payload().compare(right.payload());
    switch (kind) {
      case NodeKind::less:
        return order < 0;
      case NodeKind::less_or_equal:
        return order <= 0;
      case NodeKind::greater:
        return order > 0;
      default:
        return order >= 0;
    }
  }

  bool function_holds(const Node& node) const {
    std::string first;
    std::string second;
    const ValueView subject = operand(node, 0, first);
    switch (node.function) {
      case Function::attribute_exists:
        return subject.exists();
      case Function::attribute_not_exists:
        return !subject.exists();
      case Function::attribute_type:
        return subject.exists() && type_name(subject.type()) == operand(node, 1, second).payload();
      case Function::begins_with: {
        const ValueView prefix = operand(node, 1, second);
        return are_ordered(subject, prefix) && !subject.is(ValueTag::number) &&
               subject.payload().starts_with(prefix.payload());
      }
      case Function::contains:
        return contains(subject, operand(node, 1, second));
      case Function::size:
      case Function::if_not_exists:
      case Function::list_append:
        break;  // no conditions: the parser refuses them here
    }
    return false;
  }

  // The operand's value, which may be in `scratch`; does not exist if it has none.
  ValueView operand(const Node& parent, std::uint32_t at, std::string& scratch) const {
    const Node& node = bound_.tree().nodes[child(parent, at)];
    if (node.kind == NodeKind::path) return find(bound_, node.path, item_);
    if (node.kind == NodeKind::value) return bound_.value(node.slot);
    std::string inner;
    return size_of(operand(node, 0, inner), scratch);
  }

  static ValueView size_of(ValueView value, std::string& scratch) {
    if (!value.exists()) return {};
    std::uint64_t size = 0;
    switch (value.tag()) {
      case ValueTag::string:
        size = utf16_units(value.payload());
        break;
      case ValueTag::binary:
        size = value.payload().size();
        break;
      case ValueTag::list:
        size = value.list().size();
        break;
      case ValueTag::map:
        size = value.map().size();
        break;
      case ValueTag::string_set:
      case ValueTag::number_set:
      case ValueTag::binary_set:
        size = value.set().size();
        break;
      case ValueTag::number:
      case ValueTag::boolean:
      case ValueTag::null:
        return {};
    }
    std::string number;
    model::append_number(number, Number(size));
    model::append_value(scratch, ValueTag::number, number);
    return ValueView(scratch);
  }

  const Bound& bound_;
  MapView item_;
};

}  // namespace

bool holds(const Condition& condition, MapView item) {
  return Evaluation(condition, item).holds(condition.tree().root);
}

}  // namespace dynakeep::expression
