#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/fields.h"
#include "dynakeep/stores/event_store.h"
#include "dynakeep/stores/event_subscription.h"

// What a program makes of events and keeps in a database, up to date: read models.
namespace dynakeep {

// ---- a view: one item for each aggregate ----

// What an aggregate's item is with one more event. `state` is the item with those before, without
// what the view adds to it; none: there is none, or the fold made none. `version` is of the last
// event in it, 0 for none. Depends on nothing else: the same events are folded again where a write
// failed, or where the view is rebuilt. Called for one aggregate at a time, for several at once.
using ViewFold = std::function<Result<std::optional<Item>>(std::optional<Item> state,
                                                           Version version, const Event& event)>;

// The fold of an event store whose reducer makes the view: its aggregate's fields are the item's
// attributes. Events of other stores leave the state as it is.
template <KeptAggregate A, typename Body>
ViewFold view_of(const EventStore<A, Body>& store) {
  return [store](std::optional<Item> state, Version version,
                 const Event& event) -> Result<std::optional<Item>> {
    std::optional<A> aggregate;
    if (state) {
      aggregate = TRY(from_attribute<A>(AttributeView(*state)));
      aggregate->aggregate_id = event.aggregate_id();
      aggregate->version = version;
    }
    const auto stored = TRY(store.stored(event));
    const auto folded = TRY(store.build_aggregate(std::span(&stored, 1), std::move(aggregate)));
    return std::optional(Item(TRY(to_attribute(*folded)).as_map()));
  };
}

// A table of its own, made by one projection: key aggregateId (S), "<event store id>#<aggregate
// id>"; projection (M), the view's own: version (N), and what makes its writes exact; and the
// attributes of the state, beside each other so that indexes may have them. One more item, with the
// projection's name for a key, tells how far the history has been read, and counts those who have
// taken the projection over.
class EventView {
 public:
  // `database` must outlive it; it need not be the one of the events.
  EventView(Database& database, std::string table_name, ViewFold fold);

  CreateTableRequest table_definition() const;
  // Creates the table, or waits for the one that is there.
  Result<void> create_table();

  struct Entry {
    Version version = 0;  // of the last event in it
    Item state = {};      // without what the view adds
  };
  // Nothing: no event of it was folded yet, or the fold made no state. A consistent read.
  Result<std::optional<Entry>> get(const AggregateKey& aggregate) const;
  // What an item of the table says; nothing for those that have no state.
  static std::optional<Entry> entry_of(const Item& item);

  Database& database() const { return database_; }
  const std::string& table_name() const { return table_name_; }
  const ViewFold& fold() const { return fold_; }

 private:
  Database& database_;
  std::string table_name_;
  ViewFold fold_;
};

// ---- writes of any kind ----

// What a program writes for an event, to any tables of one database.
struct EventWrites {
  // Written together with the mark that the event was handled, in one transaction: all or none, and
  // once. An event may need none. At most as many as a transaction takes, less one. Called for one
  // aggregate at a time, for several at once.
  std::function<Result<std::vector<TransactWriteItem>>(const SubscribedEvent& event)> writes = {};
  // The same for a rewrite. Empty: rewrites are counted, and nothing is written.
  std::function<Result<std::vector<TransactWriteItem>>(const EventRewrite& rewrite)> rewrites = {};
  // Removes all that was written: for rebuild(), which is refused without it. Comes again if it was
  // interrupted.
  std::function<Result<void>()> clear = {};
  // Of the marks, made by EventMarkTable::create_table(); in the same database.
  std::string marks_table_name = {};
};

// ---- projections ----

// A subscription whose effects are there once, however often events come: it begins with the
// history, delivers aggregates whole, and keeps its marks with what they are about.
//
// - A view's item and its mark are one item, written if it is as it was read; so it works on every
//   engine. Events of one aggregate that come together are folded into one write.
// - Other writes and their mark are one transaction.
// - Whatever the events went through, in the end a view's item is the fold of the aggregate's
//   events, by version: for an event that was late, replaced or removed, the aggregate is folded
//   anew from the table. If all its events were removed, so is its item. What fails then is poison
//   like any event; passed over, the item stays as it was.
// - Effects that a database does not hold (mails, calls) are at least once: that is an
//   EventSubscription with marks.
//
// Of the options, from, time, earlier, marks, event_types and on_rewrite are the projection's own,
// and refused.
class EventProjection final : public EventSubscription {
 public:
  // `database` is the events'; all must outlive the projection. invalid_argument, naming the
  // option; writes on an engine without transactions.
  static Result<std::unique_ptr<EventProjection>> open(Database& database, EventTable& table,
                                                       StreamCheckpoints& checkpoints,
                                                       EventSubscriptionOptions options,
                                                       const EventView& view);
  static Result<std::unique_ptr<EventProjection>> open(Database& database, EventTable& table,
                                                       StreamCheckpoints& checkpoints,
                                                       EventSubscriptionOptions options,
                                                       Database& written, EventWrites writes);

  // Makes everything anew from the history, by run() or step(): after the fold has changed. What
  // was asked for is durable on return, and goes on after a crash. A view's items are replaced one
  // by one, and removed in the end if nothing was folded for them; until then readers find the old
  // ones. figures() tell how far it is. Not while run() or step() is under way; another worker's
  // are stopped, as by start(). invalid_argument: writes without `clear`.
  Result<void> rebuild();

 private:
  using EventSubscription::EventSubscription;
};

}  // namespace dynakeep
