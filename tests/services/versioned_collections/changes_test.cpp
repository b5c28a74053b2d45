#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <set>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/versioned_collections/collections_service.h"

// The change feed over HTTP: at once, waiting, and as a stream of events.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Whether `act` takes less than `most` at least once: a busy machine may keep one from its end for
// that long, but not each of many.
bool may_be_soon(std::chrono::milliseconds most, const std::function<void()>& act) {
  for (int i = 0; i < 10 && !testing::Test::HasFatalFailure(); ++i) {
    const auto began = std::chrono::steady_clock::now();
    act();
    if (std::chrono::steady_clock::now() - began < most) return true;
  }
  return false;
}

// One connection on which what comes is read bit by bit, as it comes.
class OpenRequest {
 public:
  OpenRequest(std::uint16_t port, const std::string& target, const Headers& headers = {}) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    std::string request = "GET " + target + " HTTP/1.1\r\nHost: x\r\nx-api-key: my-api-key\r\n";
    for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
    request += "\r\n";
    EXPECT_EQ(::send(socket_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
  }
  ~OpenRequest() { ::close(socket_); }
  OpenRequest(const OpenRequest&) = delete;
  OpenRequest& operator=(const OpenRequest&) = delete;

  // Reads until `text` has come; false if it has not in that time, or the other side has closed.
  bool has(std::string_view text, std::chrono::milliseconds within = 60s) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (received_.find(text) == received_.npos) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
      if (left <= 0ms || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return false;
      char buffer[65536];
      const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      received_.append(buffer, static_cast<std::size_t>(got));
    }
    return true;
  }
  // Whether the body is over, which the last chunk says.
  bool has_ended() { return has("\r\n0\r\n\r\n"); }
  const std::string& received() const { return received_; }
  void forget() { received_.clear(); }

 private:
  int socket_ = -1;
  std::string received_;
};

class CollectionsChanges : public contract::CollectionsService {
 protected:
  void SetUp() override {
    CollectionsService::SetUp();
    posts_ = collection();
  }

  // With the clock past what is too new to be sure of.
  HttpAnswer changes(const std::string& query = "") {
    tick(5000);
    return get(posts_ + "/changes" + query);
  }
  static std::vector<std::string> names_in(const JsonDocument& body) {
    std::vector<std::string> names;
    for (const JsonDocument& each : body.find("changes")->elements()) {
      names.push_back(text_at(each, {"name"}));
    }
    return names;
  }
  void expect_refusal(const HttpAnswer& answer, int status, const std::string& code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(text_at(json_of(answer), {"error"}), code) << answer.body;
  }
  std::string after_all() const { return std::to_string(now()); }

  std::string posts_;
};

const Headers events{{"Accept", "text/event-stream"}};

// ---- at once ----

TEST_P(CollectionsChanges, AreThoseSinceATimeOldestFirst) {
  EXPECT_THAT(names_in(json_of(changes())), IsEmpty());
  const std::string first = entry(posts_, R"({"name":"first"})");
  const Millis created = now();
  entry(posts_, R"({"name":"second"})");
  put(first, R"({"name":"changed"})");
  const JsonDocument all = json_of(changes());
  EXPECT_THAT(names_in(all), ElementsAre("second", "changed"));
  EXPECT_EQ(text_at(all, {"next"}), std::to_string(now() - 2000));
  EXPECT_EQ(json_of(get(first)).elements()[0].to_text(),
            all.find("changes")->elements()[1].to_text());
  EXPECT_THAT(names_in(json_of(changes("?since=" + std::to_string(created + 1000)))),
              ElementsAre("changed"));
  EXPECT_THAT(names_in(json_of(changes("?since=" + text_at(all, {"next"})))), IsEmpty());
  EXPECT_THAT(names_in(json_of(changes("?since=2999-01-01T00:00Z"))), IsEmpty());
}

TEST_P(CollectionsChanges, ShowWhatIsDeleted) {
  const std::string path = entry(posts_, R"({"name":"n"})");
  const std::string since = text_at(json_of(changes()), {"next"});
  remove(path);
  const JsonDocument body = json_of(changes("?since=" + since));
  EXPECT_THAT(names_in(body), ElementsAre("n"));
  EXPECT_NE(text_at(body.find("changes")->elements()[0], {"meta", "deletedAt"}), "");
}

