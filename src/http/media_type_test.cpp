#include "http/media_type.h"

#include <gtest/gtest.h>

namespace dynakeep::http {
namespace {

TEST(MediaType, IsReadWithItsCharset) {
  const auto plain = parse_media_type("application/json");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->type, "application/json");
  EXPECT_EQ(plain->charset, std::nullopt);

  for (const char* const field : {"Application/JSON;charset=utf-8",
                                  "application/json ; a=\"b;charset=x\" ; Charset=\"UTF-8\"",
                                  "application/json; charset=utf-8; charset=latin1"}) {
    const auto parsed = parse_media_type(field);
    ASSERT_TRUE(parsed) << field;
    EXPECT_EQ(parsed->type, "application/json") << field;
    EXPECT_EQ(parsed->charset, "utf-8") << field;
  }
}

TEST(MediaType, IsNothingWhereNoneIsNamed) {
  for (const char* const field : {"", "json", "/", "application/", "a b/c", ";charset=utf-8"}) {
    EXPECT_FALSE(parse_media_type(field)) << field;
  }
}

TEST(MediaType, DoesNotTakeASuffixForTheType) {
  EXPECT_EQ(parse_media_type("application/vnd.api+json")->type, "application/vnd.api+json");
}

}  // namespace
}  // namespace dynakeep::http
