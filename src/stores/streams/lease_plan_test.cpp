#include "stores/streams/lease_plan.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace dynakeep::streams {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr auto failover = 10'000ms;

class LeaseWishing : public testing::Test {
 protected:
  void add(const std::string& id, const std::string& owner, ShardState state = ShardState::ready,
           std::optional<std::string> parent = {}) {
    seen.progress.shards[id] = {.shard_id = id, .parent = std::move(parent), .state = state};
    seen.leases[id] = {.owner = owner, .epoch = owner.empty() ? 0U : 1U};
    if (owner == me) held.insert(id);
    if (!owner.empty()) seen.workers.try_emplace(owner, 1);
  }
  // Another look; those that move have renewed since.
  void look(std::chrono::milliseconds later, const std::vector<std::string>& moving) {
    now += later;
    for (auto& [id, lease] : seen.leases) {
      if (std::find(moving.begin(), moving.end(), lease.owner) != moving.end()) ++lease.beat;
    }
    for (auto& [worker, beat] : seen.workers) {
      if (std::find(moving.begin(), moving.end(), worker) != moving.end()) ++beat;
    }
    watch.see(seen, now, failover);
  }
  LeaseWishes wish() {
    return wish_for_leases({seen, watch, me, held, busy, failover, 10}, [] { return 0; });
  }

  const std::string me = "me";
  SharedProgress seen;
  LeaseWatch watch;
  std::set<std::string, std::less<>> held;
  std::set<std::string, std::less<>> busy;
  LeaseWatch::Moment now{1h};
};

TEST_F(LeaseWishing, AloneItTakesAllThatMayBeRead) {
  add("a", "", ShardState::completed);
  add("b", "", ShardState::pending, "a");  // its parent is over
  add("c", "");
  add("d", "", ShardState::pending, "c");
  look(0ms, {});
  const auto wishes = wish();
  ASSERT_THAT(wishes.take, SizeIs(2));
  EXPECT_THAT(wishes.ask, IsEmpty());
}

TEST_F(LeaseWishing, WhatDoesNotMoveForTheFailoverIsTakenAndNotBefore) {
  add("a", "other");
  look(0ms, {});
  look(4s, {});
  look(5s, {});
  EXPECT_THAT(wish().take, IsEmpty());
  look(1s, {});
  EXPECT_THAT(wish().take, ElementsAre(Pair("a", seen.leases.at("a"))));
}

TEST_F(LeaseWishing, WhoWasNotLookedAtMayHaveBeenAlive) {
  add("a", "other");
  look(0ms, {});
  look(30s, {});  // the table was away
  EXPECT_THAT(wish().take, IsEmpty());
}

TEST_F(LeaseWishing, FromOneWhoHasTwoMoreSomeAreAskedForUntilSharesAreEven) {
  for (const char* id : {"a", "b", "c", "d", "e"}) add(id, "other");
  look(0ms, {});
  look(5s, {"other"});
  EXPECT_THAT(wish().ask, SizeIs(2));
  seen.leases.at("a").wanted_by = me;
  EXPECT_THAT(wish().ask, SizeIs(1));
  seen.leases.at("b").wanted_by = me;
  EXPECT_THAT(wish().ask, IsEmpty());
}

TEST_F(LeaseWishing, OneMoreIsNothingToAskFor) {
  add("a", "other");
  add("b", "other");
  add("c", me);
  look(0ms, {});
  look(5s, {"other"});
  EXPECT_THAT(wish().ask, IsEmpty());
}

TEST_F(LeaseWishing, WhatWasPassedToItComesFirstAndWhatItsOwnHandlerIsAtNotAtAll) {
  add("a", me);
  held.clear();
  add("b", "");
  busy.insert("b");
  look(0ms, {});
  EXPECT_THAT(wish().take, ElementsAre(Pair("a", seen.leases.at("a"))));
}

}  // namespace
}  // namespace dynakeep::streams
