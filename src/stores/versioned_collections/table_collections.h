#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stores/versioned_collections.h"
#include "stores/versioned_collections/reader.h"
#include "stores/versioned_collections/rows.h"
#include "stores/versioned_collections/seen_collections.h"
#include "stores/versioned_collections/writer.h"

namespace dynakeep::collections {

// The store on two tables. Bodies: tables and paths in table_collections.cpp, reading in lists.cpp,
// stream.cpp and walk.cpp, writing in writes.cpp, names in names.cpp, versions in history.cpp,
// purges in purge.cpp.
class TableCollections final : public VersionedCollections {
 public:
  TableCollections(Database& database, VersionedCollectionsOptions options);

  const VersionedCollectionsOptions& options() const override { return options_; }

  CreateTableRequest collections_table_definition() const override;
  CreateTableRequest entries_table_definition() const override;
  Result<void> prepare_tables(bool create_missing) override;
  Result<bool> tables_are_ready() override;

  Result<ResourcePage> list_collections(std::string_view application,
                                        std::optional<std::string_view> user,
                                        const ReadOptions& options) override;
  Result<ResourcePage> list_entries(const ResourcePath& collection,
                                    const ReadOptions& options) override;
  Result<std::unique_ptr<ResourceStream>> stream_collections(std::string_view application,
                                                             std::optional<std::string_view> user,
                                                             const ReadOptions& options) override;
  Result<std::unique_ptr<ResourceStream>> stream_entries(const ResourcePath& collection,
                                                         const ReadOptions& options) override;
  Result<ResourcePage> list_collections_page(std::string_view application,
                                             std::optional<std::string_view> user,
                                             const PageOptions& page,
                                             const ReadOptions& options) override;
  Result<ResourcePage> list_entries_page(const ResourcePath& collection, const PageOptions& page,
                                         const ReadOptions& options) override;
  Result<ResourceVersion> get(const ResourcePath& path, const ReadOptions& options) override;
  Result<std::vector<ResourceVersion>> all_versions(const ResourcePath& path,
                                                    std::optional<Millis> up_to) override;
  Result<ResourceVersion> find_collection(std::string_view application, std::string_view user,
                                          std::string_view name) override;
  Result<ResourceVersion> find_entry(const ResourcePath& collection,
                                     std::string_view name) override;

  Result<ResourceVersion> create_collection(std::string_view application, std::string_view user,
                                            std::string_view name,
                                            const WriteOptions& options) override;
  Result<ResourceVersion> create_entry(const ResourcePath& collection,
                                       const ResourceChange& content,
                                       const WriteOptions& options) override;
  Result<Obtained> get_or_create_collection(std::string_view application, std::string_view user,
                                            std::string_view name,
                                            const WriteOptions& options) override;
  Result<Obtained> get_or_create_entry(const ResourcePath& collection,
                                       const ResourceChange& content,
                                       const WriteOptions& options) override;
  Result<ResourceVersion> update(const ResourcePath& path, const ResourceChange& change,
                                 const WriteOptions& options) override;
  Result<ResourceVersion> merge_patch(const ResourcePath& entry, std::string_view patch,
                                      const WriteOptions& options) override;
  Result<ResourceVersion> remove(const ResourcePath& path, const WriteOptions& options) override;
  Result<std::vector<EntryOutcome>> write_entries(const ResourcePath& collection,
                                                  const std::vector<EntryOperation>& operations,
                                                  bool atomic) override;
  Result<EntryChanges> changes_since(const ResourcePath& collection, Millis since,
                                     std::size_t limit) override;

  Result<ResourcePage> history(const ResourcePath& path, const HistoryOptions& options) override;
  Result<ResourceVersion> version(const ResourcePath& path, VersionReference version) override;
  Result<VersionDifference> difference(const ResourcePath& path, VersionReference from,
                                       VersionReference to) override;
  Result<ResourceVersion> restore(const ResourcePath& path, std::optional<VersionReference> version,
                                  const WriteOptions& options) override;
  Result<RestoreReport> restore_with_entries(const ResourcePath& collection, Millis at,
                                             const WriteOptions& options) override;
  Result<PurgeReport> purge(const ResourcePath& path, const PurgeRequest& request) override;
  Result<PurgeReport> apply_retention(std::string_view application,
                                      const Retention& retention) override;

