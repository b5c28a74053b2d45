// What include/dynakeep/copy promises.

#include "dynakeep/copy/table_copy.h"

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/json.h"
#include "dynakeep/pages.h"
#include "support/remote_databases.h"
#include "wrapped_database.h"

namespace dynakeep::copying {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<Database> memory() { return std::move(*open_embedded({.in_memory = true})); }

CreateTableRequest songs(const std::string& name = "Songs") {
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

Item song(int artist, int number, int plays = 0) {
  return {{"artist", "artist-" + std::to_string(artist)},
          {"number", number},
          {"genre", "genre-" + std::to_string(number % 7)},
          {"plays", plays}};
}

Key key_of(const Item& item) {
  return {{"artist", item.at("artist")}, {"number", item.at("number")}};
}

void put(Database& database, const Item& item, const std::string& table = "Songs") {
  ASSERT_TRUE(database.put_item({.table_name = table, .item = item}));
}

void fill(Database& database, int items, const std::string& text = "",
          const std::string& table = "Songs") {
  std::vector<WriteRequest> writes;
  for (int i = 0; i < items; ++i) {
    Item item = song(i / 10, i % 10);
    if (!text.empty()) item["text"] = text;
    writes.push_back({.put = std::move(item)});
  }
  ASSERT_TRUE(write_items(database, table, std::move(writes)));
}

std::map<std::string, std::string> items_of(Database& database,
                                            const std::string& table = "Songs") {
  std::map<std::string, std::string> items;
  const auto read = for_each_item(database, ScanRequest{.table_name = table}, [&](Item&& item) {
    items[to_dynamodb_json(key_of(item))] = to_dynamodb_json(item);
    return true;
  });
  EXPECT_TRUE(read);
  return items;
}

std::vector<std::string> names_of(Database& database) {
  return table_names(database).value_or(std::vector<std::string>{"cannot be read"});
}

std::unique_ptr<TableCopy> open_copy(Database& source, Database& destination,
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
std::string refusal(Database& source, Database& destination, CopyOptions options = {}) {
  if (options.table.empty()) options.table = "Songs";
  const auto copy = TableCopy::open(source, destination, std::move(options));
  return copy ? "" : copy.error().message();
}

void copy_all(Database& source, Database& destination, CopyOptions options = {}) {
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

// ---- what is copied ----

TEST(TableCopy, MakesTheTableWithKeysIndexesStreamTagsAndTimeToLive) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  ASSERT_TRUE(source->update_time_to_live({.table_name = "Songs",
                                           .time_to_live_specification = TimeToLiveSpecification{
                                               .enabled = true, .attribute_name = "until"}}));
  fill(*source, 100);

  copy_all(*source, *destination);

  EXPECT_EQ(items_of(*destination), items_of(*source));
  const auto there = table_definition(*source, "Songs");
  const auto here = table_definition(*destination, "Songs");
  ASSERT_TRUE(there && here);
  EXPECT_EQ(to_dynamodb_json(here->table), to_dynamodb_json(there->table));
  EXPECT_THAT(to_dynamodb_json(here->table), HasSubstr("NEW_AND_OLD_IMAGES"));
  EXPECT_THAT(to_dynamodb_json(here->table), HasSubstr("blue"));
  EXPECT_EQ(here->time_to_live_attribute, "until");
  const auto by_index = destination->query(
      {.table_name = "Songs",
       .index_name = "by_genre",
       .key_condition_expression = "genre = :g",
       .expression_attribute_values = ExpressionAttributeValues{{":g", "genre-3"}}});
  ASSERT_TRUE(by_index);
  EXPECT_EQ(by_index->count, 10);
}

TEST(TableCopy, LeavesNoTraceOfACopyThatIsNotFollowed) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  copy_all(*source, *destination);
  EXPECT_THAT(names_of(*destination), ElementsAre("Songs"));
}

TEST(TableCopy, SeesTheItemsComeInNoStreamOfTheDestination) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 50);
  copy_all(*source, *destination);
  const auto table = destination->describe_table({.table_name = "Songs"})->table;
  const auto stream = destination->describe_stream({.stream_arn = table.latest_stream_arn});
  ASSERT_TRUE(stream);
  const auto iterator =
      destination->get_shard_iterator({.stream_arn = table.latest_stream_arn,
                                       .shard_id = stream->stream_description.shards.at(0).shard_id,
                                       .shard_iterator_type = ShardIteratorType::trim_horizon});
  ASSERT_TRUE(iterator);
  EXPECT_THAT(destination->get_records({.shard_iterator = iterator->shard_iterator})->records,
              IsEmpty());
}

