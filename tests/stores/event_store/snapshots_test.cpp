#include <optional>

#include "dynakeep/stores/event_snapshots.h"
#include "dynakeep/stores/event_testing.h"
#include "stores/event_store/storage_contract.h"
#include "stores/event_store/test_orders.h"

// Snapshots on every kind of database: what they save, and that nothing they do can be wrong.
namespace dynakeep {
namespace {

using namespace contract;
using test_orders::Order;
using test_orders::Orders;
using test_orders::Paid;
using test_orders::Shipped;

class Snapshots : public EventStorageContract {
 protected:
  void SetUp() override {
    EventStorageContract::SetUp();
    snapshots_table_ = table_name() + "-snapshots";
    snapshots_.emplace(database(), EventSnapshotOptions{.table_name = snapshots_table_});
    must(snapshots_->create_table());
  }
  void TearDown() override {
    must(database().delete_table({.table_name = snapshots_table_}));
    EventStorageContract::TearDown();
  }

  Orders store(const std::string& reducer_version = "1", std::size_t after_events = 5) {
    auto options = test_orders::order_options(&storage());
    options.snapshots = {.snapshots = &*snapshots_,
                         .reducer_version = reducer_version,
                         .after_events = after_events};
    return Orders(std::move(options));
  }
  Orders without_snapshots() { return Orders(test_orders::order_options(&storage())); }

  void pay(const Orders& orders, Version from, Version to) {
    for (Version version = from; version <= to; ++version) {
      must(orders.push_event({.aggregate_id = "o-1",
                              .version = version,
                              .body = Paid{.amount = version},
                              .timestamp = moment(version)}));
    }
  }
  static std::string moment(Version version) { return "2024-" + padded(static_cast<int>(version)); }

  // The aggregate, which must be the fold of all its events, and how many of them were read.
  std::size_t events_read(const Orders& orders, const LoadOptions& options = {}) {
    const auto loaded = must(orders.get_aggregate("o-1", options));
    EXPECT_FALSE(loaded.snapshot_failure) << *loaded.snapshot_failure;
    EXPECT_EQ(loaded.aggregate, must(without_snapshots().get_aggregate("o-1", options)).aggregate);
    return loaded.events.size();
  }

  std::vector<Item> rows() {
    return *must(database().scan({.table_name = snapshots_table_})).items;
  }

