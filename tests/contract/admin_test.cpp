#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/snapshot.h"

namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;

// What an engine of ours is told beside DynamoDB's operations, and what its streams do then.
class Admin : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (database().admin() == nullptr) GTEST_SKIP() << "no engine of ours";
    table_ = create_with_stream();
    arn_ = arn_of(table_);
  }

  EngineAdmin& admin() { return *database().admin(); }

  std::string create_with_stream() {
    auto request = table_of("id");
    request.stream_specification = StreamSpecification{
        .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
    return create(request);
  }
  std::string arn_of(const std::string& table) {
    return must(database().describe_table({.table_name = table})).table.latest_stream_arn.value();
  }
  std::vector<StreamShard> shards() {
    return must(database().describe_stream({.stream_arn = arn_})).stream_description.shards;
  }
  Result<GetShardIteratorResult> ask_iterator(const std::string& shard, ShardIteratorType type,
                                              std::optional<std::string> number = {}) {
    return database().get_shard_iterator({.stream_arn = arn_,
                                          .shard_id = shard,
                                          .shard_iterator_type = type,
                                          .sequence_number = std::move(number)});
  }
  std::string begin_of(const std::string& shard) {
    return must(ask_iterator(shard, ShardIteratorType::trim_horizon)).shard_iterator.value();
  }
  std::vector<ChangeRecord> records_of(const std::string& shard) {
    return must(database().get_records({.shard_iterator = begin_of(shard)})).records;
  }

  std::string table_;
  std::string arn_;
};

TEST_P(Admin, RollsAShardIntoOneOfTheSameRange) {
  put(table_, {{"id", "a"}});
  const auto parent = shards().at(0);
  must(admin().roll_shards({.stream_arn = arn_}));
  put(table_, {{"id", "a"}, {"n", 1}});
  const auto after = shards();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0].shard_id, parent.shard_id);
  EXPECT_TRUE(after[0].sequence_number_range.ending_sequence_number);
  EXPECT_EQ(after[1].parent_shard_id, parent.shard_id);
  EXPECT_FALSE(after[1].sequence_number_range.ending_sequence_number);
  EXPECT_EQ(records_of(after[0].shard_id).size(), 1u);
  EXPECT_EQ(records_of(after[1].shard_id).size(), 1u);
}

TEST_P(Admin, RollsTheShardThatIsNamed) {
  must(admin().split_shard({.stream_arn = arn_, .shard_id = shards().at(0).shard_id}));
  const std::string one = shards().at(1).shard_id;
  must(admin().roll_shards({.stream_arn = arn_, .shard_id = one}));
  std::vector<std::string> children;
  for (const StreamShard& shard : shards()) {
    if (shard.parent_shard_id == one) children.push_back(shard.shard_id);
  }
  EXPECT_EQ(children.size(), 1u);
  EXPECT_EQ(shards().size(), 4u);
}

TEST_P(Admin, SplitsAShardInTwo) {
  const std::string parent = shards().at(0).shard_id;
  must(admin().split_shard({.stream_arn = arn_, .shard_id = parent}));
  const auto after = shards();
  ASSERT_EQ(after.size(), 3u);
  EXPECT_EQ(after[1].parent_shard_id, parent);
  EXPECT_EQ(after[2].parent_shard_id, parent);
  for (int n = 0; n < 40; ++n) put(table_, {{"id", padded(n)}});
  EXPECT_EQ(records_of(after[1].shard_id).size() + records_of(after[2].shard_id).size(), 40u);
  EXPECT_FALSE(records_of(after[1].shard_id).empty());
  EXPECT_FALSE(records_of(after[2].shard_id).empty());
}

