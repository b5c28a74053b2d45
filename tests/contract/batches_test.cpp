#include <map>
#include <string>
#include <vector>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

class Batches : public DatabaseContract {
 protected:
  using Writes = std::map<std::string, std::vector<WriteRequest>>;
  using Keys = std::map<std::string, KeysAndAttributes>;

  static Key id(int number) { return {{"id", padded(number)}}; }

  // Writes with everything that was left unprocessed.
  void write(Writes writes) {
    while (!writes.empty()) {
      writes = must(database().batch_write_item({.request_items = writes})).unprocessed_items;
    }
  }

  void write_items(const std::string& table, int from, int to, std::size_t bytes = 0) {
    for (int i = from; i < to; i += 25) {
      Writes writes;
      for (int j = i; j < to && j < i + 25; ++j) {
        auto item = id(j);
        if (bytes > 0) item["text"] = std::string(bytes, 'x');
        writes[table].push_back({.put = item});
      }
      write(writes);
    }
  }
};

TEST_P(Batches, PutAndDeleteInSeveralTables) {
  const auto one = create_plain();
  const auto two = create_plain();
  put(one, id(1));
  Writes writes;
  writes[one] = {{.remove = id(1)}, {.put = Item{{"id", "0002"}, {"new", true}}}};
  writes[two] = {{.put = id(3)}};
  write(writes);
  EXPECT_FALSE(get(one, id(1)));
  EXPECT_EQ(get(one, id(2)), (Item{{"id", "0002"}, {"new", true}}));
  EXPECT_EQ(get(two, id(3)), id(3));
}

TEST_P(Batches, ReadFromSeveralTablesWhatIsThere) {
  const auto one = create_plain();
  const auto two = create_plain();
  write_items(one, 0, 60);
  write_items(two, 0, 1);
  Keys keys;
  keys[one].keys = std::vector<Key>{};
  for (int i = 0; i < 99; ++i) keys[one].keys->push_back(id(i));
  keys[two].keys = {{id(0)}};
  const auto read = must(database().batch_get_item({.request_items = keys}));
  EXPECT_TRUE(read.unprocessed_keys.empty());
  EXPECT_EQ(read.responses.at(two), std::vector<Item>{id(0)});
  std::map<std::string, int> found;
  for (const auto& item : read.responses.at(one)) ++found[item.at("id").as_string()];
  EXPECT_EQ(found.size(), 60U);
  for (const auto& [name, times] : found) EXPECT_EQ(times, 1) << name;
}

TEST_P(Batches, ReadPartsByAProjection) {
  const auto table = create_plain();
  put(table, {{"id", "0001"}, {"plays", 3}, {"label", "Philips"}});
  Keys keys;
  keys[table] = {.keys = {{id(1)}},
                 .consistent_read = true,
                 .projection_expression = "#p",
                 .expression_attribute_names = ExpressionAttributeNames{{"#p", "plays"}}};
  const auto read = must(database().batch_get_item({.request_items = keys}));
  EXPECT_EQ(read.responses.at(table), (std::vector<Item>{{{"plays", 3}}}));
}

