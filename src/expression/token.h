#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dynakeep::expression {

enum class TokenKind : std::uint8_t {
  end,
  name,               // an attribute's or a function's
  name_placeholder,   // #name
  value_placeholder,  // :value
  index,              // digits
  // Words that are never names, whatever their case.
  word_and,
  word_or,
  word_not,
  word_in,
  word_between,
  word_set,
  word_add,
  word_remove,
  word_delete,
  // Signs.
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  plus,
  minus,
  comma,
  dot,
  open,
  close,
  open_bracket,
  close_bracket,
  unknown,  // anything else: one character, or a text in double quotes
};

// A token and where it stands in the text.
struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t start = 0;
  std::string_view text = {};

  std::size_t end() const { return start + text.size(); }
};

}  // namespace dynakeep::expression
