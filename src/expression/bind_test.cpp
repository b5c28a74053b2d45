#include "expression/bind.h"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

using Names = std::optional<ExpressionAttributeNames>;
using Values = std::optional<ExpressionAttributeValues>;

Names named(ExpressionAttributeNames names) { return names; }

const Values some_values = Item{
    {":s", "x"},
    {":t", "a"},
    {":n", 1},
    {":m", 2},
    {":o", true},
    {":u", nullptr},
    {":b", Binary("\x01")},
    {":c", Binary("\xff")},
    {":l", AttributeList{}},
    {":map", AttributeMap{}},
    {":ss", StringSet{"a"}},
    {":ns", NumberSet{1}},
    {":type", "SS"},
};

// What binding `text` complains of, without the field's name; empty if nothing.
std::string complaint(Kind kind, std::string_view text, const Names& names = {},
                      const Values& values = some_values) {
  const std::optional<std::string> given = std::string(text);
  Binder binder(names, values);
  if (auto started = binder.start({{kind, given}, {Kind::condition, given}}); !started) {
    return started.error().message();
  }
  std::optional<Error> error;
  const auto keep = [&error](const auto& bound) {
    if (!bound) error = bound.error();
  };
  switch (kind) {
    case Kind::condition:
    case Kind::filter:
      keep(bind_condition(binder, kind, text));
      break;
    case Kind::key_condition:
      keep(bind_key_condition(binder, text));
      break;
    case Kind::update:
      keep(bind_update(binder, text));
      break;
    case Kind::projection:
      keep(bind_projection(binder, text));
      break;
  }
  if (!error) return {};
  EXPECT_EQ(error->code(), ErrorCode::validation);
  const std::string prefix = "Invalid " + std::string(field_name(kind)) + ": ";
  EXPECT_TRUE(error->message().starts_with(prefix)) << error->message();
  return error->message().substr(prefix.size());
}

struct Case {
  std::string text;
  std::string complaint;
};

void expect_complaints(Kind kind, const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(complaint(kind, each.text), each.complaint) << "in: " << each.text;
  }
}

std::string syntax(const std::string& token, const std::string& near) {
  return "Syntax error; token: \"" + token + "\", near: \"" + near + "\"";
}
std::string count_of(const std::string& function, int count) {
  return "Incorrect number of operands for operator or function; operator or function: " +
         function + ", number of operands: " + std::to_string(count);
}
std::string type_of(const std::string& function, const std::string& type) {
  return "Incorrect operand type for operator or function; operator or function: " + function +
         ", operand type: " + type;
}
std::string section_type_of(const std::string& section, const std::string& type) {
  return "Incorrect operand type for operator or function; operator: " + section +
         ", operand type: " + type;
}
std::string same(const std::string& function, const std::string& path) {
  return "The first operand must be distinct from the remaining operands for this operator or "
         "function; operator: " +
         function + ", first operand: " + path;
}
std::string misused(const std::string& function) {
  return "The function is not allowed to be used this way in an expression; function: " + function;
}
std::string reserved(const std::string& word) {
  return "Attribute name is a reserved keyword; reserved keyword: " + word;
}
std::string clash(const std::string& how, const std::string& one, const std::string& two) {
  return "Two document paths " + how +
         " with each other; must remove or rewrite one of these paths; path one: " + one +
         ", path two: " + two;
}
std::string no_value(const std::string& placeholder) {
  return "An expression attribute value used in expression is not defined; attribute value: " +
         placeholder;
}
std::string no_name(const std::string& placeholder) {
  return "An expression attribute name used in the document path is not defined; attribute name: " +
         placeholder;
}
const std::string redundant = "The expression has redundant parentheses;";

TEST(BindCondition, TakesWhatDynamoDbTakes) {
  for (const char* text : {
           "b = :s",
           "b<>:s",
           "(b = :s)",
           "(b) = :s",
           "((b) = :s)",
           "b = c",
           "NOT b = :s",
           "not not b = :s",
           "not (not (b = :s))",
           "b = :s and c = :s or not d < :n",
           "b between :t and :s",
           "b between c and :s and d = :s",
           "b in (:s)",
           "b In (c, :s, size(d))",
           "attribute_exists(b)",
           "attribute_exists((b))",
           "(attribute_exists(b))",
           "attribute_not_exists(b.c[0].d)",
           "attribute_type(b, :type)",
           "begins_with(b, :s)",
           "begins_with(b, :b)",
           "begins_with(:s, b)",
           "contains(b, :n)",
           "contains(:ss, b)",
           "contains(:s, :s)",
           "contains(size(b), :s)",
           "size(b) > :n",
           "(size(b)) = :n",
           "size(:l) = size(b)",
           "size (b)=:s",
           "b[ 0 ] . c = :s",
           "b [0][1]= :s",
           ":s = :s",
           ":s < :n",
           "b = :l",
           "b <> :map",
           "b = B",
           "size(b) > size(b)",
           "b\t=\n:s\r",
       }) {
    EXPECT_EQ(complaint(Kind::condition, text), "") << text;
    EXPECT_EQ(complaint(Kind::filter, text), "") << text;
  }
}

