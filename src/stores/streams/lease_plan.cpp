#include "stores/streams/lease_plan.h"

#include <algorithm>

namespace dynakeep::streams {
namespace {

// How many times `failover` a worker's row outlives it.
constexpr int worker_remembered = 60;

}  // namespace

void LeaseWatch::see(const SharedProgress& seen, Moment now, std::chrono::milliseconds failover) {
  const bool was_away = !has_looked_ || now - looked_ >= failover;
  const auto look = [&](auto& sights, const std::string& id, std::uint64_t epoch,
                        std::uint64_t beat) {
    const auto [sight, is_new] = sights.try_emplace(id);
    const bool has_moved = sight->second.epoch != epoch || sight->second.beat != beat;
    if (is_new || has_moved || was_away) sight->second = {epoch, beat, now};
  };
  for (const auto& [id, lease] : seen.leases) look(leases_, id, lease.epoch, lease.beat);
  for (const auto& [id, beat] : seen.workers) look(workers_, id, 0, beat);
  std::erase_if(leases_, [&](const auto& each) { return !seen.leases.contains(each.first); });
  std::erase_if(workers_, [&](const auto& each) { return !seen.workers.contains(each.first); });
  looked_ = now;
  has_looked_ = true;
}

bool LeaseWatch::stands(const std::map<std::string, Sight, std::less<>>& sights,
                        const std::string& id, Moment now, std::chrono::milliseconds span) {
  const auto sight = sights.find(id);
  return sight != sights.end() && now - sight->second.moved >= span;
}

bool LeaseWatch::lease_stands(const std::string& shard_id, std::chrono::milliseconds span) const {
  return stands(leases_, shard_id, looked_, span);
}

bool LeaseWatch::worker_stands(const std::string& worker, std::chrono::milliseconds span) const {
  return stands(workers_, worker, looked_, span);
}

bool is_eligible(const StreamProgress& progress, const ShardProgress& row) {
  if (row.is_over()) return false;
  if (row.state == ShardState::ready) return true;
  if (!row.parent) return true;
  const auto parent = progress.shards.find(*row.parent);
  return parent != progress.shards.end() && parent->second.is_over();
}

LeaseWishes wish_for_leases(const LeaseSituation& situation,
                            const std::function<std::uint64_t()>& random) {
  const auto& [seen, watch, me, held, busy, failover, take_max] = situation;
  LeaseWishes wishes;
  std::set<std::string> alive = {me};
  for (const auto& [worker, beat] : seen.workers) {
    if (!watch.worker_stands(worker, failover)) alive.insert(worker);
    if (worker != me && watch.worker_stands(worker, worker_remembered * failover)) {
      wishes.gone.emplace_back(worker, beat);
    }
  }
  std::map<std::string, std::vector<std::pair<std::string, Lease>>> owned;
  std::size_t eligible = 0;
  std::size_t mine = 0;
  std::size_t asked = 0;
  for (const auto& [id, row] : seen.progress.shards) {
    if (!is_eligible(seen.progress, row)) continue;
    ++eligible;
    const auto found = seen.leases.find(id);
    const Lease lease = found == seen.leases.end() ? Lease{} : found->second;
    if (held.contains(id)) {
      ++mine;
    } else if (lease.owner.empty() || lease.owner == me || watch.lease_stands(id, failover)) {
      // What is mine by the table and not held was passed to me, or its taking was not answered.
      if (!busy.contains(id)) wishes.take.emplace_back(id, lease);
    } else {
      alive.insert(lease.owner);
      if (lease.wanted_by == me) ++asked;
      if (lease.wanted_by.empty()) owned[lease.owner].emplace_back(id, lease);
    }
  }
  const std::size_t share = (eligible + alive.size() - 1) / alive.size();
  wishes.share = share;
  std::size_t wanted = std::min(take_max, share - std::min(share, mine));

  const auto pick = [&](std::vector<std::pair<std::string, Lease>>& from, std::size_t count) {
    for (std::size_t i = 0; i < std::min(count, from.size()); ++i) {
      std::swap(from[i], from[i + random() % (from.size() - i)]);
    }
    if (from.size() > count) from.resize(count);
  };
  // What was passed to me comes first: nobody else may take it.
  std::stable_partition(wishes.take.begin(), wishes.take.end(),
                        [&](const auto& each) { return each.second.owner == me; });
  const auto own = static_cast<std::size_t>(
      std::count_if(wishes.take.begin(), wishes.take.end(),
                    [&](const auto& each) { return each.second.owner == me; }));
  std::vector<std::pair<std::string, Lease>> others(
      wishes.take.begin() + static_cast<std::ptrdiff_t>(own), wishes.take.end());
  wishes.take.resize(own);
  pick(others, wanted - std::min(wanted, own));
  wishes.take.insert(wishes.take.end(), others.begin(), others.end());

  wanted -= std::min(wanted, wishes.take.size() + asked);
  if (wanted == 0) return wishes;
  const auto richest = std::max_element(
      owned.begin(), owned.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  const std::size_t would_be_mine = mine + wishes.take.size() + asked;
  if (richest == owned.end() || richest->second.size() < would_be_mine + 2) return wishes;
  pick(richest->second, std::min(wanted, (richest->second.size() - would_be_mine) / 2));
  wishes.ask = std::move(richest->second);
  return wishes;
}

}  // namespace dynakeep::streams
