#include <algorithm>
#include <string>
#include <vector>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

class Tables : public DatabaseContract {
 protected:
  TableDescription described(const std::string& table) {
    return must(database().describe_table({.table_name = table})).table;
  }

  // All names, by pages of `limit`.
  std::vector<std::string> names(std::int32_t limit) {
    std::vector<std::string> all;
    ListTablesRequest request{.limit = limit};
    do {
      auto page = must(database().list_tables(request));
      if (page.table_names.size() > static_cast<std::size_t>(limit)) {
        throw Unexpected("a page is longer than its limit");
      }
      all.insert(all.end(), page.table_names.begin(), page.table_names.end());
      request.exclusive_start_table_name = page.last_evaluated_table_name;
    } while (request.exclusive_start_table_name);
    return all;
  }

  CreateTableRequest with_indexes() {
    auto request = table_of("artist", ScalarType::string, "title", ScalarType::string);
    request.attribute_definitions->push_back(
        {.attribute_name = "year", .attribute_type = ScalarType::number});
    request.attribute_definitions->push_back(
        {.attribute_name = "genre", .attribute_type = ScalarType::string});
    request.local_secondary_indexes = {
        {{.index_name = "ByYear",
          .key_schema = key_schema("artist", "year"),
          .projection = Projection{.projection_type = ProjectionType::keys_only}}}};
    request.global_secondary_indexes = {
        {{.index_name = "ByGenre",
          .key_schema = key_schema("genre", "title"),
          .projection = Projection{.projection_type = ProjectionType::include,
                                   .non_key_attributes = {{"label", "plays"}}}}}};
    return request;
  }
};

TEST_P(Tables, ADescriptionTellsWhatWasAskedFor) {
  const auto table = create(with_indexes());
  const auto description = described(table);
  EXPECT_EQ(description.table_name, table);
  EXPECT_EQ(description.table_status, TableStatus::active);
  EXPECT_EQ(description.key_schema, key_schema("artist", "title"));
  auto attributes = description.attribute_definitions;
  std::sort(attributes.begin(), attributes.end(),
            [](const auto& a, const auto& b) { return *a.attribute_name < *b.attribute_name; });
  const std::vector<AttributeDefinition> expected{
      {.attribute_name = "artist", .attribute_type = ScalarType::string},
      {.attribute_name = "genre", .attribute_type = ScalarType::string},
      {.attribute_name = "title", .attribute_type = ScalarType::string},
      {.attribute_name = "year", .attribute_type = ScalarType::number}};
  EXPECT_EQ(attributes, expected);
  EXPECT_NE(description.table_arn.find(table), std::string::npos);
  EXPECT_GT(description.creation_time, Time{});
  ASSERT_TRUE(description.billing_mode_summary);
  EXPECT_EQ(description.billing_mode_summary->billing_mode, BillingMode::pay_per_request);

  ASSERT_EQ(description.local_secondary_indexes.size(), 1U);
  EXPECT_EQ(description.local_secondary_indexes[0].index_name, "ByYear");
  EXPECT_EQ(description.local_secondary_indexes[0].key_schema, key_schema("artist", "year"));
  EXPECT_EQ(description.local_secondary_indexes[0].projection.projection_type,
            ProjectionType::keys_only);
  ASSERT_EQ(description.global_secondary_indexes.size(), 1U);
  const auto& by_genre = description.global_secondary_indexes[0];
  EXPECT_EQ(by_genre.index_name, "ByGenre");
  EXPECT_EQ(by_genre.key_schema, key_schema("genre", "title"));
  EXPECT_EQ(by_genre.index_status, IndexStatus::active);
  EXPECT_EQ(by_genre.projection.projection_type, ProjectionType::include);
  auto kept = by_genre.projection.non_key_attributes.value_or(std::vector<std::string>{});
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ(kept, (std::vector<std::string>{"label", "plays"}));
}

TEST_P(Tables, CreatingAnswersWithTheDescription) {
  auto request = table_of("id");
  request.table_name = unused_name();
  const auto created = must(database().create_table(request)).table_description;
  EXPECT_EQ(created.table_name, *request.table_name);
  EXPECT_EQ(created.key_schema, *request.key_schema);
  EXPECT_TRUE(created.table_status == TableStatus::creating ||
              created.table_status == TableStatus::active);
}

TEST_P(Tables, ProvisionedThroughputIsDescribed) {
  auto request = table_of("id");
  request.billing_mode = BillingMode::provisioned;
  request.provisioned_throughput = {.read_capacity_units = 3, .write_capacity_units = 7};
  const auto description = described(create(request));
  EXPECT_EQ(description.provisioned_throughput.read_capacity_units, 3);
  EXPECT_EQ(description.provisioned_throughput.write_capacity_units, 7);
}

