#include "engine/operations/update_table.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/operations/create_table.h"
#include "engine/operations/delete_table.h"
#include "engine/operations/describe_table.h"
#include "engine/test_engine.h"
#include "engine/upkeep.h"

namespace dynakeep::engine {
namespace {

using Updates = std::vector<GlobalSecondaryIndexUpdate>;

AttributeDefinition text(std::string name) {
  return {.attribute_name = std::move(name), .attribute_type = ScalarType::string};
}
KeySchema hash(std::string name) {
  return {{.attribute_name = std::move(name), .key_type = KeyType::hash}};
}
ProvisionedThroughput units(std::int64_t read, std::int64_t write) {
  return {.read_capacity_units = read, .write_capacity_units = write};
}
const Projection everything{.projection_type = ProjectionType::all};

GlobalSecondaryIndexUpdate create_by_b(std::string name = "by_b") {
  return {.create = CreateGlobalSecondaryIndexAction{.index_name = std::move(name),
                                                     .key_schema = hash("b"),
                                                     .projection = everything,
                                                     .provisioned_throughput = units(1, 1)}};
}
GlobalSecondaryIndexUpdate give(std::string name, ProvisionedThroughput throughput) {
  return {.update = UpdateGlobalSecondaryIndexAction{.index_name = std::move(name),
                                                     .provisioned_throughput = throughput}};
}
GlobalSecondaryIndexUpdate remove(std::string name) {
  return {.remove = DeleteGlobalSecondaryIndexAction{.index_name = std::move(name)}};
}

// "Songs" of key a, with the index by_x and 5 read and 6 write units; "OnDemand" of key a.
class UpdateTable : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(create_table(
        *engine, {.table_name = "Songs",
                  .attribute_definitions = std::vector<AttributeDefinition>{text("a"), text("x")},
                  .key_schema = hash("a"),
                  .global_secondary_indexes =
                      std::vector<GlobalSecondaryIndex>{{.index_name = "by_x",
                                                         .key_schema = hash("x"),
                                                         .projection = everything,
                                                         .provisioned_throughput = units(1, 2)}},
                  .provisioned_throughput = units(5, 6)}));
    ASSERT_TRUE(
        create_table(*engine, {.table_name = "OnDemand",
                               .attribute_definitions = std::vector<AttributeDefinition>{text("a")},
                               .key_schema = hash("a"),
                               .billing_mode = BillingMode::pay_per_request}));
  }

  TableDescription describe_songs() {
    return describe_table(*engine, {.table_name = "Songs"}).value().table;
  }
  TableDescription update(const UpdateTableRequest& request) {
    auto result = update_table(*engine, request);
    EXPECT_TRUE(result) << result.error().message();
    return result ? result->table_description : TableDescription{};
  }
  void finish_background_work() { ASSERT_TRUE(keep_up(*engine, {})); }

  void expect_refused(const UpdateTableRequest& request, ErrorCode code,
                      const std::string& message) {
    const auto result = update_table(*engine, request);
    ASSERT_FALSE(result) << "expected: " << message;
    EXPECT_EQ(result.error().message(), message);
    EXPECT_EQ(result.error().code(), code);
  }

  TestEngine engine;
};

std::string null_at(const std::string& field) {
  return "Value null at '" + field + "' failed to satisfy constraint: Member must not be null";
}
std::string errors(const std::vector<std::string>& complaints) {
  std::string message = std::to_string(complaints.size()) + " validation error";
  if (complaints.size() != 1) message += 's';
  const char* separator = " detected: ";
  for (const std::string& complaint : complaints) {
    message.append(separator).append(complaint);
    separator = "; ";
  }
  return message;
}

const std::string invalid = "One or more parameter values were invalid: ";

