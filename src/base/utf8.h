#pragma once

#include <string_view>

namespace dynakeep::base {

// Whether the bytes are well-formed UTF-8 (Unicode, section 3.9, table 3-7): no overlong forms, no
// surrogates, nothing past U+10FFFF, no half of a character at the end.
bool is_utf8(std::string_view bytes);

}  // namespace dynakeep::base
