#include "dynakeep/stores/event_marks.h"

#include <algorithm>
#include <ostream>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/event_store/attributes.h"
#include "stores/event_store/history_row.h"
#include "stores/event_store/mark_items.h"

namespace dynakeep {

using namespace event_store;  // NOLINT: the names of attributes

namespace {

constexpr std::string_view mark_key = "mark";

}  // namespace

std::ostream& operator<<(std::ostream& out, const AggregateKey& key) {
  return out << key.event_store_id << key_separator << key.aggregate_id;
}

std::ostream& operator<<(std::ostream& out, const EventMark& mark) {
  out << "up to " << mark.version;
  for (const VersionRange& range : mark.missing) {
    out << ", without " << range.first << " to " << range.last;
  }
  return out;
}

// ---- marks ----

bool EventMark::holds(Version delivered) const {
  if (delivered < 1 || delivered > version) return false;
  const auto range =
      std::lower_bound(missing.begin(), missing.end(), delivered,
                       [](const VersionRange& each, Version sought) { return each.last < sought; });
  return range == missing.end() || range->first > delivered;
}

void EventMark::add(Version delivered) {
  if (delivered < 1 || holds(delivered)) return;
  if (delivered > version) {
    if (delivered > version + 1) missing.push_back({version + 1, delivered - 1});
    version = delivered;
    return;
  }
  const auto range =
      std::lower_bound(missing.begin(), missing.end(), delivered,
                       [](const VersionRange& each, Version sought) { return each.last < sought; });
  const VersionRange whole = *range;
  const auto at = missing.erase(range);
  std::vector<VersionRange> rest;
  if (whole.first < delivered) rest.push_back({whole.first, delivered - 1});
  if (delivered < whole.last) rest.push_back({delivered + 1, whole.last});
  missing.insert(at, rest.begin(), rest.end());
}

void EventMark::remove(Version removed) {
  if (!holds(removed)) return;
  const auto next =
      std::lower_bound(missing.begin(), missing.end(), removed,
                       [](const VersionRange& each, Version sought) { return each.last < sought; });
  auto range = missing.insert(next, {removed, removed});
  if (range + 1 != missing.end() && (range + 1)->first == removed + 1) {
    range->last = (range + 1)->last;
    range = missing.erase(range + 1) - 1;
  }
  if (range != missing.begin() && (range - 1)->last == removed - 1) {
    (range - 1)->last = range->last;
    missing.erase(range);
  }
  // What is missing at the top was never there, as far as anybody need know.
  if (!missing.empty() && missing.back().last == version) {
    version = missing.back().first - 1;
    missing.pop_back();
  }
}

// ---- marks and histories as items ----

namespace event_store {

AttributeValue missing_to_attribute(const EventMark& mark) {
  AttributeList numbers;
  for (const VersionRange& range : mark.missing) {
    numbers.emplace_back(range.first);
    numbers.emplace_back(range.last);
  }
  return numbers;
}

Result<EventMark> mark_from(const AttributeView& attributes) {
  const auto version = attributes["version"].integer();
  if (!version) return Error(ErrorCode::malformed_item, "A mark has no version");
  EventMark mark{.version = *version, .revision = attributes["revision"].integer().value_or(0)};
  std::optional<Version> first;
  for (const auto& [name, value] : attributes["missing"]) {
    const Version least = mark.missing.empty() ? 1 : mark.missing.back().last + 2;
    const auto number = value.integer();
    if (!number || *number >= *version || *number < first.value_or(least)) {
      return Error(ErrorCode::malformed_item, "A mark's missing versions make no sense");
    }
    if (first) mark.missing.push_back({*first, *number});
    first = first ? std::nullopt : number;
  }
  return mark;
}

Item history_item(const EventHistory& history) {
  Item item{{"done", history.done},
            {"events", static_cast<std::int64_t>(history.events)},
            {"generation", history.generation}};
  if (history.after) item["after"] = history.after->attributes();
  if (!history.gap.empty()) item["gap"] = history.gap;
  if (history.must_clear) item["mustClear"] = true;
  if (history.epoch != 0) item["epoch"] = history.epoch;
  return item;
}

EventHistory history_from(const AttributeView& attributes) {
  EventHistory history{
      .done = attributes["done"].boolean().value_or(false),
      .events = static_cast<std::uint64_t>(attributes["events"].integer().value_or(0)),
      .gap = std::string(attributes["gap"].text().value_or("")),
      .generation = attributes["generation"].integer().value_or(0),
      .must_clear = attributes["mustClear"].boolean().value_or(false),
      .epoch = attributes["epoch"].integer().value_or(0)};
  if (attributes["after"].is(AttributeType::map)) {
    history.after = Key(attributes["after"].value().as_map());
  }
  return history;
}

std::string mark_text(const AggregateKey& aggregate) {
  return aggregate.event_store_id + key_separator + aggregate.aggregate_id;
}

HistoryRow history_of_marks(Database& database, const EventMarkTableOptions& options) {
  return {.database = database,
          .table_name = options.table_name,
          .key = Key{{std::string(mark_key), options.name}},
          .subscription = options.name};
}

bool is_subscription_name(std::string_view name) {
  constexpr std::size_t bytes_max = 128;
  return !name.empty() && name.size() <= bytes_max &&
         name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
             std::string_view::npos;
}

}  // namespace event_store

// ---- a table of marks ----

EventMarkTable::EventMarkTable(Database& database, EventMarkTableOptions options)
    : database_(database), options_(std::move(options)) {}

CreateTableRequest EventMarkTable::table_definition() const {
  return {.table_name = options_.table_name,
          .attribute_definitions =
              std::vector<AttributeDefinition>{{std::string(mark_key), ScalarType::string}},
          .key_schema = KeySchema{{std::string(mark_key), KeyType::hash}},
          .billing_mode = BillingMode::pay_per_request};
}

Result<void> EventMarkTable::create_table() {
  TRY(create_table_and_wait(database_, table_definition()));
  return {};
}

Key EventMarkTable::key(const AggregateKey& aggregate) const {
  return Key{{std::string(mark_key), options_.name + '/' + mark_text(aggregate)}};
}

Item EventMarkTable::item(const AggregateKey& aggregate, const EventMark& mark) const {
  Item item = key(aggregate);
  item["version"] = mark.version;
  item["revision"] = mark.revision;
  if (!mark.missing.empty()) item["missing"] = missing_to_attribute(mark);
  return item;
}

Result<std::vector<std::optional<EventMark>>> EventMarkTable::load(
    const std::vector<AggregateKey>& keys) {
  std::vector<Key> of_items;
  of_items.reserve(keys.size());
  for (const AggregateKey& each : keys) of_items.push_back(key(each));
  const auto items =
      TRY(get_items(database_, options_.table_name, of_items, {.consistent_read = true}));
  std::vector<std::optional<EventMark>> marks(keys.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i]) marks[i] = TRY(mark_from(*items[i]));
  }
  return marks;
}

Result<void> EventMarkTable::save(const std::vector<std::pair<AggregateKey, EventMark>>& marks) {
  std::vector<WriteRequest> writes;
  writes.reserve(marks.size());
  for (const auto& [aggregate, mark] : marks) writes.push_back({.put = item(aggregate, mark)});
  return write_items(database_, options_.table_name, std::move(writes));
}

Result<std::optional<EventHistory>> EventMarkTable::load_history() {
  return history_of_marks(database_, options_).load();
}
Result<void> EventMarkTable::save_history(const EventHistory& history) {
  return history_of_marks(database_, options_).save(history);
}
Result<std::int64_t> EventMarkTable::claim() {
  return history_of_marks(database_, options_).claim();
}
Result<void> EventMarkTable::confirm(std::int64_t epoch) {
  return history_of_marks(database_, options_).confirm(epoch);
}

}  // namespace dynakeep
