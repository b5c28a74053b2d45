// Every message of database.h, filled at random, encodes and decodes to itself.
//
// What there is to fill and to compare is taken from the structs themselves, member by member, and
// not from the shapes under test: a member that a shape forgets is found here. A struct that gains
// a member does not compile until its count below is raised.

#include "wire/message_json.h"

#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "dynakeep/database.h"
#include "model/encoded_item.h"
#include "wire/operations.h"

namespace dynakeep::wire {
namespace {

// ---- the members of a struct, one after the other ----

template <typename T>
constexpr int members = 0;
template <>
constexpr int members<AttributeDefinition> = 2;
template <>
constexpr int members<KeySchemaElement> = 2;
template <>
constexpr int members<Projection> = 2;
template <>
constexpr int members<ProvisionedThroughput> = 2;
template <>
constexpr int members<OnDemandThroughput> = 2;
template <>
constexpr int members<LocalSecondaryIndex> = 3;
template <>
constexpr int members<GlobalSecondaryIndex> = 5;
template <>
constexpr int members<StreamSpecification> = 2;
template <>
constexpr int members<SseSpecification> = 3;
template <>
constexpr int members<Tag> = 2;
template <>
constexpr int members<ThroughputDescription> = 5;
template <>
constexpr int members<LocalSecondaryIndexDescription> = 6;
template <>
constexpr int members<GlobalSecondaryIndexDescription> = 10;
template <>
constexpr int members<BillingModeSummary> = 2;
template <>
constexpr int members<TableClassSummary> = 2;
template <>
constexpr int members<SseDescription> = 3;
template <>
constexpr int members<TableDescription> = 20;
template <>
constexpr int members<CreateTableRequest> = 14;
template <>
constexpr int members<CreateTableResult> = 1;
template <>
constexpr int members<DeleteTableRequest> = 1;
template <>
constexpr int members<DeleteTableResult> = 1;
template <>
constexpr int members<DescribeTableRequest> = 1;
template <>
constexpr int members<DescribeTableResult> = 1;
template <>
constexpr int members<ListTablesRequest> = 2;
template <>
constexpr int members<ListTablesResult> = 2;
template <>
constexpr int members<CreateGlobalSecondaryIndexAction> = 5;
template <>
constexpr int members<UpdateGlobalSecondaryIndexAction> = 3;
template <>
constexpr int members<DeleteGlobalSecondaryIndexAction> = 1;
template <>
constexpr int members<GlobalSecondaryIndexUpdate> = 3;
template <>
constexpr int members<UpdateTableRequest> = 11;
template <>
constexpr int members<UpdateTableResult> = 1;
template <>
constexpr int members<Capacity> = 3;
template <>
constexpr int members<ConsumedCapacity> = 7;
template <>
constexpr int members<ItemCollectionMetrics> = 3;
template <>
constexpr int members<UnknownWord> = 2;
template <>
constexpr int members<StreamPoint> = 2;
template <>
constexpr int members<PutItemRequest> = 11;
template <>
constexpr int members<PutItemResult> = 4;
template <>
constexpr int members<GetItemRequest> = 9;
template <>
constexpr int members<GetItemResult> = 4;
template <>
constexpr int members<UpdateItemRequest> = 12;
template <>
constexpr int members<UpdateItemResult> = 4;
template <>
constexpr int members<DeleteItemRequest> = 11;
template <>
constexpr int members<DeleteItemResult> = 4;
template <>
constexpr int members<QueryRequest> = 16;
template <>
constexpr int members<QueryResult> = 7;
template <>
constexpr int members<ScanRequest> = 16;
template <>
constexpr int members<KeysAndAttributes> = 4;
template <>
constexpr int members<BatchGetItemRequest> = 4;
template <>
constexpr int members<BatchGetItemResult> = 4;
template <>
constexpr int members<WriteRequest> = 2;
template <>
constexpr int members<BatchWriteItemRequest> = 5;
template <>
constexpr int members<BatchWriteItemResult> = 4;
template <>
constexpr int members<TransactGet> = 4;
template <>
constexpr int members<TransactGetItem> = 1;
template <>
constexpr int members<TransactGetItemsRequest> = 4;
template <>
constexpr int members<TransactGetItemsResult> = 3;
template <>
constexpr int members<TransactConditionCheck> = 6;
template <>
constexpr int members<TransactPut> = 6;
template <>
constexpr int members<TransactUpdate> = 7;
template <>
constexpr int members<TransactWriteItem> = 4;
template <>
constexpr int members<TransactWriteItemsRequest> = 6;
template <>
constexpr int members<TransactWriteItemsResult> = 3;
template <>
constexpr int members<TagResourceRequest> = 2;
template <>
constexpr int members<UntagResourceRequest> = 2;
template <>
constexpr int members<ListTagsOfResourceRequest> = 2;
template <>
constexpr int members<ListTagsOfResourceResult> = 2;
template <>
constexpr int members<DescribeLimitsResult> = 4;
template <>
constexpr int members<Endpoint> = 2;
template <>
constexpr int members<DescribeEndpointsResult> = 1;
template <>
constexpr int members<ListStreamsRequest> = 3;
template <>
constexpr int members<StreamSummary> = 3;
template <>
constexpr int members<ListStreamsResult> = 2;
template <>
constexpr int members<ShardFilter> = 2;
template <>
constexpr int members<DescribeStreamRequest> = 5;
template <>
constexpr int members<SequenceNumberRange> = 2;
template <>
constexpr int members<StreamShard> = 3;
template <>
constexpr int members<StreamDescription> = 9;
template <>
constexpr int members<DescribeStreamResult> = 1;
template <>
constexpr int members<GetShardIteratorRequest> = 5;
template <>
constexpr int members<GetShardIteratorResult> = 1;
template <>
constexpr int members<GetRecordsRequest> = 4;
template <>
constexpr int members<StreamUserIdentity> = 2;
template <>
constexpr int members<StreamRecord> = 7;
template <>
constexpr int members<ChangeRecord> = 7;
template <>
constexpr int members<GetRecordsResult> = 3;
template <>
constexpr int members<TimeToLiveSpecification> = 2;
template <>
constexpr int members<UpdateTimeToLiveRequest> = 2;
template <>
constexpr int members<UpdateTimeToLiveResult> = 1;
template <>
constexpr int members<TimeToLiveDescription> = 2;
template <>
constexpr int members<DescribeTimeToLiveRequest> = 1;
template <>
constexpr int members<DescribeTimeToLiveResult> = 1;

// A structured binding must name exactly the members there are.
template <typename T>
auto tied(T& x) {
  constexpr int count = members<std::remove_const_t<T>>;
  if constexpr (count == 0) {
    static_assert(std::is_empty_v<T>, "say above how many members it has");
    return std::tie();
  } else if constexpr (count == 1) {
    auto& [a] = x;
    return std::tie(a);
  } else if constexpr (count == 2) {
    auto& [a, b] = x;
    return std::tie(a, b);
  } else if constexpr (count == 3) {
    auto& [a, b, c] = x;
    return std::tie(a, b, c);
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = x;
    return std::tie(a, b, c, d);
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = x;
    return std::tie(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, f] = x;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, f, g] = x;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = x;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (count == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l);
  } else if constexpr (count == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  } else if constexpr (count == 16) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
  } else {
    static_assert(count == 20);
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t);
  }
}

