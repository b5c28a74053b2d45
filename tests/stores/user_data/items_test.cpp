#include <limits>

#include "dynakeep/json.h"
#include "stores/event_store/scripted_database.h"
#include "stores/user_data/user_data_contract.h"

// What is stored, attribute by attribute, and what is read back.
namespace dynakeep {
namespace {

using contract::item_of;
using contract::map_of;
using contract::must;
using contract::refused;
using contract::ScriptedDatabase;
using contract::user_id;
using std::chrono::milliseconds;
using testing::HasSubstr;

class UserItems : public contract::UserDataContract {};
ON_EVERY_USER_DATA_KIND(UserItems);

TEST_P(UserItems, ANewUsersItemIsUpstreamsToTheAttribute) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted, {.save_mode = SaveMode::replace});
  must(store->ensure_table());
  UserTurn turn = must(store->load(user_id));
  EXPECT_TRUE(turn.is_new);
  tick(milliseconds(61));
  must(store->save(turn));
  EXPECT_EQ(item(), item_of(R"({"userId": {"S": "user-1"}, "user": {"M": {"data": {"M": {}}}},
                                "createdAt": {"S": "2021-06-30T05:50:04.034Z"},
                                "updatedAt": {"S": "2021-06-30T05:50:04.095Z"}})"));

  ASSERT_EQ(scripted.gets.size(), 1u);
  EXPECT_EQ(scripted.gets[0].consistent_read, true);
  EXPECT_EQ(scripted.gets[0].key, (Key{{"userId", user_id}}));
  EXPECT_FALSE(scripted.gets[0].projection_expression);
  ASSERT_EQ(scripted.puts.size(), 1u);
  EXPECT_EQ(scripted.puts[0].item, item());
  EXPECT_FALSE(scripted.puts[0].condition_expression);
  EXPECT_FALSE(scripted.puts[0].return_values_on_condition_check_failure);
  EXPECT_EQ(scripted.requests(), 2u);
}

TEST_P(UserItems, GuardedPutsSayWhatTheyWereLoadedAs) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted);
  saved(*store, "{}");
  ASSERT_EQ(scripted.puts.size(), 1u);
  EXPECT_EQ(scripted.puts[0].condition_expression, "attribute_not_exists(#k)");
  EXPECT_EQ(scripted.puts[0].expression_attribute_names,
            (ExpressionAttributeNames{{"#k", "userId"}}));

  const std::string loaded = now();
  tick(milliseconds(5));
  saved(*store, R"({"a": 1})");
  EXPECT_EQ(scripted.puts[1].condition_expression, "#u = :loaded");
  EXPECT_EQ(scripted.puts[1].expression_attribute_values, (Item{{":loaded", loaded}}));
  EXPECT_EQ(scripted.puts[1].return_values_on_condition_check_failure,
            ReturnValuesOnConditionCheckFailure::all_old);

  put_item({{"userId", "bare"}});
  saved(*store, "{}", "bare");
  EXPECT_EQ(scripted.puts[2].condition_expression,
            "attribute_exists(#k) AND attribute_not_exists(#u)");
}

TEST_P(UserItems, DataLivesAcrossTurns) {
  UserTurn first = must(store().load(user_id));
  must(store().save(first));
  const auto created = first.created_at;
  tick(milliseconds(1000));
  UserTurn second = must(store().load(user_id));
  EXPECT_FALSE(second.is_new);
  second.user = map_of(R"({"name": "Ada", "visits": 1})");
  must(store().save(second));
  tick(milliseconds(1000));
  UserTurn third = must(store().load(user_id));
  EXPECT_EQ(third.user, map_of(R"({"name": "Ada", "visits": 1})"));
  third.user["visits"] = 2;
  third.user.erase("name");
  must(store().save(third));

  const UserTurn last = must(store().load(user_id));
  EXPECT_FALSE(last.is_new);
  EXPECT_EQ(last.user, map_of(R"({"visits": 2})"));
  EXPECT_EQ(last.created_at, created);
  EXPECT_EQ(last.updated_at, created + milliseconds(2000));
}

TEST_P(UserItems, EveryTypeComesBackAsItWas) {
  AttributeMap data = map_of(
      R"({"text": "Grüße", "empty": "", "numbers": [42, -1, 1.5, 0.3333333333333333, 1e-7, 0],
          "big": 123456789012345678901234567890, "yes": true, "nothing": null, "list": [],
          "map": {}, "a b": {"x.y": 1, "日本": [{"z": []}]}})");
  data["bytes"] = Binary(std::string("\0\xff", 2));
  data["no bytes"] = Binary();
  data["texts"] = StringSet{"a", "b"};
  data["numbers set"] = NumberSet{1, 2};
  data["binaries"] = BinarySet{Binary("x")};
  UserTurn turn = must(store().load(user_id));
  turn.user = data;
  must(store().save(turn));
  const Item before = *item();
  EXPECT_EQ(before.at("user").as_map().at("data"), AttributeValue(data));

  UserTurn again = must(store().load(user_id));
  EXPECT_EQ(again.user, data);
  must(store().save(again));
  EXPECT_EQ(item()->at("user"), before.at("user"));
}

