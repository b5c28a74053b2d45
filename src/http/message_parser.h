#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace dynakeep::http {

struct MessageLimits {
  std::size_t header_bytes_max = std::size_t{64} << 10;  // first line and fields together
  std::size_t body_bytes_max = std::size_t{16} << 20;
};

// What requests and responses of HTTP/1 have in common (RFC 7230): fields, lengths, chunks. Bytes
// in, messages out, one after the other. Knows nothing of sockets. The first line is for the kinds
// of messages: server/request_parser, remote/response_parser.
//
// Reads the same however the bytes are cut. Strict where readers differ, since a proxy between us
// and the other side may read otherwise than we do: lines end in CRLF, no folded fields, one
// length.
//
// After a refusal the bytes have no meaning any more: close.
class MessageParser {
 public:
  enum class State : std::uint8_t {
    head,      // the first line and the fields are not whole yet
    body,      // the head is whole, the body is not
    complete,  // the message is there
    failed,    // refusal() says why
  };

  enum class Refusal : std::uint8_t {
    none,
    malformed,      // also other versions and ambiguous lengths
    head_too_long,  // or lines between chunks, or fields behind them
    body_too_long,  // as soon as it is announced
  };

  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  State state() const { return state_; }
  Refusal refusal() const { return refusal_; }

  // From state body on. The announced length; none for chunks.
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  // Whether the sender wants the connection to stay (RFC 7230, 6.3), and speaks HTTP/1.0.
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return is_http_1_0_; }

 protected:
  // What there is behind the fields.
  enum class BodyRule : std::uint8_t {
    never,         // nothing, whatever they announce
    if_announced,  // what they announce
    until_close,   // what they announce, else all that comes
  };

  // Fields and body are put there; both must live as long.
  MessageParser(const MessageLimits& limits, Headers& headers, std::string& body);
  ~MessageParser() = default;

  // Takes bytes off the front and returns how many. Stops at the end of the head and at the end of
  // the message, so call again while it takes some; what it leaves must come again, with more
  // behind it. For states head and body.
  std::size_t put(std::string_view bytes);

  // No more bytes will come. Whether that completes the message.
  bool finish();

  // Forgets the message. Its memory serves the next; much of it is given back.
  void restart();

  // The first line, without its CRLF; none if it makes no sense.
  virtual std::optional<BodyRule> parse_start_line(std::string_view line) = 0;
  bool parse_version(std::string_view version);

 private:
  enum class ChunkPart : std::uint8_t { none, size, data, end_of_data, trailer };

  std::size_t fail(Refusal refusal);
  std::size_t take_head(std::string_view bytes);
  Refusal parse_head(std::string_view head);
  bool note_field(std::string_view name, std::string_view value);
  void note_connection(std::string_view options);
  std::size_t take_body(std::string_view bytes);
  std::size_t take_rest(std::string_view bytes);
  std::size_t take_chunks(std::string_view bytes);
  void take_chunk_line(std::string_view line);

  const MessageLimits limits_;
  Headers& headers_;
  std::string& body_;
  State state_ = State::head;
  ChunkPart chunk_part_ = ChunkPart::none;  // none: the body has a length, or there is none
  Refusal refusal_ = Refusal::none;
  std::size_t scanned_bytes_ = 0;  // of the head that is not whole, for its end
  std::optional<std::uint64_t> content_length_;
  std::size_t body_bytes_left_ = 0;  // of the body, or of the chunk
  std::size_t trailer_bytes_ = 0;
  bool is_http_1_0_ = false;
  bool until_close_ = false;
  bool keep_alive_ = true;
};

// What may stand in a message (RFC 7230, 3.2.6): a method or name; a request's target; the value of
// a field or a reason, empty or not. Bytes past ASCII are taken as they are, outside of tokens.
bool is_token(std::string_view text);
bool is_target(std::string_view text);
bool is_field_value(std::string_view text);

}  // namespace dynakeep::http
