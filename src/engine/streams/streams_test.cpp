#include "engine/streams/streams.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/operations/batch_write_item.h"
#include "engine/operations/create_table.h"
#include "engine/operations/delete_item.h"
#include "engine/operations/delete_table.h"
#include "engine/operations/describe_stream.h"
#include "engine/operations/describe_table.h"
#include "engine/operations/get_records.h"
#include "engine/operations/get_shard_iterator.h"
#include "engine/operations/list_streams.h"
#include "engine/operations/put_item.h"
#include "engine/operations/scan.h"
#include "engine/operations/transact_write_items.h"
#include "engine/operations/update_item.h"
#include "engine/operations/update_table.h"
#include "engine/song_tables.h"
#include "engine/streams/stream_record.h"

namespace dynakeep::engine {
namespace {

using namespace std::chrono_literals;

struct StreamsTest : testing::Test {
  void create(const std::string& name = "Plain",
              StreamViewType view = StreamViewType::new_and_old_images) {
    Table table = plain_table();
    table.name = name;
    table.attribute_definitions = {{.attribute_name = "id", .attribute_type = ScalarType::string}};
    table.stream = view;
    arn = *engine->catalog.create(std::move(table)).value()->stream_arn();
  }

  StreamDescription described() {
    return describe_stream(*engine, {.stream_arn = arn}).value().stream_description;
  }

  std::vector<StreamShard> all_shards() {
    std::vector<StreamShard> shards;
    std::optional<std::string> after;
    do {
      auto page = describe_stream(
                      *engine, {.stream_arn = arn, .limit = 3, .exclusive_start_shard_id = after})
                      .value()
                      .stream_description;
      shards.insert(shards.end(), page.shards.begin(), page.shards.end());
      after = page.last_evaluated_shard_id;
    } while (after);
    return shards;
  }

  std::string iterator(const std::string& shard, ShardIteratorType type,
                       std::optional<std::string> number = {}) {
    return *get_shard_iterator(*engine, {.stream_arn = arn,
                                         .shard_id = shard,
                                         .shard_iterator_type = type,
                                         .sequence_number = std::move(number)})
                .value()
                .shard_iterator;
  }

  // All there is in the shard from the iterator on.
  std::vector<ChangeRecord> read(std::string from, std::int32_t limit = 1000) {
    std::vector<ChangeRecord> records;
    for (;;) {
      auto page = get_records(*engine, {.shard_iterator = from, .limit = limit}).value();
      const bool at_the_tip = page.records.empty();
      for (auto& record : page.records) records.push_back(std::move(record));
      if (!page.next_shard_iterator || at_the_tip) return records;
      from = *page.next_shard_iterator;
    }
  }

  // All there is, parents before their children.
  std::vector<ChangeRecord> read_all() {
    std::vector<ChangeRecord> records;
    for (const StreamShard& shard : all_shards()) {
      for (auto& record : read(iterator(shard.shard_id, ShardIteratorType::trim_horizon))) {
        records.push_back(std::move(record));
      }
    }
    return records;
  }

  std::string only_shard() { return described().shards.at(0).shard_id; }

  void roll(std::size_t parts = 1) {
    ASSERT_TRUE(engine->streams.roll(*engine->streams.find(arn), "", parts));
  }

