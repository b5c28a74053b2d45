#include "services/dismissals/answers.h"

#include <utility>

#include "base/json_string.h"
#include "dynakeep/iso_time.h"

namespace dynakeep::services::dismissals {

namespace {

constexpr std::string_view json_type = "application/json; charset=utf-8";

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  base::append_json_string(out, value);
}

void append_time(std::string& out, std::string_view name, const DismissalTime& time) {
  append_member(out, name, to_iso(time));
}

}  // namespace

http::HttpResponse json_answer(int status, std::string body) {
  http::HttpResponse answer{.status = status, .body = std::move(body)};
  answer.headers.add("Content-Type", json_type);
  return answer;
}

http::HttpResponse refused(const Refusal& refusal) {
  const bool is_operations = refusal.status != 429 && refusal.status < 500;
  if (!is_operations) {
    auto answer = unreadable(refusal.status, refusal.message);
    if (refusal.retry_after) {
      answer.headers.add("Retry-After", std::to_string(refusal.retry_after->count()));
    }
    return answer;
  }
  std::string body = R"({"error":{"message":)";
  base::append_json_string(body, refusal.message);
  body.append(",\"code\":").append(std::to_string(refusal.status)).append("}}");
  return json_answer(refusal.status, std::move(body));
}

http::HttpResponse unreadable(int status, std::string_view message) {
  std::string body = R"({"statusCode":)" + std::to_string(status);
  append_member(body, "message", message);
  return json_answer(status, body.append("}"));
}

http::HttpResponse no_route(std::string_view method, std::string_view target) {
  std::string body = R"({"message":)";
  base::append_json_string(
      body, std::string("Cannot ").append(method).append(" ").append(utf8_of_latin1(target)));
  return json_answer(404, body.append(R"(,"error":"Not Found","statusCode":404})"));
}

http::HttpResponse bad_target(std::string_view target) {
  http::HttpResponse answer{.status = 400};
  answer.headers.add("Content-Type", "application/json");
  answer.body = R"({"error":"Bad Request","code":"bad_target","message":)";
  base::append_json_string(answer.body,
                           "'" + utf8_of_latin1(target) + "' is not a valid url component");
  answer.body += R"(,"statusCode":400})";
  return answer;
}

http::HttpResponse no_request(int status) {
  if (status == 413) return unreadable(413, "Request body is too large");
  if (status == 431) return unreadable(431, "Request headers are too large");
  if (status != 400) return unreadable(status, "Service unavailable");
  http::HttpResponse answer{
      .status = 400,
      .body = R"({"error":"Bad Request","message":"Client Error","statusCode":400})"};
  answer.headers.add("Content-Type", "application/json");
  return answer;
}

void append_item(std::string& out, const Dismissible& item, bool all) {
  out.append("{\"itemId\":");
  base::append_json_string(out, item.item_id);
  append_member(out, "userId", item.user_id);
  append_time(out, "createdAt", item.created_at);
  if (item.dismissed_at) append_time(out, "dismissedAt", *item.dismissed_at);
  if (all) {
    if (item.dismissed_until) append_time(out, "dismissedUntil", *item.dismissed_until);
    if (item.expires_at) append_time(out, "expiresAt", *item.expires_at);
    const auto append_count = [&out](std::string_view name, std::int64_t count) {
      if (count == 0) return;
      out.append(",\"").append(name).append("\":").append(std::to_string(count));
    };
    append_count("dismissCount", item.dismiss_count);
    append_count("seenCount", item.seen_count);
  }
  out.append("}");
}

std::string utf8_of_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0U | byte >> 6U);
      text += static_cast<char>(0x80U | (byte & 0x3fU));
    }
  }
  return text;
}

}  // namespace dynakeep::services::dismissals
