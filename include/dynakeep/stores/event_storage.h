#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/events.h"
#include "dynakeep/stores/paged_range.h"

// Where events are kept: the untyped layer under the event store (event_store.h). The tables are
// those of castore's DynamoDB adapters (@castore/event-storage-adapter-dynamodb 2.x), to the
// attribute: programs of both languages may read, write, list and race on one table at one time.
namespace dynakeep {

class EventStorage;

struct PushOptions {
  // Replaces whatever is stored at the version, payload and metadata with it. For migrations.
  bool force = false;
};

// One event of a group, and where it belongs.
struct GroupedEvent {
  EventStorage* storage = nullptr;  // null: the one the group is pushed through
  std::string event_store_id = {};
  NewEvent event = {};
};

// What must be true of an aggregate for events to be appended to it.
class ExpectedVersion {
 public:
  static ExpectedVersion any() { return ExpectedVersion(Kind::any, 0); }
  static ExpectedVersion no_stream() { return ExpectedVersion(Kind::exact, 0); }  // no events yet
  static ExpectedVersion exists() { return ExpectedVersion(Kind::exists, 0); }
  // `version` is the last one; 0 is the same as no_stream().
  static ExpectedVersion exact(Version version) { return ExpectedVersion(Kind::exact, version); }

  // The version, for exact() and no_stream().
  std::optional<Version> version() const {
    return kind_ == Kind::exact ? std::optional(version_) : std::nullopt;
  }
  bool must_exist() const { return kind_ == Kind::exists || version_ > 0; }

 private:
  enum class Kind : std::uint8_t { any, exists, exact };
  ExpectedVersion(Kind kind, Version version) : kind_(kind), version_(version) {}
  Kind kind_;
  Version version_;
};

// An event to be appended: the aggregate's id and the version are found by append().
struct EventToAppend {
  std::string type = {};
  std::optional<AttributeValue> payload = {};
  std::optional<AttributeValue> metadata = {};
  std::optional<std::string> timestamp = {};  // none: the storage's clock, one moment for all
};

// The member of an event's metadata in which append() keeps its idempotency key. Readers that do
// not know of it, castore's among them, see one more member.
inline constexpr std::string_view idempotency_key_member = "idempotencyKey";

struct AppendOptions {
  // Names this append, so that repeating it does nothing: a second append to the aggregate with the
  // same key stores nothing and answers with the events that the first one stored. Kept in each
  // event's metadata, which must be a map or absent. The aggregate's history is searched for it
  // first, which costs the reading of it; with no_stream(), only if version 1 is taken.
  std::optional<std::string> idempotency_key = {};
};

// A place that keeps events: a table in castore's current format (single_table_event_storage), in
// its former one (legacy_event_storage), or this process's memory (in_memory_event_storage). All
// keep the same promises:
//
// - A version of an aggregate is given once: of two pushes of it one fails with
//   event_already_exists. Nothing says that versions have no gaps but append().
// - A read sees every push that was answered before it began. A listing may lag behind.
// - What cannot be stored is refused before anything is sent, as invalid_argument: an event store
//   id that check_event_store_id refuses, an empty aggregate id (unless allowed) or type, a version
//   below 1 or above 2^53 - 1, an empty timestamp, text that is not UTF-8, numbers that castore's
//   readers cannot take (beyond 2^53 - 1 in magnitude), keys above 2048 bytes, items above 400 KB,
//   with the size.
// - An error with outcome_unknown() means: no answer came, and asking again did not tell. All else
//   is decided. A push that had been stored although its answer was lost is a success, also where
//   its repetition found the version taken: by itself.
//
// Beside those: resource_not_found (no such table), transaction_conflict (others hold the same
// items still, after several attempts; try again), malformed_item (a stored item that is no event),
// and whatever the database answers.
//
// Thread-safe.
class EventStorage {
 public:
  virtual ~EventStorage() = default;
  EventStorage(const EventStorage&) = delete;
  EventStorage& operator=(const EventStorage&) = delete;

