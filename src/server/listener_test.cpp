#include "server/listener.h"

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dynakeep::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

Application echo() {
  Application application;
  application.answer = [](const http::HttpRequest& request) {
    return http::HttpResponse{.body = request.body};
  };
  application.when_durable = [](std::uint64_t, auto done) { done({}); };
  application.not_durable = [](const http::HttpResponse& held, const Error&) { return held; };
  return application;
}

std::unique_ptr<Listener> start(ListenerOptions options, Application application = echo()) {
  auto listener = Listener::start(std::move(application), std::move(options));
  EXPECT_TRUE(listener) << listener.error().message();
  return std::move(*listener);
}

FileDescriptor connect_to(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

void send_all(const FileDescriptor& socket, const std::string& bytes) {
  EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

// Until `ending` has come or the connection ends.
std::string receive_until(const FileDescriptor& socket, const std::string& ending) {
  std::string received;
  std::array<char, 4096> buffer;
  while (!received.ends_with(ending)) {
    const auto count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return received;
}

std::string post(const std::string& body) {
  return "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Listener, ServesManyClientsOnItsThreads) {
  auto listener = start({.threads = 3});
  EXPECT_EQ(listener->bound_address(), "127.0.0.1:" + std::to_string(listener->port()));
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&, client] {
      const FileDescriptor socket = connect_to(listener->port());
      for (int i = 0; i < 100; ++i) {
        const std::string body = "client " + std::to_string(client) + " " + std::to_string(i) + ".";
        send_all(socket, post(body));
        if (receive_until(socket, body).ends_with("\r\n\r\n" + body)) ++answered;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 800);
}

TEST(Listener, RefusesAPortThatIsTaken) {
  auto listener = start({});
  const auto second = Listener::start(echo(), {.port = listener->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::resource_in_use);
  EXPECT_EQ(second.error().message(),
            "127.0.0.1 port " + std::to_string(listener->port()) + " is in use by another program");
}

TEST(Listener, RefusesAddressesThatAreNotOfThisMachine) {
  for (const std::string address : {"nowhere.invalid", "192.0.2.1", ""}) {
    const auto refused = Listener::start(echo(), {.address = address, .loopback_only = true});
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  }
}

TEST(Listener, StaysOnLoopbackIfSoTold) {
  for (const std::string address : {"0.0.0.0", "::"}) {
    const auto refused = Listener::start(echo(), {.address = address, .loopback_only = true});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("is open to other machines"));
  }
  EXPECT_TRUE(start({.address = "localhost", .loopback_only = true}));
  EXPECT_TRUE(start({.address = "127.1.2.3", .loopback_only = true}));
}

TEST(Listener, TellsAClientTooManyAndServesTheNextAgain) {
  auto listener = start({.connections_max = 2});
  FileDescriptor first = connect_to(listener->port());
  const FileDescriptor second = connect_to(listener->port());
  for (const FileDescriptor* socket : {&std::as_const(first), &second}) {
    send_all(*socket, post("hello"));
    EXPECT_THAT(receive_until(*socket, "hello"), StartsWith("HTTP/1.1 200 OK"));
  }
  const FileDescriptor third = connect_to(listener->port());
  EXPECT_THAT(receive_until(third, "never"), StartsWith("HTTP/1.1 503 Service Unavailable"));
  first.reset();
  while (listener->connection_count() == 2) std::this_thread::yield();
  const FileDescriptor fourth = connect_to(listener->port());
  send_all(fourth, post("hello"));
  EXPECT_THAT(receive_until(fourth, "hello"), StartsWith("HTTP/1.1 200 OK"));
}

// Sanitizers keep books on memory, and keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t growth_bytes_max = std::size_t{32} << 20;
#else
constexpr std::size_t growth_bytes_max = std::size_t{4} << 20;
#endif

std::size_t resident_bytes() {
  std::size_t pages_of_all = 0;
  std::size_t pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  EXPECT_EQ(std::fscanf(file, "%zu %zu", &pages_of_all, &pages), 2);
  std::fclose(file);
  return pages * 4096;
}

TEST(Listener, AThousandIdleConnectionsTakeLittleMemory) {
  rlimit files = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);

  auto listener = start({.threads = 2});
  std::vector<FileDescriptor> clients;
  const auto add = [&] {
    clients.push_back(connect_to(listener->port()));
    send_all(clients.back(), post(std::string(5'000, 'x')));
    receive_until(clients.back(), std::string(100, 'x'));
  };
  for (int i = 0; i < 20; ++i) add();
  const std::size_t before = resident_bytes();
  for (int i = 0; i < 1'000; ++i) add();
  EXPECT_EQ(listener->connection_count(), 1'020U);
  EXPECT_LT(resident_bytes(), before + growth_bytes_max);
}

TEST(Listener, StoppingFinishesWhatHasBegunAndFreesThePort) {
  auto listener = start({});
  const std::uint16_t port = listener->port();
  const FileDescriptor idle = connect_to(port);
  const FileDescriptor busy = connect_to(port);
  send_all(idle, post("hello"));
  receive_until(idle, "hello");
  const std::string request = post("hello");
  send_all(busy, request.substr(0, 10));
  // Read, for only what has begun is waited for.
  send_all(idle, post("hello"));
  receive_until(idle, "hello");

  std::thread stopping([&listener] { listener->stop(60s); });
  EXPECT_EQ(receive_until(idle, "never"), "");  // closed
  send_all(busy, request.substr(10));
  EXPECT_THAT(receive_until(busy, "never"), HasSubstr("Connection: close\r\n\r\nhello"));
  ::shutdown(busy.get(), SHUT_RDWR);
  stopping.join();
  EXPECT_EQ(listener->connection_count(), 0U);
  EXPECT_TRUE(start({.port = port}));
}

TEST(Listener, StoppingDropsWhatTakesTooLong) {
  auto listener = start({});
  const FileDescriptor busy = connect_to(listener->port());
  send_all(busy, "POST / HTTP/1.1\r\n");
  while (listener->connection_count() == 0) std::this_thread::yield();
  listener->stop(1ms);
  EXPECT_EQ(listener->connection_count(), 0U);
}

}  // namespace
}  // namespace dynakeep::server
