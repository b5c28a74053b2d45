#include "stores/event_store/projected_writes.h"

#include <algorithm>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/event_store/mark_items.h"

namespace dynakeep::event_store {
namespace {

const char* const is_not_there = "attribute_not_exists(#revision)";
const char* const is_as_it_was = "#revision = :revision";

// What a program says to write, whatever it throws.
template <typename Call, typename Of>
Result<std::vector<TransactWriteItem>> asked(const Call& call, const Of& of) {
  std::vector<TransactWriteItem> writes;
  TRY(detail::guarded([&]() -> Result<void> {
    writes = TRY(call(of));
    return {};
  }));
  return writes;
}

// Whether the writes were refused for what they are, and not for what else went on.
bool is_refusal_of(const Error& error, std::size_t writes) {
  if (error.code() != ErrorCode::transaction_canceled) {
    return !error.is_retryable() && !error.outcome_unknown() &&
           error.code() != ErrorCode::transaction_conflict &&
           error.code() != ErrorCode::transaction_in_progress;
  }
  const auto& reasons = error.cancellation_reasons();
  for (std::size_t i = 0; i < std::min(writes, reasons.size()); ++i) {
    const std::string& code = reasons[i].code;
    if (code == "ConditionalCheckFailed" || code == "ValidationError" ||
        code == "ItemCollectionSizeLimitExceeded") {
      return true;
    }
  }
  return false;
}

}  // namespace

ProjectedWrites::ProjectedWrites(Database& database, EventWrites writes, const std::string& name,
                                 const std::function<std::uint64_t()>& random)
    : ExactReceiver(
          history_of_marks(database, {.table_name = writes.marks_table_name, .name = name})),
      database_(database),
      writes_(std::move(writes)),
      marks_(database, {.table_name = writes_.marks_table_name, .name = name}),
      patience_({}, {}, random) {}

Result<std::vector<std::optional<EventMark>>> ProjectedWrites::load(
    const std::vector<AggregateKey>& aggregates) {
  std::vector<Key> keys;
  keys.reserve(aggregates.size());
  for (const AggregateKey& each : aggregates) keys.push_back(marks_.key(each));
  const auto items =
      TRY(get_items(database_, marks_.table_name(), keys, {.consistent_read = true}));
  std::vector<std::optional<EventMark>> marks(aggregates.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i]) marks[i] = TRY(mark_of(*items[i]));
  }
  return marks;
}

EventReceiver::Taken ProjectedWrites::write(const AggregateKey& aggregate, const EventMark& before,
                                            EventMark after, Result<Writes> writes) const {
  if (!writes) return {.mark = before, .error = std::move(writes).error()};
  const std::size_t count = writes->size();
  const std::size_t most = database_.capabilities().transaction_actions_max;
  if (count >= most) {
    return {.mark = before,
            .error = Error(ErrorCode::invalid_argument,
                           std::to_string(count) +
                               " writes for one event are too many: with its "
                               "mark, a transaction takes " +
                               std::to_string(most))};
  }
  after.revision = before.revision + 1;
  TransactPut put{
      .table_name = marks_.table_name(),
      .item = marks_.item(aggregate, after),
      .condition_expression = before.revision == 0 ? is_not_there : is_as_it_was,
      .expression_attribute_names = ExpressionAttributeNames{{"#revision", "revision"}}};
  (*put.item)["generation"] = generation();
  if (before.revision != 0) put.expression_attribute_values = Item{{":revision", before.revision}};
  writes->push_back({.put = std::move(put)});
  const auto written = database_.transact_write_items(
      {.transact_items = std::move(*writes), .client_request_token = patience_.token()});
  if (written) return {.count = 1, .mark = std::move(after)};
  // Perhaps it is there all the same, and no answer came: the mark that is loaded next tells.
  return {
      .mark = before, .error = written.error(), .is_stale = !is_refusal_of(written.error(), count)};
}

EventReceiver::Taken ProjectedWrites::take(const AggregateKey& aggregate, const EventMark& mark,
                                           std::span<const SubscribedEvent> events) {
  Taken all{.mark = mark};
  for (const SubscribedEvent& each : events) {
    EventMark after = all.mark;
    after.add(each.message.event.version());
    Taken one = write(aggregate, all.mark, std::move(after), asked(writes_.writes, each));
    all.count += one.count;
    all.mark = std::move(one.mark);
    all.error = std::move(one.error);
    all.is_stale = one.is_stale;
    if (all.error) break;
  }
  return all;
}

EventReceiver::Taken ProjectedWrites::take_late(const AggregateKey& aggregate,
                                                const EventMark& mark,
                                                const SubscribedEvent& event) {
  return take(aggregate, mark, std::span(&event, 1));
}

EventReceiver::Taken ProjectedWrites::take_rewrite(const AggregateKey& aggregate,
                                                   const EventMark& mark,
                                                   const EventRewrite& rewrite) {
  EventMark after = mark;
  if (rewrite.kind == EventRewrite::Kind::removed) after.remove(rewrite.key.version);
  return write(aggregate, mark, std::move(after),
               writes_.rewrites ? asked(writes_.rewrites, rewrite) : Writes());
}

EventReceiver::Taken ProjectedWrites::pass_over(const AggregateKey& aggregate,
                                                const EventMark& mark, Version version) {
  EventMark after = mark;
  after.add(version);
  return write(aggregate, mark, std::move(after), Writes());
}

Result<void> ProjectedWrites::clear() { return detail::guarded(writes_.clear); }

}  // namespace dynakeep::event_store
