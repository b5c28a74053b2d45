#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "dynakeep/clock.h"
#include "dynakeep/embedded.h"
#include "dynakeep/stores/dismissals.h"
#include "dynakeep/stores/user_data.h"
#include "stores/event_store/scripted_database.h"

// Stores whose items expire switch the table's time to live on, and the engine deletes the items.
namespace dynakeep::contract {
namespace {

using std::chrono::hours;

std::unique_ptr<UserDataStore> user_data_on(Database& database, const std::string& table,
                                            const Clock& clock = system_clock()) {
  return must(UserDataStore::create(
      database,
      {.table = {.name = table}, .expiry = UserExpiryOptions{.after = hours(1)}, .clock = &clock}));
}

std::unique_ptr<DismissalTable> dismissals_on(Database& database, const std::string& table,
                                              const Clock& clock = system_clock()) {
  return must(
      dismissal_table(database, {.table = table, .expire_after = hours(1), .clock = &clock}));
}

// What each of the stores does at its start.
using MakeTable = std::function<Result<void>(Database& database, const std::string& table)>;
const std::vector<MakeTable> all_stores = {[](Database& database, const std::string& table) {
                                             return user_data_on(database, table)->ensure_table();
                                           },
                                           [](Database& database, const std::string& table) {
                                             return dismissals_on(database, table)->create_table();
                                           }};

class StoreTimeToLive : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (!capabilities().time_to_live) GTEST_SKIP() << "no time to live";
  }
  std::optional<std::string> attribute_of(const std::string& table) {
    return must(database().describe_time_to_live({.table_name = table}))
        .time_to_live_description.attribute_name;
  }
  UpdateTimeToLiveRequest asked(const std::string& table, const std::string& attribute) {
    return {.table_name = table,
            .time_to_live_specification =
                TimeToLiveSpecification{.enabled = true, .attribute_name = attribute}};
  }
};
ON_EVERY_KIND(StoreTimeToLive);

TEST_P(StoreTimeToLive, IsSwitchedOnOnceForTheAttribute) {
  for (const MakeTable& make_table : all_stores) {
    const std::string table = unused_name();
    ScriptedDatabase scripted(database());
    must(make_table(scripted, table));
    EXPECT_EQ(attribute_of(table), "expiresAt");
    must(make_table(scripted, table));
    EXPECT_EQ(scripted.time_to_lives.size(), 1u);
  }
}

TEST_P(StoreTimeToLive, SeveralMaySwitchItOnAtOnce) {
  for (const MakeTable& make_table : all_stores) {
    const std::string table = unused_name();
    on_threads(8, [&](int) { must(make_table(database(), table)); });
    EXPECT_EQ(attribute_of(table), "expiresAt");
  }
}

TEST_P(StoreTimeToLive, OfWhoComesLaterOrWhoseAnswerIsLostNothingIsHeard) {
  const Error lost =
      Error(ErrorCode::unavailable, "the connection is gone").set_outcome_unknown(true);
  for (const MakeTable& make_table : all_stores) {
    const std::string table = unused_name();
    ScriptedDatabase late(database());
    late.writes = {
        {.before = [&] { must(database().update_time_to_live(asked(table, "expiresAt"))); }}};
    must(make_table(late, table));

    const std::string other = unused_name();
    ScriptedDatabase losing(database());
    losing.writes = {{.error = lost}};
    must(make_table(losing, other));
    EXPECT_EQ(attribute_of(other), "expiresAt");

    // Nothing was done: this is told.
    const std::string third = unused_name();
    ScriptedDatabase failing(database());
    failing.writes = {{.carried_out = false, .error = Error(ErrorCode::access_denied, "no")}};
    refused(make_table(failing, third), ErrorCode::access_denied);
  }
}

TEST_P(StoreTimeToLive, OfAnotherAttributeIsToldAndLeftAlone) {
  for (const MakeTable& make_table : all_stores) {
    const std::string table = unused_name();
    // Another one switches it on for its own attribute, in the last moment.
    ScriptedDatabase late(database());
    late.writes = {{.before = [&] { must(database().update_time_to_live(asked(table, "ttl"))); }}};
    for (int time = 1; time <= 2; ++time) {
      EXPECT_EQ(refused(make_table(late, table), ErrorCode::invalid_argument).message(),
                "The time to live of table \"" + table + "\" is \"ttl\"; needed is \"expiresAt\"");
    }
    EXPECT_EQ(attribute_of(table), "ttl");
  }
}

TEST_P(StoreTimeToLive, AnEngineWithoutItWillDo) {
  for (const MakeTable& make_table : all_stores) {
    const std::string table = unused_name();
    ScriptedDatabase without(database());
    without.can.time_to_live = false;
    must(make_table(without, table));
    EXPECT_TRUE(without.time_to_lives.empty());

    // One that was not asked what it can.
    ScriptedDatabase refusing(database());
    refusing.writes = {
        {.carried_out = false, .error = Error(ErrorCode::unknown_operation, "never heard of it")}};
    must(make_table(refusing, table));
    EXPECT_EQ(attribute_of(table), std::nullopt);
  }
  const auto table = must(dismissal_table(database(), {.table = unused_name()}));
  must(table->create_table());
  EXPECT_EQ(attribute_of(table->options().table), std::nullopt);  // nothing expires
  ScriptedDatabase without(database());
  without.can.time_to_live = false;
  const auto asking = must(dismissal_table(without, {.table = table->options().table}));
  EXPECT_EQ(refused(asking->ensure_time_to_live(), ErrorCode::unsupported).message(),
            "The database of table \"" + table->options().table +
                "\" has no time to live: it deletes nothing that has expired");
  must(table->ensure_time_to_live());
  EXPECT_EQ(attribute_of(table->options().table), "expiresAt");
}

TEST(ExpiredItems, AreDeletedByTheEngine) {
  ManualClock clock;
  const auto embedded = must(open_embedded(
      {.in_memory = true, .clock = &clock, .expiry_interval = std::chrono::milliseconds(5)}));
  const auto count = [&](const std::string& table) {
    return must(embedded->scan({.table_name = table, .consistent_read = true})).count;
  };
  const auto user_data = user_data_on(*embedded, "Users", clock);
  UserTurn turn = must(user_data->load("user-1"));
  must(user_data->save(turn));
  const auto dismissals = dismissals_on(*embedded, "dismissible-items", clock);
  must(dismissals->create_table());
  must(dismissals->create(must(DismissalUserId::parse("user-1")),
                          must(DismissalItemId::parse("a"))));

  clock.advance(hours(1) - std::chrono::seconds(1));
  must(dismissals->create(must(DismissalUserId::parse("user-1")),
                          must(DismissalItemId::parse("b"))));
  clock.advance(std::chrono::seconds(2));
  wait_until([&] { return count("Users") == 0 && count("dismissible-items") == 1; });
}

}  // namespace
}  // namespace dynakeep::contract
