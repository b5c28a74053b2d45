#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "dynakeep/clock.h"
#include "dynakeep/embedded.h"
#include "stores/dismissals/dismissals_contract.h"
#include "stores/event_store/scripted_database.h"

// What the store asks of its database, and what it makes of answers that are lost, late or partial.
namespace dynakeep {
namespace {

using contract::item_id;
using contract::item_ids;
using contract::must;
using contract::refused;
using contract::ScriptedDatabase;
using contract::user_id;

const Error lost =
    Error(ErrorCode::unavailable, "the connection is gone").set_outcome_unknown(true);
const std::string table = "dismissible-items";

// Its first read is from before anything was written.
class StaleDatabase : public ScriptedDatabase {
 public:
  using ScriptedDatabase::ScriptedDatabase;
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    if (stale_reads++ == 0) return GetItemResult();
    return ScriptedDatabase::get_item(request);
  }
  int stale_reads = 0;
};

// Does not tell what a condition met.
class SilentDatabase : public ScriptedDatabase {
 public:
  using ScriptedDatabase::ScriptedDatabase;
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return ScriptedDatabase::put_item(silenced(request));
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return ScriptedDatabase::update_item(silenced(request));
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    EXPECT_EQ(request.consistent_read, true);
    if (before_get) before_get();
    return ScriptedDatabase::get_item(request);
  }
  std::function<void()> before_get = {};

 private:
  template <typename Request>
  static Request silenced(Request request) {
    EXPECT_EQ(request.return_values_on_condition_check_failure,
              ReturnValuesOnConditionCheckFailure::all_old);
    request.return_values_on_condition_check_failure.reset();
    return request;
  }
};

// Answers a put once `together` are under way, as over a network of some distance.
class DistantDatabase : public server::UnusedDatabase {
 public:
  explicit DistantDatabase(std::size_t together) : together_(together) {}

  Result<PutItemResult> put_item(const PutItemRequest&) override {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++under_way_);
    ++puts_;
    changed_.notify_all();
    // The first finds out that calls take their time, so nobody joins it.
    if (puts_ == 1) {
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      lock.lock();
    } else {
      EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(120),
                                    [this] { return most_ >= together_; }));
    }
    --under_way_;
    return PutItemResult();
  }
  std::size_t most() const { return most_; }
  std::size_t puts() const { return puts_; }

 private:
  const std::size_t together_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  std::size_t most_ = 0;
  std::size_t puts_ = 0;
};

// Writes that are durable later.
class DeferringDatabase : public ScriptedDatabase {
 public:
  using ScriptedDatabase::ScriptedDatabase;
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    DeferredDurability* const scope = DeferredDurability::current();
    EXPECT_NE(scope, nullptr);
    if (scope != nullptr) scope->note(++position_);
    return ScriptedDatabase::put_item(request);
  }
  void when_durable(std::uint64_t position,
                    std::function<void(const Result<void>&)> done) override {
    waited_for.push_back(position);
    done(outcome);
  }
  std::vector<std::uint64_t> waited_for;
  Result<void> outcome;

 private:
  std::uint64_t position_ = 0;
};

class DismissalRequests : public testing::Test {
 protected:
  void SetUp() override {
    database_ = must(open_embedded({.in_memory = true}));
    scripted_ = std::make_unique<ScriptedDatabase>(*database_);
    must(must(dismissal_table(*database_, {.table = table}))->create_table());
    open();
  }
  void open(DismissalTableOptions options = {}) {
    options.table = table;
    options.clock = &clock_;
    options.wait = [this](std::chrono::milliseconds time) { waited_.push_back(time); };
    store_ = must(dismissal_table(*scripted_, std::move(options)));
  }
  // Past what is scripted: another server.
  std::unique_ptr<DismissalTable> other() {
    return must(dismissal_table(*database_, {.table = table, .clock = &clock_}));
  }
  DismissalTime now() const { return std::chrono::floor<std::chrono::milliseconds>(clock_.now()); }
  std::optional<Item> raw(const std::string& id = "banner") {
    return must(database_->get_item({.table_name = table, .key = Key{{"userId", "u"}, {"id", id}}}))
        .item;
  }
  void put_raw(Item item) { must(database_->put_item({.table_name = table, .item = item})); }

