#include "engine/operations/scan.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "engine/song_tables.h"

namespace dynakeep::engine {
namespace {

struct ScanTest : testing::Test {
  ScanTest() {
    engine->catalog.create(songs_table()).value();
    engine->catalog.create(plain_table()).value();
  }

  void put_songs() {
    for (int i = 0; i < 60; ++i) {
      put(engine, "Songs",
          {{"artist", "artist " + std::to_string(i % 23)},
           {"year", 1950 + i},
           {"title", "t"},
           {"genre", i % 5 == 0 ? "soul" : "jazz"},
           {"rating", i % 2},
           {"plays", i}});
    }
  }

  ScanResult run(const ScanRequest& request) { return scan(*engine, request).value(); }

  std::vector<Item> in_pages(ScanRequest request, int limit) {
    request.limit = limit;
    std::vector<Item> items;
    for (;;) {
      const auto page = run(request);
      items.insert(items.end(), page.items->begin(), page.items->end());
      if (!page.last_evaluated_key) return items;
      request.exclusive_start_key = page.last_evaluated_key;
    }
  }

  TestEngine engine;
};

TEST_F(ScanTest, ComplainsInThisOrder) {
  ScanRequest request{.limit = 0, .segment = -1, .total_segments = 1'000'001};
  request.index_name = "none";
  const auto expect = [&](const std::string& words) {
    EXPECT_EQ(complaint(scan(*engine, request)), words);
  };
  // Each row is one change from the row above.
  expect(
      "4 validation errors detected: Value '1000001' at 'totalSegments' failed to satisfy "
      "constraint: Member must have value less than or equal to 1000000; Value null at "
      "'tableName' failed to satisfy constraint: Member must not be null; Value '-1' at 'segment' "
      "failed to satisfy constraint: Member must have value greater than or equal to 0; Value '0' "
      "at 'limit' failed to satisfy constraint: Member must have value greater than or equal to "
      "1");
  request.table_name = "Nowhere";
  request.total_segments = 0;
  request.segment = 1'000'000;
  request.limit = 1;
  expect(
      "2 validation errors detected: Value '0' at 'totalSegments' failed to satisfy constraint: "
      "Member must have value greater than or equal to 1; Value '1000000' at 'segment' failed to "
      "satisfy constraint: Member must have value less than or equal to 999999");
  request.segment = 4;
  request.total_segments.reset();
  request.exclusive_start_key = ItemAccess::refused({"year", "no number"});
  request.expression_attribute_values = Item{{":a", 1}};
  expect(
      "ExpressionAttributeValues can only be specified when using expressions: FilterExpression "
      "is null");
  request.filter_expression = "";
  expect("no number");
  request.exclusive_start_key = Key{{"artist", "Nina"}};
  expect(
      "The TotalSegments parameter is required but was not present in the request when Segment "
      "parameter is present");
  request.total_segments = 4;
  request.segment.reset();
  expect(
      "The Segment parameter is required but was not present in the request when parameter "
      "TotalSegments is present");
  request.segment = 4;
  expect(
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
      "Segment: 4 is not less than TotalSegments: 4");
  request.segment = 3;
  request.select = Select::specific_attributes;
  expect(
      "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
      "SPECIFIC_ATTRIBUTES");
  request.projection_expression = "plays";
  expect("Invalid FilterExpression: The expression can not be empty;");
  request.filter_expression = "plays = :a";
  expect("Requested resource not found");
  request.table_name = "Songs";
  request.consistent_read = true;
  expect("The table does not have the specified index: none");
  request.index_name = "byGenre";
  expect("Consistent reads are not supported on global secondary indexes");
  request.consistent_read.reset();
  expect("The provided starting key is invalid");
  request.exclusive_start_key = Key{{"artist", "Nina"}, {"year", 1}, {"genre", "soul"}};
  std::string soul;
  model::append_value(soul, AttributeValue("soul"));
  const auto home =
      static_cast<int>(storage::segment_of(storage::partition_hash(model::ValueView(soul)), 4));
  request.segment = (home + 1) % 4;
  expect(
      "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
      "ExclusiveStartKey with correct Segment. TotalSegments: 4 Segment: " +
      std::to_string(*request.segment));
  request.segment = home;
  expect(
      "One or more parameter values were invalid: Global secondary index byGenre does not project "
      "[plays]");
  request.projection_expression = "artist";
  expect("none");
}

TEST_F(ScanTest, AllProjectedAttributesAreThoseOfAnIndex) {
  EXPECT_EQ(
      complaint(scan(*engine, {.table_name = "Songs", .select = Select::all_projected_attributes})),
      "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  EXPECT_EQ(complaint(scan(*engine, {.table_name = "Songs",
                                     .index_name = "byGenre",
                                     .select = Select::all_projected_attributes})),
            "none");
}

