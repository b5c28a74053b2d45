#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "dynakeep/versions.h"

// The client of versioned collections over HTTP: of `dynakeep serve --collections`, and of
// dynamodb-mini's server (0.2.4), as far as that goes.
//
//   auto store = TRY(CollectionsClient::create({.base_url = "http://localhost:3000",
//                                               .api_key = "my-api-key"}));
//   auto posts = TRY(store.create("user-1", {.name = "posts"}));
//   auto post = TRY(posts.add({.name = "hello", .value = R"({"n":1})"}));
//   TRY(post.update({.value = R"({"n":2})"}, {.if_match = post.tag()}));
//   TRY(post.restore(VersionReference::revision(1)));
//
// docs/stores/versioned-collections.md lists the functions beside those of dynamodb-mini's
// JavaScript client.
namespace dynakeep {

namespace clients {
class CollectionsSession;
struct Resource;
}  // namespace clients

// ---- what calls take ----

// A value on its way out: a document, or text that is JSON. (Text that is not fails the call that
// it is given to.) Its digits and the order of its members are sent as they are.
class JsonInput {
 public:
  JsonInput(const JsonDocument& document) : text_(document.to_text()) {}  // NOLINT: on purpose
  JsonInput(std::string json) : text_(std::move(json)) {}                 // NOLINT
  JsonInput(const char* json) : text_(json) {}                            // NOLINT

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct NewCollection {
  std::string name = {};
};

// A name, a value, or both. Servers take objects and arrays as values; numbers, truths, {} and []
// only beside a name; no text alone, and no null.
struct NewEntry {
  std::optional<std::string> name = {};
  std::optional<JsonInput> value = {};
};

// What is not named stays as it is. Values as of NewEntry.
struct EntryUpdate {
  std::optional<std::string> name = {};
  std::optional<JsonInput> value = {};
  bool clear_name = false;  // one of the two must stay
  bool clear_value = false;
};

// `timeout`, here and below, is how long the call may take with all its attempts; the client's if
// it is not given.
struct CollectionsRead {
  VersionFilter filter = VersionFilter::latest;  // `all` shows each version as one of the list
  std::optional<Millis> at = {};                 // the state at that time
  std::optional<std::string> name = {};          // of lists: only what has exactly that name
  std::optional<std::chrono::milliseconds> timeout = {};
};

struct CollectionsPageRead {
  CollectionsRead read = {};
  std::size_t limit = 100;  // 1 to 1000
  std::string cursor = {};  // empty: from the start; else what the page before gave
};

struct CollectionsWrite {
  // Written only if the state is still this one: precondition_failed otherwise. Not of creates.
  std::optional<StateTag> if_match = {};
  bool if_live = false;  // If-Match: * — precondition_failed rather than not_found
  // 1 to 128 visible ASCII characters. A write that is repeated with the resource's last key is
  // done once, so any call that has one may be sent again.
  std::optional<std::string> idempotency_key = {};
  std::string actor = {};    // who, kept with the version behind the label of the API key
  std::string comment = {};  // why, kept with the version; at most 1024 bytes
  std::optional<std::chrono::milliseconds> timeout = {};
};

struct HistoryRead {
  std::size_t limit = 100;  // 1 to 1000
  std::string cursor = {};
  bool ascending = false;           // newest first otherwise
  std::optional<Millis> from = {};  // inclusive
  std::optional<Millis> to = {};    // exclusive
  bool values = true;               // false: without values
  std::optional<std::chrono::milliseconds> timeout = {};
};

struct ChangesRead {
  std::size_t limit = 100;  // 1 to 1000
  // How long the server may hold the answer until something changes: up to 60 s. Comes on top of
  // the client's timeouts.
  std::chrono::seconds wait{0};
  std::optional<std::chrono::milliseconds> timeout = {};
};

// ---- what they give ----

// One version of a collection or an entry.
struct VersionRecord {
  Millis version = 0;
  std::optional<std::int64_t> revision = {};  // 1, 2, 3, … where the server knows it
  std::optional<std::string> deleted_at = {};
  std::optional<Millis> restored_from = {};
  std::string by = {};
  std::string comment = {};
  std::optional<std::string> name = {};
  std::optional<JsonDocument> value = {};
  bool is_newest = false;
};

struct HistoryPage {
  std::vector<VersionRecord> versions = {};
  std::string next_cursor = {};  // empty: this was the last
};

// What the server can do; all 0 for dynamodb-mini's, which cannot tell.
struct CollectionsCapabilities {
  int history = 0;
  int restore = 0;
  int purge = 0;
  int preconditions = 0;  // with them: idempotency keys, and create in one step
  int paging = 0;
  int batch = 0;
  int watch = 0;
  bool is_extended = false;  // the server told: it is none of dynamodb-mini's

