#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/stores/stream_consumer.h"
#include "stores/streams/consumer/call_pace.h"
#include "stores/streams/consumer/read_shard.h"
#include "stores/streams/lease_plan.h"
#include "stores/streams/only_children.h"
#include "stores/streams/shard_graph.h"

namespace dynakeep {

// The work of a consumer, cut by idea into the files that the members below name.
//
// All members are guarded by mutex_, which is let go while the database, the checkpoints or the
// program is called: what is being worked on is marked as busy.
class StreamConsumer::Reading {
 public:
  Reading(Database& database, StreamCheckpoints& checkpoints, StreamConsumerOptions options,
          StreamHandler handler);

  Result<void> start();
  Result<void> run(const std::stop_token& stop);
  Result<std::optional<Moment>> step();
  Result<void> checkpoint();
  Result<void> checkpoint(std::string_view shard_id, std::string_view sequence_number);
  void set_paused(const std::string& shard_id, bool is_paused);  // "": all
  void hint();
  Result<void> rewind(const StreamRewind& to);
  Result<void> stop(StreamDrain drain);
  StreamFigures figures() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Shard = streams::ReadShard;

  Moment now() const;
  Time time() const { return options_.clock->now(); }
  std::uint64_t random() const;
  // The span, and up to a fifth less or more.
  std::chrono::milliseconds about(std::chrono::milliseconds span) const;

  // ---- starting.cpp: which stream, and where in it
  Result<void> find_stream(Lock& lock);
  void look_for_stream(Lock& lock);
  Result<void> begin_stream(Lock& lock, const std::string& stream_arn, bool is_replacement);
  Result<StreamStart> decide(const std::string& stream_arn, StreamStart start);
  Result<void> rewind_idle(Lock& lock, StreamStart start, bool force);
  void forget_all();

  // ---- scheduling.cpp: what is next
  // One piece of work; as step().
  Result<std::optional<Moment>> work(Lock& lock);
  bool work_on_shard(Lock& lock, const std::shared_ptr<Shard>& shard, Moment& next);
  bool hand_out(Lock& lock, Shard& shard, Moment& next);
  std::int32_t may_read(const Shard& shard) const;
  void look_around();
  void check_on(Shard& shard);
  void stop_after_outage(Moment answered);
  bool is_any_busy() const;
  bool is_drained() const;
  Result<void> shut_down(Lock& lock);

  // ---- discovery.cpp: which shards there are
  void discover(Lock& lock);
  void apply(Lock& lock, const streams::Listing& listing);
  bool awaits_parents(const streams::Listing& listing);
  void open_ready();
  Shard& open_shard(const std::string& id);
  void look_for_children();
  // Whether there was something to do; else `next` is no later than when there will be.
  bool look_for_siblings(Lock& lock, Moment& next);
  // Of a shard that a listing showed as closed: then it showed its children too.
  bool knows_children(const std::string& id) const;
  void note_ends();

  // ---- shard_reading.cpp: one shard, from page to page to its end
  void fetch(Lock& lock, Shard& shard, std::int32_t limit, std::chrono::milliseconds wait = {});
  void wait_for_records(Lock& lock, Shard& shard);
  bool wait_on_one(Lock& lock);
  void take(Shard& shard, streams::ShardCursor::Page page, std::size_t limit);
  std::size_t lane_of(const ChangeRecord& record) const;
  bool may_finish(const Shard& shard) const;
  void finish(Lock& lock, Shard& shard);
  void go_on_with(Lock& lock, const std::vector<std::string>& children);

  // ---- delivery.cpp: batches to the handler, and what becomes of those that fail
  void deliver(Lock& lock, Shard& shard, streams::Lane& lane);
  void failed(Lock& lock, Shard& shard, streams::Lane& lane, std::size_t count,
              const StreamOutcome& outcome);
  void poison(Lock& lock, Shard& shard, streams::Lane& lane, std::size_t count,
              const std::string& why);
  bool is_in_handler() const;

  // ---- checkpointing.cpp
  // What becomes durable at once, as far as the checkpoints can.
  struct Changes {
    std::vector<std::string> kept = {};        // shards of which so much was handled
    std::vector<ShardProgress> rows = {};      // new ones, and those whose turn has come
    std::vector<ShardProgress> over = {};      // of shards this consumer reads
    std::vector<ShardProgress> children = {};  // of the one that is over
    std::vector<std::string> forgotten = {};
    std::vector<StreamGap> gaps = {};
  };
  // What has been read or handled of the shard, in what is counted of all of them.
  void note(Shard& shard);
  bool has_to_save() const;
  bool needs_saving(Moment current) const;
  // Writes what was handled, and the gaps that were met.
  Result<void> save(Lock& lock);
  Result<void> commit(Lock& lock, Changes changes);
  Result<void> write_change(Lock& lock, const Changes& changes);
  Result<void> write_rows(Lock& lock, const Changes& changes, std::vector<StreamGap>& gaps,
                          std::vector<std::string>& lost);
  void report(Lock& lock, const std::vector<StreamGap>& gaps);
  bool awaits_report(const std::string& shard_id) const;

