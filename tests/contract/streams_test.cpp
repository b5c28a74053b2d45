#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;

class Streams : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (!capabilities().streams) GTEST_SKIP() << "no streams";
  }

  std::string create_with_stream(StreamViewType view) {
    auto request = table_of("id");
    request.stream_specification =
        StreamSpecification{.stream_enabled = true, .stream_view_type = view};
    return create(request);
  }
  std::string arn_of(const std::string& table) {
    return must(database().describe_table({.table_name = table})).table.latest_stream_arn.value();
  }
  StreamDescription described(const std::string& arn) {
    return must(database().describe_stream({.stream_arn = arn})).stream_description;
  }

  // So many records of the stream, parents before children; fewer if no more come within seconds.
  std::vector<ChangeRecord> read(const std::string& arn, std::size_t count) {
    for (int attempt = 0;; ++attempt) {
      std::vector<ChangeRecord> records;
      for (const StreamShard& shard : described(arn).shards) {
        auto at = must(database().get_shard_iterator(
                           {.stream_arn = arn,
                            .shard_id = shard.shard_id,
                            .shard_iterator_type = ShardIteratorType::trim_horizon}))
                      .shard_iterator;
        while (at) {
          auto page = must(database().get_records({.shard_iterator = at}));
          if (page.records.empty()) break;
          for (auto& record : page.records) records.push_back(std::move(record));
          at = page.next_shard_iterator;
        }
      }
      // Others than ours have them a moment later.
      if (records.size() >= count || attempt == 50) return records;
      std::this_thread::sleep_for(100ms);
    }
  }
};

TEST_P(Streams, TellEachChangeOnceAndInOrder) {
  const auto table = create_with_stream(StreamViewType::new_and_old_images);
  put(table, {{"id", "a"}, {"n", 1}});
  put(table, {{"id", "a"}, {"n", 2}});
  put(table, {{"id", "a"}, {"n", 2}});
  must(database().delete_item({.table_name = table, .key = Item{{"id", "a"}}}));
  must(database().delete_item({.table_name = table, .key = Item{{"id", "a"}}}));
  const auto records = read(arn_of(table), 3);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].event_name, "INSERT");
  EXPECT_EQ(records[0].dynamodb.keys, (Item{{"id", "a"}}));
  EXPECT_EQ(records[0].dynamodb.new_image, (Item{{"id", "a"}, {"n", 1}}));
  EXPECT_FALSE(records[0].dynamodb.old_image);
  EXPECT_EQ(records[1].event_name, "MODIFY");
  EXPECT_EQ(records[1].dynamodb.old_image, (Item{{"id", "a"}, {"n", 1}}));
  EXPECT_EQ(records[1].dynamodb.new_image, (Item{{"id", "a"}, {"n", 2}}));
  EXPECT_EQ(records[2].event_name, "REMOVE");
  EXPECT_FALSE(records[2].dynamodb.new_image);
  EXPECT_LT(records[0].dynamodb.sequence_number, records[1].dynamodb.sequence_number);
  EXPECT_LT(records[1].dynamodb.sequence_number, records[2].dynamodb.sequence_number);
  EXPECT_EQ(records[0].event_source, "aws:dynamodb");
  EXPECT_FALSE(records[2].user_identity);
}

TEST_P(Streams, ShowNoMoreThanTheirView) {
  const auto table = create_with_stream(StreamViewType::keys_only);
  put(table, {{"id", "a"}, {"n", 1}});
  const auto records = read(arn_of(table), 1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].dynamodb.keys, (Item{{"id", "a"}}));
  EXPECT_FALSE(records[0].dynamodb.new_image);
  EXPECT_EQ(records[0].dynamodb.stream_view_type, StreamViewType::keys_only);
}

