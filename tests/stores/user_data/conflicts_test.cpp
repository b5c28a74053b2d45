#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "dynakeep/json.h"
#include "stores/event_store/scripted_database.h"
#include "stores/user_data/user_data_contract.h"

// Turns of one user at one time.
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
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Error lost =
    Error(ErrorCode::unavailable, "the connection is gone").set_outcome_unknown(true);

class UserConflicts : public contract::UserDataContract {
 protected:
  AttributeMap stored_data() { return item()->at("user").as_map().at("data").as_map(); }

  // Both load, both save; what the second save reports.
  SaveReport race(UserDataStore& store, const std::function<void(UserTurn&)>& first,
                  const std::function<void(UserTurn&)>& second) {
    UserTurn one = must(store.load(user_id));
    UserTurn two = must(store.load(user_id));
    first(one);
    second(two);
    must(store.save(one));
    return must(store.save(two));
  }
  // However often others are in the way.
  static void save_at_last(UserDataStore& store, UserTurn& turn) {
    while (true) {
      const auto saved = store.save(turn);
      if (saved) return;
      refused(saved, ErrorCode::write_conflict);
    }
  }
  static std::function<void(UserTurn&)> user(const std::string& json) {
    return [json](UserTurn& turn) { turn.user = map_of(json); };
  }
  static std::function<void(UserTurn&)> says(const std::string& text) {
    return [text](UserTurn& turn) { turn.entry["output"] = AttributeList{text}; };
  }
};
ON_EVERY_USER_DATA_KIND(UserConflicts);

TEST_P(UserConflicts, TheModeDecidesWhatBecomesOfTheFirst) {
  saved(store(), "{}");
  race(*store_with({.save_mode = SaveMode::replace}), user(R"({"a": 1})"), user(R"({"b": 1})"));
  EXPECT_EQ(stored_data(), map_of(R"({"b": 1})"));

  saved(store(), "{}");
  const auto guarded = store_with({.save_mode = SaveMode::guarded});
  UserTurn one = must(guarded->load(user_id));
  UserTurn two = must(guarded->load(user_id));
  one.user["a"] = 1;
  two.user["b"] = 1;
  must(guarded->save(one));
  const Error conflict = refused(guarded->save(two), ErrorCode::write_conflict);
  ASSERT_NE(conflict.item(), nullptr);
  EXPECT_EQ(*conflict.item(), item());
  EXPECT_EQ(two.user, map_of(R"({"b": 1})"));

  // The turn is as it was, and a merge takes it.
  EXPECT_EQ(must(guarded->save(two, SaveMode::merge)).attempts, 2u);
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1})"));
  EXPECT_EQ(two.user, map_of(R"({"a": 1, "b": 1})"));
}

TEST_P(UserConflicts, EachSideKeepsWhatItAloneChanged) {
  saved(store(), R"({"kept": 1, "mine": 1, "theirs": 1, "gone": 1, "too": 1,
                     "home": {"city": "London", "street": "A"}, "list": [1, 2]})");
  const auto report = race(
      store(),
      [](UserTurn& turn) {
        turn.user["theirs"] = 2;
        turn.user.erase("gone");
        turn.user["home"].as_map()["street"] = "B";
        turn.user["list"] = AttributeList{1, 2, 3};
      },
      [](UserTurn& turn) {
        turn.user["mine"] = 2;
        turn.user.erase("too");
        turn.user["home"].as_map()["city"] = "Paris";
        turn.user["new"] = true;
      });
  EXPECT_EQ(stored_data(), map_of(R"({"kept": 1, "mine": 2, "theirs": 2, "new": true,
                                      "home": {"city": "Paris", "street": "B"},
                                      "list": [1, 2, 3]})"));
  EXPECT_THAT(report.overruled, IsEmpty());
  EXPECT_EQ(report.attempts, 2u);
}

TEST_P(UserConflicts, WhereBothChangedTheLaterCountsAndTells) {
  saved(store(), R"({"a": 1, "b": 1, "c": 1, "o": {"x": 1}, "list": [1], "same": 1})");
  const auto report = race(
      store(), user(R"({"a": 2, "c": 2, "o": {"x": 2}, "list": [1, 2], "same": 5, "n": {"p": 1}})"),
      user(R"({"a": 3, "b": 3, "o": {"x": 3}, "list": [0, 1], "same": 5, "n": {"q": 1}})"));
  EXPECT_EQ(stored_data(), map_of(R"({"a": 3, "b": 3, "o": {"x": 3}, "list": [0, 1], "same": 5,
                                      "n": {"p": 1, "q": 1}})"));
  EXPECT_THAT(report.overruled, UnorderedElementsAre("user.data.a", "user.data.b", "user.data.c",
                                                     "user.data.o.x", "user.data.list"));
}