  const DismissalUserId user_ = user_id("u");
  const DismissalItemId item_ = item_id("banner");
  ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ScriptedDatabase> scripted_;
  std::unique_ptr<DismissalTable> store_;
  std::vector<std::chrono::milliseconds> waited_;
};

TEST_F(DismissalRequests, OpeningAsksNothing) { EXPECT_EQ(scripted_->requests(), 0u); }

TEST_F(DismissalRequests, EachOperationOnAPlainItemIsOne) {
  must(store_->create(user_, item_));
  must(store_->get(user_, item_));
  must(store_->dismiss(user_, item_));
  must(store_->restore(user_, item_));
  must(store_->create(user_, item_));
  must(store_->get_many(user_, item_ids({"banner", "b", "c"})));
  must(store_->remove(user_, item_));
  EXPECT_EQ(scripted_->requests(), 7u);
  EXPECT_TRUE(waited_.empty());
}

TEST_F(DismissalRequests, ReadsAreConsistentUnlessThatIsSwitchedOff) {
  must(store_->get(user_, item_));
  must(store_->get_many(user_, item_ids({"a"})));
  must(store_->list(user_));
  open({.consistent_reads = false});
  must(store_->get(user_, item_));
  must(store_->get_many(user_, item_ids({"a"})));
  must(store_->list(user_));
  EXPECT_EQ(scripted_->gets[0].consistent_read, true);
  EXPECT_EQ(scripted_->gets[1].consistent_read, std::nullopt);
  EXPECT_EQ(scripted_->batch_gets[0].request_items->at(table).consistent_read, true);
  EXPECT_EQ(scripted_->batch_gets[1].request_items->at(table).consistent_read, std::nullopt);
  EXPECT_EQ(scripted_->queries[0].consistent_read, true);
  EXPECT_EQ(scripted_->queries[1].consistent_read, std::nullopt);
}

TEST_F(DismissalRequests, ABatchAsksForEachKeyOnceAndForAtMostAHundredAtATime) {
  std::vector<std::string> ids;
  for (int i = 0; i < 150; ++i) ids.push_back(std::to_string(i % 120));
  must(store_->get_many(user_, item_ids(ids)));
  ASSERT_EQ(scripted_->batch_gets.size(), 2u);
  std::size_t asked = 0;
  for (const auto& request : scripted_->batch_gets) {
    const std::size_t keys = request.request_items->at(table).keys->size();
    EXPECT_LE(keys, 100u);
    asked += keys;
  }
  EXPECT_EQ(asked, 120u);
}

TEST_F(DismissalRequests, ATableIsAskedForAsUpstreamAsksForIt) {
  const CreateTableRequest asked = dismissal_table_definition("t");
  EXPECT_EQ(asked.table_name, "t");
  EXPECT_EQ(asked.attribute_definitions,
            (std::vector<AttributeDefinition>{{"userId", ScalarType::string},
                                              {"id", ScalarType::string}}));
  EXPECT_EQ(asked.key_schema, (KeySchema{{"userId", KeyType::hash}, {"id", KeyType::range}}));
  EXPECT_EQ(asked.billing_mode, BillingMode::pay_per_request);
  EXPECT_EQ(asked.provisioned_throughput, std::nullopt);
}

TEST_F(DismissalRequests, ManyCreationsAreUnderWayAtOnceWhereTheDatabaseIsFarAway) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(std::to_string(i));
  DistantDatabase distant(10);
  const auto store = must(dismissal_table(distant, {.table = table, .clock = &clock_}));
  EXPECT_EQ(must(store->create_many(user_, item_ids(ids))).size(), 50u);
  EXPECT_EQ(distant.puts(), 50u);
  EXPECT_EQ(distant.most(), 10u);

  DistantDatabase alone(1);
  const auto one =
      must(dismissal_table(alone, {.table = table, .in_flight_max = 1, .clock = &clock_}));
  must(one->create_many(user_, item_ids(ids)));
  EXPECT_EQ(alone.most(), 1u);
}

