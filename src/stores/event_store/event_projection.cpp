#include "dynakeep/stores/event_projection.h"

#include <utility>

#include "stores/event_store/event_feed.h"
#include "stores/event_store/projected_view.h"
#include "stores/event_store/projected_writes.h"

namespace dynakeep {
namespace {

using event_store::EventFeed;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Result<void> check(const EventSubscriptionOptions& options) {
  const EventSubscriptionOptions defaults;
  if (options.from != defaults.from || options.time || options.earlier != defaults.earlier ||
      options.marks != nullptr || !options.event_types.empty() || options.on_rewrite) {
    return wrong("from, time, earlier, marks, event_types and on_rewrite are the projection's own");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<EventProjection>> EventProjection::open(Database& database,
                                                               EventTable& table,
                                                               StreamCheckpoints& checkpoints,
                                                               EventSubscriptionOptions options,
                                                               const EventView& view) {
  TRY(check(options));
  if (!view.fold()) return wrong("The view's fold must be given");
  auto receiver = std::make_unique<event_store::ProjectedView>(view, table, options.name,
                                                               options.events_at_once);
  auto feed =
      TRY(EventFeed::open(database, table, checkpoints, std::move(options), std::move(receiver)));
  return std::unique_ptr<EventProjection>(new EventProjection(std::move(feed)));
}

Result<std::unique_ptr<EventProjection>> EventProjection::open(
    Database& database, EventTable& table, StreamCheckpoints& checkpoints,
    EventSubscriptionOptions options, Database& written, EventWrites writes) {
  TRY(check(options));
  if (!writes.writes) return wrong("writes must be given");
  if (writes.marks_table_name.empty()) return wrong("marks_table_name must be given");
  const Capabilities& engine = written.capabilities();
  if (!engine.transactions) {
    return wrong(
        "Writes that are there once need transactions, which the database does not have (" +
        engine.engine + "); a view does without");
  }
  auto receiver = std::make_unique<event_store::ProjectedWrites>(
      written, std::move(writes), options.name, options.stream.random);
  auto feed =
      TRY(EventFeed::open(database, table, checkpoints, std::move(options), std::move(receiver)));
  return std::unique_ptr<EventProjection>(new EventProjection(std::move(feed)));
}

Result<void> EventProjection::rebuild() { return feed().begin_generation(); }

}  // namespace dynakeep
