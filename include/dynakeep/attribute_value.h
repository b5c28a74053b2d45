#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dynakeep/number.h"

namespace dynakeep {

class AttributeValue;

// DynamoDB's ten types, in the order of the alternatives that AttributeValue holds.
// (Amazon DynamoDB API Reference, "AttributeValue".)
enum class AttributeType : std::uint8_t {
  string,      // S
  number,      // N
  binary,      // B
  boolean,     // BOOL
  null,        // NULL
  list,        // L
  map,         // M
  string_set,  // SS
  number_set,  // NS
  binary_set,  // BS
};

// DynamoDB's letters for the type: "S", "NULL", "BS", …
std::string_view type_name(AttributeType type);

// Bytes, as opposed to text. Ordered bytewise, unsigned.
struct Binary {
  std::string bytes = {};

  Binary() = default;
  explicit Binary(std::string raw) : bytes(std::move(raw)) {}
  explicit Binary(std::span<const std::byte> raw)
      : bytes(reinterpret_cast<const char*>(raw.data()), raw.size()) {}

  friend bool operator==(const Binary&, const Binary&) = default;
  friend auto operator<=>(const Binary&, const Binary&) = default;
};

using AttributeList = std::vector<AttributeValue>;
using AttributeMap = std::map<std::string, AttributeValue, std::less<>>;  // in order of the names

// A set's members are all of one type, each once. DynamoDB stores no empty set: a write refuses it.
using StringSet = std::set<std::string, std::less<>>;
using NumberSet = std::set<Number>;
using BinarySet = std::set<Binary>;

// One value of an attribute. A regular value: copies, compares, prints. Written as a person would:
//
//   AttributeValue{"Nina"}, AttributeValue{12}, AttributeValue{true}, AttributeValue{nullptr},
//   AttributeValue{AttributeList{1, "two"}}, AttributeValue{AttributeMap{{"city", "Tryon"}}},
//   AttributeValue{StringSet{"jazz", "soul"}}, AttributeValue{Binary{"\x01\x02"}}
//
// A double has no implicit conversion, since not every double is a DynamoDB number:
// Number::from_double says whether it is.
class AttributeValue {
 public:
  // NULL.
  AttributeValue() : value_(nullptr) {}

  // NOLINTBEGIN(google-explicit-constructor): an item is written as a person would write it
  AttributeValue(const char* text) : value_(std::string(text)) {}
  AttributeValue(std::string_view text) : value_(std::string(text)) {}
  AttributeValue(std::string text) : value_(std::move(text)) {}
  template <typename T>
  requires std::same_as<T, bool> AttributeValue(T truth) : value_(truth) {}
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) AttributeValue(T number)
      : value_(Number(number)) {}
  AttributeValue(Number number) : value_(number) {}
  AttributeValue(Binary bytes) : value_(std::move(bytes)) {}
  AttributeValue(std::nullptr_t) : value_(nullptr) {}
  AttributeValue(AttributeList list) : value_(std::move(list)) {}
  AttributeValue(AttributeMap map) : value_(std::move(map)) {}
  AttributeValue(StringSet set) : value_(std::move(set)) {}
  AttributeValue(NumberSet set) : value_(std::move(set)) {}
  AttributeValue(BinarySet set) : value_(std::move(set)) {}
  // NOLINTEND(google-explicit-constructor)

  AttributeType type() const { return static_cast<AttributeType>(value_.index()); }

  bool is_string() const { return type() == AttributeType::string; }
  bool is_number() const { return type() == AttributeType::number; }
  bool is_binary() const { return type() == AttributeType::binary; }
  bool is_bool() const { return type() == AttributeType::boolean; }
  bool is_null() const { return type() == AttributeType::null; }
  bool is_list() const { return type() == AttributeType::list; }
  bool is_map() const { return type() == AttributeType::map; }
  bool is_string_set() const { return type() == AttributeType::string_set; }
  bool is_number_set() const { return type() == AttributeType::number_set; }
  bool is_binary_set() const { return type() == AttributeType::binary_set; }

  // The value as T (std::string, Number, Binary, bool, AttributeList, AttributeMap, StringSet,
  // NumberSet, BinarySet), or null if it is of another type. Points into this object.
  template <typename T>
  const T* get_if() const {
    return std::get_if<T>(&value_);
  }
  template <typename T>
  T* get_if() {
    return std::get_if<T>(&value_);
  }

  // The value, which must be of that type: asking for another is a bug in the caller and stops the
  // process. Ask with is_… or get_if first where the type comes from outside.
  const std::string& as_string() const { return as<std::string>(AttributeType::string); }
  const Number& as_number() const { return as<Number>(AttributeType::number); }
  const Binary& as_binary() const { return as<Binary>(AttributeType::binary); }
  bool as_bool() const { return as<bool>(AttributeType::boolean); }
  const AttributeList& as_list() const { return as<AttributeList>(AttributeType::list); }
  const AttributeMap& as_map() const { return as<AttributeMap>(AttributeType::map); }
  const StringSet& as_string_set() const { return as<StringSet>(AttributeType::string_set); }
  const NumberSet& as_number_set() const { return as<NumberSet>(AttributeType::number_set); }
  const BinarySet& as_binary_set() const { return as<BinarySet>(AttributeType::binary_set); }
  AttributeList& as_list() { return const_cast<AttributeList&>(std::as_const(*this).as_list()); }
  AttributeMap& as_map() { return const_cast<AttributeMap&>(std::as_const(*this).as_map()); }

  // Of one type and equal in value; sets and maps regardless of the order they were written in.
  friend bool operator==(const AttributeValue& a, const AttributeValue& b);

  // As DynamoDB JSON: {"S":"Nina"}.
  friend std::ostream& operator<<(std::ostream& out, const AttributeValue& value);

 private:
  [[noreturn]] static void wrong_type(AttributeType wanted, AttributeType found);

  template <typename T>
  const T& as(AttributeType wanted) const {
    const T* found = std::get_if<T>(&value_);
    if (found == nullptr) wrong_type(wanted, type());
    return *found;
  }

  std::variant<std::string, Number, Binary, bool, std::nullptr_t, AttributeList, AttributeMap,
               StringSet, NumberSet, BinarySet>
      value_;
};

}  // namespace dynakeep