  TestEngine engine;
  std::string arn;
};

TEST_F(StreamsTest, EachChangeIsARecordAndWhatChangesNothingIsNone) {
  create();
  put(engine, "Plain", {{"id", "a"}, {"n", 1}});
  put(engine, "Plain", {{"id", "a"}, {"n", 1}});
  put(engine, "Plain", {{"id", "a"}, {"n", 2}});
  update_item(*engine, {.table_name = "Plain", .key = Item{{"id", "b"}}}).value();
  update_item(*engine, {.table_name = "Plain",
                        .key = Item{{"id", "a"}},
                        .update_expression = "ADD n :z",
                        .expression_attribute_values = Item{{":z", 0}}})
      .value();
  delete_item(*engine, {.table_name = "Plain", .key = Item{{"id", "a"}}}).value();
  delete_item(*engine, {.table_name = "Plain", .key = Item{{"id", "a"}}}).value();

  const auto records = read_all();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].event_name, "INSERT");
  EXPECT_EQ(records[0].dynamodb.new_image, (Item{{"id", "a"}, {"n", 1}}));
  EXPECT_FALSE(records[0].dynamodb.old_image);
  EXPECT_EQ(records[0].dynamodb.keys, (Item{{"id", "a"}}));
  EXPECT_EQ(records[0].event_source, "aws:dynamodb");
  EXPECT_EQ(records[0].event_version, "1.1");
  EXPECT_EQ(records[0].event_id.size(), 32u);
  EXPECT_EQ(records[0].dynamodb.sequence_number.size(), 21u);
  EXPECT_FALSE(records[0].user_identity);
  EXPECT_EQ(records[1].event_name, "MODIFY");
  EXPECT_EQ(records[1].dynamodb.old_image, (Item{{"id", "a"}, {"n", 1}}));
  EXPECT_EQ(records[1].dynamodb.new_image, (Item{{"id", "a"}, {"n", 2}}));
  EXPECT_EQ(records[2].event_name, "INSERT");
  EXPECT_EQ(records[2].dynamodb.new_image, (Item{{"id", "b"}}));
  EXPECT_EQ(records[3].event_name, "REMOVE");
  EXPECT_FALSE(records[3].dynamodb.new_image);
  EXPECT_EQ(records[3].dynamodb.old_image, (Item{{"id", "a"}, {"n", 2}}));

  const auto again = read_all();
  EXPECT_EQ(again[3].event_id, records[3].event_id);
  EXPECT_NE(again[3].event_id, records[2].event_id);
}

TEST_F(StreamsTest, AnUpdatesImagesAreWholeItemsAndItsKeyOfOneThatLostAllElse) {
  create();
  const auto update = [&](const char* expression, std::optional<Item> values) {
    update_item(*engine, {.table_name = "Plain",
                          .key = Item{{"id", "a"}},
                          .update_expression = expression,
                          .expression_attribute_values = std::move(values)})
        .value();
  };
  update("SET x = :v, y = :v", Item{{":v", 1}});
  update("SET x = :v", Item{{":v", 2}});
  update("REMOVE x, y", {});
  const auto records = read_all();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].event_name, "INSERT");
  EXPECT_EQ(records[1].dynamodb.old_image, (Item{{"id", "a"}, {"x", 1}, {"y", 1}}));
  EXPECT_EQ(records[1].dynamodb.new_image, (Item{{"id", "a"}, {"x", 2}, {"y", 1}}));
  EXPECT_EQ(records[2].event_name, "MODIFY");
  EXPECT_EQ(records[2].dynamodb.new_image, (Item{{"id", "a"}}));
}

TEST_F(StreamsTest, ATransactionThatIsCancelledLeavesNoRecord) {
  create();
  put(engine, "Plain", {{"id", "a"}});
  std::vector<TransactWriteItem> actions(2);
  actions[0].put = TransactPut{.table_name = "Plain", .item = Item{{"id", "b"}}};
  actions[1].remove = TransactDelete{.table_name = "Plain",
                                     .key = Item{{"id", "a"}},
                                     .condition_expression = "attribute_not_exists(id)"};
  EXPECT_FALSE(transact_write_items(*engine, {.transact_items = std::move(actions)}));
  EXPECT_EQ(read_all().size(), 1u);
}

TEST_F(StreamsTest, ShowWhatTheirViewSays) {
  const auto shown = [&](StreamViewType view) {
    create("T" + std::to_string(static_cast<int>(view)) + "xx", view);
    const std::string table = arn.substr(arn.find("table/") + 6, 4);
    put(engine, table, {{"id", "a"}, {"n", 1}});
    put(engine, table, {{"id", "a"}, {"n", 2}});
    delete_item(*engine, {.table_name = table, .key = Item{{"id", "a"}}}).value();
    std::string images;
    for (const ChangeRecord& record : read_all()) {
      EXPECT_EQ(record.dynamodb.keys, (Item{{"id", "a"}}));
      images += record.dynamodb.old_image ? "o" : "-";
      images += record.dynamodb.new_image ? "n " : "- ";
    }
    return images;
  };
  EXPECT_EQ(shown(StreamViewType::keys_only), "-- -- -- ");
  EXPECT_EQ(shown(StreamViewType::new_image), "-n -n -- ");
  EXPECT_EQ(shown(StreamViewType::old_image), "-- o- o- ");
  EXPECT_EQ(shown(StreamViewType::new_and_old_images), "-n on o- ");
}

