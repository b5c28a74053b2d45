// The language of specification files and the comparison of answers: what must fail, fails.

#include <gtest/gtest.h>

#include "spec/json.h"
#include "spec/run.h"
#include "spec/spec_file.h"

namespace dynakeep::spec {
namespace {

bool same(std::string_view expected, std::string_view actual, bool partly = false) {
  return !difference(parse_json(expected), parse_json(actual), partly, {});
}

// What is wrong when the only request of `spec` is answered by `status` and `body`.
std::vector<std::string> failures(const std::string& spec, int status, const std::string& body,
                                  Subject subject = {.name = "canned"}) {
  const auto file = parse_spec("## it holds\n" + spec, "a.spec");
  if (!file) return {file.error().message()};
  subject.send = [&](std::string_view, std::string_view) -> Result<wire::Reply> {
    return wire::Reply{.status = status, .body = body};
  };
  return run(*file, subject).failures;
}

TEST(SpecComparison, NumbersAreComparedAsValuesUnlessMarked) {
  EXPECT_TRUE(same(R"({"a": {"N": "1.50"}})", R"({"a": {"N": "15e-1"}})"));
  EXPECT_TRUE(same(R"({"N": "-0"})", R"({"N": "0.000"})"));
  EXPECT_FALSE(same(R"({"N": "1"})", R"({"N": "-1"})"));
  EXPECT_FALSE(same(R"({"N": "10"})", R"({"N": "1"})"));
  EXPECT_FALSE(same(R"({"N": exactly "1.50"})", R"({"N": "1.5"})"));
  EXPECT_FALSE(same(R"({"S": "1.0"})", R"({"S": "1"})"));
  EXPECT_TRUE(same(R"({"Count": 1.0})", R"({"Count": 1})"));
}

TEST(SpecComparison, SetsHaveNoOrderAndListsHave) {
  EXPECT_TRUE(same(R"({"SS": ["a", "b"]})", R"({"SS": ["b", "a"]})"));
  EXPECT_TRUE(same(R"({"NS": ["1", "2"]})", R"({"NS": ["2.0", "1"]})"));
  EXPECT_FALSE(same(R"({"SS": ["a", "b"]})", R"({"SS": ["a", "c"]})"));
  EXPECT_FALSE(same(R"({"L": [{"S": "a"}, {"S": "b"}]})", R"({"L": [{"S": "b"}, {"S": "a"}]})"));
  EXPECT_TRUE(same(R"({"Items": unordered [1, 2]})", R"({"Items": [2, 1]})"));
  EXPECT_FALSE(same(R"({"Items": unordered [1, 1]})", R"({"Items": [1, 2]})"));
  EXPECT_FALSE(same(R"({"Items": unordered [1]})", R"({"Items": [1, 1]})"));
}

TEST(SpecComparison, MembersMustAllBeThereAndNoOthersUnlessPartly) {
  EXPECT_FALSE(same(R"({"a": 1, "b": 2})", R"({"a": 1})"));
  EXPECT_FALSE(same(R"({"a": 1})", R"({"a": 1, "b": 2})"));
  EXPECT_TRUE(same(R"({"a": 1})", R"({"a": 1, "b": 2})", true));
  EXPECT_FALSE(same(R"({"b": absent})", R"({"a": 1, "b": 2})", true));
  EXPECT_TRUE(same(R"({"a": any})", R"({"a": [null]})"));
  EXPECT_FALSE(same(R"({"a": any})", R"({})"));
}

TEST(SpecLanguage, LoopsAndRepetitionsWriteLargeThings) {
  EXPECT_EQ(print_json(parse_json(R"([for i in 8..10 {"S": "k${i:2}"}, repeat("ab", 2) + "c"])")),
            R"([{"S":"k08"},{"S":"k09"},{"S":"k10"},"ababc"])");
  EXPECT_EQ(print_json(parse_json(R"({for i in 1..2 "#n${i}": "${i}"})")),
            R"({"#n1":"1","#n2":"2"})");
  EXPECT_EQ(print_json(parse_json(R"(lists(2, maps(1, {"S": "x"})))")),
            R"({"L":[{"L":[{"M":{"m":{"S":"x"}}}]}]})");
  EXPECT_EQ(print_json(parse_json(R"("\u00e4\ud834\udd1e\"\n")")),
            "\"\u00e4\U0001D11E\\\"\\u000a\"");
}

TEST(SpecLanguage, WhatMakesNoSenseIsRefusedWithItsLine) {
  const auto refusal = [](std::string_view text) {
    const auto file = parse_spec(text, "a.spec");
    return file ? "" : file.error().message();
  };
  EXPECT_EQ(refusal("## b\nGetItem {\"a\": }\n"), "a.spec:2: a name is missing");
  EXPECT_EQ(refusal("## b\n\nok {}\n"), "a.spec:3: there is no request above this");
  EXPECT_EQ(refusal("## b\nhello\n"), "a.spec:2: no line starts with 'hello'");
  EXPECT_EQ(refusal("GetItem {}\n"), "a.spec:1: no line '## behaviour'");
}

TEST(SpecRun, AnswersOtherThanExpectedFail) {
  EXPECT_TRUE(failures("GetItem {}\nok {\"a\": 1}", 200, R"({"a":1})").empty());
  EXPECT_EQ(failures("GetItem {}\nok {\"a\": 1}", 200, R"({"a":2})"),
            std::vector<std::string>{"a.spec:3: it holds\n   GetItem: at a: expected 1, is 2"});
  EXPECT_EQ(failures("GetItem {}", 400, R"({"__type":"x#Y","message":"m"})").size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nok", 500, "not json").size(), 1u);
}

TEST(SpecRun, ErrorsAreComparedByNameMessageAndMembers) {
  const std::string body = R"({"__type":"x#Y","message":"said so","Item":{"a":1}})";
  EXPECT_TRUE(failures("GetItem {}\nerror Y \"said so\"\n  Item {\"a\": 1}", 400, body).empty());
  EXPECT_TRUE(failures("GetItem {}\nerror Y like \"said*\"", 400, body).empty());
  EXPECT_TRUE(failures("GetItem {}\nerror x#Y", 400, body).empty());
  EXPECT_EQ(failures("GetItem {}\nerror Z \"said so\"", 400, body).size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nerror z#Y", 400, body).size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nerror Y \"said\"", 400, body).size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nerror Y like \"*no\"", 400, body).size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nerror Y \"said so\"\n  Item absent", 400, body).size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nerror Y \"said so\"", 500, body).size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nerror Y \"said so\"", 200, "{}").size(), 1u);
}

TEST(SpecRun, AKnownDifferenceMustStillBeOne) {
  const std::string spec = "GetItem {}\nknown: a reason\nok {\"a\": 1}\nours: ok {\"a\": 2}";
  EXPECT_TRUE(failures(spec, 200, R"({"a":2})").empty());
  EXPECT_EQ(failures(spec, 200, R"({"a":1})").size(), 1u);
  EXPECT_EQ(failures(spec, 200, R"({"a":3})").size(), 1u);
}

TEST(SpecRun, TheRemoteBodyMustDifferWhereItIsSaidTo) {
  const std::string spec = "GetItem {}\nok {\"a\": 1}\nremote: ok {\"a\": 2}";
  const Subject remote{.name = "remote", .remote = true};
  EXPECT_TRUE(failures(spec, 200, R"({"a":1})").empty());
  EXPECT_EQ(failures(spec, 200, R"({"a":2})").size(), 1u);
  EXPECT_TRUE(failures(spec, 200, R"({"a":2})", remote).empty());
  EXPECT_EQ(failures(spec, 200, R"({"a":1})", remote).size(), 1u);
  EXPECT_EQ(failures(spec, 200, R"({"a":3})", remote).size(), 1u);
}

TEST(SpecRun, WordsOfRefusalsMayBeLeftToTheEngine) {
  const Subject other{.name = "other", .any_words = true};
  const std::string body = R"({"__type":"Y","message":"said otherwise"})";
  EXPECT_TRUE(failures("GetItem {}\nerror Y \"said so\"", 400, body, other).empty());
  EXPECT_EQ(failures("GetItem {}\nerror Z \"said so\"", 400, body, other).size(), 1u);
}

TEST(SpecRun, WhatIsLeftOutIsNotSent) {
  const auto file = parse_spec("## first\nGetItem {}\n## second\nQuery {}\nScan {}", "a.spec");
  std::vector<std::string> sent;
  Subject subject{.name = "counting"};
  subject.send = [&](std::string_view operation, std::string_view) -> Result<wire::Reply> {
    sent.emplace_back(operation);
    return wire::Reply{.status = 400, .body = "{}"};
  };
  EXPECT_EQ(run(*file, subject, {"second"}).failed, std::set<std::string>{"first"});
  EXPECT_EQ(sent, std::vector<std::string>{"GetItem"});

  sent.clear();
  subject.lacks = {"Scan"};
  const auto outcome = run(*file, subject);
  EXPECT_EQ(outcome.skipped, std::set<std::string>{"second"});
  EXPECT_EQ(outcome.failed, std::set<std::string>{"first"});
  EXPECT_EQ(sent, std::vector<std::string>{"GetItem"});
}

TEST(SpecRun, WaitsForTablesToComeAndToGo) {
  const auto file = parse_spec("## it waits\nwait \"So\" + \"ngs\"\nwait Songs gone", "a.spec");
  ASSERT_TRUE(file) << file.error();
  std::vector<std::string> statuses{"CREATING", "ACTIVE", "ACTIVE", "DELETING"};
  std::size_t asked = 0;
  Subject subject{.name = "slow"};
  subject.send = [&](std::string_view, std::string_view body) -> Result<wire::Reply> {
    EXPECT_EQ(body, R"({"TableName":"Songs"})");
    if (asked == statuses.size()) return wire::Reply{.status = 400, .body = "{}"};
    return wire::Reply{.status = 200,
                       .body = R"({"Table":{"TableStatus":")" + statuses[asked++] + R"("}})"};
  };
  EXPECT_TRUE(run(*file, subject).failures.empty());
  EXPECT_EQ(asked, statuses.size());
}

TEST(SpecRun, WhatIsKeptStandsInLaterRequestsAndAnswers) {
  const std::string spec =
      "GetItem {}\nkeep it = a.0.b\nQuery {\"c\": $it}\nok {\"a\": [{\"b\": $it}]}";
  EXPECT_TRUE(failures(spec, 200, R"({"a":[{"b":7}]})").empty());
  EXPECT_EQ(failures("Query {\"c\": $nothing}", 200, "{}").size(), 1u);
  EXPECT_EQ(failures("GetItem {}\nkeep it = a.1", 200, R"({"a":[1]})").size(), 1u);
}

}  // namespace
}  // namespace dynakeep::spec
