#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "dynakeep/clock.h"
#include "dynakeep/embedded.h"
#include "dynakeep/stores/versioned_collections.h"
#include "stores/event_store/scripted_database.h"

// What the store asks of its database, and what it makes of answers that are lost.
namespace dynakeep {
namespace {

using contract::must;
using contract::refused;
using contract::ScriptedDatabase;

const Error lost =
    Error(ErrorCode::unavailable, "the connection is gone").set_outcome_unknown(true);

class CollectionsRequests : public testing::Test {
 protected:
  void SetUp() override {
    database_ = must(open_embedded({.in_memory = true}));
    scripted_ = std::make_unique<ScriptedDatabase>(*database_);
    store_ = must(VersionedCollections::create(
        *scripted_, {.clock = &clock_, .wait = [](std::chrono::milliseconds) {}}));
    must(store_->prepare_tables());
    posts_ = must(store_->create_collection("app", "u", "posts")).path;
    post_ = must(store_->create_entry(posts_, ResourceChange::rename("one"))).path;
  }

  std::size_t versions() { return must(store_->all_versions(post_)).size(); }

  ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ScriptedDatabase> scripted_;
  std::unique_ptr<VersionedCollections> store_;
  ResourcePath posts_;
  ResourcePath post_;
};

TEST_F(CollectionsRequests, AWriteWhoseAnswerIsLostIsLookedFor) {
  scripted_->writes = {{.error = lost}};
  const auto written = must(store_->update(post_, ResourceChange::rename("two")));
  EXPECT_EQ(written.revision, 2);
  EXPECT_EQ(versions(), 2u);

  scripted_->writes = {{.error = lost}};
  EXPECT_TRUE(must(store_->remove(post_)).is_deleted());
}

TEST_F(CollectionsRequests, AWriteThatDidNotArriveIsSentAgainUnderItsToken) {
  scripted_->transactions.clear();
  scripted_->writes = {{.carried_out = false, .error = lost}};
  EXPECT_EQ(must(store_->update(post_, ResourceChange::rename("two"))).revision, 2);
  ASSERT_EQ(scripted_->transactions.size(), 2u);
  EXPECT_EQ(scripted_->transactions[0].client_request_token,
            scripted_->transactions[1].client_request_token);
  EXPECT_EQ(versions(), 2u);
}

TEST_F(CollectionsRequests, AWriteThatIsOvertakenAfterItsAnswerWasLostIsItselfStill) {
  const auto other = must(VersionedCollections::create(*database_, {.clock = &clock_}));
  scripted_->writes = {{.error = lost}};
  scripted_->reads = {
      {},  // the head, before
      {.before = [&] { must(other->update(post_, ResourceChange::rename("three"))); }}};
  const auto written = must(store_->update(post_, ResourceChange::rename("two")));
  EXPECT_EQ(written.name, "two");
  EXPECT_EQ(written.revision, 2);
  EXPECT_EQ(must(store_->get(post_)).name, "three");
  EXPECT_EQ(versions(), 3u);
}

TEST_F(CollectionsRequests, WhereNobodyCanTellTheErrorSaysSo) {
  for (int i = 0; i < 200; ++i) scripted_->writes.push_back({.carried_out = false, .error = lost});
  const auto written = store_->update(post_, ResourceChange::rename("two"));
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().outcome_unknown());
  scripted_->writes.clear();
  EXPECT_EQ(versions(), 1u);
}

TEST_F(CollectionsRequests, ACreateWhoseAnswerIsLostIsOneEntry) {
  scripted_->writes = {{.error = lost}};
  const auto created = must(store_->create_entry(posts_, ResourceChange::rename("new")));
  EXPECT_EQ(must(store_->get(created.path)), created);
  scripted_->writes = {{.carried_out = false, .error = lost}};
  const auto failed = store_->create_entry(posts_, ResourceChange::rename("newer"));
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().outcome_unknown());
  EXPECT_EQ(must(store_->list_entries(posts_)).items.size(), 2u);
}

