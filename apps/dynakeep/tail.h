#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep tail`: the changes of a table as they happen. `exit_code` is set when it ran.
void add_tail(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
