#include "services/recently_used.h"

#include <gtest/gtest.h>

namespace dynakeep::services {
namespace {

TEST(RecentlyUsed, KeepsWhatWasUsedLast) {
  RecentlyUsed<int> numbers(2);
  numbers.put("a", 1);
  numbers.put("b", 2);
  EXPECT_EQ(*numbers.find("a"), 1);
  numbers.put("c", 3);
  EXPECT_EQ(numbers.find("b"), nullptr) << "a was used after it";
  EXPECT_EQ(*numbers.find("a"), 1);
  EXPECT_EQ(*numbers.find("c"), 3);
  EXPECT_EQ(numbers.size(), 2U);
}

TEST(RecentlyUsed, PutsInPlaceAndForgets) {
  RecentlyUsed<int> numbers(2);
  numbers.put("a", 1);
  numbers.put("a", 2);
  EXPECT_EQ(numbers.size(), 1U);
  EXPECT_EQ(*numbers.find("a"), 2);
  numbers.erase("a");
  numbers.erase("a");
  EXPECT_EQ(numbers.find("a"), nullptr);
  for (const char* key : {"x1", "y1"}) numbers.put(key, 7);
  numbers.erase_if([](const std::string& key) { return key.starts_with("x"); });
  EXPECT_EQ(numbers.find("x1"), nullptr);
  EXPECT_NE(numbers.find("y1"), nullptr);
}

}  // namespace
}  // namespace dynakeep::services
