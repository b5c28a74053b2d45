#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "contract/database_contract.h"
#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/stores/stream_consumer.h"
#include "dynakeep/stores/stream_poller.h"

// The readers of streams on the engine itself, whose shards roll while several threads write.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using contract::must;

constexpr int writers = 3;
constexpr int items = 5;     // of each writer
constexpr int changes = 60;  // of each item

class StreamsOfTheEngine : public testing::Test {
 protected:
  StreamsOfTheEngine()
      : database(must(open_embedded({.in_memory = true, .streams = {.initial_shards = 2}}))),
        arn(*must(database->create_table(
                      {.table_name = "Songs",
                       .attribute_definitions =
                           std::vector<AttributeDefinition>{{"k", ScalarType::string}},
                       .key_schema = KeySchema{{"k", KeyType::hash}},
                       .billing_mode = BillingMode::pay_per_request,
                       .stream_specification =
                           StreamSpecification{
                               .stream_enabled = true,
                               .stream_view_type = StreamViewType::new_and_old_images}}))
                 .table_description.latest_stream_arn) {}

  // In three parts; all shards roll in the midst of each, and after it.
  void write_all() {
    for (int part = 0; part < 3; ++part) {
      {
        std::vector<std::jthread> threads;
        for (int writer = 0; writer < writers; ++writer) {
          threads.emplace_back([this, writer, part] { write_part(writer, part); });
        }
        roll();
      }
      roll();
    }
  }
  void roll() { must(database->admin()->roll_shards({.stream_arn = arn})); }
  void write_part(int writer, int part) {
    for (int change = 1 + part * changes / 3; change <= (part + 1) * changes / 3; ++change) {
      for (int item = 0; item < items; ++item) {
        must(database->put_item(
            {.table_name = "Songs",
             .item =
                 Item{{"k", std::to_string(writer) + "/" + std::to_string(item)}, {"n", change}}}));
      }
    }
  }
  // That the change is the one behind the last of its item.
  void take(const ChangeRecord& record) {
    const std::lock_guard lock(mutex);
    std::int64_t& last = seen[record.dynamodb.keys.at("k").as_string()];
    const auto change = record.dynamodb.new_image->at("n").as_number().to_int64().value();
    EXPECT_EQ(change, last + 1) << record.dynamodb.keys;
    last = change;
    ++taken;
  }

  std::unique_ptr<Database> database;
  const std::string arn;
  std::mutex mutex;
  std::map<std::string, std::int64_t> seen;
  std::atomic<int> taken = 0;
};

TEST_F(StreamsOfTheEngine, AConsumerOnThreadsHandlesAllChangesInOrderWhileShardsRoll) {
  const auto checkpoints = make_in_memory_stream_checkpoints();
  std::stop_source stop;
  const auto consumer = must(StreamConsumer::open(*database, *checkpoints,
                                                  {.stream_arn = arn,
                                                   .group = "g",
                                                   .batch_records = 7,
                                                   .lanes = 3,
                                                   .busy_poll = 5ms,
                                                   .idle_poll_max = 20ms,
                                                   .threads = 4},
                                                  [&](const StreamBatch& batch) {
                                                    for (const ChangeRecord& record : batch.records)
                                                      take(record);
                                                    if (taken == writers * items * changes)
                                                      stop.request_stop();
                                                    return StreamOutcome::ok();
                                                  }));
  {
    const std::jthread writing([this] { write_all(); });
    must(consumer->run(stop.get_token()));
  }
  EXPECT_EQ(taken, writers * items * changes);

  // Nothing of it comes again.
  const auto again = must(StreamConsumer::open(
      *database, *checkpoints, {.stream_arn = arn, .group = "g"}, [](const StreamBatch&) {
        ADD_FAILURE() << "It was handled";
        return StreamOutcome::ok();
      }));
  must(again->start());
  for (int i = 0; i < 100; ++i) must(again->step());
}

TEST_F(StreamsOfTheEngine, APollerTellsOfAllChangesInOrderWhileShardsRoll) {
  StreamPoller poller(*database, {.stream_arn = arn},
                      {.insert_record = [this](const auto&, const auto&,
                                               const ChangeRecord& record) { take(record); },
                       .modify_record = [this](const auto&, const auto&, const auto&,
                                               const ChangeRecord& record) { take(record); }});
  must(poller.fetch_stream_state());
  {
    const std::jthread writing([this] { write_all(); });
    while (taken < writers * items * changes) must(poller.fetch_stream_state());
  }
  must(poller.fetch_stream_state());
  EXPECT_EQ(taken, writers * items * changes);
}

}  // namespace
}  // namespace dynakeep
