#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"
#include "stores/event_store/scripted_database.h"
#include "stores/event_store/storage_contract.h"
#include "support/fault_proxy.h"

// What a storage asks of its database, and what it makes of answers that are late, lost, or no.
namespace dynakeep {
namespace {

using contract::event_at;
using contract::event_of;
using contract::must;
using contract::orders;
using contract::refused;
using testing::ElementsAre;
using testing::SizeIs;
using Names = ExpressionAttributeNames;

Error lost() { return Error(ErrorCode::unavailable, "lost").set_outcome_unknown(true); }
Error cancelled(std::vector<std::string> codes) {
  Error error(ErrorCode::transaction_canceled, "cancelled");
  std::vector<CancellationReason> reasons;
  for (std::string& code : codes) reasons.push_back({.code = std::move(code)});
  error.set_cancellation_reasons(std::move(reasons));
  return error;
}
const Error conflict(ErrorCode::transaction_conflict, "others are writing");

class Requests : public testing::Test {
 protected:
  Requests() { must(storage_->create_table()); }

  std::unique_ptr<EventTable> open(EventTableOptions options = {}) {
    options.table_name = "events";
    options.clock = &clock_;
    options.wait = [this](std::chrono::milliseconds time) { waits_.push_back(time); };
    options.random = [this] { return ++drawn_; };
    return single_table_event_storage(database_, std::move(options));
  }

  Result<Event> push(Version version = 1) {
    return storage_->push_event(orders, event_at("2024", "o-1", version));
  }
  Result<std::vector<Event>> push_group() {
    return storage_->push_event_group({{.event_store_id = orders, .event = event_of("o-1", 1)},
                                       {.event_store_id = orders, .event = event_of("o-2", 1)}});
  }
  std::size_t stored(const std::string& id) { return must(storage_->get_items(orders, id)).size(); }

