#include "base/json_string.h"

#include <gtest/gtest.h>

namespace dynakeep::base {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, QuotesPlainTextAsItIs) {
  EXPECT_EQ(json_of(""), R"("")");
  EXPECT_EQ(json_of("Nina"), R"("Nina")");
  EXPECT_EQ(json_of("Sinnerman, recorded 1965 / live"), R"("Sinnerman, recorded 1965 / live")");
  EXPECT_EQ(json_of("gr\xC3\xBC\xC3\x9F \x7F"), "\"gr\xC3\xBC\xC3\x9F \x7F\"");
}

TEST(JsonString, EscapesWhatJsonDoes) {
  EXPECT_EQ(json_of("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(json_of(std::string_view("\0\x01\x1F", 3)), R"("\u0000\u0001\u001F")");
}

TEST(JsonString, FindsEveryByteToEscapeWhereverItStands) {
  for (int value = 0; value < 256; ++value) {
    const char character = static_cast<char>(value);
    const bool escaped = value < 0x20 || character == '"' || character == '\\';
    for (std::size_t before = 0; before < 18; ++before) {
      const std::string text = std::string(before, 'a') + character + "bcdefghij";
      const std::string one = json_of(std::string_view(&character, 1));
      EXPECT_EQ(one.size() > 3, escaped) << value;
      EXPECT_EQ(json_of(text),
                "\"" + std::string(before, 'a') + one.substr(1, one.size() - 2) + "bcdefghij\"");
    }
  }
}

}  // namespace
}  // namespace dynakeep::base
