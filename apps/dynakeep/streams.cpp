#include "streams.h"

#include "streams_commands.h"

namespace dynakeep::app {

void add_streams(CLI::App& program, int& exit_code) {
  CLI::App* streams = program.add_subcommand(
      "streams", "Look into the streams of tables, and hand their changes to commands");
  streams->require_subcommand(1);
  add_streams_list(*streams, exit_code);
  add_streams_describe(*streams, exit_code);
  add_streams_consume(*streams, exit_code);
  add_streams_roll(*streams, exit_code);
  add_streams_lag(*streams, exit_code);
  add_streams_checkpoints(*streams, exit_code);
  add_streams_dead_letters(*streams, exit_code);
  streams->footer(
      "For example:\n"
      "  dynakeep streams list\n"
      "  dynakeep streams describe Songs\n"
      "  dynakeep streams consume Songs --group indexer --checkpoints songs.ckpt --exec ./index\n"
      "  dynakeep streams lag --checkpoints songs.ckpt\n"
      "  dynakeep streams checkpoints show --checkpoints songs.ckpt\n"
      "  dynakeep streams dead-letters show songs.dlq\n"
      "  dynakeep streams dead-letters replay songs.dlq --exec ./index\n"
      "'dynakeep tail' shows changes as they happen.\n"
      "Ends with 0 when done or stopped as asked, 1 when something failed, 2 when the flags make "
      "no\n"
      "sense, 3 at a gap with --on-gap stop. 'dynakeep streams SUBCOMMAND --help' has the flags.");
}

}  // namespace dynakeep::app
