#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace dynakeep::server {

struct RequestLimits {
  std::size_t header_bytes_max = std::size_t{64} << 10;  // request line and fields together
  std::size_t body_bytes_max = std::size_t{16} << 20;
};

// Bytes in, HTTP/1 requests out (RFC 7230), one after the other. Knows nothing of sockets. Memory
// of one request serves the next; much of it is given back.
//
// Reads the same however the bytes are cut. Strict where readers differ, since a proxy before us
// may read otherwise than we do: lines end in CRLF, no folded fields, one length.
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

  // Takes bytes off the front and returns how many. Stops at the end of the head and at the end of
  // the request, so call again while it takes some; what it leaves must come again, with more
  // behind it. For states head and body.
  std::size_t put(std::string_view bytes);

  State state() const { return state_; }
  int failed_status() const { return failed_status_; }

  // From state body on. A target in absolute form has become its path.
  const http::HttpRequest& request() const { return request_; }
  // The announced length; none for chunks.
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  bool expects_continue() const { return expects_continue_; }
  // Whether the client wants the connection to stay (RFC 7230, 6.3), and speaks HTTP/1.0.
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return is_http_1_0_; }

  // Forgets the current request.
  void next();

 private:
  enum class ChunkPart : std::uint8_t { none, size, data, end_of_data, trailer };

  std::size_t fail(int status);
  std::size_t take_head(std::string_view bytes);
  int parse_head(std::string_view head);
  bool parse_request_line(std::string_view line);
  bool note_field(std::string_view name, std::string_view value);
  void note_connection(std::string_view options);
  std::size_t take_body(std::string_view bytes);
  std::size_t take_chunks(std::string_view bytes);
  void take_chunk_line(std::string_view line);

  const RequestLimits limits_;
  http::HttpRequest request_;
  State state_ = State::head;
  ChunkPart chunk_part_ = ChunkPart::none;  // none: the body has a length, or there is none
  int failed_status_ = 0;
  std::size_t scanned_bytes_ = 0;  // of the head that is not whole, for its end
  std::optional<std::uint64_t> content_length_;
  std::size_t body_bytes_left_ = 0;  // of the body, or of the chunk
  std::size_t trailer_bytes_ = 0;
  bool expects_continue_ = false;
  bool is_http_1_0_ = false;
  bool keep_alive_ = true;
};

}  // namespace dynakeep::server
