#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/log.h"
#include "remote/remote_server.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using support::RemoteServer;
using support::simple_table;
using testing::ElementsAre;
using testing::HasSubstr;

// Log lines as "message name=value …", while it lives.
class LoggedLines {
 public:
  explicit LoggedLines(LogLevel least) {
    set_log_sink(
        [this](const LogLine& line) {
          std::string text(line.message);
          for (const LogField& field : line.fields) {
            text.append(1, ' ').append(field.name).append(1, '=').append(field.value);
          }
          const std::lock_guard lock(mutex_);
          lines_.push_back(std::move(text));
        },
        least);
  }
  ~LoggedLines() { set_log_sink({}); }
  LoggedLines(const LoggedLines&) = delete;
  LoggedLines& operator=(const LoggedLines&) = delete;

  std::vector<std::string> beginning_with(std::string_view start) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const std::string& line : lines_) {
      if (line.starts_with(start)) found.push_back(line);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST(ConnectRemote, ServesAProgramAsTheEmbeddedEngineWould) {
  const RemoteServer server;
  const auto database = server.connect();
  ASSERT_TRUE(database->create_table(simple_table("Songs")));
  ASSERT_TRUE(database->put_item({.table_name = "Songs", .item = Item{{"key", "a"}, {"n", 1}}}));
  ASSERT_TRUE(database->update_item({.table_name = "Songs",
                                     .key = Key{{"key", "a"}},
                                     .update_expression = "SET n = n + :one",
                                     .expression_attribute_values = Item{{":one", 1}}}));
  EXPECT_EQ(*database->get_item({.table_name = "Songs", .key = Key{{"key", "a"}}}).value().item,
            (Item{{"key", "a"}, {"n", 2}}));
  ASSERT_TRUE(database->transact_write_items(
      {.transact_items = std::vector<TransactWriteItem>{
           {.remove = TransactDelete{.table_name = "Songs", .key = Key{{"key", "a"}}}}}}));
  EXPECT_EQ(server.engine->scan({.table_name = "Songs"}).value().count, 0);
}

TEST(ConnectRemote, ToldWhatTheServerCanDoInOneLogLine) {
  const RemoteServer server;
  const LoggedLines lines(LogLevel::info);
  const auto database = server.connect();
  Capabilities from_afar = server.engine->capabilities();
  from_afar.tells_of_records = false;
  EXPECT_EQ(database->capabilities(), from_afar);
  EXPECT_THAT(lines.beginning_with("remote database"),
              ElementsAre("remote database engine=Dynakeep endpoint=" + server.server->endpoint() +
                          " transactions=100 empty_values=yes tags=yes streams=yes time_to_live=yes"
                          " long_poll=yes positions=yes snapshots=yes"));
  EXPECT_TRUE(server.engine->list_tables({}).value().table_names.empty());
}

TEST(ConnectRemote, SendsNothingBeforeTheFirstCallIfNotToAsk) {
  auto options = [] {
    const RemoteServer server;
    return server.reach();
  }();  // nobody is there any more
  options.ask_capabilities = false;
  options.attempts_max = 1;
  const auto database = connect_remote(options);
  ASSERT_TRUE(database) << database.error();
  EXPECT_TRUE((*database)->capabilities().transactions);
  const auto listed = (*database)->list_tables({});
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code(), ErrorCode::unavailable);
}

TEST(ConnectRemote, SignsSoThatAServerWithKeysVerifiesIt) {
  const RemoteServer server({.access_keys = {{"key", "secret"}}});
  EXPECT_TRUE(connect_remote(server.reach()));

  auto wrong_secret = server.reach();
  wrong_secret.credentials =
      fixed_credentials({.access_key_id = "key", .secret_access_key = "another"});
  const auto refused = connect_remote(wrong_secret);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_signature);
  EXPECT_THAT(
      refused.error().message(),
      HasSubstr(server.server->endpoint() + " refuses to list tables: The request signature"));
  EXPECT_EQ(refused.error().message().find('\n'), std::string::npos);

  auto wrong_key = server.reach();
  wrong_key.credentials = fixed_credentials({.access_key_id = "k", .secret_access_key = "secret"});
  EXPECT_EQ(connect_remote(wrong_key).error().code(), ErrorCode::unrecognized_client);
}

