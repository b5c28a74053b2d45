#include "wire/operations.h"

#include <any>
#include <functional>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

namespace dynakeep::wire {
namespace {

// Keeps what it was asked and answers what it was told to.
class ScriptedDatabase final : public Database {
 public:
  template <typename Request>
  const Request& asked() const {
    return std::any_cast<const Request&>(asked_);
  }
  std::string_view called() const { return called_; }
  void answer_with(std::any answer) { answer_ = std::move(answer); }

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return play<CreateTableResult>("CreateTable", request);
  }
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override {
    return play<DeleteTableResult>("DeleteTable", request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return play<DescribeTableResult>("DescribeTable", request);
  }
  Result<ListTablesResult> list_tables(const ListTablesRequest& request) override {
    return play<ListTablesResult>("ListTables", request);
  }
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override {
    return play<UpdateTableResult>("UpdateTable", request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return play<PutItemResult>("PutItem", request);
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    return play<GetItemResult>("GetItem", request);
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return play<UpdateItemResult>("UpdateItem", request);
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return play<DeleteItemResult>("DeleteItem", request);
  }
  Result<QueryResult> query(const QueryRequest& request) override {
    return play<QueryResult>("Query", request);
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    return play<ScanResult>("Scan", request);
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    return play<BatchGetItemResult>("BatchGetItem", request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    return play<BatchWriteItemResult>("BatchWriteItem", request);
  }
  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override {
    return play<TransactGetItemsResult>("TransactGetItems", request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return play<TransactWriteItemsResult>("TransactWriteItems", request);
  }
  Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) override {
    return play<ListStreamsResult>("ListStreams", request);
  }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    return play<DescribeStreamResult>("DescribeStream", request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    return play<GetShardIteratorResult>("GetShardIterator", request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    return play<GetRecordsResult>("GetRecords", request);
  }
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override {
    return play<UpdateTimeToLiveResult>("UpdateTimeToLive", request);
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override {
    return play<DescribeTimeToLiveResult>("DescribeTimeToLive", request);
  }
  Result<TagResourceResult> tag_resource(const TagResourceRequest& request) override {
    return play<TagResourceResult>("TagResource", request);
  }
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest& request) override {
    return play<UntagResourceResult>("UntagResource", request);
  }
  Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest& request) override {
    return play<ListTagsOfResourceResult>("ListTagsOfResource", request);
  }
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest& request) override {
    return play<DescribeLimitsResult>("DescribeLimits", request);
  }
  Result<DescribeEndpointsResult> describe_endpoints(
      const DescribeEndpointsRequest& request) override {
    return play<DescribeEndpointsResult>("DescribeEndpoints", request);
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  void when_durable(std::uint64_t, std::function<void(const Result<void>&)> done) override {
    done({});
  }

 private:
  const Capabilities capabilities_;
  template <typename Answer, typename Request>
  Result<Answer> play(std::string_view operation, const Request& request) {
    called_ = operation;
    asked_ = request;
    if (const auto* error = std::any_cast<Error>(&answer_)) return *error;
    if (const auto* answer = std::any_cast<Answer>(&answer_)) return *answer;
    return Answer();
  }

  std::string_view called_;
  std::any asked_;
  std::any answer_;
};

class Operations : public testing::Test {
 protected:
  Reply send(std::string_view operation, std::string_view json) {
    const Operation* found = find_operation(operation);
    EXPECT_NE(found, nullptr) << operation;
    return found == nullptr ? Reply() : answer(*found, database, json);
  }

  // The body of the answer to {} when the database answers so.
  std::string body_of(std::string_view operation, std::any result) {
    database.answer_with(std::move(result));
    const Reply reply = send(operation, "{}");
    EXPECT_EQ(reply.status, 200);
    return reply.body;
  }

  ScriptedDatabase database;
};

const Time noon = Time(std::chrono::milliseconds(1'421'866'952'062));

TableDescription songs() {
  return {
      .table_name = "Songs",
      .attribute_definitions = {{.attribute_name = "artist", .attribute_type = ScalarType::string},
                                {.attribute_name = "year", .attribute_type = ScalarType::number}},
      .key_schema = {{.attribute_name = "artist", .key_type = KeyType::hash},
                     {.attribute_name = "year", .key_type = KeyType::range}},
      .creation_time = noon,
      .provisioned_throughput = {.read_capacity_units = 5, .write_capacity_units = 6},
      .table_size_bytes = 120,
      .item_count = 3,
      .table_arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Songs",
      .table_id = "c0ffee00-0000-4000-8000-000000000000",
  };
}

constexpr std::string_view songs_json =
    R"({"AttributeDefinitions":[{"AttributeName":"artist","AttributeType":"S"},)"
    R"({"AttributeName":"year","AttributeType":"N"}],"TableName":"Songs",)"
    R"("KeySchema":[{"AttributeName":"artist","KeyType":"HASH"},)"
    R"({"AttributeName":"year","KeyType":"RANGE"}],"TableStatus":"ACTIVE",)"
    R"("CreationDateTime":1421866952.062,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,)"
    R"("ReadCapacityUnits":5,"WriteCapacityUnits":6},"TableSizeBytes":120,"ItemCount":3,)"
    R"("TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Songs",)"
    R"("TableId":"c0ffee00-0000-4000-8000-000000000000","DeletionProtectionEnabled":false})";

TEST_F(Operations, EachCallsTheDatabasesOwnAndAnswersAnEmptyResult) {
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.name);
    const Reply reply = answer(operation, database, "{}");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(database.called(), operation.name);
  }
}

TEST_F(Operations, EachIsFoundByItsExactName) {
  for (const Operation& operation : operations()) {
    EXPECT_EQ(find_operation(operation.name), &operation);
  }
  for (const char* name :
       {"", "putitem", "PutItem ", "PutIte", "PutItems", "DynamoDB_20120810", "Z"}) {
    EXPECT_EQ(find_operation(name), nullptr) << name;
  }
}

TEST_F(Operations, EachIsFoundByTheTargetOfItsService) {
  EXPECT_EQ(find_target("DynamoDB_20120810.PutItem"), find_operation("PutItem"));
  EXPECT_EQ(find_target("DynamoDBStreams_20120810.GetRecords"), find_operation("GetRecords"));
  for (const char* target :
       {"", ".", "PutItem", ".PutItem", "DynamoDB_20120810", "DynamoDB_20120810.",
        "DynamoDB_20120810.GetRecords", "DynamoDBStreams_20120810.PutItem",
        "DynamoDB_20111205.PutItem", "dynamodb_20120810.PutItem"}) {
    EXPECT_EQ(find_target(target), nullptr) << target;
  }
}

TEST_F(Operations, EachRefusesWhatIsNotJsonAndPassesErrorsOn) {
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.name);
    const Reply broken = answer(operation, database, "{\"TableName\":");
    EXPECT_EQ(broken.status, 400);
    EXPECT_EQ(broken.body, R"({"__type":"com.amazon.coral.service#SerializationException"})");
    EXPECT_EQ(database.called(), "");
  }
  database.answer_with(Error::validation("no"));
  for (const Operation& operation : operations()) {
    const Reply refused = answer(operation, database, "{}");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.body,
              R"({"__type":"com.amazon.coral.validate#ValidationException","message":"no"})");
  }
}

TEST_F(Operations, DoNotSayThatNothingWasDoneWhereThatIsUnknown) {
  database.answer_with(Error::conditional_check_failed().set_outcome_unknown(true));
  Reply reply = send("PutItem", "{}");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body,
            R"({"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError",)"
            R"("message":"ConditionalCheckFailedException: The conditional request failed"})");
  database.answer_with(Error(ErrorCode::unavailable, "lost").set_outcome_unknown(true));
  EXPECT_EQ(send("PutItem", "{}").status, 500);
  database.answer_with(Error(ErrorCode::unavailable, "nobody there"));
  EXPECT_EQ(send("PutItem", "{}").status, 503);
}

