#include <algorithm>
#include <iterator>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/versioned_collections/table_collections.h"

// Removing versions for good. What is newest stays unless all goes, so that a reader sees the whole
// resource until its end; what goes, goes oldest first, and a purge that was interrupted is
// finished by repeating it.
namespace dynakeep::collections {
namespace {

constexpr const char* names_this = "#id = :id";
constexpr const char* head_is_as_seen = "#ver = :ver AND #rev = :rev";

bool asks_for_one(const PurgeRequest& request) {
  return (request.versions.empty() ? 0 : 1) + (request.before ? 1 : 0) +
             (request.keep_last ? 1 : 0) + (request.all ? 1 : 0) ==
         1;
}

Result<void> check_tags(const std::optional<std::vector<StateTag>>& tags,
                        const ResourceVersion& newest) {
  if (!tags || std::find(tags->begin(), tags->end(), newest.tag()) != tags->end()) return {};
  return with_state(
      Error(ErrorCode::precondition_failed, "Its state is not the one that was asked for"), newest);
}

// Oldest first, as they are given.
Result<void> delete_rows(Database& database, const std::string& table,
                         std::vector<WriteRequest> deletions,
                         const std::function<void(std::size_t)>& on_progress) {
  constexpr std::size_t bunch = 500;
  const auto at = [&](std::size_t i) {
    return std::make_move_iterator(deletions.begin() + static_cast<std::ptrdiff_t>(i));
  };
  for (std::size_t done = 0; done < deletions.size();) {
    const std::size_t until = std::min(done + bunch, deletions.size());
    TRY(write_items(database, table, std::vector<WriteRequest>(at(done), at(until))));
    if (on_progress) on_progress(until - done);
    done = until;
  }
  return {};
}

}  // namespace

Result<PurgeReport> TableCollections::purge(const ResourcePath& path, const PurgeRequest& request) {
  if (!asks_for_one(request)) return refused("A purge is of versions, before, keep_last or all");
  if (request.keep_last == std::size_t{0}) return refused("The newest version is always kept");
  const Resource resource = TRY(resource_of(path));
  // (Not a write of content: a collection that is frozen may be purged.)
  TRY(check_access(resource.path, false));
  return request.all ? purge_all(resource, request) : purge_versions(resource, request);
}

Result<PurgeReport> TableCollections::purge_versions(const Resource& resource,
                                                     const PurgeRequest& request) {
  std::vector<Millis> all;
  TRY(reader_.visit(resource, {.revisions_only = true}, [&](ResourceVersion&& version) {
    all.push_back(version.version);
    return true;
  }));
  const auto newest = TRY(reader_.newest(resource, true));
  if (!newest || all.empty()) return not_found(resource.path);
  TRY(check_tags(request.if_match, *newest));

  const std::set<Millis> named(request.versions.begin(), request.versions.end());
  PurgeReport report;
  std::vector<Millis> removed;
  std::optional<Millis> oldest_kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool asked_for = request.before      ? all[i] < *request.before
                           : request.keep_last ? i + *request.keep_last < all.size()
                                               : named.contains(all[i]);
    if (asked_for && i + 1 < all.size()) {
      removed.push_back(all[i]);
    } else if (!oldest_kept) {
      oldest_kept = all[i];
    }
  }
  for (const Millis version : removed) {
    if (version < *oldest_kept) report.floor = version;
  }
  report.purged = removed.size();
  report.kept = all.size() - removed.size();
  if (request.dry_run || removed.empty()) {
    if (!report.floor) {
      const auto head = TRY(reader_.head(resource));
      if (head) report.floor = head->floor;
    }
    return report;
  }

  // First the head: it tells from then on which revision is the newest, and below what all is gone.
  report.floor = TRY(writer_.settle_head(resource, report.floor)).floor;
  std::vector<WriteRequest> deletions;
  for (const Millis version : removed) deletions.push_back({.remove = row_key(resource, version)});
  TRY(delete_rows(database_, resource.table->table, std::move(deletions), request.on_progress));
  return report;
}

Result<std::vector<std::string>> TableCollections::ids_of_entries(
    const ResourcePath& collection) const {
  std::vector<std::string> ids;
  TRY(reader_.visit(true, collection.application, entries_partition(collection),
                    {.revisions_only = true}, [&](ResourceVersion&& version) {
                      if (ids.empty() || ids.back() != version.path.entry) {
                        ids.push_back(std::move(version.path.entry));
                      }
                      return true;
                    }));
  return ids;
}

