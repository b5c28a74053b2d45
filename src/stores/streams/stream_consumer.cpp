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
StreamConsumer::~StreamConsumer() { static_cast<void>(reading_->stop(StreamDrain::no)); }

Result<void> StreamConsumer::start() { return reading_->start(); }
Result<void> StreamConsumer::run(std::stop_token stop) { return reading_->run(stop); }
Result<std::optional<StreamConsumer::Moment>> StreamConsumer::step() { return reading_->step(); }
Result<void> StreamConsumer::checkpoint() { return reading_->checkpoint(); }
Result<void> StreamConsumer::checkpoint(std::string_view shard_id,
                                        std::string_view sequence_number) {
  return reading_->checkpoint(shard_id, sequence_number);
}
void StreamConsumer::pause() { reading_->set_paused({}, true); }
void StreamConsumer::resume() { reading_->set_paused({}, false); }
void StreamConsumer::pause(const std::string& shard_id) { reading_->set_paused(shard_id, true); }
void StreamConsumer::resume(const std::string& shard_id) { reading_->set_paused(shard_id, false); }
void StreamConsumer::hint() { reading_->hint(); }
Result<void> StreamConsumer::rewind(StreamRewind to) { return reading_->rewind(to); }
Result<void> StreamConsumer::stop(StreamDrain drain) { return reading_->stop(drain); }
StreamFigures StreamConsumer::figures() const { return reading_->figures(); }

}  // namespace dynakeep
