#include "expression/update.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "expression/naive_documents.h"
#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

using Values = std::optional<ExpressionAttributeValues>;

const Number ninety_nines = *Number::parse(std::string(38, '9'));

const Values values = Item{
    {":n", 10},
    {":s", "new"},
    {":l", AttributeList{"e"}},
    {":none", AttributeList{}},
    {":ss", StringSet{"q", "r"}},
    {":pq", StringSet{"p", "q"}},
    {":ns", NumberSet{2, 3}},
    {":bs", BinarySet{Binary("\x01")}},
    {":m", AttributeMap{{"w", 3}}},
    {":big", ninety_nines},
    {":small", *Number::parse("0.1")},
    {":huge", *Number::parse("9E125")},
};

const Item item{
    {"n", 5},
    {"s", "str"},
    {"l", AttributeList{0, 1, 2, 3}},
    {"m", AttributeMap{{"x", 1}, {"y", AttributeMap{{"z", "q"}}}}},
    {"ss", StringSet{"p", "q"}},
    {"ns", NumberSet{1, 2}},
    {"bs", BinarySet{Binary("\x01"), Binary("\x02")}},
    {"ll", AttributeList{AttributeMap{{"k", 1}, {"j", 9}}, AttributeList{7, 8}}},
};

const char* const incorrect_type = "An operand in the update expression has an incorrect data type";
const char* const invalid_path =
    "The document path provided in the update expression is invalid for update";
const char* const missing =
    "The provided expression refers to an attribute that does not exist in the item";

struct Outcome {
  std::optional<Error> error = {};
  Item changed = {};
  Item updated_old = {};
  Item updated_new = {};
};

Outcome apply(const std::string& text, const Item& old, const Values& with = values) {
  Binder binder({}, with);
  const std::optional<std::string> given = text;
  if (auto started = binder.start({{Kind::update, given}}); !started) return {started.error()};
  const auto update = bind_update(binder, text);
  if (!update) return {update.error()};
  const std::string before = model::encode(old.attributes());
  auto after = expression::apply(*update, model::view_item(before));
  if (!after) return {after.error()};
  EXPECT_TRUE(model::is_well_formed(*after)) << text;
  const std::string updated_old = updated_attributes(*update, model::view_item(before));
  const std::string updated_new = updated_attributes(*update, model::view_item(*after));
  EXPECT_TRUE(model::is_well_formed(updated_old)) << text;
  EXPECT_TRUE(model::is_well_formed(updated_new)) << text;
  return {.changed = ItemAccess::from_encoded(*after),
          .updated_old = ItemAccess::from_encoded(updated_old),
          .updated_new = ItemAccess::from_encoded(updated_new)};
}

// What becomes of `item`, given those of its attributes that change; NULL for those that go.
struct Case {
  std::string text;
  Item changes;
};

void expect_changes(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    const Outcome outcome = apply(each.text, item);
    ASSERT_FALSE(outcome.error) << each.text << ": " << *outcome.error;
    Item expected = item;
    for (const auto& [name, value] : each.changes) {
      if (value.is_null()) {
        expected.erase(name);
      } else {
        expected[name] = value;
      }
    }
    EXPECT_EQ(outcome.changed, expected) << each.text;
  }
}

void expect_errors(const std::vector<std::pair<std::string, std::string>>& cases,
                   const Item& on = item) {
  for (const auto& [text, message] : cases) {
    const Outcome outcome = apply(text, on);
    ASSERT_TRUE(outcome.error) << text << " made " << outcome.changed;
    EXPECT_EQ(outcome.error->code(), ErrorCode::validation);
    EXPECT_EQ(outcome.error->message(), message) << text;
  }
}

