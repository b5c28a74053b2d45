#include "services/versioned_collections/version_json.h"

#include <charconv>
#include <chrono>

#include "base/json_string.h"
#include "dynakeep/iso_time.h"
#include "services/versioned_collections/representation.h"

namespace dynakeep::services::collections {

void append_version(std::string& out, const ResourceVersion& version, bool with_value) {
  out += R"({"version":)" + std::to_string(version.version);
  out += R"(,"revision":)" + (version.revision ? std::to_string(*version.revision) : "null");
  out += R"(,"createdAt":")" + to_iso(Time(std::chrono::milliseconds(version.version))) + '"';
  out += version.is_newest ? R"(,"current":true)" : R"(,"current":false)";
  if (version.deleted_at) {
    out += R"(,"deletedAt":)";
    base::append_json_string(out, *version.deleted_at);
  }
  if (!version.by.empty()) {
    out += R"(,"by":)";
    base::append_json_string(out, version.by);
  }
  if (!version.message.empty()) {
    out += R"(,"message":)";
    base::append_json_string(out, version.message);
  }
  if (version.restored_from) out += R"(,"restoredFrom":)" + std::to_string(*version.restored_from);
  append_content(out, version, with_value);
  out += '}';
}

std::optional<VersionReference> parse_version_reference(std::string_view text) {
  if (text == "first") return VersionReference::first();
  if (text == "last") return VersionReference::last();
  const bool is_revision = text.starts_with('r');
  if (is_revision) text.remove_prefix(1);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || stopped != end || number < 0) return std::nullopt;
  return is_revision ? VersionReference::revision(number) : VersionReference::number(number);
}

}  // namespace dynakeep::services::collections
