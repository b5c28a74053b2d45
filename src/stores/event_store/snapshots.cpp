#include <vector>

#include "dynakeep/pages.h"
#include "dynakeep/stores/event_snapshots.h"
#include "stores/support/chance.h"

// The rows of one aggregate, all in its partition:
//
//   snapshot = "epoch"            epoch (S): what holds now · rewrites (SS): those going on
//   snapshot = "state#<version>"  of that reducer version: version (N), timestamp (S), epoch (S) of
//                                 its making, state
namespace dynakeep {
namespace {

constexpr std::string_view partition_name = "aggregateId";
constexpr std::string_view sort_name = "snapshot";
constexpr std::string_view epoch_row = "epoch";
constexpr std::string_view state_rows = "state#";

const char* const keys_only = "#partition, #sort";
const char* const nothing_there = "attribute_not_exists(#partition)";
const char* const moves_forward =
    "attribute_not_exists(#version) OR #epoch <> :epoch OR #version < :version";
const char* const enter_rewrite = "ADD #rewrites :rewrite";
const char* const leave_rewrite = "SET #epoch = :epoch DELETE #rewrites :rewrite";

Key key_of(std::string_view event_store_id, std::string_view aggregate_id, std::string row) {
  std::string partition(event_store_id);
  partition += '#';
  partition += aggregate_id;
  return Key{{std::string(partition_name), std::move(partition)},
             {std::string(sort_name), std::move(row)}};
}

ExpressionAttributeNames key_names() {
  return {{"#partition", std::string(partition_name)}, {"#sort", std::string(sort_name)}};
}

std::string state_row(std::string_view reducer_version) {
  return std::string(state_rows) + std::string(reducer_version);
}

}  // namespace

Version EventSnapshot::version() const {
  return AttributeView(item_)["version"].integer().value_or(0);
}

std::string_view EventSnapshot::timestamp() const {
  return AttributeView(item_)["timestamp"].text().value_or("");
}

AttributeView EventSnapshot::state() const { return AttributeView(item_)["state"]; }

EventSnapshots::EventSnapshots(Database& database, EventSnapshotOptions options)
    : database_(database), options_(std::move(options)) {
  if (!options_.random) options_.random = stores::system_random;
}

CreateTableRequest EventSnapshots::table_definition() const {
  return {.table_name = options_.table_name,
          .attribute_definitions =
              std::vector<AttributeDefinition>{{std::string(partition_name), ScalarType::string},
                                               {std::string(sort_name), ScalarType::string}},
          .key_schema = KeySchema{{std::string(partition_name), KeyType::hash},
                                  {std::string(sort_name), KeyType::range}},
          .billing_mode = BillingMode::pay_per_request};
}

Result<void> EventSnapshots::create_table() {
  TRY(create_table_and_wait(database_, table_definition()));
  return {};
}

Result<EventSnapshots::Found> EventSnapshots::find(std::string_view event_store_id,
                                                   std::string_view aggregate_id,
                                                   std::string_view reducer_version) {
  // Two items at their own moments: an epoch that ends in between makes the state not of it. What
  // the database leaves unprocessed is as good as not there.
  const Key epoch_key = key_of(event_store_id, aggregate_id, std::string(epoch_row));
  auto answer =
      TRY(database_.batch_get_item({.request_items = std::map<std::string, KeysAndAttributes>{
                                        {options_.table_name,
                                         {.keys = {{epoch_key, key_of(event_store_id, aggregate_id,
                                                                      state_row(reducer_version))}},
                                          .consistent_read = true}}}}));
  const Item* epoch_item = nullptr;
  Item* state_item = nullptr;
  for (Item& item : answer.responses[options_.table_name]) {
    const bool is_epoch = AttributeView(item)[sort_name].text() == epoch_row;
    if (is_epoch) {
      epoch_item = &item;
    } else {
      state_item = &item;
    }
  }
  Found found;
  if (epoch_item == nullptr) return found;
  const AttributeView epoch(*epoch_item);
  if (epoch["rewrites"].exists()) {
    found.being_rewritten = true;
    return found;
  }
  const auto name = epoch["epoch"].text();
  if (!name) return found;
  found.epoch = std::string(*name);
  if (state_item != nullptr && AttributeView(*state_item)["epoch"].text() == found.epoch) {
    found.snapshot = EventSnapshot(std::move(*state_item));
    // A row that says no version is not one of ours.
    if (found.snapshot->version() < 1) found.snapshot.reset();
  }
  return found;
}

Result<void> EventSnapshots::begin_epoch(std::string_view event_store_id,
                                         std::string_view aggregate_id) {
  Item row = key_of(event_store_id, aggregate_id, std::string(epoch_row));
  row["epoch"] = new_token();
  // Neither over another's epoch, nor over a rewrite that is going on.
  auto begun = database_.put_item({.table_name = options_.table_name,
                                   .item = std::move(row),
                                   .condition_expression = nothing_there,
                                   .expression_attribute_names = ExpressionAttributeNames{
                                       {"#partition", std::string(partition_name)}}});
  if (!begun && !begun.error().is_condition_failure()) return begun.error();
  return {};
}

Result<void> EventSnapshots::save(std::string_view event_store_id, std::string_view aggregate_id,
                                  std::string_view reducer_version, const std::string& epoch,
                                  Version version, std::string_view timestamp,
                                  AttributeValue state) {
  Item row = key_of(event_store_id, aggregate_id, state_row(reducer_version));
  row["version"] = version;
  row["timestamp"] = timestamp;
  row["epoch"] = epoch;
  row["state"] = std::move(state);
  auto saved = database_.put_item(
      {.table_name = options_.table_name,
       .item = std::move(row),
       .condition_expression = moves_forward,
       .expression_attribute_names =
           ExpressionAttributeNames{{"#version", "version"}, {"#epoch", "epoch"}},
       .expression_attribute_values = Item{{":version", version}, {":epoch", epoch}}});
  // Another load was further: all the better.
  if (!saved && !saved.error().is_condition_failure()) return saved.error();
  return {};
}

Result<std::string> EventSnapshots::begin_rewrite(std::string_view event_store_id,
                                                  std::string_view aggregate_id) {
  std::string rewrite = new_token();
  TRY(database_.update_item(
      {.table_name = options_.table_name,
       .key = key_of(event_store_id, aggregate_id, std::string(epoch_row)),
       .update_expression = enter_rewrite,
       .expression_attribute_names = ExpressionAttributeNames{{"#rewrites", "rewrites"}},
       .expression_attribute_values = Item{{":rewrite", StringSet{rewrite}}}}));
  return rewrite;
}

Result<void> EventSnapshots::end_rewrite(std::string_view event_store_id,
                                         std::string_view aggregate_id,
                                         const std::string& rewrite) {
  TRY(database_.update_item(
      {.table_name = options_.table_name,
       .key = key_of(event_store_id, aggregate_id, std::string(epoch_row)),
       .update_expression = leave_rewrite,
       .expression_attribute_names =
           ExpressionAttributeNames{{"#epoch", "epoch"}, {"#rewrites", "rewrites"}},
       .expression_attribute_values =
           Item{{":epoch", new_token()}, {":rewrite", StringSet{rewrite}}}}));
  return {};
}

Result<std::size_t> EventSnapshots::delete_snapshots(std::string_view event_store_id,
                                                     std::string_view aggregate_id) {
  const Key any = key_of(event_store_id, aggregate_id, std::string(epoch_row));
  QueryRequest request{.table_name = options_.table_name,
                       .key_condition_expression = "#partition = :partition",
                       .projection_expression = keys_only,
                       .expression_attribute_names = key_names(),
                       .expression_attribute_values = Item{{":partition", any.at(partition_name)}},
                       .consistent_read = true};
  std::size_t count = 0;
  do {
    auto page = TRY(database_.query(request));
    count += TRY(delete_items(std::move(*page.items)));
    request.exclusive_start_key = std::move(page.last_evaluated_key);
  } while (request.exclusive_start_key);
  return count;
}

Result<std::size_t> EventSnapshots::delete_all_snapshots() {
  ScanRequest request{.table_name = options_.table_name,
                      .projection_expression = keys_only,
                      .expression_attribute_names = key_names(),
                      .consistent_read = true};
  std::size_t count = 0;
  do {
    auto page = TRY(database_.scan(request));
    count += TRY(delete_items(std::move(*page.items)));
    request.exclusive_start_key = std::move(page.last_evaluated_key);
  } while (request.exclusive_start_key);
  return count;
}

Result<std::size_t> EventSnapshots::delete_items(std::vector<Item> keys) {
  const std::size_t count = keys.size();
  std::vector<WriteRequest> deletions;
  for (Item& key : keys) deletions.push_back({.remove = std::move(key)});
  TRY(write_items(database_, options_.table_name, std::move(deletions)));
  return count;
}

std::string EventSnapshots::new_token() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string token;
  for (int word = 0; word < 2; ++word) {
    std::uint64_t bits = options_.random();
    for (int i = 0; i < 16; ++i, bits >>= 4) token.push_back(digits[bits & 0xF]);
  }
  return token;
}

}  // namespace dynakeep