TEST(Set, StoresValuesSumsAndCopies) {
  expect_changes({
      {"SET n = :s", {{"n", "new"}}},
      {"SET a = :n, z = :s", {{"a", 10}, {"z", "new"}}},
      {"SET n = n + :n", {{"n", 15}}},
      {"SET n = n - :n", {{"n", -5}}},
      {"SET n = :n - n", {{"n", 5}}},
      {"SET n = n + n", {{"n", 10}}},
      {"SET n = n + :small", {{"n", *Number::parse("5.1")}}},
      {"SET q = m", {{"q", item.at("m")}}},
      {"SET m = m.y", {{"m", AttributeMap{{"z", "q"}}}}},
      {"SET s = s", {}},
      {"SET q = l[1]", {{"q", 1}}},
      {"SET q = if_not_exists(q, :s)", {{"q", "new"}}},
      {"SET n = if_not_exists(n, :s)", {}},
      {"SET q = if_not_exists(m.q, m.x)", {{"q", 1}}},
      {"SET q = if_not_exists(s.x, :n)", {{"q", 10}}},
      {"SET q = if_not_exists(n, zz)", {{"q", 5}}},
      {"SET q = if_not_exists(a, if_not_exists(b, :n)) + n", {{"q", 15}}},
      {"SET l = list_append(l, :l)", {{"l", AttributeList{0, 1, 2, 3, "e"}}}},
      {"SET l = list_append(:l, l)", {{"l", AttributeList{"e", 0, 1, 2, 3}}}},
      {"SET q = list_append(if_not_exists(q, :none), :l)", {{"q", AttributeList{"e"}}}},
  });
}

TEST(Set, ReachesIntoMapsAndLists) {
  expect_changes({
      {"SET m.x = :s", {{"m", AttributeMap{{"x", "new"}, {"y", AttributeMap{{"z", "q"}}}}}}},
      {"SET m.q = :s",
       {{"m", AttributeMap{{"q", "new"}, {"x", 1}, {"y", AttributeMap{{"z", "q"}}}}}}},
      {"SET m.y.z = :n, m.x = :s",
       {{"m", AttributeMap{{"x", "new"}, {"y", AttributeMap{{"z", 10}}}}}}},
      {"SET l[1] = :s", {{"l", AttributeList{0, "new", 2, 3}}}},
      {"SET l[1] = l[0], l[0] = l[1]", {{"l", AttributeList{1, 0, 2, 3}}}},
      {"SET ll[0].k = :s, ll[1][1] = :n",
       {{"ll", AttributeList{AttributeMap{{"j", 9}, {"k", "new"}}, AttributeList{7, 10}}}}},
  });
}

TEST(Set, PastTheEndOfAListAppendsInOrderOfTheIndexes) {
  expect_changes({
      {"SET l[4] = :s", {{"l", AttributeList{0, 1, 2, 3, "new"}}}},
      {"SET l[9] = :s", {{"l", AttributeList{0, 1, 2, 3, "new"}}}},
      {"SET l[9] = :s, l[7] = :n", {{"l", AttributeList{0, 1, 2, 3, 10, "new"}}}},
      {"SET ll[1][5] = :s",
       {{"ll", AttributeList{AttributeMap{{"k", 1}, {"j", 9}}, AttributeList{7, 8, "new"}}}}},
      {"ADD l[9] :n", {{"l", AttributeList{0, 1, 2, 3, 10}}}},
  });
}

TEST(Update, ReadsEveryOperandFromTheOldItem) {
  expect_changes({
      {"SET q = n, n = :n", {{"q", 5}, {"n", 10}}},
      {"SET n = :n, q = n", {{"q", 5}, {"n", 10}}},
      {"SET q = m.x, m.x = n",
       {{"q", 1}, {"m", AttributeMap{{"x", 5}, {"y", AttributeMap{{"z", "q"}}}}}}},
      {"SET q = l[1] REMOVE l[0]", {{"q", 1}, {"l", AttributeList{1, 2, 3}}}},
      {"REMOVE l SET q = l", {{"q", item.at("l")}, {"l", nullptr}}},
  });
}

TEST(Remove, TakesAttributesMembersAndElementsAway) {
  expect_changes({
      {"REMOVE n", {{"n", nullptr}}},
      {"REMOVE zz, n, a", {{"n", nullptr}}},
      {"REMOVE m.x", {{"m", AttributeMap{{"y", AttributeMap{{"z", "q"}}}}}}},
      {"REMOVE m.q", {}},
      {"REMOVE m.x, m.y", {{"m", AttributeMap{}}}},
      {"REMOVE m.y.z", {{"m", AttributeMap{{"x", 1}, {"y", AttributeMap{}}}}}},
      {"REMOVE l[1]", {{"l", AttributeList{0, 2, 3}}}},
      {"REMOVE l[9]", {}},
      {"REMOVE l[0], l[1], l[2], l[3]", {{"l", AttributeList{}}}},
      {"REMOVE ll[1][0], ll[0]", {{"ll", AttributeList{AttributeList{8}}}}},
  });
}

