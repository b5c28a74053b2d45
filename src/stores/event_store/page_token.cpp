#include "stores/event_store/page_token.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "base/utf8.h"
#include "dynakeep/json.h"

namespace dynakeep::event_store {
namespace {

constexpr std::string_view limit_member = "limit";
constexpr std::string_view after_member = "initialEventAfter";
constexpr std::string_view before_member = "initialEventBefore";
constexpr std::string_view reverse_member = "reverse";
constexpr std::string_view key_member = "lastEvaluatedKey";

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
  out += json;
}

}  // namespace

Error invalid_page_token() { return {ErrorCode::invalid_argument, "Invalid page token"}; }

std::string encode_page_token(const PageToken& token) {
  const ListQuery& options = token.options;
  std::string out;
  if (options.limit) append_member(out, limit_member, std::to_string(*options.limit));
  if (options.initial_event_after) {
    append_member(out, after_member, to_json(AttributeValue(*options.initial_event_after)));
  }
  if (options.initial_event_before) {
    append_member(out, before_member, to_json(AttributeValue(*options.initial_event_before)));
  }
  if (options.reverse) append_member(out, reverse_member, *options.reverse ? "true" : "false");
  append_member(out, key_member, token.last_evaluated_key);
  out += "}";
  return out;
}

Result<DecodedPageToken> decode_page_token(std::string_view text) {
  const auto parsed = item_from_json(text);
  if (!parsed) return invalid_page_token();
  DecodedPageToken token;
  bool has_key = false;
  for (const auto& [name, value] : parsed->attributes()) {
    if (name == limit_member && value.is_number()) {
      const auto limit = value.as_number().to_int64();
      if (!limit || *limit < 1) return invalid_page_token();
      token.options.limit = static_cast<std::size_t>(*limit);
    } else if (name == after_member && value.is_string()) {
      token.options.initial_event_after = value.as_string();
    } else if (name == before_member && value.is_string()) {
      token.options.initial_event_before = value.as_string();
    } else if (name == reverse_member && value.is_bool()) {
      token.options.reverse = value.as_bool();
    } else if (name == key_member && value.is_map()) {
      token.last_evaluated_key = value.as_map();
      has_key = true;
    } else {
      return invalid_page_token();
    }
  }
  if (!has_key) return invalid_page_token();
  return token;
}

Result<ListQuery> resolve_list_query(ListQuery given, const ListQuery& of_token) {
  if (!given.limit) given.limit = of_token.limit;
  if (!given.initial_event_after) given.initial_event_after = of_token.initial_event_after;
  if (!given.initial_event_before) given.initial_event_before = of_token.initial_event_before;
  if (!given.reverse) given.reverse = of_token.reverse;
  given.page_token.reset();

  const auto refused = [](std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message));
  };
  if (given.limit == 0) return refused("The limit of a listing must be at least 1");
  if (given.limit > std::numeric_limits<std::int32_t>::max()) {
    return refused("The limit of a listing may be at most " +
                   std::to_string(std::numeric_limits<std::int32_t>::max()));
  }
  for (const auto& bound : {given.initial_event_after, given.initial_event_before}) {
    if (!bound) continue;
    if (bound->empty()) return refused("A bound of a listing may not be empty");
    if (!base::is_utf8(*bound)) return refused("A bound of a listing must be UTF-8");
  }
  if (given.initial_event_after && given.initial_event_before &&
      *given.initial_event_after > *given.initial_event_before) {
    return refused("initialEventAfter, " + *given.initial_event_after +
                   ", is above initialEventBefore, " + *given.initial_event_before);
  }
  return given;
}

Result<Key> key_of_token(const AttributeMap& last_evaluated_key) {
  Key key;
  for (const auto& [name, value] : last_evaluated_key) {
    if (!value.is_map() || value.as_map().size() != 1) return invalid_page_token();
    const auto& [type, text] = *value.as_map().begin();
    if (!text.is_string()) return invalid_page_token();
    if (type == "S") {
      key[name] = text.as_string();
    } else if (type == "N") {
      const auto number = Number::parse(text.as_string());
      if (!number) return invalid_page_token();
      key[name] = *number;
    } else {
      return invalid_page_token();
    }
  }
  return key;
}

}  // namespace dynakeep::event_store
