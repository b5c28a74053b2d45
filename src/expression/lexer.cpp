#include "expression/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dynakeep::expression {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::array<std::pair<std::string_view, TokenKind>, 9> words = {{
    {"AND", TokenKind::word_and},
    {"OR", TokenKind::word_or},
    {"NOT", TokenKind::word_not},
    {"IN", TokenKind::word_in},
    {"BETWEEN", TokenKind::word_between},
    {"SET", TokenKind::word_set},
    {"ADD", TokenKind::word_add},
    {"REMOVE", TokenKind::word_remove},
    {"DELETE", TokenKind::word_delete},
}};

TokenKind kind_of_word(std::string_view text) {
  const auto matches = [text](const auto& word) {
    return std::equal(text.begin(), text.end(), word.first.begin(), word.first.end(),
                      [](char c, char upper) { return c == upper || c == upper + ('a' - 'A'); });
  };
  const auto* found = std::find_if(words.begin(), words.end(), matches);
  return found == words.end() ? TokenKind::name : found->second;
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
  while (at < text.size() && is_word(text[at])) ++at;
  return at;
}

// Bytes of the UTF-8 character that begins at `at`, so that complaints quote whole ones.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}

}  // namespace

Token Lexer::next() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  const std::size_t start = at_;
  const auto token = [&](TokenKind kind, std::size_t bytes) {
    at_ = start + bytes;
    return Token{kind, start, text_.substr(start, bytes)};
  };
  if (start == text_.size()) return token(TokenKind::end, 0);

  const char c = text_[start];
  const char after = start + 1 < text_.size() ? text_[start + 1] : '\0';
  switch (c) {
    case '=':
      return token(TokenKind::equal, 1);
    case '<':
      if (after == '>') return token(TokenKind::not_equal, 2);
      return after == '=' ? token(TokenKind::less_or_equal, 2) : token(TokenKind::less, 1);
    case '>':
      return after == '=' ? token(TokenKind::greater_or_equal, 2) : token(TokenKind::greater, 1);
    case '+':
      return token(TokenKind::plus, 1);
    case '-':
      return token(TokenKind::minus, 1);
    case ',':
      return token(TokenKind::comma, 1);
    case '.':
      return token(TokenKind::dot, 1);
    case '(':
      return token(TokenKind::open, 1);
    case ')':
      return token(TokenKind::close, 1);
    case '[':
      return token(TokenKind::open_bracket, 1);
    case ']':
      return token(TokenKind::close_bracket, 1);
    case '0':  // an index has no leading zeros: 00 is two of them
      return token(TokenKind::index, 1);
    case '#':
    case ':': {
      const std::size_t end = end_of_word(text_, start + 1);
      if (end == start + 1) return token(TokenKind::unknown, 1);
      return token(c == '#' ? TokenKind::name_placeholder : TokenKind::value_placeholder,
                   end - start);
    }
    case '"': {
      const std::size_t closing = text_.find('"', start + 1);
      return token(TokenKind::unknown, closing == std::string_view::npos ? 1 : closing + 1 - start);
    }
    default:
      break;
  }
  if (is_letter(c)) {
    const std::size_t bytes = end_of_word(text_, start) - start;
    return token(kind_of_word(text_.substr(start, bytes)), bytes);
  }
  if (is_digit(c)) {
    std::size_t end = start;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return token(TokenKind::index, end - start);
  }
  return token(TokenKind::unknown, character_bytes(text_, start));
}

}  // namespace dynakeep::expression
