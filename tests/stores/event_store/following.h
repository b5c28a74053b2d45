#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/stores/event_subscription.h"
#include "stores/event_store/storage_contract.h"

namespace dynakeep::contract {

// "o-1/3": version 3 of aggregate o-1.
inline std::string words_of(const EventKey& key) {
  return key.aggregate_id + "/" + std::to_string(key.version);
}

// What a subscription delivers, and the time that passes while it waits.
struct Deliveries {
  std::vector<std::string> events = {};  // "o-1/3", "o-1/3 late"
  std::vector<SubscribedEvent> all = {};
  std::vector<std::string> rewrites = {};  // "replaced o-1/3", "removed o-1/3"
  std::chrono::steady_clock::time_point moment{std::chrono::hours(1)};

  EventHandler handler() {
    return [this](const SubscribedEvent& event) -> Result<void> {
      const Event& stored = event.message.event;
      events.push_back(words_of({{}, std::string(stored.aggregate_id()), stored.version()}) +
                       (event.is_late ? " late" : ""));
      all.push_back(event);
      return {};
    };
  }
  EventSubscriptionOptions options(EventSubscriptionOptions options) {
    options.name = "follower";
    options.stream.now = [this] { return moment; };
    options.on_rewrite = [this](const EventRewrite& rewrite) -> Result<void> {
      rewrites.push_back((rewrite.kind == EventRewrite::Kind::removed ? "removed " : "replaced ") +
                         words_of(rewrite.key));
      return {};
    };
    return options;
  }
  // Steps until nothing has come for a while; the error that it stopped with, if it did.
  std::optional<Error> drain(EventSubscription& subscription, int idle_steps = 12) {
    int idle = 0;
    while (idle < idle_steps) {
      const auto before = subscription.figures();
      const auto next = subscription.step();
      if (!next) return next.error();
      if (!*next) return std::nullopt;
      const auto after = subscription.figures();
      const bool moved =
          before.delivered != after.delivered || before.stream.read != after.stream.read ||
          before.stream.handled != after.stream.handled || before.failures != after.failures ||
          before.history_events != after.history_events;
      if (**next > moment) moment = **next;
      idle = moved || after.is_reading_history ? 0 : idle + 1;
    }
    return std::nullopt;
  }
  std::vector<std::string> take() { return std::exchange(events, {}); }
};

// A subscription or projection that runs on a thread of its own, until this goes: a case that fails
// has it stopped too, and what it ended with fails the case.
class RunningOnAThread {
 public:
  template <typename Runs>
  explicit RunningOnAThread(Runs& runs)
      : thread_([this, &runs](const std::stop_token& stop) {
          ended_ = runs.run(stop);
          has_ended_ = true;
        }) {}
  RunningOnAThread(const RunningOnAThread&) = delete;
  RunningOnAThread& operator=(const RunningOnAThread&) = delete;
  ~RunningOnAThread() {
    thread_.request_stop();
    thread_.join();
    EXPECT_TRUE(ended_) << ended_.error();
  }
  bool has_ended() const { return has_ended_; }

 private:
  Result<void> ended_;
  std::atomic<bool> has_ended_ = false;
  std::jthread thread_;
};

// A storage whose table has a stream.
class Following : public EventStorageContract {
 protected:
  void SetUp() override {
    EventStorageContract::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!database().capabilities().streams) {
      GTEST_SKIP() << "The engine has no streams: " << database().capabilities().engine;
    }
    switch_on(table_name(), StreamViewType::new_and_old_images);
  }
  void switch_on(const std::string& name, StreamViewType view) {
    must(database().update_table({.table_name = name,
                                  .stream_specification = StreamSpecification{
                                      .stream_enabled = true, .stream_view_type = view}}));
  }
  std::unique_ptr<EventSubscription> open(EventSubscriptionOptions options = {}) {
    if (options.event_store_ids.empty() && is_legacy()) options.event_store_ids = {orders};
    auto subscription = must(EventSubscription::open(
        database(), table(), *checkpoints, seen.options(std::move(options)), seen.handler()));
    must(subscription->start());
    return subscription;
  }
  // Of the next versions, one after another.
  void push_versions(const std::string& id, Version from, Version to) {
    for (Version version = from; version <= to; ++version) push({event_of(id, version)});
  }

  Deliveries seen;
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
};

}  // namespace dynakeep::contract
