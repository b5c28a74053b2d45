#include "dynakeep/pages.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_pacing.h"
#include "dynakeep/embedded.h"
#include "model/batches.h"
#include "server/unused_database.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using base::ManualPacing;
using testing::ElementsAre;

CreateTableRequest songs() {
  return {.table_name = "Songs",
          .attribute_definitions = std::vector<AttributeDefinition>{{"artist", ScalarType::string},
                                                                    {"track", ScalarType::number}},
          .key_schema = KeySchema{{"artist", KeyType::hash}, {"track", KeyType::range}},
          .billing_mode = BillingMode::pay_per_request};
}

Key key(int track) { return Key{{"artist", "Nina"}, {"track", track}}; }
Item song(int track) {
  return Item{{"artist", "Nina"}, {"track", track}, {"title", "no. " + std::to_string(track)}};
}
std::vector<WriteRequest> puts(int count) {
  std::vector<WriteRequest> writes;
  for (int track = 0; track < count; ++track) writes.push_back({.put = song(track)});
  return writes;
}

// The embedded engine with a table of so many songs.
std::unique_ptr<Database> with_songs(int count) {
  auto database = open_embedded({.in_memory = true}).value();
  EXPECT_TRUE(create_table_and_wait(*database, songs()));
  EXPECT_TRUE(write_items(*database, "Songs", puts(count)));
  return database;
}

// ---- walking ----

TEST(Pages, OfAQueryAreWalkedInOrder) {
  const auto database = with_songs(60);
  std::vector<int> tracks;
  const auto visited =
      for_each_item(*database,
                    QueryRequest{.table_name = "Songs",
                                 .key_condition_expression = "artist = :a",
                                 .expression_attribute_values = Item{{":a", "Nina"}},
                                 .limit = 7},
                    [&tracks](Item&& item) {
                      tracks.push_back(static_cast<int>(*item.at("track").as_number().to_int64()));
                      return true;
                    });
  EXPECT_EQ(visited.value(), 60U);
  ASSERT_EQ(tracks.size(), 60U);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(tracks[static_cast<std::size_t>(i)], i);
}

TEST(Pages, EndWhenTheVisitorHasSeenEnough) {
  const auto database = with_songs(20);
  int seen = 0;
  const auto visited = for_each_item(*database, ScanRequest{.table_name = "Songs", .limit = 3},
                                     [&seen](Item&&) { return ++seen < 5; });
  EXPECT_EQ(visited.value(), 5U);
  EXPECT_EQ(seen, 5);
}

TEST(Pages, WithoutItemsShowNone) {
  const auto database = with_songs(5);
  const auto never = [](Item&&) {
    ADD_FAILURE() << "there is nothing to see";
    return true;
  };
  EXPECT_EQ(
      for_each_item(*database,
                    ScanRequest{.table_name = "Songs", .select = Select::count, .limit = 2}, never)
          .value(),
      0U);
  // Pages that a filter leaves empty are no end.
  int seen = 0;
  EXPECT_EQ(for_each_item(*database,
                          ScanRequest{.table_name = "Songs",
                                      .filter_expression = "track = :t",
                                      .expression_attribute_values = Item{{":t", 4}},
                                      .limit = 1},
                          [&seen](Item&&) { return ++seen > 0; })
                .value(),
            1U);
}

TEST(Pages, SayTheErrorThatOneOfThemMet) {
  const auto database = open_embedded({.in_memory = true}).value();
  EXPECT_EQ(
      for_each_item(*database, ScanRequest{.table_name = "Songs"}, [](Item&&) { return true; })
          .error()
          .code(),
      ErrorCode::resource_not_found);
}

TEST(Pages, OfTableNamesAreAllRead) {
  const auto database = open_embedded({.in_memory = true}).value();
  std::vector<std::string> names;
  for (int i = 100; i < 203; ++i) {
    auto request = songs();
    request.table_name = names.emplace_back("Songs" + std::to_string(i));
    ASSERT_TRUE(database->create_table(request));
  }
  EXPECT_EQ(table_names(*database).value(), names);
}

// ---- batches ----

TEST(Items, AreGottenInTheOrderOfTheirKeys) {
  const auto database = with_songs(250);
  std::vector<Key> keys;
  for (int track = 299; track >= 0; --track) keys.push_back(key(track));
  const auto found = get_items(*database, "Songs", keys).value();
  ASSERT_EQ(found.size(), 300U);
  for (int i = 0; i < 300; ++i) {
    const int track = 299 - i;
    const auto& item = found[static_cast<std::size_t>(i)];
    if (track < 250) {
      EXPECT_EQ(item, song(track));
    } else {
      EXPECT_FALSE(item);
    }
  }
}

