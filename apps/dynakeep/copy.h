#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep copy`: tables from one database to another, kept current until the user switches.
// `exit_code` is set when it ran.
void add_copy(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
