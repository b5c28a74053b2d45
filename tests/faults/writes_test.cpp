// What a remote database says of a write must be true, whatever happened on the way: done means
// done once, an error that does not say outcome_unknown means not done at all.

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/pages.h"
#include "faults/world.h"

namespace dynakeep::faults {
namespace {

using namespace std::chrono_literals;
using support::Fault;

constexpr std::size_t threads = 16;

enum class Outcome : std::uint8_t { done, not_done, unknown };

template <typename T>
Outcome outcome_of(const Result<T>& result) {
  if (result) return Outcome::done;
  return result.error().outcome_unknown() ? Outcome::unknown : Outcome::not_done;
}

// How many calls ended in which way.
struct Outcomes {
  std::atomic<std::int64_t> done = 0;
  std::atomic<std::int64_t> not_done = 0;
  std::atomic<std::int64_t> unknown = 0;

  void add(Outcome outcome) {
    ++(outcome == Outcome::done ? done : outcome == Outcome::unknown ? unknown : not_done);
  }
};

std::ostream& operator<<(std::ostream& out, const Outcomes& outcomes) {
  return out << outcomes.done << " done, " << outcomes.not_done << " not done, " << outcomes.unknown
             << " unknown";
}

// One counter, and what its increments from each value were told.
struct Counter {
  std::string id = {};
  std::mutex mutex = {};
  std::map<std::int64_t, int> done = {};
  std::map<std::int64_t, int> unknown = {};
};

// Adds one to the counter if it still has the value `seen`, by either kind of write that can.
Outcome increment(Database& database, const Counter& counter, std::int64_t seen, bool by_update,
                  std::optional<std::int64_t>& found) {
  const std::optional<Item> values = Item{{":seen", seen}, {":next", seen + 1}};
  const auto told = [&found](const auto& result) {
    if (!result && result.error().item() != nullptr) {
      found = result.error().item()->at("count").as_number().to_int64();
    }
    return outcome_of(result);
  };
  if (by_update) {
    return told(database.update_item({.table_name = "Table",
                                      .key = Key{{"id", counter.id}},
                                      .update_expression = "SET #count = :next",
                                      .condition_expression = "#count = :seen",
                                      .expression_attribute_names = {{{"#count", "count"}}},
                                      .expression_attribute_values = values,
                                      .return_values_on_condition_check_failure =
                                          ReturnValuesOnConditionCheckFailure::all_old}));
  }
  return told(database.put_item(
      {.table_name = "Table",
       .item = Item{{"id", counter.id}, {"count", seen + 1}},
       .condition_expression = "#count = :seen",
       .expression_attribute_names = {{{"#count", "count"}}},
       .expression_attribute_values = Item{{":seen", seen}},
       .return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old}));
}

// 16 threads, until `wanted` increments of four counters are acknowledged.
void count_through(World& world, std::int64_t wanted) {
  std::array<Counter, 4> counters;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    counters[i].id = "counter " + std::to_string(i);
    ASSERT_TRUE(world.embedded->put_item(
        {.table_name = "Table", .item = Item{{"id", counters[i].id}, {"count", 0}}}));
  }
  Outcomes outcomes;
  on_threads(threads, [&](std::size_t thread) {
    Counter& counter = counters[thread % counters.size()];
    std::optional<std::int64_t> seen;
    for (std::int64_t own = 0; own < wanted / static_cast<std::int64_t>(threads);) {
      if (!seen) {
        const auto got = world.remote->get_item(
            {.table_name = "Table", .key = Key{{"id", counter.id}}, .consistent_read = true});
        if (!got || !got->item) continue;
        seen = got->item->at("count").as_number().to_int64();
      }
      std::optional<std::int64_t> found;
      const auto outcome =
          increment(*world.remote, counter, *seen, thread / counters.size() % 2 == 0, found);
      outcomes.add(outcome);
      if (outcome != Outcome::not_done) {
        const std::lock_guard lock(counter.mutex);
        ++(outcome == Outcome::done ? counter.done : counter.unknown)[*seen];
      }
      if (outcome == Outcome::done) ++own;
      seen = outcome == Outcome::done ? std::optional(*seen + 1) : found;
    }
  });
  world.settle();
  std::cout << outcomes << '\n';

