#include <atomic>
#include <filesystem>
#include <stop_token>
#include <thread>
#include <vector>

#include <unistd.h>

#include "bench_tables.h"
#include "dynakeep/stores/stream_consumer.h"

namespace dynakeep::bench {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

std::string unused_name(const char* what) {
  static int given = 0;
  return std::string(what) + "-" + std::to_string(getpid()) + "-" + std::to_string(++given);
}

// So many records of small or large items, most of which are changes.
std::string fill(Database& database, int records, Item (*make)(int, std::int64_t)) {
  const std::string table = unused_name("Streamed");
  const std::string arn = make_table(database, table, StreamViewType::new_and_old_images);
  constexpr int items = 1000;
  constexpr int threads = 8;
  std::vector<std::jthread> writers;
  for (int thread = 0; thread < threads; ++thread) {
    writers.emplace_back([&, thread] {
      for (int i = thread; i < records; i += threads) {
        must(database.put_item({.table_name = table, .item = make(i % items, i)}));
      }
    });
  }
  return arn;
}

std::string only_shard(Database& database, const std::string& arn) {
  return must(database.describe_stream({.stream_arn = arn}))
      .stream_description.shards.at(0)
      .shard_id;
}

std::optional<std::string> iterator(Database& database, const std::string& arn,
                                    const std::string& shard, ShardIteratorType type) {
  return must(database.get_shard_iterator(
                  {.stream_arn = arn, .shard_id = shard, .shard_iterator_type = type}))
      .shard_iterator;
}

struct Read {
  double records = 0;
  double bytes = 0;  // by SizeBytes
};

Read read_all(Database& database, const std::string& arn) {
  Read read;
  auto at = iterator(database, arn, only_shard(database, arn), ShardIteratorType::trim_horizon);
  while (at) {
    const auto page = must(database.get_records({.shard_iterator = at}));
    if (page.records.empty()) break;
    read.records += static_cast<double>(page.records.size());
    for (const auto& record : page.records) {
      read.bytes += static_cast<double>(record.dynamodb.size_bytes);
    }
    at = page.next_shard_iterator;
  }
  return read;
}

void measure_pages(Bench& bench, const std::string& what, Database& database,
                   const std::string& arn) {
  Read read;
  read_all(database, arn);
  const double cpu = cpu_seconds();
  const auto start = Steady::now();
  do {
    const Read more = read_all(database, arn);
    read.records += more.records;
    read.bytes += more.bytes;
  } while (seconds_since(start) < bench.seconds);
  const double took = seconds_since(start);
  bench.figures["GetRecords, " + what + ", records/s"] = read.records / took;
  bench.figures["GetRecords, " + what + ", MB/s of SizeBytes"] = read.bytes / took / 1e6;
  bench.figures["GetRecords, " + what + ", CPU us/record"] =
      (cpu_seconds() - cpu) / read.records * 1e6;
}

// A new group each time, which reads from the beginning.
double consume_all(Database& database, const std::string& arn, std::uint64_t records) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / unused_name("dynakeep-stream-bench");
  std::filesystem::create_directories(folder);
  const auto checkpoints =
      must(open_stream_checkpoint_file({.path = (folder / "checkpoint").string()}));
  std::stop_source stop;
  std::atomic<std::uint64_t> handled = 0;
  const auto start = Steady::now();
  const auto consumer = must(StreamConsumer::open(
      database, *checkpoints, {.stream_arn = arn, .group = "bench"}, [&](const StreamBatch& batch) {
        handled += batch.records.size();
        if (handled == records) stop.request_stop();
        return StreamOutcome::ok();
      }));
  must(consumer->run(stop.get_token()));
  const double took = seconds_since(start);
  std::filesystem::remove_all(folder);
  return took;
}

}  // namespace

void measure_reading(Bench& bench) {
  const auto database = bench.open();
  constexpr int small_records = 100'000;
  constexpr int large_records = 20'000;
  const std::string small = fill(*database, small_records, small_song);
  const std::string large = fill(*database, large_records, song);
  come_to_rest();
  measure_pages(bench, "small", *database, small);
  measure_pages(bench, "450 bytes", *database, large);

  double took = 0;
  double records = 0;
  const double cpu = cpu_seconds();
  do {
    took += consume_all(*database, small, small_records);
    records += small_records;
  } while (took < bench.seconds);
  bench.figures["consumer with checkpoints in a file, small, records/s"] = records / took;
  bench.figures["consumer with checkpoints in a file, small, CPU us/record"] =
      (cpu_seconds() - cpu) / records * 1e6;
}

namespace {

void measure_idle_consumer(Bench& bench, const std::string& how, Database& database,
                           const std::string& arn) {
  const auto checkpoints = make_in_memory_stream_checkpoints();
  const auto consumer =
      must(StreamConsumer::open(database, *checkpoints, {.stream_arn = arn, .group = "bench"},
                                [](const StreamBatch&) { return StreamOutcome::ok(); }));
  std::stop_source stop;
  const std::jthread running([&] { must(consumer->run(stop.get_token())); });
  // Its polls become rarer in the first seconds.
  std::this_thread::sleep_for(3s);
  const double before = cpu_seconds();
  const auto start = Steady::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(bench.seconds));
  bench.figures["idle consumer of 64 shards by " + how + ", % of a processor"] =
      (cpu_seconds() - before) / seconds_since(start) * 100;
  stop.request_stop();
}

}  // namespace

void measure_idle(Bench& bench) {
  const auto database = bench.open({.streams = {.initial_shards = 64}});
  const std::string arn = make_table(*database, "Idle", StreamViewType::new_and_old_images);
  measure_idle_consumer(bench, "push", *database, arn);
  measure_idle_consumer(bench, "polling", *polled(*database), arn);
}

}  // namespace dynakeep::bench
