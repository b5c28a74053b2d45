#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What is on disk and never renumbered.
namespace dynakeep::storage {

// The families of keys in one folder. A WriteSet changes all of them in one atomic step.
//
//   meta      few and small: the catalog, tokens of transactions. The layer above chooses its keys;
//             those that begin with a zero byte are storage's own (StoreFormat).
//   data      items and index entries under the keys of key_codec.h, and nothing else.
//   records   what was written once, is read in order and goes oldest first: records of streams.
//             The layer above chooses its keys.
//
// The numbers are RocksDB's ids of the column families.
enum class Family : std::uint8_t { meta = 0, data = 1, records = 2 };
constexpr std::size_t family_count = 3;

// A key of Family::meta that begins with this is one of few that are written over and over, with
// nearly every commit: the next write of it is looked for where the last one went.
constexpr char often_written_prefix = 'L';

// The version of everything in a folder, kept in Family::meta under `format_key` as 4 bytes, most
// significant first. A folder of a later version than this program knows is refused when opened.
enum class StoreFormat : std::uint32_t { v1 = 1 };
constexpr std::string_view format_key{"\0format", 7};

}  // namespace dynakeep::storage
