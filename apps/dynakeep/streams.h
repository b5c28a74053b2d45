#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep streams`: the streams of tables, and what groups of consumers made of them. `exit_code`
// is set when one of its subcommands ran.
void add_streams(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