TEST_P(UserItems, WhatCannotBeStoredIsNamedAndNothingIsSent) {
  saved(store(), R"({"a": 1})");
  const Item before = *item();
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted, {.history = {.enabled = true}});
  AttributeValue deep = 1;
  for (int i = 0; i < 30; ++i) deep = AttributeList{deep};
  const auto message_of = [&](const std::string& name, AttributeValue value) {
    UserTurn turn = must(store->load(user_id));
    turn.user[name] = std::move(value);
    return refused(store->save(turn), ErrorCode::invalid_argument).message();
  };
  EXPECT_EQ(message_of("tags", StringSet{}), "user.data.tags: a set must not be empty");
  EXPECT_EQ(message_of("n", AttributeList{1, NumberSet{}}),
            "user.data.n[1]: a set must not be empty");
  EXPECT_EQ(message_of("m", AttributeMap{{"", 1}}), "user.data.m: a member must have a name");
  EXPECT_EQ(message_of("t", "\xff"), "user.data.t: text must be UTF-8");
  EXPECT_THAT(message_of("deep", deep), HasSubstr("nested deeper than 32 levels"));
  EXPECT_THAT(message_of("f", must(Number::parse("12345678901234567890.5"))),
              HasSubstr("user.data.f: 12345678901234567890.5 is a fraction beyond 2^53"));
  UserTurn turn = must(store->load(user_id));
  turn.entry["output"] = AttributeList{BinarySet{}};
  EXPECT_EQ(refused(store->save(turn), ErrorCode::invalid_argument).message(),
            "history.items[0].output[0]: a set must not be empty");
  EXPECT_TRUE(scripted.puts.empty());
  EXPECT_EQ(item(), before);
}

TEST_P(UserItems, NestedToTheLimitIsStored) {
  AttributeValue deep = 1;
  for (int i = 0; i < 29; ++i) deep = AttributeList{deep};
  UserTurn turn = must(store().load(user_id));
  turn.user["deep"] = deep;
  must(store().save(turn));
  EXPECT_EQ(must(store().load(user_id)).user["deep"], deep);
}

TEST_P(UserItems, NumbersThatUpstreamRefusesAreRefusedAsDoubles) {
  EXPECT_EQ(must(user_data_number(0.1)), AttributeValue(must(Number::parse("0.1"))));
  EXPECT_EQ(must(user_data_number(9007199254740991)), AttributeValue(9007199254740991));
  for (const double number :
       {9007199254740992.0, -9007199254740992.0, 1e21, std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    refused(user_data_number(number), ErrorCode::invalid_argument);
  }
}

TEST_P(UserItems, EmptyValuesBecomeNullWhereThatIsWanted) {
  const auto store = store_with({.convert_empty = true});
  UserTurn turn = must(store->load(user_id));
  turn.user = AttributeMap{{"text", ""},
                           {"bytes", Binary()},
                           {"set", StringSet{}},
                           {"list", AttributeList{""}},
                           {"none", AttributeList{}},
                           {"map", AttributeMap{}}};
  must(store->save(turn));
  EXPECT_EQ(must(store->load(user_id)).user, (AttributeMap{{"text", nullptr},
                                                           {"bytes", nullptr},
                                                           {"set", nullptr},
                                                           {"list", AttributeList{nullptr}},
                                                           {"none", AttributeList{}},
                                                           {"map", AttributeMap{}}}));
}

TEST_P(UserItems, NumbersKeepAllTheirDigits) {
  const AttributeMap data{{"a", must(Number::parse("9007199254740993"))},
                          {"b", must(Number::parse("1.00000000000000000000000000001"))},
                          {"c", must(Number::parse("12345678901234567890.5"))},
                          {"d", must(Number::parse("12345678901234567890123456789012345678"))},
                          {"e", must(Number::parse("1E+20"))}};
  put_item({{"userId", user_id}, {"user", AttributeMap{{"data", data}}}});
  UserTurn turn = must(store().load(user_id));
  turn.user["f"] = 1;
  must(store().save(turn));
  turn.user.erase("f");
  EXPECT_EQ(turn.user, data);
  EXPECT_EQ(must(store().load(user_id)).user.at("c"), data.at("c"));
}

TEST_P(UserItems, AnItemOfLittleIsAUserStill) {
  for (const char* json :
       {R"({"userId": {"S": "user-1"}})", R"({"userId": {"S": "user-1"}, "user": {"M": {}}})",
        R"({"userId": {"S": "user-1"}, "user": {"NULL": true},
            "updatedAt": {"S": "2021-01-01T00:00:00.000Z"}})"}) {
    put_item(item_of(json));
    UserTurn turn = must(store().load(user_id));
    EXPECT_FALSE(turn.is_new);
    EXPECT_TRUE(turn.user.empty());
    must(store().save(turn));
    EXPECT_EQ(item(), (Item{{"userId", user_id},
                            {"user", AttributeMap{{"data", AttributeMap{}}}},
                            {"createdAt", now()},
                            {"updatedAt", now()}}));
  }
}

