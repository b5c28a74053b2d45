#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/result.h"

// Dismissals: which banners, tips and tours a user has closed. One item for each pair of user and
// thing, in a table that is Dismissible's (API 3.1.1), to the attribute: its service and this store
// may work on the same one. docs/stores/dismissals.md tells the whole of it.
namespace dynakeep {

// ---- ids ----

enum class DismissalIdFault : std::uint8_t {
  blank,           // empty, or nothing but white space
  too_long,        // more than 64 characters, counted as JavaScript does
  bad_characters,  // others than A-Z a-z 0-9 _ -
};

// What is wrong with a user's or a thing's id, the first of the above; nothing if it is well.
std::optional<DismissalIdFault> fault_of_dismissal_id(std::string_view id);

enum class DismissalIdKind : std::uint8_t { user, item };

// An id that is well. A regular value; there is no other way to one than parse().
template <DismissalIdKind kind>
class DismissalId {
 public:
  // invalid_argument, in upstream's words: "userId is required", "itemId must be at most 64
  // characters", "… must contain only alphanumeric characters, dashes, and underscores".
  static Result<DismissalId> parse(std::string_view text);

  const std::string& text() const { return text_; }

  friend bool operator==(const DismissalId&, const DismissalId&) = default;
  friend auto operator<=>(const DismissalId&, const DismissalId&) = default;

 private:
  explicit DismissalId(std::string_view text) : text_(text) {}
  std::string text_;
};

using DismissalUserId = DismissalId<DismissalIdKind::user>;
using DismissalItemId = DismissalId<DismissalIdKind::item>;

// ---- times ----

// As finely as the table keeps it; as text by dynakeep/iso_time.h. Years 0 to 9999.
using DismissalTime = std::chrono::sys_time<std::chrono::milliseconds>;

// ---- items ----

// What can be dismissed, for one user, as it stands now.
struct Dismissible {
  std::string user_id = {};
  std::string item_id = {};  // in lists also what others stored that is no DismissalItemId
  DismissalTime created_at = {};
  // Nothing: to be shown, because it was never dismissed, is restored, or its snooze is over.
  std::optional<DismissalTime> dismissed_at = {};

  // Beyond upstream, which neither writes nor reads them:
  std::optional<DismissalTime> dismissed_until = {};  // of a dismissal for a while: when it ends
  std::optional<DismissalTime> expires_at = {};       // whole seconds
  std::int64_t dismiss_count = 0;                     // with count_dismissals
  std::int64_t seen_count = 0;                        // count_showing()

  bool is_dismissed() const { return dismissed_at.has_value(); }

  friend bool operator==(const Dismissible&, const Dismissible&) = default;
};

struct ObtainedDismissible {
  Dismissible item = {};
  bool created = false;  // by this call; false: it was there

  friend bool operator==(const ObtainedDismissible&, const ObtainedDismissible&) = default;
};

// What a dismissal or a restoration did.
struct DismissalChange {
  Dismissible item = {};  // as it stands now
  // As it stood. Nothing: it was not there, or the answer that told it was lost.
  std::optional<Dismissible> previous = {};
  bool changed = true;  // false: idempotent, and it was so already

  friend bool operator==(const DismissalChange&, const DismissalChange&) = default;
};

struct DismissOptions {
  bool idempotent = false;      // what is dismissed already is no error, and keeps its time
  bool create_missing = false;  // what is not there is made, dismissed
  // A snooze: from then on the item is to be shown again. Must be later than now. Upstream's
  // readers do not know of it and take the item for dismissed for good.
  std::optional<DismissalTime> until = {};
};

struct RestoreOptions {
  bool idempotent = false;  // what is not dismissed is no error
};

enum class DismissalState : std::uint8_t { any, active, dismissed };

struct DismissalListOptions {
  DismissalState state = DismissalState::any;
  std::string prefix = {};  // only ids that begin with it
  std::size_t limit = 100;  // 1 to 1000
  std::string after = {};   // empty: from the start; else what the page before gave as `next`
};

// A page may be shorter than asked for, even empty, and not the last: go on while there is a
// `next`.
struct DismissiblePage {
  std::vector<Dismissible> items = {};      // in order of their ids, bytewise
  std::vector<std::string> malformed = {};  // ids of what stands there and cannot be read
  std::string next = {};                    // the id after which to go on; empty: this was the last
};

struct DismissalCounts {
  std::size_t active = 0;
  std::size_t dismissed = 0;

