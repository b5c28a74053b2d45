#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "dynakeep/pages.h"
#include "dynakeep/stores/event_projection.h"
#include "stores/event_store/following.h"
#include "stores/event_store/scripted_database.h"
#include "stores/event_store/spread_stream.h"

namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// "1:PLACED 2:PAID": which events were folded, in which order.
Result<std::optional<Item>> list_events(std::optional<Item> state, Version version,
                                        const Event& event) {
  Item next = state.value_or(Item{});
  std::string text = state ? state->at("events").as_string() + " " : "";
  text += std::to_string(event.version()) + ":" + std::string(event.type());
  next["events"] = text;
  next["before"] = version;
  return std::optional(std::move(next));
}

class Projections : public Following {
 protected:
  void SetUp() override {
    Following::SetUp();
    if (IsSkipped()) return;
    view = std::make_unique<EventView>(database(), table_name() + "-view", list_events);
    must(view->create_table());
  }
  void TearDown() override {
    if (view) must(database().delete_table({.table_name = view->table_name()}));
    Following::TearDown();
  }
  EventSubscriptionOptions with_name(EventSubscriptionOptions options = {}) {
    options.name = "projection";
    if (is_legacy()) options.event_store_ids = {orders};
    options.stream.now = [this] { return seen.moment; };
    return options;
  }
  std::unique_ptr<EventProjection> project(EventSubscriptionOptions options = {}) {
    auto projection = must(EventProjection::open(database(), table(), *checkpoints,
                                                 with_name(std::move(options)), *view));
    must(projection->start());
    return projection;
  }
  std::string folded(const std::string& id) {
    const auto entry = must(view->get({orders, id}));
    return entry ? entry->state.at("events").as_string() : "nothing";
  }

  std::unique_ptr<EventView> view;
};

