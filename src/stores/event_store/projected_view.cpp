#include "stores/event_store/projected_view.h"

#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/event_store/attributes.h"
#include "stores/event_store/mark_items.h"

namespace dynakeep {

using namespace event_store;  // NOLINT: the names of attributes

namespace {

// What the view adds to the state.
constexpr std::string_view projection_attribute = "projection";

const char* const is_not_there = "attribute_not_exists(#key)";
const char* const is_as_it_was = "#projection.#revision = :revision";
const char* const is_of_generation = "#projection.#generation = :generation";

Key key_of(std::string text) { return Key{{std::string(aggregate_id_attribute), std::move(text)}}; }

// The state, or nothing where the item has no more than its key and what the view adds.
std::optional<Item> state_of(const Item& item) {
  AttributeMap attributes = item.attributes();
  attributes.erase(std::string(aggregate_id_attribute));
  attributes.erase(std::string(projection_attribute));
  if (attributes.empty() && !AttributeView(item)[projection_attribute]["empty"].exists()) {
    return std::nullopt;
  }
  return Item(std::move(attributes));
}

}  // namespace

EventView::EventView(Database& database, std::string table_name, ViewFold fold)
    : database_(database), table_name_(std::move(table_name)), fold_(std::move(fold)) {}

CreateTableRequest EventView::table_definition() const {
  const std::string key(aggregate_id_attribute);
  return {.table_name = table_name_,
          .attribute_definitions = std::vector<AttributeDefinition>{{key, ScalarType::string}},
          .key_schema = KeySchema{{key, KeyType::hash}},
          .billing_mode = BillingMode::pay_per_request};
}

Result<void> EventView::create_table() {
  TRY(create_table_and_wait(database_, table_definition()));
  return {};
}

std::optional<EventView::Entry> EventView::entry_of(const Item& item) {
  const AttributeView mark = AttributeView(item)[projection_attribute];
  const auto version = mark["version"].integer();
  if (!version) return std::nullopt;
  auto state = state_of(item);
  if (!state) return std::nullopt;
  return Entry{.version = *version, .state = std::move(*state)};
}

Result<std::optional<EventView::Entry>> EventView::get(const AggregateKey& aggregate) const {
  const auto row = TRY(database_.get_item(
      {.table_name = table_name_, .key = key_of(mark_text(aggregate)), .consistent_read = true}));
  return row.item ? entry_of(*row.item) : std::nullopt;
}

namespace event_store {
namespace {

Error in_the_way(const AggregateKey& aggregate) {
  return {ErrorCode::write_conflict,
          "Another one writes the view's item of " + mark_text(aggregate)};
}

// Whether the database, and not what was to be written, is why it was not.
bool is_no_fault_of_the_event(const Error& error) {
  return error.is_retryable() || error.outcome_unknown() || error.is_condition_failure();
}

EventReceiver::Taken not_taken(const EventMark& mark, Error error, bool is_stale) {
  return {.mark = mark, .error = std::move(error), .is_stale = is_stale};
}

}  // namespace

ProjectedView::ProjectedView(const EventView& view, EventTable& events, const std::string& name,
                             std::size_t events_at_once)
    : ExactReceiver({.database = view.database(),
                     .table_name = view.table_name(),
                     .key = key_of(name),
                     .subscription = name}),
      view_(view),
      events_(events),
      events_at_once_(events_at_once) {}

Result<std::vector<std::optional<EventMark>>> ProjectedView::load(
    const std::vector<AggregateKey>& aggregates) {
  std::vector<Key> keys;
  keys.reserve(aggregates.size());
  for (const AggregateKey& each : aggregates) keys.push_back(key_of(mark_text(each)));
  const std::string projection(projection_attribute);
  const auto items = TRY(
      get_items(view_.database(), view_.table_name(), keys,
                {.consistent_read = true,
                 .projection_expression = "#key, #projection",
                 .expression_attribute_names = ExpressionAttributeNames{
                     {"#key", std::string(aggregate_id_attribute)}, {"#projection", projection}}}));
  std::vector<std::optional<EventMark>> marks(aggregates.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i]) marks[i] = TRY(mark_of(AttributeView(*items[i])[projection]));
  }
  return marks;
}