  // ---- leasing.cpp: which shards are this worker's
  Moment leases_due() const;
  void tend_leases(Lock& lock);
  void renew(Lock& lock);
  void hand_over(Lock& lock);
  void balance(Lock& lock);
  void learn(const streams::SharedProgress& seen);
  // False: another was first, or nobody knows.
  bool take_lease(Lock& lock, const std::string& shard_id, const streams::Lease& seen);
  void drop(const std::string& shard_id, const char* why);
  bool is_fenced(const Shard& shard) const;
  void release_all(Lock& lock);

  // ---- figures.cpp: what is told
  void failed_call(const Error& error);
  void note_handler_time(std::chrono::nanoseconds span);
  void note_throttling(const Error& error);
  void tell(StreamEvent::Kind kind, const std::string& shard_id = {}, std::string text = {});
  void tell_all(Lock& lock);
  std::chrono::milliseconds lag_of(const Shard& shard) const;

  Database& database_;
  StreamCheckpoints& checkpoints_;
  streams::LeaseTable* const leases_;  // null: the shards are not shared
  const StreamConsumerOptions options_;
  const StreamHandler handler_;
  const std::string worker_;

  // Rung from threads of the database, maybe when this is gone.
  struct Bell {
    std::condition_variable changed = {};
    std::atomic<std::uint64_t> rung = 0;
  };
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();

  mutable std::mutex mutex_;
  std::condition_variable& changed_ = bell_->changed;
  StreamScope scope_;  // the ARN is empty while there is no stream
  bool started_ = false;
  bool ended_ = false;
  bool is_running_ = false;
  bool is_rewinding_ = false;
  bool is_stop_asked_ = false;
  bool awaits_stream_ = false;       // there is none to read
  bool was_without_stream_ = false;  // nor was there any that the group has read
  std::optional<Error> stopped_;
  std::optional<StreamDrain> stopping_;
  Moment drain_until_ = {};
  bool is_shut_down_ = false;
  bool is_paused_ = false;
  std::set<std::string, std::less<>> paused_;

  // Durable, but for positions of what was handled since.
  StreamProgress progress_;
  std::size_t buffered_bytes_ = 0;  // of all shards
  std::size_t fetching_ = 0;        // shards
  std::map<std::string, std::shared_ptr<Shard>> shards_;
  std::map<std::string, std::unique_ptr<streams::ShardCursor>> fresh_;  // at the tip
  // As the last listing had them: the last numbers of closed shards, and the children of shards.
  std::map<std::string, std::string> endings_;
  std::map<std::string, std::vector<StreamShard>> children_;
  // To be durable and told before more of their shards is handed out.
  std::vector<StreamGap> unreported_;
  // Shards of which more was handled than is durable, and whether that is much of any.
  std::set<std::string> unsaved_;
  bool is_much_unsaved_ = false;
  bool is_saving_ = false;
  Moment save_due_ = {};
  unsigned save_failures_ = 0;

  streams::CallPace pace_;
  bool is_discovering_ = false;
  Moment discovery_due_ = {};
  Moment listed_ = {};  // the last time that was answered
  unsigned discovery_failures_ = 0;
  unsigned quick_discoveries_ = 0;
  unsigned orphan_listings_ = 0;
  unsigned gone_listings_ = 0;
  streams::OnlyChildren only_children_;
  std::set<std::string> ended_lineages_;
  Moment stream_due_ = {};  // when to look for the next stream

  streams::LeaseWatch watch_;
  std::size_t lease_share_ = 0;  // as of the last look
  bool has_lease_thread_ = false;
  bool is_tending_ = false;
  Moment renew_due_ = {};
  Moment balance_due_ = {};
  Moment hand_over_due_ = {};
  std::uint64_t beat_ = 0;
  // Shards that were lost while a handler was at work on them.
  std::map<std::string, std::weak_ptr<Shard>> lost_;

  std::string turn_;  // the shard that was last worked on
  Moment look_due_ = {};
  std::vector<StreamEvent> events_;
  std::vector<std::stop_source> stops_;
  bool is_telling_ = false;
  StreamFigures figures_;
  streams::CallCounts counts_;
};

}  // namespace dynakeep
