#include "dynakeep/json_document.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace dynakeep {
namespace {

JsonDocument parsed(std::string_view text) {
  auto document = JsonDocument::parse(text);
  EXPECT_TRUE(document) << text << ": " << document.error().message();
  return document.value_or(JsonDocument());
}

std::string complaint(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  if (document) return "none";
  EXPECT_EQ(document.error().code(), ErrorCode::serialization);
  return document.error().message();
}

TEST(JsonDocument, KeepsTheOrderOfMembersAndTheDigitsOfNumbers) {
  EXPECT_EQ(
      parsed(" { \"b\" : 1.50 , \"10\":12345678901234567890,\"a\":[ true,false , null ,-0e5]} ")
          .to_text(),
      R"({"b":1.50,"10":12345678901234567890,"a":[true,false,null,-0e5]})");
}

TEST(JsonDocument, TakesTheLastOfMembersOfOneNameAtThePlaceOfTheFirst) {
  EXPECT_EQ(parsed(R"({"a":1,"b":2,"a":3})").to_text(), R"({"a":3,"b":2})");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"m" + std::to_string(i) + "\":0,";
  many += "\"m50\":1}";
  EXPECT_EQ(parsed(many).members().size(), 100U);
  EXPECT_EQ(parsed(many).find("m50")->text(), "1");
}

TEST(JsonDocument, ReadsEveryEscapeAndWritesTheShortOnes) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0001")").text(),
            "\"\\/\b\f\n\r\tA\xC3\xA9\xF0\x9F\x98\x80\x01");
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u00e9\u0001")").to_text(),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA9\\u0001\"");
}

TEST(JsonDocument, KeepsLoneSurrogatesAsEscapes) {
  EXPECT_EQ(parsed(R"(["\ud800","\udc00x","\ud800\ud83d\ude00"])").to_text(),
            "[\"\\ud800\",\"\\udc00x\",\"\\ud800\xF0\x9F\x98\x80\"]");
}

TEST(JsonDocument, RefusesWhatIsNotJson) {
  EXPECT_EQ(complaint(""), "not JSON: no value at byte 0");
  EXPECT_EQ(complaint("{bad"), "not JSON: no member name at byte 1");
  EXPECT_EQ(complaint("[1,]"), "not JSON: no value at byte 3");
  EXPECT_EQ(complaint("[1 2]"), "not JSON: no ',' or ']' at byte 3");
  EXPECT_EQ(complaint(R"({"a" 1})"), "not JSON: no ':' at byte 5");
  EXPECT_EQ(complaint(R"({"a":1,})"), "not JSON: no member name at byte 7");
  EXPECT_EQ(complaint("1 2"), "not JSON: more than one value at byte 2");
  EXPECT_EQ(complaint("\"a"), "not JSON: a string without end at byte 2");
  EXPECT_EQ(complaint("\"\n\""), "not JSON: a control character at byte 1");
  EXPECT_EQ(complaint(R"("\x")"), "not JSON: an unknown escape at byte 2");
  EXPECT_EQ(complaint(R"("\u00g0")"), "not JSON: no four hexadecimal digits at byte 5");
  EXPECT_EQ(complaint("\"\xFF\""), "JSON must be UTF-8");
  for (const char* number : {"01", "-", "1.", ".5", "+1", "1e", "1e+", "NaN", "tru", "nul"}) {
    EXPECT_NE(complaint(number), "none") << number;
  }
  EXPECT_EQ(complaint(std::string_view("1\0", 2)), "not JSON: more than one value at byte 1");
}

TEST(JsonDocument, NestsToItsBoundAndNoDeeper) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(complaint(nested(JsonDocument::depth_max)), "none");
  EXPECT_EQ(complaint(nested(JsonDocument::depth_max + 1)),
            "not JSON: nested too deeply at byte 128");
  EXPECT_NE(complaint(std::string(1'000'000, '[')), "none");
}

TEST(JsonDocument, IsEqualInAnyOrderOfMembersAndToTheLastDigit) {
  EXPECT_EQ(parsed(R"({"a":1,"b":{"c":2,"d":3}})"), parsed(R"({"b":{"d":3,"c":2},"a":1})"));
  EXPECT_FALSE(parsed("1") == parsed("1.0"));
  EXPECT_FALSE(parsed("[1,2]") == parsed("[2,1]"));
  EXPECT_FALSE(parsed("\"1\"") == parsed("1"));
  EXPECT_FALSE(parsed(R"({"a":1})") == parsed(R"({"a":1,"b":1})"));
}

