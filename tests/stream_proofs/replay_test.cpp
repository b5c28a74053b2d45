#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "support/stream_history.h"

// Random writes of all kinds by four threads, while items expire and shards are rolled and split:
// what the stream tells is what happened, each change of an item once and in its order, and makes
// the table from nothing. `DYNAKEEP_SEED` gives another history, `DYNAKEEP_STREAM_WRITES` another
// length.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr const char* table = "Songs";
constexpr int threads = 4;
constexpr int own_items = 12;  // of each thread, which alone writes them
constexpr int shared_items = 10;
constexpr int brief_items = 10;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

std::string text_of(const Key& key) {
  std::ostringstream out;
  out << key;
  return std::move(out).str();
}

// What an item was, change by change; empty: it was not there.
using Images = std::vector<std::optional<Item>>;

class Writer {
 public:
  Writer(Database& database, const ManualClock& clock, int number, std::uint64_t seed)
      : database_(database), clock_(clock), number_(number), chance_(seed) {}

  void write(std::uint64_t writes) {
    for (std::uint64_t i = 0; i < writes; ++i) write_one();
  }
  const std::map<std::string, Images>& told() const { return told_; }

 private:
  std::uint64_t below(std::uint64_t bound) { return chance_() % bound; }

  // Three items share a partition, and so a shard.
  Key own_key() {
    const auto item = static_cast<std::int64_t>(below(own_items));
    return {{"id", "own-" + std::to_string(number_) + "-" + std::to_string(item / 3)},
            {"part", item}};
  }
  Key shared_key() {
    return {{"id", "shared"}, {"part", static_cast<std::int64_t>(below(shared_items))}};
  }
  Key brief_key() {
    return {{"id", "brief-" + std::to_string(below(brief_items))}, {"part", number_}};
  }

  // Few values, so that now and then a write changes nothing; also those that are equal and look
  // different.
  Item item(const Key& key) {
    Item item = key;
    const char* numbers[] = {"1", "1.0", "100e-2", "2", "-7.25"};
    item["n"] = Number::parse(numbers[below(5)]).value();
    if (below(2) == 0) item["tags"] = below(2) == 0 ? StringSet{"a", "b"} : StringSet{"b", "a"};
    if (below(3) == 0) item["info"] = AttributeMap{{"x", AttributeList{1, "two", nullptr}}};
    if (below(8) == 0) item["long"] = std::string(below(4) * 1000 + 1, 'x');
    return item;
  }

  std::optional<Item> current(const Key& key) {
    const Images& images = told_[text_of(key)];
    return images.empty() ? std::nullopt : images.back();
  }
  void became(const Key& key, std::optional<Item> image) {
    if (image != current(key)) told_[text_of(key)].push_back(std::move(image));
  }