TEST_P(Tables, AStreamIsDescribed) {
  auto request = table_of("id");
  request.stream_specification = {.stream_enabled = true,
                                  .stream_view_type = StreamViewType::new_and_old_images};
  const auto description = described(create(request));
  EXPECT_EQ(description.stream_specification, request.stream_specification);
}

TEST_P(Tables, TheClassOfATableIsDescribed) {
  auto request = table_of("id");
  request.table_class = TableClass::standard_infrequent_access;
  const auto description = described(create(request));
  ASSERT_TRUE(description.table_class_summary);
  EXPECT_EQ(description.table_class_summary->table_class, TableClass::standard_infrequent_access);
}

TEST_P(Tables, EncryptionIsDescribed) {
  auto request = table_of("id");
  request.sse_specification = {.enabled = true, .sse_type = "KMS"};
  const auto description = described(create(request));
  ASSERT_TRUE(description.sse_description);
  EXPECT_EQ(description.sse_description->status, "ENABLED");
  EXPECT_EQ(description.sse_description->sse_type, "KMS");
}

TEST_P(Tables, LimitsOfThroughputOnDemandAreDescribed) {
  auto request = table_of("id");
  request.on_demand_throughput = {.max_read_request_units = 10, .max_write_request_units = 20};
  EXPECT_EQ(described(create(request)).on_demand_throughput, request.on_demand_throughput);
}

TEST_P(Tables, ATableIsNotCreatedTwice) {
  const auto table = create_plain();
  put(table, {{"id", "kept"}});
  auto request = table_of("other");
  request.table_name = table;
  refused(database().create_table(request), ErrorCode::resource_in_use);
  EXPECT_TRUE(get(table, {{"id", "kept"}}));
}

TEST_P(Tables, RefusalsAreInWords) {
  const auto table = create_plain();
  auto request = table_of("id");
  request.table_name = table;
  EXPECT_NE(refused(database().create_table(request), ErrorCode::resource_in_use).message(), "");
  EXPECT_NE(refused(database().describe_table({.table_name = unused_name()}),
                    ErrorCode::resource_not_found)
                .message(),
            "");
  EXPECT_NE(refused(database().get_item({.table_name = table}), ErrorCode::validation).message(),
            "");
}

TEST_P(Tables, WhatMakesNoTableIsRefused) {
  const auto refuses = [this](CreateTableRequest request) {
    if (!request.table_name) request.table_name = unused_name();
    refused(database().create_table(request), ErrorCode::validation);
    refused(database().describe_table({.table_name = request.table_name}),
            request.table_name->size() < 3 ? ErrorCode::validation : ErrorCode::resource_not_found);
  };
  auto request = table_of("id");
  request.table_name = "ab";  // names have three characters at least
  refuses(request);
  request = table_of("id");
  request.key_schema = key_schema("undefined");
  refuses(request);
  request = table_of("id");
  request.key_schema.reset();
  refuses(request);
  request = table_of("id", ScalarType::string, "unused", ScalarType::string);
  request.key_schema = key_schema("id");
  refuses(request);
  request = table_of("id");
  request.billing_mode.reset();  // provisioned, without throughput
  refuses(request);
  request = with_indexes();
  request.local_secondary_indexes->front().key_schema = key_schema("genre", "year");
  refuses(request);  // a local index has the partition key of its table
}

TEST_P(Tables, WhatIsNotThereIsNotFound) {
  const auto table = unused_name();
  const Key key{{"id", "a"}};
  const auto code = ErrorCode::resource_not_found;
  refused(database().describe_table({.table_name = table}), code);
  refused(database().delete_table({.table_name = table}), code);
  refused(
      database().update_table({.table_name = table, .billing_mode = BillingMode::pay_per_request}),
      code);
  refused(database().put_item({.table_name = table, .item = key}), code);
  refused(database().get_item({.table_name = table, .key = key}), code);
  refused(
      database().update_item({.table_name = table, .key = key, .update_expression = "SET a = id"}),
      code);
  refused(database().delete_item({.table_name = table, .key = key}), code);
  refused(database().query({.table_name = table,
                            .key_condition_expression = "id = :id",
                            .expression_attribute_values = Item{{":id", "a"}}}),
          code);
  refused(database().scan({.table_name = table}), code);
  refused(database().batch_get_item({.request_items = {{{table, {.keys = {{key}}}}}}}), code);
  refused(database().batch_write_item({.request_items = {{{table, {{.put = key}}}}}}), code);
}

