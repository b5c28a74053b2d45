#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep keys`: the file of API keys that `dynakeep serve --api-keys` goes by. `exit_code` is
// set when one of its subcommands ran.
void add_keys(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