TEST(TableCopy, CarriesEveryTypeExactlyOverASocketBothWays) {
  auto remote = support::open_remote_over_a_socket();
  ASSERT_TRUE(remote);
  const auto source = memory();
  const auto back = memory();
  ASSERT_TRUE(source->create_table(songs()));
  Item item = song(1, 1);
  item["digits"] = *Number::parse("12345678901234567890123456789012345678");
  item["small"] = *Number::parse("-1.5E-100");
  item["bytes"] = Binary(std::string("\0\xff\n", 3));
  item["texts"] = StringSet{"a", "\xc3\xa4"};
  item["numbers"] = NumberSet{1, 2};
  item["binaries"] = BinarySet{Binary("x"), Binary(std::string("\0", 1))};
  item["list"] = AttributeList{1, "two", nullptr, true, AttributeMap{{"deep", AttributeList{}}}};
  item["empty"] = "";
  put(*source, item);

  copy_all(*source, *remote->database);
  copy_all(*remote->database, *back);

  const auto got = back->get_item({.table_name = "Songs", .key = key_of(item)});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->item, item);
}

TEST(TableCopy, CarriesItemsThatAreLargerThanAPage) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 30, std::string(380'000, 'x'));
  copy_all(*source, *destination, {.segments = 3});
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

// ---- what is refused ----

TEST(TableCopy, RefusesATableOfAnotherShapeAndShowsTheDifference) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  CreateTableRequest other = songs();
  other.key_schema = KeySchema{{"artist", KeyType::hash}, {"genre", KeyType::range}};
  other.local_secondary_indexes.reset();
  other.global_secondary_indexes.reset();
  other.attribute_definitions = std::vector<AttributeDefinition>{{"artist", ScalarType::string},
                                                                 {"genre", ScalarType::string}};
  ASSERT_TRUE(destination->create_table(other));
  const std::string text = refusal(*source, *destination);
  EXPECT_THAT(text, HasSubstr("its key is artist (S), genre (S) and not artist (S), number (N)"));
  EXPECT_THAT(text, HasSubstr("there is no index by_genre"));
  EXPECT_THAT(text, HasSubstr("there is no index by_genre_of_artist"));
}

TEST(TableCopy, RefusesItemsThatAreThereUnlessToldToOverwriteThem) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  ASSERT_TRUE(destination->create_table(songs()));
  EXPECT_EQ(refusal(*source, *destination), "");
  fill(*source, 20);
  put(*destination, song(0, 0, 99));
  put(*destination, song(77, 7));
  EXPECT_THAT(refusal(*source, *destination), HasSubstr("has items"));

  copy_all(*source, *destination, {.overwrites = true});

  auto expected = items_of(*source);
  expected[to_dynamodb_json(key_of(song(77, 7)))] = to_dynamodb_json(song(77, 7));
  EXPECT_EQ(items_of(*destination), expected);
}

TEST(TableCopy, RefusesASourceThatIsTheDestination) {
  const auto source = memory();
  ASSERT_TRUE(source->create_table(songs()));
  EXPECT_THAT(refusal(*source, *source), HasSubstr("is the same one"));
}

