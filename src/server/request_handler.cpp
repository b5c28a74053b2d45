#include "server/request_handler.h"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <libdeflate.h>

#include "base/log.h"
#include "base/utf8.h"
#include "wire/admin_operations.h"
#include "wire/json_reader.h"
#include "wire/message_json.h"
#include "wire/operations.h"

namespace dynakeep::server {

namespace {

constexpr std::string_view service = "dynamodb";
constexpr std::array<std::string_view, 3> json_types = {
    "application/x-amz-json-1.0", "application/json", "application/x-amz-json-1.1"};
constexpr std::string_view unknown_as_xml = "<UnknownOperationException/>\n";

// Without parameters: "application/json; charset=utf-8" is JSON too. Empty if it is another type.
std::string_view json_type_of(const http::HttpRequest& request) {
  const auto header = request.headers.find("content-type");
  // Who sends nothing need not say what it is.
  if (!header) return request.body.empty() ? json_types[1] : std::string_view();
  std::string_view type = header->substr(0, header->find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  for (const std::string_view known : json_types) {
    if (http::equal_ignoring_case(type, known)) return known;
  }
  return {};
}

const wire::Operation* operation_of(const http::HttpRequest& request) {
  return wire::find_target(request.headers.find("x-amz-target").value_or(""));
}

std::string_view known_name(const wire::Operation* operation,
                            const wire::AdminOperation* admin_operation) {
  return operation != nullptr ? operation->name : admin_operation->name;
}

bool is_json(std::string_view text) { return wire::ParsedJson(text).is_valid(); }

// Well-mixed bits from a counter (the finaliser of SplitMix64).
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

void log_request(std::string_view operation, const http::HttpRequest& request,
                 const http::HttpResponse& response, std::chrono::steady_clock::time_point began) {
  const LogLevel level = response.status >= 500 ? LogLevel::error : LogLevel::debug;
  if (!base::is_logged(level)) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  base::log(level, response.status >= 500 ? "request failed" : "request answered",
            {{"operation", std::string(operation)},
             {"status", std::to_string(response.status)},
             {"request_bytes", std::to_string(request.body.size())},
             {"response_bytes", std::to_string(response.body.size())},
             {"microseconds", std::to_string(took.count())},
             {"request_id", std::string(response.headers.find("x-amzn-RequestId").value_or(""))}});
}

}  // namespace

RequestHandler::RequestHandler(Database& database, RequestHandlerOptions options)
    : database_(database), options_(std::move(options)) {}

http::HttpResponse RequestHandler::answer(const http::HttpRequest& request) const {
  const bool from_browser = request.headers.contains("origin");
  http::HttpResponse response;
  if (request.method == "POST") {
    response = answer_post(request);
  } else if (request.method == "GET" && (request.path() == "/" || request.path() == "/health")) {
    response = respond(200, "", "healthy: dynamodb." + options_.region + ".amazonaws.com ");
  } else if (request.method == "OPTIONS" && from_browser) {
    response = respond(200, "", "");
    for (const auto& [asked, granted] :
         {std::pair{"access-control-request-headers", "Access-Control-Allow-Headers"},
          std::pair{"access-control-request-method", "Access-Control-Allow-Methods"}}) {
      if (const auto value = request.headers.find(asked)) response.headers.add(granted, *value);
    }
    response.headers.add("Access-Control-Max-Age", "172800");
  } else {
    response = respond(404, "", std::string(unknown_as_xml));
  }
  if (from_browser) response.headers.add("Access-Control-Allow-Origin", "*");
  return response;
}

http::HttpResponse RequestHandler::answer_post(const http::HttpRequest& request) const {
  const std::string_view type = json_type_of(request);
  if (type.empty()) return respond(404, "", std::string(unknown_as_xml));

  const wire::Operation* operation = operation_of(request);
  const wire::AdminOperation* admin_operation =
      options_.serve_admin && database_.admin() != nullptr
          ? wire::find_admin_target(request.headers.find("x-amz-target").value_or(""))
          : nullptr;
  const bool known = operation != nullptr || admin_operation != nullptr;
  const Result<void> authentic =
      options_.secrets.empty()
          ? http::check_signature_is_complete(request)
          : http::verify(request, options_.secrets, service, options_.clock->now());
  // The operation reads the body and says if it is no JSON; before a refusal nobody else does.
  const bool refused = !known || !authentic;
  if (refused && !request.body.empty() && !is_json(request.body)) {
    return refuse(type, Error(ErrorCode::serialization, ""));
  }
  if (!known) return refuse(type, Error(ErrorCode::unknown_operation, ""));
  if (!authentic) return refuse(type, authentic.error());
  if (request.body.empty()) return refuse(type, Error(ErrorCode::serialization, ""));

  const auto began = std::chrono::steady_clock::now();
  const auto find_header = [&request](std::string_view name) { return request.headers.find(name); };
  http::HttpResponse response;
  if (admin_operation != nullptr) {
    response = respond(admin_operation->answer(*database_.admin(), request.body), type);
  } else if (auto late = hold(*operation, request, find_header, type)) {
    return {.late = std::move(late)};
  } else {
    response = respond(wire::answer(*operation, database_, request.body, find_header), type);
  }
  log_request(known_name(operation, admin_operation), request, response, began);
  return response;
}

// The answer to a GetRecords that finds nothing now and may wait; null for any other.
std::shared_ptr<http::LateAnswer> RequestHandler::hold(const wire::Operation& operation,
                                                       const http::HttpRequest& request,
                                                       const wire::FindHeader& find_header,
                                                       std::string_view content_type) const {
  static const wire::Operation* const get_records = wire::find_operation("GetRecords");
  if (&operation != get_records || !database_.capabilities().tells_of_records) return nullptr;
  if (!find_header(wire::wait_header)) return nullptr;
  // What is wrong with the request is answered where all are.
  auto wanted = wire::decode_message<GetRecordsRequest>(request.body);
  if (!wanted || !wire::decode_extensions(find_header, *wanted)) return nullptr;
  const auto wait = std::exchange(wanted->wait, {});
  if (wait == wait.zero()) return nullptr;
  auto found = database_.get_records(*wanted);
  if (!found || !found->records.empty() || !found->next_shard_iterator) return nullptr;
  auto place = held_.hold();
  if (place == nullptr) return nullptr;
  wanted->shard_iterator = std::move(found->next_shard_iterator);
  const bool from_browser = request.headers.contains("origin");
  return std::make_shared<HeldRecords>(database_, std::move(*wanted), wait, std::move(place),
                                       [this, from_browser, type = std::string(content_type)](
                                           const Result<GetRecordsResult>& found_late) {
                                         http::HttpResponse response =
                                             respond(wire::reply_to_get_records(found_late), type);
                                         if (from_browser)
                                           response.headers.add("Access-Control-Allow-Origin", "*");
                                         return response;
                                       });
}

http::HttpResponse RequestHandler::respond(wire::Reply reply, std::string_view content_type) const {
  http::HttpResponse response = respond(reply.status, content_type, std::move(reply.body));
  for (const auto& [name, value] : reply.headers) response.headers.add(name, value);
  return response;
}

http::HttpResponse RequestHandler::not_durable(const http::HttpResponse& held,
                                               const Error& error) const {
  base::log(LogLevel::error, "what was written could not be made durable",
            {{"error", error.message()},
             {"request_id", std::string(held.headers.find("x-amzn-RequestId").value_or(""))}});
  wire::Reply reply = wire::error_reply(Error(ErrorCode::internal_server_error, error.message()));
  return respond(reply.status, held.headers.find("content-type").value_or(json_types[0]),
                 std::move(reply.body));
}

http::HttpResponse RequestHandler::refuse(std::string_view content_type, const Error& error) const {
  // A message may quote a header, and a header may hold any bytes; JSON may not.
  wire::Reply reply =
      wire::error_reply(base::is_utf8(error.message()) ? error : Error(error.code(), ""));
  return respond(reply.status, content_type, std::move(reply.body));
}

http::HttpResponse RequestHandler::respond(int status, std::string_view content_type,
                                           std::string body) const {
  http::HttpResponse response{.status = status, .body = std::move(body)};
  response.headers.add("Server", "Dynakeep");
  response.headers.add("x-amzn-RequestId", next_request_id());
  if (!content_type.empty()) response.headers.add("Content-Type", content_type);
  const auto crc = ::libdeflate_crc32(0, response.body.data(), response.body.size());
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), crc).ptr;
  response.headers.add("x-amz-crc32",
                       {digits.data(), static_cast<std::size_t>(end - digits.data())});
  return response;
}

// 52 letters and digits, as DynamoDB's.
std::string RequestHandler::next_request_id() const {
  constexpr std::string_view symbols = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  constexpr std::size_t symbols_wanted = 52;
  constexpr std::size_t symbols_a_word = 12;  // of 5 bits each
  std::uint64_t counter =
      options_.request_id_seed + requests_.fetch_add(1, std::memory_order_relaxed) * 5;
  std::string id(symbols_wanted, '0');
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < symbols_wanted; ++i) {
    if (i % symbols_a_word == 0) word = mixed(counter++ * 0x9e3779b97f4a7c15U);
    id[i] = symbols[word & 31U];
    word >>= 5U;
  }
  return id;
}

}  // namespace dynakeep::server