TEST_F(Operations, PutItemSaysWhatTheRequestSays) {
  send("PutItem", R"({"TableName":"Songs","Item":{"artist":{"S":"Nina"},"plays":{"N":"12"}},)"
                  R"j("ConditionExpression":"attribute_not_exists(#a)",)j"
                  R"("ExpressionAttributeNames":{"#a":"artist"},)"
                  R"("ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"ALL_OLD",)"
                  R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD",)"
                  R"("ReturnConsumedCapacity":"INDEXES","ReturnItemCollectionMetrics":"SIZE"})");
  const auto& asked = database.asked<PutItemRequest>();
  EXPECT_EQ(asked.table_name, "Songs");
  EXPECT_EQ(asked.item, (Item{{"artist", "Nina"}, {"plays", 12}}));
  EXPECT_EQ(asked.condition_expression, "attribute_not_exists(#a)");
  EXPECT_EQ(asked.expression_attribute_names, (ExpressionAttributeNames{{"#a", "artist"}}));
  EXPECT_EQ(asked.expression_attribute_values, (Item{{":one", 1}}));
  EXPECT_EQ(asked.return_values, ReturnValues::all_old);
  EXPECT_EQ(asked.return_values_on_condition_check_failure,
            ReturnValuesOnConditionCheckFailure::all_old);
  EXPECT_EQ(asked.return_consumed_capacity, ReturnConsumedCapacity::indexes);
  EXPECT_EQ(asked.return_item_collection_metrics, ReturnItemCollectionMetrics::size);
}

