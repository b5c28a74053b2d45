#include "dynakeep/stores/stream_filter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dynakeep/json.h"
#include "dynakeep/number.h"

namespace dynakeep {
namespace {

using Kind = JsonDocument::Kind;

Result<void> wrong(const std::string& path, const char* what) {
  return Error(ErrorCode::invalid_argument,
               "The filter is wrong at " + (path.empty() ? "its root" : path) + ": " + what);
}

bool is_scalar(const JsonDocument& json) { return !json.is_array() && !json.is_object(); }

// ---- what is a pattern ----

Result<void> check_numeric(const JsonDocument& range, const std::string& path) {
  const auto& parts = range.elements();
  if (!range.is_array() || parts.empty() || parts.size() % 2 != 0) {
    return wrong(path, "numeric takes pairs of an operator and a number");
  }
  for (std::size_t i = 0; i < parts.size(); i += 2) {
    const std::string& sign = parts[i].text();
    const bool is_sign = parts[i].is_string() && (sign == "=" || sign == "<" || sign == "<=" ||
                                                  sign == ">" || sign == ">=");
    if (!is_sign) return wrong(path, "numeric knows =, <, <=, > and >=");
    if (parts[i + 1].kind() != Kind::number || !Number::parse(parts[i + 1].text())) {
      return wrong(path, "numeric compares with numbers of 38 digits");
    }
  }
  return {};
}

Result<void> check_alternative(const JsonDocument& alternative, const std::string& path) {
  if (is_scalar(alternative)) return {};
  if (!alternative.is_object() || alternative.members().size() != 1) {
    return wrong(path, "an alternative is a value, or an object of one operator");
  }
  const auto& [name, operand] = alternative.members().front();
  if (name == "prefix" || name == "suffix" || name == "equals-ignore-case") {
    return operand.is_string() ? Result<void>() : wrong(path + "." + name, "it takes a string");
  }
  if (name == "exists") {
    return operand.kind() == Kind::boolean ? Result<void>()
                                           : wrong(path + ".exists", "it takes true or false");
  }
  if (name == "numeric") return check_numeric(operand, path + ".numeric");
  if (name == "anything-but") {
    const auto& values = operand.elements();
    const bool lists_values = operand.is_array() && !values.empty() &&
                              std::all_of(values.begin(), values.end(), is_scalar);
    return lists_values || is_scalar(operand) ? Result<void>()
                                              : wrong(path + ".anything-but", "it takes values");
  }
  return wrong(path, "there is no such operator");
}

Result<void> check_pattern(const JsonDocument& pattern, const std::string& path) {
  if (!pattern.is_object() || pattern.members().empty()) {
    return wrong(path, "a pattern is an object with members");
  }
  for (const auto& [name, member] : pattern.members()) {
    const std::string below = path.empty() ? name : path + "." + name;
    if (!member.is_array()) {
      if (!member.is_object()) return wrong(below, "alternatives are listed in an array");
      TRY(check_pattern(member, below));
      continue;
    }
    if (member.elements().empty()) return wrong(below, "there are no alternatives");
    for (const JsonDocument& each : member.elements()) {
      TRY(name == "$or" ? check_pattern(each, below) : check_alternative(each, below));
    }
  }
  return {};
}

// ---- what matches it ----

bool is_equal(const JsonDocument& wanted, const JsonDocument& found) {
  if (wanted.kind() != found.kind()) return false;
  if (wanted.kind() != Kind::number) return wanted == found;
  const auto a = Number::parse(wanted.text());
  const auto b = Number::parse(found.text());
  return a && b ? *a == *b : wanted.text() == found.text();
}

bool is_equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char left, char right) { return lower(left) == lower(right); });
}

