#include "engine/snapshots.h"

#include <random>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace dynakeep::engine {
namespace {

// Not to be guessed: who knows one may end it.
std::string new_token() {
  std::random_device chance;
  std::string bytes;
  for (int i = 0; i < 4; ++i) base::append_u32(bytes, chance());
  return base::to_hex(bytes);
}

}  // namespace

bool Snapshots::has_expired(const Snapshot& snapshot) const {
  return clock_.now() - snapshot.begun >= snapshot_lasts;
}

Result<std::string> Snapshots::keep(Snapshot snapshot) {
  drop_expired();
  std::string token = new_token();
  auto kept = std::make_shared<const Snapshot>(std::move(snapshot));
  const std::lock_guard lock(mutex_);
  if (snapshots_.size() >= snapshots_max) {
    return Error(ErrorCode::limit_exceeded,
                 "Too many snapshots: " + std::to_string(snapshots_max) + " are alive");
  }
  snapshots_.emplace(token, std::move(kept));
  return token;
}

Result<std::shared_ptr<const Snapshot>> Snapshots::find(std::string_view token) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = snapshots_.find(std::string(token));
    if (found != snapshots_.end() && !has_expired(*found->second)) return found->second;
  }
  return Error(ErrorCode::snapshot_expired, "The snapshot has ended, or there never was one");
}

void Snapshots::end(std::string_view token) {
  std::shared_ptr<const Snapshot> ended;  // let go of without the lock
  const std::lock_guard lock(mutex_);
  const auto found = snapshots_.find(std::string(token));
  if (found == snapshots_.end()) return;
  ended = std::move(found->second);
  snapshots_.erase(found);
}

void Snapshots::drop_expired() {
  std::vector<std::shared_ptr<const Snapshot>> dropped;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(snapshots_, [&](auto& kept) {
      if (!has_expired(*kept.second)) return false;
      dropped.push_back(std::move(kept.second));
      return true;
    });
  }
}

}  // namespace dynakeep::engine
