#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/attribute_value.h"
#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/fields.h"
#include "dynakeep/result.h"

// User data of conversational applications: one item a user with what the application knows of the
// user, the running session and a short history of turns. The table is that of Jovo's DynamoDB
// integration (@jovotech/db-dynamodb 4), to the attribute: programs in both languages may serve the
// same users. docs/stores/user-data.md tells the whole of it.
namespace dynakeep {

class JsonDocument;

// ---- a turn ----

// One conversation, for platforms that do not carry it in their messages.
struct UserSession {
  std::optional<std::string> id = {};
  AttributeMap data = {};
  // The components of the application that are active, from the outermost in. Not interpreted.
  std::optional<AttributeList> state = {};
  bool is_new = true;                   // not stored
  std::optional<Time> created_at = {};  // of a new one: when the turn began
  std::optional<Time> updated_at = {};  // when the turn began
};

// One request of one user and the application's answer to it: what it works on between load() and
// save(). A value; copies are turns of their own.
struct UserTurn {
  std::string user_id = {};
  bool is_new = true;  // there was no item

  AttributeMap user = {};
  // The stored one if it goes on, else the platform's. Reset, the stored one is removed by the
  // save.
  std::optional<UserSession> session = {};
  std::vector<AttributeMap> history = {};  // newest first
  Time created_at = {};
  Time updated_at = {};  // as loaded; save() sets it

  // What the turn's entry in the history may be made of: request, input, state, entities, output (a
  // list), response. UserHistoryOptions::members says which are taken.
  AttributeMap entry = {};
  bool adds_entry = true;  // false: the save puts no entry in front of the history

 private:
  friend struct UserTurnAccess;  // src/stores/user_data/loaded.h
  // What load() found: whom the save must not overwrite, and what a merge starts from. Shared by
  // copies of the turn; never changed.
  std::shared_ptr<const struct LoadedUser> loaded_ = {};
};

// ---- options ----

struct UserTableOptions {
  std::string name = {};  // must be named
  std::string key_attribute = "userId";
  bool create_if_missing = true;
  bool pay_per_request = false;
  std::int64_t read_capacity_units = 2;
  std::int64_t write_capacity_units = 2;
  std::chrono::milliseconds patience{120'000};  // for a table to become active
};

struct UserSessionOptions {
  bool enabled = false;
  std::chrono::milliseconds expires_after{900'000};  // since the last turn; 0 is 900 s
  // Start afresh when the platform says that a session is new and its id is another one.
  bool honour_new = false;
};

struct UserHistoryOptions {
  bool enabled = false;
  std::optional<std::size_t> size = 3;         // entries kept; nothing: all of them
  std::set<std::string> members = {"output"};  // of UserTurn::entry
  // More members, by what a function makes of the turn: nothing leaves the member out, an error
  // fails the save.
  std::map<std::string, std::function<Result<std::optional<AttributeValue>>(const UserTurn&)>>
      custom = {};
};

// Expiry of a user who does not come back. Loads take what has expired for absent at once; the
// database deletes it, since ensure_table() switches the table's time to live on.
struct UserExpiryOptions {
  std::string attribute = "expiresAt";  // N, in seconds since 1970
  std::chrono::seconds after{0};        // since the last save
};

enum class SaveMode : std::uint8_t {
  replace,  // as upstream: puts the whole item, whatever is there
  guarded,  // only over what was loaded; write_conflict if another save came between
  merge,    // the same, but what both changed is merged, and saved again
};

struct UserDataOptions {
  UserTableOptions table = {};
  bool user = true;
  UserSessionOptions session = {};
  UserHistoryOptions history = {};
  bool created_at = true;
  bool updated_at = true;  // must be, but for SaveMode::replace: it is what tells saves apart

  SaveMode save_mode = SaveMode::merge;
  unsigned attempts_max = 5;    // of a merge, until it is a write_conflict
  bool skip_unchanged = false;  // a save that would change nothing but times sends nothing
  bool drop_unknown = false;    // attributes of others and of elements that are off are removed, as
                                // by SaveMode::replace
  bool convert_empty = false;   // empty text, bytes and sets become NULL
  bool allow_imprecise = false;          // fractions beyond 2^53, which upstream's readers fail on
  std::size_t item_bytes_max = 390'000;  // DynamoDB refuses 409,601
  bool trim_history = true;              // oldest entries first, until the item fits
  std::optional<UserExpiryOptions> expiry = {};
  // Several applications in one table: the key is this, '#' and the user's id. Empty: the id.
  std::string application = {};
  bool check_table = true;  // load() and save() begin with ensure_table()