TEST_P(Admin, RefusesShardsThatAreNotOpen) {
  const std::string parent = shards().at(0).shard_id;
  must(admin().roll_shards({.stream_arn = arn_}));
  refused(admin().roll_shards({.stream_arn = arn_, .shard_id = parent}),
          ErrorCode::resource_not_found);
  refused(admin().split_shard({.stream_arn = arn_, .shard_id = parent}),
          ErrorCode::resource_not_found);
  refused(admin().split_shard({.stream_arn = arn_}), ErrorCode::validation);
  refused(admin().roll_shards({.stream_arn = "arn"}), ErrorCode::validation);
  refused(admin().roll_shards({}), ErrorCode::validation);
  refused(admin().trim_stream({.stream_arn = arn_}), ErrorCode::validation);
}

TEST_P(Admin, TrimsWhatWasWrittenBefore) {
  put(table_, {{"id", "a"}});
  const std::string shard = shards().at(0).shard_id;
  const auto records = records_of(shard);
  ASSERT_EQ(records.size(), 1u);
  const std::string number = records[0].dynamodb.sequence_number;
  const std::string at = must(ask_iterator(shard, ShardIteratorType::at_sequence_number, number))
                             .shard_iterator.value();
  const std::string after =
      must(ask_iterator(shard, ShardIteratorType::after_sequence_number, number))
          .shard_iterator.value();
  const std::string begin = begin_of(shard);
  must(admin().trim_stream(
      {.stream_arn = arn_, .before = system_clock().now() + std::chrono::hours(1)}));
  put(table_, {{"id", "b"}});

  // A definite place whose record is gone; the place behind it; the oldest that is kept.
  refused(database().get_records({.shard_iterator = at}), ErrorCode::trimmed_data_access);
  refused(ask_iterator(shard, ShardIteratorType::at_sequence_number, number),
          ErrorCode::trimmed_data_access);
  EXPECT_EQ(must(database().get_records({.shard_iterator = after})).records.size(), 1u);
  EXPECT_EQ(must(database().get_records({.shard_iterator = begin})).records.size(), 1u);
  EXPECT_EQ(records_of(shard).size(), 1u);
}

TEST_P(Admin, ExpiresTheIteratorsThatWereGiven) {
  put(table_, {{"id", "a"}});
  const std::string shard = shards().at(0).shard_id;
  const std::string before = begin_of(shard);
  must(admin().expire_iterators({}));
  refused(database().get_records({.shard_iterator = before}), ErrorCode::expired_iterator);
  const auto page = must(database().get_records({.shard_iterator = begin_of(shard)}));
  EXPECT_EQ(page.records.size(), 1u);
  EXPECT_TRUE(database().get_records({.shard_iterator = page.next_shard_iterator}));
}

TEST_P(Admin, AdvancesTheClockOfIterators) {
  const std::string shard = shards().at(0).shard_id;
  const std::string before = begin_of(shard);
  must(admin().advance_clock({.seconds = 14 * 60}));
  EXPECT_TRUE(database().get_records({.shard_iterator = before}));
  must(admin().advance_clock({.seconds = 62}));
  refused(database().get_records({.shard_iterator = before}), ErrorCode::expired_iterator);
}

TEST_P(Admin, AdvancesTheClockOfRetention) {
  put(table_, {{"id", "a"}});
  const std::string shard = shards().at(0).shard_id;
  EXPECT_EQ(records_of(shard).size(), 1u);
  must(admin().advance_clock({.seconds = 25 * 3600}));
  EXPECT_TRUE(records_of(shard).empty());
}

TEST_P(Admin, AdvancesTheClockOfStreamsThatAreSwitchedOff) {
  put(table_, {{"id", "a"}});
  const std::string old = arn_;
  must(database().update_table(
      {.table_name = table_,
       .stream_specification = StreamSpecification{.stream_enabled = false}}));
  must(admin().advance_clock({.seconds = 23 * 3600}));
  EXPECT_EQ(records_of(shards().at(0).shard_id).size(), 1u);
  must(database().update_table(
      {.table_name = table_,
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::keys_only}}));
  arn_ = arn_of(table_);
  EXPECT_NE(arn_, old);
  const auto both = must(database().list_streams({.table_name = table_})).streams;
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].stream_arn, arn_);
  EXPECT_EQ(both[1].stream_arn, old);
  must(admin().advance_clock({.seconds = 2 * 3600}));
  refused(database().describe_stream({.stream_arn = old}), ErrorCode::resource_not_found);
  EXPECT_EQ(must(database().list_streams({.table_name = table_})).streams.size(), 1u);
}

