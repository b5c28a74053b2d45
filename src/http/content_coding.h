#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The codings that a body may have come in (RFC 9110, 8.4.1).
namespace dynakeep::http {

enum class ContentCoding : std::uint8_t { identity, gzip, deflate };

// What a Content-Encoding names; nothing for others, and for several at once.
std::optional<ContentCoding> parse_content_coding(std::string_view field);

enum class DecodeFailure : std::uint8_t {
  damaged,    // not what it says, or cut short, or something behind it
  too_large,  // when undone
};

struct DecodedBody {
  std::string bytes = {};
  std::optional<DecodeFailure> failure = {};
};

// Undoes the coding; of gzip all members, one after the other, of deflate the zlib format that it
// stands for (RFC 1950). Never makes more than `bytes_max`, whatever the body would come to.
DecodedBody decode_body(std::string_view body, ContentCoding coding, std::size_t bytes_max);

}  // namespace dynakeep::http
