#include "dynakeep/attribute_view.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/encoded_item.h"

namespace dynakeep {
namespace {

Item song() {
  return Item{{"artist", "Nina"},
              {"plays", 12},
              {"rating", Number::parse("4.5").value()},
              {"live", true},
              {"note", nullptr},
              {"cover", Binary("\x01\x02")},
              {"tags", StringSet{"soul", "jazz"}},
              {"years", NumberSet{1965, 1958}},
              {"blobs", BinarySet{Binary("b"), Binary("a")}},
              {"empty", AttributeList{}},
              {"bare", AttributeMap{}},
              {"tracks", AttributeList{1, "two", AttributeList{3}}},
              {"home", AttributeMap{{"city", "Tryon"}, {"rooms", 7}}}};
}

// The same item in both of its states.
std::vector<Item> both() {
  std::string scratch;
  const Item plain = song();
  return {plain, ItemAccess::from_encoded(std::string(ItemAccess::encoded(plain, scratch)))};
}

TEST(AttributeView, ReadsEveryScalarOfAnItemInEitherState) {
  for (const Item& item : both()) {
    const AttributeView view(item);
    EXPECT_EQ(view["artist"].text(), "Nina");
    EXPECT_EQ(view["plays"].integer(), 12);
    EXPECT_EQ(view["plays"].number(), Number(12));
    EXPECT_EQ(view["rating"].number(), Number::parse("4.5").value());
    EXPECT_EQ(view["rating"].real(), 4.5);
    EXPECT_EQ(view["artist"].real(), std::nullopt);
    EXPECT_EQ(view["live"].boolean(), true);
    EXPECT_TRUE(view["note"].is_null());
    EXPECT_EQ(view["cover"].bytes(), "\x01\x02");
  }
}

TEST(AttributeView, OfAnotherTypeIsNothing) {
  for (const Item& item : both()) {
    const AttributeView view(item);
    EXPECT_EQ(view["plays"].text(), std::nullopt);
    EXPECT_EQ(view["artist"].integer(), std::nullopt);
    EXPECT_EQ(view["rating"].integer(), std::nullopt);  // a number, but no integer
    EXPECT_EQ(view["artist"].boolean(), std::nullopt);
    EXPECT_EQ(view["artist"].bytes(), std::nullopt);
    EXPECT_FALSE(view["artist"]["first"].exists());
    EXPECT_EQ(view["artist"].size(), 0u);
    EXPECT_EQ(view["tags"].size(), 0u);
  }
}

TEST(AttributeView, OfWhatIsNotThereIsOfNoType) {
  for (const Item& item : both()) {
    const AttributeView none = AttributeView(item)["genre"];
    EXPECT_FALSE(none.exists());
    EXPECT_EQ(none.type(), std::nullopt);
    EXPECT_FALSE(none.is_null());
    EXPECT_FALSE(none["deeper"].exists());
    EXPECT_EQ(none.text(), std::nullopt);
    EXPECT_EQ(none.begin(), none.end());
    EXPECT_EQ(none.value(), AttributeValue());
  }
}

TEST(AttributeView, WalksListsAndMapsInTheirOrder) {
  for (const Item& item : both()) {
    const AttributeView view(item);
    std::vector<AttributeValue> tracks;
    for (const auto& [name, value] : view["tracks"]) {
      EXPECT_EQ(name, "");
      tracks.push_back(value.value());
    }
    EXPECT_EQ(tracks, song().at("tracks").as_list());
    EXPECT_EQ(view["tracks"].size(), 3u);

    AttributeMap home;
    for (const auto& [name, value] : view["home"]) home.emplace(name, value.value());
    EXPECT_EQ(home, song().at("home").as_map());
    EXPECT_EQ(view["home"]["city"].text(), "Tryon");

    AttributeMap all;
    for (const auto& [name, value] : view) all.emplace(name, value.value());
    EXPECT_EQ(all, song().attributes());

    EXPECT_EQ(view["empty"].begin(), view["empty"].end());
    EXPECT_EQ(view["bare"].begin(), view["bare"].end());
    EXPECT_EQ(view["empty"].type(), AttributeType::list);
  }
}

TEST(AttributeView, FindsSeveralMembersInOneWalk) {
  for (const Item& item : both()) {
    const AttributeView view(item);
    const auto [tracks, none, artist] = view.members<3>({"tracks", "genre", "artist"});
    EXPECT_EQ(tracks.size(), 3u);
    EXPECT_FALSE(none.exists());
    EXPECT_EQ(artist.text(), "Nina");
    const auto many = view.members<12>({"artist", "plays", "rating", "live", "note", "cover",
                                        "tags", "years", "blobs", "empty", "bare", "home"});
    EXPECT_EQ(many[0].text(), "Nina");
    EXPECT_EQ(many[11]["city"].text(), "Tryon");
    for (const AttributeView& each : many) EXPECT_TRUE(each.exists());
    EXPECT_FALSE(artist.members<1>({"first"})[0].exists());
  }
}

TEST(AttributeView, TellsNamesOfEveryLengthApart) {
  for (std::size_t size = 1; size <= 20; ++size) {
    Item item;
    const std::string name(size, 'a');
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = name;
      other[at] = 'b';
      item[other] = static_cast<std::int64_t>(at);
    }
    std::string scratch;
    const Item held = ItemAccess::from_encoded(std::string(ItemAccess::encoded(item, scratch)));
    EXPECT_FALSE(AttributeView(held).members<1>({name})[0].exists()) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = name;
      other[at] = 'b';
      EXPECT_EQ(AttributeView(held).members<1>({other})[0].integer(),
                static_cast<std::int64_t>(at));
    }
  }
}