TEST_F(DismissalRequests, ManyCreationsWaitForTheDiskOnce) {
  DeferringDatabase deferring(*database_);
  const auto store =
      must(dismissal_table(deferring, {.table = table, .in_flight_max = 1, .clock = &clock_}));
  must(store->create_many(user_, item_ids({"a", "b", "c"})));
  EXPECT_EQ(deferring.waited_for, std::vector<std::uint64_t>{3});

  // A caller who waits by himself is told how far.
  {
    const DeferredDurability deferred;
    must(store->create_many(user_, item_ids({"d", "e"})));
    EXPECT_EQ(deferred.position(), 5u);
  }
  EXPECT_EQ(deferring.waited_for.size(), 1u);

  deferring.outcome = Error(ErrorCode::internal_server_error, "the disk is full");
  refused(store->create_many(user_, item_ids({"f"})), ErrorCode::internal_server_error);
  for (const auto& change :
       store->dismiss_many(user_, item_ids({"g", "h"}), {.create_missing = true})) {
    refused(change, ErrorCode::internal_server_error);
  }
}

// 22
TEST_F(DismissalRequests, WhatABatchLeftUnreadIsAskedForAgain) {
  const auto ids = item_ids({"a", "b", "c", "d"});
  must(other()->create_many(user_, ids));
  must(other()->dismiss(user_, item_id("d")));
  scripted_->unprocessed = {4, 3};
  const auto all = must(store_->get_or_create_many(user_, ids));
  EXPECT_EQ(scripted_->batch_gets.size(), 3u);
  EXPECT_TRUE(scripted_->puts.empty());
  EXPECT_TRUE(all[3].item.is_dismissed());
  for (const auto& each : all) EXPECT_FALSE(each.created);
  EXPECT_EQ(waited_.size(), 2u);
}

// 22
TEST_F(DismissalRequests, WhatIsNeverReadFailsTheCallAndIsNotTakenForMissing) {
  for (int i = 0; i < 100; ++i) scripted_->unprocessed.push_back(1);
  const auto failed = store_->get_or_create_many(user_, item_ids({"a", "b"}));
  refused(failed, ErrorCode::provisioned_throughput_exceeded);
  EXPECT_EQ(scripted_->batch_gets.size(), 8u);
  EXPECT_TRUE(scripted_->puts.empty());
  for (const auto& wait : waited_) EXPECT_LE(wait, std::chrono::seconds(2));
}

// 23
TEST_F(DismissalRequests, ADismissalWhoseAnswerIsLostKnowsItself) {
  must(store_->create(user_, item_));
  scripted_->writes = {{.error = lost}};
  const auto change = must(store_->dismiss(user_, item_));
  EXPECT_EQ(change.item.dismissed_at, now());
  EXPECT_TRUE(change.changed);
  EXPECT_EQ(raw()->at("dismissedAt"), AttributeValue("2023-11-14T22:13:20.000Z"));

  // The remote body repeated it itself, and says so.
  must(store_->restore(user_, item_));
  scripted_->writes = {{.twice = true}};
  EXPECT_EQ(must(store_->dismiss(user_, item_)).item.dismissed_at, now());
}

TEST_F(DismissalRequests, ADismissalThatDidNotArriveIsSentAgain) {
  must(store_->create(user_, item_));
  scripted_->writes = {{.carried_out = false, .error = lost}};
  EXPECT_TRUE(must(store_->dismiss(user_, item_)).changed);
}

TEST_F(DismissalRequests, AnothersDismissalIsNotTakenForTheOneThatWasLost) {
  must(store_->create(user_, item_));
  const DismissalTime theirs = now() + std::chrono::milliseconds(1);
  scripted_->writes = {{.carried_out = false, .error = lost, .before = [&] {
                          must(other()->update(user_, item_, theirs));
                        }}};
  refused(store_->dismiss(user_, item_), ErrorCode::precondition_failed);
  EXPECT_EQ(must(store_->get(user_, item_))->dismissed_at, theirs);
}

TEST_F(DismissalRequests, AnothersDismissalOfTheSameMomentIsTheirs) {
  must(store_->create(user_, item_));
  must(other()->dismiss(user_, item_));
  refused(store_->dismiss(user_, item_), ErrorCode::precondition_failed);
}

