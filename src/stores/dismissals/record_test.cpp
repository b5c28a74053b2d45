#include "stores/dismissals/record.h"

#include <string>

#include <gtest/gtest.h>

#include "dynakeep/iso_time.h"

namespace dynakeep::dismissals {
namespace {

const DismissalTime now = std::chrono::sys_days(std::chrono::year(2024) / 6 / 1);
const AttributeValue created = "2024-01-15T10:30:00.000Z";
constexpr std::int64_t millis = 1705320000123;  // 2024-01-15T12:00:00.123Z

Item stored(AttributeMap more) {
  more.emplace(user_attribute, "u");
  more.emplace(id_attribute, "i");
  return Item(std::move(more));
}

// "2024-…Z", "active", "expired", or "malformed".
std::string dismissed_as(AttributeMap more) {
  more.emplace(created_attribute, created);
  const auto read = read_record(stored(std::move(more)), now);
  if (!read) return read.error().code() == ErrorCode::malformed_item ? "malformed" : "?";
  if (!*read) return "expired";
  return (*read)->dismissed_at ? to_iso(*(*read)->dismissed_at) : "active";
}
std::string dismissed_as(const AttributeValue& value) {
  return dismissed_as(AttributeMap{{dismissed_attribute, value}});
}

std::string created_as(const AttributeValue& value) {
  const auto read = read_record(stored({{created_attribute, value}}), now);
  return read ? to_iso((*read)->created_at) : "malformed";
}

TEST(DismissalRecord, IsReadWhateverFormItsDismissalHas) {
  EXPECT_EQ(dismissed_as(AttributeMap{}), "active");
  EXPECT_EQ(dismissed_as(nullptr), "active");
  EXPECT_EQ(dismissed_as(""), "active");
  EXPECT_EQ(dismissed_as(0), "active");
  EXPECT_EQ(dismissed_as(false), "active");
  EXPECT_EQ(dismissed_as("2024-01-15T12:00:00.000Z"), "2024-01-15T12:00:00.000Z");
  EXPECT_EQ(dismissed_as(millis), "2024-01-15T12:00:00.123Z");
  EXPECT_EQ(dismissed_as(Number::parse("1705320000123.9").value()), "2024-01-15T12:00:00.123Z");
}

TEST(DismissalRecord, IsMalformedWhereItsDismissalIsNoTime) {
  for (const AttributeValue& value :
       {AttributeValue("yesterday"), AttributeValue(true), AttributeValue(AttributeMap{}),
        AttributeValue(AttributeList{}), AttributeValue(Binary("x")),
        AttributeValue(StringSet{"2024-01-15"}), AttributeValue("2024-13-45T10:30:00.000Z"),
        AttributeValue(Number::parse("1e20").value())}) {
    EXPECT_EQ(dismissed_as(value), "malformed") << value;
  }
}

TEST(DismissalRecord, ItsTimesAreReadLenientlyAndCut) {
  for (const auto& [text, normal] : std::vector<std::pair<std::string, std::string>>{
           {"2024-01-15T10:30:00.000Z", "2024-01-15T10:30:00.000Z"},
           {"2024-01-15", "2024-01-15T00:00:00.000Z"},
           {"2024-01", "2024-01-01T00:00:00.000Z"},
           {"2024", "2024-01-01T00:00:00.000Z"},
           {"2024-01-15T10:30:00Z", "2024-01-15T10:30:00.000Z"},
           {"2024-01-15T10:30Z", "2024-01-15T10:30:00.000Z"},
           {"2024-01-15T10:30:00", "2024-01-15T10:30:00.000Z"},
           {"2024-01-15T10:30:00+02:00", "2024-01-15T08:30:00.000Z"},
           {"2024-01-15T10:30:00.123-02:00", "2024-01-15T12:30:00.123Z"},
           {"2024-01-15T10:30:00.123999Z", "2024-01-15T10:30:00.123Z"},
           {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"}}) {
    EXPECT_EQ(created_as(text), normal) << text;
  }
  EXPECT_EQ(created_as(millis), "2024-01-15T12:00:00.123Z");
  EXPECT_EQ(created_as(0), "1970-01-01T00:00:00.000Z");
}

TEST(DismissalRecord, IsMalformedWhereItsCreationIsNoTime) {
  for (const AttributeValue& value :
       {AttributeValue(""), AttributeValue("T"), AttributeValue("now"), AttributeValue(nullptr),
        AttributeValue(true), AttributeValue("2024-02-30"),
        AttributeValue("9999-12-31T23:59-01:00"),
        AttributeValue(Number::parse("-1e120").value())}) {
    EXPECT_EQ(created_as(value), "malformed") << value;
  }
  const auto read = read_record(stored({}), now);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(),
            "Item with id \"i\" of user \"u\" cannot be read: createdAt is no date-time");
}

TEST(DismissalRecord, ASnoozeEndsTheDismissal) {
  const auto snoozed = [](const char* at, const char* until) {
    return dismissed_as(AttributeMap{{dismissed_attribute, at}, {until_attribute, until}});
  };
  EXPECT_EQ(snoozed("2024-05-01", "2024-06-01T00:00:00.001Z"), "2024-05-01T00:00:00.000Z");
  EXPECT_EQ(snoozed("2024-05-01", "2024-06-01T00:00:00.000Z"), "active");
  // Of a dismissal before this one.
  EXPECT_EQ(snoozed("2024-05-01", "2024-04-01"), "2024-05-01T00:00:00.000Z");
  EXPECT_EQ(snoozed("2024-05-01", "someday"), "2024-05-01T00:00:00.000Z");
}

TEST(DismissalRecord, IsNotThereOnceItHasExpired) {
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto expiring = [](const AttributeValue& value) {
    return dismissed_as(AttributeMap{{expires_attribute, value}});
  };
  EXPECT_EQ(expiring(seconds), "expired");
  EXPECT_EQ(expiring(seconds + 1), "active");
  EXPECT_EQ(expiring(Number::parse(std::to_string(seconds) + ".5").value()), "active");
  // Others may use the name for something else.
  for (const AttributeValue& value :
       {AttributeValue(0), AttributeValue(-5), AttributeValue("2020-01-01"),
        AttributeValue(Number::parse("1e100").value()), AttributeValue(seconds * 1000)}) {
    EXPECT_EQ(expiring(value), "active") << value;
  }
  // However malformed it is otherwise.
  const auto read = read_record(stored({{expires_attribute, seconds}}), now);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, std::nullopt);
}

TEST(DismissalRecord, IsWrittenAsUpstreamWritesIt) {
  Dismissible item{.user_id = "user-123", .item_id = "welcome-banner-v2"};
  item.created_at =
      std::chrono::floor<std::chrono::milliseconds>(parse_iso("2024-01-15T10:30:00.000Z").value());
  Item expected{{"userId", "user-123"},
                {"id", "welcome-banner-v2"},
                {"createdAt", "2024-01-15T10:30:00.000Z"},
                {"dismissedAt", nullptr}};
  EXPECT_EQ(to_record(item), expected);
  item.dismissed_at = item.created_at + std::chrono::minutes(90);
  expected["dismissedAt"] = "2024-01-15T12:00:00.000Z";
  EXPECT_EQ(to_record(item), expected);

  item.dismissed_until = now + std::chrono::hours(1);
  item.expires_at = now + std::chrono::hours(2);
  item.dismiss_count = 1;
  expected["dismissedUntil"] = "2024-06-01T01:00:00.000Z";
  expected["expiresAt"] = 1717207200;
  expected["dismissCount"] = 1;
  EXPECT_EQ(to_record(item), expected);
  EXPECT_EQ(read_record(to_record(item), now).value(), item);
}

}  // namespace
}  // namespace dynakeep::dismissals