  EXPECT_EQ(outcomes.done,
            wanted / static_cast<std::int64_t>(threads) * static_cast<std::int64_t>(threads));
  std::int64_t total = 0;
  for (const Counter& counter : counters) {
    const auto count = number_at(*world.embedded, counter.id, "count");
    total += count;
    // Each step was somebody's: of one who was told so, or of one who was told that it is unknown.
    for (std::int64_t value = 0; value < count; ++value) {
      const auto done = counter.done.find(value);
      const int times = done == counter.done.end() ? 0 : done->second;
      EXPECT_LE(times, 1) << counter.id << " was counted twice from " << value;
      EXPECT_TRUE(times == 1 || counter.unknown.contains(value))
          << counter.id << " went on from " << value << " though no one was told";
    }
    if (!counter.done.empty()) {
      EXPECT_LT(counter.done.rbegin()->first, count) << counter.id << " lost an increment";
    }
  }
  EXPECT_GE(total, outcomes.done);
  EXPECT_LE(total, outcomes.done + outcomes.unknown);
}

// The second answer of a conditional write that a network has doubled is a refusal, though the
// write was done: no client can tell.
const std::vector<Fault> doubled_answers = {Fault::send_twice_answer_second};

TEST(FaultyWrites, ConditionalIncrementsCountExactlyWhatWasAcknowledged) {
  auto world = make_world(all_faults_but(doubled_answers));
  count_through(world, 10'000);
  EXPECT_GT(world.proxy->counts().faults(), 2000U);
}

// The client gives up and tries again while its first request is still under way, to arrive late.
TEST(FaultyWrites, ConditionalIncrementsCountRightThoughRequestsArriveLate) {
  auto world = make_world({{Fault::delay_request, 60}, {Fault::delay_answer, 20}},
                          {.total_timeout = 400ms, .attempt_timeout = 40ms}, 100ms);
  count_through(world, 2'000);
}

TEST(FaultyWrites, APutIsThereIfAcknowledgedAndOnlyThereIfItMayBe) {
  auto world = make_world(all_faults_but({}));
  Outcomes outcomes;
  std::mutex mutex;
  std::map<std::string, Outcome> puts;
  std::map<std::string, Outcome> deletes;
  on_threads(threads, [&](std::size_t thread) {
    for (int i = 0; i < 150; ++i) {
      const auto id = "item " + std::to_string(thread) + " " + std::to_string(i);
      const auto put = outcome_of(
          world.remote->put_item({.table_name = "Table", .item = Item{{"id", id}, {"count", i}}}));
      outcomes.add(put);
      std::optional<Outcome> removed;
      if (i % 3 == 0) {
        removed =
            outcome_of(world.remote->delete_item({.table_name = "Table", .key = Key{{"id", id}}}));
        outcomes.add(*removed);
      }
      const std::lock_guard lock(mutex);
      puts[id] = put;
      if (removed) deletes[id] = *removed;
    }
  });
  world.settle();
  std::cout << outcomes << '\n';
  for (const auto& [id, put] : puts) {
    const auto got = world.embedded->get_item({.table_name = "Table", .key = Key{{"id", id}}});
    ASSERT_TRUE(got) << got.error();
    const bool there = got->item.has_value();
    const auto removed = deletes.find(id);
    if (put == Outcome::not_done ||
        (removed != deletes.end() && removed->second == Outcome::done)) {
      EXPECT_FALSE(there) << id;
    } else if (put == Outcome::done &&
               (removed == deletes.end() || removed->second == Outcome::not_done)) {
      EXPECT_TRUE(there) << id;
    }
  }
  EXPECT_GT(outcomes.done, 2000);
}

// A wrong checksum means that the answer is not the server's: what is read is what is there, or an
// error.
TEST(FaultyWrites, ReadsAreRightOrFail) {
  auto world = make_world(all_faults_but({}));
  constexpr std::int64_t items = 100;
  for (std::int64_t i = 0; i < items; ++i) {
    ASSERT_TRUE(world.embedded->put_item(
        {.table_name = "Table",
         .item = Item{{"id", "item " + std::to_string(i)}, {"count", i * 11}, {"again", i * 11}}}));
  }
  std::atomic<int> right = 0;
  std::atomic<int> wrong = 0;
  on_threads(threads, [&](std::size_t thread) {
    for (std::int64_t i = 0; i < 200; ++i) {
      const auto number = (i + static_cast<std::int64_t>(thread)) % items;
      const auto id = "item " + std::to_string(number);
      const auto got = world.remote->get_item({.table_name = "Table", .key = Key{{"id", id}}});
      if (!got) {
        EXPECT_NE(got.error().code(), ErrorCode::validation) << got.error();
        EXPECT_FALSE(got.error().outcome_unknown()) << got.error();
        continue;
      }
      const Item expected{{"id", id}, {"count", number * 11}, {"again", number * 11}};
      if (got->item == expected) {
        ++right;
      } else if (wrong++ == 0) {
        std::cout << "read " << *got->item << " for " << expected << '\n';
      }
    }
  });
  world.settle();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(right, 2000);
}

TEST(FaultyWrites, AnAdditionIsNeverDoneTwice) {
  // Who doubles requests doubles additions: that is not the client's doing.
  auto world = make_world(all_faults_but({Fault::send_twice, Fault::send_twice_answer_second}));
  Outcomes outcomes;
  on_threads(threads, [&](std::size_t) {
    for (int i = 0; i < 150; ++i) {
      outcomes.add(outcome_of(
          world.remote->update_item({.table_name = "Table",
                                     .key = Key{{"id", "sum"}},
                                     .update_expression = "ADD plays :one",
                                     .expression_attribute_values = Item{{":one", 1}}})));
    }
  });
  world.settle();
  std::cout << outcomes << '\n';
  const auto total = number_at(*world.embedded, "sum", "plays");
  EXPECT_GE(total, outcomes.done);
  EXPECT_LE(total, outcomes.done + outcomes.unknown);
  EXPECT_GT(outcomes.done, 1000);
}

TransactWriteItem addition(const std::string& id) {
  return {.update = TransactUpdate{.table_name = "Table",
                                   .key = Key{{"id", id}},
                                   .update_expression = "ADD plays :one",
                                   .expression_attribute_values = Item{{":one", 1}}}};
}

TEST(FaultyWrites, ATransactionIsDoneOnceAndNeverByHalf) {
  auto world = make_world(all_faults_but({}));
  Outcomes outcomes;
  std::mutex mutex;
  std::map<std::string, Outcome> told;
  on_threads(threads, [&](std::size_t thread) {
    for (int i = 0; i < 60; ++i) {
      const auto id = "order " + std::to_string(thread) + " " + std::to_string(i);
      TransactWriteItemsRequest request{
          .transact_items = {{{.put = TransactPut{.table_name = "Table", .item = Item{{"id", id}}}},
                              addition("left"),
                              addition("right")}}};
      // With a token of the caller's or, if there is none, of the database's own making.
      if (i % 2 == 0) request.client_request_token = id;
      const auto outcome = outcome_of(world.remote->transact_write_items(request));
      outcomes.add(outcome);
      const std::lock_guard lock(mutex);
      told[id] = outcome;
    }
  });
  world.settle();
  std::cout << outcomes << '\n';
  std::int64_t orders = 0;
  for (const auto& [id, outcome] : told) {
    const auto got = world.embedded->get_item({.table_name = "Table", .key = Key{{"id", id}}});
    ASSERT_TRUE(got) << got.error();
    orders += got->item ? 1 : 0;
    if (outcome != Outcome::unknown) {
      EXPECT_EQ(got->item.has_value(), outcome == Outcome::done) << id;
    }
  }
  EXPECT_EQ(number_at(*world.embedded, "left", "plays"), orders);
  EXPECT_EQ(number_at(*world.embedded, "right", "plays"), orders);
  EXPECT_GT(outcomes.done, 400);
}

TEST(FaultyWrites, WriteItemsIsDoneInWholeIfItSaysSo) {
  auto world = make_world(all_faults_but({}));
  Outcomes outcomes;
  std::mutex mutex;
  std::set<std::string> acknowledged;
  on_threads(threads, [&](std::size_t thread) {
    for (int i = 0; i < 12; ++i) {
      std::vector<std::string> ids;
      std::vector<WriteRequest> writes;
      for (int item = 0; item < 60; ++item) {
        ids.push_back("item " + std::to_string(thread) + " " + std::to_string(i) + " " +
                      std::to_string(item));
        writes.push_back({.put = Item{{"id", ids.back()}, {"count", item}}});
      }
      const auto outcome = outcome_of(write_items(*world.remote, "Table", std::move(writes)));
      outcomes.add(outcome);
      const std::lock_guard lock(mutex);
      if (outcome == Outcome::done) acknowledged.insert(ids.begin(), ids.end());
    }
  });
  world.settle();
  std::cout << outcomes << '\n';
  std::set<std::string> there;
  const auto walked =
      for_each_item(*world.embedded, ScanRequest{.table_name = "Table"}, [&](Item&& item) {
        there.insert(item.at("id").as_string());
        return true;
      });
  ASSERT_TRUE(walked) << walked.error();
  for (const auto& id : acknowledged) EXPECT_TRUE(there.contains(id)) << id;
  EXPECT_GT(acknowledged.size(), 2000U);
}

}  // namespace
}  // namespace dynakeep::faults
