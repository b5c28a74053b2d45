#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "copy/batch_writer.h"
#include "copy/copy_states.h"
#include "dynakeep/copy/table_copy.h"
#include "stores/replica/follower.h"
#include "stores/replica/table_keys.h"

namespace dynakeep::copying {

// Applies a table's stream to its copy.
//
// Of several records of an item that come together the last one is applied: it says what the item
// is. How far a shard is applied is kept after the fact, once a second: what was applied since, a
// later run applies again, in the same order, and comes to the same.
class Following {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  struct Options {
    std::string table = {};
    std::string stream_arn = {};
    std::chrono::milliseconds settle{0};
    const Clock* clock = &system_clock();
    replicas::TableKeys keys = {};
    // Keeps how far shards are applied. By the thread that runs it.
    std::function<Result<void>(const StreamChange& change)> save = {};
  };

  Following(Database& source, Database& destination, BatchWriter& writer, Options options);

  // From behind a position of the source's, or from the tip: each change answered after the return
  // will be applied. What is to be kept.
  Result<StreamProgress> begin(const std::optional<std::string>& behind);
  // Or from where an earlier run was.
  void resume(StreamProgress progress);

  // As TableCopy::follow. By one thread.
  Result<FollowSummary> run(const std::stop_token& stop, FollowUntil until);

  // From any thread: run() ends with that error.
  void end(Error error);

  FollowFigures figures() const;

  // ---- for those who compare, beside run() ----

  // Told of each key that is applied, as TableKeys::text_of has it; not while exclusively() runs.
  // One at a time; empty: nobody.
  void on_applied(std::function<void(const std::string& key)> tell);
  // Waits until all that the source was asked to change before the call is applied. False: stopped,
  // or run() has come to its end.
  Result<bool> wait_applied(const std::stop_token& stop);
  // Nothing is applied meanwhile.
  Result<void> exclusively(const std::function<Result<void>()>& work);

 private:
  // A moment of the source.
  struct Aim {
    Time time = {};
    std::optional<std::string> position = {};  // where it tells that
  };

  Time time() const { return options_.clock->now(); }
  Result<Aim> aim() const;
  bool reaches(const Aim& aim) const;  // under the lock
  Result<void> take(const replicas::Portion& portion);
  Result<void> apply(std::span<const ChangeRecord> records);
  Result<void> refresh(std::vector<WriteRequest>& writes, const std::vector<std::size_t>& unseen,
                       const std::vector<Key>& keys);
  Result<void> flush();
  void note_reach();
  void wake();
  // What came of it so far, if it is over.
  std::optional<std::string> loss() const;

  Database& source_;
  Database& destination_;
  BatchWriter& writer_;
  const Options options_;
  std::unique_ptr<replicas::Follower> follower_;
  StreamChange unsaved_;
  Moment saved_ = {};
  std::optional<Error> fatal_;

  std::mutex applying_;
  std::function<void(const std::string&)> tell_;  // guarded by it

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool is_woken_ = false;
  bool is_running_ = false;
  std::optional<Error> ended_by_;
  std::optional<Time> wanted_listing_;  // someone waits for one that is no older
  Time complete_until_ = Time::min();
  Time fresh_until_ = Time::min();
  Time listed_at_ = Time::min();
  std::optional<std::string> position_;
  FollowFigures figures_;
};

}  // namespace dynakeep::copying
