#include "server/listener.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace dynakeep::server {

namespace {

using namespace std::chrono_literals;

constexpr int accepted_at_once_max = 64;
constexpr std::string_view full_answer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

struct AddressDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
  }
  return false;
}

FileDescriptor open_spare() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// Signals are the program's to handle, on threads of its own.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::start(Application application,
                                                  ListenerOptions options) {
  auto listener =
      std::unique_ptr<Listener>(new Listener(std::move(application), std::move(options)));
  if (auto listening = listener->listen(); !listening) return listening.error();
  const unsigned threads = std::max(1U, listener->options_.threads);
  for (unsigned i = 0; i < threads; ++i) {
    listener->workers_.push_back(
        TRY(Worker::create(listener->application_, listener->budget_, listener->options_.worker)));
  }
  listener->workers_.front()->loop().watch(listener->socket_.get(), EPOLLIN, *listener);
  for (auto& worker : listener->workers_) {
    try {
      listener->threads_.emplace_back([&worker = *worker] {
        block_signals();
        while (!worker.is_drained()) worker.turn(60s);
      });
    } catch (const std::system_error& error) {
      return Error(ErrorCode::unavailable, std::string("cannot start a thread: ") + error.what());
    }
  }
  return listener;
}

Listener::Listener(Application application, ListenerOptions options)
    : application_(std::move(application)),
      options_(std::move(options)),
      budget_(options_.memory_bytes_max),
      spare_(open_spare()) {}

Listener::~Listener() { stop(0ms); }

Result<void> Listener::listen() {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options_.port);
  const int failed = ::getaddrinfo(options_.address.c_str(), port.c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, AddressDeleter> list(found);
  if (failed != 0) {
    return Error(
        ErrorCode::invalid_argument,
        "'" + options_.address + "' is no address to listen on: " + ::gai_strerror(failed));
  }
  if (options_.loopback_only && !is_loopback(*list->ai_addr)) {
    return Error(ErrorCode::invalid_argument,
                 "'" + options_.address + "' is open to other machines");
  }
  const std::string where = options_.address + " port " + port;
  FileDescriptor socket(::socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    return Error(ErrorCode::unavailable,
                 "cannot open a socket for " + where + ": " + std::strerror(errno));
  }
  // A port in TIME_WAIT from our last run may be used again; one that somebody listens on may not.
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.get(), list->ai_addr, list->ai_addrlen) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    const int error = errno;
    if (error == EADDRINUSE) {
      return Error(ErrorCode::resource_in_use, where + " is in use by another program");
    }
    return Error(ErrorCode::invalid_argument,
                 "cannot listen on " + where + ": " + std::strerror(error));
  }
  sockaddr_storage bound = {};
  socklen_t bound_size = sizeof bound;
  char host[INET6_ADDRSTRLEN] = {};
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &bound_size);
  if (bound.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(bound);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
    port_ = ntohs(v6.sin6_port);
    bound_address_ = "[" + std::string(host) + "]:" + std::to_string(port_);
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(bound);
    ::inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    port_ = ntohs(v4.sin_port);
    bound_address_ = std::string(host) + ":" + std::to_string(port_);
  }
  socket_ = std::move(socket);
  return {};
}

std::size_t Listener::connection_count() const {
  std::size_t count = 0;
  for (const auto& worker : workers_) count += worker->connection_count();
  return count;
}

// On the first worker's thread.
void Listener::on_ready(std::uint32_t /*events*/) {
  for (int i = 0; i < accepted_at_once_max && socket_.is_open(); ++i) {
    FileDescriptor client(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.is_open()) {
      place(std::move(client));
      continue;
    }
    if ((errno == EMFILE || errno == ENFILE) && spare_.is_open()) {
      // Left alone, the client would wait and this thread would spin.
      spare_.reset();
      FileDescriptor turned_away(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      turned_away.reset();
      spare_ = open_spare();
      continue;
    }
    if (errno != ECONNABORTED && errno != EINTR) return;
  }
}

void Listener::place(FileDescriptor client) {
  if (connection_count() >= options_.connections_max) {
    ::send(client.get(), full_answer.data(), full_answer.size(), MSG_NOSIGNAL);
    return;
  }
  const int yes = 1;
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // Of equals the last: the first accepts, and if the database is elsewhere a call may hold its
  // thread for long.
  const auto least = std::prev(
      std::min_element(workers_.rbegin(), workers_.rend(), [](const auto& left, const auto& right) {
        return left->connection_count() < right->connection_count();
      }).base());
  if (least == workers_.begin()) {
    (*least)->adopt(std::move(client));
  } else {
    (*least)->adopt_from_elsewhere(std::move(client));
  }
}

void Listener::stop(std::chrono::milliseconds within) {
  if (threads_.empty()) return;
  // The others are told by the thread that accepts, once it does no more: behind the last
  // connection that it gave them. A connection given to a thread that has ended would be open and
  // never read.
  workers_.front()->loop().post([this, within] {
    workers_.front()->loop().unwatch(socket_.get());
    socket_.reset();
    for (auto& worker : workers_) {
      worker->loop().post([&worker = *worker, within] { worker.begin_drain(within); });
    }
  });
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace dynakeep::server
