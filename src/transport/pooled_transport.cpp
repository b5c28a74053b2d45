#include "transport/pooled_transport.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "transport/connect.h"
#include "transport/connection.h"
#include "transport/resolver.h"
#include "transport/tls.h"
#include "transport/url.h"

namespace dynakeep::transport {

namespace {

using Clock = std::chrono::steady_clock;

std::string authorization_line(const Proxy& proxy) {
  if (proxy.authorization.empty()) return {};
  return "Proxy-Authorization: " + proxy.authorization + "\r\n";
}

// Has the proxy connect to the origin: what is sent on the socket from then on goes there.
Result<base::FileDescriptor> open_tunnel(base::FileDescriptor socket, const Proxy& proxy,
                                         const Origin& origin, Deadline deadline) {
  constexpr std::size_t answer_bytes_max = std::size_t{64} << 10;
  Connection connection(plain_channel(std::move(socket)), "CONNECT", answer_bytes_max,
                        {.lines = authorization_line(proxy)});
  http::HttpRequest connect{.method = "CONNECT", .target = host_with_port(origin)};
  connect.headers.add("Host", connect.target);
  const auto answered = connection.exchange(connect, deadline);
  // Whatever became of it, the request it was for has not been sent.
  if (!answered) return Error(answered.error()).set_outcome_unknown(false);
  if (answered->status == 407) {
    return Error(ErrorCode::unavailable,
                 "it wants a user and a password, or others: http://USER:PASSWORD@HOST:PORT");
  }
  auto tunnel = connection.release();
  if (answered->status >= 300 || !tunnel.is_open()) {
    return Error(ErrorCode::unavailable,
                 "it does not connect: it answered " + std::to_string(answered->status));
  }
  return tunnel;
}

class PooledTransport final : public Transport {
 public:
  PooledTransport(const TransportOptions& options, std::unique_ptr<TlsClient> tls)
      : options_(options), tls_(std::move(tls)) {}

  Result<http::HttpResponse> send(const Origin& to, const http::HttpRequest& request,
                                  Deadline deadline) override;

 private:
  struct Idle {
    Origin origin;
    std::unique_ptr<Connection> connection;
    Deadline good_until;
  };

  // A caller in the queue, on its own stack.
  struct Waiter {
    std::condition_variable turn_came;
    bool may_go = false;
  };

  // The right to use one of connections_max connections.
  class Turn {
   public:
    explicit Turn(PooledTransport& transport) : transport_(&transport) {}
    Turn(Turn&& other) noexcept : transport_(std::exchange(other.transport_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (transport_ != nullptr) transport_->end_turn();
    }

   private:
    PooledTransport* transport_;
  };

  Result<Turn> begin_turn(Deadline deadline);
  void end_turn();
  std::unique_ptr<Connection> take_idle(const Origin& origin);
  void keep(const Origin& origin, std::unique_ptr<Connection> connection);
  Result<std::unique_ptr<Connection>> open(const Origin& origin, Deadline deadline);
  Result<std::unique_ptr<Channel>> open_channel(const Origin& origin, const Proxy* proxy,
                                                Deadline deadline);
  Result<TlsClient*> tls();

  const TransportOptions options_;
  Resolver resolver_;

  std::mutex tls_mutex_;
  std::unique_ptr<TlsClient> tls_;  // guarded by tls_mutex_ until it is there; lives to the end

