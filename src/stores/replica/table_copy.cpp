#include <algorithm>
#include <map>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/json_document.h"
#include "stores/replica/copy.h"
#include "stores/streams/progress_json.h"
#include "stores/support/chance.h"
#include "stores/support/key_words.h"

namespace dynakeep::replicas {
namespace {

// The table beside the copy has rows by "part": "copy", of the whole, and "shard#" and its id.
constexpr std::string_view progress_suffix = ".replica";
constexpr const char* part = "part";
constexpr const char* part_of_copy = "copy";
constexpr std::string_view shard_prefix = "shard#";
constexpr std::size_t transaction_bytes_max = std::size_t{3} << 20;  // of 4 MB, with some room

constexpr const char* is_ours = "#epoch = :epoch";
// A claim of its own, or its last one, to which no answer came.
constexpr const char* is_still_ours = "#epoch = :epoch OR #owner = :owner";

ExpressionAttributeNames epoch_name() { return {{"#epoch", "epoch"}}; }

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

std::string part_of_shard(const std::string& id) { return std::string(shard_prefix) + id; }

const std::string* text_of(const Item& row, std::string_view name) {
  const AttributeValue* value = row.find(name);
  return value == nullptr ? nullptr : value->get_if<std::string>();
}

class TableCopy final : public Copy {
 public:
  TableCopy(Database& database, std::string name, const TableDescription& original)
      : database_(database),
        name_(std::move(name)),
        progress_name_(name_ + std::string(progress_suffix)),
        original_name_(original.table_name),
        keys_(original) {}

  Result<void> open(const TableDescription& original);

  Result<CopyProgress> load() override;
  Result<void> begin(const CopyProgress& progress) override;
  bool needs_sweep() const override { return had_items_; }
  Result<void> complete(const Tell& tell) override;
  Result<void> store(std::vector<Change> read, const Tell& tell) override;
  Result<void> apply(std::vector<Change> changes, const ProgressChange& progress,
                     const Tell& tell) override;
  std::size_t records_max() const override {
    constexpr std::size_t rows = 10;  // of shards, in the same transaction
    return database_.capabilities().transaction_actions_max - rows;
  }

  Result<std::optional<Item>> get(const Key& key) const override {
    return TRY(database_.get_item({.table_name = name_, .key = key, .consistent_read = true})).item;
  }
  Result<std::vector<std::optional<Item>>> get_all(const std::vector<Key>& keys) const override {
    return get_items(database_, name_, keys, {.consistent_read = true});
  }
  Result<std::size_t> for_each(const ItemVisitor& visit) const override {
    return for_each_item(database_, ScanRequest{.table_name = name_, .consistent_read = true},
                         visit);
  }
  Result<std::size_t> for_each_of(const AttributeValue& partition,
                                  const ItemVisitor& visit) const override {
    return for_each_item(
        database_,
        QueryRequest{
            .table_name = name_,
            .key_condition_expression = "#p = :p",
            .expression_attribute_names = ExpressionAttributeNames{{"#p", keys_.partition()}},
            .expression_attribute_values = ExpressionAttributeValues{{":p", partition}},
            .consistent_read = true},
        visit);
  }
  Result<std::size_t> size() const override;
  Result<KeyPage> keys(const std::optional<Key>& behind) const override;

 private:
  using Befores = std::map<std::string, std::optional<Item>>;

  Result<bool> has_items() const;
  Result<void> check_original() const;
  Result<void> claim(bool takes_over);
  Result<void> put_row();
  // Each write holds only as long as nobody else has claimed the copy. What is too much for one
  // transaction goes in several, one after the other.
  Result<void> write(std::vector<TransactWriteItem> writes);
  Error not_applied(const Error& error);
  Item row_of(const CopyProgress& progress) const;
  Result<Befores> befores(const std::vector<Change>& changes, const Tell& tell) const;
  static void tell_of(const std::vector<Change>& changes, const Befores& befores, const Tell& tell);
  TransactWriteItem still_ours() const {
    return {.condition_check =
                TransactConditionCheck{.table_name = progress_name_,
                                       .key = Key{{part, part_of_copy}},
                                       .condition_expression = is_ours,
                                       .expression_attribute_names = epoch_name(),
                                       .expression_attribute_values = Item{{":epoch", epoch_}}}};
  }
  static TransactWriteItem put(const std::string& table, Item item) {
    return {.put = TransactPut{.table_name = table, .item = std::move(item)}};
  }
  static TransactWriteItem remove(const std::string& table, Key key) {
    return {.remove = TransactDelete{.table_name = table, .key = std::move(key)}};
  }

