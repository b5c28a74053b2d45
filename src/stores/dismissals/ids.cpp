#include <algorithm>
#include <cstddef>
#include <string>

#include "dynakeep/stores/dismissals.h"

namespace dynakeep {
namespace {

constexpr std::size_t characters_max = 64;

bool is_allowed(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Takes the next character off. A byte that is no UTF-8 counts as one.
char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  char32_t character = lead;
  std::size_t taken = 1;
  if (length > 1 && text.size() >= length) {
    character = lead & (0xFFu >> (length + 1));
    while (taken < length && (byte(taken) & 0xC0) == 0x80) {
      character = (character << 6) | (byte(taken++) & 0x3Fu);
    }
    if (taken < length) {
      character = lead;
      taken = 1;
    }
  }
  text.remove_prefix(taken);
  return character;
}

// What JavaScript's trim() takes away (ECMA-262, WhiteSpace and LineTerminator).
bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000 || c == 0xFEFF;
}

const char* name_of(DismissalIdKind kind) {
  return kind == DismissalIdKind::user ? "userId" : "itemId";
}

const char* words_of(DismissalIdFault fault) {
  switch (fault) {
    case DismissalIdFault::blank:
      return " is required";
    case DismissalIdFault::too_long:
      return " must be at most 64 characters";
    case DismissalIdFault::bad_characters:
      break;
  }
  return " must contain only alphanumeric characters, dashes, and underscores";
}

}  // namespace

std::optional<DismissalIdFault> fault_of_dismissal_id(std::string_view id) {
  const bool is_allowed_throughout = std::all_of(id.begin(), id.end(), is_allowed);
  if (is_allowed_throughout && !id.empty() && id.size() <= characters_max) return std::nullopt;

  std::size_t utf16_units = 0;
  bool is_blank = true;
  while (!id.empty()) {
    const char32_t character = take_character(id);
    utf16_units += character > 0xFFFF ? 2 : 1;
    is_blank = is_blank && is_white_space(character);
  }
  if (is_blank) return DismissalIdFault::blank;
  if (utf16_units > characters_max) return DismissalIdFault::too_long;
  return DismissalIdFault::bad_characters;
}

template <DismissalIdKind kind>
Result<DismissalId<kind>> DismissalId<kind>::parse(std::string_view text) {
  if (const auto fault = fault_of_dismissal_id(text)) {
    return Error(ErrorCode::invalid_argument, std::string(name_of(kind)) + words_of(*fault));
  }
  return DismissalId(text);
}

template class DismissalId<DismissalIdKind::user>;
template class DismissalId<DismissalIdKind::item>;

}  // namespace dynakeep
