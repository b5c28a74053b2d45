#include "expression/key_condition.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

using Values = std::optional<ExpressionAttributeValues>;

const Values values = Item{
    {":s", "x"},
    {":t", "a"},
    {":n", 1},
    {":m", 2},
    {":o", true},
    {":b", Binary("\x01")},
    {":empty", ""},
    {":ss", StringSet{"a"}},
    {":none", Binary("")},
};

const QueriedKey strings{.partition = {.name = "a"}, .sort = KeyAttribute{.name = "b"}};
const QueriedKey numbers{.partition = {.name = "a"},
                         .sort = KeyAttribute{.name = "b", .type = ScalarType::number}};
const QueriedKey partition_only{.partition = {.name = "a"}, .sort = {}};

// A Query's condition, with what it refers to.
struct Query {
  explicit Query(std::string given) : text(std::move(given)), binder({}, values) {
    EXPECT_TRUE(binder.start({{Kind::key_condition, text}}));
  }

  Result<KeyCondition> on(const QueriedKey& key) {
    bound = TRY(bind_key_condition(binder, *text));
    const auto terms = TRY(key_terms(bound));
    return match(terms, key);
  }

  std::optional<std::string> text;
  Binder binder;
  KeyConditionText bound;
};

std::string complaint(const std::string& text, const QueriedKey& key) {
  Query query(text);
  const auto condition = query.on(key);
  return condition ? "" : condition.error().message();
}

TEST(KeyCondition, SaysWhichPartitionAndWhichSortKeysAreRead) {
  struct Case {
    const char* text;
    SortOperator sort_operator;
    const char* sort;
  };
  for (const Case& each : std::vector<Case>{
           {"a = :s", SortOperator::none, ""},
           {":s = a", SortOperator::none, ""},
           {"(a = :s)", SortOperator::none, ""},
           {"a = :s and b = :t", SortOperator::equal, "a"},
           {"b = :t and a = :s", SortOperator::equal, "a"},
           {"(a = :s) and (b = :t)", SortOperator::equal, "a"},
           {"((a = :s) and b = :t)", SortOperator::equal, "a"},
           {"a = :s and b < :t", SortOperator::less, "a"},
           {"a = :s and b <= :t", SortOperator::less_or_equal, "a"},
           {"a = :s and b > :t", SortOperator::greater, "a"},
           {"a = :s and b >= :t", SortOperator::greater_or_equal, "a"},
           {"a = :s and :t > b", SortOperator::less, "a"},
           {"a = :s and :t >= b", SortOperator::less_or_equal, "a"},
           {"a = :s and :t < b", SortOperator::greater, "a"},
           {"a = :s and :t <= b", SortOperator::greater_or_equal, "a"},
           {"a = :s and :t = b", SortOperator::equal, "a"},
           {"a = :s and begins_with(b, :t)", SortOperator::begins_with, "a"},
       }) {
    Query query(each.text);
    const auto condition = query.on(strings);
    ASSERT_TRUE(condition) << each.text << ": " << condition.error();
    EXPECT_EQ(condition->partition.payload(), "x") << each.text;
    EXPECT_EQ(condition->sort_operator, each.sort_operator) << each.text;
    EXPECT_EQ(condition->sort.exists() ? condition->sort.payload() : "", each.sort) << each.text;
    EXPECT_FALSE(condition->sort_upper.exists());
  }
}

TEST(KeyCondition, BetweenHasTwoBounds) {
  Query query("a = :s and b between :n and :m");
  const auto condition = query.on(numbers);
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->sort_operator, SortOperator::between);
  EXPECT_EQ(condition->sort.decode(), AttributeValue(1));
  EXPECT_EQ(condition->sort_upper.decode(), AttributeValue(2));
}

