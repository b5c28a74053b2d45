#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "dynakeep/clock.h"
#include "dynakeep/embedded.h"
#include "dynakeep/pages.h"
#include "dynakeep/stores/dismissals.h"
#include "dynakeep/stores/event_projection.h"
#include "dynakeep/stores/event_snapshots.h"
#include "dynakeep/stores/event_subscription.h"
#include "dynakeep/stores/replica.h"
#include "dynakeep/stores/stream_consumer.h"
#include "dynakeep/stores/user_data.h"
#include "dynakeep/stores/versioned_collections.h"
#include "stores/event_store/scripted_database.h"
#include "stores/event_store/test_orders.h"
#include "support/engine_fronts.h"

// What stores do on an engine that lacks something, where that is another thing than everywhere:
// the cells of the table in docs/stores/engines.md that do not say "as ever". Those that do are
// held by the contracts of the stores, which ./dev test-matrix runs behind the same fronts.
namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;
using support::engine_traits_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Keys = std::vector<EventKey>;

class Behind : public testing::Test {
 protected:
  explicit Behind(std::string_view front)
      : opened_(must(support::remotes_behind(support::front_of(*engine_traits_of(front)))())) {}

  Database& database() { return *opened_.database; }
  const Capabilities& capabilities() { return database().capabilities(); }

  std::unique_ptr<EventTable> events(Database& on, const std::string& name = "Events") {
    auto storage = single_table_event_storage(on, {.table_name = name, .clock = &clock_});
    must(storage->create_table());
    return storage;
  }
  std::unique_ptr<EventTable> events() { return events(database()); }
  static NewEvent event(const std::string& id, Version version, AttributeValue payload = "p") {
    return {.aggregate_id = id, .version = version, .type = "A", .payload = std::move(payload)};
  }
  static std::vector<Version> versions(EventStorage& storage, const std::string& id) {
    std::vector<Version> all;
    for (const Event& each : must(storage.get_events("S", id))) all.push_back(each.version());
    return all;
  }
  EventSubscriptionOptions named(const std::string& name) {
    EventSubscriptionOptions options;
    options.name = name;
    options.stream.now = [this] { return moment_; };
    return options;
  }
  // Until nothing has come for a while.
  template <typename Followed>
  void drain(Followed& followed) {
    for (int idle = 0; idle < 12; ++idle) {
      const auto before = followed.figures();
      const auto next = must(followed.step());
      if (!next) return;
      moment_ = std::max(moment_, *next);
      const auto after = followed.figures();
      if (after.stream.read != before.stream.read || after.delivered != before.delivered ||
          after.is_reading_history) {
        idle = 0;
      }
    }
  }
  std::size_t rows(const std::string& table) {
    return must(database().scan({.table_name = table, .consistent_read = true})).items->size();
  }
  void make_table(const std::string& name, bool has_stream = false) {
    auto request = table_of("id");
    request.table_name = name;
    if (has_stream) {
      request.stream_specification = StreamSpecification{
          .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
    }
    must(create_table_and_wait(database(), request));
  }
  void switch_stream_on(const std::string& table) {
    must(database().update_table(
        {.table_name = table,
         .stream_specification = StreamSpecification{
             .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images}}));
  }

  ManualClock clock_;
  std::chrono::steady_clock::time_point moment_{1h};
  std::unique_ptr<StreamCheckpoints> checkpoints_ = make_in_memory_stream_checkpoints();

 private:
  support::OwnedDatabase opened_;
};

// ---- without transactions ----

class WithoutTransactions : public Behind {
 protected:
  WithoutTransactions() : Behind("no_transactions") {}
};

TEST_F(WithoutTransactions, AreFoundOutByAsking) {
  EXPECT_EQ(capabilities(),
            (Capabilities{
                .engine = "Untransacted/1", .transactions = false, .transaction_actions_max = 0}));
}

TEST_F(WithoutTransactions, GroupsAndAppendsOfSeveralAreRefusedByTheEnginesName) {
  const auto storage = events();
  const auto group = storage->push_event_group({{.event_store_id = "S", .event = event("a", 1)},
                                                {.event_store_id = "S", .event = event("b", 1)}});
  const auto append =
      storage->append("S", "a", ExpectedVersion::no_stream(), {{.type = "A"}, {.type = "B"}});
  for (const Error& error : {refused(group, ErrorCode::invalid_argument),
                             refused(append, ErrorCode::invalid_argument)}) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr("transactions"), HasSubstr("Untransacted/1")));
  }
  EXPECT_EQ(rows("Events"), 0u);
}