TEST(BindCondition, QuotesTheTokenOutOfPlaceWithItsNeighbours) {
  expect_complaints(Kind::condition, {
                                         {"", "The expression can not be empty;"},
                                         {" ", syntax("<EOF>", " ")},
                                         {"a x b", syntax("x", "a x b")},
                                         {"b = ", syntax("<EOF>", "= ")},
                                         {"(b = :s", syntax("<EOF>", ":s")},
                                         {"b = :s)", syntax(")", ":s)")},
                                         {"b == :s", syntax("=", "== :s")},
                                         {"=", syntax("=", "=")},
                                         {"b = :s AND", syntax("<EOF>", "AND")},
                                         {"NOT", syntax("<EOF>", "NOT")},
                                         {"b & :s", syntax("&", "b & :s")},
                                         {"b = :s;", syntax(";", ":s;")},
                                         {"\"b\" = :s", syntax("\"b\"", "\"b\" =")},
                                         {"1 = :s", syntax("1", "1 =")},
                                         {"b = 1", syntax("1", "= 1")},
                                         {"b[ = :s", syntax("=", "[ = :s")},
                                         {"b[x] = :s", syntax("x", "[x]")},
                                         {"b[1 = :s", syntax("=", "1 = :s")},
                                         {"b[-1] = :s", syntax("-", "[-1")},
                                         {"b[1.5] = :s", syntax(".", "1.5")},
                                         {"b[007] = :s", syntax("0", "007")},
                                         {"b..c = :s", syntax(".", "..c")},
                                         {"b. = :s", syntax("=", ". = :s")},
                                         {".b = :s", syntax(".", ".b")},
                                         {"#  = :s", syntax("#", "#  =")},
                                         {": = :s", syntax(":", ": =")},
                                         {"b = :", syntax(":", "= :")},
                                         {"b = :s-c", syntax("-", ":s-c")},
                                         {"\xc3\xa9 = :s", syntax("\xc3\xa9", "\xc3\xa9 =")},
                                         {"b = :\xc3\xa9", syntax(":", "= :\xc3\xa9")},
                                         {"_b = :s", syntax("_", "_b")},
                                         {"b AND c", syntax("AND", "b AND c")},
                                         {"b", syntax("<EOF>", "b")},
                                         {":s", syntax("<EOF>", ":s")},
                                         {"b = :s = :t", syntax("=", ":s = :t")},
                                         {"attribute_exists", syntax("<EOF>", "attribute_exists")},
                                         {"attribute_exists(", syntax("<EOF>", "(")},
                                         {"attribute_exists()", syntax(")", "()")},
                                         {"b IN ()", syntax(")", "()")},
                                         {"b IN (:s", syntax("<EOF>", ":s")},
                                         {"b IN :s", syntax(":s", "IN :s")},
                                         {"b IN (:s,)", syntax(")", ",)")},
                                         {"b BETWEEN :s", syntax("<EOF>", ":s")},
                                         {"b BETWEEN :s AND", syntax("<EOF>", "AND")},
                                         {"b BETWEEN :s :t", syntax(":t", ":s :t")},
                                         {"b BETWEEN (:s AND :t)", syntax("AND", ":s AND :t")},
                                         {"b + c = :s", syntax("+", "b + c")},
                                         {"b = c + :s", syntax("+", "c + :s")},
                                         {"b = :s SET", syntax("SET", ":s SET")},
                                         {"SET = :s", syntax("SET", "SET =")},
                                         {"and = :s", syntax("and", "and =")},
                                         {"between", syntax("between", "between")},
                                         {"b != :s", syntax("!", "b !=")},
                                         {"b >< :s", syntax("<", ">< :s")},
                                         {"b => :s", syntax(">", "=> :s")},
                                         {"b < > :s", syntax(">", "< > :s")},
                                         {"b[0]c = :s", syntax("c", "]c =")},
                                         {"size(b) begins", syntax("begins", ") begins")},
                                         {"(b AND c)", syntax("AND", "b AND c")},
                                         {"(b = :s) = :t", syntax("=", ") = :t")},
                                     });
}

