#include "support/fault_proxy.h"

#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http_client.h"

namespace dynakeep::support {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

int loopback_socket(std::uint16_t port, bool listens) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  const bool done = listens ? ::bind(made, plain, sizeof address) == 0 && ::listen(made, 64) == 0
                            : ::connect(made, plain, sizeof address) == 0;
  if (done) return made;
  ::close(made);
  return -1;
}

// Takes connections one after the other and writes down all bytes that come. To each request that
// is whole it gives the next of its answers, the last one again and again.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers)
      : answers_(std::move(answers)), listener_(loopback_socket(0, true)) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size), 0);
    port_ = ntohs(bound.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }

  // What came, a connection each, once that many have come and ended.
  std::vector<std::string> received(std::size_t connections) {
    std::unique_lock lock(mutex_);
    while (received_.size() < connections) {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    }
    return received_;
  }

 private:
  void serve() {
    while (true) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      std::string all;
      std::string request;
      char buffer[4096];
      ssize_t got = 0;
      while ((got = ::recv(client, buffer, sizeof buffer, 0)) > 0) {
        all.append(buffer, static_cast<std::size_t>(got));
        request.append(buffer, static_cast<std::size_t>(got));
        // Every request of these tests ends like this.
        for (auto end = request.find("}end"); end != std::string::npos;
             end = request.find("}end")) {
          request.erase(0, end + 4);
          const auto& answer = answers_[std::min(given_, answers_.size() - 1)];
          ++given_;
          ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
          if (answer.find("Connection: close") != std::string::npos) ::shutdown(client, SHUT_WR);
        }
      }
      ::close(client);
      const std::lock_guard lock(mutex_);
      received_.push_back(all);
    }
  }

  std::vector<std::string> answers_;
  std::size_t given_ = 0;
  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> received_;
  std::thread thread_;
};

// A connection to a proxy.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(loopback_socket(port, false)) {}
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }
  Client(const Client&) = delete;

  bool connected() const { return socket_ >= 0; }

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // All that comes until `ending` has, or the connection ends; how it ended is in ended_by.
  std::string receive(std::string_view ending = "never") {
    std::string all;
    char buffer[4096];
    while (!all.ends_with(ending)) {
      const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) {
        ended_by = got == 0 ? "order" : errno == ECONNRESET ? "reset" : "another error";
        break;
      }
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }

  std::string ended_by = "nothing";

 private:
  int socket_;
};

