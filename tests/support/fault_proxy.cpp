#include "support/fault_proxy.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <list>
#include <mutex>
#include <optional>
#include <ostream>
#include <random>
#include <system_error>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file_descriptor.h"

namespace dynakeep::support {

namespace {

using base::FileDescriptor;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t message_bytes_max = std::size_t{64} << 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A socket bound to that loopback port, which others of ours may be bound to as well.
FileDescriptor bound_socket(std::uint16_t port) {
  FileDescriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  const auto address = loopback(port);
  if (::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0 ||
      ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {};
  }
  return made;
}

std::string_view value_in(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const auto line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!std::equal(name.begin(), name.end(), line.begin(), same)) continue;
    auto value = line.substr(name.size() + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value;
  }
  return {};
}

// How many bytes of `text` make up its first message: nothing while it is not whole. A message
// without a length ends with the connection, if it is an answer.
std::optional<std::size_t> message_bytes(std::string_view text, bool answer, bool ended) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return {};
  const auto head = text.substr(0, head_end + 2);
  std::size_t end = head_end + 4;
  if (!value_in(head, "transfer-encoding").empty()) {
    while (true) {
      const auto line_end = text.find("\r\n", end);
      if (line_end == std::string_view::npos) return {};
      const auto size = std::strtoull(text.data() + end, nullptr, 16);
      end = line_end + 2;
      if (size == 0) break;
      end += std::min(size + 2ULL, 2ULL * message_bytes_max);
      if (end > text.size()) return {};
    }
    // What follows the last chunk: trailers, and an empty line.
    while (text.compare(end, 2, "\r\n") != 0) {
      const auto line_end = text.find("\r\n", end);
      if (line_end == std::string_view::npos) return {};
      end = line_end + 2;
    }
    return end + 2;
  }
  const auto length = value_in(head, "content-length");
  if (length.empty() && answer) {
    if (head.starts_with("HTTP/1.1 204") || head.starts_with("HTTP/1.1 304")) return end;
    return ended ? std::optional(text.size()) : std::nullopt;
  }
  if (!length.empty()) end += std::strtoull(length.data(), nullptr, 10);
  return end <= text.size() ? std::optional(end) : std::nullopt;
}

// Another value in one place of the body: a digit if there is one, so that JSON remains JSON.
void change_a_byte(std::string& answer) {
  const auto body = answer.find("\r\n\r\n") + 4;
  if (body >= answer.size()) return;
  auto at = answer.find_first_of("0123456789", body);
  if (at == std::string::npos) at = body;
  answer[at] = static_cast<char>(answer[at] ^ 1);
}

std::string answer_of(Fault fault) {
  std::string status;
  std::string body;
  const auto exception = [&](std::string_view name, std::string_view message) {
    body = R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + std::string(name) +
           R"(","message":")" + std::string(message) + "\"}";
  };
  switch (fault) {
    case Fault::internal_error:
      status = "500 Internal Server Error";
      exception("InternalServerError", "The request processing has failed");
      break;
    case Fault::throttled:
      status = "400 Bad Request";
      exception("ThrottlingException", "Rate of requests exceeds the allowed throughput.");
      break;
    case Fault::throughput_exceeded:
      status = "400 Bad Request";
      exception("ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.");
      break;
    default:
      status = "503 Service Unavailable";
      body = "<html><body>Service Unavailable</body></html>";
  }
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: " + (body.front() == '{' ? "application/x-amz-json-1.0" : "text/html") +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool answers_itself(Fault fault) {
  return fault == Fault::internal_error || fault == Fault::unavailable ||
         fault == Fault::throttled || fault == Fault::throughput_exceeded;
}

constexpr std::array<std::string_view, fault_count> fault_names = {"none",
                                                                   "close_after",
                                                                   "cut_before",
                                                                   "cut_in_request",
                                                                   "cut_before_answer",
                                                                   "cut_in_answer",
                                                                   "delay_request",
                                                                   "delay_answer",
                                                                   "send_twice",
                                                                   "send_twice_answer_second",
                                                                   "wrong_checksum",
                                                                   "internal_error",
                                                                   "unavailable",
                                                                   "throttled",
                                                                   "throughput_exceeded",
                                                                   "refuse_connections"};
static_assert(static_cast<std::size_t>(Fault::refuse_connections) + 1 == fault_count);

}  // namespace

