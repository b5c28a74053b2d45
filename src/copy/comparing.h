#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "copy/endurance.h"
#include "copy/following.h"
#include "dynakeep/copy/compare.h"
#include "stores/replica/table_keys.h"

namespace dynakeep::copying {

// One comparison of two tables. What differs at first sight is suspected; it is a difference if it
// is one still when all that the source was asked to change before is in the destination and none
// of that was of the key, or where nobody follows, when it has been read a few times more.
class Comparing {
 public:
  // `following`: what carries changes over meanwhile, or null. All of them must outlive it.
  Comparing(Database& source, Database& destination, const CompareRequest& request,
            Following* following, base::Pacing& pacing);
  ~Comparing();
  Comparing(const Comparing&) = delete;
  Comparing& operator=(const Comparing&) = delete;

  Result<CompareSummary> run();

 private:
  enum class Side : std::uint8_t { source, destination };

  // Reads the segments of a side, each with a thread.
  Result<void> read(Side side);
  Result<void> read_segment(Side side, unsigned segment);
  Result<void> look_at(Side side, std::vector<Item> items);
  void suspect(std::vector<Key> keys);
  // Of all suspects, once there are many of them, and at the end.
  Result<void> judge();
  // Reads both sides of the suspects, of whom those remain that differ.
  Result<void> look_again();
  Result<void> wait_applied();
  bool has_suspects();
  Result<void> report(std::vector<Key> keys);
  Result<void> repair(std::vector<CopyDifference>& differences);
  bool is_over_in(const std::optional<Item>& item) const;
  Result<std::vector<std::optional<Item>>> items_of(Database& database,
                                                    const std::vector<Key>& keys, bool whole) const;
  // By whoever asked, or because nobody follows any more.
  bool is_told_to_stop() const { return request_.stop.stop_requested() || is_over_; }
  bool stopped() const { return is_told_to_stop() || has_failed_; }
  void tell_progress(std::uint64_t items);

  Database& source_;
  Database& destination_;
  const CompareRequest& request_;
  Following* const following_;
  base::Pacing& pacing_;
  const Endurance endurance_;
  replicas::TableKeys keys_;
  std::optional<std::string> expires_by_;

  std::atomic<bool> has_failed_ = false;
  std::atomic<bool> is_over_ = false;  // the following
  std::mutex judging_;                 // by one at a time, and told of by one

  std::mutex mutex_;
  std::map<std::string, Key> suspects_;
  std::optional<Error> failure_;
  CompareSummary summary_;
  CompareProgress progress_;
};

}  // namespace dynakeep::copying
