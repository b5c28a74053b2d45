#include <string>

#include <gtest/gtest.h>

#include "dynakeep/stores/dismissals.h"

namespace dynakeep {
namespace {

using Fault = DismissalIdFault;

std::string message_of(std::string_view text) {
  const auto id = DismissalItemId::parse(text);
  return id ? "" : id.error().message();
}

TEST(DismissalIds, OfLettersDigitsDashesAndUnderscoresAreTaken) {
  for (const std::string& id : {std::string("a"), std::string("Welcome-Banner_v2"),
                                std::string("-"), std::string("__proto__"), std::string(64, 'x')}) {
    const auto user = DismissalUserId::parse(id);
    ASSERT_TRUE(user) << id;
    EXPECT_EQ(user->text(), id);
    EXPECT_EQ(fault_of_dismissal_id(id), std::nullopt);
  }
}

TEST(DismissalIds, OfNothingButWhiteSpaceAreBlank) {
  for (const char* id : {"", " ", "\t\r\n\v\f", "\xC2\xA0", "\xE1\x9A\x80",
                         "\xE2\x80\x80\xE2\x80\x8A", "\xE2\x80\xA8\xE2\x80\xA9", "\xE2\x80\xAF",
                         "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(fault_of_dismissal_id(id), Fault::blank) << id;
  }
  EXPECT_EQ(fault_of_dismissal_id(std::string(100, ' ')), Fault::blank);
  EXPECT_EQ(fault_of_dismissal_id("\xE2\x80\x8B"), Fault::bad_characters);  // of no width
}

TEST(DismissalIds, AreMeasuredAsJavaScriptDoesBeforeTheyAreLookedAt) {
  EXPECT_EQ(fault_of_dismissal_id(std::string(65, 'x')), Fault::too_long);
  EXPECT_EQ(fault_of_dismissal_id(std::string(65, '.')), Fault::too_long);
  std::string accents;
  for (int i = 0; i < 64; ++i) accents += "\xC3\xB1";
  EXPECT_EQ(fault_of_dismissal_id(accents), Fault::bad_characters);
  EXPECT_EQ(fault_of_dismissal_id(accents + "x"), Fault::too_long);
  std::string faces;  // two units each
  for (int i = 0; i < 32; ++i) faces += "\xF0\x9F\x98\x80";
  EXPECT_EQ(fault_of_dismissal_id(faces), Fault::bad_characters);
  EXPECT_EQ(fault_of_dismissal_id(faces + "x"), Fault::too_long);
}

TEST(DismissalIds, OfOtherCharactersAreRefused) {
  for (const char* id : {"a b", "a.b", "a@b", "a:b", "a/b", "\xC3\xB1", "ab\n", " a", "..", "a;b",
                         "a+b", "a\xFF", "\xE2\x82", "\xF0\x9F\x98"}) {
    EXPECT_EQ(fault_of_dismissal_id(id), Fault::bad_characters) << id;
  }
  EXPECT_EQ(fault_of_dismissal_id(std::string_view("\0", 1)), Fault::bad_characters);
}

TEST(DismissalIds, AreRefusedInUpstreamsWords) {
  EXPECT_EQ(message_of(""), "itemId is required");
  EXPECT_EQ(message_of(std::string(65, 'x')), "itemId must be at most 64 characters");
  EXPECT_EQ(message_of("a.b"),
            "itemId must contain only alphanumeric characters, dashes, and underscores");
  const auto user = DismissalUserId::parse("");
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().message(), "userId is required");
  EXPECT_EQ(user.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dynakeep
