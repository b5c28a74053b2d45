#include "stores/dismissals/dismissals_contract.h"

// What upstream does not have.
namespace dynakeep {
namespace {

using contract::ids_of;
using contract::item_id;
using contract::item_ids;
using contract::must;
using contract::refused;
using contract::user_id;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Ids = std::vector<std::string>;

class BeyondDismissals : public contract::DismissalsContract {
 protected:
  Dismissible create() { return must(store().create(user_, item_)).item; }
  Dismissible get() { return must(store().get(user_, item_)).value(); }

  // Page after page.
  Ids listed(DismissalListOptions options) {
    Ids ids;
    do {
      DismissiblePage page = must(store().list(user_, options));
      EXPECT_LE(page.items.size(), options.limit);
      for (const Dismissible& item : page.items) ids.push_back(item.item_id);
      options.after = page.next;
    } while (!options.after.empty());
    return ids;
  }
};

// ---- idempotent ----

TEST_P(BeyondDismissals, AnIdempotentDismissalKeepsTheFirstTime) {
  create();
  const auto first = must(store().dismiss(user_, item_, {.idempotent = true}));
  EXPECT_TRUE(first.changed);
  tick();
  EXPECT_EQ(must(store().dismiss(user_, item_, {.idempotent = true})),
            (DismissalChange{.item = first.item, .previous = first.item, .changed = false}));
  EXPECT_EQ(get(), first.item);
}

TEST_P(BeyondDismissals, AnIdempotentRestorationOfWhatIsActiveChangesNothing) {
  const auto first = create();
  EXPECT_EQ(must(store().restore(user_, item_, {.idempotent = true})),
            (DismissalChange{.item = first, .previous = first, .changed = false}));
  must(store().dismiss(user_, item_));
  EXPECT_TRUE(must(store().restore(user_, item_, {.idempotent = true})).changed);
}

TEST_P(BeyondDismissals, WhatIsMissingIsMadeDismissedWhereThatIsAskedFor) {
  const auto change = must(store().dismiss(user_, item_, {.create_missing = true}));
  EXPECT_EQ(change.item, (Dismissible{.user_id = "user-1",
                                      .item_id = item_.text(),
                                      .created_at = now(),
                                      .dismissed_at = now()}));
  EXPECT_EQ(change.previous, std::nullopt);
  EXPECT_EQ(get(), change.item);
  refused(store().dismiss(user_, item_, {.create_missing = true}), ErrorCode::precondition_failed);
  must(store().restore(user_, item_));
  EXPECT_TRUE(must(store().dismiss(user_, item_, {.create_missing = true})).previous);
}

// ---- snooze ----

TEST_P(BeyondDismissals, ASnoozeEndsByItself) {
  const auto first = create();
  const DismissalTime until = now() + minutes(20);
  const auto change = must(store().dismiss(user_, item_, {.until = until}));
  EXPECT_EQ(change.item.dismissed_at, now());
  EXPECT_EQ(change.item.dismissed_until, until);
  tick(minutes(20) - std::chrono::milliseconds(1));
  EXPECT_EQ(get(), change.item);
  refused(store().dismiss(user_, item_, {.until = until}), ErrorCode::precondition_failed);
  tick(std::chrono::milliseconds(1));
  EXPECT_EQ(get(), first);
  refused(store().restore(user_, item_), ErrorCode::precondition_failed);
  // And is then as if it had never been.
  const auto again = must(store().dismiss(user_, item_));
  EXPECT_EQ(again.previous, first);
  EXPECT_EQ(again.item.dismissed_at, now());
  tick(std::chrono::hours(5));
  EXPECT_EQ(get(), again.item);
}

TEST_P(BeyondDismissals, WhatIsSnoozedCanBeDismissedForLonger) {
  create();
  must(store().dismiss(user_, item_, {.until = now() + minutes(20)}));
  tick();
  refused(store().dismiss(user_, item_, {.until = now() + minutes(5)}),
          ErrorCode::precondition_failed);
  EXPECT_FALSE(
      must(store().dismiss(user_, item_, {.idempotent = true, .until = now() + minutes(5)}))
          .changed);
  EXPECT_TRUE(must(store().dismiss(user_, item_, {.until = now() + minutes(30)})).changed);
  // For good, also for those who ask idempotently: what they were answered must last.
  EXPECT_TRUE(must(store().dismiss(user_, item_, {.idempotent = true})).changed);
  tick(minutes(60));
  EXPECT_TRUE(get().is_dismissed());
  EXPECT_EQ(get().dismissed_until, std::nullopt);
}

TEST_P(BeyondDismissals, ASnoozeCanBeRestored) {
  const auto first = create();
  must(store().dismiss(user_, item_, {.until = now() + minutes(20)}));
  EXPECT_EQ(must(store().restore(user_, item_)).item, first);
  EXPECT_EQ(get(), first);
}

TEST_P(BeyondDismissals, ASnoozeThatIsOverBeforeItBeginsIsRefused) {
  create();
  refused(store().dismiss(user_, item_, {.until = now()}), ErrorCode::invalid_argument);
  EXPECT_FALSE(get().is_dismissed());
}

// ---- listing and counting ----

TEST_P(BeyondDismissals, AUsersItemsAreListedInPages) {
  Ids all;
  for (int i = 0; i < 25; ++i) all.push_back("item-" + contract::padded(i));
  must(store().create_many(user_, item_ids(all)));
  must(store().create(user_id("user-2"), item_id("item-other")));
  Ids dismissed;
  Ids active;
  for (std::size_t i = 0; i < all.size(); ++i) {
    (i % 3 == 0 ? dismissed : active).push_back(all[i]);
    if (i % 3 == 0) must(store().dismiss(user_, item_id(all[i])));
  }
  for (const std::size_t limit : {1u, 7u, 25u, 1000u}) {
    EXPECT_EQ(listed({.limit = limit}), all);
    EXPECT_EQ(listed({.state = DismissalState::dismissed, .limit = limit}), dismissed);
    EXPECT_EQ(listed({.state = DismissalState::active, .limit = limit}), active);
    EXPECT_EQ(listed({.prefix = "item-001", .limit = limit}),
              Ids(all.begin() + 10, all.begin() + 20));
  }
  EXPECT_EQ(must(store().count(user_)), (DismissalCounts{.active = 16, .dismissed = 9}));
  EXPECT_EQ(must(store().count(user_id("nobody"))), DismissalCounts());
  const auto page = must(store().list(user_, {.limit = 7}));
  EXPECT_EQ(page.items.size(), 7u);
  EXPECT_FALSE(page.next.empty());
}

TEST_P(BeyondDismissals, AListOfNonsenseIsRefused) {
  const auto refuse = [&](const DismissalListOptions& options) {
    refused(store().list(user_, options), ErrorCode::invalid_argument);
  };
  refuse({.limit = 0});
  refuse({.limit = 1001});
  refuse({.prefix = "b", .after = "a"});
  refuse({.after = std::string(1025, 'a')});
  refuse({.prefix = std::string(1025, 'a')});
}

// ---- reset and erase ----

TEST_P(BeyondDismissals, AllThatIsDismissedIsRestoredAtOnceOrByPrefix) {
  must(store().create_many(user_, item_ids({"a-1", "a-2", "b-1", "b-2"})));
  for (const char* id : {"a-1", "b-1", "b-2"}) must(store().dismiss(user_, item_id(id)));
  EXPECT_EQ(must(store().restore_all(user_, "b-")), 2u);
  EXPECT_EQ(listed({.state = DismissalState::dismissed}), Ids{"a-1"});
  EXPECT_EQ(must(store().restore_all(user_)), 1u);
  EXPECT_EQ(must(store().restore_all(user_)), 0u);
  EXPECT_THAT(listed({.state = DismissalState::dismissed}), IsEmpty());
}

TEST_P(BeyondDismissals, AUserIsErasedWithoutTrace) {
  Ids ids;
  for (int i = 0; i < 60; ++i) ids.push_back(std::to_string(i));
  must(store().create_many(user_, item_ids(ids)));
  must(store().create(user_id("user-2"), item_));
  EXPECT_EQ(must(store().erase(user_)), 60u);
  EXPECT_THAT(listed({}), IsEmpty());
  EXPECT_TRUE(must(store().get(user_id("user-2"), item_)));
  EXPECT_EQ(must(store().erase(user_)), 0u);
}

// ---- expiry ----

TEST_P(BeyondDismissals, WhatHasExpiredIsNotThere) {
  reopen({.expire_after = minutes(10)});
  const auto first = create();
  EXPECT_EQ(first.expires_at, now() + minutes(10));
  tick(minutes(9));
  const auto dismissed = must(store().dismiss(user_, item_)).item;
  EXPECT_EQ(dismissed.expires_at, now() + minutes(10));  // renewed
  tick(minutes(10) - seconds(1));
  EXPECT_EQ(get(), dismissed);
  tick();
  EXPECT_EQ(must(store().get(user_, item_)), std::nullopt);
  EXPECT_TRUE(must(store().get_many(user_, item_ids({item_.text()}))).empty());
  EXPECT_THAT(listed({}), IsEmpty());
  EXPECT_EQ(must(store().count(user_)), DismissalCounts());
  refused(store().dismiss(user_, item_), ErrorCode::not_found);
  refused(store().restore(user_, item_), ErrorCode::not_found);
  refused(store().update(user_, item_, now()), ErrorCode::not_found);
  refused(store().count_showing(user_, item_), ErrorCode::not_found);
  EXPECT_EQ(must(store().get(user_, item_)), std::nullopt);
}

TEST_P(BeyondDismissals, WhatHasExpiredIsCreatedAnew) {
  reopen({.expire_after = minutes(10), .count_dismissals = true});
  create();
  must(store().dismiss(user_, item_));
  tick(minutes(10));
  const auto again = must(store().get_or_create(user_, item_));
  EXPECT_TRUE(again.created);
  EXPECT_EQ(again.item, (Dismissible{.user_id = "user-1",
                                     .item_id = item_.text(),
                                     .created_at = now(),
                                     .expires_at = now() + minutes(10)}));
  EXPECT_EQ(get(), again.item);
  tick(minutes(10));
  const auto dismissed = must(store().dismiss(user_, item_, {.create_missing = true}));
  EXPECT_EQ(dismissed.item.created_at, now());
  EXPECT_EQ(dismissed.previous, std::nullopt);
  EXPECT_EQ(get(), dismissed.item);
}

// ---- counts ----

TEST_P(BeyondDismissals, DismissalsAndShowingsAreCounted) {
  reopen({.count_dismissals = true});
  create();
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(must(store().dismiss(user_, item_)).item.dismiss_count, i);
    must(store().dismiss(user_, item_, {.idempotent = true}));
    EXPECT_EQ(must(store().restore(user_, item_)).item.dismiss_count, i);
    EXPECT_EQ(must(store().count_showing(user_, item_)).seen_count, i);
  }
  EXPECT_EQ(get().dismiss_count, 3);
  EXPECT_EQ(get().seen_count, 3);
  EXPECT_EQ(
      must(store().dismiss(user_, item_id("new"), {.create_missing = true})).item.dismiss_count, 1);
  EXPECT_EQ(must(store().get(user_, item_id("new")))->dismiss_count, 1);
  refused(store().count_showing(user_, item_id("missing")), ErrorCode::not_found);
}

// ---- many ----

TEST_P(BeyondDismissals, ManyAreDismissedAndRestoredEachOnItsOwn) {
  must(store().create_many(user_, item_ids({"a", "b", "c"})));
  must(store().dismiss(user_, item_id("b")));
  const auto changes = store().dismiss_many(user_, item_ids({"a", "b", "missing", "c", "a"}));
  ASSERT_EQ(changes.size(), 5u);
  EXPECT_TRUE(changes[0]);
  refused(changes[1], ErrorCode::precondition_failed);
  refused(changes[2], ErrorCode::not_found);
  EXPECT_TRUE(changes[3]);
  refused(changes[4], ErrorCode::precondition_failed);
  EXPECT_EQ(listed({.state = DismissalState::dismissed}), (Ids{"a", "b", "c"}));

  const auto restored = store().restore_many(user_, item_ids({"c", "missing", "a"}));
  ASSERT_EQ(restored.size(), 3u);
  EXPECT_EQ(must(restored[0]).item.item_id, "c");
  refused(restored[1], ErrorCode::not_found);
  EXPECT_EQ(must(restored[2]).item.item_id, "a");
  EXPECT_EQ(listed({.state = DismissalState::dismissed}), Ids{"b"});
  EXPECT_TRUE(store().dismiss_many(user_, {}).empty());
}

TEST_P(BeyondDismissals, ABannerIsDismissedForAnAudienceWhetherTheySawItOrNot) {
  std::vector<DismissalUserId> audience;
  for (int i = 0; i < 40; ++i) audience.push_back(user_id("user-" + std::to_string(i)));
  must(store().create(audience[3], item_));
  must(store().create(audience[7], item_));
  const auto before = must(store().dismiss(audience[7], item_)).item;
  tick();
  const auto changes =
      store().dismiss_for(item_, audience, {.idempotent = true, .create_missing = true});
  ASSERT_EQ(changes.size(), 40u);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(must(changes[i]).changed, i != 7);
    EXPECT_EQ(must(store().get(audience[i], item_)), must(changes[i]).item);
  }
  EXPECT_EQ(must(changes[7]).item, before);
}

