#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/versioned_collections.h"
#include "stores/versioned_collections/rows.h"

namespace dynakeep::collections {

// Rows of one partition whose sort keys lie between two texts, both included.
struct RowRange {
  std::string low = {};
  std::string high = {};  // empty: all of the partition, whatever `low` is
  bool descending = false;
  bool consistent = true;
  std::optional<std::int32_t> page_rows = {};
  bool revisions_only = false;  // reads no names and values
};

// Called with each version in order; false ends the walk.
using VersionVisitor = std::function<Result<bool>(ResourceVersion&& version)>;

// Reads the two tables. Rows that are no versions are passed over.
// Thread-safe.
class Reader {
 public:
  Reader(Database& database, const Layout& layout) : database_(database), layout_(layout) {}

  // Versions in a partition of collections (of an application) or of entries.
  Result<void> visit(bool entries, const std::string& application, const std::string& partition,
                     const RowRange& range, const VersionVisitor& visit) const;
  // Versions of one resource; the range's bounds are taken from it where they are empty.
  Result<void> visit(const Resource& resource, RowRange range, const VersionVisitor& visit) const;

  // The newest version, or the newest of a time.
  Result<std::optional<ResourceVersion>> newest(const Resource& resource, bool consistent,
                                                std::optional<Millis> up_to = {}) const;
  Result<std::optional<ResourceVersion>> oldest(const Resource& resource) const;
  Result<std::optional<ResourceVersion>> row(const Resource& resource, Millis version) const;
  Result<std::optional<Head>> head(const Resource& resource) const;

  // Revisions of all versions, those that are not stored derived where they can be. Reads the whole
  // history.
  struct Numbered {
    Millis version = 0;
    std::optional<std::int64_t> revision = {};
  };
  Result<std::vector<Numbered>> revisions(const Resource& resource) const;
  // The revision that `newest` has or would have.
  Result<std::int64_t> revision_of_newest(const Resource& resource, const ResourceVersion& newest,
                                          const std::optional<Head>& head) const;

  // Sort keys of those heads in the partition that have a purge floor.
  Result<std::set<std::string, std::less<>>> floored(const std::string& heads_partition) const;

 private:
  Database& database_;
  const Layout& layout_;
};

// Gives revisions to what has none, in rising order: those that follow a stored one, as far as the
// next stored one leaves room; without room (rows that came late) none.
void derive_revisions(std::vector<Reader::Numbered>& rising);

// The upper bound of a resource's sort keys up to a time; nothing if there was nothing yet.
std::optional<std::string> up_to_key(const std::string& prefix, Millis time);

}  // namespace dynakeep::collections
