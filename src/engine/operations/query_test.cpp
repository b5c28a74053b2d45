#include "engine/operations/query.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/song_tables.h"

namespace dynakeep::engine {
namespace {

struct QueryTest : testing::Test {
  QueryTest() {
    songs = engine->catalog.create(songs_table()).value();
    engine->catalog.create(plain_table()).value();
  }

  // Songs of three artists, whose index keys are mostly equal.
  void put_songs() {
    for (const char* artist : {"Nina", "Bill", "Ella"}) {
      for (int i = 0; i < 12; ++i) {
        put(engine, "Songs",
            {{"artist", artist},
             {"year", 1950 + i},
             {"title", "t" + std::to_string(i % 3)},
             {"album", "a" + std::to_string(i % 2)},
             {"genre", i % 4 == 0 ? "soul" : "jazz"},
             {"rating", i % 2},
             {"label", "Verve"},
             {"plays", i}});
      }
    }
  }

  QueryResult run(const QueryRequest& request) { return query(*engine, request).value(); }

  // All items, page by page.
  std::vector<Item> in_pages(QueryRequest request, int limit) {
    request.limit = limit;
    std::vector<Item> items;
    for (;;) {
      const auto page = run(request);
      EXPECT_LE(page.scanned_count, limit);
      items.insert(items.end(), page.items->begin(), page.items->end());
      if (!page.last_evaluated_key) return items;
      request.exclusive_start_key = page.last_evaluated_key;
    }
  }

  TestEngine engine;
  TablePointer songs;
};

QueryRequest of_artist(const char* artist) {
  return {.table_name = "Songs",
          .key_condition_expression = "artist = :a",
          .expression_attribute_values = Item{{":a", artist}}};
}

QueryRequest of_genre(const char* index, const char* genre) {
  return {.table_name = "Songs",
          .index_name = index,
          .key_condition_expression = "genre = :g",
          .expression_attribute_values = Item{{":g", genre}}};
}

TEST_F(QueryTest, ComplainsInThisOrder) {
  put_songs();
  QueryRequest request{.limit = 0, .unknown_words = {{"select", "SOME"}}};
  request.index_name = "i!";
  const auto expect = [&](const std::string& words) {
    EXPECT_EQ(complaint(query(*engine, request)), words);
  };
  // Each row is one change from the row above.
  EXPECT_TRUE(complaint(query(*engine, request))
                  .starts_with("5 validation errors detected: Value "
                               "'SOME' at 'select' failed"));
  request.unknown_words.clear();
  request.limit = 2;
  expect(
      "3 validation errors detected: Value 'i!' at 'indexName' failed to satisfy constraint: "
      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'i!' at 'indexName' "
      "failed to satisfy constraint: Member must have length greater than or equal to 3; Value "
      "null at 'tableName' failed to satisfy constraint: Member must not be null");
  request.index_name = "none";
  expect(
      "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member "
      "must not be null");
  request.table_name = "Nowhere";
  request.expression_attribute_values = Item{{":a", "Nina"}};
  expect(
      "ExpressionAttributeValues can only be specified when using expressions: FilterExpression "
      "and KeyConditionExpression are null");
  request.filter_expression = "artist = :a";
  request.exclusive_start_key = ItemAccess::refused({"year", "no number"});
  expect("no number");
  request.exclusive_start_key = Key{{"plays", 1}};
  expect(
      "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
      "request.");
  request.key_condition_expression = "title = :b";
  request.select = Select::specific_attributes;
  expect(
      "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
      "SPECIFIC_ATTRIBUTES");
  request.select = Select::count;
  request.projection_expression = "plays";
  expect("Cannot specify the ProjectionExpression when choosing to get only the Count");
  request.select = Select::all_attributes;
  expect("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES");
  request.projection_expression.reset();
  expect(
      "Invalid KeyConditionExpression: An expression attribute value used in expression is not "
      "defined; attribute value: :b");
  request.key_condition_expression = "title = :a";
  expect("Requested resource not found");
  request.table_name = "Songs";
  expect("The table does not have the specified index: none");
  request.index_name = "byGenre";
  request.consistent_read = true;
  expect("Consistent reads are not supported on global secondary indexes");
  request.consistent_read = false;
  expect("The provided starting key is invalid");
  request.exclusive_start_key = Key{{"artist", "Nina"}, {"year", "1"}, {"genre", 1}};
  expect("The provided key element does not match the schema");
  request.exclusive_start_key = Key{{"artist", "Nina"}, {"year", "1"}, {"genre", "pop"}};
  expect(
      "The provided starting key is invalid: The provided key element does not match the schema");
  request.exclusive_start_key = Key{{"artist", "Nina"}, {"year", 1}, {"genre", ""}};
  expect(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
      "contain an empty string value. Key: genre");
  request.exclusive_start_key = Key{{"artist", "Nina"}, {"year", 1}, {"genre", "pop"}};
  expect("Query condition missed key schema element: genre");
  request.key_condition_expression = "genre = :a";
  request.filter_expression = "genre = :a";
  expect(
      "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
      "genre");
  request.filter_expression = "plays = :a or title = :a";
  expect(
      "One or more parameter values were invalid: Secondary index byGenre does not project one or "
      "more filter attributes: [plays, title]");
  request.filter_expression = "artist = :a";
  expect(
      "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for "
      "global secondary index byGenre because its projection type is not ALL");
  request.select = Select::specific_attributes;
  request.projection_expression = "plays, artist, title";
  expect(
      "One or more parameter values were invalid: Global secondary index byGenre does not project "
      "[plays, title]");
  request.projection_expression = "artist";
  expect("The provided starting key is outside query boundaries based on provided conditions");
  request.exclusive_start_key = Key{{"artist", "Nina"}, {"year", 1}, {"genre", "Nina"}};
  expect("none");
}

TEST_F(QueryTest, RefusesAStartingKeyThatIsNone) {
  auto request = of_artist("Nina");
  request.key_condition_expression = "artist = :a and #y between :b and :c";
  request.expression_attribute_names = ExpressionAttributeNames{{"#y", "year"}};
  request.expression_attribute_values = Item{{":a", "Nina"}, {":b", 4}, {":c", 8}};
  const auto complaint_of = [&](Key key) {
    request.exclusive_start_key = std::move(key);
    return complaint(query(*engine, request));
  };
  EXPECT_EQ(complaint_of({}), "The provided starting key is invalid");
  EXPECT_EQ(complaint_of({{"artist", "Nina"}}), "The provided starting key is invalid");
  EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"years", 5}}),
            "The provided starting key is invalid");
  EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"year", "5"}}),
            "The provided key element does not match the schema");
  EXPECT_EQ(complaint_of({{"artist", "Bill"}, {"year", 5}}),
            "The provided starting key is outside query boundaries based on provided conditions");
  for (const bool forward : {true, false}) {
    request.scan_index_forward = forward;
    EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"year", 3}}),
              "The provided starting key does not match the range key predicate");
    EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"year", 9}}),
              "The provided starting key does not match the range key predicate");
    EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"year", 4}}), "none");
    EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"year", 8}}), "none");
  }
}

