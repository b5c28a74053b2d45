#pragma once

#include <string>
#include <string_view>

#include "base/base64.h"

namespace dynakeep::collections {

// Whether the text is one JSON value (RFC 8259), without making a tree of it; false for what nests
// deeper than JsonDocument::depth_max. Bytes past ASCII are taken as they are.
bool is_json(std::string_view text);

using base::from_base64url;
using base::to_base64url;

// FIPS 180-4, as 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace dynakeep::collections
