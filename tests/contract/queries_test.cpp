#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "contract/database_contract.h"

namespace dynakeep::contract {
namespace {

class Queries : public DatabaseContract {
 protected:
  // Nina's songs 0 to `count` - 1, with others around them.
  std::string create_catalogue(int count) {
    const auto table = create_songs();
    put(table, {{"artist", "Ella"}, {"title", "0000"}});
    put(table, {{"artist", "Nin"}, {"title", "0000"}});
    put(table, {{"artist", "Nina S."}, {"title", "0000"}});
    for (int i = 0; i < count; ++i) {
      put(table, {{"artist", "Nina"}, {"title", padded(i)}, {"number", i}});
    }
    return table;
  }

  QueryRequest of_nina(const std::string& table, const std::string& more = {}, Item values = {}) {
    values[":artist"] = "Nina";
    return {.table_name = table,
            .key_condition_expression = "artist = :artist" + more,
            .expression_attribute_values = values};
  }

  // The `name` of each item found, over all pages.
  std::vector<AttributeValue> all(QueryRequest request, const std::string& name = "title") {
    std::vector<AttributeValue> found;
    do {
      const auto page = must(database().query(request));
      check_counts(page, request.limit);
      for (const auto& item : page.items.value_or(std::vector<Item>{})) {
        found.push_back(item.at(name));
      }
      request.exclusive_start_key = page.last_evaluated_key;
    } while (request.exclusive_start_key);
    return found;
  }

  // How often each `name` is found, over all pages of a scan.
  std::map<std::string, int> all_of(ScanRequest request, const std::string& name) {
    std::map<std::string, int> found;
    do {
      const auto page = must(database().scan(request));
      check_counts(page, request.limit);
      for (const auto& item : page.items.value_or(std::vector<Item>{})) {
        ++found[item.at(name).as_string()];
      }
      request.exclusive_start_key = page.last_evaluated_key;
    } while (request.exclusive_start_key);
    return found;
  }

  std::vector<AttributeValue> titles(int from, int to) {
    std::vector<AttributeValue> expected;
    for (int i = from; i < to; ++i) expected.emplace_back(padded(i));
    return expected;
  }

