#include "services/api_keys/key_file.h"

#include <cstddef>
#include <utility>

namespace dynakeep::services {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{16} << 20;

Error unusable(const std::string& why) {
  return {ErrorCode::invalid_argument, "API keys file " + why};
}

}  // namespace

Result<KeyFile> read_key_file(const std::string& path) {
  const auto content = read_private_file(path, file_bytes_max);
  if (!content) return unusable(content.error().message());
  auto document = JsonDocument::parse(content->text);
  if (!document) return unusable("'" + path + "': " + document.error().message());
  auto keys = parse_records(*document);
  if (!keys) return unusable("'" + path + "': " + keys.error().message());
  return KeyFile{.document = std::move(*document),
                 .keys = std::move(*keys),
                 .stamp = content->stamp,
                 .others_may_read = content->others_may_read};
}

Result<void> write_key_file(const std::string& path, const JsonDocument& document) {
  std::string text = "[";
  for (const JsonDocument& record : document.elements()) {
    if (text.size() > 1) text += ",";
    text += "\n    " + record.to_text();
  }
  text += "\n]\n";
  const auto written = replace_private_file(path, text);
  return written ? written : unusable(written.error().message());
}

}  // namespace dynakeep::services