TEST_P(CollectionsChanges, ComeInPagesThatLeaveNothingOut) {
  for (int i = 0; i < 7; ++i) entry(posts_, R"({"name":")" + std::to_string(i) + R"("})");
  std::vector<std::string> names;
  std::string since = "0";
  for (int page = 0; page < 4; ++page) {
    const JsonDocument body = json_of(changes("?limit=2&since=" + since));
    for (std::string& name : names_in(body)) names.push_back(std::move(name));
    since = text_at(body, {"next"});
  }
  EXPECT_THAT(names, ElementsAre("0", "1", "2", "3", "4", "5", "6"));
}

TEST_P(CollectionsChanges, PagesAreNoLongerThanTheirBytesAllow) {
  const std::string value(90'000, 'x');
  for (int i = 0; i < 8; ++i) {
    entry(posts_, R"({"name":")" + std::to_string(i) + R"(","value":[")" + value + R"("]})");
  }
  std::vector<std::string> names;
  std::string since = "0";
  for (int page = 0; page < 8 && names.size() < 8; ++page) {
    const HttpAnswer answer = changes("?limit=1000&since=" + since);
    EXPECT_LT(answer.body.size(), 400'000U);
    const JsonDocument body = json_of(answer);
    for (std::string& name : names_in(body)) names.push_back(std::move(name));
    since = text_at(body, {"next"});
  }
  EXPECT_THAT(names, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7"));
}

TEST_P(CollectionsChanges, AreShownInFullIfAskedFor) {
  entry(posts_, R"({"name":"n"})");
  EXPECT_THAT(changes("?view=full").body, HasSubstr(R"("revision":1)"));
  EXPECT_THAT(changes().body, testing::Not(HasSubstr("revision")));
}

TEST_P(CollectionsChanges, QuestionsThatMakeNoSenseAreRefused) {
  for (const char* const query :
       {"since=x", "since=", "limit=0", "limit=1001", "limit=x", "wait=-1", "wait=61", "wait=x",
        "wait=", "wait=1.5", "since=2026-01-31"}) {
    expect_refusal(changes(std::string("?") + query), 400, "invalid");
    expect_refusal(get(posts_ + "/changes?" + query, events), 400, "invalid");
  }
  for (const char* const id : {"x", "-1", "1x", "99999999999999999999"}) {
    Headers headers = events;
    headers.emplace_back("Last-Event-ID", id);
    expect_refusal(get(posts_ + "/changes", headers), 400, "invalid");
  }
}

TEST_P(CollectionsChanges, OfWhatTheKeyDoesNotReachAreNotTold) {
  for (const Headers& headers : {Headers{}, events}) {
    Headers other = headers;
    other.emplace_back("x-api-key", "other-key");
    expect_refusal(get(posts_ + "/changes?wait=30", other), 404, "not_found");
    expect_refusal(get(posts_ + "x/changes?wait=30", headers), 404, "not_found");
    Headers of_two = headers;
    of_two.emplace_back("x-api-key", "of-two");
    const std::string others = collection("c", "user-2");
    expect_refusal(get(others + "/changes?wait=30", of_two), 403, "forbidden");
  }
  EXPECT_EQ(send("HEAD", posts_ + "/changes?wait=30").status, 200);
  EXPECT_EQ(changes().header("cache-control"), "no-store");
}

// ---- waiting ----

TEST_P(CollectionsChanges, WhatIsThereIsAnsweredWithoutWaiting) {
  entry(posts_, R"({"name":"n"})");
  EXPECT_THAT(names_in(json_of(changes("?wait=60"))), ElementsAre("n"));
}

TEST_P(CollectionsChanges, AWriteOfThisProcessWakesWhoWaits) {
  const std::string path = entry(posts_, R"({"name":"0"})");
  int round = 0;
  const std::vector<std::function<void()>> writes = {
      [&] { entry(posts_, R"({"name":"new"})"); },
      [&] { put(path, R"({"name":")" + std::to_string(round) + R"("})"); },
      [&] {
        send("PATCH", path, {{"Content-Type", "application/merge-patch+json"}},
             R"({"a":)" + std::to_string(round) + "}");
      },
      [&] { remove(path); },
      [&] { post(path + "/restore", "{}"); },
      [&] { post(posts_ + "/batch", R"({"operations":[{"op":"create","name":"b"}]})"); },
  };
  // Writes that wake nobody are found three seconds later. A busy machine may keep somebody from
  // the answer for a while, too, but not each time.
  std::set<std::size_t> late;
  for (std::size_t i = 0; i < writes.size(); ++i) late.insert(i);
  for (; round < 10 && !late.empty(); ++round) {
    for (std::size_t i = 0; i < writes.size(); ++i) {
      tick(5000);
      OpenRequest waiting(port(), posts_ + "/changes?wait=60&since=" + after_all());
      ASSERT_TRUE(waiting.has("\r\n\r\n"));
      tick();
      writes[i]();
      const auto written = std::chrono::steady_clock::now();
      ASSERT_TRUE(waiting.has_ended()) << i;
      if (std::chrono::steady_clock::now() - written < 1s) late.erase(i);
      ASSERT_THAT(waiting.received(), HasSubstr(R"({"changes":[{"meta":)")) << i;
    }
  }
  EXPECT_THAT(late, IsEmpty());
}

TEST_P(CollectionsChanges, AWriteOfAnotherProcessIsFoundAFewSecondsLater) {
  OpenRequest waiting(port(), posts_ + "/changes?wait=60&since=" + after_all());
  ASSERT_TRUE(waiting.has("\r\n\r\n"));
  tick(5000);
  // Not by this service: nobody tells it.
  const std::string id = posts_.substr(posts_.rfind('/') + 1);
  contract::must(
      store().create_entry({"test-app", "user-1", id, {}}, ResourceChange::rename("elsewhere")));
  EXPECT_TRUE(waiting.has_ended());
  EXPECT_THAT(waiting.received(), HasSubstr("elsewhere"));
}

TEST_P(CollectionsChanges, WithoutAChangeTheAnswerIsEmptyWhenItsTimeIsOver) {
  const auto began = std::chrono::steady_clock::now();
  const HttpAnswer answer = changes("?wait=1&since=" + after_all());
  EXPECT_EQ(json_of(answer).to_text(),
            R"({"changes":[],"next":)" + text_at(json_of(answer), {"next"}) + "}");
  EXPECT_GE(std::chrono::steady_clock::now() - began, 900ms);
}

TEST_P(CollectionsChanges, WhoAsksAgainAtOnceIsNotSentInACircle) {
  entry(posts_, R"({"name":"n"})");
  const std::string since = std::to_string(now() - 1000);
  const auto began = std::chrono::steady_clock::now();
  const HttpAnswer answer = get(posts_ + "/changes?wait=30&since=" + since);
  EXPECT_THAT(names_in(json_of(answer)), ElementsAre("n"));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 400ms);
}

TEST_P(CollectionsChanges, AsManyAsMayWaitAndNoMore) {
  std::vector<std::unique_ptr<OpenRequest>> waiting;
  for (int i = 0; i < 1000; ++i) {
    waiting.push_back(
        std::make_unique<OpenRequest>(port(), posts_ + "/changes?wait=60&since=" + after_all()));
  }
  for (const auto& each : waiting) ASSERT_TRUE(each->has("\r\n\r\n"));
  const HttpAnswer refused = changes("?wait=1");
  expect_refusal(refused, 503, "unavailable");
  EXPECT_EQ(refused.header("retry-after"), "5");
  expect_refusal(get(posts_ + "/changes", events), 503, "unavailable");
  // Others are served meanwhile, and one write wakes them all.
  EXPECT_EQ(changes("?since=" + after_all()).status, 200);
  tick(5000);
  entry(posts_, R"({"name":"for all"})");
  for (const auto& each : waiting) {
    ASSERT_TRUE(each->has_ended());
    ASSERT_THAT(each->received(), HasSubstr("for all"));
  }
  waiting.clear();
  EXPECT_EQ(changes("?wait=1").status, 200);
}

// ---- as a stream ----

TEST_P(CollectionsChanges, AStreamBeginsWithWhatIsThereAndGoesOn) {
  const std::string path = entry(posts_, R"({"name":"first"})");
  const std::string created = std::to_string(now());
  OpenRequest stream(port(), posts_ + "/changes", events);
  ASSERT_TRUE(stream.has("\"first\""));
  EXPECT_THAT(stream.received(), HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(stream.received(), HasSubstr("Cache-Control: no-store"));
  EXPECT_THAT(stream.received(), HasSubstr("id: " + created + "\ndata: {\"meta\":{"));
  put(path, R"({"name":"second"})");
  const std::string changed = std::to_string(now());
  ASSERT_TRUE(stream.has("\"second\""));
  EXPECT_TRUE(stream.has("id: " + changed + "\ndata: "));
  stream.forget();
  remove(path);
  ASSERT_TRUE(stream.has("deletedAt"));
  entry(posts_, R"({"name":"third"})");
  ASSERT_TRUE(stream.has("\"third\""));
  // Each once.
  EXPECT_EQ(stream.received().find("deletedAt"), stream.received().rfind("deletedAt"));
}

TEST_P(CollectionsChanges, AStreamOfMuchGoesOnFromPageToPage) {
  const std::string value(90'000, 'x');
  for (int i = 0; i < 12; ++i) {
    entry(posts_, R"({"name":"number )" + std::to_string(i) + R"(","value":[")" + value + R"("]})");
  }
  tick(5000);
  // Without a rest of three seconds between pages.
  EXPECT_TRUE(may_be_soon(2s, [&] {
    OpenRequest stream(port(), posts_ + "/changes", events);
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(stream.has("\"number " + std::to_string(i) + "\"")) << i;
    }
  }));
}

TEST_P(CollectionsChanges, AStreamIsTakenUpBehindItsLastEvent) {
  entry(posts_, R"({"name":"old"})");
  tick(5000);
  entry(posts_, R"({"name":"seen"})");
  const std::string seen = std::to_string(now());
  tick(5000);
  entry(posts_, R"({"name":"missed"})");
  Headers headers = events;
  headers.emplace_back("Last-Event-ID", seen);
  OpenRequest stream(port(), posts_ + "/changes?since=0", headers);
  ASSERT_TRUE(stream.has("\"missed\""));
  EXPECT_THAT(stream.received(), testing::Not(HasSubstr("\"old\"")));
}

TEST_P(CollectionsChanges, AcceptMayNameMoreThanEvents) {
  OpenRequest stream(port(), posts_ + "/changes",
                     {{"Accept", "application/json, Text/Event-Stream;q=0.9"}});
  EXPECT_TRUE(stream.has("retry: 2000"));
  EXPECT_EQ(get(posts_ + "/changes", {{"Accept", "application/json, */*"}}).header("content-type"),
            "application/json; charset=utf-8");
}

TEST_P(CollectionsChanges, AClientThatGoesLeavesItsPlace) {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<OpenRequest>> streams;
    for (int i = 0; i < 400; ++i) {
      streams.push_back(std::make_unique<OpenRequest>(port(), posts_ + "/changes", events));
    }
    for (const auto& each : streams) ASSERT_TRUE(each->has("retry: 2000")) << round;
    streams.clear();
    // Whoever is gone is noticed when there is something to say.
    tick();
    entry(posts_, R"({"name":"n"})");
    entry(posts_, R"({"name":"m"})");
    OpenRequest witness(port(), posts_ + "/changes", events);
    ASSERT_TRUE(witness.has("\"m\""));
  }
}

TEST_P(CollectionsChanges, TheServerStopsWhileTheyWait) {
  OpenRequest waiting(port(), posts_ + "/changes?wait=60&since=" + after_all());
  OpenRequest stream(port(), posts_ + "/changes", events);
  ASSERT_TRUE(waiting.has("\r\n\r\n"));
  ASSERT_TRUE(stream.has("retry: 2000"));
  serve();  // which stops the server that was
  EXPECT_TRUE(waiting.has_ended());
  EXPECT_THAT(waiting.received(), HasSubstr(R"({"changes":[],"next":)"));
  EXPECT_TRUE(stream.has_ended());
}

TEST_P(CollectionsChanges, ACollectionThatIsPurgedEndsThem) {
  OpenRequest waiting(port(), posts_ + "/changes?wait=60&since=" + after_all());
  ASSERT_TRUE(waiting.has("\r\n\r\n"));
  EXPECT_EQ(
      post(posts_ + "/purge", R"({"all":true,"force":true})", {{"x-api-key", "purger"}}).status,
      200);
  EXPECT_TRUE(waiting.has_ended());
  EXPECT_THAT(waiting.received(), HasSubstr(R"({"changes":[],"next":)"));
}

ON_EVERY_SERVICE_KIND(CollectionsChanges);

}  // namespace
}  // namespace dynakeep