TEST_F(CollectionsRequests, OthersInTheWayForTooLongAreToldAsAConflict) {
  Error cancelled(ErrorCode::transaction_canceled, "cancelled");
  cancelled.set_cancellation_reasons({{.code = "None"}, {.code = "TransactionConflict"}});
  for (int i = 0; i < 60; ++i) {
    scripted_->writes.push_back({.carried_out = false, .error = cancelled});
  }
  refused(store_->update(post_, ResourceChange::rename("two")), ErrorCode::write_conflict);
  EXPECT_TRUE(scripted_->writes.empty());

  cancelled.set_cancellation_reasons({{.code = "None"}, {.code = "ValidationError"}});
  scripted_->writes = {{.carried_out = false, .error = cancelled}};
  refused(store_->update(post_, ResourceChange::rename("two")), ErrorCode::transaction_canceled);
}

TEST_F(CollectionsRequests, TheNewestCostsOneItemHoweverLongTheHistory) {
  for (int i = 0; i < 300; ++i) {
    must(store_->update(post_, ResourceChange::rename(std::to_string(i))));
  }
  scripted_->queries.clear();
  scripted_->gets.clear();
  EXPECT_EQ(must(store_->get(post_)).name, "299");
  EXPECT_TRUE(scripted_->gets.empty());
  ASSERT_EQ(scripted_->queries.size(), 1u);
  EXPECT_EQ(scripted_->queries[0].limit, 1);
  EXPECT_EQ(scripted_->queries[0].scan_index_forward, false);
  EXPECT_EQ(must(database_->query(scripted_->queries[0])).scanned_count, 1);

  // An update: the head, the newest version, and one transaction.
  scripted_->queries.clear();
  scripted_->transactions.clear();
  must(store_->update(post_, ResourceChange::rename("last")));
  EXPECT_EQ(scripted_->gets.size(), 1u);
  EXPECT_EQ(scripted_->queries.size(), 1u);
  EXPECT_EQ(scripted_->transactions.size(), 1u);
}

TEST_F(CollectionsRequests, AListReadsNoLongHistoryToItsEnd) {
  for (int i = 0; i < 300; ++i) {
    must(store_->update(post_, ResourceChange::rename(std::to_string(i))));
  }
  for (int i = 0; i < 5; ++i) must(store_->create_entry(posts_, ResourceChange::rename("short")));
  // How many versions it takes to show the list: a small page has no more than it needs anyway.
  const auto rows_read = [&](std::size_t limit) {
    scripted_->queries.clear();
    const auto page = must(store_->list_entries_page(posts_, {.limit = limit}));
    EXPECT_EQ(page.items.size(), 6U);
    std::int64_t rows = 0;
    for (const QueryRequest& query : scripted_->queries) {
      rows += must(database_->query(query)).scanned_count;
    }
    return rows;
  };
  EXPECT_LE(rows_read(30), 90);
}

TEST_F(CollectionsRequests, OnlyTheTwoTablesAreAskedAboutAtTheStart) {
  for (int i = 0; i < 150; ++i) {
    CreateTableRequest other = store_->entries_table_definition();
    other.table_name = "Other" + std::to_string(i);
    must(database_->create_table(other));
  }
  scripted_->described.clear();
  must(store_->prepare_tables());
  EXPECT_THAT(scripted_->described,
              testing::ElementsAre("dynamomini.collections", "dynamomini.entries"));
}

TEST_F(CollectionsRequests, AnEngineWithoutTransactionsMustBeAskedFor) {
  scripted_->can.transactions = false;
  refused(VersionedCollections::create(*scripted_), ErrorCode::invalid_argument);
  EXPECT_TRUE(VersionedCollections::create(*scripted_, {.write_mode = WriteMode::conditional}));
  refused(VersionedCollections::create(*scripted_, {.entries_table = ""}),
          ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dynakeep