ON_EVERY_DISMISSAL_KIND(BeyondDismissals);

// ---- of memory alone ----

TEST(InMemoryDismissals, ForgetWhatWasUsedLeastRecently) {
  ManualClock clock;
  const auto store = must(in_memory_dismissals({.items_max = 2, .clock = &clock}));
  const auto user = user_id("u");
  for (const char* id : {"a", "b"}) must(store->create(user, item_id(id)));
  must(store->get(user, item_id("a")));
  must(store->create(user, item_id("c")));
  EXPECT_THAT(ids_of(must(store->list(user)).items), ElementsAre("a", "c"));
}

TEST(InMemoryDismissals, ForgetWhatWasNotWrittenForLong) {
  ManualClock clock;
  const auto store = must(in_memory_dismissals({.clock = &clock}));
  const auto user = user_id("u");
  must(store->create(user, item_id("read")));
  must(store->create(user, item_id("written")));
  clock.advance(std::chrono::hours(6) - std::chrono::milliseconds(1));
  EXPECT_TRUE(must(store->get(user, item_id("read"))));
  must(store->dismiss(user, item_id("written")));
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(must(store->get(user, item_id("read"))));
  EXPECT_THAT(ids_of(must(store->list(user)).items), ElementsAre("written"));
}

}  // namespace
}  // namespace dynakeep
