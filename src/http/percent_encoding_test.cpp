#include "http/percent_encoding.h"

#include <gtest/gtest.h>

namespace dynakeep::http {
namespace {

std::string encoded(std::string_view text, Slashes slashes = Slashes::encoded) {
  std::string out;
  append_percent_encoded(out, text, slashes);
  return out;
}

TEST(PercentEncoding, KeepsUnreservedCharactersOnly) {
  EXPECT_EQ(encoded("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(encoded("a b+c/d=e&f:%\n\xC3\xA4"), "a%20b%2Bc%2Fd%3De%26f%3A%25%0A%C3%A4");
  EXPECT_EQ(encoded("a/b c", Slashes::kept), "a/b%20c");
}

TEST(PercentEncoding, ComesBackAsItWas) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decoded(encoded(bytes)), bytes);
}

TEST(PercentEncoding, IsReadInEitherCaseAndPassesOverWhatIsNoEscape) {
  EXPECT_EQ(percent_decoded("%2f%2F"), "//");
  EXPECT_EQ(percent_decoded("100%, %4, %zz, %"), "100%, %4, %zz, %");
}

TEST(PercentEncoding, IsUndoneStrictlyWhereItMustBeRight) {
  EXPECT_EQ(strictly_percent_decoded("a%20b%C3%A9"), "a b\xC3\xA9");
  EXPECT_EQ(strictly_percent_decoded("\xC3\xA9"), "\xC3\xA9");
  for (const char* const text : {"%", "%4", "a%zz", "%E0%A4%A", "%FF", "%E0%A4", "\xFF"}) {
    EXPECT_EQ(strictly_percent_decoded(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace dynakeep::http
