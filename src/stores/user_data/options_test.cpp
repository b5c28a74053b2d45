#include "stores/user_data/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/json_document.h"

namespace dynakeep {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

Result<UserDataOptions> parsed(const std::string& json, bool as_upstream = false) {
  const auto document = JsonDocument::parse(json);
  if (!document) return document.error();
  return parse_user_data_options(*document, as_upstream);
}

// With a table, and only the elements as given.
UserDataOptions elements(const std::string& json, bool as_upstream = false) {
  return parsed(R"({"table": {"name": "T"}, "storedElements": )" + json + "}", as_upstream).value();
}

std::string complaint_about(const std::string& json) { return parsed(json).error().message(); }

TEST(UserDataOptions, WhatIsNotGivenIsAsUpstreamHasIt) {
  const UserDataOptions options = parsed(R"({"table": {"name": "T"}})").value();
  EXPECT_EQ(options.table.name, "T");
  EXPECT_EQ(options.table.key_attribute, "userId");
  EXPECT_TRUE(options.table.create_if_missing);
  EXPECT_FALSE(options.table.pay_per_request);
  EXPECT_EQ(options.table.read_capacity_units, 2);
  EXPECT_EQ(options.table.write_capacity_units, 2);
  EXPECT_TRUE(options.user && options.created_at && options.updated_at);
  EXPECT_FALSE(options.session.enabled || options.history.enabled);
  EXPECT_EQ(options.session.expires_after, milliseconds(900'000));
  EXPECT_EQ(options.history.size, 3u);
  EXPECT_THAT(options.history.members, ElementsAre("output"));
  EXPECT_EQ(options.save_mode, SaveMode::merge);
}

TEST(UserDataOptions, EverythingIsRead) {
  const UserDataOptions options = parsed(R"({
      "table": {"name": "T", "primaryKeyColumn": "pk", "createTableOnInit": false,
                "readCapacityUnits": 5, "writeCapacityUnits": 6, "billingMode": "PAY_PER_REQUEST"},
      "libraryConfig": {"dynamoDbClient": {"region": "eu-west-1"},
                        "marshall": {"removeUndefinedValues": true, "convertEmptyValues": true,
                                     "allowImpreciseNumbers": true}},
      "storedElements": {"session": {"honourNew": true, "expiresAfterSeconds": 0.5}},
      "saveMode": "guarded", "skipUnchanged": true, "dropUnknown": true, "maxItemBytes": 1000,
      "trimHistory": false, "application": "app", "ttl": {"attribute": "ttl", "userSeconds": 60}})")
                                      .value();
  EXPECT_EQ(options.table.key_attribute, "pk");
  EXPECT_FALSE(options.table.create_if_missing);
  EXPECT_TRUE(options.table.pay_per_request);
  EXPECT_EQ(options.table.read_capacity_units, 5);
  EXPECT_EQ(options.table.write_capacity_units, 6);
  EXPECT_TRUE(options.convert_empty && options.allow_imprecise);
  EXPECT_TRUE(options.session.enabled && options.session.honour_new);
  EXPECT_EQ(options.session.expires_after, milliseconds(500));
  EXPECT_EQ(options.save_mode, SaveMode::guarded);
  EXPECT_TRUE(options.skip_unchanged && options.drop_unknown);
  EXPECT_EQ(options.item_bytes_max, 1000u);
  EXPECT_FALSE(options.trim_history);
  EXPECT_EQ(options.application, "app");
  ASSERT_TRUE(options.expiry);
  EXPECT_EQ(options.expiry->attribute, "ttl");
  EXPECT_EQ(options.expiry->after, std::chrono::seconds(60));
}

TEST(UserDataOptions, SessionsAreOnWhenTheyAreMentioned) {
  EXPECT_TRUE(elements(R"({"session": true})").session.enabled);
  EXPECT_FALSE(elements(R"({"session": false})").session.enabled);
  const auto sixty = elements(R"({"session": {"expiresAfterSeconds": 60}})").session;
  EXPECT_TRUE(sixty.enabled);
  EXPECT_EQ(sixty.expires_after, milliseconds(60'000));
  const auto zero = elements(R"({"session": {"enabled": true, "expiresAfterSeconds": 0}})").session;
  EXPECT_TRUE(zero.enabled);
  EXPECT_EQ(zero.expires_after, milliseconds(900'000));
  EXPECT_FALSE(
      elements(R"({"session": {"enabled": false, "expiresAfterSeconds": 60}})").session.enabled);
}

TEST(UserDataOptions, HistoryIsOnWhenItIsMentionedAndKeepsItsDefaults) {
  for (const char* json :
       {R"({"history": true})", R"({"history": {"enabled": true}})", R"({"history": {}})"}) {
    const auto history = elements(json).history;
    EXPECT_TRUE(history.enabled) << json;
    EXPECT_EQ(history.size, 3u);
    EXPECT_THAT(history.members, ElementsAre("output"));
  }
  EXPECT_EQ(elements(R"({"history": {"size": 5}})").history.size, 5u);
  EXPECT_TRUE(elements(R"({"history": {"size": 5}})").history.enabled);
  EXPECT_EQ(elements(R"({"history": {"enabled": true, "size": 0}})").history.size, 0u);
  EXPECT_THAT(elements(R"({"history": {"output": false, "state": true, "request": 1, "asr": 0,
                                       "response": "", "input": "yes", "entities": null,
                                       "more": []}})")
                  .history.members,
              ElementsAre("input", "more", "request", "state"));
}

TEST(UserDataOptions, ElementsAreSwitchedOff) {
  const auto options = elements(R"({"user": {"enabled": false}, "createdAt": false})");
  EXPECT_FALSE(options.user || options.created_at);
  EXPECT_TRUE(elements(R"({"user": {}})").user);
}

TEST(UserDataOptions, AsUpstreamElementsStayOffThatItsDocumentsSaySwitchOn) {
  EXPECT_FALSE(elements(R"({"session": {"expiresAfterSeconds": 60}})", true).session.enabled);
  EXPECT_TRUE(elements(R"({"session": true})", true).session.enabled);
  EXPECT_FALSE(elements(R"({"history": {"size": 5}})", true).history.enabled);
  EXPECT_EQ(elements(R"({"history": {"enabled": true}})", true).history.size, 3u);
  const auto endless = elements(R"({"history": true})", true).history;
  EXPECT_TRUE(endless.enabled);
  EXPECT_FALSE(endless.size);
  EXPECT_THAT(endless.members, IsEmpty());
  EXPECT_TRUE(elements(R"({"user": {}})", true).user);
}

TEST(UserDataOptions, AllThatIsWrongIsToldAtOnce) {
  EXPECT_EQ(
      complaint_about(R"({"table": {"primaryKeyColumn": "session", "readCapacityUnits": 0,
                                          "billingMode": "FREE"},
                                "storedElements": {"session": {"expiresAfterSeconds": -1},
                                                   "history": {"size": -1}, "updatedAt": false},
                                "maxItemBytes": 500000, "ttl": {"attribute": "user"}})"),
      "table.billingMode must be PROVISIONED or PAY_PER_REQUEST\n"
      "storedElements.session.expiresAfterSeconds must be a number, not negative\n"
      "storedElements.history.size must be a whole number, not negative\n"
      "table.name must be given\n"
      "table.primaryKeyColumn must not be the name of an element: session\n"
      "table.readCapacityUnits must be at least 1\n"
      "ttl.attribute must be a name of its own\n"
      "ttl.userSeconds must be at least 1\n"
      "storedElements.updatedAt must be on, unless saveMode is replace: it tells saves apart\n"
      "maxItemBytes must be 1 to 409600");
  EXPECT_EQ(complaint_about("[]"), "a configuration is an object");
  EXPECT_EQ(complaint_about(R"({"table": "T"})"),
            "table must be an object\ntable.name must be given");
  EXPECT_EQ(complaint_about(R"({"table": {"name": "T", "primaryKeyColumn": ""}})"),
            "table.primaryKeyColumn must not be empty");
  EXPECT_EQ(complaint_about(R"({"table": {"name": "T"}, "storedElements": {"user": 1},
                                "saveMode": "hope", "skipUnchanged": "yes"})"),
            "storedElements.user must be true, false or an object\n"
            "saveMode must be replace, guarded or merge\n"
            "skipUnchanged must be true or false");
}

TEST(UserDataOptions, SavesAreToldApartByUpdatedAtAlone) {
  UserDataOptions options{.table = {.name = "T"}, .updated_at = false};
  EXPECT_FALSE(user_data::checked(options));
  options.save_mode = SaveMode::replace;
  EXPECT_TRUE(user_data::checked(options));
}

}  // namespace
}  // namespace dynakeep
