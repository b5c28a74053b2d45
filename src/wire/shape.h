#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "base/json_string.h"
#include "dynakeep/clock.h"
#include "dynakeep/request.h"
#include "dynakeep/result.h"
#include "wire/json_reader.h"
#include "wire/value_json.h"

// How the plain structs of the API look in JSON, said once and used in both directions.
//
// A Shape names a struct's members in the order in which they are written:
//
//   template <>
//   struct Shape<KeySchemaElement> {
//     static constexpr std::string_view name = "KeySchemaElement";  // in DynamoDB's service model
//     static void members(auto& each, auto& x) {
//       each("AttributeName", x.attribute_name);
//       each("KeyType", x.key_type);
//     }
//   };
//
// `each` is a DecodeMember, which fills the one member that has come, or an EncodeMembers, which
// writes them all. Beside each(name, member) both know each.unless_empty(name, member), which does
// not write an empty list or map; each.wrapped(name, inner, member) for {"PutRequest":{"Item":…}};
// each.range(name, lower, upper) for [0, 1]; and each.unsupported(name), which refuses a parameter
// that would change the meaning of a request if it were passed over.
//
// An enum has Words: the words of the wire with their values.
namespace dynakeep::wire {

template <typename T>
struct Shape;

template <typename T>
struct Words;

template <typename T>
concept Shaped = requires {
  Shape<T>::name;
};

// Where in a message the codec stands, in the words of DynamoDB's messages.
class Path {
 public:
  void enter(std::string_view name) { push({.name = name}); }
  void enter_member(std::size_t index) { push({.index = index + 1}); }
  void enter_value_of(std::string_view key) { push({.name = key, .is_key = true}); }
  void leave() { --depth_; }

  // "keySchema.1.member.keyType": names begin in lower case, list members count from 1, and
  // "member" stands for what a list or map has at that place.
  std::string text() const;

 private:
  struct Step {
    std::string_view name = {};
    std::size_t index = 0;  // of a list's member; 0 for names
    bool is_key = false;
  };
  void push(Step step) {
    INVARIANT(depth_ < steps_.size());  // bounded by the shapes, not by input
    steps_[depth_++] = step;
  }

  std::array<Step, 16> steps_;
  std::size_t depth_ = 0;
};

// As DynamoDB writes fractions: "0.5", "1.0".
void append_double(std::string& out, double value);
// Seconds since 1970 with as many decimals as it takes.
void append_time(std::string& out, Time time);
Time time_of(double seconds);

// What the types of the API are in the words of a SerializationException.
template <typename T>
struct JavaType {
  static std::string name() {
    if constexpr (Shaped<T>) {
      return "com.amazonaws.dynamodb.v20120810." + std::string(Shape<T>::name);
    } else {
      return "java.lang.String";
    }
  }
};
template <>
struct JavaType<Item> {
  static std::string name() { return std::string(attribute_map_type); }
};
template <typename T>
struct JavaType<std::vector<T>> {
  static std::string name() { return "java.util.List<" + JavaType<T>::name() + ">"; }
};
template <typename T>
struct JavaType<std::map<std::string, T>> {
  static std::string name() {
    return "java.util.Map<java.lang.String, " + JavaType<T>::name() + ">";
  }
};

// Whether a value is a member of a structure, or of a list or map: the complaints differ.
enum class Place : std::uint8_t { field, element };

// Reads one message. Stops at the first problem.
class Decoder {
 public:
  // Words that an enum has no value for go to `unknown_words`; null for messages without.
  explicit Decoder(UnknownWords* unknown_words) : unknown_words_(unknown_words) {}

  const std::optional<Error>& error() const { return error_; }

  // Each fills `to` from a value that is not null, or notes a problem.
  void read(JsonValue from, std::string& to, Place place);
  void read(JsonValue from, bool& to, Place place);
  void read(JsonValue from, std::int32_t& to, Place place);
  void read(JsonValue from, std::int64_t& to, Place place);
  void read(JsonValue from, double& to, Place place);
  void read(JsonValue from, Time& to, Place place);
  void read(JsonValue from, Item& to, Place place);