TEST(Remove, IndexesMeanTheListAsItWas) {
  expect_changes({
      {"REMOVE l[0], l[2]", {{"l", AttributeList{1, 3}}}},
      {"REMOVE l[0] SET l[2] = :s", {{"l", AttributeList{1, "new", 3}}}},
      {"REMOVE l[0] SET l[9] = :s", {{"l", AttributeList{1, 2, 3, "new"}}}},
      {"REMOVE l[4] SET l[7] = :s", {{"l", AttributeList{0, 1, 2, 3, "new"}}}},
      {"REMOVE l[3], l[0] SET l[5] = :s, l[6] = :n", {{"l", AttributeList{1, 2, "new", 10}}}},
      {"REMOVE ll[0] SET ll[1][0] = :n", {{"ll", AttributeList{AttributeList{10, 8}}}}},
  });
}

TEST(Add, AddsToNumbersAndSetsAndMakesThemIfAbsent) {
  expect_changes({
      {"ADD n :n", {{"n", 15}}},
      {"ADD q :n", {{"q", 10}}},
      {"ADD ss :ss", {{"ss", StringSet{"p", "q", "r"}}}},
      {"ADD ns :ns", {{"ns", NumberSet{1, 2, 3}}}},
      {"ADD bs :bs", {}},
      {"ADD q :ss", {{"q", StringSet{"q", "r"}}}},
      {"ADD m.x :n, m.q :n",
       {{"m", AttributeMap{{"q", 10}, {"x", 11}, {"y", AttributeMap{{"z", "q"}}}}}}},
      {"ADD l[0] :n", {{"l", AttributeList{10, 1, 2, 3}}}},
  });
}

TEST(Delete, TakesMembersAwayAndTheAttributeWithTheLast) {
  expect_changes({
      {"DELETE ss :ss", {{"ss", StringSet{"p"}}}},
      {"DELETE ss :pq", {{"ss", nullptr}}},
      {"DELETE ns :ns", {{"ns", NumberSet{1}}}},
      {"DELETE bs :bs", {{"bs", BinarySet{Binary("\x02")}}}},
      {"DELETE q :ss", {}},
      {"DELETE m.q :ss", {}},
      {"DELETE l[9] :ss", {}},
  });
}

TEST(Update, RefusesOperandsOfAWrongType) {
  expect_errors({
      {"SET n = s + :n", incorrect_type},
      {"SET n = :n - s", incorrect_type},
      {"SET q = s + n", incorrect_type},
      {"SET q = if_not_exists(a, :s) + :n", incorrect_type},
      {"SET l = list_append(s, :l)", incorrect_type},
      {"SET l = list_append(s, zz)", incorrect_type},
      {"SET n = s + zz", incorrect_type},
      {"SET l = list_append(:l, m)", incorrect_type},
      {"ADD s :n", incorrect_type},
      {"ADD n :ss", incorrect_type},
      {"ADD ss :ns", incorrect_type},
      {"ADD bs :ss", incorrect_type},
      {"DELETE n :ss", incorrect_type},
      {"DELETE ss :ns", incorrect_type},
      {"DELETE m.x :ss", incorrect_type},
  });
}

TEST(Update, RefusesOperandsThatAreNotThere) {
  expect_errors({
      {"SET n = q", missing},
      {"SET n = q + :n", missing},
      {"SET q = zz + s", missing},
      {"SET q = l[9]", missing},
      {"SET q = s.x", missing},
      {"SET q = m.y.q", missing},
      {"SET q = if_not_exists(a, zz)", missing},
      {"SET l = list_append(q, :l)", missing},
  });
}

TEST(Update, RefusesPathsThroughWhatIsNoMapOrList) {
  expect_errors({
      {"SET q.x = :s", invalid_path},    {"SET s.x = :s", invalid_path},
      {"SET s[0] = :s", invalid_path},   {"SET m[0] = :s", invalid_path},
      {"SET l.x = :s", invalid_path},    {"SET m.q.r = :s", invalid_path},
      {"SET m.a[0] = :s", invalid_path}, {"SET ll[5].k = :s", invalid_path},
      {"REMOVE q.x", invalid_path},      {"REMOVE s.x", invalid_path},
      {"REMOVE s[0]", invalid_path},     {"REMOVE m.q.r", invalid_path},
      {"REMOVE ll[5].k", invalid_path},  {"REMOVE ll[0].k.z", invalid_path},
      {"REMOVE l[0][0]", invalid_path},  {"ADD m.q.r :n", invalid_path},
      {"DELETE n.x :ss", invalid_path},  {"SET s.x = zz", invalid_path},
      {"SET q.x = s + n", invalid_path}, {"SET s.x = zz", invalid_path},
      {"SET q.x = s + n", invalid_path},
  });
  const Item key{{"a", "k"}};
  expect_errors({{"SET m.x = :s", invalid_path}, {"REMOVE l[0]", invalid_path}}, key);
}

