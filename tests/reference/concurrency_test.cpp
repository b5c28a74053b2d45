#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"

// Many threads at once, against what the interface promises: writes to one item are linearizable, a
// transaction is serializable against every other operation, one operation sees one moment, and an
// index is as fresh as its table.
namespace dynakeep::reference {
namespace {

constexpr int threads = 6;

std::unique_ptr<Database> open() { return open_embedded({.in_memory = true}).value(); }

// Accounts: id S, with a global index that holds them all under one key.
void create_accounts(Database& database) {
  const KeySchema by_id = {{.attribute_name = "id", .key_type = KeyType::hash}};
  const KeySchema by_bank = {{.attribute_name = "bank", .key_type = KeyType::hash}};
  database
      .create_table(
          {.table_name = "Accounts",
           .attribute_definitions =
               {{{.attribute_name = "id", .attribute_type = ScalarType::string},
                 {.attribute_name = "bank", .attribute_type = ScalarType::string}}},
           .key_schema = by_id,
           .global_secondary_indexes = {{{.index_name = "byBank",
                                          .key_schema = by_bank,
                                          .projection =
                                              Projection{.projection_type = ProjectionType::all}}}},
           .billing_mode = BillingMode::pay_per_request})
      .value();
}

void on_threads(const std::function<void(int)>& work) {
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
}

Key account(int i) { return {{"id", "account" + std::to_string(i)}}; }

// ---- one item ----

// An operation on a counter: between which moments it ran, and the value that it made or saw.
struct Use {
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  std::int64_t value = 0;
  bool is_write = false;
};

// A counter that only ever goes up by one has one possible order of its writes: by their values.
// Linearizable is then what respects real time: who ended before another began, made or saw less.
TEST(Concurrency, WritesAndReadsOfOneItemAreLinearizable) {
  const auto database = open();
  create_accounts(*database);
  database->put_item({.table_name = "Accounts", .item = Item{{"id", "account0"}, {"uses", 0}}})
      .value();
  std::atomic<std::uint64_t> time = 1;
  std::vector<std::vector<Use>> uses(threads);
  on_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int i = 0; i < 400; ++i) {
      Use use{.begun = time++, .is_write = random() % 2 == 0};
      std::optional<Item> seen;
      if (use.is_write) {
        seen = database
                   ->update_item({.table_name = "Accounts",
                                  .key = account(0),
                                  .update_expression = "ADD uses :one",
                                  .expression_attribute_values = Item{{":one", 1}},
                                  .return_values = ReturnValues::updated_new})
                   .value()
                   .attributes;
      } else {
        seen = database->get_item({.table_name = "Accounts", .key = account(0)}).value().item;
      }
      use.value = *seen->at("uses").as_number().to_int64();
      use.ended = time++;
      uses[static_cast<std::size_t>(thread)].push_back(use);
    }
  });

  std::vector<Use> all;
  for (const auto& of_thread : uses) all.insert(all.end(), of_thread.begin(), of_thread.end());
  std::vector<std::int64_t> written;
  for (const Use& use : all) {
    if (use.is_write) written.push_back(use.value);
  }
  std::sort(written.begin(), written.end());
  for (std::size_t i = 0; i < written.size(); ++i) {
    ASSERT_EQ(written[i], static_cast<std::int64_t>(i) + 1) << "a write was lost or made twice";
  }
  for (const Use& first : all) {
    for (const Use& second : all) {
      if (first.ended >= second.begun) continue;
      ASSERT_LE(first.value + (second.is_write ? 1 : 0), second.value)
          << "what had happened was not seen";
    }
  }
}

TEST(Concurrency, OfManyPutsThatWantToBeFirstOneIs) {
  const auto database = open();
  create_accounts(*database);
  for (int i = 0; i < 200; ++i) {
    std::atomic<int> first = 0;
    on_threads([&](int thread) {
      Item item = account(i);
      item["owner"] = thread;
      const auto put = database->put_item({.table_name = "Accounts",
                                           .item = item,
                                           .condition_expression = "attribute_not_exists(id)"});
      if (put) {
        ++first;
      } else {
        EXPECT_TRUE(put.error().is_condition_failure());
      }
    });
    ASSERT_EQ(first, 1);
  }
}