TEST_F(StreamsTest, SizesAreThoseOfTheService) {
  const auto size = [](const AttributeMap& attributes) {
    return size_bytes_of(model::view_item(model::encode(attributes)));
  };
  const auto number = [&](const char* text) {
    return size({{"n", AttributeValue(Number::parse(text).value())}}) - 1;
  };
  EXPECT_EQ(number("0"), 1u);
  for (const char* text : {"1", "100", "0.001", "150000000000"})
    EXPECT_EQ(number(text), 2u) << text;
  for (const char* text : {"1.5", "-1"}) EXPECT_EQ(number(text), 3u) << text;
  for (const char* text : {"12345", "123456"}) EXPECT_EQ(number(text), 4u) << text;
  EXPECT_EQ(number("-12345"), 5u);
  EXPECT_EQ(number("12345678901234567890123456789012345678"), 20u);
  EXPECT_EQ(size({{"p", "a"}, {"c", "1"}}), 4u);
  EXPECT_EQ(size({{"v", AttributeMap{{"ab", AttributeList{"xyz"}}}}}), 14u);
  EXPECT_EQ(size({{"t", true}, {"u", nullptr}}), 4u);
}

TEST_F(StreamsTest, AreReadFromWhereTheIteratorSays) {
  create();
  const std::string shard = only_shard();
  put(engine, "Plain", {{"id", "a"}});
  const std::string latest = iterator(shard, ShardIteratorType::latest);
  put(engine, "Plain", {{"id", "b"}});
  put(engine, "Plain", {{"id", "c"}});
  const auto all = read(iterator(shard, ShardIteratorType::trim_horizon));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(read(latest).size(), 2u);
  const std::string second = all[1].dynamodb.sequence_number;
  EXPECT_EQ(read(iterator(shard, ShardIteratorType::at_sequence_number, second)).size(), 2u);
  EXPECT_EQ(read(iterator(shard, ShardIteratorType::after_sequence_number, second)).size(), 1u);
  EXPECT_EQ(read(iterator(shard, ShardIteratorType::trim_horizon), 1).size(), 3u);
  const auto start = *described().shards[0].sequence_number_range.starting_sequence_number;
  EXPECT_EQ(read(iterator(shard, ShardIteratorType::at_sequence_number, start)).size(), 3u);
  // Any number of times.
  EXPECT_EQ(read(latest).size(), 2u);
}

TEST_F(StreamsTest, IteratorsEndAfterAQuarterOfAnHourAndCannotBeMadeUp) {
  create();
  const std::string from = iterator(only_shard(), ShardIteratorType::trim_horizon);
  engine.clock.advance(15min);
  EXPECT_TRUE(get_records(*engine, {.shard_iterator = from}));
  engine.clock.advance(1us);
  EXPECT_EQ(get_records(*engine, {.shard_iterator = from}).error().code(),
            ErrorCode::expired_iterator);
  std::string forged = iterator(only_shard(), ShardIteratorType::trim_horizon);
  forged[20] = forged[20] == 'A' ? 'B' : 'A';
  for (const std::string& text : {forged, std::string("x"), from.substr(1)}) {
    EXPECT_EQ(complaint(get_records(*engine, {.shard_iterator = text})), "Invalid ShardIterator");
  }
  TestEngine other;
  EXPECT_EQ(complaint(get_records(*other, {.shard_iterator = from})), "Invalid ShardIterator");
  engine.reopen();
  EXPECT_TRUE(get_records(
      *engine, {.shard_iterator = iterator(only_shard(), ShardIteratorType::trim_horizon)}));
}

TEST_F(StreamsTest, ARolledShardEndsWhereItsChildBegins) {
  create();
  const std::string parent = only_shard();
  put(engine, "Plain", {{"id", "a"}});
  std::string at_the_tip = iterator(parent, ShardIteratorType::latest);
  roll(2);
  put(engine, "Plain", {{"id", "b"}});
  put(engine, "Plain", {{"id", "c"}});

  const auto shards = described().shards;
  ASSERT_EQ(shards.size(), 3u);
  EXPECT_EQ(shards[0].shard_id, parent);
  EXPECT_FALSE(shards[0].parent_shard_id);
  EXPECT_EQ(shards[1].parent_shard_id, parent);
  EXPECT_EQ(shards[2].parent_shard_id, parent);
  EXPECT_LT(parent, shards[1].shard_id);
  const auto& ended = shards[0].sequence_number_range;
  ASSERT_TRUE(ended.ending_sequence_number);
  EXPECT_LT(*ended.ending_sequence_number,
            *shards[1].sequence_number_range.starting_sequence_number);
  const auto last =
      get_records(*engine, {.shard_iterator = iterator(parent, ShardIteratorType::trim_horizon)});
  EXPECT_EQ(last->records.size(), 1u);
  EXPECT_FALSE(last->next_shard_iterator);
  EXPECT_EQ(last->records[0].dynamodb.sequence_number, *ended.ending_sequence_number);
  EXPECT_FALSE(get_records(*engine, {.shard_iterator = at_the_tip})->next_shard_iterator);
  EXPECT_EQ(read_all().size(), 3u);

  const auto children =
      describe_stream(*engine, {.stream_arn = arn,
                                .shard_filter = ShardFilter{.type = ShardFilterType::child_shards,
                                                            .shard_id = parent}})
          .value()
          .stream_description.shards;
  EXPECT_EQ(children.size(), 2u);
}