Result<ProjectedView::Row> ProjectedView::read(const AggregateKey& aggregate) const {
  const auto answer = TRY(view_.database().get_item({.table_name = view_.table_name(),
                                                     .key = key_of(mark_text(aggregate)),
                                                     .consistent_read = true}));
  if (!answer.item) return Row{};
  const AttributeView added = AttributeView(*answer.item)[projection_attribute];
  Row row{.mark = TRY(mark_of(added))};
  if (is_of_this_generation(added)) row.state = state_of(*answer.item);
  return row;
}

Result<ProjectedView::Row> ProjectedView::read_expected(const AggregateKey& aggregate,
                                                        const EventMark& mark,
                                                        bool& is_stale) const {
  is_stale = true;
  Row row = TRY(read(aggregate));
  if (row.mark != mark) return in_the_way(aggregate);
  is_stale = false;
  return row;
}

Result<void> ProjectedView::fold(Row& row, const Event& event) const {
  return detail::guarded([&]() -> Result<void> {
    auto state = TRY(view_.fold()(row.state, row.mark.version, event));
    for (const std::string_view ours : {aggregate_id_attribute, projection_attribute}) {
      if (state && state->contains(ours)) {
        return Error(ErrorCode::invalid_argument, "A view's state may have no attribute " +
                                                      std::string(ours) + ", which is the view's");
      }
    }
    row.state = std::move(state);
    row.mark.add(event.version());
    return {};
  });
}

EventReceiver::Taken ProjectedView::take(const AggregateKey& aggregate, const EventMark& mark,
                                         std::span<const SubscribedEvent> events) {
  bool is_stale = false;
  auto before = read_expected(aggregate, mark, is_stale);
  if (!before) return not_taken(mark, std::move(before).error(), is_stale);
  Row after = *before;
  std::size_t count = 0;
  std::optional<Error> error;
  for (const SubscribedEvent& each : events) {
    if (auto folded = fold(after, each.message.event); !folded) {
      error = std::move(folded).error();
      break;
    }
    ++count;
  }
  if (count == 0) return {.mark = mark, .error = std::move(error)};
  Taken taken = write(aggregate, *before, std::move(after), count, std::move(error));
  const bool is_refused = taken.count == 0 && !taken.is_stale;
  // It may be the last of them that makes it too large: the first half comes first.
  if (is_refused && count > 1) return take(aggregate, mark, events.first(count / 2));
  return taken;
}

EventReceiver::Taken ProjectedView::write(const AggregateKey& aggregate, const Row& before,
                                          Row after, std::size_t count,
                                          std::optional<Error> error) const {
  after.mark.revision = before.mark.revision + 1;
  AttributeMap added{{"version", after.mark.version},
                     {"revision", after.mark.revision},
                     {"generation", generation()}};
  if (!after.mark.missing.empty()) added.emplace("missing", missing_to_attribute(after.mark));
  if (after.state && after.state->empty()) added.emplace("empty", true);
  Item item = after.state.value_or(Item{});
  item[aggregate_id_attribute] = mark_text(aggregate);
  item[projection_attribute] = std::move(added);
  PutItemRequest put{.table_name = view_.table_name(), .item = std::move(item)};
  if (before.mark.revision == 0) {
    put.condition_expression = is_not_there;
    put.expression_attribute_names =
        ExpressionAttributeNames{{"#key", std::string(aggregate_id_attribute)}};
  } else {
    put.condition_expression = is_as_it_was;
    put.expression_attribute_names = ExpressionAttributeNames{
        {"#projection", std::string(projection_attribute)}, {"#revision", "revision"}};
    put.expression_attribute_values = Item{{":revision", before.mark.revision}};
  }
  const auto written = view_.database().put_item(put);
  if (written) {
    return {.count = count, .mark = std::move(after.mark), .error = std::move(error)};
  }
  // Perhaps it is there all the same, and no answer came: what is read next tells.
  return not_taken(before.mark, written.error(), is_no_fault_of_the_event(written.error()));
}

