#include "engine/operations/write_answer.h"

namespace dynakeep::engine {

Result<void> check_returns_old_or_none(std::optional<ReturnValues> asked) {
  if (!asked || *asked == ReturnValues::none || *asked == ReturnValues::all_old) return {};
  return Error::validation("ReturnValues can only be ALL_OLD or NONE");
}

Error condition_failure(const WriteOutcome& outcome,
                        std::optional<ReturnValuesOnConditionCheckFailure> asked) {
  Error error = Error::conditional_check_failed();
  if (asked == ReturnValuesOnConditionCheckFailure::all_old && outcome.old_item) {
    error.set_item(ItemAccess::from_encoded(*outcome.old_item));
  }
  return error;
}

void add_write(CapacityMeter& meter, const WriteOutcome& outcome, double times) {
  meter.add_table(outcome.table_write_units * times);
  for (const IndexChange& change : outcome.index_changes) {
    meter.add_index(meter.table().indexes[change.index], change.write_units * times);
  }
}

std::optional<ConsumedCapacity> consumed_by(const Table& table, const WriteOutcome& outcome,
                                            std::optional<ReturnConsumedCapacity> asked) {
  CapacityMeter meter(table, asked);
  if (!meter.is_asked()) return std::nullopt;
  add_write(meter, outcome);
  return meter.consumed();
}

std::optional<ItemCollectionMetrics> collection_metrics(
    const Table& table, model::MapView item, std::optional<ReturnItemCollectionMetrics> asked) {
  if (asked != ReturnItemCollectionMetrics::size) return std::nullopt;
  const bool has_local_index =
      !table.indexes.empty() && table.indexes.front().kind == IndexKind::local;
  if (!has_local_index) return std::nullopt;
  const KeyAttributes partition_only{.partition = table.keys.partition,
                                     .partition_type = table.keys.partition_type};
  return ItemCollectionMetrics{.item_collection_key =
                                   ItemAccess::from_encoded(key_attributes(partition_only, item))};
}

std::optional<Item> item_of(std::optional<std::string>&& encoded) {
  if (!encoded) return std::nullopt;
  return ItemAccess::from_encoded(std::move(*encoded));
}

}  // namespace dynakeep::engine
