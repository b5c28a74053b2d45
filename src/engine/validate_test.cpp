#include "engine/validate.h"

#include <string>

#include <gtest/gtest.h>

namespace dynakeep::engine {
namespace {

std::string complaint(Constraints& constraints) {
  const auto verdict = constraints.verdict();
  if (verdict) return "";
  EXPECT_EQ(verdict.error().code(), ErrorCode::validation);
  return verdict.error().message();
}

// What the framework says of one TableName.
std::string complaint_of_name(const std::optional<std::string>& name) {
  Constraints constraints;
  constraints.table_name(name);
  return complaint(constraints);
}

TEST(Constraints, NothingBrokenIsNoComplaint) {
  Constraints constraints;
  constraints.table_name("Songs");
  constraints.index_name(std::nullopt);
  constraints.index_name("by.plays-2_x");
  constraints.at_least(1, 1, "limit");
  constraints.word("returnValues");
  EXPECT_TRUE(constraints.met());
  EXPECT_EQ(complaint(constraints), "");
}

TEST(Constraints, TableNamesOfItemOperationsAreNamesOrArns) {
  EXPECT_EQ(complaint_of_name(std::nullopt),
            "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: "
            "Member must not be null");
  EXPECT_EQ(complaint_of_name(""),
            "1 validation error detected: Value '' at 'tableName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1");
  EXPECT_EQ(complaint_of_name("ab"), "");
  EXPECT_EQ(complaint_of_name("a;c"),
            "1 validation error detected: Value 'a;c' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
  EXPECT_EQ(complaint_of_name(std::string(255, 'a')), "");
  EXPECT_EQ(complaint_of_name(std::string(256, 'a')),
            "1 validation error detected: Value '" + std::string(256, 'a') +
                "' at 'tableName' failed to satisfy constraint: Member must have length less than "
                "or equal to 255");
  EXPECT_EQ(complaint_of_name("arn:aws:dynamodb:us-east-1:000000000000:table/Songs"), "");
  const std::string long_arn = "arn:" + std::string(1021, 'a');
  EXPECT_EQ(complaint_of_name(long_arn),
            "1 validation error detected: Value '" + long_arn +
                "' at 'tableName' failed to satisfy constraint: Member must have length less than "
                "or equal to 1024");
}

TEST(Constraints, AllComplaintsAreGatheredInTheOrderAsked) {
  Constraints constraints;
  constraints.table_name(std::nullopt);
  constraints.at_least(0, 1, "limit");
  constraints.at_most(1'000'001, 1'000'000, "totalSegments");
  EXPECT_EQ(complaint(constraints),
            "3 validation errors detected: Value null at 'tableName' failed to satisfy constraint: "
            "Member must not be null; Value '0' at 'limit' failed to satisfy constraint: Member "
            "must have value greater than or equal to 1; Value '1000001' at 'totalSegments' failed "
            "to satisfy constraint: Member must have value less than or equal to 1000000");
}

TEST(Constraints, NoMoreThanTenComplaintsAreListed) {
  Constraints constraints;
  for (int i = 0; i < 12; ++i) constraints.at_least(0, 1, "limit");
  const std::string message = complaint(constraints);
  EXPECT_TRUE(message.starts_with("10 validation errors detected: ")) << message;
  std::size_t listed = 0;
  for (std::size_t at = 0; (at = message.find("Value '0'", at)) != std::string::npos; ++at) {
    ++listed;
  }
  EXPECT_EQ(listed, 10u);
}

TEST(Constraints, AnUnknownWordIsAnsweredWithTheSetOfItsField) {
  const UnknownWords words{{.field = "returnValues", .word = "NEW"}};
  Constraints constraints(words);
  EXPECT_FALSE(constraints.word("returnConsumedCapacity"));
  EXPECT_TRUE(constraints.word("returnValues"));
  EXPECT_EQ(complaint(constraints),
            "1 validation error detected: Value 'NEW' at 'returnValues' failed to satisfy "
            "constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, "
            "UPDATED_NEW]");
}

TEST(Constraints, AnUnknownWordThatNobodyAskedAboutComesLast) {
  const UnknownWords words{{.field = "keySchema.1.member.keyType", .word = "Hash"}};
  Constraints constraints(words);
  EXPECT_FALSE(constraints.met());
  constraints.at_least(0, 1, "limit");
  EXPECT_EQ(complaint(constraints),
            "2 validation errors detected: Value '0' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1; Value 'Hash' at "
            "'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum "
            "value set: [HASH, RANGE]");
}

TEST(Constraints, ARequiredWordThatIsUnknownIsNotMissingToo) {
  const UnknownWords words{{.field = "keyType", .word = "x"}};
  Constraints constraints(words);
  constraints.required_word(std::optional<int>(), "keyType");
  EXPECT_EQ(complaint(constraints),
            "1 validation error detected: Value 'x' at 'keyType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [HASH, RANGE]");
}

TEST(Constraints, ListsAreShownOnlyToComplain) {
  Constraints constraints;
  int shown = 0;
  const auto show = [&] {
    ++shown;
    return std::string("[a, b, c]");
  };
  constraints.size(2, 1, 2, "keySchema", show);
  EXPECT_EQ(shown, 0);
  constraints.size(3, 1, 2, "keySchema", show);
  EXPECT_EQ(complaint(constraints),
            "1 validation error detected: Value '[a, b, c]' at 'keySchema' failed to satisfy "
            "constraint: Member must have length less than or equal to 2");
}

TEST(Constraints, LengthCountsUtf16Units) {
  Constraints constraints;
  constraints.length("\xC3\xA9\xC3\xA9", 2, 2, "name");  // two letters, four bytes
  constraints.length("\xF0\x9F\x8E\xB5", 2, 2, "name");  // one character, two units
  constraints.length("\xE2\x82\xAC", 1, 1, "name");      // one, three bytes
  EXPECT_EQ(complaint(constraints), "");
}

TEST(Field, IsNamedFromTheOutside) {
  const Field list("localSecondaryIndexes");
  const Field member = list.member(1);
  const Field projection = member.at("projection");
  EXPECT_EQ(projection.at("projectionType").path(),
            "localSecondaryIndexes.2.member.projection.projectionType");
}

}  // namespace
}  // namespace dynakeep::engine