TEST_F(DismissalRequests, ARestorationWhoseAnswerIsLostHasDoneIt) {
  must(store_->create(user_, item_));
  must(store_->dismiss(user_, item_));
  scripted_->writes = {{.error = lost}};
  const auto change = must(store_->restore(user_, item_));
  EXPECT_FALSE(change.item.is_dismissed());
  EXPECT_TRUE(change.changed);
}

// 23
TEST_F(DismissalRequests, ACreationWhoseAnswerIsLostKnowsItself) {
  scripted_->writes = {{.error = lost}};
  const auto created = must(store_->create(user_, item_));
  EXPECT_TRUE(created.created);
  EXPECT_EQ(created.item.created_at, now());

  // Another's of an earlier moment is theirs.
  clock_.advance(std::chrono::seconds(1));
  scripted_->writes = {{.carried_out = false, .error = lost}};
  EXPECT_FALSE(must(store_->create(user_, item_)).created);
}

TEST_F(DismissalRequests, WhereNobodyCanTellTheErrorSaysSo) {
  must(store_->create(user_, item_));
  const auto all_lost = [&] {
    scripted_->writes.clear();
    for (int i = 0; i < 8; ++i) scripted_->writes.push_back({.carried_out = false, .error = lost});
  };
  const auto expect_unknown = [&](const auto& result) {
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().outcome_unknown());
    EXPECT_TRUE(scripted_->writes.empty());
  };
  all_lost();
  expect_unknown(store_->dismiss(user_, item_));
  all_lost();
  expect_unknown(store_->create(user_, item_id("other")));
  all_lost();
  expect_unknown(store_->remove(user_, item_));
  all_lost();
  expect_unknown(store_->update(user_, item_, now()));
  EXPECT_FALSE(must(store_->get(user_, item_))->is_dismissed());
}

TEST_F(DismissalRequests, AShowingIsNotCountedTwice) {
  must(store_->create(user_, item_));
  scripted_->writes = {{.error = lost}};
  const auto counted = store_->count_showing(user_, item_);
  ASSERT_FALSE(counted);
  EXPECT_TRUE(counted.error().outcome_unknown());
  EXPECT_EQ(must(store_->get(user_, item_))->seen_count, 1);
}

// 24
TEST_F(DismissalRequests, AStaleReadOfADismissedItemDoesNotMakeItAnew) {
  must(other()->create(user_, item_));
  const auto dismissed = must(other()->dismiss(user_, item_)).item;
  clock_.advance(std::chrono::seconds(5));
  StaleDatabase stale(*database_);
  const auto store = must(dismissal_table(stale, {.table = table, .clock = &clock_}));
  EXPECT_EQ(must(store->get_or_create(user_, item_)), (ObtainedDismissible{.item = dismissed}));
  EXPECT_EQ(stale.stale_reads, 1);
}

// Engines that are older than ReturnValuesOnConditionCheckFailure.
TEST_F(DismissalRequests, AnEngineThatDoesNotTellWhatAConditionMetIsAsked) {
  SilentDatabase silent(*database_);
  const auto store = must(dismissal_table(silent, {.table = table, .clock = &clock_}));
  const auto first = must(store->create(user_, item_));
  EXPECT_EQ(must(store->create(user_, item_)).item, first.item);
  must(store->dismiss(user_, item_));
  refused(store->dismiss(user_, item_), ErrorCode::precondition_failed);
  must(store->restore(user_, item_));
  refused(store->restore(user_, item_), ErrorCode::precondition_failed);
  refused(store->dismiss(user_, item_id("none")), ErrorCode::not_found);
}

TEST_F(DismissalRequests, WhatIsRemovedAsItIsMetIsCreated) {
  must(store_->create(user_, item_));
  SilentDatabase silent(*database_);
  silent.before_get = [&] { must(other()->remove(user_, item_)); };
  const auto store = must(dismissal_table(
      silent, {.table = table, .clock = &clock_, .wait = [](std::chrono::milliseconds) {}}));
  EXPECT_TRUE(must(store->create(user_, item_)).created);
}