  template <typename T>
  requires std::is_enum_v<T>
  void read(JsonValue from, std::optional<T>& to, Place place) {
    std::string word;
    read(from, word, place);
    if (error_) return;
    to.reset();
    for (const auto& [known, value] : Words<T>::all) {
      if (word == known) to = value;
    }
    if (!to && unknown_words_ != nullptr) unknown_words_->push_back({path_.text(), word});
  }

  template <typename T>
  requires std::is_enum_v<T>
  void read(JsonValue from, T& to, Place place) {
    std::optional<T> found;
    read(from, found, place);
    if (found) to = *found;
  }

  template <typename T>
  requires(!std::is_enum_v<T>) void read(JsonValue from, std::optional<T>& to, Place place) {
    read(from, to.emplace(), place);
  }

  template <Shaped T>
  void read(JsonValue from, T& to, Place place) {
    if (!is_structure(from, Shape<T>::name, place)) return;
    members(from.object(), to);
  }

  template <typename T>
  void read(JsonValue from, std::vector<T>& to, Place place) {
    if (!is_list(from, place)) return;
    to.clear();
    for (const JsonValue element : from.array()) {
      path_.enter_member(to.size());
      T& member = to.emplace_back();
      if (!element.is_null()) read(element, member, Place::element);
      path_.leave();
      if (error_) return;
    }
  }

  // The answers of TransactGetItems: {} where there is no item.
  void read(JsonValue from, std::vector<std::optional<Item>>& to, Place place);

  template <typename T>
  void read(JsonValue from, std::map<std::string, T>& to, Place place) {
    if (!is_map(from, JavaType<std::map<std::string, T>>::name, place)) return;
    to.clear();
    for (const auto& [key, value] : from.object()) {
      path_.enter_value_of(key);
      T& member = to[std::string(key)];
      if (!value.is_null()) read(value, member, Place::element);
      path_.leave();
      if (error_) return;
    }
  }

  template <typename T>
  void members(JsonObject from, T& to);

  // {"PutRequest":{"Item":…}}
  template <typename T>
  void read_wrapped(JsonValue from, std::string_view name, std::string_view inner, T& to) {
    if (!is_structure(from, name, Place::field)) return;
    for (const auto& [key, value] : from.object()) {
      if (key == inner && !value.is_null()) read(value, to, Place::field);
      if (error_) return;
    }
  }
  void read_range(JsonValue from, double& lower, double& upper);
  void refuse_unsupported(std::string_view name);

  Path& path() { return path_; }

 private:
  bool is_structure(JsonValue from, std::string_view shape, Place place);
  bool is_list(JsonValue from, Place place);
  bool is_map(JsonValue from, std::string (*java_type)(), Place place);
  void wrong_type(std::string message) {
    error_ = Error(ErrorCode::serialization, std::move(message));
  }

  UnknownWords* unknown_words_;
  Path path_;
  std::optional<Error> error_;
};

class DecodeMember {
 public:
  DecodeMember(Decoder& decoder, const JsonObject::Member& come) : decoder_(decoder), come_(come) {}

  template <typename T>
  void operator()(std::string_view name, T& member) {
    if (name != come_.key) return;
    decoder_.path().enter(name);
    decoder_.read(come_.value, member, Place::field);
    decoder_.path().leave();
  }
  template <typename T>
  void unless_empty(std::string_view name, T& member) {
    (*this)(name, member);
  }
  template <typename T>
  void wrapped(std::string_view name, std::string_view inner, T& member) {
    if (name == come_.key) decoder_.read_wrapped(come_.value, name, inner, member);
  }
  void range(std::string_view name, double& lower, double& upper) {
    if (name == come_.key) decoder_.read_range(come_.value, lower, upper);
  }
  void unsupported(std::string_view name) {
    if (name == come_.key) decoder_.refuse_unsupported(name);
  }

 private:
  Decoder& decoder_;
  const JsonObject::Member& come_;
};

template <typename T>
void Decoder::members(JsonObject from, T& to) {
  for (const JsonObject::Member& come : from) {
    if (come.value.is_null()) continue;
    DecodeMember each(*this, come);
    Shape<T>::members(each, to);
    if (error_) return;
  }
}

// Writes one message.
class Encoder {
 public:
  // `unknown_words`, which may be null, are written where they were read.
  explicit Encoder(const UnknownWords* unknown_words) : unknown_words_(unknown_words) {
    out_.reserve(1000);  // most messages, in one allocation
  }