TEST(BindCondition, RefusesRedundantParentheses) {
  for (const char* text :
       {"((b = :s))", "((b)) = :s", "not ((b = :s))", "(((b = :s)) and c = :t)",
        "attribute_exists(((b)))", "((attribute_exists(b)))", "b = ((c))",
        "name = :s and ((b = c))", "foo(b) and ((b = c))", "((b[99999999999] = c))"}) {
    EXPECT_EQ(complaint(Kind::condition, text), redundant) << text;
  }
}

TEST(BindCondition, RefusesFunctionsWhereTheyDoNotBelong) {
  const std::string not_here = "The function is not allowed in a condition expression; function: ";
  expect_complaints(
      Kind::condition,
      {
          {"size(b)", misused("size")},
          {"not size(b)", misused("size")},
          {"(size(b))", misused("size")},
          {"size(b) and size(c)", misused("size")},
          {"foo(b)", "Invalid function name; function: foo"},
          {"foo(b) = :s", "Invalid function name; function: foo"},
          {"ATTRIBUTE_EXISTS(b)", "Invalid function name; function: ATTRIBUTE_EXISTS"},
          {"Size(b) > :n", "Invalid function name; function: Size"},
          {"if_not_exists(b, :s)", not_here + "if_not_exists"},
          {"if_not_exists(b, :s) = :s", not_here + "if_not_exists"},
          {"list_append(b,:l) = :s", not_here + "list_append"},
          {"attribute_exists(if_not_exists(b,c))", not_here + "if_not_exists"},
          {"attribute_exists(b) = :s", misused("attribute_exists")},
          {"b = contains(c,:s)", misused("contains")},
          {"attribute_exists(b) in (:s)", misused("attribute_exists")},
          {"b in (:s, attribute_exists(c))", misused("attribute_exists")},
          {"b between attribute_exists(c) and :s", misused("attribute_exists")},
          {"size(attribute_exists(b)) > :n", misused("attribute_exists")},
          {"contains(b, begins_with(c,:s))", misused("begins_with")},
          {"contains(size(b), size(c)) = :s", misused("contains")},
          {"attribute_exists(foo(b))", "Invalid function name; function: foo"},
          {"size(b) in (size(c), foo(d))", "Invalid function name; function: foo"},
      });
}

TEST(BindCondition, ComplainsOfTheFirstInTheTextAmongFunctionsReservedWordsAndIndexes) {
  expect_complaints(
      Kind::condition,
      {
          {"name = :s and foo(b)", reserved("name")},
          {"foo(b) and name = :s", "Invalid function name; function: foo"},
          {"foo(name)", "Invalid function name; function: foo"},
          {"size(name) > :n", reserved("name")},
          {"size(b) and name = :s", misused("size")},
          {"size(b) and foo(c)", misused("size")},
          {"foo(c) and size(b)", "Invalid function name; function: foo"},
          {"foo(if_not_exists(b,c))", "Invalid function name; function: foo"},
          {"b[99999999999] = name",
           "List index is not within the allowable range; index: [99999999999]"},
          {"b[2147483648] = :s",
           "List index is not within the allowable range; index: [2147483648]"},
          {"b[2147483647] = :s", ""},
          {"b.Status.c = :s", reserved("Status")},
          {"name = :zz", reserved("name")},
          {"#x = name", reserved("name")},
          {"attribute_exists(:zz) and foo(b)", "Invalid function name; function: foo"},
          {"b = b and name = :s", reserved("name")},
      });
}

