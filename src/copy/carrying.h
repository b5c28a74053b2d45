#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "copy/adaptive_rate.h"
#include "copy/batch_writer.h"
#include "copy/comparing.h"
#include "copy/copy_states.h"
#include "copy/endurance.h"
#include "copy/following.h"
#include "dynakeep/copy/table_copy.h"
#include "dynakeep/snapshot.h"

namespace dynakeep {

class TableCopy::Carrying {
 public:
  Carrying(Database& source, Database& destination, CopyOptions options);
  ~Carrying();
  Carrying(const Carrying&) = delete;
  Carrying& operator=(const Carrying&) = delete;

  Result<void> open();
  const CopyPlan& plan() const { return plan_; }
  Result<CopySummary> copy(const std::stop_token& stop);
  Result<FollowSummary> follow(const std::stop_token& stop, FollowUntil until);
  FollowFigures figures() const;
  Result<CompareSummary> compare(CompareRequest request);

 private:
  // ---- opening.cpp ----
  Result<void> look_at_source();
  Result<void> find_destination();
  Result<void> look_at_destination();
  Result<void> look_at_state();
  Result<void> look_at_stream();
  void note_what_is_missing();

  // ---- carrying.cpp ----
  // From then on the copy is this run's, and gives signs of life.
  Result<void> take_over();
  Result<void> begin();
  // Behind what an earlier run copied, of which changes are lost: from where the stream is now.
  Result<void> begin_to_mend();
  // Keeps that it begins to follow, and with what.
  Result<void> keep(copying::CopyState state);
  Result<void> begin_following(copying::CopyState& state);
  Result<void> enable_stream();
  std::unique_ptr<copying::Following> make_following(const std::string& stream_arn);
  copying::Following* following() const;
  Result<void> read_all();
  Result<void> read_segment(std::size_t index);
  Result<ScanResult> read_page(ScanRequest request);
  void tell_progress();
  // Stream and time to live of the destination.
  Result<void> switch_on();
  Result<void> finish();

  void beat(const std::stop_token& over);
  Result<void> save();
  // Changes are lost to it, which later runs are to know.
  Result<void> lose(const std::string& loss);
  Result<void> note_mended();
  bool has_lost() const;
  void fail(const Error& error);
  std::stop_token halted() { return halt_.get_token(); }

  Database& source_;
  Database& destination_;
  const CopyOptions options_;
  base::Pacing& pacing_;
  const copying::Endurance endurance_;
  const copying::Endurance short_endurance_;  // of what is tried again by its caller
  copying::AdaptiveRate rate_;
  copying::AdaptiveRate following_rate_;
  copying::BatchWriter writer_;
  copying::BatchWriter following_writer_;

  CopyPlan plan_;
  TableDescription table_;                 // of the source
  std::optional<TableDescription> there_;  // the destination's
  std::vector<std::string> notes_;         // of the destination's, when it is made
  bool goes_on_ = false;                   // with what an earlier run did
  std::atomic<bool> is_reading_ = false;

  std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // shared by those who read a page of it
  std::stop_source halt_;                     // of copy(): it was stopped, or has failed

  mutable std::mutex mutex_;
  copying::CopyState state_;
  std::unique_ptr<copying::Following> following_;  // made once; its calls are under no lock
  bool is_over_ = false;  // what it follows: this run has lost changes, too
  std::optional<Error> failure_;

  std::mutex states_mutex_;  // held for as long as the database takes; never taken under mutex_
  copying::CopyStates states_;
  bool is_owner_ = false;

  std::mutex telling_;
  std::jthread beating_;  // the last, so that it ends first
};

}  // namespace dynakeep
