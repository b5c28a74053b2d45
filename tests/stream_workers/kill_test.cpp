#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"
#include "dynakeep/stores/stream_consumer.h"
#include "support/telling_child.h"

// A server and the workers that read a stream from it, all of them processes, killed at random (C1
// of the acceptance scenarios, over HTTP). `DYNAKEEP_SEED` gives another history.
namespace dynakeep::stream_workers {
namespace {

using namespace std::chrono_literals;
using support::tell;
using support::TellingChild;

constexpr int keys = 6;
constexpr std::string_view stream_table = "Songs";

// ---- the children ----

// Counts up the items of a few keys, as long as it is told to, and serves them.
int serve(const std::string& folder, const std::string& port, bool writes) {
  auto database =
      open_embedded({.path = folder,
                     .durability = Durability::interval,
                     .streams = {.initial_shards = 4, .roll_records = 150, .max_open_shards = 6}});
  if (!database) return 3;
  const auto made = (*database)->create_table(
      {.table_name = std::string(stream_table),
       .attribute_definitions = std::vector<AttributeDefinition>{{"k", ScalarType::string}},
       .key_schema = KeySchema{{"k", KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request,
       .stream_specification = StreamSpecification{.stream_enabled = true,
                                                   .stream_view_type = StreamViewType::new_image}});
  if (!made && made.error().code() != ErrorCode::resource_in_use) return 4;
  auto server = Server::start(**database,
                              {.port = static_cast<std::uint16_t>(std::stoi(port)), .threads = 2});
  if (!server) return 5;
  tell("up");
  while (true) {
    for (int key = 0; key < keys && writes; ++key) {
      const auto written =
          (*database)->update_item({.table_name = std::string(stream_table),
                                    .key = Key{{"k", std::to_string(key)}},
                                    .update_expression = "ADD n :one",
                                    .expression_attribute_values = Item{{":one", 1}}});
      if (!written) return 6;
    }
    std::this_thread::sleep_for(5ms);
  }
}

// Tells of each record that it handles; when, too, since pipes keep no order between workers.
int work(const std::string& port, const std::string& file) {
  std::unique_ptr<Database> database;
  while (!database) {
    auto connected = connect_remote(
        {.endpoint = "http://127.0.0.1:" + port, .attempt_timeout = 2s, .attempts_max = 1});
    if (connected) {
      database = std::move(*connected);
    } else {
      std::this_thread::sleep_for(20ms);
    }
  }
  while (true) {
    auto checkpoints = file.empty()
                           ? open_stream_checkpoint_table(*database, {.table = "checkpoints"})
                           : open_stream_checkpoint_file({.path = file});
    const auto described = database->describe_table({.table_name = std::string(stream_table)});
    if (!checkpoints || !described) {
      std::this_thread::sleep_for(20ms);
      continue;
    }
    auto consumer = StreamConsumer::open(
        *database, **checkpoints,
        {.stream_arn = described->table.latest_stream_arn.value_or(""),
         .group = "g",
         .failover = 1s,
         .lanes = 2,
         .on_gap =
             [](const StreamGap& gap) {
               tell("gap " + std::string(to_text(gap.kind)));
               return StreamGapAnswer::go_on;
             },
         .checkpoint_interval = 100ms,
         .idle_poll_max = 100ms},
        [](const StreamBatch& batch) {
          for (const ChangeRecord& record : batch.records) {
            const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
            tell("handled " + record.dynamodb.keys.at("k").as_string() + " " +
                 record.dynamodb.new_image->at("n").as_number().to_string() + " " +
                 std::to_string(now));
          }
          return StreamOutcome::ok();
        });
    if (!consumer) return 3;
    // A server that is away at the start is one to come back to.
    static_cast<void>((*consumer)->run({}));
    std::this_thread::sleep_for(20ms);
  }
}

// ---- the parent ----

// Below those that the system gives to connections: a client that tries one of those while the
// server is dead can be given the same for its own end, and keep the server from coming back.
std::string free_port() {
  std::mt19937 random{std::random_device{}()};
  for (;;) {
    const auto port =
        static_cast<std::uint16_t>(std::uniform_int_distribution(10'000, 32'000)(random));
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free =
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (is_free) return std::to_string(port);
  }
}

struct Handled {
  std::int64_t at = 0;
  std::int64_t version = 0;
};

class KilledWorkers : public testing::Test {
 protected:
  KilledWorkers() { std::filesystem::create_directories(folder); }
  ~KilledWorkers() override {
    children.clear();
    std::filesystem::remove_all(folder);
  }

  std::unique_ptr<TellingChild> server(bool writes) {
    is_up = false;
    return std::make_unique<TellingChild>(
        std::vector<std::string>{"--serve", folder / "data", port, writes ? "yes" : "no"},
        [this](std::istringstream&) { is_up = true; });
  }
  std::unique_ptr<TellingChild> worker(const std::string& file) {
    return std::make_unique<TellingChild>(std::vector<std::string>{"--work", port, file},
                                          [this](std::istringstream& line) { hear(line); });
  }
  void hear(std::istringstream& line) {
    std::string word;
    std::string key;
    Handled handled;
    line >> word >> key;
    if (word == "gap") ADD_FAILURE() << "A gap though nothing was lost: " << key;
    if (word == "handled" && line >> handled.version >> handled.at) log[key].push_back(handled);
  }
  void listen_for(std::chrono::milliseconds span) {
    const auto until = std::chrono::steady_clock::now() + span;
    while (std::chrono::steady_clock::now() < until) TellingChild::listen(children, 10);
  }
  std::size_t handled() const {
    std::size_t count = 0;
    for (const auto& [key, entries] : log) count += entries.size();
    return count;
  }
  // Nothing lost, and the first time of each change behind that of the one before. How many came
  // more than once.
  std::size_t expect_all(const std::map<std::string, std::int64_t>& written) {
    std::size_t twice = 0;
    for (const auto& [key, last] : written) {
      auto& entries = log[key];
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Handled& a, const Handled& b) { return a.at < b.at; });
      std::int64_t reached = 0;
      for (const Handled& entry : entries) {
        EXPECT_LE(entry.version, reached + 1) << "of key " << key;
        twice += entry.version <= reached ? 1 : 0;
        reached = std::max(reached, entry.version);
      }
      EXPECT_EQ(reached, last) << "of key " << key;
    }
    return twice;
  }
  std::map<std::string, std::int64_t> written() {
    std::map<std::string, std::int64_t> versions;
    auto database = connect_remote({.endpoint = "http://127.0.0.1:" + port});
    if (!database) return versions;
    const auto page = (*database)->scan({.table_name = std::string(stream_table)});
    if (!page || !page->items) return versions;
    for (const Item& item : *page->items) {
      versions[item.at("k").as_string()] = item.at("n").as_number().to_int64().value();
    }
    return versions;
  }
  bool has_all(const std::map<std::string, std::int64_t>& versions) const {
    for (const auto& [key, last] : versions) {
      const auto found = log.find(key);
      if (found == log.end()) return false;
      if (std::none_of(found->second.begin(), found->second.end(),
                       [&](const Handled& entry) { return entry.version == last; })) {
        return false;
      }
    }
    return versions.size() == static_cast<std::size_t>(keys);
  }

  void play(std::size_t workers, const std::string& file, int kills) {
    const char* given = std::getenv("DYNAKEEP_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::cout << "DYNAKEEP_SEED=" << seed << '\n';
    std::mt19937_64 random(seed);
    children.push_back(server(true));
    while (!is_up) TellingChild::listen(children, 10);
    for (std::size_t i = 0; i < workers; ++i) children.push_back(worker(file));
    listen_for(5s);
    ASSERT_GT(handled(), 0U);
    for (auto& [key, entries] : log) {
      std::map<std::int64_t, int> counts;
      for (const Handled& entry : entries) {
        EXPECT_EQ(++counts[entry.version], 1) << "twice without a kill";
      }
    }

    for (int kill = 0; kill < kills;) {
      const bool of_server = random() % 4 == 0;
      const bool of_worker = !of_server || random() % 2 == 0;
      if (of_server) children[0]->kill();
      if (of_worker) {
        auto& killed = children[1 + random() % workers];
        killed->kill();
        killed = worker(file);
        ++kill;
      }
      if (of_server) {
        listen_for(std::chrono::milliseconds(random() % 100));
        children[0] = server(true);
        ++kill;
      }
      listen_for(std::chrono::milliseconds(20 + random() % 250));
    }

    children[0]->kill();
    children[0] = server(false);
    while (!is_up) TellingChild::listen(children, 10);
    const auto versions = written();
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (!has_all(versions) && std::chrono::steady_clock::now() < until) {
      TellingChild::listen(children, 50);
    }
    const std::size_t twice = expect_all(versions);
    std::cout << kills << " kills, " << handled() << " records handled, " << twice
              << " of them again\n";
  }

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("stream_workers_" + std::to_string(::getpid()));
  const std::string port = free_port();
  std::vector<std::unique_ptr<TellingChild>> children;  // the server, and the workers
  bool is_up = false;
  std::map<std::string, std::vector<Handled>> log;
};

TEST_F(KilledWorkers, ThatShareLeasesInATableLoseNothingAndKeepTheOrderOfEachItem) {
  play(3, "", 140);
}

TEST_F(KilledWorkers, WithACheckpointFileOneLosesNothingAndKeepsTheOrderOfEachItem) {
  play(1, folder / "checkpoint", 60);
}

}  // namespace
}  // namespace dynakeep::stream_workers

int main(int argc, char** argv) {
  using namespace dynakeep::stream_workers;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 4 && words[0] == "--serve")
    return serve(words[1], words[2], words[3] == "yes");
  if (words.size() == 3 && words[0] == "--work") return work(words[1], words[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
