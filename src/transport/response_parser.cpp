#include "transport/response_parser.h"

namespace dynakeep::transport {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_interim(int status) { return status < 200; }

}  // namespace

ResponseParser::ResponseParser(const http::MessageLimits& limits)
    : MessageParser(limits, response_.headers, response_.body) {}

void ResponseParser::expect_answer_to(std::string_view method) {
  restart();
  body_never_ = method == "HEAD";
  opens_tunnel_ = method == "CONNECT";
}

std::size_t ResponseParser::put(std::string_view bytes) {
  const std::size_t taken = MessageParser::put(bytes);
  if (state() == State::complete && is_interim(response_.status)) restart();
  return taken;
}

std::optional<http::MessageParser::BodyRule> ResponseParser::parse_start_line(
    std::string_view line) {
  // "HTTP/1.1 200 OK"; some leave the reason out, or the blank before it as well.
  constexpr std::size_t status_at = 9;
  constexpr std::size_t status_end = status_at + 3;
  if (line.size() < status_end || line[status_at - 1] != ' ') return std::nullopt;
  if (!parse_version(line.substr(0, status_at - 1))) return std::nullopt;
  if (line.size() > status_end && line[status_end] != ' ') return std::nullopt;
  if (!http::is_field_value(line.substr(status_end))) return std::nullopt;
  int status = 0;
  for (const char c : line.substr(status_at, 3)) {
    if (!is_digit(c)) return std::nullopt;
    status = status * 10 + (c - '0');
  }
  if (status < 100 || status == 101) return std::nullopt;
  response_.status = status;
  // RFC 7230, 3.3.3.
  if (is_interim(status) || status == 204 || status == 304 || body_never_) return BodyRule::never;
  if (opens_tunnel_ && status < 300) return BodyRule::never;
  return BodyRule::until_close;
}

}  // namespace dynakeep::transport
