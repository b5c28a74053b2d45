#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/message.h"
#include "http/message_parser.h"

namespace dynakeep::server {

using RequestLimits = http::MessageLimits;

// Bytes in, HTTP/1 requests out, one after the other: how, http::MessageParser says.
//
// Refused, with the status to answer: malformed messages, other versions and ambiguous lengths
// (400), more header than allowed (431), more body than allowed (413, as soon as it is announced).
class RequestParser final : public http::MessageParser {
 public:
  explicit RequestParser(const RequestLimits& limits);

  // As MessageParser's. Empty lines before a request are passed over.
  std::size_t put(std::string_view bytes);

  int failed_status() const;

  // From state body on. A target in absolute form has become its path.
  const http::HttpRequest& request() const { return request_; }
  bool expects_continue() const;
  // Stays, for the requests that follow.
  void set_client_address(std::string_view address) { request_.client_address = address; }

  // Forgets the current request.
  void next();

 private:
  std::optional<BodyRule> parse_start_line(std::string_view line) override;

  http::HttpRequest request_;
};

}  // namespace dynakeep::server
