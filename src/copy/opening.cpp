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
  if (options.mends && !options.follows)
    return wrong("what lost changes is mended by following it");
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
constexpr const char* mended = ": mend it, comparing both sides and repairing what differs";
constexpr const char* switched_off = "the source's stream was switched off";

}  // namespace

Result<void> TableCopy::Carrying::open() {
  TRY(check(options_));
  TRY(look_at_source());
  TRY(find_destination());
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

Result<void> TableCopy::Carrying::find_destination() {
  auto described = destination_.describe_table({.table_name = options_.table});
  if (described) {
    there_ = std::move(described->table);
  } else if (described.error().code() != ErrorCode::resource_not_found) {
    return described.error();
  }
  return {};
}

Result<void> TableCopy::Carrying::look_at_state() {
  if (!there_) return {};  // what is known of a table that is gone says nothing of the next one
  auto found = TRY(states_.load());
  if (!found || found->segments.empty()) return {};
  state_ = std::move(*found);
  if (options_.overwrites) return {};
  const std::string of = "The copy of the table " + options_.table + " that an earlier run began";
  if (state_.source != identity_of(table_)) {
    return wrong(of + " is of another table of that name" + anew);
  }
  if (options_.follows) {
    if (state_.stream_arn.empty()) return wrong(of + " was not to be followed" + anew);
    const bool is_the_same = has_stream(table_) && table_.latest_stream_arn == state_.stream_arn;
    if (!is_the_same && state_.loss.empty()) state_.loss = switched_off;
  }
  if (!state_.loss.empty() && !options_.mends) {
    return lost(of + " has lost changes, since " + state_.loss + mended);
  }
  goes_on_ = true;
  plan_.items_done = state_.items;
  plan_.step = !state_.loss.empty()                        ? CopyPlan::Step::mend
               : state_.stage == CopyState::Stage::copying ? CopyPlan::Step::resume
                                                           : CopyPlan::Step::done;
  return {};
}

Result<void> TableCopy::Carrying::look_at_destination() {
  if (!there_) return {};
  const std::string& name = options_.table;
  const TableDescription& there = *there_;
  if (identity_of(there) == identity_of(table_)) {
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
  if (goes_on_) {
    if (plan_.step != CopyPlan::Step::done || options_.follows) return {};
    return wrong("The copy of the table " + name +
                 " that an earlier run made is followed: follow it to apply what has changed "
                 "since, or overwrite it to begin anew");
  }
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
  for (std::string& each : not_kept(plan_.definition, there))
    plan_.notes.push_back(std::move(each));
  if (wanted.stream_specification && has_stream(there) &&
      wanted.stream_specification->stream_view_type !=
          there.stream_specification->stream_view_type) {
    plan_.notes.emplace_back("the stream of the table that is there shows other images, and stays");
  }
  return {};
}

void TableCopy::Carrying::note_what_is_missing() {
  const Capabilities& can = destination_.capabilities();
  for (std::string& each : not_kept(plan_.definition, can)) plan_.notes.push_back(std::move(each));
  if (!can.empty_values && source_.capabilities().empty_values) {
    plan_.notes.emplace_back(
        "the destination takes no empty texts and binaries: an item that holds one ends the copy");
  }
  if (table_.deletion_protection_enabled) {
    plan_.notes.emplace_back("the destination's table is not protected from being deleted");
  }
  if (options_.follows && !has_stream(table_)) {
    plan_.notes.emplace_back("a stream is enabled on the source's table");
  }
}

}  // namespace dynakeep
