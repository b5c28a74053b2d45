#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/result.h"

// Settings from variables of the environment, for what has so many that flags would bury the rest.
// What is set to nothing counts as not set. Errors are invalid_argument and name the variable.
namespace dynakeep::app {

std::optional<std::string> variable(const std::string& name);

// All whose names begin with it, also those that are set to nothing.
std::map<std::string, std::string, std::less<>> variables_beginning_with(std::string_view prefix);

// "true" or "false".
Result<std::optional<bool>> switch_variable(const std::string& name);

// A whole number, in digits.
Result<std::optional<std::int64_t>> number_variable(const std::string& name, std::int64_t least,
                                                    std::int64_t most);

// One of some words.
template <typename T>
Result<std::optional<T>> choice_variable(const std::string& name,
                                         const std::map<std::string, T>& words) {
  const auto text = variable(name);
  if (!text) return std::optional<T>();
  const auto found = words.find(*text);
  if (found != words.end()) return std::optional<T>(found->second);
  std::string expected;
  for (const auto& [word, meaning] : words) expected += (expected.empty() ? "" : " or ") + word;
  return Error(ErrorCode::invalid_argument, name + "='" + *text + "' is not " + expected);
}

}  // namespace dynakeep::app