  friend bool operator==(const CollectionsCapabilities&, const CollectionsCapabilities&) = default;
};

// What the server said to a call that failed.
struct ServerAnswer {
  int status = 0;
  std::string request = {};            // "PUT /api/user/u/collection/c"
  std::string body = {};               // at most 16 KiB of it
  std::optional<StateTag> state = {};  // of a precondition that failed: the one that is
};

// Nothing if no answer came, or the call failed before it was sent. An error never has the API key
// in it, whatever the server put into its answer.
std::optional<ServerAnswer> server_answer(const Error& error);

// ---- collections and entries ----

// What collections and entries have in common: an identity, the state that was last heard of, and a
// history. A value; copies are independent, and share the client. For one thread at a time.
//
// Functions that write change the object once the server has done it, and not otherwise.
class VersionedResource {
 public:
  const std::string& user() const;  // as the server writes it, in letters of ASCII
  const std::string& id() const;
  // Without one, and where it is not known yet (CollectionsClient::collection): empty.
  const std::string& name() const;
  Millis version() const;                        // 0: not known
  std::optional<std::int64_t> revision() const;  // where the server told
  const std::optional<std::string>& deleted_at() const;
  bool is_deleted() const { return deleted_at().has_value(); }
  // For CollectionsWrite::if_match.
  StateTag tag() const { return {version(), is_deleted()}; }

  // Reads the state anew, also if it is deleted.
  Result<void> refresh(const CollectionsRead& read = {});

  // Its versions, the newest first. From dynamodb-mini's server: all at once.
  Result<HistoryPage> history(const HistoryRead& read = {}) const;
  Result<VersionRecord> version(VersionReference version, const CollectionsRead& read = {}) const;
  // What it was at that time; not_found if it was not there, or deleted.
  Result<VersionRecord> at(Millis time, const CollectionsRead& read = {}) const;
  // How the value of one version turns into another's (RFC 6902).
  Result<VersionDifference> diff(VersionReference from, VersionReference to,
                                 const CollectionsRead& read = {}) const;
  // The same of the last two.
  Result<VersionDifference> diff(const CollectionsRead& read = {}) const;

  // A new version with the content of an old one; without `version`, of the newest, which must be
  // deleted (undelete).
  Result<void> restore(std::optional<VersionReference> version = {},
                       const CollectionsWrite& write = {});
  // Removes versions for good. `on_progress` of the request is not called.
  Result<PurgeReport> purge(const PurgeRequest& request, const CollectionsWrite& write = {});
  // Marks it as deleted. One that is sent again, because the answer was lost, and finds nothing
  // left to delete, has succeeded.
  Result<void> destroy(const CollectionsWrite& write = {});

 protected:
  VersionedResource(std::shared_ptr<clients::CollectionsSession> session,
                    clients::Resource resource);
  VersionedResource(const VersionedResource& other);
  VersionedResource(VersionedResource&& other) noexcept;
  VersionedResource& operator=(const VersionedResource& other);
  VersionedResource& operator=(VersionedResource&& other) noexcept;
  ~VersionedResource();

  std::shared_ptr<clients::CollectionsSession> session_;
  std::unique_ptr<clients::Resource> resource_;
};

class RemoteEntry final : public VersionedResource {
 public:
  const std::string& collection_id() const;
  bool has_name() const;
  // Null pointer if it has none.
  const JsonDocument* value() const;

  // A new version. To dynamodb-mini's server, which forgets what an update does not name, this
  // object's name or value is sent in its place.
  Result<void> update(const EntryUpdate& update, const CollectionsWrite& write = {});
  // RFC 7396 on the value, on the server.
  Result<void> merge(const JsonInput& patch, const CollectionsWrite& write = {});

