#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// The subcommands of `dynakeep collections`.
void add_collections_list(CLI::App& collections, int& exit_code);
void add_collections_at(CLI::App& collections, int& exit_code);
void add_collections_show(CLI::App& collections, int& exit_code);
void add_collections_history(CLI::App& collections, int& exit_code);
void add_collections_diff(CLI::App& collections, int& exit_code);
void add_collections_restore(CLI::App& collections, int& exit_code);
void add_collections_purge(CLI::App& collections, int& exit_code);
void add_collections_retention(CLI::App& collections, int& exit_code);
void add_collections_export(CLI::App& collections, int& exit_code);

}  // namespace dynakeep::app
