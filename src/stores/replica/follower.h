#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "stores/replica/copy.h"
#include "stores/replica/waiting_call.h"
#include "stores/streams/only_children.h"
#include "stores/streams/shard_cursor.h"
#include "stores/streams/shard_graph.h"

namespace dynakeep::replicas {

using Moment = std::chrono::steady_clock::time_point;

// Where a replica has time and chance from.
struct Surroundings {
  const Clock* clock = &system_clock();
  std::function<Moment()> now = {};
  std::function<std::uint64_t()> random = {};
  // Called, from any thread, when a step has something to do before it said. Empty: nobody listens,
  // and steps come as they say.
  std::function<void()> wake = {};
};

struct FollowerOptions {
  std::string stream_arn = {};
  std::chrono::milliseconds settle{0};
  std::chrono::milliseconds idle_poll_max{0};
  std::chrono::milliseconds discovery_interval{0};
  std::chrono::milliseconds pushed_poll{0};  // of shards whose server tells when there is more
  std::size_t records_max = 0;               // in one portion
  Surroundings surroundings = {};
};

// Records of one shard in order, to be made part of the copy, and what is then known of shards.
struct Portion {
  std::span<const ChangeRecord> records = {};
  ProgressChange progress = {};
};

// Reads all shards of a stream, parents before their children, a page at a time, and hands their
// records to one who takes them; what he refuses he is given again later. It goes on through
// faults; at the first gap it is done, since a copy with a gap is none. Not thread-safe.
class Follower {
 public:
  using Taker = std::function<Result<void>(const Portion&)>;

  Follower(Database& database, FollowerOptions options, Taker taker);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // From the tip of every shard, of which iterators are obtained: each change answered after the
  // return will be read. Or from behind a position of the engine. What is to be remembered.
  Result<StreamProgress> begin_at_tip();
  Result<StreamProgress> begin_behind(const std::string& position);
  // Or from where it was.
  void resume(StreamProgress progress);

  // One piece of work: a page of a shard read, or handed on. No more of a shard than a page is
  // held. When there is more.
  Moment step();
  // Looks at all shards with the next steps.
  void hint();
  // Lists the shards with the next step.
  void list_soon();
  // When they were last listed; the least time there is: not since it began.
  Time listed_at() const { return listed_at_; }

  // Changes were lost to it.
  const std::optional<StreamGap>& gap() const { return gap_; }
  // The stream was switched off and read to its end, or is gone.
  bool is_over() const { return is_over_; }

  // All records created before then have been handed on; the least there is: nothing is known.
  Time complete_until() const;
  // And before then, too, unless one comes late.
  Time fresh_until() const;
  // Whether it may wait for records in calls of other threads, where the server holds such. Once it
  // may not, none is under way on return, which takes as long as one is held.
  void let_wait(bool may);

  // All records up to that number have been handed on; none: the server does not tell.
  std::optional<std::string> position() const;

  std::uint64_t errors() const { return errors_; }
  const std::optional<std::string>& last_error() const { return last_error_; }
  std::uint64_t records() const { return records_; }

 private:
  // What is known to have been read of a shard, and so of those it came from.
  struct Reach {
    Time complete_until = Time::min();
    Time fresh_until = Time::min();
    std::string position = {};
  };
  struct Shard {
    std::unique_ptr<streams::ShardCursor> cursor = {};
    std::vector<ChangeRecord> records = {};
    std::size_t handed = 0;  // of these
    bool has_ended = false;
    bool is_missing = false;  // the server says so; the next listing decides
    Moment due = {};
    Moment poll_due = {};  // once its records are handed on
    std::chrono::milliseconds idle{0};
    unsigned failures = 0;
    Time answered = {};
    std::deque<Time> empty_pages = {};  // the last in a row
    // All records created before then have been read, as empty pages say of an open shard.
    Time quiet_until = Time::min();
    Reach reach = {};
    // What the page reaches once its records are handed on.
    std::optional<std::string> position = {};
    std::optional<Time> tip = {};  // it is all there was then
    // The server tells when there is more, or holds a call until there is.
    std::unique_ptr<RecordsWaiter> waiter = {};
    std::unique_ptr<WaitingCall> call = {};
    Moment call_due = {};  // not before, since the last one failed
    std::shared_ptr<std::atomic<bool>> is_woken = {};

    bool is_waiting() const { return handed < records.size(); }
    bool is_told() const { return waiter || call; }
    bool is_at_tip() const { return waiter && !*is_woken && records.empty(); }
  };

  Moment now() const { return options_.surroundings.now(); }
  Time time() const { return options_.surroundings.clock->now(); }
  std::uint64_t random() const { return options_.surroundings.random(); }

  Result<StreamProgress> begin(StreamStart start, const streams::Listing& listing);
  void discover();
  bool awaits_parents(const streams::Listing& listing);
  void note_endings(const streams::Listing& listing);
  void take_up(const streams::Listing& listing);
  void open_ready();
  // Whether there was something to do; else `next` is no later than when there will be.
  bool work_on(const std::string& id, Shard& shard, Moment& next);
  void fetch(const std::string& id, Shard& shard);
  bool note_loss(const std::string& id, const streams::ShardCursor::Page& page);
  void note_empty(const std::string& id, Shard& shard, bool may_have_more, Time asked);
  void note_caught_up(const std::string& id, Time asked);
  void reach_page(Shard& shard);
  bool await_records(Shard& shard);
  bool may_call(const Shard& shard) const;
  void hand_on(const std::string& id, Shard& shard);
  void finish(const std::string& id, Shard& shard);
  void look_for_sibling(const std::string& parent);
  bool take(const Portion& portion);
  void learn(ShardProgress row);
  void failed(const Error& error);
  Moment retry(unsigned& failures) const;
  std::unique_ptr<streams::ShardCursor> make_cursor(const std::string& id) const;
  Reach reach_of(const std::string& id, const Shard& shard) const;
  // Calls with how far each lineage is read.
  template <typename Visit>
  void for_each_reach(const Visit& visit) const;

  Database& database_;
  const FollowerOptions options_;
  const Taker taker_;

  StreamProgress progress_;
  std::map<std::string, Shard, std::less<>> shards_;  // those that are read
  std::map<std::string, Reach, std::less<>> ended_;   // read to their end, and how far that was
  std::set<std::string, std::less<>> childless_;      // of these, as far as is known
  std::map<std::string, std::unique_ptr<streams::ShardCursor>> fresh_;  // at the tip
  std::map<std::string, std::string> endings_;  // of shards that a listing has shown closed
  std::optional<StreamGap> gap_;
  bool is_over_ = false;
  Time listed_at_ = Time::min();
  bool may_wait_ = false;
  Moment discovery_due_ = {};
  unsigned discovery_failures_ = 0;
  unsigned quick_discoveries_ = 0;
  unsigned orphan_listings_ = 0;
  streams::OnlyChildren only_children_;
  std::string turn_;  // the shard that was last worked on
  std::uint64_t errors_ = 0;
  std::uint64_t records_ = 0;
  std::optional<std::string> last_error_;
};

}  // namespace dynakeep::replicas