TEST_F(Operations, QueryAndScanSayWhatTheRequestSays) {
  send("Query", R"({"TableName":"Songs","IndexName":"by-year","KeyConditionExpression":"a = :a",)"
                R"("FilterExpression":"f","ProjectionExpression":"p","Select":"COUNT","Limit":7,)"
                R"("ExclusiveStartKey":{"a":{"S":"x"}},"ScanIndexForward":false,)"
                R"("ConsistentRead":true})");
  const auto& query = database.asked<QueryRequest>();
  EXPECT_EQ(query.index_name, "by-year");
  EXPECT_EQ(query.key_condition_expression, "a = :a");
  EXPECT_EQ(query.filter_expression, "f");
  EXPECT_EQ(query.projection_expression, "p");
  EXPECT_EQ(query.select, Select::count);
  EXPECT_EQ(query.limit, 7);
  EXPECT_EQ(query.exclusive_start_key, (Key{{"a", "x"}}));
  EXPECT_EQ(query.scan_index_forward, false);
  EXPECT_EQ(query.consistent_read, true);

  send("Scan", R"({"TableName":"Songs","Segment":2,"TotalSegments":4})");
  EXPECT_EQ(database.asked<ScanRequest>().segment, 2);
  EXPECT_EQ(database.asked<ScanRequest>().total_segments, 4);
}

TEST_F(Operations, BatchesAndTransactionsSayWhatTheRequestSays) {
  send("BatchWriteItem", R"({"RequestItems":{"Songs":[{"PutRequest":{"Item":{"a":{"S":"x"}}}},)"
                         R"({"DeleteRequest":{"Key":{"a":{"S":"y"}}}}]}})");
  const auto& writes = database.asked<BatchWriteItemRequest>().request_items->at("Songs");
  ASSERT_EQ(writes.size(), 2U);
  EXPECT_EQ(writes[0].put, (Item{{"a", "x"}}));
  EXPECT_FALSE(writes[0].remove);
  EXPECT_EQ(writes[1].remove, (Key{{"a", "y"}}));

  send("TransactWriteItems",
       R"({"ClientRequestToken":"t","TransactItems":[{"ConditionCheck":{"TableName":"A"}},)"
       R"({"Put":{"TableName":"B"}},{"Update":{"TableName":"C"}},{"Delete":{"TableName":"D"}}]})");
  const auto& transaction = database.asked<TransactWriteItemsRequest>();
  EXPECT_EQ(transaction.client_request_token, "t");
  ASSERT_EQ(transaction.transact_items->size(), 4U);
  EXPECT_EQ((*transaction.transact_items)[0].condition_check->table_name, "A");
  EXPECT_EQ((*transaction.transact_items)[1].put->table_name, "B");
  EXPECT_EQ((*transaction.transact_items)[2].update->table_name, "C");
  EXPECT_EQ((*transaction.transact_items)[3].remove->table_name, "D");
}

