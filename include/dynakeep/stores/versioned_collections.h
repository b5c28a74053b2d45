#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/result.h"
#include "dynakeep/versions.h"

// Versioned collections: named lists of JSON entries, for many applications and users, in two
// tables, every change a version. The tables are dynamodb-mini's (0.2.4), to the attribute: its
// server and this store may work on the same ones. docs/stores/versioned-collections.md tells the
// whole of it.
namespace dynakeep {

// A collection, or an entry of one: both are resources, with one history and one set of rules.
struct ResourcePath {
  std::string application = {};
  std::string user = {};        // a name; its slug is what is stored
  std::string collection = {};  // an id; its slug counts
  std::string entry = {};       // an id; empty: the collection itself

  bool is_entry() const { return !entry.empty(); }
  ResourcePath collection_path() const { return {application, user, collection, {}}; }

  friend bool operator==(const ResourcePath&, const ResourcePath&) = default;
};

// One version of a resource.
struct ResourceVersion {
  ResourcePath path = {};  // in slugs
  std::optional<std::string> name = {};
  std::optional<std::string> value = {};       // of entries: JSON text, as stored
  Millis version = 0;                          // its number: when it was written
  std::optional<std::int64_t> revision = {};   // 1, 2, 3, … within its resource, where known
  std::optional<std::string> deleted_at = {};  // as stored; none of an older version has effect
  std::optional<Millis> restored_from = {};
  std::string by = {};       // who wrote it
  std::string message = {};  // why
  bool is_newest = false;    // of its resource; told by history() and version() alone

  bool is_deleted() const { return deleted_at.has_value(); }
  StateTag tag() const { return {version, is_deleted()}; }

  friend bool operator==(const ResourceVersion&, const ResourceVersion&) = default;
};

struct ReadOptions {
  VersionFilter filter = VersionFilter::latest;
  // The state at that time: of each resource the newest version that is not later; deletions after
  // it are not told. Of `all`: the versions up to it.
  std::optional<Millis> at = {};
  std::optional<std::string> name = {};  // of lists: only what has exactly that name
};

struct PageOptions {
  std::size_t limit = 100;  // 1 to 1000
  std::string cursor = {};  // empty: from the start; else what the page before gave
};

// A page may be shorter than asked for, even empty, and not the last: go on while there is a
// cursor.
struct ResourcePage {
  std::vector<ResourceVersion> items = {};
  std::string next_cursor = {};  // URL-safe; empty: this was the last
  // Of lists with `at`: something is left out because what it was then has been purged.
  bool incomplete = false;
};

// A list handed out piece by piece, for those too long to hold. What it shows and in which order is
// settled when it is made, as list_entries would show it then: it keeps some 70 bytes of each, and
// reads the contents as they are asked for. (A short list is read at once.) What is purged
// meanwhile is left out. For one thread at a time; must not outlive its store.
class ResourceStream {
 public:
  virtual ~ResourceStream() = default;
  ResourceStream(const ResourceStream&) = delete;
  ResourceStream& operator=(const ResourceStream&) = delete;

  // The next ones, some 256 KiB at a time, a short list as a whole; empty: that was all.
  virtual Result<std::vector<ResourceVersion>> next() = 0;

  // Of lists with `at`, as of pages.
  virtual bool incomplete() const = 0;
  // Follows from which versions it shows, and which as deleted: lists of equal fingerprints show
  // the same, if they were asked for with the same options. 64 hexadecimal digits.
  virtual std::string fingerprint() const = 0;

