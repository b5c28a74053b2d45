#include "expression/evaluate.h"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

using Values = std::optional<ExpressionAttributeValues>;

const Values values = Item{
    {":0", 0},
    {":1", 1},
    {":2", 2},
    {":3", 3},
    {":4", 4},
    {":5", 5},
    {":10", 10},
    {":new", "new"},
    {":p", "p"},
    {":str", "str"},
    {":st", "st"},
    {":empty", ""},
    {":true", true},
    {":null", nullptr},
    {":list", AttributeList{0, "q"}},
    {":pq", StringSet{"q", "p"}},
    {":set_p", StringSet{"p"}},
    {":bytes", Binary("\x02\x03")},
    {":S", "S"},
    {":N", "N"},
    {":BS", "BS"},
    {":NULL", "NULL"},
};

const Item item{
    {"n", 5},
    {"s", "str"},
    {"wide", "\xc3\xa9\xf0\x9f\x98\x80z"},  // é, a smiling face, z
    {"t", true},
    {"f", false},
    {"nothing", nullptr},
    {"l", AttributeList{0, "q", StringSet{"p"}}},
    {"m", AttributeMap{{"x", 1}, {"y", AttributeMap{{"z", "deep"}}}}},
    {"ss", StringSet{"p", "q"}},
    {"ns", NumberSet{1, 2}},
    {"bs", BinarySet{Binary("\x02\x03")}},
    {"b", Binary("\x01\x02\x03")},
    {"b1", Binary("\x01")},
    {"prefix", "st"},
    {"blank", ""},
};

bool holds(const std::string& text, const Item& on) {
  Binder binder({}, values);
  const std::optional<std::string> given = text;
  EXPECT_TRUE(binder.start({{Kind::condition, given}}));
  const auto condition = bind_condition(binder, Kind::condition, text);
  if (!condition) {
    ADD_FAILURE() << text << ": " << condition.error();
    return false;
  }
  std::string scratch;
  return expression::holds(*condition, model::view_item(ItemAccess::encoded(on, scratch)));
}

TEST(Holds, ComparesValuesOfOneType) {
  for (const char* text : {
           "n = :5",
           "n <> :1",
           "n < :10",
           "n <= :5",
           "n > :0",
           "n >= :5",
           "s < wide",
           "prefix < s",
           "b1 < b",
           "s = :str",
           "blank = :empty",
           "blank < s",
           "t = :true",
           "nothing = :null",
           "ss = :pq",
           "l[0] = :0",
           "m.x = :1",
           "m.y.z > :p or m.y.z < :p",
           "n between :1 and :10",
           "n between :5 and :5",
           "s between prefix and :str",
           "n in (:1, :5)",
           "n in (x, :5)",
           "s in (:str)",
       }) {
    EXPECT_TRUE(holds(text, item)) << text;
  }
  for (const char* text : {
           "n = :1",
           "n <> :5",
           "n < :5",
           "n > :5",
           "s < n",
           "n < s",
           "s = n",
           "f < t",
           "l < m",
           "ss < ns",
           "n between :10 and s",
           "n between s and :10",
           "s between :p and :p",
           "n in (:1, :10, s)",
           "l = :list",
       }) {
    EXPECT_FALSE(holds(text, item)) << text;
  }
}

TEST(Holds, AnAbsentAttributeIsEqualToNothingAndHasNoOrder) {
  for (const char* text :
       {"x <> :5", "x <> y", "n <> x", "not x = y", "not x < :5", "attribute_not_exists(x)",
        "attribute_not_exists(m.x.y)", "attribute_not_exists(l[3])", "not begins_with(x, :p)"}) {
    EXPECT_TRUE(holds(text, item)) << text;
  }
  for (const char* text : {"x = y",
                           "x = :5",
                           "x < y",
                           "x < :5",
                           "x >= :5",
                           "n between x and :5",
                           "n between :5 and x",
                           "x between :0 and :5",
                           "x in (y)",
                           "x in (:5, y)",
                           "begins_with(x, :p)",
                           "contains(x, :p)",
                           "contains(s, x)",
                           "attribute_exists(x)",
                           "attribute_exists(s.x)",
                           "attribute_exists(s[0])",
                           "attribute_exists(m[0])",
                           "attribute_exists(l.x)",
                           "attribute_type(x, :S)",
                           "attribute_type(x, :NULL)"}) {
    EXPECT_FALSE(holds(text, item)) << text;
  }
}