  ManualClock clock_;
  std::vector<std::chrono::milliseconds> waits_;
  std::uint64_t drawn_ = 0;
  std::unique_ptr<Database> engine_ = must(open_embedded({.in_memory = true}));
  contract::ScriptedDatabase database_{*engine_};
  std::unique_ptr<EventTable> storage_ = open();
};

// ---- the shape of requests ----

TEST_F(Requests, EventsAreReadByAConsistentQueryOnTheTable) {
  must(storage_->get_events(orders, "o-77"));
  must(storage_->get_events(orders, "o-77", {.min_version = 2}));
  must(storage_->get_events(orders, "o-77", {.max_version = 5, .limit = 3}));
  must(storage_->get_events(orders, "o-77", {.min_version = 2, .max_version = 5, .reverse = true}));
  ASSERT_THAT(database_.queries, SizeIs(4));
  const std::vector<std::string> conditions = {
      "#aggregateId = :aggregateId", "#aggregateId = :aggregateId AND #version >= :minVersion",
      "#aggregateId = :aggregateId AND #version <= :maxVersion",
      "#aggregateId = :aggregateId AND #version BETWEEN :minVersion AND :maxVersion"};
  for (std::size_t i = 0; i < 4; ++i) {
    const QueryRequest& query = database_.queries[i];
    EXPECT_EQ(query.table_name, "events");
    EXPECT_EQ(query.index_name, std::nullopt);
    EXPECT_EQ(query.consistent_read, true);
    EXPECT_EQ(query.key_condition_expression, conditions[i]);
    EXPECT_EQ(query.filter_expression, std::nullopt);
    EXPECT_EQ(query.projection_expression, std::nullopt);
    EXPECT_EQ(query.expression_attribute_values->at(":aggregateId"), AttributeValue("ORDERS#o-77"));
  }
  EXPECT_EQ(database_.queries[0].scan_index_forward, std::nullopt);
  EXPECT_EQ(database_.queries[0].limit, std::nullopt);
  EXPECT_EQ(database_.queries[2].limit, 3);
  EXPECT_EQ(database_.queries[3].scan_index_forward, false);
  EXPECT_EQ(*database_.queries[3].expression_attribute_values,
            (Item{{":aggregateId", "ORDERS#o-77"}, {":minVersion", 2}, {":maxVersion", 5}}));
  EXPECT_EQ(database_.queries[3].expression_attribute_names,
            (Names{{"#aggregateId", "aggregateId"}, {"#version", "version"}}));
}

TEST_F(Requests, AListingIsOneQueryOnTheIndex) {
  must(storage_->list_aggregate_ids(orders));
  must(storage_->list_aggregate_ids(orders, {.limit = 2,
                                             .initial_event_after = "2021",
                                             .initial_event_before = "2022",
                                             .reverse = false}));
  ASSERT_EQ(database_.requests(), 2u);
  const QueryRequest& plain = database_.queries[0];
  EXPECT_EQ(plain.index_name, "initialEvents");
  EXPECT_EQ(plain.consistent_read, std::nullopt);
  EXPECT_EQ(plain.key_condition_expression, "#eventStoreId = :eventStoreId");
  EXPECT_EQ(plain.limit, std::nullopt);
  EXPECT_EQ(plain.scan_index_forward, std::nullopt);
  const QueryRequest& bounded = database_.queries[1];
  EXPECT_EQ(bounded.key_condition_expression,
            "#eventStoreId = :eventStoreId AND #timestamp BETWEEN :initialEventAfter AND "
            ":initialEventBefore");
  EXPECT_EQ(bounded.limit, 2);
  EXPECT_EQ(bounded.scan_index_forward, true);
}

TEST_F(Requests, APushIsOneConditionalPut) {
  must(push());
  must(storage_->push_event(orders, event_at("2025", "o-1"), {.force = true}));
  ASSERT_EQ(database_.requests(), 2u);
  const PutItemRequest& put = database_.puts[0];
  EXPECT_EQ(put.condition_expression, "attribute_not_exists(#version)");
  EXPECT_EQ(put.expression_attribute_names, (Names{{"#version", "version"}}));
  EXPECT_EQ(put.expression_attribute_values, std::nullopt);
  EXPECT_EQ(put.return_values_on_condition_check_failure,
            ReturnValuesOnConditionCheckFailure::all_old);
  const PutItemRequest& forced = database_.puts[1];
  EXPECT_EQ(forced.condition_expression, std::nullopt);
  EXPECT_EQ(forced.expression_attribute_names, std::nullopt);
}

TEST_F(Requests, AGroupIsOneTransactionWithAToken) {
  must(push_group());
  must(storage_->push_event_group({{.event_store_id = orders, .event = event_of("o-1", 1)}},
                                  {.force = true}));
  ASSERT_EQ(database_.requests(), 2u);
  const auto& actions = *database_.transactions[0].transact_items;
  ASSERT_THAT(actions, SizeIs(2));
  EXPECT_EQ(actions[0].put->condition_expression, "attribute_not_exists(#version)");
  EXPECT_EQ(actions[0].put->item->at("aggregateId"), AttributeValue("ORDERS#o-1"));
  EXPECT_EQ(actions[1].put->item->at("aggregateId"), AttributeValue("ORDERS#o-2"));
  EXPECT_EQ(database_.transactions[1].transact_items->front().put->condition_expression,
            std::nullopt);
  EXPECT_THAT(*database_.transactions[0].client_request_token,
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                    "[0-9a-f]{12}"));
  EXPECT_NE(database_.transactions[0].client_request_token,
            database_.transactions[1].client_request_token);
}

TEST_F(Requests, AnAppendIsAPutUnlessItHasMoreToCheck) {
  must(storage_->append(orders, "o-1", ExpectedVersion::no_stream(), {{.type = "A"}}));
  EXPECT_EQ(database_.requests(), 1u);
  EXPECT_THAT(database_.puts, SizeIs(1));

  must(storage_->append(orders, "o-1", ExpectedVersion::exact(1), {{.type = "A"}}));
  ASSERT_THAT(database_.transactions, SizeIs(1));
  EXPECT_EQ(database_.requests(), 2u);
  const auto& actions = *database_.transactions[0].transact_items;
  ASSERT_THAT(actions, SizeIs(2));
  EXPECT_EQ(actions[0].condition_check->condition_expression, "attribute_exists(#version)");
  EXPECT_EQ(actions[0].condition_check->key, (Key{{"aggregateId", "ORDERS#o-1"}, {"version", 1}}));
  EXPECT_EQ(actions[1].put->item->at("version"), AttributeValue(2));

  must(storage_->append(orders, "o-1", ExpectedVersion::any(), {{.type = "A"}}));
  EXPECT_THAT(database_.queries, SizeIs(1));
  EXPECT_EQ(database_.queries[0].limit, 1);
  EXPECT_EQ(database_.queries[0].scan_index_forward, false);
  EXPECT_THAT(database_.puts, SizeIs(2));
}

TEST_F(Requests, NothingIsSentOfWhatIsRefusedHere) {
  refused(push(0), ErrorCode::invalid_argument);
  refused(storage_->push_event("A#B", event_of("o-1", 1)), ErrorCode::invalid_argument);
  refused(storage_->push_event_group({}), ErrorCode::invalid_argument);
  refused(storage_->push_event_group({{.event_store_id = orders, .event = event_of("o-1", 1)},
                                      {.event_store_id = orders, .event = event_of("o-1", 1)}}),
          ErrorCode::invalid_argument);
  refused(storage_->get_events(orders, "o-1", {.limit = 0}), ErrorCode::invalid_argument);
  refused(storage_->list_aggregate_ids(orders, {.page_token = "nope"}),
          ErrorCode::invalid_argument);
  EXPECT_EQ(database_.requests(), 0u);
}

// ---- others at work on the same items ----

TEST_F(Requests, ATransactionInTheWayIsWaitedFor) {
  database_.writes = {{.carried_out = false, .error = conflict},
                      {.carried_out = false, .error = conflict}};
  clock_.set(Time{});
  must(storage_->push_event(orders, event_of("o-1", 1)));
  ASSERT_THAT(database_.puts, SizeIs(3));
  EXPECT_EQ(database_.puts[0].item, database_.puts[2].item);
  EXPECT_THAT(waits_, SizeIs(2));

  database_.writes = {
      {.carried_out = false, .error = cancelled({"None", "TransactionConflict"})},
      {.carried_out = false, .error = Error(ErrorCode::transaction_in_progress, "still at it")}};
  must(storage_->push_event_group({{.event_store_id = orders, .event = event_of("o-2", 1)},
                                   {.event_store_id = orders, .event = event_of("o-3", 1)}}));
  ASSERT_THAT(database_.transactions, SizeIs(3));
  EXPECT_EQ(database_.transactions[0].client_request_token,
            database_.transactions[2].client_request_token);
}

TEST_F(Requests, WaitsGrowAndAreRandomAndEnd) {
  for (int i = 0; i < 6; ++i) {
    database_.writes.push_back({.carried_out = false, .error = conflict});
  }
  drawn_ = 14;  // then 15, 16, … : below every bound
  refused(push(), ErrorCode::transaction_conflict);
  EXPECT_THAT(database_.puts, SizeIs(6));
  using std::chrono::milliseconds;
  EXPECT_THAT(waits_, ElementsAre(milliseconds(15), milliseconds(16), milliseconds(17),
                                  milliseconds(18), milliseconds(19)));
  EXPECT_EQ(stored("o-1"), 0u);

  for (int i = 0; i < 6; ++i) {
    database_.writes.push_back(
        {.carried_out = false, .error = cancelled({"TransactionConflict", "None"})});
  }
  const Error error = refused(push_group(), ErrorCode::transaction_conflict);
  EXPECT_TRUE(error.is_retryable());
  EXPECT_THAT(error.cancellation_reasons(), SizeIs(2));

  // Bounds: 20, 40, 80, 160, 320 ms.
  for (int i = 0; i < 6; ++i) {
    database_.writes.push_back({.carried_out = false, .error = conflict});
  }
  waits_.clear();
  drawn_ = std::uint64_t{21} * 41 * 81 * 161 * 321 - 1;
  refused(push(), ErrorCode::transaction_conflict);
  EXPECT_THAT(waits_, ElementsAre(milliseconds(0), milliseconds(1), milliseconds(2),
                                  milliseconds(3), milliseconds(4)));
}

TEST_F(Requests, AConflictAmongOtherReasonsIsAConflict) {
  database_.writes = {{.carried_out = false,
                       .error = cancelled({"TransactionConflict", "ConditionalCheckFailed"})}};
  EXPECT_EQ(conflicting_events(refused(push_group(), ErrorCode::event_already_exists)),
            (std::vector<EventKey>{{orders, "o-2", 1}}));
  EXPECT_TRUE(waits_.empty());
}

TEST_F(Requests, OtherFailuresAreHandedOnAtOnce) {
  database_.writes = {{.carried_out = false, .error = Error(ErrorCode::throttling, "too fast")},
                      {.carried_out = false, .error = cancelled({"ThrottlingError", "None"})}};
  refused(push(), ErrorCode::throttling);
  EXPECT_THAT(refused(push_group(), ErrorCode::transaction_canceled).cancellation_reasons(),
              SizeIs(2));
  EXPECT_EQ(database_.puts.size() + database_.transactions.size(), 2u);
  EXPECT_TRUE(waits_.empty());
}

// ---- answers that are lost ----

TEST_F(Requests, APutThatWasRepeatedKnowsItsOwn) {
  database_.writes = {{.twice = true}};
  EXPECT_EQ(must(push()), Event(event_at("2024", "o-1")));
  EXPECT_EQ(stored("o-1"), 1u);
  EXPECT_TRUE(database_.gets.empty());  // the old item came with the failed condition

  // An engine that does not return it is asked.
  Error bare = Error::conditional_check_failed();
  bare.set_outcome_unknown(true);
  database_.writes = {{.error = bare}};
  must(push(2));
  ASSERT_THAT(database_.gets, SizeIs(1));
  EXPECT_EQ(database_.gets[0].consistent_read, true);
}

TEST_F(Requests, AConflictAtTheFirstAttemptIsAConflictThoughEqual) {
  must(push());
  refused(push(), ErrorCode::event_already_exists);
}

TEST_F(Requests, APutThatWasRepeatedKnowsAnothers) {
  // The other one is different in its timestamp alone.
  must(storage_->push_event(orders, event_at("2023", "o-1")));
  database_.writes = {{.twice = true}};
  refused(push(), ErrorCode::event_already_exists);
}

TEST_F(Requests, APutWhoseAnswerWasLostIsLookedFor) {
  database_.writes = {{.error = lost()}};
  must(push());
  ASSERT_THAT(database_.gets, SizeIs(1));
  EXPECT_EQ(database_.gets[0].consistent_read, true);
  EXPECT_EQ(database_.gets[0].key, (Key{{"aggregateId", "ORDERS#o-1"}, {"version", 1}}));

  database_.writes = {{.carried_out = false, .error = lost(), .before = [&] {
                         must(storage_->push_event(orders, event_at("1", "o-1", 2)));
                       }}};
  const auto other = push(2);
  EXPECT_EQ(refused(other, ErrorCode::event_already_exists).outcome_unknown(), false);
}

TEST_F(Requests, WhereNobodyCanSayTheOutcomeIsUnknown) {
  // Not there yet: it may still be under way.
  database_.writes = {{.carried_out = false, .error = lost()}};
  const auto absent = push();
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(absent.error().outcome_unknown());

  database_.writes = {{.error = lost()}};
  database_.reads = {{.carried_out = false, .error = Error(ErrorCode::timed_out, "late")}};
  const auto unread = push();
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(unread.error().outcome_unknown());

  // A condition failed, perhaps by the first attempt: that is no conflict to tell of.
  Error bare = Error::conditional_check_failed();
  bare.set_outcome_unknown(true);
  database_.writes = {{.error = bare}};
  database_.reads = {{.carried_out = false, .error = Error(ErrorCode::timed_out, "late")}};
  const auto unclear = push(2);
  ASSERT_FALSE(unclear);
  EXPECT_EQ(unclear.error().code(), ErrorCode::timed_out);
  EXPECT_TRUE(unclear.error().outcome_unknown());
}

TEST_F(Requests, AnAttemptLostBeforeAConflictIsRemembered) {
  Error unclear = conflict;
  unclear.set_outcome_unknown(true);
  database_.writes = {{.error = unclear}, {}};  // stored, told of a conflict, and sent again
  must(push());
  EXPECT_EQ(stored("o-1"), 1u);
}

TEST_F(Requests, APutThatFailedForSureIsNotLookedFor) {
  database_.writes = {
      {.carried_out = false, .error = Error(ErrorCode::unavailable, "no one there")}};
  refused(push(), ErrorCode::unavailable);
  EXPECT_TRUE(database_.gets.empty());
}

TEST_F(Requests, AGroupWhoseAnswerWasLostIsLookedFor) {
  database_.writes = {{.error = lost()}};
  EXPECT_THAT(must(push_group()), SizeIs(2));
  EXPECT_THAT(database_.gets, SizeIs(2));

  // An engine that forgot the token fails its own conditions.
  Error own = cancelled({"ConditionalCheckFailed", "ConditionalCheckFailed"});
  own.set_outcome_unknown(true);
  database_.writes = {{.carried_out = false, .error = own}};
  must(push_group());
}

TEST_F(Requests, AGroupThatLostItsAnswerAndTheRaceIsAConflict) {
  database_.writes = {{.carried_out = false, .error = lost(), .before = [&] { must(push()); }}};
  EXPECT_EQ(conflicting_events(refused(push_group(), ErrorCode::event_already_exists)),
            (std::vector<EventKey>{{orders, "o-1", 1}}));
  EXPECT_EQ(stored("o-2"), 0u);

  database_.writes = {{.carried_out = false, .error = lost()}};
  const auto absent =
      storage_->push_event_group({{.event_store_id = orders, .event = event_of("o-3", 1)}});
  ASSERT_FALSE(absent);
  EXPECT_TRUE(absent.error().outcome_unknown());
}

TEST_F(Requests, AForcedPutWhoseAnswerWasLostNeverFindsAConflict) {
  must(push());
  database_.writes = {{.carried_out = false, .error = lost()}};
  const auto unknown = storage_->push_event(orders, event_at("2025", "o-1"), {.force = true});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(unknown.error().outcome_unknown());
  database_.writes = {{.error = lost()}};
  must(storage_->push_event(orders, event_at("2025", "o-1"), {.force = true}));
}

TEST_F(Requests, AnAppendWhoseAnswerWasLostIsLookedFor) {
  must(push());
  database_.writes = {{.error = lost()}};
  must(storage_->append(orders, "o-1", ExpectedVersion::exact(1), {{.type = "A"}, {.type = "B"}}));
  database_.writes = {{.twice = true}};
  must(storage_->append(orders, "o-1", ExpectedVersion::any(), {{.type = "C"}}));
  EXPECT_EQ(stored("o-1"), 4u);
}

// ---- engines without transactions ----

TEST_F(Requests, WithoutTransactionsSeveralEventsAreRefusedAndOneIsNot) {
  database_.can.transactions = false;
  database_.can.engine = "dynalite";
  EXPECT_THAT(refused(push_group(), ErrorCode::invalid_argument).message(),
              testing::HasSubstr("dynalite"));
  refused(storage_->append(orders, "o-1", ExpectedVersion::any(), {{.type = "A"}, {.type = "B"}}),
          ErrorCode::invalid_argument);
  EXPECT_TRUE(database_.transactions.empty());

  must(storage_->append(orders, "o-1", ExpectedVersion::no_stream(), {{.type = "A"}}));
  must(storage_->append(orders, "o-1", ExpectedVersion::exact(1), {{.type = "B"}}));
  EXPECT_EQ(database_.gets.back().consistent_read, true);
  refused(storage_->append(orders, "o-1", ExpectedVersion::exact(7), {{.type = "C"}}),
          ErrorCode::conditional_check_failed);
  EXPECT_EQ(stored("o-1"), 2u);
}

TEST_F(Requests, AnEnginesOwnLimitOfActionsIsHeeded) {
  database_.can.transaction_actions_max = 10;
  database_.can.engine = "DynamoDB Local";
  std::vector<GroupedEvent> group;
  for (Version version = 1; version <= 11; ++version) {
    group.push_back({.event_store_id = orders, .event = event_of("o-1", version)});
  }
  EXPECT_THAT(refused(storage_->push_event_group(group), ErrorCode::invalid_argument).message(),
              testing::HasSubstr("(DynamoDB Local) takes 10"));
  group.pop_back();
  must(storage_->push_event_group(group));
  // The check of the version before takes a place.
  refused(storage_->append(orders, "o-1", ExpectedVersion::exact(10),
                           std::vector<EventToAppend>(10, {.type = "A"})),
          ErrorCode::invalid_argument);
  must(storage_->append(orders, "o-1", ExpectedVersion::exact(10),
                        std::vector<EventToAppend>(9, {.type = "A"})));
}

// ---- deletions that are interrupted ----

class Interrupted : public Requests {
 protected:
  void SetUp() override {
    for (Version version = 1; version <= 130; ++version) must(push(version));
  }
  bool is_listed() { return !must(storage_->list_aggregate_ids(orders)).aggregates.empty(); }
};

TEST_F(Interrupted, DeletingLeavesTheAggregateListedUntilItIsGone) {
  // After each batch in turn.
  for (int interruptions = 0;; ++interruptions) {
    database_.writes = {{}, {.carried_out = false, .error = Error(ErrorCode::unavailable, "gone")}};
    const auto deleted = storage_->delete_aggregate(orders, "o-1");
    EXPECT_EQ(is_listed(), stored("o-1") > 0) << interruptions;
    if (deleted) {
      EXPECT_GE(interruptions, 5);
      break;
    }
    EXPECT_LT(interruptions, 10);
  }
  EXPECT_EQ(stored("o-1"), 0u);
}

TEST_F(Interrupted, DeletingLeavesItListedAlsoWhereABatchIsHalfDone) {
  // Of each batch the last write is done and the others are left over; every third call fails.
  class HalfDone : public contract::ScriptedDatabase {
   public:
    using ScriptedDatabase::ScriptedDatabase;
    Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
      if (++calls_ % 3 == 0) return Error(ErrorCode::unavailable, "gone");
      BatchWriteItemRequest part = request;
      auto& batch = part.request_items->begin()->second;
      std::vector<WriteRequest> left(batch.begin(), batch.end() - 1);
      batch.erase(batch.begin(), batch.end() - 1);
      auto answer = TRY(ScriptedDatabase::batch_write_item(part));
      if (!left.empty()) answer.unprocessed_items["events"] = std::move(left);
      return answer;
    }

   private:
    int calls_ = 0;
  };
  must(storage_->delete_aggregate(orders, "o-1"));
  for (Version version = 1; version <= 5; ++version) must(push(version));
  HalfDone half(*engine_);
  const auto storage = single_table_event_storage(half, {.table_name = "events"});
  for (int interruptions = 0; stored("o-1") > 0; ++interruptions) {
    const auto deleted = storage->delete_aggregate(orders, "o-1");
    EXPECT_EQ(is_listed(), stored("o-1") > 0);
    ASSERT_LT(interruptions, 10);
  }
}

