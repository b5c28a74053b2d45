#include "dynakeep/json.h"

#include <gtest/gtest.h>

#include "dynakeep/stream_requests.h"
#include "model/encoded_item.h"

namespace dynakeep {
namespace {

TEST(Json, WritesAndReadsValuesAsDynamoDbDoes) {
  const AttributeValue value = AttributeMap{{"artist", "Nina"}, {"plays", 12}};
  const std::string json = R"({"M":{"artist":{"S":"Nina"},"plays":{"N":"12"}}})";
  EXPECT_EQ(to_dynamodb_json(value), json);
  EXPECT_EQ(*value_from_dynamodb_json(json), value);
  EXPECT_EQ(*item_from_dynamodb_json(R"({"plays":{"N":"12"},"artist":{"S":"Nina"}})"),
            (Item{{"artist", "Nina"}, {"plays", 12}}));
}

TEST(Json, WritesPlainJson) {
  const Item item{
      {"artist", "Nina \"S\""},
      {"binary", Binary("\x01\x02\xff")},
      {"empty", AttributeMap{}},
      {"label", nullptr},
      {"live", true},
      {"nested", AttributeList{1, AttributeMap{{"x", "y"}}, AttributeList{}}},
      {"numbers", NumberSet{3, 1, 2}},
      {"plays", *Number::parse("12345678901234567890123456789012345678")},
      {"some bytes", BinarySet{Binary("f")}},
      {"tags", StringSet{"soul", "jazz"}},
  };
  EXPECT_EQ(to_json(item),
            R"({"artist":"Nina \"S\"","binary":"AQL/","empty":{},"label":null,"live":true,)"
            R"("nested":[1,{"x":"y"},[]],"numbers":[1,2,3],)"
            R"("plays":12345678901234567890123456789012345678,"some bytes":["Zg=="],)"
            R"("tags":["jazz","soul"]})");
  EXPECT_EQ(to_json(AttributeValue("x")), R"("x")");
  EXPECT_EQ(to_json(Item()), "{}");
}

TEST(Json, PlainJsonComesBackAsItWasWithoutBinaryAndSets) {
  const std::string json = R"({"a":[1,-0.5,"x",null,true,{"b":{}}],"z":"ü"})";
  const auto item = item_from_json(json);
  ASSERT_TRUE(item);
  EXPECT_EQ(to_json(*item), json);
  EXPECT_EQ(to_json(*value_from_json("[1,2]")), "[1,2]");
}

TEST(Json, SaysWhyItRefuses) {
  const auto code = [](const auto& result) { return result.error().code(); };
  EXPECT_EQ(code(item_from_dynamodb_json("{")), ErrorCode::serialization);
  EXPECT_EQ(code(item_from_dynamodb_json("[]")), ErrorCode::serialization);
  EXPECT_EQ(code(item_from_dynamodb_json("\"x\"")), ErrorCode::serialization);
  EXPECT_EQ(code(item_from_json("[]")), ErrorCode::serialization);
  EXPECT_EQ(code(value_from_dynamodb_json("")), ErrorCode::serialization);

  const auto wrong = item_from_dynamodb_json(R"({"a":{"S":3}})");
  EXPECT_EQ(code(wrong), ErrorCode::serialization);
  EXPECT_EQ(wrong.error().message(), "NUMBER_VALUE cannot be converted to String");

  const auto refused = value_from_dynamodb_json(R"({"L":[{"N":"abc"}]})");
  EXPECT_EQ(code(refused), ErrorCode::validation);
  EXPECT_EQ(refused.error().message(), "The parameter cannot be converted to a numeric value: abc");
}

TEST(Json, PrintsARefusedItemAsNone) {
  const Item refused = ItemAccess::refused({.attribute = "a", .message = "no"});
  EXPECT_EQ(to_dynamodb_json(refused), "{}");
  EXPECT_EQ(to_json(refused), "{}");
}

TEST(Json, PrintsWhatAProgramMadeEvenIfNoTableTakesIt) {
  EXPECT_EQ(to_dynamodb_json(Item{{"a", StringSet{}}}), R"({"a":{"SS":[]}})");
}

const std::string record_json =
    R"({"eventID":"9f2c","eventName":"REMOVE","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
    R"("awsRegion":"us-east-1","dynamodb":{"ApproximateCreationDateTime":1795227763,)"
    R"("Keys":{"k":{"S":"a"}},"OldImage":{"k":{"S":"a"},"tags":{"SS":["x"]}},)"
    R"("SequenceNumber":"001795227763548000000","SizeBytes":12,)"
    R"("StreamViewType":"NEW_AND_OLD_IMAGES"},)"
    R"("userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}})";

TEST(Json, WritesAndReadsARecordOfAStreamAsGetRecordsDoes) {
  const auto record = change_record_from_dynamodb_json(record_json);
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->event_name, "REMOVE");
  EXPECT_EQ(record->dynamodb.old_image->at("tags"), AttributeValue(StringSet{"x"}));
  EXPECT_FALSE(record->dynamodb.new_image);
  EXPECT_EQ(record->user_identity->type, "Service");
  EXPECT_EQ(to_dynamodb_json(*record), record_json);
}

TEST(Json, RefusesWhatIsNoRecord) {
  const auto code = [](std::string_view json) {
    return change_record_from_dynamodb_json(json).error().code();
  };
  EXPECT_EQ(code("{"), ErrorCode::serialization);
  EXPECT_EQ(code("{}"), ErrorCode::serialization);
  EXPECT_EQ(code(R"({"dynamodb":{"Keys":{"k":{"S":"a"}}}})"), ErrorCode::serialization);
  EXPECT_EQ(code(R"({"dynamodb":{"Keys":{"k":{"N":"x"}},"SequenceNumber":"1"}})"),
            ErrorCode::validation);
}

TEST(Json, PrintsARefusedImageAsNone) {
  ChangeRecord record = change_record_from_dynamodb_json(record_json).value();
  record.dynamodb.old_image = ItemAccess::refused({.attribute = "a", .message = "no"});
  const std::string json = to_dynamodb_json(record);
  EXPECT_NE(json.find(R"("OldImage":{},)"), std::string::npos) << json;
}

}  // namespace
}  // namespace dynakeep
