#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynakeep::collections {

// Whether the text is one JSON value (RFC 8259), without making a tree of it; false for what nests
// deeper than JsonDocument::depth_max. Bytes past ASCII are taken as they are.
bool is_json(std::string_view text);

// RFC 4648, section 5, without padding: what may stand in a URL.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// FIPS 180-4, as 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace dynakeep::collections
