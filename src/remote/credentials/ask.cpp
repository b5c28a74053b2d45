#include "remote/credentials/ask.h"

#include <string>
#include <utility>

#include "remote/credentials/finding.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 100ms;

bool says_come_again(int status) { return status == 429 || status >= 500; }

}  // namespace

Result<http::HttpResponse> ask(const Whom& whom, http::HttpRequest request, const Reach& reach,
                               const IsBusy& is_busy) {
  request.headers.set("Host", transport::host_and_port(whom.origin));
  auto pause = std::chrono::milliseconds(first_pause);
  for (unsigned attempt = 1;; ++attempt, pause *= 2) {
    auto answer = whom.transport.send(whom.origin, request, whom.deadline);
    const bool too_long = answer ? answer->body.size() > credentials_bytes_max
                                 : answer.error().code() == ErrorCode::limit_exceeded;
    if (too_long) {
      return Error(ErrorCode::unavailable, std::string(whom.name) + " gave far too long an answer");
    }
    const bool again = answer ? says_come_again(answer->status) || (is_busy && is_busy(*answer))
                              : answer.error().code() == ErrorCode::unavailable;
    const transport::Deadline next = reach.pacing.now() + pause;
    const bool too_late = next >= whom.deadline;
    if (!again || attempt >= whom.attempts_max || too_late) {
      if (answer) return answer;
      // An error of its own: whether *this* request was carried out is of no interest to the caller
      // of the operation that needed credentials.
      return Error(answer.error().code(),
                   std::string(whom.name) + " did not answer: " + answer.error().message());
    }
    reach.pacing.wait_until(next);
  }
}

Error refusal(const Whom& whom, const http::HttpResponse& response, std::string_view detail) {
  std::string message(whom.name);
  message.append(" answered ").append(std::to_string(response.status));
  if (!detail.empty()) message.append(": ").append(detail);
  return {says_come_again(response.status) ? ErrorCode::unavailable : ErrorCode::access_denied,
          std::move(message)};
}

}  // namespace dynakeep::remote
