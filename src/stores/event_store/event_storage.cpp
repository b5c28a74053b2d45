#include "dynakeep/stores/event_storage.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "stores/event_store/attributes.h"

namespace dynakeep {
namespace {

constexpr std::size_t events_at_once = 100;

// Makes sure that the archive holds these very events, whoever put them there.
Result<void> copy_events(std::string_view event_store_id, const std::vector<Event>& events,
                         EventStorage& archive) {
  std::optional<Error> taken;
  for (const Event& event : events) {
    if (event.timestamp().empty()) {
      return Error(ErrorCode::malformed_item,
                   "Version " + std::to_string(event.version()) + " of aggregate " +
                       std::string(event.aggregate_id()) +
                       " has no timestamp: storing it elsewhere would make one up");
    }
    auto copied = archive.push_event(event_store_id, event.to_new_event());
    if (copied) continue;
    // Perhaps by a run that was interrupted: then it is equal.
    if (copied.error().code() != ErrorCode::event_already_exists) return std::move(copied).error();
    if (!taken) taken = std::move(copied).error();
  }
  const auto archived = TRY(archive.get_events(
      event_store_id, events.front().aggregate_id(),
      {.min_version = events.front().version(), .max_version = events.back().version()}));
  for (const Event& event : events) {
    const auto copy = std::find_if(archived.begin(), archived.end(), [&](const Event& each) {
      return each.version() == event.version();
    });
    if (copy != archived.end() && *copy == event) continue;
    if (copy != archived.end()) {
      return event_already_exists(EventKey{.event_store_id = std::string(event_store_id),
                                           .aggregate_id = std::string(event.aggregate_id()),
                                           .version = event.version()});
    }
    return taken.value_or(Error::internal("The archive does not hold an event that it stored"));
  }
  return {};
}

}  // namespace

Result<std::vector<Event>> EventStorage::get_events(std::string_view event_store_id,
                                                    std::string_view aggregate_id,
                                                    const EventsQuery& query) {
  std::vector<Item> items = TRY(get_items(event_store_id, aggregate_id, query));
  const std::string prefix = key_prefix(event_store_id);
  std::vector<Event> events;
  events.reserve(items.size());
  for (Item& item : items) TRY(events.emplace_back().assign_item(std::move(item), prefix));
  return events;
}

Result<bool> EventStorage::exists(std::string_view event_store_id, std::string_view aggregate_id) {
  return TRY(last_version(event_store_id, aggregate_id)).has_value();
}

Result<std::optional<Version>> EventStorage::last_version(std::string_view event_store_id,
                                                          std::string_view aggregate_id) {
  const auto last = TRY(get_events(event_store_id, aggregate_id, {.limit = 1, .reverse = true}));
  return last.empty() ? std::nullopt : std::optional(last.front().version());
}

// Version 1 is what lists the aggregate: while it is there, whoever was interrupted can be
// followed.
Result<std::size_t> EventStorage::delete_aggregate(std::string_view event_store_id,
                                                   std::string_view aggregate_id) {
  std::size_t deleted = 0;
  while (true) {
    auto items =
        TRY(get_items(event_store_id, aggregate_id, {.limit = events_at_once, .reverse = true}));
    if (items.empty()) return deleted;
    const auto initial = std::find_if(items.begin(), items.end(), [](const Item& item) {
      return AttributeView(item)[event_store::version_attribute].integer() == 1;
    });
    if (initial != items.end() && items.size() > 1) items.erase(initial);
    TRY(delete_items(items));
    deleted += items.size();
  }
}

Result<std::size_t> EventStorage::archive_aggregate(std::string_view event_store_id,
                                                    std::string_view aggregate_id,
                                                    EventStorage& archive) {
  if (&archive == this) {
    return Error(ErrorCode::invalid_argument, "An aggregate cannot be archived to where it is");
  }
  std::size_t moved = 0;
  // Again for what was pushed meanwhile, until nothing is left.
  while (true) {
    std::vector<Item> copied;
    std::optional<Item> initial;
    EventsQuery query{.limit = events_at_once};
    while (true) {
      const auto events = TRY(get_events(event_store_id, aggregate_id, query));
      if (events.empty()) break;
      TRY(copy_events(event_store_id, events, archive));
      for (const Event& event : events) {
        // The keys alone: a long history need not be held whole.
        Item key{{std::string(event_store::aggregate_id_attribute),
                  event.item().at(event_store::aggregate_id_attribute)},
                 {std::string(event_store::version_attribute), event.version()}};
        if (event.version() == 1) {
          initial = std::move(key);
        } else {
          copied.push_back(std::move(key));
        }
      }
      query.min_version = events.back().version() + 1;
    }
    if (copied.empty() && !initial) return moved;
    std::reverse(copied.begin(), copied.end());
    TRY(delete_items(copied));
    if (initial) TRY(delete_items({*initial}));
    moved += copied.size() + (initial ? 1 : 0);
  }
}

PagedRange<Event> events_of(EventStorage& storage, std::string event_store_id,
                            std::string aggregate_id, EventsQuery query,
                            const RangeOptions& options) {
  using Page = PagedRange<Event>::Page;
  const std::size_t page_events = std::max<std::size_t>(options.page_events, 1);
  // `query` is what is left to be read.
  return PagedRange<Event>([&storage, store = std::move(event_store_id),
                            id = std::move(aggregate_id), query,
                            page_events]() mutable -> Result<Page> {
    EventsQuery part = query;
    part.limit = std::min(page_events, query.limit.value_or(page_events));
    Page page{.values = TRY(storage.get_events(store, id, part))};
    page.last = page.values.size() < *part.limit;
    if (query.limit) {
      if (*query.limit == page.values.size()) page.last = true;
      *query.limit -= page.values.size();
    }
    if (page.last) return page;
    const Version next = page.values.back().version() + (query.reverse ? -1 : 1);
    (query.reverse ? query.max_version : query.min_version) = next;
    // Both bounds given and used up: asking on would be refused.
    page.last = query.min_version && query.max_version && *query.min_version > *query.max_version;
    return page;
  });
}

PagedRange<ListedAggregate> aggregates_of(EventStorage& storage, std::string event_store_id,
                                          ListQuery query) {
  using Page = PagedRange<ListedAggregate>::Page;
  return PagedRange<ListedAggregate>([&storage, store = std::move(event_store_id),
                                      query = std::move(query)]() mutable -> Result<Page> {
    ListPage listed = TRY(storage.list_aggregate_ids(store, query));
    query.page_token = std::move(listed.next_page_token);
    return Page{.values = std::move(listed.aggregates), .last = !query.page_token};
  });
}

Result<std::vector<std::vector<Event>>> get_events_of_many(
    EventStorage& storage, std::string_view event_store_id,
    const std::vector<std::string>& aggregate_ids, const EventsQuery& query, unsigned threads) {
  std::vector<std::optional<Result<std::vector<Event>>>> answers(aggregate_ids.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (std::size_t i = next++; i < aggregate_ids.size() && !failed; i = next++) {
      answers[i].emplace(storage.get_events(event_store_id, aggregate_ids[i], query));
      if (!*answers[i]) failed = true;
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t useful = std::min<std::size_t>(threads, aggregate_ids.size());
    for (std::size_t i = 1; i < useful; ++i) helpers.emplace_back(work);
    work();
  }
  if (failed) {
    for (auto& answer : answers) {
      if (answer && !*answer) return std::move(*answer).error();
    }
  }
  std::vector<std::vector<Event>> events;
  events.reserve(answers.size());
  for (auto& answer : answers) events.push_back(std::move(**answer));
  return events;
}

}  // namespace dynakeep
