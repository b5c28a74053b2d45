#include "stores/streams/shard_graph.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace dynakeep::streams {
namespace {

using Rows = std::map<std::string, ShardProgress, std::less<>>;

constexpr auto remembered = std::chrono::hours(48);

bool is_open(const StreamShard& shard) {
  return !shard.sequence_number_range.ending_sequence_number;
}

const StreamShard* find(const Listing& listing, const std::optional<std::string>& id) {
  if (!id) return nullptr;
  const auto found = listing.shards.find(*id);
  return found == listing.shards.end() ? nullptr : &found->second;
}

const ShardProgress* find(const Rows& rows, const std::optional<std::string>& id) {
  if (!id) return nullptr;
  const auto found = rows.find(*id);
  return found == rows.end() ? nullptr : &found->second;
}

// Whether a shard that turned up late was over when a start at the tip was decided.
bool is_from_before(const StreamStart& start, const StreamShard& shard) {
  const auto created = shard_creation_time(shard.shard_id);
  return start.kind == StreamStart::Kind::latest && !is_open(shard) && created &&
         *created < start.decided - std::chrono::minutes(1);
}

// The listed shards, each behind its parent, whatever their ids look like.
std::vector<const StreamShard*> parents_first(const Listing& listing) {
  std::vector<const StreamShard*> ordered;
  std::set<std::string_view> met;
  std::vector<const StreamShard*> path;
  for (const auto& [id, shard] : listing.shards) {
    for (const StreamShard* each = &shard; each != nullptr && met.insert(each->shard_id).second;
         each = find(listing, each->parent_shard_id)) {
      path.push_back(each);
    }
    while (!path.empty()) {
      ordered.push_back(path.back());
      path.pop_back();
    }
  }
  return ordered;
}

// The shards that the start passes over: ancestors of those that it names, and of a time, those
// that had a child before it.
std::set<std::string, std::less<>> passed_over(const StreamStart& start, const Listing& listing) {
  std::set<std::string, std::less<>> passed;
  const auto with_ancestors = [&](const StreamShard* shard) {
    while (shard != nullptr && passed.insert(shard->shard_id).second) {
      shard = find(listing, shard->parent_shard_id);
    }
  };
  for (const auto& [id, position] : start.shards) {
    if (const StreamShard* shard = find(listing, id)) {
      with_ancestors(find(listing, shard->parent_shard_id));
    }
  }
  if (start.kind == StreamStart::Kind::timestamp && start.time) {
    for (const auto& [id, shard] : listing.shards) {
      const auto created = shard_creation_time(id);
      if (created && *created < *start.time) {
        with_ancestors(find(listing, shard.parent_shard_id));
      }
    }
  }
  return passed;
}

}  // namespace

StreamStart start_at_latest(const Listing& listing, Time now) {
  std::set<std::string_view> parents;
  for (const auto& [id, shard] : listing.shards) {
    if (shard.parent_shard_id) parents.insert(*shard.parent_shard_id);
  }
  StreamStart start{.kind = StreamStart::Kind::latest, .decided = now};
  for (const auto& [id, shard] : listing.shards) {
    if (parents.contains(id)) continue;
    const StreamShard* top = &shard;
    std::set<std::string_view> met;
    for (const StreamShard* each = &shard; each != nullptr && met.insert(each->shard_id).second;
         each = find(listing, each->parent_shard_id)) {
      if (is_open(*each)) top = each;
    }
    start.shards[top->shard_id] = {.kind = StreamPosition::Kind::latest};
  }
  pass_over_ancestors(start, listing);
  return start;
}

void begin_after_position(StreamStart& start, const Listing& listing) {
  start.shards.clear();
  for (const auto& [id, shard] : listing.shards) {
    const SequenceNumberRange& range = shard.sequence_number_range;
    const auto is_past = [&](const std::optional<std::string>& number) {
      return number && is_sequence_number(*number) &&
             compare_sequence_numbers(*number, start.position) <= 0;
    };
    if (is_past(range.ending_sequence_number)) {
      start.shards[id] = {.kind = StreamPosition::Kind::end};
    } else if (is_past(range.starting_sequence_number)) {
      start.shards[id] = {StreamPosition::Kind::after, start.position};
    }
  }
  // The others came later, and are read from their beginning, after their parents.
}

void pass_over_ancestors(StreamStart& start, const Listing& listing) {
  if (start.shards.empty()) return;
  for (const std::string& id : passed_over(start, listing)) {
    start.shards.insert_or_assign(id, StreamPosition{.kind = StreamPosition::Kind::end});
  }
}

