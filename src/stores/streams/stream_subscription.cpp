#include "dynakeep/stores/stream_subscription.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace dynakeep {

class StreamSubscription::Running {
 public:
  static Result<std::unique_ptr<Running>> begin(Database& database, StreamConsumerOptions options,
                                                StreamHandler handler) {
    if (options.group.empty()) options.group = "subscription";
    auto running = std::unique_ptr<Running>(new Running());
    running->consumer_ = TRY(StreamConsumer::open(database, *running->checkpoints_,
                                                  std::move(options), std::move(handler)));
    TRY(running->consumer_->start());
    running->thread_ = std::jthread([it = running.get()](std::stop_token stop) {
      it->end_with(it->consumer_->run(std::move(stop)));
    });
    return running;
  }

  Result<void> wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return outcome_.has_value(); });
    return *outcome_;
  }
  StreamFigures figures() const { return consumer_->figures(); }

 private:
  Running() = default;

  void end_with(Result<void> outcome) {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    ended_.notify_all();
  }

  std::unique_ptr<StreamCheckpoints> checkpoints_ = make_in_memory_stream_checkpoints();
  std::unique_ptr<StreamConsumer> consumer_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<Result<void>> outcome_;  // guarded by mutex_
  std::jthread thread_;                  // the last: it uses all of the above
};

StreamSubscription::StreamSubscription(std::unique_ptr<Running> running)
    : running_(std::move(running)) {}
StreamSubscription::~StreamSubscription() = default;

Result<void> StreamSubscription::wait() { return running_->wait(); }
StreamFigures StreamSubscription::figures() const { return running_->figures(); }

Result<std::unique_ptr<StreamSubscription>> subscribe(Database& database,
                                                      StreamConsumerOptions options,
                                                      StreamHandler handler) {
  auto running =
      TRY(StreamSubscription::Running::begin(database, std::move(options), std::move(handler)));
  return std::unique_ptr<StreamSubscription>(new StreamSubscription(std::move(running)));
}

}  // namespace dynakeep
