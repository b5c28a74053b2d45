#include "http/entity_tag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::http {
namespace {

using testing::ElementsAre;

TEST(EntityTag, IsWrittenInQuotes) {
  EXPECT_EQ(to_field({.text = "12.d"}), "\"12.d\"");
  EXPECT_EQ(to_field({.text = "12", .weak = true}), "W/\"12\"");
}

TEST(EntityTag, OfBytesIsWeakAndTellsThemApart) {
  EXPECT_TRUE(weak_tag_of("a").weak);
  EXPECT_EQ(weak_tag_of("abc"), weak_tag_of("abc"));
  EXPECT_NE(weak_tag_of("abc"), weak_tag_of("abd"));
  EXPECT_NE(weak_tag_of(""), weak_tag_of(std::string_view("\0", 1)));
}

TEST(TagCondition, IsAListOfTags) {
  const auto condition = parse_tag_condition(" \"1\" ,, W/\"2,3\",4 ");
  ASSERT_TRUE(condition);
  EXPECT_FALSE(condition->any);
  EXPECT_THAT(condition->tags,
              ElementsAre(EntityTag{.text = "1"}, EntityTag{.text = "2,3", .weak = true},
                          EntityTag{.text = "4"}));
  EXPECT_TRUE(condition->names_weakly({.text = "1", .weak = true}));
  EXPECT_TRUE(condition->names_weakly({.text = "2,3"}));
  EXPECT_FALSE(condition->names_weakly({.text = "2"}));
}

TEST(TagCondition, OfAStarIsAny) {
  const auto condition = parse_tag_condition(" * ");
  ASSERT_TRUE(condition);
  EXPECT_TRUE(condition->any);
  EXPECT_TRUE(condition->names_weakly({.text = "whatever"}));
}

TEST(TagCondition, IsNothingElse) {
  for (const char* const field :
       {"", " ", ",", "\"1", "*, \"1\"", "\"1\" \"2\"", "1\"2\"", "W/\"1"}) {
    EXPECT_FALSE(parse_tag_condition(field)) << field;
  }
}

}  // namespace
}  // namespace dynakeep::http
