#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "server/worker.h"

// A worker, its clients and what it answers with, for the tests of it.
namespace dynakeep::server {

using namespace std::chrono_literals;

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

inline std::vector<std::string> bodies_of(std::string_view responses) {
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

inline std::string post(const std::string& target, const std::string& body = {},
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

}  // namespace dynakeep::server