  // The events of an aggregate by version, rising unless reversed; empty if there are none.
  // invalid_argument: min_version above max_version, a limit of 0. malformed_item: one that is no
  // event; get_items reads past it.
  Result<std::vector<Event>> get_events(std::string_view event_store_id,
                                        std::string_view aggregate_id,
                                        const EventsQuery& query = {});

  // The same as items, whatever is in them.
  virtual Result<std::vector<Item>> get_items(std::string_view event_store_id,
                                              std::string_view aggregate_id,
                                              const EventsQuery& query = {}) = 0;

  // Stores one event, if its version is free, and answers with what was stored. Versions may be
  // skipped. event_already_exists.
  virtual Result<Event> push_event(std::string_view event_store_id, NewEvent event,
                                   const PushOptions& options = {}) = 0;

  // Stores all of them or none, and answers in their order. They may be of several stores and
  // tables of one database; of any storage but this kind, they are refused. event_already_exists:
  // see conflicting_events(). invalid_argument: an empty group; more than 100 events or 4 MB; one
  // key twice; different timestamps (unless GroupTimestamps::as_given); an engine without
  // transactions.
  virtual Result<std::vector<Event>> push_event_group(std::vector<GroupedEvent> events,
                                                      const PushOptions& options = {}) = 0;

  // Stores the events after the last one of the aggregate, all or none, without gaps, if the
  // expectation holds. No events: nothing is done or checked.
  //
  // Where the aggregate goes on further than expected the error is event_already_exists, as of a
  // push; where it does not go as far, conditional_check_failed; where it should exist and does
  // not, aggregate_not_found. any() and exists() try again when another writer was quicker, a few
  // times. invalid_argument: several events on an engine without transactions, or more than fit
  // into one.
  virtual Result<std::vector<Event>> append(std::string_view event_store_id,
                                            std::string_view aggregate_id, ExpectedVersion expected,
                                            std::vector<EventToAppend> events,
                                            const AppendOptions& options = {}) = 0;

  // One page of the store's aggregates, in order of their first event's timestamp.
  // invalid_argument: "Invalid page token", for what is not one of this store; initial_event_after
  // above initial_event_before; a limit of 0.
  virtual Result<ListPage> list_aggregate_ids(std::string_view event_store_id,
                                              const ListQuery& query = {}) = 0;

  // The highest version; nothing for an aggregate without events.
  Result<std::optional<Version>> last_version(std::string_view event_store_id,
                                              std::string_view aggregate_id);
  Result<bool> exists(std::string_view event_store_id, std::string_view aggregate_id);

  // Removes the aggregate for good and returns how many events that were. From the highest version
  // down, version 1 last: if it is interrupted, the aggregate is still listed, and deleting it
  // again finishes. Events pushed meanwhile are removed too.
  Result<std::size_t> delete_aggregate(std::string_view event_store_id,
                                       std::string_view aggregate_id);

  // Moves the aggregate to another storage: copies its events, reads them back, and then deletes
  // the originals as delete_aggregate does, those that were pushed meanwhile in another round.
  // Returns how many were moved. Interrupted at any point, no event is lost, and archiving again
  // finishes. Attributes that others added to the items stay behind.
  //
  // Nothing is deleted where not all could be copied. event_already_exists: the archive holds
  // another event at one of the versions; malformed_item: an event without a timestamp; and what
  // the archive refuses to store.
  Result<std::size_t> archive_aggregate(std::string_view event_store_id,
                                        std::string_view aggregate_id, EventStorage& archive);

  // What stands before an aggregate's id in a stored key of the store: "ORDERS#", or nothing.
  virtual std::string key_prefix(std::string_view event_store_id) const = 0;

 protected:
  EventStorage() = default;

