#include "transport/pooled_transport.h"

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/scripted_server.h"

namespace dynakeep::transport {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
Deadline soon() { return in(100ms); }
Deadline some_time() { return in(20s); }

std::unique_ptr<Transport> make(const TransportOptions& options = {}) {
  auto made = make_pooled_transport(options);
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

http::HttpRequest post(const std::string& body) {
  http::HttpRequest request{.method = "POST", .target = "/path?query", .body = body};
  request.headers.add("Host", "example");
  request.headers.add("X-Amz-Target", "T");
  return request;
}

// Answers each request with its own body.
void echo(Peer& peer) {
  for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
    peer.answer(request.substr(request.find("\r\n\r\n") + 4));
  }
}

Error failure_of(const Result<http::HttpResponse>& answered) {
  EXPECT_FALSE(answered);
  return answered ? Error(ErrorCode::validation, "no failure") : answered.error();
}

// What one request to a server that plays the script fails with.
Error failure(const ScriptedServer::Script& script, const TransportOptions& options = {},
              const http::HttpRequest& request = post("a"), Deadline deadline = some_time()) {
  ScriptedServer server(script);
  const auto transport = make(options);
  const Error error = failure_of(transport->send(server.origin(), request, deadline));
  EXPECT_THAT(error.message(), HasSubstr("http://127.0.0.1:" + std::to_string(server.port())));
  return error;
}

TEST(PooledTransport, SendsARequestAndReadsItsAnswer) {
  std::string received;
  ScriptedServer server([&](Peer& peer) {
    received = peer.read_request();
    peer.send(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n"
        "X-Amzn-RequestId: R\r\n\r\nhello");
    peer.wait_until_closed();
  });
  const auto transport = make();
  const auto answered = transport->send(server.origin(), post("body"), some_time());
  ASSERT_TRUE(answered) << answered.error();
  EXPECT_EQ(answered->status, 400);
  EXPECT_EQ(answered->headers.find("x-amzn-requestid"), "R");
  EXPECT_EQ(answered->body, "hello");
  EXPECT_THAT(received,
              StartsWith("POST /path?query HTTP/1.1\r\nHost: example\r\nX-Amz-Target: T\r\n"));
  EXPECT_THAT(received, HasSubstr("\r\nContent-Length: 4\r\n"));
  EXPECT_THAT(received, EndsWith("\r\n\r\nbody"));
}

TEST(PooledTransport, SaysALengthOfNothingOnlyWhereItMeansSomething) {
  ScriptedServer server([](Peer& peer) {
    while (true) {
      const std::string head = peer.read_head();
      if (head.empty()) return;
      peer.answer(head);
    }
  });
  const auto transport = make();
  for (const auto& [method, says] :
       std::vector<std::pair<std::string, bool>>{{"GET", false}, {"PUT", true}, {"POST", true}}) {
    const auto answered =
        transport->send(server.origin(), {.method = method, .target = "/"}, some_time());
    ASSERT_TRUE(answered) << answered.error();
    EXPECT_EQ(answered->body.find("Content-Length: 0\r\n") != std::string::npos, says) << method;
  }
}

TEST(PooledTransport, KeepsTheConnectionForTheNextRequest) {
  ScriptedServer server(echo);
  const auto transport = make();
  for (const std::string& body : {std::string("one"), std::string(3'000'000, 'x'), std::string()}) {
    const auto answered = transport->send(server.origin(), post(body), some_time());
    ASSERT_TRUE(answered) << answered.error();
    EXPECT_EQ(answered->body, body);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(PooledTransport, KeepsConnectionsOfDifferentOriginsApart) {
  ScriptedServer first([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("first");
  });
  ScriptedServer second([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("second");
  });
  const auto transport = make();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(transport->send(first.origin(), post(""), some_time())->body, "first");
    EXPECT_EQ(transport->send(second.origin(), post(""), some_time())->body, "second");
  }
  EXPECT_EQ(first.connections(), 1);
  EXPECT_EQ(second.connections(), 1);
}

TEST(PooledTransport, OpensAnotherConnectionWhereTheServerSaidItCloses) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay"}) {
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(answer);
      if (answer.find("Length") != std::string::npos) peer.wait_until_closed();
    });
    const auto transport = make();
    for (int i = 1; i <= 2; ++i) {
      const auto answered = transport->send(server.origin(), post(""), some_time());
      ASSERT_TRUE(answered) << answered.error();
      EXPECT_EQ(answered->body, "ok");
      EXPECT_EQ(server.connections(), i) << answer;
    }
  }
}

