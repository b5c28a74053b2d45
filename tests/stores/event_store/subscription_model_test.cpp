#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "stores/event_store/following.h"
#include "stores/event_store/random_writer.h"
#include "stores/event_store/spread_stream.h"

// Subscriptions under everything at once, drawn from a seed: writers, groups, gaps, rewrites and
// deletions, records in any order, failing calls and handlers, restarts at any point.
namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;

class SubscriptionModel {
 public:
  explicit SubscriptionModel(std::uint64_t seed)
      : random_(seed),
        is_legacy_(chance(4)),
        has_faults_(!chance(3)),
        has_gaps_(chance(2)),
        has_rewrites_(chance(2)),
        view_(std::array{StreamViewType::new_and_old_images, StreamViewType::new_image,
                         StreamViewType::old_image, StreamViewType::keys_only}[random_() % 4]),
        from_(chance(2) ? EventStart::history : EventStart::trim_horizon),
        spread_(*database_, seed ^ 0x5eed) {
    spread_.shards = 1 + random_() % 5;
    spread_.page_records = 1 + random_() % 8;
    table_ = open_table(*database_);
    must(table_->create_table());
    must(database_->update_table({.table_name = "Events",
                                  .stream_specification = StreamSpecification{
                                      .stream_enabled = true, .stream_view_type = view_}}));
    writer_ = std::make_unique<RandomWriter>(*table_, stores(), has_gaps_, has_rewrites_, random_);
    followed_ = open_table(spread_);
    marks_ = std::make_unique<EventMarkTable>(
        spread_, EventMarkTableOptions{.table_name = "Marks", .name = "model"});
    must(EventMarkTable(*database_, {.table_name = "Marks", .name = "model"}).create_table());
  }

  void run() {
    for (int turn = 0; turn < 25; ++turn) writer_->change();
    reopen();
    for (int turn = 0; turn < 150; ++turn) {
      if (chance(3)) writer_->change();
      if (chance(40)) reopen();
      if (has_faults_) spread_.errors = chance(6) ? 0.3 : 0.02;
      if (has_faults_) spread_.lost_answers = 0.02;
      step(random_() % 6);
    }
    spread_.errors = spread_.lost_answers = 0;
    settle();
    compare();
  }

 private:
  bool chance(unsigned one_of) { return random_() % one_of == 0; }

  std::unique_ptr<EventTable> open_table(Database& database) const {
    EventTableOptions options{.table_name = "Events"};
    return is_legacy_ ? legacy_event_storage(database, options)
                      : single_table_event_storage(database, options);
  }
  std::vector<std::string> stores() const {
    return is_legacy_ ? std::vector{orders} : std::vector{orders, customers};
  }

  void reopen() {
    subscription_.reset();
    EventSubscriptionOptions options{.name = "model",
                                     .event_store_ids = stores(),
                                     .from = from_,
                                     .marks = marks_.get(),
                                     .events_at_once = 1 + random_() % 7};
    options.stream.now = [this] { return moment_; };
    options.stream.lanes = 1 + random_() % 3;
    options.stream.batch_records = 1 + random_() % 9;
    options.on_rewrite = [this](const EventRewrite& rewrite) -> Result<void> {
      if (fails()) return Error::internal("Not now");
      if (rewrite.kind == EventRewrite::Kind::removed) {
        delivered_.erase(rewrite.key);
      } else if (rewrite.after) {
        delivered_[rewrite.key] = std::string(rewrite.after->type());
      }
      return {};
    };
    subscription_ =
        must(EventSubscription::open(spread_, *followed_, *checkpoints_, options,
                                     [this](const SubscribedEvent& event) { return take(event); }));
    while (!subscription_->start()) {
      spread_.errors = 0.02;
    }
  }

  bool fails() { return has_faults_ && chance(20); }

  Result<void> take(const SubscribedEvent& subscribed) {
    const Event& event = subscribed.message.event;
    if (fails()) return Error::internal("Not now");
    const EventKey key{subscribed.message.event_store_id, std::string(event.aggregate_id()),
                       event.version()};
    if (!has_rewrites_ && !has_faults_) {
      EXPECT_FALSE(delivered_.contains(key)) << key << " comes twice";
    }
    if (!subscribed.is_late && !has_rewrites_) {
      for (const auto& [stored, type] : writer_->stored) {
        const bool is_below = stored.event_store_id == key.event_store_id &&
                              stored.aggregate_id == key.aggregate_id &&
                              stored.version < key.version && !writer_->fills_gap.contains(stored);
        if (is_below) {
          EXPECT_TRUE(delivered_.contains(stored)) << key << " comes before " << stored;
        }
      }
    }
    delivered_[key] = std::string(event.type());
    return {};
  }

  void step(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps; ++i) {
      const auto next = must(subscription_->step());
      if (next && *next > moment_) moment_ = *next;
    }
  }
  void settle() {
    for (int round = 0; round < 4000 && delivered_ != writer_->stored; ++round) step(1);
    step(100);
  }
  void compare() const {
    EXPECT_EQ(delivered_.size(), writer_->stored.size());
    for (const auto& [key, type] : writer_->stored) {
      const auto found = delivered_.find(key);
      if (found == delivered_.end()) {
        ADD_FAILURE() << key << " was not delivered";
      } else {
        EXPECT_EQ(found->second, type) << key;
      }
    }
    for (const auto& [key, type] : delivered_) {
      EXPECT_TRUE(writer_->stored.contains(key)) << key << " was removed, and nobody told of it";
    }
  }

  std::mt19937_64 random_;
  const bool is_legacy_;
  const bool has_faults_;
  const bool has_gaps_;
  const bool has_rewrites_;
  const StreamViewType view_;
  const EventStart from_;
  std::unique_ptr<Database> database_ = must(open_embedded({.in_memory = true}));
  SpreadStream spread_;
  std::unique_ptr<EventTable> table_;     // the writers'
  std::unique_ptr<EventTable> followed_;  // the subscription's
  std::unique_ptr<EventMarkTable> marks_;
  std::unique_ptr<StreamCheckpoints> checkpoints_ = make_in_memory_stream_checkpoints();
  std::unique_ptr<EventSubscription> subscription_;
  std::chrono::steady_clock::time_point moment_{1h};
  std::unique_ptr<RandomWriter> writer_;
  std::map<EventKey, std::string> delivered_;
};

TEST(SubscriptionModel, WhateverHappensEveryStoredEventIsDeliveredInOrder) {
  const char* given = std::getenv("DYNAKEEP_SEED");
  const std::uint64_t first = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  const std::uint64_t count = given == nullptr ? 60 : 1;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SubscriptionModel(seed).run();
    if (HasFailure()) {
      FAIL() << "DYNAKEEP_SEED=" << seed;
    }
  }
}

}  // namespace
}  // namespace dynakeep::contract