Result<void> TableCollections::purge_names(const Resource& resource,
                                           const std::set<std::string>& names) {
  const ResourcePath& path = resource.path;
  ResourcePath scope = path;
  (path.is_entry() ? scope.entry : scope.collection).clear();
  for (const std::string& name : names) {
    const auto answer =
        database_.delete_item({.table_name = layout_.entries.table,
                               .key = name_key(layout_, scope, name),
                               .condition_expression = names_this,
                               .expression_attribute_names = {{{"#id", "id"}}},
                               .expression_attribute_values =
                                   Item{{":id", path.is_entry() ? path.entry : path.collection}}});
    // Another's guard stays.
    if (!answer && !answer.error().is_condition_failure()) return answer.error();
  }
  return {};
}

Result<PurgeReport> TableCollections::purge_all(const Resource& resource,
                                                const PurgeRequest& request) {
  const auto newest = TRY(reader_.newest(resource, true));
  if (!newest) return not_found(resource.path);
  TRY(check_tags(request.if_match, *newest));
  if (!newest->is_deleted() && !request.force) {
    return with_state(Error(ErrorCode::write_conflict, "It is not deleted"), *newest);
  }
  PurgeReport report;
  if (!resource.path.is_entry()) {
    for (const std::string& id : TRY(ids_of_entries(resource.path))) {
      ResourcePath path = resource.path;
      path.entry = id;
      const auto purged =
          purge_all(resource_at(layout_, path), {.all = true,
                                                 .force = true,
                                                 .dry_run = request.dry_run,
                                                 .on_progress = request.on_progress});
      if (!purged && purged.error().code() != ErrorCode::not_found) return purged.error();
      if (purged) report.purged += purged->purged;
    }
  }

  std::set<std::string> names;
  std::vector<WriteRequest> deletions;
  TRY(reader_.visit(resource, {}, [&](ResourceVersion&& version) {
    deletions.push_back({.remove = row_key(resource, version.version)});
    if (version.name) names.insert(std::move(*version.name));
    return true;
  }));
  report.purged += deletions.size();
  if (request.dry_run) return report;

  const Head head = TRY(writer_.settle_head(resource, {}));
  TRY(delete_rows(database_, resource.table->table, std::move(deletions), request.on_progress));
  TRY(purge_names(resource, names));
  if (!resource.path.is_entry()) seen_.erase(resource.partition + '\0' + resource.prefix);
  // Last, and only if nobody wrote meanwhile: a version that came needs it.
  const auto answer = database_.delete_item(
      {.table_name = layout_.entries.table,
       .key = resource.head,
       .condition_expression = head_is_as_seen,
       .expression_attribute_names = {{{"#ver", "ver"}, {"#rev", "rev"}}},
       .expression_attribute_values = Item{{":ver", head.version}, {":rev", head.revision}}});
  if (!answer && !answer.error().is_condition_failure()) return answer.error();
  return report;
}

Result<PurgeReport> TableCollections::apply_retention(std::string_view application,
                                                      const Retention& retention) {
  if (!retention.keep_last && !retention.max_age) {
    return refused("Retention is by number, by age, or by both");
  }
  if (retention.keep_last == std::size_t{0}) return refused("The newest version is always kept");
  PurgeReport total;
  const auto apply = [&](const ResourcePath& path) -> Result<void> {
    const Resource resource = resource_at(layout_, path);
    std::vector<Millis> all;
    TRY(reader_.visit(resource, {.revisions_only = true}, [&](ResourceVersion&& version) {
      all.push_back(version.version);
      return true;
    }));
    const std::size_t kept = std::min(all.size(), retention.keep_last.value_or(1));
    PurgeRequest request{.dry_run = retention.dry_run};
    for (std::size_t i = 0; i + kept < all.size(); ++i) {
      if (retention.max_age && all[i] >= writer_.now() - retention.max_age->count()) break;
      request.versions.push_back(all[i]);
    }
    if (request.versions.empty()) {
      total.kept += all.size();
    } else {
      const PurgeReport report = TRY(purge_versions(resource, request));
      total.purged += report.purged;
      total.kept += report.kept;
    }
    if (retention.on_progress) retention.on_progress(all.size());
    return {};
  };

  const Scope scope = TRY(scope_of(application, std::nullopt));
  std::vector<ResourcePath> collections;
  TRY(reader_.visit(false, scope.slugs.application, scope.partition, {.revisions_only = true},
                    [&](ResourceVersion&& version) {
                      if (collections.empty() || collections.back() != version.path) {
                        collections.push_back(std::move(version.path));
                      }
                      return true;
                    }));
  for (const ResourcePath& collection : collections) {
    TRY(apply(collection));
    for (const std::string& id : TRY(ids_of_entries(collection))) {
      ResourcePath path = collection;
      path.entry = id;
      TRY(apply(path));
    }
  }
  return total;
}

}  // namespace dynakeep::collections
