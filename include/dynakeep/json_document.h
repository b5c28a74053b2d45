#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/result.h"

namespace dynakeep {

// JSON (RFC 8259) as a tree that keeps what AttributeValue does not: the order of members and the
// digits of numbers as they were written. For documents that go out as they came in. A regular
// value.
//
//   auto document = TRY(JsonDocument::parse(R"({"b": 1.50, "a": [true]})"));
//   document.to_text()            {"b":1.50,"a":[true]}
//   document.find("b")->text()    1.50
class JsonDocument {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  using Member = std::pair<std::string, JsonDocument>;

  static constexpr std::size_t depth_max = 128;

  // serialization, with what is wrong and at which byte: text that is not JSON, or not UTF-8, or
  // nests deeper than depth_max. Of members of one name the last counts, at the place of the first,
  // as in JavaScript.
  static Result<JsonDocument> parse(std::string_view text);

  JsonDocument() = default;  // null
  static JsonDocument boolean(bool truth);
  static JsonDocument number(std::int64_t value);
  // serialization: not a number as JSON writes it.
  static Result<JsonDocument> number_from_text(std::string text);
  // `text` is UTF-8.
  static JsonDocument string(std::string text);
  static JsonDocument array(std::vector<JsonDocument> elements = {});
  static JsonDocument object(std::vector<Member> members = {});

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_object() const { return kind_ == Kind::object; }

  // Of a boolean; false for what is none.
  bool truth() const { return truth_; }
  // Of a string, and the digits of a number as they were written; empty for what is neither. A
  // string's lone surrogates ("\ud800") are in it as three bytes that are not UTF-8.
  const std::string& text() const { return text_; }
  // Of an array; empty for what is none.
  const std::vector<JsonDocument>& elements() const& { return elements_; }
  std::vector<JsonDocument>& elements() & { return elements_; }
  // Of an object, in their order; empty for what is none.
  const std::vector<Member>& members() const& { return members_; }

  // The member's value; null pointer if there is none, or this is no object.
  const JsonDocument* find(std::string_view name) const;
  // In place of the member of that name, or behind all others.
  void set(std::string_view name, JsonDocument value);
  bool erase(std::string_view name);

  // Without white space. parse(to_text()) is the same document.
  std::string to_text() const;

  // Equal to the last digit: 1 is not 1.0. Members may be in any order.
  friend bool operator==(const JsonDocument& a, const JsonDocument& b);
  friend std::ostream& operator<<(std::ostream& out, const JsonDocument& document);

 private:
  Kind kind_ = Kind::null;
  bool truth_ = false;
  std::string text_;
  std::vector<JsonDocument> elements_;
  std::vector<Member> members_;
};

// The document after a JSON Merge Patch (RFC 7396): members of the patch replace the document's,
// null removes them, anything but an object replaces the whole.
JsonDocument merge_patch(JsonDocument document, const JsonDocument& patch);

// A JSON Patch (RFC 6902) that turns `from` into `to`: an array of add, remove and replace
// operations. Empty if they are equal. Arrays are compared element by element from either end; what
// is between is replaced, added and removed.
JsonDocument json_patch_between(const JsonDocument& from, const JsonDocument& to);

}  // namespace dynakeep
