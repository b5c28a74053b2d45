#include "model/batches.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

#include "model/encoded_item.h"
#include "model/limits.h"

namespace dynakeep::model {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 50ms;
constexpr auto pause_max = 5s;
constexpr unsigned stalls_max = 10;

constexpr auto first_look = 20ms;
constexpr auto look_max = 2s;

std::vector<std::string> attribute_names(const Item& key) {
  std::vector<std::string> names;
  for (const auto& [name, value] : key) names.push_back(name);
  return names;
}

// The key among an item's attributes, as bytes that are equal if and only if the keys are. Nothing
// if the item lacks a part of it.
std::optional<std::string> identity(const Item& item, const std::vector<std::string>& key_names) {
  if (ItemAccess::refusal(item)) return std::nullopt;
  std::string scratch;
  const MapView attributes = view_item(ItemAccess::encoded(item, scratch));
  std::string bytes;
  for (const std::string& name : key_names) {
    const ValueView value = attributes.find(name);
    if (!value.exists()) return std::nullopt;
    bytes += value.bytes();
  }
  return bytes;
}

// The last `count` elements, or all if there are fewer, taken off the end.
template <typename T>
std::vector<T> take_last(std::vector<T>& all, std::size_t count) {
  const auto from = all.end() - static_cast<std::ptrdiff_t>(std::min(count, all.size()));
  std::vector<T> taken(std::make_move_iterator(from), std::make_move_iterator(all.end()));
  all.erase(from, all.end());
  return taken;
}

template <typename T>
void append(std::vector<T>& all, std::vector<T> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

// Whether a table that could not be created may yet be there to wait for.
bool may_be_there(const Error& error) {
  return error.code() == ErrorCode::resource_in_use || error.outcome_unknown();
}

}  // namespace

Result<void> BatchPauses::after(std::size_t count, std::size_t unprocessed) {
  if (unprocessed < count) {
    stalls_ = 0;
    if (unprocessed == 0) return {};
  } else if (++stalls_ == stalls_max) {
    return Error(ErrorCode::provisioned_throughput_exceeded,
                 "nothing was processed in ten batches in a row");
  }
  const std::chrono::duration<double> longest = std::min<std::chrono::milliseconds>(
      first_pause * (1U << (stalls_ == 0 ? 0 : stalls_ - 1)), pause_max);
  const auto pause = longest * (0.5 + pacing_.random() / 2);
  pacing_.wait_until(pacing_.now() +
                     std::chrono::duration_cast<base::Pacing::Moment::duration>(pause));
  return {};
}

Result<std::vector<std::optional<Item>>> get_items(Database& database, const std::string& table,
                                                   const std::vector<Key>& keys,
                                                   const KeysAndAttributes& request,
                                                   base::Pacing& pacing) {
  std::vector<std::optional<Item>> found(keys.size());
  if (keys.empty()) return found;

  // Where each key's item belongs. DynamoDB refuses a batch with a key that occurs twice.
  const std::vector<std::string> key_names = attribute_names(keys.front());
  std::unordered_map<std::string, std::vector<std::size_t>> places;
  std::vector<Key> pending;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const auto refusal = ItemAccess::refusal(keys[i])) {
      return Error::validation(refusal->message);
    }
    auto key = identity(keys[i], key_names);
    if (!key) {
      return Error(ErrorCode::invalid_argument, "the keys do not all have the same attributes");
    }
    std::vector<std::size_t>& of_key = places[std::move(*key)];
    if (of_key.empty()) pending.push_back(keys[i]);
    of_key.push_back(i);
  }

  BatchPauses pauses(pacing);
  while (!pending.empty()) {
    KeysAndAttributes batch = request;
    batch.keys = take_last(pending, batch_get_keys_max);
    const std::size_t count = batch.keys->size();
    std::map<std::string, KeysAndAttributes> request_items;
    request_items.emplace(table, std::move(batch));
    auto result = TRY(database.batch_get_item({.request_items = std::move(request_items)}));

    for (auto& [name, items] : result.responses) {
      for (Item& item : items) {
        const auto key = identity(item, key_names);
        const auto place = key ? places.find(*key) : places.end();
        if (place == places.end()) {
          return Error(ErrorCode::invalid_argument,
                       "an item came without its key: a projection must keep the key attributes");
        }
        const std::vector<std::size_t>& of_key = place->second;
        for (std::size_t i = 1; i < of_key.size(); ++i) found[of_key[i]] = item;
        found[of_key[0]] = std::move(item);
      }
    }
    std::size_t unprocessed = 0;
    for (auto& [name, left] : result.unprocessed_keys) {
      if (!left.keys) continue;
      unprocessed += left.keys->size();
      append(pending, std::move(*left.keys));
    }
    TRY(pauses.after(count, unprocessed));
  }
  return found;
}

Result<void> write_items(Database& database, const std::string& table,
                         std::vector<WriteRequest> writes, base::Pacing& pacing) {
  BatchPauses pauses(pacing);
  // The first are written first: where one depends on another, that is what a reader expects.
  std::reverse(writes.begin(), writes.end());
  while (!writes.empty()) {
    auto batch = take_last(writes, batch_write_requests_max);
    std::reverse(batch.begin(), batch.end());
    const std::size_t count = batch.size();
    std::map<std::string, std::vector<WriteRequest>> request_items;
    request_items.emplace(table, std::move(batch));
    auto result = TRY(database.batch_write_item({.request_items = std::move(request_items)}));

    std::size_t unprocessed = 0;
    for (auto& [name, left] : result.unprocessed_items) {
      unprocessed += left.size();
      append(writes, std::move(left));
    }
    TRY(pauses.after(count, unprocessed));
  }
  return {};
}

Result<TableDescription> create_table_and_wait(Database& database,
                                               const CreateTableRequest& request,
                                               std::chrono::milliseconds patience,
                                               base::Pacing& pacing) {
  const auto give_up = pacing.now() + patience;
  const auto created = database.create_table(request);
  if (!created && !may_be_there(created.error())) return created.error();

  std::chrono::milliseconds pause = first_look;
  while (true) {
    auto described = database.describe_table({.table_name = request.table_name});
    if (described && described->table.table_status == TableStatus::active) {
      return std::move(described->table);
    }
    if (described && described->table.table_status == TableStatus::deleting) {
      return Error(ErrorCode::resource_in_use,
                   "table " + described->table.table_name + " is being deleted");
    }
    // A table just created may take a moment until it is described.
    if (!described && described.error().code() != ErrorCode::resource_not_found) {
      return described.error();
    }
    if (pacing.now() + pause > give_up) {
      if (!created && !described) return created.error();  // it is not there after all
      return Error(ErrorCode::timed_out,
                   "table " + request.table_name.value_or("") + " did not become active in time");
    }
    pacing.wait_until(pacing.now() + pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, look_max);
  }
}

}  // namespace dynakeep::model
