#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/stores/stream_subscription.h"

namespace dynakeep::contract {
namespace {

// What was handed over, for a test that waits for it.
class Basket {
 public:
  StreamOutcome take(const StreamBatch& batch) {
    const std::lock_guard lock(mutex_);
    for (const ChangeRecord& record : batch.records) {
      ids_.push_back(record.dynamodb.keys.at("id").as_string());
    }
    threads_.push_back(std::this_thread::get_id());
    changed_.notify_all();
    return StreamOutcome::ok();
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ids_.size() >= count; });
    return ids_;
  }
  std::vector<std::thread::id> threads() {
    const std::lock_guard lock(mutex_);
    return threads_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> ids_;               // guarded by mutex_
  std::vector<std::thread::id> threads_ = {};  // guarded by mutex_
};

class StreamSubscriptions : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (!capabilities().streams) GTEST_SKIP() << "no streams";
    auto request = table_of("id");
    request.stream_specification =
        StreamSpecification{.stream_enabled = true, .stream_view_type = StreamViewType::keys_only};
    table_ = create(request);
    arn_ = must(database().describe_table({.table_name = table_})).table.latest_stream_arn.value();
  }

  std::unique_ptr<StreamSubscription> subscribed(Basket& basket, StreamStart::Kind from) {
    return must(subscribe(database(), {.stream_arn = arn_, .from = from},
                          [&basket](const StreamBatch& batch) { return basket.take(batch); }));
  }

  std::string table_;
  std::string arn_;
};

TEST_P(StreamSubscriptions, HandOverWhatIsWrittenAfterTheyBegan) {
  put(table_, {{"id", "before"}});
  Basket basket;
  const auto subscription = subscribed(basket, StreamStart::Kind::latest);
  std::vector<std::string> written;
  for (int n = 0; n < 50; ++n) {
    written.push_back(padded(n));
    put(table_, {{"id", written.back()}});
  }
  EXPECT_EQ(basket.wait_for(50), written);
  for (const auto thread : basket.threads()) EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(subscription->figures().read, 50u);
}

TEST_P(StreamSubscriptions, BeginAtTheOldestRecordToo) {
  put(table_, {{"id", "before"}});
  Basket basket;
  const auto subscription = subscribed(basket, StreamStart::Kind::trim_horizon);
  EXPECT_EQ(basket.wait_for(1), (std::vector<std::string>{"before"}));
}

TEST_P(StreamSubscriptions, GoOnThroughRollsAndSplits) {
  if (database().admin() == nullptr) GTEST_SKIP() << "no engine of ours";
  Basket basket;
  const auto subscription = subscribed(basket, StreamStart::Kind::latest);
  put(table_, {{"id", "a"}});
  must(database().admin()->roll_shards({.stream_arn = arn_}));
  put(table_, {{"id", "b"}});
  for (const StreamShard& shard :
       must(database().describe_stream({.stream_arn = arn_})).stream_description.shards) {
    if (shard.sequence_number_range.ending_sequence_number) continue;
    must(database().admin()->split_shard({.stream_arn = arn_, .shard_id = shard.shard_id}));
  }
  put(table_, {{"id", "c"}});
  EXPECT_EQ(basket.wait_for(3), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_P(StreamSubscriptions, DoNotHoldUpWriters) {
  std::mutex gate;
  std::unique_lock closed(gate);
  Basket basket;
  const auto subscription =
      must(subscribe(database(), {.stream_arn = arn_}, [&](const StreamBatch& batch) {
        const std::lock_guard passed(gate);
        return basket.take(batch);
      }));
  for (int n = 0; n < 300; ++n) put(table_, {{"id", padded(n)}});
  closed.unlock();
  EXPECT_EQ(basket.wait_for(300).size(), 300u);
}

TEST_P(StreamSubscriptions, EndWithTheirStream) {
  Basket basket;
  const auto subscription = subscribed(basket, StreamStart::Kind::latest);
  put(table_, {{"id", "a"}});
  must(database().delete_table({.table_name = table_}));
  EXPECT_TRUE(subscription->wait());
  EXPECT_EQ(basket.wait_for(1).size(), 1u);
}

TEST_P(StreamSubscriptions, EndWhenTheHandlerHasThemEnd) {
  put(table_, {{"id", "a"}});
  const auto subscription =
      must(subscribe(database(), {.stream_arn = arn_},
                     [](const StreamBatch&) { return StreamOutcome::fatal("enough"); }));
  const auto ended = subscription->wait();
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().message().find("enough"), std::string::npos);
}

TEST_P(StreamSubscriptions, AreRefusedWithoutAStream) {
  const auto handler = [](const StreamBatch&) { return StreamOutcome::ok(); };
  refused(subscribe(database(), {.stream_arn = ""}, handler), ErrorCode::invalid_argument);
  EXPECT_FALSE(subscribe(
      database(),
      {.stream_arn = "arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026-01-01"},
      handler));
}

ON_EVERY_KIND(StreamSubscriptions);

}  // namespace
}  // namespace dynakeep::contract