template <typename E>
constexpr E last_value = E{};
template <>
constexpr ScalarType last_value<ScalarType> = ScalarType::binary;
template <>
constexpr KeyType last_value<KeyType> = KeyType::range;
template <>
constexpr ProjectionType last_value<ProjectionType> = ProjectionType::include;
template <>
constexpr BillingMode last_value<BillingMode> = BillingMode::pay_per_request;
template <>
constexpr TableClass last_value<TableClass> = TableClass::standard_infrequent_access;
template <>
constexpr StreamViewType last_value<StreamViewType> = StreamViewType::new_and_old_images;
template <>
constexpr TableStatus last_value<TableStatus> = TableStatus::active;
template <>
constexpr IndexStatus last_value<IndexStatus> = IndexStatus::active;
template <>
constexpr ReturnValues last_value<ReturnValues> = ReturnValues::updated_new;
template <>
constexpr ReturnValuesOnConditionCheckFailure last_value<ReturnValuesOnConditionCheckFailure> =
    ReturnValuesOnConditionCheckFailure::all_old;
template <>
constexpr ReturnConsumedCapacity last_value<ReturnConsumedCapacity> =
    ReturnConsumedCapacity::indexes;
template <>
constexpr ReturnItemCollectionMetrics last_value<ReturnItemCollectionMetrics> =
    ReturnItemCollectionMetrics::size;
