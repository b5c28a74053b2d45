#include "services/versioned_collections/parameters.h"

#include <limits>

#include <gtest/gtest.h>

namespace dynakeep::services::collections {
namespace {

TEST(CollectionsParameters, AreTimesAsMillisecondsOrAsIsoText) {
  EXPECT_EQ(parse_time("1561561562345"), 1561561562345);
  EXPECT_EQ(parse_time("0"), 0);
  EXPECT_EQ(parse_time("-1"), -1);
  EXPECT_EQ(parse_time("9223372036854775807"), std::numeric_limits<Millis>::max());
  EXPECT_EQ(parse_time("2019-06-26T15:06:02.345Z"), 1561561562345);
  EXPECT_EQ(parse_time("2019-06-26T17:06:02.345999+02:00"), 1561561562345);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.9999Z"), -1);
  for (const char* const text :
       {"", " 1", "1 ", "1e3", "0x1", "+1", "9223372036854775808", "2019-06-26", "now"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace dynakeep::services::collections