TEST_P(Tables, ListsEveryNameOnceInOrderOverAnyPages) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(create_plain());
  for (const std::int32_t limit : {1, 2, 100}) {
    const auto all = names(limit);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
    for (const auto& name : made) EXPECT_EQ(std::count(all.begin(), all.end(), name), 1) << name;
  }
}

TEST_P(Tables, APageOfNamesHasALimitFrom1To100) {
  refused(database().list_tables({.limit = 0}), ErrorCode::validation);
  refused(database().list_tables({.limit = 101}), ErrorCode::validation);
}

TEST_P(Tables, ADeletedTableIsGoneWithItsItems) {
  const auto table = create_plain();
  put(table, {{"id", "a"}});
  const auto deleted = must(database().delete_table({.table_name = table})).table_description;
  EXPECT_EQ(deleted.table_name, table);
  auto again = table_of("id");
  again.table_name = table;
  wait_until([&] {
    const auto created = database().create_table(again);
    if (!created) refused(created, ErrorCode::resource_in_use);
    return created.has_value();
  });
  wait_until_active(table);
  EXPECT_FALSE(get(table, {{"id", "a"}}));
  EXPECT_EQ(must(database().scan({.table_name = table})).count, 0);
}

TEST_P(Tables, DeletionProtectionKeepsATable) {
  auto request = table_of("id");
  request.deletion_protection_enabled = true;
  const auto table = create(request);
  EXPECT_TRUE(described(table).deletion_protection_enabled);
  refused(database().delete_table({.table_name = table}), ErrorCode::validation);
  must(database().update_table({.table_name = table, .deletion_protection_enabled = false}));
  wait_until_active(table);
  must(database().delete_table({.table_name = table}));
}

TEST_P(Tables, BillingModeAndThroughputCanBeChanged) {
  const auto table = create_plain();
  must(database().update_table({.table_name = table,
                                .billing_mode = BillingMode::provisioned,
                                .provisioned_throughput = ProvisionedThroughput{
                                    .read_capacity_units = 5, .write_capacity_units = 6}}));
  wait_until_active(table);
  EXPECT_EQ(described(table).provisioned_throughput.write_capacity_units, 6);
  must(
      database().update_table({.table_name = table, .billing_mode = BillingMode::pay_per_request}));
  wait_until_active(table);
  ASSERT_TRUE(described(table).billing_mode_summary);
  EXPECT_EQ(described(table).billing_mode_summary->billing_mode, BillingMode::pay_per_request);
}

TEST_P(Tables, AnUpdateThatChangesNothingIsRefused) {
  const auto table = create_plain();
  refused(database().update_table({.table_name = table}), ErrorCode::validation);
}

TEST_P(Tables, ANewIndexHoldsTheItemsThatWereThere) {
  const auto table = create_plain();
  for (int i = 0; i < 30; ++i) {
    put(table, {{"id", padded(i)}, {"colour", i % 3 == 0 ? "red" : "blue"}});
  }
  put(table, {{"id", "without"}});
  must(database().update_table(
      {.table_name = table,
       .attribute_definitions = {{{.attribute_name = "colour",
                                   .attribute_type = ScalarType::string}}},
       .global_secondary_index_updates = {
           {{.create = CreateGlobalSecondaryIndexAction{
                 .index_name = "ByColour",
                 .key_schema = key_schema("colour"),
                 .projection = Projection{.projection_type = ProjectionType::all}}}}}}));
  wait_until_active(table);
  const auto red = must(database().query({.table_name = table,
                                          .index_name = "ByColour",
                                          .key_condition_expression = "colour = :c",
                                          .expression_attribute_values = Item{{":c", "red"}}}));
  EXPECT_EQ(red.count, 10);
  EXPECT_EQ(must(database().scan({.table_name = table, .index_name = "ByColour"})).count, 30);
}

TEST_P(Tables, ADeletedIndexIsGone) {
  auto request = with_indexes();
  const auto table = create(request);
  must(database().update_table(
      {.table_name = table,
       .global_secondary_index_updates = {
           {{.remove = DeleteGlobalSecondaryIndexAction{.index_name = "ByGenre"}}}}}));
  const auto is_there = [&] {
    const auto indexes = described(table).global_secondary_indexes;
    return std::any_of(indexes.begin(), indexes.end(),
                       [](const auto& index) { return index.index_name == "ByGenre"; });
  };
  wait_until([&] { return !is_there(); });
  const auto queried = database().query({.table_name = table,
                                         .index_name = "ByGenre",
                                         .key_condition_expression = "genre = :g",
                                         .expression_attribute_values = Item{{":g", "jazz"}}});
  refused(queried, ErrorCode::validation);
}

ON_EVERY_KIND(Tables);

}  // namespace
}  // namespace dynakeep::contract
