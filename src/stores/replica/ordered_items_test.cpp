#include "stores/replica/ordered_items.h"

#include <map>
#include <random>

#include <gmock/gmock.h>

namespace dynakeep::replicas {
namespace {

using Numbers = std::map<std::string, int>;

RowPointer row(const std::string& key, int number) {
  return std::make_shared<const Row>(Row{.key = key, .item = Item{{"n", number}}});
}
int number_of(const Row& row) {
  return static_cast<int>(row.item.at("n").as_number().to_int64().value());
}
Numbers numbers_of(const OrderedItems::View& view, const std::string& from = {}) {
  Numbers numbers;
  std::string last;
  view.from(from, [&](const Row& each) {
    EXPECT_TRUE(last.empty() || last < each.key);
    last = each.key;
    numbers.emplace(each.key, number_of(each));
    return true;
  });
  return numbers;
}

TEST(OrderedItems, AreAMapWhoseViewsStayAsTheyWere) {
  std::mt19937_64 random(1);
  OrderedItems items;
  Numbers model;
  std::vector<std::pair<OrderedItems::View, Numbers>> views;
  for (int i = 0; i < 20'000; ++i) {
    // First it grows, later it shrinks.
    const bool removes = random() % 10 < (i < 12'000 ? 2U : 8U);
    const std::string key = std::to_string(random() % 5000);
    const auto known = model.find(key);
    const RowPointer before = removes ? items.erase(key) : items.put(row(key, i));
    ASSERT_EQ(before != nullptr, known != model.end());
    if (before) {
      ASSERT_EQ(number_of(*before), known->second);
    }
    if (removes) {
      model.erase(key);
      ASSERT_EQ(items.find(key), nullptr);
    } else {
      model[key] = i;
      ASSERT_EQ(number_of(*items.find(key)), i);
    }
    ASSERT_EQ(items.size(), model.size());
    if (i % 2000 == 0) views.emplace_back(items.view(), model);
  }
  for (const auto& [view, numbers] : views) {
    EXPECT_EQ(view.size(), numbers.size());
    EXPECT_EQ(numbers_of(view), numbers);
  }
  const Numbers behind(model.lower_bound("3"), model.end());
  EXPECT_EQ(numbers_of(items.view(), "3"), behind);
  while (!model.empty()) {
    items.erase(model.begin()->first);
    model.erase(model.begin());
  }
  EXPECT_EQ(items.size(), 0U);
  EXPECT_TRUE(numbers_of(items.view()).empty());
}

TEST(OrderedItems, AWalkEndsWhenItIsTold) {
  OrderedItems items;
  for (const char* key : {"c", "a", "b"}) items.put(row(key, 1));
  std::string visited;
  EXPECT_EQ(items.view().from("", [&](const Row& each) { return (visited += each.key) != "ab"; }),
            2U);
  EXPECT_EQ(visited, "ab");
  EXPECT_EQ(items.view().from("d", [](const Row&) { return true; }), 0U);
}

}  // namespace
}  // namespace dynakeep::replicas