TEST(Items, WhoseKeyOccursTwiceAreGottenTwice) {
  const auto database = with_songs(3);
  // Numbers are the same key however they were written.
  const Key again{{"track", Number::parse("1.0").value()}, {"artist", "Nina"}};
  const auto found = get_items(*database, "Songs", {key(1), key(2), again, key(1)}).value();
  EXPECT_THAT(found, ElementsAre(song(1), song(2), song(1), song(1)));
  EXPECT_TRUE(get_items(*database, "Songs", {}).value().empty());
}

TEST(Items, MayBeGottenInPart) {
  const auto database = with_songs(2);
  EXPECT_THAT(get_items(*database, "Songs", {key(1)},
                        {.projection_expression = "artist, #t",
                         .expression_attribute_names = ExpressionAttributeNames{{"#t", "track"}}})
                  .value(),
              ElementsAre(key(1)));
  EXPECT_EQ(
      get_items(*database, "Songs", {key(1)}, {.projection_expression = "title"}).error().code(),
      ErrorCode::invalid_argument);
}

TEST(Items, OfKeysThatAreNoneAreRefused) {
  const auto database = with_songs(1);
  EXPECT_EQ(get_items(*database, "Songs", {key(0), Key{{"artist", "Nina"}}}).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(get_items(*database, "Songs", {Key{{"artist", "Nina"}}}).error().code(),
            ErrorCode::validation);
  EXPECT_EQ(
      get_items(*database, "Songs", {Key{{"artist", StringSet{}}, {"track", 1}}}).error().code(),
      ErrorCode::validation);
}

TEST(Items, AreWrittenAndDeletedInAnyNumber) {
  const auto database = with_songs(60);
  std::vector<WriteRequest> writes;
  for (int track = 0; track < 60; track += 2) writes.push_back({.remove = key(track)});
  ASSERT_TRUE(write_items(*database, "Songs", writes));
  EXPECT_EQ(database->scan({.table_name = "Songs"}).value().count, 30);
  EXPECT_TRUE(write_items(*database, "Songs", {}));
  EXPECT_EQ(write_items(*database, "Albums", puts(1)).error().code(),
            ErrorCode::resource_not_found);
}

// Answers at most so many keys or writes of each batch; after every `rests_every`-th, none.
class Reluctant final : public server::UnusedDatabase {
 public:
  Reluctant(Database& willing, std::size_t at_most, unsigned rests_every)
      : willing_(willing), at_most_(at_most), rests_every_(rests_every) {}

  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    auto keys = *request.request_items->at("Songs").keys;
    sizes.push_back(keys.size());
    auto left = keep_some(keys);
    BatchGetItemResult result;
    if (!keys.empty()) {
      result = TRY(willing_.batch_get_item(
          {.request_items = std::map<std::string, KeysAndAttributes>{{"Songs", {.keys = keys}}}}));
    }
    if (!left.empty()) result.unprocessed_keys["Songs"].keys = std::move(left);
    return result;
  }

  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    auto writes = request.request_items->at("Songs");
    sizes.push_back(writes.size());
    auto left = keep_some(writes);
    BatchWriteItemResult result;
    if (!writes.empty()) {
      result = TRY(willing_.batch_write_item(
          {.request_items = std::map<std::string, std::vector<WriteRequest>>{{"Songs", writes}}}));
    }
    if (!left.empty()) result.unprocessed_items["Songs"] = std::move(left);
    return result;
  }

  std::vector<std::size_t> sizes = {};  // of the batches that came

 private:
  template <typename T>
  std::vector<T> keep_some(std::vector<T>& all) {
    const bool rests = rests_every_ != 0 && ++batches_ % rests_every_ == 0;
    const std::size_t kept = rests ? 0 : std::min(at_most_, all.size());
    std::vector<T> left(all.begin() + static_cast<std::ptrdiff_t>(kept), all.end());
    all.resize(kept);
    return left;
  }

  Database& willing_;
  const std::size_t at_most_;
  const unsigned rests_every_;
  unsigned batches_ = 0;
};

TEST(Items, LeftUnprocessedAreAskedForAgain) {
  const auto willing = with_songs(230);
  Reluctant database(*willing, 30, 3);
  std::vector<Key> keys;
  std::vector<std::optional<Item>> songs_of_keys;
  for (int track = 0; track < 230; ++track) {
    keys.push_back(key(track));
    songs_of_keys.emplace_back(song(track));
  }
  ManualPacing pacing;
  EXPECT_EQ(model::get_items(database, "Songs", keys, {}, pacing).value(), songs_of_keys);
  EXPECT_EQ(database.sizes.front(), 100U);
  EXPECT_EQ(pacing.waits.size(), database.sizes.size() - 1);  // not after the last
}

TEST(Items, LeftUnprocessedAreWrittenAgain) {
  const auto willing = with_songs(0);
  Reluctant database(*willing, 10, 2);
  ManualPacing pacing;
  ASSERT_TRUE(model::write_items(database, "Songs", puts(101), pacing));
  EXPECT_EQ(willing->scan({.table_name = "Songs"}).value().count, 101);
  EXPECT_EQ(database.sizes.front(), 25U);
}

