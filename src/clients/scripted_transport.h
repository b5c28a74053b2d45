#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "transport/transport.h"

namespace dynakeep::clients {

// For tests: answers as told, and remembers what was asked.
class ScriptedTransport final : public transport::Transport {
 public:
  using Answer = std::function<Result<http::HttpResponse>(const http::HttpRequest& request)>;

  explicit ScriptedTransport(Answer answer) : answer_(std::move(answer)) {}

  Result<http::HttpResponse> send(const transport::Origin& to, const http::HttpRequest& request,
                                  transport::Deadline deadline) override {
    origin = to;
    last_deadline = deadline;
    requests.push_back(request);
    return answer_(request);
  }

  // "GET /api/collection?filter=latest"
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& request : requests) lines.push_back(request.method + " " + request.target);
    return lines;
  }

  std::vector<http::HttpRequest> requests = {};
  transport::Origin origin = {};
  transport::Deadline last_deadline = {};

 private:
  Answer answer_;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline http::HttpResponse answer_of(int status, std::string body = {},
                                    const HeaderList& headers = {}) {
  http::HttpResponse answer{.status = status, .body = std::move(body)};
  for (const auto& [name, value] : headers) answer.headers.add(name, value);
  return answer;
}

}  // namespace dynakeep::clients