TEST_F(QueryTest, ReadsTheRangeOfEachOperator) {
  put_songs();
  const auto years = [&](const std::string& condition) {
    auto request = of_artist("Nina");
    request.key_condition_expression = "artist = :a and " + condition;
    request.expression_attribute_names = ExpressionAttributeNames{{"#y", "year"}};
    Item values{{":a", "Nina"}};
    for (const char* name : {":b", ":c"}) {
      if (condition.find(name) != std::string::npos) {
        values[name] = name == std::string(":b") ? 1953 : 1956;
      }
    }
    request.expression_attribute_values = values;
    std::vector<std::int64_t> found;
    const auto page = run(request);
    for (const Item& item : *page.items) {
      found.push_back(*item.at("year").as_number().to_int64());
    }
    return found;
  };
  using Years = std::vector<std::int64_t>;
  EXPECT_EQ(years("#y = :b"), Years({1953}));
  EXPECT_EQ(years("#y < :b"), Years({1950, 1951, 1952}));
  EXPECT_EQ(years("#y <= :b"), Years({1950, 1951, 1952, 1953}));
  EXPECT_EQ(years("#y > :c"), Years({1957, 1958, 1959, 1960, 1961}));
  EXPECT_EQ(years("#y >= :c"), Years({1956, 1957, 1958, 1959, 1960, 1961}));
  EXPECT_EQ(years("#y between :b and :c"), Years({1953, 1954, 1955, 1956}));
}