TEST_F(DismissalRequests, OthersInTheWayForTooLongAreToldAsAConflict) {
  put_raw({{"userId", "u"}, {"id", "banner"}, {"createdAt", "2020-01-01"}});
  int turn = 0;
  for (int i = 0; i < 8; ++i) {
    scripted_->writes.push_back({.before = [&] {
      must(database_->update_item(
          {.table_name = table,
           .key = Key{{"userId", "u"}, {"id", "banner"}},
           .update_expression = "SET createdAt = :c",
           .expression_attribute_values = Item{{":c", 1577836800000 + ++turn}}}));
    }});
  }
  refused(store_->dismiss(user_, item_), ErrorCode::write_conflict);
  EXPECT_EQ(turn, 8);
  EXPECT_EQ(waited_.size(), 6u);  // not after the first, which only showed what there is
}

TEST_F(DismissalRequests, WhatChangesWhileItWaitsIsSeenBeforeItTriesAgain) {
  put_raw({{"userId", "u"}, {"id", "banner"}, {"createdAt", "2020-01-01"}});
  int turn = 0;
  const auto change = [&] {
    must(database_->update_item(
        {.table_name = table,
         .key = Key{{"userId", "u"}, {"id", "banner"}},
         .update_expression = "SET createdAt = :c",
         .expression_attribute_values = Item{{":c", 1577836800000 + ++turn}}}));
  };
  int waits = 0;
  const auto store = must(dismissal_table(
      *scripted_, {.table = table, .clock = &clock_, .wait = [&](std::chrono::milliseconds) {
                     ++waits;
                     change();
                   }}));
  scripted_->writes = {{}, {.before = change}};
  must(store->dismiss(user_, item_));
  EXPECT_EQ(waits, 1);
}

// 17
TEST_F(DismissalRequests, AMissingTableIsNamed) {
  const auto store = must(dismissal_table(*database_, {.table = "elsewhere"}));
  const auto said = [&](const auto& result) {
    return refused(result, ErrorCode::resource_not_found).message();
  };
  const std::string expected = "There is no table \"elsewhere\"";
  EXPECT_EQ(said(store->get(user_, item_)), expected);
  EXPECT_EQ(said(store->create(user_, item_)), expected);
  EXPECT_EQ(said(store->dismiss(user_, item_)), expected);
  EXPECT_EQ(said(store->restore(user_, item_)), expected);
  EXPECT_EQ(said(store->update(user_, item_, now())), expected);
  EXPECT_EQ(said(store->remove(user_, item_)), expected);
  EXPECT_EQ(said(store->count_showing(user_, item_)), expected);
  EXPECT_EQ(said(store->get_many(user_, item_ids({"a"}))), expected);
  EXPECT_EQ(said(store->create_many(user_, item_ids({"a"}))), expected);
  EXPECT_EQ(said(store->list(user_)), expected);
  EXPECT_EQ(said(store->count(user_)), expected);
  EXPECT_EQ(said(store->erase(user_)), expected);
  EXPECT_EQ(said(store->remove_all()), expected);
  EXPECT_EQ(said(store->check_table()), expected);
}

TEST_F(DismissalRequests, ATableOfOtherKeysIsRefused) {
  must(store_->check_table());
  CreateTableRequest other =
      contract::table_of("userId", ScalarType::string, "itemId", ScalarType::number);
  other.table_name = "other";
  must(database_->create_table(other));
  const auto store = must(dismissal_table(*database_, {.table = "other"}));
  EXPECT_EQ(refused(store->check_table(), ErrorCode::invalid_argument).message(),
            "Table \"other\" has the key userId (partition, string), itemId (sort, not a string); "
            "needed is userId (partition, string), id (sort, string)");
}

TEST_F(DismissalRequests, OptionsThatMakeNoSenseAreRefused) {
  const auto refuse = [&](DismissalTableOptions options) {
    refused(dismissal_table(*database_, std::move(options)), ErrorCode::invalid_argument);
  };
  refuse({});
  refuse({.table = "t", .expire_after = std::chrono::seconds(0)});
  refuse({.table = "t", .in_flight_max = 0});
  refuse({.table = "t", .attempts_max = 0});
  refused(in_memory_dismissals({.items_max = 0}), ErrorCode::invalid_argument);
  refused(in_memory_dismissals({.time_to_live = std::chrono::milliseconds(0)}),
          ErrorCode::invalid_argument);
  refused(in_memory_dismissals({.expire_after = std::chrono::seconds(-1)}),
          ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dynakeep
