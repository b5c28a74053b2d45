#include <algorithm>
#include <atomic>
#include <functional>
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

constexpr auto between_writes = 2ms;

// Single writes, and when their records arrive.
class Delivery {
 public:
  explicit Delivery(double seconds)
      : writes_(static_cast<std::size_t>(seconds * 1000ms / between_writes)),
        answered_(writes_),
        arrived_(writes_) {}

  void arrive(const ChangeRecord& record) {
    const auto number = record.dynamodb.new_image->at("plays").as_number().to_int64().value();
    if (number < 0) return;
    arrived_[static_cast<std::size_t>(number)].store(Steady::now());
    ++count_;
  }
  bool all_arrived() const { return count_ == writes_; }

  void write(Database& database, const std::string& table) {
    for (std::size_t i = 0; i < writes_; ++i) {
      std::this_thread::sleep_for(between_writes);
      must(database.put_item(
          {.table_name = table, .item = song(static_cast<int>(i), static_cast<std::int64_t>(i))}));
      answered_[i] = Steady::now();
    }
    while (!all_arrived()) std::this_thread::sleep_for(1ms);
  }

  void tell(Bench& bench, const std::string& how) {
    std::vector<double> waits;
    for (std::size_t i = 0; i < writes_; ++i) {
      const std::chrono::duration<double, std::milli> wait = arrived_[i].load() - answered_[i];
      waits.push_back(std::max(0.0, wait.count()));  // it may be there before the answer is
    }
    bench.figures["delivery by " + how + ", p50 ms"] = percentile(waits, 50);
    bench.figures["delivery by " + how + ", p99 ms"] = percentile(waits, 99);
  }

 private:
  std::size_t writes_;
  std::vector<Steady::time_point> answered_;
  std::vector<std::atomic<Steady::time_point>> arrived_;
  std::atomic<std::size_t> count_ = 0;
};

// How the records of a stream get to the one that wants them, until it is stopped.
using Reader = std::function<void(const std::string& stream_arn, const std::stop_token& stop,
                                  const std::function<void()>& has_begun)>;

void measure_reader(Bench& bench, Database& database, const std::string& how, Delivery& delivery,
                    const Reader& read) {
  const std::string table =
      "Delivered-" + std::to_string(getpid()) + "-" + std::to_string(bench.figures.size());
  const std::string arn = make_table(database, table, StreamViewType::new_and_old_images);
  std::stop_source stop;
  std::atomic<bool> has_begun = false;
  const std::jthread reading([&] {
    read(arn, stop.get_token(), [&] {
      has_begun = true;
      has_begun.notify_all();
    });
  });
  has_begun.wait(false);
  delivery.write(database, table);
  stop.request_stop();
  // Whoever waits for a record waits no longer.
  must(database.put_item({.table_name = table, .item = song(0, -1)}));
  delivery.tell(bench, how);
}

// What it reads from may know less than what is written to.
void measure_consumer(Bench& bench, Database& database, const std::string& how, Database& source) {
  Delivery delivery(bench.seconds);
  measure_reader(bench, database, how, delivery,
                 [&](const auto& arn, const auto& stop, const auto& has_begun) {
                   const auto checkpoints = make_in_memory_stream_checkpoints();
                   const auto consumer = must(StreamConsumer::open(
                       source, *checkpoints, {.stream_arn = arn, .group = "bench"},
                       [&](const StreamBatch& batch) {
                         for (const ChangeRecord& record : batch.records) delivery.arrive(record);
                         return StreamOutcome::ok();
                       }));
                   must(consumer->start());
                   has_begun();
                   must(consumer->run(stop));
                 });
}

void measure_waiting(Bench& bench, Database& database) {
  Delivery delivery(bench.seconds);
  measure_reader(
      bench, database, "push, to a loop of GetRecords", delivery,
      [&](const auto& arn, const auto& stop, const auto& has_begun) {
        const auto shards =
            must(database.describe_stream({.stream_arn = arn})).stream_description.shards;
        auto at =
            must(database.get_shard_iterator({.stream_arn = arn,
                                              .shard_id = shards.at(0).shard_id,
                                              .shard_iterator_type = ShardIteratorType::latest}))
                .shard_iterator;
        has_begun();
        while (!stop.stop_requested()) {
          auto page = must(database.get_records({.shard_iterator = at, .wait = 20s}));
          for (const ChangeRecord& record : page.records) delivery.arrive(record);
          at = std::move(page.next_shard_iterator);
        }
      });
}

}  // namespace

void measure_delivery(Bench& bench) {
  const auto database = bench.open();
  measure_consumer(bench, *database, "polling, to a consumer", *polled(*database));
  if (!database->capabilities().long_poll) return;
  measure_consumer(bench, *database, "push, to a consumer", *database);
  measure_waiting(bench, *database);
}

}  // namespace dynakeep::bench
