#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynakeep::http {

// The parameters of a query, "filter=all&limit=10", decoded as forms are: '+' is a space, a '%'
// that begins no escape stands for itself. Names count with their case. A regular value.
class QueryString {
 public:
  QueryString() = default;
  explicit QueryString(std::string_view query);

  // The value, if the parameter is there exactly once: of two that contradict each other neither
  // is better. Without '=' it is empty.
  std::optional<std::string_view> only(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;  // in their order
};

}  // namespace dynakeep::http
