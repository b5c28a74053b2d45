#pragma once

#include <CLI/App.hpp>

namespace dynakeep::app {

// `dynakeep collections`: versioned collections, of ours and of dynamodb-mini, and their history.
void add_collections(CLI::App& program, int& exit_code);

}  // namespace dynakeep::app
