#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynakeep::http {

// What a Content-Type says (RFC 9110, 8.3): "application/json; charset=UTF-8".
struct MediaType {
  std::string type = {};                    // "application/json": without parameters, lower case
  std::optional<std::string> charset = {};  // lower case, without quotes
};

// Nothing for what names no type.
std::optional<MediaType> parse_media_type(std::string_view field);

}  // namespace dynakeep::http
