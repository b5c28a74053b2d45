#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/manual_pacing.h"
#include "dynakeep/clock.h"
#include "remote/credentials/ask.h"
#include "transport/url.h"

namespace dynakeep::remote {

// Answers by a function of the test, and remembers what was sent.
class TestTransport final : public transport::Transport {
 public:
  using Answer = std::function<Result<http::HttpResponse>(const http::HttpRequest& request)>;

  // Later answers take over from the first ones.
  void then(Answer answer) { answers_.push_back(std::move(answer)); }
  void then(int status, std::string body) {
    then([status, body = std::move(body)](const http::HttpRequest&) {
      return http::HttpResponse{.status = status, .body = body};
    });
  }
  void then(Error error) {
    then([error = std::move(error)](const http::HttpRequest&) { return error; });
  }

  // With the answers in their order; the last goes on answering.
  Result<http::HttpResponse> send(const transport::Origin& to, const http::HttpRequest& request,
                                  transport::Deadline /*deadline*/) override {
    sent.push_back(request.method + " " + to_string(to) + request.target);
    requests.push_back(request);
    if (answers_.empty()) return Error(ErrorCode::unavailable, "nobody there");
    const Answer answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer(request);
  }

  std::vector<std::string> sent = {};  // "GET http://host/path"
  std::vector<http::HttpRequest> requests = {};

 private:
  std::deque<Answer> answers_;
};

// All that sources reach out with, in the hands of a test.
struct TestReach {
  TestTransport direct = {};
  TestTransport outside = {};
  ManualClock clock{Time{std::chrono::seconds{1'764'000'000}}};  // 2025-11-24T16:00:00Z
  base::ManualPacing pacing = base::ManualPacing();

  Reach reach() {
    return {.direct = direct,
            .outside = outside,
            .clock = clock,
            .timeout = std::chrono::seconds(5),
            .pacing = pacing};
  }
};

}  // namespace dynakeep::remote
