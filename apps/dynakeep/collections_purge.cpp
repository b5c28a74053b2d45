#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"
#include "confirmation.h"
#include "counting.h"
#include "moment.h"
#include "progress.h"

namespace dynakeep::app {

namespace {

struct PurgeFlags {
  CollectionsFlags where = {};
  Address address = {};
  PurgeRequest request = {};
  std::optional<Time> before = {};
  bool yes = false;
};

void print(const PurgeFlags& flags, const PurgeReport& report) {
  if (flags.where.json) {
    std::cout << fmt::format(R"({{"purged":{},"kept":{},"floor":{},"dryRun":{}}})"
                             "\n",
                             report.purged, report.kept,
                             report.floor ? std::to_string(*report.floor) : "null",
                             flags.request.dry_run);
    return;
  }
  std::cout << counted(report.purged, "version")
            << (flags.request.dry_run ? " would be purged, " : " purged, ")
            << with_separators(report.kept) << " kept\n";
}

int purge(PurgeFlags& flags) {
  const bool asks = !flags.yes && !flags.request.dry_run;
  if (asks && !terminal_of(STDIN_FILENO).interactive) {
    return complain(exit_misused, "what is purged cannot be brought back: say --yes, or --dry-run");
  }
  auto opened = open_collections(flags.where, Access::write);
  if (!opened) return complain(flags.where.connection, opened.error());
  VersionedCollections& store = *opened->store;
  const auto path = find_path(store, flags.address);
  if (!path) return complain(flags.where, path.error());

  if (flags.before) flags.request.before = to_millis(*flags.before);
  if (asks) {
    const auto newest = store.version(*path, VersionReference::last());
    if (!newest) return complain(flags.where, newest.error());
    // Purged is what was asked about: not if somebody writes meanwhile.
    flags.request.if_match = std::vector{newest->tag()};
    PurgeRequest trial = flags.request;
    trial.dry_run = true;
    const auto expected = store.purge(*path, trial);
    if (!expected) return complain(flags.where, expected.error());
    if (expected->purged > 0 &&
        !is_confirmed(fmt::format("Remove {} of {} for good?", counted(expected->purged, "version"),
                                  title_of(*newest)))) {
      return complain(exit_failed, "nothing was purged");
    }
  }
  Progress progress("versions purged");
  std::uint64_t purged = 0;
  flags.request.on_progress = [&](std::size_t more) { progress.at(purged += more); };
  const auto report = store.purge(*path, flags.request);
  progress.hide();
  if (!report) return complain(flags.where, report.error());
  print(flags, *report);
  return exit_done;
}

}  // namespace

void add_collections_purge(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<PurgeFlags>();
  CLI::App* command =
      collections.add_subcommand("purge", "Remove versions of a collection or an entry for good");
  add_address(*command, flags->address, Depth::collection, Depth::entry);
  add_collections_flags(*command, flags->where);
  add_write_mode_flag(*command, flags->where);
  CLI::Option_group* which = command->add_option_group("Which", "One of these");
  which->add_option("--versions", flags->request.versions, "These, by their numbers")
      ->delimiter(',')
      ->type_name("N,N...");
  add_moment(*which, "--before", flags->before, "Those that were written before this time");
  which->add_option("--keep-last", flags->request.keep_last, "All but the last so many")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N");
  CLI::Option* all =
      which->add_flag("--all", flags->request.all,
                      "The whole of it, and of a collection its entries; it must be deleted");
  which->require_option(1);
  command->add_flag("--force", flags->request.force, "With --all: also what is not deleted")
      ->needs(all);
  CLI::Option* dry_run = command->add_flag("--dry-run", flags->request.dry_run,
                                           "Only tell how many versions would go");
  command->add_flag("--yes", flags->yes, "Do not ask")->excludes(dry_run);
  command->footer(
      "But for --all the newest version always stays. A purge that was interrupted is finished by\n"
      "running it again.");
  command->callback([flags, &exit_code] { exit_code = purge(*flags); });
}

}  // namespace dynakeep::app