TEST(PooledTransport, NoticesThatAnIdleConnectionWasClosed) {
  std::atomic<bool> closed = false;
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer("ok");
    if (peer.number() > 0) return;
    peer.close();  // without a word in the answer
    closed = true;
  });
  const auto transport = make();
  ASSERT_TRUE(transport->send(server.origin(), post(""), some_time()));
  while (!closed) std::this_thread::yield();
  const auto answered = transport->send(server.origin(), post(""), some_time());
  ASSERT_TRUE(answered) << answered.error();
  EXPECT_EQ(server.connections(), 2);
}

TEST(PooledTransport, UsesNoConnectionThatWasIdleForTooLong) {
  ScriptedServer server(echo);
  const auto transport = make({.idle_timeout = 5ms});
  ASSERT_TRUE(transport->send(server.origin(), post(""), some_time()));
  std::this_thread::sleep_for(10ms);
  ASSERT_TRUE(transport->send(server.origin(), post(""), some_time()));
  EXPECT_EQ(server.connections(), 2);
}

TEST(PooledTransport, UsesNoConnectionThatTheServerIsAboutToClose) {
  for (const auto& [said, connections] : std::vector<std::pair<std::string, int>>{
           {"timeout=1", 2}, {"max=7, timeout=0", 2}, {"timeout=60", 1}, {"timeout=", 1}}) {
    ScriptedServer server([&](Peer& peer) {
      while (!peer.read_request().empty()) peer.answer("", "Keep-Alive: " + said + "\r\n");
    });
    const auto transport = make();
    ASSERT_TRUE(transport->send(server.origin(), post(""), some_time()));
    ASSERT_TRUE(transport->send(server.origin(), post(""), some_time()));
    EXPECT_EQ(server.connections(), connections) << said;
  }
}

TEST(PooledTransport, ClosesItsConnectionsWhenItGoes) {
  std::latch closed(1);
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer("ok");
    if (peer.read_request().empty()) closed.count_down();
  });
  auto transport = make();
  ASSERT_TRUE(transport->send(server.origin(), post(""), some_time()));
  transport.reset();
  closed.wait();
}

TEST(PooledTransport, KnowsThatARequestWasNotSentWhereNobodyIs) {
  Origin nobody{.host = "127.0.0.1"};
  {
    const auto listener = ScriptedServer::listen_somewhere();
    nobody.port = ScriptedServer::port_of(listener);
  }
  const Error error = failure_of(make()->send(nobody, post(""), some_time()));
  EXPECT_EQ(error.code(), ErrorCode::unavailable);
  EXPECT_FALSE(error.outcome_unknown());
  EXPECT_THAT(error.message(), HasSubstr("Connection refused"));
}

TEST(PooledTransport, DoesNotKnowTheOutcomeWhenNoAnswerComes) {
  const Error late = failure([](Peer& peer) { peer.wait_until_closed(); }, {}, post("a"), soon());
  EXPECT_EQ(late.code(), ErrorCode::timed_out);
  EXPECT_TRUE(late.outcome_unknown());
  EXPECT_THAT(late.message(), EndsWith("it did not answer in time"));

  const Error closed = failure([](Peer& peer) { peer.read_request(); });
  EXPECT_EQ(closed.code(), ErrorCode::unavailable);
  EXPECT_TRUE(closed.outcome_unknown());
  EXPECT_THAT(closed.message(), EndsWith("it closed the connection without an answer"));

  const Error reset = failure([](Peer& peer) {
    peer.read_request();
    peer.reset();
  });
  EXPECT_EQ(reset.code(), ErrorCode::unavailable);
  EXPECT_TRUE(reset.outcome_unknown());
  EXPECT_THAT(reset.message(), EndsWith("the connection was lost: Connection reset by peer"));
}

TEST(PooledTransport, DoesNotKnowTheOutcomeWhenAnAnswerIsCutOff) {
  const std::string whole =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const Error error = failure([&](Peer& peer) {
      peer.read_request();
      peer.send(whole.substr(0, cut));
    });
    ASSERT_EQ(error.code(), ErrorCode::unavailable) << cut;
    ASSERT_TRUE(error.outcome_unknown()) << cut;
    ASSERT_THAT(error.message(), EndsWith("it closed the connection in the middle of its answer"));
  }
  const Error slow = failure(
      [&](Peer& peer) {
        peer.read_request();
        peer.send(whole.substr(0, whole.size() - 1));
        peer.wait_until_closed();
      },
      {}, post("a"), soon());
  EXPECT_EQ(slow.code(), ErrorCode::timed_out);
  EXPECT_TRUE(slow.outcome_unknown());
  EXPECT_THAT(slow.message(), EndsWith("its answer did not end in time"));
}