TEST(TableCopy, RefusesToFollowATableWithoutAStreamUnlessItMayEnableOne) {
  const auto source = memory();
  const auto destination = memory();
  CreateTableRequest request = songs();
  request.stream_specification.reset();
  ASSERT_TRUE(source->create_table(request));
  fill(*source, 10);
  EXPECT_THAT(refusal(*source, *destination, {.follows = true}), HasSubstr("has no stream"));

  const auto copy = open_copy(*source, *destination, {.follows = true, .enables_stream = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  put(*source, song(0, 1, 5));
  const auto followed = copy->follow({}, FollowUntil::current);
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(items_of(*destination), items_of(*source));
  EXPECT_FALSE(table_definition(*destination, "Songs")->table.stream_specification);
}

TEST(TableCopy, RefusesOptionsThatMakeNoSense) {
  const auto source = memory();
  ASSERT_TRUE(source->create_table(songs()));
  const auto destination = memory();
  EXPECT_THAT(refusal(*source, *destination, {.segments = 0}), HasSubstr("1 to 64"));
  EXPECT_THAT(refusal(*source, *destination, {.segments = 65}), HasSubstr("1 to 64"));
  EXPECT_THAT(refusal(*source, *destination, {.items_per_second = 0}), HasSubstr("rate"));
  EXPECT_THAT(refusal(*source, *destination, {.settle = -1ms}), HasSubstr("settle"));
  EXPECT_THAT(refusal(*source, *destination, {.table = "dynakeep.copies"}), HasSubstr("copies"));
  EXPECT_NE(refusal(*source, *destination, {.table = "Missing"}), "");
}

TEST(TableCopy, ChangesNothingByLooking) {
  const auto source = memory();
  const auto destination = memory();
  CreateTableRequest request = songs();
  request.stream_specification.reset();
  ASSERT_TRUE(source->create_table(request));
  const auto copy = open_copy(*source, *destination, {.follows = true, .enables_stream = true});
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->plan().step, CopyPlan::Step::make);
  EXPECT_THAT(copy->plan().notes, Contains(HasSubstr("a stream is enabled")));
  EXPECT_THAT(names_of(*destination), IsEmpty());
  EXPECT_FALSE(table_definition(*source, "Songs")->table.stream_specification);
}

// ---- going on ----

TEST(TableCopy, GoesOnWhereItWasStopped) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 6000, std::string(1000, 'x'));

  std::stop_source stop;
  CopyOptions options{.segments = 2};
  options.on_progress = [&](const CopyProgress&) { stop.request_stop(); };
  std::uint64_t done = 0;
  {
    const auto copy = open_copy(*source, *destination, options);
    ASSERT_TRUE(copy);
    const auto copied = copy->copy(stop.get_token());
    ASSERT_TRUE(copied) << copied.error();
    ASSERT_TRUE(copied->stopped);
    done = copied->items;
    ASSERT_GT(done, 0);
    ASSERT_LT(done, 6000);
  }
  EXPECT_THAT(names_of(*destination), Contains("dynakeep.copies"));

  const auto copy = open_copy(*source, *destination);  // with other segments, which do not count
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->plan().step, CopyPlan::Step::resume);
  EXPECT_EQ(copy->plan().items_done, done);
  const auto copied = copy->copy({});
  ASSERT_TRUE(copied) << copied.error();
  EXPECT_EQ(copied->items, 6000);
  EXPECT_EQ(items_of(*destination), items_of(*source));
  EXPECT_THAT(names_of(*destination), ElementsAre("Songs"));
}

TEST(TableCopy, DoesNotGoOnWithAnotherTableOfThatName) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  copy_all(*source, *destination, {.follows = true});
  ASSERT_TRUE(source->delete_table({.table_name = "Songs"}));
  ASSERT_TRUE(source->create_table(songs()));
  EXPECT_THAT(refusal(*source, *destination, {.follows = true}),
              HasSubstr("another table of that name"));
  EXPECT_EQ(refusal(*source, *destination, {.follows = true, .overwrites = true}), "");
}

TEST(TableCopy, BeginsAnewWhereWhatItHadMadeIsGone) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 20);
  copy_all(*source, *destination, {.follows = true});
  ASSERT_TRUE(destination->delete_table({.table_name = "Songs"}));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->plan().step, CopyPlan::Step::make);
  ASSERT_TRUE(copy->copy({}));
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

// ---- a destination that refuses ----

// Of the first calls leaves every third batch's last items unprocessed, and refuses every seventh.
class Throttling final : public WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    const int call = ++calls_;
    if (call > 20) return WrappedDatabase::batch_write_item(request);
    if (call % 7 == 0) {
      ++refused;
      return Error(ErrorCode::provisioned_throughput_exceeded, "too much");
    }
    if (call % 3 != 0) return WrappedDatabase::batch_write_item(request);
    BatchWriteItemRequest part = request;
    BatchWriteItemResult result;
    for (auto& [table, writes] : *part.request_items) {
      if (writes.size() < 2) continue;
      const auto middle = writes.begin() + static_cast<std::ptrdiff_t>(writes.size() / 2);
      result.unprocessed_items[table].assign(middle, writes.end());
      writes.erase(middle, writes.end());
      ++refused;
    }
    const auto written = WrappedDatabase::batch_write_item(part);
    if (!written) return written.error();
    return result;
  }

  std::atomic<int> refused = 0;

 private:
  std::atomic<int> calls_ = 0;
};

