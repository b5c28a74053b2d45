#pragma once

#include <string_view>

#include "dynakeep/error.h"
#include "exit_code.h"

namespace dynakeep::app {

// One line on stderr, "dynakeep: what is wrong". Returns the code, for the program to end with.
int complain(ExitCode code, std::string_view what);

// The same of an error: misused if what was asked makes no sense, else failed.
int complain(const Error& error);

// One line on stderr about something that is not as it should be, and goes on.
void warn(std::string_view what);

}  // namespace dynakeep::app
