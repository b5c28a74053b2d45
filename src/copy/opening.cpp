#include <algorithm>
#include <utility>

#include "copy/carrying.h"
#include "dynakeep/transfer/table_definition.h"

// Looking at both sides: what is to be done, and what speaks against it.
namespace dynakeep {

using copying::CopyState;
using copying::identity_of;

namespace {

constexpr unsigned segments_max = 64;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Error lost(std::string message) { return {ErrorCode::trimmed_data_access, std::move(message)}; }

bool has_stream(const TableDescription& table) {
  return table.stream_specification && table.stream_specification->stream_enabled.value_or(false) &&
         table.latest_stream_arn;
}

Result<void> check(const CopyOptions& options) {
  if (options.table.empty()) return wrong("a copy is of a table: table is empty");
  if (options.table == copies_table) {
    return wrong("the table " + std::string(copies_table) +
                 " is where copies keep how far they are");
  }
  if (options.segments == 0 || options.segments > segments_max) {
    return wrong("a table is copied in 1 to 64 segments");
  }
  if (options.items_per_second && !(*options.items_per_second > 0)) {
    return wrong("a rate is more than nothing");
  }
  if (options.settle < std::chrono::milliseconds(0) || options.settle > std::chrono::hours(1)) {
    return wrong("settle is 0 to an hour");
  }
  return {};
}

constexpr const char* anew =
    ": overwrite it to begin anew, and compare both sides then, repairing what differs";

}  // namespace

Result<void> TableCopy::Carrying::open() {
  TRY(check(options_));
  TRY(look_at_source());
  TRY(look_at_state());
  TRY(look_at_stream());
  TRY(look_at_destination());
  note_what_is_missing();
  return {};
}

Result<void> TableCopy::Carrying::look_at_source() {
  table_ = TRY(source_.describe_table({.table_name = options_.table})).table;
  plan_.definition = TRY(table_definition(source_, options_.table));
  plan_.items_total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, table_.item_count));
  plan_.bytes_total =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, table_.table_size_bytes));
  return {};
}

Result<void> TableCopy::Carrying::look_at_stream() {
  if (!options_.follows) return {};
  if (!source_.capabilities().streams) {
    return Error(ErrorCode::unsupported,
                 "The source has no streams, by which a table could be followed");
  }
  if (!has_stream(table_) && !options_.enables_stream) {
    return wrong("The table " + options_.table +
                 " of the source has no stream, by which it is followed: enable one, or have it "
                 "enabled");
  }
  return {};
}

Result<void> TableCopy::Carrying::look_at_state() {
  auto found = TRY(states_.load());
  if (!found || found->segments.empty()) return {};
  state_ = std::move(*found);
  if (options_.overwrites) return {};
  const std::string of = "The copy of the table " + options_.table + " that an earlier run began";
  if (state_.source != identity_of(table_)) {
    return wrong(of + " is of another table of that name" + anew);
  }
  if (state_.stage == CopyState::Stage::lost) {
    return lost(of + " has lost changes, since " + state_.loss + anew);
  }
  if (options_.follows) {
    if (state_.stream_arn.empty()) return wrong(of + " was not to be followed" + anew);
    if (!has_stream(table_) || table_.latest_stream_arn != state_.stream_arn) {
      return lost(of + " has lost changes, since the source's stream was switched off" + anew);
    }
  }
  goes_on_ = true;
  plan_.items_done = state_.items;
  plan_.step =
      state_.stage == CopyState::Stage::copied ? CopyPlan::Step::done : CopyPlan::Step::resume;
  return {};
}

Result<void> TableCopy::Carrying::look_at_destination() {
  const std::string& name = options_.table;
  auto described = destination_.describe_table({.table_name = name});
  if (!described) {
    if (described.error().code() != ErrorCode::resource_not_found) return described.error();
    goes_on_ = false;  // someone has deleted what an earlier run made
    plan_.items_done = 0;
    plan_.step = CopyPlan::Step::make;
    return {};
  }
  const TableDescription& there = described->table;
  if (!there.table_id.empty() && identity_of(there) == identity_of(table_)) {
    return wrong("The table " + name + " of source and destination is the same one");
  }
  const auto differences =
      shape_differences(plan_.definition, there, TRY(time_to_live_of(destination_, name)));
  if (!differences.empty()) {
    std::string text = "The table " + name + " of the destination is of another shape:";
    for (const std::string& each : differences) text += " " + each + ";";
    text.pop_back();
    return wrong(std::move(text));
  }
  is_there_ = true;
  if (goes_on_) return {};
  const auto page =
      TRY(destination_.scan({.table_name = name, .limit = 1, .consistent_read = true}));
  const bool is_empty = page.count == 0 && !page.last_evaluated_key;
  if (!is_empty && !options_.overwrites) {
    return wrong("The table " + name +
                 " of the destination has items: overwrite it to put the source's over them");
  }
  plan_.step = is_empty ? CopyPlan::Step::fill : CopyPlan::Step::overwrite;
  const auto& wanted = plan_.definition.table;
  if (wanted.tags) plan_.notes.emplace_back("the tags of the table that is there stay as they are");
  if (wanted.stream_specification && has_stream(there) &&
      wanted.stream_specification->stream_view_type !=
          there.stream_specification->stream_view_type) {
    plan_.notes.emplace_back("the stream of the table that is there shows other images, and stays");
  }
  return {};
}

void TableCopy::Carrying::note_what_is_missing() {
  const Capabilities& can = destination_.capabilities();
  const TableDefinition& wanted = plan_.definition;
  if (wanted.table.tags && !can.tags) {
    plan_.notes.emplace_back("the destination has no tags");
  }
  if (wanted.table.stream_specification && !can.streams) {
    plan_.notes.emplace_back("the destination has no streams");
  }
  if (wanted.time_to_live_attribute && !can.time_to_live) {
    plan_.notes.emplace_back("the destination has no time to live: nothing there expires");
  }
  if (table_.deletion_protection_enabled) {
    plan_.notes.emplace_back("the destination's table is not protected from being deleted");
  }
  if (options_.follows && !has_stream(table_)) {
    plan_.notes.emplace_back("a stream is enabled on the source's table");
  }
}

}  // namespace dynakeep