  const Clock* clock = &system_clock();                      // must outlive the store
  std::function<void(std::chrono::milliseconds)> wait = {};  // empty: sleeping. Thread-safe
  std::function<std::uint64_t()> random = {};                // empty: the system's. Thread-safe
};

// Options from upstream's configuration: `table`, `libraryConfig.marshall`, `storedElements`, with
// elements given as true, false or objects; and beside them ours: `saveMode` ("replace", "guarded",
// "merge"), `skipUnchanged`, `dropUnknown`, `maxItemBytes`, `trimHistory`, `ttl` {attribute,
// userSeconds}, `application`, and `storedElements.session.honourNew`. What is not given is as
// above; other members are passed over.
//
// What is given for an element counts together with its defaults, and switches it on, as upstream's
// documentation says. `as_upstream` combines them as its code does: {"expiresAfterSeconds": 60} and
// {"size": 5} then leave session and history off, and `history: true` keeps all entries, and
// nothing in them.
//
// invalid_argument: all that is wrong with it, a line for each.
Result<UserDataOptions> parse_user_data_options(const JsonDocument& configuration,
                                                bool as_upstream = false);

// ---- what comes back ----

struct SaveReport {
  unsigned attempts = 0;                    // puts; 0: nothing was sent
  bool skipped = false;                     // unchanged, or a turn without a user
  std::vector<std::string> overruled = {};  // where both sides changed: "user.data.name"
  std::size_t item_bytes = 0;               // as DynamoDB counts them
  std::size_t trimmed_entries = 0;          // of the history, for the item to fit
};

// Bytes as DynamoDB counts them, the names of attributes included.
struct UserSize {
  std::size_t user = 0;
  std::size_t session = 0;
  std::size_t history = 0;
  std::size_t times = 0;  // createdAt, updatedAt
  std::size_t other = 0;  // the key, and attributes of others

  std::size_t total() const { return user + session + history + times + other; }
  friend bool operator==(const UserSize&, const UserSize&) = default;
};

// A user's item as it is stored.
struct StoredUser {
  std::string user_id = {};  // without the application
  Item item = {};
};

// ---- the store ----

// A user's data on a Database, which must outlive the store. Thread-safe.
//
// A save in SaveMode::merge or guarded loses nothing that another save stored meanwhile, whichever
// process or language it came from, and keeps attributes that it does not know of. A save whose
// answer was lost knows its own success. A failed save leaves the turn as it was: it can be saved
// again.
//
// What merges make of two turns: members of objects are merged one by one, where both changed one
// this turn's counts and is reported; of sessions with different ids the later one counts;
// histories have the entries of both, in the order of saving; createdAt is the earlier.
//
// Errors beside the database's own:
//   invalid_argument    options, all faults at once; a value that cannot be stored, with its path
//                       ("user.data.tags: a set must not be empty"); a user id of more than 2048
//                       bytes; the table has another key, or its time to live another
//                       attribute. Nothing is sent
//   resource_not_found  the table is missing and is not to be created
//   timed_out           the table is not active yet
//   malformed_item      what is stored is not what its place is for, with its path
//   limit_exceeded      the item is larger than item_bytes_max, with the sizes of its elements.
//                       Nothing is sent
//   write_conflict      others saved meanwhile; item() is what they stored, none if they erased it
// An error with outcome_unknown() means that no answer came and that looking did not tell.
class UserDataStore {
 public:
  // Sends nothing. invalid_argument.
  static Result<std::unique_ptr<UserDataStore>> create(Database& database, UserDataOptions options);
  virtual ~UserDataStore() = default;
  UserDataStore(const UserDataStore&) = delete;
  UserDataStore& operator=(const UserDataStore&) = delete;

  virtual const UserDataOptions& options() const = 0;

  virtual CreateTableRequest table_definition() const = 0;
  // Creates the table if it is missing, waits until it is active and compares its key; with
  // `expiry`, sees that its time to live is on for the attribute (an engine that has none will do:
  // a warning in the log says that it deletes nothing). Once for each store object. Of callers at
  // once, one asks and the others wait.
  virtual Result<void> ensure_table() = 0;

  // Begins a turn: one GetItem. `platform` is the session as the platform's request has it, which
  // counts where none is stored or alive; `session`, if given, replaces the store's option for this
  // turn. With an empty user id nothing is sent, neither now nor by save().
  virtual Result<UserTurn> load(std::string_view user_id, const UserSession& platform = {},
                                const UserSessionOptions* session = nullptr) = 0;

