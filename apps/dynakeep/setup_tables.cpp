#include "setup_tables.h"

#include <iostream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "choices.h"
#include "complain.h"
#include "dynakeep/open.h"
#include "dynakeep/pages.h"
#include "dynakeep/transfer/table_definition.h"

namespace dynakeep::app {

namespace {

Result<void> see_to_time_to_live(Database& database, const StoreTable& table,
                                 const std::optional<std::string>& found) {
  if (!table.time_to_live || found) return {};
  if (!database.capabilities().time_to_live) {
    warn(fmt::format("the database has no time to live: nothing deletes what has expired in {}",
                     *table.request.table_name));
    return {};
  }
  TRY(database.update_time_to_live({.table_name = table.request.table_name,
                                    .time_to_live_specification = TimeToLiveSpecification{
                                        .enabled = true, .attribute_name = table.time_to_live}}));
  return {};
}

// Whether the table is now as the store wants it; says so, too.
Result<bool> set_up_table(Database& database, const StoreTable& table) {
  const std::string name = *table.request.table_name;
  const auto described = database.describe_table({.table_name = name});
  if (!described && described.error().code() != ErrorCode::resource_not_found) {
    return described.error();
  }
  // Waits, too, for one that another setup is making; what came of that is looked at.
  const TableDescription found = TRY(create_table_and_wait(database, table.request));
  const auto expires = TRY(time_to_live_of(database, name));
  const auto wrong = shape_differences(
      {.table = table.request, .time_to_live_attribute = table.time_to_live}, found, expires);
  if (!wrong.empty()) {
    std::string text = fmt::format("the table {} is there, of another shape:", name);
    for (const std::string& each : wrong) text += " " + each + ";";
    text.pop_back();
    complain(exit_failed, text);
    return false;
  }
  TRY(see_to_time_to_live(database, table, expires));
  std::cout << fmt::format("The table {} {}\n", name, described ? "is there" : "was made");
  return true;
}

// The tables, no two of which are one.
Result<std::vector<StoreTable>> different_tables(const TablesOfStore& tables_of,
                                                 Database& database) {
  auto tables = TRY(tables_of(database));
  std::set<std::string> names;
  for (const StoreTable& table : tables) {
    if (names.insert(*table.request.table_name).second) continue;
    return Error(ErrorCode::invalid_argument,
                 *table.request.table_name + " cannot be two tables of this store");
  }
  return tables;
}

int print(const SetupTablesFlags& flags, const TablesOfStore& tables_of) {
  // Definitions are the stores' own, and stores are on databases: one that costs nothing.
  const auto nothing = open("memory:");
  if (!nothing) return complain(nothing.error());
  const auto tables = different_tables(tables_of, **nothing);
  if (!tables) return complain(tables.error());
  for (const StoreTable& table : *tables) {
    // What no database would make is not worth printing, such as a name that none can have.
    const auto made = (*nothing)->create_table(table.request);
    if (!made) return complain(exit_misused, made.error().message());
  }
  std::cout << definition_text(*tables, *flags.print) << std::flush;
  return exit_done;
}

}  // namespace

void add_print_flag(CLI::App& command, std::optional<DefinitionFormat>& print) {
  command.add_option("--print", print)
      ->transform(one_of(definition_formats))
      ->type_name("cloudformation|cdk|terraform|cli|iam")
      ->description("Make nothing: print what makes the tables, or the policy of who uses them")
      ->group("Output");
}

void add_setup_tables_flags(CLI::App& command, SetupTablesFlags& flags) {
  add_connection_flag(command, flags.connection);
  add_print_flag(command, flags.print);
  command.footer(
      "Tables that are there are left as they are. Ends with 0 when all are there and as they are\n"
      "to be, 1 when one is of another shape, and says how, or could not be made.");
}

int set_up_tables(const SetupTablesFlags& flags, const TablesOfStore& tables_of) {
  if (flags.print) return print(flags, tables_of);
  const auto database = connect_or_make(flags.connection);
  if (!database) return complain(flags.connection, database.error());
  const auto tables = different_tables(tables_of, **database);
  if (!tables) return complain(tables.error());
  bool all_right = true;
  for (const StoreTable& table : *tables) {
    const auto done = set_up_table(**database, table);
    if (!done) return complain(done.error());
    all_right = all_right && *done;
  }
  return all_right ? exit_done : exit_failed;
}

}  // namespace dynakeep::app
