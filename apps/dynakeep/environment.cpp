#include "environment.h"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace dynakeep::app {

std::optional<std::string> variable(const std::string& name) {
  const char* const text = std::getenv(name.c_str());
  if (text == nullptr || *text == '\0') return std::nullopt;
  return text;
}

std::map<std::string, std::string, std::less<>> variables_beginning_with(std::string_view prefix) {
  std::map<std::string, std::string, std::less<>> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !text.starts_with(prefix)) continue;
    found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

Result<std::optional<bool>> switch_variable(const std::string& name) {
  return choice_variable<bool>(name, {{"true", true}, {"false", false}});
}

Result<std::optional<std::int64_t>> number_variable(const std::string& name, std::int64_t least,
                                                    std::int64_t most) {
  const auto text = variable(name);
  if (!text) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failure == std::errc() && end == text->data() + text->size() && number >= least &&
      number <= most) {
    return std::optional(number);
  }
  return Error(ErrorCode::invalid_argument,
               fmt::format("{}='{}' is no number from {} to {}", name, *text, least, most));
}

}  // namespace dynakeep::app
