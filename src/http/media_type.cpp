#include "http/media_type.h"

#include <algorithm>

#include "http/message.h"
#include "http/message_parser.h"

namespace dynakeep::http {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the text before the next ';' that stands in no quotes, and the ';'.
std::string_view take_part(std::string_view& rest) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size() && (quoted || rest[at] != ';'); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (rest[at] == '\\' && quoted) ++at;
  }
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(rest.size(), at + 1));
  return trimmed(part);
}

}  // namespace

std::optional<MediaType> parse_media_type(std::string_view field) {
  const std::string_view type = take_part(field);
  const auto slash = type.find('/');
  if (slash == type.npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1))) {
    return std::nullopt;
  }
  MediaType parsed{.type = lower(type)};
  while (!field.empty()) {
    const std::string_view parameter = take_part(field);
    const auto equals = parameter.find('=');
    if (equals == parameter.npos || !equal_ignoring_case(parameter.substr(0, equals), "charset")) {
      continue;
    }
    std::string_view value = parameter.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (!parsed.charset) parsed.charset = lower(value);
  }
  return parsed;
}

}  // namespace dynakeep::http