  std::string snapshots_table_;
  std::optional<EventSnapshots> snapshots_;
};

TEST_P(Snapshots, ALongAggregateIsLoadedFromItsSnapshotAndWhatCameAfter) {
  const Orders orders = store();
  pay(orders, 1, 5);
  EXPECT_EQ(events_read(orders), 5u);  // makes ready
  EXPECT_EQ(events_read(orders), 5u);  // keeps a snapshot
  EXPECT_EQ(events_read(orders), 0u);
  pay(orders, 6, 9);
  EXPECT_EQ(events_read(orders), 4u);
  EXPECT_EQ(events_read(orders), 4u) << "too few for another";
  pay(orders, 10, 10);
  EXPECT_EQ(events_read(orders), 5u);
  EXPECT_EQ(events_read(orders), 0u) << "the snapshot moved on";
}

TEST_P(Snapshots, AShortAggregateLeavesNothing) {
  const Orders orders = store();
  pay(orders, 1, 4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(events_read(orders), 4u);
  EXPECT_TRUE(rows().empty());
}

TEST_P(Snapshots, AnotherReducerDoesNotSeeThem) {
  const Orders first = store("1");
  pay(first, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(first);
  EXPECT_EQ(events_read(first), 0u);
  const Orders second = store("2");
  EXPECT_EQ(events_read(second), 6u);
  EXPECT_EQ(events_read(second), 0u);
  EXPECT_EQ(events_read(first), 0u) << "both are kept beside each other";
}

TEST_P(Snapshots, WhatIsAskedForEarlierThanTheSnapshotIsFolded) {
  const Orders orders = store();
  pay(orders, 1, 8);
  for (int i = 0; i < 2; ++i) events_read(orders);
  EXPECT_EQ(events_read(orders, {.max_version = 8}), 0u);
  EXPECT_EQ(events_read(orders, {.max_version = 7}), 7u);
  EXPECT_EQ(events_read(orders, {.at = moment(8)}), 0u);
  EXPECT_EQ(events_read(orders, {.at = moment(7)}), 7u);
  EXPECT_EQ(events_read(orders), 0u) << "and does not take its place";
}

TEST_P(Snapshots, AForcedPushAtOrBelowTheSnapshotEndsIt) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  for (const Version version : {3, 6, 1}) {
    const auto pushed = must(orders.push_event({.aggregate_id = "o-1",
                                                .version = version,
                                                .body = Paid{.amount = 1'000 * version},
                                                .timestamp = moment(version)},
                                               {.force = true}));
    EXPECT_TRUE(pushed.after_commit.empty());
    EXPECT_EQ(events_read(orders), 6u) << "and makes the next, in the epoch that began";
    EXPECT_EQ(events_read(orders), 0u);
  }
}

TEST_P(Snapshots, AForcedGroupEndsThoseOfAllItsAggregates) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  std::vector<Orders::Grouped> group;
  for (const Version version : {2, 4}) {
    group.push_back(
        orders.group_event({.aggregate_id = "o-1", .version = version, .body = Shipped{}}));
  }
  must(push_event_group(group, {.force = true}));
  EXPECT_EQ(events_read(orders), 6u);
  EXPECT_EQ(events_read(orders), 0u);
}

TEST_P(Snapshots, AFoldThatBeganBeforeARewriteCannotBringTheOldStateBack) {
  const Orders orders = store();
  pay(orders, 1, 6);
  events_read(orders);
  // As a load does it, with a forced push between its reading and its keeping.
  const auto found = must(snapshots_->find(contract::orders, "o-1", "1"));
  ASSERT_TRUE(found.epoch);
  const Order old = *must(orders.get_aggregate("o-1", {.max_version = 6})).aggregate;
  must(orders.push_event({.aggregate_id = "o-1", .version = 2, .body = Paid{.amount = 500}},
                         {.force = true}));
  must(snapshots_->save(contract::orders, "o-1", "1", *found.epoch, 6, moment(6),
                        must(to_attribute(old))));
  EXPECT_EQ(events_read(orders), 6u);
}

TEST_P(Snapshots, WhileARewriteGoesOnNoneIsFoundOrKept) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  const std::string first = must(snapshots_->begin_rewrite(contract::orders, "o-1"));
  const std::string second = must(snapshots_->begin_rewrite(contract::orders, "o-1"));
  EXPECT_EQ(events_read(orders), 6u);
  EXPECT_EQ(events_read(orders), 6u);
  must(snapshots_->end_rewrite(contract::orders, "o-1", first));
  EXPECT_EQ(events_read(orders), 6u) << "the other goes on";
  must(snapshots_->end_rewrite(contract::orders, "o-1", second));
  EXPECT_EQ(events_read(orders), 6u);
  EXPECT_EQ(events_read(orders), 0u);
}

TEST_P(Snapshots, AForcedPushThatIsRefusedEndsItsRewrite) {
  const Orders orders = store();
  pay(orders, 1, 6);
  EXPECT_FALSE(
      orders.push_event({.aggregate_id = "o-1", .version = 0, .body = Shipped{}}, {.force = true}));
  EXPECT_EQ(events_read(orders), 6u);
  EXPECT_EQ(events_read(orders), 0u);
}

TEST_P(Snapshots, DeletingThemIsAlwaysSafe) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  const auto before = must(snapshots_->find(contract::orders, "o-1", "1"));
  EXPECT_EQ(must(snapshots_->delete_snapshots(contract::orders, "o-1")), 2u);
  EXPECT_TRUE(rows().empty());
  // A load that was under way keeps what it made, and nobody finds it.
  must(snapshots_->save(contract::orders, "o-1", "1", *before.epoch, 6, moment(6), "stale"));
  EXPECT_EQ(events_read(orders), 6u);
  EXPECT_EQ(events_read(orders), 6u);
  EXPECT_EQ(events_read(orders), 0u);
  EXPECT_EQ(must(snapshots_->delete_all_snapshots()), 2u);
  EXPECT_TRUE(rows().empty());
  EXPECT_EQ(events_read(orders), 6u);
}

TEST_P(Snapshots, OneThatCannotBeReadIsToldAndDoneWithout) {
  const Orders orders = store();
  pay(orders, 1, 6);
  events_read(orders);
  const auto found = must(snapshots_->find(contract::orders, "o-1", "1"));
  must(snapshots_->save(contract::orders, "o-1", "1", *found.epoch, 3, moment(3), "no order"));
  const auto loaded = must(orders.get_aggregate("o-1"));
  EXPECT_EQ(loaded.events.size(), 6u);
  EXPECT_EQ(loaded.aggregate->paid, 21);
  ASSERT_TRUE(loaded.snapshot_failure);
  EXPECT_EQ(loaded.snapshot_failure->code(), ErrorCode::serialization);
}

TEST_P(Snapshots, WithoutTheirTableEverythingIsFoldedAndToldOf) {
  EventSnapshots elsewhere(database(), {.table_name = "no-such-table-of-snapshots"});
  auto options = test_orders::order_options(&storage());
  options.snapshots = {.snapshots = &elsewhere, .reducer_version = "1", .after_events = 1};
  const Orders orders(std::move(options));
  pay(orders, 1, 3);
  const auto loaded = must(orders.get_aggregate("o-1"));
  EXPECT_EQ(loaded.aggregate->paid, 6);
  ASSERT_TRUE(loaded.snapshot_failure);
  EXPECT_EQ(loaded.snapshot_failure->code(), ErrorCode::resource_not_found);
  // What would leave a stale snapshot behind is not done at all.
  refused(
      orders.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}}, {.force = true}),
      ErrorCode::resource_not_found);
  EXPECT_EQ(must(orders.get_aggregate("o-1")).aggregate->paid, 6);
}

