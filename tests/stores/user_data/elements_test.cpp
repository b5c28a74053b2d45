#include "dynakeep/iso_time.h"
#include "stores/user_data/user_data_contract.h"

// Sessions, history and times: when they are stored, when they go on, when they end.
namespace dynakeep {
namespace {

using contract::item_of;
using contract::map_of;
using contract::must;
using contract::refused;
using contract::user_id;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

class UserElements : public contract::UserDataContract {
 protected:
  // A turn from beginning to end.
  UserTurn turn(UserDataStore& store, const UserSession& platform,
                const std::function<void(UserTurn&)>& change = {},
                const UserSessionOptions* session = nullptr) {
    UserTurn begun = must(store.load(user_id, platform, session));
    if (change) change(begun);
    must(store.save(begun));
    return begun;
  }

  void say(UserDataStore& store, const std::string& text) {
    turn(store, {}, [&](UserTurn& begun) {
      begun.entry["output"] = AttributeList{AttributeMap{{"message", text}}};
      begun.entry["request"] = AttributeMap{{"said", text}};
    });
  }
  AttributeValue entries() { return item()->at("history").as_map().at("items"); }
};
ON_EVERY_USER_DATA_KIND(UserElements);

AttributeMap said(const std::string& text) {
  return {{"output", AttributeList{AttributeMap{{"message", text}}}}};
}

const UserDataOptions with_session{.session = {.enabled = true}};

TEST_P(UserElements, WhatIsOffIsNeitherLoadedNorStored) {
  const auto bare = store_with(
      {.user = false, .created_at = false, .updated_at = false, .save_mode = SaveMode::replace});
  saved(store(), R"({"a": 1})");
  UserTurn begun = must(bare->load(user_id));
  EXPECT_TRUE(begun.user.empty());
  EXPECT_FALSE(begun.is_new);
  begun.user["b"] = 1;
  must(bare->save(begun));
  EXPECT_EQ(item(), (Item{{"userId", user_id}}));

  // The other modes leave what is stored of it.
  saved(store(), R"({"a": 1})");
  const Item before = *item();
  tick(seconds(1));
  saved(*store_with({.user = false, .created_at = false}), R"({"b": 1})");
  EXPECT_EQ(item()->at("user"), before.at("user"));
  EXPECT_EQ(item()->at("createdAt"), before.at("createdAt"));
}

TEST_P(UserElements, ASessionIsStoredAndGoesOn) {
  const auto store = store_with(with_session);
  turn(*store, {.id = "s-1"}, [](UserTurn& begun) { begun.session->data["step"] = 2; });
  EXPECT_EQ(item()->at("session"), AttributeValue(AttributeMap{{"id", "s-1"},
                                                               {"data", map_of(R"({"step": 2})")},
                                                               {"createdAt", now()},
                                                               {"updatedAt", now()}}));
  const std::string created = now();
  tick(seconds(10));

  // The platform says that it is new, and is not believed.
  const AttributeList state{map_of(R"({"component": "Order", "subState": "size", "data": {"a": 1},
                 "resolve": {"done": "onDone"}, "config": {}})"),
                            map_of(R"({"component": "Address"})")};
  UserTurn second = turn(*store, {.id = "s-2"}, [&](UserTurn& begun) {
    EXPECT_FALSE(begun.session->is_new);
    EXPECT_EQ(begun.session->id, "s-1");
    begun.session->state = state;
  });
  EXPECT_EQ(item()->at("session"), AttributeValue(AttributeMap{{"id", "s-1"},
                                                               {"data", map_of(R"({"step": 2})")},
                                                               {"state", state},
                                                               {"createdAt", created},
                                                               {"updatedAt", now()}}));
  turn(*store, {}, [&](UserTurn& begun) {
    EXPECT_EQ(begun.session->state, state);
    begun.session->state->clear();
  });
  EXPECT_EQ(item()->at("session").as_map().at("state"), AttributeValue(AttributeList{}));
}

TEST_P(UserElements, ASessionStartsAfreshForPlatformsThatAreBelieved) {
  const auto store = store_with({.session = {.enabled = true, .honour_new = true}});
  turn(*store, {.id = "s-1", .data = map_of(R"({"a": 1})")});
  for (const UserSession& same :
       {UserSession{.id = "s-1"}, UserSession{}, UserSession{.id = "s-2", .is_new = false}}) {
    EXPECT_EQ(must(store->load(user_id, same)).session->data, map_of(R"({"a": 1})"));
  }
  const UserTurn fresh = turn(*store, {.id = "s-2"});
  EXPECT_TRUE(fresh.session->is_new);
  EXPECT_EQ(item()->at("session").as_map().at("id"), AttributeValue("s-2"));
  EXPECT_EQ(item()->at("session").as_map().at("data"), AttributeValue(AttributeMap{}));
}

TEST_P(UserElements, ASessionWithoutAnIdHasNone) {
  turn(*store_with(with_session), {});
  EXPECT_FALSE(item()->at("session").as_map().contains("id"));
  EXPECT_FALSE(item()->at("session").as_map().contains("state"));
}

TEST_P(UserElements, SessionsEndByTime) {
  const auto store = store_with(with_session);
  const auto short_lived = store_with({.session = {.enabled = true, .expires_after = seconds(60)}});
  const auto none = store_with({.session = {.enabled = true, .expires_after = seconds(0)}});
  const struct {
    UserDataStore& store;
    milliseconds after;
    bool alive;
  } cases[] = {{*store, seconds(899), true},
               {*store, seconds(900), true},
               {*store, milliseconds(900'001), false},
               {*store, seconds(901), false},
               {*short_lived, seconds(55), true},
               {*short_lived, seconds(61), false},
               {*none, seconds(899), true},
               {*none, seconds(901), false}};
  for (const auto& each : cases) {
    turn(each.store, {.id = "old"}, [](UserTurn& begun) { begun.session.emplace(); });
    turn(each.store, {}, [](UserTurn& begun) { begun.session->data["a"] = 1; });
    tick(each.after);
    const UserTurn begun = must(each.store.load(user_id, {.id = "new"}));
    EXPECT_EQ(begun.session->data.contains("a"), each.alive) << each.after.count();
    EXPECT_EQ(begun.session->is_new, !each.alive);
    must(store->erase(user_id));
  }
}

TEST_P(UserElements, AnEndedSessionMakesPlaceForThePlatforms) {
  const auto store = store_with(with_session);
  turn(*store, {.id = "s-1", .data = map_of(R"({"a": 1})")});
  tick(seconds(901));
  const UserTurn begun = turn(*store, {.id = "s-2", .data = map_of(R"({"b": 1})")});
  EXPECT_TRUE(begun.session->is_new);
  EXPECT_EQ(item()->at("session"), AttributeValue(AttributeMap{{"id", "s-2"},
                                                               {"data", map_of(R"({"b": 1})")},
                                                               {"createdAt", now()},
                                                               {"updatedAt", now()}}));
}

TEST_P(UserElements, ASessionWhoseTimeIsNoneHasEnded) {
  const auto store = store_with(with_session);
  for (const char* time : {R"({"S": "garbage"})", R"({"N": "1"})", R"({"NULL": true})"}) {
    put_item(item_of(std::string(R"({"userId": {"S": "user-1"}, "session":
        {"M": {"id": {"S": "s-1"}, "data": {"M": {}}, "updatedAt": )") +
                     time + "}}}"));
    EXPECT_EQ(must(store->load(user_id, {.id = "s-2"})).session->id, "s-2") << time;
  }
  put_item({{"userId", user_id}});
  EXPECT_EQ(must(store->load(user_id, {.id = "s-2"})).session->id, "s-2");
}

TEST_P(UserElements, ASessionsTimeIsThatOfTheTurnsBeginning) {
  const auto store = store_with(with_session);
  const std::string begun = now();
  turn(*store, {}, [this](UserTurn&) { tick(seconds(2)); });
  EXPECT_EQ(item()->at("session").as_map().at("updatedAt"), AttributeValue(begun));
  EXPECT_EQ(item()->at("updatedAt"), AttributeValue(now()));
  EXPECT_NE(begun, now());
}

TEST_P(UserElements, ThePlatformMayForceASession) {
  const UserSessionOptions forced{.enabled = true, .expires_after = seconds(60)};
  turn(store(), {.id = "s-1"}, {}, &forced);
  EXPECT_TRUE(item()->contains("session"));
  tick(seconds(59));
  EXPECT_EQ(must(store().load(user_id, {.id = "s-2"}, &forced)).session->id, "s-1");
  tick(seconds(2));
  EXPECT_EQ(must(store().load(user_id, {.id = "s-2"}, &forced)).session->id, "s-2");
  EXPECT_EQ(must(store().load(user_id, {.id = "s-2"})).session->id, "s-2");
}

TEST_P(UserElements, ASessionThatIsTakenAwayIsRemoved) {
  const auto store = store_with(with_session);
  turn(*store, {.id = "s-1"});
  turn(*store, {}, [](UserTurn& begun) { begun.session.reset(); });
  EXPECT_FALSE(item()->contains("session"));
}

TEST_P(UserElements, HistoryIsNewestFirstAndCut) {
  const auto store = store_with({.history = {.enabled = true}});
  for (const char* text : {"1", "2", "3", "4"}) say(*store, text);
  EXPECT_EQ(entries(), AttributeValue(AttributeList{said("4"), said("3"), said("2")}));
  EXPECT_THAT(must(store->load(user_id)).history, ElementsAre(said("4"), said("3"), said("2")));

  say(*store_with({.history = {.enabled = true, .size = 2}}), "5");
  EXPECT_EQ(entries(), AttributeValue(AttributeList{said("5"), said("4")}));
  say(*store_with({.history = {.enabled = true, .size = 1}}), "6");
  EXPECT_EQ(entries(), AttributeValue(AttributeList{said("6")}));
  say(*store_with({.history = {.enabled = true, .size = 0}}), "7");
  EXPECT_EQ(item()->at("history"), AttributeValue(AttributeMap{{"items", AttributeList{}}}));
  const auto all = store_with({.history = {.enabled = true, .size = std::nullopt}});
  for (const char* text : {"1", "2", "3", "4", "5"}) say(*all, text);
  EXPECT_EQ(entries().as_list().size(), 5u);
}

TEST_P(UserElements, AnEntryHoldsWhatIsAskedForAndThere) {
  int calls = 0;
  const auto store = store_with(
      {.history = {
           .enabled = true,
           .members = {"output", "state", "request", "response", "input", "entities", "nlu"},
           .custom = {{"count",
                       [&](const UserTurn& begun) {
                         ++calls;
                         return Result(std::optional(AttributeValue(begun.user.size())));
                       }},
                      {"nothing",
                       [](const UserTurn&) { return Result(std::optional<AttributeValue>()); }}}}});
  const AttributeMap everything = map_of(
      R"({"output": [{"message": "hi"}], "state": [{"component": "A"}], "request": {"a": 1},
          "response": [{"b": 1}], "input": {"type": "INTENT"}, "entities": {}})");
  const auto whole_turn = [&](UserTurn& begun) {
    begun.entry = everything;
    begun.entry["unasked"] = 1;
  };
  turn(*store, {}, whole_turn);
  turn(*store, {}, whole_turn);
  AttributeMap expected = everything;
  expected["count"] = 0;
  EXPECT_EQ(entries(), AttributeValue(AttributeList{expected, expected}));
  EXPECT_EQ(calls, 2);

  turn(*store_with({.history = {.enabled = true}}), {});
  EXPECT_EQ(entries().as_list().front(), AttributeValue(AttributeMap{}));
}

TEST_P(UserElements, AFunctionThatFailsFailsTheSave) {
  say(*store_with({.history = {.enabled = true}}), "1");
  const Item before = *item();
  const auto store = store_with(
      {.history = {.enabled = true, .custom = {{"bad", [](const UserTurn&) {
                                                  return Result<std::optional<AttributeValue>>(
                                                      Error::internal("no luck"));
                                                }}}}});
  UserTurn begun = must(store->load(user_id));
  EXPECT_EQ(refused(store->save(begun), ErrorCode::internal_server_error).message(), "no luck");
  EXPECT_EQ(item(), before);
}

TEST_P(UserElements, ATurnThatAddsNoEntryLeavesTheHistoryAlone) {
  const auto store = store_with({.history = {.enabled = true}});
  turn(*store, {}, [](UserTurn& begun) { begun.adds_entry = false; });
  EXPECT_FALSE(item()->contains("history"));
  say(*store, "1");
  turn(*store, {}, [](UserTurn& begun) { begun.adds_entry = false; });
  EXPECT_EQ(entries(), AttributeValue(AttributeList{said("1")}));
}

}  // namespace
}  // namespace dynakeep
