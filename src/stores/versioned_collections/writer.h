#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/versioned_collections.h"
#include "stores/support/patience.h"
#include "stores/versioned_collections/key_queues.h"
#include "stores/versioned_collections/reader.h"
#include "stores/versioned_collections/rows.h"

namespace dynakeep::collections {

// What a write makes of a resource whose newest version it is shown.
struct NextState {
  bool remove = false;  // marks the newest as deleted; the rest says nothing
  std::optional<std::string> name = {};
  std::optional<std::string> value = {};
  std::optional<Millis> restored_from = {};
};
// Null: it has no version yet, for those that may create.
using Decide = std::function<Result<NextState>(const ResourceVersion* newest)>;

enum class Wants : std::uint8_t {
  live,           // what is deleted is not found
  any,            // restore
  none,           // creates, and fails if there is a version
  none_or_first,  // creates, or answers with the first version: a create that is repeated
};

struct Intent {
  Resource resource = {};
  Wants wants = Wants::live;
  Decide decide = {};
  WriteOptions options = {};
};

// Writes versions so that those of one resource form one sequence. Each resource has a head, which
// every write changes on the condition that it is as it was seen: of two writers that saw the same
// one wins, and the other looks again. Thread-safe.
//
// The order of reading matters: the head first, then the newest version. The other way round an old
// version might be paired with a new head, and a write in between be lost.
class Writer {
 public:
  Writer(Database& database, const Layout& layout, const Reader& reader,
         const VersionedCollectionsOptions& options);

  Result<ResourceVersion> write(const Intent& intent);
  // All or none. Errors of single intents are in the outcomes, and nothing is written then.
  Result<std::vector<EntryOutcome>> write_all(const std::vector<Intent>& intents);
  // Of a resource with a fresh id, of which nobody else can know: needs no head. `also` is done in
  // one transaction with it.
  Result<ResourceVersion> create(const Resource& resource, ResourceVersion version,
                                 const std::vector<TransactWriteItem>& also = {});
  // Makes sure that the head tells the revision of the newest version, so that older ones may go,
  // and raises its purge floor.
  Result<Head> settle_head(const Resource& resource, std::optional<Millis> floor);

  Millis now() const;
  std::string new_id() const { return patience_.token(); }
  const stores::Patience& patience() const { return patience_; }

 private:
  enum class Sent : std::uint8_t { done, contended };

  // One write as it stands before it is sent.
  struct Planned {
    const Intent* intent = nullptr;
    ResourceVersion result = {};
    std::optional<Head> seen = {};
    std::vector<TransactWriteItem> actions = {};  // none: nothing is to be done
    std::size_t bytes = 0;
  };

  Result<Planned> plan(const Intent& intent, const std::string& token) const;
  Result<Planned> plan_first(const Intent& intent, Planned planned, const std::string& token) const;
  Result<void> check_state(const Intent& intent,
                           const std::optional<ResourceVersion>& newest) const;
  Result<void> put_version(Planned& planned) const;
  TransactWriteItem head_update(const Planned& planned, std::int64_t revision,
                                const std::string& token) const;
  Result<Sent> send(const std::vector<Planned>& planned, const std::string& token,
                    std::chrono::steady_clock::time_point deadline) const;
  Result<Sent> send_unguarded(const Planned& planned) const;
  // Whether what was sent is there, after an answer was lost. Nothing: it may still come.
  Result<std::optional<bool>> look(const Planned& planned, const std::string& token) const;
  Result<bool> row_is_there(const Planned& planned) const;
  bool allows_after(unsigned attempt, std::chrono::steady_clock::time_point deadline) const;
  KeyQueues::Turn turn_of(const std::vector<Intent>& intents) const;

  bool is_linear() const { return options_.write_mode == WriteMode::linear; }

  Database& database_;
  const Layout& layout_;
  const Reader& reader_;
  const VersionedCollectionsOptions& options_;
  const stores::Patience patience_;
  mutable KeyQueues queues_;
};

// What was met, for met_state().
Error with_state(Error error, const std::optional<ResourceVersion>& met);
Error not_found(const ResourcePath& path, const std::optional<ResourceVersion>& met = {});
Error others_in_the_way(const ResourcePath& path);

// Whether a write failed because of others, who may have gone by now.
bool is_contention(const Error& error);

// invalid_argument: more than an item can hold, or text that is not UTF-8. Returns its size.
Result<std::size_t> check_row(const Item& row);

}  // namespace dynakeep::collections
