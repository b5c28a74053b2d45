#include <algorithm>
#include <deque>
#include <mutex>
#include <string_view>

#include "dynakeep/log.h"
#include "stores/event_store/scripted_database.h"
#include "stores/user_data/user_data_contract.h"

// The table, sizes, and what fails.
namespace dynakeep {
namespace {

using contract::map_of;
using contract::must;
using contract::on_threads;
using contract::refused;
using contract::ScriptedDatabase;
using contract::user_id;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// Notes what is asked about tables, and says of the next ones what the script says.
class ScriptedTables final : public ScriptedDatabase {
 public:
  using ScriptedDatabase::ScriptedDatabase;

  std::deque<Result<TableStatus>> answers;
  std::vector<CreateTableRequest> created;
  int described = 0;

  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    ++described;
    if (answers.empty()) return ScriptedDatabase::describe_table(request);
    const auto answer = std::move(answers.front());
    answers.pop_front();
    if (!answer) return answer.error();
    DescribeTableResult result = TRY(ScriptedDatabase::describe_table(request));
    result.table.table_status = *answer;
    return result;
  }
  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    created.push_back(request);
    return ScriptedDatabase::create_table(request);
  }
};

class UserTable : public contract::UserDataContract {
 protected:
  std::unique_ptr<UserDataStore> store_waiting(Database& database, UserDataOptions options = {}) {
    options.table.name = table();
    options.clock = &clock_;
    options.wait = [this](milliseconds time) { waits_.push_back(time); };
    return must(UserDataStore::create(database, std::move(options)));
  }
  std::vector<milliseconds> waits_;
};
ON_EVERY_USER_DATA_KIND(UserTable);

TEST_P(UserTable, AMissingTableIsMadeAndWaitedFor) {
  ScriptedTables scripted(database());
  scripted.answers = {Error::resource_not_found("no table"), TableStatus::creating,
                      TableStatus::creating, TableStatus::creating};
  const auto store = store_waiting(scripted);
  EXPECT_TRUE(must(store->load(user_id)).is_new);
  ASSERT_EQ(scripted.created.size(), 1u);
  const CreateTableRequest& request = scripted.created.front();
  EXPECT_EQ(request.table_name, table());
  EXPECT_EQ(request.attribute_definitions,
            (std::vector<AttributeDefinition>{{"userId", ScalarType::string}}));
  EXPECT_EQ(request.key_schema, (KeySchema{{"userId", KeyType::hash}}));
  EXPECT_EQ(request.billing_mode, BillingMode::provisioned);
  EXPECT_EQ(request.provisioned_throughput,
            (ProvisionedThroughput{.read_capacity_units = 2, .write_capacity_units = 2}));
  EXPECT_FALSE(request.global_secondary_indexes || request.local_secondary_indexes ||
               request.stream_specification || request.tags || request.table_class);
  EXPECT_EQ(waits_, std::vector<milliseconds>(3, seconds(1)));
  // Known from now on.
  const int described = scripted.described;
  must(store->load(user_id));
  must(store->ensure_table());
  EXPECT_EQ(scripted.described, described);
}

TEST_P(UserTable, OfManyAtOnceOneMakesIt) {
  ScriptedTables scripted(database());
  const auto store = store_waiting(scripted);
  on_threads(8, [&](int) { must(store->ensure_table()); });
  EXPECT_EQ(scripted.created.size(), 1u);

  // Another process was quicker after we had looked.
  ScriptedTables late(database());
  late.answers = {Error::resource_not_found("no table")};
  must(store_waiting(late)->ensure_table());
  EXPECT_EQ(late.created.size(), 1u);
}

