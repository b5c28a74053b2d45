#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"
#include "moment.h"

namespace dynakeep::app {

namespace {

struct HistoryFlags {
  CollectionsFlags where = {};
  Address address = {};
  std::optional<std::size_t> limit = {};
  std::optional<Time> from = {};
  std::optional<Time> to = {};
  bool reverse = false;
};

std::vector<std::string> cells_of(const ResourceVersion& version) {
  // What was restored, and what is deleted, is seen at a glance.
  std::string what = version.deleted_at ? "deleted " + *version.deleted_at : std::string();
  if (version.restored_from) {
    if (!what.empty()) what += ", ";
    what += "restores " + std::to_string(*version.restored_from);
  }
  std::vector<std::string> cells{revision_of(version),     std::to_string(version.version),
                                 moment_of(version),       version.by,
                                 version.message,          std::move(what),
                                 version.name.value_or("")};
  if (version.path.is_entry()) cells.push_back(value_on_one_line(version));
  return cells;
}

Result<void> print_history(const HistoryFlags& flags, VersionedCollections& store) {
  const ResourcePath path = TRY(find_path(store, flags.address));
  std::vector<Column> columns{{.heading = "REVISION", .to_the_right = true},
                              {.heading = "VERSION"},
                              {.heading = "WRITTEN"},
                              {.heading = "BY"},
                              {.heading = "MESSAGE"},
                              {.heading = "STATE", .colour = Colour::yellow},
                              {.heading = "NAME", .colour = Colour::cyan}};
  if (path.is_entry()) columns.push_back({.heading = "VALUE"});
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO), std::move(columns));

  HistoryOptions options{.page = {.limit = 1000},
                         .ascending = flags.reverse,
                         .from = to_millis(flags.from),
                         .to = to_millis(flags.to)};
  std::size_t listed = 0;
  bool more = true;
  while (more && std::cout) {
    ResourcePage page = TRY(store.history(path, options));
    for (const ResourceVersion& version : page.items) {
      more = listed != flags.limit;
      if (!more || !std::cout) break;
      ++listed;
      if (flags.where.json) std::cout << version_json(version) << '\n';
      if (!flags.where.json) table.add(cells_of(version));
    }
    options.page.cursor = std::move(page.next_cursor);
    more = more && !options.page.cursor.empty();
  }
  if (!flags.where.json) table.finish();
  return {};
}

int history(const HistoryFlags& flags) {
  auto opened = open_collections(flags.where, Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto done = print_history(flags, *opened->store);
  if (!done) return complain(flags.where, done.error());
  return exit_done;
}

}  // namespace

void add_collections_history(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<HistoryFlags>();
  CLI::App* command = collections.add_subcommand(
      "history", "List the versions of a collection or an entry, the newest first");
  add_address(*command, flags->address, Depth::collection, Depth::entry);
  add_collections_flags(*command, flags->where);
  command->add_option("--limit", flags->limit, "How many at most")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N")
      ->group("What");
  add_moment(*command, "--from", flags->from, "Written at this time or later")->group("What");
  add_moment(*command, "--to", flags->to, "Written before this time")->group("What");
  command->add_flag("--reverse", flags->reverse, "Oldest first")->group("What");
  command->callback([flags, &exit_code] { exit_code = history(*flags); });
}

}  // namespace dynakeep::app
