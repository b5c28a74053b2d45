#include "dynakeep/stores/replica.h"

#include <chrono>
#include <random>
#include <utility>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "replica/simulated_table.h"
#include "replica/stepping.h"
#include "streams/faulty_table.h"

namespace dynakeep::replicas {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Replicas : public testing::Test {
 protected:
  ReplicaOptions options() {
    ReplicaOptions options = on(clock, random);
    options.scan_threads = 1;
    options.on_state = [this](ReplicaState state) { states.push_back(state); };
    options.on_gap = [this](const StreamGap& gap) { gaps.push_back(gap.kind); };
    return options;
  }
  void open(ReplicaOptions with) {
    replica.reset();
    auto opened = Replica::open(table, std::move(with));
    ASSERT_TRUE(opened) << opened.error();
    replica = std::move(*opened);
  }
  void open() { open(options()); }
  // Steps for so long. The error it failed with, if it did.
  std::optional<Error> go_on(std::chrono::microseconds span) {
    const Time until = clock.now() + span;
    while (clock.now() < until) {
      if (const auto stepped = step(*replica, clock, until - clock.now()); !stepped) {
        return stepped.error();
      }
    }
    return std::nullopt;
  }
  void go_live() {
    for (int i = 0; i < 5000 && replica->state() != ReplicaState::live; ++i) {
      ASSERT_TRUE(step(*replica, clock));
    }
    ASSERT_EQ(replica->state(), ReplicaState::live);
  }
  void expect_equal() { EXPECT_EQ(items_of(*replica), table.items()); }
  static Item item(const std::string& key, std::int64_t number) {
    return {{"k", key}, {"n", number}};
  }

