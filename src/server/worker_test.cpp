#include "server/worker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dynakeep/database.h"

namespace dynakeep::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The client's end of a connection.
class Client {
 public:
  explicit Client(FileDescriptor socket) : socket_(std::move(socket)) {}

  // As much as the socket takes.
  std::size_t send(std::string_view bytes) {
    const auto sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  void leave() { socket_.reset(); }

  // All that has come since the last call.
  std::string receive() {
    std::string received;
    std::array<char, 65536> buffer;
    while (true) {
      const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count == 0) ended_ = true;
      if (count < 0 && errno != EAGAIN) ended_ = true;
      if (count <= 0) return received;
      received.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  // The server has closed its side; receive() first.
  bool ended() const { return ended_; }

 private:
  FileDescriptor socket_;
  bool ended_ = false;
};

std::vector<std::string> bodies_of(std::string_view responses) {
  std::vector<std::string> bodies;
  while (!responses.empty()) {
    const auto head_end = responses.find("\r\n\r\n");
    const auto length_at = responses.find("Content-Length: ");
    if (head_end == std::string_view::npos || length_at > head_end) {
      bodies.emplace_back("not whole");
      break;
    }
    const auto length = std::stoul(std::string(responses.substr(length_at + 16, 10)));
    bodies.emplace_back(responses.substr(head_end + 4, length));
    responses.remove_prefix(std::min(responses.size(), head_end + 4 + length));
  }
  return bodies;
}

std::string post(const std::string& target, const std::string& body = {},
                 const std::string& fields = {}) {
  return "POST " + target + " HTTP/1.1\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A body of parts that are given to it.
class Script final : public http::BodySource {
 public:
  State next(std::string& out) override {
    if (endless_part_bytes != 0) {
      out.append(endless_part_bytes, 'x');
      made_bytes += endless_part_bytes;
      return State::more;
    }
    if (!parts.empty()) {
      out = parts.front();
      parts.pop_front();
      return State::more;
    }
    return finished ? State::end : State::later;
  }
  void when_ready(std::function<void()> waker) override { wake = std::move(waker); }
  void finish() override { finished = true; }

  std::deque<std::string> parts = {};
  bool finished = false;
  std::size_t endless_part_bytes = 0;
  std::size_t made_bytes = 0;
  std::function<void()> wake = {};
};

// An answer that comes when the test says so.
class Letter final : public http::LateAnswer {
 public:
  std::optional<http::HttpResponse> take(std::function<void()> waker) override {
    wake = std::move(waker);
    if (body.empty() && !finished) return {};
    if (position != 0) DeferredDurability::current()->note(position);
    return http::HttpResponse{.body = body};
  }
  std::chrono::milliseconds patience() const override { return 20s; }
  void finish() override { finished = true; }

  std::string body = {};
  std::uint64_t position = 0;
  bool finished = false;
  std::function<void()> wake = {};
};

// A worker whose time stands still, whose application echoes, and whose disk waits to be told.
class WorkerTest : public testing::Test {
 protected:
  // Targets: "/big/N" answers N bytes; "/at/N" answers once N is on disk; "/source" answers what
  // source_ makes; "/late" what letter_ holds, once it does; others echo.
  http::HttpResponse answer(const http::HttpRequest& request) {
    answered_.push_back(request.target);
    http::HttpResponse response{.body = request.target + request.body};
    if (request.target == "/close") response.close = true;
    if (request.target.starts_with("/big/")) {
      response.body = std::string(std::stoul(request.target.substr(5)), 'b');
    }
    if (request.target.starts_with("/at/")) {
      DeferredDurability::current()->note(std::stoul(request.target.substr(4)));
    }
    if (request.target == "/source") response.source = source_;
    if (request.target == "/late") response.late = letter_;
    return response;
  }

  void SetUp() override {
    application_.answer = [this](const http::HttpRequest& request) { return answer(request); };
    application_.when_durable = [this](std::uint64_t position, auto done) {
      questions_.emplace_back(position, std::move(done));
    };
    application_.not_durable = [](const http::HttpResponse&, const Error& error) {
      return http::HttpResponse{.status = 500, .body = error.message()};
    };
    options_.now = [this] { return now_; };
    options_.clock = &clock_;
    options_.patience = {.idle = 100s, .header = 10s, .body = 20s, .write = 30s, .linger = 2s};
    make_worker();
  }

  void make_worker() {
    auto worker = Worker::create(application_, budget_, options_);
    ASSERT_TRUE(worker);
    worker_ = std::move(*worker);
  }

  Client connect() {
    std::array<int, 2> ends = {};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    worker_->adopt(FileDescriptor(ends[0]));
    return Client(FileDescriptor(ends[1]));
  }

  void turn(int times = 4) {
    for (int i = 0; i < times; ++i) worker_->turn(0ms);
  }

  std::string exchange(Client& client, std::string_view bytes) {
    client.send(bytes);
    turn();
    return client.receive();
  }

  void advance(std::chrono::milliseconds by) {
    now_ += by;
    turn();
  }

  void disk_reaches(std::uint64_t position, const Result<void>& outcome = {}) {
    while (!questions_.empty() && questions_.front().first <= position) {
      const auto done = std::move(questions_.front().second);
      questions_.pop_front();
      done(outcome);
    }
    turn();
  }

  Application application_;
  MemoryBudget budget_{std::size_t{1} << 20};
  WorkerOptions options_;
  Worker::Instant now_ = {};
  ManualClock clock_;
  std::vector<std::string> answered_;
  std::shared_ptr<Script> source_ = std::make_shared<Script>();
  std::shared_ptr<Letter> letter_ = std::make_shared<Letter>();
  std::deque<std::pair<std::uint64_t, std::function<void(const Result<void>&)>>> questions_;
  std::unique_ptr<Worker> worker_;
};

using Exchange = WorkerTest;

TEST_F(Exchange, ARequestIsAnsweredAndTheConnectionStays) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/a", "hello")),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n"
            "/ahello");
  EXPECT_THAT(bodies_of(exchange(client, post("/b"))), ElementsAre("/b"));
  EXPECT_FALSE(client.ended());
  EXPECT_EQ(worker_->connection_count(), 1U);
}

TEST_F(Exchange, ARequestMayComeByteByByte) {
  Client client = connect();
  const std::string request = post("/a", "hello", "Host: localhost\r\n");
  for (const char byte : request.substr(0, request.size() - 1)) {
    EXPECT_EQ(exchange(client, std::string(1, byte)), "");
  }
  EXPECT_THAT(bodies_of(exchange(client, request.substr(request.size() - 1))),
              ElementsAre("/ahello"));
}

TEST_F(Exchange, PipelinedRequestsAreAnsweredInTheirOrder) {
  Client client = connect();
  std::string requests;
  std::vector<std::string> expected;
  for (int i = 0; i < 1'000; ++i) {
    requests += post("/" + std::to_string(i));
    expected.push_back("/" + std::to_string(i));
  }
  EXPECT_EQ(client.send(requests), requests.size());
  turn(10);
  EXPECT_EQ(bodies_of(client.receive()), expected);
}

TEST_F(Exchange, ALargeBodyAndALargeAnswerPassWhole) {
  Client client = connect();
  const std::string body(900'000, 'x');
  const std::string request = post("/", body);
  std::string received;
  std::size_t sent = 0;
  while (sent < request.size()) {
    sent += client.send(std::string_view(request).substr(sent));
    turn(1);
  }
  for (int i = 0; i < 50; ++i) {
    turn(1);
    received += client.receive();
  }
  EXPECT_TRUE(bodies_of(received) == std::vector<std::string>{"/" + body});
  EXPECT_EQ(budget_.bytes_held(), 0U);
}

TEST_F(Exchange, HeadHasTheLengthAndNoBody) {
  Client client = connect();
  const std::string response = exchange(client, "HEAD /abc HTTP/1.1\r\n\r\n");
  EXPECT_THAT(response, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\n"));
}

TEST_F(Exchange, TheConnectionClosesWhenTheClientWantsIt) {
  Client client = connect();
  const std::string response =
      exchange(client, post("/a", "", "Connection: close\r\n") + post("/ignored"));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(bodies_of(response), ElementsAre("/a"));
  client.receive();
  EXPECT_TRUE(client.ended());
  EXPECT_THAT(answered_, ElementsAre("/a"));
}

TEST_F(Exchange, TheConnectionClosesWhenTheAnswerSaysSo) {
  Client client = connect();
  const std::string response = exchange(client, post("/close") + post("/ignored"));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(bodies_of(response), ElementsAre("/close"));
  client.receive();
  EXPECT_TRUE(client.ended());
  EXPECT_THAT(answered_, ElementsAre("/close"));
}

TEST_F(Exchange, Http10ClosesUnlessAskedToStay) {
  Client client = connect();
  EXPECT_THAT(exchange(client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_FALSE(client.ended());
  EXPECT_THAT(exchange(client, "GET /a HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.ended());
}

TEST_F(Exchange, AClientThatWaitsForItIsToldToContinue) {
  Client client = connect();
  EXPECT_EQ(
      exchange(client, "POST /a HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
      "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(bodies_of(exchange(client, "hello")), ElementsAre("/ahello"));
}

TEST_F(Exchange, AClientThatFinishedSendingStillGetsItsAnswers) {
  Client client = connect();
  client.send(post("/a") + post("/at/5") + "POST /half");
  client.finish_sending();
  turn();
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("/a"));
  EXPECT_FALSE(client.ended());
  disk_reaches(5);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("/at/5"));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(worker_->connection_count(), 0U);
}

using Streaming = WorkerTest;

TEST_F(Streaming, PartsGoOutAsChunksAndTheConnectionStays) {
  source_->parts = {"hello ", "world"};
  source_->finished = true;
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/source") + post("/next")),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n"
            "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n"
            "/next");
  EXPECT_FALSE(client.ended());
}

TEST_F(Streaming, ASourceWithNothingYetIsAskedAgainWhenItCalls) {
  Client client = connect();
  EXPECT_THAT(exchange(client, post("/source")), EndsWith("GMT\r\n\r\n"));
  advance(1000s);  // nobody's patience is tried: the client is waiting, not we
  EXPECT_EQ(client.receive(), "");
  EXPECT_FALSE(client.ended());
  source_->parts = {"at last"};
  source_->wake();
  turn();
  EXPECT_EQ(client.receive(), "7\r\nat last\r\n");
  source_->finished = true;
  source_->wake();
  turn();
  EXPECT_EQ(client.receive(), "0\r\n\r\n");
  EXPECT_THAT(bodies_of(exchange(client, post("/next"))), ElementsAre("/next"));
}

TEST_F(Streaming, RequestsBehindAStreamWaitForItsEnd) {
  Client client = connect();
  exchange(client, post("/source"));
  EXPECT_EQ(exchange(client, post("/next")), "");
  EXPECT_THAT(answered_, ElementsAre("/source"));
  source_->finished = true;
  source_->wake();
  turn();
  EXPECT_THAT(client.receive(), EndsWith("/next"));
}

TEST_F(Streaming, AStreamBehindAWriteWaitsForTheDiskAndIsFollowedByTheRest) {
  source_->parts = {"part"};
  source_->finished = true;
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/at/5") + post("/source") + post("/next")), "");
  disk_reaches(5);
  const std::string received = client.receive();
  EXPECT_THAT(received, HasSubstr("/at/5HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(received, HasSubstr("4\r\npart\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(received, EndsWith("/next"));
}

TEST_F(Streaming, NoMoreIsMadeThanTheClientTakes) {
  source_->endless_part_bytes = 10'000;
  Client client = connect();
  client.send(post("/source"));
  turn(100);
  const std::size_t untaken = source_->made_bytes;
  EXPECT_LE(untaken, 2'000'000U);  // what the sockets hold, and a part or two
  turn(100);
  EXPECT_EQ(source_->made_bytes, untaken);
  EXPECT_LE(budget_.bytes_held(), 200'000U);
  std::size_t received = 0;
  for (int i = 0; i < 200; ++i) {
    received += client.receive().size();
    turn(1);
  }
  EXPECT_GT(received, untaken);
  advance(31s);
  advance(31s);  // and who takes nothing at all is dropped
  EXPECT_EQ(worker_->connection_count(), 0U);
}

TEST_F(Streaming, ToHttp10TheEndIsThatOfTheConnection) {
  source_->parts = {"hello"};
  source_->finished = true;
  Client client = connect();
  EXPECT_EQ(exchange(client, "GET /source HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
            "Connection: close\r\n\r\nhello");
  EXPECT_TRUE(client.ended());
}

TEST_F(Streaming, HeadAsksForNoPart) {
  source_->endless_part_bytes = 10;
  Client client = connect();
  EXPECT_THAT(exchange(client, "HEAD /source HTTP/1.1\r\n\r\n"), EndsWith("GMT\r\n\r\n"));
  EXPECT_EQ(source_->made_bytes, 0U);
}

TEST_F(Streaming, ASourceMayCallAfterItsClientOrTheWorkerIsGone) {
  Client client = connect();
  exchange(client, post("/source"));
  client.leave();
  turn();
  const auto wake = source_->wake;
  wake();
  turn();
  EXPECT_EQ(worker_->connection_count(), 0U);
  worker_.reset();
  wake();
}

TEST_F(Streaming, AServerThatStopsAsksSourcesToEnd) {
  source_->parts = {"a"};
  Client client = connect();
  exchange(client, post("/source"));
  worker_->begin_drain(10s);
  turn();
  EXPECT_EQ(client.receive(), "0\r\n\r\n");
  EXPECT_TRUE(worker_->is_drained());
}

using Refusal = WorkerTest;

TEST_F(Refusal, WhatIsNoHttpIsAnswered400AndClosed) {
  Client client = connect();
  EXPECT_THAT(exchange(client, post("/a") + "nonsense\r\n\r\n" + post("/b")),
              HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(client.ended());
  EXPECT_THAT(answered_, ElementsAre("/a"));
}

TEST_F(Refusal, ABodyTooLargeIsAnswered413WhileTheClientStillSends) {
  options_.limits.body_bytes_max = 100'000;
  make_worker();
  Client client = connect();
  EXPECT_THAT(exchange(client,
                       "POST / HTTP/1.1\r\nContent-Length: 100001\r\n"
                       "Expect: 100-continue\r\n\r\n"),
              StartsWith("HTTP/1.1 413 Request Entity Too Large\r\n"));
  // The client has not looked yet, and sends on.
  EXPECT_EQ(client.send(std::string(50'000, 'x')), 50'000U);
  turn();
  EXPECT_EQ(worker_->connection_count(), 1U);
  client.leave();
  turn();
  EXPECT_EQ(worker_->connection_count(), 0U);
}

TEST_F(Refusal, ARefusedClientThatNeverStopsSendingIsCutOff) {
  Client client = connect();
  exchange(client, "nonsense\r\n\r\n");
  advance(1s);
  EXPECT_EQ(worker_->connection_count(), 1U);
  advance(2s);
  EXPECT_EQ(worker_->connection_count(), 0U);
}

TEST_F(Refusal, BodiesPastTheSharedBudgetAreAnswered503) {
  Client first = connect();
  Client second = connect();
  EXPECT_EQ(exchange(first, "POST /a HTTP/1.1\r\nContent-Length: 700000\r\n\r\n"), "");
  EXPECT_THAT(exchange(second, "POST /b HTTP/1.1\r\nContent-Length: 700000\r\n\r\n"),
              StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  first.leave();
  turn();
  EXPECT_EQ(budget_.bytes_held(), 0U);
  Client third = connect();
  EXPECT_EQ(exchange(third, "POST /c HTTP/1.1\r\nContent-Length: 700000\r\n\r\n"), "");
}

TEST_F(Refusal, ChunksPastTheSharedBudgetAreAnswered503) {
  Client client = connect();
  client.send("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string received;
  for (int i = 0; i < 40 && received.empty(); ++i) {
    client.send("c350\r\n" + std::string(50'000, 'x') + "\r\n");
    turn();
    received = client.receive();
  }
  EXPECT_THAT(received, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_LE(budget_.bytes_held(), 1'048'576U);
  EXPECT_THAT(answered_, IsEmpty());
}

using Patient = WorkerTest;

TEST_F(Patient, AnIdleClientIsClosedAfterItsTime) {
  Client client = connect();
  advance(99s);
  EXPECT_THAT(bodies_of(exchange(client, post("/a"))), ElementsAre("/a"));
  advance(99s);
  client.receive();
  EXPECT_FALSE(client.ended());
  advance(2s);
  client.receive();
  EXPECT_TRUE(client.ended());
}

TEST_F(Patient, AHeadThatDripsInIsNotWaitedFor) {
  Client client = connect();
  std::string head = "POST / HTTP/1.1\r\n";
  for (int i = 0; i < 20 && worker_->connection_count() == 1; ++i) {
    exchange(client, head);
    head = "X-Drip: x\r\n";
    advance(1s);
  }
  client.receive();
  EXPECT_TRUE(client.ended());
  EXPECT_LE(now_ - Worker::Instant{}, 12s);
}

TEST_F(Patient, ABodyThatDripsInIsNotWaitedFor) {
  Client client = connect();
  exchange(client, "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 40 && worker_->connection_count() == 1; ++i) {
    exchange(client, "x");
    advance(1s);
  }
  EXPECT_EQ(worker_->connection_count(), 0U);
  EXPECT_LE(now_ - Worker::Instant{}, 22s);
}

TEST_F(Patient, EachRequestHasItsOwnTime) {
  Client client = connect();
  for (int i = 0; i < 10; ++i) {
    const std::string request = post("/a");
    exchange(client, request.substr(0, 5));
    advance(6s);
    EXPECT_THAT(bodies_of(exchange(client, request.substr(5))), ElementsAre("/a"));
  }
}

TEST_F(Patient, AClientThatTakesNothingIsDropped) {
  Client client = connect();
  client.send(post("/big/1000000"));
  turn();
  advance(29s);
  EXPECT_EQ(worker_->connection_count(), 1U);
  EXPECT_GT(client.receive().size(), 0U);
  turn();
  advance(29s);
  EXPECT_EQ(worker_->connection_count(), 1U);  // it took some
  advance(10s);
  EXPECT_EQ(worker_->connection_count(), 0U);
  EXPECT_EQ(budget_.bytes_held(), 0U);
}

TEST_F(Patient, AClientWhoseAnswerWaitsForTheDiskIsNotBlamed) {
  Client client = connect();
  exchange(client, post("/at/1"));
  advance(1'000s);
  disk_reaches(1);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("/at/1"));
}

using Bounded = WorkerTest;

TEST_F(Bounded, AClientThatReadsNothingIsNotReadEither) {
  Client client = connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += post("/big/10000");
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    sent += client.send(std::string_view(requests).substr(sent % requests.size()));
    turn();
  }
  // What the sockets and our limit take, and no more.
  EXPECT_LT(answered_.size(), 200U);
  EXPECT_LT(budget_.bytes_held(), 700'000U);
  // All is answered once it reads.
  std::string received;
  for (int i = 0; i < 2'000; ++i) {
    turn(1);
    received += client.receive();
  }
  EXPECT_EQ(answered_.size(), sent / (requests.size() / 100));
  EXPECT_EQ(bodies_of(received).size(), answered_.size());
  EXPECT_EQ(budget_.bytes_held(), 0U);
}

TEST_F(Bounded, ConnectionsAtRestHoldNothing) {
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(connect());
    EXPECT_THAT(bodies_of(exchange(clients.back(), post("/", std::string(10'000, 'x')))).size(),
                1U);
  }
  EXPECT_EQ(worker_->connection_count(), 200U);
  EXPECT_EQ(budget_.bytes_held(), 0U);
}

TEST_F(Bounded, AnswersThatNobodyTakesComeOutOfTheBudget) {
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(connect());
    clients.back().send(post("/big/900000"));
    turn();
    EXPECT_LE(budget_.bytes_held(), 1'048'576U);
  }
  EXPECT_LT(worker_->connection_count(), 10U);
}

using Durable = WorkerTest;

TEST_F(Durable, AnAnswerWaitsForTheDisk) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/at/7")), "");
  EXPECT_EQ(answered_.size(), 1U);
  disk_reaches(7);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("/at/7"));
}

TEST_F(Durable, AnswersBehindOneThatWaitsWaitToo) {
  Client client = connect();
  EXPECT_THAT(bodies_of(exchange(client, post("/a") + post("/at/7") + post("/b"))),
              ElementsAre("/a"));
  EXPECT_THAT(answered_, ElementsAre("/a", "/at/7", "/b"));
  disk_reaches(7);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("/at/7", "/b"));
}

TEST_F(Durable, OtherConnectionsDoNotWait) {
  Client writer = connect();
  Client reader = connect();
  EXPECT_EQ(exchange(writer, post("/at/7")), "");
  EXPECT_THAT(bodies_of(exchange(reader, post("/a"))), ElementsAre("/a"));
}

TEST_F(Durable, OneQuestionIsOpenAtATimeForAllConnections) {
  Client first = connect();
  Client second = connect();
  Client third = connect();
  first.send(post("/at/7"));
  second.send(post("/at/5"));
  turn();
  ASSERT_EQ(questions_.size(), 1U);
  EXPECT_EQ(questions_.front().first, 7U);
  exchange(third, post("/at/9") + post("/at/8"));
  EXPECT_EQ(questions_.size(), 1U);
  disk_reaches(7);
  EXPECT_THAT(bodies_of(first.receive()), ElementsAre("/at/7"));
  EXPECT_THAT(bodies_of(second.receive()), ElementsAre("/at/5"));
  EXPECT_EQ(third.receive(), "");
  ASSERT_EQ(questions_.size(), 1U);
  EXPECT_EQ(questions_.front().first, 9U);
  disk_reaches(9);
  EXPECT_THAT(bodies_of(third.receive()), ElementsAre("/at/9", "/at/8"));
}

TEST_F(Durable, WhatTheDiskRefusesIsAnsweredAsAFailure) {
  Client client = connect();
  exchange(client, post("/at/7") + post("/a"));
  disk_reaches(7, Error::internal("disk full"));
  const std::string received = client.receive();
  EXPECT_THAT(received, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_THAT(bodies_of(received), ElementsAre("disk full", "/a"));
}

TEST_F(Durable, AClientMayLeaveBeforeTheDiskIsThere) {
  Client client = connect();
  exchange(client, post("/at/7"));
  client.leave();
  turn();
  disk_reaches(7);
  EXPECT_EQ(worker_->connection_count(), 0U);
}

TEST_F(Durable, TheDiskMayAnswerAfterTheWorkerIsGone) {
  Client client = connect();
  exchange(client, post("/at/7"));
  worker_.reset();
  ASSERT_EQ(questions_.size(), 1U);
  questions_.front().second({});
}

TEST_F(Durable, ManyPipelinedWritesAreHeldBackWithinBounds) {
  Client client = connect();
  std::string requests;
  for (int i = 1; i <= 1'000; ++i) requests += post("/at/" + std::to_string(i));
  client.send(requests);
  turn(20);
  EXPECT_LE(answered_.size(), 300U);
  std::string received;
  for (int i = 0; i < 20; ++i) {
    disk_reaches(1'000);
    received += client.receive();
  }
  EXPECT_EQ(bodies_of(received).size(), 1'000U);
  EXPECT_EQ(bodies_of(received).back(), "/at/1000");
}

using Drain = WorkerTest;

using Late = WorkerTest;

TEST_F(Late, AnAnswerComesWhenItIsThere) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/late")), "");
  advance(19s);
  EXPECT_EQ(client.receive(), "");
  letter_->body = "news";
  letter_->wake();
  turn();
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("news"));
  EXPECT_THAT(bodies_of(exchange(client, post("/a"))), ElementsAre("/a"));
}

TEST_F(Late, AnAnswerThatIsThereByThenComesAtOnce) {
  Client client = connect();
  letter_->body = "news";
  EXPECT_THAT(bodies_of(exchange(client, post("/late"))), ElementsAre("news"));
}

TEST_F(Late, AWakeForNothingChangesNothing) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/late")), "");
  letter_->wake();
  turn();
  EXPECT_EQ(client.receive(), "");
  EXPECT_FALSE(letter_->finished);
}

TEST_F(Late, AnAnswerIsFinishedAfterItsTimeAndNotBefore) {
  Client client = connect();
  exchange(client, post("/late"));
  advance(19'999ms);
  EXPECT_FALSE(letter_->finished);
  advance(1ms);
  EXPECT_TRUE(letter_->finished);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre(""));
  // It has no second time.
  letter_ = std::make_shared<Letter>();
  EXPECT_EQ(exchange(client, post("/late")), "");
  advance(19s);
  EXPECT_FALSE(letter_->finished);
}

TEST_F(Late, AnswersBehindItWaitForTheirTurn) {
  Client client = connect();
  EXPECT_EQ(exchange(client, post("/late") + post("/a") + post("/at/7")), "");
  disk_reaches(7);
  EXPECT_EQ(client.receive(), "");
  letter_->body = "news";
  letter_->wake();
  turn();
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("news", "/a", "/at/7"));
}

TEST_F(Late, AnAnswerMayWaitForTheDiskAfterwards) {
  Client client = connect();
  exchange(client, post("/late"));
  letter_->body = "news";
  letter_->position = 3;
  letter_->wake();
  turn();
  EXPECT_EQ(client.receive(), "");
  disk_reaches(3);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre("news"));
}

TEST_F(Late, AClientThatHasLeftIsForgotten) {
  for (const std::string fields : {"", "Connection: close\r\n"}) {
    Client client = connect();
    exchange(client, post("/late", "", fields));
    EXPECT_EQ(letter_.use_count(), 2);
    client.leave();
    turn();
    EXPECT_EQ(letter_.use_count(), 1);
    EXPECT_EQ(worker_->connection_count(), 0U);
    letter_->wake();
    turn();
    letter_ = std::make_shared<Letter>();
  }
}

TEST_F(Late, AnAnswerThatIsNotThereIsFinishedWhenTheServerStops) {
  Client client = connect();
  exchange(client, post("/late"));
  worker_->begin_drain(10s);
  turn();
  EXPECT_TRUE(letter_->finished);
  EXPECT_THAT(bodies_of(client.receive()), ElementsAre(""));
  EXPECT_TRUE(worker_->is_drained());
}

TEST_F(Late, AnAnswerMayBeWokenAfterTheWorkerIsGone) {
  Client client = connect();
  exchange(client, post("/late"));
  worker_.reset();
  letter_->wake();
}

TEST_F(Drain, IdleConnectionsCloseAtOnce) {
  Client client = connect();
  exchange(client, post("/a"));
  worker_->begin_drain(10s);
  turn();
  client.receive();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(worker_->is_drained());
}

TEST_F(Drain, WhatHasBegunIsFinished) {
  Client half = connect();
  Client waiting = connect();
  Client unseen = connect();
  const std::string request = post("/half", "hello");
  exchange(half, request.substr(0, request.size() - 2));
  exchange(waiting, post("/at/7"));
  unseen.send(post("/unseen"));  // in the socket, not yet read
  worker_->begin_drain(10s);
  turn();
  EXPECT_THAT(bodies_of(unseen.receive()), ElementsAre("/unseen"));
  EXPECT_FALSE(worker_->is_drained());
  const std::string response = exchange(half, request.substr(request.size() - 2));
  EXPECT_THAT(bodies_of(response), ElementsAre("/halfhello"));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  disk_reaches(7);
  EXPECT_THAT(bodies_of(waiting.receive()), ElementsAre("/at/7"));
  half.leave();
  waiting.leave();
  unseen.leave();
  turn();
  EXPECT_TRUE(worker_->is_drained());
}

TEST_F(Drain, WhoTakesTooLongIsDropped) {
  Client half = connect();
  Client waiting = connect();
  exchange(half, "POST /");
  exchange(waiting, post("/at/7"));
  worker_->begin_drain(5s);
  advance(4s);
  EXPECT_FALSE(worker_->is_drained());
  advance(1s);
  EXPECT_TRUE(worker_->is_drained());
}

}  // namespace
}  // namespace dynakeep::server