TEST_P(UserConflicts, TwoFirstTurnsMakeOneUser) {
  UserTurn one = must(store().load(user_id));
  tick(seconds(1));
  UserTurn two = must(store().load(user_id));
  one.user["a"] = 1;
  two.user["b"] = 1;
  must(store().save(two));
  must(store().save(one));
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1})"));
  EXPECT_EQ(item()->at("createdAt"), AttributeValue("2021-06-30T05:50:04.034Z"));
  // Later than the save before, though the clock stands still.
  EXPECT_EQ(item()->at("updatedAt"), AttributeValue("2021-06-30T05:50:05.035Z"));

  // The earlier one counts whoever is first.
  UserTurn erased = must(store().load(user_id));
  must(store().erase(user_id));
  must(store().save(erased));
  EXPECT_EQ(item()->at("createdAt"), AttributeValue("2021-06-30T05:50:04.034Z"));
}

TEST_P(UserConflicts, WhatAnErasureTookStaysAway) {
  saved(store(), R"({"secret": 1, "home": {"street": "A", "city": "B"}})");
  UserTurn turn = must(store().load(user_id));
  turn.user["home"].as_map()["city"] = "C";
  turn.user["visits"] = 1;
  must(store().erase(user_id));
  must(store().save(turn));
  EXPECT_EQ(stored_data(), map_of(R"({"home": {"street": "A", "city": "C"}, "visits": 1})"));

  const Error conflict = [&] {
    UserTurn again = must(store().load(user_id));
    must(store().erase(user_id));
    return refused(store().save(again, SaveMode::guarded), ErrorCode::write_conflict);
  }();
  EXPECT_EQ(conflict.item(), nullptr);
  EXPECT_FALSE(item());
}

TEST_P(UserConflicts, HistoriesHaveTheEntriesOfBoth) {
  const auto store = store_with({.history = {.enabled = true}});
  UserTurn first = must(store->load(user_id));
  says("0")(first);
  must(store->save(first));
  race(*store, says("1"), says("2"));
  race(*store, says("3"), says("4"));
  const auto entry = [](const char* text) { return AttributeMap{{"output", AttributeList{text}}}; };
  EXPECT_THAT(must(store->load(user_id)).history, ElementsAre(entry("4"), entry("3"), entry("2")));

  // Who changed the list itself overrules.
  const auto report = race(*store, says("5"), [](UserTurn& turn) {
    turn.history.clear();
    turn.adds_entry = false;
  });
  EXPECT_THAT(must(store->load(user_id)).history, IsEmpty());
  EXPECT_THAT(report.overruled, ElementsAre("history.items"));
}

TEST_P(UserConflicts, OneSessionIsMergedAndTheLaterOfTwoCounts) {
  const auto store = store_with({.session = {.enabled = true}});
  UserTurn first = must(store->load(user_id, {.id = "s-1", .data = map_of(R"({"a": 1})")}));
  must(store->save(first));
  race(
      *store,
      [](UserTurn& turn) {
        turn.session->data["b"] = 1;
        turn.session->state = AttributeList{"A"};
      },
      [](UserTurn& turn) { turn.session->data["c"] = 1; });
  AttributeMap session = item()->at("session").as_map();
  EXPECT_EQ(session.at("data"), AttributeValue(map_of(R"({"a": 1, "b": 1, "c": 1})")));
  EXPECT_EQ(session.at("state"), AttributeValue(AttributeList{"A"}));

  tick(seconds(901));
  UserTurn earlier = must(store->load(user_id, {.id = "s-2"}));
  tick(seconds(1));
  UserTurn later = must(store->load(user_id, {.id = "s-3"}));
  must(store->save(later));
  const SaveReport report = must(store->save(earlier));
  EXPECT_EQ(item()->at("session").as_map().at("id"), AttributeValue("s-3"));
  EXPECT_THAT(report.overruled, ElementsAre("session"));
  EXPECT_EQ(earlier.session->id, "s-3");
}

