#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "dynakeep/json_document.h"
#include "stores/versioned_collections/table_collections.h"
#include "stores/versioned_collections/texts.h"

// Versions of one resource: their list, single ones, and making an old one the newest.
namespace dynakeep::collections {
namespace {

constexpr std::size_t page_items_max = 1000;
constexpr std::size_t page_bytes = 4 << 20;  // a page of history ends early past it

struct HistoryCursor {
  Millis after = 0;
  bool ascending = false;
};

std::string to_cursor(const Resource& resource, const HistoryCursor& cursor) {
  return to_base64url((cursor.ascending ? "a" : "d") + resource.prefix +
                      std::to_string(cursor.after));
}

Result<HistoryCursor> from_cursor(const Resource& resource, const HistoryOptions& options) {
  const auto text = from_base64url(options.page.cursor);
  const std::string start = (options.ascending ? "a" : "d") + resource.prefix;
  if (!text || !text->starts_with(start)) return refused("Invalid cursor");
  HistoryCursor cursor{.ascending = options.ascending};
  const char* const first = text->data() + start.size();
  const char* const last = text->data() + text->size();
  const auto [end, failure] = std::from_chars(first, last, cursor.after);
  if (failure != std::errc() || end != last || cursor.after < 0) return refused("Invalid cursor");
  return cursor;
}

NextState content_of(const ResourceVersion& version) {
  return {.name = version.name, .value = version.value};
}

bool same_content(const ResourceVersion& a, const ResourceVersion& b) {
  return a.name == b.name && a.value == b.value;
}

}  // namespace

Error TableCollections::missing(const Resource& resource, std::optional<Millis> version) const {
  const auto head = reader_.head(resource);
  if (!head) return head.error();
  const bool has_floor = *head && (*head)->floor;
  if (has_floor && (!version || *version <= *(*head)->floor)) {
    return Error(ErrorCode::gone, "What there was has been purged");
  }
  return not_found(resource.path);
}

Result<ResourcePage> TableCollections::history(const ResourcePath& path,
                                               const HistoryOptions& options) {
  if (options.page.limit < 1 || options.page.limit > page_items_max) {
    return refused("The limit is 1 to " + std::to_string(page_items_max));
  }
  const Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, false));
  // Bounds that are both included.
  Millis low = options.from.value_or(0);
  std::optional<Millis> high;
  if (options.to) high = *options.to - 1;
  if (!options.page.cursor.empty()) {
    const HistoryCursor cursor = TRY(from_cursor(resource, options));
    if (options.ascending) {
      low = std::max(low, cursor.after + 1);
    } else {
      high = std::min(high.value_or(cursor.after - 1), cursor.after - 1);
    }
  }
  const auto newest = TRY(reader_.newest(resource, options_.consistent_reads));
  if (!newest) return not_found(resource.path);

  ResourcePage page;
  RowRange range{.descending = !options.ascending, .consistent = options_.consistent_reads};
  const auto low_key = up_to_key(resource.prefix, low);
  if (low_key) range.low = *low_key;
  if (high) {
    const auto high_key = up_to_key(resource.prefix, *high);
    if (!high_key) return page;
    range.high = *high_key;
  }
  range.page_rows = static_cast<std::int32_t>(options.page.limit + 1);
  std::size_t bytes = 0;
  bool more = false;
  bool all_numbered = true;
  TRY(reader_.visit(resource, range, [&](ResourceVersion&& version) {
    if (page.items.size() == options.page.limit || bytes > page_bytes) {
      more = true;
      return false;
    }
    bytes += bytes_of(version);
    all_numbered = all_numbered && version.revision.has_value();
    version.is_newest = version.version == newest->version;
    page.items.push_back(std::move(version));
    return true;
  }));
  if (more) {
    page.next_cursor =
        to_cursor(resource, {.after = page.items.back().version, .ascending = options.ascending});
  }
  if (!all_numbered) {
    const auto known = TRY(reader_.revisions(resource));
    for (ResourceVersion& version : page.items) {
      const auto found = std::lower_bound(
          known.begin(), known.end(), version.version,
          [](const Reader::Numbered& each, Millis number) { return each.version < number; });
      if (found != known.end() && found->version == version.version) {
        version.revision = found->revision;
      }
    }
  }
  return page;
}