TEST_F(StreamsTest, RollByThemselvesAsTheOptionsSay) {
  engine.stream_options = {.roll_after = 1h, .roll_records = 3, .max_open_shards = 4};
  engine.reopen();
  create();
  put(engine, "Plain", {{"id", "a"}});
  engine->streams.turn().value();
  EXPECT_EQ(described().shards.size(), 1u);
  put(engine, "Plain", {{"id", "b"}});
  put(engine, "Plain", {{"id", "c"}});
  engine->streams.turn().value();
  EXPECT_EQ(described().shards.size(), 2u);
  engine.clock.advance(1h + 1s);
  engine->streams.turn().value();
  EXPECT_EQ(described().shards.size(), 2u) << "it is empty";
  put(engine, "Plain", {{"id", "d"}});
  engine->streams.turn().value();
  EXPECT_EQ(described().shards.size(), 3u);
}

TEST_F(StreamsTest, SplitWhereTooMuchComes) {
  engine.stream_options = {.split_rate = 1, .max_open_shards = 2};
  engine.reopen();
  create();
  engine->streams.turn().value();
  for (int i = 0; i < 20; ++i) put(engine, "Plain", {{"id", std::to_string(i)}});
  engine.clock.advance(10s);
  engine->streams.turn().value();
  EXPECT_EQ(described().shards.size(), 3u);
  engine->streams.turn().value();
  for (int i = 0; i < 60; ++i) put(engine, "Plain", {{"id", std::to_string(i)}, {"n", 2}});
  engine.clock.advance(10s);
  engine->streams.turn().value();
  EXPECT_EQ(described().shards.size(), 3u) << "no more may be open";
  EXPECT_EQ(read_all().size(), 80u);
}

TEST_F(StreamsTest, ARecordGoesWhenItIsADayOldAndWhoHadNotReadItIsTold) {
  create();
  const std::string shard = only_shard();
  put(engine, "Plain", {{"id", "a"}});
  put(engine, "Plain", {{"id", "b"}});
  const auto first = read(iterator(shard, ShardIteratorType::trim_horizon));
  engine.clock.advance(24h - 10min);
  const std::string before =
      iterator(shard, ShardIteratorType::at_sequence_number, first[0].dynamodb.sequence_number);
  const std::string horizon = iterator(shard, ShardIteratorType::trim_horizon);
  put(engine, "Plain", {{"id", "c"}});
  engine->streams.turn().value();
  EXPECT_EQ(read(horizon).size(), 3u);
  engine.clock.advance(11min);
  engine->streams.turn().value();
  for (const bool reopened : {false, true}) {
    if (reopened) engine.reopen();
    EXPECT_EQ(get_records(*engine, {.shard_iterator = before}).error().code(),
              ErrorCode::trimmed_data_access);
    EXPECT_EQ(read(horizon).size(), 1u);
    const auto at = [&](ShardIteratorType type, std::size_t i) {
      return complaint(
          get_shard_iterator(*engine, {.stream_arn = arn,
                                       .shard_id = shard,
                                       .shard_iterator_type = type,
                                       .sequence_number = first[i].dynamodb.sequence_number}));
    };
    EXPECT_EQ(at(ShardIteratorType::at_sequence_number, 1),
              "The operation attempted to read past the oldest stream record in a shard.");
    EXPECT_EQ(at(ShardIteratorType::after_sequence_number, 0),
              "The operation attempted to read past the oldest stream record in a shard.");
    EXPECT_EQ(at(ShardIteratorType::after_sequence_number, 1), "none");
  }
}