TEST_P(UserConflicts, ThreadsThatChangeOneUserLoseNothing) {
  constexpr int threads = 8;
  constexpr int rounds = 50;
  must(store().ensure_table());
  on_threads(threads, [&](int thread) {
    const std::string member = "t" + std::to_string(thread);
    for (int round = 0; round < rounds; ++round) {
      UserTurn turn = must(store().load(user_id));
      const auto found = turn.user.find(member);
      turn.user[member] =
          found == turn.user.end() ? Number(1) : must(add(found->second.as_number(), 1));
      save_at_last(store(), turn);
    }
  });
  for (int thread = 0; thread < threads; ++thread) {
    EXPECT_EQ(stored_data().at("t" + std::to_string(thread)), AttributeValue(rounds));
  }
}

TEST_P(UserConflicts, ThreadsThatTellOfThemselvesAreAllInTheHistory) {
  constexpr int threads = 8;
  constexpr int rounds = 5;
  const auto store = store_with({.history = {.enabled = true, .size = std::nullopt}});
  must(store->ensure_table());
  on_threads(threads, [&](int thread) {
    for (int round = 0; round < rounds; ++round) {
      UserTurn turn = must(store->load(user_id));
      turn.entry["output"] = AttributeList{thread, round};
      save_at_last(*store, turn);
    }
  });
  std::set<std::string> entries;
  for (const AttributeMap& entry : must(store->load(user_id)).history) {
    entries.insert(to_json(AttributeValue(entry)));
  }
  EXPECT_EQ(entries.size(), std::size_t{threads} * rounds);
}

TEST_P(UserConflicts, CountersOfOneMemberCountByUpdate) {
  constexpr int threads = 4;
  constexpr int rounds = 20;
  std::atomic<int> counted = 0;
  must(store().ensure_table());
  on_threads(threads, [&](int) {
    for (int round = 0; round < rounds; ++round) {
      const auto updated = store().update(user_id, [](UserTurn& turn) -> Result<void> {
        AttributeValue& visits = turn.user["visits"];
        visits = visits.is_number() ? TRY(add(visits.as_number(), 1)) : Number(1);
        return {};
      });
      if (updated) ++counted;
      if (!updated) refused(updated, ErrorCode::write_conflict);
    }
  });
  EXPECT_EQ(stored_data(), (AttributeMap{{"visits", counted.load()}}));
  EXPECT_FALSE(item()->contains("history"));
}

// Upstream's way: the whole item, whatever is there.
TEST_P(UserConflicts, ASaveThatKnowsNoGuardIsNoticed) {
  const auto upstream = store_with({.save_mode = SaveMode::replace});
  saved(store(), R"({"a": 1})");
  tick(milliseconds(1));
  UserTurn ours = must(store().load(user_id));
  UserTurn theirs = must(upstream->load(user_id));
  tick(milliseconds(1));
  theirs.user["b"] = 1;
  must(upstream->save(theirs));
  ours.user["c"] = 1;
  EXPECT_EQ(must(store().save(ours)).attempts, 2u);
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1, "c": 1})"));
}

// ---- answers that are lost ----

TEST_P(UserConflicts, ASaveWhoseAnswerIsLostKnowsItself) {
  for (const ScriptedDatabase::Turn& what : std::initializer_list<ScriptedDatabase::Turn>{
           {.error = lost}, {.twice = true}, {.carried_out = false, .error = lost}}) {
    ScriptedDatabase scripted(database());
    const auto store = store_on(scripted, {.history = {.enabled = true}});
    UserTurn turn = must(store->load(user_id));
    turn.user["a"] = 1;
    says("hello")(turn);
    scripted.writes = {what};
    must(store->save(turn));
    EXPECT_EQ(stored_data(), map_of(R"({"a": 1})"));
    EXPECT_EQ(must(store->load(user_id)).history.size(), 1u);
    EXPECT_EQ(scripted.puts.size(), what.carried_out ? 1u : 2u);
    must(this->store().erase(user_id));
  }
}

