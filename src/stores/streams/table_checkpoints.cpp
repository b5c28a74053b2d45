#include <algorithm>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/streams/lease_table.h"
#include "stores/streams/progress_json.h"
#include "stores/support/at_once.h"
#include "stores/support/key_words.h"

// The format: docs/formats/stream-checkpoints.md.
namespace dynakeep::streams {
namespace {

constexpr std::int64_t row_version = 1;
constexpr std::string_view stream_row = "stream";
constexpr std::string_view shard_row = "shard#";
constexpr std::string_view worker_row = "worker#";
constexpr std::size_t gaps_max = 100;
// A stream row is one item, of at most 400 KB. Where there are more shards than this, the ancestors
// that a start passes over are left out: they are told from the listing again.
constexpr std::size_t start_shards_max = 2000;

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }
Error conflict() { return {ErrorCode::write_conflict, "Another worker was there first"}; }

Result<void> to_conflict(const Error& error) {
  return error.is_condition_failure() ? conflict() : error;
}

// A row holds what a checkpoint file holds of the same, member by member.
AttributeValue to_attribute(const JsonDocument& json) {
  switch (json.kind()) {
    case JsonDocument::Kind::string:
      return json.text();
    case JsonDocument::Kind::boolean:
      return json.truth();
    case JsonDocument::Kind::number: {
      auto number = Number::parse(json.text());
      return number ? AttributeValue(*number) : AttributeValue(json.text());
    }
    case JsonDocument::Kind::array: {
      AttributeList list;
      for (const JsonDocument& element : json.elements()) list.push_back(to_attribute(element));
      return list;
    }
    case JsonDocument::Kind::object: {
      AttributeMap map;
      for (const auto& [name, value] : json.members()) map.emplace(name, to_attribute(value));
      return map;
    }
    case JsonDocument::Kind::null:
      break;
  }
  return nullptr;
}

JsonDocument to_json(AttributeView value) {
  const auto type = value.type();
  if (const auto text = value.text()) return JsonDocument::string(std::string(*text));
  if (const auto truth = value.boolean()) return JsonDocument::boolean(*truth);
  if (const auto integer = value.integer()) return JsonDocument::number(*integer);
  if (type == AttributeType::list) {
    JsonDocument array = JsonDocument::array();
    for (const auto& member : value) array.elements().push_back(to_json(member.value));
    return array;
  }
  if (type == AttributeType::map) {
    std::vector<JsonDocument::Member> members;
    for (const auto& member : value) {
      members.emplace_back(std::string(member.name), to_json(member.value));
    }
    return JsonDocument::object(std::move(members));
  }
  return {};
}

std::string partition_of(const StreamScope& scope) { return scope.group + "#" + scope.stream_arn; }

Key pointer_key(const std::string& group, const std::string& table_name) {
  return Key{{"pk", group + "#" + table_name}, {"sk", stream_row}};
}

std::uint64_t count_of(const Item& item, std::string_view name) {
  const auto value = AttributeView(item)[name].integer();
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

std::string text_of(const Item& item, std::string_view name) {
  return std::string(AttributeView(item)[name].text().value_or(""));
}

Lease lease_of(const Item& item) {
  return {.owner = text_of(item, "owner"),
          .epoch = count_of(item, "epoch"),
          .beat = count_of(item, "beat"),
          .wanted_by = text_of(item, "handoff")};
}

}  // namespace

// The table's name in a stream's ARN; empty: it is none.
std::string table_in(std::string_view stream_arn) {
  constexpr std::string_view before = ":table/";
  const std::size_t begin = stream_arn.find(before);
  const std::size_t end = stream_arn.find("/stream/");
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  const std::size_t name = begin + before.size();
  return name < end ? std::string(stream_arn.substr(name, end - name)) : std::string();
}

// One conditional update of one row, for UpdateItem or a transaction.
class LeaseTable::RowUpdate {
 public:
  RowUpdate(std::string table, Key key) : table_(std::move(table)), key_(std::move(key)) {}

