#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep {
namespace {

TEST(Slug, IsAsTheFormatsPageShows) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"user-1", "user-1"},
      {"User One", "User-One"},
      {"  padded  ", "padded"},
      {"a - b", "a-b"},
      {"a--b", "a-b"},
      {"-lead", "-lead"},
      {"trail-", "trail-"},
      {" - lead", "-lead"},
      {"a/b", "ab"},
      {"a#b", "ab"},
      {"a=b", "ab"},
      {"a,b", "ab"},
      {"a?b", "ab"},
      {"john.doe+x@example.com", "john.doe+x@example.com"},
      {"100%", "100percent"},
      {"<tag>", "lesstaggreater"},
      {"Straße", "Strasse"},
      {"Жук", "Zhuk"},
      {"Сьюзен", "Syuzen"},
      {"e\u0301", "e"},
      {"日本", ""},
      {"中文", ""},
      {"^", ""},
      {"#", ""},
      {"元", "yuan"},
      {"“q”", "\"q\""},
      {"…", "..."},
      {"₣", "french-franc"},
      {"₿₪", "bitcoinnew-shequel"},
      {"a:b", "a:b"},
      {"~x", "~x"},
      {"it's", "it's"},
      {"a_b", "a_b"},
      {"a\tb", "a-b"},
      {"a\u3000b", "a-b"},
      {"Ę", "e"},
      {"Ī", "i"},
      {"Ķ", "k"},
      {"Ū", "u"},
      {"emoji😀x", "emojix"},
      {"é&ß€Ж%$|<>…•", "eandsseuroZhpercentdollarorlessgreater...*"},
      {"", ""},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(slug(text), expected) << text;
    EXPECT_EQ(slug(slug(text)), slug(text)) << text;
  }
}

TEST(Slug, TakesAnyBytes) {
  EXPECT_EQ(slug("a\xFF\x62"), "ab");
  EXPECT_EQ(slug("a\xE2\x82"), "a");  // cut within a character
  EXPECT_EQ(slug("\xC3"), "");
  EXPECT_EQ(slug(std::string("a\0b", 3)), "ab");
}

}  // namespace
}  // namespace dynakeep
