#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"

namespace dynakeep::app {

namespace {

struct ShowFlags {
  CollectionsFlags where = {};
  Address address = {};
  std::optional<VersionReference> version = {};
};

Result<ResourceVersion> find_version(const ShowFlags& flags, VersionedCollections& store) {
  const ResourcePath path = TRY(find_path(store, flags.address));
  return store.version(path, flags.version.value_or(VersionReference::last()));
}

int show(const ShowFlags& flags) {
  auto opened = open_collections(flags.where, Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto found = find_version(flags, *opened->store);
  if (!found) return complain(flags.where, found.error());
  if (flags.where.json) {
    std::cout << version_json(*found) << '\n';
  } else {
    print_version(std::cout, terminal_of(STDOUT_FILENO), *found);
  }
  return exit_done;
}

}  // namespace

void add_collections_show(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<ShowFlags>();
  CLI::App* command = collections.add_subcommand(
      "show", "Show a collection or an entry whole; also if it is deleted, and says so then");
  add_address(*command, flags->address, Depth::collection, Depth::entry);
  add_collections_flags(*command, flags->where);
  add_version(*command, "--version", flags->version,
              "Which one: its number, r and its revision (r3), first or last")
      ->group("What");
  command->callback([flags, &exit_code] { exit_code = show(*flags); });
}

}  // namespace dynakeep::app
