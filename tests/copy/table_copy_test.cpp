// What a copy has of its table, what it refuses, and how it goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "songs.h"
#include "support/remote_databases.h"
#include "support/wrapped_database.h"

namespace dynakeep::copying {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

// As engines that know less than Amazon's.
class Lesser final : public support::WrappedDatabase {
 public:
  explicit Lesser(Database& under) : WrappedDatabase(under) {}

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    CreateTableRequest less = request;
    less.table_class.reset();
    if (without_indexes) less.global_secondary_indexes.reset();
    return WrappedDatabase::create_table(less);
  }

  bool without_indexes = false;

 private:
  const Capabilities capabilities_{.engine = "Lesser/1",
                                   .empty_values = false,
                                   .tags = false,
                                   .streams = false,
                                   .time_to_live = false};
};

CreateTableRequest rarely_played() {
  CreateTableRequest request = songs();
  request.table_class = TableClass::standard_infrequent_access;
  return request;
}

TEST(TableCopy, TellsWhatTheDestinationDoesNotKeep) {
  const auto source = memory();
  const auto under = memory();
  Lesser destination(*under);
  ASSERT_TRUE(source->create_table(rarely_played()));
  ASSERT_TRUE(source->update_time_to_live({.table_name = "Songs",
                                           .time_to_live_specification = TimeToLiveSpecification{
                                               .enabled = true, .attribute_name = "until"}}));
  const auto copy = open_copy(*source, destination);
  ASSERT_TRUE(copy);
  EXPECT_THAT(copy->plan().notes,
              ElementsAre(HasSubstr("(Lesser/1) has no time to live"), HasSubstr("has no tags"),
                          HasSubstr("has no streams"), HasSubstr("takes no empty texts")));
  const auto copied = copy->copy({});
  ASSERT_TRUE(copied) << copied.error();
  EXPECT_THAT(copied->notes, ElementsAre("the table Songs is of the class STANDARD, and not "
                                         "STANDARD_INFREQUENT_ACCESS"));
}

TEST(TableCopy, RefusesToFollowWhereThereAreNoStreams) {
  const auto under = memory();
  Lesser source(*under);
  const auto destination = memory();
  ASSERT_TRUE(source.create_table(songs()));
  EXPECT_THAT(refusal(source, *destination, {.follows = true, .enables_stream = true}),
              HasSubstr("has no streams"));
  copy_all(source, *destination);
}

TEST(TableCopy, RefusesToFillATableThatWasMadeWithLess) {
  const auto source = memory();
  const auto under = memory();
  Lesser destination(*under);
  destination.without_indexes = true;
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 10);
  const auto copy = open_copy(*source, destination);
  ASSERT_TRUE(copy);
  const auto copied = copy->copy({});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code(), ErrorCode::unsupported);
  EXPECT_THAT(copied.error().message(), HasSubstr("there is no index by_genre"));
  EXPECT_THAT(items_of(*under), IsEmpty());
}

TEST(TableCopy, KnowsItsOwnTableWhereTablesHaveNoIds) {
  // As DynamoDB Local describes tables.
  class Nameless final : public support::WrappedDatabase {
   public:
    using WrappedDatabase::WrappedDatabase;
    Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
      auto described = WrappedDatabase::describe_table(request);
      if (described) described->table.table_id.clear();
      return described;
    }
  };
  const auto under = memory();
  Nameless source(*under);
  Nameless destination(*under);
  ASSERT_TRUE(under->create_table(songs()));
  EXPECT_THAT(refusal(source, destination, {.overwrites = true}), HasSubstr("is the same one"));
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
  EXPECT_THAT(refusal(*source, *destination, {.mends = true}), HasSubstr("by following it"));
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

TEST(TableCopy, TakesNothingOfATableThatIsGoneForItsOwn) {
  const auto source = memory();
  const auto destination = memory();
  ASSERT_TRUE(source->create_table(songs()));
  copy_all(*source, *destination, {.follows = true});
  for (Database* each : {source.get(), destination.get()}) {
    ASSERT_TRUE(each->delete_table({.table_name = "Songs"}));
  }
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 5);
  copy_all(*source, *destination);
  EXPECT_EQ(items_of(*destination), items_of(*source));
  EXPECT_THAT(names_of(*destination), ElementsAre("Songs"));
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

}  // namespace
}  // namespace dynakeep::copying