TEST_F(Operations, ItemResultsHaveDynamoDbsShape) {
  EXPECT_EQ(body_of("PutItem", PutItemResult()), "{}");
  EXPECT_EQ(body_of("GetItem", GetItemResult()), "{}");
  EXPECT_EQ(body_of("UpdateItem", UpdateItemResult()), "{}");
  EXPECT_EQ(body_of("DeleteItem", DeleteItemResult()), "{}");

  EXPECT_EQ(body_of("GetItem", GetItemResult{.item = Item{{"artist", "Nina"}, {"plays", 12}}}),
            R"({"Item":{"artist":{"S":"Nina"},"plays":{"N":"12"}}})");
  EXPECT_EQ(body_of("GetItem", GetItemResult{.item = Item()}), R"({"Item":{}})");
  EXPECT_EQ(
      body_of("PutItem",
              PutItemResult{
                  .attributes = Item{{"a", "old"}},
                  .consumed_capacity =
                      ConsumedCapacity{.table_name = "Songs",
                                       .capacity_units = 3,
                                       .table = Capacity{.capacity_units = 1},
                                       .local_secondary_indexes = {{"l", {.capacity_units = 1}}},
                                       .global_secondary_indexes = {{"g", {.capacity_units = 1}}}},
                  .item_collection_metrics =
                      ItemCollectionMetrics{.item_collection_key = {{"a", "x"}}}}),
      R"({"Attributes":{"a":{"S":"old"}},"ConsumedCapacity":{"TableName":"Songs",)"
      R"("CapacityUnits":3.0,"Table":{"CapacityUnits":1.0},)"
      R"("LocalSecondaryIndexes":{"l":{"CapacityUnits":1.0}},)"
      R"("GlobalSecondaryIndexes":{"g":{"CapacityUnits":1.0}}},)"
      R"("ItemCollectionMetrics":{"ItemCollectionKey":{"a":{"S":"x"}},)"
      R"("SizeEstimateRangeGB":[0.0,1.0]}})");
}

TEST_F(Operations, PagesHaveDynamoDbsShape) {
  EXPECT_EQ(body_of("Query", QueryResult{.items = std::vector<Item>()}),
            R"({"Items":[],"Count":0,"ScannedCount":0})");
  EXPECT_EQ(body_of("Scan", QueryResult{.count = 2, .scanned_count = 5}),
            R"({"Count":2,"ScannedCount":5})");
  EXPECT_EQ(
      body_of("Query", QueryResult{.items = std::vector<Item>{{{"a", "x"}}, {{"a", "y"}}},
                                   .count = 2,
                                   .scanned_count = 2,
                                   .last_evaluated_key = Key{{"a", "y"}},
                                   .consumed_capacity = ConsumedCapacity{.table_name = "Songs",
                                                                         .capacity_units = 0.5}}),
      R"({"Items":[{"a":{"S":"x"}},{"a":{"S":"y"}}],"Count":2,"ScannedCount":2,)"
      R"("LastEvaluatedKey":{"a":{"S":"y"}},)"
      R"("ConsumedCapacity":{"TableName":"Songs","CapacityUnits":0.5}})");
}

