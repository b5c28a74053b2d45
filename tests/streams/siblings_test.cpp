#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "streams/one_consumer.h"

// How quickly the second half of a shard that was split is found where a listing shows the first
// alone, and what that costs.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using Kind = StreamEvent::Kind;

class StreamSiblings : public StreamAcceptance {
 protected:
  StreamSiblings() {
    stream.faults.shards_in_page = 100;
    stream.faults.fails = [this](std::string_view operation) {
      if (operation == "DescribeStream") ++listings;
      return std::optional<Error>();
    };
    handler = [this](const StreamBatch& batch) {
      for (const ChangeRecord& record : batch.records) {
        std::int64_t& last = last_of[record.dynamodb.keys.at("k").as_string()];
        EXPECT_EQ(version_of(record), last + 1);
        last = version_of(record);
      }
      return StreamOutcome::ok();
    };
  }
  void write_all() {
    for (char key = 'a'; key <= 'p'; ++key) stream.write(std::string(1, key));
  }
  // Splits the one shard, of which listings show one half.
  void split_half_hidden() {
    stream.split("a");
    stream.faults.unlisted = {stream.shard_ids().back()};
    write_all();
  }
  void go_on_until(Kind kind) {
    for (int i = 0; i < 1000 && events[kind] == 0; ++i) ASSERT_TRUE(go_on(10ms));
    ASSERT_GT(events[kind], 0);
  }

  int listings = 0;
  std::map<std::string, std::int64_t> last_of;
};

TEST_F(StreamSiblings, B6TheHalfThatAListingOmitsWhenItsParentEndsIsFoundWithinSeconds) {
  open(options());
  write_all();
  go_on(10s);
  split_half_hidden();
  go_on_until(Kind::shard_completed);
  EXPECT_NE(last_of, stream.written());
  stream.faults.unlisted.clear();
  go_on(2s);
  EXPECT_EQ(last_of, stream.written());
  EXPECT_EQ(events[Kind::shard_discovered], 2);  // the first shard, and the half that came late
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamSiblings, B6TheHalfThatTheLastListingOmittedIsFoundWithinSecondsOfTheParentsEnd) {
  open(options());
  write_all();
  go_on(10s);
  consumer->pause();
  write_all();
  go_on(5s);
  split_half_hidden();
  for (const int before = listings; listings == before;) ASSERT_TRUE(go_on(1s));
  stream.faults.unlisted.clear();
  consumer->resume();
  go_on_until(Kind::shard_completed);
  go_on(5s);
  EXPECT_EQ(last_of, stream.written());
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamSiblings, AShardThatRollsCostsFewListingsAndOneThatIsSplitNoneMore) {
  open(options());
  write_all();
  go_on(10s);
  for (int i = 0; i < 10; ++i) {
    const int before = listings;
    stream.roll("a");
    write_all();
    go_on(30s);
    // Its children, five looks for another, and the listing of each minute.
    EXPECT_LE(listings - before, 7);
  }
  const int before = listings;
  stream.split("a");
  write_all();
  go_on(30s);
  EXPECT_LE(listings - before, 2);
  EXPECT_EQ(last_of, stream.written());
}

TEST_F(StreamSiblings, ShardsThatRollTogetherStayWithinTheBudgetOfListings) {
  for (const char key : {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}) stream.split(std::string(1, key));
  ASSERT_GE(stream.open_shards(), 8U);
  open(options());
  go_on(1min);
  for (int i = 0; i < 10; ++i) {
    stream.roll_all();
    write_all();
    const int before = listings;
    go_on(10s);
    EXPECT_LE(listings - before, 5 * 10 + 5);  // five a second, those of a second at once
  }
  go_on(1min);
  EXPECT_EQ(last_of, stream.written());
}

}  // namespace
}  // namespace dynakeep
