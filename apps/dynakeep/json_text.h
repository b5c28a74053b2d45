#pragma once

#include <string>
#include <string_view>

#include "terminal.h"

namespace dynakeep::app {

// The text as a string of JSON, quotes included.
std::string json_string(std::string_view text);

// JSON on several lines, two spaces a level, names in colour where there is any; what is in strings
// cannot disturb a terminal. `json` is valid JSON without white space, as to_json writes it.
std::string indented(std::string_view json, const Terminal& terminal);

}  // namespace dynakeep::app