TEST(BindCondition, ChecksOperandsThatAreKnownWithoutAnItem) {
  const std::string types = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}";
  const std::string path_wanted =
      "Operator or function requires a document path; operator or function: attribute_exists";
  expect_complaints(
      Kind::condition,
      {
          {"attribute_exists(b, c)", count_of("attribute_exists", 2)},
          {"attribute_exists(:s)", path_wanted},
          {"attribute_exists(size(b))", path_wanted},
          {"begins_with(b)", count_of("begins_with", 1)},
          {"begins_with(b,c,d)", count_of("begins_with", 3)},
          {"begins_with(b, :n)", type_of("begins_with", "N")},
          {"begins_with(b, :o)", type_of("begins_with", "BOOL")},
          {"begins_with(:n, b)", type_of("begins_with", "N")},
          {"begins_with(size(b), :s)", type_of("begins_with", "N")},
          {"begins_with(b, b)", same("begins_with", "[b]")},
          {"contains(b, b)", same("contains", "[b]")},
          {"attribute_type(b)", count_of("attribute_type", 1)},
          {"attribute_type(b, b)", same("attribute_type", "[b]")},
          {"attribute_type(b, c)", type_of("attribute_type", types)},
          {"attribute_type(b, :n)", type_of("attribute_type", "N")},
          {"attribute_type(b, size(c))", type_of("attribute_type", "N")},
          {"attribute_type(b, :s)",
           "Invalid attribute type name found; type: x, valid types: " + types},
          {"size(b,c) > :n", count_of("size", 2)},
          {"size(:n) = :n", type_of("size", "N")},
          {"size(:o) = :n", type_of("size", "BOOL")},
          {"size(:u) = :n", type_of("size", "NULL")},
          {"size(size(b)) > :n", type_of("size", "N")},
          {"b < :o", type_of("<", "BOOL")},
          {"b < :l", type_of("<", "L")},
          {"b <= :map", type_of("<=", "M")},
          {"b > :ss", type_of(">", "SS")},
          {"b >= :u", type_of(">=", "NULL")},
          {":ns < b", type_of("<", "NS")},
          {"b between :o and :s", type_of("BETWEEN", "BOOL")},
          {"b between c and :l", type_of("BETWEEN", "L")},
          {"b = b", same("=", "[b]")},
          {"b.c = b.c", same("=", "[b, c]")},
          {"b[0] <> b[0]", same("<>", "[b, [0]]")},
          {"b < b", same("<", "[b]")},
          {"b between b and c", same("BETWEEN", "[b]")},
          {"b between c and b", same("BETWEEN", "[b]")},
          {"b between b and :o", type_of("BETWEEN", "BOOL")},
          {"b between c and c", ""},
          {"b in (c, b)", same("IN", "[b]")},
          {"b in (c, c)", ""},
          {"b between :s and :t",
           "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
           "lower bound operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: "
           "{S:a}"},
          {"b between :m and :n",
           "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
           "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: "
           "{N:1}"},
          {"b between :c and :b",
           "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
           "lower bound operand: AttributeValue: {B:/w==}, upper bound operand: AttributeValue: "
           "{B:AQ==}"},
          {"b between :s and :n",
           "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
           "operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:1}"},
          {"b between :n and :n", ""},
      });
}

TEST(BindCondition, LooksNamesAndValuesUpRightBeforeTheOperatorIsChecked) {
  expect_complaints(Kind::condition, {
                                         {"b = :zz", no_value(":zz")},
                                         {"b = :zz and c = :yy", no_value(":zz")},
                                         {"#z = :zz", no_name("#z")},
                                         {"b.#z = :zz", no_name("#z")},
                                         {"#z[0].#y = :zz", no_name("#z")},
                                         {"begins_with(b, :s, :zz)", no_value(":zz")},
                                         {"b < :zz and b = b", no_value(":zz")},
                                         {"b = b and c < :zz", same("=", "[b]")},
                                         {"b = b and #x = c", same("=", "[b]")},
                                         {"b = b and size(b,c) > :n", same("=", "[b]")},
                                         {"size(b,c) > :n and b = b", count_of("size", 2)},
                                     });
  EXPECT_EQ(complaint(Kind::condition, "#x.#y = b.c", named({{"#x", "b"}, {"#y", "c"}})),
            same("=", "[b, c]"));
}

TEST(BindCondition, BoundsTheText) {
  const auto repeated = [](int count, const std::string& part, const std::string& between) {
    std::string text = part;
    for (int i = 1; i < count; ++i) text += between + part;
    return text;
  };
  const std::string too_many = "The expression contains too many operators; operator count: 301";
  EXPECT_EQ(complaint(Kind::condition, repeated(150, "b=:s", " or ")), "");
  EXPECT_EQ(complaint(Kind::condition, repeated(151, "b=:s", " or ")), too_many);
  EXPECT_EQ(complaint(Kind::condition, repeated(300, "NOT", " ") + " b=:s"), too_many);
  EXPECT_EQ(complaint(Kind::condition, repeated(290, "(not ", "") + "b=:s" + std::string(290, ')')),
            "");
  EXPECT_EQ(complaint(Kind::condition, std::string(2000, '(') + "b=:s" + std::string(2000, ')')),
            redundant);
  EXPECT_EQ(complaint(Kind::condition, "b in (" + repeated(100, ":s", ",") + ")"), "");
  EXPECT_EQ(complaint(Kind::condition, "b in (" + repeated(101, ":s", ",") + ")"),
            "The IN operator is provided with too many operands; number of operands: 101");
  EXPECT_EQ(complaint(Kind::condition, repeated(32, "b", ".") + "=:s"), "");
  EXPECT_EQ(complaint(Kind::condition, repeated(33, "b", ".") + "=:s"),
            "The document path has too many nesting levels; nesting levels: 33");
  EXPECT_EQ(complaint(Kind::condition, "b=:s" + std::string(4092, ' ')), "");
  EXPECT_EQ(complaint(Kind::condition, "b=:s" + std::string(4093, ' ')),
            "Expression size has exceeded the maximum allowed size; expression size: 4097");
}