TEST_F(Operations, BatchAndTransactionResultsHaveDynamoDbsShape) {
  EXPECT_EQ(body_of("BatchGetItem", BatchGetItemResult()),
            R"({"Responses":{},"UnprocessedKeys":{}})");
  EXPECT_EQ(body_of("BatchGetItem",
                    BatchGetItemResult{
                        .responses = {{"Songs", {{{"a", "x"}}}}},
                        .unprocessed_keys = {{"Songs",
                                              {.keys = std::vector<Key>{{{"a", "y"}}},
                                               .consistent_read = true}}},
                        .consumed_capacity = std::vector<ConsumedCapacity>{{.table_name = "Songs",
                                                                            .capacity_units = 1}}}),
            R"({"Responses":{"Songs":[{"a":{"S":"x"}}]},)"
            R"("UnprocessedKeys":{"Songs":{"Keys":[{"a":{"S":"y"}}],"ConsistentRead":true}},)"
            R"("ConsumedCapacity":[{"TableName":"Songs","CapacityUnits":1.0}]})");
  EXPECT_EQ(body_of("BatchWriteItem", BatchWriteItemResult()), R"({"UnprocessedItems":{}})");
  EXPECT_EQ(
      body_of("BatchWriteItem",
              BatchWriteItemResult{
                  .unprocessed_items = {{"Songs",
                                         {{.put = Item{{"a", "x"}}}, {.remove = Key{{"a", "y"}}}}}},
                  .item_collection_metrics = {{"Songs", {{.item_collection_key = {{"a", "x"}}}}}}}),
      R"({"UnprocessedItems":{"Songs":[{"PutRequest":{"Item":{"a":{"S":"x"}}}},)"
      R"({"DeleteRequest":{"Key":{"a":{"S":"y"}}}}]},)"
      R"("ItemCollectionMetrics":{"Songs":[{"ItemCollectionKey":{"a":{"S":"x"}},)"
      R"("SizeEstimateRangeGB":[0.0,1.0]}]}})");
  EXPECT_EQ(body_of("TransactGetItems",
                    TransactGetItemsResult{.responses = {Item{{"a", "x"}}, std::nullopt, Item()}}),
            R"({"Responses":[{"Item":{"a":{"S":"x"}}},{},{"Item":{}}]})");
  EXPECT_EQ(body_of("TransactWriteItems", TransactWriteItemsResult()), "{}");
}

TEST_F(Operations, TableDescriptionsHaveDynamoDbsShape) {
  const std::string json(songs_json);
  EXPECT_EQ(body_of("CreateTable", CreateTableResult{.table_description = songs()}),
            R"({"TableDescription":)" + json + "}");
  EXPECT_EQ(body_of("UpdateTable", UpdateTableResult{.table_description = songs()}),
            R"({"TableDescription":)" + json + "}");
  EXPECT_EQ(body_of("DeleteTable", DeleteTableResult{.table_description = songs()}),
            R"({"TableDescription":)" + json + "}");
  EXPECT_EQ(body_of("DescribeTable", DescribeTableResult{.table = songs()}),
            R"({"Table":)" + json + "}");
}