TEST(Holds, AnItemThatIsNotThereHasNoAttributes) {
  EXPECT_TRUE(holds("attribute_not_exists(n)", Item{}));
  EXPECT_FALSE(holds("attribute_exists(n)", Item{}));
  EXPECT_FALSE(holds("n = :5", Item{}));
  EXPECT_TRUE(holds("n <> :5", Item{}));
}

TEST(Holds, KnowsTheFunctions) {
  for (const char* text : {
           "attribute_exists(n)",
           "attribute_exists(nothing)",
           "attribute_exists(m.y.z)",
           "attribute_exists(l[2])",
           "attribute_type(s, :S)",
           "attribute_type(n, :N)",
           "attribute_type(bs, :BS)",
           "attribute_type(nothing, :NULL)",
           "attribute_type(m.y.z, :S)",
           "begins_with(s, :st)",
           "begins_with(s, s2) or begins_with(s, prefix)",
           "begins_with(s, :empty)",
           "begins_with(b, b1)",
           "begins_with(:str, prefix)",
           "contains(s, :st)",
           "contains(s, prefix)",
           "contains(s, :empty)",
           "contains(b, :bytes)",
           "contains(ss, :p)",
           "contains(ns, :1)",
           "contains(bs, :bytes)",
           "contains(l, :0)",
           "contains(l, :set_p)",
           "contains(:pq, :p)",
           "size(wide) = :4",  // in UTF-16, as Java counts
           "size(s) = :3",
           "size(b) = :3",
           "size(blank) = :0",
           "size(l) = :3",
           "size(m) = :2",
           "size(ss) = :2",
           "size(ns) = :2",
           "size(bs) = :1",
           "size(:str) = size(l)",
           "size(s) between :1 and size(wide)",
           "size(s) in (:1, size(b))",
           "size(s) <> :2",
           "size(n) <> :0",
           "contains(ns, size(ss))",
       }) {
    EXPECT_TRUE(holds(text, item)) << text;
  }
  for (const char* text : {
           "attribute_type(n, :S)", "begins_with(n, :st)",    "begins_with(s, n)",
           "begins_with(s, b)",     "begins_with(prefix, s)", "contains(s, n)",
           "contains(s, b)",        "contains(n, :5)",        "contains(t, :true)",
           "contains(m, :p)",       "contains(ss, :set_p)",   "contains(ss, :1)",
           "contains(ns, :p)",      "contains(ss, :st)",      "contains(l, :p)",
           "size(n) > :0",          "size(t) >= :0",          "size(nothing) = :0",
           "size(x) >= :0",         "size(x) = size(y)",
       }) {
    EXPECT_FALSE(holds(text, item)) << text;
  }
}

TEST(Holds, NotBindsMoreThanAndAndAndMoreThanOr) {
  EXPECT_TRUE(holds("n = :5 or x = y and s = n", item));
  EXPECT_FALSE(holds("(n = :5 or x = y) and s = n", item));
  EXPECT_TRUE(holds("not n = :5 or s = :str", item));
  EXPECT_FALSE(holds("not (n = :5 or s = :str)", item));
  EXPECT_TRUE(holds("not n = :1 and n = :5", item));
}

// ---- every condition of at most three operators over three attributes, against the plainest
// evaluation of AttributeValues ----

// A condition as a text and as a function of the item.
struct Sample {
  std::string text;
  std::function<bool(const Item&)> holds;
};

const AttributeValue* value_at(const Item& on, const std::string& operand) {
  return operand[0] == ':' ? values->find(operand) : on.find(operand);
}

// The order of two values that have one; nothing of others.
std::optional<std::strong_ordering> order_of(const AttributeValue* a, const AttributeValue* b) {
  if (a == nullptr || b == nullptr || a->type() != b->type()) return std::nullopt;
  if (a->is_string()) return a->as_string().compare(b->as_string()) <=> 0;
  if (a->is_number()) return a->as_number() <=> b->as_number();
  if (a->is_binary()) return a->as_binary().bytes.compare(b->as_binary().bytes) <=> 0;
  return std::nullopt;
}

bool equal(const AttributeValue* a, const AttributeValue* b) {
  return a != nullptr && b != nullptr && *a == *b;
}