  ManualClock clock;
  std::mt19937_64 random{1};
  SimulatedTable table{clock, 1};
  std::vector<ReplicaState> states;
  std::vector<StreamGap::Kind> gaps;
  std::unique_ptr<Replica> replica;
};

TEST_F(Replicas, OneBecomesLiveAndFollows) {
  for (const char* key : {"a", "b", "c", "d", "e"}) table.put(key);
  open();
  EXPECT_EQ(replica->state(), ReplicaState::empty);
  EXPECT_EQ(replica->get(Key{{"k", "a"}}).error().code(), ErrorCode::unavailable);
  go_live();
  EXPECT_THAT(states, ElementsAre(ReplicaState::bookmarking, ReplicaState::scanning,
                                  ReplicaState::catching_up, ReplicaState::live));
  EXPECT_EQ(replica->get(Key{{"k", "a"}}).value(), item("a", 1));
  EXPECT_EQ(replica->get(Key{{"k", "z"}}).value(), std::nullopt);
  EXPECT_EQ(replica->size().value(), 5U);

  table.put("a");
  table.erase("b");
  table.put("z");
  ASSERT_FALSE(go_on(3s));
  expect_equal();
  EXPECT_LT(replica->lag(), 3s);
}

TEST_F(Replicas, OneIsLiveOnlyOnceWhatChangedWhileItReadIsIn) {
  for (int i = 0; i < 9; ++i) table.put(std::string(1, static_cast<char>('a' + i)));
  table.on_page = [this] {
    if (table.pages == 2) table.put("a");  // its page is read
    if (table.pages == 2) table.erase("b");
    clock.advance(1s);
  };
  open();
  go_live();
  expect_equal();
}

TEST_F(Replicas, ChangesComeInOrderOfTheirKeyAndNotBeforeItIsLive) {
  table.put("a");
  table.put("b");
  std::vector<std::string> changes;
  auto with = options();
  with.on_change = [&](const Key& key, const auto& before, const auto& after) {
    const auto number = [](const std::optional<Item>& item) {
      return item ? item->at("n").as_number().to_string() : "-";
    };
    changes.push_back(key.at("k").as_string() + " " + number(before) + " " + number(after));
  };
  open(with);
  go_live();
  EXPECT_THAT(changes, IsEmpty());
  table.put("a");
  ASSERT_FALSE(go_on(3s));
  table.erase("a");
  table.put("c");
  ASSERT_FALSE(go_on(3s));
  EXPECT_THAT(changes, ElementsAre("a 1 2", "a 2 -", "c - 1"));

  changes.clear();
  with.on_change_while_reading = true;
  open(with);
  go_live();
  EXPECT_THAT(changes, ElementsAre("b - 1", "c - 1"));
}

TEST_F(Replicas, AScanOfTwentyMinutesKeepsItsBookmarksAlive) {
  for (int i = 0; i < 12; ++i) table.put(std::string(1, static_cast<char>('a' + i)));
  table.on_page = [this] {
    clock.advance(5min);
    table.put("a");
    if (table.pages == 2) table.roll_all();
  };
  open();
  go_live();
  EXPECT_THAT(gaps, IsEmpty());
  table.on_page = {};
  ASSERT_FALSE(go_on(5s));
  expect_equal();
}

TEST_F(Replicas, AScanOfThirtyHoursLosesNothing) {
  for (int i = 0; i < 400; ++i) table.put("k" + std::to_string(i));
  table.items_in_page = 1;
  table.on_page = [this] {
    clock.advance(5min);
    table.put("k1");
    table.erase("k2");
    table.put("k" + std::to_string(random() % 400));
    table.trim(clock.now() - 24h);
  };
  auto with = options();
  with.scan_segments = 1;
  open(with);
  go_live();
  EXPECT_GT(table.pages, 360U);
  EXPECT_THAT(gaps, IsEmpty());
  table.on_page = {};
  ASSERT_FALSE(go_on(5s));
  expect_equal();
}

TEST_F(Replicas, ChangesThatComeWhileItReadsAreAppliedAndNotCollected) {
  constexpr std::size_t changes_to_a_page = 150;
  for (int i = 0; i < 60; ++i) table.put("k" + std::to_string(i));
  table.split("k1");
  table.items_in_page = 1;
  table.faults.records_in_page = 100;
  std::uint64_t waiting_max = 0;
  table.on_page = [&] {
    waiting_max = std::max(waiting_max, table.records_given - replica->figures().records);
    for (std::size_t i = 0; i < changes_to_a_page; ++i) {
      table.put("k" + std::to_string(random() % 60));
    }
    clock.advance(1s);
  };
  auto with = options();
  with.scan_segments = 1;
  with.on_state = [&](ReplicaState state) {
    if (state != ReplicaState::catching_up) return;
    EXPECT_GT(replica->figures().records, 50 * changes_to_a_page);
  };
  open(with);
  go_live();
  EXPECT_EQ(table.pages, 60U);
  EXPECT_LE(waiting_max, 2U * 100U);  // a page of each shard
  expect_equal();
}

TEST_F(Replicas, EmptyPagesOfAShardThatIsClosedAreNotTakenForItsEnd) {
  for (const char* key : {"a", "b", "c", "d", "e"}) table.put(key);
  table.items_in_page = 1;
  table.on_page = [this] {
    if (table.pages != 2) return;
    table.put("a");  // its page is read
    table.roll_all();
    table.put("a");
    table.faults.empty_pages = 1;
  };
  auto with = options();
  with.scan_segments = 1;
  open(with);
  ASSERT_FALSE(go_on(5min));
  EXPECT_EQ(replica->state(), ReplicaState::catching_up);
  table.faults.empty_pages = 0;
  go_live();
  expect_equal();
}

TEST_F(Replicas, ATableThatCannotBeReadInTimeFailsAfterTwoAttempts) {
  for (int i = 0; i < 20; ++i) table.put("k" + std::to_string(i));
  table.on_page = [this] {
    table.put("k1");
    clock.advance(25h);  // for which it hears nothing
    table.trim(clock.now() - 24h);
  };
  auto with = options();
  with.scan_segments = 1;
  open(with);
  std::optional<Error> error;
  for (int i = 0; i < 5000 && !error; ++i) {
    if (const auto stepped = step(*replica, clock); !stepped) error = stepped.error();
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::timed_out);
  EXPECT_THAT(error->message(), HasSubstr("Songs"));
  EXPECT_EQ(replica->state(), ReplicaState::failed);
  EXPECT_EQ(replica->figures().bootstraps, 2U);
  EXPECT_EQ(replica->wait_live(0ms).error().code(), ErrorCode::timed_out);
}

TEST_F(Replicas, ReadsThatLagBehindTheBookmarkAreNotAskedFor) {
  table.put("a");
  clock.advance(1min);
  table.put("a");
  table.erase("b");
  table.put("c");
  table.stale_by = 2s;
  open();
  go_live();
  expect_equal();
}

TEST_F(Replicas, StreamsWithoutNewImagesHaveItemsReadAgain) {
  for (const auto view : {StreamViewType::keys_only, StreamViewType::old_image}) {
    table.view = view;
    table.put("a");
    table.put("b");
    open();
    go_live();
    for (int i = 0; i < 150; ++i) table.put("k" + std::to_string(i));
    table.put("a");
    table.erase("b");
    ASSERT_FALSE(go_on(5s));
    expect_equal();
    EXPECT_EQ(replica->figures().refreshed, 152U);
  }
}

TEST_F(Replicas, AGapWhileItIsLiveHasTheTableReadAnewWithTheOldItemsShown) {
  table.put("a");
  table.put("b");
  open();
  go_live();
  states.clear();
  // It hears nothing for 30 hours, and by then the records are gone.
  table.erase("a");
  table.put("b");
  table.put("c");
  clock.advance(30h);
  EXPECT_EQ(replica->state(), ReplicaState::stale);
  table.trim(clock.now() - 24h);
  table.put("d");
  while (replica->state() != ReplicaState::resyncing) ASSERT_TRUE(step(*replica, clock));
  EXPECT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(replica->get(Key{{"k", "a"}}).value(), item("a", 1));
  go_live();
  expect_equal();
  EXPECT_THAT(states,
              ElementsAre(ReplicaState::stale, ReplicaState::resyncing, ReplicaState::live));
  EXPECT_EQ(replica->figures().gaps, 1U);
  EXPECT_EQ(replica->figures().bootstraps, 2U);
}

TEST_F(Replicas, WhatIsHiddenWhileItIsReadAnewIsRefused) {
  table.put("a");
  auto with = options();
  with.hide_while_resyncing = true;
  open(with);
  go_live();
  table.put("a");
  clock.advance(30h);
  table.trim(clock.now() - 24h);
  while (replica->state() != ReplicaState::resyncing) ASSERT_TRUE(step(*replica, clock));
  EXPECT_EQ(replica->get(Key{{"k", "a"}}).error().code(), ErrorCode::unavailable);
  go_live();
  expect_equal();
}

TEST_F(Replicas, AServerThatDoesNotAnswerMakesItStaleAndNothingIsLost) {
  table.put("a");
  open();
  go_live();
  states.clear();
  table.faults.errors = 1;
  table.put("a");
  ASSERT_FALSE(go_on(5min));
  EXPECT_THAT(states, ElementsAre(ReplicaState::stale));
  EXPECT_GE(replica->lag(), 4min);
  EXPECT_GT(replica->figures().errors, 5U);
  EXPECT_TRUE(replica->figures().last_error);
  table.faults.errors = 0;
  ASSERT_FALSE(go_on(30s));
  EXPECT_THAT(states, ElementsAre(ReplicaState::stale, ReplicaState::live));
  expect_equal();
}

TEST_F(Replicas, TheTransformIsAppliedToWhatIsReadAndToWhatChanges) {
  for (int i = 0; i < 6; ++i) table.put("k" + std::to_string(i));
  auto with = options();
  with.transform = [](Item item) -> std::optional<Item> {
    if (item.at("k") == AttributeValue("k1")) return std::nullopt;
    item["twice"] = AttributeValue(2 * *item.at("n").as_number().to_int64());
    item.erase("n");
    return item;
  };
  open(with);
  go_live();
  EXPECT_EQ(replica->get(Key{{"k", "k1"}}).value(), std::nullopt);
  EXPECT_EQ(replica->get(Key{{"k", "k2"}}).value(), (Item{{"k", "k2"}, {"twice", 2}}));
  table.put("k1");
  table.put("k2");
  ASSERT_FALSE(go_on(3s));
  EXPECT_EQ(replica->get(Key{{"k", "k1"}}).value(), std::nullopt);
  EXPECT_EQ(replica->get(Key{{"k", "k2"}}).value(), (Item{{"k", "k2"}, {"twice", 4}}));
  EXPECT_EQ(replica->size().value(), 5U);
}

TEST_F(Replicas, ATransformThatChangesKeysFails) {
  table.put("a");
  auto with = options();
  with.transform = [](Item item) -> std::optional<Item> {
    item["k"] = "other";
    return item;
  };
  open(with);
  const auto error = go_on(1min);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), HasSubstr("transform"));
}

