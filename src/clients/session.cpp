#include "clients/session.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "clients/entity_state.h"
#include "http/percent_encoding.h"

// What every function of the client has a part of: paths, answers, what the server can do.
namespace dynakeep::clients {

namespace {

// Who did not tell may have been updated since.
constexpr std::chrono::seconds ask_again_after(60);

void append_segment(std::string& path, std::string_view word, std::string_view text) {
  path.append(1, '/').append(word).append(1, '/');
  http::append_percent_encoded(path, text);
}

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// A text that a header takes: no line breaks, nor other characters that are not to be seen.
bool is_header_text(std::string_view text) {
  return base::is_utf8(text) && std::none_of(text.begin(), text.end(),
                                             [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

}  // namespace

// ---- paths ----

std::string CollectionsSession::collections_path(std::string_view user) {
  std::string path;
  append_segment(path, "user", user);
  return path + "/collection";
}

std::string CollectionsSession::entries_path(const Resource& collection) {
  std::string path;
  append_segment(path, "user", collection.user);
  append_segment(path, "collection", collection.collection);
  return path + "/entry";
}

std::string CollectionsSession::path_of(const Resource& which) {
  std::string path;
  append_segment(path, "user", which.user);
  append_segment(path, "collection", which.collection);
  if (which.is_entry()) append_segment(path, "entry", which.entry);
  return path;
}

// ---- what the server can do ----

Result<CollectionsCapabilities> CollectionsSession::capabilities() {
  const auto now = exchange_.endpoint()->pacing->now();
  {
    const std::lock_guard lock(mutex_);
    if (capabilities_ && (capabilities_->is_extended || now < asked_ + ask_again_after)) {
      return *capabilities_;
    }
  }
  // Without the lock: callers who come meanwhile may as well ask for themselves.
  const Call call{.path = "/capabilities", .may_repeat = true, .also_taken = {404, 405}};
  const http::HttpResponse answer = TRY(exchange_.send(call));
  CollectionsCapabilities found;
  if (answer.status == 200 && !answer.body.empty()) {
    auto read = read_capabilities(answer.body);
    if (!read) return exchange_.error(read.error().code(), call, read.error().message());
    found = *read;
  }
  const std::lock_guard lock(mutex_);
  capabilities_ = found;
  asked_ = now;
  return found;
}

Result<void> CollectionsSession::require_extended(std::string_view what) {
  if (TRY(capabilities()).is_extended) return {};
  return Error(ErrorCode::unsupported,
               "The server would pass over " + std::string(what) + ": it is dynamodb-mini's");
}

Result<http::HttpResponse> CollectionsSession::send_extended(const Call& call) {
  http::HttpResponse answer = TRY(exchange_.send(call));
  if (!answer.body.empty()) return answer;
  return exchange_.error(ErrorCode::unsupported, call, "the server has no such function");
}

Result<void> CollectionsSession::put_options(Call& call, const CollectionsWrite& write) {
  call.is_write = true;
  call.timeout = write.timeout;
  if (write.if_match && write.if_live) {
    return refused("if_match and if_live are two conditions: give one");
  }
  if (write.if_match) call.headers.emplace_back("If-Match", tag_of_state(*write.if_match));
  if (write.if_live) call.headers.emplace_back("If-Match", "*");
  if (write.idempotency_key) {
    const std::string& key = *write.idempotency_key;
    const bool visible =
        std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (key.empty() || key.size() > 128 || !visible) {
      return refused("An idempotency key has 1 to 128 visible characters of ASCII");
    }
    call.headers.emplace_back("Idempotency-Key", key);
  }
  if (!is_header_text(write.actor) || !is_header_text(write.comment)) {
    return refused("actor and comment are UTF-8 without control characters");
  }
  if (!write.actor.empty()) call.headers.emplace_back("X-Actor", write.actor);
  if (!write.comment.empty()) call.headers.emplace_back("X-Comment", write.comment);

  const bool is_conditional = write.if_match || write.if_live;
  if ((is_conditional || write.idempotency_key) && TRY(capabilities()).preconditions < 1) {
    return Error(ErrorCode::unsupported,
                 "The server does not keep conditions and idempotency keys; without it the write "
                 "would be done in any case");
  }
  call.may_repeat = call.may_repeat || is_conditional || write.idempotency_key.has_value();
  return {};
}

}  // namespace dynakeep::clients
