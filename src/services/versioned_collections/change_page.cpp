#include "services/versioned_collections/change_page.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dynakeep/iso_time.h"

namespace dynakeep::services::collections {
namespace {

constexpr std::size_t page_bytes = std::size_t{256} << 10;

Millis millis_of(Time moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

std::size_t bytes_of(const ResourceVersion& entry) {
  return (entry.name ? entry.name->size() : 0) + (entry.value ? entry.value->size() : 0) + 256;
}

}  // namespace

Millis changed_at(const ResourceVersion& entry) {
  const auto deleted = entry.deleted_at ? parse_iso(*entry.deleted_at) : std::nullopt;
  return deleted ? std::max(entry.version, millis_of(*deleted)) : entry.version;
}

Result<ChangePage> read_changes(VersionedCollections& store, const ResourcePath& collection,
                                Millis since, std::size_t limit) {
  // Before reading, as the store's own: what is written later is later.
  const Millis now = millis_of(store.options().clock->now());
  EntryChanges read = TRY(store.changes_since(collection, since, limit));
  ChangePage page{.next = read.next, .read_at = now, .complete = read.entries.size() < limit};
  std::size_t bytes = 0;
  for (ResourceVersion& entry : read.entries) {
    const Millis time = changed_at(entry);
    if (bytes >= page_bytes && time != page.changes.back().time) {
      page.next = std::max(since, std::min(read.next, page.changes.back().time));
      page.complete = false;
      break;
    }
    bytes += bytes_of(entry);
    page.changes.push_back({.time = time, .entry = std::move(entry)});
  }
  return page;
}

bool is_news(const ChangePage::Change& change, Millis since, const ToldStates& told) {
  if (change.time <= since) return false;
  const auto known = told.find(change.entry.path.entry);
  if (known == told.end()) return true;
  const StateTag tag = change.entry.tag();
  const StateTag& old = known->second.tag;
  return tag.version > old.version || (tag.version == old.version && tag.deleted && !old.deleted);
}

bool has_news(const ChangePage& page, Millis since, const ToldStates& told) {
  const auto later =
      std::partition_point(page.changes.begin(), page.changes.end(),
                           [since](const auto& change) { return change.time <= since; });
  return std::any_of(later, page.changes.end(),
                     [&](const auto& change) { return is_news(change, since, told); });
}

}  // namespace dynakeep::services::collections