TEST_P(UserTable, KeyAndCapacitiesAreChosen) {
  ScriptedTables scripted(database());
  const auto store = store_waiting(
      scripted,
      {.table = {.key_attribute = "pk", .read_capacity_units = 5, .write_capacity_units = 7}});
  UserTurn turn = must(store->load(user_id));
  must(store->save(turn));
  EXPECT_EQ(scripted.created[0].provisioned_throughput,
            (ProvisionedThroughput{.read_capacity_units = 5, .write_capacity_units = 7}));
  EXPECT_EQ(must(store->stored(user_id))->item.at("pk"), AttributeValue(user_id));

  const auto on_demand = store_waiting(scripted, {.table = {.pay_per_request = true}});
  EXPECT_EQ(on_demand->table_definition().billing_mode, BillingMode::pay_per_request);
  EXPECT_FALSE(on_demand->table_definition().provisioned_throughput);
}

TEST_P(UserTable, AMissingTableIsNamedWhereItIsNotMade) {
  ScriptedTables scripted(database());
  const auto store = store_waiting(scripted, {.table = {.create_if_missing = false}});
  const auto message = refused(store->load(user_id), ErrorCode::resource_not_found).message();
  EXPECT_THAT(message, HasSubstr(table()));
  EXPECT_THAT(message, HasSubstr("createTableOnInit"));
  EXPECT_TRUE(scripted.created.empty());
}

TEST_P(UserTable, ATableOfAnotherKeyIsRefused) {
  must(store().ensure_table());
  const auto other = store_with({.table = {.key_attribute = "id"}});
  EXPECT_EQ(refused(other->ensure_table(), ErrorCode::invalid_argument).message(),
            "Table " + table() +
                " has the key userId (partition, string); needed is id (partition, string)");
}

TEST_P(UserTable, ATableThatIsNeverReadyIsGivenUp) {
  must(store().ensure_table());
  ScriptedTables scripted(database());
  for (int i = 0; i < 100; ++i) scripted.answers.emplace_back(TableStatus::creating);
  const auto store = store_waiting(scripted);
  refused(store->load(user_id), ErrorCode::timed_out);
  milliseconds waited(0);
  for (const milliseconds wait : waits_) waited += wait;
  EXPECT_EQ(waited, seconds(119));
  EXPECT_EQ(waits_.back(), seconds(2));
  // Asked again the next time.
  scripted.answers.clear();
  must(store->load(user_id));
}

TEST_P(UserTable, WhoMayNotLookDoesNotCreate) {
  ScriptedTables scripted(database());
  scripted.answers = {Error(ErrorCode::access_denied, "you may not")};
  refused(store_waiting(scripted)->load(user_id), ErrorCode::access_denied);
  EXPECT_TRUE(scripted.created.empty());
}

// ---- sizes ----

TEST_P(UserTable, AnItemTooLargeIsRefusedBeforeItIsSent) {
  saved(store(), R"({"a": 1})");
  const Item before = *item();
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted);
  UserTurn turn = must(store->load(user_id));
  turn.user["text"] = std::string(410'000, 'x');
  const auto message = refused(store->save(turn), ErrorCode::limit_exceeded).message();
  EXPECT_THAT(message, HasSubstr("of 390000: user 410024, session 0, history 0, others 78"));
  EXPECT_TRUE(scripted.puts.empty());
  EXPECT_EQ(item(), before);
}

