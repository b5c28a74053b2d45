#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "collections_commands.h"
#include "collections_text.h"
#include "collections_where.h"
#include "complain.h"
#include "counting.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "json_text.h"
#include "moment.h"
#include "progress.h"

namespace dynakeep::app {

namespace {

struct ListFlags {
  CollectionsFlags where = {};
  Address address = {};
  std::optional<std::size_t> limit = {};
  std::optional<Time> at = {};
  bool deleted = false;
};

// ---- applications ----

struct Application {
  std::string name = {};
  std::uint64_t collections = 0;
  std::uint64_t versions = 0;
};

// Reads the whole table of collections, in which an application's rows are beside each other, and a
// collection's as well.
Result<void> list_applications(const ListFlags& flags, OpenCollections& opened) {
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  TablePrinter table(std::cout, terminal,
                     {{.heading = "APPLICATION", .colour = Colour::cyan},
                      {.heading = "COLLECTIONS", .to_the_right = true},
                      {.heading = "VERSIONS", .to_the_right = true}});
  Progress progress("versions seen");
  std::uint64_t seen = 0;
  Application application;
  std::string collection;
  const auto tell = [&] {
    if (application.versions == 0) return;
    progress.hide();
    if (flags.where.json) {
      std::cout << fmt::format(R"({{"application":{},"collections":{},"versions":{}}})"
                               "\n",
                               json_string(application.name), application.collections,
                               application.versions);
    } else {
      table.add({application.name, with_separators(application.collections),
                 with_separators(application.versions)});
    }
  };
  TRY(for_each_item(*opened.database,
                    ScanRequest{.table_name = flags.where.options.collections_table,
                                .projection_expression = "application, userCollectionVersion"},
                    [&](Item&& row) {
                      const AttributeView attributes(row);
                      const std::string_view name = attributes["application"].text().value_or("");
                      const std::string_view key =
                          attributes["userCollectionVersion"].text().value_or("");
                      if (application.versions == 0 || name != application.name) {
                        tell();
                        application = {.name = std::string(name)};
                        collection.clear();
                      }
                      const std::string_view its_collection = key.substr(0, key.rfind('#'));
                      if (its_collection != collection) {
                        collection = its_collection;
                        ++application.collections;
                      }
                      ++application.versions;
                      progress.at(++seen);
                      return static_cast<bool>(std::cout);
                    }));
  tell();
  if (!flags.where.json) table.finish();
  return {};
}

// ---- collections and entries ----

Result<void> list_resources(const ListFlags& flags, VersionedCollections& store) {
  const bool entries = flags.address.collection.has_value();
  const bool with_users = !flags.address.user;
  ResourcePath collection;
  if (entries) collection = TRY(find_path(store, flags.address));
  const ReadOptions options{
      .filter = flags.deleted ? VersionFilter::current : VersionFilter::latest,
      .at = to_millis(flags.at)};
  std::optional<std::string_view> user;
  if (flags.address.user) user = *flags.address.user;

  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     list_columns(entries, with_users, flags.deleted));
  std::size_t listed = 0;
  bool incomplete = false;
  bool more = true;
  PageOptions page{.limit = 1000};
  while (more && std::cout) {
    const ResourcePage got =
        TRY(entries ? store.list_entries_page(collection, page, options)
                    : store.list_collections_page(flags.address.application, user, page, options));
    incomplete = incomplete || got.incomplete;
    for (const ResourceVersion& version : got.items) {
      more = listed != flags.limit;
      if (!more || !std::cout) break;
      ++listed;
      if (flags.where.json) std::cout << version_json(version) << '\n';
      if (!flags.where.json) table.add(list_cells(version, with_users, flags.deleted));
    }
    page.cursor = got.next_cursor;
    more = more && !page.cursor.empty();
  }
  if (!flags.where.json) table.finish();
  if (incomplete) {
    std::cerr << "dynakeep: some of what there was at that time has been purged, and is left out\n";
  }
  return {};
}

int list(const ListFlags& flags) {
  auto opened = open_collections(flags.where, Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto done = flags.address.application.empty() ? list_applications(flags, *opened)
                                                      : list_resources(flags, *opened->store);
  if (!done) return complain(flags.where, done.error());
  return exit_done;
}

// The state of one entry.
int show_at(const ListFlags& flags) {
  auto opened = open_collections(flags.where, Access::read);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto path = find_path(*opened->store, flags.address);
  if (!path) return complain(flags.where, path.error());
  const auto found = opened->store->get(
      *path, {.filter = flags.deleted ? VersionFilter::current : VersionFilter::latest,
              .at = to_millis(flags.at)});
  if (!found) {
    const bool was_there = found.error().code() == ErrorCode::not_found;
    return was_there ? complain(exit_failed, "it was not there at that time, or deleted")
                     : complain(flags.where, found.error());
  }
  if (flags.where.json) {
    std::cout << version_json(*found) << '\n';
  } else {
    print_version(std::cout, terminal_of(STDOUT_FILENO), *found);
  }
  return exit_done;
}

void add_list_flags(CLI::App& command, ListFlags& flags) {
  add_collections_flags(command, flags.where);
  command.add_flag("--deleted", flags.deleted, "Deleted ones as well")->group("What");
  command.add_option("--limit", flags.limit, "How many at most")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N")
      ->group("What");
}

}  // namespace

void add_collections_list(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = collections.add_subcommand(
      "list",
      "List the entries of a collection; or the collections of a user, or of all users of an\n"
      "application; or the applications");
  add_address(*command, flags->address, Depth::nothing, Depth::collection);
  add_list_flags(*command, *flags);
  command->footer(
      "In the order of the tables, by user and id. Without an application the whole table of\n"
      "collections is read, which costs what a scan costs.");
  command->callback([flags, &exit_code] { exit_code = list(*flags); });
}

void add_collections_at(CLI::App& collections, int& exit_code) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = collections.add_subcommand(
      "at",
      "Show what an entry was at a time, or list what was in a collection, or which\n"
      "collections there were");
  add_moment(*command, "time", flags->at,
             "The time: 2026-01-31T12:00:00Z, 2026-01-31, milliseconds since 1970, \"2h ago\"")
      ->required();
  add_address(*command, flags->address, Depth::application, Depth::entry);
  add_list_flags(*command, *flags);
  command->callback(
      [flags, &exit_code] { exit_code = flags->address.entry ? show_at(*flags) : list(*flags); });
}

}  // namespace dynakeep::app
