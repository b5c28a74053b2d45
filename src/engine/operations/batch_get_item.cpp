#include "engine/operations/batch_get_item.h"

#include <algorithm>
#include <deque>
#include <sstream>

#include "engine/capacity.h"
#include "engine/engine.h"
#include "engine/item_key.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "expression/projection.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

std::string shown(const std::vector<Key>& keys) {
  std::ostringstream out;
  out << '[';
  for (std::size_t i = 0; i < keys.size(); ++i) out << (i == 0 ? "" : ", ") << keys[i];
  out << ']';
  return std::move(out).str();
}

Result<void> validate(const BatchGetItemRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.word("returnConsumedCapacity");
  const Field items("requestItems");
  if (constraints.required(request.request_items, items)) {
    const auto& tables = *request.request_items;
    constraints.size(tables.size(), 1, model::batch_get_keys_max, items,
                     [] { return std::string("{}"); });
    for (const auto& [table_name, asked] : tables) {
      const Field table = items.at(table_name);
      constraints.table_name(table_name, table);
      const Field member = table.at("member");
      const Field keys = member.at("keys");
      if (!constraints.required(asked.keys, keys)) continue;
      constraints.size(asked.keys->size(), 1, model::batch_get_keys_max, keys,
                       [&] { return shown(*asked.keys); });
    }
  }
  return constraints.verdict();
}

// What is asked of one table, its expression bound. Does not move: what is bound refers to it.
struct TableKeys {
  TableKeys(const std::string& name, const KeysAndAttributes& asked_of_it)
      : table_name(name), asked(asked_of_it), binder(asked_of_it.expression_attribute_names) {}

  const std::string& table_name;
  const KeysAndAttributes& asked;
  expression::Binder binder;
  std::optional<expression::Projection> projection = {};
  std::deque<std::string> scratches = {};   // of the encodings that the request does not hold
  std::vector<std::string_view> keys = {};  // encoded
};

Result<void> bind(TableKeys& table) {
  const KeysAndAttributes& asked = table.asked;
  TRY(table.binder.start({{expression::Kind::projection, asked.projection_expression}}));
  if (asked.projection_expression) {
    table.projection = TRY(expression::bind_projection(table.binder, *asked.projection_expression));
  }
  TRY(table.binder.finish());
  for (const Key& key : *asked.keys) {
    table.keys.push_back(TRY(encoding_of(key, table.scratches.emplace_back())));
  }
  // Keys are equal if their encodings are.
  auto in_order = table.keys;
  std::sort(in_order.begin(), in_order.end());
  if (std::adjacent_find(in_order.begin(), in_order.end()) != in_order.end()) {
    return Error::validation("Provided list of item keys contains duplicates");
  }
  return {};
}

struct PlannedTable {
  TablePointer table;
  const TableKeys* asked = nullptr;
  std::vector<ItemKey> keys = {};
};

Result<std::vector<PlannedTable>> resolve(const Engine& engine,
                                          const std::deque<TableKeys>& tables) {
  std::vector<PlannedTable> planned;
  for (const TableKeys& asked : tables) {
    auto& each = planned.emplace_back();
    each.table = TRY(engine.catalog.find(asked.table_name));
    each.asked = &asked;
    if (asked.projection) TRY(check_keys_are_scalars(*each.table, *asked.projection));
    for (const std::string_view key : asked.keys) {
      each.keys.push_back(TRY(key_of_request(*each.table, model::view_item(key))));
    }
  }
  return planned;
}

// Reads items of one moment until 16 MB are read; what is left after that is unprocessed.
class BatchReader {
 public:
  BatchReader(const storage::ReadView& view, std::optional<ReturnConsumedCapacity> asked)
      : view_(view), capacity_asked_(asked) {}