  friend bool operator==(const DismissalCounts&, const DismissalCounts&) = default;
};

// The state of what users can dismiss. A table (dismissal_table) or memory (in_memory_dismissals);
// both keep the same promises, with no transaction:
//
// - An item is created once: of many creates at once one did, and all answer with its time.
// - A dismissal that was answered stays until it is restored, expires or is removed: nothing that
//   began before it takes it back. Of many dismissals at once one succeeds, and the time is its.
// - An item is never dismissed before it was created, also if clocks differ.
// - Attributes that others added stay as they are.
// - A read sees every write that was answered before it began (unless consistent_reads is off).
// - A write whose answer was lost and that is repeated knows its own success. An error with
//   outcome_unknown() means that no answer came and repeating did not tell.
//
// Errors beside the database's own:
//   invalid_argument      a bad option; `until` is not later than now
//   not_found             dismiss, restore, update, count_showing: Item with id "x" not found
//   precondition_failed   dismiss: Item with id "x" is already dismissed (for at least as long);
//                         restore: Item with id "x" is not dismissed
//   malformed_item        a stored item cannot be read, with its key and why. Nothing is written
//   write_conflict        others kept changing the item
//   resource_not_found    there is no such table
//
// What has expired is not there, for every function here but remove, remove_all and erase.
// Thread-safe.
class Dismissals {
 public:
  virtual ~Dismissals() = default;
  Dismissals(const Dismissals&) = delete;
  Dismissals& operator=(const Dismissals&) = delete;

  // ---- one item ----

  virtual Result<std::optional<Dismissible>> get(const DismissalUserId& user,
                                                 const DismissalItemId& item) = 0;
  // Not dismissed, and created now; or the one that is there.
  virtual Result<ObtainedDismissible> create(const DismissalUserId& user,
                                             const DismissalItemId& item) = 0;
  // Reads, and creates if there is nothing: a read where create() would be a write.
  Result<ObtainedDismissible> get_or_create(const DismissalUserId& user,
                                            const DismissalItemId& item);

  // Dismisses now. What is snoozed may be dismissed for longer, or for good.
  virtual Result<DismissalChange> dismiss(const DismissalUserId& user, const DismissalItemId& item,
                                          const DismissOptions& options = {}) = 0;
  virtual Result<DismissalChange> restore(const DismissalUserId& user, const DismissalItemId& item,
                                          const RestoreOptions& options = {}) = 0;
  // Sets the time of dismissal as it is given, or takes it away, whatever stood there.
  virtual Result<Dismissible> update(const DismissalUserId& user, const DismissalItemId& item,
                                     std::optional<DismissalTime> dismissed_at) = 0;
  // Whether there was one. After a lost answer, true: it is gone now.
  virtual Result<bool> remove(const DismissalUserId& user, const DismissalItemId& item) = 0;

  // Adds one to seen_count. Not repeated after a lost answer, lest it count twice.
  virtual Result<Dismissible> count_showing(const DismissalUserId& user,
                                            const DismissalItemId& item) = 0;

  // ---- many items of a user ----