 private:
  friend class clients::CollectionsSession;
  RemoteEntry(std::shared_ptr<clients::CollectionsSession> session, clients::Resource resource);
};

// One change of a batch.
class BatchOperation {
 public:
  enum class Kind : std::uint8_t { create, update, remove, restore };

  static BatchOperation create(NewEntry entry);
  static BatchOperation update(std::string entry_id, EntryUpdate update);
  static BatchOperation remove(std::string entry_id);
  // Without a version: undelete.
  static BatchOperation restore(std::string entry_id, std::optional<VersionReference> version = {});

  // Only if its version is this one. Not of creates.
  BatchOperation& if_match(Millis version);

  Kind kind() const { return kind_; }
  const std::string& entry_id() const { return entry_id_; }
  const EntryUpdate& content() const { return content_; }
  const std::optional<VersionReference>& version() const { return version_; }
  const std::optional<Millis>& expected() const { return expected_; }

 private:
  Kind kind_ = Kind::create;
  std::string entry_id_ = {};
  EntryUpdate content_ = {};
  std::optional<VersionReference> version_ = {};
  std::optional<Millis> expected_ = {};
};

struct BatchOutcome {
  int status = 0;  // as of a request of its own; 424: not done, because another failed
  std::string entry_id = {};
  Millis version = 0;
  std::string error = {};  // empty: done. Else "not_found", "precondition_failed", …
  std::string message = {};

  bool is_done() const { return status >= 200 && status < 300; }
};

struct BatchResult {
  bool is_done = false;  // every operation is
  std::vector<BatchOutcome> outcomes = {};
};

struct EntryPage {
  std::vector<RemoteEntry> entries = {};
  std::string next_cursor = {};  // empty: this was the last
};

struct RemoteChanges {
  std::vector<RemoteEntry> entries = {};  // the oldest change first, deletions among them
  Millis next = 0;                        // to be used as `since`
};

class RemoteCollection final : public VersionedResource {
 public:
  const std::string& application() const;

  // The entries, sorted by version.
  Result<std::vector<RemoteEntry>> get(const CollectionsRead& read = {}) const;
  // In the order of their ids, in memory that does not grow with the collection.
  Result<EntryPage> get_page(const CollectionsPageRead& page = {}) const;
  // One of them, by its id or by its name; of several of one name, that which get() has first.
  Result<RemoteEntry> fetch_entry(std::string_view id_or_name,
                                  const CollectionsRead& read = {}) const;

  // A new entry, also if there is one of that name.
  Result<RemoteEntry> add(const NewEntry& entry, const CollectionsWrite& write = {}) const;
  // The live one of that name, as it is, or a new one. (On dynamodb-mini's server two callers at
  // once may both make one.)
  Result<RemoteEntry> get_or_add(const NewEntry& entry, const CollectionsWrite& write = {}) const;
  // A new name.
  Result<void> update(const NewCollection& update, const CollectionsWrite& write = {});

  // Several changes in one request: at most 50, no entry twice. Atomic: all or none.
  Result<BatchResult> batch(const std::vector<BatchOperation>& operations, bool atomic,
                            const CollectionsWrite& write = {}) const;
  // Entries that changed after `since`, as soon as there are some. Each change comes at least once.
  Result<RemoteChanges> changes(Millis since, const ChangesRead& read = {}) const;
  // The collection and its entries as they were; may be repeated.
  Result<RestoreReport> restore_with_entries(Millis at, const CollectionsWrite& write = {});

  // A handle without asking for it. Its name and version are not known before refresh().
  RemoteEntry entry(std::string id) const;

 private:
  friend class clients::CollectionsSession;
  RemoteCollection(std::shared_ptr<clients::CollectionsSession> session,
                   clients::Resource resource);
};

struct CollectionPage {
  std::vector<RemoteCollection> collections = {};
  std::string next_cursor = {};  // empty: this was the last
};

// ---- the client ----

struct CollectionsClientOptions {
  // As dynamodb-mini's client takes it: requests go to `api`, relative to this. "http://host:3000",
  // "http://host:3000/" and "http://host:3000/api" are the same; "https://host/prefix/" is for
  // /prefix/api.
  std::string base_url = {};
  std::string api_key = {};