  Result<void> read(const PlannedTable& planned) {
    const KeysAndAttributes& asked = planned.asked->asked;
    auto& items = result_.responses[planned.asked->table_name];
    CapacityMeter meter(*planned.table, capacity_asked_);
    std::size_t next = 0;
    for (; next < planned.keys.size() && !full_; ++next) {
      std::string value;
      const bool found = TRY(view_.get(storage::Family::data, planned.keys[next].bytes, value));
      const std::size_t bytes = found ? model::size_of(model::view_item(value)) : 0;
      if (bytes_ + bytes > model::batch_get_bytes_max) {
        full_ = true;
        break;
      }
      bytes_ += bytes;
      meter.add_table(read_units(bytes, read_kind(asked.consistent_read)));
      if (found) items.push_back(answered(*planned.asked, std::move(value)));
    }
    if (next < planned.keys.size()) leave(planned, next);
    if (meter.is_asked() && next > 0) consumed_.push_back(*meter.consumed());
    return {};
  }

  BatchGetItemResult result() && {
    if (capacity_asked_.value_or(ReturnConsumedCapacity::none) != ReturnConsumedCapacity::none) {
      result_.consumed_capacity = std::move(consumed_);
    }
    return std::move(result_);
  }

 private:
  static Item answered(const TableKeys& asked, std::string&& encoded) {
    if (!asked.projection) return ItemAccess::from_encoded(std::move(encoded));
    return ItemAccess::from_encoded(
        expression::project(*asked.projection, model::view_item(encoded)));
  }

  void leave(const PlannedTable& planned, std::size_t first) {
    const KeysAndAttributes& asked = planned.asked->asked;
    KeysAndAttributes& left = result_.unprocessed_keys[planned.asked->table_name];
    left = {.consistent_read = asked.consistent_read,
            .projection_expression = asked.projection_expression,
            .expression_attribute_names = asked.expression_attribute_names};
    const auto begin = asked.keys->begin() + static_cast<std::ptrdiff_t>(first);
    left.keys.emplace(begin, asked.keys->end());
  }

  const storage::ReadView& view_;
  const std::optional<ReturnConsumedCapacity> capacity_asked_;
  std::size_t bytes_ = 0;
  bool full_ = false;
  BatchGetItemResult result_;
  std::vector<ConsumedCapacity> consumed_;
};

storage::Position position_to_settle(const Engine& engine,
                                     const std::vector<PlannedTable>& planned) {
  storage::Position position = 0;
  for (const PlannedTable& each : planned) {
    for (const ItemKey& key : each.keys) {
      position = std::max(position, engine.store.unsynced_position(key.partition));
    }
  }
  return position;
}

std::optional<StreamPoint> point_of(const std::vector<PlannedTable>& planned,
                                    SequenceNumber position) {
  std::vector<TablePointer> tables;
  for (const PlannedTable& each : planned) tables.push_back(each.table);
  return stream_point(tables, position);
}

}  // namespace

Result<BatchGetItemResult> batch_get_item(const Engine& engine,
                                          const BatchGetItemRequest& request) {
  TRY(validate(request));
  std::deque<TableKeys> tables;
  std::size_t keys = 0;
  for (const auto& [table_name, asked] : *request.request_items) {
    TRY(bind(tables.emplace_back(table_name, asked)));
    keys += asked.keys->size();
  }
  if (keys > model::batch_get_keys_max) {
    return Error::validation("Too many items requested for the BatchGetItem call");
  }

  for (;;) {
    const auto planned = TRY(resolve(engine, tables));
    const auto [view, position] = request.want_stream_point
                                      ? view_at_position(engine)
                                      : ViewAtPosition{.view = engine.store.view()};
    const bool all_current = std::all_of(planned.begin(), planned.end(), [](const auto& each) {
      return Catalog::is_current(*each.table);
    });
    if (!all_current) continue;
    BatchReader reader(view, request.return_consumed_capacity);
    for (const PlannedTable& each : planned) TRY(reader.read(each));
    TRY(settle(engine, position_to_settle(engine, planned)));
    BatchGetItemResult result = std::move(reader).result();
    if (request.want_stream_point) result.stream_point = point_of(planned, position);
    return result;
  }
}

}  // namespace dynakeep::engine
