#pragma once

#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "dynakeep/database.h"
#include "dynakeep/result.h"

namespace dynakeep::app {

// The database that a subcommand works on, by its connection string (dynakeep/open.h).
struct Connection {
  std::string database = "http://127.0.0.1:8000";
};

// --database CONNECTION, or else the environment's DYNAKEEP_DATABASE.
void add_connection_flag(CLI::App& command, Connection& connection);

Result<std::unique_ptr<Database>> connect(const Connection& connection);

// Whether connect() failed because the string makes no sense.
bool is_misuse(const Connection& connection, const Error& error);

// One line on stderr about why connect() failed; returns the code for the program to end with.
int complain(const Connection& connection, const Error& error);

}  // namespace dynakeep::app