TEST(Items, AreGivenUpWhenNothingIsProcessedTenTimesInARow) {
  const auto willing = with_songs(1);
  Reluctant database(*willing, 0, 0);
  ManualPacing pacing(0.0);
  const auto got = model::get_items(database, "Songs", {key(0)}, {}, pacing);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), ErrorCode::provisioned_throughput_exceeded);
  EXPECT_EQ(database.sizes.size(), 10U);
  EXPECT_THAT(pacing.waits,
              ElementsAre(25ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 2500ms, 2500ms));
  const auto written = model::write_items(database, "Songs", puts(1), pacing);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::provisioned_throughput_exceeded);
}

TEST(Items, AreNotGivenUpWhileSomeAreProcessed) {
  const auto willing = with_songs(0);
  Reluctant database(*willing, 1, 2);  // nothing every second time
  ManualPacing pacing(0.0);
  ASSERT_TRUE(model::write_items(database, "Songs", puts(40), pacing));
  EXPECT_EQ(willing->scan({.table_name = "Songs"}).value().count, 40);
  for (const auto& wait : pacing.waits) EXPECT_EQ(wait, 25ms);
}

// ---- a table and its time ----

// Describes a table as it was told, one answer a question, the last again and again.
class Describing final : public server::UnusedDatabase {
 public:
  using Description = std::optional<TableStatus>;  // nothing: there is none
  Describing(Result<void> created, std::vector<Description> described)
      : created_(std::move(created)), described_(std::move(described)) {}

  Result<CreateTableResult> create_table(const CreateTableRequest&) override {
    if (!created_) return created_.error();
    return CreateTableResult{.table_description = {.table_status = TableStatus::creating}};
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    const Description status = described_[std::min(asked++, described_.size() - 1)];
    if (!status) return Error::resource_not_found("none");
    return DescribeTableResult{
        .table = {.table_name = *request.table_name, .table_status = *status}};
  }

  std::size_t asked = 0;

 private:
  const Result<void> created_;
  const std::vector<Description> described_;
};

TEST(Table, IsWaitedForUntilItIsActive) {
  ManualPacing pacing;
  Describing database(
      {}, {std::nullopt, TableStatus::creating, TableStatus::creating, TableStatus::active});
  const auto table = model::create_table_and_wait(database, songs(), 1min, pacing);
  ASSERT_TRUE(table) << table.error();
  EXPECT_EQ(table->table_name, "Songs");
  EXPECT_THAT(pacing.waits, ElementsAre(20ms, 40ms, 80ms));
}

TEST(Table, ThatIsThereAlreadyIsWaitedForToo) {
  const auto engine = open_embedded({.in_memory = true}).value();
  EXPECT_TRUE(create_table_and_wait(*engine, songs()));
  EXPECT_EQ(create_table_and_wait(*engine, songs()).value().table_status, TableStatus::active);

  ManualPacing pacing;
  Describing updating(Error(ErrorCode::resource_in_use, "there"),
                      {TableStatus::updating, TableStatus::active});
  EXPECT_TRUE(model::create_table_and_wait(updating, songs(), 1min, pacing));
}

TEST(Table, IsNotWaitedForLongerThanOneHasPatience) {
  ManualPacing pacing;
  Describing slow({}, {TableStatus::creating});
  const auto before = pacing.now();
  EXPECT_EQ(model::create_table_and_wait(slow, songs(), 10s, pacing).error().code(),
            ErrorCode::timed_out);
  EXPECT_LE(pacing.now() - before, 10s);
  EXPECT_GE(pacing.now() - before, 8s);
}

TEST(Table, ThatWasPerhapsCreatedIsLookedFor) {
  ManualPacing pacing;
  const Error lost = Error(ErrorCode::timed_out, "lost").set_outcome_unknown(true);
  Describing there(lost, {TableStatus::active});
  EXPECT_TRUE(model::create_table_and_wait(there, songs(), 1s, pacing));
  Describing not_there(lost, {std::nullopt});
  const auto failed = model::create_table_and_wait(not_there, songs(), 1s, pacing);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "lost");
}

TEST(Table, ThatCannotBeIsNotWaitedFor) {
  ManualPacing pacing;
  Describing refused(Error::validation("no"), {TableStatus::active});
  EXPECT_EQ(model::create_table_and_wait(refused, songs(), 1s, pacing).error().message(), "no");
  EXPECT_EQ(refused.asked, 0U);
  Describing going(Error(ErrorCode::resource_in_use, "there"), {TableStatus::deleting});
  EXPECT_EQ(model::create_table_and_wait(going, songs(), 1s, pacing).error().code(),
            ErrorCode::resource_in_use);
  EXPECT_TRUE(pacing.waits.empty());
}

}  // namespace
}  // namespace dynakeep
