#include "dynakeep/item.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "model/encoded_item.h"

namespace dynakeep {
namespace {

Item song() {
  return Item{{"artist", "Nina"},
              {"plays", 12},
              {"live", true},
              {"note", nullptr},
              {"cover", Binary("\x01\x02")},
              {"tags", StringSet{"soul", "jazz"}},
              {"years", NumberSet{1965, 1958}},
              {"blobs", BinarySet{Binary("b"), Binary("a")}},
              {"tracks", AttributeList{1, "two", AttributeList{}}},
              {"home", AttributeMap{{"city", "Tryon"}}}};
}

Item encoded(const Item& item) {
  std::string scratch;
  return ItemAccess::from_encoded(std::string(ItemAccess::encoded(item, scratch)));
}

TEST(Item, IsWrittenAsAPersonWouldAndRead) {
  const Item item = song();
  EXPECT_EQ(item.size(), 10u);
  EXPECT_EQ(item.at("artist").as_string(), "Nina");
  EXPECT_EQ(item.at("plays").as_number(), Number(12));
  EXPECT_TRUE(item.at("live").as_bool());
  EXPECT_TRUE(item.at("note").is_null());
  EXPECT_EQ(item.at("home").as_map().at("city"), AttributeValue("Tryon"));
  EXPECT_EQ(item.find("genre"), nullptr);
}

TEST(Item, ChangesAndCopiesAreIndependent) {
  for (Item item : {song(), encoded(song())}) {
    const Item copy = item;
    item["plays"] = 13;
    EXPECT_TRUE(item.erase("live"));
    EXPECT_FALSE(item.erase("live"));
    EXPECT_EQ(copy, song());
    EXPECT_EQ(item.at("plays"), AttributeValue(13));
    EXPECT_EQ(item.size(), 9u);
    const Item moved = std::move(item);
    EXPECT_EQ(moved.size(), 9u);
  }
}

TEST(Item, IsTheSameEncodedOrNot) {
  EXPECT_EQ(encoded(song()), song());
  EXPECT_EQ(encoded(song()), encoded(song()));
  EXPECT_EQ(encoded(song()).size(), 10u);
  EXPECT_EQ(encoded(Item{}), Item{});
  Item other = song();
  other["plays"] = 11;
  EXPECT_NE(encoded(other), encoded(song()));
}

TEST(Item, IsMeasuredAsDynamoDBDoes) {
  // Names and text by their bytes; a map takes 3 and each member 1 more.
  const Item item{{"name", "Nina"}, {"home", AttributeMap{{"city", "Tryon"}}}};
  EXPECT_EQ(stored_bytes(item).value(), (4u + 4u) + (4u + 3u + 1u + 4u + 5u));
  EXPECT_EQ(stored_bytes(encoded(item)).value(), stored_bytes(item).value());
  EXPECT_EQ(stored_bytes(Item{}).value(), 0u);
  const auto refused = stored_bytes(Item{{"text", AttributeList{"\xFF"}}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::validation);
}

TEST(Item, OneConstItemIsReadByManyThreadsAtOnce) {
  const Item item = encoded(song());
  std::vector<std::jthread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&item] { EXPECT_EQ(item.at("artist").as_string(), "Nina"); });
  }
}

TEST(Item, SaysWhatCannotBeStored) {
  const auto refusal = ItemAccess::refusal(Item{{"a", 1}, {"b", AttributeList{StringSet{}}}});
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->attribute, "b");
  EXPECT_EQ(refusal->message,
            "One or more parameter values were invalid: An string set  may not be empty");
  for (const Item& item :
       {Item{{"a", "\xFF"}}, Item{{"\xFF", 1}}, Item{{"a", StringSet{"\xC0\x80"}}},
        Item{{"a", AttributeMap{{"\xED\xA0\x80", 1}}}}}) {
    EXPECT_TRUE(ItemAccess::refusal(item).has_value());
  }
  EXPECT_FALSE(ItemAccess::refusal(song()).has_value());
  EXPECT_FALSE(ItemAccess::refusal(encoded(song())).has_value());
  const Item refused = ItemAccess::refused({.attribute = ":v", .message = "no"});
  EXPECT_EQ(ItemAccess::refusal(refused)->attribute, ":v");
  EXPECT_EQ(ItemAccess::refusal(refused)->message, "no");
  EXPECT_TRUE(refused.empty());
}