  void set(const std::string& name, AttributeValue value) {
    add(set_, name_of(name) + " = :" + name);
    values_.emplace(":" + name, std::move(value));
  }
  void set_if_absent(const std::string& name, std::uint64_t value) {
    add(set_, name_of(name) + " = if_not_exists(" + name_of(name) + ", :" + name + ")");
    values_.emplace(":" + name, value);
  }
  // One more than it is, or 1.
  void count_up(const std::string& name) {
    add(set_, name_of(name) + " = if_not_exists(" + name_of(name) + ", :zero) + :one");
    values_.emplace(":zero", 0);
    values_.emplace(":one", 1);
  }
  void remove(const std::string& name) { add(remove_, name_of(name)); }
  // The row of a shard as it becomes, but for its lease.
  void set_row(const ShardProgress& row) {
    const JsonDocument json = streams::to_json(row);
    for (const auto& [name, value] : json.members()) set(name, to_attribute(value));
    for (const char* name : {"seq", "last_record_s", "caught_up_ms", "updated_ms"}) {
      if (json.find(name) == nullptr) remove(name);
    }
    set("v", row_version);
  }

  void require(const std::string& name, AttributeValue value) {
    also(name_of(name) + " = :if_" + name);
    values_.emplace(":if_" + name, std::move(value));
  }
  // As it was seen; 0, or empty, where there was none.
  void require_lease(const Lease& seen) {
    require("epoch", seen.epoch);
    require("beat", seen.beat);
  }
  void require_new_or_pending() {
    also("(attribute_not_exists(pk) OR " + name_of("state") + " = :pending)");
    values_.emplace(":pending", "pending");
  }
  void require_not_over() {
    also("NOT " + name_of("state") + " IN (:completed, :lost)");
    values_.emplace(":completed", "completed");
    values_.emplace(":lost", "lost");
  }
  void require_absent(const std::string& name) {
    also("attribute_not_exists(" + name_of(name) + ")");
  }

  UpdateItemRequest request() const { return filled<UpdateItemRequest>(); }
  TransactWriteItem action() const { return {.update = filled<TransactUpdate>()}; }

 private:
  void also(const std::string& condition) {
    if (!condition_.empty()) condition_ += " AND ";
    condition_ += condition;
  }
  std::string name_of(const std::string& name) {
    names_.emplace("#" + name, name);
    return "#" + name;
  }
  static void add(std::string& list, const std::string& clause) {
    if (!list.empty()) list += ", ";
    list += clause;
  }
  template <typename Request>
  Request filled() const {
    std::string expression = set_.empty() ? "" : "SET " + set_;
    if (!remove_.empty()) expression += (expression.empty() ? "REMOVE " : " REMOVE ") + remove_;
    Request request;
    request.table_name = table_;
    request.key = key_;
    request.update_expression = std::move(expression);
    if (!condition_.empty()) request.condition_expression = condition_;
    request.expression_attribute_names = names_;
    if (!values_.empty()) request.expression_attribute_values = Item(values_);
    return request;
  }

