#include "services/dismissals/api_description.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/invariant.h"
#include "base/json_string.h"
#include "services/dismissals/api_description_text.h"

namespace dynakeep::services::dismissals {

namespace {

// Objects member by member, arrays one behind the other.
JsonDocument merged(JsonDocument document, const JsonDocument& more) {
  for (const auto& [name, value] : more.members()) {
    const JsonDocument* there = document.find(name);
    document.set(name, there != nullptr ? merged(*there, value) : value);
  }
  for (const JsonDocument& element : more.elements()) document.elements().push_back(element);
  return document;
}

JsonDocument parsed(std::string_view text) {
  auto document = JsonDocument::parse(text);
  INVARIANT(document.has_value());
  return std::move(*document);
}

void append_yaml(std::string& out, const JsonDocument& value, std::size_t indent);

void append_below(std::string& out, const JsonDocument& value, std::size_t indent) {
  const bool is_nested = !value.members().empty() || !value.elements().empty();
  if (is_nested) {
    out += '\n';
    append_yaml(out, value, indent);
  } else {
    out.append(" ").append(value.to_text()).append("\n");  // JSON's scalars are YAML's
  }
}

void append_yaml(std::string& out, const JsonDocument& value, std::size_t indent) {
  for (const auto& [name, member] : value.members()) {
    out.append(indent, ' ');
    base::append_json_string(out, name);
    out += ':';
    append_below(out, member, indent + 2);
  }
  for (const JsonDocument& element : value.elements()) {
    out.append(indent, ' ').append("-");
    append_below(out, element, indent + 2);
  }
}

}  // namespace

JsonDocument api_description(bool extensions, bool tokens) {
  JsonDocument document = parsed(upstream_description);
  if (extensions) document = merged(std::move(document), parsed(our_description));
  if (tokens) document = merged(std::move(document), parsed(token_description));
  return document;
}

std::string to_yaml(const JsonDocument& document) {
  std::string out;
  append_yaml(out, document, 0);
  return out;
}

}  // namespace dynakeep::services::dismissals
