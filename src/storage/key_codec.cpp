#include "storage/key_codec.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/invariant.h"

namespace dynakeep::storage {
namespace {

// ---- XXH64 ----

constexpr std::uint64_t prime_1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t prime_2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t prime_3 = 0x165667B19E3779F9;
constexpr std::uint64_t prime_4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t prime_5 = 0x27D4EB2F165667C5;

static_assert(std::endian::native == std::endian::little, "XXH64 reads little-endian words");

template <typename Word>
std::uint64_t read_word(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

std::uint64_t round(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * prime_2, 31) * prime_1;
}

std::uint64_t merge(std::uint64_t hash, std::uint64_t lane) {
  return (hash ^ round(0, lane)) * prime_1 + prime_4;
}

// ---- parts of keys ----

// In S and B: what a 00 byte becomes, and what ends the part. A part that ends sorts before one
// that goes on, since 00 is below FF and below every byte that is not 00.
constexpr std::string_view escaped_zero{"\0\xFF", 2};
constexpr std::string_view terminator{"\0\0", 2};

bool is_text_or_binary(ValueView value) {
  return value.is(model::ValueTag::string) || value.is(model::ValueTag::binary);
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (auto zero = bytes.find('\0'); zero != bytes.npos; zero = bytes.find('\0')) {
    out.append(bytes.substr(0, zero)).append(escaped_zero);
    bytes.remove_prefix(zero + 1);
  }
  out.append(bytes);
}

void append_part(std::string& out, ValueView value) {
  if (is_text_or_binary(value)) {
    append_escaped(out, value.payload());
    out.append(terminator);
    return;
  }
  INVARIANT(value.is(model::ValueTag::number));
  out.append(value.payload());
}

void append_prefix(std::string& out, SpaceId space, PartitionHash hash) {
  base::append_u32(out, space);
  base::append_u64(out, hash);
}

// Room for a key without growing on the way; zeros in the values aside.
std::size_t key_bytes(ValueView partition, ValueView sort) {
  return partition_prefix_bytes + partition.payload().size() + sort.payload().size() +
         2 * terminator.size();
}

std::string partition_prefix(SpaceId space, ValueView partition, std::size_t more) {
  std::string prefix;
  prefix.reserve(key_bytes(partition, {}) + more);
  append_prefix(prefix, space, partition_hash(partition));
  append_part(prefix, partition);
  return prefix;
}

std::string with_part(const std::string& prefix, ValueView value) {
  std::string key;
  key.reserve(prefix.size() + value.payload().size() + terminator.size());
  key.append(prefix);
  append_part(key, value);
  return key;
}

// The first key at or past the given share of the hash space, in which 2^64 is a whole.
std::string segment_begin(SpaceId space, std::uint32_t segment, std::uint32_t segments) {
  if (segment == segments) return space_range(space).end;
  __extension__ using Wide = unsigned __int128;
  // Rounded up: the smallest hash that segment_of() puts into the segment.
  const Wide whole = Wide{1} << 64;
  const Wide first = (whole * segment + segments - 1) / segments;
  std::string key;
  append_prefix(key, space, static_cast<PartitionHash>(first));
  return key;
}

}  // namespace

std::uint64_t xxh64(std::string_view bytes) {
  const char* next = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = prime_5;
  if (left >= 32) {
    std::uint64_t lane_1 = prime_1 + prime_2;
    std::uint64_t lane_2 = prime_2;
    std::uint64_t lane_3 = 0;
    std::uint64_t lane_4 = 0 - prime_1;
    for (; left >= 32; next += 32, left -= 32) {
      lane_1 = round(lane_1, read_word<std::uint64_t>(next));
      lane_2 = round(lane_2, read_word<std::uint64_t>(next + 8));
      lane_3 = round(lane_3, read_word<std::uint64_t>(next + 16));
      lane_4 = round(lane_4, read_word<std::uint64_t>(next + 24));
    }
    hash =
        std::rotl(lane_1, 1) + std::rotl(lane_2, 7) + std::rotl(lane_3, 12) + std::rotl(lane_4, 18);
    hash = merge(merge(merge(merge(hash, lane_1), lane_2), lane_3), lane_4);
  }
  hash += bytes.size();
  for (; left >= 8; next += 8, left -= 8) {
    hash ^= round(0, read_word<std::uint64_t>(next));
    hash = std::rotl(hash, 27) * prime_1 + prime_4;
  }
  if (left >= 4) {
    hash ^= read_word<std::uint32_t>(next) * prime_1;
    hash = std::rotl(hash, 23) * prime_2 + prime_3;
    next += 4;
    left -= 4;
  }
  for (; left > 0; ++next, --left) {
    hash ^= static_cast<std::uint8_t>(*next) * prime_5;
    hash = std::rotl(hash, 11) * prime_1;
  }
  hash ^= hash >> 33;
  hash *= prime_2;
  hash ^= hash >> 29;
  hash *= prime_3;
  hash ^= hash >> 32;
  return hash;
}

PartitionHash partition_hash(ValueView partition) {
  INVARIANT(is_text_or_binary(partition) || partition.is(model::ValueTag::number));
  return xxh64(partition.payload());
}

Partition partition_of(std::string_view key) {
  INVARIANT(key.size() >= partition_prefix_bytes);
  return {.space = base::read_u32(key), .hash = base::read_u64(key.substr(sizeof(SpaceId)))};
}

void append_item_key(std::string& out, SpaceId space, ValueView partition, ValueView sort) {
  append_prefix(out, space, partition_hash(partition));
  append_part(out, partition);
  if (sort.exists()) append_part(out, sort);
}

std::string item_key(SpaceId space, ValueView partition, ValueView sort) {
  std::string key;
  key.reserve(key_bytes(partition, sort));
  append_item_key(key, space, partition, sort);
  return key;
}

void append_index_key(std::string& out, SpaceId space, ValueView partition, ValueView sort,
                      ValueView base_partition, ValueView base_sort) {
  append_item_key(out, space, partition, sort);
  append_part(out, base_partition);
  if (base_sort.exists()) append_part(out, base_sort);
}

std::string index_key(SpaceId space, ValueView partition, ValueView sort, ValueView base_partition,
                      ValueView base_sort) {
  std::string key;
  key.reserve(key_bytes(partition, sort) + key_bytes(base_partition, base_sort));
  append_index_key(key, space, partition, sort, base_partition, base_sort);
  return key;
}

KeyRange space_range(SpaceId space) {
  KeyRange range;
  base::append_u32(range.begin, space);
  range.end = prefix_successor(range.begin);
  return range;
}

KeyRange segment_range(SpaceId space, std::uint32_t segment, std::uint32_t segments) {
  INVARIANT(segment < segments);
  return {.begin = segment_begin(space, segment, segments),
          .end = segment_begin(space, segment + 1, segments)};
}

std::uint32_t segment_of(PartitionHash hash, std::uint32_t segments) {
  INVARIANT(segments > 0);
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint32_t>((Wide{hash} * segments) >> 64);
}

KeyRange partition_range(SpaceId space, ValueView partition) {
  KeyRange range{.begin = partition_prefix(space, partition, 0)};
  range.end = prefix_successor(range.begin);
  return range;
}

KeyRange sort_range(SpaceId space, ValueView partition, const SortInterval& interval) {
  const auto prefix = partition_prefix(space, partition, 0);
  KeyRange range;
  if (interval.lower.exists()) {
    range.begin = with_part(prefix, interval.lower);
    // In an index many entries have the sort value as a prefix: all of them are passed over.
    if (!interval.lower_inclusive) range.begin = prefix_successor(range.begin);
  } else {
    range.begin = prefix;
  }
  if (interval.upper.exists()) {
    range.end = with_part(prefix, interval.upper);
    if (interval.upper_inclusive) range.end = prefix_successor(range.end);
  } else {
    range.end = prefix_successor(prefix);
  }
  return range;
}

KeyRange sort_prefix_range(SpaceId space, ValueView partition, ValueView prefix) {
  INVARIANT(is_text_or_binary(prefix));
  KeyRange range{.begin = partition_prefix(space, partition, prefix.payload().size())};
  append_escaped(range.begin, prefix.payload());
  range.end = prefix_successor(range.begin);
  return range;
}

void continue_after(KeyRange& range, std::string_view key, Direction direction) {
  if (direction == Direction::forward) {
    if (key < range.begin) return;
    range.begin.assign(key);
    range.begin.push_back('\0');  // the very next byte string
  } else if (range.end.empty() || key < range.end) {
    range.end.assign(key);
  }
}

std::string prefix_successor(std::string_view prefix) {
  const auto last = prefix.find_last_not_of('\xFF');
  if (last == prefix.npos) return {};
  std::string successor(prefix.substr(0, last + 1));
  successor.back() = static_cast<char>(static_cast<std::uint8_t>(successor.back()) + 1);
  return successor;
}

}  // namespace dynakeep::storage
