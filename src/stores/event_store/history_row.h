#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dynakeep/database.h"
#include "dynakeep/stores/event_marks.h"

namespace dynakeep::event_store {

// The item that has how far the history of one subscription was read, and whose the subscription
// is: as EventMarks says of the methods of these names.
struct HistoryRow {
  Database& database;
  std::string table_name = {};
  Key key = {};
  std::string subscription = {};

  Result<std::int64_t> claim() const;
  Result<void> confirm(std::int64_t epoch) const;
  Result<std::optional<EventHistory>> load() const;
  Result<void> save(const EventHistory& history) const;
};

// Of marks in a table.
HistoryRow history_of_marks(Database& database, const EventMarkTableOptions& options);

}  // namespace dynakeep::event_store