  // Makes room for `count` more members like one of `bytes`: the items of a page are much alike,
  // and a page that grows bit by bit is copied as often as it was written.
  void expect_more_of(std::size_t bytes, std::size_t count) {
    constexpr std::size_t page_bytes = std::size_t{2} << 20;
    out_.reserve(out_.size() + std::min(page_bytes, (bytes + bytes / 8) * count));
  }

  // The first item that cannot be, and so has no JSON.
  const std::optional<ItemAccess::Refusal>& refusal() const { return refusal_; }
  std::string& out() { return out_; }

  void write(const std::string& from) { base::append_json_string(out_, from); }
  void write(bool from) { out_ += from ? "true" : "false"; }
  void write(std::int32_t from) { out_ += std::to_string(from); }
  void write(std::int64_t from) { out_ += std::to_string(from); }
  void write(double from) { append_double(out_, from); }
  void write(Time from) { append_time(out_, from); }
  void write(const Item& from);
  void write(const std::vector<std::optional<Item>>& from);

  template <typename T>
  requires std::is_enum_v<T>
  void write(T from) {
    for (const auto& [word, value] : Words<T>::all) {
      if (value == from) return write_word(word);
    }
    base::violated("every value of an enum has a word", __FILE__, __LINE__);
  }

  template <Shaped T>
  void write(const T& from);

  template <typename T>
  void write(const std::vector<T>& from) {
    out_.push_back('[');
    const std::size_t start = out_.size();
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (i == 1) expect_more_of(out_.size() - start, from.size() - 1);
      if (i > 0) out_.push_back(',');
      path_.enter_member(i);
      write(from[i]);
      path_.leave();
    }
    out_.push_back(']');
  }

  template <typename T>
  void write(const std::map<std::string, T>& from) {
    out_.push_back('{');
    bool first = true;
    for (const auto& [key, value] : from) {
      if (!first) out_.push_back(',');
      first = false;
      base::append_json_string(out_, key);
      out_.push_back(':');
      path_.enter_value_of(key);
      write(value);
      path_.leave();
    }
    out_.push_back('}');
  }

  void write_word(std::string_view word);
  // The word that had no value when it was read here; empty if there was none.
  std::string_view unknown_word() const;

  Path& path() { return path_; }

 private:
  std::string out_;
  const UnknownWords* unknown_words_;
  Path path_;
  std::optional<ItemAccess::Refusal> refusal_;
};

class EncodeMembers {
 public:
  explicit EncodeMembers(Encoder& encoder) : encoder_(encoder) {}

  template <typename T>
  void operator()(std::string_view name, const T& member) {
    encoder_.path().enter(name);
    begin(name);
    encoder_.write(member);
    encoder_.path().leave();
  }
  template <typename T>
  void operator()(std::string_view name, const std::optional<T>& member) {
    if (member) return (*this)(name, *member);
    if constexpr (std::is_enum_v<T>) {
      encoder_.path().enter(name);
      if (const std::string_view word = encoder_.unknown_word(); !word.empty()) {
        begin(name);
        encoder_.write_word(word);
      }
      encoder_.path().leave();
    }
  }
  template <typename T>
  void unless_empty(std::string_view name, const T& member) {
    if (!member.empty()) (*this)(name, member);
  }
  template <typename T>
  void wrapped(std::string_view name, std::string_view inner, const std::optional<T>& member) {
    if (!member) return;
    begin(name);
    encoder_.out().push_back('{');
    EncodeMembers each(encoder_);
    each(inner, *member);
    encoder_.out().push_back('}');
  }
  void range(std::string_view name, double lower, double upper) {
    begin(name);
    encoder_.out().push_back('[');
    encoder_.write(lower);
    encoder_.out().push_back(',');
    encoder_.write(upper);
    encoder_.out().push_back(']');
  }
  void unsupported(std::string_view) {}

 private:
  void begin(std::string_view name) {
    std::string& out = encoder_.out();
    if (!first_) out.push_back(',');
    first_ = false;
    out.push_back('"');
    out += name;
    out += "\":";
  }

  Encoder& encoder_;
  bool first_ = true;
};

template <Shaped T>
void Encoder::write(const T& from) {
  out_.push_back('{');
  EncodeMembers each(*this);
  Shape<T>::members(each, from);
  out_.push_back('}');
}

}  // namespace dynakeep::wire
