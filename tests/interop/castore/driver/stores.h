#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/event_storage.h"
#include "dynakeep/stores/event_store.h"

namespace dynakeep::castore {

// What every aggregate of the scenarios is: which events it had.
struct History {
  std::string aggregate_id = {};
  Version version = 0;
  std::vector<std::string> history = {};  // "1:ORDER_PLACED"

  static void fields(auto& self, auto&& field) { field("history", self.history); }
};

// The scenarios' events are whatever JSON says.
using AnyEvent = std::variant<UnknownEvent>;
using Store = EventStore<History, AnyEvent>;

// The event stores of the scenarios, on storage of the two formats: "single" and "legacy".
class Stores {
 public:
  Stores(Database& database, std::string events_table, std::string legacy_table);

  Database& database() { return database_; }

  // Asked for each request, so that one process serves scenarios on tables of their own.
  void use_tables(std::string events_table, std::string legacy_table);
  std::string table_name(std::string_view format) const;

  // Null if there is none.
  const Store* find(const std::string& id, const std::string& format) const;
  // One that there is.
  const Store& store(const std::string& id, const std::string& format = "single") const;

  static std::vector<std::string> ids() { return {"ORDERS", "CUSTOMERS", "COUNTERS"}; }

 private:
  Database& database_;
  std::string events_table_;
  std::string legacy_table_;
  std::unique_ptr<EventTable> single_;
  std::unique_ptr<EventTable> legacy_;
  std::map<std::pair<std::string, std::string>, Store> stores_;
};

Store make_store(const std::string& id, EventStorage& storage, SnapshotPolicy snapshots = {});

Store::New to_push(NewEvent event);

// As castore has them in JSON.
AttributeMap fields_of(const Event& event);
AttributeMap fields_of(const History& aggregate);

}  // namespace dynakeep::castore