// Conditions of one operator.
std::vector<Sample> simple_conditions() {
  const std::array<std::string, 3> attributes = {"a", "b", "c"};
  const std::array<std::string, 5> operands = {"a", "b", "c", ":1", ":p"};
  std::vector<Sample> samples;
  for (const std::string& left : attributes) {
    samples.push_back({"attribute_exists(" + left + ")",
                       [=](const Item& on) { return value_at(on, left) != nullptr; }});
    samples.push_back({"attribute_not_exists(" + left + ")",
                       [=](const Item& on) { return value_at(on, left) == nullptr; }});
    for (const std::string& right : operands) {
      if (left == right) continue;
      const auto add = [&](const std::string& sign, const auto& compare) {
        samples.push_back({left + " " + sign + " " + right, [=](const Item& on) {
                             return compare(value_at(on, left), value_at(on, right));
                           }});
      };
      using Value = const AttributeValue*;
      add("=", [](Value a, Value b) { return equal(a, b); });
      add("<>", [](Value a, Value b) { return !equal(a, b); });
      add("<", [](Value a, Value b) { return order_of(a, b).value_or(1 <=> 0) < 0; });
      add("<=", [](Value a, Value b) { return order_of(a, b).value_or(1 <=> 0) <= 0; });
      add(">", [](Value a, Value b) { return order_of(a, b).value_or(0 <=> 1) > 0; });
      add(">=", [](Value a, Value b) { return order_of(a, b).value_or(0 <=> 1) >= 0; });
      samples.push_back({left + " in (:2, " + right + ")", [=](const Item& on) {
                           return equal(value_at(on, left), value_at(on, ":2")) ||
                                  equal(value_at(on, left), value_at(on, right));
                         }});
      samples.push_back({left + " between :0 and " + right, [=](const Item& on) {
                           const auto lower = order_of(value_at(on, ":0"), value_at(on, left));
                           const auto upper = order_of(value_at(on, left), value_at(on, right));
                           return lower && upper && *lower <= 0 && *upper <= 0;
                         }});
    }
  }
  // Its bounds are of two types, which the text alone shows to be wrong.
  std::erase_if(samples, [](const Sample& sample) {
    return sample.text.find("between :0 and :p") != std::string::npos;
  });
  return samples;
}

// All items of a, b and c, each absent or one of a few values.
std::vector<Item> small_items() {
  const std::vector<std::optional<AttributeValue>> choices = {std::nullopt, 1, 2, "p",
                                                              AttributeList{1}};
  std::vector<Item> items;
  for (const auto& a : choices) {
    for (const auto& b : choices) {
      for (const auto& c : choices) {
        Item on;
        if (a) on["a"] = *a;
        if (b) on["b"] = *b;
        if (c) on["c"] = *c;
        items.push_back(on);
      }
    }
  }
  return items;
}

class Enumeration : public testing::Test {
 protected:
  void expect_same(const Sample& sample) {
    const auto condition = bind_condition(binder_, Kind::condition, sample.text);
    ASSERT_TRUE(condition) << sample.text << ": " << condition.error();
    for (std::size_t at = 0; at < items_.size(); ++at) {
      ++compared_;
      const bool expected = sample.holds(items_[at]);
      ASSERT_EQ(expression::holds(*condition, model::view_item(encoded_[at])), expected)
          << sample.text << " on " << items_[at];
    }
  }

  void SetUp() override {
    ASSERT_TRUE(binder_.start({{Kind::condition, given_}}));
    for (const Item& each : items_) encoded_.push_back(model::encode(each.attributes()));
  }

  const std::optional<std::string> given_ = "given";
  Binder binder_{{}, values};
  std::vector<Item> items_ = small_items();
  std::vector<std::string> encoded_;
  std::size_t compared_ = 0;
};

TEST_F(Enumeration, EveryConditionOfOneOperatorIsAsTheValuesSay) {
  for (const Sample& sample : simple_conditions()) {
    expect_same(sample);
    expect_same({"not " + sample.text, [&](const Item& on) { return !sample.holds(on); }});
  }
  EXPECT_GT(compared_, 24'000u);
}

TEST_F(Enumeration, EveryPairOfConditionsIsAsTheValuesSay) {
  // Pairs are many: a third of the items stands for all, in turn.
  const auto simple = simple_conditions();
  const auto all_items = items_;
  const auto all_encoded = encoded_;
  std::size_t turn = 0;
  for (const Sample& left : simple) {
    for (const Sample& right : simple) {
      items_.clear();
      encoded_.clear();
      for (std::size_t at = turn++ % 9; at < all_items.size(); at += 9) {
        items_.push_back(all_items[at]);
        encoded_.push_back(all_encoded[at]);
      }
      expect_same({left.text + " and " + right.text,
                   [&](const Item& on) { return left.holds(on) && right.holds(on); }});
      expect_same({left.text + " or not " + right.text,
                   [&](const Item& on) { return left.holds(on) || !right.holds(on); }});
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(compared_, 200'000u);
}

}  // namespace
}  // namespace dynakeep::expression
