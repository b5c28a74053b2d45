#include "expression/projection.h"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "expression/naive_documents.h"
#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

std::optional<Item> project(const std::string& text, const Item& item,
                            const std::optional<ExpressionAttributeNames>& names = {}) {
  Binder binder(names);
  const std::optional<std::string> given = text;
  EXPECT_TRUE(binder.start({{Kind::projection, given}}));
  const auto projection = bind_projection(binder, text);
  if (!projection) return std::nullopt;
  std::string scratch;
  const std::string projected =
      project(*projection, model::view_item(ItemAccess::encoded(item, scratch)));
  EXPECT_TRUE(model::is_well_formed(projected)) << text;
  return ItemAccess::from_encoded(projected);
}

const Item item{
    {"a", 1},
    {"b", "two"},
    {"l", AttributeList{0, AttributeMap{{"x", 1}, {"y", 2}}, AttributeList{7, 8}, 3}},
    {"m", AttributeMap{{"x", 1}, {"y", AttributeMap{{"z", "deep"}, {"w", 4}}}}},
    {"ss", StringSet{"p"}},
};

TEST(Project, KeepsTheAttributesNamedThatAreThere) {
  EXPECT_EQ(project("b, zz, a", item), (Item{{"a", 1}, {"b", "two"}}));
  EXPECT_EQ(project("zz", item), Item{});
  EXPECT_EQ(project("l,m,ss,b,a", item), item);
  EXPECT_EQ(project("a", Item{}), Item{});
}

TEST(Project, KeepsTheMapsAroundAPath) {
  EXPECT_EQ(project("m.x", item), (Item{{"m", AttributeMap{{"x", 1}}}}));
  EXPECT_EQ(project("m.y.z, m.x", item),
            (Item{{"m", AttributeMap{{"x", 1}, {"y", AttributeMap{{"z", "deep"}}}}}}));
  EXPECT_EQ(project("m.y", item),
            (Item{{"m", AttributeMap{{"y", AttributeMap{{"z", "deep"}, {"w", 4}}}}}}));
}

TEST(Project, ClosesUpTheElementsOfAListInOrderOfTheirIndexes) {
  EXPECT_EQ(project("l[3], l[0]", item), (Item{{"l", AttributeList{0, 3}}}));
  EXPECT_EQ(project("l[2][1], l[1].y", item),
            (Item{{"l", AttributeList{AttributeMap{{"y", 2}}, AttributeList{8}}}}));
  EXPECT_EQ(project("l[9], l[1].z, l[3]", item), (Item{{"l", AttributeList{3}}}));
}

TEST(Project, LeavesOutWhatLeadsNowhere) {
  for (const char* text : {"m.q", "m.x.y", "m[0]", "l.x", "l[9]", "l[0].x", "a.b", "a[0]", "ss[0]",
                           "m.y.q", "l[1].q, l[2][5]"}) {
    EXPECT_EQ(project(text, item), Item{}) << text;
  }
}

TEST(Project, SortsPlaceholdersByTheNamesBehindThem) {
  const ExpressionAttributeNames names{{"#1", "m"}, {"#2", "a"}, {"#3", "y"}, {"#4", "x"}};
  EXPECT_EQ(project("#1.#3.z, #2, #1.#4", item, names),
            (Item{{"a", 1}, {"m", AttributeMap{{"x", 1}, {"y", AttributeMap{{"z", "deep"}}}}}}));
  const ExpressionAttributeNames dotted{{"#d", "m.x"}};
  EXPECT_EQ(project("#d", item, dotted), Item{});
  EXPECT_EQ(project("#d", Item{{"m.x", 1}}, dotted), (Item{{"m.x", 1}}));
}

// ---- random projections of random items, against the plainest work on trees ----

using naive::Path;

// What `paths`, from step `depth` on, leave of `value`; nothing if they lead nowhere in it.
std::optional<AttributeValue> plainly_pruned(const AttributeValue& value,
                                             const std::vector<Path>& paths, std::size_t depth) {
  if (paths.front().size() == depth) return value;
  std::map<naive::Step, std::vector<Path>> branches;
  for (const Path& path : paths) branches[path[depth]].push_back(path);
  AttributeList list;
  AttributeMap map;
  for (const auto& [step, branch] : branches) {
    const AttributeValue* child = naive::child(value, step);
    if (child == nullptr) continue;
    auto pruned = plainly_pruned(*child, branch, depth + 1);
    if (!pruned) continue;
    if (const auto* name = std::get_if<std::string>(&step)) {
      map.emplace(*name, *pruned);
    } else {
      list.push_back(*pruned);
    }
  }
  if (!map.empty()) return AttributeValue(map);
  if (!list.empty()) return AttributeValue(list);
  return std::nullopt;
}

TEST(Project, OfRandomItemsIsAsTheTreesSay) {
  std::mt19937 random(20260102);  // the seed
  const auto below = [&](std::size_t count) { return random() % count; };
  const auto name = [&] { return std::string(1, static_cast<char>('a' + below(4))); };
  const auto value = [&](const auto& self, int depth) -> AttributeValue {
    if (depth == 0 || below(3) == 0) return static_cast<int>(below(1000));
    if (below(2) == 0) {
      AttributeMap map;
      for (std::size_t i = below(5); i > 0; --i) map.emplace(name(), self(self, depth - 1));
      return map;
    }
    AttributeList list;
    for (std::size_t i = below(5); i > 0; --i) list.push_back(self(self, depth - 1));
    return list;
  };
  std::size_t compared = 0;
  std::size_t empty = 0;
  for (int round = 0; round < 10'000; ++round) {
    AttributeValue root = AttributeMap{};
    for (int i = 0; i < 4; ++i) root.as_map().emplace(name(), value(value, 3));
    std::vector<Path> paths;
    std::string text;
    for (std::size_t count = 1 + below(5); count > 0; --count) {
      Path path{name()};
      const AttributeValue* at = naive::child(root, path.back());
      while (at != nullptr && (at->is_map() || at->is_list()) && below(4) != 0) {
        if (at->is_map()) {
          path.emplace_back(name());
        } else {
          path.emplace_back(below(5));
        }
        at = naive::child(*at, path.back());
      }
      text += (text.empty() ? "" : ", ") + naive::to_text(path);
      paths.push_back(path);
    }
    const Item whole(root.as_map());
    const auto projected = project(text, whole);
    if (!projected) continue;  // paths that overlap
    const auto expected = plainly_pruned(root, paths, 0);
    ASSERT_EQ(*projected, expected ? Item(expected->as_map()) : Item{}) << text << " of " << whole;
    ++compared;
    if (!expected) ++empty;
  }
  EXPECT_GT(compared, 3'000u);
  EXPECT_GT(compared - empty, 3'000u);
}

}  // namespace
}  // namespace dynakeep::expression