  std::string table_;
  Key key_;
  std::string set_;
  std::string remove_;
  std::string condition_;
  ExpressionAttributeNames names_;
  AttributeMap values_;
};

// ---- the table ----

Result<void> LeaseTable::prepare() {
  const CreateTableRequest wanted = stream_table_definition(options_.table);
  auto described = database_.describe_table({.table_name = options_.table});
  const bool is_missing = !described && described.error().code() == ErrorCode::resource_not_found;
  if (is_missing && !options_.create) {
    return refused("There is no table \"" + options_.table + "\" for checkpoints of streams");
  }
  if (!described && !is_missing) return described.error();
  const TableDescription table = described && described->table.table_status == TableStatus::active
                                     ? std::move(described->table)
                                     : TRY(create_table_and_wait(database_, wanted));
  const std::string found = stores::words_of(table.key_schema, table.attribute_definitions);
  const std::string needed = stores::words_of(*wanted.key_schema, *wanted.attribute_definitions);
  if (found != needed) {
    return refused("Table " + options_.table + " has the key " + found +
                   "; checkpoints of streams need " + needed);
  }
  return {};
}

Key LeaseTable::key_of(const StreamScope& scope, std::string_view kind, std::string_view id) const {
  return Key{{"pk", partition_of(scope)}, {"sk", std::string(kind) + std::string(id)}};
}

LeaseTable::RowUpdate LeaseTable::update_of(const StreamScope& scope,
                                            std::string_view shard_id) const {
  return {options_.table, key_of(scope, shard_row, shard_id)};
}

Result<void> LeaseTable::write(const RowUpdate& update) {
  const auto written = database_.update_item(update.request());
  return written ? Result<void>() : to_conflict(written.error());
}

// ---- progress ----

Result<SharedProgress> LeaseTable::load_shared(const StreamScope& scope) {
  SharedProgress found;
  std::optional<Error> failure;
  const auto read = [&](const Item& item) -> Result<void> {
    const std::string sk = text_of(item, "sk");
    if (sk == stream_row) {
      found.progress.start = TRY(start_from_json(to_json(item)));
    } else if (sk.starts_with(shard_row)) {
      std::string id = sk.substr(shard_row.size());
      found.leases.emplace(id, lease_of(item));
      auto row = TRY(row_from_json(id, to_json(item)));
      found.progress.shards.emplace(std::move(id), std::move(row));
    } else if (sk.starts_with(worker_row)) {
      found.workers.emplace(sk.substr(worker_row.size()), count_of(item, "beat"));
    }
    return {};
  };
  TRY(for_each_item(database_,
                    QueryRequest{.table_name = options_.table,
                                 .key_condition_expression = "pk = :pk",
                                 .expression_attribute_values = Item{{":pk", partition_of(scope)}},
                                 .consistent_read = true},
                    [&](Item&& item) {
                      const auto taken = read(item);
                      if (!taken) failure = taken.error();
                      return taken.has_value();
                    }));
  if (failure) return *failure;
  return found;
}

Result<StreamProgress> LeaseTable::load(const StreamScope& scope) {
  return TRY(load_shared(scope)).progress;
}

Result<std::optional<std::string>> LeaseTable::last_stream(const std::string& group,
                                                           const std::string& table_name) {
  const auto found = TRY(database_.get_item({.table_name = options_.table,
                                             .key = pointer_key(group, table_name),
                                             .consistent_read = true}));
  if (!found.item) return std::optional<std::string>();
  return std::optional(text_of(*found.item, "stream_arn"));
}

Result<void> LeaseTable::put_start(const StreamScope& scope, const StreamStart& start,
                                   bool only_if_new) {
  StreamStart kept = start;
  if (kept.shards.size() > start_shards_max) {
    std::erase_if(kept.shards,
                  [](const auto& shard) { return shard.second.kind == StreamPosition::Kind::end; });
  }
  AttributeMap attributes = to_attribute(streams::to_json(kept)).as_map();
  for (const auto& [name, value] : key_of(scope, stream_row, "")) attributes.emplace(name, value);
  attributes.emplace("gaps_written", start.gaps.size());
  attributes.emplace("v", row_version);
  PutItemRequest put{.table_name = options_.table, .item = Item(std::move(attributes))};
  if (only_if_new) put.condition_expression = "attribute_not_exists(pk)";
  const auto written = database_.put_item(put);
  if (!written) return to_conflict(written.error());
  const std::string table = table_in(scope.stream_arn);
  if (table.empty()) return {};
  Item pointer = pointer_key(scope.group, table);
  pointer["stream_arn"] = scope.stream_arn;
  pointer["v"] = row_version;
  const auto pointed = database_.put_item({.table_name = options_.table, .item = pointer});
  return pointed ? Result<void>() : pointed.error();
}

Result<void> LeaseTable::begin(const StreamScope& scope, const StreamStart& start) {
  return put_start(scope, start, true);
}

Result<void> LeaseTable::save(const StreamScope& scope, const StreamProgress& progress) {
  const SharedProgress before = TRY(load_shared(scope));
  for (const auto& [id, row] : before.progress.shards) {
    if (progress.shards.contains(id)) continue;
    const auto removed =
        database_.delete_item({.table_name = options_.table, .key = key_of(scope, shard_row, id)});
    if (!removed) return removed.error();
  }
  if (!progress.start) {
    const auto removed =
        database_.delete_item({.table_name = options_.table, .key = key_of(scope, stream_row, "")});
    return removed ? Result<void>() : removed.error();
  }
  for (const auto& [id, row] : progress.shards) {
    // A new epoch: whoever held it cannot write what it was about to.
    RowUpdate update = update_of(scope, id);
    update.set_row(row);
    update.count_up("epoch");
    update.count_up("beat");
    update.remove("owner");
    update.remove("handoff");
    TRY(write(update));
  }
  return put_start(scope, *progress.start, false);
}

Result<void> LeaseTable::add(const StreamScope& scope, std::span<const ShardProgress> rows) {
  std::vector<std::optional<Error>> errors(rows.size());
  TRY(stores::at_once(database_, rows.size(), options_.in_flight_max, [&](std::size_t i) {
    RowUpdate update = update_of(scope, rows[i].shard_id);
    update.set_row(rows[i]);
    update.set_if_absent("epoch", 0);
    update.set_if_absent("beat", 0);
    update.require_new_or_pending();
    const auto written = write(update);
    if (!written && written.error().code() != ErrorCode::write_conflict)
      errors[i] = written.error();
  }));
  for (const auto& error : errors) {
    if (error) return *error;
  }
  return {};
}

Result<std::vector<StreamGap>> LeaseTable::note(const StreamScope& scope,
                                                std::span<const StreamGap> gaps) {
  constexpr int attempts_max = 5;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const auto found = TRY(database_.get_item({.table_name = options_.table,
                                               .key = key_of(scope, stream_row, ""),
                                               .consistent_read = true}));
    if (!found.item) return Error(ErrorCode::write_conflict, "The reading has not begun");
    StreamStart start = TRY(start_from_json(to_json(*found.item)));
    std::vector<StreamGap> fresh;
    for (const StreamGap& gap : gaps) {
      // Two workers that see the same, see one gap.
      const bool is_known =
          std::any_of(start.gaps.begin(), start.gaps.end(), [&](const StreamGap& kept) {
            return kept.kind == gap.kind && kept.shard_id == gap.shard_id &&
                   kept.position == gap.position;
          });
      if (!is_known) fresh.push_back(gap);
    }
    if (fresh.empty()) return fresh;
    start.gaps.insert(start.gaps.end(), fresh.begin(), fresh.end());
    if (start.gaps.size() > gaps_max) {
      start.gaps.erase(start.gaps.begin(),
                       start.gaps.end() - static_cast<std::ptrdiff_t>(gaps_max));
    }
    const std::uint64_t written = count_of(*found.item, "gaps_written");
    RowUpdate update(options_.table, key_of(scope, stream_row, ""));
    update.set("gaps", to_attribute(*streams::to_json(start).find("gaps")));
    update.set("gaps_written", written + fresh.size());
    update.require("gaps_written", written);
    const auto kept = write(update);
    if (kept) return fresh;
    if (kept.error().code() != ErrorCode::write_conflict) return kept.error();
  }
  return conflict();
}

