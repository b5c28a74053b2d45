#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

// What an option takes, for CLI11, whose own say what they do not take in words of a program.
namespace dynakeep::app {

// One of the words, for the value of an enum that it stands for.
template <typename Value>
CLI::Validator one_of(const std::map<std::string, Value>& words) {
  return CLI::Validator(
      [words](std::string& word) -> std::string {
        if (const auto found = words.find(word); found != words.end()) {
          word = std::to_string(static_cast<int>(found->second));
          return "";
        }
        std::string names;
        for (const auto& [name, value] : words) names += (names.empty() ? "" : ", ") + name;
        return "'" + word + "' is none of " + names;
      },
      "");
}

// A number above 0.
inline CLI::Validator more_than_nothing() {
  return CLI::Validator(
      [](const std::string& word) -> std::string {
        char* end = nullptr;
        const double number = std::strtod(word.c_str(), &end);
        const bool is_one = !word.empty() && *end == '\0' && number > 0;
        return is_one ? "" : "'" + word + "' is no number above 0";
      },
      "");
}

}  // namespace dynakeep::app
