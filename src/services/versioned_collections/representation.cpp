#include "services/versioned_collections/representation.h"

#include <chrono>
#include <string_view>

#include "base/json_string.h"
#include "dynakeep/iso_time.h"

namespace dynakeep::services::collections {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  base::append_json_string(out, text);
}

void append_number(std::string& out, std::string_view name, std::int64_t number) {
  out.append(",\"").append(name).append("\":").append(std::to_string(number));
}

// Where the quote stands that ends the string which begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  std::size_t quote = at;
  std::size_t escapes = 0;  // backslashes before the quote: an odd one is the quote's
  do {
    quote = text.find('"', quote + 1);
    if (quote == text.npos) return text.size();
    for (escapes = 0; text[quote - 1 - escapes] == '\\';) ++escapes;
  } while (escapes % 2 != 0);
  return quote;
}

}  // namespace

void append_compact_json(std::string& out, const std::string& text) {
  std::size_t begin = 0;  // of what is not appended yet
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      out.append(text, begin, at - begin);
      begin = at + 1;
    }
  }
  out.append(text, begin);
}

void append_content(std::string& out, const ResourceVersion& version, bool with_value) {
  if (version.name) append_text(out, "name", *version.name);
  if (version.value && with_value) {
    out.append(R"(,"value":)");
    append_compact_json(out, *version.value);
  }
}

void append_resource(std::string& out, const ResourceVersion& version, View view) {
  const ResourcePath& path = version.path;
  out.append(R"({"meta":{)");
  if (!path.is_entry()) {
    out.append(R"("application":)");
    base::append_json_string(out, path.application);
    out += ',';
  }
  out.append(R"("user":)");
  base::append_json_string(out, path.user);
  append_text(out, "collection", path.collection);
  if (path.is_entry()) append_text(out, "entry", path.entry);
  append_number(out, "version", version.version);
  if (version.deleted_at) append_text(out, "deletedAt", *version.deleted_at);
  if (view == View::full) {
    if (version.revision) append_number(out, "revision", *version.revision);
    append_text(out, "createdAt", to_iso(Time(std::chrono::milliseconds(version.version))));
    if (!version.by.empty()) append_text(out, "by", version.by);
    if (!version.message.empty()) append_text(out, "message", version.message);
    if (version.restored_from) append_number(out, "restoredFrom", *version.restored_from);
  }
  out += '}';
  append_content(out, version);
  out += '}';
}

}  // namespace dynakeep::services::collections