  // Ends a turn that load() began: one PutItem if nobody else is in the way. The turn then is what
  // is stored, and may go on. `mode`, if given, replaces the store's option.
  virtual Result<SaveReport> save(UserTurn& turn, std::optional<SaveMode> mode = {}) = 0;

  // Loads, lets `change` work on the turn, and saves in SaveMode::guarded; all of it again while
  // others are in the way, at most attempts_max times. For what depends on what is stored, such as
  // counters. Adds no entry to the history unless `change` asks for one. An error of `change` ends
  // it, and nothing is saved. `session` as of load().
  virtual Result<UserTurn> update(std::string_view user_id,
                                  const std::function<Result<void>(UserTurn&)>& change,
                                  const UserSessionOptions* session = nullptr) = 0;

  // Removes all that is stored of the user; whether there was anything. With `if_updated_at`, only
  // if that is what stands in updatedAt: write_conflict otherwise.
  virtual Result<bool> erase(std::string_view user_id,
                             std::optional<std::string_view> if_updated_at = {}) = 0;

  // As stored, whatever is in it, expired or not.
  virtual Result<std::optional<StoredUser>> stored(std::string_view user_id) = 0;
  // Every user of the application, in no order; false ends the walk. How many were visited.
  virtual Result<std::size_t> for_each_user(const std::function<bool(StoredUser&&)>& visit) = 0;

  // Of what stored() gave.
  virtual UserSize size_of(const StoredUser& stored) const = 0;

 protected:
  UserDataStore() = default;
};

// All that is stored of a user as one line of JSON, for the user to have: user_data_to_json of the
// attributes.
std::string export_user(const StoredUser& stored);

// The text of the stored updatedAt that the turn was loaded with or saved as; nothing for a new
// user.
std::optional<std::string> stored_version(const UserTurn& turn);

// ---- turns that save nothing unless told to ----

// Begins a turn and ends it, in the block that it lives in: an early return, or an exception, saves
// nothing.
//
//   auto turn = TRY(TurnGuard::begin(store, user_id));
//   turn->user["visits"] = 1;
//   TRY(turn.commit());
class TurnGuard {
 public:
  static Result<TurnGuard> begin(UserDataStore& store, std::string_view user_id,
                                 const UserSession& platform = {},
                                 const UserSessionOptions* session = nullptr) {
    return TurnGuard(store, TRY(store.load(user_id, platform, session)));
  }

  UserTurn& operator*() { return turn_; }
  UserTurn* operator->() { return &turn_; }

  Result<SaveReport> commit() { return store_->save(turn_); }

 private:
  TurnGuard(UserDataStore& store, UserTurn turn) : store_(&store), turn_(std::move(turn)) {}

  UserDataStore* store_;
  UserTurn turn_;
};

// ---- typed access ----

// User or session data as a struct with fields (dynakeep/fields.h). Of a new user, who has none
// yet: T{}. serialization: the data does not fit, with the member that it is about.
template <typename T>
Result<T> read_user_data(const AttributeMap& data) {
  if (data.empty()) return T{};
  return from_attribute<T>(AttributeValue(data));
}

// Writes the struct's fields over those in the data, which keeps what the struct does not list; an
// absent optional removes its member. validation: a double that is no DynamoDB number.
template <typename T>
Result<void> write_user_data(AttributeMap& data, const T& value) {
  AttributeValue written = TRY(to_attribute(value));
  for (const std::string_view name : detail::field_names<T>()) {
    const auto found = data.find(name);
    if (found != data.end()) data.erase(found);
  }
  data.merge(written.as_map());
  return {};
}

// ---- values ----

// A number as a program in JavaScript would store it. invalid_argument: NaN, infinity, or beyond
// ±(2^53 - 1), as upstream refuses them. Whole Numbers are stored as its big integers are.
Result<AttributeValue> user_data_number(double number);

// JSON text that says all that is in the value: bytes as {"$bytes": "<base64>"}, sets as {"$set":
// […]}, numbers with all their digits, and a map whose only member has one of these names or "$map"
// as {"$map": {…}}.
std::string user_data_to_json(const AttributeValue& value);
// The reverse. serialization: no such JSON. validation: numbers and sets that cannot be.
Result<AttributeValue> user_data_from_json(std::string_view json);
Result<AttributeValue> user_data_from_json(const JsonDocument& document);

}  // namespace dynakeep
