#include "wire/shape.h"

#include <limits>

#include <gtest/gtest.h>

namespace dynakeep::wire {
namespace {

std::string text_of(double value) {
  std::string out;
  append_double(out, value);
  return out;
}

std::string text_of(Time time) {
  std::string out;
  append_time(out, time);
  return out;
}

Time at(std::int64_t micros) { return Time(std::chrono::microseconds(micros)); }

TEST(Path, IsSpelledAsInDynamoDbsMessages) {
  Path path;
  EXPECT_EQ(path.text(), "");
  path.enter("KeySchema");
  path.enter_member(0);
  path.enter("KeyType");
  EXPECT_EQ(path.text(), "keySchema.1.member.keyType");
  path.leave();
  path.leave();
  path.leave();
  path.enter("RequestItems");
  path.enter_value_of("Songs");
  EXPECT_EQ(path.text(), "requestItems.Songs.member");
  path.leave();
  path.leave();
  path.enter("SSESpecification");
  EXPECT_EQ(path.text(), "sSESpecification");
}

TEST(JsonNumbers, AreWrittenAsDynamoDbWritesFractions) {
  EXPECT_EQ(text_of(0.0), "0.0");
  EXPECT_EQ(text_of(0.5), "0.5");
  EXPECT_EQ(text_of(1.0), "1.0");
  EXPECT_EQ(text_of(40000.0), "40000.0");
  EXPECT_EQ(text_of(1e21), "1000000000000000000000.0");
}

TEST(JsonTimes, AreSecondsWithTheDecimalsTheyNeed) {
  EXPECT_EQ(text_of(at(0)), "0");
  EXPECT_EQ(text_of(at(1'700'000'000'123'000)), "1700000000.123");
  EXPECT_EQ(text_of(at(1'700'000'000'000'001)), "1700000000.000001");
  EXPECT_EQ(text_of(at(1'700'000'000'000'000)), "1700000000");
  EXPECT_EQ(text_of(at(-1'500'000)), "-1.5");
}

TEST(JsonTimes, ComeBackToTheMicrosecond) {
  for (const std::int64_t micros : {0L, 1L, 1'700'000'000'123'456L, 4'000'000'000'999'999L, -1L}) {
    EXPECT_EQ(time_of(std::stod(text_of(at(micros)))), at(micros));
  }
  EXPECT_EQ(time_of(1.421866952062e9), at(1'421'866'952'062'000));
  EXPECT_EQ(time_of(1e300), Time::max());
  EXPECT_EQ(time_of(-1e300), Time::min());
  EXPECT_EQ(time_of(std::numeric_limits<double>::infinity()), Time::max());
}

}  // namespace
}  // namespace dynakeep::wire
