// A server that answers every request at once with bytes made before it came, so that what a client
// spends is the client's own: `dynakeep_canned --port N --item FILE`. The head of its answers is
// DynamoDB's, with a checksum that is right.

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <libdeflate.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/message.h"

namespace {

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "dynakeep_canned: %s\n", why.c_str());
  std::exit(1);
}

std::string answer_of(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
         "Content-Type: application/x-amz-json-1.0\r\nContent-Length: " +
         std::to_string(body.size()) +
         "\r\nConnection: keep-alive\r\n"
         "x-amzn-RequestId: 5F3N8V1G0QK2T7C4B9M6X5Z8LRVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
         "x-amz-crc32: " +
         std::to_string(libdeflate_crc32(0, body.data(), body.size())) + "\r\n\r\n" + body;
}

std::size_t length_in(std::string_view head) {
  constexpr std::string_view name = "content-length:";
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (dynakeep::http::equal_ignoring_case(head.substr(at, name.size()), name)) {
      return std::strtoull(head.data() + at + name.size(), nullptr, 10);
    }
  }
  return 0;
}

void write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client has gone, as reading will tell
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

int listen_on(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(made, SOMAXCONN) != 0) {
    fail("port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  return made;
}

void serve(std::uint16_t port, const std::string& item) {
  const std::string got = answer_of("{\"Item\":" + item + "}");
  const std::string done = answer_of("{}");
  const int listener = listen_on(port);
  const int waiting = ::epoll_create1(0);
  const auto watch = [waiting](int socket) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    ::epoll_ctl(waiting, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);

  std::map<int, std::string> unread;
  std::array<epoll_event, 64> events{};
  std::array<char, 65536> buffer{};
  while (true) {
    const int ready = ::epoll_wait(waiting, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener) {
        const int client = ::accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        unread[client].clear();
        watch(client);
        continue;
      }
      const auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (count <= 0) {
        unread.erase(socket);
        ::close(socket);
        continue;
      }
      auto& text = unread[socket];
      text.append(buffer.data(), static_cast<std::size_t>(count));
      for (auto end = text.find("\r\n\r\n"); end != std::string::npos;
           end = text.find("\r\n\r\n")) {
        const std::string_view head(text.data(), end + 2);
        const std::size_t bytes = end + 4 + length_in(head);
        if (text.size() < bytes) break;
        const bool reads = head.find("DynamoDB_20120810.GetItem") != std::string_view::npos;
        text.erase(0, bytes);
        write_all(socket, reads ? got : done);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::string item;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--port") {
      port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    } else if (flag == "--item") {
      std::ostringstream text;
      text << std::ifstream(argv[i + 1]).rdbuf();
      item = text.str();
      while (item.ends_with('\n')) item.pop_back();
    } else {
      fail("unknown flag " + std::string(flag));
    }
  }
  if (port == 0 || item.empty()) fail("use: dynakeep_canned --port N --item FILE");
  serve(port, item);
}
