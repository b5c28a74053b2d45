#include "services/variable_reading.h"

#include <algorithm>

#include "http/message.h"

namespace dynakeep::services {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> list_in(std::string_view text) {
  std::vector<std::string> elements;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view element = trimmed(text.substr(0, comma));
    if (!element.empty()) elements.emplace_back(element);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return elements;
}

bool boolean_in(std::string_view text) { return http::equal_ignoring_case(trimmed(text), "true"); }

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string line_of(std::string_view prefix, const OptionFault& fault) {
  return std::string(prefix).append(fault.variable).append(": ").append(fault.rule);
}

Result<void> verdict_on(const std::vector<OptionFault>& faults) {
  if (faults.empty()) return {};
  std::string lines;
  for (const OptionFault& fault : faults) {
    lines.append(lines.empty() ? "" : "\n").append(line_of("", fault));
  }
  return Error(ErrorCode::invalid_argument, std::move(lines));
}

void VariableReading::add(std::vector<OptionFault> others) {
  for (OptionFault& other : others) {
    const bool known = std::any_of(faults.begin(), faults.end(), [&](const OptionFault& one) {
      return one.variable == other.variable;
    });
    if (!known) faults.push_back(std::move(other));
  }
}

bool VariableReading::whole_number(std::int64_t& to, std::string_view text, std::int64_t least,
                                   std::int64_t most) {
  std::int64_t value = 0;
  const std::string_view digits = trimmed(text);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec == std::errc() && read.ptr == digits.data() + digits.size() && value >= least &&
      value <= most) {
    to = value;
    return true;
  }
  const std::string upper =
      most == std::numeric_limits<std::int64_t>::max() ? " or more" : " to " + std::to_string(most);
  fault("must be a whole number, " + std::to_string(least) + upper + "; is " + quoted(text));
  return false;
}

}  // namespace dynakeep::services
