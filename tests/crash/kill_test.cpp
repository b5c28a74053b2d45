#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "bank_until_killed.h"
#include "dismissals_until_killed.h"
#include "dynakeep/embedded.h"
#include "history.h"
#include "support/stream_history.h"
#include "support/telling_child.h"
#include "user_data_until_killed.h"

// Kills the writer at random moments, and looks at what is left: every answered write is there, no
// transaction is there by half, every index entry matches its item, the counts are exact, and the
// stream tells of each change once.
namespace dynakeep::crash {
namespace {

using support::TellingChild;

constexpr int kills = 50;

// What the writer told of one song or ledger.
struct Told {
  std::int64_t begun = 0;
  std::int64_t done = 0;
};
// An item, and the turn that a write gave it.
using Written = std::pair<std::string, std::int64_t>;
struct Story {
  std::map<int, Told> songs;
  std::map<int, Told> ledgers;
  int writes_done = 0;
  // Of all lives, but for deletions, which leave no turn behind.
  std::set<Written> begun;
  std::set<Written> done;
};

void hear(std::istringstream& line, Story& story) {
  std::string what;
  std::string kind;
  int number = 0;
  std::int64_t turn = 0;
  line >> what >> kind >> number >> turn;
  Told& told = kind == "song" ? story.songs[number] : story.ledgers[number];
  (what == "begin" ? told.begun : told.done) = turn;
  if (what == "done") ++story.writes_done;
  auto& written = what == "begin" ? story.begun : story.done;
  if (kind == "ledger") {
    for (int i = 0; i < items_of_a_ledger; ++i) written.emplace(ledger_name(number, i), turn);
  } else if (!is_deletion(number, turn)) {
    written.emplace(song_name(number), turn);
  }
}

std::map<std::string, Item> scan_all(Database& database, std::optional<std::string> index) {
  std::map<std::string, Item> items;
  std::optional<Key> start;
  do {
    const auto page = database.scan(
        {.table_name = table_name, .index_name = index, .exclusive_start_key = start});
    EXPECT_TRUE(page) << page.error();
    if (!page) break;
    for (const Item& item : *page->items) {
      const bool is_new = items.emplace(item.at("name").as_string(), item).second;
      EXPECT_TRUE(is_new) << "two entries of " << item;
    }
    start = page->last_evaluated_key;
  } while (start);
  return items;
}

std::int64_t turn_of(const Item& item) {
  return item.at("turn").as_number().to_int64().value_or(-1);
}

// Whether the song is not there after this write. Turn 0: never written, or known to be gone.
bool is_gone(int song, std::int64_t turn) { return turn == 0 || is_deletion(song, turn); }

// The song is as its last answered write left it, or as the one begun after that did. Which of the
// two is known from then on.
void expect_songs(const std::map<std::string, Item>& items, Story& story) {
  for (auto& [song, told] : story.songs) {
    const auto found = items.find(song_name(song));
    SCOPED_TRACE(song_name(song) + " done " + std::to_string(told.done) + " begun " +
                 std::to_string(told.begun));
    if (found == items.end()) {
      EXPECT_TRUE(is_gone(song, told.done) || is_gone(song, told.begun));
      told = {};
      continue;
    }
    const std::int64_t turn = turn_of(found->second);
    EXPECT_TRUE(turn == told.done || turn == told.begun) << found->second;
    EXPECT_FALSE(is_gone(song, turn));
    const AttributeValue* genre = found->second.find("genre");
    EXPECT_EQ(genre == nullptr ? "" : genre->as_string(), genre_of(song, turn));
    told = {.begun = turn, .done = turn};
  }
}

void expect_ledgers(const std::map<std::string, Item>& items, Story& story) {
  for (auto& [ledger, told] : story.ledgers) {
    std::set<std::int64_t> turns;
    for (int i = 0; i < items_of_a_ledger; ++i) {
      const auto found = items.find(ledger_name(ledger, i));
      turns.insert(found == items.end() ? 0 : turn_of(found->second));
    }
    EXPECT_EQ(turns.size(), 1u) << "half a transaction of ledger " << ledger;
    const std::int64_t turn = *turns.begin();
    EXPECT_TRUE(turn == told.done || turn == told.begun)
        << "ledger " << ledger << " has turn " << turn << ", done " << told.done << ", begun "
        << told.begun;
    told = {.begun = turn, .done = turn};
  }
}

void expect_indexes(Database& database, const std::map<std::string, Item>& items) {
  std::map<std::string, Item> with_genre;
  std::map<std::string, Item> keys_only;
  for (const auto& [name, item] : items) {
    if (item.contains("genre")) with_genre.emplace(name, item);
    keys_only.emplace(name, Item{{"name", name}, {"turn", item.at("turn")}});
  }
  EXPECT_EQ(scan_all(database, by_genre), with_genre);
  EXPECT_EQ(scan_all(database, by_turn), keys_only);

  const auto described = database.describe_table({.table_name = table_name});
  ASSERT_TRUE(described) << described.error();
  EXPECT_EQ(described->table.item_count, static_cast<std::int64_t>(items.size()));
  for (const auto& index : described->table.global_secondary_indexes) {
    EXPECT_EQ(
        index.item_count,
        static_cast<std::int64_t>(index.index_name == by_genre ? with_genre.size() : items.size()))
        << index.index_name;
  }
}

// The stream makes the table from nothing, change by change; tells once of each write that was
// answered, of none that was not begun, and of all of a transaction or nothing; and still tells
// what it told in earlier lives, under the same numbers, none of which was given again.
void expect_stream(Database& database, const Story& story, std::vector<ChangeRecord>& told_before) {
  auto records = support::read_stream(database, support::stream_of(database, table_name));
  EXPECT_EQ(support::replayed(records), support::scanned(database, table_name));

  std::map<Written, std::string> numbers;
  for (const ChangeRecord& record : records) {
    if (!record.dynamodb.new_image) continue;
    const Item& item = *record.dynamodb.new_image;
    const Written written{item.at("name").as_string(), turn_of(item)};
    EXPECT_TRUE(story.begun.contains(written)) << item << " was never written";
    EXPECT_TRUE(numbers.emplace(written, record.dynamodb.sequence_number).second)
        << item << " has two records";
  }
  for (const Written& written : story.done) {
    EXPECT_TRUE(numbers.contains(written))
        << written.first << " turn " << written.second << " was answered, and has no record";
  }
  for (const auto& [ledger, told] : story.ledgers) {
    for (auto at = numbers.lower_bound({ledger_name(ledger, 0), 0});
         at != numbers.end() && at->first.first == ledger_name(ledger, 0); ++at) {
      // Consecutive, in the order of the actions.
      for (int i = 1; i < items_of_a_ledger; ++i) {
        std::string next = at->second;
        next.back() = static_cast<char>(next.back() + i);
        EXPECT_EQ(numbers[Written(ledger_name(ledger, i), at->first.second)], next)
            << "half a transaction of ledger " << ledger;
      }
    }
  }

  std::map<std::string, const ChangeRecord*> by_number;
  for (const ChangeRecord& record : records) {
    by_number.emplace(record.dynamodb.sequence_number, &record);
  }
  auto next = by_number.begin();
  for (const ChangeRecord& before : told_before) {
    ASSERT_NE(next, by_number.end());
    ASSERT_EQ(next->first, before.dynamodb.sequence_number)
        << "a record has gone, or came under a number below one that was told";
    EXPECT_EQ(next->second->event_id, before.event_id);
    EXPECT_EQ(next->second->dynamodb.new_image, before.dynamodb.new_image);
    ++next;
  }
  told_before.clear();
  for (const auto& [number, record] : by_number) told_before.push_back(*record);
}

TEST(Crash, FiftyKillsLoseNothingAnsweredAndLeaveNothingHalfDone) {
  const std::uint64_t seed = std::random_device{}() % 1'000'000;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 chance(seed);
  const auto path =
      std::filesystem::temp_directory_path() / ("dynakeep-crash-" + std::to_string(getpid()));
  std::filesystem::remove_all(path);
  Story story;
  std::vector<ChangeRecord> told;
  for (int life = 1; life <= kills && !testing::Test::HasFailure(); ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    // Turns grow from life to life, also of songs whose deletion forgot their last one.
    const auto first_turn = static_cast<std::uint64_t>(life) * 1'000'000;
    TellingChild writer({"--write-until-killed", path.string(), std::to_string(first_turn)},
                        [&](std::istringstream& line) { hear(line, story); });
    const int enough = story.writes_done + static_cast<int>(1 + chance() % 400);
    writer.listen_while([&] { return story.writes_done < enough; });
    usleep(static_cast<useconds_t>(chance() % 3'000));
    writer.kill();

    const auto database = open_embedded({.path = path.string()});
    ASSERT_TRUE(database) << database.error();
    const auto items = scan_all(**database, {});
    expect_songs(items, story);
    expect_ledgers(items, story);
    expect_indexes(**database, items);
    expect_stream(**database, story, told);
  }
  EXPECT_GT(story.writes_done, kills);
  RecordProperty("answered_writes", story.writes_done);
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace dynakeep::crash

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--write-until-killed") {
    return dynakeep::crash::write_until_killed(argv[2], std::strtoull(argv[3], nullptr, 10));
  }
  if (argc == 5 && std::string(argv[1]) == "--run-bank-until-killed") {
    return dynakeep::crash::run_bank_until_killed(argv[2], argv[3],
                                                  std::strtoull(argv[4], nullptr, 10));
  }
  if (argc == 4 && std::string(argv[1]) == "--change-dismissals-until-killed") {
    return dynakeep::crash::change_dismissals_until_killed(argv[2],
                                                           std::strtoull(argv[3], nullptr, 10));
  }
  if (argc == 3 && std::string(argv[1]) == "--save-user-until-killed") {
    return dynakeep::crash::save_user_until_killed(argv[2]);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
