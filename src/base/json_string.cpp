#include "base/json_string.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dynakeep::base {

namespace {

constexpr std::uint64_t each_byte = 0x0101010101010101U;
constexpr std::uint64_t top_bits = 0x8080808080808080U;

bool must_escape(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte < 0x20 || byte == '"' || byte == '\\';
}

// Whether any of eight bytes must be escaped. Never misses one; a byte that follows a match may be
// taken for another, which the caller's second look sorts out.
bool may_need_escape(std::uint64_t word) {
  const auto zero_bytes = [](std::uint64_t bytes) { return (bytes - each_byte) & ~bytes; };
  const std::uint64_t control = (word - each_byte * 0x20) & ~word;
  const std::uint64_t quote = zero_bytes(word ^ each_byte * '"');
  const std::uint64_t backslash = zero_bytes(word ^ each_byte * '\\');
  return ((control | quote | backslash) & top_bits) != 0;
}

std::size_t first_to_escape(std::string_view text, std::size_t from) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (; from + 16 <= text.size(); from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
    const __m128i found = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
        _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes));  // unsigned bytes <= 0x1F
    if (const int mask = _mm_movemask_epi8(found); mask != 0) {
      return from + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
    }
  }
#endif
  while (from + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + from, 8);
    if (may_need_escape(word)) break;
    from += 8;
  }
  while (from < text.size() && !must_escape(text[from])) ++from;
  return from;
}

void append_escape(std::string& out, char character) {
  switch (character) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\b':
      out.append("\\b");
      return;
    case '\f':
      out.append("\\f");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      break;
  }
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(character);
  out.append("\\u00");
  out.push_back(digits[byte >> 4]);
  out.push_back(digits[byte & 15]);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t plain = first_to_escape(text, 0);
  if (plain == text.size()) {
    // Nearly always: grown once, filled in place.
    const std::size_t at = out.size();
    out.resize(at + text.size() + 2);
    out[at] = '"';
    text.copy(out.data() + at + 1, text.size());
    out.back() = '"';
    return;
  }
  out.push_back('"');
  std::size_t done = 0;
  while (true) {
    const std::size_t next = first_to_escape(text, done);
    out.append(text, done, next - done);
    if (next == text.size()) break;
    append_escape(out, text[next]);
    done = next + 1;
  }
  out.push_back('"');
}

}  // namespace dynakeep::base
