#include "dynakeep/iso_time.h"
#include "stores/dismissals/dismissals_contract.h"

// What is in the table, and what is made of what others put there.
namespace dynakeep {
namespace {

using contract::item_id;
using contract::item_ids;
using contract::must;
using contract::refused;

class StoredDismissals : public contract::DismissalsContract {
 protected:
  Item stored(const AttributeValue& dismissed_at) {
    return Item{{"userId", "user-1"},
                {"id", "welcome-banner-v2"},
                {"createdAt", "2023-11-14T22:13:20.000Z"},
                {"dismissedAt", dismissed_at}};
  }
  // Engines of before 2020 do not.
  bool stores_empty_values() { return database().capabilities().empty_values; }
  std::optional<Item> raw() { return contract::DismissalsContract::raw("user-1", item_.text()); }
  void put(std::initializer_list<Item::value_type> more) {
    Item item{{"userId", "user-1"}, {"id", item_.text()}};
    for (const auto& [name, value] : more) item[name] = value;
    put_raw(item);
  }
};

// 12
TEST_P(StoredDismissals, AreUpstreamsToTheAttribute) {
  must(store().create(user_, item_));
  EXPECT_EQ(raw(), stored(nullptr));
  tick(std::chrono::milliseconds(1234));
  must(store().dismiss(user_, item_));
  EXPECT_EQ(raw(), stored("2023-11-14T22:13:21.234Z"));
  must(store().restore(user_, item_));
  EXPECT_EQ(raw(), stored(nullptr));
  must(store().update(user_, item_, now()));
  EXPECT_EQ(raw(), stored("2023-11-14T22:13:21.234Z"));
}

// 14: what a reader makes of each form, and what the two changes make of it.
TEST_P(StoredDismissals, ThatAreNotDismissedInAnyFormCanBeDismissedAndNotRestored) {
  std::vector<AttributeValue> forms{nullptr, 0, false};
  if (stores_empty_values()) forms.emplace_back("");
  for (const AttributeValue& none : forms) {
    put({{"createdAt", "2020-01-01T00:00:00.000Z"}, {"dismissedAt", none}});
    const auto before = raw();
    EXPECT_FALSE(must(store().get(user_, item_))->is_dismissed()) << none;
    refused(store().restore(user_, item_), ErrorCode::precondition_failed);
    EXPECT_EQ(raw(), before);
    EXPECT_EQ(must(store().dismiss(user_, item_)).item.dismissed_at, now()) << none;
    EXPECT_EQ(must(store().get(user_, item_))->dismissed_at, now());
  }
  put({{"createdAt", "2020-01-01T00:00:00.000Z"}});
  EXPECT_FALSE(must(store().get(user_, item_))->is_dismissed());
  refused(store().restore(user_, item_), ErrorCode::precondition_failed);
  must(store().dismiss(user_, item_));
}

// 14
TEST_P(StoredDismissals, ThatAreDismissedInAnyFormCanBeRestoredAndNotDismissed) {
  for (const AttributeValue& time :
       {AttributeValue("2020-02-01T00:00:00.000Z"), AttributeValue("2020-02-01"),
        AttributeValue("2020-02-01T02:00:00+02:00"), AttributeValue(1580515200000)}) {
    put({{"createdAt", "2020-01-01T00:00:00.000Z"}, {"dismissedAt", time}});
    const auto before = raw();
    EXPECT_EQ(must(store().get(user_, item_))->dismissed_at,
              DismissalTime(std::chrono::milliseconds(1580515200000)))
        << time;
    refused(store().dismiss(user_, item_), ErrorCode::precondition_failed);
    EXPECT_EQ(raw(), before);
    EXPECT_FALSE(must(store().restore(user_, item_)).item.is_dismissed()) << time;
    EXPECT_EQ(raw()->at("dismissedAt"), AttributeValue(nullptr));
  }
}

// 14
TEST_P(StoredDismissals, ThatWereCreatedInAnyFormKeepIt) {
  for (const AttributeValue& time :
       {AttributeValue("2020-01-01"), AttributeValue("2020-01-01T02:00:00+02:00"),
        AttributeValue(1577836800000)}) {
    put({{"createdAt", time}, {"dismissedAt", nullptr}});
    const DismissalTime created(std::chrono::milliseconds(1577836800000));
    EXPECT_EQ(must(store().create(user_, item_)).item.created_at, created) << time;
    EXPECT_EQ(must(store().dismiss(user_, item_)).item.created_at, created) << time;
    must(store().restore(user_, item_));
    EXPECT_EQ(raw()->at("createdAt"), time);
  }
}

// 14
TEST_P(StoredDismissals, ThatCannotBeReadAreRefusedAndStayAsTheyAre) {
  const AttributeValue created("2020-01-01T00:00:00.000Z");
  std::vector<std::pair<AttributeValue, AttributeValue>> malformed;
  for (const AttributeValue& value :
       {AttributeValue("never"), AttributeValue(true), AttributeValue(AttributeMap{}),
        AttributeValue(AttributeList{"2020-01-01"}), AttributeValue(StringSet{"2020-01-01"})}) {
    malformed.emplace_back(created, value);
    malformed.emplace_back(value, nullptr);
    malformed.emplace_back(value, created);
  }
  for (const char* text : {"not-a-time-but-as-long!!", "-000-01-01T00:00:00.000Z"}) {
    malformed.emplace_back(text, nullptr);
    malformed.emplace_back(text, created);
    malformed.emplace_back(created, text);
  }
  if (stores_empty_values()) malformed.emplace_back("", nullptr);
  malformed.emplace_back(nullptr, nullptr);
  malformed.emplace_back("0nce upon a time", nullptr);
  for (const auto& [created_at, dismissed_at] : malformed) {
    put({{"createdAt", created_at}, {"dismissedAt", dismissed_at}});
    const auto before = raw();
    const ErrorCode code = ErrorCode::malformed_item;
    refused(store().get(user_, item_), code);
    refused(store().get_many(user_, item_ids({item_.text()})), code);
    refused(store().create(user_, item_), code);
    refused(store().dismiss(user_, item_), code);
    refused(store().dismiss(user_, item_, {.idempotent = true, .create_missing = true}), code);
    refused(store().restore(user_, item_), code);
    refused(store().count(user_), code);
    refused(store().restore_all(user_), code);
    EXPECT_EQ(raw(), before) << created_at << dismissed_at;
  }
  put({});
  refused(store().dismiss(user_, item_), ErrorCode::malformed_item);
}

TEST_P(StoredDismissals, ThatCannotBeReadAreNamedInListsAndErased) {
  put({{"createdAt", "never"}});
  must(store().create(user_, item_id("good")));
  must(store().dismiss(user_, item_id("good")));
  const auto page = must(store().list(user_));
  EXPECT_EQ(contract::ids_of(page.items), std::vector<std::string>{"good"});
  EXPECT_EQ(page.malformed, std::vector<std::string>{item_.text()});
  // The others are restored nevertheless.
  refused(store().restore_all(user_), ErrorCode::malformed_item);
  EXPECT_FALSE(must(store().get(user_, item_id("good")))->is_dismissed());
  EXPECT_EQ(must(store().erase(user_)), 2u);
}

// 15
TEST_P(StoredDismissals, KeepWhatOthersAdded) {
  const AttributeMap note{{"by", "ops"}, {"tries", 3}, {"tags", StringSet{"a", "b"}}};
  put({{"createdAt", "2020-01-01T00:00:00.000Z"},
       {"dismissedAt", nullptr},
       {"ttl", 4102444800},
       {"note", note}});
  const auto before = raw();
  must(store().dismiss(user_, item_));
  EXPECT_EQ(raw()->at("ttl"), AttributeValue(4102444800));
  EXPECT_EQ(raw()->at("note"), AttributeValue(note));
  must(store().restore(user_, item_));
  EXPECT_EQ(raw(), before);
  must(store().create(user_, item_));
  EXPECT_EQ(raw(), before);
}

// Upstream's restoration leaves our dismissedUntil behind.
TEST_P(StoredDismissals, ASnoozeThatUpstreamLeftBehindDoesNotEndALaterDismissal) {
  const auto later = [&](int seconds) { return to_iso(now() + std::chrono::seconds(seconds)); };
  put({{"createdAt", later(-100)}, {"dismissedAt", nullptr}, {"dismissedUntil", later(10)}});
  EXPECT_FALSE(must(store().get(user_, item_))->is_dismissed());
  must(store().dismiss(user_, item_));
  EXPECT_FALSE(raw()->contains("dismissedUntil"));
  tick(std::chrono::seconds(20));
  EXPECT_TRUE(must(store().get(user_, item_))->is_dismissed());
}

TEST_P(StoredDismissals, AreWrittenWithoutWhatIsSwitchedOff) {
  must(store().create(user_, item_));
  must(store().dismiss(user_, item_));
  must(store().restore(user_, item_));
  EXPECT_EQ(raw()->size(), 4u);
}

TEST_P(StoredDismissals, OfSnoozesCountsAndExpiriesHaveTheirAttributes) {
  reopen({.expire_after = std::chrono::hours(1), .count_dismissals = true});
  must(store().create(user_, item_));
  EXPECT_EQ(raw()->at("expiresAt"), AttributeValue(1700003600));
  EXPECT_FALSE(raw()->contains("dismissCount"));
  tick();
  must(store().dismiss(user_, item_, {.until = now() + std::chrono::minutes(1)}));
  EXPECT_EQ(raw()->at("expiresAt"), AttributeValue(1700003601));
  EXPECT_EQ(raw()->at("dismissedUntil"), AttributeValue("2023-11-14T22:14:21.000Z"));
  EXPECT_EQ(raw()->at("dismissCount"), AttributeValue(1));
  must(store().count_showing(user_, item_));
  EXPECT_EQ(raw()->at("seenCount"), AttributeValue(1));
  must(store().restore(user_, item_));
  EXPECT_FALSE(raw()->contains("dismissedUntil"));
}

ON_EVERY_DISMISSAL_TABLE(StoredDismissals);

}  // namespace
}  // namespace dynakeep
