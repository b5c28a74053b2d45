#include "wire/value_json.h"

#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/json.h"

namespace dynakeep::wire {
namespace {

struct Decoded {
  std::string encoded;
  ValueProblem problem;
};

Decoded decode(std::string_view json) {
  Decoded decoded;
  const ParsedJson parsed(json);
  if (!parsed.is_valid()) {
    ADD_FAILURE() << "not JSON: " << json;
    return decoded;
  }
  decoded.encoded = decode_attributes(parsed.root(), decoded.problem);
  return decoded;
}

Item item(std::string_view json) {
  auto decoded = item_from_dynamodb_json(json);
  EXPECT_TRUE(decoded) << json;
  return decoded ? *decoded : Item();
}

std::string wrong_type_of(const std::string& value) {
  return decode(R"({"a":)" + value + "}").problem.wrong_type;
}

std::string refusal_of(const std::string& value) {
  const auto problem = decode(R"({"a":)" + value + "}").problem;
  EXPECT_EQ(problem.wrong_type, "") << value;
  return problem.refusal ? problem.refusal->message : "";
}

std::string nested(int levels, const std::string& before, const std::string& after) {
  std::string json;
  for (int i = 0; i < levels; ++i) json += before;
  json += R"({"S":"x"})";
  for (int i = 0; i < levels; ++i) json += after;
  return json;
}

TEST(ValueJson, ReadsEachOfTheTenTypes) {
  EXPECT_EQ(item(R"({"a":{"S":"Nina"}})"), (Item{{"a", "Nina"}}));
  EXPECT_EQ(item(R"({"a":{"S":""}})"), (Item{{"a", ""}}));
  EXPECT_EQ(item(R"({"a":{"N":"-12.50"}})"), (Item{{"a", *Number::parse("-12.5")}}));
  EXPECT_EQ(item(R"({"a":{"B":"AQL/"}})"), (Item{{"a", Binary("\x01\x02\xff")}}));
  EXPECT_EQ(item(R"({"a":{"BOOL":true},"b":{"BOOL":false}})"), (Item{{"a", true}, {"b", false}}));
  EXPECT_EQ(item(R"({"a":{"NULL":true}})"), (Item{{"a", nullptr}}));
  EXPECT_EQ(item(R"({"a":{"L":[{"N":"1"},{"L":[]},{"S":"two"}]}})"),
            (Item{{"a", AttributeList{1, AttributeList{}, "two"}}}));
  EXPECT_EQ(item(R"({"a":{"M":{"city":{"S":"Tryon"},"zip":{"M":{}}}}})"),
            (Item{{"a", AttributeMap{{"city", "Tryon"}, {"zip", AttributeMap{}}}}}));
  EXPECT_EQ(item(R"({"a":{"SS":["soul","jazz"]}})"), (Item{{"a", StringSet{"jazz", "soul"}}}));
  EXPECT_EQ(item(R"({"a":{"NS":["10","-1","2.0"]}})"), (Item{{"a", NumberSet{-1, 2, 10}}}));
  EXPECT_EQ(item(R"({"a":{"BS":["Zg==","AQ=="]}})"),
            (Item{{"a", BinarySet{Binary("\x01"), Binary("f")}}}));
  EXPECT_EQ(item("{}"), Item());
}

TEST(ValueJson, WritesEachOfTheTenTypes) {
  const Item written{
      {"b", Binary("\x01\x02\xff")},
      {"bool", true},
      {"bs", BinarySet{Binary("f"), Binary("\x01")}},
      {"l", AttributeList{1, "two", AttributeList{}}},
      {"m", AttributeMap{{"city", "Tryon"}}},
      {"n", *Number::parse("1.50E+3")},
      {"ns", NumberSet{10, -1}},
      {"null", nullptr},
      {"s", "say \"hi\"\n"},
      {"ss", StringSet{"soul", "jazz"}},
  };
  EXPECT_EQ(to_dynamodb_json(written),
            R"({"b":{"B":"AQL/"},"bool":{"BOOL":true},"bs":{"BS":["AQ==","Zg=="]},)"
            R"("l":{"L":[{"N":"1"},{"S":"two"},{"L":[]}]},"m":{"M":{"city":{"S":"Tryon"}}},)"
            R"("n":{"N":"1500"},"ns":{"NS":["-1","10"]},"null":{"NULL":true},)"
            R"("s":{"S":"say \"hi\"\n"},"ss":{"SS":["jazz","soul"]}})");
  EXPECT_EQ(to_dynamodb_json(Item()), "{}");
}

