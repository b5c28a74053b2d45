#pragma once

#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// http://HOST[:PORT][/PATH][?QUERY], or https.
struct Url {
  Origin origin = {};
  std::string target = "/";  // path and query

  friend bool operator==(const Url&, const Url&) = default;
};

// Refused with invalid_argument, in one line fit for a person: another scheme, no host or one that
// cannot be, a port outside 1 to 65535, a fragment, spaces and control characters, and a user or
// password. The line quotes the text, but for one with a user or password, which ends up in no log.
Result<Url> parse_url(std::string_view text);

// The same without path and query: at most a slash after the port.
Result<Origin> parse_origin(std::string_view text);

// "127.0.0.1:8000", "[::1]:8000", "example.com": without the port if it is the scheme's own.
std::string host_and_port(const Origin& origin);

// The same, with the port in any case.
std::string host_with_port(const Origin& origin);

// "http://127.0.0.1:8000"
std::string to_string(const Origin& origin);

// Whether it is this machine by name or address: localhost, 127.0.0.0/8, ::1.
bool is_loopback(const Origin& origin);

}  // namespace dynakeep::transport
