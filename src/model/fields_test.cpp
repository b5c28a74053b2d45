#include "dynakeep/fields.h"

#include <cmath>

#include <gtest/gtest.h>

namespace dynakeep {

namespace shop {

enum class Colour { red, blue };

struct Line {
  std::string sku = {};
  std::int64_t quantity = 0;
  std::optional<std::string> note = {};

  static void fields(auto& self, auto&& field) {
    field("sku", self.sku);
    field("quantity", self.quantity, 1);
    field("note", self.note);
  }
  friend bool operator==(const Line&, const Line&) = default;
};

struct Order {
  bool gift = false;
  std::uint8_t floor = 0;
  double total = 0;
  Number exact = {};
  Binary seal = {};
  AttributeValue anything = {};
  Colour colour = Colour::red;
  std::vector<Line> lines = {};
  std::vector<std::optional<int>> ratings = {};
  std::map<std::string, std::int64_t> stock = {};
  std::optional<Line> free = {};

  static void fields(auto& self, auto&& field) {
    field("gift", self.gift);
    field("floor", self.floor);
    field("total", self.total);
    field("exact", self.exact);
    field("seal", self.seal);
    field("anything", self.anything);
    field("colour", self.colour);
    field("lines", self.lines);
    field("ratings", self.ratings);
    field("stock", self.stock);
    field("free", self.free);
  }
  friend bool operator==(const Order&, const Order&) = default;
};

Order order() {
  return {.gift = true,
          .floor = 3,
          .total = 19.5,
          .exact = Number::parse("12345678901234567890.5").value(),
          .seal = Binary("\x01"),
          .anything = AttributeList{nullptr},
          .colour = Colour::blue,
          .lines = {{.sku = "A-1", .quantity = 2, .note = "red"}, {.sku = "B-7", .quantity = 1}},
          .ratings = {5, std::nullopt},
          .stock = {{"A-1", 7}},
          .free = std::nullopt};
}

}  // namespace shop

template <>
struct AttributeTraits<shop::Colour> {
  static Result<AttributeValue> to_attribute(const shop::Colour& colour) {
    return AttributeValue(colour == shop::Colour::red ? "red" : "blue");
  }
  static Result<shop::Colour> from_attribute(const AttributeView& view) {
    if (view.text() == "red") return shop::Colour::red;
    if (view.text() == "blue") return shop::Colour::blue;
    return Error(ErrorCode::serialization, "no such colour");
  }
};

namespace {

AttributeValue stored_order() { return to_attribute(shop::order()).value(); }

std::string message_for(const AttributeValue& value) {
  const auto read = from_attribute<shop::Order>(value);
  return read ? "" : read.error().message();
}

TEST(Fields, AStructIsKeptAsAMapOfItsFields) {
  EXPECT_EQ(
      stored_order(),
      AttributeValue(AttributeMap{
          {"gift", true},
          {"floor", 3},
          {"total", Number::parse("19.5").value()},
          {"exact", Number::parse("12345678901234567890.5").value()},
          {"seal", Binary("\x01")},
          {"anything", AttributeList{nullptr}},
          {"colour", "blue"},
          {"lines", AttributeList{AttributeMap{{"sku", "A-1"}, {"quantity", 2}, {"note", "red"}},
                                  AttributeMap{{"sku", "B-7"}, {"quantity", 1}}}},
          {"ratings", AttributeList{5, nullptr}},
          {"stock", AttributeMap{{"A-1", 7}}}}));
}

TEST(Fields, WhatWasWrittenIsReadBack) {
  const auto read = from_attribute<shop::Order>(stored_order());
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, shop::order());
}

TEST(Fields, MembersNotListedAreLeftAsideAndFallbacksStandIn) {
  const AttributeValue stored = AttributeMap{{"sku", "A-1"}, {"later", true}, {"note", nullptr}};
  const auto read = from_attribute<shop::Line>(stored);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, (shop::Line{.sku = "A-1", .quantity = 1}));
}

TEST(Fields, AnErrorNamesTheMember) {
  AttributeValue order = stored_order();
  order.as_map()["lines"].as_list()[0].as_map()["quantity"] = "two";
  EXPECT_EQ(message_for(order), "the member lines.quantity should be of type N, but is of type S");
  order.as_map().erase("lines");
  EXPECT_EQ(message_for(order), "the member lines is missing");
  order = stored_order();
  order.as_map()["floor"] = 256;
  EXPECT_EQ(message_for(order), "the member floor is a number that its type cannot hold: 256");
  order.as_map()["floor"] = Number::parse("1.5").value();
  EXPECT_EQ(message_for(order), "the member floor is a number that its type cannot hold: 1.5");
  order = stored_order();
  order.as_map()["colour"] = "green";
  EXPECT_EQ(message_for(order), "the member colour is refused: no such colour");
  EXPECT_EQ(message_for("text"), "the value should be of type M, but is of type S");
}

TEST(Fields, ADoubleThatIsNoNumberIsRefused) {
  shop::Order order = shop::order();
  order.total = std::nan("");
  const auto written = to_attribute(order);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::validation);
  EXPECT_EQ(written.error().message().rfind("the member total is refused: ", 0), 0u);
}

}  // namespace
}  // namespace dynakeep
