#include "server/request_parser.h"

namespace dynakeep::server {

namespace {

// "http://host/path" -> "/path"; what is no absolute form stays.
std::string_view origin_form(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (!http::equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return target;
  const auto path = target.find_first_of("/?", scheme.size());
  return path == std::string_view::npos ? "/" : target.substr(path);
}

}  // namespace

RequestParser::RequestParser(const RequestLimits& limits)
    : MessageParser(limits, request_.headers, request_.body) {}

void RequestParser::next() {
  request_.method.clear();
  request_.target.clear();
  constexpr std::size_t kept_bytes_max = std::size_t{16} << 10;
  if (request_.target.capacity() > kept_bytes_max) request_.target.shrink_to_fit();
  restart();
}

std::size_t RequestParser::put(std::string_view bytes) {
  if (state() == State::head) {
    // RFC 7230, 3.5: empty lines before a request are to be ignored.
    if (bytes.starts_with("\r\n")) return 2;
    if (bytes == "\r") return 0;
  }
  return MessageParser::put(bytes);
}

int RequestParser::failed_status() const {
  switch (refusal()) {
    case Refusal::none:
      return 0;
    case Refusal::malformed:
      return 400;
    case Refusal::head_too_long:
      return 431;
    case Refusal::body_too_long:
      return 413;
  }
  return 400;
}

bool RequestParser::expects_continue() const {
  const auto expected = request_.headers.find("expect");
  return expected && http::equal_ignoring_case(*expected, "100-continue");
}

std::optional<http::MessageParser::BodyRule> RequestParser::parse_start_line(
    std::string_view line) {
  const auto first_space = line.find(' ');
  const auto last_space = line.rfind(' ');
  if (first_space == last_space) return std::nullopt;
  const std::string_view method = line.substr(0, first_space);
  const std::string_view target = line.substr(first_space + 1, last_space - first_space - 1);
  if (!http::is_token(method) || !http::is_target(target)) return std::nullopt;
  if (!parse_version(line.substr(last_space + 1))) return std::nullopt;
  request_.method = method;
  request_.target = origin_form(target);
  return BodyRule::if_announced;
}

}  // namespace dynakeep::server
