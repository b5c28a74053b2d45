#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// The subcommands of `dynakeep users`, a file each. `exit_code` is set when one ran.
void add_users_show(CLI::App& users, int& exit_code);
void add_users_export(CLI::App& users, int& exit_code);
void add_users_erase(CLI::App& users, int& exit_code);
void add_users_size(CLI::App& users, int& exit_code);

}  // namespace dynakeep::app