TEST_F(WithoutTransactions, AnAppendOfOneFollowsTheVersionThatIsThere) {
  const auto storage = events();
  must(storage->append("S", "a", ExpectedVersion::no_stream(), {{.type = "A"}}));
  must(storage->append("S", "a", ExpectedVersion::exact(1), {{.type = "A"}}));
  must(storage->append("S", "a", ExpectedVersion::any(), {{.type = "A"}}));
  refused(storage->append("S", "a", ExpectedVersion::exact(7), {{.type = "A"}}),
          ErrorCode::conditional_check_failed);
  EXPECT_EQ(conflicting_events(
                refused(storage->append("S", "a", ExpectedVersion::exact(1), {{.type = "A"}}),
                        ErrorCode::event_already_exists)),
            (Keys{{"S", "a", 2}}));
  EXPECT_THAT(versions(*storage, "a"), ElementsAre(1, 2, 3));
}

TEST_F(WithoutTransactions, OfTwoAppendsToOneVersionOneFails) {
  ScriptedDatabase between(database());
  between.can = capabilities();
  const auto storage = events(between);
  must(storage->append("S", "a", ExpectedVersion::no_stream(), {{.type = "A"}}));
  const auto other = events();
  between.writes = {{.before = [&] {
    must(other->append("S", "a", ExpectedVersion::exact(1), {{.type = "THEIRS"}}));
  }}};
  refused(storage->append("S", "a", ExpectedVersion::exact(1), {{.type = "OURS"}}),
          ErrorCode::event_already_exists);
  EXPECT_EQ(must(storage->get_events("S", "a")).back().type(), "THEIRS");
}

TEST_F(WithoutTransactions, AnAppendMayFollowAVersionThatIsDeletedInBetween) {
  ScriptedDatabase between(database());
  between.can = capabilities();
  const auto storage = events(between);
  must(storage->append("S", "a", ExpectedVersion::no_stream(), {{.type = "A"}}));
  between.writes = {{.before = [&] { must(events()->delete_aggregate("S", "a")); }}};
  must(storage->append("S", "a", ExpectedVersion::exact(1), {{.type = "A"}}));
  EXPECT_THAT(versions(*storage, "a"), ElementsAre(2));
}

TEST_F(WithoutTransactions, ProjectionsWithOtherWritesAreRefusedByTheEnginesName) {
  const auto storage = events();
  switch_stream_on("Events");
  const Error error = refused(
      EventProjection::open(
          database(), *storage, *checkpoints_, named("p"), database(),
          {.writes = [](const SubscribedEvent&) { return std::vector<TransactWriteItem>(); },
           .marks_table_name = "marks"}),
      ErrorCode::invalid_argument);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("transactions"), HasSubstr("Untransacted/1")));
}

TEST_F(WithoutTransactions, CollectionsOfOneSequenceAreRefusedByTheEnginesName) {
  EXPECT_THAT(
      refused(VersionedCollections::create(database()), ErrorCode::invalid_argument).message(),
      AllOf(HasSubstr("Untransacted/1"), HasSubstr("WriteMode::conditional")));
}

TEST_F(WithoutTransactions, CollectionsRefuseWhatTheyCannotPromise) {
  const auto store = must(VersionedCollections::create(
      database(), {.write_mode = WriteMode::conditional, .clock = &clock_}));
  must(store->prepare_tables());
  const auto posts = must(store->create_collection("app", "user", "posts")).path;
  const auto post = must(store->create_entry(posts, ResourceChange::rename("one"))).path;
  const std::size_t before = rows("dynamomini.entries");
  const auto rename = ResourceChange::rename("two");
  const auto tag = must(store->get(post)).version;
  for (const WriteOptions& options :
       std::vector<WriteOptions>{{.if_match = std::vector<StateTag>{{.version = tag}}},
                                 {.if_live = true},
                                 {.if_absent = true},
                                 {.idempotency_key = "k"}}) {
    refused(store->update(post, rename, options), ErrorCode::invalid_argument);
  }
  refused(store->create_entry(posts, rename, {.idempotency_key = "k"}),
          ErrorCode::invalid_argument);
  refused(store->get_or_create_collection("app", "user", "more"), ErrorCode::invalid_argument);
  refused(store->get_or_create_entry(posts, rename), ErrorCode::invalid_argument);
  refused(store->write_entries(posts, {{.change = rename}}, true), ErrorCode::invalid_argument);
  EXPECT_EQ(rows("dynamomini.entries"), before);
}

