#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// The subcommands of `dynakeep events`, a file each. `exit_code` is set when one ran.
void add_events_list(CLI::App& events, int& exit_code);
void add_events_show(CLI::App& events, int& exit_code);
void add_events_fold(CLI::App& events, int& exit_code);
void add_events_check(CLI::App& events, int& exit_code);
void add_events_replay(CLI::App& events, int& exit_code);
void add_events_follow(CLI::App& events, int& exit_code);

}  // namespace dynakeep::app
