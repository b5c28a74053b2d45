#include "engine/operations/get_item.h"

#include "engine/capacity.h"
#include "engine/engine.h"
#include "engine/item_key.h"
#include "engine/read_moment.h"
#include "engine/validate.h"
#include "expression/projection.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const GetItemRequest& request) {
  Constraints constraints(request.unknown_words);
  constraints.word("returnConsumedCapacity");
  constraints.table_name(request.table_name);
  constraints.required(request.key, "key");
  return constraints.verdict();
}

GetItemResult answer_of(const Table& table, const GetItemRequest& request,
                        const expression::Projection* projection, bool found,
                        std::string&& encoded) {
  GetItemResult result;
  CapacityMeter meter(table, request.return_consumed_capacity);
  if (meter.is_asked()) {
    const std::size_t bytes = found ? model::size_of(model::view_item(encoded)) : 0;
    meter.add_table(read_units(bytes, read_kind(request.consistent_read)));
    result.consumed_capacity = meter.consumed();
  }
  if (!found) return result;
  result.item = ItemAccess::from_encoded(
      projection == nullptr ? std::move(encoded)
                            : expression::project(*projection, model::view_item(encoded)));
  return result;
}

}  // namespace

Result<GetItemResult> get_item(const Engine& engine, const GetItemRequest& request) {
  TRY(validate(request));
  expression::Binder binder(request.expression_attribute_names);
  TRY(binder.start({{expression::Kind::projection, request.projection_expression}}));
  std::string scratch;
  const std::string_view key = TRY(encoding_of(*request.key, scratch));
  std::optional<expression::Projection> projection;
  if (request.projection_expression) {
    projection = TRY(expression::bind_projection(binder, *request.projection_expression));
  }
  TRY(binder.finish());

  for (;;) {
    const auto table = TRY(engine.catalog.find(*request.table_name));
    const auto item_key = TRY(key_of_request(*table, model::view_item(key)));
    if (projection) TRY(check_keys_are_scalars(*table, *projection));
    auto moment = TRY(ReadMoment::of(engine, table, request));
    std::string value;
    const bool found = moment.view() == nullptr
                           ? TRY(engine.store.get(storage::Family::data, item_key.bytes, value))
                           : TRY(moment.view()->get(storage::Family::data, item_key.bytes, value));
    // Asked after the read: of a table dropped before it, the item may be erased already.
    if (!Catalog::is_current(*table)) continue;
    TRY(settle(engine, engine.store.unsynced_position(item_key.partition)));
    GetItemResult result =
        answer_of(*table, request, projection ? &*projection : nullptr, found, std::move(value));
    TRY(moment.tell(result));
    return result;
  }
}

}  // namespace dynakeep::engine