TEST_F(WithoutTransactions, AReplicaIsNotKeptThere) {
  make_table("Songs", true);
  EXPECT_THAT(
      refused(Replica::open(database(),
                            {.table_name = "Songs", .kept_in = &database(), .copy_name = "Copy"}),
              ErrorCode::invalid_argument)
          .message(),
      HasSubstr("transactions"));
  refused(database().describe_table({.table_name = "Copy"}), ErrorCode::resource_not_found);
}

// A database that was not asked is taken for one that can do everything.
TEST_F(WithoutTransactions, WhereNobodyAskedTheEngineItselfRefusesAndNothingIsStored) {
  ScriptedDatabase unasked(database());
  ASSERT_TRUE(unasked.capabilities().transactions);
  const auto storage = events(unasked);
  refused(storage->append("S", "a", ExpectedVersion::any(), {{.type = "A"}, {.type = "B"}}),
          ErrorCode::unknown_operation);
  refused(storage->push_event_group({{.event_store_id = "S", .event = event("a", 1)},
                                     {.event_store_id = "S", .event = event("b", 1)}}),
          ErrorCode::unknown_operation);
  EXPECT_EQ(rows("Events"), 0u);
  const auto store = must(VersionedCollections::create(unasked, {.clock = &clock_}));
  must(store->prepare_tables());
  const auto posts = must(store->create_collection("app", "user", "posts")).path;
  refused(store->update(posts, ResourceChange::rename("more")), ErrorCode::unknown_operation);
  EXPECT_EQ(must(store->get(posts)).name, "posts");
  EXPECT_EQ(rows("dynamomini.collections"), 1u);
}

// ---- without streams ----

class WithoutStreams : public Behind {
 protected:
  WithoutStreams() : Behind("no_streams") {}
};

TEST_F(WithoutStreams, AreFoundOutByAsking) {
  EXPECT_EQ(capabilities(), (Capabilities{.engine = "Streamless/1", .streams = false}));
}

TEST_F(WithoutStreams, WhoeverFollowsATableIsRefused) {
  const auto storage = events();
  EventView view(database(), "View", [](auto state, Version, const Event&) { return state; });
  EventMarkTable marks(database(), {.table_name = "Marks", .name = "p"});
  must(view.create_table());
  must(marks.create_table());
  const auto refusal_of = [](auto opened) {
    const auto started = opened ? (*opened)->start() : Result<void>(opened.error());
    return refused(started, ErrorCode::invalid_argument).message();
  };
  const std::vector<std::string> refusals = {
      refusal_of(EventSubscription::open(database(), *storage, *checkpoints_, named("s"),
                                         [](const SubscribedEvent&) { return Result<void>(); })),
      refusal_of(EventProjection::open(database(), *storage, *checkpoints_, named("v"), view)),
      refusal_of(EventProjection::open(
          database(), *storage, *checkpoints_, named("w"), database(),
          {.writes = [](const SubscribedEvent&) { return std::vector<TransactWriteItem>(); },
           .marks_table_name = "Marks"}))};
  for (const std::string& refusal : refusals) {
    EXPECT_THAT(refusal, AllOf(HasSubstr("streams"), HasSubstr("Streamless/1")));
  }
  make_table("Songs", true);
  EXPECT_THAT(
      refused(Replica::open(database(), {.table_name = "Songs"}), ErrorCode::invalid_argument)
          .message(),
      HasSubstr("no stream"));
  for (const bool waits : {false, true}) {
    EXPECT_THAT(refusal_of(StreamConsumer::open(
                    database(), *checkpoints_,
                    {.table_name = "Songs", .wait_for_stream = waits, .group = "g"},
                    [](const StreamBatch&) { return StreamOutcome::ok(); })),
                AllOf(HasSubstr("no stream"), HasSubstr("Streamless/1")));
  }
}

// ---- without a time to live ----

class WithoutTimeToLive : public Behind {
 protected:
  WithoutTimeToLive() : Behind("no_time_to_live") {}
};

TEST_F(WithoutTimeToLive, IsFoundOutByAsking) {
  EXPECT_EQ(capabilities(), (Capabilities{.engine = "Timeless/1", .time_to_live = false}));
}