TEST(AttributeView, CopiesOutWhatItLooksAt) {
  for (const Item& item : both()) {
    const AttributeView view(item);
    EXPECT_EQ(view.value(), AttributeValue(song().attributes()));
    for (const auto& [name, value] : item) EXPECT_EQ(view[name].value(), value) << name;
  }
}

TEST(AttributeView, LooksAtAValueAsAtAnItem) {
  const AttributeValue text = "Nina";
  EXPECT_EQ(AttributeView(text).text(), "Nina");
  EXPECT_EQ(AttributeView(text).value(), text);
  const AttributeValue map = song().attributes();
  EXPECT_EQ(AttributeView(map)["home"]["rooms"].integer(), 7);
  const Item none;
  EXPECT_EQ(AttributeView(none).size(), 0u);
}

TEST(AttributeView, ReadsNumbersOfAnySizeAsTheirValuesDo) {
  for (const char* text : {"0",
                           "1",
                           "-1",
                           "10",
                           "12",
                           "-120",
                           "1.5",
                           "0.1",
                           "-0.0001",
                           "0.00001",
                           "123456789.125",
                           "9007199254740991",
                           "9007199254740993",
                           "-9007199254740993.5",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "9223372036854775808",
                           "100000000000000000",
                           "1000000000000000000",
                           "123456789012345678",
                           "1234567890123456789",
                           "12345678901234567890123456789012345678",
                           "1e22",
                           "1e23",
                           "1e125",
                           "-1e-130",
                           "12345678901234567.5",
                           "99999999999999999999e-10"}) {
    const Number number = Number::parse(text).value();
    const Item plain{{"n", number}};
    std::string scratch;
    const Item held = ItemAccess::from_encoded(std::string(ItemAccess::encoded(plain, scratch)));
    EXPECT_EQ(AttributeView(held)["n"].number(), number) << text;
    EXPECT_EQ(AttributeView(held)["n"].integer(), number.to_int64()) << text;
    EXPECT_EQ(AttributeView(held)["n"].real(), number.to_double()) << text;
    EXPECT_EQ(number.to_double(), std::strtod(text, nullptr)) << text;
  }
}

TEST(AttributeView, SeesNothingInAnItemThatCannotBe) {
  const Item refused = ItemAccess::refused({.attribute = "plays", .message = "no such number"});
  EXPECT_EQ(AttributeView(refused).size(), 0u);
  EXPECT_FALSE(AttributeView(refused)["plays"].exists());
}

}  // namespace
}  // namespace dynakeep