  void write_one() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return put();
      case 3:
      case 4:
      case 5:
        return update();
      case 6:
        return remove();
      case 7:
        return write_batch();
      case 8:
        return transact();
      case 9:
        return write_brief();
      default:
        return write_shared();
    }
  }

  void put() {
    const Key key = own_key();
    const Item next = item(key);
    PutItemRequest request{.table_name = table, .item = next};
    const bool must_be_new = below(5) == 0;
    if (must_be_new) request.condition_expression = "attribute_not_exists(id)";
    const auto done = database_.put_item(request);
    if (must_be_new && current(key)) {
      EXPECT_FALSE(done);
      return;
    }
    ASSERT_TRUE(done) << done.error();
    became(key, next);
  }

  // An item that is not there is made; one that has no such attribute is left as it is.
  void update() {
    const Key key = own_key();
    const bool removes = below(4) == 0;
    const std::int64_t added = static_cast<std::int64_t>(below(3));
    UpdateItemRequest request{.table_name = table, .key = key};
    if (removes) {
      request.update_expression = "REMOVE tags";
    } else {
      request.update_expression = "ADD plays :added";
      request.expression_attribute_values = Item{{":added", added}};
    }
    ASSERT_TRUE(database_.update_item(request));
    Item next = current(key).value_or(key);
    if (removes) {
      next.erase("tags");
    } else {
      const AttributeValue* plays = next.find("plays");
      next["plays"] = (plays == nullptr ? 0 : *plays->as_number().to_int64()) + added;
    }
    became(key, next);
  }

  void remove() {
    const Key key = own_key();
    ASSERT_TRUE(database_.delete_item({.table_name = table, .key = key}));
    became(key, std::nullopt);
  }

  // Different items, some of which are removed: the next images.
  std::map<std::string, std::pair<Key, std::optional<Item>>> several() {
    std::map<std::string, std::pair<Key, std::optional<Item>>> changes;
    for (std::uint64_t left = 1 + below(6); left > 0; --left) {
      const Key key = own_key();
      changes[text_of(key)] = {key, below(3) == 0 ? std::nullopt : std::optional(item(key))};
    }
    return changes;
  }

  void write_batch() {
    const auto changes = several();
    std::vector<WriteRequest> requests;
    for (const auto& [text, change] : changes) {
      if (change.second) {
        requests.push_back({.put = *change.second});
      } else {
        requests.push_back({.remove = change.first});
      }
    }
    const auto done = database_.batch_write_item({.request_items = {{{table, requests}}}});
    ASSERT_TRUE(done) << done.error();
    ASSERT_TRUE(done->unprocessed_items.empty());
    for (const auto& [text, change] : changes) became(change.first, change.second);
  }

  // Of own items and one that all write; cancelled now and then; sent twice under one token.
  void transact() {
    const auto changes = several();
    const bool is_cancelled = below(4) == 0;
    std::vector<TransactWriteItem> actions;
    for (const auto& [text, change] : changes) {
      if (change.second) {
        actions.push_back({.put = TransactPut{.table_name = table, .item = *change.second}});
      } else {
        actions.push_back({.remove = TransactDelete{.table_name = table, .key = change.first}});
      }
    }
    actions.push_back({.update = TransactUpdate{.table_name = table,
                                                .key = shared_key(),
                                                .update_expression = "ADD plays :one",
                                                .expression_attribute_values = Item{{":one", 1}}}});
    actions.push_back({.condition_check = TransactConditionCheck{
                           .table_name = table,
                           .key = Key{{"id", "nobody's"}, {"part", 0}},
                           .condition_expression = is_cancelled ? "attribute_exists(id)"
                                                                : "attribute_not_exists(id)"}});
    const TransactWriteItemsRequest request{
        .transact_items = actions,
        .client_request_token = std::to_string(number_) + "-" + std::to_string(++last_token_)};
    for (int left = below(3) == 0 ? 2 : 1; left > 0; --left) {
      auto done = database_.transact_write_items(request);
      while (!done && done.error().code() == ErrorCode::transaction_conflict) {
        done = database_.transact_write_items(request);
      }
      ASSERT_EQ(done.has_value(), !is_cancelled);
    }
    if (is_cancelled) return;
    for (const auto& [text, change] : changes) became(change.first, change.second);
  }

  void write_shared() {
    const Key key = shared_key();
    if (below(4) == 0) {
      ASSERT_TRUE(database_.delete_item({.table_name = table, .key = key}));
    } else {
      ASSERT_TRUE(database_.put_item({.table_name = table, .item = item(key)}));
    }
  }

  // Expired, or to expire soon; taken away by its writer now and then.
  void write_brief() {
    const Key key = brief_key();
    if (below(5) == 0) {
      ASSERT_TRUE(database_.delete_item({.table_name = table, .key = key}));
      return;
    }
    Item next = item(key);
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now().time_since_epoch());
    next["expires"] = now.count() - 2 + static_cast<std::int64_t>(below(8));
    ASSERT_TRUE(database_.put_item({.table_name = table, .item = std::move(next)}));
  }

  Database& database_;
  const ManualClock& clock_;
  const int number_;
  std::mt19937_64 chance_;
  std::map<std::string, Images> told_;
  int last_token_ = 0;
};

