#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep users`: what tables of user data hold of a user, of ours and of Jovo's integration.
void add_users(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
