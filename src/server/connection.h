#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "http/message.h"
#include "server/event_loop.h"
#include "server/memory_budget.h"
#include "server/request_parser.h"

namespace dynakeep::server {

class Worker;

// One client's connection: bytes are read, whole requests answered at once and in their order, and
// the answers written, on the worker's thread. An answer whose writes are not on disk yet is parked
// with all answers behind it.
//
// While nothing is half done a connection holds no buffers: reading, parsing and writing use the
// worker's. An answer with a BodySource is pulled from it as fast as the client takes it, and no
// further. What a connection must hold (a part of a request, answers the client or the disk is slow
// to take) is leased from the server's budget; who gets no lease is refused with 503, or dropped.
class Connection final : public EventHandler {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  Connection(FileDescriptor socket, std::uint64_t id, Worker& worker);
  ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::uint64_t id() const { return id_; }
  bool is_closed() const { return !socket_.is_open(); }

  void on_ready(std::uint32_t events) override;

  // Everything up to `position` is on disk, or has failed to get there.
  void release(std::uint64_t position, const Result<void>& outcome);

  // The source of the answer under way, which had nothing, has something.
  void source_ready();

  // A late answer may be there.
  void late_ready();
  // Those that were waited for until `now` are told to finish.
  void late_due(Instant now);

  // Drops a client that has kept us waiting for too long.
  void check_deadline(Instant now);

  // Closes once what has begun is answered; at once if nothing has.
  void begin_drain();

  void close();

 private:
  // What the next thing to happen depends on; each has its own patience.
  enum class Waiting : std::uint8_t { disk, source, idle, head, body, write, linger };

  struct Parked {
    std::uint64_t position = 0;  // 0: waits only for those before it
    bool settled = false;
    http::HttpResponse response = {};
    bool head_only = false;
    bool last = false;
    bool http_1_0 = false;
    std::shared_ptr<http::LateAnswer> late = {};  // until it has given the response
    Instant due = {};                             // when the late one has to
  };

  void receive();
  void discard();
  void advance(std::string_view received);
  std::size_t take_requests(std::string_view bytes);
  bool may_take_requests() const;
  void accept_body(std::string_view rest);
  void answer_request();
  void refuse(int status);

  void put_response(http::HttpResponse response, bool head_only, bool last, bool http_1_0);
  void park_late(Parked parked);
  bool has_late() const;
  void finish_late();
  void ask_late();
  void put_settled();
  void pull();
  void put_part(std::string_view part);
  void end_source();
  void put_bytes(std::string_view bytes);
  void send_gathered();
  void send(std::string_view bytes);
  bool flush();
  std::size_t unsent_bytes() const { return out_.size() - out_sent_; }

  void settle();
  void update_events();
  void update_deadline();
  Waiting waiting_for() const;
  static std::string name_of(Waiting waiting);
  std::size_t held_bytes() const;

  FileDescriptor socket_;
  const std::uint64_t id_;
  const std::string client_address_;
  Worker& worker_;
  MemoryLease lease_;

  std::unique_ptr<RequestParser> parser_;  // while a request is partly here
  std::string unparsed_;                   // received and not yet taken
  std::deque<Parked> parked_;
  std::size_t parked_bytes_ = 0;
  // Of the answer under way, if it has one.
  std::shared_ptr<http::BodySource> source_;
  bool source_chunked_ = false;  // else its end is the connection's
  bool source_asleep_ = false;   // it will call when it has something
  std::string out_;              // what the socket did not take at once
  std::size_t out_sent_ = 0;

  Instant deadline_ = {};
  std::uint32_t events_ = 0;  // those watched
  Waiting waiting_ = Waiting::disk;
  bool progressed_ = true;        // since the deadline was set
  bool body_accepted_ = false;    // the lease covers the body that is coming
  bool closing_ = false;          // no more requests are taken
  bool may_have_unread_ = false;  // the client may still be sending what nobody will read
  bool peer_finished_ = false;    // no more bytes will come
  bool lingering_ = false;        // all is written; reading on so that the client gets it
  std::size_t discarded_bytes_ = 0;
};

}  // namespace dynakeep::server