Result<ResourceVersion> TableCollections::version_of_revision(const Resource& resource,
                                                              std::int64_t revision) const {
  // From the newest down: stored revisions fall by one, so the walk ends at it. Where some are not
  // stored, all are derived.
  std::optional<ResourceVersion> found;
  bool all_numbered = true;
  TRY(reader_.visit(resource, {.descending = true, .revisions_only = true},
                    [&](ResourceVersion&& version) {
                      all_numbered = version.revision.has_value();
                      if (!all_numbered || *version.revision < revision) return false;
                      if (*version.revision > revision) return true;
                      found = std::move(version);
                      return false;
                    }));
  std::optional<Millis> number;
  if (found) number = found->version;
  if (!all_numbered) {
    for (const Reader::Numbered& each : TRY(reader_.revisions(resource))) {
      if (each.revision == revision) number = each.version;
    }
  }
  if (number) {
    auto whole = TRY(reader_.row(resource, *number));
    if (whole) {
      whole->revision = revision;
      return std::move(*whole);
    }
  }
  const auto oldest = TRY(reader_.oldest(resource));
  const bool below = oldest && (!oldest->revision || revision < *oldest->revision);
  if (below && revision >= 1) return missing(resource, {});
  return not_found(resource.path);
}

Result<ResourceVersion> TableCollections::version_of(const Resource& resource,
                                                     VersionReference reference) const {
  std::optional<ResourceVersion> found;
  switch (reference.kind()) {
    case VersionReference::Kind::revision:
      return version_of_revision(resource, reference.value());
    case VersionReference::Kind::number:
      if (reference.value() >= 0) found = TRY(reader_.row(resource, reference.value()));
      if (!found) return missing(resource, reference.value());
      break;
    case VersionReference::Kind::at:
      found = TRY(reader_.newest(resource, true, reference.value()));
      if (!found) return missing(resource, {});
      break;
    case VersionReference::Kind::first:
      found = TRY(reader_.oldest(resource));
      break;
    case VersionReference::Kind::last:
      found = TRY(reader_.newest(resource, true));
      break;
  }
  if (!found) return not_found(resource.path);
  if (!found->revision) {
    for (const Reader::Numbered& each : TRY(reader_.revisions(resource))) {
      if (each.version == found->version) found->revision = each.revision;
    }
  }
  return std::move(*found);
}

Result<ResourceVersion> TableCollections::version(const ResourcePath& path,
                                                  VersionReference version) {
  const Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, false));
  auto found = TRY(version_of(resource, version));
  const auto newest = TRY(reader_.newest(resource, true));
  found.is_newest = newest && newest->version == found.version;
  return found;
}

Result<VersionDifference> TableCollections::difference(const ResourcePath& path,
                                                       VersionReference from, VersionReference to) {
  const Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, false));
  const ResourceVersion before = TRY(version_of(resource, from));
  const ResourceVersion after = TRY(version_of(resource, to));
  VersionDifference difference{.from = before.version, .to = after.version};
  if (before.name != after.name) {
    difference.names.emplace(before.name.value_or(""), after.name.value_or(""));
  }
  JsonDocument old_value;
  JsonDocument new_value;
  if (before.value) old_value = TRY(JsonDocument::parse(*before.value));
  if (after.value) new_value = TRY(JsonDocument::parse(*after.value));
  difference.patch = json_patch_between(old_value, new_value).to_text();
  return difference;
}

// ---- restoring ----

