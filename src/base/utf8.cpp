#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dynakeep::base {

bool is_utf8(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t size = bytes.size();
  std::size_t i = 0;
  while (i < size) {
    // Most text is ASCII: eight bytes at a time while none has its top bit set.
    while (i + 8 <= size) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, 8);
      if ((word & 0x8080808080808080U) != 0) break;
      i += 8;
    }
    if (i == size) return true;
    const unsigned lead = at(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    // How many bytes follow, and the bounds of the first of them, which exclude overlong forms,
    // surrogates and what lies past U+10FFFF.
    std::size_t following = 0;
    unsigned lowest = 0x80;
    unsigned highest = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      following = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      following = 2;
      if (lead == 0xE0) lowest = 0xA0;
      if (lead == 0xED) highest = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      following = 3;
      if (lead == 0xF0) lowest = 0x90;
      if (lead == 0xF4) highest = 0x8F;
    } else {
      return false;
    }
    if (size - i <= following) return false;
    if (at(i + 1) < lowest || at(i + 1) > highest) return false;
    for (std::size_t k = 2; k <= following; ++k) {
      if ((at(i + k) & 0xC0) != 0x80) return false;
    }
    i += following + 1;
  }
  return true;
}

}  // namespace dynakeep::base
