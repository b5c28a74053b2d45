// What the store of dismissals says must be true, whatever happened on the way: created once, with
// one time for all; a dismissal that was answered stays; what was refused was not done.

#include "dynakeep/stores/dismissals.h"

#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "faults/world.h"

namespace dynakeep::faults {
namespace {

using std::chrono::milliseconds;
using support::Fault;

constexpr std::size_t threads = 8;
const std::string table = "dismissible-items";

// Who doubles a request and passes on the second answer makes a refusal of a success. No client can
// know, since to it there was one request.
const std::vector<Fault> doubled_answers = {Fault::send_twice_answer_second};

class FaultyDismissals : public testing::Test {
 protected:
  void SetUp() override {
    world_ = make_world(all_faults_but(doubled_answers));
    truth_ = dismissal_table(*world_.embedded, {.table = table, .clock = &clock_}).value();
    ASSERT_TRUE(truth_->create_table());
  }

  // A server of its own, with a clock that no other has.
  struct Server {
    ManualClock clock;
    std::unique_ptr<DismissalTable> store = {};
  };
  std::unique_ptr<Server> server(std::size_t number) {
    auto one = std::make_unique<Server>();
    one->clock.advance(milliseconds(number));
    one->store =
        dismissal_table(*world_.remote,
                        {.table = table, .clock = &one->clock, .wait = [](milliseconds) {}})
            .value();
    return one;
  }
  DismissalItemId item(const std::string& id) { return DismissalItemId::parse(id).value(); }
  Dismissible stored(const std::string& id) {
    const auto read = truth_->get(user_, item(id));
    EXPECT_TRUE(read && *read) << id;
    return read && *read ? **read : Dismissible();
  }
  void settle() {
    world_.settle();
    EXPECT_GT(world_.proxy->counts().faults(), 50U);
  }

  const DismissalUserId user_ = DismissalUserId::parse("user-1").value();
  ManualClock clock_;  // the same moment at which all others begin
  World world_;
  std::unique_ptr<DismissalTable> truth_;
};

DismissalTime now_of(const Clock& clock) { return std::chrono::floor<milliseconds>(clock.now()); }

TEST_F(FaultyDismissals, SixtyFourFirstSightsMakeOneItem) {
  constexpr std::size_t viewers = 64;
  std::vector<std::unique_ptr<Server>> servers;
  for (std::size_t i = 0; i < viewers; ++i) servers.push_back(server(i));
  std::size_t answered = 0;
  std::size_t created = 0;
  for (int round = 0; round < 6; ++round) {
    const std::string id = "item-" + std::to_string(round);
    std::vector<std::optional<ObtainedDismissible>> seen(viewers);
    on_threads(viewers, [&](std::size_t thread) {
      auto obtained = servers[thread]->store->get_or_create(user_, item(id));
      if (obtained) seen[thread] = std::move(*obtained);
    });
    const Dismissible there = stored(id);
    std::size_t created_here = 0;
    for (const auto& each : seen) {
      if (!each) continue;
      ++answered;
      EXPECT_EQ(each->item, there);
      created_here += each->created ? 1 : 0;
    }
    EXPECT_LE(created_here, 1u);
    created += created_here;
  }
  settle();
  std::cout << answered << " answered, " << created << " created\n";
  EXPECT_GT(answered, viewers * 3);
  EXPECT_GT(created, 0u);
}

TEST_F(FaultyDismissals, WhatWasAcknowledgedStaysUntilItIsRestored) {
  std::atomic<int> acknowledged = 0;
  on_threads(threads, [&](std::size_t thread) {
    const auto here = server(thread);
    const std::string id = "own-" + std::to_string(thread);
    while (!here->store->create(user_, item(id))) {
    }
    std::set<DismissalTime> tried;
    std::set<DismissalTime> refused;
    for (int turn = 0; turn < 80; ++turn) {
      here->clock.advance(milliseconds(1));
      const DismissalTime at = now_of(here->clock);
      const auto dismissed = here->store->dismiss(user_, item(id));
      tried.insert(at);
      if (dismissed) {
        ++acknowledged;
        EXPECT_EQ(dismissed->item.dismissed_at, at);
        // Nothing but a restoration may end it, and none is asked for until the next one.
        EXPECT_EQ(stored(id).dismissed_at, at);
      } else if (!dismissed.error().outcome_unknown()) {
        refused.insert(at);
      }
      here->clock.advance(milliseconds(1));
      const auto restored = here->store->restore(user_, item(id));
      const auto stands = stored(id).dismissed_at;
      if (restored && stands) {
        // Dismissed again, by a request of before that was held back.
        EXPECT_TRUE(tried.contains(*stands));
        EXPECT_FALSE(refused.contains(*stands));
      }
    }
  });
  settle();
  EXPECT_GT(acknowledged, 200);
}

TEST_F(FaultyDismissals, AStormEndsInAStateThatItsAnswersExplain) {
  const std::vector<std::string> ids{"a", "b", "c"};
  for (const std::string& id : ids) ASSERT_TRUE(truth_->create(user_, item(id)));
  std::map<std::string, Dismissible> before;
  for (const std::string& id : ids) before[id] = stored(id);

  std::mutex mutex;
  std::map<std::string, std::set<DismissalTime>> possible;  // done, or perhaps
  on_threads(threads, [&](std::size_t thread) {
    const auto here = server(thread);
    for (std::size_t turn = 0; turn < 100; ++turn) {
      here->clock.advance(milliseconds(threads));  // times are of one thread alone
      const std::string& id = ids[turn % ids.size()];
      if ((thread + turn) % 2 == 0) {
        const DismissalTime at = std::max(now_of(here->clock), before[id].created_at);
        const auto dismissed = here->store->dismiss(user_, item(id));
        if (dismissed || dismissed.error().outcome_unknown()) {
          const std::lock_guard lock(mutex);
          possible[id].insert(at);
        }
      } else {
        (void)here->store->restore(user_, item(id)).has_value();
      }
    }
  });
  settle();
  for (const std::string& id : ids) {
    const Dismissible after = stored(id);
    EXPECT_EQ(after.created_at, before[id].created_at);
    if (after.dismissed_at) {
      EXPECT_TRUE(possible[id].contains(*after.dismissed_at)) << id;
    }
    EXPECT_GT(possible[id].size(), 5u);
  }
}

}  // namespace
}  // namespace dynakeep::faults