template <>
constexpr Select last_value<Select> = Select::count;
template <>
constexpr StreamStatus last_value<StreamStatus> = StreamStatus::disabled;
template <>
constexpr ShardIteratorType last_value<ShardIteratorType> =
    ShardIteratorType::after_sequence_number;
template <>
constexpr ShardFilterType last_value<ShardFilterType> = ShardFilterType::child_shards;
template <>
constexpr TimeToLiveStatus last_value<TimeToLiveStatus> = TimeToLiveStatus::disabled;

// ---- filling ----

class Filler {
 public:
  explicit Filler(unsigned seed) : random_(seed) {}

  // `complete` fills every optional member and puts something into every list.
  void fill_completely(auto& x) {
    complete_ = true;
    fill(x);
    complete_ = false;
  }

  void fill(std::string& x) {
    x = "text " + std::to_string(random_() % 1000);
    if (random_() % 4 == 0) x += " \"ü\\\n😀";
  }
  void fill(bool& x) { x = random_() % 2 == 0; }
  void fill(std::int32_t& x) { x = static_cast<std::int32_t>(random_()); }
  void fill(std::int64_t& x) {
    x = static_cast<std::int64_t>(static_cast<std::uint64_t>(random_()) << 32 | random_());
  }
  void fill(double& x) { x = static_cast<double>(random_() % 20000) / 2; }
  void fill(Time& x) {
    x = Time(std::chrono::microseconds(1'400'000'000'000'000 +
                                       static_cast<std::int64_t>(random_()) * 300'000));
  }
  void fill(Item& x) {
    x = Item();
    for (auto left = random_() % 4; left > 0; --left) {
      std::string name;
      fill(name);
      switch (random_() % 4) {
        case 0:
          x[name] = name;
          break;
        case 1:
          x[name] = static_cast<int>(random_() % 1000);
          break;
        case 2:
          x[name] = AttributeList{name, true, nullptr};
          break;
        default:
          x[name] = StringSet{name, "b"};
      }
    }
  }
  template <typename E>
  requires std::is_enum_v<E>
  void fill(E& x) { x = static_cast<E>(random_() % (static_cast<unsigned>(last_value<E>) + 1)); }
  template <typename T>
  void fill(std::optional<T>& x) {
    x.reset();
    if (complete_ || random_() % 2 == 0) fill(x.emplace());
  }
  template <typename T>
  void fill(std::vector<T>& x) {
    x.clear();
    for (auto left = (complete_ ? 1 : 0) + random_() % 3; left > 0; --left) fill(x.emplace_back());
  }
  template <typename T>
  void fill(std::map<std::string, T>& x) {
    x.clear();
    for (auto left = (complete_ ? 1 : 0) + random_() % 3; left > 0; --left) {
      std::string key;
      fill(key);
      fill(x[key]);
    }
  }
  // What travels beside the JSON.
  void fill(std::chrono::milliseconds& x) { x = std::chrono::milliseconds(random_() % 20'001); }
  void fill(SnapshotUse& x) {
    using Step = SnapshotUse::Step;
    x.step = static_cast<Step>(random_() % 4);
    const bool has_token = x.step == Step::read || x.step == Step::end;
    x.token = has_token ? std::to_string(random_()) : "";
  }
  void fill(UnknownWords&) {}  // what the decoder alone writes: see the tests below
  template <typename T>
  requires std::is_class_v<T>
  void fill(T& x) {
    std::apply([&](auto&... member) { (fill(member), ...); }, tied(x));
  }

 private:
  std::mt19937 random_;
  bool complete_ = false;
};

// ---- comparing ----

template <typename T>
bool same(const T& a, const T& b);
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b);
template <typename T>
bool same(const std::map<std::string, T>& a, const std::map<std::string, T>& b);

template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}
template <typename T>
bool same(const std::map<std::string, T>& a, const std::map<std::string, T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second, y.second);
  });
}
template <typename T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, SnapshotUse>) {
    return a.step == b.step && a.token == b.token;
  } else if constexpr (members < T >> 0) {
    return [&]<std::size_t... at>(std::index_sequence<at...>) {
      return (same(std::get<at>(tied(a)), std::get<at>(tied(b))) && ...);
    }
    (std::make_index_sequence<members<T>>());
  } else if constexpr (std::is_empty_v<T>) {
    return true;
  } else {
    return a == b;
  }
}

// ---- the property ----

