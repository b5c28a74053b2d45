#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "contract/database_contract.h"
#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/stores/stream_consumer.h"

// Checkpoints and leases in a table, on every kind of Database. The stream is the engine's own.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using contract::must;
using testing::UnorderedElementsAre;
using Steady = std::chrono::steady_clock;

class CheckpointTables : public contract::DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    source = must(open_embedded({.in_memory = true, .streams = {.initial_shards = 2}}));
    auto request = contract::table_of("id");
    request.table_name = "Songs";
    request.stream_specification =
        StreamSpecification{.stream_enabled = true, .stream_view_type = StreamViewType::keys_only};
    arn = *must(source->create_table(request)).table_description.latest_stream_arn;
    table = unused_name();
  }
  void write(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      must(source->put_item({.table_name = "Songs", .item = Item{{"id", id}}}));
    }
  }
  static std::vector<std::string> many(const std::string& prefix) {
    std::vector<std::string> ids;
    for (int n = 0; n < 20; ++n) ids.push_back(prefix + contract::padded(n));
    return ids;
  }

  // A worker on this thread, and what it handled.
  struct Worker {
    std::unique_ptr<StreamCheckpoints> checkpoints = {};
    std::vector<std::string> handled = {};
    std::unique_ptr<StreamConsumer> consumer = {};  // before what it hands records to is gone
  };
  std::unique_ptr<Worker> worker(const std::string& name) {
    auto made = std::make_unique<Worker>();
    made->checkpoints = must(open_stream_checkpoint_table(database(), {.table = table}));
    made->consumer =
        must(StreamConsumer::open(*source, *made->checkpoints,
                                  {.stream_arn = arn,
                                   .group = "g",
                                   .worker = name,
                                   .discovery_interval = 1s,
                                   .now = [this] { return moment; }},
                                  [&into = made->handled](const StreamBatch& batch) {
                                    for (const ChangeRecord& record : batch.records) {
                                      into.push_back(record.dynamodb.keys.at("id").as_string());
                                    }
                                    return StreamOutcome::ok();
                                  }));
    must(made->consumer->start());
    return made;
  }
  // In turns, while time passes as they would wait.
  template <typename Done>
  void work(const std::vector<Worker*>& workers, const Done& done) {
    for (int turn = 0; turn < 3000; ++turn) {
      if (done()) return;
      for (Worker* each : workers) must(each->consumer->step());
      moment += 20ms;
    }
    FAIL() << "It was not done in 3000 turns";
  }

  std::unique_ptr<Database> source;
  std::string arn;
  std::string table;
  Steady::time_point moment{1h};
};

TEST_P(CheckpointTables, HaveTheNextOneGoOnWhereTheLastOneEnded) {
  std::vector<std::string> all = many("a");
  write(all);
  const auto first = worker("first");
  work({first.get()}, [&] { return first->handled.size() == 20; });
  // The shards of before end, and their children begin.
  must(source->admin()->roll_shards({.stream_arn = arn}));
  const auto later = many("b");
  write(later);
  all.insert(all.end(), later.begin(), later.end());
  work({first.get()}, [&] { return first->handled.size() == 40; });
  must(first->consumer->stop());
  EXPECT_THAT(first->handled, testing::UnorderedElementsAreArray(all));

  const auto second = worker("second");
  write({"c"});
  work({second.get()}, [&] { return !second->handled.empty(); });
  must(second->consumer->stop());
  EXPECT_THAT(second->handled, UnorderedElementsAre("c"));
}

TEST_P(CheckpointTables, HaveWorkersShareTheShards) {
  const auto first = worker("first");
  const auto second = worker("second");
  const std::vector<Worker*> both{first.get(), second.get()};
  work(both, [&] {
    return first->consumer->figures().leases == 1 && second->consumer->figures().leases == 1;
  });
  write(many("a"));
  work(both, [&] { return first->handled.size() + second->handled.size() == 20; });
  EXPECT_FALSE(first->handled.empty());
  EXPECT_FALSE(second->handled.empty());
  // Who goes leaves what it had to the other, and nothing comes twice.
  must(first->consumer->stop());
  write(many("b"));
  work({second.get()}, [&] { return first->handled.size() + second->handled.size() == 40; });
  std::set<std::string> ids(first->handled.begin(), first->handled.end());
  ids.insert(second->handled.begin(), second->handled.end());
  EXPECT_EQ(ids.size(), 40u);
}

TEST_P(CheckpointTables, OfAnotherShapeOrMissingAreRefused) {
  contract::refused(open_stream_checkpoint_table(database(), {.table = table, .create = false}),
                    ErrorCode::invalid_argument);
  const std::string other = create_plain();
  EXPECT_THAT(contract::refused(open_stream_checkpoint_table(database(), {.table = other}),
                                ErrorCode::invalid_argument)
                  .message(),
              testing::HasSubstr("pk (partition, string), sk (sort, string)"));
}

INSTANTIATE_TEST_SUITE_P(Stores, CheckpointTables, testing::ValuesIn(contract::kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace dynakeep
