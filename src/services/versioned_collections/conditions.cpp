#include "services/versioned_collections/conditions.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "http/entity_tag.h"
#include "services/versioned_collections/answer.h"

namespace dynakeep::services::collections {
namespace {

// What is kept in the tables is text. Empty if there is no such header.
Result<std::string> text_header(const Call& call, const char* name) {
  const std::string_view text = call.request.headers.find(name).value_or(std::string_view());
  if (!base::is_utf8(text)) {
    return Error(ErrorCode::invalid_argument, std::string(name) + " must be UTF-8");
  }
  return std::string(text);
}

Result<void> put_who_and_why(const Call& call, WriteOptions& options) {
  const std::string actor = TRY(text_header(call, "X-Actor"));
  options.by = call.key.label;
  if (!options.by.empty() && !actor.empty()) options.by += '/';
  options.by += actor;
  options.message = TRY(text_header(call, "X-Comment"));
  if (call.request.headers.contains("Idempotency-Key")) {
    options.idempotency_key = TRY(text_header(call, "Idempotency-Key"));
  }
  return {};
}

}  // namespace

Result<void> put_if_match(std::string_view field, WriteOptions& options) {
  const auto condition = http::parse_tag_condition(field);
  if (!condition) {
    return Error(ErrorCode::invalid_argument, "If-Match is a list of tags, or *");
  }
  options.if_live = condition->any;
  if (condition->any) return {};
  options.if_match.emplace();
  // What is no state's tag fits none.
  for (const http::EntityTag& tag : condition->tags) {
    if (const auto state = state_of(tag)) options.if_match->push_back(*state);
  }
  return {};
}

std::optional<http::HttpResponse> read_write_options(const Call& call, ConditionRules rules,
                                                     WriteOptions& options) {
  const http::Headers& headers = call.request.headers;
  if (const auto put = put_who_and_why(call, options); !put) return refusal(call, put.error());

  const auto none_match = headers.find("if-none-match");
  if (rules.if_absent && none_match) {
    const auto condition = http::parse_tag_condition(*none_match);
    if (!condition || !condition->any) {
      return refusal(call, 400, "invalid", "Of a write, If-None-Match is *");
    }
    options.if_absent = true;
  }
  const auto match = headers.find("if-match");
  if (rules.if_match && match) {
    if (const auto put = put_if_match(*match, options); !put) return refusal(call, put.error());
    if (options.if_absent) {
      return refusal(call, 400, "invalid", "If-Match and If-None-Match contradict each other");
    }
  } else if (rules.if_match_required && call.options.require_if_match && !options.if_absent) {
    return refusal(call, 428, "precondition_required", "If-Match is required here");
  }

  const bool conditional =
      options.if_match || options.if_live || options.if_absent || options.idempotency_key;
  if (conditional && call.store.options().write_mode == WriteMode::conditional) {
    return refusal(call, 501, "unsupported",
                   "Conditions and idempotency keys need WRITE_MODE=linear");
  }
  return std::nullopt;
}

std::optional<http::HttpResponse> refuse_get_or_create(const Call& call) {
  if (call.store.options().write_mode == WriteMode::linear) return std::nullopt;
  return refusal(call, 501, "unsupported", "ifAbsent needs WRITE_MODE=linear");
}

}  // namespace dynakeep::services::collections
