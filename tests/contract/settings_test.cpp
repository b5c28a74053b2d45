#include <algorithm>
#include <string>
#include <vector>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

class Settings : public DatabaseContract {
 protected:
  std::string arn_of(const std::string& table) {
    return must(database().describe_table({.table_name = table})).table.table_arn;
  }

  std::vector<Tag> tags_of(const std::string& arn) {
    std::vector<Tag> all;
    ListTagsOfResourceRequest request{.resource_arn = arn};
    do {
      const auto page = must(database().list_tags_of_resource(request));
      all.insert(all.end(), page.tags.begin(), page.tags.end());
      request.next_token = page.next_token;
    } while (request.next_token);
    std::sort(all.begin(), all.end(), [](const Tag& a, const Tag& b) { return a.key < b.key; });
    return all;
  }
};

TEST_P(Settings, TagsAreAddedReplacedAndRemoved) {
  if (!capabilities().tags) GTEST_SKIP() << "no tags";
  const auto arn = arn_of(create_plain());
  EXPECT_TRUE(tags_of(arn).empty());
  must(database().tag_resource(
      {.resource_arn = arn,
       .tags = {{{.key = "owner", .value = "ops"}, {.key = "stage", .value = "test"}}}}));
  must(database().tag_resource(
      {.resource_arn = arn, .tags = {{{.key = "owner", .value = "music"}}}}));
  const std::vector<Tag> both{{.key = "owner", .value = "music"},
                              {.key = "stage", .value = "test"}};
  EXPECT_EQ(tags_of(arn), both);
  must(database().untag_resource({.resource_arn = arn, .tag_keys = {{"owner", "absent"}}}));
  EXPECT_EQ(tags_of(arn), (std::vector<Tag>{{.key = "stage", .value = "test"}}));
}

TEST_P(Settings, ATableMayBeBornWithTags) {
  if (!capabilities().tags) GTEST_SKIP() << "no tags";
  auto request = table_of("id");
  request.tags = {{{.key = "owner", .value = "ops"}}};
  const auto arn = arn_of(create(request));
  EXPECT_EQ(tags_of(arn), (std::vector<Tag>{{.key = "owner", .value = "ops"}}));
}

TEST_P(Settings, TagsThatMakeNoSenseAreRefused) {
  if (!capabilities().tags) GTEST_SKIP() << "no tags";
  const auto arn = arn_of(create_plain());
  refused(database().tag_resource({.tags = {{{.key = "owner", .value = "ops"}}}}),
          ErrorCode::validation);
  refused(database().tag_resource({.resource_arn = arn}), ErrorCode::validation);
  refused(database().list_tags_of_resource({.resource_arn = "no arn"}), ErrorCode::validation);
}

TEST_P(Settings, LimitsAreTold) {
  const auto limits = must(database().describe_limits({}));
  EXPECT_GT(limits.account_max_read_capacity_units, 0);
  EXPECT_GT(limits.account_max_write_capacity_units, 0);
  EXPECT_GT(limits.table_max_read_capacity_units, 0);
  EXPECT_GT(limits.table_max_write_capacity_units, 0);
}

TEST_P(Settings, AnEndpointIsTold) {
  const auto endpoints = must(database().describe_endpoints({})).endpoints;
  ASSERT_FALSE(endpoints.empty());
  EXPECT_FALSE(endpoints[0].address.empty());
}

TEST_P(Settings, CapabilitiesAreTheSameForAsLongAsTheDatabaseLives) {
  const auto before = capabilities();
  EXPECT_FALSE(before.engine.empty());
  put(create_plain(), {{"id", "a"}});
  EXPECT_EQ(capabilities(), before);
}

TEST_P(Settings, WhatTheCapabilitiesDenyIsRefused) {
  const auto table = create_plain();
  if (!capabilities().transactions) {
    EXPECT_FALSE(database().transact_get_items(
        {.transact_items = {
             {{.get = TransactGet{.table_name = table, .key = Key{{"id", "a"}}}}}}}));
  }
  if (!capabilities().empty_values) {
    EXPECT_FALSE(
        database().put_item({.table_name = table, .item = Item{{"id", "a"}, {"empty", ""}}}));
  }
  if (!capabilities().tags) {
    EXPECT_FALSE(database().tag_resource(
        {.resource_arn = arn_of(table), .tags = {{{.key = "owner", .value = "ops"}}}}));
  }
}

ON_EVERY_KIND(Settings);

}  // namespace
}  // namespace dynakeep::contract
