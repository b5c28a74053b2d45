#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// JSON as specification files write it: requests, answers, and patterns for answers. Written apart
// from the product's reader on purpose, so that the two do not share a mistake.
namespace dynakeep::spec {

// A value. The kinds from `any` on do not occur in answers, only in what a file expects of them.
struct Json {
  enum class Kind { null, boolean, number, string, array, object, any, absent, variable };
  Kind kind = Kind::null;
  bool boolean = false;
  // The digits of a number as written, the bytes of a string, the name of a variable.
  std::string text = {};
  std::vector<Json> elements = {};
  std::vector<std::pair<std::string, Json>> members = {};
  bool unordered = false;  // an array whose elements may come in any order
  bool exactly = false;    // a string that must be spelled so, even where a number stands

  const Json* find(std::string_view name) const;
};

// What is wrong with the text, and where.
struct JsonError : std::runtime_error {
  JsonError(const std::string& what, std::size_t at) : std::runtime_error(what), offset(at) {}
  std::size_t offset;
};

// The value that starts at `position` (white space before it is skipped), which is left behind it.
// Throws JsonError. Beyond JSON there is, for files:
//
//   $name                      the value that an earlier step kept
//   any, absent                in answers: some value; no such member
//   unordered [..]             in answers: in any order
//   exactly "1E+2"             in answers: this spelling; numbers are else compared as values
//   "a" + repeat("xy", 3)      "axyxyxy"
//   [ for i in 1..3 {"S": "k${i}"} ]      three elements; in objects: for i in 1..3 "k": value
//   "${i}" "${i:4}"            a loop's number; filled up with zeros
//   lists(3, V), maps(3, V)    V within so many {"L": [..]} or {"M": {"m": ..}}
Json parse_value(std::string_view text, std::size_t& position);

// All of `text` as one value.
Json parse_json(std::string_view text);

// JSON text. Variables are looked up; an unknown one throws JsonError, as patterns do.
std::string print_json(const Json& value, const std::map<std::string, Json>& variables = {});

// How `actual` differs from `expected`, with the path to it; nothing if it does not. With `partly`,
// objects may have members that nothing is expected of. The text of {"N": ..} is compared as a
// number, the texts of sets in any order.
std::optional<std::string> difference(const Json& expected, const Json& actual, bool partly,
                                      const std::map<std::string, Json>& variables);

}  // namespace dynakeep::spec
