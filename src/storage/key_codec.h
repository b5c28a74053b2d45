#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/encoded_item.h"

// Keys of Family::data as bytes whose order is the order of the engine (docs/formats/keys.md):
//
//   item         space(4) hash(8) partition [sort]
//   index entry  space(4) hash(8) partition [sort] base-partition [base-sort]
//
//   space    which table or index, most significant byte first
//   hash     partition_hash() of the partition key's value, most significant byte first
//   S, B     the bytes with each 00 written as 00 FF, then 00 00
//   N        model::append_number
//
// Each part says itself where it ends, so the order of keys in one space is that of (hash,
// partition, sort, base-partition, base-sort), and no key of a space is a prefix of another as long
// as all have the same parts of the same types: which the key schema of a table sees to.
//
// All functions are pure. A partition, sort or bound value must be of type S, N or B (an
// INVARIANT); a sort value that does not exist (ValueView{}) stands for a schema without a sort
// key.
namespace dynakeep::storage {

using model::ValueView;

// Every table and every index has its own, given out once and never again.
using SpaceId = std::uint32_t;

// XXH64 with seed 0 of the value's payload: text, bytes, or the encoded number. On disk: decides
// the order of a Scan and its segments, so it never changes.
using PartitionHash = std::uint64_t;
PartitionHash partition_hash(ValueView partition);

// All items of one partition key in one space; collisions of the hash share it.
struct Partition {
  SpaceId space = 0;
  PartitionHash hash = 0;
  friend bool operator==(const Partition&, const Partition&) = default;
};

// Every key of Family::data begins with its space and hash.
constexpr std::size_t partition_prefix_bytes = 12;

// The space and hash that a key, as written by this file, begins with.
Partition partition_of(std::string_view key);

// ---- whole keys ----

// Appends the key of an item.
void append_item_key(std::string& out, SpaceId space, ValueView partition, ValueView sort = {});
std::string item_key(SpaceId space, ValueView partition, ValueView sort = {});

// Appends the key of an index entry: the index's own key, then that of the item, which makes it the
// only one. Items with equal index keys stand in the order of their own keys' values.
void append_index_key(std::string& out, SpaceId space, ValueView partition, ValueView sort,
                      ValueView base_partition, ValueView base_sort = {});
std::string index_key(SpaceId space, ValueView partition, ValueView sort, ValueView base_partition,
                      ValueView base_sort = {});

// ---- ranges ----

enum class Direction : std::uint8_t { forward, backward };

// The keys k with begin <= k < end. An empty `end` is above every key.
struct KeyRange {
  std::string begin = {};
  std::string end = {};

  bool contains(std::string_view key) const { return begin <= key && (end.empty() || key < end); }
  // Whether no key can be in it.
  bool empty() const { return !end.empty() && begin >= end; }
  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// A table or an index as a whole.
KeyRange space_range(SpaceId space);

// Part `segment` (from 0) of `segments` equal parts of the hash space; `segment` < `segments`.
// Together they are space_range(), and no partition key is in two.
KeyRange segment_range(SpaceId space, std::uint32_t segment, std::uint32_t segments);

// The segment of `segments` in which the hash lies.
std::uint32_t segment_of(PartitionHash hash, std::uint32_t segments);

// Everything with one partition key value; in an index, everything with one index partition key.
KeyRange partition_range(SpaceId space, ValueView partition);

// An interval of sort key values; a bound that does not exist leaves that side open.
struct SortInterval {
  ValueView lower = {};
  bool lower_inclusive = true;
  ValueView upper = {};
  bool upper_inclusive = true;
};

// What has the partition key value and a sort key value in the interval; empty() if none can be.
KeyRange sort_range(SpaceId space, ValueView partition, const SortInterval& interval);

// What has the partition key value and a sort key value that begins with `prefix`, of type S or B.
KeyRange sort_prefix_range(SpaceId space, ValueView partition, ValueView prefix);

// Leaves in `range` what comes after `key` (an ExclusiveStartKey) in the direction: the next page.
// The key itself need not exist, nor lie in the range.
void continue_after(KeyRange& range, std::string_view key, Direction direction);

// ---- bytes ----

// The first of all byte strings that come after every string with this prefix; empty if there is
// none (the prefix is all FF, or empty).
std::string prefix_successor(std::string_view prefix);

// XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
std::uint64_t xxh64(std::string_view bytes);

}  // namespace dynakeep::storage
