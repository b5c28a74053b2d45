#include "services/versioned_collections/body_members.h"

#include <charconv>
#include <string>

#include "services/versioned_collections/parameters.h"

namespace dynakeep::services::collections {
namespace {

Error refused(std::string_view name, std::string_view what) {
  return {ErrorCode::invalid_argument,
          "The member " + std::string(name) + " is " + std::string(what)};
}

}  // namespace

Result<std::int64_t> whole_number(const JsonDocument& value, std::string_view name) {
  std::int64_t number = 0;
  const std::string& text = value.text();
  const char* const end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, number);
  if (value.kind() != JsonDocument::Kind::number || failure != std::errc() || stopped != end ||
      number < 0) {
    return refused(name, "a whole number");
  }
  return number;
}

Result<bool> flag_member(const JsonDocument& body, std::string_view name) {
  const JsonDocument* const value = body.find(name);
  if (value == nullptr) return false;
  if (value->kind() != JsonDocument::Kind::boolean) return refused(name, "true or false");
  return value->truth();
}

Result<std::optional<Millis>> time_member(const JsonDocument& body, std::string_view name) {
  const JsonDocument* const value = body.find(name);
  if (value == nullptr) return std::nullopt;
  const bool may_be = value->is_string() || value->kind() == JsonDocument::Kind::number;
  const auto time = may_be ? parse_time(value->text()) : std::nullopt;
  if (!time) return refused(name, "a time: milliseconds, or ISO 8601 with a zone");
  return time;
}

Result<std::optional<VersionReference>> version_members(const JsonDocument& body) {
  std::optional<VersionReference> reference;
  int count = 0;
  if (const JsonDocument* const version = body.find("version")) {
    reference = VersionReference::number(TRY(whole_number(*version, "version")));
    ++count;
  }
  if (const JsonDocument* const revision = body.find("revision")) {
    reference = VersionReference::revision(TRY(whole_number(*revision, "revision")));
    ++count;
  }
  if (const auto at = TRY(time_member(body, "at"))) {
    reference = VersionReference::at(*at);
    ++count;
  }
  if (count > 1) {
    return Error(ErrorCode::invalid_argument, "Only one of version, revision and at may be given");
  }
  return reference;
}

}  // namespace dynakeep::services::collections