TEST_P(UserTable, ALongHistoryIsCutToFit) {
  const auto store = store_with({.history = {.enabled = true, .size = 10}});
  const auto say = [&](UserDataStore& to, char letter) {
    UserTurn turn = must(to.load(user_id));
    turn.entry["output"] = AttributeList{std::string(100'000, letter)};
    return to.save(turn);
  };
  for (const char letter : {'a', 'b', 'c'})
    EXPECT_EQ(must(say(*store, letter)).trimmed_entries, 0u);
  const SaveReport report = must(say(*store, 'd'));
  EXPECT_EQ(report.trimmed_entries, 1u);
  EXPECT_LE(report.item_bytes, 390'000u);
  const auto history = must(store->load(user_id)).history;
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].at("output").as_list()[0].as_string()[0], 'd');

  refused(say(*store_with({.history = {.enabled = true, .size = 10}, .trim_history = false}), 'e'),
          ErrorCode::limit_exceeded);
}

TEST_P(UserTable, WhatIsCountedIsWhatTheEngineCounts) {
  saved(store(), R"({"text": "Grüße", "n": [1, 1.5, -12345678901234567890], "m": {"x": null}})");
  const auto report = [&] {
    UserTurn turn = must(store().load(user_id));
    turn.user["more"] = true;
    return must(store().save(turn));
  }();
  const auto described = must(database().describe_table({.table_name = table()}));
  EXPECT_EQ(report.item_bytes, static_cast<std::size_t>(described.table.table_size_bytes));
}

// What is logged as a warning while this lives: each sentence once for each time it is said.
class Warnings {
 public:
  Warnings() {
    set_log_sink(
        [this](const LogLine& line) {
          const std::lock_guard lock(mutex_);
          sentences_.emplace_back(line.message);
        },
        LogLevel::warning);
  }
  ~Warnings() { set_log_sink({}); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

  long count(std::string_view sentence) {
    const std::lock_guard lock(mutex_);
    return std::count(sentences_.begin(), sentences_.end(), sentence);
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> sentences_;
};

TEST_P(UserTable, WhatComesCloseToTheLimitIsToldOnce) {
  Warnings warnings;
  const auto store = store_with({.history = {.enabled = true, .size = 10}});
  const auto say = [&](const std::string& id, std::size_t bytes) {
    UserTurn turn = must(store->load(id));
    turn.entry["output"] = AttributeList{std::string(bytes, 'x')};
    must(store->save(turn));
  };
  const auto close = [&] {
    return warnings.count("a user's item is close to the largest that may be");
  };
  const auto cut = [&] { return warnings.count("a user's history was cut for the item to fit"); };
  say("one", 280'000);
  EXPECT_EQ(close(), 0);
  say("one", 20'000);
  say("one", 10);
  EXPECT_EQ(close(), 1);
  say("two", 300'000);
  EXPECT_EQ(close(), 2);
  EXPECT_EQ(cut(), 0);
  say("two", 100'000);
  EXPECT_EQ(cut(), 1);
}

TEST_P(UserTable, SettingsThatAreTakenForOthersAreTold) {
  Warnings warnings;
  store_with({.session = {.enabled = true, .expires_after = milliseconds(0)}});
  EXPECT_EQ(warnings.count("sessions that expire after 0 seconds expire after 900"), 1);
  put_item({{"userId", user_id}, {"createdAt", "garbage"}});
  must(store().load(user_id));
  EXPECT_EQ(warnings.count("a user's createdAt is no moment, and is set anew"), 1);
}

TEST_P(UserTable, AnEngineThatDeletesNothingIsToldOfOnce) {
  Warnings warnings;
  ScriptedDatabase scripted(database());
  scripted.can.time_to_live = false;
  const auto store = store_on(scripted, {.expiry = UserExpiryOptions{.after = seconds(10)}});
  saved(*store, "{}");
  tick(seconds(11));
  EXPECT_TRUE(must(store->load(user_id)).is_new);
  EXPECT_EQ(warnings.count("the database has no time to live: what has expired stays"), 1);
}

// ---- what is not saved ----

TEST_P(UserTable, ATurnThatIsNotCommittedSavesNothing) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted);
  const auto fails = [&](bool throws) -> Result<void> {
    auto turn = TRY(TurnGuard::begin(*store, user_id));
    turn->user["a"] = 1;
    if (throws) throw std::runtime_error("the application failed");
    return Error::internal("the application failed");
  };
  EXPECT_FALSE(fails(false));
  EXPECT_THROW((void)fails(true), std::runtime_error);
  EXPECT_TRUE(scripted.puts.empty());
  auto turn = must(TurnGuard::begin(*store, user_id));
  turn->user["a"] = 1;
  must(turn.commit());
  EXPECT_EQ(must(store->load(user_id)).user, map_of(R"({"a": 1})"));
}

TEST_P(UserTable, AFailedSaveLeavesTheTurnAsItWas) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted, {.history = {.enabled = true}});
  UserTurn turn = must(store->load(user_id));
  turn.user["a"] = 1;
  turn.entry["output"] = AttributeList{"hi"};
  scripted.writes = {{.carried_out = false, .error = Error(ErrorCode::throttling, "slow down")}};
  EXPECT_TRUE(refused(store->save(turn), ErrorCode::throttling).is_retryable());
  EXPECT_TRUE(turn.is_new);
  EXPECT_EQ(turn.user, map_of(R"({"a": 1})"));
  EXPECT_EQ(turn.entry.size(), 1u);
  must(store->save(turn));
  EXPECT_EQ(must(store->load(user_id)).history.size(), 1u);
}

TEST_P(UserTable, ATurnIsSavedForItsOwnUserAlone) {
  UserTurn turn;
  turn.user_id = user_id;
  refused(store().save(turn), ErrorCode::invalid_argument);
  turn = must(store().load(user_id));
  turn.user_id = "another";
  refused(store().save(turn), ErrorCode::invalid_argument);
}

TEST_P(UserTable, ATurnMayGoOnAfterItsSave) {
  UserTurn turn = must(store().load(user_id));
  turn.user["a"] = 1;
  must(store().save(turn));
  EXPECT_FALSE(turn.is_new);
  turn.user["b"] = 1;
  EXPECT_EQ(must(store().save(turn)).attempts, 1u);
  EXPECT_EQ(must(store().load(user_id)).user, map_of(R"({"a": 1, "b": 1})"));
  EXPECT_EQ(stored_version(turn), item()->at("updatedAt").as_string());
}

TEST_P(UserTable, WhatDidNotChangeIsNotWrittenAgain) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(
      scripted,
      {.session = {.enabled = true}, .history = {.enabled = true}, .skip_unchanged = true});
  const auto turn_with = [&](const std::function<void(UserTurn&)>& change) {
    UserTurn turn = must(store->load(user_id));
    if (change) change(turn);
    return must(store->save(turn));
  };
  EXPECT_FALSE(turn_with({}).skipped);  // a new user
  EXPECT_TRUE(turn_with({}).skipped);
  EXPECT_FALSE(turn_with([](UserTurn& turn) { turn.user["a"] = 1; }).skipped);
  EXPECT_TRUE(turn_with([](UserTurn& turn) { turn.user["a"] = 1; }).skipped);
  EXPECT_FALSE(turn_with([](UserTurn& turn) { turn.session->data["a"] = 1; }).skipped);
  EXPECT_FALSE(turn_with([](UserTurn& turn) { turn.entry["output"] = AttributeList{1}; }).skipped);
  EXPECT_TRUE(turn_with({}).skipped);
  EXPECT_EQ(scripted.puts.size(), 4u);

  // The session is renewed, once in a tenth of its life.
  tick(seconds(90));
  EXPECT_TRUE(turn_with({}).skipped);
  tick(seconds(1));
  EXPECT_FALSE(turn_with({}).skipped);
  EXPECT_TRUE(turn_with({}).skipped);
  EXPECT_EQ(scripted.puts.size(), 5u);
}

TEST_P(UserTable, ARepairIsAChange) {
  put_item({{"userId", user_id},
            {"user", AttributeMap{{"data", AttributeMap{}}}},
            {"createdAt", "garbage"},
            {"updatedAt", now()}});
  const auto store = store_with({.skip_unchanged = true});
  UserTurn turn = must(store->load(user_id));
  EXPECT_FALSE(must(store->save(turn)).skipped);
  EXPECT_EQ(item()->at("createdAt"), AttributeValue(now()));
}

}  // namespace
}  // namespace dynakeep
