// Text to expression to decision: whatever parses is a tree of sound shape, and what binds works on
// items without breaking them. The first character of an input chooses the kind of expression: c,
// k, p or u; anything else is a filter.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "expression/evaluate.h"
#include "expression/key_condition.h"
#include "expression/parser.h"
#include "expression/projection.h"
#include "expression/update.h"
#include "model/encoded_item.h"

using namespace dynakeep;
using namespace dynakeep::expression;

namespace {

Kind kind_of(char choice) {
  switch (choice) {
    case 'c':
      return Kind::condition;
    case 'k':
      return Kind::key_condition;
    case 'p':
      return Kind::projection;
    case 'u':
      return Kind::update;
    default:
      return Kind::filter;
  }
}

void check_path(const Tree& tree, Path path) {
  INVARIANT(path.count > 0 && path.first + path.count <= tree.steps.size());
  INVARIANT(!tree.steps[path.first].is_index);
  for (std::uint32_t at = path.first; at < path.first + path.count; ++at) {
    INVARIANT(tree.steps[at].is_index || tree.steps[at].number < tree.names.size());
  }
}

void check_shape(const Tree& tree) {
  for (NodeIndex index = 0; index < tree.nodes.size(); ++index) {
    const Node& node = tree.nodes[index];
    INVARIANT(node.first_child + node.child_count <= tree.children.size());
    for (std::uint32_t at = 0; at < node.child_count; ++at) {
      INVARIANT(tree.children[node.first_child + at] < index);
    }
    if (node.kind == NodeKind::path) check_path(tree, node.path);
    INVARIANT(node.kind != NodeKind::value || node.slot < tree.values.size());
  }
  for (const Action& action : tree.actions) check_path(tree, action.path);
  for (const Path path : tree.paths) check_path(tree, path);
}

// A value for each placeholder, of a type that its first letter chooses.
AttributeValue value_for(std::string_view placeholder) {
  switch (placeholder[1]) {
    case 's':
      return "text";
    case 'l':
      return AttributeList{1, "two"};
    case 'm':
      return AttributeMap{{"a", 1}};
    case 'b':
      return Binary("\x01\x02");
    case 't':
      return StringSet{"p", "q"};
    default:
      return 7;
  }
}

const Item& sample() {
  static const Item item{
      {"a", 1},
      {"b", "text"},
      {"c", AttributeMap{{"a", AttributeList{1, 2, AttributeMap{{"b", 3}}}}, {"b", 4}}},
      {"d", AttributeList{0, AttributeList{1}, AttributeMap{{"a", 5}}}},
      {"e", StringSet{"p", "r"}},
      {"f", Binary("\x01\x02\x03")}};
  return item;
}

void run(Kind kind, const std::string& text, const Tree& tree) {
  std::optional<ExpressionAttributeNames> names;
  for (const NameSlot& slot : tree.names) {
    if (!slot.is_placeholder || slot.text.size() > 255) continue;
    if (!names) names.emplace();
    names->emplace(slot.text, std::string(1, slot.text[1]));
  }
  std::optional<ExpressionAttributeValues> values;
  for (const std::string& placeholder : tree.values) {
    if (placeholder.size() > 255) continue;
    if (!values) values.emplace();
    (*values)[placeholder] = value_for(placeholder);
  }
  const std::optional<std::string> given = text;
  Binder binder(names, values);
  const Kind other = kind == Kind::projection ? Kind::filter : kind;
  if (!binder.start({{kind, given}, {other, given}})) return;

  static const std::string encoded = model::encode(sample().attributes());
  const model::MapView item = model::view_item(encoded);
  switch (kind) {
    case Kind::condition:
    case Kind::filter:
      if (const auto condition = bind_condition(binder, kind, text)) holds(*condition, item);
      break;
    case Kind::key_condition:
      if (const auto condition = bind_key_condition(binder, text)) {
        const auto terms = key_terms(*condition);
        if (terms) match(*terms, {.partition = {.name = "a"}, .sort = {}}).has_value();
      }
      break;
    case Kind::projection:
      if (const auto projection = bind_projection(binder, text)) {
        INVARIANT(model::is_well_formed(project(*projection, item)));
      }
      break;
    case Kind::update:
      if (const auto update = bind_update(binder, text)) {
        const auto changed = apply(*update, item);
        if (!changed) break;
        INVARIANT(model::is_well_formed(*changed));
        INVARIANT(model::is_well_formed(updated_attributes(*update, item)));
        INVARIANT(model::is_well_formed(updated_attributes(*update, model::view_item(*changed))));
      }
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Kind kind = kind_of(input[0]);
  const std::string text(input.substr(1));
  const auto tree = parse(kind, text);
  if (!tree) {
    INVARIANT(tree.error().code() == ErrorCode::validation && !tree.error().message().empty());
    return 0;
  }
  check_shape(*tree);
  run(kind, text, *tree);
  return 0;
}