TEST_P(UserItems, ABrokenCreatedAtIsRepaired) {
  put_item(item_of(R"({"userId": {"S": "user-1"}, "createdAt": {"S": "yesterday"},
                       "updatedAt": {"S": "garbage"}})"));
  UserTurn turn = must(store().load(user_id));
  must(store().save(turn));
  EXPECT_EQ(item()->at("createdAt"), AttributeValue(now()));
  EXPECT_EQ(item()->at("updatedAt"), AttributeValue(now()));
}

TEST_P(UserItems, WhatOthersStoredSurvivesButForReplace) {
  const Item before = item_of(
      R"({"userId": {"S": "user-1"}, "ttl": {"N": "17"},
          "user": {"M": {"data": {"M": {"a": {"N": "1"}}}, "note": {"S": "mine"}}},
          "session": {"M": {"data": {"M": {}}}}, "updatedAt": {"S": "2021-01-01T00:00:00.000Z"}})");
  for (const SaveMode mode : {SaveMode::guarded, SaveMode::merge}) {
    put_item(before);
    saved(*store_with({.save_mode = mode}), R"({"b": 2})");
    EXPECT_EQ(item()->at("ttl"), AttributeValue(17));
    EXPECT_EQ(item()->at("session"), before.at("session"));
    EXPECT_EQ(item()->at("user"),
              AttributeValue(AttributeMap{{"data", AttributeMap{{"b", 2}}}, {"note", "mine"}}));
  }
  for (const UserDataOptions& options :
       {UserDataOptions{.save_mode = SaveMode::replace}, UserDataOptions{.drop_unknown = true}}) {
    put_item(before);
    saved(*store_with(options), R"({"b": 2})");
    EXPECT_EQ(item(), (Item{{"userId", user_id},
                            {"user", AttributeMap{{"data", AttributeMap{{"b", 2}}}}},
                            {"createdAt", now()},
                            {"updatedAt", now()}}));
  }
}

TEST_P(UserItems, KeysAreAnyText) {
  for (const std::string& id :
       {std::string(2048, 'x'), std::string("a b/c?d=%41"), std::string("🙂 日本")}) {
    saved(store(), R"({"a": 1})", id);
    EXPECT_EQ(must(store().load(id)).user, map_of(R"({"a": 1})"));
  }
  refused(store().load(std::string(2049, 'x')), ErrorCode::invalid_argument);
}

TEST_P(UserItems, WithoutAUserNothingIsSent) {
  ScriptedDatabase scripted(database());
  const auto store = store_on(scripted);
  UserTurn turn = must(store->load("", {.id = "s-1"}));
  EXPECT_TRUE(turn.is_new);
  EXPECT_EQ(turn.session->id, "s-1");
  turn.user["a"] = 1;
  EXPECT_TRUE(must(store->save(turn)).skipped);
  EXPECT_EQ(scripted.requests(), 0u);
}

TEST_P(UserItems, ApplicationsShareATable) {
  const auto one = store_with({.application = "one"});
  const auto two = store_with({.application = "two"});
  saved(*one, R"({"a": 1})");
  saved(*two, R"({"a": 2})");
  EXPECT_EQ(must(one->load(user_id)).user, map_of(R"({"a": 1})"));
  EXPECT_EQ(item("two#user-1")->at("user"),
            AttributeValue(AttributeMap{{"data", AttributeMap{{"a", 2}}}}));
  std::vector<std::string> ids;
  EXPECT_EQ(must(one->for_each_user([&](StoredUser&& user) {
              ids.push_back(user.user_id);
              return true;
            })),
            1u);
  EXPECT_THAT(ids, testing::ElementsAre(user_id));
}