  std::mutex mutex_;
  // Guarded by mutex_.
  std::size_t turns_taken_ = 0;
  std::deque<Waiter*> waiters_;  // only while all turns are taken
  std::deque<Idle> idle_;        // the longest unused first
};

Result<http::HttpResponse> PooledTransport::send(const Origin& to, const http::HttpRequest& request,
                                                 Deadline deadline) {
  const Turn turn = TRY(begin_turn(deadline));
  auto connection = take_idle(to);
  if (connection == nullptr) connection = TRY(open(to, deadline));
  // A request that is sent without time to wait for its answer leaves an open question for nothing.
  if (Clock::now() >= deadline) {
    return Error(ErrorCode::timed_out, to_string(to) + ": no time was left to send the request");
  }
  auto response = connection->exchange(request, deadline);
  if (connection->may_stay()) keep(to, std::move(connection));
  return response;
}

Result<PooledTransport::Turn> PooledTransport::begin_turn(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (turns_taken_ < options_.connections_max) {
    ++turns_taken_;
    return Turn(*this);
  }
  // Each waits for a signal of its own, so that a free connection wakes one caller, the first.
  Waiter waiter;
  waiters_.push_back(&waiter);
  if (!waiter.turn_came.wait_until(lock, deadline, [&] { return waiter.may_go; })) {
    std::erase(waiters_, &waiter);
    return Error(ErrorCode::timed_out, "all " + std::to_string(options_.connections_max) +
                                           " connections were in use until the deadline");
  }
  return Turn(*this);
}

void PooledTransport::end_turn() {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) {
    --turns_taken_;
    return;
  }
  // Handed on, not given back: a caller that comes just now is behind those who wait.
  Waiter* const first = waiters_.front();
  waiters_.pop_front();
  first->may_go = true;
  first->turn_came.notify_one();
}

std::unique_ptr<Connection> PooledTransport::take_idle(const Origin& origin) {
  while (true) {
    Idle taken;
    {
      const std::lock_guard lock(mutex_);
      const auto last = std::find_if(idle_.rbegin(), idle_.rend(),
                                     [&](const Idle& idle) { return idle.origin == origin; });
      if (last == idle_.rend()) return nullptr;
      taken = std::move(*last);
      idle_.erase(std::next(last).base());
    }
    if (Clock::now() >= taken.good_until) continue;
    if (taken.connection->is_quiet()) return std::move(taken.connection);
  }
}

void PooledTransport::keep(const Origin& origin, std::unique_ptr<Connection> connection) {
  const auto now = Clock::now();
  const auto good_for =
      std::min<std::chrono::milliseconds>(options_.idle_timeout, connection->stays_for());
  std::vector<Idle> forgotten;  // closed after the lock is given back
  const std::lock_guard lock(mutex_);
  idle_.push_back(
      {.origin = origin, .connection = std::move(connection), .good_until = now + good_for});
  while (now >= idle_.front().good_until || idle_.size() > options_.connections_max) {
    forgotten.push_back(std::move(idle_.front()));
    idle_.pop_front();
    if (idle_.empty()) break;
  }
}

Result<std::unique_ptr<Connection>> PooledTransport::open(const Origin& origin, Deadline deadline) {
  const Deadline connect_deadline = std::min(deadline, Clock::now() + options_.connect_timeout);
  const Proxy* const proxy = proxy_for(options_.proxies, origin);
  auto channel = open_channel(origin, proxy, connect_deadline);
  std::string peer = to_string(origin);
  Additions additions{.lines = "Accept-Encoding: gzip\r\n"};
  if (proxy != nullptr) {
    peer += " by the proxy " + to_string(proxy->origin);
    if (!channel) return Error(channel.error().code(), peer + ": " + channel.error().message());
    if (!origin.secure) {
      additions.before_target = to_string(origin);
      additions.lines += authorization_line(*proxy);
    }
  }
  if (!channel) return std::move(channel).error();
  return std::make_unique<Connection>(*std::move(channel), std::move(peer),
                                      options_.answer_bytes_max, std::move(additions));
}

Result<std::unique_ptr<Channel>> PooledTransport::open_channel(const Origin& origin,
                                                               const Proxy* proxy,
                                                               Deadline deadline) {
  auto socket = TRY(connect_to(proxy == nullptr ? origin : proxy->origin, resolver_, deadline));
  if (!origin.secure) return plain_channel(std::move(socket));
  if (proxy != nullptr) socket = TRY(open_tunnel(std::move(socket), *proxy, origin, deadline));
  return TRY(tls())->open(std::move(socket), origin, deadline);
}

Result<TlsClient*> PooledTransport::tls() {
  const std::lock_guard lock(tls_mutex_);
  if (tls_ == nullptr) tls_ = TRY(TlsClient::create(options_.ca_bundle));
  return tls_.get();
}

}  // namespace

Result<std::unique_ptr<Transport>> make_pooled_transport(const TransportOptions& options) {
  if (options.connections_max == 0) {
    return Error(ErrorCode::invalid_argument, "connections_max should be at least 1");
  }
  std::unique_ptr<TlsClient> tls;
  // A file that is named is read now, for whoever named it is still there to be told.
  if (!options.ca_bundle.empty()) tls = TRY(TlsClient::create(options.ca_bundle));
  return std::make_unique<PooledTransport>(options, std::move(tls));
}

}  // namespace dynakeep::transport
