#include "setup.h"

#include "setup_stores.h"

namespace dynakeep::app {

void add_setup(CLI::App& program, int& exit_code) {
  CLI::App* setup = program.add_subcommand("setup", "Make the tables that a store needs");
  setup->require_subcommand(1);
  add_setup_events(*setup, exit_code);
  add_setup_collections(*setup, exit_code);
  add_setup_dismissals(*setup, exit_code);
  add_setup_streams(*setup, exit_code);
  add_setup_users(*setup, exit_code);
  setup->footer(
      "What is there already is left as it is: running it twice is as running it once.\n"
      "'dynakeep setup STORE --help' has the flags.");
}

}  // namespace dynakeep::app