std::string_view name_of(Fault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

std::ostream& operator<<(std::ostream& out, const FaultCounts& counts) {
  out << counts.requests << " requests on " << counts.connections << " connections";
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (counts.by_fault[i] > 0) out << ", " << fault_names[i] << ' ' << counts.by_fault[i];
  }
  if (counts.server_failures > 0) out << ", server_failures " << counts.server_failures;
  return out;
}

FaultPlanner faults_by_chance(std::uint64_t seed,
                              std::vector<std::pair<Fault, unsigned>> per_thousand,
                              std::chrono::milliseconds pause_max) {
  return [seed, per_thousand = std::move(per_thousand), pause_max](const ProxiedRequest& request) {
    std::seed_seq mixed{seed, seed >> 32, request.number, request.number >> 32};
    std::mt19937_64 chance(mixed);
    FaultPlan plan;
    auto drawn = static_cast<unsigned>(chance() % 1000);
    for (const auto& [fault, share] : per_thousand) {
      if (drawn < share) {
        plan.fault = fault;
        break;
      }
      drawn -= share;
    }
    plan.share = static_cast<double>(chance() % 1000) / 1000;
    plan.reset = chance() % 2 == 0;
    plan.pause =
        std::chrono::milliseconds(chance() % (static_cast<std::uint64_t>(pause_max.count()) + 1));
    const bool says_nothing_was_done =
        plan.fault == Fault::throttled || plan.fault == Fault::throughput_exceeded;
    plan.carried_out = !says_nothing_was_done && chance() % 2 == 0;
    return plan;
  };
}

struct FaultProxy::Running {
  Running(std::uint16_t server_port, FaultPlanner chosen_planner)
      : server(server_port), planner(std::move(chosen_planner)) {}

  // One end of a conversation: a socket, and what has come that no one has looked at.
  struct Peer {
    FileDescriptor socket = {};
    std::string unread = {};
    bool ended = false;

    void close(bool by_reset = false) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      if (by_reset && socket.is_open()) {
        ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      }
      socket.reset();
      unread.clear();
      ended = false;
    }
  };

  struct Conversation {
    std::thread thread = {};
    bool over = false;
  };

  enum class Waited : std::uint8_t { ready, too_long, stopped };

  Result<void> start();
  void stop();

  void accept_all();
  void take_clients();
  // Returns once connections are refused, or have been.
  void refuse_for(std::chrono::milliseconds pause);
  void converse(Peer client);
  // False when the client's connection is to be closed, as the plan says.
  bool carry(Peer& client, Peer& upstream, const std::string& request, const FaultPlan& plan);
  // The server's answer to the request; nothing if there is no server or no whole answer.
  std::optional<std::string> ask(Peer& upstream, std::string_view request);
  bool connect(Peer& upstream);
  // The next whole message; nothing if the connection ends first.
  std::optional<std::string> read_message(Peer& peer, bool answer);
  bool write(Peer& peer, std::string_view bytes);
  // For events of a descriptor, or for the time alone if that is -1; also until `or_readable` is.
  Waited wait(int descriptor, short events, std::chrono::milliseconds patience = forever,
              int or_readable = -1);

  static constexpr std::chrono::milliseconds forever = std::chrono::hours(24);

  const std::uint16_t server;
  const FaultPlanner planner;
  std::uint16_t port = 0;
  FileDescriptor keeper;    // holds the port while nobody listens there
  FileDescriptor listener;  // the acceptor's
  FileDescriptor refusing;  // readable when refuses_until was moved
  FileDescriptor stopped;   // readable from stop() on
  std::thread acceptor;

  mutable std::mutex mutex;
  FaultCounts counts;
  std::uint64_t at_once = 0;
  SteadyClock::time_point refuses_until = {};
  bool accepts = true;
  std::uint64_t times_closed = 0;  // the listener, to refuse connections
  std::condition_variable listener_closed;
  std::list<Conversation> conversations;
};

Result<void> FaultProxy::Running::start() {
  keeper = bound_socket(0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(keeper.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0) {
    port = ntohs(bound.sin_port);
    listener = bound_socket(port);
  }
  refusing = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stopped = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!refusing.is_open() || !stopped.is_open() || ::listen(listener.get(), SOMAXCONN) != 0) {
    return Error(ErrorCode::unavailable, "no port for a proxy");
  }
  acceptor = std::thread([this] { accept_all(); });
  return {};
}

