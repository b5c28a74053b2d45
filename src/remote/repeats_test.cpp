#include "remote/repeats.h"

#include <string>

#include <gtest/gtest.h>

namespace dynakeep::remote {
namespace {

Repeats of_update(const std::string& expression) {
  return repeats_of(UpdateItemRequest{.update_expression = expression});
}

TEST(Repeats, OfAnUpdateThatSaysWhatAttributesShallBeAreSafe) {
  for (const std::string expression :
       {"SET a = :v", "set a=:v", "SET a = :v, #b = :w", "SET a.b.#c = :v",
        "SET a = if_not_exists(a, :v)", "SET #a.b = if_not_exists ( #a.b , :v )", "REMOVE a",
        "REMOVE a, b.c, #d", "DELETE tags :gone", "DELETE a :x, #b :y",
        "SET a = :v REMOVE b DELETE c :v", "REMOVE b\n\tSET a = :v\r\n  "}) {
    EXPECT_EQ(of_update(expression), Repeats::safe) << expression;
  }
  EXPECT_EQ(repeats_of(UpdateItemRequest{}), Repeats::safe);  // makes the item, or does nothing
}

TEST(Repeats, OfAnUpdateThatSaysHowAttributesShallChangeAreNever) {
  for (const std::string expression :
       {"SET a = a + :v", "SET a = :v + a", "SET a = :v - :w", "ADD a :v", "add a :v",
        "SET a = list_append(a, :v)", "SET a = list_append(:v, a)", "SET a = :v ADD b :w",
        "SET a = if_not_exists(a, :v) + :w", "SET a = :v, b = b + :w",
        // Another attribute may have been changed by the first.
        "SET a = b", "SET a = a", "SET a = if_not_exists(b, :v)", "SET a = if_not_exists(a, b)",
        "SET a = if_not_exists(a.b, :v)",
        // Past the end of a list a SET appends; a REMOVE moves the others.
        "SET a[0] = :v", "SET a[7].b = :v", "SET a.b[1] = :v", "REMOVE a[0]", "REMOVE a, b[1]",
        "SET a = if_not_exists(a[0], :v)"}) {
    EXPECT_EQ(of_update(expression), Repeats::never) << expression;
  }
}

TEST(Repeats, OfAnUpdateThatIsNotUnderstoodAreNever) {
  for (const std::string expression : {"",
                                       " ",
                                       "SET",
                                       "SET a",
                                       "SET a =",
                                       "SET a = :",
                                       "SET = :v",
                                       "SET a = :v,",
                                       "SET a = :v b",
                                       "SET a. = :v",
                                       "SET .a = :v",
                                       "SET a = f(a, :v)",
                                       "SET a = (:v)",
                                       "REMOVE",
                                       "REMOVE a b",
                                       "DELETE a",
                                       "DELETE a b",
                                       "DELETE a :v :w",
                                       "SET a = :v;",
                                       "SETa = :v",
                                       "UPSERT a = :v",
                                       "SET a = if_not_exists(a, :v",
                                       "SET a = if_not_exists a, :v",
                                       "SET # = :v",
                                       "SET a = :v\x01",
                                       "SET \xc3\xa9 = :v"}) {
    EXPECT_EQ(of_update(expression), Repeats::never) << expression;
  }
}

TEST(Repeats, AreNeverIfTheAnswerTellsTheFirstTimeFromTheSecond) {
  const auto update = [](ReturnValues asked) {
    return repeats_of(UpdateItemRequest{.update_expression = "SET a = :v", .return_values = asked});
  };
  EXPECT_EQ(update(ReturnValues::none), Repeats::safe);
  EXPECT_EQ(update(ReturnValues::all_new), Repeats::safe);
  EXPECT_EQ(update(ReturnValues::updated_new), Repeats::safe);
  EXPECT_EQ(update(ReturnValues::all_old), Repeats::never);
  EXPECT_EQ(update(ReturnValues::updated_old), Repeats::never);
  EXPECT_EQ(repeats_of(PutItemRequest{}), Repeats::safe);
  EXPECT_EQ(repeats_of(PutItemRequest{.return_values = ReturnValues::all_old}), Repeats::never);
  EXPECT_EQ(repeats_of(DeleteItemRequest{}), Repeats::safe);
  EXPECT_EQ(repeats_of(DeleteItemRequest{.return_values = ReturnValues::all_old}), Repeats::never);
}

}  // namespace
}  // namespace dynakeep::remote
