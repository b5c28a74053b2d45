#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include <sys/stat.h>

#include "base/log.h"
#include "dynakeep/json.h"
#include "dynakeep/server.h"

namespace dynakeep {

namespace {

// The text of a member; empty if there is none.
std::string_view text_of(const AttributeMap& entry, std::string_view name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->second.is_string()) return {};
  return found->second.as_string();
}

Error unusable(const std::string& path, const std::string& why) {
  return {ErrorCode::invalid_argument, "access keys file '" + path + "' " + why};
}

}  // namespace

Result<AccessKeys> load_access_keys(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unusable(path, std::string("cannot be read: ") + std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return unusable(path, std::string("cannot be read: ") + std::strerror(errno));

  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    base::log(LogLevel::warning, "the access keys can be read by other users: chmod 600 the file",
              {{"path", path}});
  }

  constexpr const char* form =
      R"(is not of the form [{"access_key_id": "...", "secret_access_key": "..."}, ...])";
  const auto parsed = value_from_json(text);
  if (!parsed || !parsed->is_list()) return unusable(path, form);
  AccessKeys keys;
  for (const AttributeValue& entry : parsed->as_list()) {
    const std::string_view id = entry.is_map() ? text_of(entry.as_map(), "access_key_id") : "";
    const std::string_view secret =
        entry.is_map() ? text_of(entry.as_map(), "secret_access_key") : "";
    if (id.empty() || secret.empty()) return unusable(path, form);
    if (!keys.emplace(id, secret).second) {
      return unusable(path, "names the key '" + std::string(id) + "' twice");
    }
  }
  if (keys.empty()) return unusable(path, "has no key in it");
  return keys;
}

}  // namespace dynakeep
