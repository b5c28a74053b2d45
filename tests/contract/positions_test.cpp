#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/pages.h"
#include "dynakeep/snapshot.h"

namespace dynakeep::contract {
namespace {

using Table = std::map<std::string, Item>;

// What our engine tells beside DynamoDB: positions and snapshots.
class Positions : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (!capabilities().positions) GTEST_SKIP() << "no positions";
  }

  std::string create_with_stream() {
    auto request = table_of("id");
    request.stream_specification = StreamSpecification{
        .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
    return create(request);
  }
  std::string arn_of(const std::string& table) {
    return must(database().describe_table({.table_name = table})).table.latest_stream_arn.value();
  }

  StreamPoint point_of_put(const std::string& table, Item item) {
    return must(database().put_item(
                    {.table_name = table, .item = std::move(item), .want_stream_point = true}))
        .stream_point.value();
  }
  StreamPoint point_of_get(const std::string& table, const std::string& id) {
    return must(database().get_item(
                    {.table_name = table, .key = Key{{"id", id}}, .want_stream_point = true}))
        .stream_point.value();
  }

  // All records of the stream, parents before children.
  std::vector<ChangeRecord> records_of(const std::string& arn) {
    std::vector<ChangeRecord> records;
    const auto described = must(database().describe_stream({.stream_arn = arn}));
    for (const StreamShard& shard : described.stream_description.shards) {
      auto at = must(database().get_shard_iterator(
                         {.stream_arn = arn,
                          .shard_id = shard.shard_id,
                          .shard_iterator_type = ShardIteratorType::trim_horizon}))
                    .shard_iterator;
      while (at) {
        auto page = must(database().get_records({.shard_iterator = at}));
        if (page.records.empty()) break;
        for (auto& record : page.records) records.push_back(std::move(record));
        at = page.next_shard_iterator;
      }
    }
    return records;
  }

  Table items_of(ScanRequest request) {
    Table items;
    for (;;) {
      auto page = must(database().scan(request));
      for (Item& item : *page.items) {
        std::string id = *item.find("id")->get_if<std::string>();
        items.emplace(std::move(id), std::move(item));
      }
      if (!page.last_evaluated_key) return items;
      request.exclusive_start_key = std::move(page.last_evaluated_key);
    }
  }

  // The table with what came after the position.
  static Table with_records_after(Table items, const std::vector<ChangeRecord>& records,
                                  const std::string& position) {
    for (const ChangeRecord& record : records) {
      // All have the same number of digits here.
      if (record.dynamodb.sequence_number <= position) continue;
      const std::string id = *record.dynamodb.keys.find("id")->get_if<std::string>();
      if (record.dynamodb.new_image) {
        items[id] = *record.dynamodb.new_image;
      } else {
        items.erase(id);
      }
    }
    return items;
  }
};

// Writes that never cease, by several threads, until it is destroyed.
class Writers {
 public:
  Writers(Database& database, const std::string& table, int count) {
    for (int number = 0; number < count; ++number) {
      threads_.emplace_back([this, &database, table, number] {
        std::minstd_rand chance(static_cast<unsigned>(number) + 1);
        for (int n = 0; !stop_; ++n) {
          const std::string id = std::to_string(chance() % 50);
          if (chance() % 3 == 0) {
            const auto deleted =
                database.delete_item({.table_name = table, .key = Key{{"id", id}}});
            if (!deleted) failed_ = true;
          } else {
            const auto put = database.put_item(
                {.table_name = table, .item = Item{{"id", id}, {"by", number}, {"n", n}}});
            if (!put) failed_ = true;
          }
        }
      });
    }
  }
  ~Writers() { stop(); }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  // Whether all writes were done.
  bool stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return !failed_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<bool> failed_ = false;
  std::vector<std::thread> threads_;
};

TEST_P(Positions, AreToldOnlyToThoseWhoAsk) {
  const auto table = create_with_stream();
  EXPECT_FALSE(
      must(database().put_item({.table_name = table, .item = Item{{"id", "a"}}})).stream_point);
  EXPECT_FALSE(must(database().scan({.table_name = table})).stream_point);
  EXPECT_FALSE(
      must(database().get_item({.table_name = table, .key = Key{{"id", "a"}}})).stream_point);
}

TEST_P(Positions, AreAbsentWhereThereIsNoStream) {
  const auto table = create_plain();
  EXPECT_FALSE(
      must(database().put_item(
               {.table_name = table, .item = Item{{"id", "a"}}, .want_stream_point = true}))
          .stream_point);
  EXPECT_FALSE(
      must(database().scan({.table_name = table, .want_stream_point = true})).stream_point);
}

TEST_P(Positions, OfAWriteLieBehindItsRecordAndBeforeTheNext) {
  const auto table = create_with_stream();
  const auto arn = arn_of(table);
  const StreamPoint first = point_of_put(table, {{"id", "a"}});
  const StreamPoint second = point_of_put(table, {{"id", "b"}});
  EXPECT_EQ(first.stream_arn, arn);
  const auto records = records_of(arn);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_LE(records[0].dynamodb.sequence_number, first.position);
  EXPECT_LT(first.position, records[1].dynamodb.sequence_number);
  EXPECT_LE(records[1].dynamodb.sequence_number, second.position);
}

TEST_P(Positions, AreToldByEveryOperationOnItems) {
  const auto table = create_with_stream();
  const Key key{{"id", "a"}};
  std::vector<std::optional<StreamPoint>> points;
  points.push_back(point_of_put(table, {{"id", "a"}}));
  points.push_back(must(database().update_item({.table_name = table,
                                                .key = key,
                                                .update_expression = "SET n = :n",
                                                .expression_attribute_values = Item{{":n", 1}},
                                                .want_stream_point = true}))
                       .stream_point);
  points.push_back(
      must(database().batch_write_item({.request_items =
                                            std::map<std::string, std::vector<WriteRequest>>{
                                                {table, {{.put = Item{{"id", "b"}}}}}},
                                        .want_stream_point = true}))
          .stream_point);
  points.push_back(
      must(database().transact_write_items(
               {.transact_items =
                    std::vector<TransactWriteItem>{
                        {.put = TransactPut{.table_name = table, .item = Item{{"id", "c"}}}}},
                .want_stream_point = true}))
          .stream_point);
  // Deletes something, and then nothing.
  for (int i = 0; i < 2; ++i) {
    points.push_back(
        must(database().delete_item({.table_name = table, .key = key, .want_stream_point = true}))
            .stream_point);
  }
  points.push_back(point_of_get(table, "a"));
  points.push_back(must(database().query({.table_name = table,
                                          .key_condition_expression = "id = :id",
                                          .expression_attribute_values = Item{{":id", "a"}},
                                          .want_stream_point = true}))
                       .stream_point);
  points.push_back(
      must(database().scan({.table_name = table, .want_stream_point = true})).stream_point);
  points.push_back(
      must(database().batch_get_item({.request_items =
                                          std::map<std::string, KeysAndAttributes>{
                                              {table, {.keys = std::vector<Key>{key}}}},
                                      .want_stream_point = true}))
          .stream_point);
  points.push_back(must(database().transact_get_items(
                            {.transact_items =
                                 std::vector<TransactGetItem>{
                                     {.get = TransactGet{.table_name = table, .key = key}}},
                             .want_stream_point = true}))
                       .stream_point);
  for (std::size_t i = 0; i < points.size(); ++i) {
    ASSERT_TRUE(points[i]) << i;
    EXPECT_EQ(points[i]->stream_arn, arn_of(table)) << i;
    EXPECT_EQ(points[i]->position.size(), 21u) << i;
    const std::string before = i == 0 ? "" : points[i - 1]->position;
    EXPECT_GE(points[i]->position, before) << i;
  }
}

TEST_P(Positions, OfSeveralTablesNameNoStream) {
  const auto one = create_with_stream();
  const auto other = create_with_stream();
  const auto point =
      must(database().batch_write_item(
               {.request_items =
                    std::map<std::string, std::vector<WriteRequest>>{
                        {one, {{.put = Item{{"id", "a"}}}}}, {other, {{.put = Item{{"id", "a"}}}}}},
                .want_stream_point = true}))
          .stream_point.value();
  EXPECT_EQ(point.stream_arn, "");
  for (const auto& table : {one, other}) {
    EXPECT_LE(records_of(arn_of(table)).at(0).dynamodb.sequence_number, point.position);
    EXPECT_GE(point_of_get(table, "a").position, point.position);
  }
}

TEST_P(Positions, OfAPageOfRecordsSayWhatIsReadEvenWhereNothingIs) {
  const auto table = create_with_stream();
  const auto arn = arn_of(table);
  const auto shard =
      must(database().describe_stream({.stream_arn = arn})).stream_description.shards.at(0);
  const auto begin =
      must(database().get_shard_iterator({.stream_arn = arn,
                                          .shard_id = shard.shard_id,
                                          .shard_iterator_type = ShardIteratorType::trim_horizon}))
          .shard_iterator;
  const StreamPoint first = point_of_put(table, {{"id", "a"}});
  const StreamPoint second = point_of_put(table, {{"id", "b"}});
  const auto one = must(
      database().get_records({.shard_iterator = begin, .limit = 1, .want_stream_point = true}));
  ASSERT_TRUE(one.stream_point);
  EXPECT_EQ(one.stream_point->stream_arn, arn);
  EXPECT_EQ(one.stream_point->position, one.records.at(0).dynamodb.sequence_number);
  const auto rest = must(database().get_records(
      {.shard_iterator = one.next_shard_iterator, .want_stream_point = true}));
  EXPECT_GE(rest.stream_point.value().position, second.position);
  // A change of another table moves a quiet shard on.
  const StreamPoint elsewhere = point_of_put(create_with_stream(), {{"id", "a"}});
  const auto quiet = must(database().get_records(
      {.shard_iterator = rest.next_shard_iterator, .want_stream_point = true}));
  EXPECT_TRUE(quiet.records.empty());
  EXPECT_GE(quiet.stream_point.value().position, elsewhere.position);
}

TEST_P(Positions, OfAPageAndTheRecordsAfterItAreTheTableWhileOthersWrite) {
  const auto table = create_with_stream();
  Writers writers(database(), table, 4);
  struct Copy {
    Table items = {};
    std::string position = {};
  };
  std::vector<Copy> copies;
  for (int i = 0; i < 20; ++i) {
    auto page = must(database().scan({.table_name = table, .want_stream_point = true}));
    ASSERT_FALSE(page.last_evaluated_key);
    Copy copy{.position = page.stream_point.value().position};
    for (Item& item : *page.items) {
      copy.items.emplace(*item.find("id")->get_if<std::string>(), std::move(item));
    }
    copies.push_back(std::move(copy));
  }
  ASSERT_TRUE(writers.stop());
  const auto records = records_of(arn_of(table));
  const Table now = items_of({.table_name = table});
  for (const Copy& copy : copies) {
    EXPECT_EQ(with_records_after(copy.items, records, copy.position), now);
    // And the copy has all up to the position.
    std::vector<ChangeRecord> before;
    for (const ChangeRecord& record : records) {
      if (record.dynamodb.sequence_number <= copy.position) before.push_back(record);
    }
    EXPECT_EQ(with_records_after({}, before, "0"), copy.items);
  }
}

TEST_P(Positions, OfASnapshotAndTheRecordsAfterItAreTheTableWhileOthersWrite) {
  const auto table = create_with_stream();
  Writers writers(database(), table, 4);
  struct Copy {
    Table items = {};
    std::string position = {};
  };
  std::vector<Copy> copies;
  for (int i = 0; i < 10; ++i) {
    auto snapshot = must(Snapshot::begin(database(), table));
    const std::string position = snapshot.point().value().position;
    // Pages of a few items, so that writes come in between.
    copies.push_back({.items = items_of({.table_name = table,
                                         .limit = 7,
                                         .want_stream_point = true,
                                         .snapshot = snapshot.use()}),
                      .position = position});
    must(snapshot.end());
  }
  ASSERT_TRUE(writers.stop());
  const auto records = records_of(arn_of(table));
  const Table now = items_of({.table_name = table});
  for (const Copy& copy : copies) {
    EXPECT_EQ(with_records_after(copy.items, records, copy.position), now);
  }
}

class Snapshots : public Positions {};

TEST_P(Snapshots, ShowWhatWasThereWhenTheyBegan) {
  const auto table = create_with_stream();
  put(table, {{"id", "a"}, {"n", 1}});
  put(table, {{"id", "b"}, {"n", 1}});
  const auto snapshot = must(Snapshot::begin(database(), table));
  put(table, {{"id", "a"}, {"n", 2}});
  put(table, {{"id", "c"}, {"n", 2}});
  must(database().delete_item({.table_name = table, .key = Key{{"id", "b"}}}));

  EXPECT_EQ(items_of({.table_name = table, .snapshot = snapshot.use()}),
            (Table{{"a", {{"id", "a"}, {"n", 1}}}, {"b", {{"id", "b"}, {"n", 1}}}}));
  const auto got = must(database().get_item(
      {.table_name = table, .key = Key{{"id", "b"}}, .snapshot = snapshot.use()}));
  EXPECT_EQ(got.item, (Item{{"id", "b"}, {"n", 1}}));
  EXPECT_EQ(got.stream_point, snapshot.point());
  const auto queried = must(database().query({.table_name = table,
                                              .key_condition_expression = "id = :id",
                                              .expression_attribute_values = Item{{":id", "c"}},
                                              .snapshot = snapshot.use()}));
  EXPECT_EQ(queried.count, 0);
  EXPECT_EQ(queried.stream_point, snapshot.point());
}

TEST_P(Snapshots, AreThereForTablesWithoutAStreamToo) {
  const auto table = create_plain();
  put(table, {{"id", "a"}});
  const auto snapshot = must(Snapshot::begin(database(), table));
  EXPECT_FALSE(snapshot.point());
  put(table, {{"id", "b"}});
  EXPECT_EQ(items_of({.table_name = table, .snapshot = snapshot.use()}).size(), 1u);
}

TEST_P(Snapshots, AreOverOnceTheyHaveEnded) {
  const auto table = create_with_stream();
  auto snapshot = must(Snapshot::begin(database(), table));
  const SnapshotUse use = snapshot.use();
  must(snapshot.end());
  refused(database().scan({.table_name = table, .snapshot = use}), ErrorCode::snapshot_expired);
}

TEST_P(Snapshots, ThatNeverWereAreOver) {
  const auto table = create_with_stream();
  for (const std::string token : {"00", "no such", "begin\r\nx-other: 1", ""}) {
    refused(database().scan({.table_name = table, .snapshot = SnapshotUse::of(token)}),
            ErrorCode::snapshot_expired);
  }
}

TEST_P(Snapshots, AreOfOneTable) {
  const auto table = create_with_stream();
  const auto other = create_with_stream();
  const auto snapshot = must(Snapshot::begin(database(), table));
  refused(database().scan({.table_name = other, .snapshot = snapshot.use()}),
          ErrorCode::validation);
}

TEST_P(Snapshots, DoNotOutliveTheirTable) {
  const auto table = create_with_stream();
  put(table, {{"id", "a"}});
  const auto snapshot = must(Snapshot::begin(database(), table));
  must(database().delete_table({.table_name = table}));
  refused(database().scan({.table_name = table, .snapshot = snapshot.use()}),
          ErrorCode::resource_not_found);
}

TEST_P(Snapshots, AreNotKeptWithoutBound) {
  const auto table = create_with_stream();
  std::vector<Snapshot> snapshots;
  for (;;) {
    auto snapshot = Snapshot::begin(database(), table);
    if (!snapshot) {
      refused(snapshot, ErrorCode::limit_exceeded);
      break;
    }
    snapshots.push_back(std::move(*snapshot));
    ASSERT_LE(snapshots.size(), 1000u);
  }
  EXPECT_EQ(snapshots.size(), 100u);
  snapshots.pop_back();
  EXPECT_TRUE(Snapshot::begin(database(), table));
}

ON_EVERY_KIND(Positions);
ON_EVERY_KIND(Snapshots);

}  // namespace
}  // namespace dynakeep::contract
