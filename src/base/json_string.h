#pragma once

#include <string>
#include <string_view>

namespace dynakeep::base {

// Appends `text` as a JSON string: quoted, with quotes, backslashes and control characters escaped
// (RFC 8259, section 7). Other bytes stand as they are, so that the result is JSON if `text` is
// UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace dynakeep::base
