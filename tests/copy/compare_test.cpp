// What differs is found, and repaired, also while it changes.

#include <atomic>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "songs.h"

namespace dynakeep::copying {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> compared(Database& source, Database& destination, CompareSummary& summary,
                                  bool repairs = false) {
  std::vector<std::string> told;
  CompareRequest request{.table = "Songs", .repairs = repairs, .look_again = 1ms};
  request.on_difference = [&](const CopyDifference& each) {
    told.push_back(std::string(to_text(each.kind)) + " " + to_dynamodb_json(each.key));
  };
  const auto done = compare_tables(source, destination, request);
  EXPECT_TRUE(done) << done.error();
  if (done) summary = *done;
  std::sort(told.begin(), told.end());
  return told;
}

TEST(CompareTables, FindsEveryKindOfDifferenceAndRepairsIt) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 500);
  copy_all(*source, *destination);
  CompareSummary summary;
  EXPECT_THAT(compared(*source, *destination, summary), IsEmpty());
  EXPECT_EQ(summary.source_items, 500);
  EXPECT_EQ(summary.destination_items, 500);

  put(*destination, song(7, 3, 1));
  put(*destination, song(1000, 1));
  ASSERT_TRUE(destination->delete_item({.table_name = "Songs", .key = key_of(song(9, 9))}));
  const auto expected = ElementsAre("changed " + to_dynamodb_json(key_of(song(7, 3))),
                                    "extra " + to_dynamodb_json(key_of(song(1000, 1))),
                                    "missing " + to_dynamodb_json(key_of(song(9, 9))));
  EXPECT_THAT(compared(*source, *destination, summary), expected);
  EXPECT_EQ(summary.missing, 1);
  EXPECT_EQ(summary.changed, 1);
  EXPECT_EQ(summary.extra, 1);
  EXPECT_EQ(summary.repaired, 0);

  EXPECT_THAT(compared(*source, *destination, summary, true), expected);
  EXPECT_EQ(summary.repaired, 3);
  EXPECT_EQ(items_of(*destination), items_of(*source));
  EXPECT_THAT(compared(*source, *destination, summary), IsEmpty());
}

TEST(CompareTables, CountsMoreDifferencesThanItKeeps) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  ASSERT_TRUE(destination->create_table(songs()));
  fill(*source, 10'500);
  CompareSummary summary;
  EXPECT_EQ(compared(*source, *destination, summary, true).size(), 10'500);
  EXPECT_EQ(summary.missing, 10'500);
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

TEST(CompareTables, TakesItemsWhoseTimeIsOverForNoDifference) {
  const auto source = memory();
  ASSERT_TRUE(source->create_table(songs()));
  const auto destination = memory();
  ASSERT_TRUE(destination->create_table(songs()));
  ASSERT_TRUE(source->update_time_to_live({.table_name = "Songs",
                                           .time_to_live_specification = TimeToLiveSpecification{
                                               .enabled = true, .attribute_name = "until"}}));
  ManualClock later(system_clock().now() + std::chrono::hours(48));
  Item item = song(1, 1);
  item["until"] = std::chrono::duration_cast<std::chrono::seconds>(
                      (system_clock().now() + std::chrono::hours(24)).time_since_epoch())
                      .count();
  put(*source, item);
  CompareRequest request{.table = "Songs", .look_again = 1ms};
  EXPECT_EQ(compare_tables(*source, *destination, request)->missing, 1);
  request.clock = &later;
  const auto summary = compare_tables(*source, *destination, request);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->different(), 0);
  EXPECT_EQ(summary->expired, 1);
}

TEST(CompareTables, RefusesTablesOfOtherKeys) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  CreateTableRequest other = songs();
  other.local_secondary_indexes.reset();
  other.key_schema = KeySchema{{"artist", KeyType::hash}};
  other.attribute_definitions->erase(other.attribute_definitions->begin() + 1);
  ASSERT_TRUE(destination->create_table(other));
  const auto summary = compare_tables(*source, *destination, {.table = "Songs"});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code(), ErrorCode::invalid_argument);
}

TEST(TableCopy, ComparesWhileItFollowsWithoutTakingLagForADifference) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 1000);
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  FollowingThread following(*copy);
  following.wait_until_current();
  put(*destination, song(5000, 1));  // by somebody who may not

  std::atomic<bool> is_over = false;
  std::thread writing([&] {
    std::minstd_rand chance(1);  // NOLINT(cert-msc51-cpp): the same each time
    for (int i = 0; !is_over; ++i) {
      (void)source->put_item(
          {.table_name = "Songs", .item = song(static_cast<int>(chance() % 20), 3, i)});
    }
  });
  std::vector<std::string> told;
  CompareRequest request{.repairs = true};
  request.on_difference = [&](const CopyDifference& each) {
    told.push_back(std::string(to_text(each.kind)) + " " + to_dynamodb_json(each.key));
  };
  const auto summary = copy->compare(request);
  is_over = true;
  writing.join();
  ASSERT_TRUE(summary) << summary.error();
  EXPECT_THAT(told, ElementsAre("extra " + to_dynamodb_json(key_of(song(5000, 1)))));
  const auto followed = following.stop();
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

}  // namespace
}  // namespace dynakeep::copying
