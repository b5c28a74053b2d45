#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/attribute_value.h"
#include "model/encoded_item.h"
#include "storage/key_value_store.h"
#include "support/power_loss_disk.h"

namespace dynakeep::storage {
namespace {

constexpr std::size_t small_buffer = 64 << 10;  // so that logs and memtables turn over all the time

StoreOptions on(const test::PowerLossDisk& disk, Durability durability = Durability::synced) {
  return {.path = "/data",
          .durability = durability,
          .write_buffer_bytes = small_buffer,
          .env = disk.env()};
}

std::string key(int partition, int sort = 0, SpaceId space = 1) {
  std::string partition_bytes, sort_bytes;
  model::append_value(partition_bytes, AttributeValue(partition));
  model::append_value(sort_bytes, AttributeValue(sort));
  return item_key(space, ValueView(partition_bytes), ValueView(sort_bytes));
}

std::string meta_key(int writer) { return "writer " + std::to_string(writer); }

// The number that a value begins with; 0 if there is no such key.
int number_at(const KeyValueStore& store, Family family, std::string_view at) {
  std::string value;
  return store.get(family, at, value).value() ? std::stoi(value) : 0;
}

std::uint64_t new_seed() { return std::random_device{}(); }

void put(WriteSet& writes, int number, std::size_t bytes, std::string_view at,
         Family family = Family::data) {
  std::string value = std::to_string(number) + ' ';
  value.resize(std::max(bytes, value.size()), 'x');
  writes.put(family, at, value);
}

// One life of a store: writers whose writes each change two families, readers that look on, and a
// loss of power in the middle. What each was told is what must be there afterwards.
class Life {
 public:
  static constexpr int writers = 3;
  static constexpr int keys_each = 20;

  explicit Life(std::uint64_t seed) : seed_(seed) {}

  // `started` is what the writers had written when this life began.
  void run(test::PowerLossDisk& disk, const std::array<int, writers>& started) {
    const auto store = KeyValueStore::open(on(disk)).value();
    std::mt19937_64 random(seed_);
    commits_until_dark_ = 50 + static_cast<int>(random() % 1500);
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer, seed = random()] {
        write(*store, disk, writer, started[static_cast<std::size_t>(writer)], seed);
      });
    }
    threads.emplace_back([&, seed = random()] { read(*store, seed); });
    threads.clear();
    // Closing answers whoever still waits, with an error.
  }

  // Checks what is there now, and returns how far each writer's writes got.
  std::array<int, writers> check(const KeyValueStore& store) const {
    std::array<int, writers> reached{};
    for (int writer = 0; writer < writers; ++writer) {
      const auto at = static_cast<std::size_t>(writer);
      const int last = reached[at] = number_at(store, Family::meta, meta_key(writer));
      EXPECT_GE(last, acknowledged_[at]) << "an answered write is gone";
      EXPECT_GE(last, read_[at]) << "what a reader was answered with is gone";
      // All of each write, and all that came before it.
      for (int i = 0; i < keys_each; ++i) {
        const int expected = last - (last - i + keys_each) % keys_each;
        EXPECT_EQ(number_at(store, Family::data, key(writer, i)), std::max(expected, 0))
            << "writer " << writer << " key " << i << " after write " << last;
      }
    }
    return reached;
  }

  int acknowledged() const { return *std::max_element(acknowledged_.begin(), acknowledged_.end()); }

 private:
  // Write n of a writer sets its key n % keys_each and its counter to n.
  void write(KeyValueStore& store, test::PowerLossDisk& disk, int writer, int n,
             std::uint64_t seed) {
    const auto at = static_cast<std::size_t>(writer);
    std::mt19937_64 random(seed);
    WriteSet writes;
    for (;;) {
      ++n;
      writes.clear();
      put(writes, n, random() % 2000, key(writer, n % keys_each));
      put(writes, n, 10, meta_key(writer), Family::meta);
      latest_[at] = n;
      const auto position = store.commit(writes);
      if (!position) break;
      if (--commits_until_dark_ == 0) {
        dark_ = true;
        disk.power_off();
      }
      if (random() % 4 == 0) {
        if (!store.wait_until_durable(*position)) break;
        acknowledge(at, n);
      } else {
        store.when_durable(*position, [this, at, n](const Result<void>& durable) {
          if (durable) acknowledge(at, n);
        });
      }
    }
    EXPECT_TRUE(dark_) << "no write fails while there is power";
  }

  void read(KeyValueStore& store, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!dark_) {
      const auto writer = static_cast<int>(random() % writers);
      // What is being written just now is what could be lost.
      const auto at = key(writer, latest_[static_cast<std::size_t>(writer)] % keys_each);
      const int seen = number_at(store, Family::data, at);
      const auto wait = random() % 2 == 0 ? store.unsynced_position(partition_of(at))
                                          : store.unsynced_position(partition_of(at).space);
      if (!store.wait_until_durable(wait)) break;
      auto& last = read_[static_cast<std::size_t>(writer)];
      last = std::max(last, seen);
    }
  }

  void acknowledge(std::size_t writer, int n) {
    const std::lock_guard lock(mutex_);
    acknowledged_[writer] = std::max(acknowledged_[writer], n);
  }

  const std::uint64_t seed_;
  std::atomic<int> commits_until_dark_ = 0;
  std::atomic<bool> dark_ = false;
  std::array<std::atomic<int>, writers> latest_{};  // begun
  std::array<int, writers> read_{};                 // of the reading thread
  std::mutex mutex_;
  std::array<int, writers> acknowledged_{};  // guarded by mutex_
};

