#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep import`: files into a table.
void add_import(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