Result<void> LeaseTable::forget(const StreamScope& scope, std::span<const std::string> shard_ids) {
  for (const std::string& id : shard_ids) {
    const auto removed = database_.delete_item(
        {.table_name = options_.table,
         .key = key_of(scope, shard_row, id),
         .condition_expression = "attribute_not_exists(pk) OR #state IN (:completed, :lost)",
         .expression_attribute_names = ExpressionAttributeNames{{"#state", "state"}},
         .expression_attribute_values = Item{{":completed", "completed"}, {":lost", "lost"}}});
    if (!removed && !removed.error().is_condition_failure()) return removed.error();
  }
  return {};
}

// ---- leases ----

Result<LeasedShard> LeaseTable::take(const StreamScope& scope, const std::string& worker,
                                     const std::string& shard_id, const Lease& seen) {
  RowUpdate update = update_of(scope, shard_id);
  update.set("owner", worker);
  update.set("epoch", seen.epoch + 1);
  update.set("beat", seen.beat + 1);
  update.set("state", "reading");
  update.remove("handoff");
  update.require_lease(seen);
  update.require_not_over();
  UpdateItemRequest request = update.request();
  request.return_values = ReturnValues::all_new;
  const auto taken = database_.update_item(request);
  if (!taken) {
    return taken.error().is_condition_failure() ? conflict() : taken.error();
  }
  if (!taken->attributes) return Error::internal("UpdateItem did not give the row");
  return LeasedShard{.row = TRY(row_from_json(shard_id, to_json(*taken->attributes))),
                     .lease = lease_of(*taken->attributes)};
}