bool is_in_range(const JsonDocument& range, const JsonDocument& found, std::string_view name) {
  const bool is_numeric = found.kind() == Kind::number || (found.is_string() && name == "N");
  if (!is_numeric) return false;
  const auto number = Number::parse(found.text());
  if (!number) return false;
  const auto& parts = range.elements();
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const std::string& sign = parts[i].text();
    const auto bound = Number::parse(parts[i + 1].text());
    const bool is_less = *number < *bound;
    const bool is_same = *number == *bound;
    const bool holds = sign == "="    ? is_same
                       : sign == "<"  ? is_less
                       : sign == "<=" ? is_less || is_same
                       : sign == ">"  ? !is_less && !is_same
                                      : !is_less;
    if (!holds) return false;
  }
  return true;
}

// `found` is null where there is nothing.
bool matches_alternative(const JsonDocument& wanted, const JsonDocument* found,
                         std::string_view name) {
  if (wanted.is_object()) {
    const auto& [operation, operand] = wanted.members().front();
    if (operation == "exists") return operand.truth() == (found != nullptr);
  }
  if (found == nullptr) return false;
  if (found->is_array()) {
    return std::any_of(
        found->elements().begin(), found->elements().end(),
        [&](const JsonDocument& element) { return matches_alternative(wanted, &element, name); });
  }
  if (!wanted.is_object()) return is_equal(wanted, *found);
  const auto& [operation, operand] = wanted.members().front();
  if (operation == "anything-but") {
    if (!operand.is_array()) return !is_equal(operand, *found);
    return std::none_of(operand.elements().begin(), operand.elements().end(),
                        [&](const JsonDocument& each) { return is_equal(each, *found); });
  }
  if (operation == "numeric") return is_in_range(operand, *found, name);
  if (!found->is_string()) return false;
  const std::string_view text = found->text();
  if (operation == "prefix") return text.starts_with(operand.text());
  if (operation == "suffix") return text.ends_with(operand.text());
  return is_equal_ignoring_case(text, operand.text());
}

bool matches_pattern(const JsonDocument& pattern, const JsonDocument* found) {
  return std::all_of(
      pattern.members().begin(), pattern.members().end(), [&](const JsonDocument::Member& member) {
        const auto& [name, wanted] = member;
        const auto& alternatives = wanted.elements();
        if (name == "$or" && wanted.is_array()) {
          return std::any_of(
              alternatives.begin(), alternatives.end(),
              [&](const JsonDocument& each) { return matches_pattern(each, found); });
        }
        const JsonDocument* below = found == nullptr ? nullptr : found->find(name);
        if (wanted.is_object()) return matches_pattern(wanted, below);
        return std::any_of(alternatives.begin(), alternatives.end(),
                           [&, &called = name](const JsonDocument& each) {
                             return matches_alternative(each, below, called);
                           });
      });
}

// In the form of the wire, and of the members of userIdentity both spellings.
JsonDocument document_of(const ChangeRecord& record) {
  auto json = JsonDocument::parse(to_dynamodb_json(record)).value_or(JsonDocument::object());
  if (const JsonDocument* found = json.find("userIdentity")) {
    JsonDocument identity = *found;
    if (const JsonDocument* type = found->find("Type")) identity.set("type", *type);
    if (const JsonDocument* id = found->find("PrincipalId")) identity.set("principalId", *id);
    json.set("userIdentity", std::move(identity));
  }
  return json;
}

}  // namespace

Result<StreamFilter> StreamFilter::parse(std::string_view pattern_text) {
  auto json = JsonDocument::parse(pattern_text);
  if (!json) {
    return Error(ErrorCode::invalid_argument, "The filter is no JSON: " + json.error().message());
  }
  std::vector<JsonDocument> patterns;
  if (json->is_array()) {
    patterns = json->elements();
  } else {
    patterns.push_back(std::move(*json));
  }
  for (const JsonDocument& pattern : patterns) TRY(check_pattern(pattern, ""));
  return StreamFilter(std::move(patterns));
}

bool StreamFilter::matches(const ChangeRecord& record) const {
  if (patterns_.empty()) return true;
  const JsonDocument json = document_of(record);
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const JsonDocument& pattern) { return matches_pattern(pattern, &json); });
}

}  // namespace dynakeep
