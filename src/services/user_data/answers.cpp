#include "services/user_data/answers.h"

#include <utility>

#include "base/json_string.h"
#include "base/log.h"

namespace dynakeep::services::user_data {
namespace {

std::string quoted(std::string_view text) {
  std::string json;
  base::append_json_string(json, text);
  return json;
}

}  // namespace

http::HttpResponse json_answer(int status, std::string body) {
  http::HttpResponse answer{.status = status, .body = std::move(body)};
  answer.headers.add("Content-Type", "application/json; charset=utf-8");
  return answer;
}

http::HttpResponse refusal(int status, std::string_view message) {
  return json_answer(status, R"({"error":{"message":)" + quoted(message) + R"(,"code":)" +
                                 std::to_string(status) + "}}");
}

http::HttpResponse failure(int status, std::string_view message) {
  return json_answer(status, R"({"statusCode":)" + std::to_string(status) + R"(,"message":)" +
                                 quoted(message) + "}");
}

http::HttpResponse no_such_route(const http::HttpRequest& request) {
  const std::string message = "Cannot " + request.method + " " + request.target;
  return json_answer(
      404, R"({"message":)" + quoted(message) + R"(,"error":"Not Found","statusCode":404})");
}

http::HttpResponse answer_to(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_argument:
    case ErrorCode::serialization:
    case ErrorCode::validation:
      return refusal(400, error.message());
    case ErrorCode::precondition_failed:
      return refusal(412, error.message());
    case ErrorCode::limit_exceeded:
      return refusal(413, error.message());
    case ErrorCode::write_conflict:
      if (!error.outcome_unknown()) {
        http::HttpResponse answer = refusal(409, error.message());
        answer.headers.add("Retry-After", "1");
        return answer;
      }
      break;
    default:
      break;
  }
  base::log(LogLevel::warning, "user data failed a request",
            {{"error", std::string(exception_name(error.code()))},
             {"message", error.message()},
             {"outcome_unknown", error.outcome_unknown() ? "true" : "false"}});
  if (!error.is_retryable()) return failure(500, "Internal server error");
  http::HttpResponse answer = failure(503, "Service unavailable");
  answer.headers.add("Retry-After", "1");
  return answer;
}

}  // namespace dynakeep::services::user_data
