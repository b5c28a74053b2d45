#include <algorithm>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "stores/event_store/attributes.h"
#include "stores/event_store/event_feed.h"

// What the feed makes of the events of one aggregate, in the order of their versions.
namespace dynakeep::event_store {
namespace {

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

bool says_the_same(const Item* before, const Item* after) {
  if (before == nullptr || after == nullptr) return false;
  const auto one = Event::from_item(*before);
  const auto other = Event::from_item(*after);
  return one && other && *one == *other;
}

}  // namespace

EventFeed::Progress EventFeed::take_first(Arrivals arrivals, bool is_from_table) {
  const Arrival& first = arrivals.front();
  auto known = mark_of(first.aggregate);
  if (!known) return {.error = known.error()};
  EventMark mark = known->value_or(EventMark{});
  const bool is_held = mark.holds(first.version);
  if (first.kind == Arrival::Kind::removed) {
    // Of an event that was delivered without a mark's knowing, it must be told too.
    if (!is_held && receiver_->is_exact()) return {.done = 1};
    return take_rewrite(first, std::move(mark));
  }
  if (first.version > mark.version) {
    return take_above(arrivals, std::move(*known), is_from_table);
  }
  if (!is_held) return take_late(first, std::move(mark), is_from_table);
  if (first.kind == Arrival::Kind::changed && !says_the_same(first.before, first.item)) {
    return take_rewrite(first, std::move(mark));
  }
  const std::lock_guard lock(mutex_);
  ++figures_.duplicates;
  return {.done = 1};
}

// The first, with what is missing below it before and what follows on it behind.
EventFeed::Progress EventFeed::take_above(Arrivals arrivals, std::optional<EventMark> known,
                                          bool is_from_table) {
  const Arrival& first = arrivals.front();
  const AggregateKey& aggregate = first.aggregate;
  const bool fills = known || options_.earlier == EarlierEvents::deliver;
  EventMark mark = known.value_or(EventMark{});
  const auto in_table_only = [](const Arrival& each) { return each.item == nullptr; };

  // What is missing may be among what came, if only the order is another.
  std::vector<StoredEvent> events;
  bool must_read = in_table_only(first);
  for (Version version = mark.version + 1; fills && !must_read && version < first.version;
       ++version) {
    const auto found = std::find_if(arrivals.begin(), arrivals.end(), [&](const Arrival& each) {
      return each.version == version && each.aggregate == aggregate &&
             each.kind != Arrival::Kind::removed && !in_table_only(each);
    });
    must_read = found == arrivals.end();
    if (!must_read) events.push_back({version, *found->item});
  }
  if (must_read) {
    events.clear();
    Version to = first.version - 1;
    if (in_table_only(first)) {
      for (const Arrival& each : arrivals) {
        const bool is_one = each.aggregate == aggregate && each.kind != Arrival::Kind::removed;
        if (is_one) to = std::max(to, each.version);
      }
    }
    const Version from = fills ? mark.version + 1 : first.version;
    const auto read = take_from_table(aggregate, mark, from, to);
    if (!read) return {.error = read.error()};
    // If it is not there, it was removed since, and its removal is yet to come.
    if (in_table_only(first)) return {.done = 1};
  }

  const std::size_t before = events.size();
  std::size_t taken = 0;
  for (const Arrival& each : arrivals) {
    const bool follows = each.aggregate == aggregate &&
                         each.version == first.version + static_cast<Version>(taken) &&
                         each.kind != Arrival::Kind::removed && !in_table_only(each);
    if (!follows || events.size() - before >= options_.events_at_once) break;
    events.push_back({each.version, *each.item});
    ++taken;
  }
  Progress progress = take_items(aggregate, mark, events, is_from_table);
  progress.done = progress.done > before ? progress.done - before : 0;
  return progress;
}

Result<void> EventFeed::take_from_table(const AggregateKey& aggregate, EventMark& mark,
                                        Version from, Version to) {
  while (from <= to) {
    auto items = TRY(table_.get_items(
        aggregate.event_store_id, aggregate.aggregate_id,
        {.min_version = from, .max_version = to, .limit = options_.events_at_once}));
    const bool is_last = items.size() < options_.events_at_once;
    std::vector<StoredEvent> events;
    for (Item& item : items) {
      const Version version = AttributeView(item)[version_attribute].integer().value_or(0);
      from = std::max(from, version + 1);
      events.push_back({version, std::move(item)});
    }
    Progress progress = take_items(aggregate, mark, events, true);
    if (progress.error) return std::move(*progress.error);
    if (is_last) break;
  }
  return {};
}

EventFeed::Progress EventFeed::take_items(const AggregateKey& aggregate, EventMark& mark,
                                          const std::vector<StoredEvent>& events,
                                          bool is_from_table) {
  // What is exact is written once, whoever else writes. A program's handler is called only as long
  // as the subscription is this worker's, which is asked before each call.
  const std::size_t run_max = receiver_->is_exact() ? events.size() : 1;
  std::size_t done = 0;
  while (done < events.size()) {
    if (auto ours = still_ours(); !ours) return {.done = done, .error = std::move(ours).error()};
    std::vector<SubscribedEvent> run;
    std::optional<Error> malformed;
    for (std::size_t i = done; i < events.size() && run.size() < run_max && !malformed; ++i) {
      auto event = event_of(aggregate, events[i].item);
      if (!event) {
        malformed = std::move(event).error();
      } else {
        run.push_back(
            {.message = {.event_store_id = aggregate.event_store_id, .event = std::move(*event)},
             .is_from_table = is_from_table});
      }
    }
    EventReceiver::Taken taken{.mark = mark};
    if (run.empty()) {
      taken.error = std::move(malformed);
    } else {
      const EventKey key{aggregate.event_store_id, aggregate.aggregate_id, events[done].version};
      run.front().attempt = attempts(key) + 1;
      taken = receiver_->take(aggregate, mark, run);
    }
    const std::size_t count = taken.count;
    const std::size_t next = std::min(done + count, events.size() - 1);
    {
      const std::lock_guard lock(mutex_);
      figures_.delivered += count;
      if (is_from_table) figures_.from_table += count;
      if (!failing_.empty()) {
        for (std::size_t i = done; i < done + count; ++i) {
          failing_.erase({aggregate.event_store_id, aggregate.aggregate_id, events[i].version});
        }
      }
    }
    const bool has_failed = taken.error.has_value();
    done += count;
    auto settled =
        settle(aggregate, events[next].version, events[next].item, mark, std::move(taken));
    if (!settled) return {.done = done, .error = std::move(settled).error()};
    if (has_failed) ++done;  // passed over
  }
  return {.done = done};
}

EventFeed::Progress EventFeed::take_late(const Arrival& late, EventMark mark, bool is_from_table) {
  Item item;
  if (late.item != nullptr) {
    item = *late.item;
  } else {
    auto items = table_.get_items(late.aggregate.event_store_id, late.aggregate.aggregate_id,
                                  {.min_version = late.version, .max_version = late.version});
    if (!items) return {.error = items.error()};
    if (items->empty()) return {.done = 1};  // removed since
    item = std::move(items->front());
    is_from_table = true;
  }
  const EventKey key{late.aggregate.event_store_id, late.aggregate.aggregate_id, late.version};
  EventReceiver::Taken taken{.mark = mark};
  if (auto event = event_of(late.aggregate, item); !event) {
    taken.error = std::move(event).error();
  } else {
    taken = receiver_->take_late(
        late.aggregate, mark,
        {.message = {.event_store_id = key.event_store_id, .event = std::move(*event)},
         .is_late = true,
         .is_from_table = is_from_table,
         .attempt = attempts(key) + 1});
  }
  const bool has_failed = taken.error.has_value();
  const auto settled = settle(late.aggregate, late.version, item, mark, std::move(taken));
  if (!settled) return {.error = settled.error()};
  const std::lock_guard lock(mutex_);
  failing_.erase(key);
  if (!has_failed) ++figures_.delivered;
  if (!has_failed) ++figures_.late;
  if (!has_failed && is_from_table) ++figures_.from_table;
  return {.done = 1};
}

EventFeed::Progress EventFeed::take_rewrite(const Arrival& rewritten, EventMark mark) {
  const AggregateKey& aggregate = rewritten.aggregate;
  const bool is_removal = rewritten.kind == Arrival::Kind::removed;
  EventRewrite rewrite{
      .kind = is_removal ? EventRewrite::Kind::removed : EventRewrite::Kind::replaced,
      .key = {aggregate.event_store_id, aggregate.aggregate_id, rewritten.version}};
  // What cannot be read of it is left out: that it was rewritten is what counts.
  const auto read = [&](const Item& item) {
    auto event = event_of(aggregate, item);
    return event ? std::optional(std::move(*event)) : std::nullopt;
  };
  if (rewritten.before != nullptr) rewrite.before = read(*rewritten.before);
  if (rewritten.item != nullptr) rewrite.after = read(*rewritten.item);
  if (rewritten.item == nullptr && !is_removal) {
    auto items =
        table_.get_items(aggregate.event_store_id, aggregate.aggregate_id,
                         {.min_version = rewritten.version, .max_version = rewritten.version});
    if (!items) return {.error = items.error()};
    if (!items->empty()) rewrite.after = read(items->front());
  }
  auto taken = receiver_->take_rewrite(aggregate, mark, rewrite);
  const bool has_failed = taken.error.has_value();
  const Item nothing;
  const Item* image = rewritten.item != nullptr ? rewritten.item : rewritten.before;
  const auto settled = settle(aggregate, rewritten.version, image != nullptr ? *image : nothing,
                              mark, std::move(taken));
  if (!settled) return {.error = settled.error()};
  const std::lock_guard lock(mutex_);
  failing_.erase(rewrite.key);
  if (!has_failed) ++(is_removal ? figures_.removed : figures_.replaced);
  return {.done = 1};
}

Result<void> EventFeed::settle(const AggregateKey& aggregate, Version version, const Item& item,
                               EventMark& mark, EventReceiver::Taken taken) {
  if (taken.is_stale) {
    const std::lock_guard lock(mutex_);
    marks_.forget(aggregate);
    return std::move(*taken.error);
  }
  const bool has_moved = taken.mark != mark;
  mark = std::move(taken.mark);
  if (has_moved) remember(aggregate, mark);
  if (!taken.error) return {};
  TRY(failed({aggregate.event_store_id, aggregate.aggregate_id, version}, item, *taken.error));
  auto passed = receiver_->pass_over(aggregate, mark, version);
  if (passed.error) {
    const std::lock_guard lock(mutex_);
    if (passed.is_stale) marks_.forget(aggregate);
    return std::move(*passed.error);
  }
  mark = std::move(passed.mark);
  remember(aggregate, mark);
  return {};
}

// Whether it is passed over. The error: it comes again, or all stops.
Result<void> EventFeed::failed(const EventKey& key, const Item& item, const Error& error) {
  std::unique_lock lock(mutex_);
  ++figures_.failures;
  figures_.last_error = error.message();
  Failing& failing = failing_[key];
  if (failing.attempts == 0) failing.first_failure = options_.stream.clock->now();
  ++failing.attempts;
  const EventRetry& retry = options_.retry;
  if (!retry.attempts_max || failing.attempts < *retry.attempts_max) return error;
  switch (retry.on_poison) {
    case StreamRetry::OnPoison::block:
      return error;
    case StreamRetry::OnPoison::stop:
      stopped_ = wrong("The handler failed too often on version " + std::to_string(key.version) +
                       " of aggregate " + key.aggregate_id + " of event store " +
                       key.event_store_id + ": " + error.message());
      return error;
    case StreamRetry::OnPoison::skip:
      ++figures_.skipped;
      break;
    case StreamRetry::OnPoison::dead_letter: {
      const EventDeadLetter letter{.subscription = options_.name,
                                   .key = key,
                                   .item = item,
                                   .attempts = failing.attempts,
                                   .first_failure = failing.first_failure,
                                   .last_failure = options_.stream.clock->now(),
                                   .error = error};
      lock.unlock();
      TRY(options_.dead_letter(letter));
      lock.lock();
      ++figures_.dead_letters;
      break;
    }
  }
  failing_.erase(key);
  return {};
}

unsigned EventFeed::attempts(const EventKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto failing = failing_.find(key);
  return failing == failing_.end() ? 0 : failing->second.attempts;
}

Result<Event> EventFeed::event_of(const AggregateKey& aggregate, const Item& item) const {
  return Event::from_item(item, table_.key_prefix(aggregate.event_store_id));
}

}  // namespace dynakeep::event_store
