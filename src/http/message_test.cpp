#include "http/message.h"

#include <gtest/gtest.h>

namespace dynakeep::http {
namespace {

TEST(Headers, AreFoundWhateverTheirCase) {
  Headers headers;
  headers.add("X-Amz-Target", "DynamoDB_20120810.GetItem");
  EXPECT_EQ(headers.find("x-amz-target"), "DynamoDB_20120810.GetItem");
  EXPECT_EQ(headers.find("X-AMZ-TARGET"), "DynamoDB_20120810.GetItem");
  EXPECT_EQ(headers.find("x-amz-targe"), std::nullopt);
}

TEST(Headers, KeepTheirOrderAndGiveTheFirstOfAName) {
  Headers headers;
  headers.add("a", "1");
  headers.add("b", "");
  headers.add("A", "2");
  EXPECT_EQ(headers.find("a"), "1");
  EXPECT_EQ(headers.find("b"), "");
  EXPECT_EQ(headers.text(), "a: 1\r\nb: \r\nA: 2\r\n");
}

TEST(Headers, AreReplacedUnderAllSpellings) {
  Headers headers;
  headers.add("Date", "1");
  headers.add("host", "h");
  headers.add("date", "2");
  headers.set("DATE", "3");
  EXPECT_EQ(headers.text(), "host: h\r\nDATE: 3\r\n");
}

TEST(Headers, KeepTheirMemoryWhenCleared) {
  Headers headers;
  headers.add("name", std::string(100, 'v'));
  const auto held = headers.capacity_bytes();
  headers.clear();
  EXPECT_EQ(headers.size(), 0U);
  EXPECT_EQ(headers.text(), "");
  EXPECT_EQ(headers.capacity_bytes(), held);
}

TEST(HeadersDeathTest, ALineBreakStopsTheProcessForItWouldBeAnotherHeader) {
  Headers headers;
  EXPECT_DEATH(headers.add("name", "value\r\nother: value"), "breaks_line");
  EXPECT_DEATH(headers.add("name\n", "value"), "breaks_line");
}

TEST(HttpRequest, SplitsItsTargetAtTheFirstQuestionMark) {
  HttpRequest request;
  request.target = "/a/b?c=d?e";
  EXPECT_EQ(request.path(), "/a/b");
  EXPECT_EQ(request.query(), "c=d?e");
  request.target = "/a";
  EXPECT_EQ(request.path(), "/a");
  EXPECT_EQ(request.query(), "");
}

}  // namespace
}  // namespace dynakeep::http