TEST_F(WithoutTimeToLive, AnExpiredDismissalIsGoneAndItsItemStays) {
  const auto store = must(
      dismissal_table(database(), {.table = "Dismissals", .expire_after = 1h, .clock = &clock_}));
  must(store->create_table());
  EXPECT_THAT(refused(store->ensure_time_to_live(), ErrorCode::unsupported).message(),
              HasSubstr("has no time to live"));
  const auto user = must(DismissalUserId::parse("user-1"));
  const auto banner = must(DismissalItemId::parse("banner"));
  must(store->create(user, banner));
  clock_.advance(2h);
  EXPECT_EQ(must(store->get(user, banner)), std::nullopt);
  EXPECT_EQ(rows("Dismissals"), 1u);
  EXPECT_TRUE(must(store->get_or_create(user, banner)).created);
}

TEST_F(WithoutTimeToLive, AnExpiredUserIsNewAndItsItemStays) {
  const auto store = must(UserDataStore::create(
      database(),
      {.table = {.name = "Users"}, .expiry = UserExpiryOptions{.after = 1h}, .clock = &clock_}));
  must(store->ensure_table());
  UserTurn turn = must(store->load("user-1"));
  turn.user["step"] = 2;
  must(store->save(turn));
  clock_.advance(2h);
  EXPECT_TRUE(must(store->load("user-1")).is_new);
  EXPECT_EQ(rows("Users"), 1u);
}

// ---- without empty texts ----

class WithoutEmptyValues : public Behind {
 protected:
  WithoutEmptyValues() : Behind("no_empty_values") {}
};

TEST_F(WithoutEmptyValues, AreFoundOutByAsking) {
  EXPECT_EQ(capabilities(), (Capabilities{.engine = "Full/1", .empty_values = false}));
}

TEST_F(WithoutEmptyValues, AnEventThatHoldsOneIsRefusedByTheEngine) {
  const auto storage = events();
  refused(storage->push_event("S", event("a", 1, AttributeMap{{"text", ""}})),
          ErrorCode::validation);
  refused(storage->push_event_group({{.event_store_id = "S", .event = event("a", 1)},
                                     {.event_store_id = "S", .event = event("b", 1, "")}}),
          ErrorCode::validation);
  refused(storage->append("S", "a", ExpectedVersion::any(),
                          {{.type = "A", .payload = ""}, {.type = "A"}}),
          ErrorCode::validation);
  EXPECT_EQ(rows("Events"), 0u);
}

TEST_F(WithoutEmptyValues, AStateThatHoldsOneIsNotKeptAndTheAggregateIsRight) {
  const auto storage = events();
  EventSnapshots snapshots(database(), {.table_name = "Snapshots"});
  must(snapshots.create_table());
  auto options = test_orders::order_options(storage.get());
  options.snapshots = {.snapshots = &snapshots, .reducer_version = "1", .after_events = 1};
  const test_orders::Orders orders(std::move(options));
  for (Version version = 1; version <= 3; ++version) {
    must(orders.push_event(
        {.aggregate_id = "o-1", .version = version, .body = test_orders::Paid{.amount = 5}}));
  }
  must(orders.get_aggregate("o-1"));  // makes ready
  const auto loaded = must(orders.get_aggregate("o-1"));
  EXPECT_EQ(loaded.aggregate->paid, 15);
  EXPECT_EQ(loaded.aggregate->customer, "");
  ASSERT_TRUE(loaded.snapshot_failure);
  EXPECT_EQ(loaded.snapshot_failure->code(), ErrorCode::validation);
}

TEST_F(WithoutEmptyValues, AnEventWhoseStateHoldsOneIsPoisonToAView) {
  const auto storage = events();
  switch_stream_on("Events");
  EventView view(
      database(), "View",
      [](std::optional<Item> state, Version, const Event& event) -> Result<std::optional<Item>> {
        Item next = state.value_or(Item{});
        const std::string_view last = *event.payload().text();
        next["last"] = last == "none" ? "" : std::string(last);
        return std::optional(std::move(next));
      });
  must(view.create_table());
  auto options = named("v");
  options.retry = {.attempts_max = 2, .on_poison = StreamRetry::OnPoison::skip};
  const auto projection =
      must(EventProjection::open(database(), *storage, *checkpoints_, std::move(options), view));
  must(projection->start());
  must(storage->push_event("S", event("a", 1, "one")));
  must(storage->push_event("S", event("a", 2, "none")));
  must(storage->push_event("S", event("b", 1, "b")));
  drain(*projection);
  EXPECT_EQ(must(view.get({"S", "a"}))->state.at("last"), AttributeValue("one"));
  EXPECT_EQ(must(view.get({"S", "b"}))->state.at("last"), AttributeValue("b"));
  EXPECT_EQ(projection->figures().skipped, 1u);
}

