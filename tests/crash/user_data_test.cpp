#include "dynakeep/stores/user_data.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "support/telling_child.h"
#include "user_data_until_killed.h"

// Sixteen writers of one user's document, killed again and again: no acknowledged change is lost,
// and none is there by half. `DYNAKEEP_SEED` gives another history.
namespace dynakeep::crash {
namespace {

using support::tell;
using support::TellingChild;

constexpr int writers = 16;
const std::string user = "user-1";

std::unique_ptr<UserDataStore> store_on(Database& database) {
  return UserDataStore::create(database, {.table = {.name = "Users"},
                                          .history = {.enabled = true, .size = 50},
                                          .attempts_max = 50})
      .value();
}

std::string member_of(int writer) { return "w" + std::to_string(writer); }

// Of one writer's counter, which it alone changes.
struct Told {
  std::int64_t begun = 0;
  std::int64_t done = 0;
};

TEST(UserData, HoldsEveryAcknowledgedChangeThoughKilled) {
  const char* given = std::getenv("DYNAKEEP_SEED");
  const std::uint64_t seed =
      given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  std::cout << "DYNAKEEP_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  std::string path = std::filesystem::temp_directory_path() / "dynakeep-user-data-XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr);

  std::map<std::string, Told> story;
  std::set<std::string> begun_entries;
  int saves = 0;
  for (int round = 0; round < 12 && !testing::Test::HasFailure(); ++round) {
    TellingChild child({"--save-user-until-killed", path}, [&](std::istringstream& line) {
      std::string what;
      std::string writer;
      std::int64_t number = 0;
      line >> what >> writer >> number;
      Told& told = story[writer];
      (what == "begin" ? told.begun : told.done) = number;
      if (what == "begin") {
        begun_entries.insert(writer + "-" + std::to_string(number));
      } else {
        ++saves;
      }
    });
    const int enough = saves + static_cast<int>(random() % 100) + 20;
    child.listen_while([&] { return saves < enough; });
    child.kill();

    const auto database = open_embedded({.path = path});
    ASSERT_TRUE(database) << database.error();
    const auto store = store_on(**database);
    const auto turn = store->load(user);
    ASSERT_TRUE(turn) << turn.error();
    for (auto& [writer, told] : story) {
      const auto found = turn->user.find(writer);
      const std::int64_t number =
          found == turn->user.end() ? 0 : found->second.as_number().to_int64().value_or(-1);
      EXPECT_TRUE(number == told.done || number == told.begun)
          << writer << " is " << number << ", done " << told.done << ", begun " << told.begun;
      told = {.begun = number, .done = number};
    }
    // Each entry is there once, and was somebody's.
    std::set<std::string> entries;
    for (const AttributeMap& entry : turn->history) {
      const std::string& name = entry.at("output").as_string();
      EXPECT_TRUE(entries.insert(name).second) << name << " is there twice";
      EXPECT_TRUE(begun_entries.contains(name)) << name;
    }
  }
  EXPECT_EQ(story.size(), static_cast<std::size_t>(writers));
  std::filesystem::remove_all(path);
}

void save_turns(UserDataStore& store, int writer) {
  const std::string member = member_of(writer);
  while (true) {
    UserTurn turn = store.load(user).value();
    const auto found = turn.user.find(member);
    const std::int64_t next =
        (found == turn.user.end() ? 0 : found->second.as_number().to_int64().value_or(0)) + 1;
    turn.user[member] = next;
    turn.entry["output"] = member + "-" + std::to_string(next);
    tell("begin " + member + " " + std::to_string(next));
    while (true) {
      const auto saved = store.save(turn);
      if (saved) break;
      if (saved.error().code() != ErrorCode::write_conflict) std::abort();
    }
    tell("done " + member + " " + std::to_string(next));
  }
}

}  // namespace

int save_user_until_killed(const std::string& path) {
  const auto database = open_embedded({.path = path});
  if (!database) return 1;
  const auto store = store_on(**database);
  if (!store->ensure_table()) return 1;
  std::vector<std::jthread> others;
  for (int writer = 1; writer < writers; ++writer) {
    others.emplace_back([&store, writer] { save_turns(*store, writer); });
  }
  save_turns(*store, 0);
  return 0;
}

}  // namespace dynakeep::crash
