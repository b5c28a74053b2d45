#pragma once

#include <memory>

#include "dynakeep/database.h"
#include "dynakeep/stores/stream_consumer.h"

// The changes of a table as they are made, handed to a program that keeps nothing of where it was.
namespace dynakeep {

// A StreamConsumer with its checkpoints in memory and threads of its own:
//
//   auto subscription = TRY(subscribe(
//       *database, {.stream_arn = arn, .from = StreamStart::Kind::latest},
//       [&](const StreamBatch& batch) { show(batch.records); return StreamOutcome::ok(); }));
//
// The handler is called on those threads, never on a writer's and never under a lock of the engine.
// One that is slow slows nobody down: it is read on from where it is, the stream itself is the
// queue. Where the database tells of records, or its server holds requests for them, there is no
// polling; elsewhere there is.
class StreamSubscription {
 public:
  // Stops, and waits for the handler if that is at work. Not to be destroyed by the handler.
  ~StreamSubscription();
  StreamSubscription(const StreamSubscription&) = delete;
  StreamSubscription& operator=(const StreamSubscription&) = delete;

  // Until it has ended by itself: the stream is switched off and all is handled, or the handler or
  // an option has had it stop. Errors as StreamConsumer::run.
  Result<void> wait();

  StreamFigures figures() const;

 private:
  class Running;
  friend Result<std::unique_ptr<StreamSubscription>> subscribe(Database&, StreamConsumerOptions,
                                                               StreamHandler);
  explicit StreamSubscription(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
};

// Begins before it returns: every change that is answered afterwards is handed over, from the tip
// too. `options.group` may be left out. `database` must outlive it. Errors as StreamConsumer::open
// and StreamConsumer::start.
Result<std::unique_ptr<StreamSubscription>> subscribe(Database& database,
                                                      StreamConsumerOptions options,
                                                      StreamHandler handler);

}  // namespace dynakeep