  // Those that are there, by item id. What was not read is never taken for missing: the call fails.
  virtual Result<std::map<std::string, Dismissible, std::less<>>> get_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) = 0;
  // In the order given, ids that are repeated as well; what is created has one time. If one fails
  // the call does, and others may be there.
  virtual Result<std::vector<ObtainedDismissible>> create_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) = 0;
  // The same, but reads first and creates what is missing.
  Result<std::vector<ObtainedDismissible>> get_or_create_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items);
  // Each on its own, in the order given. Of a repeated id, the later ones find what the first left.
  std::vector<Result<DismissalChange>> dismiss_many(const DismissalUserId& user,
                                                    std::span<const DismissalItemId> items,
                                                    const DismissOptions& options = {});
  std::vector<Result<DismissalChange>> restore_many(const DismissalUserId& user,
                                                    std::span<const DismissalItemId> items,
                                                    const RestoreOptions& options = {});

  // ---- all of a user's ----

  // Not one moment: items written meanwhile may be met or not.
  virtual Result<DismissiblePage> list(const DismissalUserId& user,
                                       const DismissalListOptions& options = {}) = 0;
  // Reads all of them. malformed_item as get().
  Result<DismissalCounts> count(const DismissalUserId& user);
  // Restores what is dismissed and whose id begins with `prefix`; returns how many that were.
  // Interrupted, it may be repeated. malformed_item: one cannot be read; the others are restored.
  Result<std::size_t> restore_all(const DismissalUserId& user, std::string_view prefix = {});
  // Removes every record of the user, whatever is in it; returns how many that were. Interrupted,
  // it may be repeated. What is created meanwhile may stay.
  virtual Result<std::size_t> erase(const DismissalUserId& user) = 0;

  // ---- across users ----

  // Dismisses one item for each of them, in the order given: a banner that is over, for whom it was
  // meant. Mostly wanted with create_missing and idempotent.
  std::vector<Result<DismissalChange>> dismiss_for(const DismissalItemId& item,
                                                   std::span<const DismissalUserId> users,
                                                   const DismissOptions& options = {});
  // Empties the table; returns how many there were. For tests and clean-up.
  virtual Result<std::size_t> remove_all() = 0;

  // Calls `work`, which calls the store, with 0 to count - 1, several at once where that helps. An
  // error stands for all of them: what they were answered may not last.
  virtual Result<void> for_each_of(std::size_t count,
                                   const std::function<void(std::size_t)>& work) = 0;

 protected:
  Dismissals() = default;
};

// ---- in a table ----

struct DismissalTableOptions {
  std::string table = {};  // must be named. Upstream's server has "dismissible-items" by default

  // Reads cost half without; a dismissed item may then be shown again for about a second.
  bool consistent_reads = true;
  // Items expire that long after they were created or last changed: attribute `expiresAt`, whole
  // seconds, at least one. Those that have it are honoured in any case.
  std::optional<std::chrono::seconds> expire_after = {};
  bool count_dismissals = false;  // keeps `dismissCount`

  std::size_t in_flight_max = 10;  // calls to the database at once, of one call here
  // How often a request is sent of which something was left undone, whose answer was lost, or which
  // others were in the way of. With growing, jittered waits between, up to 2 s.
  unsigned attempts_max = 8;

  const Clock* clock = &system_clock();                      // must outlive the store
  std::function<void(std::chrono::milliseconds)> wait = {};  // empty: sleeping. Thread-safe
  std::function<std::uint64_t()> random = {};                // empty: the system's. Thread-safe
};

// Upstream's table: userId and id, both strings, billed by request.
CreateTableRequest dismissal_table_definition(std::string table);

// Dismissals in a table, with what only tables have.
class DismissalTable : public Dismissals {
 public:
  virtual const DismissalTableOptions& options() const = 0;
  // Creates the table if it is missing and waits until it is active; with expire_after, also does
  // what ensure_time_to_live() does. An engine that has no time to live will do: a warning in the
  // log says that it deletes nothing.
  virtual Result<void> create_table() = 0;
  // Sees to it that what has expired is deleted: that the table's time to live is on for
  // `expiresAt`. May be called by several at once, and again. invalid_argument: it is on for
  // another attribute, which is left so. unsupported: the database has no time to live.
  virtual Result<void> ensure_time_to_live() = 0;
  // invalid_argument, with both schemas: the table has other keys.
  virtual Result<void> check_table() = 0;

 protected:
  DismissalTable() = default;
};

// `database` must outlive the store. Sends nothing: a wrong table shows when it is used.
// invalid_argument: no table named, an expiry below a second, in_flight_max or attempts_max is 0.
Result<std::unique_ptr<DismissalTable>> dismissal_table(Database& database,
                                                        DismissalTableOptions options);

// ---- in memory ----

struct InMemoryDismissalOptions {
  // What was used least recently goes when there are more; reading is use.
  std::size_t items_max = 5000;
  // What was not written for so long goes.
  std::chrono::milliseconds time_to_live = std::chrono::hours(6);
  std::optional<std::chrono::seconds> expire_after = {};  // as of tables
  bool count_dismissals = false;

  const Clock* clock = &system_clock();  // must outlive the store
};

// For development and tests, as upstream has it: items go without a word by the two limits above.
// invalid_argument: no room for an item, no time to live, an expiry below a second.
Result<std::unique_ptr<Dismissals>> in_memory_dismissals(InMemoryDismissalOptions options = {});

}  // namespace dynakeep
