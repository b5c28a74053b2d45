#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <CLI/App.hpp>

#include "connection.h"
#include "store_tables.h"

namespace dynakeep::app {

// What `dynakeep setup` has for every store.
struct SetupTablesFlags {
  Connection connection = {};
  std::optional<DefinitionFormat> print = {};
};

// --print alone, for those with a connection of their own.
void add_print_flag(CLI::App& command, std::optional<DefinitionFormat>& print);
void add_setup_tables_flags(CLI::App& command, SetupTablesFlags& flags);

// Sends nothing.
using TablesOfStore = std::function<Result<std::vector<StoreTable>>(Database& database)>;

// Prints the tables' definitions; or makes those that are missing, waits until all are active, and
// says what is wrong with those that were there. Returns the code for the program to end with.
int set_up_tables(const SetupTablesFlags& flags, const TablesOfStore& tables_of);

}  // namespace dynakeep::app
