#include "engine/expiry.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "engine/write_path.h"
#include "expression/bind.h"
#include "model/encoded_number.h"
#include "storage/key_value_store.h"

namespace dynakeep::engine {
namespace {

using storage::Family;

constexpr std::size_t prefix_bytes = 4 + 8;
constexpr std::uint64_t five_years = std::uint64_t{5} * 365 * 24 * 60 * 60;
constexpr double seconds_max = 1e15;  // some thirty million years

std::string entry_key(storage::SpaceId space, std::uint64_t seconds, std::string_view item_key) {
  std::string key;
  base::append_u32(key, space);
  base::append_u64(key, seconds);
  key += item_key;
  return key;
}

std::uint64_t seconds_of(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

// The table as it is now, if it still has the same time to live.
TablePointer current(const Engine& engine, const Table& table) {
  const auto found = engine.catalog.find(table.name);
  if (!found || !(*found)->time_to_live ||
      (*found)->time_to_live->space != table.time_to_live->space) {
    return nullptr;
  }
  return *found;
}

struct Batch {
  std::vector<std::string> keys;
  bool is_last = false;
};

// The items that come next.
Result<Batch> next_batch(const Engine& engine, const Table& table, std::size_t items_max) {
  storage::KeyRange range = storage::space_range(table.space);
  std::string done;
  if (TRY(engine.store.get(Family::meta, backfill_key(table.time_to_live->space), done))) {
    storage::continue_after(range, done, storage::Direction::forward);
  }
  Batch batch;
  auto cursor = engine.store.cursor(Family::data, std::move(range));
  for (; cursor.valid() && batch.keys.size() < items_max; cursor.next()) {
    batch.keys.emplace_back(cursor.key());
  }
  batch.is_last = !cursor.valid();
  if (batch.is_last) TRY(cursor.result());
  return batch;
}

// False: the definition was changed meanwhile, and nothing was done.
Result<bool> enter_all(const Engine& engine, const Table& table,
                       const std::vector<std::string>& keys) {
  if (keys.empty()) return true;
  const auto guard = engine.locks.lock_all(keys);
  if (!Catalog::is_current(table)) return false;
  storage::WriteSet writes;
  std::string item;
  for (const std::string& key : keys) {
    if (!TRY(engine.store.get(Family::data, key, item))) continue;
    const model::MapView view = model::view_item(item);
    stage_expiry(*table.time_to_live, key, nullptr, &view, writes);
  }
  writes.put(Family::meta, backfill_key(table.time_to_live->space), keys.back());
  TRY(engine.store.commit(writes));
  return true;
}

}  // namespace

std::optional<std::uint64_t> expiry_of(const TimeToLive& time_to_live, model::MapView item) {
  const model::ValueView value = item.find(time_to_live.attribute);
  if (!value.is(model::ValueTag::number)) return {};
  const double seconds = std::floor(model::decode_double(value.payload()));
  if (!(seconds >= 0) || seconds > seconds_max) return {};
  return static_cast<std::uint64_t>(seconds);
}

void stage_expiry(const TimeToLive& time_to_live, std::string_view item_key,
                  const model::MapView* old_item, const model::MapView* new_item,
                  storage::WriteSet& writes) {
  constexpr auto never = std::numeric_limits<std::uint64_t>::max();
  const auto expires = [&](const model::MapView* item) {
    return item == nullptr ? never : expiry_of(time_to_live, *item).value_or(never);
  };
  const std::uint64_t before = expires(old_item);
  const std::uint64_t after = expires(new_item);
  // What is not filled may lack the entry of an item that keeps its time.
  if (before == after && time_to_live.filled) return;
  if (before != never && before != after) {
    writes.erase(Family::data, entry_key(time_to_live.space, before, item_key));
  }
  if (after != never) {
    writes.put(Family::data, entry_key(time_to_live.space, after, item_key), {});
  }
}

Result<bool> fill_expiry_step(const Engine& engine, const Table& table, std::size_t items_max) {
  const TablePointer now = current(engine, table);
  if (now == nullptr || now->time_to_live->filled) return true;
  const Batch batch = TRY(next_batch(engine, *now, items_max));
  if (!TRY(enter_all(engine, *now, batch.keys)) || !batch.is_last) return false;
  const auto filled = engine.catalog.change(now->name, [&](const Table& last) -> Result<Table> {
    if (!last.time_to_live || last.time_to_live->space != now->time_to_live->space) {
      return Error::resource_not_found("The time to live has gone");
    }
    Table next = last;
    next.time_to_live->filled = true;
    return next;
  });
  if (!filled && filled.error().code() != ErrorCode::resource_not_found) return filled.error();
  return true;
}

Result<Swept> sweep_expired(const Engine& engine, const Table& table, std::size_t items_max,
                            std::string& place, const std::stop_token& stop) {
  const TablePointer now = current(engine, table);
  if (now == nullptr) return Swept{};
  const TimeToLive& time_to_live = *now->time_to_live;
  const std::uint64_t seconds = seconds_of(engine.clock.now());
  const std::uint64_t oldest = seconds > five_years ? seconds - five_years : 0;
  if (place.empty()) place = entry_key(time_to_live.space, oldest, {});
  Swept swept;
  std::vector<std::string> keys;
  {
    auto cursor = engine.store.cursor(
        Family::data, {.begin = place, .end = entry_key(time_to_live.space, seconds + 1, {})});
    for (; cursor.valid() && keys.size() < items_max; cursor.next()) {
      keys.emplace_back(cursor.key().substr(prefix_bytes));
    }
    swept.is_last = !cursor.valid();
    if (swept.is_last) {
      TRY(cursor.result());
    } else {
      place = cursor.key();
    }
  }
  if (keys.empty()) return swept;

  // Asked under the item's lock: it may have got another time meanwhile.
  const std::optional<ExpressionAttributeNames> names{{{"#t", time_to_live.attribute}}};
  const std::optional<ExpressionAttributeValues> values{
      Item{{":oldest", static_cast<std::int64_t>(oldest)},
           {":next", static_cast<std::int64_t>(seconds + 1)}}};
  const std::optional<std::string> text = "#t >= :oldest AND #t < :next";
  expression::Binder binder(names, values);
  TRY(binder.start({{expression::Kind::condition, text}}));
  const auto expired = TRY(expression::bind_condition(binder, expression::Kind::condition, *text));
  TRY(binder.finish());

  const DeferredDurability nobody_waits;
  for (std::string& key : keys) {
    if (stop.stop_requested()) break;
    const auto partition = storage::partition_of(key);
    const auto outcome =
        TRY(write_item(engine, {.table = now,
                                .key = {.bytes = std::move(key), .partition = partition},
                                .change = Change::remove,
                                .condition = &expired,
                                .by_service = true}));
    if (!outcome) break;  // the table was changed; there is a next time
    if (outcome->condition_held && outcome->old_item) ++swept.removed;
  }
  return swept;
}

}  // namespace dynakeep::engine
