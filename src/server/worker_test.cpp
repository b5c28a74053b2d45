#include "server/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/worker_fixture.h"

namespace dynakeep::server {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

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

using Drain = WorkerTest;

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
