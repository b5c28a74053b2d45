#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/pacing.h"
#include "dynakeep/database.h"
#include "dynakeep/stores/stream_progress.h"

namespace dynakeep::copying {

// A part of the source's table.
struct Segment {
  std::optional<Key> behind = {};  // what is written of it; none: nothing
  bool is_read = false;            // all of it is
};

// How far the copy of a table is.
//
// Without segments it says nothing: a copy was about to begin.
struct CopyState {
  enum class Stage : std::uint8_t { copying, copied, lost };

  // Of the source's table, so that another of its name is not taken for it.
  std::string source = {};
  Stage stage = Stage::copying;
  std::string loss = {};        // in a person's words
  std::string stream_arn = {};  // empty: it is not to be followed
  StreamProgress stream = {};   // likewise
  std::vector<Segment> segments = {};
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
};

// Which of all tables that ever had its name this one is.
std::string identity_of(const TableDescription& table);

// What becomes of rows of shards.
struct StreamChange {
  std::map<std::string, ShardProgress, std::less<>> rows = {};
  std::vector<std::string> forgotten = {};
};

// Where a destination keeps that: the rows of one table in `dynakeep.copies`. "copy" is of the
// whole, "shard#" and its id of a shard (docs/formats/copies.md). Not thread-safe.
class CopyStates {
 public:
  // `database` and `pacing` must outlive it.
  CopyStates(Database& database, std::string table, base::Pacing& pacing);

  // None: there is none. malformed_item: it is nothing of ours.
  Result<std::optional<CopyState>> load();

  // The table's copy is this run's from now on. resource_in_use: another run gives signs of life,
  // for which it may be looked for some seconds.
  Result<void> take_over();
  // Begins anew: what is known of shards goes, and comes from the state.
  Result<void> begin(const CopyState& state);
  // All but the stream's progress. write_conflict: it is another run's by now.
  Result<void> save(const CopyState& state);
  // Of shards that are over first, so that no child is read before its parent is known to be.
  Result<void> save(const StreamChange& change);
  // Lets another run begin at once.
  Result<void> release(const CopyState& state);
  // Removes all of it, and the table with the last copy's.
  Result<void> forget();

 private:
  struct Owner {
    std::string run = {};
    std::int64_t beat = 0;  // grows as long as the run lives

    friend bool operator==(const Owner&, const Owner&) = default;
  };
  Result<std::optional<Item>> read_row();
  Item row_of(const CopyState& state, const std::string& run, std::int64_t beat) const;
  Key key_of(std::string part) const;
  Result<std::vector<Item>> shard_rows();

  Database& database_;
  const std::string table_;
  base::Pacing& pacing_;
  const std::string run_;
  std::optional<Owner> owner_;  // as last written; none: it is not this run's
};

}  // namespace dynakeep::copying
