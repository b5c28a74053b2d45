#include "dynakeep/stores/stream_consumer.h"

#include <utility>

#include "stores/streams/consumer/options.h"
#include "stores/streams/consumer/reading.h"

namespace dynakeep {

Result<std::unique_ptr<StreamConsumer>> StreamConsumer::open(Database& database,
                                                             StreamCheckpoints& checkpoints,
                                                             StreamConsumerOptions options,
                                                             StreamHandler handler) {
  TRY(streams::check(options));
  if (!handler) return Error(ErrorCode::invalid_argument, "A handler must be given");
  return std::unique_ptr<StreamConsumer>(new StreamConsumer(
      std::make_unique<Reading>(database, checkpoints, std::move(options), std::move(handler))));
}

StreamConsumer::StreamConsumer(std::unique_ptr<Reading> reading) : reading_(std::move(reading)) {}
StreamConsumer::~StreamConsumer() = default;

Result<void> StreamConsumer::start() { return reading_->start(); }
Result<void> StreamConsumer::run(std::stop_token stop) { return reading_->run(stop); }
Result<std::optional<StreamConsumer::Moment>> StreamConsumer::step() { return reading_->step(); }
Result<void> StreamConsumer::checkpoint() { return reading_->checkpoint(); }
StreamFigures StreamConsumer::figures() const { return reading_->figures(); }

}  // namespace dynakeep