TEST_F(WithoutEmptyValues, AnEventWhoseWritesHoldOneIsPoisonToAProjection) {
  const auto storage = events();
  switch_stream_on("Events");
  make_table("Kept");
  EventMarkTable marks(database(), {.table_name = "Marks", .name = "w"});
  must(marks.create_table());
  auto options = named("w");
  options.retry = {.attempts_max = 2, .on_poison = StreamRetry::OnPoison::skip};
  const auto projection = must(EventProjection::open(
      database(), *storage, *checkpoints_, std::move(options), database(),
      {.writes = [](const SubscribedEvent& event) -> Result<std::vector<TransactWriteItem>> {
         const std::string_view text = *event.message.event.payload().text();
         Item item{{"id", text}, {"text", text == "none" ? "" : "some"}};
         return std::vector<TransactWriteItem>{
             {.put = TransactPut{.table_name = "Kept", .item = std::move(item)}}};
       },
       .marks_table_name = "Marks"}));
  must(projection->start());
  must(storage->push_event("S", event("a", 1, "none")));
  must(storage->push_event("S", event("a", 2, "one")));
  drain(*projection);
  EXPECT_EQ(projection->figures().skipped, 1u);
  const auto kept = must(database().scan({.table_name = "Kept"}));
  ASSERT_EQ(kept.items->size(), 1u);
  EXPECT_EQ(kept.items->front().at("id"), AttributeValue("one"));
}

TEST_F(WithoutEmptyValues, AUserThatHoldsOneIsRefusedOrItBecomesNull) {
  const auto plain =
      must(UserDataStore::create(database(), {.table = {.name = "Users"}, .clock = &clock_}));
  must(plain->ensure_table());
  UserTurn turn = must(plain->load("user-1"));
  turn.user["text"] = "";
  refused(plain->save(turn), ErrorCode::validation);
  EXPECT_EQ(rows("Users"), 0u);
  const auto converting = must(UserDataStore::create(
      database(), {.table = {.name = "Users"}, .convert_empty = true, .clock = &clock_}));
  turn = must(converting->load("user-1"));
  turn.user["text"] = "";
  must(converting->save(turn));
  EXPECT_EQ(must(converting->load("user-1")).user.at("text"), AttributeValue(nullptr));
}

TEST_F(WithoutEmptyValues, CollectionsHoldNone) {
  const auto store = must(VersionedCollections::create(database(), {.clock = &clock_}));
  must(store->prepare_tables());
  const auto posts = must(store->create_collection("app", "user", "posts")).path;
  const auto entry = must(store->create_entry(
      posts, {.sets_name = true, .name = "", .sets_value = true, .value = R"("")"}));
  EXPECT_EQ(must(store->get(entry.path)).name, std::nullopt);
  EXPECT_EQ(must(store->get(entry.path)).value, R"("")");
}