TEST_F(StreamsTest, SwitchedOffTheyStayReadableForADay) {
  create();
  put(engine, "Plain", {{"id", "a"}});
  update_table(*engine, {.table_name = "Plain",
                         .stream_specification = StreamSpecification{.stream_enabled = false}})
      .value();
  put(engine, "Plain", {{"id", "b"}});
  EXPECT_EQ(described().stream_status, StreamStatus::disabled);
  EXPECT_EQ(read_all().size(), 1u);
  const std::string first = arn;

  const auto updated =
      update_table(*engine,
                   {.table_name = "Plain",
                    .stream_specification =
                        StreamSpecification{.stream_enabled = true,
                                            .stream_view_type = StreamViewType::keys_only}})
          .value();
  arn = *updated.table_description.latest_stream_arn;
  EXPECT_NE(arn, first);
  put(engine, "Plain", {{"id", "c"}});
  EXPECT_EQ(read_all().size(), 1u);
  const auto listed = list_streams(*engine, {.table_name = "Plain"}).value();
  ASSERT_EQ(listed.streams.size(), 2u);
  EXPECT_EQ(listed.streams[0].stream_arn, arn) << "the newest first";
  const auto page = list_streams(*engine, {.limit = 1}).value();
  EXPECT_EQ(page.last_evaluated_stream_arn, arn);
  const auto rest =
      list_streams(*engine, {.exclusive_start_stream_arn = page.last_evaluated_stream_arn}).value();
  ASSERT_EQ(rest.streams.size(), 1u);
  EXPECT_EQ(rest.streams[0].stream_arn, first);

  delete_table(*engine, {.table_name = "Plain"}).value();
  EXPECT_EQ(described().stream_status, StreamStatus::disabled);
  EXPECT_EQ(read_all().size(), 1u);
  engine.clock.advance(24h);
  engine->streams.turn().value();
  EXPECT_TRUE(list_streams(*engine, {}).value().streams.empty());
  EXPECT_EQ(complaint(describe_stream(*engine, {.stream_arn = arn})),
            "Requested resource not found: Stream: " + arn + " not found");
  engine.reopen();
  EXPECT_TRUE(list_streams(*engine, {}).value().streams.empty());
}

// Of those that are there all the while, whichever come and go.
TEST_F(StreamsTest, AreListedOnceThoughOthersComeAndGoBetweenThePages) {
  const auto name = [](int n) { return "T" + std::to_string(100 + n); };
  std::set<std::string> staying;
  for (int n = 0; n < 30; ++n) {
    create(name(n * 10));
    if (n % 3 != 0) staying.insert(arn);
  }
  for (int n = 0; n < 30; n += 3) {
    delete_table(*engine, {.table_name = name(n * 10)}).value();
  }
  std::vector<std::string> listed;
  std::optional<std::string> after;
  do {
    const auto page =
        list_streams(*engine, {.limit = 4, .exclusive_start_stream_arn = after}).value();
    for (const StreamSummary& stream : page.streams) listed.push_back(stream.stream_arn);
    after = page.last_evaluated_stream_arn;
    const int here = static_cast<int>(listed.size());
    create(name(here) + "new");        // before the place
    create(name(295 - here) + "new");  // behind it
    if (here == 12) {  // those that were deleted are forgotten, the place itself too
      engine.clock.advance(24h);
      engine->streams.turn().value();
    }
  } while (after);
  for (const std::string& each : staying) {
    EXPECT_EQ(std::count(listed.begin(), listed.end(), each), 1) << each;
  }
  std::sort(listed.begin(), listed.end());
  EXPECT_EQ(std::adjacent_find(listed.begin(), listed.end()), listed.end());
}

TEST_F(StreamsTest, SurviveTheProcess) {
  create();
  put(engine, "Plain", {{"id", "a"}});
  roll();
  put(engine, "Plain", {{"id", "b"}});
  const auto before = read_all();
  const auto shards = described().shards;
  engine.clock.set(Time{});  // numbers rise whatever the clock says
  engine.reopen();
  put(engine, "Plain", {{"id", "c"}});
  const auto after = read_all();
  ASSERT_EQ(after.size(), 3u);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].event_id, before[i].event_id);
  }
  EXPECT_GT(after[2].dynamodb.sequence_number, after[1].dynamodb.sequence_number);
  EXPECT_EQ(described().shards.size(), shards.size());
}