// ---- many items ----

struct Bank {
  static constexpr int accounts = 8;
  static constexpr std::int64_t money = accounts * 100;

  Bank() : database(open()) {
    create_accounts(*database);
    for (int i = 0; i < accounts; ++i) {
      Item item = account(i);
      item["bank"] = "one";
      item["money"] = 100;
      database->put_item({.table_name = "Accounts", .item = item}).value();
    }
  }

  // From one account to another, if it has that much; the payer's version goes up.
  void transfer(int from, int to, int money_moved) const {
    const auto update = [&](int id, std::int64_t change, std::optional<std::string> condition) {
      return TransactWriteItem{
          .update = TransactUpdate{.table_name = "Accounts",
                                   .key = account(id),
                                   .update_expression = "ADD money :change",
                                   .condition_expression = std::move(condition),
                                   .expression_attribute_values =
                                       change < 0 ? Item{{":change", change}, {":least", -change}}
                                                  : Item{{":change", change}}}};
    };
    const auto moved = database->transact_write_items(
        {.transact_items = {{update(from, -money_moved, "money >= :least"),
                             update(to, money_moved, std::nullopt)}}});
    if (!moved) {
      EXPECT_EQ(moved.error().code(), ErrorCode::transaction_canceled) << moved.error();
    }
  }

  std::unique_ptr<Database> database;
};

template <typename Items>
std::int64_t sum(const Items& items) {
  std::int64_t sum = 0;
  for (const Item& item : items) {
    const std::int64_t money = *item.at("money").as_number().to_int64();
    EXPECT_GE(money, 0);
    sum += money;
  }
  return sum;
}

TEST(Concurrency, EveryReadOfManyItemsSeesWholeTransactions) {
  const Bank bank;
  std::vector<Key> keys;
  std::vector<TransactGetItem> gets;
  for (int i = 0; i < Bank::accounts; ++i) {
    keys.push_back(account(i));
    gets.push_back({.get = TransactGet{.table_name = "Accounts", .key = account(i)}});
  }
  on_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int i = 0; i < 300; ++i) {
      if (thread % 2 == 0) {
        const int from = static_cast<int>(random() % Bank::accounts);
        const int to =
            (from + 1 + static_cast<int>(random() % (Bank::accounts - 1))) % Bank::accounts;
        bank.transfer(from, to, 1 + static_cast<int>(random() % 60));
        continue;
      }
      std::int64_t seen = 0;
      switch (random() % 4) {
        case 0: {
          const auto got = bank.database->transact_get_items({.transact_items = gets}).value();
          for (const auto& item : got.responses) seen += sum(std::vector{*item});
          break;
        }
        case 1: {
          const auto got =
              bank.database->batch_get_item({.request_items = {{{"Accounts", {.keys = keys}}}}})
                  .value();
          seen = sum(got.responses.at("Accounts"));
          break;
        }
        case 2: {
          const auto page = bank.database->scan({.table_name = "Accounts"}).value();
          seen = sum(*page.items);
          break;
        }
        default: {
          const auto page = bank.database
                                ->query({.table_name = "Accounts",
                                         .index_name = "byBank",
                                         .key_condition_expression = "bank = :b",
                                         .expression_attribute_values = Item{{":b", "one"}}})
                                .value();
          seen = sum(*page.items);
          break;
        }
      }
      ASSERT_EQ(seen, Bank::money);
    }
  });
}

