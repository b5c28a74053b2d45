#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/result.h"

// What variables of the environment say, by Dismissible's rules: numbers are whole; booleans:
// "true" in any case is true, all else is false; lists are separated by commas, their elements
// trimmed.
namespace dynakeep::services {

std::string_view trimmed(std::string_view text);
std::vector<std::string> list_in(std::string_view text);
bool boolean_in(std::string_view text);
std::string quoted(std::string_view text);

// Something that an option may not be, by the name of the variable that says it.
struct OptionFault {
  std::string_view variable = {};  // behind the prefix of all: "JWT_AUTH_ISSUER"
  std::string rule = {};           // "must be …", with the value where that is no secret
};

// "PREFIX_VARIABLE: rule"
std::string line_of(std::string_view prefix, const OptionFault& fault);
// invalid_argument, with a line for each, if there is any.
Result<void> verdict_on(const std::vector<OptionFault>& faults);

// Notes what is wrong with the variable that is being read; the option then stays as it was.
class VariableReading {
 public:
  std::string_view variable = {};  // the one being read
  std::vector<OptionFault> faults = {};

  void fault(std::string rule) { faults.push_back({variable, std::move(rule)}); }
  // Takes what was found otherwise, but for variables with a fault already.
  void add(std::vector<OptionFault> others);

  template <typename Number>
  void number(Number& to, std::string_view text, std::int64_t least,
              std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
    std::int64_t value = 0;
    if (whole_number(value, text, least, most)) to = static_cast<Number>(value);
  }
  template <typename Duration>
  void duration(Duration& to, std::string_view text, std::int64_t least) {
    // Far from where adding it to a time would overflow.
    constexpr std::int64_t most = std::int64_t{1} << 40;
    std::int64_t count = 0;
    if (whole_number(count, text, least, most)) to = Duration(count);
  }
  // One of some words, each with what it means.
  template <typename Meaning, std::size_t count>
  void word(Meaning& to, std::string_view text,
            const std::array<std::pair<std::string_view, Meaning>, count>& words) {
    std::string all;
    for (const auto& [name, meaning] : words) {
      if (trimmed(text) == name) {
        to = meaning;
        return;
      }
      all.append(all.empty() ? "" : ", ").append(name);
    }
    fault("must be one of " + all + "; is " + quoted(text));
  }

 private:
  bool whole_number(std::int64_t& to, std::string_view text, std::int64_t least, std::int64_t most);
};

}  // namespace dynakeep::services
