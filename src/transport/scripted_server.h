#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/file_descriptor.h"
#include "base/invariant.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// A server's end of one connection, in tests.
class Peer {
 public:
  // `number` counts the connections of a server from 0.
  Peer(base::FileDescriptor socket, int number) : socket_(std::move(socket)), number_(number) {}

  int number() const { return number_; }
  int descriptor() const { return socket_.get(); }

  // The next request, head and body as they came; empty if the client has closed.
  std::string read_request() {
    const std::string head = read_head();
    if (head.empty()) return {};
    const auto length_at = head.find("Content-Length: ");
    const std::size_t length =
        length_at == std::string::npos ? 0 : std::stoul(head.substr(length_at + 16));
    while (received_.size() < length && receive()) {
    }
    const std::string request = head + received_.substr(0, length);
    received_.erase(0, length);
    return request;
  }

  // Up to the empty line, and nothing of what follows.
  std::string read_head() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    const std::string head = received_.substr(0, end + 4);
    received_.erase(0, end + 4);
    return head;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // A whole response with that body.
  void answer(std::string_view body, std::string_view more_lines = {}) {
    send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_lines) + "\r\n" + std::string(body));
  }

  void close() {
    const std::lock_guard lock(mutex_);
    socket_.reset();
  }

  // Ends what the script waits for. From any thread.
  void stop() {
    const std::lock_guard lock(mutex_);
    if (socket_.is_open()) ::shutdown(socket_.get(), SHUT_RDWR);
  }

  // Closes as a process that died does.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  void wait_until_closed() {
    while (receive()) received_.clear();
  }

  // Until the test is over.
  void wait_without_reading() {
    pollfd watched = {.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
    (void)::poll(&watched, 1, -1);
  }

 private:
  bool receive() {
    std::array<char, 65536> buffer;
    const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  std::mutex mutex_;  // held to close, and by others than the script's thread
  base::FileDescriptor socket_;
  const int number_;
  std::string received_;
};

// A server on loopback, for tests: each connection is played to by the script, on a thread of its
// own. Connections are shut down at the end, so a script that waits for the client always ends.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(Script script)
      : script_(std::move(script)), listener_(listen_somewhere()) {
    accepting_ = std::thread([this] { accept_all(); });
  }

  ~ScriptedServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    accepting_.join();
    for (Played& played : played_) {
      played.peer->stop();
      played.thread.join();
    }
  }

  std::uint16_t port() const { return port_of(listener_); }
  Origin origin() const { return {.secure = false, .host = "127.0.0.1", .port = port()}; }
  int connections() const { return connections_; }

  // On a loopback port that the system chose.
  static base::FileDescriptor listen_somewhere(int backlog = SOMAXCONN) {
    base::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    INVARIANT(::bind(socket.get(), any, sizeof address) == 0);
    INVARIANT(::listen(socket.get(), backlog) == 0);
    return socket;
  }

  static std::uint16_t port_of(const base::FileDescriptor& listener) {
    sockaddr_in address = {};
    socklen_t bytes = sizeof address;
    INVARIANT(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
    return ntohs(address.sin_port);
  }

 private:
  struct Played {
    std::shared_ptr<Peer> peer = {};
    std::thread thread = {};
  };

  void accept_all() {
    while (true) {
      base::FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket.is_open()) return;
      const int number = connections_++;
      auto peer = std::make_shared<Peer>(std::move(socket), number);
      Played& played = played_.emplace_back();
      played.peer = peer;
      played.thread = std::thread([this, peer] {
        script_(*peer);
        peer->close();
      });
    }
  }

  const Script script_;
  base::FileDescriptor listener_;
  std::atomic<int> connections_ = 0;
  std::list<Played> played_;  // the accepting thread's, until that has ended
  std::thread accepting_;
};

}  // namespace dynakeep::transport
