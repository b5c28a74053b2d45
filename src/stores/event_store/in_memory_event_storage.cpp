#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "dynakeep/json.h"
#include "stores/event_store/appending.h"
#include "stores/event_store/attributes.h"
#include "stores/event_store/event_items.h"
#include "stores/event_store/page_token.h"
#include "stores/support/patience.h"

namespace dynakeep::event_store {
namespace {

constexpr unsigned attempts_max = 6;
constexpr std::size_t group_events_max = 100;
constexpr std::string_view listed_timestamp_member = "initialEventTimestamp";

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// The items are those of a single table, so that what is read from them is the same.
class InMemoryEventStorage final : public EventStorage, private AppendTarget {
 public:
  explicit InMemoryEventStorage(const InMemoryEventOptions& options)
      : options_(options), patience_({.attempts_max = attempts_max}, {}, {}) {}

  Result<std::vector<Item>> get_items(std::string_view event_store_id,
                                      std::string_view aggregate_id,
                                      const EventsQuery& query) override {
    TRY(check_query(query));
    TRY(stored_key(rules_, event_store_id, aggregate_id));
    const std::lock_guard lock(mutex_);
    std::vector<Item> found;
    const Events* events = find(event_store_id, aggregate_id);
    if (events == nullptr) return found;
    auto from = query.min_version ? events->lower_bound(*query.min_version) : events->begin();
    auto to = query.max_version ? events->upper_bound(*query.max_version) : events->end();
    while (from != to && (!query.limit || found.size() < *query.limit)) {
      found.push_back(query.reverse ? (--to)->second : (from++)->second);
    }
    return found;
  }

  Result<Event> push_event(std::string_view event_store_id, NewEvent event,
                           const PushOptions& options) override {
    std::vector<GroupedEvent> one;
    one.push_back({.event_store_id = std::string(event_store_id), .event = std::move(event)});
    return std::move(TRY(store(std::move(one), options.force)).front());
  }

  Result<std::vector<Event>> push_event_group(std::vector<GroupedEvent> events,
                                              const PushOptions& options) override {
    if (events.empty()) return refused("An event group may not be empty");
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::string event = "Event group event #" + std::to_string(i);
      if (events[i].storage != nullptr &&
          dynamic_cast<InMemoryEventStorage*>(events[i].storage) == nullptr) {
        return refused(event + " is not connected to a InMemoryEventStorageAdapter");
      }
      if (events[i].event_store_id.empty()) return refused(event + " misses context");
    }
    TRY(share_timestamp(events, {.rule = options_.group_timestamps, .now = now()}));
    return store(std::move(events), options.force);
  }

  Result<std::vector<Event>> append(std::string_view event_store_id, std::string_view aggregate_id,
                                    ExpectedVersion expected, std::vector<EventToAppend> events,
                                    const AppendOptions& options) override {
    return Append{*this, *this, patience_, now()}(event_store_id, aggregate_id, expected,
                                                  std::move(events), options);
  }

  Result<ListPage> list_aggregate_ids(std::string_view event_store_id,
                                      const ListQuery& query) override;

  std::string key_prefix(std::string_view event_store_id) const override {
    return event_store::key_prefix(rules_.format, event_store_id);
  }

 private:
  using Events = std::map<Version, Item>;
  using Aggregates = std::map<std::string, Events, std::less<>>;
  using Row = std::pair<std::string, std::string>;  // first timestamp, aggregate id

  std::string now() const { return event_timestamp(options_.clock->now()); }

  const Events* find(std::string_view event_store_id, std::string_view aggregate_id) const {
    const auto store = stores_.find(event_store_id);
    if (store == stores_.end()) return nullptr;
    const auto aggregate = store->second.find(aggregate_id);
    return aggregate == store->second.end() ? nullptr : &aggregate->second;
  }

  Result<std::vector<Event>> store(std::vector<GroupedEvent> events, bool force,
                                   std::optional<Version> must_exist = {});

  Result<void> delete_items(const std::vector<Item>& items) override {
    const std::lock_guard lock(mutex_);
    for (const Item& item : items) {
      const AttributeView key(item);
      const auto stored = key[aggregate_id_attribute].text();
      const auto version = key[version_attribute].integer();
      if (!stored || !version) continue;
      const std::size_t separator = stored->find(key_separator);
      const auto store = stores_.find(stored->substr(0, separator));
      if (store == stores_.end()) continue;
      const auto aggregate = store->second.find(stored->substr(separator + 1));
      if (aggregate == store->second.end()) continue;
      aggregate->second.erase(*version);
      if (aggregate->second.empty()) store->second.erase(aggregate);
    }
    return {};
  }

  Result<std::optional<Version>> find_appended(std::string_view event_store_id,
                                               std::string_view aggregate_id, Version min_version,
                                               const std::string& idempotency_key) override {
    for (const Event& event :
         TRY(get_events(event_store_id, aggregate_id, {.min_version = min_version}))) {
      if (has_idempotency_key(event.metadata(), idempotency_key)) return event.version();
    }
    return std::nullopt;
  }

  Result<std::vector<Event>> store_after(std::string_view event_store_id, Version previous,
                                         bool check_previous,
                                         std::vector<NewEvent> events) override {
    std::vector<GroupedEvent> group;
    group.reserve(events.size());
    for (NewEvent& event : events) {
      group.push_back({.event_store_id = std::string(event_store_id), .event = std::move(event)});
    }
    return store(std::move(group), false,
                 check_previous && previous > 0 ? std::optional(previous) : std::nullopt);
  }

  const InMemoryEventOptions options_;
  const EventRules rules_ = {};
  const stores::Patience patience_;

