#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>

#include "collections.h"
#include "events.h"
#include "exit_code.h"
#include "healthcheck.h"
#include "keys.h"
#include "serve.h"

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
      "listened on.\n"
      "'dynakeep SUBCOMMAND --help' has the flags.");

  int exit_code = exit_done;
  add_serve(program, exit_code);
  add_healthcheck(program, exit_code);
  add_events(program, exit_code);
  add_collections(program, exit_code);
  add_keys(program, exit_code);

  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    std::cerr << "dynakeep: " << error.what() << "; see dynakeep --help\n";
    return exit_misused;
  }
  return exit_code;
}