TEST_F(Replicas, VerifyingFindsAndRepairsWhatIsNoLag) {
  for (int i = 0; i < 10; ++i) table.put("k" + std::to_string(i));
  open();
  go_live();
  table.put_in_secret("k1", 77);
  table.erase_in_secret("k2");
  table.put_in_secret("new", 1);
  table.on_page = [this] { table.put("k3"); };  // what lags behind is no difference
  replica->verify();
  ASSERT_FALSE(go_on(1min));
  auto report = replica->report();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->different, 3U);
  EXPECT_EQ(report->repaired, 0U);
  ASSERT_THAT(report->differences, SizeIs(3));
  EXPECT_EQ(report->differences[0].in_table, item("k1", 77));
  EXPECT_EQ(report->differences[0].in_copy, item("k1", 1));
  EXPECT_EQ(report->differences[1].in_table, std::nullopt);
  EXPECT_EQ(report->differences[2].in_copy, std::nullopt);

  auto with = options();
  with.repair = true;
  with.verify_interval = 1h;
  open(with);
  go_live();
  table.put_in_secret("k1", 78);
  table.erase_in_secret("k4");
  ASSERT_FALSE(go_on(3h));
  EXPECT_EQ(replica->report()->different, 0U);  // the second time
  table.on_page = {};
  ASSERT_FALSE(go_on(5s));
  expect_equal();
}

