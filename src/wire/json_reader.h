#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string_view>

#include "dynakeep/attribute_value.h"
#include "dynakeep/result.h"

// JSON text as values to walk through. The parser behind it is named in json_reader.cpp alone.
namespace dynakeep::wire {

// An integer is a number written without point and exponent that fits 64 bits.
enum class JsonType : std::uint8_t { null, boolean, integer, decimal, string, array, object };

class JsonArray;
class JsonObject;

// One value of a ParsedJson, which must outlive it. Cheap to copy. Each accessor is for its own
// type alone: ask type() first.
class JsonValue {
 public:
  JsonValue() = default;

  JsonType type() const;
  bool is_null() const { return type() == JsonType::null; }

  bool boolean() const;
  std::int64_t integer() const;   // one past the signed range is the largest
  double decimal() const;         // of integers too
  std::string_view text() const;  // unescaped; UTF-8, as every string of a ParsedJson
  JsonArray array() const;
  JsonObject object() const;

 private:
  friend class JsonArray;
  friend class JsonObject;
  friend class ParsedJson;

  // Where the value stands on the parser's tape.
  const void* document_ = nullptr;
  std::size_t index_ = 0;
};

// for (const JsonValue element : value.array())
class JsonArray {
 public:
  class Iterator {
   public:
    JsonValue operator*() const { return at_; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return at_.index_ != other.at_.index_; }

   private:
    friend class JsonArray;
    JsonValue at_;
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class JsonValue;
  JsonValue value_;
};

// for (const auto& [key, member] : value.object())
//
// In the order of the text; a key that was written twice comes twice.
class JsonObject {
 public:
  struct Member {
    std::string_view key;
    JsonValue value;
  };
  class Iterator {
   public:
    Member operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return at_.index_ != other.at_.index_; }

   private:
    friend class JsonObject;
    JsonValue at_;  // the key
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class JsonValue;
  JsonValue value_;
};

// How deep arrays and objects may stand in one another. An item of DynamoDB's 32 levels takes two
// of JSON each, and the request around it a few.
inline constexpr std::size_t json_depth_max = 128;

// Parsed text, for as long as this object lives. Each thread keeps one parser for the next text, so
// that parsing the usual few kilobytes allocates nothing; the memory a large text took is given
// back with this object.
class ParsedJson {
 public:
  explicit ParsedJson(std::string_view text);
  ~ParsedJson();
  ParsedJson(const ParsedJson&) = delete;
  ParsedJson& operator=(const ParsedJson&) = delete;

  // Whether the text is one JSON value (RFC 8259): all of it, in UTF-8, with no lone surrogates,
  // with numbers that 64 bits or a double can hold, and no deeper than json_depth_max.
  bool is_valid() const { return root_.document_ != nullptr; }

  JsonValue root() const { return root_; }  // if valid

 private:
  struct Parser;
  struct SpareParser;
  static std::unique_ptr<Parser>& spare();

  std::unique_ptr<Parser> parser_;
  JsonValue root_;
};

// What plain JSON is read for: DynamoDB's levels of nesting count from an item's attributes, and a
// value is one of them.
enum class PlainJson : std::uint8_t { item, value };

// Any JSON as a value: objects become maps (of a key written twice the last counts), arrays lists.
// Numbers keep every digit. Refused with a serialization error: text that is not one JSON value;
// with a validation error: numbers that DynamoDB cannot hold, and nesting past its 32 levels.
Result<AttributeValue> read_plain_json(std::string_view text, PlainJson kind);

}  // namespace dynakeep::wire