template <typename Message>
void expect_round_trip(const Message& message) {
  const auto json = encode_message(message);
  ASSERT_TRUE(json);
  auto again = decode_message<Message>(*json);
  ASSERT_TRUE(again) << *json << '\n' << again.error();
  const HeaderFields headers = encode_extensions(message);
  const auto find_header = [&headers](std::string_view name) -> std::optional<std::string_view> {
    for (const HeaderField& header : headers) {
      if (header.name == name) return header.value;
    }
    return {};
  };
  ASSERT_TRUE(decode_extensions(find_header, *again));
  ASSERT_TRUE(same(message, *again)) << *json << '\n' << *encode_message(*again);
}

template <typename Message>
void expect_round_trips() {
  constexpr unsigned seed = 20120810;
  SCOPED_TRACE(seed);
  Filler filler(seed);
  Message message;
  expect_round_trip(message);
  filler.fill_completely(message);
  expect_round_trip(message);
  for (int i = 0; i < 200; ++i) {
    filler.fill(message);
    expect_round_trip(message);
  }
}

template <typename Request, typename Answer>
void check(Result<Answer> (Database::*)(const Request&)) {
  expect_round_trips<Request>();
  expect_round_trips<Answer>();
}

const std::map<std::string_view, std::function<void()>> checks = {
    {"BatchGetItem", [] { check(&Database::batch_get_item); }},
    {"BatchWriteItem", [] { check(&Database::batch_write_item); }},
    {"CreateTable", [] { check(&Database::create_table); }},
    {"DeleteItem", [] { check(&Database::delete_item); }},
    {"DeleteTable", [] { check(&Database::delete_table); }},
    {"DescribeEndpoints", [] { check(&Database::describe_endpoints); }},
    {"DescribeLimits", [] { check(&Database::describe_limits); }},
    {"DescribeStream", [] { check(&Database::describe_stream); }},
    {"DescribeTable", [] { check(&Database::describe_table); }},
    {"DescribeTimeToLive", [] { check(&Database::describe_time_to_live); }},
    {"GetItem", [] { check(&Database::get_item); }},
    {"GetRecords", [] { check(&Database::get_records); }},
    {"GetShardIterator", [] { check(&Database::get_shard_iterator); }},
    {"ListStreams", [] { check(&Database::list_streams); }},
    {"ListTables", [] { check(&Database::list_tables); }},
    {"ListTagsOfResource", [] { check(&Database::list_tags_of_resource); }},
    {"PutItem", [] { check(&Database::put_item); }},
    {"Query", [] { check(&Database::query); }},
    {"Scan", [] { check(&Database::scan); }},
    {"TagResource", [] { check(&Database::tag_resource); }},
    {"TransactGetItems", [] { check(&Database::transact_get_items); }},
    {"TransactWriteItems", [] { check(&Database::transact_write_items); }},
    {"UntagResource", [] { check(&Database::untag_resource); }},
    {"UpdateItem", [] { check(&Database::update_item); }},
    {"UpdateTable", [] { check(&Database::update_table); }},
    {"UpdateTimeToLive", [] { check(&Database::update_time_to_live); }},
};

TEST(Messages, EveryRequestAndResultComesBackAsItWas) {
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.name);
    const auto found = checks.find(operation.name);
    ASSERT_NE(found, checks.end()) << "the operation has no round trip here";
    found->second();
  }
}

// ---- what requests say ----

TEST(Messages, TellAbsentFromEmpty) {
  const auto absent = decode_message<CreateTableRequest>(R"({"TableName":null})");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->table_name || absent->key_schema || absent->tags);
  const auto empty = decode_message<CreateTableRequest>(
      R"({"TableName":"","KeySchema":[],"Tags":[],"ProvisionedThroughput":{}})");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->table_name, "");
  EXPECT_TRUE(empty->key_schema && empty->tags && empty->provisioned_throughput);
}

