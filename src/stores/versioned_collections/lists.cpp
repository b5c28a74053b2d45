#include <algorithm>
#include <utility>

#include "stores/versioned_collections/table_collections.h"
#include "stores/versioned_collections/texts.h"

// Reading: lists, and resources as they are or were.
namespace dynakeep::collections {
namespace {

constexpr std::size_t page_items_max = 1000;
// Read for one page, after which it ends early.
constexpr std::size_t page_bytes = 1 << 20;
constexpr std::size_t cursor_bytes_max = 1023;  // a sort key's, and what is put behind it

}  // namespace

std::size_t bytes_of(const ResourceVersion& version) {
  return (version.name ? version.name->size() : 0) + (version.value ? version.value->size() : 0) +
         version.by.size() + version.message.size() + version.path.user.size() +
         version.path.collection.size() + version.path.entry.size() + 64;
}

Result<ResourcePage> TableCollections::list(const Scope& scope, const ReadOptions& options) {
  ResourcePage page;
  const Walked walked =
      TRY(walk({.scope = scope, .options = options}, [&](ResourceVersion&& shown) {
        page.items.push_back(std::move(shown));
        return true;
      }));
  page.incomplete = walked.incomplete;
  std::stable_sort(
      page.items.begin(), page.items.end(),
      [](const ResourceVersion& a, const ResourceVersion& b) { return a.version < b.version; });
  return page;
}

Result<ResourcePage> TableCollections::list_page(const Scope& scope, const PageOptions& page,
                                                 const ReadOptions& options) {
  if (page.limit < 1 || page.limit > page_items_max) {
    return refused("The limit is 1 to " + std::to_string(page_items_max));
  }
  std::string after;
  if (!page.cursor.empty()) {
    auto decoded = from_base64url(page.cursor);
    // One of another list would only show another part of this one; but the database must take it.
    if (!decoded || decoded->empty() || decoded->size() > cursor_bytes_max ||
        !stored_bytes(Item{{"cursor", *decoded}}) ||
        (scope.user && !decoded->starts_with(*scope.user + "#"))) {
      return refused("Invalid cursor");
    }
    after = std::move(*decoded);
  }
  ResourcePage result;
  // One row more than the page tells that its last resource is whole.
  const Walk page_walk{.scope = scope,
                       .options = options,
                       .after = std::move(after),
                       .bytes_wanted = page_bytes,
                       .rows_a_query = static_cast<std::int32_t>(page.limit + 1)};
  const Walked walked = TRY(walk(page_walk, [&](ResourceVersion&& shown) {
    result.items.push_back(std::move(shown));
    return result.items.size() < page.limit;
  }));
  result.incomplete = walked.incomplete;
  if (!walked.finished) result.next_cursor = to_base64url(walked.last_key);
  return result;
}

Result<ResourcePage> TableCollections::list_collections(std::string_view application,
                                                        std::optional<std::string_view> user,
                                                        const ReadOptions& options) {
  return list(TRY(scope_of(application, user)), options);
}

Result<ResourcePage> TableCollections::list_entries(const ResourcePath& collection,
                                                    const ReadOptions& options) {
  return list(TRY(scope_of(collection)), options);
}

Result<ResourcePage> TableCollections::list_collections_page(std::string_view application,
                                                             std::optional<std::string_view> user,
                                                             const PageOptions& page,
                                                             const ReadOptions& options) {
  return list_page(TRY(scope_of(application, user)), page, options);
}

Result<ResourcePage> TableCollections::list_entries_page(const ResourcePath& collection,
                                                         const PageOptions& page,
                                                         const ReadOptions& options) {
  return list_page(TRY(scope_of(collection)), page, options);
}

Result<ResourceVersion> TableCollections::get(const ResourcePath& path,
                                              const ReadOptions& options) {
  if (options.filter == VersionFilter::all) return refused("One version cannot be all of them");
  const Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, false));
  auto found = TRY(reader_.newest(resource, options_.consistent_reads, options.at));
  if (!found) return options.at ? missing(resource, {}) : not_found(resource.path);
  if (options.at) show_as_of(*found, *options.at);
  if (found->is_deleted() && options.filter == VersionFilter::latest) {
    return not_found(resource.path, found);
  }
  return std::move(*found);
}

Result<std::vector<ResourceVersion>> TableCollections::all_versions(const ResourcePath& path,
                                                                    std::optional<Millis> up_to) {
  const Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, false));
  RowRange range{.consistent = options_.consistent_reads};
  std::vector<ResourceVersion> versions;
  if (up_to) {
    const auto high = up_to_key(resource.prefix, *up_to);
    if (!high) return missing(resource, {});
    range.high = *high;
  }
  std::size_t bytes = 0;
  TRY(reader_.visit(resource, range, [&](ResourceVersion&& version) -> Result<bool> {
    bytes += bytes_of(version);
    if (bytes > options_.list_bytes_max) {
      return Error(ErrorCode::limit_exceeded, "All versions would take more than " +
                                                  std::to_string(options_.list_bytes_max) +
                                                  " bytes");
    }
    if (up_to) show_as_of(version, *up_to);
    versions.push_back(std::move(version));
    return true;
  }));
  if (versions.empty()) return missing(resource, {});
  return versions;
}

Result<ResourceVersion> TableCollections::find(const Scope& scope, std::string_view name,
                                               bool consistent) {
  std::optional<ResourceVersion> first;
  const Walk named{
      .scope = scope, .options = {.name = std::string(name)}, .consistent = consistent};
  TRY(walk(named, [&](ResourceVersion&& shown) {
    if (!first || shown.version < first->version) first = std::move(shown);
    return true;
  }));
  if (first) return std::move(*first);
  return Error(
      ErrorCode::not_found,
      std::string("There is no ") + (scope.entries ? "entry" : "collection") + " of that name");
}

Result<ResourceVersion> TableCollections::find_collection(std::string_view application,
                                                          std::string_view user,
                                                          std::string_view name) {
  return find(TRY(scope_of(application, user)), name, false);
}

Result<ResourceVersion> TableCollections::find_entry(const ResourcePath& collection,
                                                     std::string_view name) {
  return find(TRY(scope_of(collection)), name, false);
}

Result<EntryChanges> TableCollections::changes_since(const ResourcePath& collection, Millis since,
                                                     std::size_t limit) {
  constexpr Millis lag = 2000;
  if (limit < 1 || limit > page_items_max) {
    return refused("The limit is 1 to " + std::to_string(page_items_max));
  }
  const Scope scope = TRY(scope_of(collection));
  const Millis settled = writer_.now() - lag;  // before reading: what is written later is later
  std::vector<std::pair<Millis, ResourceVersion>> changed;
  const Walk newest{.scope = scope, .options = {.filter = VersionFilter::current}};
  TRY(walk(newest, [&](ResourceVersion&& shown) {
    const Millis deleted = deletion_time(shown).value_or(0);
    const Millis time = std::max(shown.version, deleted);
    if (time > since) changed.emplace_back(time, std::move(shown));
    return true;
  }));
  std::stable_sort(changed.begin(), changed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  EntryChanges changes{.next = std::max(since, settled)};
  if (changed.size() > limit) {
    // Those of one moment stay together: `since` could not tell them apart.
    const Millis last = changed[limit - 1].first;
    while (limit < changed.size() && changed[limit].first == last) ++limit;
    if (limit < changed.size()) changes.next = std::max(since, std::min(settled, last));
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(limit), changed.end());
  }
  for (auto& [time, version] : changed) changes.entries.push_back(std::move(version));
  return changes;
}

}  // namespace dynakeep::collections