// All events of the aggregate, as the table has them now.
EventReceiver::Taken ProjectedView::fold_anew(const AggregateKey& aggregate,
                                              const EventMark& mark) const {
  bool is_stale = false;
  auto before = read_expected(aggregate, mark, is_stale);
  if (!before) return not_taken(mark, std::move(before).error(), is_stale);
  Row after;
  bool has_events = false;
  for (const auto& event : events_of(events_, aggregate.event_store_id, aggregate.aggregate_id, {},
                                     {.page_events = events_at_once_})) {
    if (!event) return not_taken(mark, event.error(), is_no_fault_of_the_event(event.error()));
    has_events = true;
    if (auto folded = fold(after, *event); !folded) return not_taken(mark, folded.error(), false);
  }
  if (has_events) return write(aggregate, *before, std::move(after), 1, std::nullopt);
  if (mark.revision == 0) return {.count = 1, .mark = mark};
  const auto removed = view_.database().delete_item(
      {.table_name = view_.table_name(),
       .key = key_of(mark_text(aggregate)),
       .condition_expression = is_as_it_was,
       .expression_attribute_names =
           ExpressionAttributeNames{{"#projection", std::string(projection_attribute)},
                                    {"#revision", "revision"}},
       .expression_attribute_values = Item{{":revision", mark.revision}}});
  if (removed) return {.count = 1};
  return not_taken(mark, removed.error(), is_no_fault_of_the_event(removed.error()));
}

EventReceiver::Taken ProjectedView::take_late(const AggregateKey& aggregate, const EventMark& mark,
                                              const SubscribedEvent&) {
  return fold_anew(aggregate, mark);
}

EventReceiver::Taken ProjectedView::take_rewrite(const AggregateKey& aggregate,
                                                 const EventMark& mark, const EventRewrite&) {
  return fold_anew(aggregate, mark);
}

EventReceiver::Taken ProjectedView::pass_over(const AggregateKey& aggregate, const EventMark& mark,
                                              Version version) {
  bool is_stale = false;
  auto before = read_expected(aggregate, mark, is_stale);
  if (!before) return not_taken(mark, std::move(before).error(), is_stale);
  Row after = *before;
  after.mark.add(version);
  return write(aggregate, *before, std::move(after), 1, std::nullopt);
}

// Items of before the rebuild are of aggregates that no longer have any events.
Result<void> ProjectedView::finish_history(const EventHistory& history) {
  if (history.generation == 0) return {};
  const std::string projection(projection_attribute);
  std::optional<Error> failure;
  TRY(for_each_item(
      view_.database(), ScanRequest{.table_name = view_.table_name(), .consistent_read = true},
      [&](Item&& item) {
        const AttributeView row(item);
        const auto generation = row[projection]["generation"].integer();
        if (!generation || *generation == history.generation) return true;
        const auto key = row[aggregate_id_attribute].text().value_or("");
        const auto removed = view_.database().delete_item(
            {.table_name = view_.table_name(),
             .key = key_of(std::string(key)),
             .condition_expression = is_of_generation,
             .expression_attribute_names = ExpressionAttributeNames{{"#projection", projection},
                                                                    {"#generation", "generation"}},
             .expression_attribute_values = Item{{":generation", *generation}}});
        if (!removed && !removed.error().is_condition_failure()) {
          failure = removed.error();
        }
        return !failure;
      }));
  if (failure) return std::move(*failure);
  return {};
}

}  // namespace event_store
}  // namespace dynakeep