 protected:
  ResourceStream() = default;
};

struct HistoryOptions {
  PageOptions page = {};
  bool ascending = false;
  std::optional<Millis> from = {};  // inclusive
  std::optional<Millis> to = {};    // exclusive
};

struct WriteOptions {
  // Written only if the state is one of these. (A live one: but for restore, what is deleted fails
  // whatever the tags say.) precondition_failed otherwise.
  std::optional<std::vector<StateTag>> if_match = {};
  bool if_live = false;  // If-Match: * — precondition_failed rather than not_found
  // If-None-Match: * — of update: creates under the id of the path, which must be its own slug and
  // have at most 200 bytes, if it has no version; precondition_failed if it has.
  bool if_absent = false;
  // 1 to 128 bytes: a write repeated with the resource's last key answers as the first time and
  // writes nothing. Of creates, the new id follows from it.
  std::optional<std::string> idempotency_key = {};
  std::string by = {};       // at most 256 bytes
  std::string message = {};  // at most 1024 bytes
};

// What a write makes of name and value: what is not named stays as it is. A collection has a name,
// never empty, and no value.
struct ResourceChange {
  bool sets_name = false;
  std::optional<std::string> name = {};  // with sets_name: the new one, or none
  bool sets_value = false;
  std::optional<std::string> value = {};  // with sets_value: JSON text, or none

  static ResourceChange rename(std::string name) {
    return {.sets_name = true, .name = std::move(name)};
  }
};

struct Obtained {
  ResourceVersion resource = {};
  bool created = false;  // false: it was there
};

struct EntryOperation {
  enum class Kind : std::uint8_t { create, update, remove, restore };
  Kind kind = Kind::create;
  std::string entry = {};                        // an id; not for create
  ResourceChange change = {};                    // of create and update
  std::optional<VersionReference> version = {};  // of restore; none: undelete
  WriteOptions options = {};                     // without idempotency_key and if_absent
};

struct EntryOutcome {
  std::optional<ResourceVersion> entry = {};  // as it stands after the operation
  std::optional<Error> error = {};            // what stood in its way
  // Neither: an atomic batch in which another operation failed.
};

// What may be purged of every resource: what is neither newest, nor among the last `keep_last`, nor
// younger than `max_age`.
struct Retention {
  std::optional<std::size_t> keep_last = {};  // at least 1
  std::optional<std::chrono::milliseconds> max_age = {};
  bool dry_run = false;
  // Told of each resource that is done with, by the number of its versions before.
  std::function<void(std::size_t)> on_progress = {};
};

// A change feed's page: entries changed after `since`, oldest change first.
struct EntryChanges {
  std::vector<ResourceVersion> entries = {};
  Millis next = 0;  // to be used as `since`; lags the clock by two seconds
};

enum class NamePolicy : std::uint8_t {
  slug,    // as dynamodb-mini: any user is taken by its slug; different names may share one
  strict,  // a user whose slug is another text is refused
};
enum class WriteMode : std::uint8_t {
  linear,       // one sequence for each resource, by transactions: see VersionedCollections
  conditional,  // for engines without transactions: never overwrites, and promises no more.
                // Refuses if_match, if_live, if_absent, idempotency keys and atomic batches.
};

struct VersionedCollectionsOptions {
  std::string collections_table = "dynamomini.collections";
  std::string entries_table = "dynamomini.entries";
  NamePolicy name_policy = NamePolicy::strict;
  bool allow_empty_slug = false;  // to reach old data of users without a sluggable letter
  bool isolated = true;           // false: entries are reached across applications, as upstream
  bool freeze_deleted = false;    // no writes to entries of a deleted collection: not_found
  WriteMode write_mode = WriteMode::linear;
  bool mixed_writers = false;    // dynamodb-mini writes to the same tables meanwhile
  bool consistent_reads = true;  // of reads; writes always read consistently
  std::chrono::milliseconds write_timeout{10'000};     // for a write that others are in the way of
  std::size_t list_bytes_max = std::size_t{64} << 20;  // read for one list, past which it fails

  // Of tables that must be created.
  bool pay_per_request = false;
  std::int64_t read_capacity_units = 1;
  std::int64_t write_capacity_units = 1;

  const Clock* clock = &system_clock();                      // must outlive the store
  std::function<void(std::chrono::milliseconds)> wait = {};  // empty: sleeping. Thread-safe
  std::function<std::uint64_t()> random = {};  // of ids and waits; empty: the system's. Thread-safe
};

// The slug of a text: what dynamodb-mini keeps of a user's name and of ids in paths. ASCII, never
// with '#', possibly empty; the slug of a slug is itself. Letters of other alphabets are spelled in
// ASCII as far as its table goes, the rest is dropped; white space becomes a hyphen; case is kept.
// Different texts may have one slug.
std::string slug(std::string_view text);

// The state that a precondition_failed, or the not_found of a deleted resource, met; nothing if
// there was none.
std::optional<StateTag> met_state(const Error& error);

// Collections and their entries on a Database, which must outlive it. Thread-safe.
//
// Each resource's writes form one sequence: every acknowledged change is a version of its own,
// versions strictly rise also if clocks do not, revisions are 1, 2, 3 … without a gap, a delete and
// an update never both succeed on one state, if_match is exact. That takes transactions
// (WriteMode::linear); an engine without them is refused by create() unless write_mode says
// conditional.
//
// Errors beside the database's own:
//   not_found             there is no such collection or entry, or it is deleted (met_state tells),
//                         or it is another application's
//   invalid_argument      "Invalid user", "Collection name required", "Entry name or value
//                         required", a value that is not JSON, a cursor of elsewhere, …
//   precondition_failed   if_match, if_live or if_absent does not hold
//   gone                  the version was purged
//   write_conflict        others were in the way for the whole write_timeout; or an undelete of
//                         what is live, a purge of all of what is
//   limit_exceeded        a list would read more than list_bytes_max
// An error with outcome_unknown() means that no answer came and that looking did not tell.
class VersionedCollections {
 public:
  // invalid_argument: the database has no transactions and write_mode is linear, or a table without
  // a name.
  static Result<std::unique_ptr<VersionedCollections>> create(
      Database& database, VersionedCollectionsOptions options = {});
  virtual ~VersionedCollections() = default;
  VersionedCollections(const VersionedCollections&) = delete;
  VersionedCollections& operator=(const VersionedCollections&) = delete;

