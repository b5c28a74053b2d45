#include "services/versioned_collections/answer.h"

#include <charconv>
#include <utility>

#include "base/json_string.h"
#include "base/log.h"
#include "services/versioned_collections/route.h"

namespace dynakeep::services::collections {
namespace {

constexpr std::string_view retry_after_seconds = "1";

// dynamodb-mini passes on what its SDK says; this is the part of it that makes sense here.
http::HttpResponse backend_failure(const Call& call, const Error& error) {
  base::log(LogLevel::warning, "the database failed a request",
            {{"request", call.id},
             {"error", std::string(exception_name(error.code()))},
             {"message", error.message()},
             {"outcome_unknown", error.outcome_unknown() ? "true" : "false"}});
  // Of lists it is the store's limit on how much is read, which another attempt meets again.
  const bool retryable = error.is_retryable() && error.code() != ErrorCode::limit_exceeded;
  http::HttpResponse answer;
  if (call.route.errors == ErrorForm::json) {
    answer = refusal(call, 502, "backend", error.message());
  } else {
    std::string body = R"({"message":)";
    base::append_json_string(body, error.message());
    body += R"(,"code":)";
    base::append_json_string(body, exception_name(error.code()));
    body += R"(,"requestId":)";
    base::append_json_string(body, call.id);
    body += R"(,"statusCode":502,"retryable":)";
    body += retryable ? "true}" : "false}";
    answer = json_answer(502, std::move(body));
  }
  if (retryable) answer.headers.add("Retry-After", retry_after_seconds);
  return answer;
}

}  // namespace

http::HttpResponse empty_answer(int status) { return {.status = status}; }

http::HttpResponse text_answer(int status, std::string text) {
  http::HttpResponse answer{.status = status, .body = std::move(text)};
  answer.headers.add("Content-Type", "text/plain; charset=utf-8");
  return answer;
}

http::HttpResponse json_answer(int status, std::string body) {
  http::HttpResponse answer{.status = status, .body = std::move(body)};
  answer.headers.add("Content-Type", "application/json; charset=utf-8");
  return answer;
}

http::HttpResponse tagged_answer(const Call& call, std::string body) {
  const http::EntityTag tag = http::weak_tag_of(body);
  if (is_known(call, tag)) return not_modified(tag);
  http::HttpResponse answer = json_answer(200, std::move(body));
  answer.headers.add("ETag", http::to_field(tag));
  return answer;
}

http::HttpResponse refusal(const Call& call, int status, std::string_view code,
                           std::string_view message) {
  if (call.route.errors == ErrorForm::text) {
    if (status == 404) return empty_answer(status);
    return text_answer(status, "Error: " + std::string(message));
  }
  std::string body = R"({"error":)";
  base::append_json_string(body, code);
  body += R"(,"message":)";
  base::append_json_string(body, message);
  body += '}';
  return json_answer(status, std::move(body));
}

Refusal refusal_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_argument:
      return {400, "invalid"};
    case ErrorCode::not_found: {
      const auto met = met_state(error);
      return {404, met && met->deleted ? "deleted" : "not_found"};
    }
    case ErrorCode::gone:
      return {410, "gone"};
    case ErrorCode::precondition_failed:
      return {412, "precondition_failed"};
    case ErrorCode::write_conflict:
      return {409, "conflict"};
    default:
      return {502, "backend"};
  }
}

http::HttpResponse refusal(const Call& call, const Error& error) {
  const Refusal kind = refusal_of(error);
  if (kind.status == 502) return backend_failure(call, error);
  http::HttpResponse answer = refusal(call, kind.status, kind.code, error.message());
  const auto met = met_state(error);
  if (kind.status == 412 && met) answer.headers.add("ETag", http::to_field(tag_of(*met)));
  // A state that stands in the way will not go by itself; others who write do.
  if (kind.status == 409 && !met) answer.headers.add("Retry-After", retry_after_seconds);
  return answer;
}

http::EntityTag tag_of(const StateTag& state) {
  return {.text = std::to_string(state.version) + (state.deleted ? ".d" : "")};
}

std::optional<StateTag> state_of(const http::EntityTag& tag) {
  StateTag state;
  const char* const end = tag.text.data() + tag.text.size();
  const auto [stopped, failure] = std::from_chars(tag.text.data(), end, state.version);
  if (tag.weak || failure != std::errc()) return std::nullopt;
  const std::string_view rest(stopped, static_cast<std::size_t>(end - stopped));
  state.deleted = rest == ".d";
  if (!state.deleted && !rest.empty()) return std::nullopt;
  return state;
}

void put_state(http::HttpResponse& answer, const ResourceVersion& state) {
  answer.headers.add("ETag", http::to_field(tag_of(state.tag())));
  answer.headers.add("X-Version", std::to_string(state.version));
  if (state.revision) answer.headers.add("X-Revision", std::to_string(*state.revision));
}

bool is_known(const Call& call, const http::EntityTag& tag) {
  const auto field = call.request.headers.find("if-none-match");
  const auto condition = field ? http::parse_tag_condition(*field) : std::nullopt;
  return condition && condition->names_weakly(tag);
}

http::HttpResponse not_modified(const http::EntityTag& tag) {
  http::HttpResponse answer = empty_answer(304);
  answer.headers.add("ETag", http::to_field(tag));
  return answer;
}

}  // namespace dynakeep::services::collections
