#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/result.h"

namespace dynakeep::app {

// How a command ended; empty: with 0. For a person: "it ended with 3", "signal 9 ended it".
using CommandFailure = std::string;

// Runs /bin/sh -c `command` with the text on its standard input and the variables in its
// environment, and waits for it; what it prints goes where this program's goes. That it does not
// read its input is no failure. A Ctrl-C at the terminal does not reach it, so that it may finish
// what it was given. Thread-safe. internal_server_error: it cannot be run.
Result<CommandFailure> run_command(
    const std::string& command, std::string_view input,
    const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace dynakeep::app
