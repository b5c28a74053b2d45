#include "base/utf8.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace dynakeep::base {
namespace {

// As Unicode defines UTF-8, one code point at a time.
std::string utf8_of(std::uint32_t point) {
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 63))};
  if (point < 0x10000) {
    return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
  }
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
          byte(0x80 | (point & 63))};
}

TEST(Utf8, TakesEveryCodePointButSurrogates) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(is_utf8(utf8_of(point)), !surrogate) << std::hex << point;
  }
  for (std::uint32_t point : {0x110000U, 0x13FFFFU, 0x1FFFFFU}) {
    EXPECT_FALSE(is_utf8(utf8_of(point))) << std::hex << point;
  }
}

TEST(Utf8, LooksPastTheEightBytesItTakesAtOnce) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string ascii(before, 'a');
    EXPECT_TRUE(is_utf8(ascii));
    EXPECT_TRUE(is_utf8(ascii + "\xC3\xBC" + ascii));
    EXPECT_FALSE(is_utf8(ascii + "\xC3"));
    EXPECT_FALSE(is_utf8(ascii + "\xBC" + ascii));
    EXPECT_FALSE(is_utf8(ascii + "\xFF" + ascii));
  }
}

TEST(Utf8, RefusesOverlongFormsAndBrokenCharacters) {
  for (const char* bytes :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", "\xE2\x82", "\xE2\x82\x41", "\xF0\x9F\x98", "\xF0\x9F\x98\x41",
        "\xF5\x80\x80\x80", "\xC3\x28", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bytes));
  }
  EXPECT_TRUE(is_utf8({}));
}

}  // namespace
}  // namespace dynakeep::base
