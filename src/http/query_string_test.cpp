#include "http/query_string.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(QueryString, IsReadAsAForm) {
  EXPECT_THAT(QueryString("filter=all&name=a+b%2Bc&&flag&x=1=2").parameters(),
              ElementsAre(Pair("filter", "all"), Pair("name", "a b+c"), Pair("flag", ""),
                          Pair("x", "1=2")));
  EXPECT_THAT(QueryString("").parameters(), IsEmpty());
}

TEST(QueryString, KeepsAPercentThatBeginsNoEscape) {
  EXPECT_EQ(QueryString("a=100%&b=%zz").only("a"), "100%");
  EXPECT_EQ(QueryString("a=100%&b=%zz").only("b"), "%zz");
}

TEST(QueryString, KnowsWhatIsThereOnce) {
  const QueryString query("a=1&b=2&b=2&c[]=3");
  EXPECT_EQ(query.only("a"), "1");
  EXPECT_EQ(query.only("b"), std::nullopt);
  EXPECT_EQ(query.count("b"), 2U);
  EXPECT_EQ(query.only("c"), std::nullopt);
  EXPECT_EQ(query.only("A"), std::nullopt);
  EXPECT_EQ(query.count("d"), 0U);
}

}  // namespace
}  // namespace dynakeep::http