void FaultProxy::Running::stop() {
  if (!acceptor.joinable()) return;
  ::eventfd_write(stopped.get(), 1);
  acceptor.join();
  // No more are added once the acceptor is gone.
  for (auto& conversation : conversations) conversation.thread.join();
  conversations.clear();
  listener.reset();
  keeper.reset();
}

FaultProxy::Running::Waited FaultProxy::Running::wait(int descriptor, short events,
                                                      std::chrono::milliseconds patience,
                                                      int or_readable) {
  std::array<pollfd, 3> watched = {pollfd{.fd = stopped.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = descriptor, .events = events, .revents = 0},
                                   pollfd{.fd = or_readable, .events = POLLIN, .revents = 0}};
  const auto until = SteadyClock::now() + patience;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
    const int ready = ::poll(watched.data(), watched.size(),
                             static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0) continue;  // a signal
    if (watched[0].revents != 0) return Waited::stopped;
    return ready > 0 ? Waited::ready : Waited::too_long;
  }
}

void FaultProxy::Running::accept_all() {
  take_clients();
  const std::lock_guard lock(mutex);
  accepts = false;
  listener_closed.notify_all();
}

void FaultProxy::Running::take_clients() {
  while (wait(listener.get(), POLLIN, forever, refusing.get()) != Waited::stopped) {
    eventfd_t times = 0;
    if (::eventfd_read(refusing.get(), &times) == 0) {
      // A closed listener refuses; one that is only left alone would keep clients waiting.
      listener.reset();
      std::unique_lock lock(mutex);
      ++times_closed;
      listener_closed.notify_all();
      while (SteadyClock::now() < refuses_until) {
        const auto pause = refuses_until - SteadyClock::now();
        lock.unlock();
        if (wait(-1, 0, std::chrono::ceil<std::chrono::milliseconds>(pause)) == Waited::stopped) {
          return;
        }
        lock.lock();
      }
      listener = bound_socket(port);
      ::listen(listener.get(), SOMAXCONN);
      continue;
    }
    Peer client{.socket = FileDescriptor(
                    ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK))};
    if (!client.socket.is_open()) continue;
    const std::lock_guard lock(mutex);
    ++counts.connections;
    conversations.remove_if([](Conversation& conversation) {
      if (conversation.over) conversation.thread.join();
      return conversation.over;
    });
    auto& added = conversations.emplace_back();
    added.thread = std::thread([this, &added, peer = std::move(client)]() mutable {
      converse(std::move(peer));
      const std::lock_guard at_the_end(mutex);
      added.over = true;
    });
  }
}

void FaultProxy::Running::refuse_for(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex);
  refuses_until = std::max(refuses_until, SteadyClock::now() + pause);
  ::eventfd_write(refusing.get(), 1);
  listener_closed.wait(
      lock, [this, before = times_closed] { return !accepts || times_closed != before; });
}