std::string request(const std::string& operation = "PutItem") {
  const std::string body = "{\"of\": \"" + operation + "\"}end";
  return "POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810." + operation +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string answer(const std::string& body, const std::string& header = "X-A: b") {
  return "HTTP/1.1 200 OK\r\n" + header + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// The n-th request meets the n-th plan, and those after the last one none.
FaultPlanner in_turn(std::vector<FaultPlan> plans) {
  return [plans = std::move(plans)](const ProxiedRequest& request) {
    return request.number < plans.size() ? plans[request.number] : FaultPlan{};
  };
}

std::unique_ptr<FaultProxy> start(const ScriptedServer& server, FaultPlanner planner) {
  auto proxy = FaultProxy::start(server.port(), std::move(planner));
  EXPECT_TRUE(proxy) << proxy.error();
  return std::move(*proxy);
}

TEST(FaultProxy, CarriesBytesAsTheyAre) {
  const std::vector<std::string> answers = {
      answer("{\"a\": 1}"),
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nT: "
      "r\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n"};
  ScriptedServer server(answers);
  {
    const auto proxy = start(server, in_turn({}));
    Client client(proxy->port());
    for (const auto& expected : answers) {
      client.send(request());
      EXPECT_EQ(client.receive(expected), expected);
    }
    EXPECT_EQ(proxy->counts().requests, 4U);
    EXPECT_EQ(proxy->counts().connections, 1U);
    EXPECT_EQ(proxy->counts().faults(), 0U);
  }
  EXPECT_THAT(server.received(1),
              testing::ElementsAre(request() + request() + request() + request()));
}

TEST(FaultProxy, TellsThePlannerWhatItCarries) {
  ScriptedServer server({answer("{}")});
  std::vector<std::string> seen;
  const auto proxy = start(server, [&](const ProxiedRequest& carried) {
    seen.push_back(std::to_string(carried.number) + " " + std::string(carried.operation) + " " +
                   std::to_string(carried.message.size()));
    return FaultPlan{};
  });
  Client client(proxy->port());
  for (const std::string operation : {"GetItem", "Scan"}) {
    client.send(request(operation));
    EXPECT_EQ(client.receive("{}"), answer("{}"));
  }
  EXPECT_THAT(seen, testing::ElementsAre("0 GetItem " + std::to_string(request("GetItem").size()),
                                         "1 Scan " + std::to_string(request("Scan").size())));
}

TEST(FaultProxy, ReadsRequestsThatComeInPiecesOrTogether) {
  ScriptedServer server({answer("{}")});
  const auto proxy = start(server, in_turn({}));
  Client client(proxy->port());
  for (const char byte : request()) client.send({&byte, 1});
  EXPECT_EQ(client.receive("{}"), answer("{}"));
  client.send(request() + request());
  EXPECT_EQ(client.receive("{}").substr(0, answer("{}").size()), answer("{}"));
  while (proxy->counts().requests < 3) std::this_thread::yield();
}

TEST(FaultProxy, ForwardsNothingOfWhatIsCutBefore) {
  ScriptedServer server({answer("{}")});
  {
    const auto proxy = start(server, in_turn({{.fault = Fault::cut_before}}));
    Client first(proxy->port());
    first.send(request("Lost"));
    EXPECT_EQ(first.receive(), "");
    EXPECT_EQ(first.ended_by, "order");
    Client second(proxy->port());
    second.send(request("Carried"));
    EXPECT_EQ(second.receive("{}"), answer("{}"));
    EXPECT_EQ(proxy->counts().of(Fault::cut_before), 1U);
    EXPECT_EQ(proxy->counts().faults(), 1U);
  }
  EXPECT_THAT(server.received(1), testing::ElementsAre(request("Carried")));
}

TEST(FaultProxy, EndsConnectionsByAResetIfSoPlanned) {
  ScriptedServer server({answer("{}")});
  const auto proxy = start(server, in_turn({{.fault = Fault::cut_before, .reset = true}}));
  Client client(proxy->port());
  client.send(request());
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(client.ended_by, "reset");
}

TEST(FaultProxy, ForwardsAPartOfWhatIsCutInside) {
  const auto whole = request();
  for (const double share : {0.0, 0.5, 1.0}) {
    ScriptedServer server({answer("{}")});
    const auto proxy = start(server, in_turn({{.fault = Fault::cut_in_request, .share = share}}));
    Client client(proxy->port());
    client.send(whole);
    EXPECT_EQ(client.receive(), "");
    const auto came = server.received(1).front();
    EXPECT_EQ(came, whole.substr(0, came.size()));
    EXPECT_EQ(came.size(), share == 0.0 ? 1 : share == 1.0 ? whole.size() - 1 : whole.size() / 2);
  }
}

TEST(FaultProxy, LetsTheServerActBeforeItCutsTheAnswer) {
  const auto whole = answer("{\"Attributes\": {}}");
  for (const Fault fault : {Fault::cut_before_answer, Fault::cut_in_answer, Fault::close_after}) {
    ScriptedServer server({whole});
    const auto proxy = start(server, in_turn({{.fault = fault}}));
    Client client(proxy->port());
    client.send(request());
    EXPECT_EQ(client.receive(), fault == Fault::cut_before_answer ? ""
                                : fault == Fault::close_after     ? whole
                                                              : whole.substr(0, whole.size() / 2));
    EXPECT_EQ(client.ended_by, "order");
    EXPECT_THAT(server.received(1), testing::ElementsAre(request()));
    EXPECT_EQ(proxy->counts().of(fault), 1U);
  }
}

TEST(FaultProxy, HoldsRequestsAndAnswersBack) {
  for (const Fault fault : {Fault::delay_request, Fault::delay_answer}) {
    ScriptedServer server({answer("{}")});
    const auto proxy = start(server, in_turn({{.fault = fault, .pause = 30ms}}));
    Client client(proxy->port());
    const auto begun = std::chrono::steady_clock::now();
    client.send(request());
    EXPECT_EQ(client.receive("{}"), answer("{}"));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 30ms);
  }
}

TEST(FaultProxy, ForwardsLateWhatAClientNoLongerWaitsFor) {
  ScriptedServer server({answer("{}")});
  const auto proxy = start(server, in_turn({{.fault = Fault::delay_request, .pause = 20ms}}));
  {
    Client client(proxy->port());
    client.send(request());
  }
  EXPECT_THAT(server.received(1), testing::ElementsAre(request()));
}

TEST(FaultProxy, SendsARequestTwiceAndGivesOneAnswer) {
  for (const Fault fault : {Fault::send_twice, Fault::send_twice_answer_second}) {
    ScriptedServer server({answer("{1}"), answer("{2}"), answer("{3}")});
    {
      const auto proxy = start(server, in_turn({{.fault = fault}}));
      Client client(proxy->port());
      client.send(request());
      EXPECT_EQ(client.receive("}"), answer(fault == Fault::send_twice ? "{1}" : "{2}"));
      client.send(request());
      EXPECT_EQ(client.receive("}"), answer("{3}"));
    }
    EXPECT_THAT(server.received(1), testing::ElementsAre(request() + request() + request()));
  }
}

TEST(FaultProxy, ChangesOneByteOfTheBodyAndNoHeader) {
  for (const auto& [before, after] : std::map<std::string, std::string>{
           {R"({"N":"4"})", R"({"N":"5"})"}, {"{}", "z}"}, {"", ""}}) {
    ScriptedServer server({answer(before, "x-amz-crc32: 2745614147")});
    const auto proxy = start(server, in_turn({{.fault = Fault::wrong_checksum}}));
    Client client(proxy->port());
    client.send(request());
    const auto expected = answer(after, "x-amz-crc32: 2745614147");
    EXPECT_EQ(client.receive(expected), expected);
  }
}

TEST(FaultProxy, AnswersItselfBeforeOrAfterTheServerHasActed) {
  struct Case {
    Fault fault;
    std::string status;
    std::string ending;
  };
  for (const auto& [fault, status, ending] : std::vector<Case>{
           {Fault::internal_error, "HTTP/1.1 500 ", R"(processing has failed"})"},
           {Fault::unavailable, "HTTP/1.1 503 ", "</html>"},
           {Fault::throttled, "HTTP/1.1 400 ", R"(exceeds the allowed throughput."})"},
           {Fault::throughput_exceeded, "HTTP/1.1 400 ", R"(the table was exceeded."})"}}) {
    ScriptedServer server({answer("{}")});
    {
      const auto proxy =
          start(server, in_turn({{.fault = fault}, {.fault = fault, .carried_out = true}}));
      Client client(proxy->port());
      for (const std::string operation : {"Dropped", "Done"}) {
        client.send(request(operation));
        EXPECT_THAT(client.receive(ending), testing::AllOf(StartsWith(status), EndsWith(ending)));
      }
      client.send(request("Last"));
      EXPECT_EQ(client.receive("{}"), answer("{}"));
      EXPECT_EQ(proxy->counts().of(fault), 2U);
    }
    EXPECT_THAT(server.received(1), testing::ElementsAre(request("Done") + request("Last")));
  }
}