TEST_F(StreamsTest, ATransactionsRecordsStandTogetherInItsOrder) {
  create();
  const auto put_of = [](const std::string& id) {
    TransactWriteItem action;
    action.put = TransactPut{.table_name = "Plain", .item = Item{{"id", id}}};
    return action;
  };
  transact_write_items(*engine, {.transact_items = {{put_of("z"), put_of("a"), put_of("m")}},
                                 .client_request_token = "once"})
      .value();
  transact_write_items(*engine, {.transact_items = {{put_of("z"), put_of("a"), put_of("m")}},
                                 .client_request_token = "once"})
      .value();
  const auto records = read_all();
  ASSERT_EQ(records.size(), 3u);
  std::string order;
  for (const auto& record : records) {
    order += record.dynamodb.keys.find("id")->get_if<std::string>()->at(0);
  }
  EXPECT_EQ(order, "zam");
  EXPECT_EQ(*parse_sequence_number(records[1].dynamodb.sequence_number),
            *parse_sequence_number(records[0].dynamodb.sequence_number) + 1);
}

TEST_F(StreamsTest, ATransactionOverAllShardsHasOneRunOfNumbers) {
  engine.stream_options = {.initial_shards = 8};
  engine.reopen();
  create();
  constexpr int actions = 100;
  TransactWriteItemsRequest request{.transact_items = std::vector<TransactWriteItem>{}};
  for (int n = 0; n < actions; ++n) {
    TransactWriteItem action;
    action.put = TransactPut{.table_name = "Plain", .item = Item{{"id", std::to_string(n)}}};
    request.transact_items->push_back(std::move(action));
  }
  request.want_stream_point = true;
  const auto done = transact_write_items(*engine, request).value();
  std::map<SequenceNumber, std::string> by_number;
  for (const ChangeRecord& record : read_all()) {
    by_number.emplace(*parse_sequence_number(record.dynamodb.sequence_number),
                      record.dynamodb.keys.at("id").as_string());
  }
  ASSERT_EQ(by_number.size(), static_cast<std::size_t>(actions));
  const SequenceNumber first = by_number.begin()->first;
  for (int n = 0; n < actions; ++n) {
    EXPECT_EQ(by_number[first + static_cast<SequenceNumber>(n)], std::to_string(n));
  }
  EXPECT_EQ(*parse_sequence_number(done.stream_point->position), first + 999);
}

TEST_F(StreamsTest, PlacesInThemSurviveTheProcess) {
  create();
  put(engine, "Plain", {{"id", "a"}});
  const std::string begin = iterator(only_shard(), ShardIteratorType::trim_horizon);
  const std::string tip = iterator(only_shard(), ShardIteratorType::latest);
  const auto known =
      scan(*engine, {.table_name = "Plain", .want_stream_point = true}).value().stream_point;
  engine.reopen();
  put(engine, "Plain", {{"id", "b"}});
  EXPECT_EQ(read(begin).size(), 2u);
  EXPECT_EQ(read(tip).size(), 1u);
  EXPECT_EQ(read(iterator(only_shard(), ShardIteratorType::after_sequence_number, known->position))
                .size(),
            1u);
}

TEST_F(StreamsTest, RefuseOptionsThatMakeNoSense) {
  for (const StreamOptions& options :
       {StreamOptions{.retention = 0ms}, StreamOptions{.initial_shards = 0},
        StreamOptions{.initial_shards = 5, .max_open_shards = 4},
        StreamOptions{.max_open_shards = 1001}}) {
    const auto opened = Streams::open(engine->store, engine.clock, "arn:", options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::invalid_argument);
  }
}

