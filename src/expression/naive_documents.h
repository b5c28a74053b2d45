#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dynakeep/attribute_value.h"

// For tests: documents as trees, the plainest way, to compare the layer's work on bytes with.
namespace dynakeep::expression::naive {

using Step = std::variant<std::string, std::size_t>;
using Path = std::vector<Step>;

// "a.b[3]", as expressions write it.
inline std::string to_text(const Path& path) {
  std::string text;
  for (const Step& step : path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      text += (text.empty() ? "" : ".") + *name;
    } else {
      text += "[" + std::to_string(std::get<std::size_t>(step)) + "]";
    }
  }
  return text;
}

// The child of a map or list that the step names, or null.
inline const AttributeValue* child(const AttributeValue& parent, const Step& step) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    const auto* map = parent.get_if<AttributeMap>();
    if (map == nullptr) return nullptr;
    const auto found = map->find(*name);
    return found == map->end() ? nullptr : &found->second;
  }
  const auto* list = parent.get_if<AttributeList>();
  const std::size_t at = std::get<std::size_t>(step);
  return list == nullptr || at >= list->size() ? nullptr : &(*list)[at];
}

// What `steps` lead to from `root`, or null.
inline const AttributeValue* find(const AttributeValue& root, const Path& steps) {
  const AttributeValue* found = &root;
  for (const Step& step : steps) {
    if (found == nullptr) break;
    found = child(*found, step);
  }
  return found;
}

}  // namespace dynakeep::expression::naive
