#include "stores/dismissals/dismissals_contract.h"

// Numbers in comments are those of the scenarios that every implementation of this table is to
// pass: docs/stores/dismissals.md names them.
namespace dynakeep {
namespace {

using contract::ids_of;
using contract::item_id;
using contract::item_ids;
using contract::must;
using contract::refused;
using contract::user_id;
using testing::ElementsAre;

class DismissalFlows : public contract::DismissalsContract {};

std::vector<bool> created(const std::vector<ObtainedDismissible>& all) {
  std::vector<bool> flags;
  for (const auto& each : all) flags.push_back(each.created);
  return flags;
}

std::vector<std::string> ids_of(const std::vector<ObtainedDismissible>& all) {
  std::vector<std::string> ids;
  for (const auto& each : all) ids.push_back(each.item.item_id);
  return ids;
}

// 1
TEST_P(DismissalFlows, TheFirstSightCreatesAndTheSecondFinds) {
  const auto first = must(store().get_or_create(user_, item_));
  EXPECT_EQ(first,
            (ObtainedDismissible{
                .item = {.user_id = "user-1", .item_id = "welcome-banner-v2", .created_at = now()},
                .created = true}));
  tick();
  EXPECT_EQ(must(store().get_or_create(user_, item_)), (ObtainedDismissible{.item = first.item}));
  EXPECT_EQ(must(store().create(user_, item_)), (ObtainedDismissible{.item = first.item}));
  EXPECT_EQ(must(store().get(user_, item_)), first.item);
}

TEST_P(DismissalFlows, WhatIsNotThereIsNothing) {
  EXPECT_EQ(must(store().get(user_, item_)), std::nullopt);
  EXPECT_TRUE(must(store().get_many(user_, item_ids({"a", "b"}))).empty());
  EXPECT_TRUE(must(store().get_many(user_, {})).empty());
  EXPECT_TRUE(must(store().create_many(user_, {})).empty());
}

// 2
TEST_P(DismissalFlows, ADismissalHasItsTimeAndKeepsThatOfTheCreation) {
  const auto first = must(store().create(user_, item_)).item;
  tick();
  const auto change = must(store().dismiss(user_, item_));
  EXPECT_EQ(change.item.created_at, first.created_at);
  EXPECT_EQ(change.item.dismissed_at, now());
  EXPECT_EQ(change.previous, first);
  EXPECT_TRUE(change.changed);
  tick();
  EXPECT_EQ(must(store().get(user_, item_)), change.item);
  EXPECT_EQ(must(store().create(user_, item_)), (ObtainedDismissible{.item = change.item}));
}

// 3
TEST_P(DismissalFlows, TheSecondDismissalIsRefusedAndTheFirstStands) {
  must(store().create(user_, item_));
  const auto first = must(store().dismiss(user_, item_)).item;
  tick();
  EXPECT_EQ(refused(store().dismiss(user_, item_), ErrorCode::precondition_failed).message(),
            "Item with id \"welcome-banner-v2\" is already dismissed");
  EXPECT_EQ(must(store().get(user_, item_)), first);
}

// 4
TEST_P(DismissalFlows, WhatIsNotThereCanNeitherBeDismissedNorRestored) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(refused(store().dismiss(user_, item_), ErrorCode::not_found).message(),
              "Item with id \"welcome-banner-v2\" not found");
    EXPECT_EQ(refused(store().restore(user_, item_), ErrorCode::not_found).message(),
              "Item with id \"welcome-banner-v2\" not found");
  }
  refused(store().dismiss(user_, item_, {.idempotent = true}), ErrorCode::not_found);
  refused(store().update(user_, item_, now()), ErrorCode::not_found);
  EXPECT_EQ(must(store().get(user_, item_)), std::nullopt);
}

// 5
TEST_P(DismissalFlows, ARestorationTakesTheDismissalAwayOnce) {
  const auto first = must(store().create(user_, item_)).item;
  const auto dismissed = must(store().dismiss(user_, item_)).item;
  tick();
  const auto change = must(store().restore(user_, item_));
  EXPECT_EQ(change, (DismissalChange{.item = first, .previous = dismissed}));
  EXPECT_EQ(refused(store().restore(user_, item_), ErrorCode::precondition_failed).message(),
            "Item with id \"welcome-banner-v2\" is not dismissed");
  EXPECT_EQ(must(store().get(user_, item_)), first);
}

// 6
TEST_P(DismissalFlows, WhatIsRestoredCanBeDismissedAgainLater) {
  must(store().create(user_, item_));
  const auto first = must(store().dismiss(user_, item_)).item;
  must(store().restore(user_, item_));
  tick();
  EXPECT_GT(must(store().dismiss(user_, item_)).item.dismissed_at, first.dismissed_at);
}

// 7
TEST_P(DismissalFlows, UsersAndIdsThatDifferInCaseAreApart) {
  for (const char* user : {"u", "U"}) {
    for (const char* item : {"banner", "Banner"}) {
      EXPECT_TRUE(must(store().create(user_id(user), item_id(item))).created);
    }
  }
  must(store().dismiss(user_id("u"), item_id("banner")));
  EXPECT_FALSE(must(store().get(user_id("U"), item_id("banner")))->is_dismissed());
  EXPECT_FALSE(must(store().get(user_id("u"), item_id("Banner")))->is_dismissed());
}