TEST_F(Interrupted, ArchivingLosesNoEventAndFinishesWhenDoneAgain) {
  const auto archive =
      single_table_event_storage(*engine_, {.table_name = "archive", .clock = &clock_});
  must(archive->create_table());
  const auto all = must(storage_->get_events(orders, "o-1"));
  for (int interruptions = 0; interruptions < 20; ++interruptions) {
    database_.writes = {
        {}, {}, {.carried_out = false, .error = Error(ErrorCode::unavailable, "gone")}};
    const auto moved = storage_->archive_aggregate(orders, "o-1", *archive);
    EXPECT_EQ(is_listed(), stored("o-1") > 0) << interruptions;
    EXPECT_EQ(must(archive->get_events(orders, "o-1")), all);
    if (moved) break;
  }
  EXPECT_EQ(stored("o-1"), 0u);
}

// ---- over a network that loses answers ----

TEST(OverANetwork, AnAnswerThatIsLostLeavesOneEventAndASuccess) {
  const auto engine = must(open_embedded({.in_memory = true}));
  const auto server = must(Server::start(*engine, {.port = 0}));
  bool lose = false;
  const auto proxy = must(support::FaultProxy::start(
      server->port(), [&](const support::ProxiedRequest& request) -> support::FaultPlan {
        const bool writes =
            request.operation == "PutItem" || request.operation == "TransactWriteItems";
        if (!writes || !lose) return {};
        lose = false;
        return {.fault = support::Fault::cut_before_answer};
      }));
  const auto database = must(connect_remote(
      {.endpoint = proxy->endpoint(),
       .region = "us-east-1",
       .credentials = fixed_credentials({.access_key_id = "key", .secret_access_key = "secret"}),
       .proxy = "none"}));
  const auto storage = single_table_event_storage(*database, {.table_name = "events"});
  must(storage->create_table());

  lose = true;
  must(storage->push_event(orders, event_of("o-1", 1)));
  lose = true;
  must(storage->push_event_group({{.event_store_id = orders, .event = event_of("o-1", 2)},
                                  {.event_store_id = orders, .event = event_of("o-2", 1)}}));
  lose = true;
  must(storage->append(orders, "o-1", ExpectedVersion::exact(2), {{.type = "A"}}));
  EXPECT_FALSE(lose);
  EXPECT_EQ(contract::versions_of(must(storage->get_events(orders, "o-1"))),
            (std::vector<Version>{1, 2, 3}));
  refused(storage->push_event(orders, event_of("o-1", 1)), ErrorCode::event_already_exists);
  EXPECT_EQ(proxy->counts().of(support::Fault::cut_before_answer), 3u);
}

}  // namespace
}  // namespace dynakeep