  virtual const VersionedCollectionsOptions& options() const = 0;

  // ---- tables ----

  virtual CreateTableRequest collections_table_definition() const = 0;
  virtual CreateTableRequest entries_table_definition() const = 0;
  // Creates the tables that are missing, waits until both are active and compares their keys.
  // invalid_argument, with both schemas: one has other keys. resource_not_found if one is missing
  // and `create_missing` is false.
  virtual Result<void> prepare_tables(bool create_missing = true) = 0;
  // Whether both are there and active.
  virtual Result<bool> tables_are_ready() = 0;

  // ---- reading ----

  // Sorted by version. Collections of all users, or of one.
  virtual Result<ResourcePage> list_collections(std::string_view application,
                                                std::optional<std::string_view> user,
                                                const ReadOptions& options = {}) = 0;
  virtual Result<ResourcePage> list_entries(const ResourcePath& collection,
                                            const ReadOptions& options = {}) = 0;
  // The same, for lists of any length.
  virtual Result<std::unique_ptr<ResourceStream>> stream_collections(
      std::string_view application, std::optional<std::string_view> user,
      const ReadOptions& options = {}) = 0;
  virtual Result<std::unique_ptr<ResourceStream>> stream_entries(
      const ResourcePath& collection, const ReadOptions& options = {}) = 0;
  // In the order of the tables, by user and id; with VersionFilter::all each version is an item,
  // and those of one resource are beside each other. Memory is that of a page.
  virtual Result<ResourcePage> list_collections_page(std::string_view application,
                                                     std::optional<std::string_view> user,
                                                     const PageOptions& page,
                                                     const ReadOptions& options = {}) = 0;
  virtual Result<ResourcePage> list_entries_page(const ResourcePath& collection,
                                                 const PageOptions& page,
                                                 const ReadOptions& options = {}) = 0;

