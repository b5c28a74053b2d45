// How long a replica in memory takes to read a table of items of about 200 bytes and become live,
// and how long after a write's answer its change is in the copy.
//
//   dynakeep_replica_bench CONNECTION ITEMS WRITES
//
// Prints one JSON object. Makes its table, and removes it.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dynakeep/open.h"
#include "dynakeep/pages.h"
#include "dynakeep/stores/replica.h"

using namespace dynakeep;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr const char* table = "dynakeep-replica-bench";

Item make_item(std::size_t number) {
  return {{"id", std::to_string(number)}, {"n", number}, {"text", std::string(180, 'x')}};
}

Result<void> fill(Database& database, std::size_t items) {
  TRY(create_table_and_wait(
      database,
      {.table_name = table,
       .attribute_definitions = std::vector<AttributeDefinition>{{"id", ScalarType::string}},
       .key_schema = KeySchema{{"id", KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request}));
  constexpr std::size_t at_once = 10'000;
  for (std::size_t begin = 0; begin < items; begin += at_once) {
    std::vector<WriteRequest> writes;
    for (std::size_t i = begin; i < std::min(begin + at_once, items); ++i) {
      writes.push_back({.put = make_item(i)});
    }
    TRY(write_items(database, table, std::move(writes)));
  }
  TRY(database.update_table(
      {.table_name = table,
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  return {};
}

double seconds_since(SteadyClock::time_point begun) {
  return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

Result<void> measure(Database& database, std::size_t items, int writes) {
  TRY(fill(database, items));
  std::mutex mutex;
  std::condition_variable changed;
  int seen = 0;
  SteadyClock::time_point arrived;
  ReplicaOptions options{.table_name = table};
  options.on_change = [&](const Key&, const auto&, const std::optional<Item>& after) {
    const std::lock_guard lock(mutex);
    arrived = SteadyClock::now();
    seen = static_cast<int>(after->at("n").as_number().to_int64().value_or(0));
    changed.notify_all();
  };
  const auto replica = TRY(Replica::open(database, std::move(options)));
  const std::clock_t cpu = std::clock();
  const auto begun = SteadyClock::now();
  Result<void> run;
  std::jthread running([&](std::stop_token stop) { run = replica->run(std::move(stop)); });
  TRY(replica->wait_live(std::chrono::minutes(10)));
  const double bootstrap = seconds_since(begun);
  const double bootstrap_cpu = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;

  std::vector<double> milliseconds;
  for (int i = 1; i <= writes; ++i) {
    TRY(database.put_item({.table_name = table, .item = Item{{"id", "changing"}, {"n", i}}}));
    const auto answered = SteadyClock::now();
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, std::chrono::seconds(30), [&] { return seen == i; })) {
      return Error(ErrorCode::timed_out, "a change did not come");
    }
    milliseconds.push_back(
        std::max(0.0, std::chrono::duration<double, std::milli>(arrived - answered).count()));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto part = [&](double share) {
    return milliseconds[static_cast<std::size_t>(share *
                                                 static_cast<double>(milliseconds.size() - 1))];
  };
  running.request_stop();
  running.join();
  TRY(std::move(run));
  std::printf(
      "{\"bootstrap s\": %.3f, \"bootstrap CPU s\": %.3f, \"change p50 ms\": %.3f, "
      "\"change p99 ms\": %.3f}\n",
      bootstrap, bootstrap_cpu, part(0.5), part(0.99));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: dynakeep_replica_bench CONNECTION ITEMS WRITES\n";
    return 2;
  }
  const auto database = open(argv[1]);
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  const int writes = std::max(1, std::atoi(argv[3]));
  const auto measured = measure(**database, std::strtoull(argv[2], nullptr, 10), writes);
  const auto removed = (*database)->delete_table({.table_name = table});
  if (!measured) std::cerr << measured.error() << '\n';
  if (!removed) std::cerr << removed.error() << '\n';
  return measured && removed ? 0 : 1;
}
