#include "base/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace dynakeep::base {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint32_t no_digit = 0x80;  // outside of six bits, so that it survives an or

constexpr std::array<std::uint8_t, 256> digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

std::uint32_t digit(char character) { return digit_values[static_cast<unsigned char>(character)]; }

std::uint32_t url_digit(char character) {
  if (character == '-') return 62;
  if (character == '_') return 63;
  if (character == '+' || character == '/') return no_digit;
  return digit(character);
}

std::uint32_t byte(char character) { return static_cast<unsigned char>(character); }

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const char* from = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3, to += 4) {
    const std::uint32_t bits = byte(from[0]) << 16 | byte(from[1]) << 8 | byte(from[2]);
    to[0] = alphabet[bits >> 18];
    to[1] = alphabet[bits >> 12 & 63];
    to[2] = alphabet[bits >> 6 & 63];
    to[3] = alphabet[bits & 63];
  }
  if (left == 0) return;
  const std::uint32_t bits = byte(from[0]) << 16 | (left == 2 ? byte(from[1]) << 8 : 0);
  to[0] = alphabet[bits >> 18];
  to[1] = alphabet[bits >> 12 & 63];
  to[2] = left == 2 ? alphabet[bits >> 6 & 63] : '=';
  to[3] = '=';
}

bool append_from_base64(std::string& out, std::string_view text) {
  if (text.empty()) return true;
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 - padding);
  char* to = out.data() + start;
  const char* from = text.data();

  std::uint32_t seen = 0;  // of all digits: one that is none leaves its mark
  const std::size_t whole = text.size() / 4 - (padding != 0 ? 1 : 0);
  for (std::size_t i = 0; i < whole; ++i, from += 4, to += 3) {
    const std::uint32_t a = digit(from[0]);
    const std::uint32_t b = digit(from[1]);
    const std::uint32_t c = digit(from[2]);
    const std::uint32_t d = digit(from[3]);
    seen |= a | b | c | d;
    to[0] = static_cast<char>(a << 2 | b >> 4);
    to[1] = static_cast<char>((b & 15) << 4 | c >> 2);
    to[2] = static_cast<char>((c & 3) << 6 | d);
  }
  bool canonical = true;
  if (padding != 0) {
    const std::uint32_t a = digit(from[0]);
    const std::uint32_t b = digit(from[1]);
    seen |= a | b;
    to[0] = static_cast<char>(a << 2 | b >> 4);
    if (padding == 2) {
      canonical = (b & 15) == 0;
    } else {
      const std::uint32_t c = digit(from[2]);
      seen |= c;
      to[1] = static_cast<char>((b & 15) << 4 | c >> 2);
      canonical = (c & 3) == 0;
    }
  }
  if (canonical && (seen & no_digit) == 0) return true;
  out.resize(start);
  return false;
}

std::string to_base64url(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes(text.size() * 3 / 4, '\0');
  std::uint32_t held = 0;
  std::uint32_t seen = 0;
  unsigned bits = 0;
  char* to = bytes.data();
  for (const char c : text) {
    const std::uint32_t value = url_digit(c);
    seen |= value;
    held = held << 6 | (value & 63);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    *to++ = static_cast<char>(held >> bits & 0xff);
  }
  if ((seen & no_digit) != 0) return std::nullopt;
  return bytes;
}

bool is_base64_digit(char character) { return digit(character) != no_digit; }

}  // namespace dynakeep::base
