#include "dynakeep/iso_time.h"

#include <gtest/gtest.h>

namespace dynakeep {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(IsoTime, IsUtcInMilliseconds) {
  EXPECT_EQ(to_iso(Time{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso(Time{milliseconds{1561567123123}}), "2019-06-26T16:38:43.123Z");
  EXPECT_EQ(to_iso(Time{microseconds{1'714'555'800'125'999}}), "2024-05-01T09:30:00.125Z");
  EXPECT_EQ(to_iso(Time{microseconds{951'782'399'999'999}}), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(to_iso(Time{microseconds{951'782'400'000'000}}), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(to_iso(Time{microseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(IsoTime, IsReadInAnyZoneAndAsExactAsItIs) {
  const Time moment{milliseconds{1561567123123}};
  const Time second{milliseconds{1561567123000}};
  const Time minute{milliseconds{1561567080000}};
  EXPECT_EQ(parse_iso("2019-06-26T16:38:43.123Z"), moment);
  EXPECT_EQ(parse_iso("2019-06-26T18:38:43.123+02:00"), moment);
  EXPECT_EQ(parse_iso("2019-06-26T11:08:43.123-05:30"), moment);
  EXPECT_EQ(parse_iso("2019-06-26T16:38:43Z"), second);
  EXPECT_EQ(parse_iso("2019-06-26T16:38Z"), minute);
  EXPECT_EQ(parse_iso("2019-06-26T16:38:43.1Z"), second + milliseconds(100));
  EXPECT_EQ(parse_iso("2019-06-26T16:38:43.1234567890Z"), moment + microseconds(456));
  EXPECT_EQ(parse_iso("1969-12-31T23:59:59.999Z"), Time{milliseconds{-1}});
}

TEST(IsoTime, OfAnyMomentComesBack) {
  for (std::int64_t day = -1000; day < 60'000; day += 7) {
    const Time moment = Time{std::chrono::days(day)} + milliseconds((day * 7919) % 86'400'000);
    EXPECT_EQ(parse_iso(to_iso(moment)), moment) << day;
  }
}

TEST(IsoTime, OfAnotherFormIsNone) {
  for (const char* text : {"",
                           "yesterday",
                           "2019-06-26",
                           "2019-06-26T16:38:43",
                           "2019-13-26T16:38:43Z",
                           "2019-00-26T16:38:43Z",
                           "2019-02-29T16:38:43Z",
                           "2019-06-00T16:38:43Z",
                           "2019-06-26T25:38:43Z",
                           "2019-06-26T16:60:43Z",
                           "2019-06-26T16:38:60Z",
                           "2019-06-26T16:-8:43Z",
                           "2019-06-26 16:38:43Z",
                           "2019-06-26T16:38:43.Z",
                           "2019-06-26T16:38.5Z",
                           "2019-06-26T16:38:43z",
                           "2019-06-26T16:38:43+0200",
                           "2019-06-26T16:38:43+24:00",
                           "2019-06-26T16:38:43Z ",
                           " 2019-06-26T16:38:43Z",
                           "19-06-26T16:38:43Z",
                           "02019-06-26T16:38:43Z",
                           "2019-06-26T16:38:43ZZ"}) {
    EXPECT_EQ(parse_iso(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace dynakeep
