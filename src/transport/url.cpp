#include "transport/url.h"

#include <algorithm>
#include <charconv>

#include "http/message.h"

namespace dynakeep::transport {

namespace {

constexpr std::uint16_t plain_port = 80;
constexpr std::uint16_t secure_port = 443;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool may_be_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool may_be_ipv6(std::string_view host) {
  return host.size() >= 2 && host.size() <= 45 && host.find(':') != std::string_view::npos &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; });
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto* const end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, port);
  return problem == std::errc() && stopped == end && port != 0;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

Error refusal(std::string_view text, std::string_view why) {
  // What does not print would make a mess of a terminal.
  const bool prints = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f;
  });
  const std::string quoted =
      prints ? "'" + std::string(text.substr(0, 200)) + "'" : std::string("(not shown)");
  return {ErrorCode::invalid_argument, quoted + ": " + std::string(why)};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon);
  std::string_view rest =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 3);
  const auto end_of_authority = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end_of_authority);
  rest.remove_prefix(end_of_authority);

  // Before anything that quotes the text. A text without scheme may have them too.
  if ((colon == std::string_view::npos ? text : authority).find('@') != std::string_view::npos) {
    return Error(ErrorCode::invalid_argument,
                 "(not shown): a user or password in it is not taken; credentials come from the "
                 "environment or a profile");
  }
  if (colon != std::string_view::npos && http::equal_ignoring_case(scheme, "https")) {
    url.origin.secure = true;
  } else if (colon == std::string_view::npos || !http::equal_ignoring_case(scheme, "http")) {
    return refusal(text, "not an address of the form http://HOST:PORT or https://HOST");
  }
  url.origin.port = url.origin.secure ? secure_port : plain_port;

  if (authority.starts_with('[')) {
    const auto bracket = authority.find(']');
    if (bracket == std::string_view::npos || !may_be_ipv6(authority.substr(1, bracket - 1))) {
      return refusal(text, "no IPv6 address between the brackets");
    }
    url.origin.host = authority.substr(1, bracket - 1);
    authority.remove_prefix(bracket + 1);
  } else {
    const auto port_at = std::min(authority.find(':'), authority.size());
    if (!may_be_host(authority.substr(0, port_at))) {
      return refusal(text, "the host is no name and no address");
    }
    url.origin.host = authority.substr(0, port_at);
    authority.remove_prefix(port_at);
  }
  if (!authority.empty() &&
      (authority.front() != ':' || !parse_port(authority.substr(1), url.origin.port))) {
    return refusal(text, "the port is not a number from 1 to 65535");
  }

  const bool plain_text = std::all_of(rest.begin(), rest.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (!plain_text || rest.find('#') != std::string_view::npos) {
    return refusal(text, "the path has a fragment, a space or another character it may not have");
  }
  if (!rest.empty()) url.target = rest.front() == '/' ? std::string(rest) : "/" + std::string(rest);
  return url;
}

Result<Origin> parse_origin(std::string_view text) {
  auto url = TRY(parse_url(text));
  if (url.target != "/") return refusal(text, "an endpoint has no path and no query");
  return std::move(url.origin);
}

std::string host_and_port(const Origin& origin) {
  if (origin.port != (origin.secure ? secure_port : plain_port)) return host_with_port(origin);
  return bracketed(origin.host);
}

std::string host_with_port(const Origin& origin) {
  return bracketed(origin.host) + ":" + std::to_string(origin.port);
}

std::string to_string(const Origin& origin) {
  return (origin.secure ? "https://" : "http://") + host_and_port(origin);
}

bool is_loopback(const Origin& origin) {
  if (http::equal_ignoring_case(origin.host, "localhost") || origin.host == "::1") return true;
  // All of 127.0.0.0/8, but not a name that begins so, such as 127.example.com.
  return origin.host.starts_with("127.") &&
         std::all_of(origin.host.begin(), origin.host.end(),
                     [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace dynakeep::transport