  std::chrono::milliseconds timeout{60'000};  // of a call, with all its attempts
  std::chrono::milliseconds attempt_timeout{20'000};
  std::chrono::milliseconds connect_timeout{3'000};
  unsigned attempts_max = 4;  // the first included

  std::size_t connections_max = 64;                // in use at once; further calls wait for one
  std::chrono::milliseconds idle_timeout{20'000};  // how long an unused connection is kept
  std::size_t answer_bytes_max = std::size_t{64} << 20;  // past it a call fails; read pages then

  std::string ca_bundle = {};  // a PEM file of authorities to trust; empty: the system's store
  // "http://host:port" or "none"; empty: the environment's, as of RemoteOptions.
  std::string proxy = {};
  std::string user_agent = "dynakeep";
};

// Collections of one application: that of the API key. A cheap value: copies share connections, and
// may be used from any thread; each has its own key. No thread, no global state.
//
// Calls are sent again after lost connections, timeouts, 429, 502, 503, 504, and 409 with
// Retry-After; at most attempts_max times within the timeout, with jittered waits that grow, or as
// long as the server asks for (Retry-After), and a budget shared by all calls. But only if doing it
// twice is doing it once: reads, deletes, updates with if_match or if_live, get-or-create where the
// server does it, purges, and what has an idempotency key. Others only if it is certain that the
// server did not begin: the request was not sent whole, or 429. Redirects are not followed: the key
// would go elsewhere.
//
// Errors, beside those of requests that make no sense (invalid_argument):
//   not_found             404: no such collection or entry, or it is deleted
//   gone                  410: the version was purged
//   precondition_failed   412: the state is another; 428: the server wants if_match
//   write_conflict        409
//   access_denied         401: no such key; 403: it is not good for that
//   invalid_argument      400, 413, 415: the server says what it does not take
//   throttling            429, after all attempts
//   unsupported           the server cannot do that: it is dynamodb-mini's, or set up without it.
//                         Of if_match, if_live and idempotency_key: rather than a write without
//   internal_server_error 500
//   unavailable           nobody answers, the connection was lost, 502, 503, 504, a redirect, or an
//                         answer that makes no sense or is cut short
//   limit_exceeded        an answer larger than answer_bytes_max
//   timed_out             no answer in time
// server_answer() has the status and the body. outcome_unknown() says that a write may have been
// done although no answer says so.
class CollectionsClient {
 public:
  // Sends nothing. invalid_argument: an option that makes no sense.
  static Result<CollectionsClient> create(const CollectionsClientOptions& options);

  // The same connections with another key.
  Result<CollectionsClient> with_key(std::string api_key) const;

  // The user's collection of that name: the live one, or a new one. (On dynamodb-mini's server two
  // callers at once may both make one.)
  Result<RemoteCollection> create(std::string_view user, const NewCollection& collection,
                                  const CollectionsWrite& write = {}) const;
  // A new one, also if there is one of that name.
  Result<RemoteCollection> create_another(std::string_view user, const NewCollection& collection,
                                          const CollectionsWrite& write = {}) const;

  // The collections of all users, or of one, sorted by version.
  Result<std::vector<RemoteCollection>> get(const CollectionsRead& read = {}) const;
  Result<std::vector<RemoteCollection>> get_by_user(std::string_view user,
                                                    const CollectionsRead& read = {}) const;
  // In the order of users and ids.
  Result<CollectionPage> get_page(const CollectionsPageRead& page = {}) const;
  Result<CollectionPage> get_page_by_user(std::string_view user,
                                          const CollectionsPageRead& page = {}) const;

  // A handle without asking for it. Its name and version are not known before refresh().
  RemoteCollection collection(std::string user, std::string id) const;

  // What the server can do. Asked once and remembered, also by the calls that need to know.
  Result<CollectionsCapabilities> capabilities() const;

 private:
  friend class clients::CollectionsSession;
  explicit CollectionsClient(std::shared_ptr<clients::CollectionsSession> session)
      : session_(std::move(session)) {}

  std::shared_ptr<clients::CollectionsSession> session_;
};

}  // namespace dynakeep
