#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "bench_tables.h"

namespace dynakeep::bench {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr int expiring = 1'000'000;
constexpr int kept = 10'000;
constexpr const char* table = "Songs";
constexpr auto lifetime = 1h;

// Single reads of what stays, one after the other, until told to stop.
std::vector<double> time_reads(Database& database, const std::function<bool()>& stop) {
  std::mt19937 chance(7);
  std::vector<double> times;
  while (!stop()) {
    const auto start = Steady::now();
    must(database.get_item(
        {.table_name = table, .key = Key{{"name", name_of(static_cast<int>(chance() % kept))}}}));
    times.push_back(std::chrono::duration<double, std::micro>(Steady::now() - start).count());
  }
  return times;
}

void fill(Database& database, Time now) {
  for (int i = 0; i < kept; ++i) {
    must(database.put_item({.table_name = table, .item = song(i, 0)}));
  }
  const auto expires =
      std::chrono::floor<std::chrono::seconds>((now + lifetime).time_since_epoch()).count();
  for (int i = 0; i < expiring; ++i) {
    Item item = small_song(kept + i, 0);
    item["expires"] = expires;
    must(database.put_item({.table_name = table, .item = std::move(item)}));
  }
}

std::int64_t item_count(Database& database) {
  return must(database.describe_table({.table_name = table})).table.item_count;
}

}  // namespace

void measure_sweep(Bench& bench) {
  ManualClock clock;
  const auto database = bench.open({.clock = &clock});
  make_table(*database, table, StreamViewType::new_and_old_images);
  must(database->update_time_to_live({.table_name = table,
                                      .time_to_live_specification = TimeToLiveSpecification{
                                          .enabled = true, .attribute_name = "expires"}}));
  fill(*database, clock.now());
  come_to_rest();

  const auto end = Steady::now() + std::chrono::duration<double>(bench.seconds);
  auto without = time_reads(*database, [end] { return Steady::now() >= end; });

  clock.advance(lifetime + 1s);
  std::atomic<bool> is_swept = false;
  const double cpu = cpu_seconds();
  const auto start = Steady::now();
  double took = 0;
  std::jthread watching([&] {
    while (item_count(*database) > kept) std::this_thread::sleep_for(100ms);
    took = std::chrono::duration<double>(Steady::now() - start).count();
    is_swept = true;
  });
  auto with = time_reads(*database, [&is_swept] { return is_swept.load(); });
  watching.join();
  bench.figures["sweep of 1,000,000 items, s"] = took;
  bench.figures["sweep of 1,000,000 items, CPU s, reads too"] = cpu_seconds() - cpu;
  for (const double percent : {50.0, 99.0}) {
    const std::string p = "p" + std::to_string(static_cast<int>(percent));
    bench.figures["get, " + p + " us"] = percentile(without, percent);
    bench.figures["get while sweeping, " + p + " us"] = percentile(with, percent);
    bench.figures["get while sweeping / without, " + p] =
        bench.figures["get while sweeping, " + p + " us"] / bench.figures["get, " + p + " us"];
  }
}

}  // namespace dynakeep::bench