TEST_P(Batches, HandBackTheKeysPast16MegabytesAndNoOthers) {
  const auto table = create_plain();
  write_items(table, 0, 60, 350'000);
  Keys keys;
  keys[table].keys = std::vector<Key>{};
  for (int i = 0; i < 60; ++i) keys[table].keys->push_back(id(i));
  std::map<std::string, int> found;
  int rounds = 0;
  while (!keys.empty()) {
    const auto read = must(database().batch_get_item({.request_items = keys}));
    const auto items = read.responses.find(table);
    ASSERT_NE(items, read.responses.end()) << "an answer with nothing in it";
    ASSERT_LE(items->second.size(), 48U);
    for (const auto& item : items->second) ++found[item.at("id").as_string()];
    keys = read.unprocessed_keys;
    ++rounds;
  }
  EXPECT_GE(rounds, 2);
  EXPECT_EQ(found.size(), 60U);
  for (const auto& [name, times] : found) EXPECT_EQ(times, 1) << name;
}

TEST_P(Batches, ReadAtMost100Keys) {
  const auto table = create_plain();
  std::vector<Key> keys;
  for (int i = 0; i < 101; ++i) keys.push_back(id(i));
  refused(database().batch_get_item({.request_items = {{{table, {.keys = keys}}}}}),
          ErrorCode::validation);
}

TEST_P(Batches, WriteAtMost25Items) {
  const auto table = create_plain();
  std::vector<WriteRequest> writes;
  for (int i = 0; i < 26; ++i) writes.push_back({.put = id(i)});
  refused(database().batch_write_item({.request_items = {{{table, writes}}}}),
          ErrorCode::validation);
  EXPECT_EQ(must(database().scan({.table_name = table})).count, 0);
}

TEST_P(Batches, NameNoItemTwice) {
  const auto table = create_plain();
  refused(database().batch_get_item({.request_items = {{{table, {.keys = {{id(1), id(1)}}}}}}}),
          ErrorCode::validation);
  refused(database().batch_write_item(
              {.request_items = {{{table, {{.put = id(1)}, {.remove = id(1)}}}}}}),
          ErrorCode::validation);
  EXPECT_EQ(must(database().scan({.table_name = table})).count, 0);
}

TEST_P(Batches, ThatMakeNoSenseAreRefusedWhole) {
  const auto table = create_plain();
  const auto refuses = [this](Writes writes) {
    refused(database().batch_write_item({.request_items = std::move(writes)}),
            ErrorCode::validation);
  };
  refuses({});
  refuses({{table, {}}});
  refuses({{table, {{.put = id(1)}, {.put = Item{{"no", "key"}}}}}});
  refuses({{table, {{.put = id(1)}, {.remove = Key{{"id", 1}}}}}});
  refused(database().batch_write_item({}), ErrorCode::validation);
  refused(database().batch_get_item({}), ErrorCode::validation);
  refused(database().batch_get_item({.request_items = {{{table, {.keys = {{Key{{"id", 1}}}}}}}}}),
          ErrorCode::validation);
  EXPECT_EQ(must(database().scan({.table_name = table})).count, 0);
}

TEST_P(Batches, TellTheCapacityOfEachTable) {
  const auto table = create_plain();
  const auto written = must(
      database().batch_write_item({.request_items = {{{table, {{.put = id(1)}, {.put = id(2)}}}}},
                                   .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(written.consumed_capacity);
  ASSERT_EQ(written.consumed_capacity->size(), 1U);
  EXPECT_EQ(written.consumed_capacity->front().table_name, table);
  EXPECT_EQ(written.consumed_capacity->front().capacity_units, 2);
  const auto read = must(
      database().batch_get_item({.request_items = {{{table, {.keys = {{id(1), id(2), id(3)}}}}}},
                                 .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(read.consumed_capacity);
  ASSERT_EQ(read.consumed_capacity->size(), 1U);
  EXPECT_EQ(read.consumed_capacity->front().capacity_units, 1.5);
}

TEST_P(Batches, TellTheSizesOfCollectionsIfAsked) {
  auto request = table_of("artist", ScalarType::string, "title", ScalarType::string);
  request.attribute_definitions->push_back(
      {.attribute_name = "year", .attribute_type = ScalarType::number});
  request.local_secondary_indexes = {
      {{.index_name = "ByYear",
        .key_schema = key_schema("artist", "year"),
        .projection = Projection{.projection_type = ProjectionType::all}}}};
  const auto table = create(request);
  const auto written = must(database().batch_write_item(
      {.request_items = {{{table, {{.put = Item{{"artist", "Nina"}, {"title", "a"}}}}}}},
       .return_item_collection_metrics = ReturnItemCollectionMetrics::size}));
  ASSERT_EQ(written.item_collection_metrics.count(table), 1U);
  ASSERT_EQ(written.item_collection_metrics.at(table).size(), 1U);
  EXPECT_EQ(written.item_collection_metrics.at(table)[0].item_collection_key,
            (Key{{"artist", "Nina"}}));
}

ON_EVERY_KIND(Batches);

}  // namespace
}  // namespace dynakeep::contract
