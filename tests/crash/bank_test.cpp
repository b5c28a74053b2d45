#include "bank.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "bank_until_killed.h"
#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"
#include "support/fault_proxy.h"
#include "support/remote_databases.h"
#include "support/stream_history.h"
#include "support/telling_child.h"

// Commands of many threads on few aggregates, as a random history. `DYNAKEEP_SEED` gives another.
namespace dynakeep::crash {
namespace {

using support::tell;
using support::TellingChild;

std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("DYNAKEEP_SEED");
  const std::uint64_t seed =
      given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  std::cout << "DYNAKEEP_SEED=" << seed << "\n";
  return seed;
}

// With `losses`, a command may fail in any way, and only what is not unknown must be so.
void run_and_expect(Database& database, Database& truth, int commands, std::uint64_t seed,
                    bool losses = false) {
  const auto storage = single_table_event_storage(database, {.table_name = bank_table_name});
  const Accounts accounts = accounts_on(*storage);

  std::mutex mutex;
  BankStory story;
  const BankTeller teller{
      .begin =
          [&](const std::string& command) {
            const std::lock_guard lock(mutex);
            story.begin(command);
          },
      .finish =
          [&](const std::string& command, const std::vector<BankStory::Place>& places) {
            const std::lock_guard lock(mutex);
            story.finish(command, places);
          },
      .fail =
          [&](const std::string& command, const Error& error) {
            const std::lock_guard lock(mutex);
            EXPECT_TRUE(losses || error.code() == ErrorCode::event_already_exists ||
                        error.code() == ErrorCode::transaction_conflict)
                << error;
            if (!error.outcome_unknown()) story.failed.insert(command);
          }};
  run_bank(accounts, 8, commands, "run", seed, teller);
  EXPECT_EQ(story.begun.size(), static_cast<std::size_t>(8 * commands));
  EXPECT_GT(story.done.size(), story.begun.size() / 2);
  expect_bank(accounts_on(*single_table_event_storage(truth, {.table_name = bank_table_name})),
              story);
}

void create_bank(Database& database) {
  const auto storage = single_table_event_storage(database, {.table_name = bank_table_name});
  ASSERT_TRUE(storage->create_table());
}

TEST(Bank, FoldsToWhatItsThreadsWereAnswered) {
  const auto database = open_embedded({.in_memory = true});
  ASSERT_TRUE(database) << database.error();
  create_bank(**database);
  run_and_expect(**database, **database, 60, seed_of_this_run());
}

TEST(Bank, FoldsToWhatItsThreadsWereAnsweredOverASocket) {
  const auto opened = support::open_remote_over_a_socket();
  ASSERT_TRUE(opened) << opened.error();
  create_bank(*opened->database);
  run_and_expect(*opened->database, *opened->database, 40, seed_of_this_run());
}

// Answers are lost, requests are cut, and some are carried out twice: what is told must be true all
// the same, and a command is never taken for another that was quicker.
TEST(Bank, FoldsToWhatItsThreadsWereAnsweredThroughAFaultyNetwork) {
  using support::Fault;
  const auto engine = open_embedded({.in_memory = true});
  ASSERT_TRUE(engine) << engine.error();
  create_bank(**engine);
  const auto server = Server::start(**engine, {.port = 0});
  ASSERT_TRUE(server) << server.error();
  const std::uint64_t seed = seed_of_this_run();
  const auto proxy = support::FaultProxy::start(
      (*server)->port(), support::faults_by_chance(seed, {{Fault::close_after, 20},
                                                          {Fault::cut_before, 20},
                                                          {Fault::cut_in_request, 20},
                                                          {Fault::cut_before_answer, 60},
                                                          {Fault::cut_in_answer, 40},
                                                          {Fault::wrong_checksum, 20},
                                                          {Fault::internal_error, 20},
                                                          {Fault::unavailable, 20},
                                                          {Fault::send_twice, 20}}));
  ASSERT_TRUE(proxy) << proxy.error();
  const auto database = connect_remote(
      {.endpoint = (*proxy)->endpoint(),
       .region = "us-east-1",
       .credentials = fixed_credentials({.access_key_id = "key", .secret_access_key = "secret"}),
       .proxy = "none"});
  ASSERT_TRUE(database) << database.error();
  run_and_expect(**database, **engine, 40, seed, true);
  EXPECT_GT((*proxy)->counts().of(Fault::cut_before_answer), 0u);
}

// ---- killed ----

void hear(std::istringstream& line, BankStory& story) {
  std::string what;
  std::string command;
  line >> what >> command;
  if (what == "begin") story.begin(command);
  if (what == "fail") story.failed.insert(command);
  if (what != "done") return;
  std::vector<BankStory::Place> places;
  BankStory::Place place;
  while (line >> place.first >> place.second) places.push_back(place);
  story.finish(command, places);
}

// The bank's stream makes its table from nothing, by events that are stored once and never changed.
void expect_bank_stream(Database& database) {
  const auto records =
      support::read_stream(database, support::stream_of(database, bank_table_name));
  for (const ChangeRecord& record : records) EXPECT_EQ(record.event_name, "INSERT");
  const auto table = support::scanned(database, bank_table_name);
  EXPECT_EQ(records.size(), table.size());
  EXPECT_EQ(support::replayed(records), table);
}

TEST(Bank, FoldsToWhatItsThreadsWereAnsweredThoughKilled) {
  const std::uint64_t seed = seed_of_this_run();
  std::mt19937_64 random(seed);
  std::string path = std::filesystem::temp_directory_path() / "dynakeep-bank-XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr);
  BankStory story;
  for (int round = 0; round < 12 && !testing::Test::HasFailure(); ++round) {
    const std::string run = "run" + std::to_string(round);
    TellingChild branch({"--run-bank-until-killed", path, run, std::to_string(random())},
                        [&](std::istringstream& line) { hear(line, story); });
    const std::size_t enough = story.done.size() + random() % 60 + 1;
    branch.listen_while([&] { return story.done.size() < enough; });
    branch.kill();

    const auto database = open_embedded({.path = path});
    ASSERT_TRUE(database) << database.error();
    const auto storage = single_table_event_storage(**database, {.table_name = bank_table_name});
    expect_bank(accounts_on(*storage), story);
    expect_bank_stream(**database);
  }
  EXPECT_GT(story.done.size(), 12u);
  std::filesystem::remove_all(path);
}

}  // namespace

int run_bank_until_killed(const std::string& path, const std::string& run, std::uint64_t seed) {
  const auto database = open_embedded({.path = path});
  if (!database) return 1;
  const auto storage = single_table_event_storage(**database, {.table_name = bank_table_name});
  if (!storage->create_table()) return 1;
  const auto described = (*database)->describe_table({.table_name = bank_table_name});
  if (!described) return 1;
  if (!described->table.latest_stream_arn) {
    const auto enabled = (*database)->update_table(
        {.table_name = bank_table_name,
         .stream_specification = StreamSpecification{
             .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images}});
    if (!enabled) return 1;
  }

  const BankTeller teller{
      .begin = [&](const std::string& command) { tell("begin " + command); },
      .finish =
          [&](const std::string& command, const std::vector<BankStory::Place>& places) {
            std::string line = "done " + command;
            for (const auto& [account, version] : places) {
              line += " " + account + " " + std::to_string(version);
            }
            tell(line);
          },
      .fail = [&](const std::string& command, const Error&) { tell("fail " + command); }};
  run_bank(accounts_on(*storage), 8, 1'000'000, run, seed, teller);
  return 0;
}

}  // namespace dynakeep::crash