TEST(StorePowerLoss, WhatWasAnsweredIsThereAndNoCommitIsThereInPart) {
  const auto seed = new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  test::PowerLossDisk disk(random());
  std::array<int, Life::writers> reached{};
  int acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Life life(random());
    life.run(disk, reached);
    disk.power_on();
    reached = life.check(*KeyValueStore::open(on(disk)).value());
    acknowledged = std::max(acknowledged, life.acknowledged());
    if (HasFailure()) return;
  }
  EXPECT_GT(acknowledged, 0) << "a run in which nothing was answered proves nothing";
}

// The write to wait for is in the newest log, another that came before it in an older one, which
// only a family without a flush keeps alive. Waiting for one is waiting for both.
TEST(StorePowerLoss, AWaitCoversTheOlderLogsThatAreStillNeeded) {
  for (int data_writes = 1; data_writes < 12; ++data_writes) {
    test::PowerLossDisk disk(static_cast<std::uint64_t>(data_writes));
    {
      const auto store = KeyValueStore::open(on(disk)).value();
      WriteSet writes;
      put(writes, 1, 10, "meta", Family::meta);
      ASSERT_TRUE(store->commit(writes));
      Position last = 0;
      for (int i = 0; i < data_writes; ++i) {
        writes.clear();
        put(writes, i + 1, small_buffer / 4, key(i));
        last = store->commit(writes).value();
      }
      ASSERT_TRUE(store->wait_until_durable(last));
      disk.power_off();
    }
    disk.power_on();
    const auto store = KeyValueStore::open(on(disk)).value();
    EXPECT_EQ(number_at(*store, Family::meta, "meta"), 1);
    for (int i = 0; i < data_writes; ++i) {
      EXPECT_EQ(number_at(*store, Family::data, key(i)), i + 1);
    }
  }
}

// The disk itself: if this fails, the other tests prove nothing.
TEST(StorePowerLoss, TheDiskForgetsWhatNobodyWaitedFor) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    test::PowerLossDisk disk(seed);
    {
      const auto store = KeyValueStore::open(on(disk)).value();
      ASSERT_TRUE(store->sync());
      WriteSet writes;
      put(writes, 1, 100, key(1));
      ASSERT_TRUE(store->commit(writes));
      disk.power_off();
    }
    disk.power_on();
    lost += number_at(*KeyValueStore::open(on(disk)).value(), Family::data, key(1)) == 0 ? 1 : 0;
  }
  EXPECT_GT(lost, 5);
}