TEST_P(Streams, AreListedAndDescribed) {
  const auto table = create_with_stream(StreamViewType::new_image);
  const auto listed = must(database().list_streams({.table_name = table}));
  ASSERT_EQ(listed.streams.size(), 1u);
  EXPECT_EQ(listed.streams[0].table_name, table);
  EXPECT_EQ(listed.streams[0].stream_arn, arn_of(table));
  const auto stream = described(arn_of(table));
  EXPECT_EQ(stream.table_name, table);
  EXPECT_EQ(stream.stream_view_type, StreamViewType::new_image);
  EXPECT_EQ(stream.stream_label, listed.streams[0].stream_label);
  ASSERT_EQ(stream.key_schema.size(), 1u);
  EXPECT_EQ(stream.key_schema[0].attribute_name, "id");
  EXPECT_FALSE(stream.shards.empty());
}

TEST_P(Streams, LatestIsAfterWhatWasWrittenBefore) {
  const auto table = create_with_stream(StreamViewType::new_image);
  put(table, {{"id", "before"}});
  const auto arn = arn_of(table);
  ASSERT_EQ(read(arn, 1).size(), 1u);
  std::vector<std::optional<std::string>> tips;
  for (const StreamShard& shard : described(arn).shards) {
    if (shard.sequence_number_range.ending_sequence_number) continue;
    tips.push_back(
        must(database().get_shard_iterator({.stream_arn = arn,
                                            .shard_id = shard.shard_id,
                                            .shard_iterator_type = ShardIteratorType::latest}))
            .shard_iterator);
  }
  put(table, {{"id", "after"}});
  std::vector<std::string> seen;
  for (int attempt = 0; seen.empty() && attempt < 50; ++attempt) {
    for (auto& tip : tips) {
      auto page = must(database().get_records({.shard_iterator = tip}));
      for (const auto& record : page.records) {
        seen.push_back(*record.dynamodb.keys.find("id")->get_if<std::string>());
      }
      tip = page.next_shard_iterator;
    }
    if (seen.empty()) std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(seen, std::vector<std::string>{"after"});
}

TEST_P(Streams, WhatDoesNotExistIsRefused) {
  const auto table = create_with_stream(StreamViewType::new_image);
  const auto arn = arn_of(table);
  refused(database().describe_stream({}), ErrorCode::validation);
  refused(database().describe_stream({.stream_arn = arn + "x"}), ErrorCode::resource_not_found);
  refused(database().get_shard_iterator({.stream_arn = arn,
                                         .shard_id = "shardId-00000001795227763548-3aaae5cd",
                                         .shard_iterator_type = ShardIteratorType::latest}),
          ErrorCode::resource_not_found);
  refused(database().get_records({.shard_iterator = "made up"}), ErrorCode::validation);
  EXPECT_TRUE(must(database().list_streams({.table_name = create_plain()})).streams.empty());
}

class TimeToLive : public DatabaseContract {};

TEST_P(TimeToLive, IsSwitchedOnAndOff) {
  if (!capabilities().time_to_live) GTEST_SKIP() << "no time to live";
  const auto table = create_plain();
  const auto described = [&] {
    return must(database().describe_time_to_live({.table_name = table})).time_to_live_description;
  };
  EXPECT_EQ(described().time_to_live_status, TimeToLiveStatus::disabled);
  must(database().update_time_to_live({.table_name = table,
                                       .time_to_live_specification = TimeToLiveSpecification{
                                           .enabled = true, .attribute_name = "expires"}}));
  EXPECT_EQ(described().attribute_name, "expires");
  refused(database().update_time_to_live(
              {.table_name = table,
               .time_to_live_specification =
                   TimeToLiveSpecification{.enabled = true, .attribute_name = "expires"}}),
          ErrorCode::validation);
  refused(database().describe_time_to_live({.table_name = unused_name()}),
          ErrorCode::resource_not_found);
}

ON_EVERY_KIND(Streams);
ON_EVERY_KIND(TimeToLive);

}  // namespace
}  // namespace dynakeep::contract
