#include "base/base64.h"

#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

namespace dynakeep::base {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text = "kept:";
  append_base64(text, bytes);
  return text.substr(5);
}

std::optional<std::string> decoded(std::string_view text) {
  std::string bytes = "kept:";
  const bool valid = append_from_base64(bytes, text);
  if (!valid) {
    EXPECT_EQ(bytes, "kept:") << "a refused text leaves what was there as it was";
    return std::nullopt;
  }
  return bytes.substr(5);
}

TEST(Base64, FollowsTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encoded(bytes), text);
    EXPECT_EQ(decoded(text), bytes);
  }
}

TEST(Base64, ComesBackAsItWasForEveryLengthAndEveryByte) {
  std::uint32_t state = 1;
  for (std::size_t length = 0; length < 100; ++length) {
    std::string bytes;
    for (std::size_t i = 0; i < length; ++i) {
      state = state * 1664525 + 1013904223;
      bytes.push_back(static_cast<char>(state >> 24));
    }
    EXPECT_EQ(decoded(encoded(bytes)), bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(decoded(encoded(all)), all);
}

TEST(Base64, RefusesWhatIsNotOneCanonicalText) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "Z===", "=Zg=", "Zg==Zg==",
                           "Zm9-", "Zm9_", "Zm 9", "Zm9\n", "Zh==", "Zm9=", "Z\xc3\xbc=", "Zg=A"}) {
    EXPECT_EQ(decoded(text), std::nullopt) << text;
  }
}

TEST(Base64, ForUrlsComesBackAsItWasForEveryLengthAndEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(from_base64url(""), "");
}

TEST(Base64, ForUrlsRefusesWhatIsNotOfItsAlphabet) {
  for (const char* text : {"a", "a+bc", "a/bc", "Zg==", "Zm 9", "Zm9\n", "aaaaa", "\xc3\xbc"}) {
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  }
}

TEST(Base64, KnowsExactlyItsSixtyFourDigits) {
  int digits = 0;
  for (int i = 0; i < 256; ++i) digits += is_base64_digit(static_cast<char>(i)) ? 1 : 0;
  EXPECT_EQ(digits, 64);
  EXPECT_FALSE(is_base64_digit('='));
  EXPECT_TRUE(is_base64_digit('+'));
}

}  // namespace
}  // namespace dynakeep::base
