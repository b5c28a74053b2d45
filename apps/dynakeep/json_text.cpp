#include "json_text.h"

#include <cstddef>

#include "dynakeep/json.h"

namespace dynakeep::app {

namespace {

// The string that begins at `at`, quotes included.
std::string_view string_at(std::string_view json, std::size_t at) {
  std::size_t end = at + 1;
  while (json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return json.substr(at, end + 1 - at);
}

}  // namespace

std::string json_string(std::string_view text) { return to_json(AttributeValue(text)); }

std::string indented(std::string_view json, const Terminal& terminal) {
  std::string text;
  std::size_t level = 0;
  const auto new_line = [&] { text.append(1, '\n').append(2 * level, ' '); };

  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '"') {
      const std::string_view string = string_at(json, at);
      at += string.size() - 1;
      const bool name = at + 1 < json.size() && json[at + 1] == ':';
      text += painted(terminal, name ? Colour::cyan : Colour::plain, printable(string));
    } else if (c == '{' || c == '[') {
      text += c;
      const bool empty = json[at + 1] == '}' || json[at + 1] == ']';
      if (empty) {
        text += json[++at];
      } else {
        ++level;
        new_line();
      }
    } else if (c == '}' || c == ']') {
      --level;
      new_line();
      text += c;
    } else if (c == ',') {
      text += c;
      new_line();
    } else {
      text += c;
      if (c == ':') text += ' ';
    }
  }
  return text;
}

}  // namespace dynakeep::app