TEST_F(WithoutEmptyValues, AReplicaThatMustHoldOneFails) {
  const auto source = must(open_embedded({.in_memory = true}));
  auto request = table_of("id");
  request.table_name = "Songs";
  request.stream_specification = StreamSpecification{
      .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
  must(source->create_table(request));
  must(source->put_item({.table_name = "Songs", .item = Item{{"id", "a"}, {"text", ""}}}));
  const auto replica = must(Replica::open(*source, {.table_name = "Songs",
                                                    .kept_in = &database(),
                                                    .scan_threads = 1,
                                                    .clock = &clock_,
                                                    .now = [this] { return moment_; }}));
  for (int step = 0; step < 1000 && !replica->error(); ++step) {
    const auto next = replica->step();
    if (next) moment_ = std::max(moment_ + 1ms, *next);
  }
  ASSERT_TRUE(replica->error());
  EXPECT_EQ(replica->error()->code(), ErrorCode::validation);
}

// ---- ScyllaDB Alternator, as it is documented ----

class OnAlternator : public Behind {
 protected:
  OnAlternator() : Behind("alternator") {}
};

TEST_F(OnAlternator, ItIsRecognisedAndHasNoTransactions) {
  EXPECT_EQ(capabilities(), (Capabilities{.engine = "ScyllaDB Alternator",
                                          .transactions = false,
                                          .transaction_actions_max = 0}));
}

TEST_F(OnAlternator, NamesThatAreTooLongAreRefusedByTheEngine) {
  const std::string name(222 - std::string_view(":initialEvents").size(), 'E');
  events(database(), name);
  const auto longer = single_table_event_storage(database(), {.table_name = name + "E"});
  EXPECT_THAT(refused(longer->create_table(), ErrorCode::validation).message(),
              HasSubstr("cannot exceed 221 characters"));
}

TEST_F(OnAlternator, AnIndexThatHoldsMoreThanItsKeysServesAsWell) {
  const auto storage = events();
  EXPECT_EQ(must(database().describe_table({.table_name = "Events"}))
                .table.global_secondary_indexes.front()
                .projection.projection_type,
            ProjectionType::all);
  must(storage->check_table());
  must(storage->push_event("S", event("a", 1)));
  EXPECT_EQ(must(storage->list_aggregate_ids("S")).aggregates.size(), 1u);
}

// Each push is told there as a removal, of what was not there, and a modification.
TEST_F(OnAlternator, ASubscriptionDeliversEveryEventInItsOrder) {
  const auto storage = events();
  must(storage->push_event("S", event("a", 1)));
  switch_stream_on("Events");
  std::vector<Version> delivered;
  const auto subscription = must(EventSubscription::open(
      database(), *storage, *checkpoints_, named("s"), [&](const SubscribedEvent& event) {
        delivered.push_back(event.message.event.version());
        return Result<void>();
      }));
  must(subscription->start());
  must(storage->push_event("S", event("a", 2)));
  must(storage->push_event("S", event("a", 3)));
  drain(*subscription);
  EXPECT_THAT(delivered, ElementsAre(1, 2, 3));
}

TEST_F(OnAlternator, AViewIsTheFoldOfTheEvents) {
  const auto storage = events();
  switch_stream_on("Events");
  EventView view(
      database(), "View",
      [](std::optional<Item> state, Version version, const Event&) -> Result<std::optional<Item>> {
        Item next = state.value_or(Item{{"seen", ""}});
        next["seen"] = next.at("seen").as_string() + std::to_string(version + 1);
        return std::optional(std::move(next));
      });
  must(view.create_table());
  const auto projection =
      must(EventProjection::open(database(), *storage, *checkpoints_, named("v"), view));
  must(projection->start());
  for (Version version = 1; version <= 3; ++version) {
    must(storage->push_event("S", event("a", version)));
    drain(*projection);
  }
  EXPECT_EQ(must(view.get({"S", "a"}))->state.at("seen"), AttributeValue("123"));
}

TEST_F(OnAlternator, AReplicaHoldsWhatItsTableHolds) {
  make_table("Songs", true);
  for (const char* id : {"a", "b", "c"}) {
    must(database().put_item({.table_name = "Songs", .item = Item{{"id", id}, {"n", 1}}}));
  }
  const auto replica = must(Replica::open(
      database(),
      {.table_name = "Songs", .scan_threads = 1, .settle = 0ms, .clock = &clock_, .now = [this] {
         return moment_;
       }}));
  const auto work = [&](const auto& done) {
    for (int step = 0; step < 1000 && !done(); ++step) {
      moment_ = std::max(moment_ + 1ms, must(replica->step()));
    }
  };
  work([&] { return replica->state() == ReplicaState::live; });
  must(database().put_item({.table_name = "Songs", .item = Item{{"id", "a"}, {"n", 2}}}));
  must(database().delete_item({.table_name = "Songs", .key = Key{{"id", "b"}}}));
  must(database().put_item({.table_name = "Songs", .item = Item{{"id", "d"}, {"n", 1}}}));
  work([&] { return must(replica->get({{"id", "d"}})).has_value(); });
  EXPECT_EQ(must(replica->get({{"id", "a"}})), (Item{{"id", "a"}, {"n", 2}}));
  EXPECT_EQ(must(replica->get({{"id", "b"}})), std::nullopt);
  EXPECT_EQ(must(replica->size()), 3u);
}

}  // namespace
}  // namespace dynakeep::contract
