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

// invalid_argument: there is no data folder of that name, or it is empty.
Result<std::unique_ptr<Database>> connect(const Connection& connection);
// For those who make tables: makes a folder, too.
Result<std::unique_ptr<Database>> connect_or_make(const Connection& connection);

// Whether connect() failed because the string makes no sense.
bool is_misuse(const Connection& connection, const Error& error);

// One line on stderr about why connect() failed; returns the code for the program to end with.
int complain(const Connection& connection, const Error& error);

}  // namespace dynakeep::app
