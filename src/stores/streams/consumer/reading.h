#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/stores/stream_consumer.h"
#include "stores/streams/consumer/read_shard.h"
#include "stores/streams/shard_graph.h"
#include "stores/support/chance.h"

namespace dynakeep {

// The work of a consumer, cut by idea into the files that the members below name.
//
// All members are guarded by mutex_, which is let go while the database or the handler is called:
// what is being worked on is marked as busy.
class StreamConsumer::Reading {
 public:
  Reading(Database& database, StreamCheckpoints& checkpoints, StreamConsumerOptions options,
          StreamHandler handler)
      : database_(database),
        checkpoints_(checkpoints),
        options_(std::move(options)),
        handler_(std::move(handler)),
        scope_{.group = options_.group, .stream_arn = options_.stream_arn} {}

  Result<void> start();
  Result<void> run(const std::stop_token& stop);
  Result<std::optional<Moment>> step();
  Result<void> checkpoint();
  StreamFigures figures() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Shard = streams::ReadShard;

  Moment now() const { return options_.now ? options_.now() : std::chrono::steady_clock::now(); }
  Time time() const { return options_.clock->now(); }
  std::uint64_t random() const {
    return options_.random ? options_.random() : stores::system_random();
  }

  // ---- starting.cpp
  Result<void> decide_start();

  // ---- scheduling.cpp: what is next
  // One piece of work; as step().
  Result<std::optional<Moment>> work(Lock& lock);
  bool work_on_shard(Lock& lock, const std::string& id, Moment& next);

  // ---- discovery.cpp: which shards there are
  void discover(Lock& lock);
  void apply(const streams::Listing& listing);
  bool awaits_parents(const streams::Listing& listing);
  void open_ready();

  // ---- shard_reading.cpp: one shard, from page to page to its end
  void fetch(Lock& lock, Shard& shard);
  void take(Shard& shard, streams::ShardCursor::Page page);
  std::size_t lane_of(const ChangeRecord& record) const;
  void finish(Lock& lock, Shard& shard);

  // ---- delivery.cpp: batches to the handler, and what becomes of those that fail
  void deliver(Lock& lock, Shard& shard, streams::Lane& lane);
  void failed(Lock& lock, Shard& shard, streams::Lane& lane, std::size_t count,
              const StreamOutcome& outcome);
  void poison(Lock& lock, Shard& shard, streams::Lane& lane, std::size_t count,
              const std::string& why);

  // ---- checkpointing.cpp
  void note_handled();
  Result<void> save(StreamProgress progress, std::vector<StreamGap> gaps = {});

  // ---- figures.cpp
  void failed_call(const Error& error);

  Database& database_;
  StreamCheckpoints& checkpoints_;
  const StreamConsumerOptions options_;
  const StreamHandler handler_;
  const StreamScope scope_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  bool ended_ = false;
  std::optional<Error> stopped_;
  // Durable, but for positions of what was handled since.
  StreamProgress progress_;
  std::map<std::string, std::shared_ptr<Shard>> shards_;
  std::map<std::string, std::unique_ptr<streams::ShardCursor>> fresh_;  // at the tip
  std::map<std::string, std::string> endings_;
  std::vector<StreamGap> unreported_;  // to be durable and told before anything is handed out
  std::size_t unsaved_ = 0;
  Moment save_due_ = {};
  unsigned save_failures_ = 0;
  bool is_discovering_ = false;
  Moment discovery_due_ = {};
  unsigned discovery_failures_ = 0;
  unsigned quick_discoveries_ = 0;
  unsigned orphan_listings_ = 0;
  std::string turn_;  // the shard that was last worked on
  StreamFigures figures_;
};

}  // namespace dynakeep
