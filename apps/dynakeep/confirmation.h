#pragma once

#include <string>

namespace dynakeep::app {

// Asks the person at the terminal; only "y" and "yes" are one. Where there may be no person, see
// terminal_of(STDIN_FILENO) first.
bool is_confirmed(const std::string& question);

}  // namespace dynakeep::app
