#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep export`: tables into files.
void add_export(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
