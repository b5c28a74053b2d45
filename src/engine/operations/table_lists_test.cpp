#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/operations/create_table.h"
#include "engine/operations/delete_table.h"
#include "engine/operations/describe_endpoints.h"
#include "engine/operations/describe_limits.h"
#include "engine/operations/describe_table.h"
#include "engine/operations/list_tables.h"
#include "engine/operations/tags.h"
#include "engine/test_engine.h"

// Tables as they come and go: DeleteTable, ListTables, tags and what is told of the account.
namespace dynakeep::engine {
namespace {

void create(const TestEngine& engine, std::string name) {
  ASSERT_TRUE(create_table(
      *engine, {.table_name = std::move(name),
                .attribute_definitions =
                    std::vector<AttributeDefinition>{
                        {.attribute_name = "a", .attribute_type = ScalarType::string}},
                .key_schema = KeySchema{{.attribute_name = "a", .key_type = KeyType::hash}},
                .billing_mode = BillingMode::pay_per_request}));
}

TEST(DeleteTable, AnswersAsDeletingAndTheTableIsGone) {
  const TestEngine engine;
  create(engine, "Songs");
  const auto deleted = delete_table(*engine, {.table_name = "Songs"});
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->table_description.table_name, "Songs");
  EXPECT_EQ(deleted->table_description.table_status, TableStatus::deleting);
  EXPECT_TRUE(deleted->table_description.key_schema.empty());