void FaultProxy::Running::converse(Peer client) {
  const int yes = 1;
  ::setsockopt(client.socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  Peer upstream;
  while (const auto request = read_message(client, false)) {
    FaultPlan plan;
    {
      const std::lock_guard lock(mutex);
      const auto target = value_in(*request, "x-amz-target");
      const auto point = target.find('.');
      plan = planner({.number = counts.requests++,
                      .operation = point == std::string_view::npos ? std::string_view()
                                                                   : target.substr(point + 1),
                      .message = *request});
      ++counts.by_fault[static_cast<std::size_t>(plan.fault)];
      counts.at_once_max = std::max(counts.at_once_max, ++at_once);
    }
    const bool goes_on = carry(client, upstream, *request, plan);
    {
      const std::lock_guard lock(mutex);
      --at_once;
    }
    if (!goes_on) {
      client.close(plan.reset);
      return;
    }
  }
}

bool FaultProxy::Running::carry(Peer& client, Peer& upstream, const std::string& request,
                                const FaultPlan& plan) {
  // At least one byte, and one less than all.
  const auto part_of = [&plan](std::size_t bytes) {
    return std::clamp<std::size_t>(
        static_cast<std::size_t>(plan.share * static_cast<double>(bytes)), 1, bytes - 1);
  };
  switch (plan.fault) {
    case Fault::refuse_connections:
      refuse_for(plan.pause);
      return false;
    case Fault::cut_before:
      return false;
    case Fault::cut_in_request:
      if (upstream.socket.is_open() || connect(upstream)) {
        write(upstream, std::string_view(request).substr(0, part_of(request.size())));
      }
      upstream.close(plan.reset);
      return false;
    case Fault::delay_request:
      if (wait(-1, 0, plan.pause) == Waited::stopped) return false;
      break;
    default:
      break;
  }
  if (answers_itself(plan.fault) && !plan.carried_out) return write(client, answer_of(plan.fault));

  auto answer = ask(upstream, request);
  if (!answer) return false;
  switch (plan.fault) {
    case Fault::cut_before_answer:
      return false;
    case Fault::cut_in_answer:
      write(client, std::string_view(*answer).substr(0, part_of(answer->size())));
      return false;
    case Fault::close_after:
      write(client, *answer);
      return false;
    case Fault::delay_answer:
      if (wait(-1, 0, plan.pause) == Waited::stopped) return false;
      break;
    case Fault::send_twice:
      if (!ask(upstream, request)) return false;
      break;
    case Fault::send_twice_answer_second:
      answer = ask(upstream, request);
      if (!answer) return false;
      break;
    case Fault::wrong_checksum:
      change_a_byte(*answer);
      break;
    default:
      if (answers_itself(plan.fault)) answer = answer_of(plan.fault);
  }
  return write(client, *answer) && upstream.socket.is_open();
}

std::optional<std::string> FaultProxy::Running::ask(Peer& upstream, std::string_view request) {
  // The server may have closed a connection that was at rest: then, and only then, nothing of the
  // request has been read, and a new one will do.
  if (upstream.socket.is_open() && wait(upstream.socket.get(), POLLIN, {}) != Waited::too_long) {
    upstream.close();
  }
  std::optional<std::string> answer;
  if ((upstream.socket.is_open() || connect(upstream)) && write(upstream, request)) {
    answer = read_message(upstream, true);
  }
  if (!answer) {
    upstream.close();
    const std::lock_guard lock(mutex);
    ++counts.server_failures;
    return {};
  }
  const auto head = std::string_view(*answer).substr(0, answer->find("\r\n\r\n") + 2);
  const bool last = value_in(head, "connection") == "close" || upstream.ended;
  // The client's connection closes with it, after the answer: carry() looks at the socket.
  if (last) upstream.close();
  return answer;
}

bool FaultProxy::Running::connect(Peer& upstream) {
  upstream.close();
  FileDescriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = loopback(server);
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    int failure = errno;
    socklen_t size = sizeof failure;
    if (failure != EINPROGRESS || wait(made.get(), POLLOUT) != Waited::ready ||
        ::getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0) {
      return false;
    }
  }
  const int yes = 1;
  ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  upstream.socket = std::move(made);
  return true;
}

std::optional<std::string> FaultProxy::Running::read_message(Peer& peer, bool answer) {
  std::array<char, 65536> buffer;
  while (true) {
    if (const auto bytes = message_bytes(peer.unread, answer, peer.ended)) {
      auto message = peer.unread.substr(0, *bytes);
      peer.unread.erase(0, *bytes);
      return message;
    }
    if (peer.ended || peer.unread.size() > message_bytes_max) return {};
    if (wait(peer.socket.get(), POLLIN) == Waited::stopped) return {};
    const auto got = ::recv(peer.socket.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      peer.unread.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      peer.ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
      return {};
    }
  }
}

bool FaultProxy::Running::write(Peer& peer, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(peer.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (wait(peer.socket.get(), POLLOUT) == Waited::stopped) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

Result<std::unique_ptr<FaultProxy>> FaultProxy::start(std::uint16_t server_port,
                                                      FaultPlanner planner) {
  auto running = std::make_unique<Running>(server_port, std::move(planner));
  TRY(running->start());
  return std::unique_ptr<FaultProxy>(new FaultProxy(std::move(running)));
}

FaultProxy::FaultProxy(std::unique_ptr<Running> running) : running_(std::move(running)) {}

FaultProxy::~FaultProxy() { stop(); }

std::uint16_t FaultProxy::port() const { return running_->port; }

std::string FaultProxy::endpoint() const { return "http://127.0.0.1:" + std::to_string(port()); }

FaultCounts FaultProxy::counts() const {
  const std::lock_guard lock(running_->mutex);
  return running_->counts;
}

void FaultProxy::stop() { running_->stop(); }

}  // namespace dynakeep::support