TEST(BindUpdate, TakesWhatDynamoDbTakes) {
  for (const char* text : {
           "SET b = :s",
           "set b = :s remove c add d :n delete e :ss",
           "SET b = :s,c=:s Remove d , e",
           "SET b = (c + :n)",
           "SET b = (c) + :n",
           "SET b = ((c) + (:n))",
           "SET b = (:s)",
           "SET b = :n+:n",
           "SET b=c-d",
           "SET b = if_not_exists(c, :s)",
           "SET b = if_not_exists((c), (:s))",
           "SET b = (if_not_exists(b, :s))",
           "SET b = if_not_exists(c, if_not_exists(d, :n))",
           "SET b = if_not_exists(c, :s) + :n",
           "SET b = if_not_exists(c,:s) + if_not_exists(d,:n)",
           "SET b = list_append(:l, :l)",
           "SET b = (list_append(c,:l))",
           "SET b = list_append(if_not_exists(c,:l),if_not_exists(d,:l))",
           "SET b = b",
           "SET b = b + b",
           "SET b[0][1].c[2] = d.e[3]",
           "SET b[0] = :s, b[1] = :s",
           "SET b.c = :s, b.d = :s REMOVE b.e",
           "REMOVE b[0], b[1][2], c.d",
           "ADD b.c[0] :n, d :ss",
           "DELETE b :ss, c :ns",
       }) {
    EXPECT_EQ(complaint(Kind::update, text), "") << text;
  }
}

TEST(BindUpdate, QuotesTheTokenOutOfPlaceWithItsNeighbours) {
  expect_complaints(Kind::update,
                    {
                        {"", "The expression can not be empty;"},
                        {"b = :s", syntax("b", "b =")},
                        {"b", syntax("b", "b")},
                        {"SET", syntax("<EOF>", "SET")},
                        {"SET b", syntax("<EOF>", "b")},
                        {"SET b =", syntax("<EOF>", "=")},
                        {"SET b = :s,", syntax("<EOF>", ",")},
                        {"SET b = :s,,", syntax(",", ",,")},
                        {"set b = :s, remove c", syntax("remove", ", remove c")},
                        {"SET b = :s c = :s", syntax("c", ":s c =")},
                        {"SET b = :s b", syntax("b", ":s b")},
                        {"SET b = c + :n - :n", syntax("-", ":n - :n")},
                        {"SET b = c + (d + :n)", syntax("+", "d + :n")},
                        {"SET b = (c + :n) + :n", syntax("+", ") + :n")},
                        {"SET :s = b", syntax(":s", "SET :s =")},
                        {"SET (b) = :s", syntax("(", "SET (b")},
                        {"SET b = c * :n", syntax("*", "c * :n")},
                        {"SET b += :n", syntax("+", "b +=")},
                        {"SET b = -:n", syntax("-", "= -:n")},
                        {"SET b = c -1", syntax("1", "-1")},
                        {"SET b = c = d", syntax("=", "c = d")},
                        {"SET SET = :s", syntax("SET", "SET SET =")},
                        {"SET b = if_not_exists(c, d + :n)", syntax("+", "d + :n")},
                        {"REMOVE", syntax("<EOF>", "REMOVE")},
                        {"REMOVE b,", syntax("<EOF>", ",")},
                        {"REMOVE :s", syntax(":s", "REMOVE :s")},
                        {"REMOVE b = c", syntax("=", "b = c")},
                        {"REMOVE b c", syntax("c", "b c")},
                        {"ADD b", syntax("<EOF>", "b")},
                        {"ADD b c", syntax("c", "b c")},
                        {"ADD b = :n", syntax("=", "b = :n")},
                        {"ADD b (:n)", syntax("(", "b (:n")},
                        {"ADD b if_not_exists(c,:n)", syntax("if_not_exists", "b if_not_exists(")},
                        {"ADD b :ss c :n", syntax("c", ":ss c :n")},
                        {"DELETE b", syntax("<EOF>", "b")},
                    });
}

