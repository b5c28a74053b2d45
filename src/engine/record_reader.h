#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/attribute_value.h"
#include "dynakeep/clock.h"
#include "dynakeep/table.h"

// Records of the catalog on disk: encoded items, so that a reader of today understands what a later
// version leaves as it is, and says so of what it does not.
namespace dynakeep::engine {

// The words that an enum has on disk: add, never rename.
template <typename Enum, std::size_t count>
using Words = std::array<std::pair<Enum, std::string_view>, count>;

inline constexpr Words<StreamViewType, 4> stream_views{
    {{StreamViewType::keys_only, "keys_only"},
     {StreamViewType::new_image, "new_image"},
     {StreamViewType::old_image, "old_image"},
     {StreamViewType::new_and_old_images, "new_and_old_images"}}};

template <typename Enum, std::size_t count>
AttributeValue word_of(const Words<Enum, count>& words, Enum value) {
  for (const auto& [candidate, word] : words) {
    if (candidate == value) return AttributeValue(word);
  }
  return AttributeValue();
}

inline AttributeValue time_value(Time time) {
  return AttributeValue(time.time_since_epoch().count());
}

// Takes fields out of a map. The first that is not as it must be makes the whole record damaged;
// from then on every field reads as its default, and `damage` says which it was.
class RecordReader {
 public:
  RecordReader(const AttributeMap& map, std::string& damage) : map_(map), damage_(damage) {}

  const AttributeValue* find(std::string_view name) const {
    const auto found = map_.find(name);
    return found == map_.end() ? nullptr : &found->second;
  }

  template <typename T>
  const T* find_as(std::string_view name) {
    const AttributeValue* value = find(name);
    if (value == nullptr) return nullptr;
    const T* typed = value->get_if<T>();
    if (typed == nullptr) fail(name);
    return typed;
  }

  std::string text(std::string_view name) {
    const auto* value = required<std::string>(name);
    return value == nullptr ? std::string() : *value;
  }
  std::int64_t integer(std::string_view name) {
    const auto* value = required<Number>(name);
    return value == nullptr ? 0 : to_integer(*value, name);
  }
  std::optional<std::int64_t> optional_integer(std::string_view name) {
    const auto* value = find_as<Number>(name);
    if (value == nullptr) return {};
    return to_integer(*value, name);
  }
  std::optional<Time> optional_time(std::string_view name) {
    const auto micros = optional_integer(name);
    if (!micros) return {};
    return Time{std::chrono::microseconds{*micros}};
  }
  std::optional<std::string> optional_text(std::string_view name) {
    const auto* value = find_as<std::string>(name);
    if (value == nullptr) return {};
    return *value;
  }
  std::optional<bool> optional_truth(std::string_view name) {
    const auto* value = find_as<bool>(name);
    if (value == nullptr) return {};
    return *value;
  }
  const AttributeList& list(std::string_view name) {
    static const AttributeList none;
    const auto* value = required<AttributeList>(name);
    return value == nullptr ? none : *value;
  }
  // Reads the map of that name, which must be there.
  RecordReader map(std::string_view name) {
    static const AttributeMap none;
    const auto* value = required<AttributeMap>(name);
    return {value == nullptr ? none : *value, damage_};
  }
  std::optional<RecordReader> optional_map(std::string_view name) {
    const auto* value = find_as<AttributeMap>(name);
    if (value == nullptr) return {};
    return RecordReader(*value, damage_);
  }

  template <typename Enum, std::size_t count>
  std::optional<Enum> optional_word(std::string_view name, const Words<Enum, count>& words) {
    const auto* value = find_as<std::string>(name);
    if (value == nullptr) return {};
    for (const auto& [candidate, word] : words) {
      if (word == *value) return candidate;
    }
    fail(name);
    return {};
  }
  template <typename Enum, std::size_t count>
  Enum word(std::string_view name, const Words<Enum, count>& words) {
    const auto value = optional_word(name, words);
    if (!value) fail(name);
    return value.value_or(words.front().first);
  }

  void fail(std::string_view name) {
    if (damage_.empty()) damage_ = name;
  }
  std::string& damage() { return damage_; }

 private:
  template <typename T>
  const T* required(std::string_view name) {
    const T* value = find_as<T>(name);
    if (value == nullptr) fail(name);
    return value;
  }
  std::int64_t to_integer(const Number& number, std::string_view name) {
    const auto integer = number.to_int64();
    if (!integer) fail(name);
    return integer.value_or(0);
  }

  const AttributeMap& map_;
  std::string& damage_;
};

inline std::vector<std::string> read_texts(const AttributeList& list, RecordReader& reader,
                                           std::string_view name) {
  std::vector<std::string> texts;
  for (const AttributeValue& value : list) {
    if (const auto* text = value.get_if<std::string>()) {
      texts.push_back(*text);
    } else {
      reader.fail(name);
    }
  }
  return texts;
}

// The maps that a list holds.
inline std::vector<RecordReader> read_maps(const AttributeList& list, RecordReader& reader,
                                           std::string_view name) {
  std::vector<RecordReader> maps;
  for (const AttributeValue& value : list) {
    if (const auto* map = value.get_if<AttributeMap>()) {
      maps.emplace_back(*map, reader.damage());
    } else {
      reader.fail(name);
    }
  }
  return maps;
}

}  // namespace dynakeep::engine
