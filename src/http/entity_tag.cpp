#include "http/entity_tag.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace dynakeep::http {

namespace {

constexpr std::string_view spaces = " \t";

void skip(std::string_view& text, std::string_view characters) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(characters)));
}

}  // namespace

std::string to_field(const EntityTag& tag) { return (tag.weak ? "W/\"" : "\"") + tag.text + "\""; }

EntityTag weak_tag_of(std::string_view bytes) {
  // FNV-1a: two states of one resource are to differ, nobody is to be kept from forging.
  std::uint64_t hash = 14695981039346656037U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%zx-%016llx", bytes.size(),
                static_cast<unsigned long long>(hash));
  return {.text = text.data(), .weak = true};
}

bool TagCondition::names_weakly(const EntityTag& tag) const {
  return any || std::any_of(tags.begin(), tags.end(),
                            [&](const EntityTag& each) { return each.text == tag.text; });
}

std::optional<TagCondition> parse_tag_condition(std::string_view field) {
  skip(field, spaces);
  if (field.starts_with('*')) {
    field.remove_prefix(1);
    skip(field, spaces);
    if (!field.empty()) return std::nullopt;
    return TagCondition{.any = true};
  }
  TagCondition condition;
  while (true) {
    skip(field, " \t,");
    if (field.empty()) break;
    EntityTag tag;
    if (field.starts_with("W/\"")) {
      tag.weak = true;
      field.remove_prefix(2);
    }
    if (field.front() == '"') {
      const auto end = field.find('"', 1);
      if (end == field.npos) return std::nullopt;
      tag.text = field.substr(1, end - 1);
      field.remove_prefix(end + 1);
    } else {
      tag.text = field.substr(0, field.find_first_of(" \t,"));
      field.remove_prefix(tag.text.size());
      if (tag.text.find('"') != tag.text.npos) return std::nullopt;
    }
    condition.tags.push_back(std::move(tag));
    skip(field, spaces);
    if (!field.empty() && field.front() != ',') return std::nullopt;
  }
  if (condition.tags.empty()) return std::nullopt;
  return condition;
}

}  // namespace dynakeep::http
