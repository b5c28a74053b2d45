#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/result.h"

namespace dynakeep::base {

// What settings and credentials are read from beside the options of a program: variables and files.
// Copyable; both functions may be called from any thread.
struct Environment {
  // The variable's value; nothing if it is not set, or set to nothing, which means the same to
  // AWS's clients.
  std::function<std::optional<std::string>(std::string_view name)> variable = {};
  // The file's bytes; nothing if there is no such file. invalid_argument: it cannot be read, is no
  // regular file or pipe, or is larger than `bytes_max`.
  std::function<Result<std::optional<std::string>>(const std::string& path, std::size_t bytes_max)>
      file = {};
};

// The process's own. The variables are those of now (AWS's, the proxies' and HOME): a program that
// changes its environment later while other threads ask for credentials does no harm. HOME comes
// from the system's list of users if it is not set.
Environment process_environment();

}  // namespace dynakeep::base
