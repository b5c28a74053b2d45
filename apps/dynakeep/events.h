#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep events`: looks into event tables, of ours and of castore. Reads only.
void add_events(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