TEST(PooledTransport, DoesNotKnowTheOutcomeWhenAnAnswerMakesNoSense) {
  const auto answered_with = [](const std::string& bytes, const TransportOptions& options = {}) {
    const Error error = failure(
        [&](Peer& peer) {
          peer.read_request();
          peer.send(bytes);
          peer.wait_until_closed();
        },
        options);
    // What is too large to be taken would be as large again.
    const bool too_large = error.message().ends_with("larger than is taken");
    EXPECT_EQ(error.code(), too_large ? ErrorCode::limit_exceeded : ErrorCode::unavailable);
    EXPECT_TRUE(error.outcome_unknown());
    return error.message();
  };
  EXPECT_THAT(answered_with("SSH-2.0-OpenSSH_9.2\r\n\r\n"), EndsWith("its answer is not HTTP"));
  EXPECT_THAT(
      answered_with("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", {.answer_bytes_max = 10}),
      EndsWith("its answer is larger than is taken"));
  EXPECT_THAT(answered_with("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n"),
              EndsWith("its answer has more header than is taken"));
}

TEST(PooledTransport, KnowsThatARequestHadNoEffectIfNotAllOfItWasSent) {
  const http::HttpRequest large = post(std::string(40'000'000, 'x'));

  const Error late = failure([](Peer& peer) { peer.wait_without_reading(); }, {}, large, soon());
  EXPECT_EQ(late.code(), ErrorCode::timed_out);
  EXPECT_FALSE(late.outcome_unknown());
  EXPECT_THAT(late.message(), EndsWith("the request could not be sent in time"));

  const Error reset = failure(
      [](Peer& peer) {
        peer.read_head();
        peer.reset();
      },
      {}, large);
  EXPECT_EQ(reset.code(), ErrorCode::unavailable);
  EXPECT_FALSE(reset.outcome_unknown());
  EXPECT_THAT(reset.message(), HasSubstr("the request could not be sent"));
}

TEST(PooledTransport, TakesAnAnswerThatDoesNotWaitForTheWholeRequest) {
  ScriptedServer server([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    peer.wait_without_reading();
  });
  const auto transport = make();
  const http::HttpRequest large = post(std::string(40'000'000, 'x'));
  for (int i = 1; i <= 2; ++i) {
    const auto answered = transport->send(server.origin(), large, some_time());
    ASSERT_TRUE(answered) << answered.error();
    EXPECT_EQ(answered->status, 413);
    EXPECT_EQ(answered->body, "no");
    EXPECT_EQ(server.connections(), i);  // what was left unsent makes the first one useless
  }
}

TEST(PooledTransport, SendsNothingThatWouldBeReadAsMoreThanOneRequest) {
  ScriptedServer server(echo);
  const auto transport = make();
  for (const auto& [method, target] :
       std::vector<std::pair<std::string, std::string>>{{"GET", "/ HTTP/1.1\r\nA: b"},
                                                        {"GET", ""},
                                                        {"GET", "/a b"},
                                                        {"GET /", "/"},
                                                        {"", "/"}}) {
    const Error error = failure_of(
        transport->send(server.origin(), {.method = method, .target = target}, some_time()));
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_FALSE(error.outcome_unknown());
  }
}

TEST(PooledTransport, SendsNothingAfterTheDeadline) {
  ScriptedServer server(echo);
  const auto transport = make();
  const Error error = failure_of(transport->send(server.origin(), post(""), in(-1ms)));
  EXPECT_EQ(error.code(), ErrorCode::timed_out);
  EXPECT_FALSE(error.outcome_unknown());
}

TEST(PooledTransport, HasCallsWaitForAConnectionWithinTheirDeadline) {
  std::latch asked(1);
  std::latch answer(1);
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    asked.count_down();
    answer.wait();
    peer.answer("ok");
    echo(peer);
  });
  const auto transport = make({.connections_max = 1});
  std::thread first([&] { EXPECT_TRUE(transport->send(server.origin(), post("1"), some_time())); });
  asked.wait();
  const Error late = failure_of(transport->send(server.origin(), post("2"), soon()));
  EXPECT_EQ(late.code(), ErrorCode::timed_out);
  EXPECT_FALSE(late.outcome_unknown());
  EXPECT_EQ(late.message(), "all 1 connections were in use until the deadline");

  std::thread patient(
      [&] { EXPECT_TRUE(transport->send(server.origin(), post("3"), some_time())); });
  answer.count_down();
  first.join();
  patient.join();
  EXPECT_EQ(server.connections(), 1);
}

