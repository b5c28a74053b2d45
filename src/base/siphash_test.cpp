#include "base/siphash.h"

#include <string>

#include <gtest/gtest.h>

namespace dynakeep::base {
namespace {

// The bytes 0, 1, 2, …
std::string counting(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

// The paper's appendix has the one of 15 bytes; the others are of its authors' reference vectors.
TEST(SipHash, IsWhatThePaperSays) {
  EXPECT_EQ(siphash(counting(16), counting(15)), 0xa129ca6149be45e5U);
  EXPECT_EQ(siphash(counting(16), ""), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(siphash(counting(16), counting(1)), 0x74f839c593dc67fdU);
  EXPECT_EQ(siphash(counting(16), counting(8)), 0x93f5f5799a932462U);
}

}  // namespace
}  // namespace dynakeep::base