TEST(ValueJson, AnswersNumbersWithoutExponent) {
  for (const auto& [written, answered] : std::vector<std::pair<std::string, std::string>>{
           {"0", "0"},
           {"-0", "0"},
           {"+007.10", "7.1"},
           {"1e5", "100000"},
           {"-0.000001", "-0.000001"},
           {"1E-130", "0." + std::string(129, '0') + "1"},
           {"9.9e125", "99" + std::string(124, '0')},
           {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"}}) {
    EXPECT_EQ(to_dynamodb_json(item(R"({"n":{"N":")" + written + R"("}})")),
              R"({"n":{"N":")" + answered + R"("}})");
  }
}

TEST(ValueJson, PutsAttributesInOrderOfTheirNamesWhateverTheirNumber) {
  for (const int count : {2, 9, 32, 33, 200}) {
    AttributeMap expected;
    std::string json = "{";
    for (int i = 0; i < count; ++i) {
      const std::string name = "attribute" + std::to_string(i * 7919 % 1000);
      if (i > 0) json += ",";
      json.append("\"").append(name).append(R"(":{"S":")").append(name).append("\"}");
      expected.insert_or_assign(name, name);
    }
    const Decoded decoded = decode(json + "}");
    EXPECT_EQ(decoded.encoded, model::encode(expected));
  }
}

TEST(ValueJson, LetsTheLastOfOneNameCount) {
  EXPECT_EQ(item(R"({"b":{"N":"3"},"a":{"N":"1"},"a":{"S":"two"}})"),
            (Item{{"a", "two"}, {"b", 3}}));
  EXPECT_EQ(item(R"({"a":{"S":"one","S":"two"}})"), (Item{{"a", "two"}}));
  EXPECT_EQ(item(R"({"a":{"M":{"x":{"N":"1"},"x":{"N":"2"}}}})"),
            (Item{{"a", AttributeMap{{"x", 2}}}}));
}

TEST(ValueJson, PassesOverUnknownLettersAndNulls) {
  EXPECT_EQ(item(R"({"a":{"X":[1,{"y":2}],"S":"x","N":null}})"), (Item{{"a", "x"}}));
}

TEST(ValueJson, RefusesJsonThatNoValueCanBeMadeOf) {
  const std::string java = "com.amazonaws.dynamodb.v20120810.AttributeValue";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("b")", "Unexpected value type in payload"},
      {"3", "Unexpected value type in payload"},
      {"true", "Unexpected value type in payload"},
      {"[]", "Unrecognized collection type class " + java},
      {R"({"S":3})", "NUMBER_VALUE cannot be converted to String"},
      {R"({"S":3.5})", "DECIMAL_VALUE cannot be converted to String"},
      {R"({"S":true})", "TRUE_VALUE cannot be converted to String"},
      {R"({"S":false})", "FALSE_VALUE cannot be converted to String"},
      {R"({"S":[]})", "Unrecognized collection type class java.lang.String"},
      {R"({"S":{}})", "Start of structure or map found where not expected"},
      {R"({"N":3})", "NUMBER_VALUE cannot be converted to String"},
      {R"({"B":3})", "only base-64-encoded strings are convertible to bytes"},
      {R"({"B":true})", "only base-64-encoded strings are convertible to bytes"},
      {R"({"B":[]})", "Unrecognized collection type class java.nio.ByteBuffer"},
      {R"({"B":{}})", "Start of structure or map found where not expected"},
      {R"({"B":"abcde"})", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
      {R"({"B":"=+/="})", "Invalid last non-pad Base64 character dectected"},
      {R"({"B":"ab.d"})", "Invalid last non-pad Base64 character dectected"},
      {R"({"B":"Zh=="})", "Invalid last non-pad Base64 character dectected"},
      {R"({"BOOL":3})", "NUMBER_VALUE cannot be converted to Boolean"},
      {R"({"BOOL":"true"})", "Unexpected token received from parser"},
      {R"({"BOOL":[]})", "Unrecognized collection type class java.lang.Boolean"},
      {R"({"NULL":{}})", "Start of structure or map found where not expected"},
      {R"({"SS":"a"})", "Unexpected field type"},
      {R"({"SS":3})", "Unexpected field type"},
      {R"({"SS":{}})", "Start of structure or map found where not expected"},
      {R"({"SS":[3]})", "NUMBER_VALUE cannot be converted to String"},
      {R"({"SS":[[]]})", "Unrecognized collection type class java.lang.String"},
      {R"({"SS":[{}]})", "Start of structure or map found where not expected"},
      {R"({"NS":[3]})", "NUMBER_VALUE cannot be converted to String"},
      {R"({"BS":[3]})", "only base-64-encoded strings are convertible to bytes"},
      {R"({"BS":["a"]})", "Base64 encoded length is expected a multiple of 4 bytes but found: 1"},
      {R"({"L":"a"})", "Unexpected field type"},
      {R"({"L":{}})", "Start of structure or map found where not expected"},
      {R"({"L":["a"]})", "Unexpected value type in payload"},
      {R"({"L":[[]]})", "Unrecognized collection type class " + java},
      {R"({"M":"a"})", "Unexpected field type"},
      {R"({"M":[]})", "Unrecognized collection type java.util.Map<java.lang.String, " + java + ">"},
      {R"({"M":{"a":3}})", "Unexpected value type in payload"},
      {R"({"M":{"a":[]}})", "Unrecognized collection type class " + java},
  };
  for (const auto& [value, message] : cases) EXPECT_EQ(wrong_type_of(value), message) << value;
}

TEST(ValueJson, RemembersWhatDynamoDbSaysOfValuesThatCannotBe) {
  const std::string empty =
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
  const std::string several =
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
      "supported datatypes";
  const std::string invalid = "One or more parameter values were invalid: ";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"null", empty},
      {"{}", empty},
      {R"({"X":"b"})", empty},
      {R"({"S":null})", empty},
      {R"({"L":[null]})", empty},
      {R"({"M":{"a":{}}})", empty},
      {R"({"S":"a","N":"3"})", several},
      {R"({"NULL":true,"BOOL":false})", several},
      {R"({"M":{"x":{"S":"a","N":"1"}}})", several},
      {R"({"S":"a","N":"abc"})", "The parameter cannot be converted to a numeric value: abc"},
      {R"({"N":"abc"})", "The parameter cannot be converted to a numeric value: abc"},
      {R"({"N":""})", "The parameter cannot be converted to a numeric value"},
      {R"({"N":" 1"})", "The parameter cannot be converted to a numeric value:  1"},
      {R"({"N":"1e400"})",
       "Number overflow. Attempting to store a number with magnitude larger than supported range"},
      {R"({"N":"1e-400"})",
       "Number underflow. Attempting to store a number with magnitude smaller than supported "
       "range"},
      {R"({"N":"123456789012345678901234567890123456789"})",
       "Attempting to store more than 38 significant digits in a Number"},
      {R"({"NULL":false})", invalid + "Null attribute value types must have the value of true"},
      {R"({"SS":[]})", invalid + "An string set  may not be empty"},
      {R"({"NS":[]})", invalid + "An number set  may not be empty"},
      {R"({"BS":[]})", invalid + "Binary sets should not be empty"},
      {R"({"SS":[null]})", invalid + "An string set  may not have a null string as a member"},
      {R"({"SS":["a","b","a"]})", invalid + "Input collection [a, b, a] contains duplicates."},
      {R"({"NS":["1","1.0"]})", "Input collection contains duplicates"},
      {R"({"NS":["1","abc"]})", "The parameter cannot be converted to a numeric value: abc"},
      {R"({"BS":["Zg==","Zg=="]})",
       invalid + "Input collection [Zg==, Zg==]of type BS contains duplicates."},
      {R"({"L":[{"N":"abc"},{"SS":[]}]})",
       "The parameter cannot be converted to a numeric value: abc"},
  };
  for (const auto& [value, message] : cases) EXPECT_EQ(refusal_of(value), message) << value;
}

TEST(ValueJson, RefusesWithTheFirstComplaintAndItsAttributeButWrongTypesComeBeforeAll) {
  const auto problem = decode(R"({"b":{"L":[{"SS":[]}]},"a":{"N":"abc"}})").problem;
  ASSERT_TRUE(problem.refusal);
  // Attributes are looked at in order of their names.
  EXPECT_EQ(problem.refusal->attribute, "a");
  EXPECT_EQ(decode(R"({"a":{"N":"abc"},"b":{"S":1}})").problem.wrong_type,
            "NUMBER_VALUE cannot be converted to String");
}

TEST(ValueJson, TakesThirtyTwoLevelsAndNoMore) {
  const std::string message =
      "Nesting Levels have exceeded supported limits: "
      "Attributes in the item have nested levels beyond supported limit";
  EXPECT_EQ(refusal_of(nested(31, R"({"L":[)", "]}")), "");
  EXPECT_EQ(refusal_of(nested(31, R"({"M":{"m":)", "}}")), "");
  EXPECT_EQ(refusal_of(nested(32, R"({"L":[)", "]}")), message);
  EXPECT_EQ(refusal_of(nested(32, R"({"M":{"m":)", "}}")), message);
  EXPECT_EQ(refusal_of(nested(50, R"({"L":[)", "]}")), message);
}

TEST(ValueJson, MovesLongContentBehindItsLength) {
  // Lengths of one, two, three and four bytes, on several levels at once.
  for (const std::size_t size : {100U, 127U, 128U, 16383U, 16384U, 400000U, 2500000U}) {
    const std::string text(size, 'x');
    const Item expected{{"a", AttributeList{AttributeMap{{"text", text}}, 1}}, {"b", 2}};
    const Item decoded =
        item(R"({"b":{"N":"2"},"a":{"L":[{"M":{"text":{"S":")" + text + R"("}}},{"N":"1"}]}})");
    ASSERT_EQ(decoded, expected) << size;
  }
}

TEST(ValueJson, KeepsEveryCharacter) {
  EXPECT_EQ(
      item(R"({"\u0000\ud83d\ude00":{"S":"\u0000\/\b\f\n\r\t\"\\ ü 😀"}})"),
      (Item{{std::string("\0😀", 5), AttributeValue(std::string("\0/\b\f\n\r\t\"\\ ü 😀", 17))}}));
}

