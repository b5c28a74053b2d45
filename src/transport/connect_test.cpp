#include "transport/connect.h"

#include <chrono>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/scripted_server.h"

namespace dynakeep::transport {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

// 127.0.0.n for each n.
Resolver resolver_to(std::vector<std::uint32_t> hosts) {
  return Resolver([hosts](const std::string&) -> Result<Resolver::Addresses> {
    Resolver::Addresses addresses(hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      addresses[i].v4 = {};
      addresses[i].v4.sin_family = AF_INET;
      addresses[i].v4.sin_addr.s_addr = htonl(0x7f000000U + hosts[i]);
    }
    return addresses;
  });
}

// A port on 127.0.0.1 whose queue is full: who connects hears nothing.
class DeafPort {
 public:
  DeafPort() : listener_(ScriptedServer::listen_somewhere(0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port());
    for (int i = 0; i < 4; ++i) {
      callers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)::connect(callers_.back().get(), reinterpret_cast<const sockaddr*>(&address),
                      sizeof address);
    }
  }
  std::uint16_t port() const { return ScriptedServer::port_of(listener_); }

 private:
  base::FileDescriptor listener_;
  std::vector<base::FileDescriptor> callers_;
};

TEST(Connect, TriesTheNextAddressWhenOneRefuses) {
  ScriptedServer server([](Peer& peer) { peer.wait_until_closed(); });
  Resolver resolver = resolver_to({2, 3, 1});
  const Origin origin{.host = "three.example", .port = server.port()};
  const auto socket = connect_to(origin, resolver, in(10s));
  ASSERT_TRUE(socket) << socket.error();
  EXPECT_TRUE(socket->is_open());
}

TEST(Connect, SaysWhyNobodyTookIt) {
  std::uint16_t port = 0;
  {
    const auto listener = ScriptedServer::listen_somewhere();
    port = ScriptedServer::port_of(listener);
  }
  Resolver resolver = resolver_to({1, 2});
  const auto socket = connect_to({.host = "two.example", .port = port}, resolver, in(10s));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(socket.error().outcome_unknown());
  EXPECT_EQ(socket.error().message(), "cannot connect to http://two.example:" +
                                          std::to_string(port) + ": Connection refused");
}

TEST(Connect, GivesUpAtTheDeadline) {
  const DeafPort deaf;
  Resolver resolver;
  const auto began = std::chrono::steady_clock::now();
  const auto socket = connect_to({.host = "127.0.0.1", .port = deaf.port()}, resolver, in(30ms));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code(), ErrorCode::timed_out);
  EXPECT_FALSE(socket.error().outcome_unknown());
  EXPECT_GE(std::chrono::steady_clock::now() - began, 30ms);
}

TEST(Connect, LeavesTimeForTheNextAddressWhenOneDoesNotAnswer) {
  const DeafPort deaf;
  // Another address, where somebody listens on the same port.
  base::FileDescriptor hearing(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f000009U);
  address.sin_port = htons(deaf.port());
  ASSERT_EQ(::bind(hearing.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(hearing.get(), 5), 0);

  Resolver resolver = resolver_to({1, 9});
  const auto socket = connect_to({.host = "two.example", .port = deaf.port()}, resolver, in(2s));
  EXPECT_TRUE(socket) << socket.error();
}

}  // namespace
}  // namespace dynakeep::transport