  Database& database_;
  const std::string name_;
  const std::string progress_name_;
  const std::string original_name_;
  const TableKeys keys_;
  CopyProgress progress_;  // but for its shards
  // Of the last claim. Whoever claims the copy after it is the only one who may write from then on.
  std::int64_t epoch_ = 0;
  const std::string owner_ = std::to_string(stores::system_random());
  bool must_claim_ = false;
  bool had_items_ = false;
};

Result<std::optional<TableDescription>> describe(Database& database, const std::string& name) {
  auto described = database.describe_table({.table_name = name});
  if (described) return std::optional(std::move(described->table));
  if (described.error().code() == ErrorCode::resource_not_found) {
    return std::optional<TableDescription>();
  }
  return described.error();
}

Result<void> TableCopy::open(const TableDescription& original) {
  if (!database_.capabilities().transactions) {
    return wrong(
        "kept_in must be a database with transactions: items and progress are written "
        "together");
  }
  if (const auto there = TRY(describe(database_, name_))) {
    if (TableKeys(*there) != keys_) {
      return wrong("The table " + name_ + ", where the copy is to be kept, has the keys " +
                   stores::words_of(there->key_schema, there->attribute_definitions) +
                   " and not those of its original, " +
                   stores::words_of(original.key_schema, original.attribute_definitions));
    }
  } else {
    CreateTableRequest request{.table_name = name_,
                               .key_schema = original.key_schema,
                               .billing_mode = BillingMode::pay_per_request};
    request.attribute_definitions.emplace();
    for (const AttributeDefinition& each : original.attribute_definitions) {
      if (each.attribute_name == keys_.partition() || each.attribute_name == keys_.sort()) {
        request.attribute_definitions->push_back(each);
      }
    }
    TRY(create_table_and_wait(database_, request));
  }
  TRY(create_table_and_wait(
      database_,
      {.table_name = progress_name_,
       .attribute_definitions = std::vector<AttributeDefinition>{{part, ScalarType::string}},
       .key_schema = KeySchema{{part, KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request}));
  return check_original();
}

// Items that somebody else put there are not to be taken for the copy's, nor removed.
Result<void> TableCopy::check_original() const {
  const auto row = TRY(database_.get_item(
      {.table_name = progress_name_, .key = Key{{part, part_of_copy}}, .consistent_read = true}));
  if (!row.item) {
    if (!TRY(has_items())) return {};
    return wrong("The table " + name_ +
                 " holds items that are no replica's: give copy_name another");
  }
  const std::string* original = text_of(*row.item, "original");
  if (original != nullptr && *original == original_name_) return {};
  return wrong("The table " + name_ + " is the copy of another table, " +
               (original == nullptr ? std::string("nobody knows which") : *original));
}

Result<bool> TableCopy::has_items() const {
  const auto page = TRY(database_.scan({.table_name = name_, .limit = 1, .consistent_read = true}));
  return page.count > 0 || page.last_evaluated_key.has_value();
}

Item TableCopy::row_of(const CopyProgress& progress) const {
  return {{part, part_of_copy},
          {"original", original_name_},
          {"stream_arn", progress.stream_arn},
          {"is_complete", progress.is_complete},
          {"epoch", epoch_},
          {"owner", owner_},
          {"start", streams::to_json(progress.stream.start.value_or(StreamStart{})).to_text()}};
}

// Transactions that are still under way count for nothing from here on: those of a replica that was
// killed or is another's, which the first claim takes the copy from, and those of this one to which
// no answer came.
Result<void> TableCopy::claim(bool takes_over) {
  UpdateItemRequest request{
      .table_name = progress_name_,
      .key = Key{{part, part_of_copy}},
      .update_expression = "SET original = :original, #owner = :owner ADD #epoch :one",
      .expression_attribute_names =
          ExpressionAttributeNames{{"#epoch", "epoch"}, {"#owner", "owner"}},
      .expression_attribute_values =
          ExpressionAttributeValues{{":original", original_name_}, {":owner", owner_}, {":one", 1}},
      .return_values = ReturnValues::updated_new};
  if (!takes_over) {
    request.condition_expression = is_still_ours;
    (*request.expression_attribute_values)[":epoch"] = epoch_;
  }
  const auto updated = database_.update_item(request);
  if (!updated) return not_applied(updated.error());
  const auto epoch =
      updated->attributes ? AttributeView(*updated->attributes)["epoch"].integer() : std::nullopt;
  if (!epoch) return Error(ErrorCode::malformed_item, "A row of " + progress_name_ + " is none");
  epoch_ = *epoch;
  must_claim_ = false;
  return {};
}

// What another replica's claim refused, and whether there must be a new one.
Error TableCopy::not_applied(const Error& error) {
  const auto& reasons = error.cancellation_reasons();
  const bool is_refused = error.is_condition_failure() ||
                          (!reasons.empty() && reasons.front().code == "ConditionalCheckFailed");
  if (is_refused) {
    return {ErrorCode::write_conflict,
            "Another replica has begun to keep its copy in the table " + name_};
  }
  must_claim_ = must_claim_ || error.outcome_unknown();
  return error;
}

Result<void> TableCopy::write(std::vector<TransactWriteItem> writes) {
  const std::size_t actions_max = database_.capabilities().transaction_actions_max;
  for (auto each = writes.begin(); each != writes.end();) {
    if (must_claim_) TRY(claim(false));
    std::vector<TransactWriteItem> actions{still_ours()};
    std::size_t bytes = 0;
    while (each != writes.end() && actions.size() < actions_max) {
      if (each->put) bytes += stored_bytes(*each->put->item).value_or(0);
      if (bytes > transaction_bytes_max && actions.size() > 1) break;
      actions.push_back(std::move(*each++));
    }
    const auto sent = database_.transact_write_items({.transact_items = std::move(actions)});
    if (!sent) return not_applied(sent.error());
  }
  return {};
}

Result<void> TableCopy::put_row() {
  if (must_claim_) TRY(claim(false));
  const auto put = database_.put_item({.table_name = progress_name_,
                                       .item = row_of(progress_),
                                       .condition_expression = is_ours,
                                       .expression_attribute_names = epoch_name(),
                                       .expression_attribute_values = Item{{":epoch", epoch_}}});
  if (!put) return not_applied(put.error());
  return {};
}

Result<CopyProgress> TableCopy::load() {
  // First, so that what is read is what the transactions of before have left.
  TRY(claim(true));
  CopyProgress progress;
  Result<void> read;
  TRY(for_each_item(database_, ScanRequest{.table_name = progress_name_, .consistent_read = true},
                    [&](Item&& row) {
                      read = [&]() -> Result<void> {
                        const std::string* name = text_of(row, part);
                        const bool is_copy = name != nullptr && *name == part_of_copy;
                        const std::string* json = text_of(row, is_copy ? "start" : "progress");
                        if (is_copy && json == nullptr) return {};  // claimed, and no more
                        if (name == nullptr || json == nullptr) {
                          return Error(ErrorCode::malformed_item,
                                       "A row of " + progress_name_ + " is none of a replica");
                        }
                        const auto document = TRY(JsonDocument::parse(*json));
                        if (!is_copy) {
                          const std::string id = name->substr(shard_prefix.size());
                          progress.stream.shards.insert_or_assign(
                              id, TRY(streams::row_from_json(id, document)));
                          return {};
                        }
                        progress.stream.start = TRY(streams::start_from_json(document));
                        if (const std::string* arn = text_of(row, "stream_arn")) {
                          progress.stream_arn = *arn;
                        }
                        const AttributeValue* is_complete = row.find("is_complete");
                        progress.is_complete = is_complete != nullptr && is_complete->is_bool() &&
                                               is_complete->as_bool();
                        return {};
                      }();
                      return read.has_value();
                    }));
  TRY(std::move(read));
  progress_ = progress;
  return progress;
}

Result<void> TableCopy::begin(const CopyProgress& progress) {
  had_items_ = TRY(has_items());
  // First of all that it is not complete: a crash from here on has it begun anew.
  progress_ = progress;
  progress_.is_complete = false;
  TRY(put_row());
  std::vector<TransactWriteItem> old;
  TRY(for_each_item(
      database_,
      ScanRequest{
          .table_name = progress_name_, .projection_expression = part, .consistent_read = true},
      [&](Item&& row) {
        if (row.at(part) != AttributeValue(part_of_copy)) {
          old.push_back(remove(progress_name_, std::move(row)));
        }
        return true;
      }));
  return write(std::move(old));
}

Result<void> TableCopy::complete(const Tell&) {
  progress_.is_complete = true;
  TRY(put_row());
  had_items_ = false;
  return {};
}

Result<TableCopy::Befores> TableCopy::befores(const std::vector<Change>& changes,
                                              const Tell& tell) const {
  Befores befores;
  if (!tell) return befores;
  std::vector<Key> keys;
  for (const Change& change : changes) keys.push_back(change.key);
  auto items = TRY(get_items(database_, name_, keys, {.consistent_read = true}));
  for (std::size_t i = 0; i < changes.size(); ++i) befores[changes[i].text] = std::move(items[i]);
  return befores;
}

void TableCopy::tell_of(const std::vector<Change>& changes, const Befores& befores,
                        const Tell& tell) {
  if (!tell) return;
  for (const Change& change : changes) {
    const std::optional<Item>& before = befores.at(change.text);
    if (before != change.item) tell(change.key, before, change.item);
  }
}

Result<void> TableCopy::store(std::vector<Change> read, const Tell& tell) {
  const Befores before = TRY(befores(read, tell));
  std::vector<TransactWriteItem> writes;
  for (const Change& change : read) {
    if (change.item) {
      writes.push_back(put(name_, *change.item));
    } else if (had_items_ || progress_.is_complete) {
      writes.push_back(remove(name_, change.key));
    }
  }
  TRY(write(std::move(writes)));
  tell_of(read, before, tell);
  return {};
}

Result<void> TableCopy::apply(std::vector<Change> changes, const ProgressChange& progress,
                              const Tell& tell) {
  const Befores before = TRY(befores(changes, tell));
  std::vector<TransactWriteItem> writes;
  for (const Change& change : changes) {
    writes.push_back(change.item ? put(name_, *change.item) : remove(name_, change.key));
  }
  // Progress, and of it what says that a shard is over, comes last: after a crash between two
  // transactions some changes are made again.
  for (const bool is_over : {false, true}) {
    for (const ShardProgress& row : progress.rows) {
      if (row.is_over() != is_over) continue;
      writes.push_back(put(progress_name_, Item{{part, part_of_shard(row.shard_id)},
                                                {"progress", streams::to_json(row).to_text()}}));
    }
  }
  for (const std::string& id : progress.forgotten) {
    writes.push_back(remove(progress_name_, Key{{part, part_of_shard(id)}}));
  }
  TRY(write(std::move(writes)));
  tell_of(changes, before, tell);
  return {};
}

Result<std::size_t> TableCopy::size() const {
  if (database_.capabilities().engine == Capabilities{}.engine) {
    const auto described = TRY(database_.describe_table({.table_name = name_}));
    return static_cast<std::size_t>(described.table.item_count);
  }
  // Elsewhere the description is hours old.
  ScanRequest request{.table_name = name_, .select = Select::count, .consistent_read = true};
  std::size_t count = 0;
  while (true) {
    auto page = TRY(database_.scan(request));
    count += static_cast<std::size_t>(page.count);
    if (!page.last_evaluated_key) return count;
    request.exclusive_start_key = std::move(page.last_evaluated_key);
  }
}

Result<Copy::KeyPage> TableCopy::keys(const std::optional<Key>& behind) const {
  constexpr std::int32_t keys_max = 1000;
  ScanRequest request{
      .table_name = name_,
      .projection_expression = keys_.sort() ? "#p, #s" : "#p",
      .expression_attribute_names = ExpressionAttributeNames{{"#p", keys_.partition()}},
      .limit = keys_max,
      .exclusive_start_key = behind,
      .consistent_read = true};
  if (keys_.sort()) request.expression_attribute_names->emplace("#s", *keys_.sort());
  auto page = TRY(database_.scan(request));
  return KeyPage{.keys = std::move(*page.items), .last = std::move(page.last_evaluated_key)};
}

}  // namespace

Result<std::unique_ptr<Copy>> open_table_copy(Database& database, std::string name,
                                              const TableDescription& original) {
  auto copy = std::make_unique<TableCopy>(database, std::move(name), original);
  TRY(copy->open(original));
  return std::unique_ptr<Copy>(std::move(copy));
}

}  // namespace dynakeep::replicas
