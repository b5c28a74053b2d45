#include "stores/user_data/values.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "base/utf8.h"
#include "dynakeep/stores/user_data.h"

namespace dynakeep::user_data {
namespace {

constexpr int depth_max = 32;  // Developer Guide, "Service, account, and table quotas"
constexpr std::int64_t safe_integer_max = (std::int64_t{1} << 53) - 1;

bool is_imprecise(const Number& number) {
  return !number.is_integer() &&
         (number > Number(safe_integer_max) || number < Number(-safe_integer_max));
}

bool is_empty_set(const AttributeValue& value) {
  return (value.is_string_set() && value.as_string_set().empty()) ||
         (value.is_number_set() && value.as_number_set().empty()) ||
         (value.is_binary_set() && value.as_binary_set().empty());
}

const AttributeValue* member_of(const AttributeValue* map, const std::string& name) {
  const auto* members = map == nullptr ? nullptr : map->get_if<AttributeMap>();
  if (members == nullptr) return nullptr;
  const auto found = members->find(name);
  return found == members->end() ? nullptr : &found->second;
}

const AttributeValue* element_of(const AttributeValue* list, std::size_t at) {
  const auto* elements = list == nullptr ? nullptr : list->get_if<AttributeList>();
  return elements == nullptr || at >= elements->size() ? nullptr : &(*elements)[at];
}

bool is_utf8(const StringSet& texts) {
  for (const std::string& text : texts) {
    if (!base::is_utf8(text)) return false;
  }
  return true;
}

}  // namespace

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }
Error malformed(std::string message) { return {ErrorCode::malformed_item, std::move(message)}; }

namespace {

// What is wrong, and where; the path is put together on the way out, since mostly nothing is wrong.
struct Fault {
  std::string path = {};
  std::string what = {};

  bool is(std::string_view words) {
    what = words;
    return false;
  }
  bool within(const std::string& step) {
    path.insert(0, step);
    return false;
  }
};

// Whether it can be stored.
bool check(const AttributeValue& value, const AttributeValue* loaded, bool allow_imprecise,
           int depth, Fault& fault) {
  if (depth > depth_max) return fault.is("nested deeper than 32 levels");
  if (const auto* text = value.get_if<std::string>()) {
    return base::is_utf8(*text) || fault.is("text must be UTF-8");
  }
  if (const auto* number = value.get_if<Number>()) {
    if (allow_imprecise || !is_imprecise(*number) || (loaded != nullptr && *loaded == value)) {
      return true;
    }
    return fault.is(number->to_string() +
                    " is a fraction beyond 2^53, which no double tells apart");
  }
  if (const auto* list = value.get_if<AttributeList>()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!check((*list)[i], element_of(loaded, i), allow_imprecise, depth + 1, fault)) {
        return fault.within("[" + std::to_string(i) + "]");
      }
    }
    return true;
  }
  if (const auto* map = value.get_if<AttributeMap>()) {
    for (const auto& [name, member] : *map) {
      if (name.empty()) return fault.is("a member must have a name");
      if (!base::is_utf8(name)) return fault.is("text must be UTF-8");
      if (!check(member, member_of(loaded, name), allow_imprecise, depth + 1, fault)) {
        return fault.within("." + name);
      }
    }
    return true;
  }
  if (is_empty_set(value)) return fault.is("a set must not be empty");
  const auto* texts = value.get_if<StringSet>();
  return texts == nullptr || is_utf8(*texts) || fault.is("text must be UTF-8");
}

}  // namespace

Result<void> check_storable(const AttributeValue& value, std::string_view name,
                            const AttributeValue* loaded, bool allow_imprecise) {
  Fault fault;
  if (check(value, loaded, allow_imprecise, 1, fault)) return {};
  return refused(std::string(name) + fault.path + ": " + fault.what);
}

void convert_empty(AttributeValue& value) {
  if (auto* list = value.get_if<AttributeList>()) {
    for (AttributeValue& element : *list) convert_empty(element);
  } else if (auto* map = value.get_if<AttributeMap>()) {
    for (auto& [name, member] : *map) convert_empty(member);
  } else if ((value.is_string() && value.as_string().empty()) ||
             (value.is_binary() && value.as_binary().bytes.empty()) || is_empty_set(value)) {
    value = nullptr;
  }
}

}  // namespace dynakeep::user_data

namespace dynakeep {

Result<AttributeValue> user_data_number(double number) {
  constexpr double safe_max = 9007199254740991;
  if (std::isnan(number)) return user_data::refused("NaN cannot be stored");
  if (std::isinf(number)) return user_data::refused("Infinity cannot be stored");
  if (number > safe_max || number < -safe_max) {
    return user_data::refused("a number beyond 2^53 - 1 cannot be stored but as a big integer");
  }
  auto stored = Number::from_double(number);
  // Smaller than what DynamoDB tells from zero.
  if (!stored) return user_data::refused("a number so close to zero cannot be stored");
  return AttributeValue(*stored);
}

}  // namespace dynakeep