  std::mutex mutex_;
  std::map<std::string, Aggregates, std::less<>> stores_;  // under mutex_
};

// All or none, also across storages.
Result<std::vector<Event>> InMemoryEventStorage::store(std::vector<GroupedEvent> events, bool force,
                                                       std::optional<Version> must_exist) {
  if (events.size() > group_events_max) {
    return refused(std::to_string(events.size()) + " events at once are too many: a group takes " +
                   std::to_string(group_events_max));
  }
  const std::string moment = now();
  struct Write {
    InMemoryEventStorage* storage = nullptr;
    EventKey key = {};
    Item item = {};
  };
  std::vector<Write> writes;
  std::set<InMemoryEventStorage*, std::less<>> storages;  // in one order for everyone
  std::set<std::pair<InMemoryEventStorage*, EventKey>> places;
  std::size_t bytes = 0;
  for (GroupedEvent& each : events) {
    auto* storage =
        each.storage == nullptr ? this : static_cast<InMemoryEventStorage*>(each.storage);
    Write write{.storage = storage,
                .key = {.event_store_id = each.event_store_id,
                        .aggregate_id = each.event.aggregate_id,
                        .version = each.event.version}};
    EventItem made = TRY(event_item(rules_, each.event_store_id, std::move(each.event), moment));
    write.item = std::move(made.item);
    bytes += made.bytes;
    storages.insert(storage);
    if (!places.emplace(storage, write.key).second) {
      return refused("Version " + std::to_string(write.key.version) + " of aggregate " +
                     write.key.aggregate_id + " occurs twice in one group");
    }
    writes.push_back(std::move(write));
  }
  if (bytes > transaction_bytes_max) {
    return refused("The events take " + std::to_string(bytes) + " bytes; a group may have " +
                   std::to_string(transaction_bytes_max));
  }

  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(storages.size());
  for (InMemoryEventStorage* storage : storages) locks.emplace_back(storage->mutex_);

  std::vector<EventKey> pushed;
  std::vector<bool> taken;
  for (const Write& write : writes) {
    const Events* there = write.storage->find(write.key.event_store_id, write.key.aggregate_id);
    pushed.push_back(write.key);
    taken.push_back(!force && there != nullptr && there->contains(write.key.version));
  }
  if (std::find(taken.begin(), taken.end(), true) != taken.end()) {
    return event_already_exists(pushed, taken);
  }
  if (must_exist) {
    const EventKey& key = pushed.front();
    const Events* there = find(key.event_store_id, key.aggregate_id);
    if (there == nullptr || !there->contains(*must_exist)) {
      return Error(ErrorCode::conditional_check_failed,
                   "Aggregate " + key.aggregate_id + " of event store " + key.event_store_id +
                       " has no version " + std::to_string(*must_exist));
    }
  }

  std::vector<Event> stored;
  for (Write& write : writes) {
    write.storage->stores_[write.key.event_store_id][write.key.aggregate_id].insert_or_assign(
        write.key.version, write.item);
    stored.push_back(
        TRY(Event::from_item(std::move(write.item), key_prefix(write.key.event_store_id))));
  }
  return stored;
}

Result<ListPage> InMemoryEventStorage::list_aggregate_ids(std::string_view event_store_id,
                                                          const ListQuery& query) {
  TRY(check_event_store_id(event_store_id));
  ListQuery of_token;
  std::optional<Row> start;
  if (query.page_token) {
    DecodedPageToken token = TRY(decode_page_token(*query.page_token));
    of_token = std::move(token.options);
    const auto id = token.last_evaluated_key.find(aggregate_id_attribute);
    const auto timestamp = token.last_evaluated_key.find(listed_timestamp_member);
    if (token.last_evaluated_key.size() != 2 || id == token.last_evaluated_key.end() ||
        timestamp == token.last_evaluated_key.end() || !id->second.is_string() ||
        !timestamp->second.is_string()) {
      return invalid_page_token();
    }
    start = Row(timestamp->second.as_string(), id->second.as_string());
  }
  const ListQuery resolved = TRY(resolve_list_query(query, of_token));

  std::vector<Row> rows;
  {
    const std::lock_guard lock(mutex_);
    if (const auto store = stores_.find(event_store_id); store != stores_.end()) {
      for (const auto& [id, events] : store->second) {
        const auto initial = events.find(1);
        if (initial == events.end()) continue;
        std::string timestamp(
            AttributeView(initial->second)[timestamp_attribute].text().value_or(""));
        if (resolved.initial_event_after && timestamp < *resolved.initial_event_after) continue;
        if (resolved.initial_event_before && timestamp > *resolved.initial_event_before) continue;
        rows.emplace_back(std::move(timestamp), id);
      }
    }
  }
  const bool reverse = resolved.reverse.value_or(false);
  const auto before = [&](const Row& a, const Row& b) { return reverse ? b < a : a < b; };
  std::sort(rows.begin(), rows.end(), before);
  auto next = start ? std::upper_bound(rows.begin(), rows.end(), *start, before) : rows.begin();

  ListPage page;
  for (; next != rows.end(); ++next) {
    page.aggregates.push_back(
        {.aggregate_id = next->second, .initial_event_timestamp = next->first});
    if (page.aggregates.size() != resolved.limit) continue;
    // As in a table, also where this was the last one.
    page.next_page_token = encode_page_token(
        {.options = resolved,
         .last_evaluated_key =
             "{\"aggregateId\":" + to_json(AttributeValue(next->second)) +
             ",\"initialEventTimestamp\":" + to_json(AttributeValue(next->first)) + "}"});
    break;
  }
  return page;
}

}  // namespace
}  // namespace dynakeep::event_store

namespace dynakeep {

std::unique_ptr<EventStorage> in_memory_event_storage(const InMemoryEventOptions& options) {
  return std::make_unique<event_store::InMemoryEventStorage>(options);
}

}  // namespace dynakeep
