#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/table.h"
#include "engine/catalog.h"
#include "engine/streams/commit_numbers.h"
#include "storage/key_codec.h"

// What is kept of a stream beside its records (docs/formats/streams.md). Plain values.
namespace dynakeep::engine {

// Of a record: the number of its commit, and its place within it. A position of the stream is any
// such number: what lies at or before it has been read.
using SequenceNumber = std::uint64_t;
inline constexpr SequenceNumber sequence_numbers_a_commit = 1000;

inline SequenceNumber first_of(CommitNumber commit) { return commit * sequence_numbers_a_commit; }
// The position after the commit.
inline SequenceNumber last_of(CommitNumber commit) {
  return first_of(commit) + (sequence_numbers_a_commit - 1);
}

// "001795227763548000000": 21 digits.
std::string to_text(SequenceNumber number);
// Nothing for what is not digits; what no number can be is the greatest there is.
std::optional<SequenceNumber> parse_sequence_number(std::string_view text);

// Hashes of partition keys, both inclusive.
struct HashRange {
  storage::PartitionHash first = 0;
  storage::PartitionHash last = ~storage::PartitionHash{0};
  bool contains(storage::PartitionHash hash) const { return first <= hash && hash <= last; }
  friend bool operator==(const HashRange&, const HashRange&) = default;
};

struct Shard {
  std::uint32_t number = 0;  // within its stream, from 1; never given again
  std::string id = {};       // shardId-<20 digits: milliseconds>-<8 hexadecimal digits>
  std::string parent = {};   // its id; empty: none
  Time opened = {};
  HashRange range = {};
  SequenceNumber start = 0;
  std::optional<SequenceNumber> end = {};  // once it is closed: that of the last record, or start
  std::optional<Time> closed = {};
  SequenceNumber trimmed = 0;  // that of the newest record that is gone; 0: none

  bool is_open() const { return !end.has_value(); }
  friend bool operator==(const Shard&, const Shard&) = default;
};

struct StreamState {
  storage::SpaceId space = 0;
  std::string table_name = {};
  std::string label = {};
  StreamViewType view = StreamViewType::new_and_old_images;
  KeyAttributes keys = {};  // the names; a stream needs no types
  Time created = {};
  std::optional<Time> disabled = {};
  std::uint32_t next_shard = 1;
  std::vector<Shard> shards = {};  // in order of their ids

  const Shard* find_shard(std::string_view id) const;
  Shard* find_shard(std::string_view id);
  bool is_enabled() const { return !disabled.has_value(); }
  friend bool operator==(const StreamState&, const StreamState&) = default;
};

// A shard of the stream, opened `now` or, so that ids stand in order, a millisecond after `parent`.
Shard new_shard(StreamState& stream, const Shard* parent, HashRange range, SequenceNumber start,
                Time now);
// Parts of the range, equal but for the last.
std::vector<HashRange> parts_of(HashRange range, std::size_t count);

std::string encode_stream(const StreamState& stream);
// internal_server_error: bytes that are no stream's, or a later version's.
Result<StreamState> decode_stream(storage::SpaceId space, std::string_view bytes);

}  // namespace dynakeep::engine
