#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/attribute_value.h"
#include "dynakeep/result.h"

// How items look in files (docs/formats/transfer.md).
namespace dynakeep {

enum class LineFormat : std::uint8_t {
  dynamodb_json,  // {"Item":{"artist":{"S":"Nina"}}}, a line for each, as Amazon's exports have
                  // them
  json,           // {"artist":"Nina"}: dynakeep/tagged_json.h
  csv,            // RFC 4180, under a header of names and types: artist:S,plays:N
};

enum class Compression : std::uint8_t { none, gzip, zstd };

// A column of CSV: an attribute, and the type of what its cells hold. One attribute may have
// several columns of different types, of which an item fills one.
struct CsvColumn {
  std::string name = {};
  // None: the type that the table's keys and indexes give to the attribute, else string.
  std::optional<AttributeType> type = {};

  friend bool operator==(const CsvColumn&, const CsvColumn&) = default;
};

// "artist:S" and "artist": what stands behind the last colon is a type if it is the name of one,
// else a part of the name.
CsvColumn parse_csv_column(std::string_view text);

}  // namespace dynakeep