TEST_F(ScanTest, RefusesAStartingKeyThatIsNone) {
  const auto complaint_of = [&](Key key) {
    return complaint(scan(*engine, {.table_name = "Songs", .exclusive_start_key = std::move(key)}));
  };
  const std::string mismatch =
      "The provided starting key is invalid: The provided key element does not match the schema";
  EXPECT_EQ(complaint_of({}), mismatch);
  EXPECT_EQ(complaint_of({{"artist", "Nina"}}), mismatch);
  EXPECT_EQ(complaint_of({{"artist", "Nina"}, {"year", "1"}}), mismatch);
  EXPECT_EQ(complaint_of({{"artist", ""}, {"year", 1}}),
            "The provided starting key is invalid: One or more parameter values are not valid. The "
            "AttributeValue for a key attribute cannot contain an empty string value. Key: artist");
  EXPECT_EQ(complaint_of({{"artist", "Nobody"}, {"year", 1}}), "none");
}

TEST_F(ScanTest, PagesOfAnySizeGiveTheSameSequence) {
  put_songs();
  for (const char* index : {"", "byTitle", "byAlbum", "byGenre", "byRating"}) {
    SCOPED_TRACE(index);
    ScanRequest request{.table_name = "Songs"};
    if (*index != 0) request.index_name = index;
    const auto whole = run(request);
    EXPECT_EQ(whole.count, std::string(index) == "byAlbum" ? 0 : 60);
    for (int limit = 1; limit <= 62; ++limit) {
      EXPECT_EQ(in_pages(request, limit), *whole.items) << "of " << limit;
    }
  }
}

TEST_F(ScanTest, ItemsOfOnePartitionStandTogetherInOrderOfTheirSortKeys) {
  put_songs();
  const auto whole = run({.table_name = "Songs"});
  std::set<std::string> seen;
  const Item* previous = nullptr;
  for (const Item& item : *whole.items) {
    if (previous != nullptr && previous->at("artist") == item.at("artist")) {
      EXPECT_LT(previous->at("year").as_number(), item.at("year").as_number());
    } else {
      EXPECT_TRUE(seen.insert(item.at("artist").as_string()).second);
    }
    previous = &item;
  }
  EXPECT_EQ(seen.size(), 23u);
}

TEST_F(ScanTest, SegmentsShareTheTableAmongThem) {
  put_songs();
  for (const char* index : {"", "byGenre"}) {
    ScanRequest request{.table_name = "Songs"};
    if (*index != 0) request.index_name = index;
    const auto whole = run(request);
    for (const int segments : {1, 2, 3, 7, 64, 500}) {
      std::vector<Item> shared;
      request.total_segments = segments;
      for (int i = 0; i < segments; ++i) {
        request.segment = i;
        const auto part = in_pages(request, 3);
        shared.insert(shared.end(), part.begin(), part.end());
      }
      EXPECT_EQ(shared, *whole.items) << segments;
    }
  }
}

TEST_F(ScanTest, FiltersByAnyAttribute) {
  put_songs();
  ScanRequest request{.table_name = "Songs",
                      .filter_expression = "artist = :a and plays < :p",
                      .expression_attribute_values = Item{{":a", "artist 3"}, {":p", 30}}};
  const auto found = run(request);
  EXPECT_EQ(found.scanned_count, 60);
  EXPECT_EQ(found.count, 2);
  request.index_name = "byGenre";  // which does not hold the plays: nothing is less
  EXPECT_EQ(run(request).count, 0);
}

TEST_F(ScanTest, TellsWhatItCostByIndex) {
  put_songs();
  ScanRequest request{.table_name = "Songs",
                      .consistent_read = true,
                      .return_consumed_capacity = ReturnConsumedCapacity::indexes};
  auto consumed = run(request).consumed_capacity;
  EXPECT_EQ(consumed->capacity_units, 1);
  EXPECT_EQ(consumed->table->capacity_units, 1);
  request.consistent_read.reset();
  request.index_name = "byGenre";
  consumed = run(request).consumed_capacity;
  EXPECT_EQ(consumed->capacity_units, 0.5);
  EXPECT_EQ(consumed->table->capacity_units, 0);
  EXPECT_EQ(consumed->global_secondary_indexes.at("byGenre").capacity_units, 0.5);
}

}  // namespace
}  // namespace dynakeep::engine
