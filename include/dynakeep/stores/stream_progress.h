#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"

// How far a reader of a DynamoDB stream has come: plain values, which checkpoints keep and a file
// holds as JSON.
namespace dynakeep {

// A place in one shard that lasts, as an iterator does not.
struct StreamPosition {
  enum class Kind : std::uint8_t {
    trim_horizon,  // before the oldest record that is kept
    latest,        // behind what there was when the reading of the stream began
    at,            // before the record of that number
    after,         // behind the record of that number
    end,           // behind the last record of a closed shard
  };
  Kind kind = Kind::trim_horizon;
  std::string sequence_number = {};  // of `at` and `after`

  friend bool operator==(const StreamPosition&, const StreamPosition&) = default;
};

enum class ShardState : std::uint8_t {
  pending,    // its parent is not read to its end
  ready,      // may be read, or is
  completed,  // all its records have been handled, or none was asked for
  lost,       // gone before it was read to its end; reported as a gap
};

// One shard, as far as it was read. What is written of it is what was handled: never more.
struct ShardProgress {
  std::string shard_id = {};
  std::optional<std::string> parent = {};
  ShardState state = ShardState::pending;
  StreamPosition position = {};
  // Of the last record handled; whole seconds.
  std::optional<Time> last_record = {};
  // When nothing was left to read and all was handled: nothing of before can be lost any more.
  std::optional<Time> caught_up = {};
  // When the state or position last changed.
  std::optional<Time> updated = {};

  bool is_over() const { return state == ShardState::completed || state == ShardState::lost; }
  friend bool operator==(const ShardProgress&, const ShardProgress&) = default;
};

// Records that there were and that this reader cannot have any more.
struct StreamGap {
  enum class Kind : std::uint8_t {
    position_trimmed,      // the reader came too late; the shard goes on at its oldest record
    shard_lost,            // a shard went before it was read to its end
    lineage_broken,        // a shard turned up whose parent nobody knows
    position_invalid,      // the server does not take the number for one of the shard
    start_before_horizon,  // asked to start at a time of which the records are gone
    late_ancestor,         // a shard turned up after its child had been begun; it is not read
    stream_replaced,       // the table's stream was switched off and on, or its table made anew
  };
  Kind kind = Kind::position_trimmed;
  std::string shard_id = {};
  StreamPosition position = {};  // what had been handled
  // Between these two moments records were lost, as far as is known.
  std::optional<Time> from = {};
  std::optional<Time> until = {};
  Time detected = {};
  bool is_certain = false;  // else records may have been lost, or there were none

  friend bool operator==(const StreamGap&, const StreamGap&) = default;
};

std::string_view to_text(StreamGap::Kind kind);

// Where the reading of a stream begins. Decided once, and kept: later starts go on from there.
struct StreamStart {
  enum class Kind : std::uint8_t { trim_horizon, latest, positions, timestamp, after_position };
  Kind kind = Kind::trim_horizon;
  Time decided = {};              // before the first listing
  std::optional<Time> time = {};  // of `timestamp`
  // Of `after_position`: a StreamPoint's. Shards that ended before it are not read, those that were
  // open then behind it, and those that came later from their beginning.
  std::string position = {};
  // Where to begin in these shards; their ancestors are not read, and are here too, at their end.
  // Of `latest`, the shards at the tip of the first listing.
  std::map<std::string, StreamPosition> shards = {};
  std::vector<StreamGap> gaps = {};  // what was reported; the last hundred

  friend bool operator==(const StreamStart&, const StreamStart&) = default;
};

// All that is known of the reading of one stream by one group.
struct StreamProgress {
  std::optional<StreamStart> start = {};  // none: it has not begun
  std::map<std::string, ShardProgress, std::less<>> shards = {};

  friend bool operator==(const StreamProgress&, const StreamProgress&) = default;
};

// What becomes different in a progress: rows that are new or take the place of those of their ids,
// rows that go, and gaps that were reported.
struct StreamProgressChange {
  std::vector<ShardProgress> rows = {};
  std::vector<std::string> forgotten = {};
  std::vector<StreamGap> gaps = {};

  friend bool operator==(const StreamProgressChange&, const StreamProgressChange&) = default;
};

// Of the gaps the last hundred stay. One that has no start has no place for gaps.
void apply(const StreamProgressChange& change, StreamProgress& progress);

// Which reading of which stream: groups know nothing of each other, and a stream made anew inherits
// nothing.
struct StreamScope {
  std::string group = {};  // 1 to 128 of A-Z, a-z, 0-9, "_", ".", "-"
  std::string stream_arn = {};

  friend bool operator==(const StreamScope&, const StreamScope&) = default;
};

// Two lines: the progress as JSON, and its CRC-32C, which tells what was cut off or flipped.
// `generation` counts how often it was written.
std::string to_document(const StreamScope& scope, const StreamProgress& progress,
                        std::uint64_t generation, Time written);

struct StreamDocument {
  StreamScope scope = {};
  StreamProgress progress = {};
  std::uint64_t generation = 0;
};
// And the changes behind it. serialization: damaged, or none; invalid_argument: another version.
Result<StreamDocument> parse_stream_document(std::string_view text);

// Numbers of one stream, as decimal text of any length: less than 0 if a comes before b. Both are
// digits (is_sequence_number).
int compare_sequence_numbers(std::string_view a, std::string_view b);
bool is_sequence_number(std::string_view text);

// When a shard was made, by its id; none for ids of another form than
// "shardId-<20 digits of milliseconds>-<8 hex digits>".
std::optional<Time> shard_creation_time(std::string_view shard_id);

}  // namespace dynakeep