TEST(Messages, PassOverMembersThatNobodyKnows) {
  const auto request =
      decode_message<GetItemRequest>(R"({"Tablename":3,"New":[{}],"TableName":"Songs"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->table_name, "Songs");
}

TEST(Messages, LetTheLastOfOneMemberCount) {
  const auto request = decode_message<CreateTableRequest>(
      R"({"TableName":"a","Tags":[{"Key":"x"},{"Key":"y"}],"TableName":"b","Tags":[{"Key":"z"}]})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->table_name, "b");
  EXPECT_EQ(request->tags, (std::vector<Tag>{{.key = "z"}}));
}

TEST(Messages, KeepUnknownWordsWithTheirPlaces) {
  const auto put =
      decode_message<PutItemRequest>(R"({"ReturnValues":"NEW","ReturnConsumedCapacity":"total"})");
  ASSERT_TRUE(put);
  EXPECT_FALSE(put->return_values || put->return_consumed_capacity);
  ASSERT_EQ(put->unknown_words.size(), 2U);
  EXPECT_EQ(put->unknown_words[0].field, "returnValues");
  EXPECT_EQ(put->unknown_words[0].word, "NEW");
  EXPECT_EQ(put->unknown_words[1].field, "returnConsumedCapacity");

  const std::string json =
      R"({"KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"SORT"}],)"
      R"("GlobalSecondaryIndexes":[{"Projection":{"ProjectionType":"SOME"}}],)"
      R"("BillingMode":"","StreamSpecification":{"StreamViewType":"ALL"}})";
  const auto create = decode_message<CreateTableRequest>(json);
  ASSERT_TRUE(create);
  std::vector<std::string> fields;
  for (const UnknownWord& unknown : create->unknown_words) fields.push_back(unknown.field);
  EXPECT_EQ(fields,
            (std::vector<std::string>{"keySchema.2.member.keyType",
                                      "globalSecondaryIndexes.1.member.projection.projectionType",
                                      "billingMode", "streamSpecification.streamViewType"}));

  const auto transact = decode_message<TransactWriteItemsRequest>(
      R"({"TransactItems":[{},{"Put":{"ReturnValuesOnConditionCheckFailure":"OLD"}}]})");
  ASSERT_TRUE(transact);
  ASSERT_EQ(transact->unknown_words.size(), 1U);
  EXPECT_EQ(transact->unknown_words[0].field,
            "transactItems.2.member.put.returnValuesOnConditionCheckFailure");
}

TEST(Messages, SendUnknownWordsOnAsTheyCame) {
  const std::string json = R"({"KeySchema":[{"AttributeName":"b","KeyType":"SORT"}],)"
                           R"("BillingMode":"CHEAP"})";
  const auto request = decode_message<CreateTableRequest>(json);
  ASSERT_TRUE(request);
  EXPECT_EQ(*encode_message(*request), json);
}

TEST(Messages, HandRefusedItemsOnToTheEngineButNotToTheWire) {
  const auto request = decode_message<PutItemRequest>(R"({"Item":{"x":{"N":"abc"}}})");
  ASSERT_TRUE(request);
  const auto refusal = ItemAccess::refusal(*request->item);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->attribute, "x");
  EXPECT_EQ(refusal->message, "The parameter cannot be converted to a numeric value: abc");
  const auto encoded = encode_message(*request);
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code(), ErrorCode::validation);
  EXPECT_EQ(encoded.error().message(), refusal->message);
}

TEST(Messages, RefuseLegacyParametersRatherThanPassOverAConditionOfTheirs) {
  for (const auto& [accepted, json] : std::vector<std::pair<bool, std::string>>{
           {false, R"({"TableName":"Songs","Expected":{"a":{"Exists":false}}})"},
           {false, R"({"ConditionalOperator":"OR"})"},
           {true, R"({"TableName":"Songs","Expected":null})"}}) {
    const auto request = decode_message<PutItemRequest>(json);
    EXPECT_EQ(request.has_value(), accepted) << json;
    EXPECT_TRUE(request || request.error().code() == ErrorCode::validation) << json;
  }
  EXPECT_EQ(decode_message<PutItemRequest>(R"({"Expected":{}})").error().message(),
            "The parameter Expected is not supported");
  EXPECT_FALSE(decode_message<GetItemRequest>(R"({"AttributesToGet":["a"]})"));
  EXPECT_FALSE(decode_message<UpdateTableRequest>(R"({"ReplicaUpdates":[]})"));
  EXPECT_FALSE(decode_message<UpdateItemRequest>(R"({"AttributeUpdates":{}})"));
  EXPECT_FALSE(decode_message<DeleteItemRequest>(R"({"Expected":{}})"));
  EXPECT_FALSE(decode_message<QueryRequest>(R"({"KeyConditions":{}})"));
  EXPECT_FALSE(decode_message<ScanRequest>(R"({"ScanFilter":{}})"));
  EXPECT_FALSE(
      decode_message<BatchGetItemRequest>(R"({"RequestItems":{"a":{"AttributesToGet":[]}}})"));
}