  // The newest version, or that of a time. VersionFilter::all is refused: see all_versions. Costs
  // the same however long the history is.
  virtual Result<ResourceVersion> get(const ResourcePath& path,
                                      const ReadOptions& options = {}) = 0;
  // Rising; up to a time if it is given. At least one, or not_found.
  virtual Result<std::vector<ResourceVersion>> all_versions(const ResourcePath& path,
                                                            std::optional<Millis> up_to = {}) = 0;
  // The live one of that name; of several, that which stands first in the list.
  virtual Result<ResourceVersion> find_collection(std::string_view application,
                                                  std::string_view user, std::string_view name) = 0;
  virtual Result<ResourceVersion> find_entry(const ResourcePath& collection,
                                             std::string_view name) = 0;

  // ---- writing ----

  // Always a new one, with an id of its own; names are not unique.
  virtual Result<ResourceVersion> create_collection(std::string_view application,
                                                    std::string_view user, std::string_view name,
                                                    const WriteOptions& options = {}) = 0;
  virtual Result<ResourceVersion> create_entry(const ResourcePath& collection,
                                               const ResourceChange& content,
                                               const WriteOptions& options = {}) = 0;
  // The live one of that name, or a new one: of any number of callers at once, in any number of
  // processes, one creates. What is there stays as it is.
  virtual Result<Obtained> get_or_create_collection(std::string_view application,
                                                    std::string_view user, std::string_view name,
                                                    const WriteOptions& options = {}) = 0;
  virtual Result<Obtained> get_or_create_entry(const ResourcePath& collection,
                                               const ResourceChange& content,
                                               const WriteOptions& options = {}) = 0;
  // A new version.
  virtual Result<ResourceVersion> update(const ResourcePath& path, const ResourceChange& change,
                                         const WriteOptions& options = {}) = 0;
  // RFC 7396 on an entry's value; `patch` is JSON text.
  virtual Result<ResourceVersion> merge_patch(const ResourcePath& entry, std::string_view patch,
                                              const WriteOptions& options = {}) = 0;
  // Marks the newest version as deleted. Entries of a collection stay.
  virtual Result<ResourceVersion> remove(const ResourcePath& path,
                                         const WriteOptions& options = {}) = 0;
  // At most 50 operations, no entry twice, one outcome for each. Atomic: all or none.
  virtual Result<std::vector<EntryOutcome>> write_entries(
      const ResourcePath& collection, const std::vector<EntryOperation>& operations,
      bool atomic) = 0;
  // Asks the tables once; waiting is the caller's. Each change comes at least once.
  virtual Result<EntryChanges> changes_since(const ResourcePath& collection, Millis since,
                                             std::size_t limit = 1000) = 0;

  // ---- history ----

  // Newest first, unless ascending; of deleted resources too.
  virtual Result<ResourcePage> history(const ResourcePath& path,
                                       const HistoryOptions& options = {}) = 0;
  virtual Result<ResourceVersion> version(const ResourcePath& path, VersionReference version) = 0;
  virtual Result<VersionDifference> difference(const ResourcePath& path, VersionReference from,
                                               VersionReference to) = 0;
  // A new version with the content of an old one, live whatever was before; without `version`, of
  // the newest, which must be deleted (undelete).
  virtual Result<ResourceVersion> restore(const ResourcePath& path,
                                          std::optional<VersionReference> version,
                                          const WriteOptions& options = {}) = 0;
  // The collection and every entry as they were; not atomic, and may be repeated.
  virtual Result<RestoreReport> restore_with_entries(const ResourcePath& collection, Millis at,
                                                     const WriteOptions& options = {}) = 0;
  // Removes versions for good, oldest first. Repeating one that failed is safe.
  virtual Result<PurgeReport> purge(const ResourcePath& path, const PurgeRequest& request) = 0;
  // Of all collections of the application and their entries.
  virtual Result<PurgeReport> apply_retention(std::string_view application,
                                              const Retention& retention) = 0;

 protected:
  VersionedCollections() = default;
};

}  // namespace dynakeep
