#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Percent-encoding as AWS does it: all but the unreserved characters (RFC 3986, section 2.3), bytes
// in capital hexadecimal. It is also good for forms, which know no spaces as "+" then.
namespace dynakeep::http {

// Whether the character stands for itself: letters, digits, "-", ".", "_" and "~".
bool is_unreserved(char c);

enum class Slashes : std::uint8_t { encoded, kept };

void append_percent_encoded(std::string& out, std::string_view text,
                            Slashes slashes = Slashes::encoded);

// A '%' that begins no escape stands for itself.
std::string percent_decoded(std::string_view text);

// As JavaScript's decodeURIComponent: nothing if a '%' begins no escape, or the bytes are not UTF-8
// then.
std::optional<std::string> strictly_percent_decoded(std::string_view text);

}  // namespace dynakeep::http