TEST_F(QueryTest, ReadsByThePrefixOfTheSortKey) {
  put_songs();
  put(engine, "Songs", {{"artist", "Nina"}, {"year", 1}, {"title", "t1 live"}});
  auto request = of_artist("Nina");
  request.index_name = "byTitle";
  request.key_condition_expression = "artist = :a and begins_with(title, :p)";
  request.expression_attribute_values = Item{{":a", "Nina"}, {":p", "t1"}};
  const auto found = run(request);
  EXPECT_EQ(found.count, 5);
  EXPECT_EQ(found.items->back(), (Item{{"artist", "Nina"}, {"year", 1}, {"title", "t1 live"}}));
}

TEST_F(QueryTest, PagesOfAnySizeGiveTheSameSequence) {
  put_songs();
  auto by_title = of_artist("Nina");
  by_title.index_name = "byTitle";
  auto by_album = of_artist("Nina");
  by_album.index_name = "byAlbum";
  auto filtered = of_artist("Nina");
  filtered.filter_expression = "plays > :p";
  filtered.expression_attribute_values = Item{{":a", "Nina"}, {":p", 5}};
  const std::vector<QueryRequest> requests = {of_artist("Nina"),
                                              by_title,
                                              by_album,
                                              of_genre("byGenre", "jazz"),
                                              of_genre("byRating", "jazz"),
                                              filtered};
  for (QueryRequest request : requests) {
    SCOPED_TRACE(request.index_name.value_or("the table"));
    std::vector<Item> forwards;
    for (const bool forward : {true, false}) {
      request.scan_index_forward = forward;
      request.limit.reset();
      const auto whole = run(request);
      EXPECT_FALSE(whole.last_evaluated_key);
      EXPECT_EQ(whole.count, static_cast<std::int64_t>(whole.items->size()));
      if (forward) forwards = *whole.items;
      for (int limit = 1; limit <= 40; ++limit) {
        EXPECT_EQ(in_pages(request, limit), *whole.items) << "of " << limit;
      }
    }
    auto backwards = *run(request).items;
    std::reverse(backwards.begin(), backwards.end());
    EXPECT_EQ(backwards, forwards);
    EXPECT_GE(forwards.size(), 6u);
  }
}

TEST_F(QueryTest, LimitCountsWhatIsReadBeforeTheFilter) {
  put_songs();
  auto request = of_artist("Nina");
  request.filter_expression = "plays >= :p";
  request.expression_attribute_values = Item{{":a", "Nina"}, {":p", 3}};
  request.limit = 5;
  const auto page = run(request);
  EXPECT_EQ(page.scanned_count, 5);
  EXPECT_EQ(page.count, 2);
  EXPECT_EQ(page.last_evaluated_key, (Key{{"artist", "Nina"}, {"year", 1954}}));
}

TEST_F(QueryTest, APageThatEndsByItsLimitGoesOnEvenIfNothingFollows) {
  put_songs();
  auto request = of_artist("Nina");
  request.limit = 12;
  auto page = run(request);
  EXPECT_EQ(page.count, 12);
  ASSERT_TRUE(page.last_evaluated_key);
  request.exclusive_start_key = page.last_evaluated_key;
  page = run(request);
  EXPECT_EQ(page.count, 0);
  EXPECT_FALSE(page.last_evaluated_key);
}

TEST_F(QueryTest, TheLastEvaluatedKeyOfAnIndexHasTheKeysOfBoth) {
  put_songs();
  auto request = of_genre("byRating", "soul");
  request.limit = 1;
  EXPECT_EQ(run(request).last_evaluated_key,
            (Key{{"genre", "soul"}, {"rating", 0}, {"artist", "Bill"}, {"year", 1950}}));
}