Discovery discover(const StreamStart& start, const Rows& known, const Listing& listing, Time now) {
  Discovery discovery;
  Rows rows = known;
  const auto passed = passed_over(start, listing);
  // Shards with a child that is already read, or was.
  std::set<std::string_view> begun;
  for (const auto& [id, row] : known) {
    if (row.parent && row.state != ShardState::pending) begun.insert(*row.parent);
  }
  const bool knows_any = !known.empty();
  const bool any_listed = std::any_of(known.begin(), known.end(), [&](const auto& row) {
    return listing.shards.contains(row.first);
  });

  // What a lineage that broke may have lost began where its last known shard was left.
  Time left = now;
  for (const auto& [id, row] : known) {
    if (row.is_over() || listing.shards.contains(id)) continue;
    left = std::min(left, row.last_record.value_or(start.decided));
  }

  for (const StreamShard* shard : parents_first(listing)) {
    if (rows.contains(shard->shard_id)) continue;
    ShardProgress row{
        .shard_id = shard->shard_id, .parent = shard->parent_shard_id, .updated = now};
    const ShardProgress* parent = find(rows, shard->parent_shard_id);
    const auto named = start.shards.find(shard->shard_id);
    const bool is_named = named != start.shards.end();
    const bool is_passed = passed.contains(shard->shard_id) ||
                           (is_named && named->second.kind == StreamPosition::Kind::end) ||
                           (!is_named && parent == nullptr && is_from_before(start, *shard));
    if (is_passed || begun.contains(shard->shard_id)) {
      row.state = ShardState::completed;
      row.position.kind = StreamPosition::Kind::end;
      if (!is_passed) {
        discovery.gaps.push_back(
            {.kind = StreamGap::Kind::late_ancestor, .shard_id = shard->shard_id, .detected = now});
      }
    } else if (is_named) {
      row.state = ShardState::ready;
      row.position = named->second;
    } else if (parent != nullptr && !parent->is_over()) {
      row.state = ShardState::pending;
    } else {
      row.state = ShardState::ready;
      const bool is_orphan = shard->parent_shard_id && parent == nullptr;
      if (knows_any && (is_orphan || !any_listed)) {
        discovery.gaps.push_back({.kind = StreamGap::Kind::lineage_broken,
                                  .shard_id = shard->shard_id,
                                  .from = left == now ? start.decided : left,
                                  .detected = now});
      }
    }
    if (!row.is_over()) discovery.found.push_back(row.shard_id);
    discovery.rows.push_back(row);
    rows.emplace(row.shard_id, std::move(row));
  }

  for (const auto& [id, row] : known) {
    if (row.is_over()) continue;
    if (!listing.shards.contains(id)) discovery.unlisted.push_back(id);
    if (row.state != ShardState::pending) continue;
    const ShardProgress* parent = find(rows, row.parent);
    if (parent == nullptr || parent->is_over()) {
      ShardProgress ready = row;
      ready.state = ShardState::ready;
      ready.updated = now;
      discovery.rows.push_back(std::move(ready));
    }
  }
  return discovery;
}

std::vector<ShardProgress> children_of(std::string_view parent, const Rows& known,
                                       const std::vector<StreamShard>& listed, Time now) {
  std::vector<ShardProgress> children;
  for (const StreamShard& shard : listed) {
    // Servers that do not know the filter list them all.
    if (!shard.parent_shard_id || *shard.parent_shard_id != parent) continue;
    const auto found = known.find(shard.shard_id);
    if (found != known.end() && found->second.state != ShardState::pending) continue;
    ShardProgress child = found != known.end() ? found->second
                                               : ShardProgress{.shard_id = shard.shard_id,
                                                               .parent = shard.parent_shard_id};
    child.state = ShardState::ready;
    child.updated = now;
    children.push_back(std::move(child));
  }
  return children;
}

std::vector<std::string> forgettable(const Rows& known, const Listing& listing, Time now) {
  std::set<std::string_view> has_child;
  std::set<std::string_view> is_waited_for;
  for (const auto& [id, row] : known) {
    if (!row.parent) continue;
    has_child.insert(*row.parent);
    if (row.state == ShardState::pending) is_waited_for.insert(*row.parent);
  }
  std::vector<std::string> ids;
  for (const auto& [id, row] : known) {
    const bool is_old = row.updated && now - *row.updated >= remembered;
    if (row.is_over() && is_old && !listing.shards.contains(id) && has_child.contains(id) &&
        !is_waited_for.contains(id)) {
      ids.push_back(id);
    }
  }
  return ids;
}

}  // namespace dynakeep::streams