TEST_F(StreamsTest, ComplainAboutWhatTheyAreAskedInThisOrder) {
  create();
  const std::string shard = only_shard();
  const auto ask = [&](GetShardIteratorRequest request) {
    if (!request.stream_arn) request.stream_arn = arn;
    if (!request.shard_id) request.shard_id = shard;
    return complaint(get_shard_iterator(*engine, request));
  };
  using enum ShardIteratorType;
  EXPECT_EQ(ask({}),
            "1 validation error detected: Value null at 'shardIteratorType' failed to satisfy "
            "constraint: Member must not be null");
  EXPECT_EQ(ask({.shard_iterator_type = latest, .sequence_number = std::string(21, '1')}),
            "SequenceNumber must not be given for the ShardIteratorTypes TRIM_HORIZON and LATEST");
  EXPECT_EQ(ask({.shard_iterator_type = at_sequence_number}),
            "SequenceNumber must be given for the ShardIteratorTypes AT_SEQUENCE_NUMBER and "
            "AFTER_SEQUENCE_NUMBER");
  EXPECT_EQ(
      ask({.shard_iterator_type = at_sequence_number, .sequence_number = std::string(21, 'x')}),
      "Invalid SequenceNumber");
  for (const std::string& number : {std::string(21, '0'), std::string(40, '9')}) {
    EXPECT_EQ(ask({.shard_iterator_type = at_sequence_number, .sequence_number = number}),
              "Invalid SequenceNumber for the shard");
  }
  EXPECT_EQ(ask({.stream_arn = std::string(40, 'x'), .shard_iterator_type = latest}),
            "Invalid StreamArn");
  EXPECT_EQ(ask({.stream_arn = arn + "0", .shard_iterator_type = latest}),
            "Requested resource not found: Stream: " + arn + "0 not found");
  EXPECT_EQ(ask({.shard_id = std::string(37, 'x'), .shard_iterator_type = latest}),
            "Requested resource not found: Shard does not exist");
}

// What every thread does to its items, seen through a stream whose shards are rolled and split all
// the while: each change once, each item's in order.
TEST_F(StreamsTest, OfManyThreadsAndRollsNothingIsLostOrOutOfOrder) {
  engine.stream_options = {.initial_shards = 2, .max_open_shards = 16};
  engine.reopen();
  create();
  constexpr int threads = 4;
  constexpr int writes = 400;
  constexpr int items = 7;
  std::atomic<bool> stop = false;
  std::thread roller([&] {
    const auto stream = engine->streams.find(arn);
    for (int i = 0; !stop; ++i) {
      const auto state = stream->state();
      const Shard& shard = state->shards[static_cast<std::size_t>(i) % state->shards.size()];
      const auto rolled = engine->streams.roll(*stream, shard.id, i % 5 == 0 ? 2 : 1);
      EXPECT_TRUE(rolled || rolled.error().code() == ErrorCode::resource_not_found);
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&] {
      for (int i = 0; i < writes; ++i) {
        update_item(*engine, {.table_name = "Plain",
                              .key = Item{{"id", "item " + std::to_string(i % items)}},
                              .update_expression = "ADD n :one",
                              .expression_attribute_values = Item{{":one", 1}}})
            .value();
      }
    });
  }
  for (auto& writer : writers) writer.join();
  stop = true;
  roller.join();

  // Whoever reads a shard after its parent sees each item's changes in order.
  std::map<std::string, int> seen;
  for (const ChangeRecord& record : read_all()) {
    const std::string id = *record.dynamodb.keys.find("id")->get_if<std::string>();
    const auto n = record.dynamodb.new_image->find("n")->get_if<Number>()->to_int64();
    EXPECT_EQ(n, ++seen[id]) << id;
  }
  int total = 0;
  for (const auto& [id, count] : seen) total += count;
  EXPECT_EQ(total, threads * writes);
  EXPECT_GT(all_shards().size(), 10u);
}

TEST_F(StreamsTest, ATurnMayComeWhileShardsAreRolled) {
  engine.stream_options = {.roll_records = 1'000'000, .split_rate = 1'000'000};
  engine.reopen();
  create();
  std::jthread turning([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) engine->streams.turn().value();
  });
  for (int i = 0; i < 100; ++i) {
    put(engine, "Plain", {{"id", std::to_string(i)}});
    roll();
  }
  turning = {};
  EXPECT_EQ(read_all().size(), 100U);
}

TEST_F(StreamsTest, WhoWaitsIsWoken) {
  create();
  const auto stream = engine->streams.find(arn);
  std::atomic<int> woken = 0;
  engine->streams.when_more(stream, [&] { ++woken; });
  EXPECT_EQ(woken, 0);
  put(engine, "Plain", {{"id", "a"}});
  EXPECT_EQ(woken, 1);
  put(engine, "Plain", {{"id", "b"}});
  EXPECT_EQ(woken, 1) << "once";
  const auto waiter = engine->streams.when_more(stream, [&] { ++woken; });
  engine->streams.forget(*stream, waiter);
  put(engine, "Plain", {{"id", "c"}});
  EXPECT_EQ(woken, 1);
  engine->streams.when_more(stream, [&] { ++woken; });
  roll();
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace dynakeep::engine
