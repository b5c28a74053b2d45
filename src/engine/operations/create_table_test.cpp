#include "engine/operations/create_table.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/operations/describe_table.h"
#include "engine/operations/tags.h"
#include "engine/test_engine.h"

namespace dynakeep::engine {
namespace {

using Definitions = std::vector<AttributeDefinition>;

AttributeDefinition text(std::string name) {
  return {.attribute_name = std::move(name), .attribute_type = ScalarType::string};
}
KeySchemaElement hash(std::string name) {
  return {.attribute_name = std::move(name), .key_type = KeyType::hash};
}
KeySchemaElement range(std::string name) {
  return {.attribute_name = std::move(name), .key_type = KeyType::range};
}
ProvisionedThroughput units(std::int64_t read, std::int64_t write) {
  return {.read_capacity_units = read, .write_capacity_units = write};
}
Projection include(std::vector<std::string> names) {
  return {.projection_type = ProjectionType::include, .non_key_attributes = std::move(names)};
}
const Projection everything{.projection_type = ProjectionType::all};

// A table of (a, b) with local indexes on c and d, and global ones on (e, f) and (g).
CreateTableRequest songs() {
  return {.table_name = "Songs",
          .attribute_definitions =
              Definitions{text("a"),
                          text("b"),
                          text("c"),
                          text("d"),
                          text("e"),
                          text("f"),
                          {.attribute_name = "g", .attribute_type = ScalarType::number}},
          .key_schema = KeySchema{hash("a"), range("b")},
          .local_secondary_indexes =
              std::vector<LocalSecondaryIndex>{{.index_name = "by_c",
                                                .key_schema = KeySchema{hash("a"), range("c")},
                                                .projection = everything},
                                               {.index_name = "by_d",
                                                .key_schema = KeySchema{hash("a"), range("d")},
                                                .projection = everything}},
          .global_secondary_indexes =
              std::vector<GlobalSecondaryIndex>{{.index_name = "by_e_f",
                                                 .key_schema = KeySchema{hash("e"), range("f")},
                                                 .projection = everything,
                                                 .provisioned_throughput = units(1, 2)},
                                                {.index_name = "by_g",
                                                 .key_schema = KeySchema{hash("g")},
                                                 .projection = include({"y", "x"}),
                                                 .provisioned_throughput = units(3, 4)}},
          .provisioned_throughput = units(5, 6)};
}

struct Row {
  std::function<void(CreateTableRequest&)> wrong;
  std::string message;
};

// One change makes the request wrong; the changes of all rows above have been taken back.
void expect_complaints(const std::vector<Row>& rows) {
  const TestEngine engine;
  for (const Row& row : rows) {
    CreateTableRequest request = songs();
    row.wrong(request);
    const auto result = create_table(*engine, request);
    ASSERT_FALSE(result) << "expected: " << row.message;
    EXPECT_EQ(result.error().message(), row.message);
    EXPECT_EQ(result.error().code(), ErrorCode::validation);
    EXPECT_EQ(engine->catalog.size(), 0u);
  }
}

// As expect_complaints, but no change is taken back: each row's complaint comes before those of
// all rows above it.
void expect_order_of_complaints(const std::vector<Row>& rows) {
  const TestEngine engine;
  CreateTableRequest request = songs();
  for (const Row& row : rows) {
    row.wrong(request);
    const auto result = create_table(*engine, request);
    ASSERT_FALSE(result) << "expected: " << row.message;
    EXPECT_EQ(result.error().message(), row.message);
  }
}

const std::string invalid = "One or more parameter values were invalid: ";
std::string broken(const std::string& what) { return "1 validation error detected: " + what; }
std::string null_at(const std::string& field) {
  return "Value null at '" + field + "' failed to satisfy constraint: Member must not be null";
}

TEST(CreateTable, RefusesWhatBreaksAConstraintOfItsOwn) {
  const std::string constraint = "' failed to satisfy constraint: Member must ";
  expect_complaints({
      {[](auto& r) { r.table_name.reset(); },
       "The parameter 'TableName' is required but was not present in the request"},
      {[](auto& r) { r.table_name = "ab"; },
       broken("Value 'ab' at 'tableName" + constraint + "have length greater than or equal to 3")},
      {[](auto& r) { r.table_name = "a;c"; },
       broken("Value 'a;c' at 'tableName" + constraint +
              "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")},
      {[](auto& r) { r.table_name = std::string(256, 'x'); },
       broken("Value '" + std::string(256, 'x') + "' at 'tableName" + constraint +
              "have length less than or equal to 255")},
      {[](auto& r) { r.key_schema.reset(); }, broken(null_at("keySchema"))},
      {[](auto& r) { r.key_schema->clear(); },
       broken("Value '[]' at 'keySchema" + constraint + "have length greater than or equal to 1")},
      {[](auto& r) { r.key_schema->push_back(range("c")); },
       broken("Value '[KeySchemaElement(attributeName=a, keyType=HASH), "
              "KeySchemaElement(attributeName=b, keyType=RANGE), KeySchemaElement(attributeName=c, "
              "keyType=RANGE)]' at 'keySchema" +
              constraint + "have length less than or equal to 2")},
      {[](auto& r) { r.key_schema->at(1) = {}; },
       "2 validation errors detected: " + null_at("keySchema.2.member.attributeName") + "; " +
           null_at("keySchema.2.member.keyType")},
      {[](auto& r) { r.attribute_definitions.reset(); }, broken(null_at("attributeDefinitions"))},
      {[](auto& r) { r.attribute_definitions->at(0).attribute_type.reset(); },
       broken(null_at("attributeDefinitions.1.member.attributeType"))},
      {[](auto& r) {
         r.attribute_definitions->at(0).attribute_type.reset();
         r.unknown_words = {{.field = "attributeDefinitions.1.member.attributeType", .word = "SS"}};
       },
       broken("Value 'SS' at 'attributeDefinitions.1.member.attributeType" + constraint +
              "satisfy enum value set: [B, N, S]")},
      {[](auto& r) { r.unknown_words = {{.field = "billingMode", .word = "FREE"}}; },
       broken("Value 'FREE' at 'billingMode" + constraint +
              "satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]")},
      {[](auto& r) { r.provisioned_throughput = ProvisionedThroughput{}; },
       "2 validation errors detected: " + null_at("provisionedThroughput.writeCapacityUnits") +
           "; " + null_at("provisionedThroughput.readCapacityUnits")},
      {[](auto& r) { r.provisioned_throughput = units(0, 1); },
       broken("Value '0' at 'provisionedThroughput.readCapacityUnits" + constraint +
              "have value greater than or equal to 1")},
      {[](auto& r) { r.local_secondary_indexes->at(0) = {}; },
       "3 validation errors detected: " + null_at("localSecondaryIndexes.1.member.indexName") +
           "; " + null_at("localSecondaryIndexes.1.member.keySchema") + "; " +
           null_at("localSecondaryIndexes.1.member.projection")},
      {[](auto& r) { r.global_secondary_indexes->at(1).index_name = "h;"; },
       "2 validation errors detected: Value 'h;' at 'globalSecondaryIndexes.2.member.indexName" +
           constraint +
           "satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'h;' at "
           "'globalSecondaryIndexes.2.member.indexName" +
           constraint + "have length greater than or equal to 3"},
      {[](auto& r) { r.global_secondary_indexes->at(1).projection = include({}); },
       broken("Value '[]' at 'globalSecondaryIndexes.2.member.projection.nonKeyAttributes" +
              constraint + "have length greater than or equal to 1")},
      {[](auto& r) { r.stream_specification = StreamSpecification{}; },
       broken(null_at("streamSpecification.streamEnabled"))},
      {[](auto& r) { r.sse_specification = SseSpecification{.sse_type = "ROT13"}; },
       broken("Value 'ROT13' at 'sSESpecification.sSEType" + constraint +
              "satisfy enum value set: [AES256, KMS]")},
      {[](auto& r) { r.tags = std::vector<Tag>{{.key = "", .value = ""}}; },
       broken("Value '' at 'tags.1.member.key" + constraint +
              "have length greater than or equal to 1")},
      {[](auto& r) { r.tags = std::vector<Tag>{{.key = "k"}}; },
       broken(null_at("tags.1.member.value"))},
  });
}

TEST(CreateTable, RefusesPartsThatDoNotGoTogether) {
  const std::string all = "AttributeDefinitions: [a, b, c, d, e, f, g]";
  expect_complaints({
      {[](auto& r) { r.provisioned_throughput.reset(); },
       invalid + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode "
                 "is PROVISIONED"},
      {[](auto& r) { r.billing_mode = BillingMode::pay_per_request; },
       invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                 "BillingMode is PAY_PER_REQUEST"},
      {[](auto& r) {
         r.billing_mode = BillingMode::pay_per_request;
         r.provisioned_throughput.reset();
       },
       invalid + "ProvisionedThroughput should not be specified for index: by_e_f when BillingMode "
                 "is PAY_PER_REQUEST"},
      {[](auto& r) { r.global_secondary_indexes->at(1).provisioned_throughput.reset(); },
       invalid + "ProvisionedThroughput must be specified for index: by_g"},
      {[](auto& r) { r.provisioned_throughput = units(1'000'000'000'001, 1); },
       "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
      {[](auto& r) {
         r.global_secondary_indexes->at(0).provisioned_throughput = units(1, 1'000'000'000'001);
       },
       "Given value 1000000000001 for WriteCapacityUnits is out of bounds for index by_e_f"},
      {[](auto& r) {
         r.key_schema = KeySchema{hash("zz"), range("b")};
       },
       invalid +
           "Some index key attributes are not defined in AttributeDefinitions. Keys: [zz, b], " +
           all},
      {[](auto& r) { r.attribute_definitions = Definitions{text("a")}; },
       "Invalid KeySchema: Some index key attribute have no definition"},
      {[](auto& r) {
         r.key_schema = KeySchema{range("a"), hash("b")};
       },
       "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
      {[](auto& r) {
         r.key_schema = KeySchema{hash("a"), hash("b")};
       },
       "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"},
      {[](auto& r) {
         r.key_schema = KeySchema{hash("a"), range("a")};
       },
       "Both the Hash Key and the Range Key element in the KeySchema have the same name"},
      {[](auto& r) { r.local_secondary_indexes->clear(); },
       invalid + "List of LocalSecondaryIndexes is empty"},
      {[](auto& r) { r.key_schema = KeySchema{hash("a")}; },
       invalid + "Table KeySchema does not have a range key, which is required when specifying a "
                 "LocalSecondaryIndex"},
      {[](auto& r) { r.local_secondary_indexes->at(0).key_schema = KeySchema{hash("a")}; },
       invalid + "Index KeySchema does not have a range key for index: by_c"},
      {[](auto& r) {
         r.local_secondary_indexes->at(0).key_schema = KeySchema{hash("b"), range("c")};
       },
       invalid + "Index KeySchema does not have the same leading hash key as table KeySchema for "
                 "index: by_c. index hash key: b, table hash key: a"},
      {[](auto& r) {
         r.local_secondary_indexes->at(0).key_schema = KeySchema{hash("a"), range("zl")};
       },
       invalid +
           "Some index key attributes are not defined in AttributeDefinitions. Keys: [a, zl], " +
           all},
      {[](auto& r) { r.local_secondary_indexes->at(1).index_name = "by_c"; },
       invalid + "Duplicate index name: by_c"},
      {[](auto& r) {
         for (int i = 0; i < 4; ++i) {
           auto index = r.local_secondary_indexes->at(0);
           index.index_name = "more" + std::to_string(i);
           r.local_secondary_indexes->push_back(index);
         }
       },
       invalid + "Number of LocalSecondaryIndexes exceeds per-table limit of 5"},
      {[](auto& r) { r.local_secondary_indexes->at(0).projection = Projection{}; },
       invalid + "Unknown ProjectionType: null"},
      {[](auto& r) { r.local_secondary_indexes->at(0).projection->non_key_attributes = {"x"}; },
       invalid + "ProjectionType is ALL, but NonKeyAttributes is specified"},
      {[](auto& r) {
         r.local_secondary_indexes->at(0).projection->projection_type = ProjectionType::keys_only;
         r.local_secondary_indexes->at(0).projection->non_key_attributes = {"x"};
       },
       invalid + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"},
      {[](auto& r) { r.global_secondary_indexes->at(1).projection->non_key_attributes.reset(); },
       invalid + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
      {[](auto& r) { r.global_secondary_indexes->clear(); },
       invalid + "List of GlobalSecondaryIndexes is empty"},
      {[](auto& r) { r.global_secondary_indexes->at(0).key_schema = KeySchema{hash("zg")}; },
       invalid + "Some index key attributes are not defined in AttributeDefinitions. Keys: [zg], " +
           all},
      {[](auto& r) { r.global_secondary_indexes->at(0).index_name = "by_c"; },
       invalid + "Duplicate index name: by_c"},
      {[](auto& r) {
         for (int i = 0; i < 19; ++i) {
           auto index = r.global_secondary_indexes->at(0);
           index.index_name = "more" + std::to_string(i);
           r.global_secondary_indexes->push_back(index);
         }
       },
       invalid + "GlobalSecondaryIndex count exceeds the per-table limit of 20"},
      {[](auto& r) {
         for (int i = 0; i < 5; ++i) {
           auto index = r.global_secondary_indexes->at(0);
           index.index_name = "more" + std::to_string(i);
           std::vector<std::string> names;
           names.reserve(20);
           for (int n = 0; n < 20; ++n) names.push_back("n" + std::to_string(n));
           index.projection = include(names);
           r.global_secondary_indexes->push_back(index);
         }
       },
       invalid + "Number of projected attributes exceeds per-table limit of 100"},
      {[](auto& r) { r.attribute_definitions->push_back(text("unused")); },
       invalid + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c, d, e, f, "
                 "g, unused], keys used: [a, b, c, d, e, f, g]"},
      {[](auto& r) {
         r.local_secondary_indexes.reset();
         r.global_secondary_indexes.reset();
       },
       invalid + "Number of attributes in KeySchema does not exactly match number of attributes "
                 "defined in AttributeDefinitions"},
      {[](auto& r) {
         r.stream_specification = StreamSpecification{
             .stream_enabled = false, .stream_view_type = StreamViewType::keys_only};
       },
       invalid + "Table is being created with a stream disabled, UpdateViewType should not be "
                 "specified"},
      {[](auto& r) {
         r.tags.emplace();
         for (int i = 0; i < 51; ++i) r.tags->push_back({.key = std::to_string(i), .value = "v"});
       },
       invalid + "Too many tags: tag limit is 50"},
  });
}

TEST(CreateTable, ComplainsInDynamoDbsOrder) {
  expect_order_of_complaints({
      {[](auto& r) { r.attribute_definitions->push_back(text("unused")); },
       invalid + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c, d, e, f, "
                 "g, unused], keys used: [a, b, c, d, e, f, g]"},
      {[](auto& r) { r.global_secondary_indexes->at(1).index_name = "by_e_f"; },
       invalid + "Duplicate index name: by_e_f"},
      {[](auto& r) { r.global_secondary_indexes->at(1).projection = Projection{}; },
       invalid + "Unknown ProjectionType: null"},
      {[](auto& r) { r.local_secondary_indexes->at(1).index_name = "by_c"; },
       invalid + "Duplicate index name: by_c"},
      {[](auto& r) { r.local_secondary_indexes->at(1).projection->non_key_attributes = {"x"}; },
       invalid + "ProjectionType is ALL, but NonKeyAttributes is specified"},
      {[](auto& r) {
         r.local_secondary_indexes->at(0).key_schema = KeySchema{range("a"), range("c")};
       },
       "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
      {[](auto& r) { r.key_schema = KeySchema{hash("a")}; },
       invalid + "Table KeySchema does not have a range key, which is required when specifying a "
                 "LocalSecondaryIndex"},
      {[](auto& r) {
         r.key_schema = KeySchema{hash("a"), hash("b")};
       },
       "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"},
      {[](auto& r) { r.provisioned_throughput = units(1'000'000'000'001, 1); },
       "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
      {[](auto& r) { r.billing_mode = BillingMode::pay_per_request; },
       invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                 "BillingMode is PAY_PER_REQUEST"},
      {[](auto& r) { r.provisioned_throughput = units(0, 1); },
       broken(
           "Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: "
           "Member must have value greater than or equal to 1")},
      {[](auto& r) { r.table_name.reset(); },
       "The parameter 'TableName' is required but was not present in the request"},
  });
}

TEST(CreateTable, AnswersAsCreatingAndIsActiveAtOnce) {
  TestEngine engine;
  engine.clock.set(Time{std::chrono::microseconds{1'700'000'000'123'456}});
  const auto created = create_table(*engine, songs());
  ASSERT_TRUE(created) << created.error().message();
  const TableDescription& answer = created->table_description;
  EXPECT_EQ(answer.table_status, TableStatus::creating);
  for (const auto& index : answer.global_secondary_indexes) {
    EXPECT_EQ(index.index_status, IndexStatus::creating);
  }

  const auto described = describe_table(*engine, {.table_name = "Songs"});
  ASSERT_TRUE(described);
  const TableDescription& table = described->table;
  EXPECT_EQ(table.table_name, "Songs");
  EXPECT_EQ(table.table_status, TableStatus::active);
  EXPECT_EQ(table.creation_time, Time{std::chrono::milliseconds{1'700'000'000'123}});
  EXPECT_EQ(table.table_arn, "arn:aws:dynamodb:us-east-1:000000000000:table/Songs");
  EXPECT_EQ(table.table_id.size(), 36u);
  EXPECT_EQ(table.table_id, answer.table_id);
  EXPECT_EQ(table.key_schema, *songs().key_schema);
  EXPECT_EQ(table.attribute_definitions, *songs().attribute_definitions);
  EXPECT_EQ(table.provisioned_throughput,
            (ThroughputDescription{.read_capacity_units = 5, .write_capacity_units = 6}));
  EXPECT_FALSE(table.billing_mode_summary);
  EXPECT_EQ(table.item_count, 0);
  EXPECT_EQ(table.table_size_bytes, 0);
  EXPECT_FALSE(table.deletion_protection_enabled);

  ASSERT_EQ(table.local_secondary_indexes.size(), 2u);
  EXPECT_EQ(table.local_secondary_indexes[0].index_name, "by_c");
  EXPECT_EQ(table.local_secondary_indexes[0].index_arn,
            "arn:aws:dynamodb:us-east-1:000000000000:table/Songs/index/by_c");
  EXPECT_EQ(table.local_secondary_indexes[0].key_schema, (KeySchema{hash("a"), range("c")}));
  ASSERT_EQ(table.global_secondary_indexes.size(), 2u);
  const auto& by_g = table.global_secondary_indexes[1];
  EXPECT_EQ(by_g.index_status, IndexStatus::active);
  EXPECT_FALSE(by_g.backfilling);
  EXPECT_EQ(by_g.projection, include({"y", "x"}));
  EXPECT_EQ(by_g.provisioned_throughput,
            (ThroughputDescription{.read_capacity_units = 3, .write_capacity_units = 4}));

  const auto again = create_table(*engine, songs());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::resource_in_use);
  EXPECT_EQ(again.error().message(), "Table already exists: Songs");
}

TEST(CreateTable, KeepsWhatElseItIsTold) {
  TestEngine engine;
  engine.clock.set(Time{std::chrono::milliseconds{1'700'000'000'007}});
  CreateTableRequest request{
      .table_name = "Songs",
      .attribute_definitions = Definitions{text("a")},
      .key_schema = KeySchema{hash("a")},
      .billing_mode = BillingMode::pay_per_request,
      .on_demand_throughput =
          OnDemandThroughput{.max_read_request_units = 7, .max_write_request_units = -1},
      .stream_specification =
          StreamSpecification{.stream_enabled = true,
                              .stream_view_type = StreamViewType::new_and_old_images},
      .sse_specification = SseSpecification{.enabled = true, .kms_master_key_id = "alias/mine"},
      .tags = std::vector<Tag>{{.key = "team", .value = "jazz"}, {.key = "cost", .value = ""}},
      .table_class = TableClass::standard_infrequent_access,
      .deletion_protection_enabled = true};
  const auto created = create_table(*engine, request);
  ASSERT_TRUE(created) << created.error().message();
  ASSERT_TRUE(created->table_description.billing_mode_summary);
  EXPECT_FALSE(
      created->table_description.billing_mode_summary->last_update_to_pay_per_request.has_value());

  for (int opened = 0; opened < 2; ++opened) {  // and the same after a restart
    const TableDescription table = describe_table(*engine, {.table_name = "Songs"}).value().table;
    ASSERT_TRUE(table.billing_mode_summary);
    EXPECT_EQ(table.billing_mode_summary->billing_mode, BillingMode::pay_per_request);
    EXPECT_EQ(table.billing_mode_summary->last_update_to_pay_per_request, engine.clock.now());
    EXPECT_EQ(table.provisioned_throughput, ThroughputDescription{});
    EXPECT_EQ(table.on_demand_throughput, OnDemandThroughput{.max_read_request_units = 7});
    EXPECT_EQ(table.stream_specification, request.stream_specification);
    EXPECT_EQ(table.latest_stream_label, "2023-11-14T22:13:20.007");
    EXPECT_EQ(table.latest_stream_arn,
              "arn:aws:dynamodb:us-east-1:000000000000:table/Songs/stream/2023-11-14T22:13:20.007");
    ASSERT_TRUE(table.sse_description);
    EXPECT_EQ(table.sse_description->status, "ENABLED");
    EXPECT_EQ(table.sse_description->sse_type, "KMS");
    EXPECT_EQ(table.sse_description->kms_master_key_arn, "alias/mine");
    ASSERT_TRUE(table.table_class_summary);
    EXPECT_EQ(table.table_class_summary->table_class, TableClass::standard_infrequent_access);
    EXPECT_TRUE(table.deletion_protection_enabled);
    const auto tags = list_tags_of_resource(*engine, {.resource_arn = table.table_arn});
    ASSERT_TRUE(tags);
    EXPECT_EQ(tags->tags,
              (std::vector<Tag>{{.key = "cost", .value = ""}, {.key = "team", .value = "jazz"}}));
    engine.reopen();
  }
}

}  // namespace
}  // namespace dynakeep::engine