TEST(BindUpdate, ComplainsInDynamoDbsOrder) {
  const std::string not_here = "The function is not allowed in an update expression; function: ";
  expect_complaints(
      Kind::update,
      {
          // Parentheses, then functions and reserved words in order of the text, then sections.
          {"SET b = ((c)) SET name = foo(c)", redundant},
          {"SET b = ((c + :n))", redundant},
          {"SET b = foo(c) SET c = :s", "Invalid function name; function: foo"},
          {"SET b = Foo(b) + name", "Invalid function name; function: Foo"},
          {"SET name = :s, b = size(c)", reserved("name")},
          {"SET b = size(c), name = :s", not_here + "size"},
          {"SET b = attribute_exists(:zz)", not_here + "attribute_exists"},
          {"SET b = contains(b, c)", not_here + "contains"},
          {"SET b = if_not_exists(c, size(d))", not_here + "size"},
          {"SET b = :n + list_append(c,d)", misused("list_append")},
          {"SET b = list_append(b,c) + :n", misused("list_append")},
          {"SET b = list_append(list_append(b,c), :l)", misused("list_append")},
          {"SET b = if_not_exists(c, list_append(d,e))", misused("list_append")},
          {"SET b = :s SET name = :s", reserved("name")},
          {"SET b = :s SET c = :s",
           "The \"SET\" section can only be used once in an update expression;"},
          {"REMOVE b REMOVE c",
           "The \"REMOVE\" section can only be used once in an update expression;"},
          {"ADD b :n SET c = :s ADD c :n",
           "The \"ADD\" section can only be used once in an update expression;"},
          {"DELETE b :ss DELETE c :ss",
           "The \"DELETE\" section can only be used once in an update expression;"},
          {"SET b = :zz SET c = :s",
           "The \"SET\" section can only be used once in an update expression;"},
          // The names of what is changed, then clashes between them, then operands, then their
          // types.
          {"SET b = :zz, #z = :s", no_name("#z")},
          {"ADD b :zz REMOVE #z", no_name("#z")},
          {"SET b = :s, b = :zz", clash("overlap", "[b]", "[b]")},
          {"SET b = if_not_exists(:s, c), b = :s", clash("overlap", "[b]", "[b]")},
          {"SET b = #z + :zz", no_name("#z")},
          // From the last action to the first.
          {"REMOVE #y, #z", no_name("#z")},
          {"REMOVE #y, b, b", clash("overlap", "[b]", "[b]")},
          {"REMOVE b, b, #y", no_name("#y")},
          {"SET b = :zz, c = :yy", no_value(":yy")},
          {"SET b = :zz, c = if_not_exists(d)", count_of("if_not_exists", 1)},
          {"SET c = :zz ADD b :s", section_type_of("ADD", "STRING")},
          {"ADD b :s, c :l", section_type_of("ADD", "LIST")},
          {"SET b = if_not_exists(c), c = :zz", no_value(":zz")},
          {"SET b = list_append(:s, :zz)", no_value(":zz")},
          {"SET b = if_not_exists(c)", count_of("if_not_exists", 1)},
          {"SET b = if_not_exists(:s, :s, :s)", count_of("if_not_exists", 3)},
          {"SET b = if_not_exists(:s, c)",
           "Operator or function requires a document path; operator or function: if_not_exists"},
          {"SET b = if_not_exists(if_not_exists(c,d), :s)",
           "Operator or function requires a document path; operator or function: if_not_exists"},
          {"SET b = if_not_exists(c, c)", same("if_not_exists", "[c]")},
          {"SET b = list_append(b)", count_of("list_append", 1)},
          {"SET b = list_append(b, :s)", type_of("list_append", "S")},
          {"SET b = list_append(:s, b)", type_of("list_append", "S")},
          {"SET b = :s + :n", type_of("+", "S")},
          {"SET b = c - :o", type_of("-", "BOOL")},
          {"SET b = if_not_exists(c, :s) + :s", type_of("+", "S")},
          {"ADD b :s", section_type_of("ADD", "STRING")},
          {"ADD b :l", section_type_of("ADD", "LIST")},
          {"ADD b :map", section_type_of("ADD", "MAP")},
          {"ADD b :o", section_type_of("ADD", "BOOLEAN")},
          {"ADD b :u", section_type_of("ADD", "NULL")},
          {"ADD b :b", section_type_of("ADD", "BINARY")},
          {"DELETE b :n", section_type_of("DELETE", "NUMBER")},
          {"DELETE b :s", section_type_of("DELETE", "STRING")},
      });
}