  const auto described = describe_table(*engine, {.table_name = "Songs"});
  ASSERT_FALSE(described);
  EXPECT_EQ(described.error().code(), ErrorCode::resource_not_found);
  EXPECT_EQ(described.error().message(), "Requested resource not found: Table: Songs not found");
  const auto again = delete_table(*engine, {.table_name = "Songs"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(), "Requested resource not found: Table: Songs not found");
}

TEST(DeleteTable, RefusesWhatIsNoName) {
  const TestEngine engine;
  EXPECT_EQ(delete_table(*engine, {}).error().message(),
            "The parameter 'TableName' is required but was not present in the request");
  EXPECT_EQ(delete_table(*engine, {.table_name = ""}).error().message(),
            "TableName must be at least 3 characters long and at most 255 characters long");
}

TEST(ListTables, PagesInBytewiseOrder) {
  const TestEngine engine;
  for (const char* name : {"delta", "alpha", "Zulu", "beta", "gamma"}) create(engine, name);
  const auto first = list_tables(*engine, {.limit = 2});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->table_names, (std::vector<std::string>{"Zulu", "alpha"}));
  EXPECT_EQ(first->last_evaluated_table_name, "alpha");
  const auto last = list_tables(*engine, {.exclusive_start_table_name = "alpha", .limit = 3});
  ASSERT_TRUE(last);
  EXPECT_EQ(last->table_names, (std::vector<std::string>{"beta", "delta", "gamma"}));
  EXPECT_FALSE(last->last_evaluated_table_name);
  EXPECT_EQ(list_tables(*engine, {.exclusive_start_table_name = "carrots"})->table_names,
            (std::vector<std::string>{"delta", "gamma"}));
}

TEST(ListTables, GivesAHundredUnlessToldOtherwise) {
  const TestEngine engine;
  for (int i = 0; i < 101; ++i) create(engine, "t" + std::to_string(1000 + i));
  const auto page = list_tables(*engine, {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->table_names.size(), 100u);
  EXPECT_EQ(page->last_evaluated_table_name, "t1099");
}

TEST(ListTables, RefusesWhatBreaksAConstraint) {
  const TestEngine engine;
  const std::string at = "1 validation error detected: Value '";
  const std::string must = "' failed to satisfy constraint: Member must ";
  EXPECT_EQ(list_tables(*engine, {.limit = 0}).error().message(),
            at + "0' at 'limit" + must + "have value greater than or equal to 1");
  EXPECT_EQ(list_tables(*engine, {.limit = 101}).error().message(),
            at + "101' at 'limit" + must + "have value less than or equal to 100");
  EXPECT_EQ(
      list_tables(*engine, {.exclusive_start_table_name = "ab"}).error().message(),
      at + "ab' at 'exclusiveStartTableName" + must + "have length greater than or equal to 3");
  EXPECT_EQ(list_tables(*engine, {.exclusive_start_table_name = "a;c"}).error().message(),
            at + "a;c' at 'exclusiveStartTableName" + must +
                "satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
}

const std::string songs_arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Songs";

std::vector<Tag> tags_of_songs(const TestEngine& engine) {
  return list_tags_of_resource(*engine, {.resource_arn = songs_arn}).value().tags;
}

TEST(Tags, AreSetChangedAndRemoved) {
  TestEngine engine;
  create(engine, "Songs");
  EXPECT_TRUE(tags_of_songs(engine).empty());
  ASSERT_TRUE(tag_resource(
      *engine, {.resource_arn = songs_arn,
                .tags = std::vector<Tag>{{.key = "a", .value = "1"}, {.key = "b", .value = "2"}}}));
  ASSERT_TRUE(tag_resource(
      *engine, {.resource_arn = songs_arn, .tags = std::vector<Tag>{{.key = "b", .value = "3"}}}));
  EXPECT_EQ(tags_of_songs(engine),
            (std::vector<Tag>{{.key = "a", .value = "1"}, {.key = "b", .value = "3"}}));
  ASSERT_TRUE(untag_resource(
      *engine, {.resource_arn = songs_arn, .tag_keys = std::vector<std::string>{"a", "unknown"}}));
  engine.reopen();
  EXPECT_EQ(tags_of_songs(engine), (std::vector<Tag>{{.key = "b", .value = "3"}}));
}

TEST(Tags, AreAtMostFiftyInAll) {
  const TestEngine engine;
  create(engine, "Songs");
  std::vector<Tag> fifty;
  fifty.reserve(50);
  for (int i = 0; i < 50; ++i) fifty.push_back({.key = std::to_string(i), .value = "v"});
  ASSERT_TRUE(tag_resource(*engine, {.resource_arn = songs_arn, .tags = fifty}));
  ASSERT_TRUE(tag_resource(*engine, {.resource_arn = songs_arn, .tags = fifty}));
  const auto more = tag_resource(
      *engine,
      {.resource_arn = songs_arn, .tags = std::vector<Tag>{{.key = "more", .value = "v"}}});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().message(),
            "One or more parameter values were invalid: Too many tags: tag limit is 50");
  EXPECT_EQ(tags_of_songs(engine).size(), 50u);
}

TEST(Tags, RefuseInTheirOwnWords) {
  const TestEngine engine;
  create(engine, "Songs");
  const std::vector<Tag> tags{{.key = "a", .value = "1"}};
  EXPECT_EQ(tag_resource(*engine, {}).error().message(), "Invalid TableArn");
  EXPECT_EQ(tag_resource(*engine, {.resource_arn = "Songs", .tags = tags}).error().message(),
            "Invalid TableArn: Invalid ResourceArn provided as input Songs");
  EXPECT_EQ(tag_resource(*engine, {.resource_arn = songs_arn}).error().message(),
            "Atleast one Tag needs to be provided as Input.");
  EXPECT_EQ(untag_resource(*engine, {.resource_arn = songs_arn}).error().message(),
            "Atleast one Tag Key needs to be provided as Input.");
  for (const std::string arn : {"arn:aws:dynamodb:us-east-1:000000000000:table/Albums",
                                "arn:aws:dynamodb:us-east-1:123456789012:table/Songs"}) {
    const auto tagged = tag_resource(*engine, {.resource_arn = arn, .tags = tags});
    ASSERT_FALSE(tagged);
    EXPECT_EQ(tagged.error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(tagged.error().message(),
              "Requested resource not found: ResourcArn: " + arn + " not found");
    EXPECT_EQ(list_tags_of_resource(*engine, {.resource_arn = arn}).error().message(),
              "Requested resource not found: ResourcArn: " + arn + " not found");
  }
}

TEST(DescribeLimits, TellsTheQuotasOfANewAccount) {
  const TestEngine engine;
  const auto limits = describe_limits(*engine, {});
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->account_max_read_capacity_units, 80'000);
  EXPECT_EQ(limits->account_max_write_capacity_units, 80'000);
  EXPECT_EQ(limits->table_max_read_capacity_units, 40'000);
  EXPECT_EQ(limits->table_max_write_capacity_units, 40'000);
}

TEST(DescribeEndpoints, NeverNamesAmazon) {
  const TestEngine engine;
  const auto endpoints = describe_endpoints(*engine, {});
  ASSERT_TRUE(endpoints);
  ASSERT_EQ(endpoints->endpoints.size(), 1u);
  EXPECT_EQ(endpoints->endpoints[0].address, "localhost:8000");
}

}  // namespace
}  // namespace dynakeep::engine
