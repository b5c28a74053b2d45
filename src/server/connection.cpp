#include "server/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "dynakeep/database.h"
#include "server/worker.h"

namespace dynakeep::server {

namespace {

// Held without a lease: so little that the number of connections bounds it well enough.
constexpr std::size_t unleased_bytes_max = std::size_t{4} << 10;
// Past these a client gets its answers before its next requests are looked at.
constexpr std::size_t unsent_bytes_max = std::size_t{256} << 10;
constexpr std::size_t parked_max = 256;
// Gathered with others below this, written from where it stands above.
constexpr std::size_t gathered_body_bytes_max = std::size_t{32} << 10;
// Then they are sent, even if there are more to come.
constexpr std::size_t gathered_bytes_max = std::size_t{64} << 10;
// Pulled from a source while less than this waits for the client; and at most so much a turn, for
// others to have theirs.
constexpr std::size_t pulled_ahead_bytes = std::size_t{64} << 10;
constexpr std::size_t pulled_per_turn_bytes_max = std::size_t{512} << 10;
// What a refused client may still send before it is cut off.
constexpr std::size_t discarded_bytes_max = std::size_t{64} << 20;

void append_number(std::string& out, std::size_t value, int base = 10) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

// "127.0.0.1", "::1"; IPv4 that came through a socket of both kinds is IPv4. Empty: has none.
std::string peer_address(int socket) {
  sockaddr_storage peer = {};
  socklen_t size = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
    const auto* bytes = v6.sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, bytes + 12, text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, bytes, text.data(), text.size());
    }
  }
  return text.data();
}

void free_if_empty(std::string& text) {
  if (text.empty() && text.capacity() > unleased_bytes_max) text.shrink_to_fit();
}

}  // namespace

Connection::Connection(FileDescriptor socket, std::uint64_t id, Worker& worker)
    : socket_(std::move(socket)),
      id_(id),
      client_address_(peer_address(socket_.get())),
      worker_(worker),
      lease_(worker.budget()) {
  events_ = EPOLLIN;
  worker_.loop().watch(socket_.get(), events_, *this);
  update_deadline();
}

void Connection::close() {
  if (is_closed()) return;
  worker_.loop().unwatch(socket_.get());
  socket_.reset();
  for (const Parked& parked : parked_) {
    if (parked.late) worker_.cancel_alarm(*this, parked.due);
  }
  worker_.forget(*this);
}

void Connection::on_ready(std::uint32_t events) {
  if (is_closed()) return;
  if ((events & EPOLLOUT) != 0 && unsent_bytes() != 0 && !flush()) return close();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    receive();
  } else {
    advance({});
  }
}

void Connection::receive() {
  if (lingering_) return discard();
  // Only a broken connection is ready for more when its peer has finished.
  if (peer_finished_) return close();
  auto& buffer = worker_.read_buffer();
  const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  peer_finished_ = count == 0;
  // Who may be gone is not waited for.
  if (peer_finished_) finish_late();
  advance({buffer.data(), static_cast<std::size_t>(count)});
}

void Connection::discard() {
  auto& buffer = worker_.read_buffer();
  const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) {
    discarded_bytes_ += static_cast<std::size_t>(count);
    if (discarded_bytes_ <= discarded_bytes_max) return;
  }
  close();
}

// Takes what was received as far as it goes, writes what came of it, and settles what to wait for.
void Connection::advance(std::string_view received) {
  if (unparsed_.empty()) {
    const std::size_t taken = take_requests(received);
    unparsed_.assign(received.substr(taken));
  } else {
    unparsed_.append(received);
    unparsed_.erase(0, take_requests(unparsed_));
  }
  if (closing_) unparsed_.clear();
  free_if_empty(unparsed_);
  pull();
  send_gathered();
  settle();
}

bool Connection::may_take_requests() const {
  return !closing_ && !source_ && parked_.size() < parked_max && unsent_bytes() < unsent_bytes_max;
}

std::size_t Connection::take_requests(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && may_take_requests()) {
    if (!parser_) parser_ = worker_.take_parser();
    const std::size_t count = parser_->put(bytes.substr(taken));
    taken += count;
    switch (parser_->state()) {
      case RequestParser::State::head:
        if (count == 0) return taken;
        break;
      case RequestParser::State::body:
        if (!body_accepted_) {
          accept_body(bytes.substr(taken));
        } else if (count == 0) {
          return taken;
        }
        break;
      case RequestParser::State::complete:
        answer_request();
        parser_->next();
        body_accepted_ = false;
        progressed_ = true;
        break;
      case RequestParser::State::failed:
        refuse(parser_->failed_status());
        break;
    }
  }
  return taken;
}