TEST(Update, MakesAnItemOfItsKey) {
  const Item key{{"a", "k"}};
  EXPECT_EQ(apply("SET n = :n", key).changed, (Item{{"a", "k"}, {"n", 10}}));
  EXPECT_EQ(apply("SET n = a", key).changed, (Item{{"a", "k"}, {"n", "k"}}));
  EXPECT_EQ(apply("REMOVE n DELETE m :ss", key).changed, key);
  EXPECT_EQ(apply("ADD n :n, ss :ss", key).changed,
            (Item{{"a", "k"}, {"n", 10}, {"ss", StringSet{"q", "r"}}}));
}

TEST(Update, RefusesSumsThatNoNumberHolds) {
  for (const char* text : {"SET n = n + :big", "SET n = :big + :small", "ADD n :big",
                           "SET n = :huge + :huge", "ADD n :huge"}) {
    const Outcome outcome = apply(text, item);
    ASSERT_TRUE(outcome.error) << text;
    EXPECT_EQ(outcome.error->code(), ErrorCode::validation);
  }
  EXPECT_EQ(apply("SET n = :huge + :huge", item).error->message(),
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range");
}

TEST(Update, RefusesNestingPast32) {
  // The attribute d has 32 levels; the value :v has `levels`.
  const auto nested = [](int levels) {
    AttributeValue value = 1;
    for (int i = 1; i < levels; ++i) value = AttributeMap{{"d", value}};
    return value;
  };
  const Item deep{{"d", nested(31)}};
  std::string path = "d";
  for (int i = 1; i < 31; ++i) path += ".d";
  const auto set = [&](int levels) {
    return apply("SET " + path + " = :v", deep, Item{{":v", nested(levels)}});
  };
  EXPECT_FALSE(set(1).error);
  EXPECT_FALSE(set(2).error);
  ASSERT_TRUE(set(3).error);
  EXPECT_EQ(set(3).error->message(), "Nesting Levels have exceeded supported limits");
}

TEST(UpdatedAttributes, AreThePathsThatWereNamed) {
  const auto check = [](const std::string& text, const Item& before, const Item& after) {
    const Outcome outcome = apply(text, item);
    ASSERT_FALSE(outcome.error) << text << ": " << *outcome.error;
    EXPECT_EQ(outcome.updated_old, before) << text;
    EXPECT_EQ(outcome.updated_new, after) << text;
  };
  check("SET n = n + :n", {{"n", 5}}, {{"n", 15}});
  check("SET q = n REMOVE s", {{"s", "str"}}, {{"q", 5}});
  check("DELETE ss :pq", {{"ss", StringSet{"p", "q"}}}, {});
  check("SET m.x = :s", {{"m", AttributeMap{{"x", 1}}}}, {{"m", AttributeMap{{"x", "new"}}}});
  check("REMOVE m.x", {{"m", AttributeMap{{"x", 1}}}}, {});
  check("SET m.q = :s", {}, {{"m", AttributeMap{{"q", "new"}}}});
  check("SET m.y.z = :s, m.x = :n",
        {{"m", AttributeMap{{"x", 1}, {"y", AttributeMap{{"z", "q"}}}}}},
        {{"m", AttributeMap{{"x", 10}, {"y", AttributeMap{{"z", "new"}}}}}});
  check("SET l[1] = :s, l[3] = :n", {{"l", AttributeList{1, 3}}},
        {{"l", AttributeList{"new", 10}}});
  check("REMOVE l[1]", {{"l", AttributeList{1}}}, {{"l", AttributeList{2}}});
  check("SET l[9] = :s", {}, {});
  check("SET ll[0].k = :s", {{"ll", AttributeList{AttributeMap{{"k", 1}}}}},
        {{"ll", AttributeList{AttributeMap{{"k", "new"}}}}});
}

// ---- random updates of random items, against the plainest work on trees ----

using naive::Path;

struct Failed {};

// One action as data; `operand` is the value as read from the old item.
struct PlainAction {
  ActionKind kind = ActionKind::set;
  Path path = {};
  std::optional<AttributeValue> operand = {};
};

AttributeValue& parent_of(AttributeValue& root, const Path& path) {
  const Path above(path.begin(), path.end() - 1);
  const AttributeValue* found = naive::find(root, above);
  const bool by_name = std::holds_alternative<std::string>(path.back());
  if (found == nullptr || (by_name ? !found->is_map() : !found->is_list())) throw Failed();
  return const_cast<AttributeValue&>(*found);
}

void put(AttributeValue& parent, const naive::Step& step, const AttributeValue& value) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    parent.as_map().insert_or_assign(*name, value);
  } else if (const std::size_t at = std::get<std::size_t>(step); at < parent.as_list().size()) {
    parent.as_list()[at] = value;
  } else {
    parent.as_list().push_back(value);
  }
}

