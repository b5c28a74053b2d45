#include "dynakeep/tagged_json.h"

#include <gtest/gtest.h>

namespace dynakeep {
namespace {

void expect_both_ways(const AttributeValue& value, const std::string& json) {
  EXPECT_EQ(to_tagged_json(value), json);
  const auto read = from_tagged_json(json);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, value);
}

TEST(TaggedJson, SaysAllThatIsInAValue) {
  expect_both_ways("text", R"("text")");
  expect_both_ways(Number::parse("12345678901234567890123456789012345678").value(),
                   "12345678901234567890123456789012345678");
  expect_both_ways(Number::parse("-1.5").value(), "-1.5");
  expect_both_ways(true, "true");
  expect_both_ways(nullptr, "null");
  expect_both_ways(AttributeList{1, AttributeMap{}}, "[1,{}]");
  expect_both_ways(Binary("hi"), R"({"$bytes":"aGk="})");
  expect_both_ways(StringSet{"b", "a"}, R"({"$set":["a","b"]})");
  expect_both_ways(NumberSet{2, 1}, R"({"$set":[1,2]})");
  expect_both_ways(BinarySet{Binary("hi")}, R"({"$set":[{"$bytes":"aGk="}]})");
  expect_both_ways(AttributeMap{{"a", 1}, {"$set", "x"}}, R"({"$set":"x","a":1})");
}

TEST(TaggedJson, MapsThatLookLikeItsOwnAreKeptApart) {
  for (const char* name : {"$bytes", "$set", "$map"}) {
    expect_both_ways(AttributeMap{{name, AttributeMap{}}},
                     std::string(R"({"$map":{")") + name + R"(":{}}})");
  }
}

TEST(TaggedJson, RefusesWhatIsNoSuchJson) {
  for (const char* json : {R"({"$bytes":"a"})", R"({"$bytes":1})", R"({"$set":[]})",
                           R"({"$set":"a"})", R"({"$set":["a",1]})", R"({"$set":["a","a"]})",
                           R"({"$set":[true]})", R"({"$map":[]})", "{", R"({"a":1e999})"}) {
    EXPECT_FALSE(from_tagged_json(json)) << json;
  }
}

}  // namespace
}  // namespace dynakeep
