#include "dynakeep/stores/stream_filter.h"

#include <string>

#include <gmock/gmock.h>

namespace dynakeep {
namespace {

using testing::HasSubstr;

ChangeRecord song() {
  return {.event_name = "MODIFY",
          .dynamodb = {.keys = Item{{"k", "Nina"}},
                       .new_image = Item{{"k", "Nina"}, {"n", 12}, {"tags", StringSet{"a", "b"}}},
                       .sequence_number = "100"},
          .user_identity = StreamUserIdentity{"dynamodb.amazonaws.com", "Service"}};
}

bool matches(const std::string& pattern) {
  auto filter = StreamFilter::parse(pattern);
  if (!filter) ADD_FAILURE() << filter.error();
  return filter && filter->matches(song());
}
bool key_matches(const std::string& alternative) {
  return matches(R"({"dynamodb":{"Keys":{"k":{"S":[)" + alternative + "]}}}}");
}
bool number_matches(const std::string& range) {
  return matches(R"({"dynamodb":{"NewImage":{"n":{"N":[{"numeric":)" + range + "}]}}}}");
}

TEST(StreamFilters, MatchEqualValuesAndAnyOfTheAlternatives) {
  EXPECT_TRUE(matches(R"({"eventName":["INSERT","MODIFY"]})"));
  EXPECT_FALSE(matches(R"({"eventName":["INSERT"]})"));
  EXPECT_TRUE(matches(R"([{"eventName":["INSERT"]},{"eventName":["MODIFY"]}])"));
  EXPECT_TRUE(matches("[]"));
  EXPECT_FALSE(matches(R"({"eventName":["MODIFY"],"eventID":["7"]})"));
  EXPECT_TRUE(matches(R"({"dynamodb":{"NewImage":{"tags":{"SS":["b"]}}}})"));
  EXPECT_TRUE(matches(R"({"$or":[{"eventName":["X"]},{"eventName":["MODIFY"]}]})"));
}

TEST(StreamFilters, KnowLambdasOperators) {
  EXPECT_TRUE(key_matches(R"({"prefix":"Ni"})"));
  EXPECT_FALSE(key_matches(R"({"prefix":"na"})"));
  EXPECT_TRUE(key_matches(R"({"suffix":"na"})"));
  EXPECT_TRUE(key_matches(R"({"equals-ignore-case":"NINA"})"));
  EXPECT_FALSE(key_matches(R"({"equals-ignore-case":"NIN"})"));
  EXPECT_TRUE(key_matches(R"({"anything-but":["Ella"]})"));
  EXPECT_FALSE(key_matches(R"({"anything-but":["Nina"]})"));
  EXPECT_TRUE(matches(R"({"dynamodb":{"OldImage":[{"exists":false}]}})"));
  EXPECT_TRUE(matches(R"({"dynamodb":{"NewImage":[{"exists":true}]}})"));
  EXPECT_FALSE(matches(R"({"dynamodb":{"OldImage":{"k":{"S":[{"anything-but":["x"]}]}}}})"));
}

TEST(StreamFilters, CompareNumbersAlsoInTheTextOfAnN) {
  EXPECT_TRUE(number_matches(R"([">=",5,"<",12.5])"));
  EXPECT_TRUE(number_matches(R"(["=",12.0])"));
  EXPECT_FALSE(number_matches(R"([">",12])"));
  EXPECT_FALSE(number_matches(R"(["<",9])"));
  EXPECT_FALSE(key_matches(R"({"numeric":[">",0]})"));
}

TEST(StreamFilters, SeeWhoMadeTheChangeInEitherSpelling) {
  EXPECT_TRUE(matches(R"({"userIdentity":{"type":["Service"]}})"));
  EXPECT_TRUE(matches(R"({"userIdentity":{"Type":["Service"]}})"));
}

TEST(StreamFilters, AreRefusedWithThePathOfTheFault) {
  const auto refusal = [](const std::string& pattern) {
    const auto filter = StreamFilter::parse(pattern);
    return filter ? std::string("taken") : filter.error().message();
  };
  EXPECT_THAT(refusal("{"), HasSubstr("JSON"));
  EXPECT_THAT(refusal("7"), HasSubstr("root"));
  EXPECT_THAT(refusal("{}"), HasSubstr("root"));
  EXPECT_THAT(refusal(R"({"a":{"b":"x"}})"), HasSubstr("a.b"));
  EXPECT_THAT(refusal(R"({"a":[]})"), HasSubstr("a: there are no alternatives"));
  EXPECT_THAT(refusal(R"({"a":[{"like":"x"}]})"), HasSubstr("no such operator"));
  EXPECT_THAT(refusal(R"({"a":[{"numeric":[">"]}]})"), HasSubstr("a.numeric"));
  EXPECT_THAT(refusal(R"({"a":[{"numeric":["~",1]}]})"), HasSubstr("a.numeric"));
  EXPECT_THAT(refusal(R"({"a":[{"exists":1}]})"), HasSubstr("a.exists"));
  EXPECT_THAT(refusal(R"({"$or":[7]})"), HasSubstr("$or"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += R"({"a":)";
  EXPECT_THAT(refusal(deep + "[1]" + std::string(1000, '}')), HasSubstr("JSON"));
}

}  // namespace
}  // namespace dynakeep