std::string make_table(Database& database) {
  const auto made =
      database
          .create_table(
              {.table_name = table,
               .attribute_definitions =
                   std::vector<AttributeDefinition>{{"id", ScalarType::string},
                                                    {"part", ScalarType::number}},
               .key_schema = KeySchema{{"id", KeyType::hash}, {"part", KeyType::range}},
               .billing_mode = BillingMode::pay_per_request,
               .stream_specification =
                   StreamSpecification{.stream_enabled = true,
                                       .stream_view_type = StreamViewType::new_and_old_images}})
          .value();
  database
      .update_time_to_live(
          {.table_name = table,
           .time_to_live_specification =
               TimeToLiveSpecification{.enabled = true, .attribute_name = "expires"}})
      .value();
  return *made.table_description.latest_stream_arn;
}

// Rolls and splits, one shard or all, a few hundred times while the writers are at work.
void change_shards(Database& database, const std::string& arn, std::mt19937_64& chance) {
  std::vector<std::string> open;
  for (const StreamShard& shard : support::shards_of(database, arn)) {
    if (!shard.sequence_number_range.ending_sequence_number) open.push_back(shard.shard_id);
  }
  const std::string& shard = open[chance() % open.size()];
  if (open.size() < 8 && chance() % 3 == 0) {
    database.admin()->split_shard({.stream_arn = arn, .shard_id = shard}).value();
  } else {
    database.admin()->roll_shards({.stream_arn = arn, .shard_id = shard}).value();
  }
}

bool has_expired(Database& database, const Clock& clock) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.now().time_since_epoch()).count();
  for (const auto& [key, item] : support::scanned(database, table)) {
    const AttributeValue* expires = item.find("expires");
    if (expires != nullptr && *expires->as_number().to_int64() <= now) return true;
  }
  return false;
}

TEST(StreamReplay, MakesTheTableFromNothingAndTellsOfEachChangeOnceAndInItsOrder) {
  const std::uint64_t seed = number_from("DYNAKEEP_SEED", std::random_device()());
  const std::uint64_t writes = number_from("DYNAKEEP_STREAM_WRITES", 100'000);
  std::cout << "DYNAKEEP_SEED=" << seed << "\n";
  std::mt19937_64 chance(seed);
  ManualClock clock;
  const auto database =
      open_embedded({.in_memory = true, .clock = &clock, .expiry_interval = 5ms}).value();
  const std::string arn = make_table(*database);

  std::vector<Writer> writers;
  for (int i = 0; i < threads; ++i) writers.emplace_back(*database, clock, i, chance());
  std::atomic<int> at_work = threads;
  {
    std::vector<std::jthread> running;
    for (Writer& writer : writers) {
      running.emplace_back([&] {
        writer.write(writes / threads);
        --at_work;
      });
    }
    while (at_work > 0) {
      change_shards(*database, arn, chance);
      clock.advance(200ms);
      std::this_thread::sleep_for(20ms);  // so that they are hundreds, and not thousands
    }
  }
  while (has_expired(*database, clock)) std::this_thread::yield();

  const auto records = support::read_stream(*database, arn);
  EXPECT_EQ(support::replayed(records), support::scanned(*database, table));

  std::map<std::string, Images> found;
  int swept = 0;
  for (const ChangeRecord& record : records) {
    found[text_of(record.dynamodb.keys)].push_back(record.dynamodb.new_image);
    if (!record.user_identity) continue;
    ++swept;
    EXPECT_EQ(record.event_name, "REMOVE");
    ASSERT_TRUE(record.dynamodb.old_image);
    EXPECT_TRUE(record.dynamodb.old_image->contains("expires")) << *record.dynamodb.old_image;
  }
  for (const Writer& writer : writers) {
    for (const auto& [key, images] : writer.told()) EXPECT_EQ(found[key], images) << key;
  }
  EXPECT_GT(swept, 0);
  EXPECT_GT(support::shards_of(*database, arn).size(), 10u);
  RecordProperty("records", static_cast<int>(records.size()));
  RecordProperty("shards", static_cast<int>(support::shards_of(*database, arn).size()));
}

}  // namespace
}  // namespace dynakeep
