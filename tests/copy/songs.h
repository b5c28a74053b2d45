#pragma once

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/copy/table_copy.h"
#include "dynakeep/embedded.h"
#include "dynakeep/json.h"
#include "dynakeep/pages.h"

// A table of songs, and a copy of it: what the tests of copies have in common.
namespace dynakeep::copying {

using namespace std::chrono_literals;

inline std::unique_ptr<Database> memory() { return std::move(*open_embedded({.in_memory = true})); }

inline CreateTableRequest songs(const std::string& name = "Songs") {
  return {
      .table_name = name,
      .attribute_definitions = std::vector<AttributeDefinition>{{"artist", ScalarType::string},
                                                                {"number", ScalarType::number},
                                                                {"genre", ScalarType::string}},
      .key_schema = KeySchema{{"artist", KeyType::hash}, {"number", KeyType::range}},
      .local_secondary_indexes =
          std::vector<LocalSecondaryIndex>{
              {.index_name = "by_genre_of_artist",
               .key_schema = KeySchema{{"artist", KeyType::hash}, {"genre", KeyType::range}},
               .projection = Projection{.projection_type = ProjectionType::keys_only}}},
      .global_secondary_indexes =
          std::vector<GlobalSecondaryIndex>{
              {.index_name = "by_genre",
               .key_schema = KeySchema{{"genre", KeyType::hash}},
               .projection = Projection{.projection_type = ProjectionType::include,
                                        .non_key_attributes = std::vector<std::string>{"plays"}}}},
      .billing_mode = BillingMode::pay_per_request,
      .stream_specification =
          StreamSpecification{.stream_enabled = true,
                              .stream_view_type = StreamViewType::new_and_old_images},
      .tags = std::vector<Tag>{{"team", "blue"}}};
}

inline Item song(int artist, int number, int plays = 0) {
  return {{"artist", "artist-" + std::to_string(artist)},
          {"number", number},
          {"genre", "genre-" + std::to_string(number % 7)},
          {"plays", plays}};
}

inline Key key_of(const Item& item) {
  return {{"artist", item.at("artist")}, {"number", item.at("number")}};
}

inline void put(Database& database, const Item& item, const std::string& table = "Songs") {
  ASSERT_TRUE(database.put_item({.table_name = table, .item = item}));
}

inline void fill(Database& database, int items, const std::string& text = "",
                 const std::string& table = "Songs") {
  std::vector<WriteRequest> writes;
  for (int i = 0; i < items; ++i) {
    Item item = song(i / 10, i % 10);
    if (!text.empty()) item["text"] = text;
    writes.push_back({.put = std::move(item)});
  }
  ASSERT_TRUE(write_items(database, table, std::move(writes)));
}

inline std::map<std::string, std::string> items_of(Database& database,
                                                   const std::string& table = "Songs") {
  std::map<std::string, std::string> items;
  const auto read = for_each_item(database, ScanRequest{.table_name = table}, [&](Item&& item) {
    items[to_dynamodb_json(key_of(item))] = to_dynamodb_json(item);
    return true;
  });
  EXPECT_TRUE(read);
  return items;
}

inline std::vector<std::string> names_of(Database& database) {
  return table_names(database).value_or(std::vector<std::string>{"cannot be read"});
}

inline std::unique_ptr<TableCopy> open_copy(Database& source, Database& destination,
                                            CopyOptions options = {}) {
  if (options.table.empty()) options.table = "Songs";
  auto copy = TableCopy::open(source, destination, std::move(options));
  if (!copy) {
    ADD_FAILURE() << copy.error();
    return nullptr;
  }
  return std::move(*copy);
}

// The error's text. Empty: there was none.
inline std::string refusal(Database& source, Database& destination, CopyOptions options = {}) {
  if (options.table.empty()) options.table = "Songs";
  const auto copy = TableCopy::open(source, destination, std::move(options));
  return copy ? "" : copy.error().message();
}

inline void copy_all(Database& source, Database& destination, CopyOptions options = {}) {
  const auto copy = open_copy(source, destination, std::move(options));
  ASSERT_TRUE(copy);
  const auto copied = copy->copy({});
  ASSERT_TRUE(copied) << copied.error();
  ASSERT_FALSE(copied->stopped);
}

// Follows with a thread until it is told to stop.
class FollowingThread {
 public:
  explicit FollowingThread(TableCopy& copy)
      : copy_(copy),
        followed_(
            std::async(std::launch::async, [this] { return copy_.follow(stop_.get_token()); })) {}
  ~FollowingThread() { stop_.request_stop(); }

  void wait_until_current() {
    while (!copy_.figures().is_current && followed_.wait_for(1ms) != std::future_status::ready) {
    }
    EXPECT_TRUE(copy_.figures().is_current);
  }
  Result<FollowSummary> stop() {
    stop_.request_stop();
    return followed_.get();
  }

 private:
  TableCopy& copy_;
  std::stop_source stop_;
  std::future<Result<FollowSummary>> followed_;
};

}  // namespace dynakeep::copying