Result<Intent> TableCollections::restore_intent(Resource resource,
                                                std::optional<VersionReference> version,
                                                WriteOptions options) {
  if (options.if_absent) return refused("What is not there cannot be restored");
  Intent intent{
      .resource = std::move(resource), .wants = Wants::any, .options = std::move(options)};
  if (!version) {
    intent.decide = [](const ResourceVersion* newest) -> Result<NextState> {
      if (!newest->is_deleted()) {
        return with_state(Error(ErrorCode::write_conflict, "It is not deleted"), *newest);
      }
      NextState next = content_of(*newest);
      next.restored_from = newest->version;
      return next;
    };
    return intent;
  }
  // Versions never change, so this one may be read before.
  const ResourceVersion chosen = TRY(version_of(intent.resource, *version));
  intent.decide = [chosen](const ResourceVersion*) -> Result<NextState> {
    NextState next = content_of(chosen);
    next.restored_from = chosen.version;
    return next;
  };
  return intent;
}

Result<ResourceVersion> TableCollections::restore(const ResourcePath& path,
                                                  std::optional<VersionReference> version,
                                                  const WriteOptions& options) {
  TRY(check_write_options(options));
  Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, true));
  return writer_.write(TRY(restore_intent(std::move(resource), version, options)));
}

Result<RestoreReport> TableCollections::restore_with_entries(const ResourcePath& collection,
                                                             Millis at,
                                                             const WriteOptions& options) {
  TRY(check_write_options(options));
  const Resource resource = TRY(resource_of(collection.collection_path()));
  const ResourceVersion then = TRY(get(collection.collection_path(), {.at = at}));
  const auto now = TRY(reader_.newest(resource, true));
  if (!now) return not_found(resource.path);
  RestoreReport report;
  if (now->is_deleted() || !same_content(*now, then)) {
    TRY(restore(resource.path, VersionReference::number(then.version), options));
  }

  // Which entries were how, and how they are: first what is to be done, then doing it, since what
  // is done would be read again.
  struct Plan {
    ResourceVersion newest = {};
    std::optional<ResourceVersion> then = {};
  };
  WriteOptions each_options{.by = options.by, .message = options.message};
  const Scope scope = TRY(scope_of(resource.path));
  const Walk as_they_are{
      .scope = scope, .options = {.filter = VersionFilter::current}, .consistent = true};
  const Walk as_they_were{
      .scope = scope, .options = {.filter = VersionFilter::current, .at = at}, .consistent = true};
  std::map<std::string, Plan> plans;
  TRY(walk(as_they_are, [&](ResourceVersion&& shown) {
    std::string id = shown.path.entry;
    plans[std::move(id)].newest = std::move(shown);
    return true;
  }));
  TRY(walk(as_they_were, [&](ResourceVersion&& shown) {
    const auto found = plans.find(shown.path.entry);
    if (found != plans.end()) found->second.then = std::move(shown);
    return true;
  }));
  const auto floored = TRY(reader_.floored(scope.heads_partition()));
  for (auto& [id, plan] : plans) {
    ResourcePath path = scope.slugs;
    path.entry = id;
    const bool was_live = plan.then && !plan.then->is_deleted();
    const bool is_live = !plan.newest.is_deleted();
    if (!plan.then && floored.contains(id)) {
      report.failed.push_back(id);
    } else if (was_live && !(is_live && same_content(plan.newest, *plan.then))) {
      const auto restored =
          restore(path, VersionReference::number(plan.then->version), each_options);
      if (restored) {
        ++report.restored;
      } else {
        report.failed.push_back(id);
      }
    } else if (!was_live && is_live) {
      const auto removed = remove(path, each_options);
      // What another has deleted meanwhile is as it should be.
      if (removed || removed.error().code() == ErrorCode::not_found) {
        ++report.deleted;
      } else {
        report.failed.push_back(id);
      }
    } else {
      ++report.unchanged;
    }
  }
  return report;
}

}  // namespace dynakeep::collections
