#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "dynakeep/database.h"
#include "dynakeep/stores/events.h"

namespace dynakeep {

// From a table of castore's legacy format, which is one event store, into a single table.
struct LegacyMigration {
  std::string legacy_table = {};
  std::string events_table = {};    // of the single-table format; must be there
  std::string event_store_id = {};  // that the events get there
  // Called with the number of events copied so far, now and then.
  std::function<void(std::size_t events)> on_progress = {};
};

// Copies all events, those of aggregates that no listing finds as well, and returns how many. Items
// are copied as they are, but for their key and the index's attribute: timestamps, types, what
// other writers added. The legacy table is left as it is.
//
// Whatever the single table has at the same keys is replaced, so an interrupted run is finished by
// another. An aggregate's version 1 is copied after its other events: readers that find aggregates
// by listing find whole ones. Nobody may write to either table's store meanwhile.
//
// invalid_argument: an id that check_event_store_id refuses, or one table for both. Else what the
// database answers.
Result<std::size_t> migrate_legacy_events(Database& database, const LegacyMigration& migration);

}  // namespace dynakeep
