#include "clients/exchange.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "clients/entity_state.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/item.h"
#include "dynakeep/json_document.h"
#include "http/percent_encoding.h"
#include "http/signature.h"
#include "transport/url.h"

namespace dynakeep::clients {

namespace {

using std::chrono::milliseconds;
using transport::Trouble;

constexpr std::size_t body_bytes_kept = std::size_t{16} << 10;  // of an answer, in an error
constexpr std::size_t message_bytes_max = 512;
constexpr std::size_t key_bytes_max = 4096;

// What a status other than 2xx means to whoever made the call.
ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::access_denied;
    case 404:
      return ErrorCode::not_found;
    case 405:
    case 501:
      return ErrorCode::unsupported;
    case 408:
      return ErrorCode::timed_out;
    case 409:
      return ErrorCode::write_conflict;
    case 410:
      return ErrorCode::gone;
    case 412:
    case 428:
      return ErrorCode::precondition_failed;
    case 429:
      return ErrorCode::throttling;
    case 500:
      return ErrorCode::internal_server_error;
    default:
      return status >= 400 && status < 500 ? ErrorCode::invalid_argument : ErrorCode::unavailable;
  }
}

Trouble trouble_of(const http::HttpResponse& answer) {
  switch (answer.status) {
    case 429:
      return Trouble::throttled;
    case 502:
    case 503:
    case 504:
      return Trouble::transient;
    case 409:  // of a state that will pass, it says when to ask again
      return answer.headers.contains("retry-after") ? Trouble::throttled : Trouble::lasting;
    default:
      return Trouble::lasting;
  }
}

Trouble trouble_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::timed_out:
      return Trouble::timed_out;
    case ErrorCode::unavailable:
      return Trouble::transient;
    default:
      return Trouble::lasting;  // an answer too large would be too large again
  }
}

// A fault that does not tell whether anything was done: a proxy may answer so for a request that
// went through.
bool is_lost_answer(int status) { return status >= 500 && status != 501; }

// What an answer says is wrong, for a person: {"error": …, "message": …}, "Error: …", or any text.
std::string words_of(const http::HttpResponse& answer) {
  if (const auto document = JsonDocument::parse(answer.body)) {
    const JsonDocument* const message = document->find("message");
    if (message != nullptr && message->is_string()) return message->text();
  }
  std::string_view text = answer.body;
  constexpr std::string_view prefix = "Error: ";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  // Pages of HTML, from a proxy, tell a person nothing here.
  if (text.empty() || text.starts_with('<') || text.starts_with('{') || !base::is_utf8(text)) {
    return {};
  }
  return std::string(text.substr(0, message_bytes_max));
}

std::string_view hint_of(int status) {
  switch (status) {
    case 401:
      return "the server knows no such API key";
    case 428:
      return "the server wants if_match";
    default:
      return status >= 300 && status < 400 ? "the server is elsewhere; redirects are not followed"
                                           : "";
  }
}

}  // namespace

std::string base_path_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  return std::string(path.substr(0, path.rfind('/') + 1)) + "api";
}

void add_parameter(Call& call, std::string_view name, std::string_view value) {
  if (!call.query.empty()) call.query += '&';
  call.query.append(name).append(1, '=');
  http::append_percent_encoded(call.query, value);
}

Result<Exchange> Exchange::create(std::shared_ptr<Endpoint> endpoint, std::string api_key) {
  const bool is_sendable = std::all_of(api_key.begin(), api_key.end(),
                                       [](unsigned char c) { return c > 0x20 && c != 0x7F; });
  if (api_key.empty() || api_key.size() > key_bytes_max || !is_sendable) {
    return Error(ErrorCode::invalid_argument,
                 api_key.empty() ? "There must be an API key"
                                 : "The API key holds what cannot be sent, or is too long");
  }
  return Exchange(std::move(endpoint), std::move(api_key));
}

std::string Exchange::line_of(const Call& call) const {
  std::string line = call.method + " " + endpoint_->base_path + call.path;
  if (!call.query.empty()) line.append(1, '?').append(call.query);
  return line;
}

http::HttpRequest Exchange::request_of(const Call& call) const {
  http::HttpRequest request{
      .method = call.method, .target = endpoint_->base_path + call.path, .body = call.body};
  if (!call.query.empty()) request.target.append(1, '?').append(call.query);
  request.headers.add("Host", transport::host_and_port(endpoint_->origin));
  request.headers.add("User-Agent", endpoint_->user_agent);
  request.headers.add("Accept", "application/json");
  request.headers.add("x-api-key", api_key_);
  if (!call.body.empty()) request.headers.add("Content-Type", call.content_type);
  for (const auto& [name, value] : call.headers) request.headers.add(name, value);
  return request;
}

