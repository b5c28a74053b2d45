#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep replica`: a copy of a table, in a file or another database, kept current. `exit_code`
// is set when it ran.
void add_replica(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
