#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "http/message.h"
#include "http/message_parser.h"

namespace dynakeep::transport {

// Bytes in, the final HTTP/1 response out: how, http::MessageParser says. Interim responses (1xx)
// are passed over; a 101 is refused, for nobody asked to switch.
class ResponseParser final : public http::MessageParser {
 public:
  explicit ResponseParser(const http::MessageLimits& limits);

  // Forgets what was read; next comes the answer to a request of this method, on which it depends
  // whether there is a body.
  void expect_answer_to(std::string_view method);

  // As MessageParser's.
  std::size_t put(std::string_view bytes);

  // The connection was closed: the end of a body without a length. Whether the response is whole.
  bool finish() { return MessageParser::finish(); }

  // From state body on.
  int status() const { return response_.status; }
  // In state complete; the parser keeps nothing of it.
  http::HttpResponse take() { return std::move(response_); }

 private:
  std::optional<BodyRule> parse_start_line(std::string_view line) override;

  http::HttpResponse response_;
  bool body_never_ = false;    // the request was a HEAD
  bool opens_tunnel_ = false;  // the request was a CONNECT
};

}  // namespace dynakeep::transport