TEST(PooledTransport, CarriesTheCallsOf256Threads) {
  std::atomic<int> open = 0;
  std::atomic<int> open_max = 0;
  ScriptedServer server([&](Peer& peer) {
    for (int now = ++open, most = open_max;
         now > most && !open_max.compare_exchange_weak(most, now);) {
    }
    echo(peer);
    --open;
  });
  const auto transport = make({.connections_max = 16});
  std::vector<std::thread> callers;
  std::atomic<int> right = 0;
  for (int caller = 0; caller < 256; ++caller) {
    callers.emplace_back([&, caller] {
      for (int call = 0; call < 20; ++call) {
        const std::string body = std::to_string(caller) + " " + std::to_string(call);
        const auto answered = transport->send(server.origin(), post(body), some_time());
        if (answered && answered->body == body) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 256 * 20);
  EXPECT_LE(server.connections(), 16);
}

TEST(PooledTransport, AsksForGzipAndUndoesIt) {
  // printf hello | gzip -n
  const std::string packed =
      std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00", 17) +
      std::string("\x86\xa6\x10\x36\x05\x00\x00\x00", 8);
  std::string received;
  ScriptedServer server([&](Peer& peer) {
    received = peer.read_request();
    peer.answer(packed, "Content-Encoding: gzip\r\n");
    peer.read_request();
    peer.answer("damaged", "x-amz-crc32: 1\r\n");
    peer.wait_until_closed();
  });
  const auto transport = make();
  const auto answered = transport->send(server.origin(), post(""), some_time());
  ASSERT_TRUE(answered) << answered.error();
  EXPECT_EQ(answered->body, "hello");
  EXPECT_THAT(received, HasSubstr("\r\nAccept-Encoding: gzip\r\n"));

  const Error damaged = failure_of(transport->send(server.origin(), post(""), some_time()));
  EXPECT_EQ(damaged.code(), ErrorCode::unavailable);
  EXPECT_TRUE(damaged.outcome_unknown());
  EXPECT_EQ(server.connections(), 1);  // which is not to blame
}

TEST(PooledTransport, TellsAProxyWhomARequestIsFor) {
  std::string received;
  ScriptedServer proxy([&](Peer& peer) {
    for (received = peer.read_request(); !received.empty(); received = peer.read_request()) {
      peer.answer("by proxy");
    }
  });
  ScriptedServer direct(echo);
  TransportOptions options;
  options.proxies.plain = {.origin = proxy.origin(), .authorization = "Basic dXNlcjo="};
  options.proxies.exceptions = {"127.0.0.1"};
  const auto transport = make(options);
  const auto answered =
      transport->send({.host = "unknown.invalid", .port = 8000}, post("a"), some_time());
  ASSERT_TRUE(answered) << answered.error();
  EXPECT_EQ(answered->body, "by proxy");
  EXPECT_THAT(received, StartsWith("POST http://unknown.invalid:8000/path?query HTTP/1.1\r\n"
                                   "Host: example\r\n"));
  EXPECT_THAT(received, HasSubstr("\r\nProxy-Authorization: Basic dXNlcjo=\r\n"));
  EXPECT_EQ(transport->send(direct.origin(), post("a"), some_time())->body, "a");
}

TEST(PooledTransport, SaysWhichProxyCannotBeReached) {
  TransportOptions options;
  options.proxies.plain = {.origin = {.host = "127.0.0.1"}, .authorization = "Basic dXNlcjo="};
  {
    const auto listener = ScriptedServer::listen_somewhere();
    options.proxies.plain->origin.port = ScriptedServer::port_of(listener);
  }
  const Error error =
      failure_of(make(options)->send({.host = "unknown.invalid"}, post("a"), some_time()));
  EXPECT_EQ(error.code(), ErrorCode::unavailable);
  EXPECT_FALSE(error.outcome_unknown());
  EXPECT_THAT(error.message(), StartsWith("http://unknown.invalid by the proxy http://127.0.0.1:"));
  EXPECT_THAT(error.message(), HasSubstr("Connection refused"));
}

TEST(PooledTransport, RefusesOptionsThatMakeNoSense) {
  const auto made = make_pooled_transport({.connections_max = 0});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dynakeep::transport