void Connection::accept_body(std::string_view rest) {
  body_accepted_ = true;
  progressed_ = true;
  const auto length = parser_->content_length();
  if (length && rest.size() >= *length) return;
  if (length && !lease_.resize(held_bytes())) return refuse(503);
  // Only to who waits for it, and not between the answers to earlier requests.
  if (parser_->expects_continue() && rest.empty() && parked_.empty()) {
    worker_.gathered().append("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

void Connection::answer_request() {
  parser_->set_client_address(client_address_);
  const http::HttpRequest& request = parser_->request();
  const bool head_only = request.method == "HEAD";
  const bool http_1_0 = parser_->is_http_1_0();

  DeferredDurability deferred;
  http::HttpResponse response = worker_.application().answer(request);
  const bool last = !parser_->keep_alive() || worker_.is_draining() || response.close;
  closing_ = last;
  may_have_unread_ = worker_.is_draining() || response.close;
  if (response.late) {
    return park_late({.head_only = head_only,
                      .last = last,
                      .http_1_0 = http_1_0,
                      .late = std::move(response.late)});
  }
  const std::uint64_t position = deferred.position();
  if (position == 0 && parked_.empty()) {
    return put_response(std::move(response), head_only, last, http_1_0);
  }
  parked_bytes_ += response.body.size();
  parked_.push_back({.position = position,
                     .settled = position == 0,
                     .response = std::move(response),
                     .head_only = head_only,
                     .last = last,
                     .http_1_0 = http_1_0});
  if (position != 0) worker_.wait_for_disk(*this, position);
}

// The answer to what is no request, or is one too many. Goes out in its turn; then no more.
void Connection::refuse(int status) {
  closing_ = true;
  may_have_unread_ = true;
  const auto& refusal = worker_.application().refusal;
  http::HttpResponse response = refusal ? refusal(status) : http::HttpResponse{.status = status};
  if (parked_.empty()) return put_response(std::move(response), false, true, false);
  parked_.push_back({.settled = true, .response = std::move(response), .last = true});
}

void Connection::release(std::uint64_t position, const Result<void>& outcome) {
  if (is_closed()) return;
  for (Parked& parked : parked_) {
    if (parked.settled || parked.late || parked.position > position) continue;
    parked.settled = true;
    if (!outcome) {
      parked.response = worker_.application().not_durable(parked.response, outcome.error());
    }
  }
  put_settled();
  advance({});
}

void Connection::park_late(Parked parked) {
  parked.due = worker_.now() + parked.late->patience();
  worker_.set_alarm(*this, parked.due);
  if (worker_.is_draining() || peer_finished_) parked.late->finish();
  parked_.push_back(std::move(parked));
  ask_late();
}

bool Connection::has_late() const {
  return std::any_of(parked_.begin(), parked_.end(),
                     [](const Parked& parked) { return parked.late != nullptr; });
}

// Takes the late answers that are there by now.
void Connection::ask_late() {
  for (Parked& parked : parked_) {
    if (!parked.late) continue;
    DeferredDurability deferred;
    auto answer = parked.late->take(worker_.late_waker(*this));
    if (!answer) continue;
    worker_.cancel_alarm(*this, parked.due);
    parked.late.reset();
    parked.response = std::move(*answer);
    parked.position = deferred.position();
    parked.settled = parked.position == 0;
    parked_bytes_ += parked.response.body.size();
    if (!parked.settled) worker_.wait_for_disk(*this, parked.position);
  }
  put_settled();
}

void Connection::finish_late() {
  if (!has_late()) return;
  for (const Parked& parked : parked_) {
    if (parked.late) parked.late->finish();
  }
  ask_late();
}

void Connection::late_ready() {
  if (is_closed() || !has_late()) return;
  ask_late();
  advance({});
}

void Connection::late_due(Instant now) {
  for (const Parked& parked : parked_) {
    if (parked.late && parked.due <= now) parked.late->finish();
  }
  late_ready();
}

// The answers that wait for nothing but their turn.
void Connection::put_settled() {
  while (!source_ && !parked_.empty() && parked_.front().settled) {
    Parked parked = std::move(parked_.front());
    parked_.pop_front();
    put_response(std::move(parked.response), parked.head_only, parked.last, parked.http_1_0);
  }
  parked_bytes_ = 0;
  for (const Parked& parked : parked_) parked_bytes_ += parked.response.body.size();
}

void Connection::put_response(http::HttpResponse response, bool head_only, bool last,
                              bool http_1_0) {
  // HTTP/1.0 knows no chunks: the body ends with the connection.
  const bool until_close = response.source && http_1_0;
  if (until_close) closing_ = last = true;
  std::string& out = worker_.gathered();
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(response.status));
    out.append(1, ' ').append(http::reason_phrase(response.status)).append("\r\n");
  }
  out.append(response.headers.text());
  if (!response.source) {
    out.append("Content-Length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  } else if (!until_close) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  out.append(worker_.date_line());
  if (last) {
    out.append("Connection: close\r\n");
  } else if (http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  if (head_only) return;
  if (!response.source) return put_bytes(response.body);
  source_ = std::move(response.source);
  source_chunked_ = !until_close;
  source_asleep_ = false;
  if (worker_.is_draining()) source_->finish();
}

// Takes from the source what the client has room for.
void Connection::pull() {
  using State = http::BodySource::State;
  std::size_t pulled_bytes = 0;
  std::string part;
  while (source_ && !source_asleep_ && !is_closed() && unsent_bytes() < pulled_ahead_bytes &&
         pulled_bytes < pulled_per_turn_bytes_max) {
    part.clear();
    const State state = source_->next(part);
    pulled_bytes += part.size();
    put_part(part);
    switch (state) {
      case State::more:
        break;
      case State::later:
        source_asleep_ = true;
        source_->when_ready(worker_.waker(*this));
        break;
      case State::end:
        end_source();
        break;
      case State::broken:
        base::log(LogLevel::warning, "an answer could not be brought to its end", {});
        return close();
    }
  }
}

void Connection::put_part(std::string_view part) {
  if (part.empty()) return;  // as a chunk it would mean the end
  std::string& out = worker_.gathered();
  if (source_chunked_) {
    append_number(out, part.size(), 16);
    out.append("\r\n");
  }
  put_bytes(part);
  if (source_chunked_) worker_.gathered().append("\r\n");
  send_gathered();
}

void Connection::end_source() {
  if (source_chunked_) worker_.gathered().append("0\r\n\r\n");
  source_.reset();
  put_settled();
  // Requests that came meanwhile have waited for their turn.
  if (source_ || closing_) return;
  unparsed_.erase(0, take_requests(unparsed_));
  free_if_empty(unparsed_);
}

void Connection::source_ready() {
  if (is_closed() || !source_ || !source_asleep_) return;
  source_asleep_ = false;
  advance({});
}

void Connection::put_bytes(std::string_view bytes) {
  if (bytes.size() <= gathered_body_bytes_max) {
    worker_.gathered().append(bytes);
    if (worker_.gathered().size() > gathered_bytes_max) send_gathered();
    return;
  }
  send_gathered();
  send(bytes);
}

void Connection::send_gathered() {
  std::string& gathered = worker_.gathered();
  if (gathered.empty()) return;
  send(gathered);
  gathered.clear();
}

void Connection::send(std::string_view bytes) {
  if (is_closed()) return;
  if (unsent_bytes() == 0) {
    const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return close();
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    progressed_ = progressed_ || count > 0;
  }
  out_.append(bytes);
}

// Writes what is left of earlier answers. False if the client is gone.
bool Connection::flush() {
  const auto count = ::send(socket_.get(), out_.data() + out_sent_, unsent_bytes(), MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  progressed_ = progressed_ || count > 0;
  out_sent_ += static_cast<std::size_t>(count);
  // What is sent is dropped once it is the larger part, so that each byte moves once or twice.
  if (out_sent_ * 2 >= out_.size()) {
    out_.erase(0, out_sent_);
    out_sent_ = 0;
    free_if_empty(out_);
  }
  return true;
}

std::size_t Connection::held_bytes() const {
  std::size_t bytes =
      unparsed_.capacity() + out_.capacity() + parked_bytes_ + parked_.size() * sizeof(Parked);
  if (parser_) {
    const auto& request = parser_->request();
    const auto length = body_accepted_ ? parser_->content_length() : std::nullopt;
    bytes += request.headers.capacity_bytes() + request.target.capacity();
    bytes += std::max<std::size_t>(request.body.capacity(), length.value_or(0));
  }
  return bytes;
}

void Connection::settle() {
  if (is_closed()) return;
  const bool owes_nothing = unsent_bytes() == 0 && parked_.empty() && !source_;
  if (owes_nothing && (closing_ || peer_finished_)) {
    if (!may_have_unread_ || peer_finished_) return close();
    // Closed at once, with bytes unread, the client's kernel would drop our answer unread.
    ::shutdown(socket_.get(), SHUT_WR);
    lingering_ = true;
  }
  if (parser_ &&
      (closing_ || (parser_->state() == RequestParser::State::head && unparsed_.empty()))) {
    worker_.give_back(std::move(parser_));
  }
  if (worker_.is_draining() && owes_nothing && !parser_ && unparsed_.empty() && !lingering_) {
    return close();
  }
  const std::size_t held = held_bytes();
  if (!lease_.resize(held > unleased_bytes_max ? held : 0)) {
    // An answer under way cannot be taken back; a request can be refused.
    if (!owes_nothing || closing_) return close();
    refuse(503);
    unparsed_.clear();
    free_if_empty(unparsed_);
    send_gathered();
    return settle();
  }
  update_events();
  update_deadline();
}

void Connection::update_events() {
  std::uint32_t events = 0;
  // Also to see that a client is gone which would be answered last.
  const bool reads = may_take_requests() || (closing_ && has_late());
  if (lingering_ || (reads && !peer_finished_)) events |= EPOLLIN;
  if (unsent_bytes() != 0 || (source_ && !source_asleep_)) events |= EPOLLOUT;
  if (events == events_) return;
  events_ = events;
  worker_.loop().change(socket_.get(), events_, *this);
}

Connection::Waiting Connection::waiting_for() const {
  if (lingering_) return Waiting::linger;
  if (unsent_bytes() != 0) return Waiting::write;
  if (source_) return Waiting::source;
  if (!parked_.empty()) return Waiting::disk;
  if (parser_ && parser_->state() == RequestParser::State::body) return Waiting::body;
  if (parser_ || !unparsed_.empty()) return Waiting::head;
  return Waiting::idle;
}

void Connection::update_deadline() {
  const Waiting waiting = waiting_for();
  if (waiting == waiting_ && !progressed_) return;
  waiting_ = waiting;
  progressed_ = false;
  const Patience& patience = worker_.options().patience;
  switch (waiting) {
    case Waiting::disk:    // the database answers for that
    case Waiting::source:  // and the source for this
      deadline_ = Instant::max();
      break;
    case Waiting::idle:
      deadline_ = worker_.now() + patience.idle;
      break;
    case Waiting::head:
      deadline_ = worker_.now() + patience.header;
      break;
    case Waiting::body:
      deadline_ = worker_.now() + patience.body;
      break;
    case Waiting::write:
      deadline_ = worker_.now() + patience.write;
      break;
    case Waiting::linger:
      deadline_ = worker_.now() + patience.linger;
      break;
  }
}

void Connection::check_deadline(Instant now) {
  if (is_closed() || now < deadline_) return;
  base::log(LogLevel::debug, "client kept us waiting", {{"for", name_of(waiting_)}});
  close();
}

std::string Connection::name_of(Waiting waiting) {
  switch (waiting) {
    case Waiting::disk:
      return "the disk";
    case Waiting::source:
      return "the rest of an answer";
    case Waiting::idle:
      return "a request";
    case Waiting::head:
      return "the rest of a head";
    case Waiting::body:
      return "the rest of a body";
    case Waiting::write:
      return "an answer to be taken";
    case Waiting::linger:
      return "the end of what it sends";
  }
  return "nothing";
}

void Connection::begin_drain() {
  if (is_closed() || lingering_) return;
  if (source_) {
    source_->finish();
    source_ready();
  }
  finish_late();
  // A request may stand in the socket already: its client saw no sign of the end.
  if (waiting_ == Waiting::idle) receive();
  send_gathered();
  settle();
}

}  // namespace dynakeep::server
