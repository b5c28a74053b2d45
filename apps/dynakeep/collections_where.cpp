#include "collections_where.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>
#include <fmt/format.h>

#include "complain.h"
#include "dynakeep/iso_time.h"

namespace dynakeep::app {

namespace {

constexpr std::size_t id_bytes_max = 200;  // past it a text can only be a name
constexpr std::size_t choices_shown_max = 5;

const std::map<std::string, WriteMode> write_modes = {{"linear", WriteMode::linear},
                                                      {"conditional", WriteMode::conditional}};

// What find_path() needs to know of collections, and of entries.
struct Level {
  std::string_view noun;
  std::string_view plural;
  ResourcePath parent = {};  // of entries their collection, of collections their user
  bool entries = false;

  ResourcePath child(std::string id) const {
    ResourcePath path = parent;
    (entries ? path.entry : path.collection) = std::move(id);
    return path;
  }
  const std::string& id_of(const ResourceVersion& version) const {
    return entries ? version.path.entry : version.path.collection;
  }
};

Result<std::vector<ResourceVersion>> named(VersionedCollections& store, const Level& level,
                                           const std::string& name, VersionFilter filter) {
  std::vector<ResourceVersion> found;
  PageOptions page{.limit = 1000};
  const ReadOptions options{.filter = filter, .name = name};
  do {
    ResourcePage got = TRY(level.entries ? store.list_entries_page(level.parent, page, options)
                                         : store.list_collections_page(
                                               level.parent.application,
                                               std::string_view(level.parent.user), page, options));
    std::move(got.items.begin(), got.items.end(), std::back_inserter(found));
    page.cursor = std::move(got.next_cursor);
  } while (!page.cursor.empty());
  return found;
}

std::string choices(const Level& level, const std::vector<ResourceVersion>& found) {
  std::string listed;
  for (std::size_t i = 0; i < std::min(found.size(), choices_shown_max); ++i) {
    listed += fmt::format("{}{} (changed {})", i == 0 ? "" : ", ", level.id_of(found[i]),
                          to_iso(to_time(found[i].version)));
  }
  if (found.size() > choices_shown_max) {
    listed += fmt::format(" and {} more", found.size() - choices_shown_max);
  }
  return listed;
}

// Whoever has that id, and whoever has that name.
Result<ResourcePath> find(VersionedCollections& store, const Level& level,
                          const std::string& text) {
  std::vector<ResourceVersion> found = TRY(named(store, level, text, VersionFilter::latest));
  if (!text.empty() && text.size() <= id_bytes_max && slug(text) == text) {
    auto by_id = store.get(level.child(text), {.filter = VersionFilter::current});
    if (!by_id && by_id.error().code() != ErrorCode::not_found) return by_id.error();
    const auto is_it = [&](const ResourceVersion& each) { return level.id_of(each) == text; };
    if (by_id && std::none_of(found.begin(), found.end(), is_it)) {
      found.push_back(std::move(*by_id));
    }
  }
  if (found.empty()) found = TRY(named(store, level, text, VersionFilter::current));
  if (found.empty()) {
    return Error(
        ErrorCode::not_found,
        fmt::format("there is no {} '{}' of {}", level.noun, text,
                    level.entries ? "collection " + level.parent.collection
                                  : fmt::format("user '{}' in application '{}'", level.parent.user,
                                                level.parent.application)));
  }
  if (found.size() > 1) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("'{}' may be any of {} {}, name one by its id: {}", text, found.size(),
                             level.plural, choices(level, found)));
  }
  return std::move(found.front().path);
}

std::optional<VersionReference> parse_version(std::string_view text) {
  if (text == "first") return VersionReference::first();
  if (text == "last") return VersionReference::last();
  const bool is_revision = text.starts_with('r');
  if (is_revision) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return is_revision ? VersionReference::revision(number) : VersionReference::number(number);
}

}  // namespace

