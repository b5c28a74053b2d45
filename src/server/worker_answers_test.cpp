#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/worker_fixture.h"

// Answers of a worker that take their time: streamed ones, those that wait for the disk, and those
// that come later.
namespace dynakeep::server {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

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

}  // namespace
}  // namespace dynakeep::server