 private:
  // What a list is of: a user's or an application's collections, or the entries of a collection.
  struct Scope {
    ResourcePath slugs = {};
    bool entries = false;
    std::string partition = {};
    std::optional<std::string> user = {};  // of collections: only this one's

    std::string heads_partition() const;
    RowRange range() const;
    // What tells resources apart within it: the sort key without the number.
    std::string key_of(const ResourcePath& path) const;
  };

  // Paths in slugs, checked.
  Result<ResourcePath> slugs_of(const ResourcePath& path) const;
  Result<Resource> resource_of(const ResourcePath& path) const;
  Result<Scope> scope_of(std::string_view application, std::optional<std::string_view> user) const;
  // Of a collection that is there, under this application.
  Result<Scope> scope_of(const ResourcePath& collection);
  // not_found unless the collection of an entry is the application's own (and, of writes, live if
  // the store freezes what is deleted). Of a collection's own path: nothing to check.
  Result<void> check_access(const ResourcePath& slugs, bool writes);
  Result<void> check_write_options(const WriteOptions& options) const;

  Result<ResourcePage> list(const Scope& scope, const ReadOptions& options);
  class Stream;
  Result<std::unique_ptr<ResourceStream>> stream(Scope scope, const ReadOptions& options) const;
  Result<ResourcePage> list_page(const Scope& scope, const PageOptions& page,
                                 const ReadOptions& options);
  // One pass over the versions of a scope, resource by resource; what the options show of them goes
  // to `take`. It ends behind a whole resource (or, of all versions, behind any) where `take` says
  // false or `bytes_wanted` were read; past list_bytes_max it fails. Of long histories no more is
  // read than it takes to see that they are long, unless every version is shown.
  struct Walk {
    const Scope& scope;
    ReadOptions options = {};
    std::string after = {};  // a last_key
    std::size_t bytes_wanted = std::numeric_limits<std::size_t>::max();
    std::optional<std::int32_t> rows_a_query = {};
    bool consistent = false;  // whatever the store's reads are
  };
  struct Walked {
    bool finished = true;
    bool incomplete = false;
    std::string last_key = {};  // of the last resource (or version) that was dealt with
  };
  using Take = std::function<bool(ResourceVersion&& shown)>;
  class Walker;
  Result<Walked> walk(const Walk& walk, const Take& take) const;
  Result<ResourceVersion> find(const Scope& scope, std::string_view name, bool consistent);

  Result<Intent> intent_of(const ResourcePath& slugs, const EntryOperation& operation);
  Result<ResourceVersion> create(const ResourcePath& parent, const ResourceChange& content,
                                 const WriteOptions& options);
  Result<Obtained> get_or_create(const Scope& scope, const ResourceChange& content,
                                 const WriteOptions& options);
  Intent update_intent(Resource resource, const ResourceChange& change, WriteOptions options) const;
  Result<Intent> restore_intent(Resource resource, std::optional<VersionReference> version,
                                WriteOptions options);

  Result<ResourceVersion> version_of(const Resource& resource, VersionReference version) const;
  Result<ResourceVersion> version_of_revision(const Resource& resource,
                                              std::int64_t revision) const;
  // gone or not_found, for a version that is not there; or why that cannot be told.
  Error missing(const Resource& resource, std::optional<Millis> version) const;

  Result<PurgeReport> purge_versions(const Resource& resource, const PurgeRequest& request);
  Result<PurgeReport> purge_all(const Resource& resource, const PurgeRequest& request);
  Result<void> purge_names(const Resource& resource, const std::set<std::string>& names);
  Result<std::vector<std::string>> ids_of_entries(const ResourcePath& collection) const;

  Database& database_;
  const VersionedCollectionsOptions options_;
  const Layout layout_;
  const Reader reader_;
  Writer writer_;
  SeenCollections seen_;
};

Error refused(std::string message);

// The sizes of rows as lists count them, past which they give up.
std::size_t bytes_of(const ResourceVersion& version);

// name and value as `change` leaves them. invalid_argument for what may not be stored.
Result<NextState> changed(const ResourcePath& path, const ResourceChange& change,
                          const ResourceVersion* newest);

}  // namespace dynakeep::collections
