#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stores/stream_progress.h"
#include "dynakeep/stream_requests.h"

// Which shards may be read, and from where: decided from what is known and a complete listing, with
// no server, clock or store in sight.
namespace dynakeep::streams {

// A complete listing of a stream's shards.
struct Listing {
  std::map<std::string, StreamShard, std::less<>> shards = {};
  bool is_enabled = true;  // false: no more shards will come
  std::size_t pages = 0;   // calls it took
};

// What a listing changes.
struct Discovery {
  std::vector<ShardProgress> rows = {};    // new ones, and those that change, as they become
  std::vector<std::string> found = {};     // ids of the new ones that are to be read
  std::vector<StreamGap> gaps = {};        // to be reported before any of the rows is read
  std::vector<std::string> unlisted = {};  // not read to their end, and not in the listing
};

// The start at the tip of what is listed: in every leaf, or in its topmost ancestor that is still
// open, since that may receive records yet.
StreamStart start_at_latest(const Listing& listing, Time now);

// The places in the listed shards of a start behind that position, in start.position.
void begin_after_position(StreamStart& start, const Listing& listing);

// Notes in the start that the listed ancestors of the shards it names are not read: a later listing
// that leaves out one of those shards for a moment does not bring its ancestors up.
void pass_over_ancestors(StreamStart& start, const Listing& listing);

// Compares a listing with what is known. No branch of it makes anybody read a shard from its tip
// but the start itself, and only in the shards that it names: what is written to a shard between
// its birth and its discovery is read.
//
// Takes n log n for n shards, known and listed.
Discovery discover(const StreamStart& start,
                   const std::map<std::string, ShardProgress, std::less<>>& known,
                   const Listing& listing, Time now);

// The rows of the children that a listing shows of a shard that came to its end, to be written
// together with that end.
std::vector<ShardProgress> children_of(
    std::string_view parent, const std::map<std::string, ShardProgress, std::less<>>& known,
    const std::vector<StreamShard>& listed, Time now);

// Whether the rows may be forgotten that are over, not listed, and whose children all are begun:
// 48 hours after they ended, since a listing that lags behind would bring them back as new.
std::vector<std::string> forgettable(const std::map<std::string, ShardProgress, std::less<>>& known,
                                     const Listing& listing, Time now);

}  // namespace dynakeep::streams
