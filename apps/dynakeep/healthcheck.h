#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep healthcheck URL`: asks a server how it is, for containers and supervisors.
void add_healthcheck(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
