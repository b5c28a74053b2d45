#include <atomic>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/clients/versioned_collections.h"
#include "transport/scripted_server.h"

// The client on its real transport, with servers that do what servers in trouble do.
namespace dynakeep::clients {
namespace {

using testing::HasSubstr;
using transport::Peer;
using transport::ScriptedServer;

CollectionsClient client_of(const ScriptedServer& server, std::size_t answer_bytes_max = 1 << 20) {
  return CollectionsClient::create({.base_url = "http://127.0.0.1:" + std::to_string(server.port()),
                                    .api_key = "my-api-key",
                                    .answer_bytes_max = answer_bytes_max})
      .value();
}

TEST(CollectionsClientOverSockets, SendsRequestsAsServersTakeThem) {
  std::string got;
  ScriptedServer server([&](Peer& peer) {
    got = peer.read_request();
    peer.send(
        "HTTP/1.1 201 Created\r\nLocation: /api/user/u/collection/c1/entry/e1\r\n"
        "Content-Length: 0\r\n\r\n");
    got += peer.read_request();
    peer.answer(R"([{"meta":{"user":"u","collection":"c1","entry":"e1","version":7}}])");
  });
  // (What the server can do, it is asked by the second request: it answers with what is none.)
  const auto added = client_of(server).collection("u", "c1").add({.value = R"({"a":1})"});
  EXPECT_FALSE(added);
  EXPECT_TRUE(added.error().outcome_unknown());
  EXPECT_THAT(got, testing::StartsWith("POST /api/user/u/collection/c1/entry HTTP/1.1\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\nx-api-key: my-api-key\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\n\r\n{\"value\":{\"a\":1}}"));
}

TEST(CollectionsClientOverSockets, ReadsAgainAnAnswerThatWasCutShort) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++asked < 3) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{\"meta\"");
        peer.reset();
        return;
      }
      peer.answer("[]");
    }
  });
  const auto got = client_of(server).get();
  ASSERT_TRUE(got) << got.error();
  EXPECT_EQ(asked, 3);
}

TEST(CollectionsClientOverSockets, DoesNotSendAWriteAgainWhoseAnswerWasLost) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++asked;
      peer.reset();
      return;
    }
  });
  const auto made = client_of(server).create_another("user-1", {.name = "posts"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(made.error().outcome_unknown());
  EXPECT_THAT(made.error().message(), HasSubstr("POST /api/user/user-1/collection: "));
  EXPECT_EQ(asked, 1);
}

TEST(CollectionsClientOverSockets, TakesNoAnswerLargerThanItMayBe) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++asked;
      peer.answer("[" + std::string(2000, ' ') + "]");
    }
  });
  const auto got = client_of(server, 1000).get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), ErrorCode::limit_exceeded);
  EXPECT_EQ(asked, 1);
}

TEST(CollectionsClientOverSockets, FollowsNoRedirect) {
  std::atomic<int> asked = 0;
  ScriptedServer elsewhere([&](Peer& peer) {
    if (!peer.read_request().empty()) ++asked;
  });
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      peer.send("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:" +
                std::to_string(elsewhere.port()) + "/api/collection\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const auto got = client_of(server).get();
  ASSERT_FALSE(got);
  EXPECT_EQ(server_answer(got.error())->status, 307);
  EXPECT_THAT(got.error().message(), HasSubstr("redirects are not followed"));
  EXPECT_EQ(asked, 0);
}

TEST(CollectionsClientOverSockets, SaysWhenNobodyIsThere) {
  std::uint16_t port = 0;
  {
    const auto closed = ScriptedServer::listen_somewhere();
    port = ScriptedServer::port_of(closed);
  }
  const auto client = CollectionsClient::create(
      {.base_url = "http://127.0.0.1:" + std::to_string(port), .api_key = "k", .attempts_max = 2});
  const auto made = client->create_another("u", {.name = "n"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(made.error().outcome_unknown());  // nothing was sent
}

}  // namespace
}  // namespace dynakeep::clients
