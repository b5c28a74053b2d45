#include "wire/json_reader.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::wire {
namespace {

TEST(JsonReader, TellsTypesAndValues) {
  const ParsedJson parsed(R"({"a":[null,true,-3,18446744073709551615,0.5,1e3,"t\u00fc"],"b":{}})");
  ASSERT_TRUE(parsed.is_valid());
  ASSERT_EQ(parsed.root().type(), JsonType::object);
  std::vector<std::string> keys;
  std::vector<JsonValue> values;
  for (const auto& [key, value] : parsed.root().object()) {
    keys.emplace_back(key);
    values.push_back(value);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(values[1].type(), JsonType::object);
  EXPECT_FALSE(values[1].object().begin() != values[1].object().end());

  std::vector<JsonValue> elements;
  for (const JsonValue element : values[0].array()) elements.push_back(element);
  ASSERT_EQ(elements.size(), 7U);
  EXPECT_TRUE(elements[0].is_null());
  EXPECT_TRUE(elements[1].boolean());
  EXPECT_EQ(elements[2].integer(), -3);
  EXPECT_EQ(elements[2].decimal(), -3.0);
  EXPECT_EQ(elements[3].type(), JsonType::integer);
  EXPECT_EQ(elements[3].integer(), INT64_MAX);
  EXPECT_EQ(elements[4].type(), JsonType::decimal);
  EXPECT_EQ(elements[4].decimal(), 0.5);
  EXPECT_EQ(elements[5].decimal(), 1000.0);
  EXPECT_EQ(elements[6].text(), "tü");
}

TEST(JsonReader, TakesNothingButOneWholeJsonValue) {
  for (const char* text : {"{}", "[]", " {} ", "\"x\"", "3", "null", "true", "[1,2]",
                           R"({"a":{"b":[{}]}})", R"("\ud83d\ude00")"}) {
    EXPECT_TRUE(ParsedJson(text).is_valid()) << text;
  }
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "[1,]",
                           "[1 2]",
                           "{}{}",
                           "{} x",
                           "nul",
                           "tru",
                           "\"x",
                           "\"\\x\"",
                           "\"\\ud83d\"",
                           "\"\\ud83dx\"",
                           "\"\\ude00\"",
                           "\"\\ude00\\ud83d\"",
                           "\"\n\"",
                           "\"\xff\"",
                           "\"\xc3\"",
                           "\"\xed\xa0\x80\"",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "NaN",
                           "Infinity",
                           "-",
                           "/* c */ {}",
                           "123456789012345678901234567890",
                           "\xef\xbb\xbf"}) {
    EXPECT_FALSE(ParsedJson(text).is_valid()) << text;
  }
}

TEST(JsonReader, RefusesEveryPrefixOfAnObject) {
  const std::string text = R"({"TableName":"Songs","Key":{"a":{"L":[{"N":"1"},{"BOOL":true}]}}})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParsedJson(std::string_view(text).substr(0, size)).is_valid()) << size;
  }
  EXPECT_TRUE(ParsedJson(text).is_valid());
}

TEST(JsonReader, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParsedJson(nested(json_depth_max - 1)).is_valid());
  EXPECT_FALSE(ParsedJson(nested(json_depth_max + 1)).is_valid());
  EXPECT_FALSE(ParsedJson(nested(1'000'000)).is_valid());
  EXPECT_FALSE(ParsedJson(std::string(1'000'000, '[')).is_valid());
}

TEST(JsonReader, ReadsNoByteBehindTheText) {
  // Text that ends where its memory does, for the sanitizer to see.
  for (std::size_t size = 2; size < 200; ++size) {
    const auto exact = std::make_unique<char[]>(size);
    exact[0] = '"';
    std::fill(exact.get() + 1, exact.get() + size - 1, 'x');
    exact[size - 1] = '"';
    EXPECT_TRUE(ParsedJson(std::string_view(exact.get(), size)).is_valid());
    EXPECT_FALSE(ParsedJson(std::string_view(exact.get(), size - 1)).is_valid());
  }
}

TEST(JsonReader, KeepsTextsApartThatLiveAtOnce) {
  const ParsedJson first(R"({"name":"first"})");
  const std::string big = R"({"name":")" + std::string(300'000, 'x') + "\"}";
  {
    const ParsedJson second(big);
    const ParsedJson third(R"(["third"])");
    ASSERT_TRUE(second.is_valid() && third.is_valid());
    EXPECT_EQ((*second.root().object().begin()).value.text().size(), 300'000U);
    EXPECT_EQ((*third.root().array().begin()).text(), "third");
  }
  EXPECT_EQ((*first.root().object().begin()).value.text(), "first");
  std::thread([] { EXPECT_TRUE(ParsedJson("{}").is_valid()); }).join();
}

// A value unless said otherwise.
Result<AttributeValue> read_plain_json(std::string_view text) {
  return wire::read_plain_json(text, PlainJson::value);
}

TEST(PlainJson, ReadsWhatProgramsWrite) {
  const auto read =
      read_plain_json(R"( {"artist":"N\u00efna","plays":12,"rating":4.50,"live":true,"label":null,)"
                      R"("tags":["jazz",{"deep":[]}],"artist":"Nina"} )");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, AttributeValue(AttributeMap{
                       {"artist", "Nina"},
                       {"plays", 12},
                       {"rating", *Number::parse("4.5")},
                       {"live", true},
                       {"label", nullptr},
                       {"tags", AttributeList{"jazz", AttributeMap{{"deep", AttributeList{}}}}}}));
  EXPECT_EQ(*read_plain_json("12"), AttributeValue(12));
  EXPECT_EQ(*read_plain_json(" \"x\" "), AttributeValue("x"));
  EXPECT_EQ(*read_plain_json("null"), AttributeValue(nullptr));
  EXPECT_EQ(*read_plain_json("false"), AttributeValue(false));
}

TEST(PlainJson, KeepsEveryDigit) {
  EXPECT_EQ(*read_plain_json("[12345678901234567890123456789012345678 ,-0.1e-10\n]"),
            (AttributeValue(AttributeList{*Number::parse("12345678901234567890123456789012345678"),
                                          *Number::parse("-1e-11")})));
}

TEST(PlainJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",      " ",        "{",     "{\"a\":1", "{\"a\" 1}", "{\"a\":1,}",  "[1,]",
        "[1 2]", "1 2",      "1,2",   "1],[2",    "{}}",       "{}{}",        "nulls",
        "truex", "nul",      "tru",   "01",       "1.",        ".5",          "+1",
        "1e",    "-",        "1x",    "\"\\x\"",  "\"\xff\"",  "\"\\ud800\"", "\"x",
        "NaN",   "{\"a\":}", "{1:2}", "[[1]"}) {
    const auto read = read_plain_json(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::serialization) << text;
  }
}

TEST(PlainJson, RefusesWhatDynamoDbCannotHold) {
  const std::string deep = std::string(32, '[') + std::string(32, ']');
  EXPECT_TRUE(read_plain_json(deep));
  EXPECT_TRUE(read_plain_json("{\"a\":" + deep + "}", PlainJson::item));
  for (const std::string& text :
       {std::string("123456789012345678901234567890123456789"), std::string("1e126"),
        std::string("1e-131"), "[" + deep + "]", std::string(100'000, '[')}) {
    const auto read = read_plain_json(text);
    ASSERT_FALSE(read) << text.substr(0, 60);
  }
  EXPECT_EQ(read_plain_json("1e126").error().code(), ErrorCode::validation);
}

}  // namespace
}  // namespace dynakeep::wire
