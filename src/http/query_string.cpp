#include "http/query_string.h"

#include <algorithm>

#include "http/percent_encoding.h"

namespace dynakeep::http {

namespace {

std::string decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decoded(spaced);
}

}  // namespace

QueryString::QueryString(std::string_view query) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.empty()) continue;
    const auto equals = one.find('=');
    const std::string_view value = equals == one.npos ? std::string_view() : one.substr(equals + 1);
    parameters_.emplace_back(decoded(one.substr(0, equals)), decoded(value));
  }
}

std::optional<std::string_view> QueryString::only(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& [each, value] : parameters_) {
    if (each != name) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

std::size_t QueryString::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(parameters_.begin(), parameters_.end(),
                    [&](const auto& parameter) { return parameter.first == name; }));
}

}  // namespace dynakeep::http