TEST_F(QueryTest, APageEndsWithTheItemThatCompletesAMegabyte) {
  const std::string text(100'000 - 20, 'x');  // an item is of 100,000 bytes
  for (int i = 0; i < 15; ++i) {
    put(engine, "Songs", {{"artist", "Nina"}, {"year", i}, {"text", text}});
  }
  auto request = of_artist("Nina");
  request.return_consumed_capacity = ReturnConsumedCapacity::total;
  const auto first = run(request);
  EXPECT_EQ(first.count, 11);
  EXPECT_EQ(first.last_evaluated_key, (Key{{"artist", "Nina"}, {"year", 10}}));
  EXPECT_EQ(first.consumed_capacity->capacity_units, 134.5);
  request.exclusive_start_key = first.last_evaluated_key;
  request.filter_expression = "attribute_not_exists(#t)";
  request.expression_attribute_names = ExpressionAttributeNames{{"#t", "text"}};
  const auto second = run(request);
  EXPECT_EQ(second.scanned_count, 4);
  EXPECT_EQ(second.count, 0);
  EXPECT_FALSE(second.last_evaluated_key);
}

TEST_F(QueryTest, CountsWithoutItems) {
  put_songs();
  auto request = of_artist("Nina");
  request.select = Select::count;
  const auto counted = run(request);
  EXPECT_FALSE(counted.items);
  EXPECT_EQ(counted.count, 12);
  EXPECT_EQ(counted.scanned_count, 12);
}

TEST_F(QueryTest, AnIndexAnswersWhatItHolds) {
  put_songs();
  auto request = of_genre("byGenre", "soul");
  request.limit = 1;
  EXPECT_EQ(run(request).items->front(),
            (Item{{"genre", "soul"}, {"artist", "Bill"}, {"year", 1950}}));
  request.projection_expression = "plays, genre";  // what it does not hold is absent
  EXPECT_EQ(run(request).items->front(), (Item{{"genre", "soul"}}));
}

TEST_F(QueryTest, ALocalIndexSendsForWhatItDoesNotHold) {
  put_songs();
  auto request = of_artist("Nina");
  request.index_name = "byTitle";
  request.limit = 3;
  request.return_consumed_capacity = ReturnConsumedCapacity::indexes;

  request.projection_expression = "title, #y";
  request.expression_attribute_names = ExpressionAttributeNames{{"#y", "year"}};
  auto page = run(request);
  EXPECT_EQ(page.items->front(), (Item{{"title", "t0"}, {"year", 1950}}));
  EXPECT_EQ(page.consumed_capacity->table->capacity_units, 0);
  EXPECT_EQ(page.consumed_capacity->local_secondary_indexes.at("byTitle").capacity_units, 0.5);

  request.projection_expression = "title, plays";
  request.expression_attribute_names.reset();
  page = run(request);
  EXPECT_EQ(page.items->at(1), (Item{{"title", "t0"}, {"plays", 3}}));
  EXPECT_EQ(page.consumed_capacity->capacity_units, 2);
  EXPECT_EQ(page.consumed_capacity->table->capacity_units, 1.5);
  EXPECT_EQ(page.consumed_capacity->local_secondary_indexes.at("byTitle").capacity_units, 0.5);

  request.projection_expression.reset();
  request.select = Select::all_attributes;
  request.consistent_read = true;
  page = run(request);
  EXPECT_EQ(page.items->front().size(), 8u);
  EXPECT_EQ(page.consumed_capacity->table->capacity_units, 3);
  EXPECT_EQ(page.consumed_capacity->capacity_units, 4);
}

TEST_F(QueryTest, CostsAtLeastOneRead) {
  auto request = of_artist("Nobody");
  request.return_consumed_capacity = ReturnConsumedCapacity::total;
  EXPECT_EQ(run(request).consumed_capacity->capacity_units, 0.5);
  request.consistent_read = true;
  EXPECT_EQ(run(request).consumed_capacity->capacity_units, 1);
}

TEST_F(QueryTest, ATableWithoutSortKeyHasOneItemAKey) {
  put(engine, "Plain", {{"id", "a"}, {"plays", 1}});
  QueryRequest request{.table_name = "Plain",
                       .key_condition_expression = "id = :a",
                       .expression_attribute_values = Item{{":a", "a"}}};
  EXPECT_EQ(run(request).items, (std::vector<Item>{{{"id", "a"}, {"plays", 1}}}));
  request.exclusive_start_key = Key{{"id", "a"}};
  EXPECT_EQ(run(request).count, 0);
}

TEST_F(QueryTest, DoesNotReadAnIndexThatIsBeingFilled) {
  engine->catalog
      .change("Songs",
              [](const Table& table) -> Result<Table> {
                Table next = table;
                next.indexes[2].status = IndexStatus::creating;
                return next;
              })
      .value();
  EXPECT_EQ(complaint(query(*engine, of_genre("byGenre", "jazz"))),
            "Cannot read from backfilling global secondary index: byGenre");
}

}  // namespace
}  // namespace dynakeep::engine
