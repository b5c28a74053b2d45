#include "base/environment.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.h"

extern "C" char** environ;  // POSIX leaves the declaration to the program

namespace dynakeep::base {

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

// The rest of the environment is nobody's business here.
bool is_of_interest(std::string_view name) {
  if (name.starts_with("AWS_") || name == "HOME") return true;
  for (const std::string_view proxy :
       {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        "ALL_PROXY", "all_proxy", "REQUEST_METHOD"}) {
    if (name == proxy) return true;
  }
  return false;
}

std::string home_of_this_user() {
  std::vector<char> text(std::size_t{16} << 10);
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwuid_r(getuid(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr) {
    return {};
  }
  return found->pw_dir;
}

Variables variables_of_this_process() {
  Variables variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos || equals + 1 == entry.size()) continue;
    const auto name = entry.substr(0, equals);
    if (is_of_interest(name)) variables.emplace(name, entry.substr(equals + 1));
  }
  if (!variables.contains("HOME")) {
    if (auto home = home_of_this_user(); !home.empty()) variables.emplace("HOME", std::move(home));
  }
  return variables;
}

Error unreadable(const std::string& path, std::string_view why) {
  return {ErrorCode::invalid_argument, "Cannot read " + path + ": " + std::string(why)};
}

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max) {
  const base::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return unreadable(path, std::strerror(errno));
  }
  struct stat facts = {};
  if (fstat(file.get(), &facts) != 0) return unreadable(path, std::strerror(errno));
  // A pipe is how a shell hands over a file that is on no disk, <(…); /dev/null is how to say none.
  if (!S_ISREG(facts.st_mode) && !S_ISFIFO(facts.st_mode) && !S_ISCHR(facts.st_mode)) {
    return unreadable(path, "not a file");
  }

  std::string bytes;
  std::array<char, 8192> part;
  while (true) {
    const auto count = read(file.get(), part.data(), part.size());
    if (count == 0) return bytes;
    if (count < 0) {
      if (errno == EINTR) continue;
      return unreadable(path, std::strerror(errno));
    }
    bytes.append(part.data(), static_cast<std::size_t>(count));
    if (bytes.size() > bytes_max) {
      return unreadable(path, "larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

}  // namespace

Environment process_environment() {
  const auto variables = std::make_shared<const Variables>(variables_of_this_process());
  return {.variable = [variables](std::string_view name) -> std::optional<std::string> {
            const auto found = variables->find(name);
            if (found == variables->end()) return std::nullopt;
            return found->second;
          },
          .file = read_file};
}

}  // namespace dynakeep::base