TEST(Item, NestsThirtyTwoLevelsAndNoMore) {
  AttributeValue value = 1;
  for (int i = 0; i < 31; ++i) value = AttributeList{value};
  EXPECT_FALSE(ItemAccess::refusal(Item{{"a", value}}).has_value());
  EXPECT_TRUE(ItemAccess::refusal(Item{{"a", AttributeList{value}}}).has_value());
}

TEST(EncodedItem, HasTheBytesOfTheFormatPage) {
  std::string scratch;
  EXPECT_EQ(base::to_hex(ItemAccess::encoded(Item{}, scratch)), "0100");
  EXPECT_EQ(base::to_hex(ItemAccess::encoded(Item{{"plays", 12}, {"artist", "Nina"}}, scratch)),
            "0102"
            "06617274697374"  // 6 "artist"
            "01044e696e61"    // S, 4 bytes, "Nina"
            "05706c617973"    // 5 "plays"
            "020403830d00");  // N, 4 bytes, 12
  EXPECT_EQ(base::to_hex(ItemAccess::encoded(Item{{"a", AttributeList{true, nullptr}},
                                                  {"b", AttributeMap{{"c", StringSet{"y", "x"}}}}},
                                             scratch)),
            "0102"
            "0161"
            "0606"
            "02"
            "040101"
            "0500"
            "0162"
            "070a"
            "01"
            "0163"
            "0805"
            "02"
            "0178"
            "0179");
}

TEST(EncodedItem, TellsItsBytesFromOthers) {
  std::string scratch;
  const std::string bytes(ItemAccess::encoded(song(), scratch));
  EXPECT_TRUE(model::is_well_formed(bytes));
  EXPECT_FALSE(model::is_well_formed(bytes + "x"));
  EXPECT_FALSE(model::is_well_formed(""));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(model::is_well_formed(bytes.substr(0, i))) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      // What is taken for an item must be one: its decoding encodes to the same bytes.
      if (!model::is_well_formed(changed)) continue;
      EXPECT_EQ(model::encode(model::decode(changed)), changed);
    }
  }
}

TEST(EncodedItem, CountsBytesAsDynamoDBDoes) {
  const auto size = [](const AttributeValue& value) {
    std::string bytes;
    model::append_value(bytes, value);
    return model::size_of(model::ValueView(bytes));
  };
  EXPECT_EQ(size("Nina"), 4u);
  EXPECT_EQ(size("é"), 2u);
  EXPECT_EQ(size(0), 1u);
  EXPECT_EQ(size(12), 2u);
  EXPECT_EQ(size(123), 3u);
  EXPECT_EQ(size(-123), 4u);
  const auto number = [&](std::string_view text) { return size(*Number::parse(text)); };
  EXPECT_EQ(number("1.5"), 3u);  // 01 50
  EXPECT_EQ(number("-1.5"), 4u);
  EXPECT_EQ(number("12.5"), 3u);
  EXPECT_EQ(number("0.05"), 2u);
  EXPECT_EQ(number("12e99"), 3u);
  EXPECT_EQ(number("1e100"), 2u);
  EXPECT_EQ(number("3.1415926535897932384626433832795028842"), 21u);
  EXPECT_EQ(size(true), 1u);
  EXPECT_EQ(size(nullptr), 1u);
  EXPECT_EQ(size(AttributeList{}), 3u);
  EXPECT_EQ(size(AttributeList{"ab", 1}), 3u + 1 + 2 + 1 + 2);
  EXPECT_EQ(size(AttributeMap{{"k", "v"}}), 3u + 1 + 1 + 1);
  EXPECT_EQ(size(StringSet{"ab", "c"}), 3u);
  std::string scratch;
  EXPECT_EQ(model::size_of(model::view_item(ItemAccess::encoded(Item{{"ab", "cd"}}, scratch))), 4u);
}

}  // namespace
}  // namespace dynakeep
