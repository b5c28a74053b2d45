#include "stores/versioned_collections/collections_contract.h"

#include <random>
#include <sstream>
#include <utility>

#include "dynakeep/pages.h"

namespace dynakeep::contract {
namespace {

// Told apart from those of other runs: an endpoint may keep tables from before.
std::string next_name() {
  static const std::uint32_t run = std::random_device()();
  static unsigned stores = 0;
  std::ostringstream name;
  name << std::hex << run << "-" << std::dec << ++stores;
  return name.str();
}

}  // namespace

std::vector<Kind> store_kinds() {
  std::vector<Kind> all;
  for (const Kind& kind : kinds()) {
    if (kind.name != "embedded_on_disk") all.push_back(kind);  // what a disk adds is no matter here
  }
  return all;
}

std::vector<Millis> versions_of(const std::vector<ResourceVersion>& all) {
  std::vector<Millis> versions;
  for (const ResourceVersion& each : all) versions.push_back(each.version);
  return versions;
}

std::vector<std::string> names_of(const std::vector<ResourceVersion>& all) {
  std::vector<std::string> names;
  for (const ResourceVersion& each : all) names.push_back(each.name.value_or(""));
  return names;
}

std::vector<std::optional<std::int64_t>> revisions_of(const std::vector<ResourceVersion>& all) {
  std::vector<std::optional<std::int64_t>> revisions;
  for (const ResourceVersion& each : all) revisions.push_back(each.revision);
  return revisions;
}

ResourceChange content(std::string name, std::string value) {
  return {
      .sets_name = true, .name = std::move(name), .sets_value = true, .value = std::move(value)};
}

ResourceChange value_of(std::string value) {
  return {.sets_value = true, .value = std::move(value)};
}

void CollectionsContract::SetUp() {
  opened_ = must(GetParam().open());
  const std::string name = next_name();
  options_.collections_table = "collections-" + name;
  options_.entries_table = "entries-" + name;
  store_ = another();
  must(store_->prepare_tables());
}

void CollectionsContract::TearDown() {
  for (const std::string& name : {collections_table(), entries_table()}) {
    if (database().describe_table({.table_name = name})) {
      must(database().delete_table({.table_name = name}));
    }
  }
}

std::unique_ptr<VersionedCollections> CollectionsContract::another(
    VersionedCollectionsOptions options) {
  options.collections_table = options_.collections_table;
  options.entries_table = options_.entries_table;
  options.clock = &clock_;
  // The only way without; which promises that costs, the lists of tests/matrix tell.
  if (!database().capabilities().transactions) options.write_mode = WriteMode::conditional;
  return must(VersionedCollections::create(database(), std::move(options)));
}

ResourcePath CollectionsContract::collection(const std::string& name) {
  return must(store().create_collection(application, user, name)).path;
}

ResourcePath CollectionsContract::entry(const ResourcePath& of, const std::string& name,
                                        const std::string& value) {
  return must(store().create_entry(of, content(name, value))).path;
}

std::vector<ResourceVersion> CollectionsContract::all(const ResourcePath& path) {
  std::vector<ResourceVersion> versions;
  HistoryOptions options{.page = {.limit = 1000}, .ascending = true};
  while (true) {
    ResourcePage page = must(store().history(path, options));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(versions));
    if (page.next_cursor.empty()) return versions;
    options.page.cursor = page.next_cursor;
  }
}

Millis CollectionsContract::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
}

std::vector<Item> CollectionsContract::rows(const std::string& table) {
  std::vector<Item> all;
  must(for_each_item(database(), ScanRequest{.table_name = table, .consistent_read = true},
                     [&](Item&& row) {
                       all.push_back(std::move(row));
                       return true;
                     }));
  return all;
}

void CollectionsContract::put_row(const std::string& table, Item row) {
  must(database().put_item({.table_name = table, .item = std::move(row)}));
}

Item CollectionsContract::entry_row(const ResourcePath& path, Millis version,
                                    const std::string& name) {
  return Item{{"userCollection", path.user + "#" + path.collection + "#"},
              {"entryVersion", path.entry + "#" + std::to_string(version)},
              {"name", name},
              {"value", R"({"n": 1})"}};
}

std::optional<Item> CollectionsContract::head_of(const ResourcePath& entry) {
  return must(database().get_item(
                  {.table_name = entries_table(),
                   .key = Key{{"userCollection", entry.user + "#" + entry.collection + "#@head"},
                              {"entryVersion", entry.entry}},
                   .consistent_read = true}))
      .item;
}

}  // namespace dynakeep::contract