TEST(BindUpdate, RefusesPathsThatClash) {
  expect_complaints(
      Kind::update,
      {
          {"SET b = :s REMOVE b", clash("overlap", "[b]", "[b]")},
          {"SET b = :s, b.c = :s", clash("overlap", "[b]", "[b, c]")},
          {"SET b.c = :s, b = :s", clash("overlap", "[b, c]", "[b]")},
          {"SET b[0].c = :s REMOVE b[0]", clash("overlap", "[b, [0], c]", "[b, [0]]")},
          {"SET b[0] = :s, b.c = :s", clash("conflict", "[b, [0]]", "[b, c]")},
          {"SET b.c[0] = :s, b.c.d = :s", clash("conflict", "[b, c, [0]]", "[b, c, d]")},
          {"REMOVE b[1], b[1]", clash("overlap", "[b, [1]]", "[b, [1]]")},
          {"SET b = :s, c = :s, c = :s, b = :s", clash("overlap", "[c]", "[c]")},
          {"ADD b :n DELETE b :ss", clash("overlap", "[b]", "[b]")},
          {"REMOVE b.x, b[0], b", clash("overlap", "[b, [0]]", "[b]")},
          {"REMOVE b, b[0], b.c", clash("conflict", "[b, [0]]", "[b, c]")},
          {"REMOVE b.c, b.c.d, b.c.d.e", clash("overlap", "[b, c, d]", "[b, c, d, e]")},
      });
  EXPECT_EQ(complaint(Kind::update, "SET #x = :s, b = :s", named({{"#x", "b"}})),
            clash("overlap", "[b]", "[b]"));
}

TEST(BindProjection, RefusesWhatDynamoDbRefuses) {
  expect_complaints(Kind::projection, {
                                          {"b,c", ""},
                                          {"b.c[0].d, b.c[1], e", ""},
                                          {"a,A", ""},
                                          {"", "The expression can not be empty;"},
                                          {"b,", syntax("<EOF>", ",")},
                                          {"b c", syntax("c", "b c")},
                                          {",b", syntax(",", ",b")},
                                          {":s", syntax(":s", ":s")},
                                          {"(b)", syntax("(", "(b")},
                                          {"size(b)", syntax("(", "size(b")},
                                          {"set", syntax("set", "set")},
                                          {"b.[0]", syntax("[", ".[0")},
                                          {"b[]", syntax("]", "[]")},
                                          {"1b", syntax("1", "1b")},
                                          {"b$", syntax("$", "b$")},
                                          {"name", reserved("name")},
                                          {"b.#z", no_name("#z")},
                                          {"b, b", clash("overlap", "[b]", "[b]")},
                                          {"b.c, b", clash("overlap", "[b, c]", "[b]")},
                                          {"b[0], b.c", clash("conflict", "[b, [0]]", "[b, c]")},
                                          {"b[0],b[1]", ""},
                                      });
  EXPECT_EQ(complaint(Kind::projection, "#x,#y", named({{"#x", "b.c"}, {"#y", "b"}})), "");
}

// ---- names and values ----

std::string start(std::optional<std::string> update, std::optional<std::string> condition,
                  const Names& names, const Values& values) {
  Binder binder(names, values);
  const auto started = binder.start({{Kind::update, update}, {Kind::condition, condition}});
  return started ? "" : started.error().message();
}

TEST(Binder, RefusesNamesAndValuesWithoutAnExpressionToUseThem) {
  EXPECT_EQ(start({}, {}, Names(std::in_place), {}),
            "ExpressionAttributeNames can only be specified when using expressions");
  EXPECT_EQ(start({}, {}, {}, Item{{":a", 1}}),
            "ExpressionAttributeValues can only be specified when using expressions: "
            "UpdateExpression and ConditionExpression are null");
  EXPECT_EQ(start("SET b = :a", {}, {}, Item{{":a", 1}}), "");
  EXPECT_EQ(start({}, "b = :a", {}, Item{{":a", 1}}), "");

  const std::optional<std::string> none;
  const std::optional<std::string> projection = "b";
  const Values values = Item{{":a", 1}};
  Binder scan({}, values);
  EXPECT_EQ(scan.start({{Kind::filter, none}, {Kind::projection, projection}}).error().message(),
            "ExpressionAttributeValues can only be specified when using expressions: "
            "FilterExpression is null");
  Binder query({}, values);
  EXPECT_EQ(
      query
          .start(
              {{Kind::filter, none}, {Kind::projection, projection}, {Kind::key_condition, none}})
          .error()
          .message(),
      "ExpressionAttributeValues can only be specified when using expressions: "
      "FilterExpression and KeyConditionExpression are null");
}

