#include "storage/key_locks.h"

#include <array>
#include <future>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::storage {
namespace {

TEST(KeyLocks, WhoHoldsAKeyHasItAlone) {
  KeyLocks locks;
  int counter = 0;  // not atomic: the lock is what keeps it whole
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const auto guard = locks.lock("counter");
        ++counter;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(counter, 8000);
}

TEST(KeyLocks, KeysOfDifferentStripesDoNotExcludeEachOther) {
  KeyLocks locks;
  std::string other = "b";
  while (KeyLocks::stripe_of(other) == KeyLocks::stripe_of("a")) other += 'b';

  const auto guard = locks.lock("a");
  std::async(std::launch::async, [&] { const auto other_guard = locks.lock(other); }).get();
}

// Each transfer locks two accounts and repeats one; in opposite orders that would soon deadlock.
TEST(KeyLocks, ManyKeysAreTakenInOneOrderAndRepeatedOnesOnce) {
  KeyLocks locks;
  std::array<int, 8> balances{};
  const auto transfer = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 2000; ++i) {
      const auto from = random() % balances.size();
      const auto to = random() % balances.size();
      const std::array keys{std::to_string(from), std::to_string(to), std::to_string(from)};
      const auto guard = locks.lock_all(keys);
      --balances[from];
      ++balances[to];
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 0; seed < 4; ++seed) threads.emplace_back(transfer, seed);
  }
  int sum = 0;
  for (const auto balance : balances) sum += balance;
  EXPECT_EQ(sum, 0);
}

TEST(KeyLocks, AMovedGuardReleasesOnce) {
  KeyLocks locks;
  {
    auto guard = locks.lock("a");
    const auto moved = std::move(guard);
  }
  const auto again = locks.lock("a");  // would never return if it were still held
}

TEST(KeyLocks, KeysSpreadOverAllStripes) {
  std::set<std::size_t> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(KeyLocks::stripe_of(std::to_string(i)));
  EXPECT_EQ(seen.size(), KeyLocks::stripes);
}

TEST(KeyLocks, WaitingForHoldersLastsUntilTheyHaveLetGo) {
  KeyLocks locks;
  bool done = false;  // not atomic: what a holder did is seen by who waited for it
  std::promise<void> held;
  std::jthread holder([&] {
    const auto guard = locks.lock("a");
    held.set_value();
    std::this_thread::yield();
    done = true;
  });
  held.get_future().wait();
  locks.wait_for_holders();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace dynakeep::storage
