#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stores/streams/lease_table.h"

// Which leases a worker takes, and which it asks for: decided from what it has seen, with no table
// or clock in sight.
namespace dynakeep::streams {

// When each lease and each worker was last seen to move, by this worker's own clock: no two clocks
// are ever compared.
class LeaseWatch {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // What a load showed that was made at `now`. After a time without loads as long as `failover`
  // everyone's time begins anew: who was not looked at may have been alive.
  void see(const SharedProgress& seen, Moment now, std::chrono::milliseconds failover);

  // That it did not move between two looks that far apart.
  bool lease_stands(const std::string& shard_id, std::chrono::milliseconds span) const;
  bool worker_stands(const std::string& worker, std::chrono::milliseconds span) const;

 private:
  struct Sight {
    std::uint64_t epoch = 0;
    std::uint64_t beat = 0;
    Moment moved = {};
  };
  static bool stands(const std::map<std::string, Sight, std::less<>>& sights, const std::string& id,
                     Moment now, std::chrono::milliseconds span);

  std::map<std::string, Sight, std::less<>> leases_;
  std::map<std::string, Sight, std::less<>> workers_;
  Moment looked_ = {};
  bool has_looked_ = false;
};

struct LeaseWishes {
  std::size_t share = 0;                                 // shards that each worker should have
  std::vector<std::pair<std::string, Lease>> take = {};  // shards, with the leases as seen
  std::vector<std::pair<std::string, Lease>> ask = {};   // of their owners
  std::vector<std::pair<std::string, std::uint64_t>> gone = {};  // workers, with their last beats
};

struct LeaseSituation {
  const SharedProgress& seen;
  const LeaseWatch& watch;
  const std::string& me;
  const std::set<std::string, std::less<>>& held;  // shards
  // Shards that I may not take: a handler of mine is still at work on what I lost.
  const std::set<std::string, std::less<>>& busy;
  std::chrono::milliseconds failover;
  std::size_t take_max;
};

// Up to a fair share: leases that nobody has, or whose owner does not move, some at random; where
// there is none, some of those who have at least two more, by asking.
LeaseWishes wish_for_leases(const LeaseSituation& situation,
                            const std::function<std::uint64_t()>& random);

// Whether a shard may be read by anyone: it is not over, and its parent is, or is not known.
bool is_eligible(const StreamProgress& progress, const ShardProgress& row);

}  // namespace dynakeep::streams
