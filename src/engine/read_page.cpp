#include "engine/read_page.h"

#include <algorithm>

#include "engine/item_key.h"
#include "expression/evaluate.h"
#include "expression/projection.h"
#include "model/encoded_item.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

using model::MapView;
using model::ValueView;

std::string last_evaluated_key(const PagePlan& plan, MapView entry) {
  return plan.index == nullptr ? key_attributes(plan.table->keys, entry)
                               : key_attributes(*plan.table, *plan.index, entry);
}

ValueView sort_of(const KeyAttributes& keys, MapView attributes) {
  return keys.sort ? attributes.find(*keys.sort) : ValueView();
}

// The key of the item that an index entry stands for.
std::string item_key_of(const Table& table, MapView entry) {
  return storage::item_key(table.space, entry.find(table.keys.partition),
                           sort_of(table.keys, entry));
}

storage::Position unsynced_position(const Engine& engine, const PagePlan& plan,
                                    storage::SpaceId space) {
  if (!plan.partition) return engine.store.unsynced_position(space);
  // A local index shares the hash of its table's partition key.
  return engine.store.unsynced_position(
      storage::Partition{.space = space, .hash = plan.partition->hash});
}

// What the answer must wait for; asked after the read, so that it covers all that was seen.
storage::Position position_to_settle(const Engine& engine, const PagePlan& plan) {
  const auto space = plan.index == nullptr ? plan.table->space : plan.index->space;
  const auto position = unsynced_position(engine, plan, space);
  if (!plan.fetches_items) return position;
  return std::max(position, unsynced_position(engine, plan, plan.table->space));
}

constexpr std::size_t items_reserved_max = 128;

// Gathers one page, entry by entry.
class PageReader {
 public:
  explicit PageReader(const PagePlan& plan) : plan_(plan) {
    // Most pages are short; none needs more than its limit.
    if (plan.items != PageItems::none) {
      page_.items.reserve(std::min<std::size_t>(
          plan.limit ? static_cast<std::size_t>(*plan.limit) : items_reserved_max / 8,
          items_reserved_max));
    }
  }

  // Reads what `cursor` walks, and the items behind it through `view` if the plan fetches them.
  Result<Page> read(storage::Cursor& cursor, const storage::ReadView* view) {
    std::size_t entry_bytes = 0;
    for (; cursor.valid(); cursor.next()) {
      const MapView entry = model::view_item(cursor.value());
      const std::size_t bytes = model::size_of(entry);
      entry_bytes += bytes;
      page_bytes_ += bytes;
      ++page_.scanned_count;
      if (plan_.filter == nullptr || expression::holds(*plan_.filter, entry)) {
        TRY(take(cursor.value(), entry, view));
      }
      if (page_.scanned_count == plan_.limit || page_bytes_ >= model::page_bytes_max) {
        page_.last_evaluated_key = ItemAccess::from_encoded(last_evaluated_key(plan_, entry));
        break;
      }
    }
    if (!cursor.valid()) TRY(cursor.result());
    page_.read_units = read_units(entry_bytes, plan_.read_kind);
    return std::move(page_);
  }

 private:
  Result<void> take(std::string_view encoded, MapView entry, const storage::ReadView* view) {
    ++page_.count;
    if (plan_.fetches_items) {
      const std::string key = item_key_of(*plan_.table, entry);
      if (!TRY(view->get(storage::Family::data, key, fetched_))) {
        return Error::internal("an entry of the index " + plan_.index->name +
                               " stands for no item: the data is damaged");
      }
      encoded = fetched_;
      const std::size_t bytes = model::size_of(model::view_item(fetched_));
      // Small entries may stand for large items: a page is bounded by what it reads in all.
      page_bytes_ += bytes;
      page_.fetch_units += read_units(bytes, plan_.read_kind);
    }
    if (plan_.items == PageItems::entries) {
      page_.items.push_back(ItemAccess::from_encoded(std::string(encoded)));
    } else if (plan_.items == PageItems::projected) {
      page_.items.push_back(ItemAccess::from_encoded(
          expression::project(*plan_.projection, model::view_item(encoded))));
    }
    return {};
  }

  const PagePlan& plan_;
  Page page_;
  std::size_t page_bytes_ = 0;
  std::string fetched_;
};

}  // namespace

Result<std::optional<Page>> read_page(const Engine& engine, const PagePlan& plan,
                                      const storage::ReadView* view) {
  PageReader reader(plan);
  std::optional<Page> page;
  std::optional<storage::ReadView> own;
  if (view == nullptr && plan.fetches_items) view = &own.emplace(engine.store.view());
  if (view != nullptr) {
    auto cursor = view->cursor(storage::Family::data, plan.range, plan.direction);
    if (!Catalog::is_current(*plan.table)) return page;
    page = TRY(reader.read(cursor, view));
  } else {
    auto cursor = engine.store.cursor(storage::Family::data, plan.range, plan.direction);
    if (!Catalog::is_current(*plan.table)) return page;
    page = TRY(reader.read(cursor, nullptr));
  }
  TRY(settle(engine, position_to_settle(engine, plan)));
  return page;
}

}  // namespace dynakeep::engine
