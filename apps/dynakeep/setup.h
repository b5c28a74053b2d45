#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep setup STORE`: makes the tables that a store needs, before it is used.
void add_setup(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
