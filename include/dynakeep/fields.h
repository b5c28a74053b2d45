#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "dynakeep/attribute_value.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/result.h"

// Structs as attribute values. A struct lists its fields once, for both directions:
//
//   struct Line {
//     std::string sku = {};
//     std::int64_t quantity = 1;
//     std::optional<std::string> note = {};
//
//     static void fields(auto& self, auto&& field) {
//       field("sku", self.sku);
//       field("quantity", self.quantity, 1);  // what it is where nothing is stored
//       field("note", self.note);
//     }
//   };
//
// and is then kept as a map of them:
//
//   AttributeValue stored = TRY(to_attribute(line));
//   Line line = TRY(from_attribute<Line>(stored));
//
// A field may be a bool, an integer, a double, a std::string, Number, Binary, AttributeValue, a
// struct with fields, or an optional, vector or map by strings of these. An absent optional is not
// stored as a member, and NULL in a list; it is read from both. Members that a struct does not list
// are left aside when it is read. fields() lists the same names, each once, whatever the value. For
// other types, and for structs that are not yours, specialise AttributeTraits.
namespace dynakeep {

// To be specialised:
//
//   template <> struct dynakeep::AttributeTraits<Colour> {
//     static Result<AttributeValue> to_attribute(const Colour& colour);
//     static Result<Colour> from_attribute(AttributeView view);
//   };
template <typename T>
struct AttributeTraits;

// The value as an attribute. validation: a double that is no DynamoDB number.
template <typename T>
Result<AttributeValue> to_attribute(const T& value);

// The value that an attribute holds. serialization, with the member that it is about: it is of
// another type than T takes, or out of its range, or a member is missing.
template <typename T>
Result<T> from_attribute(const AttributeView& view);

// ---- how it is done ----

namespace detail {

// Why a value could not be read or written, and where in it: "lines.quantity".
class FieldFailure {
 public:
  bool wrong_type(std::string_view wanted, const AttributeView& found);  // all return false
  bool out_of_range(const AttributeView& found);
  bool missing();
  bool because(const Error& error);
  bool within(std::string_view name);

  Error error(ErrorCode code) const;

 private:
  std::string path_ = {};
  std::string what_ = {};
};

struct AnyField {
  template <typename T>
  void operator()(std::string_view /*name*/, T& /*field*/) const {}
  template <typename T, typename U>
  void operator()(std::string_view /*name*/, T& /*field*/, U&& /*otherwise*/) const {}
};

template <typename T>
concept HasFields = requires(T& value) {
  T::fields(value, AnyField{});
};
template <typename T>
concept HasTraits = requires(const T& value) {
  AttributeTraits<T>::to_attribute(value);
};

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <typename T>
inline constexpr bool is_vector = false;
template <typename T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <typename T>
inline constexpr bool is_map = false;
template <typename T, typename Order>
inline constexpr bool is_map<std::map<std::string, T, Order>> = true;

template <typename T>
bool read_attribute(const AttributeView& view, T& value, FieldFailure& failure);
template <typename T>
bool write_attribute(const T& value, AttributeValue& written, FieldFailure& failure);

// Takes down which fields a struct lists.
struct FieldNames {
  std::vector<std::string_view> names = {};

  template <typename T>
  void operator()(std::string_view name, T& /*field*/) {
    names.push_back(name);
  }
  template <typename T, typename U>
  void operator()(std::string_view name, T& /*field*/, U&& /*otherwise*/) {
    names.push_back(name);
  }
};

template <typename T>
const std::vector<std::string_view>& field_names() {
  static const std::vector<std::string_view> names = [] {
    FieldNames listed;
    T sample{};
    T::fields(sample, listed);
    return std::move(listed.names);
  }();
  return names;
}

// Reads the fields of a struct, whose members were found in one walk.
struct FieldReader {
  std::span<const AttributeView> members;
  FieldFailure& failure;
  bool done = true;
  std::size_t next = 0;

  template <typename T>
  void operator()(std::string_view name, T& field) {
    const AttributeView member = take();
    if (done) done = read(name, member, field);
  }
  template <typename T, typename U>
  void operator()(std::string_view name, T& field, U&& otherwise) {
    const AttributeView member = take();
    if (!done) return;
    if (member.exists()) {
      done = read(name, member, field);
    } else {
      field = std::forward<U>(otherwise);
    }
  }

 private:
  // Beyond what was listed there is nothing.
  AttributeView take() { return next < members.size() ? members[next++] : AttributeView(); }

  template <typename T>
  bool read(std::string_view name, const AttributeView& member, T& field) {
    return read_attribute(member, field, failure) || failure.within(name);
  }
};

template <typename T>
bool read_fields(const AttributeView& map, T& value, FieldFailure& failure) {
  constexpr std::size_t few = 8;
  const std::vector<std::string_view>& names = field_names<T>();
  std::array<AttributeView, few> on_stack;
  std::vector<AttributeView> on_heap(names.size() > few ? names.size() : 0);
  const std::span<AttributeView> members =
      names.size() > few ? std::span(on_heap) : std::span(on_stack).first(names.size());
  map.find(names, members);
  FieldReader reader{.members = members, .failure = failure};
  T::fields(value, reader);
  return reader.done;
}

struct FieldWriter {
  AttributeMap& map;
  FieldFailure& failure;
  bool done = true;

