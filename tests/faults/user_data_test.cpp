// What the store of user data says of a save must be true, whatever happened on the way: saved
// means that every change is there and stays, an error that does not say outcome_unknown means that
// nothing is, and no turn is told of twice in the history.

#include "dynakeep/stores/user_data.h"

#include <map>
#include <mutex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/world.h"

namespace dynakeep::faults {
namespace {

using namespace std::chrono_literals;
using support::Fault;

constexpr std::size_t writers = 16;
constexpr int rounds = 25;
const std::string user = "user-1";

enum class Told : std::uint8_t { saved, not_saved, unknown };

Told told_of(const Result<SaveReport>& result) {
  if (result) return Told::saved;
  return result.error().outcome_unknown() ? Told::unknown : Told::not_saved;
}

std::unique_ptr<UserDataStore> store_on(Database& database) {
  auto store = UserDataStore::create(
      database, {.table = {.name = "Users"}, .history = {.enabled = true, .size = std::nullopt}});
  EXPECT_TRUE(store) << store.error();
  return std::move(*store);
}

// Through all that goes wrong.
UserTurn load_at_last(UserDataStore& store) {
  while (true) {
    if (auto turn = store.load(user)) return std::move(*turn);
  }
}

TEST(FaultyUserData, SixteenWritersOfOneUserLoseNothing) {
  World world = make_world(all_faults_but({Fault::send_twice_answer_second}));
  const auto local = store_on(*world.embedded);
  ASSERT_TRUE(local->ensure_table());
  const auto remote = store_on(*world.remote);

  std::mutex mutex;
  std::map<std::string, Told> told;                // by entry: "3-17"
  std::map<std::size_t, std::set<int>> may_stand;  // of each writer's member
  std::size_t counts[3] = {};
  on_threads(writers, [&](std::size_t writer) {
    const std::string member = "w" + std::to_string(writer);
    for (int round = 1; round <= rounds; ++round) {
      const std::string entry = std::to_string(writer) + "-" + std::to_string(round);
      UserTurn turn = load_at_last(*remote);
      turn.user[member] = round;
      turn.entry["output"] = entry;
      const Told outcome = told_of(remote->save(turn));
      const std::lock_guard lock(mutex);
      told[entry] = outcome;
      ++counts[static_cast<std::size_t>(outcome)];
      // Only this writer changes its member: what it last saved stands, or what came after that and
      // of which nothing is known.
      if (outcome == Told::saved) may_stand[writer] = {round};
      if (outcome == Told::unknown) may_stand[writer].insert(round);
    }
  });
  world.settle();
  std::cout << counts[0] << " saved, " << counts[1] << " not saved, " << counts[2] << " unknown\n";
  EXPECT_GT(world.proxy->counts().faults(), 100U);
  EXPECT_GT(counts[0], 50U);

  const auto turn = local->load(user);
  ASSERT_TRUE(turn) << turn.error();
  for (std::size_t writer = 0; writer < writers; ++writer) {
    const auto found = turn->user.find("w" + std::to_string(writer));
    if (found == turn->user.end()) {
      // Then nothing of it was ever acknowledged.
      for (int round = 1; round <= rounds; ++round) {
        EXPECT_NE(told.at(std::to_string(writer) + "-" + std::to_string(round)), Told::saved);
      }
      continue;
    }
    const auto stands = static_cast<int>(found->second.as_number().to_int64().value_or(-1));
    EXPECT_TRUE(may_stand[writer].contains(stands)) << "writer " << writer << ": " << stands;
  }
  std::set<std::string> entries;
  for (const AttributeMap& entry : turn->history) {
    const std::string& name = entry.at("output").as_string();
    EXPECT_TRUE(entries.insert(name).second) << name << " is there twice";
    EXPECT_NE(told.at(name), Told::not_saved) << name;
  }
  for (const auto& [name, outcome] : told) {
    EXPECT_TRUE(outcome != Told::saved || entries.contains(name)) << name;
  }
}

// Plays the faults in order, one for each PutItem; the rest gets through.
support::FaultPlanner faults_of_puts(std::vector<support::FaultPlan> plans) {
  return [plans = std::move(plans), next = std::size_t{0}](
             const support::ProxiedRequest& request) mutable -> support::FaultPlan {
    if (request.operation != "PutItem" || next >= plans.size()) return {};
    return plans[next++];
  };
}

class ThrottledUserData : public testing::Test {
 protected:
  void begin(std::vector<support::FaultPlan> plans) {
    embedded_ = open_in_memory();
    server_ = serve(*embedded_);
    auto proxy = support::FaultProxy::start(server_->port(), faults_of_puts(std::move(plans)));
    ASSERT_TRUE(proxy) << proxy.error();
    proxy_ = std::move(*proxy);
    RemoteOptions options = remote_options(proxy_->endpoint());
    options.attempts_max = 3;
    options.retry_base_delay = 1ms;
    remote_ = connect(options);
    store_ = store_on(*remote_);
  }
  Result<SaveReport> save() {
    UserTurn turn = load_at_last(*store_);
    turn.user["a"] = 1;
    return store_->save(turn);
  }

  std::unique_ptr<Database> embedded_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<support::FaultProxy> proxy_;
  std::unique_ptr<Database> remote_;
  std::unique_ptr<UserDataStore> store_;
};

TEST_F(ThrottledUserData, TwiceIsWaitedFor) {
  begin({{.fault = Fault::throttled}, {.fault = Fault::throughput_exceeded}});
  const auto saved = save();
  ASSERT_TRUE(saved) << saved.error();
  EXPECT_EQ(load_at_last(*store_).user.size(), 1u);
}

TEST_F(ThrottledUserData, ForGoodIsTold) {
  begin(std::vector<support::FaultPlan>(10, {.fault = Fault::throttled}));
  const auto saved = save();
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), ErrorCode::throttling);
  EXPECT_FALSE(saved.error().outcome_unknown());
  EXPECT_TRUE(load_at_last(*store_).is_new);
}

TEST_F(ThrottledUserData, ALostAnswerOfAPutIsAddedOnce) {
  begin({{.fault = Fault::cut_before_answer},
         {.fault = Fault::cut_before_answer},
         {.fault = Fault::cut_before_answer}});
  const auto saved = save();
  ASSERT_TRUE(saved) << saved.error();
  EXPECT_EQ(load_at_last(*store_).history.size(), 1u);
}

}  // namespace
}  // namespace dynakeep::faults
