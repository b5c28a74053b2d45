#include <csignal>
#include <cstddef>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "collections.h"
#include "copy.h"
#include "events.h"
#include "exit_code.h"
#include "export.h"
#include "healthcheck.h"
#include "import.h"
#include "keys.h"
#include "replica.h"
#include "serve.h"
#include "setup.h"
#include "streams.h"
#include "tail.h"
#include "terminal.h"
#include "users.h"

namespace {

// CLI11 looks at the variables of all subcommands whichever runs, and one that makes no sense to
// `dynakeep collections` would keep `dynakeep serve` from starting. So options have theirs from
// when their subcommand is met.
void look_at_variables_of_the_subcommand_alone(CLI::App& app) {
  for (CLI::App* const command : app.get_subcommands(nullptr)) {
    std::map<CLI::Option*, std::string> variables;
    for (CLI::Option* const option : command->get_options()) {
      if (option->get_envname().empty()) continue;
      variables.emplace(option, option->get_envname());
      option->envname("");
    }
    command->preparse_callback([variables](std::size_t) {
      for (const auto& [option, name] : variables) option->envname(name);
    });
    look_at_variables_of_the_subcommand_alone(*command);
  }
}

// Of the subcommand that was met, as it is typed: "dynakeep collections show".
std::string words_of(const CLI::App& app) {
  const auto met = app.get_subcommands();
  return met.empty() ? app.get_name() : app.get_name() + " " + words_of(*met.front());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace dynakeep::app;

  // A reader of our output that goes away is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App program(
      "Keeps application state on DynamoDB: in one process, on one machine, or on AWS.",
      "dynakeep");
  program.set_version_flag("--version", "dynakeep " DYNAKEEP_VERSION);
  program.require_subcommand(1);
  program.footer(
      "Ends with 0 when stopped as asked, 1 when something failed, 2 when the flags make no "
      "sense,\n"
      "3 when the data folder or the database cannot be used, 4 when the address or port cannot be "
      "listened on,\n"
      "5 when a part of what was to be imported was rejected.\n"
      "'dynakeep SUBCOMMAND --help' has the flags.");

  int exit_code = exit_done;
  add_serve(program, exit_code);
  add_healthcheck(program, exit_code);
  add_tail(program, exit_code);
  add_streams(program, exit_code);
  add_replica(program, exit_code);
  add_events(program, exit_code);
  add_users(program, exit_code);
  add_collections(program, exit_code);
  add_keys(program, exit_code);
  add_setup(program, exit_code);
  add_export(program, exit_code);
  add_import(program, exit_code);
  add_copy(program, exit_code);
  look_at_variables_of_the_subcommand_alone(program);

  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    const auto rest = program.remaining(true);
    const bool is_no_command =
        !rest.empty() && std::string_view(error.what()) == "A subcommand is required";
    std::cerr << "dynakeep: "
              << (is_no_command ? "There is no command '" + printable(rest.front()) + "'"
                                : std::string(error.what()))
              << "; see " << words_of(program) << " --help\n";
    return exit_misused;
  }
  return exit_code;
}