TEST(FaultProxy, RefusesConnectionsForAWhileAndTakesThemAgain) {
  ScriptedServer server({answer("{}")});
  const auto proxy = start(server, in_turn({{.fault = Fault::refuse_connections, .pause = 2s}}));
  Client first(proxy->port());
  first.send(request());
  EXPECT_EQ(first.receive(), "");
  EXPECT_FALSE(Client(proxy->port()).connected());
  for (bool taken = false; !taken;) {
    Client later(proxy->port());
    if (!later.connected()) {
      std::this_thread::yield();
      continue;
    }
    later.send(request());
    taken = later.receive("{}") == answer("{}");
    EXPECT_TRUE(taken);
  }
}

TEST(FaultProxy, ConnectsAgainToAServerThatClosesConnections) {
  ScriptedServer server({answer("{}", "Connection: close"), answer("{}")});
  const auto proxy = start(server, in_turn({}));
  Client first(proxy->port());
  first.send(request());
  EXPECT_EQ(first.receive(), answer("{}", "Connection: close"));
  EXPECT_EQ(first.ended_by, "order");
  Client second(proxy->port());
  second.send(request());
  EXPECT_EQ(second.receive("{}"), answer("{}"));
}

TEST(FaultProxy, ClosesTheConnectionWhenThereIsNoServer) {
  std::uint16_t nobody = 0;
  { nobody = ScriptedServer({answer("{}")}).port(); }
  auto proxy = FaultProxy::start(nobody, in_turn({}));
  ASSERT_TRUE(proxy);
  Client client((*proxy)->port());
  client.send(request());
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ((*proxy)->counts().server_failures, 1U);
}