TEST_P(Admin, LetsAStreamOutliveItsTable) {
  put(table_, {{"id", "a"}});
  must(database().delete_table({.table_name = table_}));
  // The put and the removal of nothing else: items of a dropped table are not told one by one.
  EXPECT_EQ(records_of(shards().at(0).shard_id).size(), 1u);
  auto request = table_of("id");
  request.table_name = table_;
  request.stream_specification =
      StreamSpecification{.stream_enabled = true, .stream_view_type = StreamViewType::keys_only};
  must(database().create_table(request));
  wait_until_active(table_);
  EXPECT_NE(arn_of(table_), arn_);
}

TEST_P(Admin, AdvancesTheClockOfSnapshots) {
  const auto snapshot = must(Snapshot::begin(database(), table_));
  must(admin().advance_clock({.seconds = 14 * 60}));
  EXPECT_TRUE(database().scan({.table_name = table_, .snapshot = snapshot.use()}));
  must(admin().advance_clock({.seconds = 60}));
  refused(database().scan({.table_name = table_, .snapshot = snapshot.use()}),
          ErrorCode::snapshot_expired);
}

TEST_P(Admin, RefusesToSetTheClockBack) {
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
    refused(admin().advance_clock({.seconds = seconds}), ErrorCode::validation);
  }
  refused(admin().advance_clock({}), ErrorCode::validation);
}

TEST_P(Admin, HasTheNextCallsFail) {
  must(admin().inject_fault({.operation = "GetItem", .error = ErrorCode::validation, .count = 2}));
  for (int i = 0; i < 2; ++i) {
    refused(database().get_item({.table_name = table_, .key = Key{{"id", "a"}}}),
            ErrorCode::validation);
  }
  EXPECT_TRUE(database().get_item({.table_name = table_, .key = Key{{"id", "a"}}}));
  must(admin().inject_fault({.operation = "GetItem", .error = ErrorCode::validation, .count = 9}));
  EXPECT_TRUE(database().scan({.table_name = table_}));
  must(admin().inject_fault({.operation = "GetItem", .error = ErrorCode::validation, .count = 0}));
  EXPECT_TRUE(database().get_item({.table_name = table_, .key = Key{{"id", "a"}}}));
  refused(admin().inject_fault({.operation = "GetItem"}), ErrorCode::validation);
  refused(admin().inject_fault({.error = ErrorCode::throttling}), ErrorCode::validation);
}

// J12
TEST_P(Admin, ListsStreamsOnceEachWhileOthersComeAndGo) {
  std::vector<std::string> stay;
  for (int i = 0; i < 4; ++i) stay.push_back(arn_of(create_with_stream()));
  std::vector<std::string> listed;
  ListStreamsRequest request{.limit = 2};
  for (int page = 0;; ++page) {
    const auto streams = must(database().list_streams(request));
    for (const StreamSummary& stream : streams.streams) listed.push_back(stream.stream_arn);
    if (!streams.last_evaluated_stream_arn) break;
    request.exclusive_start_stream_arn = streams.last_evaluated_stream_arn;
    create_with_stream();
    ASSERT_LT(page, 100);
  }
  for (const std::string& arn : stay) {
    EXPECT_EQ(std::count(listed.begin(), listed.end(), arn), 1) << arn;
  }
}

ON_EVERY_KIND(Admin);

}  // namespace
}  // namespace dynakeep::contract