  template <typename T>
  void operator()(std::string_view name, const T& field) {
    if (!done) return;
    if constexpr (is_optional<T>) {
      if (!field) return;
    }
    AttributeValue member;
    done = write_attribute(field, member, failure) || failure.within(name);
    if (done) map.insert_or_assign(std::string(name), std::move(member));
  }
  template <typename T, typename U>
  void operator()(std::string_view name, const T& field, U&& /*otherwise*/) {
    (*this)(name, field);
  }
};

template <typename T>
bool read_attribute(const AttributeView& view, T& value, FieldFailure& failure) {
  if constexpr (HasTraits<T>) {
    if (!view.exists()) return failure.missing();
    auto read = AttributeTraits<T>::from_attribute(view);
    if (!read) return failure.because(read.error());
    value = std::move(*read);
    return true;
  } else if constexpr (is_optional<T>) {
    if (!view.exists() || view.is_null()) {
      value.reset();
      return true;
    }
    return read_attribute(view, value.emplace(), failure);
  } else if constexpr (std::same_as<T, AttributeValue>) {
    if (!view.exists()) return failure.missing();
    value = view.value();
    return true;
  } else if constexpr (std::same_as<T, bool>) {
    const auto read = view.boolean();
    if (!read) return failure.wrong_type("BOOL", view);
    value = *read;
    return true;
  } else if constexpr (std::integral<T>) {
    if (!view.is(AttributeType::number)) return failure.wrong_type("N", view);
    const auto read = view.integer();
    if (!read || !std::in_range<T>(*read)) return failure.out_of_range(view);
    value = static_cast<T>(*read);
    return true;
  } else if constexpr (std::floating_point<T>) {
    const auto read = view.real();
    if (!read) return failure.wrong_type("N", view);
    value = static_cast<T>(*read);
    return true;
  } else if constexpr (std::same_as<T, Number>) {
    const auto read = view.number();
    if (!read) return failure.wrong_type("N", view);
    value = *read;
    return true;
  } else if constexpr (std::same_as<T, std::string>) {
    const auto read = view.text();
    if (!read) return failure.wrong_type("S", view);
    value.assign(*read);
    return true;
  } else if constexpr (std::same_as<T, Binary>) {
    const auto read = view.bytes();
    if (!read) return failure.wrong_type("B", view);
    value.bytes.assign(*read);
    return true;
  } else if constexpr (is_vector<T>) {
    if (!view.is(AttributeType::list)) return failure.wrong_type("L", view);
    value.clear();
    value.reserve(view.size());
    for (const auto& [name, element] : view) {
      // By hand, since a vector of bools has no element to refer to.
      typename T::value_type read{};
      if (!read_attribute(element, read, failure)) return false;
      value.push_back(std::move(read));
    }
    return true;
  } else if constexpr (is_map<T>) {
    if (!view.is(AttributeType::map)) return failure.wrong_type("M", view);
    value.clear();
    for (const auto& [name, member] : view) {
      auto& read = value[std::string(name)];
      if (!read_attribute(member, read, failure)) return failure.within(name);
    }
    return true;
  } else {
    static_assert(HasFields<T>, "give the type fields(), or specialise AttributeTraits for it");
    if (!view.is(AttributeType::map)) return failure.wrong_type("M", view);
    return read_fields(view, value, failure);
  }
}

template <typename T>
bool write_attribute(const T& value, AttributeValue& written, FieldFailure& failure) {
  if constexpr (HasTraits<T>) {
    auto made = AttributeTraits<T>::to_attribute(value);
    if (!made) return failure.because(made.error());
    written = std::move(*made);
    return true;
  } else if constexpr (is_optional<T>) {
    written = nullptr;
    return !value || write_attribute(*value, written, failure);
  } else if constexpr (std::floating_point<T>) {
    auto made = Number::from_double(static_cast<double>(value));
    if (!made) return failure.because(made.error());
    written = *made;
    return true;
  } else if constexpr (std::constructible_from<AttributeValue, const T&>) {
    written = AttributeValue(value);
    return true;
  } else if constexpr (is_vector<T>) {
    AttributeList list;
    list.reserve(value.size());
    for (const typename T::value_type& element : value) {
      if (!write_attribute(element, list.emplace_back(), failure)) return false;
    }
    written = std::move(list);
    return true;
  } else if constexpr (is_map<T>) {
    AttributeMap map;
    for (const auto& [name, member] : value) {
      if (!write_attribute(member, map[name], failure)) return failure.within(name);
    }
    written = std::move(map);
    return true;
  } else {
    static_assert(HasFields<T>, "give the type fields(), or specialise AttributeTraits for it");
    AttributeMap map;
    FieldWriter writer{.map = map, .failure = failure};
    T::fields(value, writer);
    if (!writer.done) return false;
    written = std::move(map);
    return true;
  }
}

}  // namespace detail

template <typename T>
Result<AttributeValue> to_attribute(const T& value) {
  AttributeValue written;
  detail::FieldFailure failure;
  if (!detail::write_attribute(value, written, failure)) {
    return failure.error(ErrorCode::validation);
  }
  return written;
}

template <typename T>
Result<T> from_attribute(const AttributeView& view) {
  T value{};
  detail::FieldFailure failure;
  if (!detail::read_attribute(view, value, failure)) {
    return failure.error(ErrorCode::serialization);
  }
  return value;
}

}  // namespace dynakeep