TEST_F(Operations, TableDescriptionsTellEverythingThereIsToTell) {
  const KeySchema key_schema = {{.attribute_name = "g", .key_type = KeyType::hash}};
  const TableDescription table{
      .table_name = "T",
      .table_status = TableStatus::updating,
      .creation_time = noon,
      .provisioned_throughput = {.last_increase = noon,
                                 .last_decrease = noon,
                                 .number_of_decreases_today = 1},
      .billing_mode_summary = BillingModeSummary{.billing_mode = BillingMode::pay_per_request,
                                                 .last_update_to_pay_per_request = noon},
      .local_secondary_indexes = {{.index_name = "l",
                                   .key_schema = key_schema,
                                   .projection = {.projection_type = ProjectionType::include,
                                                  .non_key_attributes = {{"x"}}},
                                   .index_size_bytes = 1,
                                   .item_count = 2,
                                   .index_arn = "la"}},
      .global_secondary_indexes = {{.index_name = "g",
                                    .key_schema = key_schema,
                                    .projection = {.projection_type = ProjectionType::keys_only},
                                    .index_status = IndexStatus::creating,
                                    .backfilling = true,
                                    .on_demand_throughput =
                                        OnDemandThroughput{.max_read_request_units = 9},
                                    .index_arn = "ga"}},
      .stream_specification =
          StreamSpecification{.stream_enabled = true,
                              .stream_view_type = StreamViewType::new_and_old_images},
      .latest_stream_label = "label",
      .latest_stream_arn = "stream",
      .sse_description =
          SseDescription{.status = "ENABLED", .sse_type = "KMS", .kms_master_key_arn = "key"},
      .table_class_summary =
          TableClassSummary{.table_class = TableClass::standard_infrequent_access,
                            .last_update = noon},
      .on_demand_throughput = OnDemandThroughput{.max_write_request_units = 8},
      .deletion_protection_enabled = true,
  };
  EXPECT_EQ(
      body_of("DescribeTable", DescribeTableResult{.table = table}),
      R"({"Table":{"AttributeDefinitions":[],"TableName":"T","KeySchema":[],)"
      R"("TableStatus":"UPDATING","CreationDateTime":1421866952.062,)"
      R"("ProvisionedThroughput":{"LastIncreaseDateTime":1421866952.062,)"
      R"("LastDecreaseDateTime":1421866952.062,"NumberOfDecreasesToday":1,"ReadCapacityUnits":0,)"
      R"("WriteCapacityUnits":0},"TableSizeBytes":0,"ItemCount":0,"TableArn":"","TableId":"",)"
      R"("BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST",)"
      R"("LastUpdateToPayPerRequestDateTime":1421866952.062},)"
      R"("LocalSecondaryIndexes":[{"IndexName":"l","KeySchema":[{"AttributeName":"g",)"
      R"("KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["x"]},)"
      R"("IndexSizeBytes":1,"ItemCount":2,"IndexArn":"la"}],)"
      R"("GlobalSecondaryIndexes":[{"IndexName":"g","KeySchema":[{"AttributeName":"g",)"
      R"("KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"},"IndexStatus":"CREATING",)"
      R"("Backfilling":true,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,)"
      R"("ReadCapacityUnits":0,"WriteCapacityUnits":0},)"
      R"("OnDemandThroughput":{"MaxReadRequestUnits":9},"IndexSizeBytes":0,"ItemCount":0,)"
      R"("IndexArn":"ga"}],"StreamSpecification":{"StreamEnabled":true,)"
      R"("StreamViewType":"NEW_AND_OLD_IMAGES"},"LatestStreamLabel":"label",)"
      R"("LatestStreamArn":"stream","SSEDescription":{"Status":"ENABLED","SSEType":"KMS",)"
      R"("KMSMasterKeyArn":"key"},"TableClassSummary":{)"
      R"("TableClass":"STANDARD_INFREQUENT_ACCESS","LastUpdateDateTime":1421866952.062},)"
      R"("OnDemandThroughput":{"MaxWriteRequestUnits":8},"DeletionProtectionEnabled":true}})");
}

TEST_F(Operations, SettingsHaveDynamoDbsShape) {
  EXPECT_EQ(body_of("TagResource", TagResourceResult()), "");
  EXPECT_EQ(body_of("UntagResource", UntagResourceResult()), "");
  EXPECT_EQ(
      body_of("ListTagsOfResource", ListTagsOfResourceResult{.tags = {{.key = "k", .value = "v"}}}),
      R"({"Tags":[{"Key":"k","Value":"v"}]})");
  EXPECT_EQ(body_of("ListTables",
                    ListTablesResult{.table_names = {"A", "B"}, .last_evaluated_table_name = "B"}),
            R"({"TableNames":["A","B"],"LastEvaluatedTableName":"B"})");
  EXPECT_EQ(body_of("DescribeLimits", DescribeLimitsResult{1, 2, 3, 4}),
            R"({"AccountMaxReadCapacityUnits":1,"AccountMaxWriteCapacityUnits":2,)"
            R"("TableMaxReadCapacityUnits":3,"TableMaxWriteCapacityUnits":4})");
  EXPECT_EQ(body_of("DescribeEndpoints",
                    DescribeEndpointsResult{.endpoints = {{.address = "localhost:8000",
                                                           .cache_period_minutes = 1440}}}),
            R"({"Endpoints":[{"Address":"localhost:8000","CachePeriodInMinutes":1440}]})");
}

}  // namespace
}  // namespace dynakeep::wire