TEST_F(Replicas, AViewStaysAsItWas) {
  for (int i = 0; i < 2000; ++i) table.put("k" + std::to_string(i));
  table.items_in_page = 1000;
  open();
  go_live();
  std::size_t visited = 0;
  std::string last;
  const auto count = replica->for_each([&](Item&& each) {
    const std::string& key = each.at("k").as_string();
    EXPECT_LT(last, key);
    last = key;
    if (++visited % 100 == 0) {
      table.erase(key);
      table.put(key + "a");
      EXPECT_FALSE(go_on(2s));
    }
    return true;
  });
  EXPECT_EQ(count.value(), 2000U);
  expect_equal();
}

TEST_F(Replicas, OneThatWouldTakeTooMuchMemoryFails) {
  for (int i = 0; i < 10; ++i) table.put("k" + std::to_string(i));
  auto with = options();
  with.bytes_max = 1 << 20;
  with.transform = [](Item item) -> std::optional<Item> {
    item["long"] = std::string(300'000, 'x');
    return item;
  };
  open(with);
  const auto error = go_on(1min);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::limit_exceeded);
  EXPECT_THAT(error->message(), HasSubstr("bytes_max"));
}

TEST_F(Replicas, OptionsThatMakeNoSenseAreRefused) {
  const auto refusal = [&](auto change) {
    auto with = options();
    change(with);
    const auto opened = Replica::open(table, with);
    EXPECT_FALSE(opened);
    if (opened) return std::string();
    EXPECT_EQ(opened.error().code(), ErrorCode::invalid_argument);
    return opened.error().message();
  };
  EXPECT_THAT(refusal([](auto& with) { with.table_name = ""; }), HasSubstr("table_name is \"\""));
  EXPECT_THAT(refusal([](auto& with) { with.copy_name = "Other"; }), HasSubstr("kept_in"));
  EXPECT_THAT(refusal([](auto& with) { with.scan_segments = 0; }),
              HasSubstr("scan_segments is 0 and must be 1 to 1000"));
  EXPECT_THAT(refusal([](auto& with) { with.scan_threads = 65; }), HasSubstr("scan_threads is 65"));
  EXPECT_THAT(refusal([](auto& with) { with.scan_pages_per_second = -1; }),
              HasSubstr("scan_pages_per_second"));
  EXPECT_THAT(refusal([](auto& with) { with.bytes_max = 1; }), HasSubstr("bytes_max is 1"));
  EXPECT_THAT(refusal([](auto& with) { with.settle = 2h; }), HasSubstr("settle"));
  EXPECT_THAT(refusal([](auto& with) { with.stale_after = 0ms; }), HasSubstr("stale_after"));
  EXPECT_THAT(refusal([](auto& with) { with.idle_poll_max = 0ms; }), HasSubstr("idle_poll_max"));
  EXPECT_THAT(refusal([](auto& with) { with.discovery_interval = 1ms; }),
              HasSubstr("discovery_interval"));
  EXPECT_THAT(refusal([](auto& with) { with.verify_interval = 1s; }), HasSubstr("verify_interval"));
  table.is_stream_enabled = false;
  EXPECT_THAT(refusal([](auto&) {}), HasSubstr("Songs has no stream"));
}

