#include "support/stream_history.h"

#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

namespace dynakeep::support {
namespace {

std::string text_of(const Item& item) {
  std::ostringstream out;
  out << item;
  return std::move(out).str();
}

std::vector<ChangeRecord> read_shard(Database& database, const std::string& stream_arn,
                                     const StreamShard& shard) {
  std::vector<ChangeRecord> records;
  auto at = database
                .get_shard_iterator({.stream_arn = stream_arn,
                                     .shard_id = shard.shard_id,
                                     .shard_iterator_type = ShardIteratorType::trim_horizon})
                .value()
                .shard_iterator;
  const SequenceNumberRange& range = shard.sequence_number_range;
  std::string last;
  while (at) {
    auto page = database.get_records({.shard_iterator = at}).value();
    at = page.next_shard_iterator;
    if (page.records.empty()) break;
    for (ChangeRecord& record : page.records) {
      const std::string& number = record.dynamodb.sequence_number;
      EXPECT_LT(last, number) << "of " << shard.shard_id;
      EXPECT_GE(number, *range.starting_sequence_number) << "of " << shard.shard_id;
      last = number;
      records.push_back(std::move(record));
    }
  }
  if (range.ending_sequence_number) {
    EXPECT_FALSE(at) << shard.shard_id << " is closed, and its reading has no end";
    EXPECT_EQ(*range.ending_sequence_number,
              records.empty() ? *range.starting_sequence_number : last);
  } else {
    EXPECT_TRUE(at) << shard.shard_id << " is open, and its reading ends";
  }
  return records;
}

}  // namespace

std::string stream_of(Database& database, const std::string& table) {
  return database.describe_table({.table_name = table}).value().table.latest_stream_arn.value();
}

std::vector<StreamShard> shards_of(Database& database, const std::string& stream_arn) {
  std::vector<StreamShard> shards;
  std::optional<std::string> after;
  do {
    auto page =
        database.describe_stream({.stream_arn = stream_arn, .exclusive_start_shard_id = after})
            .value()
            .stream_description;
    for (StreamShard& shard : page.shards) shards.push_back(std::move(shard));
    after = page.last_evaluated_shard_id;
  } while (after);
  return shards;
}

std::vector<ChangeRecord> read_stream(Database& database, const std::string& stream_arn) {
  std::vector<ChangeRecord> records;
  std::map<std::string, std::string> ends;  // of the shards so far: the greatest number in each
  std::set<std::string> numbers;
  std::set<std::string> events;
  for (const StreamShard& shard : shards_of(database, stream_arn)) {
    auto of_shard = read_shard(database, stream_arn, shard);
    std::string& end = ends[shard.shard_id];
    end = of_shard.empty() ? *shard.sequence_number_range.starting_sequence_number
                           : of_shard.back().dynamodb.sequence_number;
    if (shard.parent_shard_id) {
      const auto parent = ends.find(*shard.parent_shard_id);
      EXPECT_NE(parent, ends.end()) << shard.shard_id << " is listed before its parent";
      if (parent != ends.end()) {
        EXPECT_LT(parent->second, *shard.sequence_number_range.starting_sequence_number);
      }
    }
    for (ChangeRecord& record : of_shard) {
      EXPECT_TRUE(numbers.insert(record.dynamodb.sequence_number).second)
          << record.dynamodb.sequence_number << " is there twice";
      EXPECT_TRUE(events.insert(record.event_id).second) << record.event_id << " is there twice";
      records.push_back(std::move(record));
    }
  }
  return records;
}

ItemsByKey replayed(const std::vector<ChangeRecord>& records) {
  ItemsByKey items;
  for (const ChangeRecord& record : records) {
    const StreamRecord& change = record.dynamodb;
    const std::string key = text_of(change.keys);
    const auto found = items.find(key);
    const bool was_there = found != items.end();
    EXPECT_EQ(change.old_image.has_value(), was_there) << record.event_name << ' ' << key;
    if (was_there && change.old_image) {
      EXPECT_EQ(*change.old_image, found->second) << key;
    }
    EXPECT_TRUE(change.old_image != change.new_image) << key << " was not changed";
    EXPECT_EQ(record.event_name, !change.new_image   ? "REMOVE"
                                 : !change.old_image ? "INSERT"
                                                     : "MODIFY");
    if (change.new_image) {
      items.insert_or_assign(key, *change.new_image);
    } else if (was_there) {
      items.erase(found);
    }
  }
  return items;
}

ItemsByKey scanned(Database& database, const std::string& table) {
  const auto schema = database.describe_table({.table_name = table}).value().table.key_schema;
  ItemsByKey items;
  ScanRequest request{.table_name = table};
  do {
    const auto page = database.scan(request).value();
    for (const Item& item : *page.items) {
      Item key;
      for (const KeySchemaElement& element : schema) {
        key[*element.attribute_name] = item.at(*element.attribute_name);
      }
      EXPECT_TRUE(items.emplace(text_of(key), item).second) << key << " is there twice";
    }
    request.exclusive_start_key = page.last_evaluated_key;
  } while (request.exclusive_start_key);
  return items;
}

}  // namespace dynakeep::support
