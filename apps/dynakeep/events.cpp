#include "events.h"

#include "events_commands.h"

namespace dynakeep::app {

void add_events(CLI::App& program, int& exit_code) {
  CLI::App* events =
      program.add_subcommand("events", "Look into event tables, this library's and castore's");
  events->require_subcommand(1);
  add_events_list(*events, exit_code);
  add_events_show(*events, exit_code);
  add_events_fold(*events, exit_code);
  add_events_check(*events, exit_code);
  add_events_replay(*events, exit_code);
  add_events_follow(*events, exit_code);
  events->footer(
      "For example:\n"
      "  dynakeep events list --table Events\n"
      "  dynakeep events list --table Events --store ORDERS\n"
      "  dynakeep events show o-77 --table Events --store ORDERS\n"
      "  dynakeep events fold o-77 --version 3 --table Events --store ORDERS\n"
      "  dynakeep events check --table Events --database dynamodb://eu-west-1\n"
      "  dynakeep events replay --dry-run --table Events --from 2024-05-01\n"
      "  dynakeep events follow --table Events --store ORDERS --json\n"
      "Nothing is ever written. 'dynakeep events SUBCOMMAND --help' has the flags.");
}

}  // namespace dynakeep::app