TEST_P(UserConflicts, ASaveThatIsOvertakenAfterItsAnswerWasLostAddsOneEntry) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted, {.history = {.enabled = true}});
  const auto other = store_with({.history = {.enabled = true}});
  UserTurn turn = must(store->load(user_id));
  turn.user["a"] = 1;
  says("mine")(turn);
  scripted.writes = {{.error = lost}};
  scripted.reads = {{.before = [&] {
    UserTurn theirs = must(other->load(user_id));
    theirs.user["b"] = 1;
    says("theirs")(theirs);
    must(other->save(theirs));
  }}};
  must(store->save(turn));
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1})"));
  EXPECT_THAT(must(store->load(user_id)).history,
              ElementsAre(AttributeMap{{"output", AttributeList{"theirs"}}},
                          AttributeMap{{"output", AttributeList{"mine"}}}));
}

// The other save leaves the entry in front: it has none to add, or added its own before.
TEST_P(UserConflicts, ASaveThatIsOvertakenByOneWithoutAnEntryAddsOneEntry) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted, {.history = {.enabled = true}});
  const auto other = store_with({.history = {.enabled = true}});
  UserTurn turn = must(store->load(user_id));
  turn.user["a"] = 1;
  says("mine")(turn);
  scripted.writes = {{.error = lost}};
  scripted.reads = {{.before = [&] {
    must(other->update(user_id, [](UserTurn& theirs) {
      theirs.user["b"] = 1;
      return Result<void>();
    }));
  }}};
  must(store->save(turn));
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1})"));
  EXPECT_THAT(must(store->load(user_id)).history,
              ElementsAre(AttributeMap{{"output", AttributeList{"mine"}}}));
}

// Theirs is stored, then mine over it, and neither is answered. They find theirs behind mine and
// save what is there as their own; only then is mine looked for.
TEST_P(UserConflicts, TwoSavesWhoseAnswersAreLostAddOneEntryEach) {
  ScriptedDatabase mine(database());
  ScriptedDatabase others(database());
  const auto store = store_on(mine, {.history = {.enabled = true}});
  const auto other = store_on(others, {.history = {.enabled = true}});
  std::promise<void> theirs_is_stored;
  std::promise<void> mine_is_stored;
  std::thread they([&] {
    UserTurn theirs = must(other->load(user_id));
    theirs.user["b"] = 1;
    says("theirs")(theirs);
    others.writes = {{.error = lost}};
    others.reads = {{.before = [&] {
      theirs_is_stored.set_value();
      mine_is_stored.get_future().wait();
    }}};
    must(other->save(theirs));
  });
  theirs_is_stored.get_future().wait();
  UserTurn turn = must(store->load(user_id));
  turn.user["a"] = 1;
  says("mine")(turn);
  mine.writes = {{.error = lost}};
  mine.reads = {{.before = [&] {
    mine_is_stored.set_value();
    they.join();
  }}};
  must(store->save(turn));
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1})"));
  EXPECT_THAT(must(store->load(user_id)).history,
              ElementsAre(AttributeMap{{"output", AttributeList{"mine"}}},
                          AttributeMap{{"output", AttributeList{"theirs"}}}));
}

TEST_P(UserConflicts, AHistoryThatTheTurnChangedIsChangedOnce) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted, {.history = {.enabled = true}});
  const auto other = store_with({.history = {.enabled = true}});
  UserTurn first = must(other->load(user_id));
  says("secret")(first);
  must(other->save(first));
  UserTurn turn = must(store->load(user_id));
  turn.history.clear();
  says("mine")(turn);
  scripted.writes = {{.error = lost}};
  scripted.reads = {{.before = [&] {
    UserTurn theirs = must(other->load(user_id));
    says("theirs")(theirs);
    must(other->save(theirs));
  }}};
  EXPECT_THAT(must(store->save(turn)).overruled, IsEmpty());
  EXPECT_THAT(must(store->load(user_id)).history,
              ElementsAre(AttributeMap{{"output", AttributeList{"theirs"}}},
                          AttributeMap{{"output", AttributeList{"mine"}}}));
}

