#include "driver/verify.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "driver/calls.h"
#include "dynakeep/json.h"

namespace dynakeep::castore {

namespace {

// The differing values go after the words.
template <typename... Parts>
Error difference(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return Error(ErrorCode::malformed_item, text.str());
}

Item expected_item(const DatasetEvent& entry, std::string_view format) {
  const auto& [store, event] = entry;
  const bool single = format == "single";
  Item item{{"aggregateId", single ? store + "#" + event.aggregate_id : event.aggregate_id},
            {"version", event.version},
            {"type", event.type},
            {"timestamp", event.timestamp.value()}};
  if (event.payload) item["payload"] = *event.payload;
  if (event.metadata) item["metadata"] = *event.metadata;
  if (event.version == 1) {
    if (single) item["eventStoreId"] = store;
    if (!single) item["isInitialEvent"] = 1;
  }
  return item;
}

bool is_counter(const Item& item) {
  const std::string& key = item.at("aggregateId").as_string();
  return key.starts_with("COUNTERS#") || key.starts_with("counter-");
}

Result<void> verify_items(Stores& stores, const Dataset& dataset, std::string_view format) {
  using ItemKey = std::pair<std::string, Number>;
  const auto key_of = [](const Item& item) {
    return ItemKey(item.at("aggregateId").as_string(), item.at("version").as_number());
  };
  std::map<ItemKey, Item> expected;
  for (const DatasetEvent& entry : dataset.events) {
    if (format == "legacy" && entry.store != "ORDERS") continue;
    Item item = expected_item(entry, format);
    expected.emplace(key_of(item), std::move(item));
  }

  ScanRequest scan{.table_name = stores.table_name(format), .consistent_read = true};
  do {
    auto page = TRY(stores.database().scan(scan));
    for (const Item& item : *page.items) {
      if (is_counter(item)) continue;
      const auto found = expected.find(key_of(item));
      if (found == expected.end()) return difference(format, ": nobody pushed ", item);
      if (found->second != item) {
        return difference(format, ": expected ", found->second, ", found ", item);
      }
      expected.erase(found);
    }
    scan.exclusive_start_key = std::move(page.last_evaluated_key);
  } while (scan.exclusive_start_key);
  if (!expected.empty()) return difference(format, ": missing ", expected.begin()->second);
  return {};
}

std::vector<Event> events_in(const std::vector<Store::Stored>& stored) {
  std::vector<Event> events;
  events.reserve(stored.size());
  for (const Store::Stored& each : stored) events.push_back(each.event);
  return events;
}

Result<void> verify_aggregate(const Store& store, std::vector<NewEvent> pushed) {
  std::sort(pushed.begin(), pushed.end(),
            [](const NewEvent& a, const NewEvent& b) { return a.version < b.version; });
  const std::string id = pushed.front().aggregate_id;
  const std::string where = store.event_store_id() + " " + id;
  std::vector<Event> expected;
  History folded{.aggregate_id = id, .version = pushed.back().version};
  for (const NewEvent& event : pushed) {
    expected.emplace_back(event);
    folded.history.push_back(std::to_string(event.version) + ":" + event.type);
  }

  const auto loaded = TRY(store.get_existing_aggregate(id));
  if (events_in(loaded.events) != expected) return difference(where, ": other events than pushed");
  if (fields_of(loaded.aggregate) != fields_of(folded)) {
    return difference(where, ": folds differently");
  }
  const auto falling = events_in(TRY(store.get_events(id, {.reverse = true})));
  std::reverse(expected.begin(), expected.end());
  if (falling != expected) return difference(where, ": other events in reverse");
  return {};
}

Result<std::vector<ListedAggregate>> listed_in_pages(const Store& store,
                                                     std::optional<std::size_t> limit,
                                                     bool reverse) {
  std::vector<ListedAggregate> listed;
  ListQuery query{.limit = limit, .reverse = reverse};
  while (true) {
    auto page = TRY(store.list_aggregate_ids(query));
    if (limit && page.aggregates.size() > *limit)
      return difference(store.event_store_id(), ": a page too long");
    for (ListedAggregate& each : page.aggregates) {
      if (!each.aggregate_id.starts_with("counter-")) listed.push_back(std::move(each));
    }
    if (!page.next_page_token) return listed;
    query.page_token = std::move(page.next_page_token);
  }
}

// Every id that has a version 1, by its timestamp; which of two with one timestamp comes first is
// not said, but is the same each time.
Result<void> verify_listing(const Store& store, const std::vector<NewEvent>& events) {
  std::multiset<std::pair<std::string, std::string>> expected;
  for (const NewEvent& event : events) {
    if (event.version == 1) expected.emplace(event.timestamp.value(), event.aggregate_id);
  }
  const auto unpaged = TRY(listed_in_pages(store, std::nullopt, false));
  std::multiset<std::pair<std::string, std::string>> found;
  for (const auto& [id, timestamp] : unpaged) found.emplace(timestamp, id);
  if (found != expected)
    return difference(store.event_store_id(), ": lists other aggregates than were pushed");
  if (!std::is_sorted(unpaged.begin(), unpaged.end(), [](const auto& a, const auto& b) {
        return a.initial_event_timestamp < b.initial_event_timestamp;
      })) {
    return difference(store.event_store_id(), ": the listing is not by timestamp");
  }

  for (const bool reverse : {false, true}) {
    auto same_order = unpaged;
    if (reverse) std::reverse(same_order.begin(), same_order.end());
    for (const auto limit : {std::optional<std::size_t>(), std::optional<std::size_t>(1),
                             std::optional<std::size_t>(3)}) {
      if (TRY(listed_in_pages(store, limit, reverse)) != same_order) {
        return difference(store.event_store_id(), ": pages of ", limit.value_or(0),
                          " list something else");
      }
    }
  }
  return {};
}

}  // namespace

Result<Dataset> read_dataset(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(ErrorCode::invalid_argument, "cannot read " + path);
  const Item json = TRY(item_from_json(text.str()));

  Dataset dataset;
  for (const AttributeValue& store : json.at("stores").as_list()) {
    dataset.stores.push_back(store.as_string());
  }
  for (const AttributeValue& entry : json.at("events").as_list()) {
    const AttributeMap& members = entry.as_map();
    NewEvent event = TRY(new_event(members.at("event")));
    dataset.events.push_back({.store = members.at("store").as_string(), .event = std::move(event)});
  }
  return dataset;
}

Result<void> verify(Stores& stores, const Dataset& dataset) {
  TRY(verify_items(stores, dataset, "single"));
  TRY(verify_items(stores, dataset, "legacy"));

  std::vector<std::pair<std::string, std::string>> places;  // store and format
  places.reserve(dataset.stores.size() + 1);
  for (const std::string& id : dataset.stores) places.emplace_back(id, "single");
  places.emplace_back("ORDERS", "legacy");
  for (const auto& [id, format] : places) {
    const Store& store = stores.store(id, format);
    std::vector<NewEvent> events;
    std::map<std::string, std::vector<NewEvent>> by_aggregate;
    for (const DatasetEvent& entry : dataset.events) {
      if (entry.store != id) continue;
      events.push_back(entry.event);
      by_aggregate[entry.event.aggregate_id].push_back(entry.event);
    }
    for (const auto& [aggregate_id, of_aggregate] : by_aggregate) {
      TRY(verify_aggregate(store, of_aggregate));
    }
    TRY(verify_listing(store, events));
  }
  return {};
}

}  // namespace dynakeep::castore