// ---- everything there is, at random ----

class RandomValues {
 public:
  explicit RandomValues(unsigned seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  std::string text() {
    static const std::vector<std::string> pieces = {
        "a", "Z", " ", "\"", "\\", "\n",       std::string(1, '\0'),
        "ü", "€", "😀", "0",  "/",  "</script>"};
    std::string out;
    for (auto left = below(4) == 0 ? below(200) : below(6); left > 0; --left) {
      out += pieces[below(static_cast<std::uint32_t>(pieces.size()))];
    }
    return out;
  }

  Number number() {
    std::string digits = below(2) == 0 ? "-" : "";
    for (auto left = 1 + below(38); left > 0; --left) digits += static_cast<char>('0' + below(10));
    return Number::parse(digits + "E" + std::to_string(static_cast<int>(below(200)) - 120))
        .value_or(Number(below(1000)));
  }

  Binary binary() {
    std::string bytes;
    for (auto left = below(40); left > 0; --left) bytes += static_cast<char>(below(256));
    return Binary(bytes);
  }

  AttributeMap map(int depth) {
    AttributeMap map;
    for (auto left = below(8); left > 0; --left) map.insert_or_assign(text(), value(depth + 1));
    return map;
  }

  AttributeValue value(int depth) {
    switch (below(depth < 6 ? 10 : 5)) {
      case 0:
        return text();
      case 1:
        return number();
      case 2:
        return binary();
      case 3:
        return below(2) == 0;
      case 4:
        return nullptr;
      case 5: {
        AttributeList list;
        for (auto left = below(5); left > 0; --left) list.push_back(value(depth + 1));
        return list;
      }
      case 6:
        return map(depth);
      case 7: {
        StringSet set{text()};
        for (auto left = below(5); left > 0; --left) set.insert(text());
        return set;
      }
      case 8: {
        NumberSet set{number()};
        for (auto left = below(5); left > 0; --left) set.insert(number());
        return set;
      }
      default: {
        BinarySet set{binary()};
        for (auto left = below(5); left > 0; --left) set.insert(binary());
        return set;
      }
    }
  }

 private:
  std::mt19937 random_;
};

TEST(ValueJson, ComesBackAsItWasAndInTheOneEncoding) {
  constexpr unsigned seed = 20120810;
  SCOPED_TRACE(seed);
  RandomValues random(seed);
  for (int i = 0; i < 3000; ++i) {
    const AttributeMap attributes = random.map(0);
    const std::string json = to_dynamodb_json(Item(attributes));
    const Decoded decoded = decode(json);
    ASSERT_EQ(decoded.encoded, model::encode(attributes)) << json;
    ASSERT_TRUE(model::is_well_formed(decoded.encoded)) << json;
    ASSERT_EQ(to_dynamodb_json(ItemAccess::from_encoded(decoded.encoded)), json);
  }
}

}  // namespace
}  // namespace dynakeep::wire