TEST(ConnectRemote, SetsItsClockByTheServer) {
  const RemoteServer server({.access_keys = {{"key", "secret"}}});
  const ManualClock late{
      Time{std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now() - 3h)}};
  auto options = server.reach();
  options.clock = &late;
  const auto database = connect_remote(options);
  EXPECT_TRUE(database) << database.error();
}

TEST(ConnectRemote, RefusesOptionsThatMakeNoSense) {
  const auto refused = [](RemoteOptions options) {
    options.region = "us-east-1";
    options.ask_capabilities = false;
    const auto database = connect_remote(options);
    return database ? "taken" : database.error().message();
  };
  EXPECT_THAT(refused({.endpoint = "ftp://host"}), HasSubstr("http://HOST:PORT"));
  EXPECT_THAT(refused({.endpoint = "http://user:secret@host"}), HasSubstr("user or password"));
  EXPECT_THAT(refused({.endpoint = "http://host", .total_timeout = 0ms}), HasSubstr("timeout"));
  EXPECT_THAT(refused({.endpoint = "http://host", .attempts_max = 0}), HasSubstr("attempts_max"));
  EXPECT_NE(refused({.endpoint = "http://host", .connections_max = 0}), "taken");
}

TEST(ConnectRemote, CarriesCallsOfManyThreadsAtOnce) {
  constexpr int threads_count = 256;
  constexpr int calls = 20;
  const RemoteServer server;
  const auto database = server.connect();
  ASSERT_TRUE(database->create_table(simple_table("Songs")));
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&, thread] {
      const Key own{{"key", std::to_string(thread)}};
      for (int call = 1; call <= calls; ++call) {
        const auto updated =
            database->update_item({.table_name = "Songs",
                                   .key = own,
                                   .update_expression = "ADD n :one",
                                   .expression_attribute_values = Item{{":one", 1}},
                                   .return_values = ReturnValues::all_new});
        // Each answer is that of this thread's own request.
        if (!updated ||
            *updated->attributes != Item{{"key", std::to_string(thread)}, {"n", call}}) {
          ++wrong;
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(server.engine->scan({.table_name = "Songs"}).value().count, threads_count);
}

TEST(ConnectRemote, EndsTheCallsOfAllThreadsWhenItsServerStops) {
  constexpr int threads_count = 32;
  const RemoteServer server;
  auto options = server.reach();
  options.attempts_max = 1;
  const auto database = connect_remote(options).value();
  std::latch all_have_called(threads_count);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&] {
      const auto first = database->list_tables({});
      EXPECT_TRUE(first) << first.error();
      all_have_called.count_down();
      while (true) {
        const auto listed = database->list_tables({});
        if (listed) continue;
        EXPECT_EQ(listed.error().code(), ErrorCode::unavailable) << listed.error();
        return;
      }
    });
  }
  all_have_called.wait();
  server.server->stop();
  threads.clear();
}

TEST(ConnectRemote, OutlivesItsServerAndFindsTheNextOnItsPort) {
  auto first = std::make_unique<RemoteServer>();
  const auto database = first->connect();
  ASSERT_TRUE(database->list_tables({}));
  const std::uint16_t port = first->server->port();
  first.reset();
  EXPECT_FALSE(database->list_tables({}));
  const auto engine = open_embedded({.in_memory = true}).value();
  const auto second = Server::start(*engine, {.port = port});
  ASSERT_TRUE(second) << second.error();
  EXPECT_TRUE(database->list_tables({}));
}

TEST(ConnectRemote, ServesAsTheDatabaseOfAServer) {
  const RemoteServer server;
  const auto database = server.connect();
  const auto proxy = Server::start(*database, {.port = 0, .threads = 2}).value();
  auto options = server.reach();
  options.endpoint = proxy->endpoint();
  const auto through = connect_remote(options).value();
  ASSERT_TRUE(through->create_table(simple_table("Songs")));
  EXPECT_THAT(server.engine->list_tables({}).value().table_names, ElementsAre("Songs"));
}

}  // namespace
}  // namespace dynakeep
