#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "dynakeep/copy/table_copy.h"
#include "progress.h"
#include "terminal.h"

namespace dynakeep::app {

// What `dynakeep copy` says: to a person on stderr, and what differs on stdout; or all that came of
// it as JSON, a line each on stdout. Thread-safe.
class CopyText {
 public:
  explicit CopyText(bool json);

  void planned(const std::string& table, const CopyPlan& plan);
  void copying(const std::string& table, const CopyPlan& plan, const CopyProgress& at,
               double seconds);
  void copied(const std::string& table, const CopyPlan& plan, const CopySummary& summary,
              double seconds);
  // A call has failed and is tried again. At most one line a second.
  void trouble(const std::string& table, const Error& error);
  // For the first time.
  void current(const std::string& table, const FollowFigures& figures);
  void following(const std::string& table, const FollowFigures& figures);
  // Is going to be mended.
  void lost(const std::string& table, const std::string& loss);
  void followed(const std::string& table, const FollowSummary& summary);
  void comparing(const std::string& table, const CompareProgress& at);
  void difference(const std::string& table, const CopyDifference& difference);
  void compared(const std::string& table, const CompareSummary& summary, double seconds);
  void say(const std::string& text);
  // Takes the progress away, for a line that is said elsewhere.
  void clear();

 private:
  void line(const std::string& text);  // on stderr, with the progress out of its way

  const bool json_;
  const Terminal out_;
  const Terminal err_;
  std::mutex mutex_;
  std::unique_ptr<Progress> progress_;
  std::string progress_of_;
  std::uint64_t shown_ = 0;  // differences, of the table that is compared
  std::chrono::steady_clock::time_point trouble_due_ = {};
};

}  // namespace dynakeep::app
