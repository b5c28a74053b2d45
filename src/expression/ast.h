#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Parsed expressions: what the text says, before any #name or :value is looked up. Immutable once
// parsed, so that one tree serves all requests that send its text (parse_cache.h).
//
// A tree keeps its nodes in one vector, children before their parents; names and values are slots,
// numbered in order of first appearance, which a request fills in (bind.h).
namespace dynakeep::expression {

// Which of a request's expressions a text is. Decides the grammar, what functions are allowed, and
// the field that complaints name.
enum class Kind : std::uint8_t { condition, filter, key_condition, update, projection };

// "ConditionExpression", "FilterExpression", "KeyConditionExpression", …
std::string_view field_name(Kind kind);

// One step of a document path: an attribute or map member by name, or a list element by index.
struct Step {
  bool is_index = false;
  std::uint32_t number = 0;  // the index, or the slot of the name
};

// A document path: a.b[3].#c. The first step is a name. Steps stand together in Tree::steps.
struct Path {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

using NodeIndex = std::uint32_t;

enum class NodeKind : std::uint8_t {
  // operands
  path,      // Node::path
  value,     // Node::slot, a slot of values
  function,  // Node::function, children: its operands
  plus,      // two children; update only, as is minus
  minus,
  // conditions
  equal,  // two children, as all comparators
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  between,      // three children
  in,           // the operand, then one child or more
  conjunction,  // AND: two children or more
  disjunction,  // OR: two children or more
  negation,     // NOT: one child
};

enum class Function : std::uint8_t {
  attribute_exists,
  attribute_not_exists,
  attribute_type,
  begins_with,
  contains,
  size,
  if_not_exists,
  list_append,
};

// "begins_with", …
std::string_view function_name(Function function);
// The function of exactly this name, in its case.
std::optional<Function> function_named(std::string_view name);
// Whether it belongs in update expressions; all others belong in conditions.
bool is_update_function(Function function);

struct Node {
  NodeKind kind = NodeKind::path;
  Function function = Function::size;
  std::uint32_t slot = 0;
  Path path = {};
  std::uint32_t first_child = 0;  // children stand together in Tree::children
  std::uint32_t child_count = 0;
};

// How DynamoDB's complaints name what the node does: "=", "BETWEEN", "begins_with". Empty for paths
// and values.
std::string_view operator_name(const Node& node);

enum class ActionKind : std::uint8_t { set, remove, add, remove_members };  // the last is DELETE

// "SET", "REMOVE", "ADD", "DELETE".
std::string_view section_name(ActionKind kind);

// One action of an update expression.
struct Action {
  ActionKind kind = ActionKind::set;
  Path path = {};
  NodeIndex operand = 0;  // an operand; none for REMOVE
};

// A name as the text has it: an attribute's own, or a #placeholder.
struct NameSlot {
  std::string text = {};
  bool is_placeholder = false;
};

struct Tree {
  Kind kind = Kind::condition;
  std::string text = {};
  std::vector<NameSlot> names = {};
  std::vector<std::string> values = {};  // placeholders: ":a"
  std::vector<Step> steps = {};
  std::vector<Node> nodes = {};
  std::vector<NodeIndex> children = {};
  NodeIndex root = 0;                // of a condition, filter or key condition
  std::vector<Action> actions = {};  // of an update, in order of the text
  std::vector<Path> paths = {};      // of a projection, in order of the text
};

}  // namespace dynakeep::expression
