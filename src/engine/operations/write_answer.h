#pragma once

#include <optional>

#include "dynakeep/request.h"
#include "engine/capacity.h"
#include "engine/write_path.h"

// What the answers of PutItem, UpdateItem, DeleteItem, BatchWriteItem and TransactWriteItems share.
namespace dynakeep::engine {

// PutItem and DeleteItem know no other ReturnValues.
Result<void> check_returns_old_or_none(std::optional<ReturnValues> asked);

// conditional_check_failed, with the old item if it was asked for and there was one.
Error condition_failure(const WriteOutcome& outcome,
                        std::optional<ReturnValuesOnConditionCheckFailure> asked);

// Adds what the write cost; `times` is 2 for transactions.
void add_write(CapacityMeter& meter, const WriteOutcome& outcome, double times = 1);

std::optional<ConsumedCapacity> consumed_by(const Table& table, const WriteOutcome& outcome,
                                            std::optional<ReturnConsumedCapacity> asked);

// For tables with local secondary indexes, if asked for. `item` has the item's key attributes.
std::optional<ItemCollectionMetrics> collection_metrics(
    const Table& table, model::MapView item, std::optional<ReturnItemCollectionMetrics> asked);

// An item of an answer: the encoding as it is, or nothing.
std::optional<Item> item_of(std::optional<std::string>&& encoded);

}  // namespace dynakeep::engine