// ---- what is no request ----

TEST(Messages, RefuseJsonOfTheWrongTypeInDynamoDbsWords) {
  const std::string shape = "com.amazonaws.dynamodb.v20120810.";
  const std::string cast =
      "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
      "java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
      "java.lang.Class are in module java.base of loader 'bootstrap')";
  const auto error_of = [](std::string_view operation, const std::string& json) -> std::string {
    const auto message = [](const auto& result) -> std::string {
      if (result) return "(accepted)";
      EXPECT_EQ(result.error().code(), ErrorCode::serialization);
      return result.error().message();
    };
    if (operation == "GetItem") return message(decode_message<GetItemRequest>(json));
    if (operation == "Query") return message(decode_message<QueryRequest>(json));
    if (operation == "CreateTable") return message(decode_message<CreateTableRequest>(json));
    if (operation == "BatchGetItem") return message(decode_message<BatchGetItemRequest>(json));
    if (operation == "BatchWriteItem") return message(decode_message<BatchWriteItemRequest>(json));
    return message(decode_message<TransactWriteItemsRequest>(json));
  };
  struct Case {
    std::string operation, json, message;
  };
  const std::vector<Case> cases = {
      {"GetItem", R"({"TableName":23})", "NUMBER_VALUE cannot be converted to String"},
      {"GetItem", R"({"TableName":34.56})", "DECIMAL_VALUE cannot be converted to String"},
      {"GetItem", R"({"TableName":true})", "TRUE_VALUE cannot be converted to String"},
      {"GetItem", R"({"TableName":false})", "FALSE_VALUE cannot be converted to String"},
      {"GetItem", R"({"TableName":["a"]})", "Unrecognized collection type class java.lang.String"},
      {"GetItem", R"({"TableName":{}})", "Start of structure or map found where not expected"},
      {"GetItem", R"({"ConsistentRead":"true"})", "Unexpected token received from parser"},
      {"GetItem", R"({"ConsistentRead":23})", "NUMBER_VALUE cannot be converted to Boolean"},
      {"GetItem", R"({"ConsistentRead":[]})",
       "Unrecognized collection type class java.lang.Boolean"},
      {"GetItem", R"({"ConsistentRead":{}})", "Start of structure or map found where not expected"},
      {"GetItem", R"({"Key":"a"})", "Unexpected field type"},
      {"GetItem", R"({"Key":[]})",
       "Unrecognized collection type java.util.Map<java.lang.String, " + shape + "AttributeValue>"},
      {"GetItem", R"({"Key":{"a":"b"}})", "Unexpected value type in payload"},
      {"GetItem", R"({"Key":{"a":{"S":3}}})", "NUMBER_VALUE cannot be converted to String"},
      {"GetItem", R"({"ExpressionAttributeNames":{"a":3}})",
       "NUMBER_VALUE cannot be converted to String"},
      {"GetItem", R"({"ExpressionAttributeNames":[]})",
       "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>"},
      {"GetItem", R"({"ExpressionAttributeNames":"a"})", "Unexpected field type"},
      {"Query", R"({"Limit":"3"})", "STRING_VALUE cannot be converted to Integer"},
      {"Query", R"({"Limit":true})", "TRUE_VALUE cannot be converted to Integer"},
      {"Query", R"({"Limit":[]})", "Unrecognized collection type class java.lang.Integer"},
      {"Query", R"({"Limit":{}})", "Start of structure or map found where not expected"},
      {"Query", R"({"Limit":3000000000})", "NUMBER_VALUE cannot be converted to Integer"},
      {"Query", R"({"Limit":1e300})", "DECIMAL_VALUE cannot be converted to Integer"},
      {"CreateTable", R"({"ProvisionedThroughput":3})", "Unexpected field type"},
      {"CreateTable", R"({"ProvisionedThroughput":[]})",
       "Unrecognized collection type class " + shape + "ProvisionedThroughput"},
      {"CreateTable", R"({"ProvisionedThroughput":{"ReadCapacityUnits":"3"}})",
       "STRING_VALUE cannot be converted to Long"},
      {"CreateTable", R"({"ProvisionedThroughput":{"ReadCapacityUnits":1e300}})",
       "DECIMAL_VALUE cannot be converted to Long"},
      {"CreateTable", R"({"KeySchema":"a"})", "Unexpected field type"},
      {"CreateTable", R"({"KeySchema":{}})", "Start of structure or map found where not expected"},
      {"CreateTable", R"({"KeySchema":["a"]})", "Unexpected value type in payload"},
      {"CreateTable", R"({"KeySchema":[[]]})",
       "Unrecognized collection type class " + shape + "KeySchemaElement"},
      {"CreateTable", R"({"KeySchema":[{"KeyType":3}]})",
       "NUMBER_VALUE cannot be converted to String"},
      {"CreateTable", R"({"LocalSecondaryIndexes":[{"Projection":[]}]})",
       "Unrecognized collection type class " + shape + "Projection"},
      {"CreateTable", R"({"LocalSecondaryIndexes":[{"Projection":{"NonKeyAttributes":"a"}}]})",
       "Unexpected field type"},
      {"BatchGetItem", R"({"RequestItems":"a"})", "Unexpected field type"},
      {"BatchGetItem", R"({"RequestItems":[]})",
       "Unrecognized collection type java.util.Map<java.lang.String, " + shape +
           "KeysAndAttributes>"},
      {"BatchGetItem", R"({"RequestItems":{"abc":"a"}})", "Unexpected value type in payload"},
      {"BatchGetItem", R"({"RequestItems":{"abc":{"Keys":["a"]}}})", cast},
      {"BatchGetItem", R"({"RequestItems":{"abc":{"Keys":[[]]}}})",
       "Unrecognized collection type java.util.Map<java.lang.String, " + shape + "AttributeValue>"},
      {"BatchWriteItem", R"({"RequestItems":[]})",
       "Unrecognized collection type java.util.Map<java.lang.String, java.util.List<" + shape +
           "WriteRequest>>"},
      {"BatchWriteItem", R"({"RequestItems":{"abc":"a"}})", cast},
      {"BatchWriteItem", R"({"RequestItems":{"abc":{}}})",
       "Start of structure or map found where not expected"},
      {"BatchWriteItem", R"({"RequestItems":{"abc":[[]]}})",
       "Unrecognized collection type class " + shape + "WriteRequest"},
      {"BatchWriteItem", R"({"RequestItems":{"abc":[{"PutRequest":"a"}]}})",
       "Unexpected field type"},
      {"BatchWriteItem", R"({"RequestItems":{"abc":[{"PutRequest":[]}]}})",
       "Unrecognized collection type class " + shape + "PutRequest"},
      {"BatchWriteItem", R"({"RequestItems":{"abc":[{"PutRequest":{"Item":"a"}}]}})",
       "Unexpected field type"},
      {"TransactWriteItems", R"({"TransactItems":["a"]})", "Unexpected value type in payload"},
      {"TransactWriteItems", R"({"TransactItems":[{"Put":"a"}]})", "Unexpected field type"},
      {"TransactWriteItems", R"({"TransactItems":[{"Put":[]}]})",
       "Unrecognized collection type class " + shape + "Put"},
      {"GetItem", "", ""},
      {"GetItem", "{", ""},
      {"GetItem", "{\"TableName\":\"\xff\"}", ""},
      {"GetItem", "[]", "Unrecognized collection type class " + shape + "GetItemInput"},
      {"GetItem", "\"x\"", "Unexpected field type"},
      {"GetItem", "null", "Unexpected field type"},
  };
  for (const auto& [operation, json, message] : cases) {
    EXPECT_EQ(error_of(operation, json), message) << operation << ' ' << json;
  }
}

TEST(Messages, CutFractionsOffIntegers) {
  EXPECT_EQ(decode_message<QueryRequest>(R"({"Limit":3.7})")->limit, 3);
  EXPECT_EQ(decode_message<QueryRequest>(R"({"Limit":-3.7})")->limit, -3);
  EXPECT_EQ(
      decode_message<CreateTableRequest>(R"({"ProvisionedThroughput":{"ReadCapacityUnits":2.5}})")
          ->provisioned_throughput->read_capacity_units,
      2);
}

TEST(Messages, KeepWhatAResultTellsWhenALaterServiceSaysMore) {
  const auto result = decode_message<DescribeTableResult>(
      R"({"Table":{"TableName":"Songs","TableStatus":"ARCHIVED","Replicas":[{}],"ItemCount":3}})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->table.table_name, "Songs");
  EXPECT_EQ(result->table.item_count, 3);
}

}  // namespace
}  // namespace dynakeep::wire
