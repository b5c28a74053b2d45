#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep serve`: a database on this machine, served over HTTP until a signal says stop.
// `exit_code` is set when the subcommand ran.
void add_serve(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