  // Deletes the items with the keys of these, which are of one aggregate, in any order. Gone
  // already is as good.
  virtual Result<void> delete_items(const std::vector<Item>& items) = 0;
};

// ---- what follows from it, over any storage ----

struct RangeOptions {
  std::size_t page_events = 100;  // how many are asked for at once
};

// The events that the query asks for, a page at a time. Events pushed meanwhile are met if they
// come after where the range is.
PagedRange<Event> events_of(EventStorage& storage, std::string event_store_id,
                            std::string aggregate_id, EventsQuery query = {},
                            const RangeOptions& options = {});

// All aggregates that the query asks for, past tokens and empty pages.
PagedRange<ListedAggregate> aggregates_of(EventStorage& storage, std::string event_store_id,
                                          ListQuery query = {});

// The events of many aggregates, in the order of the ids, read by `threads` threads at once. The
// first error met, if any.
Result<std::vector<std::vector<Event>>> get_events_of_many(
    EventStorage& storage, std::string_view event_store_id,
    const std::vector<std::string>& aggregate_ids, const EventsQuery& query = {},
    unsigned threads = 8);

// ---- tables ----

enum class GroupTimestamps : std::uint8_t {
  same,      // one moment for the whole group: different timestamps are refused
  as_given,  // what castore 2.4 does: those given are kept, the others share the clock's
};

struct EventTableOptions {
  std::string table_name = {};
  // Called for every request in place of table_name, if set; from any thread.
  std::function<std::string()> table_name_source = {};

  GroupTimestamps group_timestamps = GroupTimestamps::same;
  bool allow_hash_in_event_store_id = false;
  bool allow_empty_aggregate_id = false;
  // Also integers beyond 2^53 - 1 in payload and metadata, up to 38 digits. JavaScript reads them
  // as BigInt.
  bool allow_big_integers = false;
  // Refuses timestamps given by the caller that are not of the form event_timestamp() writes.
  bool strict_timestamps = false;

  // How often a request is sent that others' transactions are in the way of; and how often any()
  // and exists() try to append. With growing, jittered waits between.
  unsigned attempts_max = 6;

  const Clock* clock = &system_clock();  // must outlive the storage
  // How waits are done and chance is had; empty: sleeping, and a generator seeded by the system.
  // Called from any thread.
  std::function<void(std::chrono::milliseconds)> wait = {};
  std::function<std::uint64_t()> random = {};
};

// A table of events, with what only tables have.
class EventTable : public EventStorage {
 public:
  // The table as castore's documentation has it created, with its index "initialEvents", billed by
  // request. Whoever wants it otherwise changes what it may: billing, streams, tags.
  virtual CreateTableRequest table_definition() const = 0;
  // Creates the table, or takes the one that is there if check_table() has nothing against it.
  virtual Result<void> create_table() = 0;
  // invalid_argument, with what is wrong: the table has other keys, or lacks its index.
  virtual Result<void> check_table() = 0;

  // The action that pushes the event, for a transaction of the caller's own beside other actions.
  // The timestamp is set by now. Fails as push_event does before it sends anything.
  virtual Result<TransactPut> build_put(std::string_view event_store_id, NewEvent event,
                                        const PushOptions& options = {}) const = 0;

 protected:
  EventTable() = default;
};

// One table for any number of event stores: castore's DynamoDBSingleTableEventStorageAdapter. The
// key is "<event store id>#<aggregate id>". Nothing but events may be put into it. `database` must
// outlive the storage.
std::unique_ptr<EventTable> single_table_event_storage(Database& database,
                                                       EventTableOptions options);

// One table for one event store: castore's LegacyDynamoDBEventStorageAdapter. The event store's id
// is stored nowhere: two stores on one table see each other's aggregates as their own.
std::unique_ptr<EventTable> legacy_event_storage(Database& database, EventTableOptions options);

struct InMemoryEventOptions {
  GroupTimestamps group_timestamps = GroupTimestamps::same;
  const Clock* clock = &system_clock();  // must outlive the storage
};

// Events in memory, for tests. Stores are apart from each other, as in a single table.
std::unique_ptr<EventStorage> in_memory_event_storage(const InMemoryEventOptions& options = {});

}  // namespace dynakeep
