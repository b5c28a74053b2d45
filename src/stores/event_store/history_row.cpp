#include "stores/event_store/history_row.h"

#include <utility>

#include "dynakeep/attribute_view.h"
#include "stores/event_store/mark_items.h"

namespace dynakeep::event_store {
namespace {

constexpr std::string_view epoch_attribute = "epoch";

ExpressionAttributeNames epoch_name() { return {{"#epoch", std::string(epoch_attribute)}}; }

Error taken_over(const std::string& subscription) {
  return {ErrorCode::write_conflict,
          "Another worker has taken over the subscription " + subscription};
}

}  // namespace

Result<std::int64_t> HistoryRow::claim() const {
  const auto updated = TRY(
      database.update_item({.table_name = table_name,
                            .key = key,
                            .update_expression = "ADD #epoch :one",
                            .expression_attribute_names = epoch_name(),
                            .expression_attribute_values = ExpressionAttributeValues{{":one", 1}},
                            .return_values = ReturnValues::updated_new}));
  const auto epoch = updated.attributes
                         ? AttributeView(*updated.attributes)[epoch_attribute].integer()
                         : std::nullopt;
  if (!epoch) return Error(ErrorCode::malformed_item, "A history has no epoch");
  return *epoch;
}

Result<void> HistoryRow::confirm(std::int64_t epoch) const {
  const auto row = TRY(database.get_item({.table_name = table_name,
                                          .key = key,
                                          .consistent_read = true,
                                          .projection_expression = "#epoch",
                                          .expression_attribute_names = epoch_name()}));
  const auto there = row.item ? AttributeView(*row.item)[epoch_attribute].integer() : std::nullopt;
  if (there != epoch) return taken_over(subscription);
  return {};
}

Result<std::optional<EventHistory>> HistoryRow::load() const {
  const auto row =
      TRY(database.get_item({.table_name = table_name, .key = key, .consistent_read = true}));
  // Claimed and nothing else, it has no history yet.
  if (!row.item || !row.item->contains("done")) return std::optional<EventHistory>();
  return std::optional(history_from(*row.item));
}

Result<void> HistoryRow::save(const EventHistory& history) const {
  PutItemRequest put{.table_name = table_name, .item = history_item(history)};
  for (const auto& [name, value] : key) (*put.item)[name] = value;
  if (history.epoch != 0) {
    put.condition_expression = "#epoch = :epoch";
    put.expression_attribute_names = epoch_name();
    put.expression_attribute_values = Item{{":epoch", history.epoch}};
  }
  const auto saved = database.put_item(put);
  if (saved) return {};
  return saved.error().is_condition_failure() ? taken_over(subscription) : saved.error();
}

}  // namespace dynakeep::event_store
