#include "copy/copy_states.h"

#include <utility>

#include "base/bytes.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/copy/table_copy.h"
#include "dynakeep/json_document.h"
#include "dynakeep/pages.h"
#include "stores/streams/progress_json.h"
#include "stores/support/chance.h"

namespace dynakeep::copying {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view copy_part = "copy";
constexpr std::string_view shard_prefix = "shard#";
// Longer than it is between two signs of life (TableCopy gives one a second), also on a machine
// that has much to do.
constexpr auto life_span = 4s;

std::string copies() { return std::string(copies_table); }

Error malformed(const std::string& table) {
  return {ErrorCode::malformed_item, "What the table " + copies() + " of the destination has of " +
                                         table + " is not what a copy keeps"};
}

std::string_view word_of(CopyState::Stage stage) {
  switch (stage) {
    case CopyState::Stage::copying:
      return "copying";
    case CopyState::Stage::copied:
      return "copied";
    case CopyState::Stage::lost:
      break;
  }
  return "lost";
}

std::optional<CopyState::Stage> stage_of(std::string_view word) {
  using enum CopyState::Stage;
  for (const auto each : {copying, copied, lost}) {
    if (word_of(each) == word) return each;
  }
  return std::nullopt;
}

AttributeList rows_of(const std::vector<Segment>& segments) {
  AttributeList rows;
  rows.reserve(segments.size());
  for (const Segment& each : segments) {
    AttributeMap row{{"is_read", each.is_read}};
    if (each.behind) row.emplace("behind", each.behind->attributes());
    rows.emplace_back(std::move(row));
  }
  return rows;
}

std::optional<std::vector<Segment>> segments_of(AttributeView rows) {
  std::vector<Segment> segments;
  for (const auto& [name, row] : rows) {
    const auto is_read = row["is_read"].boolean();
    if (!is_read) return std::nullopt;
    Segment segment{.is_read = *is_read};
    if (const AttributeView behind = row["behind"]; behind.is(AttributeType::map)) {
      segment.behind = Key(behind.value().as_map());
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

std::string text_of(AttributeView value) { return std::string(value.text().value_or("")); }

}  // namespace

std::string identity_of(const TableDescription& table) {
  return table.table_arn + " " +
         (table.table_id.empty() ? std::to_string(table.creation_time.time_since_epoch().count())
                                 : table.table_id);
}

CopyStates::CopyStates(Database& database, std::string table, base::Pacing& pacing)
    : database_(database), table_(std::move(table)), pacing_(pacing), run_([] {
        const std::uint64_t chance = stores::system_random();
        return base::to_hex({reinterpret_cast<const char*>(&chance), sizeof(chance)});
      }()) {}

Key CopyStates::key_of(std::string part) const { return {{"pk", table_}, {"sk", std::move(part)}}; }

Item CopyStates::row_of(const CopyState& state, const std::string& run, std::int64_t beat) const {
  Item row = key_of(std::string(copy_part));
  row["stage"] = word_of(state.stage);
  row["segments"] = rows_of(state.segments);
  row["items"] = state.items;
  row["bytes"] = state.bytes;
  row["beat"] = beat;
  // Not every engine takes empty texts.
  if (!run.empty()) row["run"] = run;
  if (!state.source.empty()) row["source"] = state.source;
  if (!state.loss.empty()) row["loss"] = state.loss;
  if (!state.stream_arn.empty()) row["stream_arn"] = state.stream_arn;
  if (state.stream.start) row["start"] = streams::to_json(*state.stream.start).to_text();
  return row;
}

Result<std::optional<Item>> CopyStates::read_row() {
  auto found = database_.get_item(
      {.table_name = copies(), .key = key_of(std::string(copy_part)), .consistent_read = true});
  if (found) return std::move(found->item);
  if (found.error().code() == ErrorCode::resource_not_found) return std::optional<Item>();
  return found.error();
}

Result<std::vector<Item>> CopyStates::shard_rows() {
  std::vector<Item> rows;
  TRY(for_each_item(
      database_,
      QueryRequest{.table_name = copies(),
                   .key_condition_expression = "pk = :pk AND begins_with(sk, :sk)",
                   .expression_attribute_values =
                       ExpressionAttributeValues{{":pk", table_}, {":sk", shard_prefix}},
                   .consistent_read = true},
      [&](Item&& row) {
        rows.push_back(std::move(row));
        return true;
      }));
  return rows;
}

Result<std::optional<CopyState>> CopyStates::load() {
  const auto row = TRY(read_row());
  if (!row) return std::optional<CopyState>();
  const AttributeView view(*row);
  const auto stage = stage_of(text_of(view["stage"]));
  auto segments = segments_of(view["segments"]);
  const auto items = view["items"].integer();
  const auto bytes = view["bytes"].integer();
  if (!stage || !segments || !items || !bytes) return malformed(table_);
  CopyState state{.source = text_of(view["source"]),
                  .stage = *stage,
                  .loss = text_of(view["loss"]),
                  .stream_arn = text_of(view["stream_arn"]),
                  .segments = std::move(*segments),
                  .items = static_cast<std::uint64_t>(*items),
                  .bytes = static_cast<std::uint64_t>(*bytes)};
  if (state.stream_arn.empty()) return std::optional(std::move(state));
  const auto start = JsonDocument::parse(text_of(view["start"]));
  if (!start) return malformed(table_);
  state.stream.start = TRY(streams::start_from_json(*start));
  for (const Item& each : TRY(shard_rows())) {
    const std::string id = text_of(AttributeView(each)["sk"]).substr(shard_prefix.size());
    const auto json = JsonDocument::parse(text_of(AttributeView(each)["progress"]));
    if (!json) return malformed(table_);
    state.stream.shards.insert_or_assign(id, TRY(streams::row_from_json(id, *json)));
  }
  return std::optional(std::move(state));
}

Result<void> CopyStates::take_over() {
  TRY(create_table_and_wait(
      database_,
      {.table_name = copies(),
       .attribute_definitions =
           std::vector<AttributeDefinition>{{"pk", ScalarType::string}, {"sk", ScalarType::string}},
       .key_schema = KeySchema{{"pk", KeyType::hash}, {"sk", KeyType::range}},
       .billing_mode = BillingMode::pay_per_request}));
  const auto owner_in = [](const std::optional<Item>& row) {
    Owner owner;
    if (row) {
      owner.run = text_of(AttributeView(*row)["run"]);
      owner.beat = AttributeView(*row)["beat"].integer().value_or(0);
    }
    return owner;
  };
  auto row = TRY(read_row());
  Owner before = owner_in(row);
  if (!before.run.empty() && before.run != run_) {
    // Nobody's clock is asked: who lives, beats.
    pacing_.wait_until(pacing_.now() + life_span);
    row = TRY(read_row());
    if (const Owner after = owner_in(row); after != before) {
      if (!after.run.empty()) {
        return Error(ErrorCode::resource_in_use,
                     "Another run is copying the table " + table_ + " to this destination");
      }
      before = after;
    }
  }
  // What is there is kept as it is, but for whose it is.
  PutItemRequest request{.table_name = copies()};
  if (row) {
    request.item = *row;
    (*request.item)["run"] = run_;
    (*request.item)["beat"] = before.beat + 1;
    request.condition_expression =
        before.run.empty() ? "attribute_exists(pk) AND attribute_not_exists(run) AND beat = :beat"
                           : "run = :run AND beat = :beat";
    request.expression_attribute_values = ExpressionAttributeValues{{":beat", before.beat}};
    if (!before.run.empty()) (*request.expression_attribute_values)[":run"] = before.run;
  } else {
    request.item = row_of({}, run_, 1);
    request.condition_expression = "attribute_not_exists(pk)";
  }
  if (const auto put = database_.put_item(request); !put) {
    if (!put.error().is_condition_failure()) return put.error();
    // Perhaps it was this run's own, whose answer was lost.
    if (owner_in(TRY(read_row())).run != run_) {
      return Error(ErrorCode::resource_in_use, "Another run has just begun to copy the table " +
                                                   table_ + " to this destination");
    }
  }
  owner_ = Owner{.run = run_, .beat = before.beat + 1};
  return {};
}

Result<void> CopyStates::begin(const CopyState& state) {
  // First of all that nothing is known: rows of shards, and what they belong to, are not written at
  // once, and those of two copies are not to be taken for one.
  TRY(save(CopyState{}));
  std::vector<WriteRequest> old;
  for (const Item& row : TRY(shard_rows())) {
    old.push_back({.remove = Key{{"pk", row.at("pk")}, {"sk", row.at("sk")}}});
  }
  TRY(write_items(database_, copies(), std::move(old)));
  StreamChange change;
  for (const auto& [id, row] : state.stream.shards) change.rows.emplace(id, row);
  TRY(save(change));
  return save(state);
}

Result<void> CopyStates::save(const CopyState& state) {
  const std::int64_t beat = owner_->beat + 1;
  const auto put = database_.put_item(
      {.table_name = copies(),
       .item = row_of(state, run_, beat),
       .condition_expression = "run = :run",
       .expression_attribute_values = ExpressionAttributeValues{{":run", run_}}});
  if (put) {
    owner_->beat = beat;
    return {};
  }
  if (!put.error().is_condition_failure()) return put.error();
  return Error(ErrorCode::write_conflict,
               "Another run has taken over the copy of the table " + table_);
}

Result<void> CopyStates::save(const StreamChange& change) {
  for (const bool is_over : {true, false}) {
    for (const auto& [id, row] : change.rows) {
      if (row.is_over() != is_over) continue;
      Item item = key_of(std::string(shard_prefix) + id);
      item["progress"] = streams::to_json(row).to_text();
      TRY(database_.put_item({.table_name = copies(), .item = std::move(item)}));
    }
  }
  for (const std::string& id : change.forgotten) {
    TRY(database_.delete_item(
        {.table_name = copies(), .key = key_of(std::string(shard_prefix) + id)}));
  }
  return {};
}

Result<void> CopyStates::release(const CopyState& state) {
  if (!owner_) return {};
  TRY(database_.put_item(
      {.table_name = copies(),
       .item = row_of(state, {}, owner_->beat + 1),
       .condition_expression = "run = :run",
       .expression_attribute_values = ExpressionAttributeValues{{":run", run_}}}));
  owner_.reset();
  return {};
}

Result<void> CopyStates::forget() {
  // Its own row first: without it, those of shards are nothing that anyone would go on with.
  TRY(database_.delete_item({.table_name = copies(), .key = key_of(std::string(copy_part))}));
  owner_.reset();
  std::vector<WriteRequest> old;
  for (const Item& row : TRY(shard_rows())) {
    old.push_back({.remove = Key{{"pk", row.at("pk")}, {"sk", row.at("sk")}}});
  }
  TRY(write_items(database_, copies(), std::move(old)));
  const auto left =
      TRY(database_.scan({.table_name = copies(), .limit = 1, .consistent_read = true}));
  if (left.count > 0 || left.last_evaluated_key) return {};
  const auto deleted = database_.delete_table({.table_name = copies()});
  if (!deleted && deleted.error().code() != ErrorCode::resource_not_found) return deleted.error();
  return {};
}

}  // namespace dynakeep::copying