Result<void> LeaseTable::ask(const StreamScope& scope, const std::string& worker,
                             const std::string& shard_id, const Lease& seen) {
  RowUpdate update = update_of(scope, shard_id);
  update.set("handoff", worker);
  update.require("owner", seen.owner);
  update.require("epoch", seen.epoch);
  update.require_absent("handoff");
  return write(update);
}

// A write that stands only while the lease does, and renews it.
LeaseTable::RowUpdate LeaseTable::update_held(const StreamScope& scope, const std::string& worker,
                                              const HeldRow& held) const {
  RowUpdate update = update_of(scope, held.shard_id);
  if (held.row) update.set_row(*held.row);
  update.count_up("beat");
  if (held.refuses) update.remove("handoff");
  update.require("owner", worker);
  update.require("epoch", held.epoch);
  return update;
}

std::vector<Result<void>> LeaseTable::keep(const StreamScope& scope, const std::string& worker,
                                           const std::vector<HeldRow>& held) {
  std::vector<Result<void>> results(held.size());
  const Capabilities& can = database_.capabilities();
  const std::size_t at_once_max =
      can.transactions ? std::max<std::size_t>(can.transaction_actions_max, 1) : 1;
  for (std::size_t begin = 0; begin < held.size(); begin += at_once_max) {
    const std::size_t end = std::min(held.size(), begin + at_once_max);
    if (end - begin > 1) {
      TransactWriteItemsRequest request{.transact_items = std::vector<TransactWriteItem>()};
      for (std::size_t i = begin; i < end; ++i) {
        request.transact_items->push_back(update_held(scope, worker, held[i]).action());
      }
      const auto written = database_.transact_write_items(request);
      if (written) continue;
      if (written.error().code() != ErrorCode::transaction_canceled) {
        for (std::size_t i = begin; i < end; ++i) results[i] = written.error();
        continue;
      }
    }
    // One by one: one that is lost must not keep the others from being renewed.
    for (std::size_t i = begin; i < end; ++i) {
      results[i] = write(update_held(scope, worker, held[i]));
    }
  }
  return results;
}

Result<void> LeaseTable::release(const StreamScope& scope, const std::string& worker,
                                 const HeldRow& held, const std::string& to) {
  HeldRow last = held;
  last.refuses = true;
  RowUpdate update = update_held(scope, worker, last);
  if (to.empty()) {
    update.remove("owner");
  } else {
    update.set("owner", to);
    update.count_up("epoch");
  }
  return write(update);
}

// One shard's row; none: there is none.
Result<std::optional<LeasedShard>> LeaseTable::look_up(const StreamScope& scope,
                                                       std::string_view shard_id) {
  const auto found = TRY(database_.get_item({.table_name = options_.table,
                                             .key = key_of(scope, shard_row, shard_id),
                                             .consistent_read = true}));
  if (!found.item) return std::optional<LeasedShard>();
  return std::optional(LeasedShard{.row = TRY(row_from_json(shard_id, to_json(*found.item))),
                                   .lease = lease_of(*found.item)});
}

