#include "engine/operations/batch_write_item.h"

#include <algorithm>

#include "engine/operations/write_answer.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "engine/write_path.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

// One write of the batch, its encoding at hand.
struct Planned {
  const std::string* table_name = nullptr;
  bool is_put = true;
  std::string scratch = {};
  std::string_view attributes = {};  // the item, or the key
};

Result<void> validate(const BatchWriteItemRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.word("returnConsumedCapacity");
  constraints.word("returnItemCollectionMetrics");
  if (constraints.required(request.request_items, "requestItems")) {
    const auto& tables = *request.request_items;
    constraints.size(tables.size(), 1, model::batch_write_requests_max, "requestItems",
                     [] { return std::string("{}"); });
    const Field items("requestItems");
    for (const auto& [table_name, writes] : tables) {
      constraints.table_name(table_name, items.at(table_name));
      if (writes.empty() || writes.size() > model::batch_write_requests_max) {
        constraints.complain(
            "{" + table_name + "=[…]}", items,
            "Map value must satisfy constraint: [Member must have length less than or "
            "equal to 25, Member must have length greater than or equal to 1]");
      }
    }
  }
  return constraints.verdict();
}

Result<std::vector<Planned>> plan(const BatchWriteItemRequest& request) {
  std::vector<Planned> planned;
  for (const auto& [table_name, writes] : *request.request_items) {
    for (const WriteRequest& write : writes) {
      if (write.put.has_value() == write.remove.has_value()) {
        // DynamoDB's words for it, made for values.
        return Error::validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the "
            "supported datatypes");
      }
      planned.push_back({.table_name = &table_name, .is_put = write.put.has_value()});
    }
  }
  if (planned.size() > model::batch_write_requests_max) {
    return Error::validation("Too many items requested for the BatchWriteItem call");
  }
  // Once they have their places, since the encodings may refer to the scratch beside them.
  auto next = planned.begin();
  for (const auto& [table_name, writes] : *request.request_items) {
    for (const WriteRequest& write : writes) {
      next->attributes = TRY(encoding_of(write.put ? *write.put : *write.remove, next->scratch));
      if (next->is_put &&
          model::size_of(model::view_item(next->attributes)) > model::item_bytes_max) {
        return Error::validation("Item size has exceeded the maximum allowed size");
      }
      ++next;
    }
  }
  return planned;
}

Result<std::vector<ItemWrite>> resolve(const Engine& engine, const std::vector<Planned>& planned,
                                       bool want_position) {
  std::vector<ItemWrite> writes;
  std::vector<std::string_view> keys;
  for (const Planned& each : planned) {
    // Writes of one table stand together.
    auto table = !writes.empty() && each.table_name == (&each - 1)->table_name
                     ? writes.back().table
                     : TRY(engine.catalog.find(*each.table_name));
    const model::MapView attributes = model::view_item(each.attributes);
    ItemKey key = each.is_put ? TRY(key_of_item(*table, attributes))
                              : TRY(key_of_request(*table, attributes));
    writes.push_back({.table = std::move(table),
                      .key = std::move(key),
                      .change = each.is_put ? Change::put : Change::remove,
                      .item = each.attributes,
                      .want_position = want_position});
  }
  for (const ItemWrite& write : writes) keys.push_back(write.key.bytes);
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return Error::validation("Provided list of item keys contains duplicates");
  }
  return writes;
}

std::optional<StreamPoint> point_of(const std::vector<ItemWrite>& writes, SequenceNumber position) {
  std::vector<TablePointer> tables;
  for (const ItemWrite& write : writes) tables.push_back(write.table);
  return stream_point(tables, position);
}

}  // namespace

Result<BatchWriteItemResult> batch_write_item(const Engine& engine,
                                              const BatchWriteItemRequest& request) {
  TRY(validate(request));
  const auto planned = TRY(plan(request));
  for (;;) {
    const auto writes = TRY(resolve(engine, planned, request.want_stream_point));
    // More than is promised: they come true together.
    const ManyWrites done = TRY(write_all(engine, writes));
    if (done.superseded) continue;

    BatchWriteItemResult result;
    std::vector<CapacityMeter> meters;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const Table& table = *writes[i].table;
      if (meters.empty() || &meters.back().table() != &table) {
        meters.emplace_back(table, request.return_consumed_capacity);
      }
      const WriteOutcome& outcome = *done.outcomes[i];
      add_write(meters.back(), outcome);
      if (auto metrics = collection_metrics(table, model::view_item(planned[i].attributes),
                                            request.return_item_collection_metrics)) {
        result.item_collection_metrics[table.name].push_back(std::move(*metrics));
      }
    }
    if (!meters.empty() && meters.front().is_asked()) {
      auto& consumed = result.consumed_capacity.emplace();
      for (const CapacityMeter& meter : meters) consumed.push_back(*meter.consumed());
    }
    if (request.want_stream_point) result.stream_point = point_of(writes, done.position);
    return result;
  }
}

}  // namespace dynakeep::engine