void take(AttributeValue& parent, const naive::Step& step) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    parent.as_map().erase(*name);
  } else {
    parent.as_list().erase(parent.as_list().begin() +
                           static_cast<std::ptrdiff_t>(std::get<std::size_t>(step)));
  }
}

AttributeValue united(const AttributeValue& a, const AttributeValue& b) {
  if (a.type() != b.type()) throw Failed();
  if (a.is_number()) return *add(a.as_number(), b.as_number());
  const auto both = [](auto x, const auto& y) {
    x.insert(y.begin(), y.end());
    return AttributeValue(x);
  };
  if (a.is_string_set()) return both(a.as_string_set(), b.as_string_set());
  if (a.is_number_set()) return both(a.as_number_set(), b.as_number_set());
  throw Failed();
}

// Nothing if no member is left.
std::optional<AttributeValue> without(const AttributeValue& a, const AttributeValue& b) {
  if (a.type() != b.type()) throw Failed();
  const auto rest = [](auto x, const auto& y) -> std::optional<AttributeValue> {
    for (const auto& each : y) x.erase(each);
    if (x.empty()) return std::nullopt;
    return AttributeValue(x);
  };
  if (a.is_string_set()) return rest(a.as_string_set(), b.as_string_set());
  if (a.is_number_set()) return rest(a.as_number_set(), b.as_number_set());
  throw Failed();
}

// First what is stored, from the front of lists to the back, so that what is past the end comes in
// order; then what goes, from the back to the front, so that no index moves.
AttributeValue plainly_applied(const AttributeValue& old, std::vector<PlainAction> actions) {
  std::sort(actions.begin(), actions.end(),
            [](const PlainAction& a, const PlainAction& b) { return a.path < b.path; });
  AttributeValue root = old;
  std::vector<Path> gone;
  for (const PlainAction& action : actions) {
    const AttributeValue* before = naive::find(old, action.path);
    {
      AttributeValue unchanged = old;
      parent_of(unchanged, action.path);  // the path must lead somewhere in the old item
    }
    AttributeValue& parent = parent_of(root, action.path);
    switch (action.kind) {
      case ActionKind::set:
        put(parent, action.path.back(), *action.operand);
        break;
      case ActionKind::add:
        put(parent, action.path.back(),
            before == nullptr ? *action.operand : united(*before, *action.operand));
        break;
      case ActionKind::remove:
        if (before != nullptr) gone.push_back(action.path);
        break;
      case ActionKind::remove_members:
        if (before == nullptr) break;
        if (const auto rest = without(*before, *action.operand)) {
          put(parent, action.path.back(), *rest);
        } else {
          gone.push_back(action.path);
        }
        break;
    }
  }
  for (auto path = gone.rbegin(); path != gone.rend(); ++path) {
    take(parent_of(root, *path), path->back());
  }
  return root;
}

class RandomUpdates : public testing::Test {
 protected:
  std::size_t below(std::size_t count) { return random_() % count; }

  AttributeValue value(int depth) {
    switch (below(depth > 0 ? 7 : 4)) {
      case 0:
        return static_cast<int>(below(100));
      case 1:
        return std::string(below(300), 'x');
      case 2:
        return below(2) == 0 ? StringSet{"p", "q"} : StringSet{"q", "r", "s"};
      case 3:
        return NumberSet{static_cast<int>(below(3)), 7};
      case 4:
      case 5: {
        AttributeMap map;
        for (const char* name : {"a", "b", "c", "d"}) {
          if (below(2) == 0) map.emplace(name, value(depth - 1));
        }
        return map;
      }
      default: {
        AttributeList list;
        for (std::size_t i = below(5); i > 0; --i) list.push_back(value(depth - 1));
        return list;
      }
    }
  }