TEST(TableCopy, WritesWhatWasRefusedAgain) {
  const auto source = memory();
  const auto under = memory();
  Throttling destination(*under);
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 1000);
  copy_all(*source, destination, {.segments = 2});
  EXPECT_GT(destination.refused, 5);
  EXPECT_EQ(items_of(*under), items_of(*source));
}

// Refuses one kind of item.
class Particular final : public WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    for (const auto& [table, writes] : *request.request_items) {
      for (const WriteRequest& each : writes) {
        if (each.put && each.put->contains("bad")) return Error::validation("a bad item");
      }
    }
    return WrappedDatabase::batch_write_item(request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    if (request.item && request.item->contains("bad")) return Error::validation("a bad item");
    return WrappedDatabase::put_item(request);
  }
};

TEST(TableCopy, NamesTheItemThatTheDestinationRefuses) {
  const auto source = memory();
  const auto under = memory();
  Particular destination(*under);
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 100);
  Item bad = song(3, 3);
  bad["bad"] = true;
  put(*source, bad);
  {
    const auto copy = open_copy(*source, destination);
    ASSERT_TRUE(copy);
    const auto copied = copy->copy({});
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code(), ErrorCode::validation);
    EXPECT_THAT(copied.error().message(), HasSubstr("a bad item"));
    EXPECT_THAT(copied.error().message(), HasSubstr("artist-3"));
  }
  put(*source, song(3, 3));  // it is mended, and the next run goes on
  copy_all(*source, destination);
  EXPECT_EQ(items_of(*under), items_of(*source));
}

// Is away for some calls.
class Failing final : public WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  Result<ScanResult> scan(const ScanRequest& request) override {
    if (left > 0 && left-- > 0) return Error(ErrorCode::unavailable, "nobody answers");
    return WrappedDatabase::scan(request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    if (left > 0 && left-- > 0) return Error(ErrorCode::unavailable, "nobody answers");
    return WrappedDatabase::batch_write_item(request);
  }

  std::atomic<int> left = 0;
};

TEST(TableCopy, OutwaitsFaultsOfBothSides) {
  const auto source_under = memory();
  const auto destination_under = memory();
  Failing source(*source_under);
  Failing destination(*destination_under);
  ASSERT_TRUE(source_under->create_table(songs()));
  fill(*source_under, 500);
  const auto copy = open_copy(source, destination, {.segments = 2});
  ASSERT_TRUE(copy);
  source.left = 3;
  destination.left = 3;
  const auto copied = copy->copy({});
  ASSERT_TRUE(copied) << copied.error();
  EXPECT_EQ(items_of(*destination_under), items_of(*source_under));
}

TEST(TableCopy, FailsOnceItsPatienceIsOver) {
  const auto source = memory();
  const auto under = memory();
  Failing destination(*under);
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 500);
  const auto copy = open_copy(*source, destination, {.patience = 0ms});
  ASSERT_TRUE(copy);
  destination.left = 1'000'000;
  const auto copied = copy->copy({});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code(), ErrorCode::unavailable);
}

// ---- following ----

TEST(TableCopy, AppliesWhatWasChangedWhileItReadAndAfter) {
  for (const StreamViewType view : {StreamViewType::new_and_old_images, StreamViewType::keys_only,
                                    StreamViewType::new_image, StreamViewType::old_image}) {
    const auto source = memory();
    const auto destination = memory();
    CreateTableRequest request = songs();
    request.stream_specification->stream_view_type = view;
    ASSERT_TRUE(source->create_table(request));
    fill(*source, 3000, std::string(1000, 'x'));
    CopyOptions options{.follows = true, .segments = 1};
    std::atomic<int> page = 0;
    options.on_progress = [&](const CopyProgress&) {
      const int at = ++page;
      put(*source, song(1, 1, at));
      put(*source, song(900 + at, 1));
      (void)source->delete_item({.table_name = "Songs", .key = key_of(song(2, at))});
    };
    const auto copy = open_copy(*source, *destination, options);
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    ASSERT_GT(page, 2);
    {
      FollowingThread following(*copy);
      following.wait_until_current();
      EXPECT_EQ(items_of(*destination), items_of(*source));
      put(*source, song(1, 1, 12345));
      (void)source->delete_item({.table_name = "Songs", .key = key_of(song(3, 3))});
      const auto followed = following.stop();
      ASSERT_TRUE(followed) << followed.error();
      EXPECT_EQ(followed->ending, FollowEnding::stopped);
      EXPECT_TRUE(followed->current_until);
    }
    EXPECT_EQ(items_of(*destination), items_of(*source));
  }
}

