#include "services/jwt/token.h"

#include <utility>

#include "base/base64.h"

namespace dynakeep::jwt {

namespace {

std::optional<JsonDocument> object_in(std::string_view part) {
  const auto text = base::from_base64url(part);
  if (!text) return std::nullopt;
  auto document = JsonDocument::parse(*text);
  if (!document || !document->is_object()) return std::nullopt;
  return std::move(*document);
}

std::string string_of(const JsonDocument& object, std::string_view name) {
  const JsonDocument* member = object.find(name);
  return member != nullptr && member->is_string() ? member->text() : std::string();
}

}  // namespace

std::optional<Token> parse_token(std::string_view text) {
  if (text.size() > token_bytes_max) return std::nullopt;
  const auto first = text.find('.');
  const auto second = text.find('.', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header = object_in(text.substr(0, first));
  auto claims = object_in(text.substr(first + 1, second - first - 1));
  auto signature = base::from_base64url(text.substr(second + 1));
  if (!header || !claims || !signature || header->find("crit") != nullptr) return std::nullopt;
  return Token{.algorithm = string_of(*header, "alg"),
               .key_id = string_of(*header, "kid"),
               .claims = std::move(*claims),
               .signed_text = text.substr(0, second),
               .signature = std::move(*signature)};
}

}  // namespace dynakeep::jwt
