#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace dynakeep::server {

struct RequestLimits {
  std::size_t header_bytes_max = std::size_t{64} << 10;  // request line and fields together
  std::size_t body_bytes_max = std::size_t{16} << 20;
};

// Bytes in, HTTP/1 requests out, one after the other. Knows nothing of sockets. Memory of one
// request serves the next; much of it is given back.
//
// Refused, with the status to answer: malformed messages, other versions and ambiguous lengths
// (400), more header than allowed (431), more body than allowed (413, as soon as it is announced).
// After a refusal the bytes have no meaning any more: close.
class RequestParser {
 public:
  enum class State : std::uint8_t {
    head,      // the request line and the fields are not whole yet
    body,      // the head is whole, the body is not
    complete,  // request() may be answered; then next()
    failed,    // failed_status() says why
  };

  explicit RequestParser(const RequestLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes off the front and returns how many. Stops at the end of the head and at the end of
  // the request, so call again while it takes some; what it leaves must come again, with more
  // behind it.
  std::size_t put(std::string_view bytes);

  State state() const;
  int failed_status() const;

  // Nothing of the current request has been taken yet.
  bool is_fresh() const;

  // From state body on. A target in absolute form has become its path.
  const http::HttpRequest& request() const;
  // The announced length; none for chunks.
  std::optional<std::uint64_t> content_length() const;
  bool expects_continue() const;
  // Whether the client wants the connection to stay (RFC 7230, 6.3), and speaks HTTP/1.0.
  bool keep_alive() const;
  bool is_http_1_0() const;

  // Forgets the current request.
  void next();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> it_;
};

}  // namespace dynakeep::server
