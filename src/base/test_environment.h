#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/environment.h"

namespace dynakeep::base {

// Variables and files that a test made up; HOME is "/home/nina" unless it says otherwise.
struct TestEnvironment {
  std::map<std::string, std::string, std::less<>> variables = {};
  std::map<std::string, std::string, std::less<>> files = {};

  // Sees later changes of this object, which must outlive it.
  Environment environment() const {
    return {
        .variable = [this](std::string_view name) -> std::optional<std::string> {
          const auto found = variables.find(name);
          if (found == variables.end() && name == "HOME") return "/home/nina";
          if (found == variables.end() || found->second.empty()) return std::nullopt;
          return found->second;
        },
        .file = [this](const std::string& path,
                       std::size_t bytes_max) -> Result<std::optional<std::string>> {
          const auto found = files.find(path);
          if (found == files.end()) return std::nullopt;
          if (found->second.size() > bytes_max) {
            return Error(ErrorCode::invalid_argument, "Cannot read " + path + ": too large");
          }
          return found->second;
        },
    };
  }

  std::string& config() { return files["/home/nina/.aws/config"]; }
  std::string& credentials() { return files["/home/nina/.aws/credentials"]; }
};

}  // namespace dynakeep::base