  // Most often a path that leads somewhere in `document`, or just past it.
  Path path(const AttributeValue& document) {
    Path path;
    const AttributeValue* at = &document;
    do {
      if (at != nullptr && at->is_list() && below(10) != 0) {
        path.emplace_back(below(at->as_list().size() + 2));
      } else if (path.empty() || (at != nullptr && at->is_map() && below(10) != 0)) {
        path.emplace_back(name());
      } else if (below(4) != 0) {
        break;
      } else if (below(2) == 0) {
        path.emplace_back(name());
      } else {
        path.emplace_back(below(4));
      }
      if (at != nullptr) at = naive::child(*at, path.back());
    } while (below(3) != 0);
    return path;
  }

  std::string name() { return std::string(1, static_cast<char>('a' + below(5))); }

  // The text of an operand for SET, and its value; Failed if it has none.
  AttributeValue operand(const AttributeValue& old, std::string& text) {
    const auto given = [&](std::string& to) -> const AttributeValue& {
      static const std::vector<std::string> placeholders = {":n", ":s", ":l", ":ss", ":ns", ":m"};
      to = placeholders[below(placeholders.size())];
      return values->at(to);
    };
    const auto read = [&](const Path& from) -> const AttributeValue& {
      const AttributeValue* found = naive::find(old, from);
      if (found == nullptr) throw Failed();
      return *found;
    };
    const Path from = path(old);
    switch (below(4)) {
      case 0:
        return given(text);
      case 1:
        text = naive::to_text(from);
        return read(from);
      case 2: {
        std::string otherwise;
        const AttributeValue& other = given(otherwise);
        text = "if_not_exists(" + naive::to_text(from) + ", " + otherwise + ")";
        const AttributeValue* found = naive::find(old, from);
        return found == nullptr ? other : *found;
      }
      default: {
        text = naive::to_text(from) + " + :n";
        const AttributeValue& left = read(from);
        if (!left.is_number()) throw Failed();
        return *add(left.as_number(), values->at(":n").as_number());
      }
    }
  }

  std::mt19937 random_{20260101};  // the seed
};

TEST_F(RandomUpdates, ChangeBytesAsTreesWouldChange) {
  std::size_t applied = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    AttributeValue old = AttributeMap{};
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      if (below(4) != 0) old.as_map().emplace(name, value(3));
    }
    std::string sections[4];
    std::vector<PlainAction> actions;
    bool operands_are_there = true;
    for (std::size_t count = 1 + below(4); count > 0; --count) {
      PlainAction action{.kind = static_cast<ActionKind>(below(4)), .path = path(old)};
      std::string& section = sections[static_cast<std::size_t>(action.kind)];
      section += section.empty() ? std::string(section_name(action.kind)) + " " : ", ";
      section += naive::to_text(action.path);
      if (action.kind == ActionKind::set) {
        std::string text;
        try {
          action.operand = operand(old, text);
        } catch (const Failed&) {
          operands_are_there = false;
        }
        section += " = " + text;
      } else if (action.kind != ActionKind::remove) {
        const char* placeholder = below(2) == 0 ? ":ss" : ":ns";
        if (action.kind == ActionKind::add && below(2) == 0) placeholder = ":n";
        action.operand = values->at(placeholder);
        section += std::string(" ") + placeholder;
      }
      actions.push_back(action);
    }
    const std::string text =
        sections[0] + " " + sections[1] + " " + sections[2] + " " + sections[3];

    const Item before(old.as_map());
    const Outcome outcome = apply(text, before);
    if (outcome.error && outcome.error->message().starts_with("Invalid UpdateExpression: Two")) {
      continue;
    }
    std::optional<AttributeValue> expected;
    if (operands_are_there) {
      try {
        expected = plainly_applied(old, actions);
      } catch (const Failed&) {
      }
    }
    if (!expected) {
      ASSERT_TRUE(outcome.error) << text << "\n on " << before << "\n made " << outcome.changed;
      EXPECT_TRUE(outcome.error->message() == missing ||
                  outcome.error->message() == incorrect_type ||
                  outcome.error->message() == invalid_path)
          << outcome.error->message();
      ++refused;
    } else {
      ASSERT_FALSE(outcome.error) << text << "\n on " << before << "\n " << *outcome.error;
      ASSERT_EQ(outcome.changed, Item(expected->as_map())) << text << "\n on " << before;
      ++applied;
    }
  }
  EXPECT_GT(applied, 3'000u);
  EXPECT_GT(refused, 3'000u);
}

}  // namespace
}  // namespace dynakeep::expression
