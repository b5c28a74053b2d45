#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// The subcommands of `dynakeep streams`, a file each. `exit_code` is set when one ran.
void add_streams_list(CLI::App& streams, int& exit_code);
void add_streams_describe(CLI::App& streams, int& exit_code);
void add_streams_consume(CLI::App& streams, int& exit_code);
void add_streams_lag(CLI::App& streams, int& exit_code);
void add_streams_checkpoints(CLI::App& streams, int& exit_code);
void add_streams_roll(CLI::App& streams, int& exit_code);
void add_streams_dead_letters(CLI::App& streams, int& exit_code);

}  // namespace dynakeep::app