TEST_F(Replicas, KeysAndPositionsThatAreNoneAreRefused) {
  open();
  go_live();
  for (const Key& key : {Key{}, Key{{"x", "a"}}, Key{{"k", 1}}, Key{{"k", "a"}, {"n", 1}}}) {
    EXPECT_EQ(replica->get(key).error().code(), ErrorCode::validation);
  }
  EXPECT_EQ(replica->wait_for("12a", 0ms).error().code(), ErrorCode::validation);
  EXPECT_EQ(replica->wait_for("", 0ms).error().code(), ErrorCode::validation);
}

// ---- kept in a database ----

class KeptReplicas : public Replicas {
 protected:
  ReplicaOptions kept() {
    auto with = options();
    with.kept_in = database.get();
    return with;
  }

  std::unique_ptr<Database> database = std::move(open_embedded({.in_memory = true})).value();
};

TEST_F(KeptReplicas, OneGoesOnWhereItWasWithoutReadingTheTable) {
  for (const char* key : {"a", "b", "c"}) table.put(key);
  open(kept());
  go_live();
  table.put("a");
  ASSERT_FALSE(go_on(5s));
  const std::size_t pages = table.pages;
  replica.reset();
  clock.advance(1h);
  table.put("b");
  table.erase("c");
  table.roll_all();
  table.put("d");
  std::vector<std::string> changed;
  auto with = kept();
  with.on_change = [&](const Key& key, const auto&, const auto&) {
    changed.push_back(key.at("k").as_string());
  };
  open(with);
  go_live();
  expect_equal();
  EXPECT_EQ(table.pages, pages);
  EXPECT_THAT(changed, testing::UnorderedElementsAre("b", "c", "d"));
}

TEST_F(KeptReplicas, AfterThirtyHoursItReadsTheTableAnewAndDropsWhatIsGone) {
  for (const char* key : {"a", "b", "c"}) table.put(key);
  open(kept());
  go_live();
  replica.reset();
  table.erase("a");
  table.put("b");
  table.put("d");
  clock.advance(30h);
  table.trim(clock.now() - 24h);
  open(kept());
  go_live();
  EXPECT_THAT(gaps, SizeIs(1));
  expect_equal();
}

TEST_F(KeptReplicas, AfterThirtyHoursWithoutARecordItCannotKnowAndReadsTheTableAnew) {
  table.put("a");
  open(kept());
  go_live();
  replica.reset();
  table.put("a");
  clock.advance(30h);
  table.trim(clock.now() - 24h);
  table.roll_all();
  clock.advance(1s);
  open(kept());
  go_live();
  EXPECT_THAT(gaps, SizeIs(1));
  expect_equal();
}

TEST_F(KeptReplicas, OneThatWasStoppedWhileItReadBeginsAnew) {
  for (int i = 0; i < 20; ++i) table.put("k" + std::to_string(i));
  open(kept());
  while (table.pages < 3) ASSERT_TRUE(step(*replica, clock));
  replica.reset();
  table.erase("k0");
  table.erase("k1");
  open(kept());
  go_live();
  expect_equal();
  EXPECT_EQ(replica->size().value(), 18U);
}