// Each transaction reads two items' versions and writes one of them if neither has changed: write
// skew would let both writes through.
TEST(Concurrency, TransactionsThatCheckEachOthersItemsDoNotBothPass) {
  const auto database = open();
  create_accounts(*database);
  const auto check = [](int id) {
    return TransactWriteItem{.condition_check = TransactConditionCheck{
                                 .table_name = "Accounts",
                                 .key = account(id),
                                 .condition_expression = "attribute_not_exists(id)"}};
  };
  const auto put = [](int id) {
    return TransactWriteItem{.put =
                                 TransactPut{.table_name = "Accounts",
                                             .item = account(id),
                                             .condition_expression = "attribute_not_exists(id)"}};
  };
  for (int round = 0; round < 300; ++round) {
    const int first = 2 * round;
    std::atomic<int> passed = 0;
    {
      std::jthread one([&] {
        passed +=
            database->transact_write_items({.transact_items = {{check(first), put(first + 1)}}})
                .has_value();
      });
      std::jthread other([&] {
        passed +=
            database->transact_write_items({.transact_items = {{check(first + 1), put(first)}}})
                .has_value();
      });
    }
    ASSERT_EQ(passed, 1);
  }
}

// An index is changed, made and dropped while items are written: in the end it has what it should.
TEST(Concurrency, AnIndexMadeUnderWritesHoldsEveryItemOnce) {
  const Bank bank;
  const auto change_index = [&](bool make) {
    GlobalSecondaryIndexUpdate update;
    if (make) {
      update.create = CreateGlobalSecondaryIndexAction{
          .index_name = "byOwner",
          .key_schema = KeySchema{{.attribute_name = "owner", .key_type = KeyType::hash}},
          .projection = Projection{.projection_type = ProjectionType::keys_only}};
    } else {
      update.remove = DeleteGlobalSecondaryIndexAction{.index_name = "byOwner"};
    }
    return bank.database->update_table(
        {.table_name = "Accounts",
         .attribute_definitions =
             {{{.attribute_name = "id", .attribute_type = ScalarType::string},
               {.attribute_name = "bank", .attribute_type = ScalarType::string},
               {.attribute_name = "owner", .attribute_type = ScalarType::string}}},
         .global_secondary_index_updates = {{update}}});
  };
  const auto indexes_are_active = [&] {
    const auto table = bank.database->describe_table({.table_name = "Accounts"}).value().table;
    return std::all_of(table.global_secondary_indexes.begin(), table.global_secondary_indexes.end(),
                       [](const auto& index) { return index.index_status == IndexStatus::active; });
  };
  on_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    if (thread == 0) {
      for (int i = 0; i < 7; ++i) {
        const auto changed = change_index(i % 2 == 0);
        ASSERT_TRUE(changed) << changed.error();
        while (!indexes_are_active()) std::this_thread::yield();
      }
      return;
    }
    for (int i = 0; i < 1500; ++i) {
      Item item = account(static_cast<int>(random() % 40));
      item["money"] = 0;
      if (random() % 3 != 0) item["owner"] = "owner" + std::to_string(random() % 3);
      if (random() % 5 == 0) {
        ASSERT_TRUE(bank.database->delete_item(
            {.table_name = "Accounts", .key = Key{{"id", item.at("id")}}}));
      } else {
        ASSERT_TRUE(bank.database->put_item({.table_name = "Accounts", .item = item}));
      }
    }
  });
  std::vector<Item> expected;
  const auto all = bank.database->scan({.table_name = "Accounts"}).value();
  for (const Item& item : *all.items) {
    if (item.contains("owner")) {
      expected.push_back({{"id", item.at("id")}, {"owner", item.at("owner")}});
    }
  }
  auto found =
      *bank.database->scan({.table_name = "Accounts", .index_name = "byOwner"}).value().items;
  const auto by_id = [](const Item& a, const Item& b) {
    return a.at("id").as_string() < b.at("id").as_string();
  };
  std::sort(expected.begin(), expected.end(), by_id);
  std::sort(found.begin(), found.end(), by_id);
  EXPECT_EQ(found, expected);
  const auto table = bank.database->describe_table({.table_name = "Accounts"}).value().table;
  EXPECT_EQ(table.item_count, static_cast<std::int64_t>(all.items->size()));
  EXPECT_EQ(table.global_secondary_indexes.back().item_count,
            static_cast<std::int64_t>(expected.size()));
}

}  // namespace
}  // namespace dynakeep::reference
