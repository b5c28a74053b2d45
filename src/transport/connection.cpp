#include "transport/connection.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <poll.h>

#include "transport/answer_body.h"

namespace dynakeep::transport {

namespace {

using State = ResponseParser::State;
using Refusal = ResponseParser::Refusal;
using Outcome = Moved::Outcome;

void append_number(std::string& out, std::size_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

// RFC 7230, 3.3.2: a length of nothing is said where something would have a meaning.
bool says_length(const http::HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT";
}

std::string_view explain(Refusal refusal) {
  switch (refusal) {
    case Refusal::head_too_long:
      return "its answer has more header than is taken";
    case Refusal::body_too_long:
      return "its answer is larger than is taken";
    default:
      return "its answer is not HTTP";
  }
}

}  // namespace

Connection::Connection(std::unique_ptr<Channel> channel, std::string peer,
                       std::size_t answer_bytes_max, Additions additions)
    : channel_(std::move(channel)),
      peer_(std::move(peer)),
      answer_bytes_max_(answer_bytes_max),
      additions_(std::move(additions)),
      parser_({.header_bytes_max = buffer_bytes - 1, .body_bytes_max = answer_bytes_max}) {}

Result<http::HttpResponse> Connection::exchange(const http::HttpRequest& request,
                                                Deadline deadline) {
  if (!http::is_token(request.method) || !http::is_target(request.target)) {
    return Error(ErrorCode::invalid_argument,
                 "a request's method or target holds a character that it may not hold");
  }
  head_.clear();
  head_.append(request.method).append(" ").append(additions_.before_target);
  head_.append(request.target).append(" HTTP/1.1\r\n");
  head_.append(request.headers.text()).append(additions_.lines);
  if (says_length(request)) {
    head_.append("Content-Length: ");
    append_number(head_, request.body.size());
    head_.append("\r\n");
  }
  head_.append("\r\n");

  parser_.expect_answer_to(request.method);
  all_sent_ = false;
  drained_ = true;
  // Nothing but a whole exchange leaves the connection where another can begin.
  may_stay_ = false;
  if (auto stopped = send(head_, request.body, deadline)) return *std::move(stopped);
  if (auto stopped = receive(deadline)) return *std::move(stopped);
  may_stay_ = all_sent_ && parser_.keep_alive() && unparsed_bytes_ == 0;
  auto response = parser_.take();
  if (const auto parameters = response.headers.find("keep-alive")) note_keep_alive(*parameters);
  // What describes a body that is not there describes the one that a GET would bring.
  if (request.method == "HEAD") return response;
  if (const auto unpacked = unpack_body(response, answer_bytes_max_); !unpacked) {
    return trouble(unpacked.error().code(), unpacked.error().message());
  }
  return response;
}

base::FileDescriptor Connection::release() {
  may_stay_ = false;
  return unparsed_bytes_ == 0 && all_sent_ ? channel_->release() : base::FileDescriptor();
}

// Until all is sent, or an answer has come that did not wait for it.
Connection::Trouble Connection::send(std::string_view head, std::string_view body,
                                     Deadline deadline) {
  while (!all_sent_ && !is_answered()) {
    const Moved moved = channel_->write(head, body);
    switch (moved.outcome) {
      case Outcome::some: {
        const std::size_t of_head = std::min(moved.bytes, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(moved.bytes - of_head);
        all_sent_ = head.empty() && body.empty();
        break;
      }
      case Outcome::wants_read:
      case Outcome::wants_write: {
        const short wanted =
            moved.outcome == Outcome::wants_read ? POLLIN : static_cast<short>(POLLIN | POLLOUT);
        const short ready = wait_until_ready(channel_->descriptor(), wanted, deadline);
        if (ready == 0) {
          return trouble(ErrorCode::timed_out, "the request could not be sent in time");
        }
        // Who refuses a request may say so before it is all there.
        if ((ready & POLLIN) != 0 && read_some() == Outcome::ended) {
          return trouble(ErrorCode::unavailable,
                         "it closed the connection before the request was sent");
        }
        break;
      }
      case Outcome::ended:
      case Outcome::failed: {
        const std::string failure =
            moved.outcome == Outcome::ended ? "it closed the connection" : channel_->failure();
        // And may have closed behind its answer, which is still there to be read.
        while (!is_answered() && read_some() == Outcome::some) {
        }
        if (is_answered()) return std::nullopt;
        return trouble(ErrorCode::unavailable, "the request could not be sent: " + failure);
      }
    }
  }
  return std::nullopt;
}

Connection::Trouble Connection::receive(Deadline deadline) {
  // The answer cannot be there yet, so wait before the first look. What was read already may have
  // left more in the channel, of which the socket does not know.
  short wanted = drained_ ? POLLIN : 0;
  while (parser_.state() != State::complete && parser_.state() != State::failed) {
    if (wanted != 0 && wait_until_ready(channel_->descriptor(), wanted, deadline) == 0) {
      return no_answer_in_time();
    }
    wanted = 0;
    switch (read_some()) {
      case Outcome::some:
        break;
      case Outcome::wants_read:
        wanted = POLLIN;
        break;
      case Outcome::wants_write:
        wanted = POLLOUT;
        break;
      case Outcome::ended:
        if (parser_.finish()) break;
        return trouble(ErrorCode::unavailable,
                       parser_.state() == State::head && unparsed_bytes_ == 0
                           ? "it closed the connection without an answer"
                           : "it closed the connection in the middle of its answer");
      case Outcome::failed:
        return trouble(ErrorCode::unavailable, "the connection was lost: " + channel_->failure());
    }
  }
  if (parser_.state() == State::failed) {
    const auto refusal = parser_.refusal();
    const bool too_large = refusal == Refusal::body_too_long;
    return trouble(too_large ? ErrorCode::limit_exceeded : ErrorCode::unavailable,
                   explain(refusal));
  }
  return std::nullopt;
}

Moved::Outcome Connection::read_some() {
  const Moved moved =
      channel_->read(buffer_.data() + unparsed_bytes_, buffer_.size() - unparsed_bytes_);
  drained_ = moved.outcome == Outcome::wants_read;
  if (moved.outcome == Outcome::some) parse(moved.bytes);
  return moved.outcome;
}

void Connection::parse(std::size_t bytes_read) {
  std::string_view bytes(buffer_.data(), unparsed_bytes_ + bytes_read);
  while (parser_.state() == State::head || parser_.state() == State::body) {
    const std::size_t taken = parser_.put(bytes);
    bytes.remove_prefix(taken);
    if (taken == 0) break;
  }
  std::memmove(buffer_.data(), bytes.data(), bytes.size());
  unparsed_bytes_ = bytes.size();
}

void Connection::note_keep_alive(std::string_view parameters) {
  constexpr std::string_view name = "timeout=";
  const auto at = parameters.find(name);
  if (at == std::string_view::npos) return;
  const std::string_view digits = parameters.substr(at + name.size());
  std::uint32_t seconds = 0;
  const char* const end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, seconds).ec != std::errc()) return;
  stays_for_ = std::chrono::seconds(std::max(seconds, std::uint32_t{1}) - 1);
}

bool Connection::is_answered() const { return parser_.state() != State::head; }

Error Connection::trouble(ErrorCode code, std::string_view what) const {
  Error error(code, peer_ + ": " + std::string(what));
  error.set_outcome_unknown(all_sent_);
  return error;
}

Error Connection::no_answer_in_time() const {
  return trouble(ErrorCode::timed_out,
                 is_answered() ? "its answer did not end in time" : "it did not answer in time");
}

}  // namespace dynakeep::transport
