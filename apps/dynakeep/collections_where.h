#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "connection.h"
#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep::app {

// Where the subcommands of `dynakeep collections` find what they work on.
struct CollectionsFlags {
  Connection connection = {};
  VersionedCollectionsOptions options = {.name_policy = NamePolicy::slug};
  bool json = false;
};

// --database, --collections-table, --entries-table and --json.
void add_collections_flags(CLI::App& command, CollectionsFlags& flags);

// --write-mode, for subcommands that write.
void add_write_mode_flag(CLI::App& command, CollectionsFlags& flags);

// The store, opened. Its tables must be there: nothing is created.
struct OpenCollections {
  std::unique_ptr<Database> database = {};
  std::unique_ptr<VersionedCollections> store = {};
};

enum class Access : std::uint8_t { read, write };

// Fails as connect() does, and as VersionedCollections::create.
Result<OpenCollections> open_collections(const CollectionsFlags& flags, Access access);

// One line on stderr about an error of the store; returns the code for the program to end with.
int complain(const CollectionsFlags& flags, const Error& error);

// What a person says of a collection or entry: APP [USER [COLLECTION [ENTRY]]], the last two by id
// or by name.
struct Address {
  std::string application = {};
  std::optional<std::string> user = {};
  std::optional<std::string> collection = {};
  std::optional<std::string> entry = {};
};

enum class Depth : std::uint8_t { nothing, application, user, collection, entry };

// The positional arguments of an address, which must go down to `least` and may to `most`.
void add_address(CLI::App& command, Address& address, Depth least, Depth most);

// The path of the collection or entry that is addressed, in ids. A name is that of a live one, or
// if there is none, of a deleted one. not_found: there is none; invalid_argument: there are
// several, which the message lists.
Result<ResourcePath> find_path(VersionedCollections& store, const Address& address);

// "r3", "1561561561000", "first" or "last".
CLI::Option* add_version(CLI::App& command, const std::string& flag,
                         std::optional<VersionReference>& version, const std::string& description);

Time to_time(Millis time);
Millis to_millis(Time time);
std::optional<Millis> to_millis(const std::optional<Time>& time);

}  // namespace dynakeep::app
