#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"
#include "counting.h"
#include "json_text.h"
#include "moment.h"

namespace dynakeep::app {

namespace {

struct RestoreFlags {
  CollectionsFlags where = {};
  Address address = {};
  std::optional<VersionReference> version = {};
  std::optional<Time> at = {};
  bool with_entries = false;
  std::string by = {};
  std::string message = {};
};

WriteOptions write_options_of(const RestoreFlags& flags) {
  return {.by = flags.by, .message = flags.message};
}

Result<void> restore_one(const RestoreFlags& flags, VersionedCollections& store,
                         const ResourcePath& path) {
  std::optional<VersionReference> version = flags.version;
  if (flags.at) version = VersionReference::at(to_millis(*flags.at));
  const auto restored = TRY(store.restore(path, version, write_options_of(flags)));
  if (flags.where.json) {
    std::cout << version_json(restored) << '\n';
    return {};
  }
  std::string line = fmt::format("{} is at version {}", title_of(restored), restored.version);
  if (restored.revision) line += fmt::format(", revision {}", *restored.revision);
  if (restored.restored_from) line += fmt::format(", as it was at {}", *restored.restored_from);
  std::cout << printable(line) << '\n';
  return {};
}

// Whether every entry could be.
Result<bool> restore_with_entries(const RestoreFlags& flags, VersionedCollections& store,
                                  const ResourcePath& path) {
  const RestoreReport report =
      TRY(store.restore_with_entries(path, to_millis(*flags.at), write_options_of(flags)));
  if (flags.where.json) {
    std::string failed;
    for (const std::string& id : report.failed) {
      failed += (failed.empty() ? "" : ",") + json_string(id);
    }
    std::cout << fmt::format(R"({{"restored":{},"deleted":{},"unchanged":{},"failed":[{}]}})"
                             "\n",
                             report.restored, report.deleted, report.unchanged, failed);
  } else {
    std::cout << fmt::format("{} restored, {} deleted, {} left as they are\n",
                             with_separators(report.restored), with_separators(report.deleted),
                             with_separators(report.unchanged));
  }
  for (const std::string& id : report.failed) {
    complain(exit_failed, fmt::format("entry {} could not be restored; run it again", id));
  }
  return report.failed.empty();
}

int restore(const RestoreFlags& flags) {
  auto opened = open_collections(flags.where, Access::write);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto path = find_path(*opened->store, flags.address);
  if (!path) return complain(flags.where, path.error());
  if (flags.with_entries) {
    const auto complete = restore_with_entries(flags, *opened->store, *path);
    if (!complete) return complain(flags.where, complete.error());
    return *complete ? exit_done : exit_failed;
  }
  const auto done = restore_one(flags, *opened->store, *path);
  if (!done) return complain(flags.where, done.error());
  return exit_done;
}

}  // namespace

void add_collections_restore(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App* command = collections.add_subcommand(
      "restore",
      "Make an old version of a collection or an entry the newest; without --version and --at,\n"
      "undelete it");
  add_address(*command, flags->address, Depth::collection, Depth::entry);
  add_collections_flags(*command, flags->where);
  add_write_mode_flag(*command, flags->where);
  CLI::Option* version =
      add_version(*command, "--version", flags->version,
                  "Which one: its number, r and its revision (r3), first or last")
          ->group("What");
  CLI::Option* at =
      add_moment(*command, "--at", flags->at, "The newest one of that time")->group("What");
  at->excludes(version);
  command
      ->add_flag(
          "--entries", flags->with_entries,
          "Of a collection, its entries as well, as they were --at that time: those that are\n"
          "younger are deleted")
      ->needs(at)
      ->group("What");
  command->add_option("--by", flags->by, "Who did it, to be kept with the version")
      ->type_name("WHO")
      ->group("What");
  command->add_option("--message", flags->message, "Why, to be kept with the version")
      ->type_name("TEXT")
      ->group("What");
  command->footer("Nothing is lost: what was the newest stays in the history.");
  command->callback([flags, &exit_code] {
    if (flags->with_entries && flags->address.entry) {
      throw CLI::ExcludesError("--entries", "an entry");
    }
    exit_code = restore(*flags);
  });
}

}  // namespace dynakeep::app
