#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/attribute_view.h"
#include "dynakeep/database.h"
#include "dynakeep/stores/events.h"

namespace dynakeep {

// An aggregate as the fold of its events up to a version had made it.
class EventSnapshot {
 public:
  explicit EventSnapshot(Item item) : item_(std::move(item)) {}

  Version version() const;
  // The greatest timestamp among the events that it holds.
  std::string_view timestamp() const;
  // What the store made of the aggregate. Looks into this object.
  AttributeView state() const;

 private:
  Item item_;
};

struct EventSnapshotOptions {
  std::string table_name = {};
  // How chance is had; empty: a generator seeded by the system. Called from any thread.
  std::function<std::uint64_t()> random = {};
};

// Snapshots of aggregates, in a table of their own: in an event table, other programs would fold
// them as events. An event store keeps them for itself (EventStoreOptions::snapshots); what a
// program calls here is create_table() and the deletions.
//
// A snapshot saves work and is never needed: it may be deleted at any time, with all the others
// too. It is found again only
//
// - under the reducer's version it was made with: give the reducer another, and its snapshots are
//   not looked at any more;
// - under the aggregate's epoch it was made in. Whoever rewrites events ends the epoch, and a fold
//   that had begun before cannot bring the old state back, however late it ends.
//
// Rewriting through an event store that has these snapshots ends the epoch by itself. Whoever
// rewrites or deletes events by other means (a JavaScript program's forced push, a store without
// these snapshots) calls delete_snapshots() or delete_all_snapshots() when it is done; not while a
// rewrite through an event store is going on.
//
// Thread-safe.
class EventSnapshots {
 public:
  // `database` must outlive this; it need not be the one of the events.
  EventSnapshots(Database& database, EventSnapshotOptions options);

  // Keys aggregateId (S, "<event store id>#<aggregate id>") and snapshot (S), billed by request.
  CreateTableRequest table_definition() const;
  // Creates the table, or waits for the one that is there.
  Result<void> create_table();

  // Deletes all snapshots of an aggregate, or of all, whatever their reducer's version. Returns how
  // many items that were. The next two loads of an aggregate make its snapshot anew.
  Result<std::size_t> delete_snapshots(std::string_view event_store_id,
                                       std::string_view aggregate_id);
  Result<std::size_t> delete_all_snapshots();

  // ---- for event stores ----

  // What is known before the events are read.
  struct Found {
    std::optional<EventSnapshot> snapshot = {};
    // What save() asks for. None if there is none yet, or if the aggregate is being rewritten.
    std::optional<std::string> epoch = {};
    bool being_rewritten = false;
  };
  Result<Found> find(std::string_view event_store_id, std::string_view aggregate_id,
                     std::string_view reducer_version);

  // Begins an epoch, if the aggregate has none. What was folded before must not be saved in it.
  Result<void> begin_epoch(std::string_view event_store_id, std::string_view aggregate_id);

  // Keeps the state, unless there is one of this epoch that goes as far. `epoch` was found before
  // any of the events were read. validation: the state does not fit into an item.
  Result<void> save(std::string_view event_store_id, std::string_view aggregate_id,
                    std::string_view reducer_version, const std::string& epoch, Version version,
                    std::string_view timestamp, AttributeValue state);

  // Around a rewrite: until the second call, no snapshot of the aggregate is found or saved; after
  // it, none of before. A process that dies in between leaves the aggregate without snapshots until
  // they are deleted. Returns what end_rewrite takes.
  Result<std::string> begin_rewrite(std::string_view event_store_id, std::string_view aggregate_id);
  Result<void> end_rewrite(std::string_view event_store_id, std::string_view aggregate_id,
                           const std::string& rewrite);

 private:
  std::string new_token() const;
  Result<std::size_t> delete_items(std::vector<Item> keys);

  Database& database_;
  EventSnapshotOptions options_;
};

}  // namespace dynakeep
