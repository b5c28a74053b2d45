#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/json_document.h"

namespace dynakeep::jwt {

// A JSON Web Token in its compact form (RFC 7519), taken apart and not yet believed.
struct Token {
  std::string algorithm = {};         // as its header says; empty: it says none
  std::string key_id = {};            // empty: none
  JsonDocument claims = {};           // an object
  std::string_view signed_text = {};  // header and claims as they came; a view into the token
  std::string signature = {};
};

constexpr std::size_t token_bytes_max = std::size_t{16} << 10;

// Nothing, if it is not three parts of base64url, the first two objects of JSON, or is longer than
// token_bytes_max; nor if its header has "crit": what it insists on is not known here (RFC 7515,
// 4.1.11).
std::optional<Token> parse_token(std::string_view text);

}  // namespace dynakeep::jwt