// The examples of RFC 7396, appendix A.
TEST(MergePatch, DoesWhatTheRfcShows) {
  const auto merged = [](std::string_view target, std::string_view patch) {
    return merge_patch(parsed(target), parsed(patch)).to_text();
  };
  EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(merged(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":null})"), "{}");
  EXPECT_EQ(merged(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(merged(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(merged(R"({"a":"c"})", R"({"a":["b"]})"), R"({"a":["b"]})");
  EXPECT_EQ(merged(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(merged(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(merged(R"(["a","b"])", R"(["c","d"])"), R"(["c","d"])");
  EXPECT_EQ(merged(R"({"a":"b"})", R"(["c"])"), R"(["c"])");
  EXPECT_EQ(merged(R"({"a":"foo"})", "null"), "null");
  EXPECT_EQ(merged(R"({"a":"foo"})", R"("bar")"), R"("bar")");
  EXPECT_EQ(merged(R"({"e":null})", R"({"a":1})"), R"({"e":null,"a":1})");
  EXPECT_EQ(merged("[1,2]", R"({"a":"b","c":null})"), R"({"a":"b"})");
  EXPECT_EQ(merged("{}", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
}

TEST(JsonPatch, SaysWhatChanged) {
  const auto between = [](std::string_view from, std::string_view to) {
    return json_patch_between(parsed(from), parsed(to)).to_text();
  };
  EXPECT_EQ(between(R"({"a":1})", R"({"a":1})"), "[]");
  EXPECT_EQ(between("1", "2"), R"([{"op":"replace","path":"","value":2}])");
  EXPECT_EQ(between(R"({"a":1,"b":2,"c/~":3})", R"({"a":1,"b":3,"d":null})"),
            R"([{"op":"replace","path":"/b","value":3},{"op":"remove","path":"/c~1~0"},)"
            R"({"op":"add","path":"/d","value":null}])");
  EXPECT_EQ(between("[1,2,3]", "[1,3]"), R"([{"op":"remove","path":"/1"}])");
  EXPECT_EQ(between("[1,3]", "[1,2,3]"), R"([{"op":"add","path":"/1","value":2}])");
  EXPECT_EQ(between("[1,2,3,4]", "[]"),
            R"([{"op":"remove","path":"/3"},{"op":"remove","path":"/2"},)"
            R"({"op":"remove","path":"/1"},{"op":"remove","path":"/0"}])");
}

// What a JSON Patch's reader does, of the operations that are made here.
void apply(JsonDocument& document, const JsonDocument& step) {
  const std::string& pointer = step.find("path")->text();
  const std::string& operation = step.find("op")->text();
  const JsonDocument* const value = step.find("value");
  if (pointer.empty()) {
    document = *value;
    return;
  }
  const auto end = pointer.find('/', 1);
  const std::string name = pointer.substr(1, end == std::string::npos ? end : end - 1);
  if (end != std::string::npos) {
    JsonDocument rest = step;
    rest.set("path", JsonDocument::string(pointer.substr(end)));
    if (document.is_array()) return apply(document.elements().at(std::stoul(name)), rest);
    JsonDocument member = *document.find(name);
    apply(member, rest);
    return document.set(name, member);
  }
  if (document.is_object()) {
    if (operation == "remove") {
      document.erase(name);
    } else {
      document.set(name, *value);
    }
    return;
  }
  const auto place = document.elements().begin() + std::stol(name);
  if (operation == "remove") {
    document.elements().erase(place);
  } else if (operation == "add") {
    document.elements().insert(place, *value);
  } else {
    *place = *value;
  }
}

JsonDocument random_document(std::mt19937& chance, int depth) {
  switch (chance() % (depth == 0 ? 3 : 5)) {
    case 0:
      return JsonDocument::number(static_cast<int>(chance() % 3));
    case 1:
      return JsonDocument::string("x");
    case 2:
      return {};
    case 3: {
      JsonDocument array = JsonDocument::array();
      for (auto i = chance() % 5; i > 0; --i) {
        array.elements().push_back(random_document(chance, depth - 1));
      }
      return array;
    }
    default: {
      JsonDocument object = JsonDocument::object();
      for (auto i = chance() % 4; i > 0; --i) {
        object.set(std::string(1, static_cast<char>('a' + chance() % 4)),
                   random_document(chance, depth - 1));
      }
      return object;
    }
  }
}

TEST(JsonPatch, TurnsOneRandomDocumentIntoAnother) {
  std::mt19937 chance(20261121);  // NOLINT: the same cases every time
  for (int i = 0; i < 5'000; ++i) {
    const JsonDocument from = random_document(chance, 3);
    const JsonDocument to = random_document(chance, 3);
    JsonDocument patched = from;
    const JsonDocument patch = json_patch_between(from, to);
    for (const JsonDocument& step : patch.elements()) apply(patched, step);
    ASSERT_EQ(patched, to) << "from " << from;
    ASSERT_EQ(JsonDocument::parse(to.to_text()).value_or(JsonDocument()), to);
  }
}

}  // namespace
}  // namespace dynakeep
