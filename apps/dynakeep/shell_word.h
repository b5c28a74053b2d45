#pragma once

#include <string>

namespace dynakeep::app {

// A word of a command for a person's shell: in quotes, where it needs them.
std::string shell_word(const std::string& word);

}  // namespace dynakeep::app