TEST(Binder, RefusesEmptyMapsAndKeysThatAreNoPlaceholders) {
  const auto with = [](const Names& names, const Values& values) {
    return start({}, "b = c", names, values);
  };
  EXPECT_EQ(with(Names(std::in_place), {}), "ExpressionAttributeNames must not be empty");
  EXPECT_EQ(with({}, Item{}), "ExpressionAttributeValues must not be empty");
  EXPECT_EQ(with(Names(std::in_place), Item{}), "ExpressionAttributeNames must not be empty");
  EXPECT_EQ(with(named({{"#a", "b"}}), Item{}), "ExpressionAttributeValues must not be empty");
  for (const std::string key : {"a", "#", "#a-b", ":a", "# a", "#\xc3\xa9"}) {
    EXPECT_EQ(with(named({{key, "b"}}), {}),
              "ExpressionAttributeNames contains invalid key: Syntax error; key: \"" + key + "\"");
  }
  for (const std::string key : {"a", ":", ":a.b", "#a"}) {
    EXPECT_EQ(with({}, Item{{key, 1}}),
              "ExpressionAttributeValues contains invalid key: Syntax error; key: \"" + key + "\"");
  }
  EXPECT_EQ(with(named({{"#" + std::string(254, 'a'), "b"}}), {}), "");
  EXPECT_EQ(with(named({{"#" + std::string(255, 'a'), "b"}}), {}),
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains "
            "a key that is too long; size of key: 256");
  EXPECT_EQ(with({}, Item{{":" + std::string(255, 'a'), 1}}),
            "ExpressionAttributeValues contains invalid key: The expression attribute map contains "
            "a key that is too long;");
  EXPECT_EQ(with(named({{"#a", ""}}), {}),
            "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a");
  EXPECT_EQ(with(named({{"#a", std::string(65535, 'a')}}), {}), "");
  EXPECT_EQ(with(named({{"#a", std::string(65536, 'a')}}), {}),
            "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be "
            "less than 65536 bytes for key #a");
}

TEST(Binder, RefusesValuesThatCannotBe) {
  EXPECT_EQ(start({}, "b = :a", {}, Item{{":a", StringSet{}}}),
            "ExpressionAttributeValues contains invalid value: One or more parameter values were "
            "invalid: An string set  may not be empty for key :a");
  EXPECT_EQ(start({}, "b = :a", {}, ItemAccess::refused({.attribute = ":x", .message = "No"})),
            "ExpressionAttributeValues contains invalid value: No for key :x");
  EXPECT_EQ(start({}, "b = :a", {}, ItemAccess::refused({.attribute = "x", .message = "No"})),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"x\"");
}

TEST(Binder, RefusesWhatNoExpressionUsedNamesFirst) {
  const Names names = named({{"#y", "c"}, {"#z", "b"}});
  const Values values = Item{{":y", 1}, {":z", 2}};
  const std::optional<std::string> update = "SET d = :y";
  const std::optional<std::string> condition = "#z = :y";
  Binder binder(names, values);
  ASSERT_TRUE(binder.start({{Kind::update, update}, {Kind::condition, condition}}));
  ASSERT_TRUE(bind_update(binder, *update));
  EXPECT_EQ(binder.finish().error().message(),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#y, #z}");
  ASSERT_TRUE(bind_condition(binder, Kind::condition, *condition));
  EXPECT_EQ(binder.finish().error().message(),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#y}");
  ASSERT_TRUE(bind_condition(binder, Kind::condition, "#y = :y"));
  EXPECT_EQ(binder.finish().error().message(),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:z}");
  ASSERT_TRUE(bind_condition(binder, Kind::condition, "b = :z"));
  EXPECT_TRUE(binder.finish());
}

TEST(Bound, TellsTheTopLevelAttributesItIsAbout) {
  using testing::ElementsAre;
  const Names names = named({{"#n", "name"}});
  Binder binder(names, some_values);
  const std::optional<std::string> given = "x";
  ASSERT_TRUE(binder.start({{Kind::condition, given}}));
  EXPECT_THAT(
      bind_condition(binder, Kind::filter, "c.d = :s or size(#n) > :n or c = b")->attributes(),
      ElementsAre("b", "c", "name"));
  EXPECT_THAT(bind_update(binder, "SET z.y = c REMOVE #n ADD b :n")->attributes(),
              ElementsAre("b", "name", "z"));
  EXPECT_THAT(bind_projection(binder, "c.d, c.e, a")->attributes(), ElementsAre("a", "c"));
}

TEST(Bound, TellsWhichAttributesItLooksInsideOf) {
  using testing::ElementsAre;
  const Names names = named({{"#n", "name"}});
  Binder binder(names, some_values);
  const std::optional<std::string> given = "x";
  ASSERT_TRUE(binder.start({{Kind::condition, given}}));
  EXPECT_THAT(
      bind_condition(binder, Kind::filter, "c.d = a or size(#n[0]) > :n or b = c[1]")->documents(),
      ElementsAre("c", "name"));
  EXPECT_THAT(bind_update(binder, "SET z.y = c.d, a = b REMOVE #n ADD e[0] :n")->documents(),
              ElementsAre("c", "e", "z"));
  EXPECT_THAT(bind_projection(binder, "c.d, c.e, a")->documents(), ElementsAre("c"));
}

}  // namespace
}  // namespace dynakeep::expression
