#include "collections.h"

#include "collections_commands.h"

namespace dynakeep::app {

void add_collections(CLI::App& program, int& exit_code) {
  CLI::App* collections = program.add_subcommand(
      "collections", "Look into versioned collections and their history; restore and purge");
  collections->require_subcommand(1);
  add_collections_list(*collections, exit_code);
  add_collections_show(*collections, exit_code);
  add_collections_history(*collections, exit_code);
  add_collections_at(*collections, exit_code);
  add_collections_diff(*collections, exit_code);
  add_collections_restore(*collections, exit_code);
  add_collections_purge(*collections, exit_code);
  add_collections_retention(*collections, exit_code);
  add_collections_export(*collections, exit_code);
  collections->footer(
      "For example:\n"
      "  dynakeep collections list\n"
      "  dynakeep collections list shop user-1 posts\n"
      "  dynakeep collections history shop user-1 posts hello\n"
      "  dynakeep collections at \"2h ago\" shop user-1 posts\n"
      "  dynakeep collections diff shop user-1 posts hello --from r2\n"
      "  dynakeep collections restore shop user-1 posts hello --version r2\n"
      "  dynakeep collections purge shop user-1 posts --keep-last 10 --dry-run\n"
      "  dynakeep collections export shop --output shop.jsonl\n"
      "Collections and entries go by their ids or names. 'dynakeep collections SUBCOMMAND --help'\n"
      "has the flags.");
}

}  // namespace dynakeep::app