TEST_F(UpdateTable, RefusesWhatIsWrongByItself) {
  struct Row {
    UpdateTableRequest request;
    std::string message;
  };
  const std::string nothing =
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
      "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required";
  for (const Row& row : std::vector<Row>{
           {{}, "The parameter 'TableName' is required but was not present in the request"},
           {{.table_name = "ab"},
            "TableName must be at least 3 characters long and at most 255 characters long"},
           {{.table_name = "a;c"},
            "1 validation error detected: Value 'a;c' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
           {{.table_name = "Songs"}, nothing},
           {{.table_name = "Songs", .global_secondary_index_updates = Updates{}}, nothing},
           {{.table_name = "Songs",
           .attribute_definitions = std::vector<AttributeDefinition>{text("c")}},
            nothing},
           {{.table_name = "Songs", .provisioned_throughput = ProvisionedThroughput{}},
            errors({null_at("provisionedThroughput.writeCapacityUnits"),
                    null_at("provisionedThroughput.readCapacityUnits")})},
           {{.table_name = "Songs",
           .unknown_words = UnknownWords{{.field = "tableClass", .word = "GLACIER"}}},
            "1 validation error detected: Value 'GLACIER' at 'tableClass' failed to satisfy "
            "constraint: Member must satisfy enum value set: [STANDARD, "
            "STANDARD_INFREQUENT_ACCESS]"},
           {{.table_name = "Songs",
           .billing_mode = BillingMode::pay_per_request,
           .provisioned_throughput = units(1, 1)},
            invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                      "BillingMode is PAY_PER_REQUEST"},
           {{.table_name = "Songs", .billing_mode = BillingMode::provisioned},
            invalid + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"},
           {{.table_name = "Songs", .provisioned_throughput = units(1'000'000'000'001, 1)},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
           {{.table_name = "Songs", .global_secondary_index_updates = Updates{{}}},
            invalid + "One of GlobalSecondaryIndexUpdate.Update, "
                      "GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must "
                      "not be null"},
           {{.table_name = "Songs",
           .global_secondary_index_updates =
                 Updates{{.create = CreateGlobalSecondaryIndexAction{}}}},
            errors({null_at("globalSecondaryIndexUpdates.1.member.create.indexName"),
                    null_at("globalSecondaryIndexUpdates.1.member.create.keySchema"),
                    null_at("globalSecondaryIndexUpdates.1.member.create.projection")})},
           {{.table_name = "Songs",
           .global_secondary_index_updates =
                 Updates{{.remove = DeleteGlobalSecondaryIndexAction{}}}},
            errors({null_at("globalSecondaryIndexUpdates.1.member.delete.indexName")})},
           {{.table_name = "Songs",
           .global_secondary_index_updates = Updates{give("by_x", units(1, 1'000'000'000'001))}},
            "Given value 1000000000001 for WriteCapacityUnits is out of bounds for index by_x"},
           {{.table_name = "Songs",
           .global_secondary_index_updates =
                 Updates{give("by_x", units(2, 2)), give("by_x", units(3, 3))}},
            invalid + "Only one global secondary index update per index is allowed simultaneously. "
                      "Index: by_x"},
       }) {
    expect_refused(row.request, ErrorCode::validation, row.message);
  }
}

TEST_F(UpdateTable, RefusesWhatDoesNotGoWithTheTable) {
  expect_refused({.table_name = "Albums", .deletion_protection_enabled = true},
                 ErrorCode::resource_not_found,
                 "Requested resource not found: Table: Albums not found");
  const std::string same =
      "The provisioned throughput for the table will not change. The requested value equals the "
      "current value. Current ReadCapacityUnits provisioned for the table: 5. Requested "
      "ReadCapacityUnits: 5. Current WriteCapacityUnits provisioned for the table: 6. Requested "
      "WriteCapacityUnits: 6. Refer to the Amazon DynamoDB Developer Guide for current limits and "
      "how to request higher limits.";
  expect_refused({.table_name = "Songs", .provisioned_throughput = units(5, 6)},
                 ErrorCode::validation, same);
  expect_refused({.table_name = "Songs",
                  .billing_mode = BillingMode::provisioned,
                  .provisioned_throughput = units(5, 6)},
                 ErrorCode::validation, same);
  expect_refused({.table_name = "OnDemand", .provisioned_throughput = units(5, 6)},
                 ErrorCode::validation,
                 invalid +
                     "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                     "BillingMode is PAY_PER_REQUEST");
  const auto indexes = [](GlobalSecondaryIndexUpdate update,
                          std::vector<AttributeDefinition> definitions = {}) {
    return UpdateTableRequest{.table_name = "Songs",
                              .attribute_definitions = std::move(definitions),
                              .global_secondary_index_updates = Updates{std::move(update)}};
  };
  expect_refused(indexes(give("nope", units(2, 2))), ErrorCode::validation,
                 "This operation cannot be performed with given input values. Please contact "
                 "DynamoDB service team for more info: Action Blocked: IndexUpdate");
  expect_refused(indexes(remove("nope")), ErrorCode::resource_not_found,
                 "Requested resource not found: Index: nope not found");
  expect_refused(indexes(create_by_b("by_x"), {text("b")}), ErrorCode::validation,
                 "Attempting to create an index which already exists");
  expect_refused(indexes(create_by_b()), ErrorCode::validation,
                 invalid +
                     "Some index key attributes are not defined in AttributeDefinitions. "
                     "Keys: [b], AttributeDefinitions: []");
  GlobalSecondaryIndexUpdate without_units = create_by_b();
  without_units.create->provisioned_throughput.reset();
  expect_refused(indexes(without_units, {text("b")}), ErrorCode::validation,
                 invalid + "ProvisionedThroughput must be specified for index: by_b");
  expect_refused({.table_name = "OnDemand",
                  .attribute_definitions = std::vector<AttributeDefinition>{text("b")},
                  .global_secondary_index_updates = Updates{create_by_b()}},
                 ErrorCode::validation,
                 invalid +
                     "ProvisionedThroughput should not be specified for index: by_b when "
                     "BillingMode is PAY_PER_REQUEST");
  expect_refused({.table_name = "Songs",
                  .attribute_definitions = std::vector<AttributeDefinition>{text("b")},
                  .global_secondary_index_updates = Updates{create_by_b(), remove("by_x")}},
                 ErrorCode::limit_exceeded,
                 "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                 "simultaneously per table");
  expect_refused(
      {.table_name = "Songs", .stream_specification = StreamSpecification{.stream_enabled = false}},
      ErrorCode::validation, "Table has no stream to disable: TableName: Songs");
}

TEST_F(UpdateTable, ChangesThroughputAndTellsWhen) {
  const Time start = engine.clock.now();
  const TableDescription answer =
      update({.table_name = "Songs", .provisioned_throughput = units(9, 6)});
  EXPECT_EQ(answer.table_status, TableStatus::updating);
  EXPECT_EQ(answer.provisioned_throughput.read_capacity_units, 5);  // as it still was
  EXPECT_EQ(describe_songs().provisioned_throughput,
            (ThroughputDescription{
                .last_increase = start, .read_capacity_units = 9, .write_capacity_units = 6}));
  EXPECT_EQ(describe_songs().table_status, TableStatus::active);

  engine.clock.advance(std::chrono::hours(1));
  update({.table_name = "Songs", .provisioned_throughput = units(8, 5)});
  EXPECT_EQ(describe_songs().provisioned_throughput,
            (ThroughputDescription{.last_increase = start,
                                   .last_decrease = engine.clock.now(),
                                   .number_of_decreases_today = 1,
                                   .read_capacity_units = 8,
                                   .write_capacity_units = 5}));
  engine.clock.advance(std::chrono::hours(1) / 2);
  update({.table_name = "Songs", .provisioned_throughput = units(7, 5)});
  EXPECT_EQ(describe_songs().provisioned_throughput.number_of_decreases_today, 2);
  engine.clock.advance(std::chrono::hours(24));
  update({.table_name = "Songs", .provisioned_throughput = units(6, 5)});
  EXPECT_EQ(describe_songs().provisioned_throughput.number_of_decreases_today, 1);

  update({.table_name = "Songs",
          .global_secondary_index_updates = Updates{give("by_x", units(3, 3))}});
  const auto index = describe_songs().global_secondary_indexes.at(0);
  EXPECT_EQ(index.provisioned_throughput.read_capacity_units, 3);
  EXPECT_EQ(index.index_status, IndexStatus::active);
}

TEST_F(UpdateTable, SwitchesTheBillingModeThereAndBack) {
  update({.table_name = "Songs", .billing_mode = BillingMode::pay_per_request});
  TableDescription table = describe_songs();
  ASSERT_TRUE(table.billing_mode_summary);
  EXPECT_EQ(table.billing_mode_summary->billing_mode, BillingMode::pay_per_request);
  EXPECT_EQ(table.billing_mode_summary->last_update_to_pay_per_request, engine.clock.now());
  EXPECT_EQ(table.provisioned_throughput.read_capacity_units, 0);
  EXPECT_EQ(table.global_secondary_indexes.at(0).provisioned_throughput.read_capacity_units, 0);

  UpdateTableRequest back{.table_name = "Songs",
                          .billing_mode = BillingMode::provisioned,
                          .provisioned_throughput = units(2, 3)};
  expect_refused(back, ErrorCode::validation,
                 invalid + "ProvisionedThroughput must be specified for index: by_x");
  back.global_secondary_index_updates = Updates{give("by_x", units(4, 5))};
  update(back);
  table = describe_songs();
  EXPECT_EQ(table.billing_mode_summary->billing_mode, BillingMode::provisioned);
  EXPECT_EQ(table.provisioned_throughput.write_capacity_units, 3);
  EXPECT_EQ(table.global_secondary_indexes.at(0).provisioned_throughput.write_capacity_units, 5);
}

TEST_F(UpdateTable, ToldWhatIsSoAlreadyTheTableStaysActive) {
  const TableDescription answer =
      update({.table_name = "OnDemand", .billing_mode = BillingMode::pay_per_request});
  EXPECT_EQ(answer.table_status, TableStatus::active);
}

TEST_F(UpdateTable, AddsAnIndexThatIsFilledInTheBackground) {
  const TableDescription answer =
      update({.table_name = "Songs",
              .attribute_definitions = std::vector<AttributeDefinition>{text("a"), text("b")},
              .global_secondary_index_updates = Updates{create_by_b()}});
  EXPECT_EQ(answer.table_status, TableStatus::updating);
  EXPECT_EQ(answer.attribute_definitions.size(), 3u);
  ASSERT_EQ(answer.global_secondary_indexes.size(), 2u);
  EXPECT_EQ(answer.global_secondary_indexes[1].index_status, IndexStatus::creating);
  EXPECT_EQ(answer.global_secondary_indexes[1].backfilling, false);

  auto index = describe_songs().global_secondary_indexes.at(1);
  EXPECT_EQ(index.index_status, IndexStatus::creating);
  EXPECT_EQ(index.backfilling, true);
  const UpdateTableRequest another{
      .table_name = "Songs",
      .attribute_definitions = std::vector<AttributeDefinition>{text("b")},
      .global_secondary_index_updates = Updates{create_by_b("again")}};
  expect_refused(another, ErrorCode::limit_exceeded,
                 "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                 "simultaneously per table");

  finish_background_work();
  index = describe_songs().global_secondary_indexes.at(1);
  EXPECT_EQ(index.index_status, IndexStatus::active);
  EXPECT_FALSE(index.backfilling);
  update(another);
}

TEST_F(UpdateTable, RemovesAnIndexAndForgetsItsAttributes) {
  const auto space = engine->catalog.find("Songs").value()->indexes[0].space;
  const TableDescription answer =
      update({.table_name = "Songs", .global_secondary_index_updates = Updates{remove("by_x")}});
  ASSERT_EQ(answer.global_secondary_indexes.size(), 1u);
  EXPECT_EQ(answer.global_secondary_indexes[0].index_status, IndexStatus::deleting);
  const TableDescription table = describe_songs();
  EXPECT_TRUE(table.global_secondary_indexes.empty());
  EXPECT_EQ(table.attribute_definitions, (std::vector<AttributeDefinition>{text("a")}));
  EXPECT_EQ(engine->catalog.dropped_spaces(), (std::vector<storage::SpaceId>{space}));
  finish_background_work();
  EXPECT_TRUE(engine->catalog.dropped_spaces().empty());
}

TEST_F(UpdateTable, AnIndexThatIsBeingFilledMayBeGivenUp) {
  update({.table_name = "Songs",
          .attribute_definitions = std::vector<AttributeDefinition>{text("b")},
          .global_secondary_index_updates = Updates{create_by_b()}});
  expect_refused({.table_name = "Songs", .global_secondary_index_updates = Updates{remove("by_x")}},
                 ErrorCode::limit_exceeded,
                 "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                 "simultaneously per table");
  update({.table_name = "Songs", .global_secondary_index_updates = Updates{remove("by_b")}});
  EXPECT_EQ(describe_songs().global_secondary_indexes.size(), 1u);
  finish_background_work();
  EXPECT_EQ(describe_songs().global_secondary_indexes.size(), 1u);
}

TEST_F(UpdateTable, KeepsTheStreamsLabelWhenItIsSwitchedOff) {
  update({.table_name = "Songs",
          .stream_specification = StreamSpecification{
              .stream_enabled = true, .stream_view_type = StreamViewType::keys_only}});
  const TableDescription on = describe_songs();
  EXPECT_EQ(on.stream_specification->stream_view_type, StreamViewType::keys_only);
  EXPECT_EQ(on.latest_stream_label, "2023-11-14T22:13:20.000");
  expect_refused(
      {.table_name = "Songs",
       .stream_specification = StreamSpecification{.stream_enabled = true,
                                                   .stream_view_type = StreamViewType::keys_only}},
      ErrorCode::validation, "Table already has an enabled stream: TableName: Songs");
  update({.table_name = "Songs",
          .stream_specification = StreamSpecification{.stream_enabled = false}});
  const TableDescription off = describe_songs();
  EXPECT_FALSE(off.stream_specification);
  EXPECT_EQ(off.latest_stream_label, on.latest_stream_label);
  EXPECT_EQ(off.latest_stream_arn, on.latest_stream_arn);
}

TEST_F(UpdateTable, DeletionProtectionIsInForceAtOnceAndHoldsTheTable) {
  const TableDescription answer =
      update({.table_name = "Songs", .deletion_protection_enabled = true});
  EXPECT_EQ(answer.table_status, TableStatus::active);
  EXPECT_TRUE(answer.deletion_protection_enabled);
  const auto refused = delete_table(*engine, {.table_name = "Songs"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::validation);
  EXPECT_EQ(refused.error().message(),
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            "deletion protection first.");
  update({.table_name = "Songs", .deletion_protection_enabled = false});
  EXPECT_TRUE(delete_table(*engine, {.table_name = "Songs"}));
}

TEST_F(UpdateTable, ChangesTheTableClass) {
  update({.table_name = "Songs", .table_class = TableClass::standard_infrequent_access});
  const auto summary = describe_songs().table_class_summary;
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->table_class, TableClass::standard_infrequent_access);
  EXPECT_EQ(summary->last_update, engine.clock.now());
}

TEST_F(UpdateTable, TakesAnArn) {
  update({.table_name = "arn:aws:dynamodb:us-east-1:000000000000:table/Songs",
          .deletion_protection_enabled = true});
  EXPECT_TRUE(describe_songs().deletion_protection_enabled);
}

}  // namespace
}  // namespace dynakeep::engine