TEST_P(UserItems, WhatIsStoredOfTheWrongTypeIsNotGuessedAt) {
  const auto all = store_with({.session = {.enabled = true}, .history = {.enabled = true}});
  const auto message_of = [&](const std::string& rest) {
    put_item(item_of(R"({"userId": {"S": "user-1"}, )" + rest + "}"));
    return refused(all->load(user_id), ErrorCode::malformed_item).message();
  };
  EXPECT_EQ(message_of(R"("user": {"S": "x"})"), "user is of type S, not M");
  EXPECT_EQ(message_of(R"("user": {"M": {"data": {"L": []}}})"), "user.data is of type L, not M");
  EXPECT_EQ(message_of(R"("session": {"M": {"state": {"M": {}}}})"),
            "session.state is of type M, not L");
  EXPECT_EQ(message_of(R"("history": {"M": {"items": {"M": {}}}})"),
            "history.items is of type M, not L");
  EXPECT_EQ(message_of(R"("history": {"M": {"items": {"L": [{"M": {}}, {"N": "1"}]}}})"),
            "history.items[1] is of type N, not M");
}

TEST_P(UserItems, AUserIsExportedMeasuredAndErased) {
  EXPECT_FALSE(must(store().erase(user_id)));
  EXPECT_FALSE(must(store().stored(user_id)));
  saved(store(), R"({"name": "Ada"})");
  const auto stored = must(store().stored(user_id));
  EXPECT_EQ(export_user(*stored), R"({"createdAt":")" + now() + R"(","updatedAt":")" + now() +
                                      R"(","user":{"data":{"name":"Ada"}},"userId":"user-1"})");
  const UserSize size = store().size_of(*stored);
  EXPECT_EQ(size.total(), must(stored_bytes(stored->item)));
  EXPECT_EQ(size.times, 2u * (9 + 24));
  EXPECT_EQ(size.session, 0u);
  EXPECT_EQ(size.other, 6u + 6);

  refused(store().erase(user_id, "2001-01-01T00:00:00.000Z"), ErrorCode::write_conflict);
  EXPECT_TRUE(must(store().erase(user_id, now())));
  EXPECT_FALSE(item());
  refused(store().erase(user_id, now()), ErrorCode::write_conflict);
}

TEST_P(UserItems, WhoDoesNotComeBackExpires) {
  const auto store = store_with({.expiry = UserExpiryOptions{.after = std::chrono::hours(1)}});
  saved(*store, R"({"a": 1})");
  EXPECT_EQ(item()->at("expiresAt"), AttributeValue(1'625'032'205 + 3600));
  tick(std::chrono::minutes(59));
  EXPECT_FALSE(must(store->load(user_id)).is_new);
  saved(*store, R"({"a": 2})");
  tick(std::chrono::minutes(59));
  UserTurn alive = must(store->load(user_id));
  EXPECT_FALSE(alive.is_new);
  tick(std::chrono::minutes(2));
  UserTurn turn = must(store->load(user_id));
  EXPECT_TRUE(turn.is_new);
  EXPECT_TRUE(turn.user.empty());
  turn.user["b"] = 1;
  must(store->save(turn));
  EXPECT_EQ(must(store->load(user_id)).user, map_of(R"({"b": 1})"));
  // Two find it expired at once: both are kept.
  tick(std::chrono::hours(2));
  UserTurn one = must(store->load(user_id));
  UserTurn two = must(store->load(user_id));
  one.user["c"] = 1;
  two.user["d"] = 1;
  must(store->save(one));
  must(store->save(two));
  EXPECT_EQ(must(store->load(user_id)).user, map_of(R"({"c": 1, "d": 1})"));
}

struct Profile {
  std::string name = {};
  std::int64_t visits = 0;
  std::optional<std::string> city = {};

  static void fields(auto& self, auto&& field) {
    field("name", self.name);
    field("visits", self.visits, 0);
    field("city", self.city);
  }
};

TEST_P(UserItems, DataIsAStructForThoseWhoHaveOne) {
  UserTurn turn = must(store().load(user_id));
  auto profile = must(read_user_data<Profile>(turn.user));
  EXPECT_EQ(profile.name, "");
  profile = {.name = "Ada", .visits = 1, .city = "London"};
  turn.user["theirs"] = true;
  must(write_user_data(turn.user, profile));
  must(store().save(turn));

  turn = must(store().load(user_id));
  profile = must(read_user_data<Profile>(turn.user));
  EXPECT_EQ(profile.city, "London");
  profile.city.reset();
  ++profile.visits;
  must(write_user_data(turn.user, profile));
  EXPECT_EQ(turn.user, map_of(R"({"name": "Ada", "visits": 2, "theirs": true})"));
  turn.user["visits"] = "many";
  refused(read_user_data<Profile>(turn.user), ErrorCode::serialization);
}

}  // namespace
}  // namespace dynakeep