TEST_F(KeptReplicas, TheOneThatBeginsLastKeepsTheCopyAndTheOneBeforeSaysSo) {
  for (const char* key : {"a", "b", "c"}) table.put(key);
  open(kept());
  go_live();
  const auto one = std::move(replica);
  open(kept());
  go_live();
  table.put("a");
  ASSERT_FALSE(go_on(5s));
  expect_equal();
  // The one before has the same change to apply.
  std::optional<Error> error;
  for (int i = 0; i < 100 && !error; ++i) {
    if (const auto stepped = step(*one, clock); !stepped) error = stepped.error();
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::write_conflict);
  EXPECT_THAT(error->message(), HasSubstr("Another replica"));
  EXPECT_EQ(one->state(), ReplicaState::failed);
  table.put("b");
  ASSERT_FALSE(go_on(5s));
  expect_equal();
}

TEST_F(KeptReplicas, APageThatWasReadBeforeAnotherBeganIsNotStored) {
  for (const char* key : {"a", "b", "c"}) table.put(key);
  std::unique_ptr<Replica> one;
  bool is_first = true;
  auto with = kept();
  // Between the reading of the page and its being stored.
  with.transform = [&](Item read) {
    if (!std::exchange(is_first, false)) return std::optional(std::move(read));
    open(kept());
    go_live();
    for (const char* key : {"a", "b", "c"}) table.put(key);
    EXPECT_FALSE(go_on(5s));
    expect_equal();
    return std::optional(std::move(read));
  };
  open(with);
  one = std::move(replica);
  std::optional<Error> error;
  for (int i = 0; i < 100 && !error; ++i) {
    if (const auto stepped = step(*one, clock); !stepped) error = stepped.error();
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::write_conflict);
  EXPECT_FALSE(is_first);
  expect_equal();
}

TEST_F(KeptReplicas, TheOneBeforeDoesNotTakeTheCopyBackWhenAnAnswerIsLost) {
  for (const char* key : {"a", "b", "c"}) table.put(key);
  streams::FaultyTable reached(*database);
  auto with = kept();
  with.kept_in = &reached;
  open(with);
  go_live();
  const auto one = std::move(replica);
  open(kept());
  go_live();
  table.put("a");
  ASSERT_FALSE(go_on(5s));
  // Its next write is carried out, as far as it is not refused, and nobody says so.
  int until_failure = 0;
  bool loses_answer = true;
  reached.before_write = [&] { until_failure = std::exchange(loses_answer, false) ? 2 : 0; };
  reached.fails = [&] { return until_failure > 0 && --until_failure == 0; };
  std::optional<Error> error;
  for (int i = 0; i < 100 && !error; ++i) {
    if (const auto stepped = step(*one, clock); !stepped) error = stepped.error();
  }
  EXPECT_GT(one->figures().errors, 1U);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::write_conflict);
  table.put("b");
  ASSERT_FALSE(go_on(5s));
  expect_equal();
}

TEST_F(KeptReplicas, TablesThatAreNotItsOwnAreRefused) {
  const auto make = [&](const std::string& name, ScalarType type) {
    ASSERT_TRUE(database->create_table(
        {.table_name = name,
         .attribute_definitions = std::vector<AttributeDefinition>{{"k", type}},
         .key_schema = KeySchema{{"k", KeyType::hash}},
         .billing_mode = BillingMode::pay_per_request}));
  };
  const auto refusal = [&](const std::string& name) {
    auto with = kept();
    with.copy_name = name;
    const auto opened = Replica::open(table, with);
    return opened ? std::string() : opened.error().message();
  };
  make("Numbers", ScalarType::number);
  EXPECT_THAT(refusal("Numbers"), HasSubstr("has the keys"));
  make("Full", ScalarType::string);
  ASSERT_TRUE(database->put_item({.table_name = "Full", .item = Item{{"k", "mine"}}}));
  EXPECT_THAT(refusal("Full"), HasSubstr("no replica's"));
  make("Empty", ScalarType::string);
  EXPECT_EQ(refusal("Empty"), "");
}

}  // namespace
}  // namespace dynakeep::replicas
