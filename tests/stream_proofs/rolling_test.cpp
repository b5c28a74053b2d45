#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/stores/stream_consumer.h"
#include "dynakeep/stores/stream_poller.h"
#include "support/stream_history.h"

// Readers of a stream whose shards are closed by the hundred while it is written to: every record
// reaches them once or more, each item's in order.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result) << result.error();
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

constexpr std::size_t rolls = 1000;
constexpr int writers = 2;
constexpr int items = 8;  // of each writer

class RollingShards : public testing::Test {
 protected:
  void open(StreamOptions options) {
    database = must(open_embedded({.in_memory = true, .streams = options}));
    arn =
        *must(
             database->create_table(
                 {.table_name = "Songs",
                  .attribute_definitions =
                      std::vector<AttributeDefinition>{{"k", ScalarType::string}},
                  .key_schema = KeySchema{{"k", KeyType::hash}},
                  .billing_mode = BillingMode::pay_per_request,
                  .stream_specification =
                      StreamSpecification{.stream_enabled = true,
                                          .stream_view_type = StreamViewType::new_and_old_images}}))
             .table_description.latest_stream_arn;
  }

  // Changes of each item, numbered from 1, until all shards have been rolled often enough. Each
  // roll is of all that are open, so that lineages are long, and with something in most of them.
  void write_and_roll() {
    std::atomic<bool> is_over = false;
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer] {
        for (std::int64_t change = 1; !is_over; ++change) {
          for (int item = 0; item < items; ++item) {
            must(database->put_item(
                {.table_name = "Songs",
                 .item = Item{{"k", std::to_string(writer) + "/" + std::to_string(item)},
                              {"n", change}}}));
            ++written;
          }
        }
      });
    }
    for (std::size_t rolled = 0; rolled < rolls; rolled += 4) {
      const int before = written;
      while (written < before + 10) std::this_thread::yield();
      must(database->admin()->roll_shards({.stream_arn = arn}));
    }
    is_over = true;
    threads.clear();
    is_all_written = true;
  }

  // Once or more, each item's first time in order.
  void take(const ChangeRecord& record) {
    const std::lock_guard lock(mutex);
    std::int64_t& last = seen[record.dynamodb.keys.at("k").as_string()];
    const auto change = record.dynamodb.new_image->at("n").as_number().to_int64().value();
    EXPECT_LE(change, last + 1) << record.dynamodb.keys;
    if (change == last + 1) ++taken;
    last = std::max(last, change);
  }
  bool has_all() const { return is_all_written && taken == written; }

  std::unique_ptr<Database> database;
  std::string arn;
  std::atomic<int> written = 0;
  std::atomic<bool> is_all_written = false;
  std::mutex mutex;
  std::map<std::string, std::int64_t> seen;
  std::atomic<int> taken = 0;
};

TEST_F(RollingShards, AThousandRollsLoseNothingForAConsumer) {
  open({.initial_shards = 4});
  const auto checkpoints = make_in_memory_stream_checkpoints();
  std::stop_source stop;
  const auto consumer = must(StreamConsumer::open(*database, *checkpoints,
                                                  {.stream_arn = arn,
                                                   .group = "g",
                                                   .lanes = 2,
                                                   .busy_poll = 5ms,
                                                   .idle_poll_max = 20ms,
                                                   .threads = 2},
                                                  [&](const StreamBatch& batch) {
                                                    for (const ChangeRecord& record : batch.records)
                                                      take(record);
                                                    return StreamOutcome::ok();
                                                  }));
  {
    const std::jthread writing([this] { write_and_roll(); });
    const std::jthread reading([&] { must(consumer->run(stop.get_token())); });
    while (!has_all() && !HasFailure()) std::this_thread::sleep_for(10ms);
    stop.request_stop();
  }
  EXPECT_EQ(taken, written);
  EXPECT_GE(support::shards_of(*database, arn).size(), rolls);
}

TEST_F(RollingShards, AThousandRollsLoseNothingForAPoller) {
  open({.initial_shards = 4});
  StreamPoller poller(*database, {.stream_arn = arn},
                      {.insert_record = [this](const auto&, const auto&,
                                               const ChangeRecord& record) { take(record); },
                       .modify_record = [this](const auto&, const auto&, const auto&,
                                               const ChangeRecord& record) { take(record); }});
  must(poller.fetch_stream_state());
  {
    const std::jthread writing([this] { write_and_roll(); });
    while (!has_all() && !HasFailure()) must(poller.fetch_stream_state());
  }
  EXPECT_EQ(taken, written);
  EXPECT_GE(support::shards_of(*database, arn).size(), rolls);
}

// Ten thousand closed shards, all of which a reader must know before it begins.
TEST_F(RollingShards, AmongTenThousandShardsAConsumerStartsInTwoSecondsOfAProcessor) {
  open({.initial_shards = 1000, .max_open_shards = 1000});
  for (int generation = 0; generation < 10; ++generation) {
    must(database->admin()->roll_shards({.stream_arn = arn}));
  }
  ASSERT_EQ(support::shards_of(*database, arn).size(), 11'000u);
  const auto checkpoints = make_in_memory_stream_checkpoints();
  const auto consumer =
      must(StreamConsumer::open(*database, *checkpoints, {.stream_arn = arn, .group = "g"},
                                [](const StreamBatch&) { return StreamOutcome::ok(); }));
  const std::clock_t before = std::clock();
  must(consumer->start());
  const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  RecordProperty("start_cpu_ms", static_cast<int>(used * 1000));
  EXPECT_LT(used, 2.0);
}

}  // namespace
}  // namespace dynakeep
