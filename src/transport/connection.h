#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "http/message.h"
#include "transport/channel.h"
#include "transport/response_parser.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// What a connection adds to every request.
struct Additions {
  std::string before_target = {};  // "http://host:port" where a proxy must know whom it is for
  std::string lines = {};          // "Name: value\r\n", more than one if need be
};

// One connection: a request out, its response in, again and again until either side has enough.
// Keeps its buffers from one to the next. Not thread-safe.
class Connection {
 public:
  // `peer` is who is at the other end, for errors. A response with a longer body is refused.
  Connection(std::unique_ptr<Channel> channel, std::string peer, std::size_t answer_bytes_max,
             Additions additions = {});

  // Sends the request with what is added to it and its Content-Length, and reads the response, its
  // body unpacked. Refused as Transport::send says, and with invalid_argument if the method or the
  // target would not be read as such.
  Result<http::HttpResponse> exchange(const http::HttpRequest& request, Deadline deadline);

  // Whether another exchange may follow: both sides kept to the rules and want it.
  bool may_stay() const { return may_stay_; }
  // For how long the other side said it keeps it without a request ("Keep-Alive: timeout=5"), less
  // a second for what is on its way.
  std::chrono::seconds stays_for() const { return stays_for_; }
  // Whether the other side still holds it open, as far as can be seen.
  bool is_quiet() { return channel_->is_quiet(); }

  // After the answer to a CONNECT: the socket, which leads to somebody else now. Not open if more
  // came behind the answer than is ours to read.
  base::FileDescriptor release();

 private:
  // A head that fits here is not too long, and neither is one that does not.
  static constexpr std::size_t buffer_bytes = std::size_t{32} << 10;

  static constexpr std::chrono::seconds forever = std::chrono::hours(24);

  // What keeps an exchange from going on; none when it may.
  using Trouble = std::optional<Error>;

  Trouble send(std::string_view head, std::string_view body, Deadline deadline);
  Trouble receive(Deadline deadline);
  // Reads once, without waiting, and parses what came.
  Moved::Outcome read_some();
  void parse(std::size_t bytes_read);
  void note_keep_alive(std::string_view parameters);
  bool is_answered() const;
  Error trouble(ErrorCode code, std::string_view what) const;
  Error no_answer_in_time() const;

  std::unique_ptr<Channel> channel_;
  const std::string peer_;
  const std::size_t answer_bytes_max_;
  const Additions additions_;
  ResponseParser parser_;
  std::string head_;
  std::array<char, buffer_bytes> buffer_;
  std::size_t unparsed_bytes_ = 0;  // at the front of the buffer
  bool all_sent_ = false;
  bool drained_ = true;  // the last read found nothing more
  bool may_stay_ = true;
  std::chrono::seconds stays_for_ = forever;
};

}  // namespace dynakeep::transport
