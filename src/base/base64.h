#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynakeep::base {

// Base64 with the standard alphabet and padding (RFC 4648, section 4).
void append_base64(std::string& out, std::string_view bytes);

// Appends the bytes that `text` stands for. Strict: the length is a multiple of four, padding is
// only at the end, and the bits that padding leaves over are zero, so that no two texts mean the
// same bytes. If `text` is anything else, false, and `out` is as it was.
[[nodiscard]] bool append_from_base64(std::string& out, std::string_view text);

// The same for URLs (RFC 4648, section 5), without padding: '-' and '_' for '+' and '/'. Read
// leniently in one thing: bits left over at the end may be anything.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// Whether the character is one of the alphabet's 64; padding is not.
bool is_base64_digit(char character);

}  // namespace dynakeep::base