void add_collections_flags(CLI::App& command, CollectionsFlags& flags) {
  add_connection_flag(command, flags.connection);
  command
      .add_option("--collections-table", flags.options.collections_table,
                  "Table of the collections")
      ->envname("TABLE_NAME_COLLECTIONS")
      ->capture_default_str()
      ->type_name("TABLE")
      ->group("Data");
  command.add_option("--entries-table", flags.options.entries_table, "Table of their entries")
      ->envname("TABLE_NAME_ENTRIES")
      ->capture_default_str()
      ->type_name("TABLE")
      ->group("Data");
  command.add_flag("--json", flags.json, "For programs: an object of JSON a line")->group("Output");
}

void add_write_mode_flag(CLI::App& command, CollectionsFlags& flags) {
  command
      .add_option_function<std::string>(
          "--write-mode",
          [&flags](const std::string& word) { flags.options.write_mode = write_modes.at(word); },
          "How writers keep out of each other's way: linear, or conditional for\n"
          "engines without transactions")
      ->check(CLI::IsMember(write_modes).description(""))
      ->envname("WRITE_MODE")
      ->type_name("MODE")
      ->group("Data");
}

Result<OpenCollections> open_collections(const CollectionsFlags& flags, Access access) {
  OpenCollections opened;
  opened.database = TRY(connect(flags.connection));
  VersionedCollectionsOptions options = flags.options;
  // Whoever only reads needs no transactions.
  if (access == Access::read) options.write_mode = WriteMode::conditional;
  opened.store = TRY(VersionedCollections::create(*opened.database, std::move(options)));
  return opened;
}

int complain(const CollectionsFlags& flags, const Error& error) {
  if (error.code() != ErrorCode::resource_not_found) return complain(error);
  return complain(exit_failed, fmt::format("there are no tables '{}' and '{}' at {}",
                                           flags.options.collections_table,
                                           flags.options.entries_table, flags.connection.database));
}

void add_address(CLI::App& command, Address& address, Depth least, Depth most) {
  const auto is_required = [least](Depth depth) { return depth <= least; };
  command.add_option("application", address.application, "Application, as its API keys name it")
      ->required(is_required(Depth::application))
      ->type_name("APP");
  if (most >= Depth::user) {
    command.add_option("user", address.user, "User, as named or as stored")
        ->required(is_required(Depth::user))
        ->type_name("USER");
  }
  if (most >= Depth::collection) {
    command.add_option("collection", address.collection, "Collection, by its id or name")
        ->required(is_required(Depth::collection))
        ->type_name("COLLECTION");
  }
  if (most >= Depth::entry) {
    command.add_option("entry", address.entry, "Entry, by its id or name")
        ->required(is_required(Depth::entry))
        ->type_name("ENTRY");
  }
}

Result<ResourcePath> find_path(VersionedCollections& store, const Address& address) {
  const ResourcePath user{.application = address.application, .user = address.user.value_or("")};
  ResourcePath collection =
      TRY(find(store, {.noun = "collection", .plural = "collections", .parent = user},
               address.collection.value_or("")));
  if (!address.entry) return collection;
  return find(store, {.noun = "entry", .plural = "entries", .parent = collection, .entries = true},
              *address.entry);
}

CLI::Option* add_version(CLI::App& command, const std::string& flag,
                         std::optional<VersionReference>& version, const std::string& description) {
  return command
      .add_option_function<std::string>(
          flag,
          [flag, &version](const std::string& text) {
            version = parse_version(text);
            if (version) return;
            throw CLI::ValidationError(
                flag, "'" + text +
                          "' is no version: write its number, r and its revision (r3), "
                          "first or last");
          },
          description)
      ->type_name("VERSION");
}

Time to_time(Millis time) { return Time(std::chrono::milliseconds(time)); }

Millis to_millis(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::optional<Millis> to_millis(const std::optional<Time>& time) {
  return time ? std::optional(to_millis(*time)) : std::nullopt;
}

}  // namespace dynakeep::app