 private:
  static void check_counts(const QueryResult& page, std::optional<std::int32_t> limit) {
    if (page.items && page.items->size() != static_cast<std::size_t>(page.count)) {
      throw Unexpected("the count is not that of the items");
    }
    if (page.count > page.scanned_count || (limit && page.scanned_count > *limit)) {
      throw Unexpected("the counts make no sense");
    }
  }
};

// ---- query ----

TEST_P(Queries, FindTheItemsOfOnePartitionInOrderOfTheirSortKey) {
  const auto table = create_catalogue(12);
  EXPECT_EQ(all(of_nina(table)), titles(0, 12));
}

TEST_P(Queries, GoDownwardsIfAsked) {
  const auto table = create_catalogue(5);
  auto request = of_nina(table);
  request.scan_index_forward = false;
  auto expected = titles(0, 5);
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(all(request), expected);
  request.limit = 2;
  EXPECT_EQ(all(request), expected);
}

TEST_P(Queries, TakeEveryKindOfConditionOnTheSortKey) {
  const auto table = create_catalogue(20);
  const auto found = [&](const std::string& more, Item values) {
    return all(of_nina(table, " AND " + more, std::move(values)));
  };
  EXPECT_EQ(found("title = :a", {{":a", "0007"}}), titles(7, 8));
  EXPECT_EQ(found("title < :a", {{":a", "0007"}}), titles(0, 7));
  EXPECT_EQ(found("title <= :a", {{":a", "0007"}}), titles(0, 8));
  EXPECT_EQ(found("title > :a", {{":a", "0007"}}), titles(8, 20));
  EXPECT_EQ(found("title >= :a", {{":a", "0007"}}), titles(7, 20));
  EXPECT_EQ(found("title BETWEEN :a AND :b", {{":a", "0003"}, {":b", "0009"}}), titles(3, 10));
  EXPECT_EQ(found("begins_with(title, :a)", {{":a", "001"}}), titles(10, 20));
  EXPECT_EQ(found("title = :a", {{":a", "none"}}), titles(0, 0));
}

TEST_P(Queries, FindEveryItemOnceOverPagesOfAnySize) {
  const auto table = create_catalogue(11);
  for (const std::int32_t limit : {1, 2, 5, 10, 11, 12}) {
    auto request = of_nina(table);
    request.limit = limit;
    EXPECT_EQ(all(request), titles(0, 11)) << "limit " << limit;
  }
}

TEST_P(Queries, SortNumbersAsNumbers) {
  const auto table = create(table_of("id", ScalarType::string, "n", ScalarType::number));
  const std::vector<std::string> sorted{"-1e100", "-12", "-2",  "-1.5", "-1E-100", "0",
                                        "1E-100", "1",   "1.5", "9",    "10",      "1e100"};
  auto mixed = sorted;
  std::rotate(mixed.begin(), mixed.begin() + 5, mixed.end());
  for (const auto& text : mixed) put(table, {{"id", "a"}, {"n", *Number::parse(text)}});
  std::vector<AttributeValue> expected;
  for (const auto& text : sorted) expected.emplace_back(*Number::parse(text));
  EXPECT_EQ(all({.table_name = table,
                 .key_condition_expression = "id = :id",
                 .expression_attribute_values = Item{{":id", "a"}}},
                "n"),
            expected);
}

TEST_P(Queries, SortTextsByTheirBytes) {
  const auto table = create_songs();
  const std::vector<AttributeValue> sorted{"A", "B",      "a",      "aa",
                                           "b", "\u00e4", "\u6f22", "\U0001f3b7"};
  for (auto title = sorted.rbegin(); title != sorted.rend(); ++title) {
    put(table, {{"artist", "Nina"}, {"title", *title}});
  }
  EXPECT_EQ(all(of_nina(table)), sorted);
}

TEST_P(Queries, SortBytesAsUnsigned) {
  const auto table = create(table_of("id", ScalarType::string, "b", ScalarType::binary));
  const std::vector<AttributeValue> sorted{
      Binary(std::string("\0", 1)), Binary(std::string("\0\0", 2)), Binary(std::string("\x7f")),
      Binary(std::string("\x80")), Binary(std::string("\xff\x01"))};
  for (auto bytes = sorted.rbegin(); bytes != sorted.rend(); ++bytes) {
    put(table, {{"id", "a"}, {"b", *bytes}});
  }
  EXPECT_EQ(all({.table_name = table,
                 .key_condition_expression = "id = :id",
                 .expression_attribute_values = Item{{":id", "a"}}},
                "b"),
            sorted);
}

TEST_P(Queries, FilterAfterTheyHaveLooked) {
  const auto table = create_catalogue(10);
  auto request = of_nina(table, "", {{":five", 5}});
  request.filter_expression = "#n >= :five";
  request.expression_attribute_names = ExpressionAttributeNames{{"#n", "number"}};
  const auto page = must(database().query(request));
  EXPECT_EQ(page.count, 5);
  EXPECT_EQ(page.scanned_count, 10);
  request.limit = 3;  // items looked at, not items found
  const auto first = must(database().query(request));
  EXPECT_EQ(first.count, 0);
  EXPECT_EQ(first.scanned_count, 3);
  EXPECT_TRUE(first.last_evaluated_key);
  EXPECT_EQ(all(request), titles(5, 10));
}

TEST_P(Queries, OnlyCountIfAsked) {
  const auto table = create_catalogue(4);
  auto request = of_nina(table);
  request.select = Select::count;
  const auto page = must(database().query(request));
  EXPECT_EQ(page.count, 4);
  EXPECT_FALSE(page.items);
}

TEST_P(Queries, ReadPartsByAProjection) {
  const auto table = create_catalogue(2);
  auto request = of_nina(table);
  request.projection_expression = "#n";
  request.expression_attribute_names = ExpressionAttributeNames{{"#n", "number"}};
  const auto page = must(database().query(request));
  EXPECT_EQ(page.items, (std::vector<Item>{{{"number", 0}}, {{"number", 1}}}));
}

TEST_P(Queries, GiveAtMostOneMegabyteAPage) {
  const auto table = create_songs();
  for (int i = 0; i < 9; ++i) {
    put(table, {{"artist", "Nina"}, {"title", padded(i)}, {"text", std::string(200'000, 'x')}});
  }
  const auto first = must(database().query(of_nina(table)));
  EXPECT_GE(first.count, 4);
  EXPECT_LE(first.count, 6);
  EXPECT_TRUE(first.last_evaluated_key);
  EXPECT_EQ(all(of_nina(table)), titles(0, 9));
  EXPECT_EQ(all_of({.table_name = table}, "title").size(), 9U);
}

TEST_P(Queries, TellTheCapacityTheyConsumedIfAsked) {
  const auto table = create_catalogue(5);
  auto request = of_nina(table);
  request.return_consumed_capacity = ReturnConsumedCapacity::total;
  const auto queried = must(database().query(request));
  ASSERT_TRUE(queried.consumed_capacity);
  EXPECT_EQ(queried.consumed_capacity->table_name, table);
  EXPECT_EQ(queried.consumed_capacity->capacity_units, 0.5);
  request.consistent_read = true;
  EXPECT_EQ(must(database().query(request)).consumed_capacity->capacity_units, 1);
  const auto scanned = must(database().scan(
      {.table_name = table, .return_consumed_capacity = ReturnConsumedCapacity::total}));
  ASSERT_TRUE(scanned.consumed_capacity);
  EXPECT_EQ(scanned.consumed_capacity->capacity_units, 0.5);
}

TEST_P(Queries, ThatMakeNoSenseAreRefused) {
  const auto table = create_catalogue(1);
  const auto refuses = [this](const QueryRequest& request) {
    refused(database().query(request), ErrorCode::validation);
  };
  refuses({.table_name = table});
  auto request = of_nina(table);
  request.key_condition_expression = "title = :artist";
  refuses(request);
  request.key_condition_expression = "artist > :artist";
  refuses(request);
  request = of_nina(table);
  request.limit = 0;
  refuses(request);
  request = of_nina(table);
  request.index_name = "NoSuchIndex";
  refuses(request);
  request = of_nina(table);
  request.exclusive_start_key = Key{{"artist", "Nina"}};
  refuses(request);
  request = of_nina(table, " AND title = :t", {{":t", 1}});
  refuses(request);
  request = of_nina(table, "", {{":unused", 1}});
  refuses(request);
}

// ---- indexes ----

class Indexes : public Queries {
 protected:
  void SetUp() override {
    Queries::SetUp();
    auto request = table_of("artist", ScalarType::string, "title", ScalarType::string);
    request.attribute_definitions->push_back(
        {.attribute_name = "year", .attribute_type = ScalarType::number});
    request.attribute_definitions->push_back(
        {.attribute_name = "genre", .attribute_type = ScalarType::string});
    request.local_secondary_indexes = {
        {{.index_name = "ByYear",
          .key_schema = key_schema("artist", "year"),
          .projection = Projection{.projection_type = ProjectionType::all}}}};
    request.global_secondary_indexes = {
        {{.index_name = "ByGenre",
          .key_schema = key_schema("genre", "year"),
          .projection = Projection{.projection_type = ProjectionType::keys_only}}}};
    table_ = create(request);
  }

  void put_song(const std::string& title, int year, const std::string& genre) {
    put(table_, {{"artist", "Nina"},
                 {"title", title},
                 {"year", year},
                 {"genre", genre},
                 {"label", "Philips"}});
  }

  QueryRequest of_genre(const std::string& genre) {
    return {.table_name = table_,
            .index_name = "ByGenre",
            .key_condition_expression = "genre = :genre",
            .expression_attribute_values = Item{{":genre", genre}}};
  }

  const std::string& table() const { return table_; }

 private:
  std::string table_;
};

TEST_P(Indexes, AreAskedLikeTables) {
  put_song("a", 1965, "jazz");
  put_song("b", 1958, "jazz");
  put_song("c", 1960, "soul");
  auto by_year = of_nina(table(), " AND #y < :y", {{":y", 1961}});
  by_year.index_name = "ByYear";
  by_year.expression_attribute_names = ExpressionAttributeNames{{"#y", "year"}};
  EXPECT_EQ(all(by_year), (std::vector<AttributeValue>{"b", "c"}));
  EXPECT_EQ(all(of_genre("jazz")), (std::vector<AttributeValue>{"b", "a"}));
}

TEST_P(Indexes, HoldWhatTheyProject) {
  put_song("a", 1965, "jazz");
  const auto found = must(database().query(of_genre("jazz"))).items;
  EXPECT_EQ(
      found,
      (std::vector<Item>{{{"artist", "Nina"}, {"title", "a"}, {"year", 1965}, {"genre", "jazz"}}}));
}

TEST_P(Indexes, FollowTheirItems) {
  put_song("a", 1965, "jazz");
  must(database().update_item({.table_name = table(),
                               .key = Key{{"artist", "Nina"}, {"title", "a"}},
                               .update_expression = "SET genre = :soul",
                               .expression_attribute_values = Item{{":soul", "soul"}}}));
  EXPECT_EQ(must(database().query(of_genre("jazz"))).count, 0);
  EXPECT_EQ(must(database().query(of_genre("soul"))).count, 1);
  must(database().update_item({.table_name = table(),
                               .key = Key{{"artist", "Nina"}, {"title", "a"}},
                               .update_expression = "REMOVE genre"}));
  EXPECT_EQ(must(database().scan({.table_name = table(), .index_name = "ByGenre"})).count, 0);
  put_song("a", 1965, "jazz");
  must(database().delete_item(
      {.table_name = table(), .key = Key{{"artist", "Nina"}, {"title", "a"}}}));
  EXPECT_EQ(must(database().query(of_genre("jazz"))).count, 0);
}

TEST_P(Indexes, HoldItemsOfEqualKeysApartOverPages) {
  for (int i = 0; i < 7; ++i) put_song(padded(i), 1965, "jazz");
  auto request = of_genre("jazz");
  request.limit = 2;
  auto found = all(request);
  EXPECT_EQ(found.size(), 7U);
  for (const auto& title : titles(0, 7)) {
    EXPECT_EQ(std::count(found.begin(), found.end(), title), 1) << title;
  }
}

TEST_P(Indexes, CostEachByItself) {
  const auto written =
      must(database().put_item({.table_name = table(),
                                .item = Item{{"artist", "Nina"}, {"title", "a"}, {"year", 1965}},
                                .return_consumed_capacity = ReturnConsumedCapacity::indexes}));
  ASSERT_TRUE(written.consumed_capacity);
  EXPECT_EQ(written.consumed_capacity->capacity_units, 2);
  ASSERT_TRUE(written.consumed_capacity->table);
  EXPECT_EQ(written.consumed_capacity->table->capacity_units, 1);
  EXPECT_TRUE(written.consumed_capacity->local_secondary_indexes.contains("ByYear"));
  EXPECT_FALSE(written.consumed_capacity->global_secondary_indexes.contains("ByGenre"));
}

TEST_P(Indexes, ThatAreGlobalAreNotReadConsistently) {
  auto request = of_genre("jazz");
  request.consistent_read = true;
  refused(database().query(request), ErrorCode::validation);
}

// ---- scan ----

class Scans : public Queries {};

TEST_P(Scans, FindEveryItemOnceOverPagesOfAnySize) {
  const auto table = create_plain();
  for (int i = 0; i < 40; ++i) put(table, {{"id", padded(i)}});
  for (const std::int32_t limit : {1, 7, 39, 40, 41}) {
    const auto found = all_of({.table_name = table, .limit = limit}, "id");
    EXPECT_EQ(found.size(), 40U) << "limit " << limit;
    for (const auto& [id, times] : found) EXPECT_EQ(times, 1) << id << " at limit " << limit;
  }
}

TEST_P(Scans, SharesOfATableAddUpToIt) {
  const auto table = create_plain();
  for (int i = 0; i < 60; ++i) put(table, {{"id", padded(i)}});
  for (const std::int32_t segments : {1, 2, 3, 7}) {
    std::map<std::string, int> found;
    for (std::int32_t segment = 0; segment < segments; ++segment) {
      for (const auto& [id, times] :
           all_of({.table_name = table, .limit = 5, .segment = segment, .total_segments = segments},
                  "id")) {
        found[id] += times;
      }
    }
    EXPECT_EQ(found.size(), 60U) << segments << " segments";
    for (const auto& [id, times] : found) EXPECT_EQ(times, 1) << id;
  }
}

TEST_P(Scans, FilterProjectAndCount) {
  const auto table = create_catalogue(10);
  const ScanRequest request{
      .table_name = table,
      .filter_expression = "attribute_exists(#n) AND #n < :four",
      .projection_expression = "title",
      .expression_attribute_names = ExpressionAttributeNames{{"#n", "number"}},
      .expression_attribute_values = Item{{":four", 4}}};
  const auto page = must(database().scan(request));
  EXPECT_EQ(page.count, 4);
  EXPECT_EQ(page.scanned_count, 13);
  for (const auto& item : *page.items) EXPECT_EQ(item.size(), 1U);
  const auto counted = must(database().scan({.table_name = table, .select = Select::count}));
  EXPECT_EQ(counted.count, 13);
  EXPECT_FALSE(counted.items);
}

TEST_P(Scans, ThatMakeNoSenseAreRefused) {
  const auto table = create_plain();
  refused(database().scan({.table_name = table, .limit = 0}), ErrorCode::validation);
  refused(database().scan({.table_name = table, .segment = 0}), ErrorCode::validation);
  refused(database().scan({.table_name = table, .segment = 2, .total_segments = 2}),
          ErrorCode::validation);
  refused(database().scan({.table_name = table, .index_name = "NoSuchIndex"}),
          ErrorCode::validation);
  refused(database().scan({.table_name = table, .filter_expression = "id ="}),
          ErrorCode::validation);
}

ON_EVERY_KIND(Queries);
ON_EVERY_KIND(Indexes);
ON_EVERY_KIND(Scans);

}  // namespace
}  // namespace dynakeep::contract
