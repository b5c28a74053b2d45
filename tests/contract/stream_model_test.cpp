#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"

namespace dynakeep::contract {
namespace {

constexpr int threads = 4;
constexpr int operations = 25'000;  // of each thread
constexpr int keys = 40;
constexpr int operations_a_roll = 125;
constexpr int operations_a_split = 8'000;
constexpr auto table = "Songs";

Key key_of(unsigned number) { return Key{{"id", std::to_string(number % keys)}}; }

// Writes of every kind, to keys that all threads share. Some change nothing, and some are refused.
class Writer {
 public:
  Writer(Database& database, unsigned seed) : database_(database), chance_(seed) {}

  void write() {
    switch (chance_() % 6) {
      case 0:
        note(database_.put_item({.table_name = table, .item = item()}));
        break;
      case 1:
        note(database_.update_item({.table_name = table,
                                    .key = key_of(pick()),
                                    .update_expression = "ADD n :one",
                                    .expression_attribute_values = Item{{":one", 1}}}));
        break;
      case 2:
        note(database_.delete_item({.table_name = table, .key = key_of(pick())}));
        break;
      case 3:
        note(database_.put_item({.table_name = table,
                                 .item = item(),
                                 .condition_expression = "attribute_not_exists(id)"}));
        break;
      case 4:
        batch();
        break;
      default:
        transact();
    }
  }
  // Other than a condition that does not hold.
  int failures() const { return failures_; }

 private:
  unsigned pick() { return static_cast<unsigned>(chance_()); }
  Item item() {
    Item made = key_of(pick());
    made["n"] = static_cast<int>(chance_() % 3);
    return made;
  }

  void batch() {
    const unsigned first = pick();
    std::vector<WriteRequest> writes;
    for (unsigned i = 0; i < 3; ++i) {
      if (chance_() % 2 == 0) {
        writes.push_back({.remove = key_of(first + i)});
      } else {
        Item made = key_of(first + i);
        made["n"] = static_cast<int>(chance_() % 3);
        writes.push_back({.put = std::move(made)});
      }
    }
    note(database_.batch_write_item(
        {.request_items =
             std::map<std::string, std::vector<WriteRequest>>{{table, std::move(writes)}}}));
  }
  void transact() {
    const unsigned first = pick();
    std::vector<TransactWriteItem> actions(2);
    actions[0].update =
        TransactUpdate{.table_name = table,
                       .key = key_of(first),
                       .update_expression = "SET n = :n",
                       .expression_attribute_values = Item{{":n", static_cast<int>(pick() % 3)}}};
    actions[1].remove = TransactDelete{.table_name = table, .key = key_of(first + 1)};
    note(database_.transact_write_items({.transact_items = std::move(actions)}));
  }

  template <typename T>
  void note(const Result<T>& result) {
    if (!result && !result.error().is_condition_failure()) ++failures_;
  }

  Database& database_;
  std::minstd_rand chance_;
  int failures_ = 0;
};

std::vector<ChangeRecord> read_all(Database& database, const std::string& arn) {
  std::vector<ChangeRecord> records;
  DescribeStreamRequest request{.stream_arn = arn};
  for (;;) {
    const auto stream = must(database.describe_stream(request)).stream_description;
    for (const StreamShard& shard : stream.shards) {
      auto at = must(database.get_shard_iterator(
                         {.stream_arn = arn,
                          .shard_id = shard.shard_id,
                          .shard_iterator_type = ShardIteratorType::trim_horizon}))
                    .shard_iterator;
      std::string last;
      while (at) {
        auto page = must(database.get_records({.shard_iterator = at}));
        if (page.records.empty()) break;
        for (ChangeRecord& record : page.records) {
          EXPECT_GT(record.dynamodb.sequence_number, last);
          last = record.dynamodb.sequence_number;
          records.push_back(std::move(record));
        }
        at = page.next_shard_iterator;
      }
    }
    if (!stream.last_evaluated_shard_id) return records;
    request.exclusive_start_shard_id = stream.last_evaluated_shard_id;
  }
}

void replace_shards(Database& database, const std::string& arn, int operation) {
  if (operation % operations_a_split != 0) {
    must(database.admin()->roll_shards({.stream_arn = arn}));
    return;
  }
  DescribeStreamRequest request{.stream_arn = arn};
  std::vector<std::string> open;
  for (;;) {
    const auto stream = must(database.describe_stream(request)).stream_description;
    for (const StreamShard& shard : stream.shards) {
      if (!shard.sequence_number_range.ending_sequence_number) open.push_back(shard.shard_id);
    }
    if (!stream.last_evaluated_shard_id) break;
    request.exclusive_start_shard_id = stream.last_evaluated_shard_id;
  }
  for (const std::string& shard : open) {
    must(database.admin()->split_shard({.stream_arn = arn, .shard_id = shard}));
  }
}

// J13: after writes of every kind by several threads, with shards that roll and split meanwhile,
// the stream tells of each change once: what it says an item was is what it said before that it
// became.
TEST(StreamModel, TheRecordsAreTheHistoryOfEveryItem) {
  const auto database = must(open_embedded({.in_memory = true}));
  CreateTableRequest request = table_of("id");
  request.table_name = table;
  request.stream_specification = StreamSpecification{
      .stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
  const std::string arn =
      must(database->create_table(request)).table_description.latest_stream_arn.value();

  std::vector<Writer> writers;
  for (unsigned n = 0; n < threads; ++n) writers.emplace_back(*database, n + 1);
  std::vector<std::thread> running;
  for (Writer& writer : writers) {
    running.emplace_back([&, is_first = &writer == &writers.front()] {
      for (int n = 1; n <= operations; ++n) {
        writer.write();
        if (is_first && n % operations_a_roll == 0) replace_shards(*database, arn, n);
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  for (const Writer& writer : writers) EXPECT_EQ(writer.failures(), 0);

  std::map<std::string, Item> items;
  const auto records = read_all(*database, arn);
  for (const ChangeRecord& record : records) {
    const std::string id = record.dynamodb.keys.at("id").as_string();
    const auto before = items.find(id);
    SCOPED_TRACE(record.dynamodb.sequence_number);
    ASSERT_EQ(record.dynamodb.old_image.has_value(), before != items.end());
    const bool is_as_told = before == items.end() || *record.dynamodb.old_image == before->second;
    ASSERT_TRUE(is_as_told);
    ASSERT_NE(record.dynamodb.old_image, record.dynamodb.new_image);
    if (record.dynamodb.new_image) {
      items.insert_or_assign(id, *record.dynamodb.new_image);
    } else {
      items.erase(before);
    }
  }
  std::map<std::string, Item> found;
  auto page = must(database->scan({.table_name = table}));
  for (Item& item : *page.items) {
    const std::string id = item.at("id").as_string();
    found.emplace(id, std::move(item));
  }
  EXPECT_EQ(items, found);
  EXPECT_GT(records.size(), 10'000u);
}

}  // namespace
}  // namespace dynakeep::contract