Result<http::HttpResponse> Exchange::send(const Call& call) const {
  Endpoint& endpoint = *endpoint_;
  transport::RetryOptions retry = endpoint.retry;
  retry.total_timeout = call.timeout.value_or(retry.total_timeout) + call.held;
  retry.attempt_timeout += call.held;
  if (retry.total_timeout.count() <= 0) {
    return error(ErrorCode::invalid_argument, call, "a timeout of nothing leaves no time for it");
  }
  const http::HttpRequest request = request_of(call);

  transport::Attempts attempts(retry, endpoint.budget, *endpoint.pacing);
  bool answer_lost = false;  // of a write, by any attempt so far
  while (true) {
    auto answer = endpoint.transport->send(endpoint.origin, request, attempts.deadline());
    if (answer &&
        (answer->status / 100 == 2 || std::find(call.also_taken.begin(), call.also_taken.end(),
                                                answer->status) != call.also_taken.end())) {
      attempts.succeeded();
      return answer;
    }
    const bool lost = answer ? is_lost_answer(answer->status) : answer.error().outcome_unknown();
    answer_lost = answer_lost || (lost && call.is_write);
    Error failed = answer ? failure(call, *answer)
                          : error(answer.error().code(), call, answer.error().message());
    failed.set_outcome_unknown(answer_lost);

    // What certainly was not begun may be begun again.
    const bool not_begun = answer ? answer->status == 429 : !lost;
    if (!call.may_repeat && !not_begun) return failed;
    const Trouble trouble = answer ? trouble_of(*answer) : trouble_of(answer.error());
    if (!attempts.again(trouble, answer ? retry_after(*answer) : std::nullopt)) return failed;
  }
}

std::optional<milliseconds> Exchange::retry_after(const http::HttpResponse& answer) const {
  const auto field = answer.headers.find("retry-after");
  if (!field) return std::nullopt;
  constexpr std::uint32_t seconds_max = 24 * 3600;
  std::uint32_t seconds = 0;
  const char* const end = field->data() + field->size();
  const auto [stopped, failed] = std::from_chars(field->data(), end, seconds);
  if (stopped == end && failed == std::errc()) {
    return std::chrono::seconds(std::min(seconds, seconds_max));
  }
  const auto date = http::parse_http_date(*field);
  if (!date) return std::nullopt;
  return std::max(std::chrono::ceil<milliseconds>(*date - endpoint_->clock->now()),
                  milliseconds(0));
}

std::string Exchange::without_key(std::string text) const {
  for (std::size_t at = 0; (at = text.find(api_key_, at)) != text.npos;) {
    text.replace(at, api_key_.size(), "***");
  }
  return text;
}

Error Exchange::error(ErrorCode code, const Call& call, std::string_view what) const {
  return {code, without_key(line_of(call).append(": ").append(what))};
}

Error Exchange::failure(const Call& call, const http::HttpResponse& answer) const {
  std::string what = std::to_string(answer.status);
  what.append(1, ' ').append(http::reason_phrase(answer.status));
  if (const std::string words = words_of(answer); !words.empty()) what += ": " + words;
  if (const auto hint = hint_of(answer.status); !hint.empty()) what.append("; ").append(hint);
  Error failed = error(code_of(answer.status), call, what);

  std::string body = without_key(answer.body).substr(0, body_bytes_kept);
  // (Cut in the middle of a character, it is no text either.)
  while (!body.empty() && (body.back() & 0x80) != 0 && !base::is_utf8(body)) body.pop_back();
  if (!base::is_utf8(body)) body.clear();
  Item said{{"status", answer.status}, {"request", without_key(line_of(call))}, {"body", body}};
  const auto tag = answer.headers.find("etag");
  if (const auto state = tag ? state_of_tag(*tag) : std::nullopt) {
    said["version"] = AttributeValue(state->version);
    said["deleted"] = AttributeValue(state->deleted);
  }
  return failed.set_item(std::move(said));
}

}  // namespace dynakeep::clients

namespace dynakeep {

std::optional<ServerAnswer> server_answer(const Error& error) {
  if (error.item() == nullptr) return std::nullopt;
  const AttributeView said(*error.item());
  const auto status = said["status"].integer();
  if (!status) return std::nullopt;
  ServerAnswer answer{.status = static_cast<int>(*status),
                      .request = std::string(said["request"].text().value_or("")),
                      .body = std::string(said["body"].text().value_or(""))};
  if (const auto version = said["version"].integer()) {
    answer.state =
        StateTag{.version = *version, .deleted = said["deleted"].boolean().value_or(false)};
  }
  return answer;
}

}  // namespace dynakeep
