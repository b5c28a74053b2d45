#include <algorithm>
#include <vector>

#include "dynakeep/pages.h"
#include "dynakeep/stores/event_migration.h"
#include "stores/event_store/storage_contract.h"

// From a legacy table, which is the fixture's, into a single one.
namespace dynakeep {
namespace {

using contract::event_at;
using contract::event_of;
using contract::json;
using contract::must;
using contract::orders;
using contract::refused;

class Migration : public contract::EventStorageContract {
 protected:
  void SetUp() override {
    EventStorageContract::SetUp();
    single_ = single_table_event_storage(database(), {.table_name = single_name()});
    must(single_->create_table());
  }
  void TearDown() override {
    must(database().delete_table({.table_name = single_name()}));
    EventStorageContract::TearDown();
  }

  std::string single_name() const { return table_name() + "-single"; }
  EventTable& single() { return *single_; }

  Result<std::size_t> migrate() {
    return migrate_legacy_events(
        database(),
        {.legacy_table = table_name(), .events_table = single_name(), .event_store_id = orders});
  }

  std::vector<Item> all_items(const std::string& table) {
    std::vector<Item> items;
    must(for_each_item(database(), ScanRequest{.table_name = table, .consistent_read = true},
                       [&](Item&& item) {
                         items.push_back(std::move(item));
                         return true;
                       }));
    return items;
  }

 private:
  std::unique_ptr<EventTable> single_;
};

TEST_P(Migration, EventsAreFoundUnderTheStoresIdAndListed) {
  NewEvent placed = event_at("2021-01-01T00:00:00.000Z", "o-1");
  placed.payload = json(R"({"total":19.5,"coupon":null})");
  placed.metadata = json("[]");
  push({placed, event_at("2020-12-31T23:59:59.999Z", "o-1", 2),
        event_at("2021-02-01T00:00:00.000Z", "a#b")});

  EXPECT_EQ(must(migrate()), 3U);

  EXPECT_EQ(must(single().get_events(orders, "o-1")), events("o-1"));
  EXPECT_EQ(must(single().get_events(orders, "a#b")), events("a#b"));
  EXPECT_EQ(must(single().list_aggregate_ids(orders)).aggregates,
            must(table().list_aggregate_ids(orders)).aggregates);
}

TEST_P(Migration, AnItemIsCopiedAsItIsButForKeyAndIndexAttribute) {
  const Item initial{{"aggregateId", "o-1"},      {"version", 1},
                     {"type", "ORDER_PLACED"},    {"timestamp", "2021"},
                     {"isInitialEvent", 1},       {"ttl", 99},
                     {"payload", StringSet{"a"}}, {"metadata", Binary("\x01")}};
  const Item no_event{{"aggregateId", "o-1"}, {"version", must(Number::parse("1.5"))}};
  must(database().put_item({.table_name = table_name(), .item = initial}));
  must(database().put_item({.table_name = table_name(), .item = no_event}));

  must(migrate());

  Item first = initial;
  first.erase("isInitialEvent");
  first["aggregateId"] = "ORDERS#o-1";
  first["eventStoreId"] = "ORDERS";
  Item second = no_event;
  second["aggregateId"] = "ORDERS#o-1";
  EXPECT_EQ(all_items(single_name()), (std::vector<Item>{first, second}));
  EXPECT_EQ(all_items(table_name()), (std::vector<Item>{initial, no_event}));
}

TEST_P(Migration, AggregatesThatNoListingFindsAreCopiedToo) {
  push({event_of("headless", 2)});
  EXPECT_EQ(must(migrate()), 1U);
  EXPECT_EQ(must(single().last_version(orders, "headless")), 2);
}

TEST_P(Migration, ASecondRunFinishesWhatTheFirstHadBegun) {
  for (int i = 0; i < 40; ++i) {
    const std::string id = "o-" + std::to_string(i);
    push({event_of(id, 1), event_of(id, 2), event_of(id, 3)});
  }
  must(single().push_event(orders, event_at("2000", "o-7", 2)));  // some of it is there already
  EXPECT_EQ(must(migrate()), 120U);
  const auto once = all_items(single_name());
  EXPECT_EQ(must(migrate()), 120U);
  EXPECT_EQ(all_items(single_name()), once);
  EXPECT_EQ(once.size(), 120U);
  EXPECT_EQ(must(single().get_events(orders, "o-7")), events("o-7"));
}

// At every moment that progress is told of, as a reader would find them.
TEST_P(Migration, ListedAggregatesAreWholeAtEveryMoment) {
  for (int i = 0; i < 30; ++i) {
    const std::string id = "o-" + std::to_string(i);
    for (Version version = 1; version <= 9; ++version) push({event_of(id, version)});
  }
  std::vector<std::size_t> told;
  must(migrate_legacy_events(database(), {.legacy_table = table_name(),
                                          .events_table = single_name(),
                                          .event_store_id = orders,
                                          .on_progress = [&](std::size_t events) {
                                            told.push_back(events);
                                            for (auto& each : aggregates_of(single(), orders)) {
                                              const std::string id =
                                                  must(std::move(each)).aggregate_id;
                                              EXPECT_EQ(must(single().last_version(orders, id)), 9)
                                                  << id;
                                            }
                                          }}));
  EXPECT_GE(told.size(), 3U);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), 270U);
}

TEST_P(Migration, WhatMakesNoSenseIsRefused) {
  const auto migrate_from = [this](const std::string& from, const std::string& to,
                                   const std::string& store) {
    return migrate_legacy_events(
        database(), {.legacy_table = from, .events_table = to, .event_store_id = store});
  };
  push({event_of("o-1", 1)});
  refused(migrate_from(table_name(), single_name(), "A#B"), ErrorCode::invalid_argument);
  refused(migrate_from(table_name(), table_name(), orders), ErrorCode::invalid_argument);
  refused(migrate_from(table_name(), "Absent", orders), ErrorCode::resource_not_found);
  refused(migrate_from("Absent", single_name(), orders), ErrorCode::resource_not_found);
  EXPECT_EQ(all_items(single_name()), std::vector<Item>());
}

std::vector<contract::StorageKind> legacy_kinds() {
  auto all = contract::table_kinds();
  all.erase(
      std::remove_if(all.begin(), all.end(),
                     [](const auto& kind) { return kind.format != contract::Format::legacy; }),
      all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Stores, Migration, testing::ValuesIn(legacy_kinds()),
                         contract::storage_kind_name);

}  // namespace
}  // namespace dynakeep