// The oldest entries went, by number or by size, and with them what followed the entry.
TEST_P(UserConflicts, AnEntryIsKnownAlsoWhereTheHistoryWasCutBehindIt) {
  UserDataOptions by_number{.history = {.enabled = true, .size = 2}};
  UserDataOptions by_size{.history = {.enabled = true, .size = 10}, .item_bytes_max = 750};
  for (const UserDataOptions& options : {by_number, by_size}) {
    ScriptedDatabase scripted(database());
    const auto store = store_on(scripted, options);
    const auto other = store_with(options);
    const std::string long_text(250, 'x');
    UserTurn first = must(other->load(user_id));
    says("0" + long_text)(first);
    must(other->save(first));
    UserTurn turn = must(store->load(user_id));
    says("1" + long_text)(turn);
    scripted.writes = {{.error = lost}};
    scripted.reads = {{.before = [&] {
      UserTurn theirs = must(other->load(user_id));
      says("2" + long_text)(theirs);
      must(other->save(theirs));
    }}};
    must(store->save(turn));
    EXPECT_THAT(must(store->load(user_id)).history,
                ElementsAre(AttributeMap{{"output", AttributeList{"2" + long_text}}},
                            AttributeMap{{"output", AttributeList{"1" + long_text}}}));
    must(this->store().erase(user_id));
  }
}

// An entry that says the same as another one is an entry still.
TEST_P(UserConflicts, AnEqualEntryOfAnotherTurnIsNotTakenForOnesOwn) {
  for (const bool they_add_one : {true, false}) {
    ScriptedDatabase scripted(database());
    const UserHistoryOptions history{.enabled = true, .size = 10};
    const auto store = store_on(scripted, {.history = history});
    const auto other = store_with({.history = history});
    UserTurn first = must(other->load(user_id));
    says("sorry?")(first);
    must(other->save(first));
    UserTurn turn = must(store->load(user_id));
    says("sorry?")(turn);
    scripted.writes = {{.carried_out = false, .error = lost}};
    scripted.reads = {{.before = [&] {
      UserTurn theirs = must(other->load(user_id));
      theirs.adds_entry = they_add_one;
      says("hello")(theirs);
      must(other->save(theirs));
    }}};
    must(store->save(turn));
    EXPECT_EQ(must(store->load(user_id)).history.size(), they_add_one ? 3u : 2u);
    must(this->store().erase(user_id));
  }
}

TEST_P(UserConflicts, WhereNobodyCanTellTheErrorSaysSo) {
  for (const SaveMode mode : {SaveMode::merge, SaveMode::guarded, SaveMode::replace}) {
    ScriptedDatabase scripted(database());
    const auto store = store_on(scripted, {.save_mode = mode});
    UserTurn turn = must(store->load(user_id));
    turn.user["a"] = 1;
    for (int i = 0; i < 20; ++i) scripted.writes.push_back({.carried_out = false, .error = lost});
    const auto failed = store->save(turn);
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().outcome_unknown());
    EXPECT_EQ(turn.user, map_of(R"({"a": 1})"));
    scripted.writes.clear();
    must(store->save(turn));
    EXPECT_EQ(stored_data(), map_of(R"({"a": 1})"));
    must(this->store().erase(user_id));
  }
}

TEST_P(UserConflicts, FiveInARowAreAConflict) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted);
  const auto other = store_with();
  UserTurn turn = must(store->load(user_id));
  turn.user["mine"] = 1;
  int others = 0;
  const auto overtake = [&] { saved(*other, R"({"n": )" + std::to_string(++others) + "}"); };
  for (int i = 0; i < 5; ++i) scripted.writes.push_back({.before = overtake});
  const Error conflict = refused(store->save(turn), ErrorCode::write_conflict);
  EXPECT_EQ(*conflict.item(), item());
  EXPECT_EQ(scripted.puts.size(), 5u);
  EXPECT_EQ(turn.user, map_of(R"({"mine": 1})"));
  EXPECT_EQ(must(store->save(turn)).attempts, 2u);
  EXPECT_EQ(stored_data(), map_of(R"({"mine": 1, "n": 5})"));
}

TEST_P(UserConflicts, AnEngineThatDoesNotSayWhatStandsThereIsAsked) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted);
  UserTurn turn = must(store->load(user_id));
  turn.user["a"] = 1;
  saved(*store_with(), R"({"b": 1})");
  scripted.gets.clear();
  scripted.writes = {{.carried_out = false, .error = Error::conditional_check_failed()}};
  must(store->save(turn));
  EXPECT_EQ(scripted.gets.size(), 1u);
  EXPECT_EQ(stored_data(), map_of(R"({"a": 1, "b": 1})"));
}

}  // namespace
}  // namespace dynakeep
