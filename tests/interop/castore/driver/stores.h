#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/event_storage.h"

namespace dynakeep::castore {

// The event stores of the scenarios. Storage by format as the calls name it: "single", "legacy".
class Stores {
 public:
  Stores(Database& database, std::string events_table, std::string legacy_table);

  Database& database() { return database_; }

  // Asked for each request, so that one process serves scenarios on tables of their own.
  void use_tables(std::string events_table, std::string legacy_table);
  std::string table_name(std::string_view format) const;

  // Null for a format that there is not.
  EventTable* storage(std::string_view format);

  static std::vector<std::string> ids() { return {"ORDERS", "CUSTOMERS", "COUNTERS"}; }

 private:
  Database& database_;
  std::string events_table_;
  std::string legacy_table_;
  std::unique_ptr<EventTable> single_;
  std::unique_ptr<EventTable> legacy_;
};

// {"aggregateId": …, "version": …, "history": ["1:ORDER_PLACED", …]}, the events folded.
AttributeMap folded(const std::vector<Event>& events);

// The event's fields as castore names them; payload and metadata only if there are any.
AttributeMap fields_of(const Event& event);

}  // namespace dynakeep::castore
