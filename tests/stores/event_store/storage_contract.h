#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "contract/kinds.h"
#include "dynakeep/clock.h"
#include "dynakeep/json.h"
#include "dynakeep/stores/event_storage.h"

// The kinds of EventStorage, on every kind of Database, and what tests of them share.
namespace dynakeep::contract {

enum class Format : std::uint8_t { single_table, legacy, in_memory };

struct StorageKind {
  std::string name = {};
  Format format = Format::in_memory;
  Kind database = {};  // unless in memory

  friend std::ostream& operator<<(std::ostream& out, const StorageKind& kind) {
    return out << kind.name;
  }
};

// In both table formats, embedded, remote in process and remote over a socket; and in memory.
std::vector<StorageKind> storage_kinds();
// Without the one in memory.
std::vector<StorageKind> table_kinds();

std::string storage_kind_name(const testing::TestParamInfo<StorageKind>& kind);

inline const std::string orders = "ORDERS";
inline const std::string customers = "CUSTOMERS";

// Of a time that nobody would ask for.
NewEvent event_of(std::string aggregate_id, Version version, std::string type = "ORDER_PLACED");
// With a timestamp.
NewEvent event_at(std::string timestamp, std::string aggregate_id, Version version = 1);
AttributeValue json(std::string_view text);

std::vector<Version> versions_of(const std::vector<Event>& events);
std::vector<std::string> ids_of(const std::vector<ListedAggregate>& listed);

// A storage of one kind, its table fresh.
class EventStorageContract : public testing::TestWithParam<StorageKind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  EventStorage& storage() { return table_ ? *table_ : *in_memory_; }
  EventTable& table() { return *table_; }
  Database& database() { return *opened_.database; }
  bool is_table() const { return table_ != nullptr; }
  bool is_legacy() const { return GetParam().format == Format::legacy; }
  const std::string& table_name() const { return table_name_; }

  // Another storage of the same table, or of another in the same format if `name` is given; both
  // see one clock.
  std::unique_ptr<EventTable> open_table(EventTableOptions options);
  // A second storage of the kind, empty.
  EventStorage& another();

  std::vector<Event> push(const std::vector<NewEvent>& events, const std::string& store = orders);
  std::vector<Event> events(const std::string& id, const EventsQuery& query = {},
                            const std::string& store = orders);
  std::vector<std::string> listed(ListQuery query = {}, const std::string& store = orders);
  // As it is stored.
  std::optional<Item> raw(const std::string& id, Version version,
                          const std::string& store = orders);
  std::string stored_key(const std::string& id, const std::string& store = orders);

  ManualClock clock_;

 private:
  support::OwnedDatabase opened_;
  std::string table_name_;
  std::unique_ptr<EventTable> table_;
  std::unique_ptr<EventStorage> in_memory_;
  std::unique_ptr<EventStorage> another_;
  std::vector<std::string> tables_;
};

}  // namespace dynakeep::contract

#define ON_EVERY_STORAGE(suite)                                                         \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::ValuesIn(contract::storage_kinds()), \
                           contract::storage_kind_name)
#define ON_EVERY_TABLE(suite)                                                         \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::ValuesIn(contract::table_kinds()), \
                           contract::storage_kind_name)
