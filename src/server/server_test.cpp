#include "dynakeep/server.h"

#include <array>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynakeep/log.h"
#include "http/service.h"
#include "server/unused_database.h"

namespace dynakeep {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Its writes are on disk when the test says so.
class SlowDisk final : public server::UnusedDatabase {
 public:
  Result<PutItemResult> put_item(const PutItemRequest&) override {
    DeferredDurability::current()->note(7);
    return PutItemResult{};
  }
  void when_durable(std::uint64_t position,
                    std::function<void(const Result<void>&)> done) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(position, 7U);
    waiting_.push_back(std::move(done));
  }
  bool sync(const Result<void>& outcome) {
    std::vector<std::function<void(const Result<void>&)>> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const auto& done : waiting) done(outcome);
    return !waiting.empty();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void(const Result<void>&)>> waiting_;
};

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& bytes) {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string receive_to_end() {
    std::string received;
    std::array<char, 4096> buffer;
    ssize_t count = 0;
    while ((count = ::recv(socket_, buffer.data(), buffer.size(), 0)) > 0) {
      received.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return received;
  }

 private:
  int socket_;
};

std::string put_item() {
  const std::string body = R"({"TableName":"Songs","Item":{"artist":{"S":"Nina"}}})";
  return "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
         "Content-Type: application/x-amz-json-1.0\r\n"
         "X-Amz-Target: DynamoDB_20120810.PutItem\r\nX-Amz-Date: 20260101T000000Z\r\n"
         "Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Server, AnswersAWriteWhenItIsOnDisk) {
  SlowDisk database;
  auto server = Server::start(database, {.port = 0, .threads = 2});
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ((*server)->endpoint(), "http://127.0.0.1:" + std::to_string((*server)->port()));
  Connection client((*server)->port());
  client.send(put_item());
  while (!database.sync({})) std::this_thread::yield();
  const std::string response = client.receive_to_end();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\n{}"));
}

TEST(Server, AnswersAFailureWhenTheDiskRefuses) {
  SlowDisk database;
  auto server = Server::start(database, {.port = 0, .threads = 1});
  ASSERT_TRUE(server);
  Connection client((*server)->port());
  client.send(put_item());
  while (!database.sync(Error::internal("disk full"))) std::this_thread::yield();
  EXPECT_THAT(client.receive_to_end(), StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
}

TEST(Server, StaysAmongItselfUnlessItHasKeysOrIsTold) {
  SlowDisk database;
  const auto refused = Server::start(database, {.address = "0.0.0.0", .port = 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(Server::start(database,
                            {.address = "0.0.0.0", .port = 0, .access_keys = {{"id", "secret"}}}));
  EXPECT_TRUE(
      Server::start(database, {.address = "0.0.0.0", .port = 0, .allow_unauthenticated = true}));
}

// Says which path it was asked for.
class Echo final : public http::HttpService {
 public:
  explicit Echo(std::string path) : path_(std::move(path)) {}
  std::vector<std::string> paths() const override { return {path_}; }
  http::HttpResponse answer(const http::HttpRequest& request) override {
    return {.body = "echo of " + request.target + " for " + request.client_address};
  }
  http::HttpResponse answer_no_request(int status) const override {
    return {.status = status, .body = "refused with " + std::to_string(status)};
  }

 private:
  std::string path_;
};

std::string get(const Server& server, const std::string& target) {
  Connection client(server.port());
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return client.receive_to_end();
}

TEST(Server, ServesServicesBesideTheProtocol) {
  SlowDisk database;
  auto server = Server::start(
      database, {.port = 0, .threads = 1, .services = {std::make_shared<Echo>("/api")}});
  ASSERT_TRUE(server);
  EXPECT_THAT(get(**server, "/api/a?b"), EndsWith("\r\n\r\necho of /api/a?b for 127.0.0.1"));
  EXPECT_THAT(get(**server, "/health"), HasSubstr("us-east-1"));
}

TEST(Server, MayServeServicesAloneAndThenToAll) {
  SlowDisk database;
  auto server = Server::start(database, {.address = "0.0.0.0",
                                         .port = 0,
                                         .threads = 1,
                                         .services = {std::make_shared<Echo>("/api")},
                                         .serve_protocol = false});
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_THAT(get(**server, "/api"), EndsWith("echo of /api for 127.0.0.1"));
  EXPECT_THAT(get(**server, "/health"), StartsWith("HTTP/1.1 404 Not Found"));
}

TEST(Server, WhatIsNoRequestIsAnsweredByTheServiceThatTakesEveryPath) {
  SlowDisk database;
  const auto answer_of = [&](const std::string& path) {
    auto server = Server::start(database, {.port = 0,
                                           .threads = 1,
                                           .services = {std::make_shared<Echo>(path)},
                                           .serve_protocol = false});
    Connection client((*server)->port());
    client.send("nonsense\r\n\r\n");
    return client.receive_to_end();
  };
  EXPECT_THAT(answer_of("/"), EndsWith("\r\n\r\nrefused with 400"));
  EXPECT_THAT(answer_of("/api"), EndsWith("\r\n\r\n"));
}

TEST(Server, RefusesTwoServicesOfOnePath) {
  SlowDisk database;
  const auto refused = Server::start(
      database,
      {.port = 0, .services = {std::make_shared<Echo>("/api"), std::make_shared<Echo>("/API")}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
}

TEST(Server, StoppingTwiceIsStoppingOnce) {
  SlowDisk database;
  auto server = Server::start(database, {.port = 0});
  ASSERT_TRUE(server);
  (*server)->stop();
  (*server)->stop();
}

// ---- access keys ----

class AccessKeysFile : public testing::Test {
 protected:
  ~AccessKeysFile() override { ::unlink(path_.c_str()); }

  Result<AccessKeys> load(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    EXPECT_EQ(::chmod(path_.c_str(), mode), 0);
    return load_access_keys(path_);
  }
  std::string refused(const std::string& text) {
    const auto keys = load(text);
    EXPECT_FALSE(keys) << text;
    return keys ? "" : keys.error().message();
  }

  const std::string path_ =
      testing::TempDir() + "access_keys_" + std::to_string(::getpid()) + ".json";
};

TEST_F(AccessKeysFile, IsAListOfKeys) {
  const auto keys = load(R"([{"access_key_id": "A", "secret_access_key": "a"},
                             {"access_key_id": "B", "secret_access_key": "b", "note": "CI"}])");
  ASSERT_TRUE(keys) << keys.error().message();
  EXPECT_EQ(*keys, (AccessKeys{{"A", "a"}, {"B", "b"}}));
}

TEST_F(AccessKeysFile, IsRefusedIfItIsSomethingElse) {
  for (const std::string text :
       {"", "{}", "[1]", R"([{"access_key_id": "A"}])", R"([{"secret_access_key": "A"}])",
        R"([{"access_key_id": "", "secret_access_key": "a"}])",
        R"([{"access_key_id": "A", "secret_access_key": 1}])"}) {
    EXPECT_THAT(refused(text), HasSubstr("is not of the form [{\"access_key_id\""));
  }
  EXPECT_THAT(refused("[]"), EndsWith("has no key in it"));
  EXPECT_THAT(refused(R"([{"access_key_id": "A", "secret_access_key": "a"},
                          {"access_key_id": "A", "secret_access_key": "b"}])"),
              EndsWith("names the key 'A' twice"));
}

TEST_F(AccessKeysFile, MustBeThere) {
  const auto keys = load_access_keys(path_ + ".not_there");
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), ErrorCode::invalid_argument);
  EXPECT_THAT(keys.error().message(), EndsWith("cannot be read: No such file or directory"));
}

TEST_F(AccessKeysFile, ThatOthersMayReadIsWarnedAbout) {
  std::vector<std::string> warnings;
  set_log_sink([&warnings](const LogLine& line) { warnings.emplace_back(line.message); });
  const std::string text = R"([{"access_key_id": "A", "secret_access_key": "a"}])";
  EXPECT_TRUE(load(text, 0600));
  EXPECT_TRUE(warnings.empty());
  EXPECT_TRUE(load(text, 0644));
  set_log_sink({});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings.front(), HasSubstr("can be read by other users"));
}

}  // namespace
}  // namespace dynakeep
