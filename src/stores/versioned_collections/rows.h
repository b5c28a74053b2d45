#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/stores/versioned_collections.h"

// What is in the two tables, and under which keys (docs/stores/versioned-collections.md):
//
//   collections  application = <application>           userCollectionVersion = user#collection#ms
//   entries      userCollection = user#collection#     entryVersion = entry#ms
//   heads        userCollection = user#collection#@head      entryVersion = entry
//                userCollection = <application>#@heads       entryVersion = user#collection
//   names        userCollection = user#collection#@name      entryVersion = sha256(name)
//                userCollection = <application>#@names       entryVersion = user#sha256(name)
//
// Heads and names are in the entries table, where dynamodb-mini never looks: each of its partition
// keys ends in '#'.
namespace dynakeep::collections {

struct TableKeys {
  std::string table = {};
  std::string partition = {};  // the attributes
  std::string sort = {};
};

struct Layout {
  TableKeys collections = {};
  TableKeys entries = {};
};

// A resource as the tables know it. Refers to the layout it was made from.
struct Resource {
  ResourcePath path = {};  // in slugs
  const TableKeys* table = nullptr;
  std::string partition = {};  // of its versions
  std::string prefix = {};     // of their sort keys, with the '#' before the number
  Key head = {};
};

Resource resource_at(const Layout& layout, const ResourcePath& slugs);
Key row_key(const Resource& resource, Millis version);
Key name_key(const Layout& layout, const ResourcePath& scope, std::string_view name);

// Partition and sort-key prefix of what a collection, a user or an application holds.
std::string entries_partition(const ResourcePath& collection);

// The bounds of sort keys that begin with `prefix` (which ends in '#') and go on with a number.
std::string first_number(const std::string& prefix);
std::string last_number(const std::string& prefix);

// A version from its row; nothing for rows whose keys are none. What else cannot be read is left
// out. The log tells of either, with the key. `application` is told for entries, whose rows do not.
std::optional<ResourceVersion> to_version(const Layout& layout, bool is_entry,
                                          const std::string& application, const Item& row);
Item to_row(const Resource& resource, const ResourceVersion& version);

// What is remembered of the last write that had an idempotency key.
struct Remembered {
  std::string key = {};
  StateTag tag = {};
  std::optional<std::int64_t> revision = {};
};

struct Head {
  Millis version = 0;
  std::int64_t revision = 0;
  bool deleted = false;
  std::string token = {};  // of the transaction that wrote it
  std::optional<Millis> floor = {};
  std::optional<Remembered> remembered = {};
};

// Nothing for what is no head.
std::optional<Head> to_head(const Item& item);

// When it was deleted; nothing if it is not, or by a text that is no time.
std::optional<Millis> deletion_time(const ResourceVersion& version);

// True without a trace in what it shows: an older `deletedAt` than `at` counts, a later one is
// taken away.
void show_as_of(ResourceVersion& version, Millis at);

}  // namespace dynakeep::collections
