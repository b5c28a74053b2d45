#pragma once

#include <CLI/App.hpp>

// The stores that `dynakeep setup` knows, a file each.
namespace dynakeep::app {

// In place of upstream's dismissible-dynamodb-setup: the same variables, defaults, lines and exit
// codes. Waits until the table is active, also if another setup is making it.
void add_setup_dismissals(CLI::App& setup, int& exit_code);

void add_setup_events(CLI::App& setup, int& exit_code);
void add_setup_collections(CLI::App& setup, int& exit_code);
void add_setup_streams(CLI::App& setup, int& exit_code);
void add_setup_users(CLI::App& setup, int& exit_code);

}  // namespace dynakeep::app
