#include "dynakeep/stores/dismissals.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "dismissals_until_killed.h"
#include "dynakeep/embedded.h"
#include "dynakeep/iso_time.h"
#include "support/telling_child.h"

// Dismissals of many threads on few items, killed again and again. `DYNAKEEP_SEED` gives another
// history.
namespace dynakeep::crash {
namespace {

using support::tell;
using support::TellingChild;

constexpr int threads = 8;
constexpr int item_count = 4;
const std::string user = "user-1";

std::string item_name(int item) { return "item-" + std::to_string(item); }

std::unique_ptr<DismissalTable> store_on(Database& database) {
  return dismissal_table(database, {.table = "dismissible-items"}).value();
}
DismissalUserId user_id() { return DismissalUserId::parse(user).value(); }
DismissalItemId item_id(const std::string& item) { return DismissalItemId::parse(item).value(); }

// What was told of one item.
struct ItemStory {
  std::set<std::string> created_at;  // by all that saw it
  int created = 0;
  std::set<std::string> dismissed_at;
  // Since the folder was last looked into.
  int dismissed = 0;
  int restored = 0;
  int dismissing = 0;  // begun and not answered
  int restoring = 0;
  bool was_dismissed = false;
};

void expect_item(const std::string& name, const Dismissible& item, ItemStory& story) {
  // Of what was not answered, the first sight among it, nothing is known.
  EXPECT_LE(story.created_at.size(), 1u) << name;
  EXPECT_LE(story.created, 1) << name;
  for (const std::string& time : story.created_at) EXPECT_EQ(to_iso(item.created_at), time);
  story.created_at.insert(to_iso(item.created_at));

  // Dismissals and restorations take turns, whatever the order was; what was not answered was done
  // or not.
  bool is_explained = false;
  for (int dismissing = 0; dismissing <= story.dismissing; ++dismissing) {
    for (int restoring = 0; restoring <= story.restoring; ++restoring) {
      const int dismissed =
          (story.was_dismissed ? 1 : 0) + story.dismissed + dismissing - story.restored - restoring;
      is_explained = is_explained || dismissed == (item.is_dismissed() ? 1 : 0);
    }
  }
  EXPECT_TRUE(is_explained) << name << ": " << story.dismissed << " dismissals, " << story.restored
                            << " restorations, " << story.dismissing << " and " << story.restoring
                            << " not answered";
  if (item.is_dismissed() && story.dismissing == 0) {
    EXPECT_TRUE(story.dismissed_at.contains(to_iso(*item.dismissed_at))) << name;
  }
  if (item.is_dismissed()) story.dismissed_at.insert(to_iso(*item.dismissed_at));
  story.was_dismissed = item.is_dismissed();
  story.dismissed = story.restored = story.dismissing = story.restoring = 0;
}

TEST(Dismissals, StandAsTheyWereAnsweredThoughKilled) {
  const char* given = std::getenv("DYNAKEEP_SEED");
  const std::uint64_t seed =
      given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  std::cout << "DYNAKEEP_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  std::string path = std::filesystem::temp_directory_path() / "dynakeep-dismissals-XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr);

  std::map<std::string, ItemStory> stories;
  int answered = 0;
  for (int round = 0; round < 12 && !testing::Test::HasFailure(); ++round) {
    TellingChild child({"--change-dismissals-until-killed", path, std::to_string(random())},
                       [&](std::istringstream& line) {
                         std::string what;
                         std::string item;
                         std::string time;
                         line >> what >> item >> time;
                         ItemStory& story = stories[item];
                         if (what == "created") ++story.created;
                         if (what == "created" || what == "seen") story.created_at.insert(time);
                         if (what == "dismissing") ++story.dismissing;
                         if (what == "restoring") ++story.restoring;
                         if (what == "dismissed" || what == "not-dismissed") --story.dismissing;
                         if (what == "restored" || what == "not-restored") --story.restoring;
                         if (what == "dismissed") {
                           ++story.dismissed;
                           story.dismissed_at.insert(time);
                         }
                         if (what == "restored") ++story.restored;
                         if (!what.ends_with("ing")) ++answered;
                       });
    const int enough = answered + static_cast<int>(random() % 400) + 40;
    child.listen_while([&] { return answered < enough; });
    child.kill();

    const auto database = open_embedded({.path = path});
    ASSERT_TRUE(database) << database.error();
    const auto store = store_on(**database);
    for (auto& [name, story] : stories) {
      const auto item = store->get(user_id(), item_id(name));
      ASSERT_TRUE(item) << item.error();
      if (*item) {
        expect_item(name, **item, story);
      } else {
        EXPECT_TRUE(story.created_at.empty()) << name;
      }
    }
  }
  EXPECT_EQ(stories.size(), static_cast<std::size_t>(item_count));
  std::filesystem::remove_all(path);
}

void change(Dismissals& store, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (true) {
    const std::string name = item_name(static_cast<int>(random() % item_count));
    const auto id = item_id(name);
    switch (random() % 4) {
      case 0: {
        const auto obtained = store.get_or_create(user_id(), id).value();
        tell((obtained.created ? "created " : "seen ") + name + " " +
             to_iso(obtained.item.created_at));
        break;
      }
      case 1: {
        tell("restoring " + name);
        const auto restored = store.restore(user_id(), id);
        tell((restored ? "restored " : "not-restored ") + name);
        break;
      }
      default: {
        tell("dismissing " + name);
        const auto dismissed = store.dismiss(user_id(), id);
        tell(dismissed ? "dismissed " + name + " " + to_iso(*dismissed->item.dismissed_at)
                       : "not-dismissed " + name);
      }
    }
  }
}

}  // namespace

int change_dismissals_until_killed(const std::string& path, std::uint64_t seed) {
  const auto database = open_embedded({.path = path});
  if (!database) return 1;
  const auto store = store_on(**database);
  if (!store->create_table()) return 1;
  std::vector<std::jthread> others;
  for (std::uint64_t thread = 1; thread < threads; ++thread) {
    others.emplace_back([&store, seed, thread] { change(*store, seed + thread); });
  }
  change(*store, seed);
  return 0;
}

}  // namespace dynakeep::crash