TEST(StorePowerLoss, AfterAFailedSyncNothingMoreIsAcceptedUntilReopened) {
  test::PowerLossDisk disk(1);
  {
    const auto store = KeyValueStore::open(on(disk)).value();
    WriteSet writes;
    put(writes, 1, 100, key(1));
    ASSERT_TRUE(store->wait_until_durable(store->commit(writes).value()));

    disk.break_syncs(true);
    writes.clear();
    put(writes, 2, 100, key(1));
    const auto unsynced = store->commit(writes).value();
    EXPECT_FALSE(store->wait_until_durable(unsynced));
    disk.break_syncs(false);

    EXPECT_FALSE(store->wait_until_durable(unsynced)) << "a later sync proves nothing";
    EXPECT_EQ(store->unsynced_position(partition_of(key(1))), unsynced) << "readers cannot answer";
    const auto refused = store->commit(writes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::internal_server_error);
    EXPECT_FALSE(store->erase_space(1, [] { return false; }));
    disk.power_off();
  }
  disk.power_on();
  const auto store = KeyValueStore::open(on(disk)).value();
  EXPECT_GE(number_at(*store, Family::data, key(1)), 1);
  WriteSet writes;
  put(writes, 3, 100, key(1));
  EXPECT_TRUE(store->wait_until_durable(store->commit(writes).value()));
}

TEST(StorePowerLoss, AFullDiskIsSaidToBeFullAndLosesNothing) {
  test::PowerLossDisk disk(1);
  {
    const auto store = KeyValueStore::open(on(disk)).value();
    WriteSet writes;
    put(writes, 1, 100, key(1));
    ASSERT_TRUE(store->wait_until_durable(store->commit(writes).value()));
    disk.fill(true);
    writes.clear();
    put(writes, 2, 100, key(1));
    const auto refused = store->commit(writes);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().outcome_unknown());
    EXPECT_TRUE(refused.error().message().starts_with("The disk is full: free some space"))
        << refused.error().message();
    EXPECT_EQ(number_at(*store, Family::data, key(1)), 1) << "reading goes on";
  }
  disk.fill(false);
  const auto store = KeyValueStore::open(on(disk)).value();
  EXPECT_GE(number_at(*store, Family::data, key(1)), 1);
}

// Files of a dropped table go at once and for good, so the drop itself must be safe before.
TEST(StorePowerLoss, ATableThatComesBackHasAllItsItems) {
  constexpr int items = 300;
  for (const auto durability : {Durability::synced, Durability::none}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      test::PowerLossDisk disk(seed);
      {
        const auto store = KeyValueStore::open(on(disk, durability)).value();
        WriteSet writes;
        for (int i = 0; i < items; ++i) {
          writes.clear();
          put(writes, 1, 1000, key(i, 0, 2));
          ASSERT_TRUE(store->commit(writes));
        }
        writes.clear();
        put(writes, 1, 10, "table", Family::meta);
        ASSERT_TRUE(store->commit(writes));
      }
      {
        const auto store = KeyValueStore::open(on(disk, durability)).value();
        WriteSet writes;
        writes.erase(Family::meta, "table");
        ASSERT_TRUE(store->commit(writes));
        std::uint64_t steps = 0;
        (void)store->erase_space(2, [&] {
          if (++steps > seed % 4) disk.power_off();
          return false;
        });
        disk.power_off();
      }
      disk.power_on();
      const auto store = KeyValueStore::open(on(disk, durability)).value();
      int left = 0;
      for (auto cursor = store->cursor(Family::data, space_range(2)); cursor.valid();
           cursor.next()) {
        ++left;
      }
      if (number_at(*store, Family::meta, "table") == 1) {
        EXPECT_EQ(left, items);
      }
      EXPECT_TRUE(store->erase_space(2, [] { return false; }).value());
    }
  }
}

}  // namespace
}  // namespace dynakeep::storage