TEST(FaultProxy, StopsWhateverItsConnectionsAreDoing) {
  ScriptedServer server({answer("{}")});
  const auto proxy = start(server, in_turn({{.fault = Fault::delay_request, .pause = 1h},
                                            {.fault = Fault::refuse_connections, .pause = 1h}}));
  Client idle(proxy->port());
  Client half(proxy->port());
  half.send("POST / HTTP/1.1\r\n");
  Client delayed(proxy->port());
  delayed.send(request());
  while (proxy->counts().requests < 1) std::this_thread::yield();
  Client refused(proxy->port());
  refused.send(request());
  while (proxy->counts().requests < 2) std::this_thread::yield();
  EXPECT_EQ(proxy->counts().at_once_max, 2U);
  proxy->stop();
  for (Client* client : {&idle, &half, &delayed, &refused}) EXPECT_EQ(client->receive(), "");
  EXPECT_FALSE(Client(proxy->port()).connected());
  proxy->stop();
}

TEST(FaultProxy, ChanceFollowsFromTheSeed) {
  const std::vector<std::pair<Fault, unsigned>> shares = {
      {Fault::cut_before, 100}, {Fault::unavailable, 200}, {Fault::throttled, 50}};
  const auto draw = [&](std::uint64_t seed) {
    const auto planner = faults_by_chance(seed, shares, 7ms);
    std::vector<FaultPlan> plans;
    for (std::uint64_t number = 0; number < 4000; ++number) {
      plans.push_back(planner({.number = number}));
    }
    return plans;
  };
  const auto text = [](const std::vector<FaultPlan>& plans) {
    std::ostringstream out;
    for (const auto& plan : plans) {
      out << name_of(plan.fault) << plan.share << plan.carried_out << plan.reset
          << plan.pause.count() << ';';
    }
    return out.str();
  };
  const auto plans = draw(1);
  EXPECT_EQ(text(plans), text(draw(1)));
  EXPECT_NE(text(plans), text(draw(2)));

  std::map<Fault, int> times;
  std::set<bool> carried_out;
  for (const auto& plan : plans) {
    ++times[plan.fault];
    EXPECT_GE(plan.share, 0);
    EXPECT_LT(plan.share, 1);
    EXPECT_LE(plan.pause, 7ms);
    if (plan.fault == Fault::unavailable) carried_out.insert(plan.carried_out);
    if (plan.fault == Fault::throttled) {
      EXPECT_FALSE(plan.carried_out);
    }
  }
  EXPECT_EQ(carried_out.size(), 2U);
  // Five standard deviations about what is expected of 4000.
  EXPECT_NEAR(times[Fault::cut_before], 400, 95);
  EXPECT_NEAR(times[Fault::unavailable], 800, 127);
  EXPECT_NEAR(times[Fault::throttled], 200, 69);
  EXPECT_EQ(times.size(), 4U);
}

TEST(FaultProxy, CarriesManyClientsAtOnce) {
  ScriptedServer unused({answer("{}")});
  const auto proxy = FaultProxy::start(
      unused.port(), [](const ProxiedRequest&) { return FaultPlan{.fault = Fault::throttled}; });
  ASSERT_TRUE(proxy);
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      HttpClient client("127.0.0.1", (*proxy)->port());
      for (int call = 0; call < 50; ++call) {
        const auto refused = client.operation("PutItem", "{}");
        if (refused && refused->status == 400) ++answered;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 800);
  EXPECT_EQ((*proxy)->counts().requests, 800U);
  EXPECT_EQ((*proxy)->counts().connections, 16U);
  std::ostringstream printed;
  printed << (*proxy)->counts();
  EXPECT_EQ(printed.str(), "800 requests on 16 connections, throttled 800");
}

}  // namespace
}  // namespace dynakeep::support
