// A remote database used by many threads, for long, and with servers that come and go.

#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "faults/world.h"

namespace dynakeep::faults {
namespace {

using namespace std::chrono_literals;
using support::Fault;
using support::FaultPlan;
using support::ProxiedRequest;

constexpr std::size_t many = 256;

Item item_of(std::size_t thread, int turn) {
  return {{"id", "item " + std::to_string(thread)}, {"turn", turn}};
}

// Puts and reads items of the thread's own, which nobody else changes.
void put_and_get(Database& database, std::size_t thread, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    const auto item = item_of(thread, turn);
    const auto put = database.put_item({.table_name = "Table", .item = item});
    ASSERT_TRUE(put) << put.error();
    const auto got = database.get_item({.table_name = "Table", .key = Key{{"id", item.at("id")}}});
    ASSERT_TRUE(got) << got.error();
    ASSERT_EQ(got->item, item);
  }
}

TEST(RemoteThreads, TwoHundredAndFiftySixCallsAreUnderWayAtOnce) {
  const auto embedded = open_in_memory();
  create_table(*embedded);
  const auto server = serve(*embedded);
  // The first request of each thread is held back until all of them must have come.
  const auto proxy = support::FaultProxy::start(server->port(), [](const ProxiedRequest& request) {
    return request.number < many ? FaultPlan{.fault = Fault::delay_request, .pause = 2s}
                                 : FaultPlan{};
  });
  ASSERT_TRUE(proxy) << proxy.error();
  const auto remote = connect(remote_options((*proxy)->endpoint()));
  on_threads(many, [&](std::size_t thread) { put_and_get(*remote, thread, 10); });
  EXPECT_EQ((*proxy)->counts().at_once_max, many);
  // Kept and used again, none opened beside.
  EXPECT_EQ((*proxy)->counts().connections, many);
}

TEST(RemoteThreads, TwoHundredAndFiftySixThreadsShareFewConnections) {
  const auto embedded = open_in_memory();
  create_table(*embedded);
  const auto server = serve(*embedded);
  auto options = remote_options(server->endpoint());
  options.connections_max = 4;
  const auto remote = connect(options);
  on_threads(many, [&](std::size_t thread) { put_and_get(*remote, thread, 10); });
  EXPECT_LE(server->connection_count(), 4U);
}

TEST(RemoteThreads, ADatabaseAndAServerGoInAnyOrder) {
  const auto embedded = open_in_memory();
  create_table(*embedded);
  for (const bool server_first : {true, false}) {
    auto server = serve(*embedded);
    auto remote = connect(remote_options(server->endpoint()));
    on_threads(8, [&](std::size_t thread) { put_and_get(*remote, thread, 5); });
    if (server_first) server.reset();
    remote.reset();
    server.reset();
  }
}

// A server before a remote database: whoever goes first, the others say so and do not hang.
TEST(RemoteThreads, AChainOfDatabasesAndServersGoesInAnyOrder) {
  const auto embedded = open_in_memory();
  create_table(*embedded);
  for (const std::vector<int>& order :
       {std::vector{0, 1, 2, 3}, {3, 2, 1, 0}, {3, 0, 2, 1}, {2, 3, 0, 1}, {0, 2, 1, 3}}) {
    // far serves the embedded database, middle reaches it, near serves that, outer reaches near.
    auto far = serve(*embedded);
    auto middle = connect(remote_options(far->endpoint()));
    auto near = serve(*middle);
    auto options = remote_options(near->endpoint());
    options.attempts_max = 1;
    auto outer = connect(options);
    on_threads(8, [&](std::size_t thread) { put_and_get(*outer, thread, 5); });
    for (const int next : order) {
      if (next == 0) far.reset();
      // A database outlives the server that serves it: middle and near go as one.
      if (next == 1) near.reset();
      if (next == 2) {
        near.reset();
        middle.reset();
      }
      if (next == 3) outer.reset();
      const bool whole = far && near && outer;
      if (!outer) continue;
      const auto got = outer->get_item({.table_name = "Table", .key = Key{{"id", "item 0"}}});
      EXPECT_EQ(got.has_value(), whole);
    }
  }
}

TEST(RemoteThreads, CallsEndWhenTheServerGoesAndGoOnWhenItIsBack) {
  const auto embedded = open_in_memory();
  create_table(*embedded);
  auto server = serve(*embedded);
  const auto port = server->port();
  auto options = remote_options(server->endpoint());
  options.attempts_max = 1;
  const auto remote = connect(options);
  std::atomic<bool> over = false;
  std::atomic<int> done = 0;
  std::atomic<int> failed = 0;
  std::thread breaker([&] {
    const auto wait_for = [](const std::atomic<int>& count, int more) {
      for (const int before = count; count < before + more;) std::this_thread::yield();
    };
    for (int i = 0; i < 5; ++i) {
      wait_for(done, 100);
      server.reset();
      wait_for(failed, 50);
      server = serve(*embedded, port);
    }
    wait_for(done, 100);
    over = true;
  });
  on_threads(16, [&](std::size_t thread) {
    for (int turn = 0; !over; ++turn) {
      const auto put = remote->put_item({.table_name = "Table", .item = item_of(thread, turn)});
      ++(put ? done : failed);
      if (put) continue;
      EXPECT_EQ(put.error().code(), ErrorCode::unavailable) << put.error();
    }
  });
  breaker.join();
}

// ---- leaks ----

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t resident_bytes() {
  std::size_t pages_of_all = 0;
  std::size_t pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  EXPECT_EQ(std::fscanf(file, "%zu %zu", &pages_of_all, &pages), 2);
  std::fclose(file);
  return pages * 4096;
}

// DYNAKEEP_CALLS=N makes it more: a million take two minutes.
std::size_t calls_of_this_run() {
  const char* given = std::getenv("DYNAKEEP_CALLS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20'000;
}

// Calls of every ending that leave the database as it was: found and not found, refused by the
// engine and by a condition, lost on the way. Its own memory would grow by writes.
void call_in_turn(Database& database, std::size_t turn) {
  const Key key{{"id", "item"}};
  switch (turn % 5) {
    case 0:
    case 1: {
      const auto got = database.get_item({.table_name = "Table", .key = key});
      EXPECT_TRUE(!got || got->item->at("turn") == AttributeValue(7));
      break;
    }
    case 2: {
      const auto got = database.get_item({.table_name = "Nowhere", .key = key});
      EXPECT_FALSE(got);
      break;
    }
    case 3: {
      const auto put = database.put_item({.table_name = "Table",
                                          .item = Item{{"id", "item"}, {"turn", 8}},
                                          .condition_expression = "turn = :other",
                                          .expression_attribute_values = Item{{":other", 9}},
                                          .return_values_on_condition_check_failure =
                                              ReturnValuesOnConditionCheckFailure::all_old});
      EXPECT_FALSE(put);
      break;
    }
    default: {
      const auto found = database.query({.table_name = "Table",
                                         .key_condition_expression = "id = :id",
                                         .expression_attribute_values = Item{{":id", "item"}}});
      EXPECT_TRUE(!found || found->count == 1);
    }
  }
}

// Calls from eight threads, a fixed share of which meets a fault.
void call_many_times(Database& remote, std::size_t calls) {
  on_threads(8, [&](std::size_t thread) {
    for (std::size_t turn = thread; turn < calls; turn += 8) call_in_turn(remote, turn);
  });
}

TEST(RemoteThreads, ManyCallsLeaveNoMemoryAndNoDescriptorsBehind) {
  const auto embedded = open_in_memory();
  create_table(*embedded);
  ASSERT_TRUE(
      embedded->put_item({.table_name = "Table", .item = Item{{"id", "item"}, {"turn", 7}}}));
  const auto server = serve(*embedded);
  const auto proxy = support::FaultProxy::start(
      server->port(), support::faults_by_chance(1, {{Fault::cut_before_answer, 2},
                                                    {Fault::cut_in_answer, 2},
                                                    {Fault::close_after, 2},
                                                    {Fault::wrong_checksum, 2},
                                                    {Fault::unavailable, 2}}));
  ASSERT_TRUE(proxy) << proxy.error();
  const auto direct = connect(remote_options(server->endpoint()));
  const auto faulty = connect(remote_options((*proxy)->endpoint()));

  const auto calls = calls_of_this_run();
  call_many_times(*direct, 5'000);
  call_many_times(*faulty, 2'000);
  const auto descriptors = open_descriptors();
  const auto resident = resident_bytes();
  const auto used = ::mallinfo2().uordblks;
  call_many_times(*direct, calls * 9 / 10);
  call_many_times(*faulty, calls / 10);
  const auto more = [](std::size_t after, std::size_t before) {
    return static_cast<std::ptrdiff_t>(after) - static_cast<std::ptrdiff_t>(before);
  };
  const auto more_used = more(::mallinfo2().uordblks, used);
  const auto more_resident = more(resident_bytes(), resident);
  const auto more_descriptors = more(open_descriptors(), descriptors);
  std::cout << calls << " calls: " << more_used << " bytes more in use, " << more_resident
            << " resident, " << more_descriptors << " descriptors; " << (*proxy)->counts() << '\n';

  EXPECT_GT((*proxy)->counts().faults(), calls / 10 / 200);
  // A connection of each thread may be there or not, on either side of server and proxy.
  EXPECT_LT(std::abs(more_descriptors), 8 * 4 + 1);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Sanitizers have a heap of their own, and AddressSanitizer looks for leaks at the end.
  EXPECT_LT(more_used, 256 * 1024);
  EXPECT_LT(more_resident, 8 * 1024 * 1024);
#endif
}

}  // namespace
}  // namespace dynakeep::faults
