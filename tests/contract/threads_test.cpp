#include <algorithm>
#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "contract/database_contract.h"

// Any operation may be called from any thread at any time: what many of them at once must add up
// to.
namespace dynakeep::contract {
namespace {

constexpr int threads = 8;

class Threads : public DatabaseContract {
 protected:
  static Key id(const std::string& name) { return {{"id", name}}; }

  std::int64_t number(const std::optional<Item>& item, const std::string& name) {
    if (!item) throw Unexpected("there is no such item");
    return item->at(name).as_number().to_int64().value_or(-1);
  }
};

TEST_P(Threads, ConditionalIncrementsThatWereAnsweredAreAllThere) {
  const auto table = create_plain();
  put(table, {{"id", "counter"}, {"value", 0}});
  std::atomic<int> refusals = 0;
  on_threads(threads, [&](int) {
    for (int done = 0; done < 20;) {
      const auto seen = number(get(table, id("counter")), "value");
      const auto written = database().update_item(
          {.table_name = table,
           .key = id("counter"),
           .update_expression = "SET #v = :next",
           .condition_expression = "#v = :seen",
           .expression_attribute_names = ExpressionAttributeNames{{"#v", "value"}},
           .expression_attribute_values = Item{{":next", seen + 1}, {":seen", seen}}});
      if (written) {
        ++done;
      } else {
        refused(written, ErrorCode::conditional_check_failed);
        ++refusals;
      }
    }
  });
  EXPECT_EQ(number(get(table, id("counter")), "value"), threads * 20)
      << "with " << refusals << " refusals";
}

TEST_P(Threads, UnconditionalAdditionsAreAllThereAndSeeEachOther) {
  const auto table = create_plain();
  std::vector<std::vector<std::int64_t>> seen(threads);
  on_threads(threads, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      const auto result = must(database().update_item(
          {.table_name = table,
           .key = id("counter"),
           .update_expression = "ADD #v :one",
           .expression_attribute_names = ExpressionAttributeNames{{"#v", "value"}},
           .expression_attribute_values = Item{{":one", 1}},
           .return_values = ReturnValues::updated_new}));
      seen[static_cast<std::size_t>(thread)].push_back(number(result.attributes, "value"));
    }
  });
  std::set<std::int64_t> all;
  for (const auto& values : seen) {
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
    all.insert(values.begin(), values.end());
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(threads * 20)) << "two additions saw one value";
  EXPECT_EQ(*all.rbegin(), threads * 20);
}

TEST_P(Threads, OneOfManyMakesAnItem) {
  const auto table = create_plain();
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> winners = 0;
    on_threads(threads, [&](int thread) {
      const auto written =
          database().put_item({.table_name = table,
                               .item = Item{{"id", padded(round)}, {"by", thread}},
                               .condition_expression = "attribute_not_exists(id)"});
      if (written) {
        ++winners;
      } else {
        refused(written, ErrorCode::conditional_check_failed);
      }
    });
    EXPECT_EQ(winners, 1) << "round " << round;
  }
}

TEST_P(Threads, TransactionsMoveAmountsThatNoReaderSeesHalfMoved) {
  if (!capabilities().transactions) GTEST_SKIP() << "no transactions";
  const auto table = create_plain();
  constexpr int accounts = 4;
  for (int i = 0; i < accounts; ++i) put(table, {{"id", padded(i)}, {"amount", 100}});
  const auto change = [&](int account, int by) {
    return TransactWriteItem{.update =
                                 TransactUpdate{.table_name = table,
                                                .key = id(padded(account)),
                                                .update_expression = "ADD amount :by",
                                                .expression_attribute_values = Item{{":by", by}}}};
  };
  TransactGetItemsRequest read_all{.transact_items = std::vector<TransactGetItem>{}};
  for (int i = 0; i < accounts; ++i) {
    read_all.transact_items->push_back(
        {.get = TransactGet{.table_name = table, .key = id(padded(i))}});
  }
  // Two that meet may be refused for that: DynamoDB has them sent again.
  const auto met = [](const Error& error) {
    if (error.code() == ErrorCode::transaction_in_progress) return true;
    if (error.code() != ErrorCode::transaction_canceled) return false;
    return std::any_of(error.cancellation_reasons().begin(), error.cancellation_reasons().end(),
                       [](const auto& reason) { return reason.code == "TransactionConflict"; });
  };
  on_threads(threads, [&](int thread) {
    for (int done = 0; done < 15;) {
      if (thread % 2 == 0) {
        const int from = (thread + done) % accounts;
        const auto moved = database().transact_write_items(
            {.transact_items = {{change(from, -1), change((from + 1 + done % 3) % accounts, 1)}}});
        if (!moved && !met(moved.error()))
          fail(words(moved.error()), std::source_location::current());
        done += moved ? 1 : 0;
      } else {
        const auto read = database().transact_get_items(read_all);
        if (!read && !met(read.error())) fail(words(read.error()), std::source_location::current());
        done += read ? 1 : 0;
        if (!read) continue;
        std::int64_t sum = 0;
        for (const auto& account : read->responses) sum += number(account, "amount");
        if (sum != 100 * accounts) throw Unexpected("a reader saw " + std::to_string(sum));
      }
    }
  });
}

TEST_P(Threads, TablesOfTheirOwnDoNotDisturbEachOther) {
  std::vector<std::string> tables;
  for (int i = 0; i < threads; ++i) tables.push_back(create_songs());
  on_threads(threads, [&](int thread) {
    const auto& table = tables[static_cast<std::size_t>(thread)];
    const std::string artist = "artist" + std::to_string(thread);
    for (int i = 0; i < 15; ++i) {
      put(table, {{"artist", artist}, {"title", padded(i)}, {"thread", thread}});
      if (i % 3 == 0) {
        must(database().delete_item(
            {.table_name = table, .key = Key{{"artist", artist}, {"title", padded(i)}}}));
      }
    }
    const auto found = must(database().query({.table_name = table,
                                              .key_condition_expression = "artist = :a",
                                              .expression_attribute_values = Item{{":a", artist}},
                                              .consistent_read = true}));
    if (found.count != 10) throw Unexpected("a thread sees " + std::to_string(found.count));
    for (const auto& item : *found.items) {
      if (number(item, "thread") != thread) throw Unexpected("an item of another thread");
    }
  });
}

TEST_P(Threads, TablesAreMadeAndRemovedBesideEachOther) {
  std::vector<std::string> names;
  for (int i = 0; i < threads; ++i) names.push_back(unused_name());
  std::atomic<int> winners = 0;
  const auto shared = unused_name();
  on_threads(threads, [&](int thread) {
    auto request = table_of("id");
    request.table_name = names[static_cast<std::size_t>(thread)];
    must(database().create_table(request));
    wait_until_active(*request.table_name);
    put(*request.table_name, id("a"));
    request.table_name = shared;
    const auto created = database().create_table(request);
    if (created) {
      ++winners;
    } else {
      refused(created, ErrorCode::resource_in_use);
    }
    must(database().delete_table({.table_name = names[static_cast<std::size_t>(thread)]}));
  });
  EXPECT_EQ(winners, 1);
}

ON_EVERY_KIND(Threads);

}  // namespace
}  // namespace dynakeep::contract