Result<void> LeaseTable::finish(const StreamScope& scope, const std::string& worker,
                                const HeldRow& held, const std::vector<ShardProgress>& children) {
  // Children that somebody has begun are not in the way.
  std::vector<ShardProgress> fresh;
  if (!children.empty()) {
    const auto known = TRY(look_up(scope, held.shard_id));
    // It was done, and the answer did not come.
    if (known && known->lease.epoch == held.epoch && known->row.is_over()) return {};
  }
  for (const ShardProgress& child : children) {
    const auto known = TRY(look_up(scope, child.shard_id));
    if (!known || known->row.state == ShardState::pending) fresh.push_back(child);
  }
  RowUpdate parent = update_held(scope, worker, held);
  parent.remove("owner");
  if (!held.refuses) parent.remove("handoff");
  AttributeList ids;
  for (const ShardProgress& child : children) ids.emplace_back(child.shard_id);
  parent.set("children", std::move(ids));

  const Capabilities& can = database_.capabilities();
  if (!can.transactions || fresh.size() + 1 > can.transaction_actions_max) {
    TRY(add(scope, fresh));
    return write(parent);
  }
  if (fresh.empty()) return write(parent);
  TransactWriteItemsRequest request{.transact_items =
                                        std::vector<TransactWriteItem>{parent.action()}};
  for (const ShardProgress& child : fresh) {
    RowUpdate update = update_of(scope, child.shard_id);
    update.set_row(child);
    update.set_if_absent("epoch", 0);
    update.set_if_absent("beat", 0);
    update.require_new_or_pending();
    request.transact_items->push_back(update.action());
  }
  const auto written = database_.transact_write_items(request);
  if (written) return {};
  const auto& reasons = written.error().cancellation_reasons();
  const bool is_lost = written.error().code() == ErrorCode::transaction_canceled &&
                       !reasons.empty() && reasons.front().code == "ConditionalCheckFailed";
  return is_lost ? conflict() : written.error();
}

// ---- workers ----

Result<void> LeaseTable::beat(const StreamScope& scope, const std::string& worker,
                              std::uint64_t beat) {
  RowUpdate update(options_.table, key_of(scope, worker_row, worker));
  update.set("beat", beat);
  update.set("updated_ms", std::chrono::floor<std::chrono::milliseconds>(options_.clock->now())
                               .time_since_epoch()
                               .count());
  update.set("v", row_version);
  return write(update);
}

Result<void> LeaseTable::forget_worker(const StreamScope& scope, const std::string& worker,
                                       std::optional<std::uint64_t> beat) {
  DeleteItemRequest request{.table_name = options_.table, .key = key_of(scope, worker_row, worker)};
  if (beat) {
    request.condition_expression = "beat = :beat";
    request.expression_attribute_values = Item{{":beat", *beat}};
  }
  const auto removed = database_.delete_item(request);
  return removed ? Result<void>() : to_conflict(removed.error());
}

}  // namespace dynakeep::streams

namespace dynakeep {

Result<void> StreamCheckpoints::save_change(const StreamScope& scope,
                                            const StreamProgressChange& change) {
  StreamProgress progress = TRY(load(scope));
  apply(change, progress);
  return save(scope, progress);
}

Result<std::optional<std::string>> StreamCheckpoints::last_stream(const std::string&,
                                                                  const std::string&) {
  return std::optional<std::string>();
}

CreateTableRequest stream_table_definition(const std::string& name) {
  return {.table_name = name,
          .attribute_definitions = std::vector<AttributeDefinition>{{"pk", ScalarType::string},
                                                                    {"sk", ScalarType::string}},
          .key_schema = KeySchema{{"pk", KeyType::hash}, {"sk", KeyType::range}},
          .billing_mode = BillingMode::pay_per_request};
}

Result<std::unique_ptr<StreamCheckpoints>> open_stream_checkpoint_table(
    Database& database, StreamCheckpointTableOptions options) {
  if (options.table.empty()) {
    return Error(ErrorCode::invalid_argument, "table must not be empty");
  }
  if (options.in_flight_max == 0) {
    return Error(ErrorCode::invalid_argument, "in_flight_max is at least 1");
  }
  auto table = std::make_unique<streams::LeaseTable>(database, std::move(options));
  TRY(table->prepare());
  return std::unique_ptr<StreamCheckpoints>(std::move(table));
}

}  // namespace dynakeep