TEST(TableCopy, GoesOnFollowingWhereItWas) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 100);
  {
    const auto copy = open_copy(*source, *destination, {.follows = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    put(*source, song(1, 1, 1));
    ASSERT_TRUE(copy->follow({}, FollowUntil::current));
  }
  put(*source, song(1, 1, 2));
  ASSERT_TRUE(source->delete_item({.table_name = "Songs", .key = key_of(song(0, 0))}));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->plan().step, CopyPlan::Step::done);
  ASSERT_TRUE(copy->copy({}));
  const auto followed = copy->follow({}, FollowUntil::current);
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(followed->ending, FollowEnding::current);
  EXPECT_EQ(followed->records, 2);
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

TEST(TableCopy, FollowsThroughRollsAndSplitsOfShards) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  const auto arn = source->describe_table({.table_name = "Songs"})->table.latest_stream_arn;
  FollowingThread following(*copy);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 30; ++i) put(*source, song(i, 1, round));
    ASSERT_TRUE(source->admin()->roll_shards({.stream_arn = arn}));
  }
  const auto followed = following.stop();
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(followed->records, 600);
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

TEST(TableCopy, SaysThatChangesAreLostAndDoesNotForgetIt) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 10);
  {
    const auto copy = open_copy(*source, *destination, {.follows = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    put(*source, song(1, 1, 1));
    ASSERT_TRUE(copy->follow({}, FollowUntil::current));
  }
  const auto arn = source->describe_table({.table_name = "Songs"})->table.latest_stream_arn;
  put(*source, song(1, 1, 2));
  put(*source, song(1, 1, 3));
  ASSERT_TRUE(source->admin()->trim_stream({.stream_arn = arn, .before = Time::max()}));
  put(*source, song(1, 1, 4));
  {
    const auto copy = open_copy(*source, *destination, {.follows = true});
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->copy({}));
    const auto followed = copy->follow({});
    ASSERT_TRUE(followed) << followed.error();
    EXPECT_EQ(followed->ending, FollowEnding::lost);
    EXPECT_THAT(followed->loss, HasSubstr("records of the source's stream"));
  }
  EXPECT_THAT(refusal(*source, *destination, {.follows = true}), HasSubstr("has lost changes"));
  copy_all(*source, *destination, {.follows = true, .overwrites = true});
  EXPECT_EQ(items_of(*destination), items_of(*source));
}

TEST(TableCopy, SaysThatTheStreamWasSwitchedOff) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  const auto copy = open_copy(*source, *destination, {.follows = true});
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  put(*source, song(1, 1, 1));
  ASSERT_TRUE(
      source->update_table({.table_name = "Songs",
                            .stream_specification = StreamSpecification{.stream_enabled = false}}));
  const auto followed = copy->follow({});
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(followed->ending, FollowEnding::lost);
  EXPECT_THAT(followed->loss, HasSubstr("switched off"));
  EXPECT_EQ(items_of(*destination), items_of(*source));  // up to there it has all
  EXPECT_THAT(refusal(*source, *destination, {.follows = true}), HasSubstr("has lost changes"));
}

// A source as Amazon's: no positions, no snapshots, nothing pushed.
class Plain final : public WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  const Capabilities& capabilities() const override { return capabilities_; }

 private:
  const Capabilities capabilities_;
};

TEST(TableCopy, FollowsASourceThatTellsNoPositions) {
  const auto under = memory();
  Plain source(*under);
  const auto destination = memory();
  ASSERT_TRUE(source.create_table(songs()));
  fill(source, 100);
  CopyOptions options{.follows = true, .settle = 0ms};
  options.on_progress = [&](const CopyProgress& at) {
    put(source, song(1, 1, static_cast<int>(at.items)));
  };
  const auto copy = open_copy(source, *destination, options);
  ASSERT_TRUE(copy);
  ASSERT_TRUE(copy->copy({}));
  const auto followed = copy->follow({}, FollowUntil::current);
  ASSERT_TRUE(followed) << followed.error();
  EXPECT_EQ(items_of(*destination), items_of(*under));
}

// ---- comparing ----

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