TEST_P(Projections, AViewIsTheFoldOfHistoryAndOfWhatIsStored) {
  push({event_of("o-1", 1), event_of("o-1", 2, "PAID"), event_of("o-2", 1)});
  const auto projection = project({.events_at_once = 2});
  push({event_of("o-2", 2, "PAID")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 2:PAID");
  EXPECT_EQ(folded("o-2"), "1:ORDER_PLACED 2:PAID");
  push({event_of("o-1", 3, "SHIPPED")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 2:PAID 3:SHIPPED");
  const auto entry = must(view->get({orders, "o-1"}));
  EXPECT_EQ(entry->version, 3);
  EXPECT_EQ(entry->state.at("before"), AttributeValue(2));
  EXPECT_EQ(entry->state.size(), 2U);
  EXPECT_EQ(folded("o-3"), "nothing");
}

TEST_P(Projections, ARestartFoldsNothingTwice) {
  {
    const auto projection = project();
    push({event_of("o-1", 1), event_of("o-1", 2, "PAID")});
    seen.drain(*projection);
  }  // as if it had crashed, without a checkpoint
  push({event_of("o-1", 3, "SHIPPED")});
  seen.drain(*project());
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 2:PAID 3:SHIPPED");
}

TEST_P(Projections, WhatWasLateReplacedOrRemovedIsFoldedAnew) {
  const auto projection = project();
  push({event_of("o-1", 1), event_of("o-1", 4, "SHIPPED"), event_of("o-2", 1)});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 4:SHIPPED");
  push({event_of("o-1", 2, "PAID")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 2:PAID 4:SHIPPED");
  must(storage().push_event(orders, event_of("o-1", 1, "REDACTED"), {.force = true}));
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:REDACTED 2:PAID 4:SHIPPED");
  must(storage().delete_aggregate(orders, "o-1"));
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "nothing");
  EXPECT_EQ(must(for_each_item(database(), ScanRequest{.table_name = view->table_name()},
                               [](Item&&) { return true; })),
            2U);  // of o-2, and of the history
  push({event_of("o-1", 1, "AGAIN")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:AGAIN");
}

TEST_P(Projections, ARebuildFoldsAllAnewAndRemovesWhatNoEventIsLeftOf) {
  push({event_of("o-1", 1), event_of("o-1", 2, "PAID"), event_of("gone", 1)});
  {
    const auto projection = project();
    seen.drain(*projection);
    must(projection->checkpoint());
  }
  // While nobody follows, by those who tell no stream.
  must(storage().delete_aggregate(orders, "gone"));
  int folds = 0;
  view = std::make_unique<EventView>(
      database(), view->table_name(),
      [&](std::optional<Item> state, Version version, const Event& event) {
        if (event.aggregate_id() == "o-1") ++folds;
        auto next = list_events(std::move(state), version, event);
        (**next)["events"] = (*next)->at("events").as_string() + "!";
        return next;
      });
  {
    const auto projection = project({.events_at_once = 1});
    must(projection->rebuild());
    EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 2:PAID");  // until it is folded anew
    must(projection->step());
    EXPECT_TRUE(projection->figures().is_reading_history);
  }  // interrupted
  const auto projection = project({.events_at_once = 1});
  push({event_of("o-1", 3, "SHIPPED")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED! 2:PAID! 3:SHIPPED!");
  EXPECT_EQ(folded("gone"), "nothing");
  EXPECT_EQ(folds, 3);
  EXPECT_EQ(projection->figures().histories, 1U);
}

TEST_P(Projections, AnEventThatTheFoldRefusesIsPoison) {
  view = std::make_unique<EventView>(database(), view->table_name(),
                                     [](std::optional<Item> state, Version version,
                                        const Event& event) -> Result<std::optional<Item>> {
                                       if (event.type() == "POISON")
                                         return Error::internal("Cannot");
                                       if (event.type() == "RESERVED")
                                         return std::optional(Item{{"projection", 1}});
                                       auto next = list_events(std::move(state), version, event);
                                       if (event.type() == "LARGE")
                                         (**next)["x"] = std::string(401 << 10, 'x');
                                       return next;
                                     });
  const auto projection =
      project({.retry = {.attempts_max = 2, .on_poison = StreamRetry::OnPoison::skip}});
  push({event_of("o-1", 1), event_of("o-1", 2, "POISON"), event_of("o-1", 3, "RESERVED"),
        event_of("o-1", 4, "PAID"), event_of("o-1", 5, "LARGE"), event_of("o-1", 6, "SHIPPED")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 4:PAID 6:SHIPPED");
  EXPECT_EQ(projection->figures().skipped, 3U);
}

TEST_P(Projections, AViewNeedsNoTransactions) {
  ScriptedDatabase without(database());
  without.can.transactions = false;
  view = std::make_unique<EventView>(without, view->table_name(), list_events);
  const auto projection = project();
  push({event_of("o-1", 1), event_of("o-1", 2, "PAID")});
  seen.drain(*projection);
  EXPECT_EQ(folded("o-1"), "1:ORDER_PLACED 2:PAID");
  EXPECT_TRUE(without.transactions.empty());
  EXPECT_THAT(
      refused(
          EventProjection::open(
              database(), table(), *checkpoints, with_name(), without,
              {.writes = [](const SubscribedEvent&) { return std::vector<TransactWriteItem>(); },
               .marks_table_name = "m"}),
          ErrorCode::invalid_argument)
          .message(),
      HasSubstr("transactions"));
}

struct Placed {
  static constexpr std::string_view event_type = "ORDER_PLACED";
  std::string customer = {};
  static void fields(auto& self, auto&& field) { field("customer", self.customer); }
};
struct Paid {
  static constexpr std::string_view event_type = "PAID";
  std::int64_t amount = 0;
  static void fields(auto& self, auto&& field) { field("amount", self.amount); }
};
struct Sum {
  std::string aggregate_id = {};
  Version version = 0;
  std::string customer = {};
  std::int64_t paid = 0;
  static void fields(auto& self, auto&& field) {
    field("customer", self.customer);
    field("paid", self.paid);
  }
};

TEST_P(Projections, AViewOfAStoreIsWhatItsReducerMakes) {
  using Sums = EventStore<Sum, std::variant<Placed, Paid, UnknownEvent>>;
  const Sums sums({.event_store_id = orders,
                   .reducer = reduce_with(
                       [](Sum& sum, const Placed& placed) { sum.customer = placed.customer; },
                       [](Sum& sum, const Paid& paid) { sum.paid += paid.amount; },
                       [](Sum&, const UnknownEvent&) {}),
                   .storage = &storage()});
  view = std::make_unique<EventView>(database(), view->table_name(), view_of(sums));
  const auto projection = project();
  must(sums.push_event({.aggregate_id = "o-1", .version = 1, .body = Placed{"Ada"}}));
  must(sums.push_event({.aggregate_id = "o-1", .version = 2, .body = Paid{3}}));
  must(sums.push_event({.aggregate_id = "o-1", .version = 3, .body = Paid{4}}));
  seen.drain(*projection);
  EXPECT_EQ(must(view->get({orders, "o-1"}))->state, (Item{{"customer", "Ada"}, {"paid", 7}}));
}

TEST_P(Projections, WrongOptionsAreRefused) {
  const auto refusal = [&](EventSubscriptionOptions options) {
    return refused(EventProjection::open(database(), table(), *checkpoints,
                                         with_name(std::move(options)), *view),
                   ErrorCode::invalid_argument)
        .message();
  };
  EXPECT_THAT(refusal({.event_types = {"A"}}), HasSubstr("event_types"));
  EXPECT_THAT(refusal({.from = EventStart::latest}), HasSubstr("from"));
  EXPECT_THAT(refusal({.events_at_once = 0}), HasSubstr("events_at_once"));
  const EventView empty(database(), view->table_name(), {});
  refused(EventProjection::open(database(), table(), *checkpoints, with_name(), empty),
          ErrorCode::invalid_argument);
  refused(EventProjection::open(database(), table(), *checkpoints, with_name(), database(), {}),
          ErrorCode::invalid_argument);
}

// Counts the events of each type, in a table of its own.
class Counting : public Projections {
 protected:
  void SetUp() override {
    Projections::SetUp();
    if (IsSkipped()) return;
    if (!database().capabilities().transactions) GTEST_SKIP() << "The engine has no transactions";
    counts = table_name() + "-counts";
    must(create_table_and_wait(database(), table_of("type")));
    marks = std::make_unique<EventMarkTable>(
        database(),
        EventMarkTableOptions{.table_name = table_name() + "-marks", .name = "projection"});
    must(marks->create_table());
  }
  void TearDown() override {
    if (marks) must(database().delete_table({.table_name = marks->table_name()}));
    if (!counts.empty()) must(database().delete_table({.table_name = counts}));
    Projections::TearDown();
  }
  CreateTableRequest table_of(const std::string& key) const {
    auto request = contract::table_of(key);
    request.table_name = counts;
    return request;
  }
  TransactWriteItem count(std::string_view type, int by) const {
    return {.update =
                TransactUpdate{.table_name = counts,
                               .key = Key{{"type", type}},
                               .update_expression = "ADD #n :by",
                               .expression_attribute_names = ExpressionAttributeNames{{"#n", "n"}},
                               .expression_attribute_values = Item{{":by", by}}}};
  }
  EventWrites writes() {
    return {
        .writes = [this](const SubscribedEvent& event) -> Result<std::vector<TransactWriteItem>> {
          if (event.message.event.type() == "SILENT") return std::vector<TransactWriteItem>();
          if (event.message.event.type() == "POISON") return Error::internal("Cannot");
          return std::vector{count(event.message.event.type(), 1)};
        },
        .rewrites = [this](const EventRewrite& rewrite) -> Result<std::vector<TransactWriteItem>> {
          std::vector<TransactWriteItem> both{count(rewrite.before->type(), -1)};
          if (rewrite.after) both.push_back(count(rewrite.after->type(), 1));
          return both;
        },
        .clear = [this]() -> Result<void> {
          ++clears;
          if (fails_to_clear) return Error::internal("Not now");
          for (const char* type : {"A", "B"}) {
            TRY(database().delete_item({.table_name = counts, .key = Key{{"type", type}}}));
          }
          return {};
        },
        .marks_table_name = marks->table_name()};
  }
  std::unique_ptr<EventProjection> project_counts(EventSubscriptionOptions options = {}) {
    auto projection = must(EventProjection::open(
        database(), table(), *checkpoints, with_name(std::move(options)), database(), writes()));
    must(projection->start());
    return projection;
  }
  std::int64_t counted(const std::string& type) {
    const auto row = must(database().get_item(
        {.table_name = counts, .key = Key{{"type", type}}, .consistent_read = true}));
    return row.item ? row.item->at("n").as_number().to_int64().value_or(-1) : 0;
  }

  std::string counts;
  std::unique_ptr<EventMarkTable> marks;
  int clears = 0;
  bool fails_to_clear = false;
};

TEST_P(Counting, EachEventsWritesAreThereOnceAcrossRestarts) {
  push({event_of("o-1", 1, "A"), event_of("o-1", 2, "B")});
  for (int round = 0; round < 3; ++round) {
    const auto projection = project_counts();
    push({event_of("o-1", 3 + 2 * round, "A"), event_of("o-1", 4 + 2 * round, "SILENT")});
    seen.drain(*projection);
  }
  EXPECT_EQ(counted("A"), 4);
  EXPECT_EQ(counted("B"), 1);
}

TEST_P(Counting, RewritesAreWrittenToo) {
  const auto projection = project_counts();
  push({event_of("o-1", 1, "A"), event_of("o-1", 2, "A")});
  seen.drain(*projection);
  must(storage().push_event(orders, event_of("o-1", 2, "B"), {.force = true}));
  seen.drain(*projection);
  EXPECT_EQ(counted("A"), 1);
  EXPECT_EQ(counted("B"), 1);
  must(storage().delete_aggregate(orders, "o-1"));
  seen.drain(*projection);
  EXPECT_EQ(counted("A"), 0);
  EXPECT_EQ(counted("B"), 0);
}

TEST_P(Counting, ARebuildClearsWhatWasWrittenFirst) {
  push({event_of("o-1", 1, "A"), event_of("o-1", 2, "B"), event_of("o-2", 1, "A")});
  {
    const auto projection = project_counts();
    seen.drain(*projection);
    fails_to_clear = true;
    must(projection->rebuild());
    must(projection->step());
    EXPECT_TRUE(projection->figures().last_error);
  }  // interrupted
  EXPECT_EQ(clears, 1);
  fails_to_clear = false;
  push({event_of("o-2", 2, "A")});
  const auto projection = project_counts();
  seen.drain(*projection);
  EXPECT_EQ(clears, 2);
  EXPECT_EQ(counted("A"), 3);
  EXPECT_EQ(counted("B"), 1);
}

TEST_P(Counting, ARebuildWithoutAWayToClearIsRefused) {
  auto without = writes();
  without.clear = {};
  const auto projection = must(
      EventProjection::open(database(), table(), *checkpoints, with_name(), database(), without));
  EXPECT_THAT(refused(projection->rebuild(), ErrorCode::invalid_argument).message(),
              HasSubstr("removed"));
}

TEST_P(Counting, PoisonIsPassedOverInItsTurn) {
  const auto projection =
      project_counts({.retry = {.attempts_max = 2, .on_poison = StreamRetry::OnPoison::skip}});
  push({event_of("o-1", 1, "A"), event_of("o-1", 2, "POISON"), event_of("o-1", 3, "B")});
  seen.drain(*projection);
  EXPECT_EQ(counted("A"), 1);
  EXPECT_EQ(counted("B"), 1);
  EXPECT_EQ(projection->figures().skipped, 1U);
  EXPECT_EQ(must(marks->load({{orders, "o-1"}})).front()->version, 3);
}

// As when one is taken for dead and is not: each with checkpoints of its own.
TEST_P(Counting, TheOneThatStartsTakesOverAndEachEventCountsOnce) {
  const auto other_checkpoints = make_in_memory_stream_checkpoints();
  const auto one = project_counts();
  push({event_of("o-1", 1, "A")});
  seen.drain(*one);
  push({event_of("o-1", 2, "A")});
  const auto other = must(EventProjection::open(database(), table(), *other_checkpoints,
                                                with_name(), database(), writes()));
  must(other->start());
  const auto stopped = seen.drain(*one);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->code(), ErrorCode::write_conflict);
  EXPECT_EQ(counted("A"), 1);
  push({event_of("o-1", 3, "A")});
  EXPECT_FALSE(seen.drain(*other));
  EXPECT_EQ(counted("A"), 3);
}

TEST_P(Counting, ARebuildStopsTheOneThatRuns) {
  const auto one = project_counts();
  push({event_of("o-1", 1, "A")});
  seen.drain(*one);
  const auto other = must(
      EventProjection::open(database(), table(), *checkpoints, with_name(), database(), writes()));
  must(other->rebuild());
  push({event_of("o-1", 2, "A")});
  EXPECT_TRUE(seen.drain(*one));
  must(other->start());
  EXPECT_FALSE(seen.drain(*other));
  EXPECT_EQ(counted("A"), 2);
}

TEST_P(Projections, TheOneThatStartsTakesAViewOver) {
  const auto one = project();
  push_versions("o-1", 1, 1);
  seen.drain(*one);
  push_versions("o-1", 2, 2);
  const auto other = project();
  const auto stopped = seen.drain(*one);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->code(), ErrorCode::write_conflict);
  EXPECT_FALSE(seen.drain(*other));
  EXPECT_EQ(must(view->get({orders, "o-1"}))->version, 2);
}

ON_EVERY_TABLE(Projections);
ON_EVERY_TABLE(Counting);

TEST(ProjectionsOnThreads, AViewIsTheFoldOfAllEventsWhileWritersRaceAndShardsRoll) {
  constexpr int writers = 3;
  constexpr int appends = 30;
  const auto database = must(
      open_embedded({.in_memory = true, .streams = {.initial_shards = 2, .roll_records = 20}}));
  const auto table = single_table_event_storage(*database, {.table_name = "Events"});
  must(table->create_table());
  must(database->update_table(
      {.table_name = "Events",
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  const EventView view(*database, "View", list_events);
  must(EventView(*database, "View", list_events).create_table());
  const auto checkpoints = make_in_memory_stream_checkpoints();
  EventSubscriptionOptions options{.name = "projection"};
  options.stream.threads = 3;
  options.stream.lanes = 3;
  options.stream.busy_poll = 2ms;
  options.stream.idle_poll_max = 5ms;
  const auto projection =
      must(EventProjection::open(*database, *table, *checkpoints, options, view));
  const std::vector<std::string> ids{"a", "b", "c"};
  {
    const RunningOnAThread following(*projection);
    on_threads(writers, [&](int writer) {
      for (int i = 0; i < appends; ++i) {
        const std::string type = std::to_string(writer) + "-" + std::to_string(i);
        while (!table->append(orders, ids[static_cast<std::size_t>(i) % ids.size()],
                              ExpectedVersion::any(), {{.type = type}})) {
        }
      }
    });
    wait_until([&] {
      if (following.has_ended()) return true;
      for (const std::string& id : ids) {
        const auto entry = must(view.get({orders, id}));
        if (!entry || entry->version != writers * appends / 3) return false;
      }
      return true;
    });
  }
  for (const std::string& id : ids) {
    std::string all;
    for (const Event& event : must(table->get_events(orders, id))) {
      if (!all.empty()) all += " ";
      all += std::to_string(event.version()) + ":" + std::string(event.type());
    }
    EXPECT_EQ(must(view.get({orders, id}))->state.at("events").as_string(), all);
  }
}

}  // namespace
}  // namespace dynakeep::contract