TEST_P(Snapshots, AHistoryWithAGapKeepsNone) {
  const Orders orders = store();
  pay(orders, 1, 3);
  pay(orders, 5, 8);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(events_read(orders), 7u);
  pay(orders, 4, 4);
  events_read(orders);
  EXPECT_EQ(events_read(orders), 8u);
  EXPECT_EQ(events_read(orders), 0u);
}

TEST_P(Snapshots, ADeletedAggregateTakesThemWithIt) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  EXPECT_EQ(must(orders.delete_aggregate("o-1")), 6u);
  EXPECT_FALSE(must(orders.get_aggregate("o-1")).aggregate);
  EXPECT_TRUE(rows().empty());
  pay(orders, 1, 2);
  EXPECT_EQ(events_read(orders), 2u);
}

TEST_P(Snapshots, AnArchivedAggregateTakesThemWithIt) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  EventStorage& archive = another();
  EXPECT_EQ(must(orders.archive_aggregate("o-1", archive)), 6u);
  EXPECT_FALSE(must(orders.get_aggregate("o-1")).aggregate);
  EXPECT_EQ(must(orders.on(archive).get_existing_aggregate("o-1")).aggregate.version, 6);
}

TEST_P(Snapshots, AStoreThatIsPutOnAnotherStorageLooksForNone) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  {
    const auto muted = must(mute_event_store(orders));
    EXPECT_FALSE(must(orders.get_aggregate("o-1")).aggregate);
    must(orders.push_event({.aggregate_id = "o-1", .version = 1, .body = Shipped{}},
                           {.force = true}));
  }
  EXPECT_EQ(events_read(orders), 0u);
  const auto mock = must(mock_event_store(orders));
  EXPECT_FALSE(must(mock.store().get_aggregate("o-1")).aggregate);
}

TEST_P(Snapshots, AreInATableOfTheirOwn) {
  const Orders orders = store();
  pay(orders, 1, 6);
  for (int i = 0; i < 2; ++i) events_read(orders);
  EXPECT_EQ(must(database().scan({.table_name = table_name()})).count, 6);
  EXPECT_EQ(rows().size(), 2u);
}

ON_EVERY_TABLE(Snapshots);

}  // namespace
}  // namespace dynakeep