TEST(KeyCondition, RefusesWhatNoKeyTakes) {
  const std::string invalid_operator = "Invalid operator used in KeyConditionExpression: ";
  const std::string invalid_condition = "Invalid condition in KeyConditionExpression: ";
  const std::string one_per_key = "KeyConditionExpressions must only contain one condition per key";
  const std::string nested = "KeyConditionExpressions cannot contain nested operations";
  const std::string scalars =
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
      "Key: ";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a = :s or b = :s", invalid_operator + "OR"},
      {"not a = :s", invalid_operator + "NOT"},
      {"a = :s and not b = :s", invalid_operator + "NOT"},
      {"not a = :s or b = :s", invalid_operator + "OR"},
      {"contains(a,:s) or b = :s", invalid_operator + "OR"},
      {"a <> :s", invalid_operator + "<>"},
      {"a in (:s)", invalid_operator + "IN"},
      {"a = :s and b <> :s", invalid_operator + "<>"},
      {"a = :s and contains(b, :s)", invalid_operator + "contains"},
      {"a = :s and attribute_exists(b)", invalid_operator + "attribute_exists"},
      {"a = :s and size(b) = :n", nested},
      {"a = size(b)", nested},
      {"a = :s and a = :s", one_per_key},
      {"a = :s and b > :s and b < :s", one_per_key},
      {"a = :s and (b > :s and b < :s)", one_per_key},
      {"a = :s and b > :t and b < :s and c = :s", one_per_key},
      {"a = :s and b = :s and c = :s", "Conditions can be of length 1 or 2 only"},
      {"a.c = :s", scalars + "a"},
      {"a[0] = :s", scalars + "a"},
      {"a = :s and b.c = :s", scalars + "b"},
      {"a = b", invalid_condition + "Multiple attribute names used in one condition"},
      {"a = :s and begins_with(b, c)",
       invalid_condition + "Multiple attribute names used in one condition"},
      {"a = :s and b between c and d",
       invalid_condition + "Multiple attribute names used in one condition"},
      {":s = :s", invalid_condition + "No key attribute specified"},
      {"begins_with(:s, b) and a = :s",
       invalid_condition + "begins_with operator must have the key attribute as its first operand"},
      {"a = :s and :t between b and :s",
       invalid_condition + "BETWEEN operator must have the key attribute as its first operand"},
      // What any condition refuses comes first.
      {"a = a",
       "Invalid KeyConditionExpression: The first operand must be distinct from the remaining "
       "operands for this operator or function; operator: =, first operand: [a]"},
      {"name = :s",
       "Invalid KeyConditionExpression: Attribute name is a reserved keyword; reserved keyword: "
       "name"},
      {"a = :zz",
       "Invalid KeyConditionExpression: An expression attribute value used in expression is not "
       "defined; attribute value: :zz"},
      {"a = :s and begins_with(b, :n)",
       "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator "
       "or function: begins_with, operand type: N"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(complaint(text, strings), message) << text;
}

TEST(KeyCondition, RefusesWhatTheQueriedKeyDoesNotTake) {
  const std::string not_supported = "Query key condition not supported";
  const std::string missed = "Query condition missed key schema element: ";
  const std::string wrong_type =
      "One or more parameter values were invalid: Condition parameter type does not match schema "
      "type";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"b = :s", missed + "a"},
      {"c = :s", missed + "a"},
      {"c = :s and d = :s", missed + "a"},
      {"begins_with(b, :s)", missed + "a"},
      {"a = :s and c = :s", missed + "b"},
      {"a < :s", not_supported},
      {"a > :s and b = :s", not_supported},
      {"a between :t and :s", not_supported},
      {"begins_with(a, :s)", not_supported},
      {"c = :s and a < :s", not_supported},
      {"a = :n", wrong_type},
      {"a = :o", wrong_type},
      {"a = :ss", wrong_type},
      {"a = :s and b = :n", wrong_type},
      {"a = :s and b < :n", wrong_type},
      {"a = :s and begins_with(b, :b)", wrong_type},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(complaint(text, strings), message) << text;

  EXPECT_EQ(complaint("a = :s and b = :s", partition_only), not_supported);
  EXPECT_EQ(complaint("b = :s", partition_only), missed + "a");
  EXPECT_EQ(complaint("a = :s", partition_only), "");
  EXPECT_EQ(complaint("a = :s and begins_with(b, :s)", numbers), wrong_type);
  EXPECT_EQ(complaint("a = :s and b between :n and :m", numbers), "");
}

TEST(KeyCondition, RefusesEmptyKeyValues) {
  const std::string empty =
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
      "contain an empty string value. Key: ";
  EXPECT_EQ(complaint("a = :empty", strings), empty + "a");
  EXPECT_EQ(complaint("a = :s and b = :empty", strings), empty + "b");
  EXPECT_EQ(complaint("a = :s and b between :empty and :s", strings), empty + "b");
  const QueriedKey binary{.partition = {.name = "a", .type = ScalarType::binary}, .sort = {}};
  EXPECT_EQ(complaint("a = :none", binary),
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty binary value. Key: a");
}

}  // namespace
}  // namespace dynakeep::expression