// 8
TEST_P(DismissalFlows, ABatchCreatesWhatIsMissingAtOneTimeInTheOrderAskedFor) {
  const auto ids = item_ids({"d", "a", "c", "b"});
  const auto first = must(store().get_or_create_many(user_, ids));
  EXPECT_THAT(ids_of(first), ElementsAre("d", "a", "c", "b"));
  EXPECT_THAT(created(first), ElementsAre(true, true, true, true));
  for (const auto& each : first) EXPECT_EQ(each.item.created_at, now());
  tick();
  auto second = must(store().get_or_create_many(user_, ids));
  EXPECT_THAT(created(second), ElementsAre(false, false, false, false));
  for (auto& each : second) each.created = true;
  EXPECT_EQ(second, first);
}

// 9
TEST_P(DismissalFlows, ABatchOfKnownAndNewIsInTheOrderAskedForAndShowsDismissals) {
  must(store().create_many(user_, item_ids({"b", "d"})));
  const auto dismissed = must(store().dismiss(user_, item_id("d"))).item;
  tick();
  const auto all = must(store().get_or_create_many(user_, item_ids({"a", "b", "c", "d", "e"})));
  EXPECT_THAT(ids_of(all), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(created(all), ElementsAre(true, false, true, false, true));
  EXPECT_EQ(all[3].item, dismissed);
  const auto read = must(store().get_many(user_, item_ids({"d", "x", "a"})));
  EXPECT_EQ(read.size(), 2u);
  EXPECT_EQ(read.at("d"), dismissed);
}

// 11
TEST_P(DismissalFlows, ARepeatedIdIsOneItemAndIsAnsweredAtEachPlace) {
  const auto all = must(store().get_or_create_many(user_, item_ids({"d", "d", "f"})));
  EXPECT_THAT(ids_of(all), ElementsAre("d", "d", "f"));
  EXPECT_EQ(all[0], all[1]);
  EXPECT_THAT(ids_of(must(store().list(user_)).items), ElementsAre("d", "f"));
  EXPECT_EQ(must(store().get_many(user_, item_ids({"f", "f", "d"}))).size(), 2u);
  EXPECT_THAT(ids_of(must(store().create_many(user_, item_ids({"f", "g", "f"})))),
              ElementsAre("f", "g", "f"));
}

TEST_P(DismissalFlows, ABatchMayBeLargerThanWhatTheDatabaseTakesAtOnce) {
  std::vector<std::string> texts;
  for (int i = 0; i < 250; ++i) texts.push_back("item-" + std::to_string(i));
  const auto ids = item_ids(texts);
  EXPECT_EQ(ids_of(must(store().get_or_create_many(user_, ids))), texts);
  EXPECT_EQ(must(store().get_many(user_, ids)).size(), 250u);
}

TEST_P(DismissalFlows, AnUpdateSetsWhatItIsGiven) {
  must(store().create(user_, item_));
  const DismissalTime long_ago = now() - std::chrono::hours(24);
  EXPECT_EQ(must(store().update(user_, item_, long_ago)).dismissed_at, long_ago);
  EXPECT_EQ(must(store().get(user_, item_))->dismissed_at, long_ago);
  EXPECT_FALSE(must(store().update(user_, item_, std::nullopt)).is_dismissed());
  EXPECT_FALSE(must(store().get(user_, item_))->is_dismissed());
}

TEST_P(DismissalFlows, WhatIsRemovedIsNotThereAndCanBeCreatedAgain) {
  EXPECT_FALSE(must(store().remove(user_, item_)));
  must(store().create(user_, item_));
  must(store().dismiss(user_, item_));
  EXPECT_TRUE(must(store().remove(user_, item_)));
  EXPECT_EQ(must(store().get(user_, item_)), std::nullopt);
  tick();
  const auto again = must(store().create(user_, item_));
  EXPECT_TRUE(again.created);
  EXPECT_EQ(again.item.created_at, now());
}

TEST_P(DismissalFlows, RemovingAllEmptiesIt) {
  EXPECT_EQ(must(store().remove_all()), 0u);
  for (int i = 0; i < 30; ++i) {
    must(store().create(user_id("user-" + std::to_string(i % 3)), item_id(std::to_string(i))));
  }
  EXPECT_EQ(must(store().remove_all()), 30u);
  EXPECT_TRUE(must(store().list(user_id("user-1"))).items.empty());
}

// 25
TEST_P(DismissalFlows, WhereTheClockGoesBackADismissalIsNotBeforeTheCreation) {
  const auto first = must(store().create(user_, item_)).item;
  tick(-std::chrono::hours(1));
  const auto change = must(store().dismiss(user_, item_));
  EXPECT_EQ(change.item.dismissed_at, first.created_at);
  EXPECT_EQ(must(store().get(user_, item_)), change.item);
  refused(store().dismiss(user_, item_), ErrorCode::precondition_failed);
}

ON_EVERY_DISMISSAL_KIND(DismissalFlows);

}  // namespace
}  // namespace dynakeep
